import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readOpenExposures } from '../../lambdas/aws/exposures.ts';
import { loadKnowledge } from '../../lambdas/aws/knowledge.ts';
import { readLines } from '../../lambdas/aws/lines.ts';
import { amazon, KEV, many, MIRROR_LIST, packed, rpm, sha256, update } from '../feeds/site.ts';
import { THROTTLED } from './faults.ts';
import { PLATFORM } from './fleet.ts';
import { FACTS, seedFacts } from './rollouts.ts';
import { createSite } from './sites.ts';
import { createWorld } from './world.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { Site } from './sites.ts';
import type { World } from './world.ts';

const FEED = 'amazon-linux-2023';
const DONE = { feed: FEED, run: '', bucket: '', key: '' };

let world: World;
let site: Site;

beforeAll(async () => {
  site = await createSite();
  world = await createWorld({ internet: { '*': site.url } });
});
beforeEach(async () => {
  // A person has accepted whatever comes: as if it were the first pull.
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

/** What is loaded for a fleet, without what was withdrawn. */
async function known(): Promise<Advisory[]> {
  const { advisories } = await loadKnowledge(world, [PLATFORM]);
  return advisories.filter(({ withdrawn }) => withdrawn === undefined).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function stored(Key: string): Promise<Buffer> {
  const { Body } = await world.cloud.call(world.administrator, 's3', 'GetObject', { Bucket: world.store.bucket, Key });
  return Buffer.from(Body);
}

function metric(name: string): { [name: string]: unknown } {
  const line = world.log('PullFeed').findLast((one) => one.includes(`"${name}":`));
  return JSON.parse(line ?? '{}') as { [name: string]: unknown };
}

const writes = (): number => world.calls('s3:PutObject') + world.calls('dynamodb:PutItem') + world.calls('dynamodb:BatchWriteItem');

describe('PullFeed', () => {
  it('archives what it read, stores advisories by release and by id, and writes down how the feed is', async () => {
    const bytes = packed(update({ id: 'ALAS2023-2026-901' }), update({ id: 'ALAS2023-2026-902' }));
    site.files = amazon(bytes);
    expect(await pull()).toEqual({ ...DONE, result: 'stored', changed: 2, reason: '' });
    expect((await known()).map(({ id }) => id)).toEqual(['ALAS2023-2026-901', 'ALAS2023-2026-902']);
    const [row] = await world.record.advisory('alas', 'ALAS2023-2026-901');
    expect(row).toMatchObject({
      feed: FEED,
      document: { id: 'ALAS2023-2026-901', severity: 'important' },
      seen: new Date(world.clock.now()).toISOString(),
    });
    expect(await stored(`raw/${FEED}/${sha256(bytes)}`)).toEqual(bytes);
    expect(await world.record.feed(FEED)).toMatchObject({
      failures: 0,
      reason: '',
      records: 2,
      skipped: 0,
      stale: true,
      newest: '2026-10-20T19:20:00.000Z',
      lastSuccess: new Date(world.clock.now()).toISOString(),
      lastTried: new Date(world.clock.now()).toISOString(),
    });
    expect(metric('FeedStale')).toMatchObject({ FeedStale: 1, feed: FEED });
  });

  it('leaves everything as it is when it comes again and nothing has changed', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' })));
    await pull();
    // Until exposures were reckoned with it, it is news.
    await world.answer('CloseIntake', { scan: 'scan-1' });
    const before = await known();
    await world.pass(3_600);
    const count = writes();
    expect(await pull()).toEqual({ ...DONE, result: 'unchanged', changed: 0, reason: '' });
    expect(writes()).toBe(count);
    expect(await known()).toEqual(before);
    expect(await world.record.feed(FEED)).toMatchObject({ lastSuccess: new Date(world.clock.now()).toISOString() });
  });

  it('has stored what it has stored, though what that replaces cannot be removed', async () => {
    const ends: unknown[] = [];
    for (const count of [40, 41, 42]) {
      site.files = amazon(packed(...many(count)));
      if (count === 42) world.fail({ call: 's3:DeleteObject', when: 'before', ...THROTTLED });
      ends.push(await pull());
      await world.pass(60);
    }
    expect(ends.at(-1)).toMatchObject({ result: 'stored', changed: 1 });
    expect(world.log('PullFeed').some((line) => line.includes('was not all removed'))).toBe(true);
  });

  it('counts only what changed in substance; a re-issue is stored and starts nothing', async () => {
    const [first = '', second = '', ...rest] = many(20);
    site.files = amazon(packed(first, second, ...rest));
    await pull();
    const changed = first.replace('<severity>Important</severity>', '<severity>Critical</severity>');
    const reissued = second.replace('2026-10-21 02:44:00', '2026-11-01 02:44:00');
    site.files = amazon(packed(changed, reissued, ...rest));
    const rows = world.calls('dynamodb:PutItem');
    expect(await pull()).toMatchObject({ result: 'stored', changed: 1 });
    expect(world.calls('dynamodb:PutItem') - rows).toBe(2);
    expect((await known()).find(({ id }) => id === 'ALAS2023-2026-1001')).toMatchObject({ severity: 'critical' });
    const [row] = await world.record.advisory('alas', 'ALAS2023-2026-1002');
    expect(row).toMatchObject({ updated: '2026-11-01T02:44:00.000Z', document: { severity: 'important' } });
  });

  it('keeps what the last change has replaced for who is reading it, and nothing older', async () => {
    const objects = async (): Promise<number> => {
      const { Contents = [] } = await world.cloud.call(world.administrator, 's3', 'ListObjectsV2', {
        Bucket: world.store.bucket,
        Prefix: `advisories/${FEED}/`,
      });
      return (Contents as unknown[]).length;
    };
    const counts: number[] = [];
    for (const count of [30, 31, 32, 33]) {
      site.files = amazon(packed(...many(count)));
      await pull();
      counts.push(await objects());
    }
    expect(counts.slice(2)).toEqual([counts[1], counts[1]]);
    expect(await known()).toHaveLength(33);
  });

  it('withdraws what is gone, and takes it back when it is there again', async () => {
    const updates = many(20);
    site.files = amazon(packed(...updates));
    await pull();
    await world.pass(60);
    site.files = amazon(packed(...updates.slice(1)));
    expect(await pull()).toMatchObject({ result: 'stored', changed: 1 });
    expect((await known()).map(({ id }) => id)).not.toContain('ALAS2023-2026-1001');
    const { advisories } = await loadKnowledge(world, [PLATFORM]);
    expect(advisories.find(({ id }) => id === 'ALAS2023-2026-1001')?.withdrawn).toBe(new Date(world.clock.now()).toISOString());
    expect((await world.record.advisory('alas', 'ALAS2023-2026-1001'))[0]).toMatchObject({ document: { withdrawn: expect.any(String) } });
    site.files = amazon(packed(...updates));
    expect(await pull()).toMatchObject({ result: 'stored', changed: 1 });
    expect(await known()).toHaveLength(20);
  });

  it('does not take an advisory for gone that it could not read', async () => {
    const updates = many(120);
    site.files = amazon(packed(...updates));
    await pull();
    const [first = ''] = updates;
    site.files = amazon(packed(first.replace('2026-10-20 19:20:00', 'one day'), ...updates.slice(1)));
    expect(await pull()).toMatchObject({ result: 'stored', changed: 0 });
    expect(await known()).toHaveLength(120);
    expect(await world.record.feed(FEED)).toMatchObject({ skipped: 1, problems: [expect.stringContaining('ALAS2023-2026-1001')] });
    expect(metric('FeedSkipped')).toMatchObject({ FeedSkipped: 1, feed: FEED });
  });

  it('stores the known exploited CVEs, and to the record only those that changed', async () => {
    const entry = (cveID: string, ransomware = 'Known') => ({
      cveID,
      vendorProject: 'OpenSSL',
      product: 'OpenSSL',
      dateAdded: '2026-10-01',
      dueDate: '2026-10-22',
      knownRansomwareCampaignUse: ransomware,
    });
    const catalogue = (version: string, ...entries: object[]) => ({
      [KEV]: JSON.stringify({
        title: 'CISA Catalog',
        catalogVersion: version,
        dateReleased: '2026-10-01T15:00:00Z',
        count: entries.length,
        vulnerabilities: entries,
      }),
    });
    site.files = catalogue('2026.10.01', entry('CVE-2023-3446'), entry('CVE-2023-3447'));
    expect(await pull('cisa-kev')).toMatchObject({ feed: 'cisa-kev', result: 'stored', changed: 2 });
    const { exploited } = await loadKnowledge(world, []);
    expect(exploited.get('CVE-2023-3446')).toEqual({
      cve: 'CVE-2023-3446',
      added: '2026-10-01',
      due: '2026-10-22',
      ransomware: true,
      product: expect.stringContaining('OpenSSL'),
    });
    site.files = catalogue('2026.10.02', entry('CVE-2023-3446'), entry('CVE-2023-3447', 'Unknown'));
    expect(await pull('cisa-kev')).toMatchObject({ result: 'stored', changed: 1 });
    expect(await world.record.cve('known-exploited', 'CVE-2023-3447')).toMatchObject({ document: { ransomware: false } });
  });

  it('answers with a value when the feed is broken, keeps the last good data, and counts', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' })));
    await pull();
    const before = await known();
    const success = (await world.record.feed(FEED))?.lastSuccess;
    await world.pass(3_600);
    site.files = amazon(Buffer.from('this is not gzip'));
    const broken = await pull();
    expect(broken).toMatchObject({ result: 'failed', changed: 0, reason: expect.stringMatching(/\S/) });
    expect(await pull()).toEqual(broken);
    expect(await known()).toEqual(before);
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 2, reason: broken.reason, code: 'bad-xml', lastSuccess: success });
    expect(metric('FeedFailed')).toMatchObject({ FeedFailed: 1, feed: FEED });
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' }), update({ id: 'ALAS2023-2026-902' })));
    expect(await pull()).toMatchObject({ result: 'stored' });
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 0, reason: '', code: '' });
  });

  it.each([503, 429])('is retryable while the site answers %i, after three tries of its own', async (status) => {
    site.status = status;
    const visits = site.visits;
    expect(await world.failure('PullFeed', { feed: FEED })).toMatchObject({
      errorType: 'Retryable',
      errorMessage: expect.stringContaining(`answers ${status}`),
    });
    expect(site.visits - visits).toBe(3);
    expect(await world.record.feed(FEED)).toMatchObject({ failures: 1 });
  });

  it('is retryable while the record is busy: the cursor stays, so that the next try reads everything again', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-905' })));
    world.fail({ call: 'dynamodb:PutItem', when: 'before', ...THROTTLED });
    expect(await world.failure('PullFeed', { feed: FEED })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    expect(await pull()).toMatchObject({ result: 'stored' });
  });

  it('says of an error of its own that it is one, and fails', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' })));
    await pull();
    const { index = '' } = (await world.record.feed(FEED)) ?? {};
    const sound = await stored(index);
    await world.store.putBytes(index, Buffer.from('no gzip'));
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' }), update({ id: 'ALAS2023-2026-902' })));
    expect(await world.failure('PullFeed', { feed: FEED })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.record.feed(FEED)).toMatchObject({
      failures: 1,
      code: 'fault',
      reason: expect.stringContaining('an error of Wavelock: Error: incorrect header check'),
    });
    expect(metric('FeedFailed')).toMatchObject({ FeedFailed: 1, feed: FEED });
    await world.store.putBytes(index, sound);
    expect(await pull()).toMatchObject({ result: 'stored', changed: 1 });
  });

  it('is terminal for a feed that does not exist and for input of another form', async () => {
    expect(await world.failure('PullFeed', { feed: 'nobody' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no feed is called nobody'),
    });
    expect(await world.failure('PullFeed', {})).toMatchObject({ errorType: 'Terminal' });
  });
});

