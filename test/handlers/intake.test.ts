import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKnowledge } from '../../lambdas/aws/knowledge.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { createFeedServer } from '../../local/feeds/server.ts';
import { vendorFiles } from '../feeds/vendors.ts';
import { nodeRow } from './fleet.ts';
import { notices, record } from './osv.ts';
import { createWorld, found } from './world.ts';
import type { FeedServer } from '../../local/feeds/server.ts';
import type { World } from './world.ts';

/** A fleet of everything that there is a feed for, as SSM names it. */
const FLEET: [string, string][] = [
  ['Amazon Linux', '2'],
  ['Amazon Linux', '2023'],
  ['Ubuntu', '24.04'],
  ['Debian GNU/Linux', '12'],
  ['Red Hat Enterprise Linux', '9.4'],
  ['Rocky Linux', '9.4'],
  ['AlmaLinux', '9.4'],
  ['Oracle Linux Server', '8.9'],
  ['Oracle Linux Server', '9.3'],
  ['SLES', '15.5'],
  ['Microsoft Windows Server 2022 Datacenter', '10.0.20348'],
];
const START = Date.UTC(2026, 10, 9, 6);

const folder = mkdtempSync(join(tmpdir(), 'wavelock-vendors-'));
let world: World;
let server: FeedServer;

beforeAll(async () => {
  for (const [file, content] of Object.entries(vendorFiles())) writeFileSync(join(folder, file), content);
  server = await createFeedServer(folder);
  world = await createWorld({ internet: { '*': server.url }, start: START });
  for (const [index, [platformName, platformVersion]] of FLEET.entries()) {
    const { scan: _scan, ...node } = nodeRow('test1');
    await world.record.saveNode(
      { ...node, id: `i-${String(index).padStart(17, '0')}`, platformName, platformVersion },
      new Date(START).toISOString(),
    );
  }
});
afterAll(async () => {
  await server.close();
  await world.stop();
  rmSync(folder, { recursive: true });
});

/** Runs the intake machine as its schedule does; answers the states that it went through and what was billed meanwhile (seconds, at 1 GB). */
async function run(input: object): Promise<{ path: string[]; output: unknown; billed: number; requests: string[] }> {
  const { lambdaGbSeconds } = world.cloud.usage();
  const asked = server.requests().length;
  const machine = found(
    world.cloud.inventory.stacks[0]?.resources.find(
      ({ type, logicalId }) => type === 'AWS::StepFunctions::StateMachine' && logicalId.startsWith('Intake'),
    ),
    'intake machine',
  );
  const { executionArn } = await world.cloud.call(world.administrator, 'states', 'StartExecution', {
    stateMachineArn: machine.ref,
    input: JSON.stringify(input),
  });
  const execution = () =>
    found(
      world.cloud.parts.states.executions().find(({ arn }) => arn === executionArn),
      'execution',
    );
  await world.clock.run(() => execution().status !== 'RUNNING');
  expect(execution().status).toBe('SUCCEEDED');
  const { events, output } = execution();
  const path = (events as readonly { stateEnteredEventDetails?: { name: string } }[]).flatMap(
    ({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? [],
  );
  return {
    path,
    output,
    billed: world.cloud.usage().lambdaGbSeconds - lambdaGbSeconds,
    requests: server
      .requests()
      .slice(asked)
      .map(({ path: one }) => one),
  };
}

describe('the intake machine, between two looks at the fleet', () => {
  it('reads every feed of the fleet, one of them again because another has heard of it, and counts once', async () => {
    const { path } = await run({ maxAgeHours: 0, scope: 'feeds' });
    expect(path.filter((state) => state === 'Pull feed')).toHaveLength(feeds.length + 4);
    expect(path.filter((state) => state === 'Close intake')).toHaveLength(1);
    const rows = await world.record.feeds();
    expect(rows.map(({ name }) => name).toSorted()).toEqual(feeds.map(({ name }) => name).toSorted());
    expect(rows.filter(({ lastSuccess, failures }) => lastSuccess === undefined || failures !== 0)).toEqual([]);
    const knowledge = await loadKnowledge(world, ['debian-12-x86_64', 'windows-2022-x86_64', 'oracle-linux-9-x86_64']);
    expect(knowledge.advisories.map(({ id }) => id).toSorted()).toEqual(['DSA-6001-1', 'ELSA-2026-9001', 'KB5078142']);
    expect(knowledge.lifecycles).toEqual([{ os: 'ubuntu', release: '24.04', eol: '2029-05-31' }]);
    expect(knowledge.exploited.has('CVE-2026-1001')).toBe(true);
  });

  it('joins scores to the CVEs that advisories name, and to the record only those', async () => {
    const { scores } = await loadKnowledge(world, ['amazon-linux-2023-x86_64']);
    expect([...scores.keys()]).toEqual(['CVE-2023-3446']);
  });

  it('costs few requests and little time while nothing changes, and ends without counting', async () => {
    await world.pass(60);
    // As if all of them had their time at once, which happens after a whole look at the fleet.
    for (const { name } of feeds) await world.record.setFeed(name, { lastTried: new Date(START - 48 * 3_600_000).toISOString() });
    const { path, output, billed, requests } = await run({ maxAgeHours: 0, scope: 'feeds' });
    expect(path.filter((state) => state === 'Pull feed')).toHaveLength(feeds.length);
    expect(path.at(-1)).toBe('Nothing new');
    expect(output).toEqual({});
    expect(requests.length).toBeLessThan(60);
    // Invocations are billed with what each takes at least, so this is no matter of how fast this machine is.
    expect(billed).toBeLessThan(5);
  });

  it('reads what is much in parts, by a machine of its own, and counts what that has stored', async () => {
    await world.pass(3_600);
    const many = notices(450).map((notice) => record({ ...notice, modified: '2026-11-09T00:00:00Z' }));
    writeFileSync(join(folder, 'debian.json'), `[${many.join(',')}]`);
    const { path } = await run({ maxAgeHours: 0, scope: 'feeds' });
    expect(path).toContain('Read in parts');
    expect(path.at(-1)).not.toBe('Nothing new');
    const { advisories } = await loadKnowledge(world, ['debian-12-x86_64']);
    expect(advisories).toHaveLength(450);
    expect(await world.record.feed('osv-debian')).toMatchObject({ records: 450, failures: 0 });
  });
});
