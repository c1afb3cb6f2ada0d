/**
 * Microsoft's security updates, from the MSRC Security Update API v3 (CVRF as JSON, no key; github.com/microsoft/MSRC-Microsoft-Security-
 * Updates-API). One list says when each month was last revised, one document a month holds its CVEs; ours are the KBs in them.
 *
 * 24 months are watched. A poll without news is one request. When months were revised, they are read again, and with them every month
 * that names one of their KBs, so that a KB is always told as a whole. What comes then is what changed: KBs of months that have grown
 * too old stay as they are stored, a KB that its months name no more is told as withdrawn. A month that cannot be read, or has lost more
 * than a tenth of its KBs, stays as it was, is said in the health, and is read again next time.
 */
import { z } from 'zod';
import type { Advisory } from '../core/advisory.ts';
import { readJson } from './bytes-json.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Raw, Reading } from './feed.ts';
import { toAdvisory, toWithdrawn } from './msrc-advisory.ts';
import { mergeUpdates, readDate, readMonth } from './msrc-month.ts';
import type { Month, Update } from './msrc-month.ts';
import { isStale, parseCursor, unchangedHealth } from './reading.ts';
import { rawOf } from './updateinfo-feed.ts';

const HOST = 'api.msrc.microsoft.com';
const LIST_URL = `https://${HOST}/cvrf/v3.0/updates`;
/** The second Tuesday of each month. */
const QUIET_DAYS = 35;
/** Raise it when the same file would now be read differently. */
const PARSER = 1;
const MONTHS = 24;
const MAX_LIST = 4 * 1024 * 1024;
/** Bytes. 1.3 MB for December 2020; several times that since Azure Linux joined. */
const MAX_MONTH = 64 * 1024 * 1024;
/** The API answers XML unless it is asked. */
const JSON_TYPE = 'application/json';
const NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const Watched = z.strictObject({
  /** When it was last revised, as the list said when we read it. */
  revised: z.string(),
  /** Its KBs without `KB`, divided by blanks: the cursor of 24 months stays small. */
  kbs: z.string(),
});
type Watched = z.infer<typeof Watched>;

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  /** By id, `2020-Dec`. */
  months: z.record(z.string(), Watched),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
});
type Cursor = z.infer<typeof Cursor>;

const List = z.object({ value: z.array(z.object({ ID: z.string(), CurrentReleaseDate: z.string() })) });

/** Microsoft's security updates of 24 months. */
export const msrc: Feed = { name: 'msrc', source: 'msrc', platforms: ['windows-'], everyHours: 6, parser: PARSER, hosts: [HOST], pull };

/** A month that was read, and what it is read from. */
interface Read {
  month: Month;
  raw: Raw;
}

async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const listed = await listMonths(context);
  const oldest = listed.size < MONTHS ? 0 : order([...listed.keys()].at(-1) ?? '');
  const gone = Object.keys(before?.months ?? {}).find((id) => !listed.has(id) && order(id) >= oldest);
  if (gone !== undefined) throw new FeedError('incomplete', `${LIST_URL} does not list ${gone} any more`);
  const older = [...listed].find(([id, date]) => date < (before?.months[id]?.revised ?? ''));
  if (older) throw new FeedError('older', `${LIST_URL} says that ${older[0]} was revised on ${older[1]}, which was later before`);
  const revised = [...listed].filter(([id, date]) => before?.months[id]?.revised !== date).map(([id]) => id);
  if (before && revised.length === 0) {
    return { kind: 'unchanged', cursor: JSON.stringify(before), health: unchangedHealth(before, QUIET_DAYS, context.now) };
  }
  const { read, failures } = await readMonths(context, revised, before);
  if (read.size === 0) throw failures[0] ?? new FeedError('empty', `${LIST_URL} lists no month`);
  const changed = [...read.keys()];
  const concerned = new Set(changed.flatMap((id) => [...kbsOf(before?.months[id]), ...(read.get(id)?.month.updates.keys() ?? [])]));
  await readCompanions(context, { before, read, concerned });
  return answer(context, { before, listed, read, changed, concerned, failures });
}

/** When each of the newest months was revised, by id, the newest month first. */
async function listMonths(context: PullContext): Promise<Map<string, string>> {
  const fetched = await context.fetch(LIST_URL, { maxBytes: MAX_LIST, accept: JSON_TYPE });
  if (fetched.kind === 'unchanged') throw new FeedError('refused', `${LIST_URL} says "unchanged" without having been asked`);
  const months = new Map<string, string>();
  for (const { ID, CurrentReleaseDate } of readJson(List, fetched.bytes, LIST_URL).value) {
    const revised = readDate(CurrentReleaseDate, context.now);
    // Other entries are no months.
    if (Number.isNaN(order(ID))) continue;
    if (revised === undefined) throw new FeedError('reshaped', `${LIST_URL}: ${ID} was revised at no date, but "${CurrentReleaseDate}"`);
    months.set(ID, revised);
  }
  if (months.size === 0) throw new FeedError('empty', `${LIST_URL} lists no month`);
  return new Map([...months].toSorted(([a], [b]) => order(b) - order(a)).slice(0, MONTHS));
}

/** 24251 for `2020-Dec`, so that months sort by time; early years had a second list, `2017-May-B`. NaN for anything else. */
function order(id: string): number {
  const parts = id.match(/^(\d{4})-([A-Z][a-z]{2})(-[A-Z])?$/);
  const month = NAMES.indexOf(parts?.[2] ?? '');
  return parts && month >= 0 ? Number(parts[1]) * 12 + month : Number.NaN;
}