describe('PullFeed, of an advisory with thousands of packages', () => {
  const names = Array.from({ length: 6_200 }, (_, index) => `texlive-collection-recommended-${index}`);
  const texlive = update({
    id: 'ALAS2023-2026-950',
    packages: names.flatMap((name) => ['x86_64', 'aarch64'].map((arch) => rpm(name, '11:20210325-52.amzn2023.0.3', arch))).join(''),
  });

  it('has a row of all but the packages, shards of everything, and exposes whoever has one of them', async () => {
    site.files = amazon(packed(texlive));
    expect(await pull()).toMatchObject({ result: 'stored', reason: '' });
    const [row] = await world.record.advisory('alas', 'ALAS2023-2026-950');
    expect(row).toMatchObject({
      where: ['amazon-linux-2023'],
      document: { id: 'ALAS2023-2026-950', title: 'Update ALAS2023-2026-950', cves: ['CVE-2023-3446'], affected: [] },
    });
    expect((await known())[0]?.affected).toHaveLength(12_400);
    const installed = [...FACTS.installed, ...names.slice(-3_000).map((name) => ({ name, arch: 'x86_64', version: '11:20210325-49.amzn2023.0.3' }))];
    await seedFacts(world, { ...FACTS, installed, available: [] });
    await world.answer('CloseIntake', { scan: 'scan-950' });
    const exposure = (await readOpenExposures(world.store))?.exposures.find(({ advisory }) => advisory === 'ALAS2023-2026-950');
    expect(exposure).toMatchObject({ state: 'exposed', nodes: 8, title: 'Update ALAS2023-2026-950', cves: ['CVE-2023-3446'] });
    expect(exposure?.packages[0]).toMatchObject({ installed: '11:20210325-49.amzn2023.0.3', fixed: '11:20210325-52.amzn2023.0.3' });
  });

  it('names what is larger than anything a vendor has, and goes on naming it while nothing changes', async () => {
    const hostile = update({ id: 'ALAS2023-2026-951', packages: '<package name="a"/>'.repeat(100_001) });
    site.files = amazon(packed(...many(120), hostile));
    expect(await pull()).toMatchObject({ result: 'stored' });
    const named = { skipped: 1, problems: ['ALAS2023-2026-951: lists more than 100000 packages or references'] };
    expect(await world.record.feed(FEED)).toMatchObject(named);
    expect(await pull()).toMatchObject({ result: 'unchanged' });
    expect(await world.record.feed(FEED)).toMatchObject(named);
  });
});

