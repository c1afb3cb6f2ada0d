import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { locationKey } from '../../lambdas/core/model.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { THROTTLED } from './faults.ts';
import { nodeRow } from './fleet.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

/** What every fleet needs. */
const ALWAYS = feeds.filter(({ platforms }) => platforms.length === 0).map(({ name }) => name);
const AMAZON = ['alas-rss', 'amazon-linux-2023', 'amazon-linux-2023-livepatch'];

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

const iso = (time: number): string => new Date(time).toISOString();

async function pick(scope: 'all' | 'feeds', since = world.clock.now()): Promise<string[]> {
  const { feeds: picked, due } = await world.answer('PickFeeds', { scope, since: iso(since) });
  expect(due).toBe(picked.length);
  return picked.map(({ feed }) => feed).toSorted();
}

/** Metrics of the last run; feeds as `FeedAgeHours NAME`. */
function metrics(): { [name: string]: unknown } {
  const lines = world
    .log('PickFeeds')
    .filter((line) => line.includes('_aws'))
    .map((line) => JSON.parse(line) as { [name: string]: unknown; feed?: string });
  return Object.assign(
    {},
    ...lines.map(({ FeedAgeHours, feed, ...rest }) => (feed === undefined ? rest : { [`FeedAgeHours ${feed}`]: FeedAgeHours })),
  );
}

describe('PickFeeds', () => {
  it('picks what concerns everybody, and platforms only where the fleet has them', async () => {
    expect(await pick('all')).toEqual(ALWAYS.toSorted());
    await world.record.saveNode(nodeRow('test1'), iso(world.clock.now()));
    expect(await pick('all')).toEqual([...ALWAYS, ...AMAZON].toSorted());
  });

  it('knows a node that was never scanned by the name that SSM shows', async () => {
    const { scan: _scan, ...debian } = { ...nodeRow('test2'), platformName: 'Debian GNU/Linux', platformVersion: '12.5' };
    await world.record.saveNode(debian, iso(world.clock.now()));
    expect(await pick('all')).toContain('osv-debian');
    await world.record.dropNode(locationKey(debian.location), debian.id);
    expect(await pick('all')).not.toContain('osv-debian');
  });

  it('picks repositories of the policy file, with what is to be known about them, where the fleet has their release', async () => {
    const { POLICY_BUCKET: Bucket, POLICY_KEY: Key = '' } = await world.settings('PickFeeds');
    const policy = (await world.store.getJsonFrom(Bucket ?? '', Key)) as object;
    const put = (Body: object) => world.cloud.call(world.administrator, 's3', 'PutObject', { Bucket, Key, Body: Buffer.from(JSON.stringify(Body)) });
    const here = { name: 'corp', url: 'https://mirror.example.com/corp/', os: 'amazon-linux', release: '2023' };
    await put({ ...policy, repositories: [here, { ...here, name: 'other', release: '2' }] });
    const { feeds: picked } = await world.answer('PickFeeds', { scope: 'all', since: iso(world.clock.now()) });
    expect(picked.filter(({ repository }) => repository !== undefined)).toEqual([{ feed: 'repo-corp', repository: here }]);
    await put(policy);
  });

  it('reads between two whole looks only what has its time, a minute early or late', async () => {
    const now = world.clock.now();
    for (const name of [...ALWAYS, ...AMAZON])
      await world.record.setFeed(name, { lastTried: iso(now - 56 * 60_000), lastSuccess: iso(now - 56 * 60_000) });
    expect(await pick('feeds')).toEqual([...AMAZON, 'cisa-kev'].toSorted());
    expect(await pick('all')).toEqual([...ALWAYS, ...AMAZON].toSorted());
  });

  it('reads nothing twice in one intake but what another feed has heard of', async () => {
    const began = world.clock.now();
    for (const name of [...ALWAYS, ...AMAZON]) await world.record.setFeed(name, { lastTried: iso(began + 1_000) });
    expect(await pick('all', began)).toEqual([]);
    await world.record.setFeed('amazon-linux-2023', { wanted: iso(began + 2_000) });
    expect(await pick('all', began)).toEqual(['amazon-linux-2023']);
    expect(await pick('feeds', began)).toEqual(['amazon-linux-2023']);
    await world.record.setFeed('amazon-linux-2023', { answered: iso(began + 2_000) });
    expect(await pick('all', began)).toEqual([]);
  });

  it('tells how old and how well the feeds of this fleet are, and lets others rest', async () => {
    const now = world.clock.now();
    for (const name of [...ALWAYS, ...AMAZON]) await world.record.setFeed(name, { lastSuccess: iso(now - 3_600_000), failures: 0, stale: false });
    await world.record.setFeed('amazon-linux-2023', { lastSuccess: iso(now - 50 * 3_600_000), failures: 3 });
    await world.record.setFeed('cisa-kev', { stale: true });
    await world.record.setFeed('osv-suse', { lastSuccess: iso(now - 900 * 3_600_000), failures: 9, stale: true });
    await pick('all');
    expect(metrics()).toMatchObject({
      'FeedAgeHours amazon-linux-2023': 50,
      'FeedAgeHours cisa-kev': 1,
      FeedOldestHours: 50,
      FeedsFailing: 1,
      FeedsStale: 1,
    });
    expect(metrics()).not.toHaveProperty('FeedAgeHours osv-suse');
    const told = world.log('PickFeeds').length;
    await pick('feeds');
    const hourly = world.log('PickFeeds').slice(told).join('\n');
    expect([hourly.includes('"FeedOldestHours":50'), hourly.includes('FeedAgeHours')]).toEqual([true, false]);
    expect(await world.record.feed('osv-suse')).toMatchObject({ idle: true });
    expect((await world.record.feed('cisa-kev'))?.idle).toBeFalsy();
  });

  it('takes a feed that never came for as old as time: it must not look fresh', async () => {
    const { scan: _scan, ...debian } = { ...nodeRow('test2'), platformName: 'Debian GNU/Linux', platformVersion: '12.5' };
    await world.record.saveNode(debian, iso(world.clock.now()));
    await world.record.setFeed('osv-debian', { failures: 3 });
    await pick('all');
    await world.record.dropNode(locationKey(debian.location), debian.id);
    expect(metrics()['FeedAgeHours osv-debian']).toBeGreaterThan(24 * 365);
  });

  it('is terminal for input of another form, retryable while the record is busy', async () => {
    expect(await world.failure('PickFeeds', { scope: 'some', since: '' })).toMatchObject({ errorType: 'Terminal' });
    world.fail({ call: 'dynamodb:Query', when: 'before', ...THROTTLED });
    expect(await world.failure('PickFeeds', { scope: 'all', since: iso(world.clock.now()) })).toMatchObject({ errorType: 'Retryable' });
  });
});
