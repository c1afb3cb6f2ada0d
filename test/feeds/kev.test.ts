import { describe, expect, it } from 'vitest';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import type { Fetch } from '../../lambdas/feeds/fetch.ts';
import { knownExploited } from '../../lambdas/feeds/kev.ts';
import { KEV, NOW, all, failure, pull } from './site.ts';

interface Entry {
  [member: string]: unknown;
}

function entry(cve: string, more: Entry = {}): Entry {
  return {
    cveID: cve,
    vendorProject: 'Sudo',
    product: 'Sudo',
    vulnerabilityName: 'x',
    dateAdded: '2026-11-19',
    shortDescription: 'x',
    requiredAction: 'x',
    dueDate: '2026-12-10',
    knownRansomwareCampaignUse: 'Unknown',
    notes: '',
    cwes: [],
    ...more,
  };
}

function catalogue(entries: unknown[], more: Entry = {}): string {
  return JSON.stringify({
    title: 'x',
    catalogVersion: '2026.11.19',
    dateReleased: '2026-11-19T18:00:00Z',
    count: entries.length,
    vulnerabilities: entries,
    ...more,
  });
}

function many(count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => entry(`CVE-2026-${10_000 + index}`));
}

describe('the KEV feed', () => {
  it('yields the whole set, and archives the file before it reads it', async () => {
    const text = catalogue([
      entry('CVE-2025-32463'),
      entry('CVE-2024-4577', {
        vendorProject: 'PHP Group',
        product: 'PHP',
        knownRansomwareCampaignUse: 'Known',
        dateAdded: '2024-06-12',
        dueDate: '2024-07-03',
      }),
    ]);
    const { pulled, archived } = await pull(knownExploited, { [KEV]: text });
    expect(archived.map(String)).toEqual([text]);
    expect(pulled).toMatchObject({
      kind: 'exploited',
      raw: { url: KEV },
      health: { records: 2, newest: '2026-11-19T00:00:00.000Z', stale: false },
    });
    expect(pulled.kind === 'exploited' && (await all(pulled.exploited))).toEqual([
      { cve: 'CVE-2025-32463', added: '2026-11-19', due: '2026-12-10', ransomware: false, product: 'Sudo Sudo' },
      { cve: 'CVE-2024-4577', added: '2024-06-12', due: '2024-07-03', ransomware: true, product: 'PHP Group PHP' },
    ]);
  });

  it('asks with the ETag of the last answer, and is unchanged when the site says so', async () => {
    const seen: (string | undefined)[] = [];
    const fetch: Fetch = (_, options) => {
      seen.push(options.etag);
      if (options.etag === '"v1"') return Promise.resolve({ kind: 'unchanged' });
      return Promise.resolve({ kind: 'bytes', bytes: Buffer.from(catalogue(many(2))), etag: '"v1"' });
    };
    const first = await pull(knownExploited, {}, { fetch });
    const second = await pull(knownExploited, {}, { fetch, cursor: first.pulled.cursor });
    expect(seen).toEqual([undefined, '"v1"']);
    expect(second.pulled).toMatchObject({ kind: 'unchanged', cursor: first.pulled.cursor, health: { records: 2 } });
  });

  it('is unchanged when the bytes are the same, and changed when an entry is, though the version is not', async () => {
    const { cursor } = (await pull(knownExploited, { [KEV]: catalogue(many(3)) })).pulled;
    expect((await pull(knownExploited, { [KEV]: catalogue(many(3)) }, { cursor })).pulled.kind).toBe('unchanged');
    const flipped = [entry('CVE-2026-10000', { knownRansomwareCampaignUse: 'Known' }), ...many(3).slice(1)];
    expect((await pull(knownExploited, { [KEV]: catalogue(flipped) }, { cursor })).pulled.kind).toBe('exploited');
  });

  it('is stale when nothing was added for a week', async () => {
    const now = NOW + 4 * 86_400_000;
    expect((await pull(knownExploited, { [KEV]: catalogue(many(1)) }, { now })).pulled.health.stale).toBe(true);
  });

  it('leaves out single entries that cannot be read', async () => {
    const { pulled } = await pull(knownExploited, { [KEV]: catalogue([...many(250), entry('CVE-20-1'), entry('CVE-2026-10000')]) });
    expect(pulled.health).toMatchObject({ records: 250, skipped: 2 });
    expect(pulled.health.problems[1]).toBe('CVE-2026-10000: comes twice; the first one counts');
  });
});