describe('PullFeed, of a repository that the policy file names', () => {
  const repository = { name: 'corp', url: 'https://mirror.example.com/corp/', os: 'rhel', release: '9' };
  const at = (bytes: Buffer): Site['files'] => {
    const { [MIRROR_LIST]: _list, ...files } = amazon(bytes);
    return Object.fromEntries(
      Object.entries(files).map(([address, content]) => [`${repository.url}repodata/${address.slice(address.lastIndexOf('/') + 1)}`, content]),
    );
  };

  it('reads it as its own feed, for the release that it is for', async () => {
    site.files = at(packed(update({ id: 'CORP-2026:1', collection: 'corp' })));
    expect(await world.answer('PullFeed', { feed: 'repo-corp', repository })).toMatchObject({ feed: 'repo-corp', result: 'stored', changed: 1 });
    const { advisories } = await loadKnowledge(world, ['rhel-9-x86_64']);
    expect(advisories.filter(({ source }) => source === 'repo-corp')).toMatchObject([
      { id: 'CORP-2026:1', affected: [{ os: 'rhel', release: '9' }] },
    ]);
  });

  it('is no feed without its address', async () => {
    expect(await world.failure('PullFeed', { feed: 'repo-corp' })).toMatchObject({ errorType: 'Terminal' });
  });
});

