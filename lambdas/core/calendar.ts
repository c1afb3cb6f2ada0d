/**
 * The calendar: when nodes may start. Windows are read on the local clock. Where that clock jumps forward over a `from` or `to`, the first
 * instant after the gap counts; where it goes back, the first of the two. A window that the clock swallows whole does not open that day.
 * A maintenance window of Systems Manager opens as it was read; one that was not, or that is closed, has no opening.
 */
import { DAY, MINUTE, dayOf, instantOf, minutesOf, wallOf, weekdayOf } from './calendar-zone.ts';
import { firings, parseCron } from './calendar-cron.ts';
import type { Window, WindowReading } from './model.ts';

export { isPlanDay, nextPlan, scheduleExpression } from './calendar-plan.ts';
export { dateOf } from './calendar-zone.ts';
export { formatDuration, formatLocal } from './calendar-text.ts';
export type { LocalStyle } from './calendar-text.ts';

type Followed = Extract<WindowReading, { lasts: number }>;

/** One opening of a window: instants in ms. Nodes may start in [opens, lastStart) and should be done by `closes`. */
export interface Opening {
  opens: number;
  closes: number;
  /** Later than `opens`, at most `closes`. */
  lastStart: number;
}

/**
 * The opening in which nodes may start at `now` (ms), else the next one: `lastStart` is always later than `now`. `undefined` when a cron
 * with a year never fires again, when the window is closed, or when the last start lies before the opening. Throws on a malformed cron or time zone.
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

/** Seconds from opening to closing on a day without a clock change; 0 for a window that is closed, whatever its reason. */
export function windowLength(window: Window): number {
  if ('ssm' in window) return window.read && 'lasts' in window.read ? window.read.lasts : 0;
  if ('cron' in window) return window.lasts;
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  return (to <= from ? to + 24 * 60 - from : to - from) * 60;
}

/** Whose clock a window is read on. */
export function windowZone(window: Window): string {
  if (!('ssm' in window)) return window.timezone;
  return window.read && 'timezone' in window.read ? window.read.timezone : 'UTC';
}

/** Seconds before the end in which no node starts. Of what the file and a maintenance window say, the longer counts. */
export function quietEnd(window: Window): number {
  if (!('ssm' in window)) return window.lastStart;
  return Math.max(window.lastStart, window.read && 'cutoff' in window.read ? window.read.cutoff : 0);
}

interface Span {
  opens: number;
  closes: number;
}

/** All openings from one that closes before `now` on. A cron that fires again while it is open ends one opening and begins the next. */
function* openingsFrom(window: Window, now: number): Generator<Opening> {
  const lastStart = quietEnd(window);
  // The policy file refuses such a window; here it would be searched for ever.
  if (lastStart >= windowLength(window)) return;
  let previous: Span | undefined;
  for (const span of spansOf(window, now)) {
    if (previous) yield* usable({ opens: previous.opens, closes: Math.min(previous.closes, span.opens) }, lastStart);
    previous = span;
  }
  if (previous) yield* usable(previous, lastStart);
}

/** The opening of a span, unless a clock change left no time to start in it. */
function* usable({ opens, closes }: Span, lastStartSeconds: number): Generator<Opening> {
  const lastStart = closes - lastStartSeconds * 1_000;
  if (lastStart > opens) yield { opens, closes, lastStart };
}

function* spansOf(window: Window, now: number): Generator<Span> {
  const longest = 'days' in window ? DAY : windowLength(window) * 1_000;
  const fromDay = dayOf(wallOf(now - longest, windowZone(window))) - 1;
  if ('days' in window) yield* daySpans(window, fromDay);
  else if ('cron' in window) yield* cronSpans(window, fromDay);
  else if (window.read && 'opens' in window.read) yield* followedSpans(window.read, fromDay);
}

function* daySpans(window: Extract<Window, { days: unknown }>, fromDay: number): Generator<Span> {
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

function* cronSpans(window: Extract<Window, { cron: string }>, fromDay: number): Generator<Span> {
  for (const wall of wallsOf(window.cron, fromDay)) {
    const opens = instantOf(wall, window.timezone);
    yield { opens, closes: opens + window.lasts * 1_000 };
  }
}

/**
 * Openings of a maintenance window: none begins outside its dates, and one that is open at its end date closes then (SSM API reference,
 * GetMaintenanceWindow: it "will not run after this specified time").
 */
function* followedSpans({ opens: schedule, lasts, timezone, from = -Infinity, until = Infinity, quiet }: Followed, fromDay: number): Generator<Span> {
  for (const opens of 'at' in schedule ? [schedule.at] : firingsOf(schedule, timezone, fromDay)) {
    if (opens >= until) return;
    if (opens < from || (quiet && opens > quiet.from && opens < quiet.to)) continue;
    yield { opens, closes: Math.min(opens + lasts * 1_000, until) };
  }
}

/** Instants at which it opens: so many local days after each firing, at the same time of day. */
function* firingsOf(
  { cron, second, offsetDays, since = -Infinity }: Exclude<Followed['opens'], { at: number }>,
  timezone: string,
  fromDay: number,
): Generator<number> {
  for (const wall of wallsOf(cron, fromDay - offsetDays)) {
    if (instantOf(wall, timezone) >= since) yield instantOf(wall + offsetDays * DAY, timezone) + second * 1_000;
  }
}

function wallsOf(cron: string, fromDay: number): Generator<number> {
  const parsed = parseCron(cron);
  if ('problem' in parsed) throw new Error(`not a cron: ${parsed.problem}`);
  return firings(parsed.cron, fromDay);
}
