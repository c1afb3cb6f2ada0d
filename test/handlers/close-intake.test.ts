import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { advisoriesKey } from '../../lambdas/core/keys.ts';
import { locationKey } from '../../lambdas/core/model.ts';
import { THROTTLED } from './faults.ts';
import { HERE, ID, nodeRow, OPENSSL, PATCHABLE } from './fleet.ts';
import { FACTS, seedFacts, seedNodes } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

/** Metrics of the last run, by name; feeds as `FeedAgeHours NAME`. */
async function metrics(): Promise<{ [name: string]: unknown }> {
  const before = world.log('CloseIntake').length;
  await world.answer('CloseIntake', { scan: 'scan-1' });
  const lines = world.log('CloseIntake').slice(before).filter((line) => line.includes('_aws')).map((line) => JSON.parse(line) as { [name: string]: unknown; feed?: string });
  return Object.assign({}, ...lines.map(({ FeedAgeHours, feed, ...rest }) => (feed === undefined ? rest : { [`FeedAgeHours ${feed}`]: FeedAgeHours })));
}

describe('CloseIntake', () => {
  it('covers a fleet without nodes', async () => {
    expect(await metrics()).toMatchObject({ NodesManaged: 0, CoveragePercent: 100 });
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual({ nodes: 0, reporting: 0, exposed: 0 });
  });

  it('counts who reports and who is exposed, and says the same again', async () => {
    await seedFacts(world);
    const answer = { nodes: 9, reporting: 8, exposed: 8 };
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual(answer);
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual(answer);
    await seedFacts(world, { ...FACTS, available: [] });
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual({ nodes: 9, reporting: 8, exposed: 0 });
  });

  it('counts nodes as exposed that an advisory names, whatever their repository offers', async () => {
    await seedFacts(world, { ...FACTS, available: [] });
    const url = 'https://alas.aws.amazon.com/AL2023/ALAS2023-2026-901.html';
    const advisory = Advisory.parse({
      id: 'ALAS2023-2026-901',
      source: 'alas',
      title: 'openssl',
      kind: 'security',
      published: '2026-10-20T19:20:00.000Z',
      updated: '2026-10-21T02:44:00.000Z',
      severity: 'important',
      cves: ['CVE-2026-1001'],
      versionKind: 'rpm',
      affected: [{ os: 'amazon-linux', release: '2023', package: 'openssl', arch: 'x86_64', fixedVersion: OPENSSL, kind: 'binary' }],
      references: [url],
      provenance: { feed: 'amazon-linux-2023', url, sha256: '0'.repeat(64), fetchedAt: '2026-11-09T05:00:00.000Z' },
    });
    await world.store.putJson(advisoriesKey('alas'), [advisory]);
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toMatchObject({ exposed: 8 });
    await world.store.putJson(advisoriesKey('alas'), []);
  });

  it('emits what the alarms watch, the age of each feed with it', async () => {
    await seedNodes(world);
    await seedFacts(world);
    for (const name of [...PATCHABLE.slice(2), 'office1'] as const) await world.record.dropNode(locationKey(nodeRow(name).location), ID[name]);
    await world.record.dropNode(HERE, ID.stranger);
    await world.record.dropNode(HERE, ID.test2);
    await world.record.saveNode(nodeRow('test2'), '2026-11-09T09:00:00.000Z');
    await world.record.setFeed('amazon-linux-2023', { lastSuccess: new Date(world.clock.now() - 30 * 3_600_000).toISOString() });
    await world.record.setFeed('cisa-kev', { failures: 3 });
    const emitted = await metrics();
    expect(emitted).toMatchObject({ NodesManaged: 2, NodesReporting: 1, CoveragePercent: 50, NodesExposed: 1, 'FeedAgeHours amazon-linux-2023': 30 });
    // A feed that never came must not look fresh.
    expect(emitted['FeedAgeHours cisa-kev']).toBeGreaterThan(24 * 365);
  });

  it('is terminal for input of another form, retryable while the record or the store is busy', async () => {
    expect(await world.failure('CloseIntake', {})).toMatchObject({ errorType: 'Terminal' });
    world.fail({ call: 'dynamodb:Query', when: 'before', ...THROTTLED });
    expect(await world.failure('CloseIntake', { scan: 'scan-1' })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    world.fail({ call: 's3:GetObject', when: 'before', code: 'SlowDown', status: 503 });
    expect(await world.failure('CloseIntake', { scan: 'scan-1' })).toMatchObject({ errorType: 'Retryable' });
  });
});
