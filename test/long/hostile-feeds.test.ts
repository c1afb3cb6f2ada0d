/**
 * Hostile and broken sites, met by the deployed bundle: whatever comes, the last good data stays, the feed's row says what happened, a
 * metric counts it, and other feeds go on. What the parsers themselves refuse has its tests beside them (test/feeds).
 */
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadKnowledge } from '../../lambdas/aws/knowledge.ts';
import { amazon, BASE, gzipBomb, KEV, many, MIRROR_LIST, packed, repomd, update, UPDATEINFO } from '../feeds/site.ts';
import { PLATFORM } from '../handlers/fleet.ts';
import { bucket, DEBIAN, notices, record, recordUrl } from '../handlers/osv.ts';
import { createSite } from '../handlers/sites.ts';
import { createWorld } from '../handlers/world.ts';
import type { FleetKnowledge } from '../../lambdas/aws/knowledge.ts';
import type { FeedRow } from '../../lambdas/aws/record.ts';
import type { Site } from '../handlers/sites.ts';
import type { World } from '../handlers/world.ts';

const FEED = 'amazon-linux-2023';
const PAGE = '<!DOCTYPE html>\n<html><body>We will be right back</body></html>';
const REPOMD = `${BASE}repodata/repomd.xml`;

let world: World;
let site: Site;

beforeAll(async () => {
  site = await createSite();
  world = await createWorld({ internet: { '*': site.url } });
});
beforeEach(async () => {
  for (const feed of [FEED, 'cisa-kev', DEBIAN]) await world.record.setFeed(feed, { cursor: '', failures: 0, reason: '', code: '' });
  site.answers = {};
  site.status = undefined;
  site.files = { ...amazon(packed(...many(200))), ...catalogue('2026.11.01', 100), ...bucket(...notices(150)) };
  for (const feed of [FEED, 'cisa-kev', DEBIAN]) {
    const { result } = await world.answer('PullFeed', { feed });
    if (result !== 'stored') throw new Error(`${feed} was not stored, but ${result}`);
  }
  await world.pass(60);
});
afterEach(() => world.mend());
afterAll(async () => {
  await site.close();
  await world.stop();
});

function catalogue(version: string, count: number): Site['files'] {
  const entry = (index: number) => ({
    cveID: `CVE-2026-${1000 + index}`,
    vendorProject: 'X',
    product: 'Y',
    dateAdded: '2026-10-01',
    dueDate: '2026-10-22',
    knownRansomwareCampaignUse: 'Unknown',
  });
  return { [KEV]: JSON.stringify({ catalogVersion: version, count, vulnerabilities: Array.from({ length: count }, (_, index) => entry(index)) }) };
}

async function known(): Promise<Pick<FleetKnowledge, 'advisories' | 'exploited'>> {
  const { advisories, exploited } = await loadKnowledge(world, [PLATFORM, 'debian-12-x86_64']);
  return { advisories, exploited };
}

async function rowOf(feed: string): Promise<FeedRow> {
  const row = await world.record.feed(feed);
  if (!row) throw new Error(`no row of ${feed}`);
  return row;
}

/** Metrics of failures that a feed has emitted so far. */
function failures(feed: string): number {
  return world.log('PullFeed').filter((line) => line.includes('"FeedFailed":1') && line.includes(`"feed":"${feed}"`)).length;
}

/** Pulls a feed that must fail so, and sees that nothing else happened. */
async function refused(feed: string, code: string, retryable = false): Promise<string> {
  const [before, row, counted] = [await known(), await rowOf(feed), failures(feed)];
  if (retryable) expect(await world.failure('PullFeed', { feed })).toMatchObject({ errorType: 'Retryable' });
  else expect(await world.answer('PullFeed', { feed })).toMatchObject({ feed, result: 'failed', changed: 0, reason: expect.stringMatching(/\S/) });
  expect(await known()).toEqual(before);
  const after = await rowOf(feed);
  expect(after).toMatchObject({ code, failures: 1, cursor: row.cursor, lastSuccess: row.lastSuccess, records: row.records });
  expect(after.reason).not.toMatch(/[\p{Cc}<>]/u);
  expect(failures(feed)).toBe(counted + 1);
  // The others are read all the same.
  const other = feed === 'cisa-kev' ? FEED : 'cisa-kev';
  site.status = undefined;
  expect(await world.answer('PullFeed', { feed: other })).toMatchObject({ result: 'unchanged' });
  return after.reason ?? '';
}

