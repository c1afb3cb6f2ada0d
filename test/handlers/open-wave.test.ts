import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../lambdas/aws/store.ts';
import { lockText, parseLock } from '../../lambdas/core/lock.ts';
import { Lock } from '../../lambdas/core/model.ts';
import { lockKey } from '../../lambdas/core/keys.ts';
import { THROTTLED } from './faults.ts';
import { CANDIDATE, HERE, ID, PLATFORM, THERE } from './fleet.ts';
import { planNode, planWave, readLock, runRound, seedRollout, seedRound } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

type Locks = { [variant: string]: { sha256: string; urls: { [location: string]: string } } };

function nextRollout(): string {
  count += 1;
  return `open-20261109-a000${count}`;
}

async function locksOf(rollout: string, wave: string): Promise<Locks> {
  return (await world.record.wave(rollout, wave)).locks as Locks;
}

/** What a node would download. */
async function published(where: string, url: string | undefined): Promise<string> {
  const [account = '', region = ''] = where.split('/');
  const [, Bucket, Key] = found(/^https:\/\/s3\.[a-z0-9-]+\.amazonaws\.com\/([^/]+)\/(.+)$/.exec(url ?? '') ?? undefined, `lock URL in ${url}`);
  const { Body } = await world.cloud.call(world.cloud.administrator(account, region), 's3', 'GetObject', { Bucket, Key });
  return new TextDecoder().decode(Body);
}

/** A rollout whose first wave has run; `before` changes machines after their rows were made. */
async function proven(before: () => void = () => undefined): Promise<string> {
  const rollout = nextRollout();
  const round = await seedRound(world, rollout);
  before();
  await runRound(world, round);
  return rollout;
}

