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
  world = await openAccounts(readFleetFile('demo/fleet.yaml').fleet);
  out = join(world.folder, 'out');
  const keys = world.aws.credentials('111111111111');
  assessed = (await start(['assess', '--region', 'eu-central-1', '--feeds', 'demo/feeds', '--out', out], world.environment(keys)).ended).status;
});
afterAll(() => world.close());

async function run(policy: string): Promise<RunDocument> {
  const { stdout } = await start(['run', '--fleet', join(out, 'fleet.yaml'), '--policy', policy, '--out', join(out, 'run'), '--json']).ended;
  return JSON.parse(stdout);
}

describe('the files of an assessment', () => {
  it('run as they are: the proposed policy plans and sends nothing', async () => {
    expect(assessed).toBe(0);
    const document = await run(join(out, 'wavelock.yaml'));
    expect(document.waves.map(({ name, verdict }) => [name, verdict])).toEqual(expect.arrayContaining([['test', 'not-run'], ['production', 'not-run']]));
    expect(document.aws.commands.filter(({ document: name }) => name.includes('Patch'))).toEqual([]);
  });

  it('show the next patch night once the policy may act: every exposed node of the plan is patched', async () => {
    const auto = join(out, 'auto.yaml');
    writeFileSync(auto, readFileSync(join(out, 'wavelock.yaml'), 'utf8').replace('mode: observe', 'mode: auto'));
    const document = await run(auto);
    expect(document.status).toBe('succeeded');
    expect(new Set(document.nodes.map(({ outcome }) => outcome))).toEqual(new Set(['patched']));
    expect(document.nodes.flatMap(({ cvesClosed }) => cvesClosed).length).toBeGreaterThan(0);
  });
});