function kbsOf(watched: Watched | undefined): string[] {
  return (watched?.kbs ?? '')
    .split(' ')
    .filter((kb) => kb !== '')
    .map((kb) => `KB${kb}`);
}

type Months = { read: Map<string, Read>; failures: FeedError[] };

async function readMonths(context: PullContext, ids: readonly string[], before: Cursor | undefined): Promise<Months> {
  const read = new Map<string, Read>();
  const failures: FeedError[] = [];
  for (const id of ids) {
    try {
      read.set(id, await fetchMonth(context, id, kbsOf(before?.months[id])));
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      failures.push(error);
    }
  }
  return { read, failures };
}

/** Throws `FeedError`, also for a month that is suddenly much smaller than `known`. */
async function fetchMonth(context: PullContext, id: string, known: readonly string[]): Promise<Read> {
  const url = `https://${HOST}/cvrf/v3.0/cvrf/${id}`;
  const fetched = await context.fetch(url, { maxBytes: MAX_MONTH, accept: JSON_TYPE });
  if (fetched.kind === 'unchanged') throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
  const raw: Raw = { ...(await context.archive(fetched.bytes)), url };
  const month = readMonth(fetched.bytes, id, { url, now: context.now });
  const { entries, problems, updates } = month;
  if (entries === 0) throw new FeedError('empty', `${url} holds no entry`);
  if (problems.length * 100 > entries) {
    throw new FeedError('bad-records', `${url}: ${problems.length} of ${entries} entries cannot be read, the first: ${problems[0] ?? ''}`);
  }
  const lost = known.filter((kb) => !updates.has(kb));
  if (lost.length * 10 > known.length) {
    throw new FeedError('shrunk', `${url} named ${known.length} KBs and has lost ${lost.length} of them`);
  }
  return { month, raw };
}

/** Months that were not revised and name a KB of those that were. One that cannot be had makes the whole pull fail: the KB would shrink. */
async function readCompanions(context: PullContext, state: Pick<Answer, 'before' | 'read' | 'concerned'>): Promise<void> {
  for (const [id, watched] of Object.entries(state.before?.months ?? {})) {
    if (state.read.has(id) || !kbsOf(watched).some((kb) => state.concerned.has(kb))) continue;
    state.read.set(id, await fetchMonth(context, id, kbsOf(watched)));
  }
}

interface Answer {
  before: Cursor | undefined;
  listed: Map<string, string>;
  read: Map<string, Read>;
  /** Ids of the months that were read because they were revised. */
  changed: string[];
  /** KBs that those months name, or did. */
  concerned: Set<string>;
  failures: FeedError[];
}

async function answer(context: PullContext, state: Answer): Promise<Pulled> {
  const { before, listed, read, concerned, failures } = state;
  const readings = [...tell(state, context.now)];
  const advisories = readings.flatMap((reading) => ('item' in reading ? [reading.item] : []));
  const unread = readings.flatMap((reading) => ('problem' in reading ? [`${reading.record}: ${reading.problem}`] : []));
  if (unread.length * 100 > concerned.size) {
    throw new FeedError('bad-records', `${unread.length} of ${concerned.size} KBs cannot be read, the first: ${unread[0] ?? ''}`);
  }
  const months: Record<string, Watched> = {};
  for (const [id, revised] of listed) {
    const fresh = state.changed.includes(id) ? read.get(id) : undefined;
    const kept = fresh ? { revised, kbs: [...fresh.month.updates.keys()].map((kb) => kb.slice(2)).join(' ') } : before?.months[id];
    if (kept) months[id] = kept;
  }
  const problems = [...failures.map((error) => error.message), ...unread, ...[...read.values()].flatMap(({ month }) => month.problems)];
  const valid = advisories.filter(({ withdrawn }) => withdrawn === undefined);
  const counted = {
    records: new Set(Object.values(months).flatMap(kbsOf)).size,
    skipped: problems.length,
    newest: [before?.newest ?? '', ...valid.map(({ published }) => published)].toSorted().at(-1) ?? '',
  };
  const health: FeedHealth = { ...counted, problems: problems.slice(0, 20), stale: isStale(counted.newest, QUIET_DAYS, context.now) };
  const cursor = JSON.stringify({ parser: PARSER, months, ...counted } satisfies Cursor);
  const raw = await rawOf(
    context,
    [...read.values()].map((item) => item.raw),
  );
  return { kind: 'advisories', cursor, health, raw, complete: false, advisories: inTurn(advisories) };
}

/** All that is now known of the concerned KBs. */
function* tell({ read, changed, concerned, before }: Answer, now: number): Generator<Reading<Advisory>> {
  const merged = new Map<string, { update: Update; raw: Raw }>();
  for (const { month, raw } of read.values()) {
    for (const [kb, update] of month.updates) {
      const known = merged.get(kb);
      merged.set(kb, { update: known ? mergeUpdates(known.update, update) : update, raw: known?.raw ?? raw });
    }
  }
  for (const kb of concerned) {
    const known = merged.get(kb);
    if (known) yield toAdvisory(known.update, { raw: known.raw, now });
  }
  for (const id of changed) {
    const raw = read.get(id)?.raw;
    if (!raw) continue;
    const lost = kbsOf(before?.months[id]).filter((kb) => !merged.has(kb));
    for (const kb of lost) yield { item: toWithdrawn(kb, id, { raw, now }), published: '' };
  }
}

async function* walk(advisories: readonly Advisory[]): AsyncGenerator<Advisory> {
  yield* advisories;
}

function inTurn(advisories: readonly Advisory[]): AsyncIterable<Advisory> {
  return { [Symbol.asyncIterator]: () => walk(advisories) };
}
