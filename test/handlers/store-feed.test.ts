import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadKnowledge } from '../../lambdas/aws/knowledge.ts';
import { bucket, DEBIAN, notices, recordUrl } from './osv.ts';
import { createSite } from './sites.ts';
import { createWorld } from './world.ts';
import type { PartItem } from '../../lambdas/handlers/feed-parts.ts';
import type { Notice } from './osv.ts';
import type { Site } from './sites.ts';
import type { World } from './world.ts';

let world: World;
let site: Site;

beforeAll(async () => {
  site = await createSite();
  world = await createWorld({ internet: { '*': site.url } });
});
beforeEach(async () => {
  await world.record.setFeed(DEBIAN, { cursor: '', failures: 0, reason: '' });
  await world.pass(60);
});
afterEach(() => {
  world.mend();
  site.status = undefined;
});
afterAll(async () => {
  await site.close();
  await world.stop();
});

/** The first step: what PullFeed answers where there are parts, with the list that the Map would read. */
async function layOut(...list: Notice[]): Promise<{ run: string; items: PartItem[] }> {
  site.files = bucket(...list);
  const { result, run, key } = await world.answer('PullFeed', { feed: DEBIAN });
  expect(result).toBe('parts');
  return { run, items: (await world.store.getJson(key)) as PartItem[] };
}

async function readAll(...list: Notice[]) {
  const { run, items } = await layOut(...list);
  for (const item of items) await world.answer('PullPart', item);
  return world.answer('StoreFeed', { feed: DEBIAN, run });
}

async function known(): Promise<string[]> {
  const { advisories } = await loadKnowledge(world, ['debian-12-x86_64']);
  return advisories.filter(({ withdrawn }) => withdrawn === undefined).map(({ id }) => id);
}

