import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { evidenceKey } from '../../lambdas/core/keys.ts';
import { RolloutResult } from '../../lambdas/core/result.ts';
import { THROTTLED } from './faults.ts';
import { HERE, ID, OPENSSL, PLATFORM } from './fleet.ts';
import { admitFirst, layOutRound, runRound, seedRollout, seedRound, seedRuns } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => {
  world.mend();
  world.published.length = 0;
});
afterAll(() => world.stop());

function nextRollout(): string {
  count += 1;
  return `close-20261109-a000${count}`;
}

async function evidence(rollout: string): Promise<RolloutResult> {
  return RolloutResult.parse(await world.store.getJson(evidenceKey(rollout)));
}

function told(): string[] {
  return world.published.map(({ audience, event }) => `${audience} ${event}`);
}

/** Runs a wave round after round and judges it. */
async function runWave(rollout: string, wave: string): Promise<void> {
  await world.answer('OpenWave', { rollout, wave });
  while ((await world.record.nodeRuns(`${rollout}-${wave}`)).length < (wave === 'test' ? 2 : 5))
    await runRound(world, await layOutRound(world, rollout, wave));
  await world.answer('JudgeWave', { rollout, wave, phase: 'patch' });
}

/** A rollout both of whose waves have a verdict, without a command. */
async function judged(outcomes: Parameters<typeof seedRuns>[2]): Promise<string> {
  const rollout = nextRollout();
  await seedRollout(world, rollout);
  await world.answer('OpenWave', { rollout, wave: 'test' });
  await seedRuns(world, `${rollout}-test`, outcomes);
  await world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' });
  return rollout;
}

