import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feeds } from '../../lambdas/feeds/index.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.stop());

describe('PickFeeds', () => {
  it('names every feed that there is, always the same, and asks nobody for it', async () => {
    const before = world.cloud.usage().calls;
    const answer = await world.answer('PickFeeds', {});
    expect(answer).toEqual({ feeds: feeds.map(({ name }) => ({ feed: name })) });
    expect(await world.answer('PickFeeds', {})).toEqual(answer);
    expect(world.cloud.usage().calls).toEqual({ ...before, 'lambda:Invoke': (before['lambda:Invoke'] ?? 0) + 2 });
  });

  it('is terminal for input of another form', async () => {
    expect(await world.failure('PickFeeds', { feed: 'all' })).toMatchObject({ errorType: 'Terminal' });
  });
});
