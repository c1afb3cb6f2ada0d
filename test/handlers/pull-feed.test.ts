import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Advisory, KnownExploited } from '../../lambdas/core/advisory.ts';
import { advisoriesKey, EXPLOITED_KEY } from '../../lambdas/core/keys.ts';
import { amazon, KEV, many, packed, sha256, update } from '../feeds/site.ts';
import { THROTTLED } from './faults.ts';
import { createSite } from './sites.ts';
import { createWorld } from './world.ts';
import type { Site } from './sites.ts';
import type { World } from './world.ts';

const FEED = 'amazon-linux-2023';

let world: World;
let site: Site;

beforeAll(async () => {
  site = await createSite();
  world = await createWorld({ internet: { '*': site.url } });
});
beforeEach(async () => {
  // Nothing is known: as if it were the first pull.
  await world.record.setFeed(FEED, { cursor: '', failures: 0, reason: '' });
  await world.record.setFeed('cisa-kev', { cursor: '', failures: 0, reason: '' });
});
afterEach(() => {
  world.mend();
  site.status = undefined;
});
afterAll(async () => {
  await site.close();
  await world.stop();
});

function pull(feed = FEED) {
  return world.answer('PullFeed', { feed });
}

async function snapshot(): Promise<Advisory[]> {
  return Advisory.array().parse(await world.store.findJson(advisoriesKey('alas')));
}

async function stored(Key: string): Promise<Buffer> {
  const { Body } = await world.cloud.call(world.administrator, 's3', 'GetObject', { Bucket: world.store.bucket, Key });
  return Buffer.from(Body);
}

describe('PullFeed', () => {
  it('archives what it read, stores advisories and snapshot, and writes down how the feed is', async () => {
    const bytes = packed(update({ id: 'ALAS2023-2026-901' }), update({ id: 'ALAS2023-2026-902' }));
    site.files = amazon(bytes);
    expect(await pull()).toEqual({ feed: FEED, result: 'stored', stored: 2, reason: '' });
    expect((await snapshot()).map(({ id }) => id)).toEqual(['ALAS2023-2026-901', 'ALAS2023-2026-902']);
    expect([...(await world.record.advisorySubstances('alas')).keys()]).toEqual(expect.arrayContaining(['ALAS2023-2026-901', 'ALAS2023-2026-902']));
    expect(await stored(`raw/${FEED}/${sha256(bytes)}`)).toEqual(bytes);
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 0, reason: '', records: 2, newest: '2026-10-20T19:20:00.000Z', lastSuccess: new Date(world.clock.now()).toISOString() });
  });

  it('leaves everything as it is when it comes again and nothing has changed', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' })));
    await pull();
    const before = await snapshot();
    await world.pass(3_600);
    const writes = world.calls('s3:PutObject') + world.calls('dynamodb:BatchWriteItem');
    expect(await pull()).toEqual({ feed: FEED, result: 'unchanged', stored: 0, reason: '' });
    expect(world.calls('s3:PutObject') + world.calls('dynamodb:BatchWriteItem')).toBe(writes);
    expect(await snapshot()).toEqual(before);
    expect(await world.record.feed(FEED)).toMatchObject({ lastSuccess: new Date(world.clock.now()).toISOString() });
  });

  it('writes only advisories that changed in substance', async () => {
    const [first = '', second = '', ...rest] = many(20);
    site.files = amazon(packed(first, second, ...rest));
    await pull();
    const before = await world.record.advisorySubstances('alas');
    const changed = first.replace('<severity>Important</severity>', '<severity>Critical</severity>');
    site.files = amazon(packed(changed, second, ...rest));
    expect(await pull()).toMatchObject({ result: 'stored', stored: 20 });
    const after = await world.record.advisorySubstances('alas');
    expect([...after].filter(([id, hash]) => before.get(id) !== hash).map(([id]) => id)).toEqual(['ALAS2023-2026-1001']);
    expect((await snapshot()).find(({ id }) => id === 'ALAS2023-2026-1001')).toMatchObject({ severity: 'critical' });
  });

  it('stores the known exploited CVEs', async () => {
    const entry = { cveID: 'CVE-2023-3446', vendorProject: 'OpenSSL', product: 'OpenSSL', dateAdded: '2026-10-01', dueDate: '2026-10-22', knownRansomwareCampaignUse: 'Known' };
    site.files = { [KEV]: JSON.stringify({ title: 'CISA Catalog', catalogVersion: '2026.10.01', dateReleased: '2026-10-01T15:00:00Z', count: 1, vulnerabilities: [entry] }) };
    expect(await pull('cisa-kev')).toEqual({ feed: 'cisa-kev', result: 'stored', stored: 1, reason: '' });
    const exploited = KnownExploited.array().parse(await world.store.getJson(EXPLOITED_KEY));
    expect(exploited).toEqual([{ cve: 'CVE-2023-3446', added: '2026-10-01', due: '2026-10-22', ransomware: true, product: expect.stringContaining('OpenSSL') }]);
  });

  it('answers with a value when the feed is broken, keeps the last good data, and counts', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' })));
    await pull();
    const before = await snapshot();
    const success = (await world.record.feed(FEED))?.lastSuccess;
    await world.pass(3_600);
    site.files = amazon(Buffer.from('this is not gzip'));
    const broken = await pull();
    expect(broken).toMatchObject({ result: 'failed', stored: 0, reason: expect.stringMatching(/\S/) });
    expect(await pull()).toEqual(broken);
    expect(await snapshot()).toEqual(before);
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 2, reason: broken.reason, lastSuccess: success });
    const metric = world.log('PullFeed').findLast((line) => line.includes('"FeedFailed"'));
    expect(JSON.parse(metric ?? '{}')).toMatchObject({ FeedFailed: 1, feed: FEED });
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' }), update({ id: 'ALAS2023-2026-902' })));
    expect(await pull()).toMatchObject({ result: 'stored' });
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 0, reason: '' });
  });

  it.each([503, 429])('is retryable while the site answers %i, after three tries of its own', async (status) => {
    site.status = status;
    const visits = site.visits;
    expect(await world.failure('PullFeed', { feed: FEED })).toMatchObject({ errorType: 'Retryable', errorMessage: expect.stringContaining(`answers ${status}`) });
    expect(site.visits - visits).toBe(3);
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 1 });
  });

  it('is retryable while the record is busy: the cursor stays, so that the next try reads everything again', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-905' })));
    world.fail({ call: 'dynamodb:BatchWriteItem', when: 'before', ...THROTTLED });
    expect(await world.failure('PullFeed', { feed: FEED })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    expect(await pull()).toMatchObject({ result: 'stored' });
  });

  it('is terminal for a feed that does not exist and for input of another form', async () => {
    expect(await world.failure('PullFeed', { feed: 'nobody' })).toMatchObject({ errorType: 'Terminal', errorMessage: expect.stringContaining('no feed is called nobody') });
    expect(await world.failure('PullFeed', {})).toMatchObject({ errorType: 'Terminal' });
  });
});