describe('StoreFeed', () => {
  it('puts parts together; then hourly changes are few enough for PullFeed alone', async () => {
    expect(await readAll(...notices(250))).toEqual({ feed: DEBIAN, result: 'stored', changed: 250, reason: '' });
    expect(await known()).toHaveLength(250);
    expect(await world.record.feed(DEBIAN)).toMatchObject({ records: 250, skipped: 0, failures: 0 });
    await world.pass(3_600);
    site.files = bucket(
      ...notices(249),
      { id: 'DSA-6250-1', modified: '2026-11-08T00:00:00Z', fixed: '2.0' },
      { id: 'DSA-7000-1', modified: '2026-11-08T00:00:00Z' },
    );
    expect(await world.answer('PullFeed', { feed: DEBIAN })).toMatchObject({ result: 'stored', changed: 2 });
    expect(await known()).toHaveLength(251);
    const { advisories } = await loadKnowledge(world, ['debian-12-x86_64']);
    expect(advisories.find(({ id }) => id === 'DSA-6250-1')?.affected[0]?.fixedVersion).toBe('2.0');
    expect(await world.answer('PullFeed', { feed: DEBIAN })).toMatchObject({ result: 'unchanged' });
  });

  it('withdraws what has left the list, though nothing else changed, and takes it back without its being sent again', async () => {
    await readAll(...notices(250));
    await world.pass(3_600);
    site.files = bucket(...notices(249));
    expect(await world.answer('PullFeed', { feed: DEBIAN })).toMatchObject({ result: 'stored', changed: 1 });
    expect(await known()).not.toContain('DSA-6250-1');
    site.files = bucket(...notices(250));
    expect(await world.answer('PullFeed', { feed: DEBIAN })).toMatchObject({ result: 'stored', changed: 1 });
    expect(await known()).toContain('DSA-6250-1');
  });

  it('tells of parts that never came, and what was known before stays', async () => {
    await readAll(...notices(250));
    const before = await known();
    await world.record.setFeed(DEBIAN, { cursor: '' });
    const { run, items } = await layOut(...notices(450));
    const [first, ...others] = items;
    for (const item of others) await world.answer('PullPart', item);
    site.status = 503;
    expect(await world.failure('PullPart', first)).toMatchObject({ errorType: 'Retryable' });
    expect(await world.answer('StoreFeed', { feed: DEBIAN, run })).toMatchObject({
      result: 'failed',
      changed: 0,
      reason: expect.stringMatching(/1 of 3 parts .* answers 503/),
    });
    expect(await known()).toEqual(before);
    expect(await world.record.feed(DEBIAN)).toMatchObject({ failures: 1, code: 'incomplete', cursor: '' });
    expect(world.log('StoreFeed').some((line) => line.includes('"FeedFailed":1'))).toBe(true);
  });

  it('leaves single records out that cannot be read, and the whole where they are many', async () => {
    const { run, items } = await layOut(...notices(250));
    site.files[recordUrl('DSA-6001-1')] = '{';
    for (const item of items) await world.answer('PullPart', item);
    expect(await world.answer('StoreFeed', { feed: DEBIAN, run })).toMatchObject({ result: 'stored' });
    expect(await world.record.feed(DEBIAN)).toMatchObject({ skipped: 1, problems: [expect.stringContaining('DSA-6001-1')] });
    await world.record.setFeed(DEBIAN, { cursor: '' });
    await world.pass(60);
    const again = await layOut(...notices(250));
    for (const { id } of notices(10)) site.files[recordUrl(id)] = '{';
    for (const item of again.items) await world.answer('PullPart', item);
    expect(await world.answer('StoreFeed', { feed: DEBIAN, run: again.run })).toMatchObject({
      result: 'failed',
      reason: expect.stringContaining('10 of 250 records'),
    });
  });

  it('does nothing but say its news again when it comes twice, and yields where another intake was faster', async () => {
    const { run, items } = await layOut(...notices(260));
    for (const item of items) await world.answer('PullPart', item);
    const { changed } = await world.answer('StoreFeed', { feed: DEBIAN, run });
    expect(changed).toBeGreaterThan(0);
    const row = await world.record.feed(DEBIAN);
    expect(await world.answer('StoreFeed', { feed: DEBIAN, run })).toMatchObject({ result: 'stored', changed });
    expect(await world.record.feed(DEBIAN)).toEqual(row);
    await world.record.setFeed(DEBIAN, { cursor: 'of another intake' });
    expect(await world.failure('StoreFeed', { feed: DEBIAN, run })).toMatchObject({
      errorType: 'Retryable',
      errorMessage: expect.stringContaining('another intake'),
    });
  });

  it('has its news told again until exposures were reckoned with them: an intake may have died in between', async () => {
    const { changed } = await readAll(...notices(270));
    expect(changed).toBe(10);
    const again = () => world.answer('PullFeed', { feed: DEBIAN });
    expect(await again()).toMatchObject({ result: 'unchanged', changed });
    await world.answer('CloseIntake', { scan: 'scan-1' });
    expect(await again()).toMatchObject({ result: 'unchanged', changed: 0 });
  });

  it('reads its records again from the archive when only the parser has changed', async () => {
    await readAll(...notices(250));
    const row = await world.record.feed(DEBIAN);
    await world.record.setFeed(DEBIAN, { parser: (row?.parser ?? 1) - 1 });
    await world.pass(60);
    const visits = site.visits;
    site.files = {};
    const { result, run, key } = await world.answer('PullFeed', { feed: DEBIAN });
    expect(result).toBe('parts');
    const items = (await world.store.getJson(key)) as PartItem[];
    for (const item of items) expect(await world.answer('PullPart', item)).toEqual({ read: item.records.length, skipped: 0 });
    expect(await world.answer('StoreFeed', { feed: DEBIAN, run })).toMatchObject({ result: 'stored', changed: 0 });
    expect(site.visits).toBe(visits);
    expect(await world.record.feed(DEBIAN)).toMatchObject({ parser: row?.parser, lastSuccess: row?.lastSuccess });
    expect(await known()).toHaveLength(250);
  });

  it('is terminal for a run that nobody laid out', async () => {
    expect(await world.failure('StoreFeed', { feed: DEBIAN, run: '0' })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.failure('StoreFeed', {})).toMatchObject({ errorType: 'Terminal' });
  });
});
