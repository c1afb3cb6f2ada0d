/**
 * What all feeds do after their file has come: read it to the end once, so that a broken file yields nothing, and judge the whole
 * by what was there before.
 */
import { plainText } from '../core/advisory.ts';
import { FeedError } from './feed.ts';
import type { FeedHealth, Reading } from './feed.ts';

/** What a cursor remembers of the last reading. `parser` makes a corrected parser read unchanged files anew. */
export interface Remembered {
  parser: number;
  records: number;
  skipped: number;
  newest: string;
}

export type Survey = Omit<FeedHealth, 'stale'>;

const SHOWN_PROBLEMS = 20;
/** One in a hundred of a million; the largest feed has a third of that. Nothing can make up for more, so a flood is not read to its end. */
const MAX_SKIPPED = 10_000;
const DAY = 86_400_000;

/**
 * Walks through all readings and counts. Throws `FeedError` when the feed is empty, has lost more than a tenth of its records
 * (OSV.dev's own threshold for taking a source for broken) or has more than one unreadable record in a hundred.
 */
export async function survey(readings: AsyncIterable<Reading<unknown>>, what: string, before: Remembered | undefined): Promise<Survey> {
  const health = { records: 0, skipped: 0, newest: '', problems: [] as string[] };
  for await (const reading of readings) {
    if ('problem' in reading) {
      if (reading.outOfScope) continue;
      health.skipped += 1;
      const problem = plainText(`${reading.record || 'a record without id'}: ${reading.problem}`, 300);
      if (health.problems.length < SHOWN_PROBLEMS) health.problems.push(problem);
      if (health.skipped > MAX_SKIPPED) break;
    } else {
      health.records += 1;
      if (reading.published > health.newest) health.newest = reading.published;
    }
  }
  const total = health.records + health.skipped;
  if (total === 0) throw new FeedError('empty', `${what} holds no record`);
  const flood = health.skipped > MAX_SKIPPED;
  if (flood || health.skipped * 100 > total) {
    const [first = ''] = health.problems;
    throw new FeedError(
      'bad-records',
      `${what}: ${health.skipped} of ${flood ? 'the first ' : ''}${total} records cannot be read, the first: ${first}`,
    );
  }
  if (before && health.records < before.records * 0.9) {
    throw new FeedError('shrunk', `${what} had ${before.records} records and now has ${health.records}`);
  }
  return health;
}

/** The sound ones of the readings that `survey` has walked through before. */
export async function* sound<Item>(readings: AsyncIterable<Reading<Item>>): AsyncGenerator<Item> {
  for await (const reading of readings) if ('item' in reading) yield reading.item;
}

/** The health of a feed that brought nothing new. `quietDays`: how long it is silent at most while it is well. */
export function unchangedHealth(before: Remembered, quietDays: number, now: number): FeedHealth {
  const { records, newest, skipped } = before;
  return { records, newest, skipped, problems: [], stale: isStale(newest, quietDays, now) };
}

/** What a feed wrote as its cursor, or `undefined` for anything else: a cursor that cannot be read is no cursor. */
export function parseCursor<Cursor>(schema: { safeParse(value: unknown): { data?: Cursor } }, cursor: string | undefined): Cursor | undefined {
  if (cursor === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(cursor)).data;
  } catch {
    return undefined;
  }
}

/** `newest` is ISO-8601, `now` in milliseconds. */
export function isStale(newest: string, quietDays: number, now: number): boolean {
  return now - Date.parse(newest) > quietDays * DAY;
}
