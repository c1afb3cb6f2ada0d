/**
 * Advisories of six distributions from OSV.dev's public bucket, one record a file, with a list of what changed (`modified_id.csv`, newest
 * first; google.github.io/osv.dev/data). Reading the list costs one request; then only what changed is read, in parts, and the first time
 * that is everything. `all.zip` holds the same for those without a network: see `osv/zip.ts`.
 *
 * The dates in the list are OSV's own: a record that is new or changed gets the time at which OSV took it in (github.com/google/osv.dev,
 * gcp/workers/worker/worker.py), so what is newer than the newest date seen before is what changed. Two things make it safe: an overlap,
 * for records that were dated before others and written after them, and a whole reading once a month, for what slipped through and for
 * records that their vendor dropped without OSV noticing.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Raw, Reading } from './feed.ts';
import type { Fetched } from './fetch.ts';
import { distributions } from './osv/distributions.ts';
import { readList } from './osv/list.ts';
import type { Listed, OsvList } from './osv/list.ts';
import { OSV_HOST, osvUrl, readPart } from './osv/part.ts';
import type { Distribution } from './osv/record.ts';
import { isStale, parseCursor, survey, unchangedHealth } from './reading.ts';

/** Raise it when the same records would now be read differently: everything is read anew then. */
const PARSER = 3;
/** Records that one part reads: some hundred requests, 20 at a time, are less than a minute. */
const PART = 200;
/** Bytes. Ubuntu's list of 52,000 records was 2.6 MB in autumn 2026. */
const MAX_LIST = 64 * 1024 * 1024;
const OVERLAP = 30 * 60_000;
/** Of the changes within the overlap so many are remembered as read; others are read twice, which does no harm. */
const MAX_RECENT = 300;
const WHOLE_READING = 30 * 86_400_000;

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  /** Of the list of each ecosystem, in their order; `null` where the site gave none. */
  etags: z.array(z.string().nullable()),
  /** Newest date in each list, whosever record it is. Milliseconds since the epoch, as are all times here. */
  tops: z.array(z.number()),
  /** The newest change of the distribution's own records. */
  until: z.number(),
  /** `id time` of the changes within the overlap before `until`. */
  recent: z.array(z.string()),
  /** SHA-256 of the ids: tells when one is gone. */
  ids: z.string(),
  /** When everything was read last. */
  whole: z.number(),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
});
type Cursor = z.infer<typeof Cursor>;

/**
 * OSV for Ubuntu, Debian, Red Hat, Rocky Linux, AlmaLinux and SUSE with openSUSE. Their `pull` answers `unchanged` or `parts` of at most
 * 200 ids. Many readings of `pullPart` are `outOfScope`: much of what Red Hat publishes is for products laid over RHEL.
 */
export const osvFeeds: readonly Feed[] = distributions.map(osvFeed);

function osvFeed(distribution: Distribution): Feed {
  return {
    name: distribution.feed,
    source: distribution.source,
    hosts: [OSV_HOST],
    platforms: distribution.platforms,
    everyHours: 1,
    parser: PARSER,
    pull: (context) => pull(distribution, context),
    pullPart: (context, records) => readPart(distribution, context, records),
  };
}

interface Lists {
  bytes: Buffer[];
  etags: (string | null)[];
}

async function pull(distribution: Distribution, context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const lists = await fetchLists(distribution, context, before);
  if (lists === 'unchanged') return unchanged(distribution, context, before);
  const url = listUrl(distribution.ecosystems[0]);
  const raw: Raw = { ...(await context.archive(Buffer.concat(lists.bytes))), url };
  const { listed, problems, tops } = readList(lists.bytes, distribution);
  const { problems: shown, ...counted } = await survey(countable(listed, problems), url, before);
  refuseOlder(tops, before, url);
  const health: FeedHealth = { ...counted, problems: shown, stale: isStale(counted.newest, distribution.quietDays, context.now) };
  const whole = before === undefined || context.now - before.whole >= WHOLE_READING;
  const changed = whole ? listed : listed.filter((item) => isNew(item, before));
  const all = listed.map(({ id }) => id);
  const cursor = cursorOf(listed, { etags: lists.etags, tops, whole: whole ? context.now : before.whole, ...counted });
  if (changed.length === 0 && before?.ids === cursor.ids) return { kind: 'unchanged', cursor: JSON.stringify(cursor), health };
  return { kind: 'parts', cursor: JSON.stringify(cursor), health, raw, parts: partsOf(changed), all };
}

