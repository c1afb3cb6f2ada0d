/** What a rollout has verified closes exposures at once: nobody waits for the next scan to be believed. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readClosures, readOpenExposures } from '../../lambdas/aws/exposures.ts';
import { evidenceKey } from '../../lambdas/core/keys.ts';
import { RolloutResult } from '../../lambdas/core/result.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import { CURL, HERE, ID, OPENSSL } from './fleet.ts';
import { alas, seedKnowledge } from './knowledge.ts';
import { runRound, seedFacts, seedRound } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { ExposureSummary } from '../../lambdas/core/exposures/types.ts';
import type { NodeStanding } from '../../lambdas/aws/record-exposures.ts';
import type { World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function open(): Promise<ExposureSummary> {
  return found(await readOpenExposures(world.store), 'summary');
}

async function standing(id: string): Promise<NodeStanding> {
  return found(
    (await world.record.standings(parseLocation(HERE))).find(({ node }) => node.id === id),
    id,
  );
}

/** Advisory → its nodes, by state. */
function counted({ advisories }: ExposureSummary): object {
  return Object.fromEntries(advisories.map(({ advisory, nodes }) => [advisory, nodes]));
}

/** A rollout whose first wave has run, on nodes that were exposed to both advisories when it began. */
async function patched(rollout: string): Promise<void> {
  const round = await seedRound(world, rollout);
  await seedFacts(world);
  await seedKnowledge(world, {
    advisories: [
      alas('ALAS2023-2026-901'),
      alas('ALAS2023-2026-902', { package: 'curl', fixed: CURL, cves: ['CVE-2026-1002'] }),
      alas('ALAS2023-2026-909', { fixed: '1:9.9.9-1.amzn2023' }),
    ],
  });
  await world.answer('CloseIntake', { scan: `scan-${rollout}` });
  await runRound(world, round);
}

describe('JudgeWave', () => {
  it('notes what the nodes of a wave that has ended have now, unless they were scanned since', async () => {
    const rollout = 'evidence-20261109-b00001';
    await patched(rollout);
    expect((await standing(ID.test1)).evidence).toBeUndefined();
    await world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' });
    const { evidence, node } = await standing(ID.test1);
    expect(evidence).toMatchObject({ rollout, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(evidence?.fingerprint).not.toBe(node.scan?.fingerprint);
    // Patched alike, alike.
    expect((await standing(ID.test2)).evidence?.fingerprint).toBe(evidence?.fingerprint);
    expect((await standing(ID.shop1)).evidence).toBeUndefined();
  });
});

describe('CloseRollout', () => {
  it('closes for the patched nodes what is fixed there, keeps what is not, and leaves the others exposed', async () => {
    const rollout = 'evidence-20261109-b00002';
    await patched(rollout);
    const before = await open();
    expect(counted(before)).toEqual({
      'ALAS2023-2026-901': { exposed: 8 },
      'ALAS2023-2026-902': { exposed: 8 },
      'ALAS2023-2026-909': { exposed: 8 },
    });
    await world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' });
    await world.answer('CloseRollout', { rollout });
    const after = await open();
    expect(counted(after)).toEqual({ 'ALAS2023-2026-901': { exposed: 6 }, 'ALAS2023-2026-902': { exposed: 6 }, 'ALAS2023-2026-909': { exposed: 8 } });
    // What stays open on a patched node goes on with its clock, on the version that it has now.
    const still = after.exposures.find(({ packages, advisory }) => advisory === 'ALAS2023-2026-909' && packages[0]?.installed === OPENSSL);
    expect(still).toMatchObject({ nodes: 2, seen: before.exposures[0]?.seen });

    const runs = await world.record.nodeRuns(`${rollout}-test`);
    const ended = new Map(runs.map((run) => [run.node, run.endedAt]));
    const own = (await readClosures(world.store, '2026-11-09')).filter((closure) => closure.rollout === rollout);
    expect(own.flatMap(({ by, nodes }) => nodes.map(({ id, closed }) => `${by} ${id} ${closed}`)).toSorted()).toEqual(
      [ID.test1, ID.test2].map((id) => `rollout ${id} ${ended.get(id)}`).toSorted(),
    );
    expect([...new Set(own.flatMap(({ exposures }) => exposures.map(({ advisory }) => advisory)))].toSorted()).toEqual([
      'ALAS2023-2026-901',
      'ALAS2023-2026-902',
    ]);
    expect((await world.record.courseList()).find(({ advisory }) => advisory === 'ALAS2023-2026-901')?.rollouts).toContain(rollout);
  });

  it('names on each node what was closed there, whoever names the CVE', async () => {
    const rollout = 'evidence-20261109-b00009';
    await patched(rollout);
    await world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' });
    await world.answer('CloseRollout', { rollout });
    const result = RolloutResult.parse(await world.store.getJson(evidenceKey(rollout)));
    const closed = Object.fromEntries(result.nodes.map(({ id, cvesClosed }) => [id, cvesClosed]));
    // The repository's metadata does not name curl's.
    expect(closed[ID.test1]).toContain('CVE-2026-1002');
    expect(closed[ID.test2]).toEqual(closed[ID.test1]);
    expect(closed[ID.shop1]).toEqual([]);
  });

  it('says the same when it comes again, and the next scan has the last word', async () => {
    const rollout = 'evidence-20261109-b00003';
    await patched(rollout);
    await world.answer('CloseRollout', { rollout });
    const { at: _at, ...once } = await open();
    await world.answer('CloseRollout', { rollout });
    const { at: _again, ...twice } = await open();
    expect(twice).toEqual(once);
    const { node } = await standing(ID.test1);
    await world.record.saveScan(HERE, ID.test1, { ...found(node.scan, 'scan'), at: new Date(world.clock.now()).toISOString() });
    await world.answer('CloseIntake', { scan: 'scan-after' });
    expect((await open()).advisories.find(({ advisory }) => advisory === 'ALAS2023-2026-901')?.nodes).toEqual({ exposed: 7 });
  });

  it('ends the rollout even where exposures cannot be reckoned', async () => {
    const rollout = 'evidence-20261109-b00004';
    await patched(rollout);
    await world.record.setFeed('amazon-linux-2023', { objects: { 'amazon-linux-2023': 'advisories/test/gone' } });
    expect(await world.answer('CloseRollout', { rollout })).toMatchObject({ status: 'failed' });
    expect(world.log('CloseRollout').some((line) => line.includes('exposures were not reckoned'))).toBe(true);
    expect(world.log('CloseRollout').some((line) => line.includes('ExposuresNotReckoned'))).toBe(true);
    await seedKnowledge(world, {});
  });
});
