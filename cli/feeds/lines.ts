/** How each feed is, for people and for programs. Pure. */
import { clip, grouped, plain, WIDEST, wrapWhole } from '../ui/text.ts';
import type { FeedRow } from '../../lambdas/aws/record-feeds.ts';

/**
 * - `ok`: read within two days, and the vendor is no quieter than usual
 * - `failing`: the last readings failed; what was known before stays
 * - `old`: not read for more than two days
 * - `stale`: read, but the vendor has published nothing for longer than usual: the feed may have moved
 * - `never`: tried, and never read
 * - `not needed`: no node is of a platform that it speaks of
 */
export type FeedState = 'ok' | 'failing' | 'old' | 'stale' | 'never' | 'not needed';

export interface FeedLine {
  feed: string;
  /** ISO-8601 UTC; empty where there is none. */
  lastSuccess: string;
  lastTried: string;
  newest: string;
  records: number;
  /** Records that could not be read. */
  errors: number;
  failures: number;
  state: FeedState;
  stale: boolean;
  reason: string;
  problems: string[];
  /** Of the last success: that it was read from elsewhere than usual, and why. */
  note: string;
}

const OLD_MS = 48 * 3_600_000;
const ORDER: readonly FeedState[] = ['never', 'failing', 'old', 'stale', 'ok', 'not needed'];

/** One line a feed, those that need a person first. `now` in milliseconds. */
export function feedLines(rows: readonly FeedRow[], now: number): FeedLine[] {
  return rows
    .map((row): FeedLine => ({
      feed: row.name,
      lastSuccess: row.lastSuccess ?? '',
      lastTried: row.lastTried ?? '',
      newest: row.newest ?? '',
      records: row.records ?? 0,
      errors: row.skipped ?? 0,
      failures: row.failures ?? 0,
      state: stateOf(row, now),
      stale: row.stale ?? false,
      reason: row.reason ?? '',
      problems: row.problems ?? [],
      note: row.note ?? '',
    }))
    .toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.feed < b.feed ? -1 : 1));
}

function stateOf(row: FeedRow, now: number): FeedState {
  if (row.idle === true) return 'not needed';
  if (row.lastSuccess === undefined) return 'never';
  if ((row.failures ?? 0) > 0) return 'failing';
  if (now - Date.parse(row.lastSuccess) > OLD_MS) return 'old';
  return row.stale === true ? 'stale' : 'ok';
}

const HEADS = ['feed', 'last success (UTC)', 'newest record', 'records', 'errors', 'state'];
const NUMBERS = new Set(['records', 'errors']);
const INDENT = '    ';

/** The table, and under a feed why it is not well. Where it is wider than `width`, a paragraph a feed instead. */
export function feedTable(lines: readonly FeedLine[], width = WIDEST): string[] {
  if (lines.length === 0) return ['No feed has been read yet: the first look at the fleet does that.'];
  const rows = lines.map((line) => [
    line.feed,
    minute(line.lastSuccess),
    line.newest.slice(0, 10) || '-',
    grouped(line.records),
    grouped(line.errors),
    line.state,
  ]);
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (NUMBERS.has(HEADS[column] ?? '') ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const whole = Math.max(...[HEADS, ...rows].map((cells) => format(cells).length));
  if (whole > width) return lines.flatMap((line, index) => [...inWords(rows[index] ?? [], width), ...whyNot(line, width)]);
  return [format(HEADS), ...lines.flatMap((line, index) => [format(rows[index] ?? []), ...whyNot(line, width)])];
}

/** The cells of a row with their heads, for narrow terminals. */
function inWords([feed = '', ...cells]: readonly string[], width: number): string[] {
  const words = cells.slice(0, -1).flatMap((cell, index) => (cell === '-' ? [] : [`${HEADS[index + 1] ?? ''} ${cell}`]));
  return [`${feed}: ${cells.at(-1) ?? ''}`, ...wrapWhole(words.join(', '), width - INDENT.length).map((part) => `${INDENT}${part}`)];
}

function whyNot(line: FeedLine, width: number): string[] {
  const times = line.failures > 1 ? `${line.failures} times in a row: ` : '';
  const reasons = [
    ...(line.reason === '' ? silence(line) : [`${times}${line.reason}`]),
    ...(line.errors > 0 ? line.problems.slice(0, 1) : []),
    ...(line.note === '' ? [] : [line.note]),
  ];
  return reasons.flatMap((reason) => wrapWhole(clip(plain(reason), 400), width - INDENT.length).map((part) => `${INDENT}${part}`));
}

/** Why a feed needs a look though nothing went wrong. */
function silence({ state, newest, lastTried }: FeedLine): string[] {
  if (state === 'stale') return [`its vendor has published nothing since ${newest.slice(0, 10)}, which is longer than usual: it may have moved`];
  return state === 'old' ? [`nobody has asked since ${minute(lastTried)}: look at the executions of the intake machine`] : [];
}

function minute(iso: string): string {
  return iso === '' ? '-' : iso.slice(0, 16).replace('T', ' ');
}
