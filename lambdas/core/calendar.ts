/**
 * The calendar: when nodes may start. Windows are read on the local clock. Where that clock jumps forward over a `from` or `to`, the first
 * instant after the gap counts; where it goes back, the first of the two. A window that the clock swallows whole does not open that day.
 */
import { DAY, MINUTE, dayOf, instantOf, minutesOf, wallOf, weekdayOf } from './calendar-zone.ts';
import { firings, parseCron } from './calendar-cron.ts';
import type { Window } from './model.ts';

export { isPlanDay, nextPlan, scheduleExpression } from './calendar-plan.ts';
export { formatDuration, formatLocal } from './calendar-text.ts';
export type { LocalStyle } from './calendar-text.ts';

/** One opening of a window: instants in ms. Nodes may start in [opens, lastStart) and should be done by `closes`. */
export interface Opening {
  opens: number;
  closes: number;
  /** Later than `opens`, at most `closes`. */
  lastStart: number;
}

/**
 * The opening in which nodes may start at `now` (ms), else the next one: `lastStart` is always later than `now`. `undefined` when a cron
 * with a year never fires again, or when the last start lies before the opening. Throws on a malformed cron or time zone.
 */
export function nextOpening(window: Window, now: number): Opening | undefined {
  for (const opening of openingsFrom(window, now)) {
    if (opening.lastStart > now) return opening;
  }
  return undefined;
}

/** Whether a node may start at `now` (ms). */
export function isOpen(window: Window, now: number): boolean {
  const opening = nextOpening(window, now);
  return opening !== undefined && opening.opens <= now;
}

/** Openings that overlap [from, to) (ms), sorted and disjoint. */
export function openings(window: Window, from: number, to: number): Opening[] {
  const found: Opening[] = [];
  for (const opening of openingsFrom(window, from)) {
    if (opening.opens >= to) break;
    if (opening.closes > from) found.push(opening);
  }
  return found;
}

/** Seconds from opening to closing on a day without a clock change. */
export function windowLength(window: Window): number {
  if ('cron' in window) return window.lasts;
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  return (to <= from ? to + 24 * 60 - from : to - from) * 60;
}

/** All openings from one that closes before `now` on. A cron that fires again while it is open ends one opening and begins the next. */
function* openingsFrom(window: Window, now: number): Generator<Opening> {
  // The policy file refuses such a window; here it would be searched for ever.
  if (window.lastStart >= windowLength(window)) return;
  const longest = 'cron' in window ? window.lasts * 1_000 : DAY;
  const fromDay = dayOf(wallOf(now - longest, window.timezone)) - 1;
  let previous: { opens: number; closes: number } | undefined;
  for (const span of 'cron' in window ? cronSpans(window, fromDay) : daySpans(window, fromDay)) {
    if (previous) yield* usable({ opens: previous.opens, closes: Math.min(previous.closes, span.opens) }, window.lastStart);
    previous = span;
  }
  if (previous) yield* usable(previous, window.lastStart);
}

/** The opening of a span, unless a clock change left no time to start in it. */
function* usable({ opens, closes }: { opens: number; closes: number }, lastStartSeconds: number): Generator<Opening> {
  const lastStart = closes - lastStartSeconds * 1_000;
  if (lastStart > opens) yield { opens, closes, lastStart };
}

function* daySpans(window: Exclude<Window, { cron: string }>, fromDay: number): Generator<{ opens: number; closes: number }> {
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  for (let day = fromDay; ; day += 1) {
    if (window.days.includes(weekdayOf(day))) {
      const lastDay = to <= from ? day + 1 : day;
      yield {
        opens: instantOf(day * DAY + from * MINUTE, window.timezone),
        closes: instantOf(lastDay * DAY + to * MINUTE, window.timezone),
      };
    }
  }
}

function* cronSpans(window: Extract<Window, { cron: string }>, fromDay: number): Generator<{ opens: number; closes: number }> {
  const parsed = parseCron(window.cron);
  if ('problem' in parsed) throw new Error(`not a cron: ${parsed.problem}`);
  for (const wall of firings(parsed.cron, fromDay)) {
    const opens = instantOf(wall, window.timezone);
    yield { opens, closes: opens + window.lasts * 1_000 };
  }
}
