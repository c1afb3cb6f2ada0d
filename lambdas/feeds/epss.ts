/**
 * EPSS, the chance of every CVE to be exploited within 30 days, by FIRST.org (free to use, citation asked for): one gzipped CSV a day of
 * some 300,000 rows. The form changed over the years; the header line says which columns there are, the comment before it (since 2022)
 * which model made them. A CVE without a row is unknown, not unlikely.
 */
import { z } from 'zod';
import type { Score } from '../core/advisory.ts';
import { decompress } from './bytes.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Reading } from './feed.ts';
import { FileCursor, fetchFile } from './one-file.ts';
import { isStale, parseCursor, sound, survey } from './reading.ts';

/** The old host, epss.cyentia.com, only redirects here. */
const HOST = 'epss.empiricalsecurity.com';
const URL_OF_SCORES = `https://${HOST}/epss_scores-current.csv.gz`;
/** Scores are made every day. */
const QUIET_DAYS = 2;
/** Raise it when the same file would now be read differently. */
const PARSER = 1;
/** Bytes, as sent; 2 to 3 MB in 2025. */
const FILE = { url: URL_OF_SCORES, maxBytes: 64 * 1024 * 1024, quietDays: QUIET_DAYS };
/** Characters. A row has some 40. */
const MAX_LINE = 400;
/** Three times what there was in 2025. */
const MAX_ROWS = 1_000_000;

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  /** `v2025.03.14`; empty for a file that does not say. */
  model: z.string(),
  ...FileCursor,
});
type Cursor = z.infer<typeof Cursor>;

/** FIRST's exploit prediction scores. */
export const epss: Feed = { name: 'epss', source: 'epss', platforms: [], everyHours: 6, parser: PARSER, hosts: [HOST], pull };

/** What stands before the rows. */
interface Head {
  model: string;
  /** Of the scores, ISO-8601 UTC; of the reading for a file that does not say. */
  date: string;
  columns: { cve: number; epss: number; percentile: number };
}

async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const fetched = await fetchFile(FILE, before, context);
  if ('unchanged' in fetched) return fetched.unchanged;
  const { bytes, raw, remembered } = fetched;
  const head = await readHead(bytes, context.now);
  if (before && head.date < before.newest) {
    throw new FeedError('older', `${URL_OF_SCORES} is of ${head.date}, but ${before.newest} was there before`);
  }
  const { problems, ...counted } = await survey(readScores(bytes, head), URL_OF_SCORES, before);
  // Every score moves when the model does: rules on scores may fire without anything having happened.
  if (before && before.model !== head.model) {
    problems.unshift(`the model changed from ${before.model || 'none'} to ${head.model || 'none'}: all scores moved`);
  }
  const health: FeedHealth = { ...counted, problems, stale: isStale(counted.newest, QUIET_DAYS, context.now) };
  const cursor = JSON.stringify({ parser: PARSER, model: head.model, ...remembered, ...counted } satisfies Cursor);
  return { kind: 'scores', cursor, health, raw, scores: { [Symbol.asyncIterator]: () => sound(readScores(bytes, head)) } };
}

async function readHead(bytes: Uint8Array, now: number): Promise<Head> {
  let comment = '';
  for await (const lines of readLines(bytes)) {
    for (const line of lines) {
      if (!line.startsWith('#')) return { ...readComment(comment, now), columns: readColumns(line) };
      comment = line;
    }
  }
  throw new FeedError('empty', `${URL_OF_SCORES} has no header`);
}

/** `#model_version:v2025.03.14,score_date:2025-09-03T12:55:00Z`, with `+0000` for `Z` until 2025. The future is cut to now. */
function readComment(comment: string, now: number): { model: string; date: string } {
  const model = comment.match(/model_version:([\w.-]{1,40})/)?.[1] ?? '';
  const date = comment.match(/score_date:(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:?00)/);
  const time = date ? Date.parse(`${date[1]}T${date[2]}Z`) : now;
  if (Number.isNaN(time)) throw new FeedError('reshaped', `${URL_OF_SCORES} has no date, but "${comment}"`);
  return { model, date: new Date(Math.min(time, now)).toISOString() };
}

function readColumns(line: string): Head['columns'] {
  const names = line.split(',').map((name) => name.trim().toLowerCase());
  const columns = { cve: names.indexOf('cve'), epss: names.indexOf('epss'), percentile: names.indexOf('percentile') };
  if (columns.cve >= 0 && columns.epss >= 0) return columns;
  throw new FeedError('reshaped', `${URL_OF_SCORES} has no columns cve and epss, but "${line}"`);
}

async function* readScores(bytes: Uint8Array, head: Head): AsyncGenerator<Reading<Score>> {
  const seen = new Set<number>();
  let started = false;
  for await (const lines of readLines(bytes)) {
    for (const line of lines) {
      if (started && line !== '') yield readRow(line, head, seen);
      started ||= !line.startsWith('#');
    }
  }
}

/** `seen`: the rows before this one, by their keys; it takes this one's, too. */
function readRow(line: string, head: Head, seen: Set<number>): Reading<Score> {
  const score = readScore(line.split(','), head.columns);
  if (!score) return { record: line.slice(0, 60), problem: 'is no row of a CVE with a score from 0 to 1' };
  if (seen.has(score.key)) return { record: score.item.cve, problem: 'comes twice; the first one counts' };
  if (seen.size === MAX_ROWS) throw new FeedError('too-large', `${URL_OF_SCORES} has more than ${MAX_ROWS} rows`);
  seen.add(score.key);
  return { item: score.item, published: head.date };
}

/** `key` stands for the CVE: a set of 300,000 numbers is a quarter of one of texts. No schema: it would take most of the time. */
function readScore(fields: string[], columns: Head['columns']): { item: Score; key: number } | undefined {
  const cve = fields[columns.cve] ?? '';
  const parts = cve.match(/^CVE-(\d{4})-(\d{4,10})$/);
  const chance = share(fields[columns.epss]);
  if (!parts || chance === undefined) return undefined;
  const key = Number(parts[1]) * 1e10 + Number(parts[2]);
  if (columns.percentile < 0) return { item: { cve, epss: chance }, key };
  const percentile = share(fields[columns.percentile]);
  return percentile === undefined ? undefined : { item: { cve, epss: chance, percentile }, key };
}

/** From 0 to 1, `1e-05` included. */
function share(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d(\.\d+)?(e-\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return value <= 1 ? value : undefined;
}

/**
 * Lines without their ends, `\n` or `\r\n`, as many as come at once: a step of an asynchronous generator for each would make a flood
 * of empty lines last minutes. ASCII is all that the file is made of.
 */
async function* readLines(bytes: Uint8Array): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of decompress(bytes, URL_OF_SCORES)) {
    const lines = (rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new FeedError('reshaped', `${URL_OF_SCORES} has a line of more than ${MAX_LINE} characters`);
    yield lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }
  if (rest !== '') yield [rest];
}