describe('PullFeed, with another one at work', () => {
  it('lets the one that stores first win; the other is told to try again on top of it', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' })));
    await pull();
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901' }), update({ id: 'ALAS2023-2026-902' })));
    const ends = await Promise.allSettled([pull(), pull()]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: expect.stringMatching(/Retryable.*another intake/) },
    });
    expect((await known()).map(({ id }) => id)).toEqual(['ALAS2023-2026-901', 'ALAS2023-2026-902']);
    expect(await pull()).toMatchObject({ result: 'unchanged' });
  });

  it('never writes an older word about an advisory over a newer one', async () => {
    site.files = amazon(packed(update({ id: 'ALAS2023-2026-901', severity: 'Low' })));
    await pull();
    const [row] = await world.record.advisory('alas', 'ALAS2023-2026-901');
    if (!row) throw new Error('no row');
    await world.record.putAdvisories([{ ...row, substance: 'older', pulled: row.pulled - 1 }]);
    expect(await world.record.advisory('alas', 'ALAS2023-2026-901')).toEqual([row]);
  });
});

describe('PullFeed, with a newer parser', () => {
  it('reads again what it has archived, without the vendor, whose news come the next time', async () => {
    site.files = amazon(packed(...many(3)));
    await pull();
    const row = await world.record.feed(FEED);
    const { lastSuccess } = row ?? {};
    if (row?.parser === undefined || row.trail === undefined) throw new Error('nothing to read again');
    // As if the parser of then had been an older one, which read nothing.
    await world.record.setFeed(FEED, { parser: row.parser - 1 });
    await world.pass(60);
    const visits = site.visits;
    site.files = {};
    expect(await pull()).toMatchObject({ result: 'stored', changed: 0 });
    expect(site.visits).toBe(visits);
    expect(await known()).toHaveLength(3);
    expect(await world.record.feed(FEED)).toMatchObject({ parser: row.parser, lastSuccess, failures: 0 });
    site.files = amazon(packed(...many(4)));
    expect(await pull()).toMatchObject({ result: 'stored', changed: 1 });
  });

  it('asks the vendor where the archive does not do', async () => {
    site.files = amazon(packed(...many(3)));
    await pull();
    const row = await world.record.feed(FEED);
    await world.record.setFeed(FEED, { parser: (row?.parser ?? 1) - 1, trail: await emptyTrail() });
    expect(await pull()).toMatchObject({ result: 'stored' });
    expect(await world.record.feed(FEED)).toMatchObject({ parser: row?.parser });
  });

  async function emptyTrail(): Promise<string> {
    const { packLines } = await import('../../lambdas/aws/lines.ts');
    const { bytes } = await packLines([]);
    await world.store.putBytes('advisories/empty.gz', bytes);
    return 'advisories/empty.gz';
  }

  it('keeps on the way which address gave which bytes', async () => {
    const bytes = packed(...many(2));
    site.files = amazon(bytes);
    await pull();
    const { trail = '' } = (await world.record.feed(FEED)) ?? {};
    const footprints: { url: string; sha256: string }[] = [];
    for await (const line of readLines(await world.store.open(trail))) footprints.push(JSON.parse(line) as { url: string; sha256: string });
    expect(footprints.map(({ url }) => url)).toEqual(expect.arrayContaining([MIRROR_LIST]));
    expect(footprints.find(({ url }) => url.endsWith('updateinfo.xml.gz'))?.sha256).toBe(sha256(bytes));
  });
});
