import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { THROTTLED } from './faults.ts';
import { ID } from './fleet.ts';
import { admitFirst, seedRound } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

/** A batch of which one node is at work for ever. */
async function open(): Promise<string> {
  count += 1;
  const batch = await admitFirst(world, await seedRound(world, `stay-20261109-a000${count}`));
  world.host(ID.test2).faults.stuck = true;
  await world.park('SendBatch', { batch, taskToken: 'first' });
  await world.pass(1_200);
  return batch;
}

function wakings(): number {
  return world.calls('states:SendTaskSuccess');
}

describe('ParkBatch', () => {
  it('keeps the new token and nothing else, however often it comes', async () => {
    const batch = await open();
    await world.answer('SettleBatch', { batch });
    const row = await world.record.batch(batch);
    const before = wakings();
    await world.park('ParkBatch', { batch, taskToken: 'second' });
    await world.park('ParkBatch', { batch, taskToken: 'second' });
    expect(await world.record.batch(batch)).toEqual({ ...row, taskToken: 'second' });
    expect(wakings()).toBe(before);
  });

  it('wakes itself when the end was told between the look and the parking', async () => {
    const batch = await open();
    await world.answer('SettleBatch', { batch });
    await world.record.setBatch(batch, { done: 'Success' });
    const before = wakings();
    await world.park('ParkBatch', { batch, taskToken: 'second' });
    expect(wakings() - before).toBe(1);
  });

  it('does not wake for an end that Settle has looked at already: it would only run in circles', async () => {
    const batch = await open();
    await world.record.setBatch(batch, { done: 'Success' });
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'wait' });
    const before = wakings();
    await world.park('ParkBatch', { batch, taskToken: 'second' });
    expect(wakings()).toBe(before);
  });

  it('is terminal for what is no batch and for input of another form, retryable while the record is busy', async () => {
    expect(await world.failure('ParkBatch', { batch: 'no batch', taskToken: 'token' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('not a batch id'),
    });
    expect(await world.failure('ParkBatch', {})).toMatchObject({ errorType: 'Terminal' });
    const batch = await open();
    world.fail({ call: 'dynamodb:UpdateItem', when: 'before', ...THROTTLED });
    expect(await world.failure('ParkBatch', { batch, taskToken: 'token' })).toMatchObject({ errorType: 'Retryable' });
  });
});
