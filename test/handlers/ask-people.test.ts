import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { evidenceKey } from '../../lambdas/core/keys.ts';
import { RolloutResult } from '../../lambdas/core/result.ts';
import { THROTTLED } from './faults.ts';
import { seedRollout } from './rollouts.ts';
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

async function seeded(): Promise<string> {
  count += 1;
  const rollout = `ask-20261109-a000${count}`;
  await seedRollout(world, rollout);
  return rollout;
}

describe('AskPeople', () => {
  it('keeps the token and asks those who decide, with what they need for it', async () => {
    const rollout = await seeded();
    await world.park('AskPeople', { rollout, taskToken: 'token' });
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'asked', taskToken: 'token' });
    expect(world.published).toMatchObject([{ audience: 'linux-ops', event: 'approval', wave: 'test', subject: expect.stringContaining('DECIDE') }]);
    expect(world.published[0]?.text).toContain('2 exact versions for 7 nodes in 2 waves');
    expect(world.published[0]?.text).toContain(`approve ${rollout}`);
    expect(await world.record.events(rollout)).toMatchObject([{ what: 'approval', who: 'wavelock' }]);
  });

  it('leaves the plan readable while people think', async () => {
    const rollout = await seeded();
    await world.park('AskPeople', { rollout, taskToken: 'token' });
    const snapshot = RolloutResult.parse(await world.store.getJson(evidenceKey(rollout)));
    expect(snapshot).toMatchObject({
      status: 'held',
      reason: 'the plan waits for approval',
      waves: [{ verdict: 'not-run' }, { verdict: 'not-run' }],
    });
    expect(snapshot.nodes).toHaveLength(7);
  });

  it('only replaces the token when it comes again', async () => {
    const rollout = await seeded();
    await world.park('AskPeople', { rollout, taskToken: 'first' });
    await world.park('AskPeople', { rollout, taskToken: 'second' });
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'asked', taskToken: 'second' });
    expect(world.published).toHaveLength(1);
  });

  it('asks with its next try when the first could not be published', async () => {
    const rollout = await seeded();
    world.fail({ call: 'sns:Publish', when: 'before', ...THROTTLED });
    expect(await world.failure('AskPeople', { rollout, taskToken: 'first' })).toMatchObject({ errorType: 'Retryable' });
    expect(world.published).toEqual([]);
    world.mend();
    await world.park('AskPeople', { rollout, taskToken: 'first' });
    expect(world.published).toMatchObject([{ event: 'approval' }]);
  });

  it('keeps its token before it asks whether somebody has decided: who decides in between finds it', async () => {
    const rollout = await seeded();
    world.fail({ call: 'dynamodb:Query', when: 'before', ...THROTTLED });
    expect(await world.failure('AskPeople', { rollout, taskToken: 'kept' })).toMatchObject({ errorType: 'Retryable' });
    expect((await world.record.rollout(rollout)).taskToken).toBe('kept');
  });

  it('is terminal for a rollout without a plan and for input of another form', async () => {
    expect(await world.failure('AskPeople', { rollout: 'nobody', taskToken: 'token' })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.failure('AskPeople', { rollout: 'nobody', taskToken: '' })).toMatchObject({ errorType: 'Terminal' });
  });
});
