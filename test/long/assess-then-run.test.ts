import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFleetFile } from '../../cli/files/fleet.ts';
import type { RunDocument } from '../../cli/run/messages.ts';
import { openAccounts, type AccountsWorld } from '../assess/world.ts';
import { start } from '../cli/command.ts';

let world: AccountsWorld;
let out: string;
let assessed: number | null;

beforeAll(async () => {
  const { fleet } = readFleetFile('demo/fleet.yaml');
  const nightly = { name: 'patch-nights', schedule: 'cron(0 1 ? * TUE-THU *)', timezone: 'Europe/Berlin', hours: 4, cutoff: 1 };
  const rate = { name: 'every-week', schedule: 'rate(7 days)', hours: 4 };
  const maintenanceWindows = [nightly, rate].map((window) => ({ ...window, document: 'AWS-RunPatchBaseline', operation: 'Install' }));
  world = await openAccounts({ ...fleet, surroundings: [{ locations: ['111111111111/eu-central-1'], maintenanceWindows }] });
  out = join(world.folder, 'out');
  const keys = world.aws.credentials('111111111111');
  assessed = (await start(['assess', '--region', 'eu-central-1', '--feeds', 'demo/feeds', '--out', out], world.environment(keys)).ended).status;
});
afterAll(() => world.close());

/** What it prints for people goes to standard error. */
async function run(policy: string): Promise<RunDocument & { plan: string }> {
  const { stdout, stderr } = await start(['run', '--fleet', join(out, 'fleet.yaml'), '--policy', policy, '--out', join(out, 'run'), '--json']).ended;
  return { ...JSON.parse(stdout), plan: stderr };
}

describe('the files of an assessment', () => {
  it('run as they are: the proposed policy plans and sends nothing', async () => {
    expect(assessed).toBe(0);
    const document = await run(join(out, 'wavelock.yaml'));
    expect(document.waves.map(({ name, verdict }) => [name, verdict])).toEqual(
      expect.arrayContaining([
        ['test', 'not-run'],
        ['production', 'not-run'],
      ]),
    );
    expect(document.aws.commands.filter(({ document: name }) => name.includes('Patch'))).toEqual([]);
  });

  it('show the next patch night once the policy may act: every exposed node of the plan is patched', async () => {
    const auto = join(out, 'auto.yaml');
    writeFileSync(auto, readFileSync(join(out, 'wavelock.yaml'), 'utf8').replace('mode: observe', 'mode: auto'));
    const document = await run(auto);
    expect(document.status).toBe('succeeded');
    expect(new Set(document.nodes.map(({ outcome }) => outcome))).toEqual(new Set(['patched']));
    expect(document.nodes.flatMap(({ cvesClosed }) => cvesClosed).length).toBeGreaterThan(0);
    // On Berlin's clock in winter or summer, and never in the last hour.
    const hours = document.nodes.map(({ startedAt }) =>
      Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit' }).format(Date.parse(startedAt))),
    );
    expect(hours.every((hour) => hour >= 1 && hour < 4)).toBe(true);
    expect(document.plan.replaceAll(/\s+/g, ' ')).toMatch(
      /window patch-nights is SSM maintenance window mw-[0-9a-f]{17} in 111111111111\/eu-central-1, "patch-nights": cron\(0 1 \? \* TUE-THU \*\), Europe\/Berlin, 4 h, no start in the last 1 h/,
    );
    expect(document.aws.calls['ssm:GetMaintenanceWindow']).toBeGreaterThan(2);
  });

  it("name the existing maintenance window by its id, and say why they don't name another", () => {
    const policy = readFileSync(join(out, 'wavelock.yaml'), 'utf8');
    expect(policy).toMatch(/^ {2}patch-nights: \{ ssm: mw-[0-9a-f]{17}, location: 111111111111\/eu-central-1 \}$/m);
    expect(policy).toMatch(/"every-week".*; not here, for it has the schedule rate\(7 days\): its openings count from/);
    expect(readFleetFile(join(out, 'fleet.yaml')).fleet.surroundings).toMatchObject([{ maintenanceWindows: [{ name: 'patch-nights' }] }]);
  });
});
