import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { THROTTLED } from './faults.ts';
import { seedRollout } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function opened(): Promise<string> {
  count += 1;
  const rollout = `park-20261109-a000${count}`;
  await seedRollout(world, rollout);
  await world.answer('OpenWave', { rollout, wave: 'test' });
  return rollout;
}

function input(rollout: string, why: 'window' | 'soak' | 'hold', taskToken = 'token') {
  return { rollout, wave: 'test', why, seconds: 3_600, taskToken };
}

describe('ParkWave', () => {
  it.each([
    ['window', 'running'],
    ['soak', 'running'],
    ['hold', 'held'],
  ] as const)('keeps the token of a wave that waits for %s: the rollout is %s', async (why, status) => {
    const rollout = await opened();
    await world.park('ParkWave', input(rollout, why));
    expect(await world.record.wave(rollout, 'test')).toMatchObject({ parkedFor: why, taskToken: 'token' });
    expect(await world.record.rollout(rollout)).toMatchObject({ status });
  });

  it('keeps the newest token, and when a hold began: a hold is not longer because it was parked again', async () => {
    const rollout = await opened();
    await world.park('ParkWave', input(rollout, 'hold', 'first'));
    const { heldSince } = await world.record.wave(rollout, 'test');
    expect(heldSince).toBe(new Date(world.clock.now()).toISOString());
    await world.pass(7_200);
    await world.park('ParkWave', input(rollout, 'hold', 'second'));
    expect(await world.record.wave(rollout, 'test')).toMatchObject({ heldSince, taskToken: 'second' });
  });

  it('does not wait where a person has stopped the rollout before its token was there', async () => {
    const rollout = await opened();
    await world.park('ParkWave', input(rollout, 'hold', 'first'));
    const woken = world.calls('states:SendTaskSuccess');
    await world.record.setRollout(rollout, { stopped: 'aborted by ann: wrong day' });
    await world.park('ParkWave', input(rollout, 'hold', 'second'));
    expect(world.calls('states:SendTaskSuccess')).toBe(woken + 1);
  });

  it('does not count a wait for a window as a hold', async () => {
    const rollout = await opened();
    await world.park('ParkWave', input(rollout, 'window'));
    expect((await world.record.wave(rollout, 'test')).heldSince).toBeUndefined();
  });

  it('is terminal for a hold of a wave that was not opened and for input of another form, retryable while the record is busy', async () => {
    const rollout = await opened();
    expect(await world.failure('ParkWave', { ...input(rollout, 'hold'), wave: 'production' })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.failure('ParkWave', { ...input(rollout, 'hold'), why: 'lunch' })).toMatchObject({ errorType: 'Terminal' });
    world.fail({ call: 'dynamodb:UpdateItem', when: 'before', ...THROTTLED });
    expect(await world.failure('ParkWave', input(rollout, 'window'))).toMatchObject({ errorType: 'Retryable' });
  });
});
