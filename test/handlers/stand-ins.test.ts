import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HERE, ID, THERE } from './fleet.ts';
import { layOutRound, planNode, planWave, seedRollout } from './rollouts.ts';
import { awaiting, zeroDay } from './starts.ts';
import { createWorld, found } from './world.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

const PIN = { name: 'Corp-MitigateService', version: '7', hash: 'a'.repeat(64) };

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

/** A rollout that runs a document of the user's instead of a patch. */
async function seeded(doing: 'mitigate' | 'withdraw', more: Partial<Plan> = {}): Promise<string> {
  count += 1;
  const rollout = `stand-in-20261109-a0000${count}`;
  const documents = { [HERE]: { 'mitigate-linux': PIN }, [THERE]: { 'mitigate-linux': PIN } };
  await seedRollout(world, rollout, { policy: zeroDay({ name: 'stand-in' }), because: awaiting(7), doing, documents, candidate: [], ...more });
  return rollout;
}

describe('a rollout of a document that stands in', () => {
  it('opens its waves without a lock, and again', async () => {
    const rollout = await seeded('mitigate');
    expect(await world.answer('OpenWave', { rollout, wave: 'test' })).toEqual({ lock: '' });
    const { startedAt } = await world.record.wave(rollout, 'test');
    await world.pass(60);
    expect(await world.answer('OpenWave', { rollout, wave: 'test' })).toEqual({ lock: '' });
    expect(await world.record.wave(rollout, 'test')).toMatchObject({ startedAt });
  });

  it.each([
    ['mitigate', 'apply'],
    ['withdraw', 'withdraw'],
  ] as const)('is laid out in batches of the pinned version, and says only what to do (%s)', async (doing, action) => {
    const rollout = await seeded(doing);
    await world.answer('OpenWave', { rollout, wave: 'test' });
    const { files } = await layOutRound(world, rollout, 'test');
    for (const file of files) {
      expect(file.purpose).toBe('mitigate');
      for (const batch of file.batches) expect(batch).toMatchObject({ document: PIN, parameters: { Action: action }, lock: '' });
    }
    expect(files.flatMap(({ batches }) => batches.flatMap(({ nodes }) => nodes)).toSorted()).toEqual([ID.test1, ID.test2].toSorted());
  });

  it('has no second look: Wavelock-Verify knows nothing of it', async () => {
    const rollout = await seeded('mitigate');
    await world.answer('OpenWave', { rollout, wave: 'test' });
    expect(await world.answer('LayOutRound', { rollout, wave: 'test', phase: 'verify' })).toMatchObject({ action: 'judge' });
  });

  it('takes a node for itself, as a patch does: it leaves alone what another rollout has, and frees what was never sent', async () => {
    const rollout = await seeded('mitigate', { waves: [planWave('test', [planNode('test1'), planNode('test2')])] });
    await world.record.reserve(HERE, ID.test1, {
      batch: 'another-20261109-aaaaaa-test-p1-0-0',
      reservedFor: 'another / test',
      since: '2026-11-09T09:00:00Z',
    });
    await world.answer('OpenWave', { rollout, wave: 'test' });
    const { tracks } = await layOutRound(world, rollout, 'test');
    const { action, batch } = await world.answer('AdmitBatch', { track: found(tracks[0], 'track'), index: 0 });
    expect(action).toBe('send');
    expect(await world.record.batch(batch)).toMatchObject({ purpose: 'mitigate', nodes: [ID.test2] });
    expect(await world.record.reservationOf(HERE, ID.test2)).toContain(`${rollout} / test`);
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next', reason: 'the send never began' });
    expect(await world.record.reservationOf(HERE, ID.test2)).toBe('nobody');
  });

  it('is terminal where the plan names no document for a node', async () => {
    const rollout = await seeded('mitigate', { documents: {} });
    await world.answer('OpenWave', { rollout, wave: 'test' });
    expect(await world.failure('LayOutRound', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('names no document'),
    });
  });
});
