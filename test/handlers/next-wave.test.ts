import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { THROTTLED } from './faults.ts';
import { seedRollout } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { Verdict } from '../../lambdas/core/model.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function seeded(): Promise<string> {
  count += 1;
  const rollout = `next-20261109-a000${count}`;
  await seedRollout(world, rollout);
  return rollout;
}

function ended(rollout: string, wave: string, verdict: Verdict): Promise<void> {
  return world.record.setWave(rollout, wave, { verdict, endedAt: new Date(world.clock.now()).toISOString() });
}

describe('NextWave', () => {
  it("goes through the plan's waves in their order, each after the one before has passed", async () => {
    const rollout = await seeded();
    expect(await world.answer('NextWave', { rollout })).toEqual({ action: 'wave', wave: 'test', reason: 'next in the plan' });
    await ended(rollout, 'test', 'pass');
    expect(await world.answer('NextWave', { rollout })).toMatchObject({ action: 'wave', wave: 'production' });
    await ended(rollout, 'production', 'pass');
    expect(await world.answer('NextWave', { rollout })).toEqual({ action: 'close', wave: '', reason: 'every wave passed' });
  });

  it('says the same when it comes again, also about a wave that has begun', async () => {
    const rollout = await seeded();
    const first = await world.answer('NextWave', { rollout });
    const row = await world.record.rollout(rollout);
    expect(row.status).toBe('running');
    await world.record.setWave(rollout, 'test', { rounds: 2, verdict: 'inconclusive' });
    expect(await world.answer('NextWave', { rollout })).toEqual(first);
    expect(await world.record.rollout(rollout)).toEqual(row);
  });

  it.each(['fail', 'inconclusive'] as const)('closes after a wave that ended %s', async (verdict) => {
    const rollout = await seeded();
    await ended(rollout, 'test', verdict);
    expect(await world.answer('NextWave', { rollout })).toEqual({ action: 'close', wave: '', reason: 'wave test did not pass' });
  });

  it("closes a rollout that a person stopped, with that person's words", async () => {
    const rollout = await seeded();
    await world.record.setRollout(rollout, { stopped: 'stopped by ann: wrong day' });
    expect(await world.answer('NextWave', { rollout })).toEqual({ action: 'close', wave: '', reason: 'stopped by ann: wrong day' });
  });

  it('is terminal for a rollout that does not exist and input of another form, retryable while the record is busy', async () => {
    expect(await world.failure('NextWave', { rollout: 'nobody' })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.failure('NextWave', { rollout: '' })).toMatchObject({ errorType: 'Terminal' });
    const rollout = await seeded();
    world.fail({ call: 'dynamodb:Query', when: 'before', ...THROTTLED });
    expect(await world.failure('NextWave', { rollout })).toMatchObject({ errorType: 'Retryable' });
  });
});
