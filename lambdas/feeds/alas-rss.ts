/**
 * The news of the Amazon Linux Security Center: one small file a release says within minutes that there is something to fetch. Only
 * that is taken from it. Titles, texts and the ids in it are no data: pages and updateinfo write ids differently, and pages lack epochs.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalAlasId } from './amazon-linux.ts';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Raw } from './feed.ts';
import { isStale, parseCursor } from './reading.ts';
import { rawOf } from './updateinfo-feed.ts';
import { createXmlReader } from './xml.ts';

const HOST = 'alas.aws.amazon.com';
/** Raise it when the same file would now be read differently. */
const PARSER = 1;
/** Bytes. The list of a release holds all its advisories, some hundred bytes each. */
const MAX_LIST = 16 * 1024 * 1024;
const QUIET_DAYS = 14;

/** Release, and the feeds that have news when its list has. */
const LISTS: readonly { release: string; feeds: readonly string[] }[] = [
  { release: '2', feeds: ['amazon-linux-2', 'amazon-linux-2-extras'] },
  { release: '2023', feeds: ['amazon-linux-2023', 'amazon-linux-2023-livepatch'] },
];

/** Newest item of a list. */
const Seen = z.strictObject({ id: z.string(), published: z.string(), items: z.number(), sha256: z.string(), etag: z.string().optional() });
type Seen = z.infer<typeof Seen>;

const Cursor = z.strictObject({ parser: z.literal(PARSER), lists: z.record(z.string(), Seen) });
type Cursor = z.infer<typeof Cursor>;

/** News of Amazon Linux 2 and 2023. */
export const alasRss: Feed = {
  name: 'alas-rss',
  source: 'alas',
  platforms: ['amazon-linux-2-', 'amazon-linux-2023-'],
  everyHours: 0.25,
  hosts: [HOST],
  pull,
};

/** One list that cannot be had does not silence the other; the updateinfo feeds ask by themselves as well. */
async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const lists: Record<string, Seen> = { ...before?.lists };
  const failures: FeedError[] = [];
  const raws: Raw[] = [];
  const feeds: string[] = [];
  for (const { release, feeds: concerned } of LISTS) {
    try {
      const { seen, raw } = await readList(context, release, before?.lists[release]);
      if (raw) raws.push(raw);
      if (isNews(seen, before?.lists[release])) feeds.push(...concerned);
      lists[release] = seen;
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      failures.push(error);
    }
  }
  if (failures[0] && failures.length === LISTS.length) throw failures[0];
  const cursor = JSON.stringify({ parser: PARSER, lists } satisfies Cursor);
  const health = healthOf(lists, failures, context.now);
  if (feeds.length === 0) return { kind: 'unchanged', cursor, health };
  return { kind: 'trigger', cursor, health, raw: await rawOf(context, raws), feeds };
}

/** Re-issues keep their id and get a new date. */
function isNews(seen: Seen, before: Seen | undefined): boolean {
  return seen.id !== before?.id || seen.published !== before.published || seen.items !== before.items;
}

function healthOf(lists: Record<string, Seen>, failures: readonly FeedError[], now: number): FeedHealth {
  const all = Object.values(lists);
  const records = all.reduce((sum, seen) => sum + seen.items, 0);
  const newest =
    all
      .map((seen) => seen.published)
      .toSorted()
      .at(-1) ?? '';
  const problems = failures.map((error) => error.message);
  return { records, newest, skipped: failures.length, problems, stale: isStale(newest, QUIET_DAYS, now) };
}

async function readList(context: PullContext, release: string, before: Seen | undefined): Promise<{ seen: Seen; raw?: Raw }> {
  const url = `https://${HOST}/AL${release}/alas.rss`;
  const fetched = await context.fetch(url, { maxBytes: MAX_LIST, ...(before?.etag === undefined ? {} : { etag: before.etag }) });
  if (fetched.kind === 'unchanged') {
    if (before) return { seen: before };
    throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
  }
  const sha256 = createHash('sha256').update(fetched.bytes).digest('hex');
  if (before?.sha256 === sha256) return { seen: { ...before, etag: fetched.etag } };
  refuseWebPage(fetched.bytes, url);
  const raw = { ...(await context.archive(fetched.bytes)), url };
  return { seen: { ...newestOf(fetched.bytes, url, { release, now: context.now }), sha256, etag: fetched.etag }, raw };
}

/** The newest of the items that name an advisory by the address of its page. Throws `FeedError` where there is none. */
function newestOf(bytes: Buffer, url: string, { release, now }: { release: string; now: number }): Omit<Seen, 'sha256' | 'etag'> {
  const newest = { id: '', published: '', items: 0 };
  let item = { guid: '', link: '', date: '' };
  const reader = createXmlReader(url, 'rss', {
    open: {
      'rss/channel/item': () => {
        item = { guid: '', link: '', date: '' };
      },
    },
    close: {
      'rss/channel/item/guid': (text) => {
        item.guid = text.trim();
      },
      'rss/channel/item/link': (text) => {
        item.link = text.trim();
      },
      'rss/channel/item/pubDate': (text) => {
        item.date = text.trim();
      },
      'rss/channel/item': () => {
        const id = idOf(item.guid, release) ?? idOf(item.link, release);
        const published = timeOf(item.date, now);
        if (id === undefined || published === undefined) return;
        newest.items += 1;
        if (published > newest.published) Object.assign(newest, { id, published });
      },
    },
  });
  reader.write(bytes);
  reader.end();
  if (newest.items === 0) throw new FeedError('empty', `${url} names no advisory`);
  return newest;
}

function idOf(address: string, release: string): string | undefined {
  const page = address.match(/^https:\/\/alas\.aws\.amazon\.com\/[A-Za-z0-9/]{0,40}?([A-Za-z0-9._-]{1,99})\.html$/);
  return page?.[1] === undefined ? undefined : canonicalAlasId(page[1], release);
}

/** `Thu, 15 Nov 2018 00:10:00 GMT` (RFC 822, as RSS has it). The future is cut to now. */
function timeOf(text: string, now: number): string | undefined {
  const time = /^\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]\d{4})$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(Math.min(time, now)).toISOString();
}