function listUrl(ecosystem: string): string {
  return osvUrl(ecosystem, 'modified_id.csv');
}

/** All lists, or that none of them changed. Where only some did, the others are fetched as well: together they say what there is. */
async function fetchLists(distribution: Distribution, context: PullContext, before: Cursor | undefined): Promise<Lists | 'unchanged'> {
  const urls = distribution.ecosystems.map(listUrl);
  const asked = urls.map((url, index) => fetchList(context, url, before?.etags[index] ?? undefined));
  const answers = await Promise.all(asked);
  if (answers.every((answer) => answer === 'unchanged')) return 'unchanged';
  const lists: Lists = { bytes: [], etags: [] };
  for (const [index, url] of urls.entries()) {
    const first = answers[index];
    const answer = first === undefined || first === 'unchanged' ? await fetchList(context, url, undefined) : first;
    if (answer === 'unchanged') throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
    lists.bytes.push(answer.bytes);
    lists.etags.push(answer.etag ?? null);
  }
  return lists;
}

type Answer = Extract<Fetched, { kind: 'bytes' }> | 'unchanged';

async function fetchList(context: PullContext, url: string, etag: string | undefined): Promise<Answer> {
  const fetched = await context.fetch(url, { maxBytes: MAX_LIST, ...(etag === undefined ? {} : { etag }) });
  if (fetched.kind === 'unchanged') return 'unchanged';
  refuseWebPage(fetched.bytes, url);
  return fetched;
}

function unchanged(distribution: Distribution, context: PullContext, before: Cursor | undefined): Pulled {
  const url = listUrl(distribution.ecosystems[0]);
  if (!before) throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
  return { kind: 'unchanged', cursor: JSON.stringify(before), health: unchangedHealth(before, distribution.quietDays, context.now) };
}

/** A copy that lags behind would make the newest advisories look withdrawn. */
function refuseOlder(tops: readonly number[], before: Cursor | undefined, url: string): void {
  const index = tops.findIndex((top, each) => top < (before?.tops[each] ?? 0));
  if (index === -1) return;
  const [now = 0, then = 0] = [tops[index], before?.tops[index]];
  throw new FeedError('older', `${url} ends at ${new Date(now).toISOString()}, but ${new Date(then).toISOString()} was there before`);
}

/** As `survey` counts them. It asks for a stream, though the list is in memory. */
async function* countable(listed: readonly Listed[], problems: OsvList['problems']): AsyncGenerator<Reading<string>> {
  yield* problems;
  for (const { id, modified } of listed) yield { item: id, published: new Date(modified).toISOString() };
}

function isNew(item: Listed, before: Cursor): boolean {
  return item.modified > before.until - OVERLAP && !before.recent.includes(change(item));
}

function change({ id, modified }: Listed): string {
  return `${id} ${modified}`;
}

/** `listed` is ordered by date, the newest first. */
function cursorOf(listed: readonly Listed[], rest: Omit<Cursor, 'parser' | 'until' | 'recent' | 'ids'>): Cursor {
  const until = listed[0]?.modified ?? 0;
  const recent = listed.filter((item) => item.modified > until - OVERLAP).slice(0, MAX_RECENT);
  const ids = createHash('sha256');
  for (const id of listed.map((item) => item.id).toSorted()) ids.update(`${id}\n`);
  return { parser: PARSER, until, recent: recent.map(change), ids: ids.digest('hex'), ...rest };
}

function partsOf(changed: readonly Listed[]): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < changed.length; start += PART) parts.push(changed.slice(start, start + PART).map(({ id }) => id));
  return parts;
}