describe('a broken catalogue is a plain error', () => {
  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'bad-json'],
    ['a web page', '<html><head><title>Access Denied</title>', 'web-page'],
    ['a cut-off file', catalogue(many(20)).slice(0, 3_000), 'bad-json'],
    ['text that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'bad-json'],
    ['deep nesting', '['.repeat(400_000), 'bad-json'],
    ['endless nesting', '['.repeat(5_000_000), 'too-large'],
    ['another form', '{"items":[]}', 'reshaped'],
    ['no object', 'null', 'reshaped'],
    ['a version of another form', catalogue(many(2), { catalogVersion: 'next' }), 'reshaped'],
    ['fewer entries than it says', catalogue(many(2), { count: 3 }), 'incomplete'],
    ['no entries', catalogue([]), 'empty'],
    ['entries without CVE', catalogue([entry('')]), 'bad-records'],
    ['entries that are no objects', catalogue([1, 'x', null]), 'bad-records'],
    ['dates that are none', catalogue([entry('CVE-2026-1000', { dateAdded: '19 Nov' })]), 'bad-records'],
  ])('%s', async (_, text, code) => {
    expect((await failure(knownExploited, { [KEV]: text })).code).toBe(code);
  });

  it('an older one than was there before, which may heal by itself', async () => {
    const { cursor } = (await pull(knownExploited, { [KEV]: catalogue(many(2)) })).pulled;
    const error = await failure(knownExploited, { [KEV]: catalogue(many(3), { catalogVersion: '2026.11.18' }) }, { cursor });
    expect(error).toMatchObject({ code: 'older', retryable: true });
  });

  it('one that lost more than a tenth of its entries', async () => {
    const { cursor } = (await pull(knownExploited, { [KEV]: catalogue(many(100)) })).pulled;
    expect((await failure(knownExploited, { [KEV]: catalogue(many(89)) }, { cursor })).code).toBe('shrunk');
  });

  it('an answer "unchanged" to a question that was not asked', async () => {
    await expect(pull(knownExploited, {}, { fetch: () => Promise.resolve({ kind: 'unchanged' }) })).rejects.toBeInstanceOf(FeedError);
  });

  it('with words that are safe to print', async () => {
    const { message } = await failure(knownExploited, { [KEV]: catalogue([entry('CVE-1\u001b[31m<script>')]) });
    expect(message).not.toMatch(/\p{Cc}|<script/u);
  });
});

describe('the KEV feed, where CISA refuses to answer', () => {
  const COPY = 'https://raw.githubusercontent.com/cisagov/kev-data/HEAD/known_exploited_vulnerabilities.json';
  const text = catalogue(many(3));

  it('is read from the copy that CISA itself keeps, and says so', async () => {
    const { pulled, asked } = await pull(knownExploited, { [COPY]: text });
    expect(asked).toEqual([KEV, COPY]);
    expect(pulled).toMatchObject({
      kind: 'exploited',
      raw: { url: COPY },
      health: { records: 3, note: `read from CISA's copy at raw.githubusercontent.com, because ${KEV} answers 404` },
    });
    expect(knownExploited.hosts).toContain('raw.githubusercontent.com');
  });

  it.each(['unreachable', 'throttled', 'redirected', 'web-page'] as const)('does so as well when the site is %s', async (code) => {
    const fetch: Fetch = (url) =>
      url === KEV ? Promise.reject(new FeedError(code, 'no')) : Promise.resolve({ kind: 'bytes', bytes: Buffer.from(text), etag: undefined });
    expect((await pull(knownExploited, {}, { fetch })).pulled).toMatchObject({ kind: 'exploited', raw: { url: COPY } });
  });

  it('asks the site first again the next time, and tells an unchanged file whichever answers', async () => {
    const { cursor } = (await pull(knownExploited, { [COPY]: text })).pulled;
    const again = await pull(knownExploited, { [KEV]: text, [COPY]: text }, { cursor });
    expect([again.pulled.kind, again.pulled.health.note, again.asked]).toEqual(['unchanged', '', [KEV]]);
    const without = await pull(knownExploited, { [COPY]: text }, { cursor: again.pulled.cursor });
    expect(without.pulled).toMatchObject({ kind: 'unchanged', health: { note: expect.stringContaining('raw.githubusercontent.com') } });
  });

  it('never shows one address the ETag of the other', async () => {
    const shown: (string | undefined)[] = [];
    const fetch =
      (site: boolean): Fetch =>
      (url, { etag }) => {
        shown.push(etag);
        if (url === KEV && !site) return Promise.reject(new FeedError('refused', 'no'));
        return Promise.resolve({ kind: 'bytes', bytes: Buffer.from(text), etag: url === KEV ? 'of the site' : 'of the copy' });
      };
    const first = (await pull(knownExploited, {}, { fetch: fetch(false) })).pulled;
    const second = (await pull(knownExploited, {}, { cursor: first.cursor, fetch: fetch(false) })).pulled;
    const third = (await pull(knownExploited, {}, { cursor: second.cursor, fetch: fetch(true) })).pulled;
    await pull(knownExploited, {}, { cursor: third.cursor, fetch: fetch(true) });
    expect(shown).toEqual([undefined, undefined, undefined, 'of the copy', undefined, 'of the site']);
  });

  it('does not look elsewhere for what is data and broken', async () => {
    expect(await failure(knownExploited, { [KEV]: '{', [COPY]: text })).toMatchObject({ code: 'bad-json' });
    const { cursor } = (await pull(knownExploited, { [KEV]: text })).pulled;
    const older = catalogue(many(3), { catalogVersion: '2026.11.01' });
    expect(await failure(knownExploited, { [COPY]: older }, { cursor })).toMatchObject({ code: 'older', retryable: true });
  });

  it('says what is wrong with both where neither answers', async () => {
    expect(await failure(knownExploited, {})).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/answers 404; nor can CISA's copy be read: .*raw\.githubusercontent\.com.* answers 404$/),
    });
  });
});
