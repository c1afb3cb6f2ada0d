import { describe, expect, it } from 'vitest';
import { alasRss } from '../../lambdas/feeds/alas-rss.ts';
import type { Fetch } from '../../lambdas/feeds/fetch.ts';
import { NOW, failure, pull } from './site.ts';
import type { Files } from './site.ts';

const AL2 = 'https://alas.aws.amazon.com/AL2/alas.rss';
const AL2023 = 'https://alas.aws.amazon.com/AL2023/alas.rss';

function item(page: string, more: { title?: string; date?: string; description?: string } = {}): string {
  const { title = 'ALAS-2026-1106 (medium): 389-ds-base', date = 'Thu, 19 Nov 2026 00:10:00 GMT', description = 'CVE-2026-14648' } = more;
  return `<item><title>${title}</title><description>\n ${description}\n</description><pubDate>${date}</pubDate>
<guid>https://alas.aws.amazon.com/${page}.html</guid><link>https://alas.aws.amazon.com/${page}.html</link></item>`;
}

function rss(...items: string[]): string {
  return `<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">
<channel><title>Amazon Linux Security Bulletins</title><ttl>35</ttl>${items.join('\n')}</channel></rss>`;
}

const OLD = item('AL2/ALAS-2018-939', { date: 'Tue, 16 Jan 2018 01:28:00 GMT' });
const NEWEST = item('AL2023/ALAS2023-2026-1695');
const LATER = { date: 'Fri, 20 Nov 2026 10:00:00 GMT' };
const FILES: Files = { [AL2]: rss(item('AL2/ALAS-2026-1106'), OLD), [AL2023]: rss(NEWEST) };

async function cursorOf(files: Files): Promise<string> {
  return (await pull(alasRss, files)).pulled.cursor;
}

describe('the news of the Amazon Linux Security Center', () => {
  it('name the feeds that have something new, and store nothing else', async () => {
    const { pulled, archived } = await pull(alasRss, FILES);
    expect(pulled).toMatchObject({
      kind: 'trigger',
      feeds: ['amazon-linux-2', 'amazon-linux-2-extras', 'amazon-linux-2023', 'amazon-linux-2023-livepatch'],
      health: { records: 3, newest: '2026-11-19T00:10:00.000Z', stale: false },
    });
    expect(archived.map(String)).toEqual(expect.arrayContaining([FILES[AL2], FILES[AL2023]]));
  });

  it('cost two requests and trigger nothing while the newest advisory is the same', async () => {
    const cursor = await cursorOf(FILES);
    const visit = await pull(alasRss, FILES, { cursor });
    expect(visit.pulled.kind).toBe('unchanged');
    expect([visit.asked.length, visit.archived.length]).toEqual([2, 0]);
    const repainted = { ...FILES, [AL2]: String(FILES[AL2]).replace('Security Bulletins', 'News') };
    expect((await pull(alasRss, repainted, { cursor })).pulled.kind).toBe('unchanged');
  });

  it.each<[string, string[]]>([
    ['a new advisory', [item('AL2023/ALAS2023-2026-1696', LATER), NEWEST]],
    ['a re-issue with a new date', [item('AL2023/ALAS2023-2026-1695', LATER)]],
    ['one more that is not the newest', [NEWEST, item('AL2023/ALAS2023-2026-1694', { date: 'Wed, 18 Nov 2026 10:00:00 GMT' })]],
  ])('trigger the feeds of one release for %s', async (_, items) => {
    expect((await pull(alasRss, { ...FILES, [AL2023]: rss(...items) }, { cursor: await cursorOf(FILES) })).pulled).toMatchObject({
      kind: 'trigger',
      feeds: ['amazon-linux-2023', 'amazon-linux-2023-livepatch'],
    });
  });

  it('take the newest by its date, wherever it stands, and cut the future to the present', async () => {
    const files = { ...FILES, [AL2]: rss(OLD, item('AL2/ALAS-2026-1106')) };
    expect((await pull(alasRss, files)).pulled.health.newest).toBe('2026-11-19T00:10:00.000Z');
    const ahead = { ...FILES, [AL2]: rss(item('AL2/ALAS-2026-1106', { date: 'Thu, 19 Nov 2099 00:10:00 GMT' })) };
    expect((await pull(alasRss, ahead)).pulled.health.newest).toBe(new Date(NOW).toISOString());
  });

  it('read the same advisory from its short and from its long id', async () => {
    const short = await cursorOf({ ...FILES, [AL2023]: rss(item('AL2023/ALAS-2026-1695')) });
    expect((await pull(alasRss, FILES, { cursor: short })).pulled.kind).toBe('unchanged');
  });

  it('never trust titles and texts', async () => {
    const forged = item('x', { title: 'ALAS-2026-9999 (critical): kernel', description: '&lt;script&gt;' });
    const foreign = forged.replaceAll('https://alas.aws.amazon.com/x.html', 'https://evil.example/AL2/ALAS-2026-9999.html');
    const { pulled } = await pull(alasRss, { ...FILES, [AL2]: rss(foreign, forged, item('AL2/ALAS-2026-1106')) });
    expect(pulled.health.records).toBe(2);
    expect(pulled.cursor).not.toMatch(/9999|script/);
  });

  it('ask with the ETag of each list', async () => {
    const seen: (string | undefined)[] = [];
    const fetch: Fetch = (url, { etag }) => {
      seen.push(etag);
      return Promise.resolve(etag ? { kind: 'unchanged' } : { kind: 'bytes', bytes: Buffer.from(FILES[url] ?? ''), etag: `"${url}"` });
    };
    const { cursor } = (await pull(alasRss, {}, { fetch })).pulled;
    expect((await pull(alasRss, {}, { fetch, cursor })).pulled.kind).toBe('unchanged');
    expect(seen).toEqual([undefined, undefined, `"${AL2}"`, `"${AL2023}"`]);
  });
});

describe('a list that cannot be had', () => {
  it('does not silence the other, and is said', async () => {
    const { pulled } = await pull(alasRss, { [AL2023]: String(FILES[AL2023]) });
    expect(pulled).toMatchObject({ kind: 'trigger', feeds: ['amazon-linux-2023', 'amazon-linux-2023-livepatch'], health: { skipped: 1 } });
    expect(pulled.health.problems).toEqual([`${AL2} answers 404`]);
    const healed = await pull(alasRss, FILES, { cursor: pulled.cursor });
    expect(healed.pulled).toMatchObject({ feeds: ['amazon-linux-2', 'amazon-linux-2-extras'] });
  });

  it.each<[string, string, string]>([
    ['a web page', '<!doctype html><html></html>', 'web-page'],
    ['no XML', '{"items":[]}', 'bad-xml'],
    ['another document', '<feed></feed>', 'reshaped'],
    ['cut off', rss(OLD).slice(0, -40), 'bad-xml'],
    ['without advisories', rss(), 'empty'],
    ['with a DTD', `<!DOCTYPE rss [<!ENTITY a "b">]>${rss(OLD).slice(40)}`, 'forbidden-xml'],
    ['without dates', rss(OLD.replace(/<pubDate>.*<\/pubDate>/, '')), 'empty'],
  ])('because both are %s is an error', async (_, text, code) => {
    expect((await failure(alasRss, { [AL2]: text, [AL2023]: text })).code).toBe(code);
  });
});