describe('OpenWave', () => {
  it('gives the first wave the candidate, in the locations of its nodes, under the hash of its text', async () => {
    const rollout = nextRollout();
    await seedRollout(world, rollout);
    const { lock } = await world.answer('OpenWave', { rollout, wave: 'test' });
    const text = lockText(CANDIDATE);
    expect(lock).toBe(sha256(text));
    const locks = await locksOf(rollout, 'test');
    expect(Object.keys(locks[''] ? locks[''].urls : {})).toEqual([HERE]);
    expect(await published(HERE, locks['']?.urls[HERE])).toBe(text);
    expect(Lock.parse(await world.store.getJson(lockKey(lock)))).toEqual({ sha256: lock, state: 'candidate', platforms: CANDIDATE });
    expect(await readLock(world, lock)).toMatchObject({ state: 'candidate', rollout });
    expect(await world.record.wave(rollout, 'test')).toMatchObject({
      lock,
      dropped: [],
      rounds: 0,
      verifyRounds: 0,
      startedAt: new Date(world.clock.now()).toISOString(),
    });
  });

  it('says the same and writes nothing when it comes again', async () => {
    const rollout = nextRollout();
    await seedRollout(world, rollout);
    const first = await world.answer('OpenWave', { rollout, wave: 'test' });
    const wave = await world.record.wave(rollout, 'test');
    const writes = () => world.calls('s3:PutObject') + world.calls('dynamodb:PutItem') + world.calls('dynamodb:UpdateItem');
    const before = writes();
    await world.pass(60);
    expect(await world.answer('OpenWave', { rollout, wave: 'test' })).toEqual(first);
    expect(writes()).toBe(before);
    expect(await world.record.wave(rollout, 'test')).toEqual(wave);
  });

  it('gives later waves what the first has proven, in every location that has nodes', async () => {
    const rollout = await proven();
    const { lock } = await world.answer('OpenWave', { rollout, wave: 'production' });
    expect(lock).toBe(sha256(lockText(CANDIDATE)));
    expect(await readLock(world, lock)).toMatchObject({ state: 'proven', rollout });
    const { urls } = found((await locksOf(rollout, 'production'))[''], 'common lock');
    expect(Object.keys(urls).toSorted()).toEqual([HERE, THERE]);
    for (const where of [HERE, THERE]) expect(sha256(await published(where, urls[where]))).toBe(lock);
  });

  it('drops what too few nodes proved, and names it', async () => {
    const rollout = await proven(() => world.host(ID.test2).packages.put('curl', ''));
    const { lock } = await world.answer('OpenWave', { rollout, wave: 'production' });
    const { dropped } = await world.record.wave(rollout, 'production');
    expect(dropped).toEqual([{ platform: PLATFORM, name: 'curl', why: 'proven on 1 of 2 nodes needed' }]);
    const { urls } = found((await locksOf(rollout, 'production'))[''], 'common lock');
    const text = await published(THERE, urls[THERE]);
    expect(sha256(text)).toBe(lock);
    expect(parseLock(text)[0]?.items.map(({ name }) => name)).toEqual(['openssl']);
  });

  it('takes no proof from a node that failed', async () => {
    const rollout = await proven(() => world.host(ID.test2).stopped.add('nginx.service'));
    await world.record.putNodeRun({
      ...found(
        (await world.record.nodeRuns(`${rollout}-test`)).find(({ node }) => node === ID.test2),
        'run',
      ),
      outcome: 'failed',
    });
    await world.answer('OpenWave', { rollout, wave: 'production' });
    const { dropped } = await world.record.wave(rollout, 'production');
    expect(dropped).toMatchObject([{ name: 'curl', why: 'proven on 1 of 2 nodes needed' }, { name: 'openssl' }]);
  });

  it('has an empty lock where nothing was proven', async () => {
    const rollout = nextRollout();
    await seedRollout(world, rollout);
    const { lock } = await world.answer('OpenWave', { rollout, wave: 'production' });
    expect(lock).toBe(sha256(lockText([])));
    expect((await world.record.wave(rollout, 'production')).dropped).toHaveLength(2);
  });

  it('gives nodes with rules of their own a lock of their own', async () => {
    const rollout = nextRollout();
    const waves = [planWave('test', [planNode('test1'), planNode('test2', { variant: 'curl' })]), planWave('production', [])];
    await seedRollout(world, rollout, { variants: { curl: ['curl'] }, waves });
    const { lock } = await world.answer('OpenWave', { rollout, wave: 'test' });
    const locks = await locksOf(rollout, 'test');
    expect(Object.keys(locks).toSorted()).toEqual(['', 'curl']);
    expect(locks['']?.sha256).toBe(lock);
    const own = await published(HERE, locks.curl?.urls[HERE]);
    expect(sha256(own)).toBe(locks.curl?.sha256);
    expect(parseLock(own)[0]?.items.map(({ name }) => name)).toEqual(['openssl']);
  });

  it('is terminal for a wave or rollout that does not exist, and for input of another form', async () => {
    const rollout = nextRollout();
    await seedRollout(world, rollout);
    expect(await world.failure('OpenWave', { rollout, wave: 'canary' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no wave canary'),
    });
    expect(await world.failure('OpenWave', { rollout: 'nobody', wave: 'test' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no rollout nobody'),
    });
    expect(await world.failure('OpenWave', { rollout })).toMatchObject({ errorType: 'Terminal' });
  });

  it("is retryable while a location's bucket is busy, and goes on where it was", async () => {
    const rollout = nextRollout();
    await seedRollout(world, rollout);
    world.fail({ call: 's3:PutObject', when: 'before', code: 'SlowDown', status: 503, skip: 1 });
    expect(await world.failure('OpenWave', { rollout, wave: 'test' })).toMatchObject({ errorType: 'Retryable' });
    expect(await world.record.findWave(rollout, 'test')).toBeUndefined();
    world.mend();
    world.fail({ call: 'dynamodb:PutItem', when: 'before', ...THROTTLED });
    expect(await world.failure('OpenWave', { rollout, wave: 'test' })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    expect(await world.answer('OpenWave', { rollout, wave: 'test' })).toEqual({ lock: sha256(lockText(CANDIDATE)) });
  });
});