describe('CloseRollout', () => {
  it('leaves complete evidence of a rollout that went through, and tells once', async () => {
    const rollout = nextRollout();
    await seedRollout(world, rollout);
    await runWave(rollout, 'test');
    await runWave(rollout, 'production');
    world.published.length = 0;
    expect(await world.answer('CloseRollout', { rollout })).toEqual({ status: 'succeeded', reason: 'every wave passed' });
    const result = await evidence(rollout);
    expect(result).toMatchObject({ rollout, status: 'succeeded', reason: 'every wave passed', policy: 'monthly' });
    expect(result.waves).toMatchObject([
      { name: 'test', verdict: 'pass', nodes: 2, outcomes: { patched: 2 } },
      { name: 'production', verdict: 'pass', nodes: 5, outcomes: { patched: 5 } },
    ]);
    expect(result.nodes.map(({ id }) => id)).toHaveLength(7);
    expect(result.nodes.find(({ id }) => id === ID.plant1)).toMatchObject({
      wave: 'production',
      outcome: 'patched',
      platform: PLATFORM,
      packages: [expect.objectContaining({ name: 'curl' }), { name: 'openssl', from: '1:3.0.8-1.amzn2023.0.3', to: OPENSSL }],
      cvesClosed: ['CVE-2026-1001'],
      exposedBefore: true,
      exposedAfter: false,
    });
    expect(result.proof).toEqual({ items: 2, proven: 2, unproven: [], dropped: [] });
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'succeeded', endedAt: expect.any(String) });
    expect(told()).toEqual(['linux-ops done', 'security done']);
    expect(world.published[0]?.text).toContain('closed 1 CVEs');

    const row = await world.record.rollout(rollout);
    await world.pass(600);
    expect(await world.answer('CloseRollout', { rollout })).toEqual({ status: 'succeeded', reason: 'every wave passed' });
    expect(await world.record.rollout(rollout)).toEqual(row);
    expect(await evidence(rollout)).toEqual(result);
    expect(told()).toHaveLength(2);
  });

  it('fails with the reason of the wave that did not pass; people were told then and are not told again', async () => {
    const rollout = await judged({ test1: 'failed', test2: 'patched' });
    expect(told()).toEqual(['linux-ops failed', 'security failed']);
    const reason = 'wave test: 1 of 2 nodes failed, 0 allowed';
    expect(await world.answer('CloseRollout', { rollout })).toMatchObject({ status: 'failed', reason: expect.stringContaining(reason) });
    const result = await evidence(rollout);
    expect(result.waves).toMatchObject([{ verdict: 'fail' }, { verdict: 'not-run' }]);
    expect(result.nodes.filter(({ wave }) => wave === 'production')).toEqual(
      Array.from({ length: 5 }, () => expect.objectContaining({ outcome: 'skipped', reason: 'its wave was not run: no command was sent' })),
    );
    expect(told()).toHaveLength(2);
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'failed', endedAt: expect.any(String) });
  });

  it('tells of a plan that nobody approved, and of a rollout that was stopped between two waves', async () => {
    const asked = nextRollout();
    await seedRollout(world, asked);
    expect(await world.answer('CloseRollout', { rollout: asked })).toEqual({
      status: 'failed',
      reason: 'wave test was not run: nobody approved the plan in time',
    });
    expect(told()).toEqual(['linux-ops failed', 'security failed']);
    world.published.length = 0;
    const stopped = await judged({ test1: 'patched', test2: 'patched' });
    await world.record.setRollout(stopped, { stopped: 'stopped by ann: wrong day' });
    expect(await world.answer('CloseRollout', { rollout: stopped })).toEqual({ status: 'failed', reason: 'stopped by ann: wrong day' });
    expect(told()).toEqual(['linux-ops passed', 'linux-ops failed', 'security failed']);
  });

  it('gives back what its batches still hold, and nothing that another rollout holds', async () => {
    const round = await seedRound(world, nextRollout());
    await admitFirst(world, round);
    const other = { batch: 'other-20261109-a00001-test-p1-0-0', reservedFor: 'other / test', since: '2026-11-09T08:00:00.000Z' };
    await world.record.reserve(HERE, ID.shop1, other);
    await world.answer('CloseRollout', { rollout: round.rollout });
    expect(await world.record.reservationOf(HERE, ID.test1)).toBe('nobody');
    expect(await world.record.reservationOf(HERE, ID.test2)).toBe('nobody');
    expect(await world.record.reservationOf(HERE, ID.shop1)).toContain('other / test');
    // Taken by another rollout after this one's batch: a late close must not free it.
    await world.record.reserve(HERE, ID.test1, other);
    await world.answer('CloseRollout', { rollout: round.rollout });
    expect(await world.record.reservationOf(HERE, ID.test1)).toContain('other / test');
  });

  it('gives back nodes that were reserved for a batch which was never written', async () => {
    const round = await seedRound(world, nextRollout());
    const since = new Date(world.clock.now()).toISOString();
    await world.record.reserve(HERE, ID.test1, { batch: `${round.group}-p1-0-0`, reservedFor: `${round.rollout} / test`, since });
    await world.answer('CloseRollout', { rollout: round.rollout });
    expect(await world.record.reservationOf(HERE, ID.test1)).toBe('nobody');
  });

  it('is not closed while people could not be told, and is closed by the next try', async () => {
    const rollout = await judged({ test1: 'patched', test2: 'patched' });
    world.published.length = 0;
    world.fail({ call: 'sns:Publish', when: 'before', ...THROTTLED });
    expect(await world.failure('CloseRollout', { rollout })).toMatchObject({ errorType: 'Retryable' });
    expect((await world.record.rollout(rollout)).endedAt).toBeUndefined();
    world.mend();
    expect(await world.answer('CloseRollout', { rollout })).toMatchObject({ status: 'failed' });
    expect(told()).toEqual(['linux-ops failed', 'security failed']);
  });

  it('is terminal for a rollout that does not exist or has no plan, and for input of another form', async () => {
    expect(await world.failure('CloseRollout', { rollout: 'nobody' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no rollout nobody'),
    });
    const row = { policy: 'monthly', scheduledFor: '2026-11-09T09:00:00Z', status: 'planned' as const, createdAt: '2026-11-09T09:00:00Z' };
    await world.record.putRollout({ id: 'close-20261109-b00001', ...row });
    expect(await world.failure('CloseRollout', { rollout: 'close-20261109-b00001' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('has no plan'),
    });
    expect(await world.failure('CloseRollout', {})).toMatchObject({ errorType: 'Terminal' });
  });
});