describe('a file that is not what it should be', () => {
  it('a gzip file that was cut off', async () => {
    site.files = { ...site.files, ...amazon(packed(...many(200)).subarray(0, 900)) };
    expect(await refused(FEED, 'bad-compression')).toMatch(/damaged or cut off/);
  });

  it('a gzip bomb: a small file that grows without end', async () => {
    site.files = { ...site.files, ...amazon(gzipBomb()) };
    expect(await refused(FEED, 'too-large')).toMatch(/more than 200 times its size/);
  });

  it('a flood of records that say nothing', async () => {
    site.files = { ...site.files, ...amazon(gzipSync(`<updates>${'<update/>'.repeat(20_000)}</updates>`)) };
    expect(await refused(FEED, 'bad-records')).toMatch(/10001 of the first 10001 records cannot be read/);
  });

  it('a file that is larger than any feed', async () => {
    site.answers[KEV] = (_, response) => response.writeHead(200, { 'content-length': String(5e9) }).end('{');
    expect(await refused('cisa-kev', 'too-large')).toMatch(/larger than 33554432 bytes/);
  });

  it('an XML entity that would grow or read files', async () => {
    const bomb = '<!DOCTYPE updates [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;&a;&a;">]>';
    site.files = { ...site.files, ...amazon(Buffer.from(`<?xml version="1.0"?>${bomb}<updates><update><id>&b;</id></update></updates>`)) };
    expect(await refused(FEED, 'forbidden-xml')).toMatch(/carries a document type, which may define entities/);
  });

  it('XML of endless depth', async () => {
    site.files = { ...site.files, ...amazon(gzipSync(`<updates>${'<a>'.repeat(100_000)}`)) };
    expect(await refused(FEED, 'forbidden-xml')).toMatch(/nests more than 20 elements/);
  });

  it('a web page in place of JSON', async () => {
    site.files[KEV] = PAGE;
    expect(await refused('cisa-kev', 'web-page')).toMatch(/web page/);
  });

  it('a web page in place of the list of a bucket', async () => {
    site.files['https://osv-vulnerabilities.storage.googleapis.com/Debian/modified_id.csv'] = PAGE;
    expect(await refused(DEBIAN, 'web-page')).toMatch(/is a web page, not data/);
  });

  it('text in another charset', async () => {
    site.files[KEV] = Buffer.from(String(site.files[KEV]).replace('"X"', '"Pr\u00fcfer"'), 'latin1');
    expect(await refused('cisa-kev', 'bad-json')).toMatch(/is no JSON/);
  });

  it('XML that says that it is in another charset', async () => {
    site.files = { ...site.files, ...amazon(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><updates></updates>')) };
    expect(await refused(FEED, 'reshaped')).toMatch(/written in ISO-8859-1, not UTF-8/);
  });

  it('huge fields', async () => {
    site.files = { ...site.files, ...amazon(gzipSync(`<updates><update><title>${'x'.repeat(6_000_000)}</title></update></updates>`)) };
    expect(await refused(FEED, 'too-large')).toMatch(/a single field of more than/);
  });
});

describe('a feed that has lost what it had', () => {
  it('is suddenly empty', async () => {
    site.files = { ...site.files, ...amazon(packed()) };
    expect(await refused(FEED, 'empty')).toMatch(/holds no record/);
  });

  it('is suddenly half its size', async () => {
    site.files = { ...site.files, ...amazon(packed(...many(100))) };
    expect(await refused(FEED, 'shrunk')).toMatch(/200 .*100/);
  });

  it('has as many records as before, but others: more than a tenth would be gone', async () => {
    const others = Array.from({ length: 200 }, (_, index) => update({ id: `ALAS2023-2026-${5000 + index}` }));
    site.files = { ...site.files, ...amazon(packed(...others)) };
    expect(await refused(FEED, 'shrunk')).toMatch(/200 of 200 advisories would be gone/);
  });

  it('is taken as it is once a person has cleared its cursor', async () => {
    site.files = { ...site.files, ...amazon(packed(...many(100))) };
    expect(await refused(FEED, 'shrunk')).toMatch(/had 200 records and now has 100/);
    await world.record.setFeed(FEED, { cursor: '' });
    expect(await world.answer('PullFeed', { feed: FEED })).toMatchObject({ result: 'stored', changed: 100 });
    const { advisories } = await known();
    expect(advisories.filter(({ source, withdrawn }) => source === 'alas' && withdrawn === undefined)).toHaveLength(100);
  });

  it('a bucket whose list has lost most of its records', async () => {
    site.files['https://osv-vulnerabilities.storage.googleapis.com/Debian/modified_id.csv'] = '2026-11-08T00:00:00Z,DSA-6001-1\n';
    expect(await refused(DEBIAN, 'shrunk')).toMatch(/had 150 records and now has 1/);
  });
});

describe('single records that are wrong', () => {
  it.each([
    ['control characters in a title', update({ id: 'ALAS2023-2026-4000', title: 'x&#x85;[31m &#x202e;&lt;b&gt;y&lt;/b&gt;' }), 1],
    ['the same id twice', update({ id: 'ALAS2023-2026-1001', severity: 'Low' }), 0],
    ['an id that would be a path', update({ id: '../../keys' }), 0],
    ['an id that is a word of the language', update({ id: 'ALASconstructor' }), 0],
    ['an id that would be a prototype', update({ id: '__proto__' }), 0],
  ])('are left out or cleaned: %s', async (_, odd, more) => {
    site.files = { ...site.files, ...amazon(packed(...many(200), odd)) };
    expect(await world.answer('PullFeed', { feed: FEED })).toMatchObject({ result: 'stored', changed: more });
    const { advisories } = await known();
    const own = advisories.filter(({ source, withdrawn }) => source === 'alas' && withdrawn === undefined);
    expect(own).toHaveLength(200 + more);
    for (const { title, id } of own) expect(`${title} ${id}`).not.toMatch(/[\p{Cc}\p{Cf}<>]|\.\./u);
    expect(own.find(({ id }) => id === 'ALAS2023-2026-1001')?.severity).toBe('important');
    expect(await rowOf(FEED)).toMatchObject({ failures: 0, skipped: 1 - more, records: 200 + more });
    const keys = await world.cloud.call(world.administrator, 's3', 'ListObjectsV2', { Bucket: world.store.bucket });
    for (const { Key } of keys.Contents as { Key: string }[]) expect(Key).toMatch(/^(advisories|raw|parts)\/[a-z0-9-]+\/[\w.-]+(\/[\w.-]+)?$/);
  });

  it('a record of the bucket that says it is another one, or is none', async () => {
    const list = '2026-11-09T00:00:00Z,DSA-7000-1\n2026-11-09T00:00:00Z,DSA-7001-1\n2026-11-09T00:00:00Z,DSA-../x\n';
    const address = 'https://osv-vulnerabilities.storage.googleapis.com/Debian/modified_id.csv';
    site.files[address] = list + String(site.files[address]);
    site.files[recordUrl('DSA-7000-1')] = record({ id: 'DSA-6001-1', fixed: '9.9' });
    site.files[recordUrl('DSA-7001-1')] = '[]';
    // One in a hundred may be broken, three of 152 are too many.
    expect(await refused(DEBIAN, 'bad-records')).toMatch(/2 of 152 records cannot be read, the first: DSA-7000-1: is the record of DSA-6001-1/);
    expect((await known()).advisories.find(({ id }) => id === 'DSA-6001-1')?.affected[0]?.fixedVersion).not.toBe('9.9');
  });
});

describe('a site that misbehaves', () => {
  it('redirects to another host', async () => {
    site.answers[KEV] = (_, response) => response.writeHead(302, { location: 'https://evil.example/kev.json' }).end();
    expect(await refused('cisa-kev', 'redirected')).toContain('evil.example');
  });

  it('redirects to the machine itself, where credentials might be had', async () => {
    site.answers[KEV] = (_, response) => response.writeHead(301, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    expect(await refused('cisa-kev', 'redirected')).toMatch(/redirects to another host: http:\/\/169\.254/);
  });

  it('names a mirror on another host', async () => {
    site.files[MIRROR_LIST] = 'https://mirror.evil.example/al2023/\n';
    expect(await refused(FEED, 'bad-mirror-list')).toMatch(/names no mirror on cdn\.amazonlinux\.com, but "https:\/\/mirror\.evil/);
  });

  it('names a file on another host in repomd.xml', async () => {
    site.files[REPOMD] = repomd(packed(...many(3)), 'https://evil.example/updateinfo.xml.gz');
    expect(await refused(FEED, 'redirected')).toMatch(/evil\.example\S* is not on cdn\.amazonlinux\.com/);
  });

  it.each([403, 404, 410])('answers %i', async (status) => {
    site.status = status;
    expect(await refused('cisa-kev', 'refused')).toContain(`answers ${status}`);
  });

  it.each([
    [429, 'throttled'],
    [500, 'unreachable'],
    [503, 'unreachable'],
  ])('answers %i for a while', async (status, code) => {
    site.status = status;
    expect(await refused('cisa-kev', code, true)).toMatch(new RegExp(`answers ${status}$`));
  });

  it('closes the connection in the middle of a file', async () => {
    site.answers[KEV] = (_, response) => response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy());
    expect(await refused('cisa-kev', 'unreachable', true)).toMatch(/cannot be read: aborted/);
  });

  it('sends another file than the one that it announces', async () => {
    site.files[UPDATEINFO] = packed(...many(201));
    site.files[REPOMD] = repomd(packed(...many(202)));
    expect(await refused(FEED, 'checksum-mismatch', true)).toMatch(/has sha256 \w+…, but the repository announces/);
  });
});

describe('ETags that lie', () => {
  it('"not modified" to somebody who has nothing', async () => {
    await world.record.setFeed('cisa-kev', { cursor: '' });
    site.answers[KEV] = (_, response) => response.writeHead(304).end();
    expect(await refused('cisa-kev', 'refused')).toMatch(/answers 304/);
  });

  it('the same ETag for another repomd.xml: its checksum counts', async () => {
    const sticky =
      (content: string): Site['answers'][string] =>
      (_, response) =>
        void response.writeHead(200, { etag: '"1"' }).end(content);
    site.answers[REPOMD] = sticky(repomd(packed(...many(200))));
    expect(await world.answer('PullFeed', { feed: FEED })).toMatchObject({ result: 'unchanged' });
    site.files[UPDATEINFO] = packed(...many(201));
    site.answers[REPOMD] = sticky(repomd(packed(...many(201))));
    expect(await world.answer('PullFeed', { feed: FEED })).toMatchObject({ result: 'stored', changed: 1 });
  });

  it('another ETag for the same bytes changes nothing', async () => {
    let etag = 0;
    site.answers[KEV] = (_, response) => response.writeHead(200, { etag: `"${(etag += 1)}"` }).end(site.files[KEV]);
    for (let time = 0; time < 2; time += 1) expect(await world.answer('PullFeed', { feed: 'cisa-kev' })).toMatchObject({ result: 'unchanged' });
  });

  it('a file that goes back to what it was before', async () => {
    site.files = { ...site.files, ...catalogue('2026.11.05', 101) };
    expect(await world.answer('PullFeed', { feed: 'cisa-kev' })).toMatchObject({ result: 'stored', changed: 1 });
    site.files = { ...site.files, ...catalogue('2026.11.01', 100) };
    expect(await refused('cisa-kev', 'older', true)).toMatch(/is version 2026\.11\.01, but 2026\.11\.05 was there before/);
  });
});
