import { readFileSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readIngredients } from '../../infra/ingredients.ts';
import { PolicyFile } from '../../lambdas/core/model.ts';
import { demo, hubAccount, observe, openWorld, policyFile, readable, statementsOf, type Template } from './world.ts';

const HUB = 'mw-00000000000000001';
const ALSO_HUB = 'mw-00000000000000002';
const AWAY = 'mw-00000000000000003';
const window = (ssm: string, location?: { account: string; region: string }) => ({ ssm, ...(location && { location }), lastStart: 0 });
const named = PolicyFile.parse({
  ...policyFile,
  windows: {
    here: window(HUB),
    too: window(ALSO_HUB, { account: hubAccount, region: 'eu-central-1' }),
    away: window(AWAY, { account: '222222222222', region: 'eu-west-1' }),
    again: window(AWAY, { account: '222222222222', region: 'eu-west-1' }),
  },
});

async function read(context: Record<string, string>, file: PolicyFile): Promise<Record<string, string[]>> {
  const { app } = await openWorld(context, file);
  return Object.fromEntries(
    app.synth().stacks.map((stack) => {
      const template = JSON.parse(readFileSync(stack.templateFullPath, 'utf8')) as Template;
      const statements = statementsOf(template).filter(({ actions }) => actions.some((action) => action.includes('MaintenanceWindow')));
      for (const { actions } of statements) expect(actions).toEqual(['ssm:GetMaintenanceWindow']);
      return [stack.stackName, statements.flatMap(({ resources }) => resources.map(readable))];
    }),
  );
}

describe('maintenance windows that the policy names', () => {
  it('may be read, each by its ARN and only where it is', async () => {
    const arn = (where: string, id: string) => expect.stringMatching(new RegExp(`^arn:.*:ssm:${where}:maintenancewindow/${id}$`));
    const granted = await read(demo, named);
    expect(granted).toEqual({
      'Wavelock-Hub': [arn(`eu-central-1:${hubAccount}`, HUB), arn(`eu-central-1:${hubAccount}`, ALSO_HUB)],
      'Wavelock-Spoke-111111111111-eu-west-1': [],
      'Wavelock-Spoke-222222222222-eu-central-1': [],
      'Wavelock-Spoke-222222222222-eu-west-1': [arn('eu-west-1:222222222222', AWAY)],
    });
  });

  it('bring no permission in observe, and where the policy names none', async () => {
    expect(Object.values(await read(observe, named)).flat()).toEqual([]);
    expect(Object.values(await read(demo, policyFile)).flat()).toEqual([]);
  });
});

describe('a maintenance window in a location that the installation does not have', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'wavelock-windows-')), 'wavelock.yaml');
  const places = { account: hubAccount, region: 'eu-central-1', locations: [{ account: '222222222222', region: 'eu-west-1' }] };

  function write(location: string): string {
    writeFileSync(
      path,
      `version: 1
windows:
  erp: { ssm: mw-0123456789abcdef0${location} }
policies:
  monthly:
    nodes: { os: linux }
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security] }
    waves: [{ name: all, nodes: everything-else, window: erp }]
`,
    );
    return path;
  }

  it.each([
    ['', places],
    [', location: "111111111111/eu-central-1"', places],
    [', location: "222222222222/eu-west-1"', places],
    // Whose account it will be, nobody knows at synth.
    [', location: "333333333333/eu-central-1"', { ...places, account: undefined, locations: [] }],
  ])('is not this one: "%s"', (location, known) => {
    expect(readIngredients(write(location), known).policy?.windows).toHaveProperty('erp');
  });

  it.each([
    ['222222222222/eu-west-2', places, '(did you mean `222222222222/eu-west-1`?)'],
    ['333333333333/us-east-1', places, '(Wavelock is in 111111111111/eu-central-1, 222222222222/eu-west-1)'],
    ['333333333333/us-east-1', { ...places, account: undefined, locations: [] }, '(Wavelock is in eu-central-1)'],
  ])('is refused at synth with its place: %s', (location, known, hint) => {
    const file = write(`, location: "${location}"`);
    expect(() => readIngredients(file, known)).toThrow(`${file}:3:47 windows.erp.location: is none of the locations of this installation ${hint}`);
  });
});
