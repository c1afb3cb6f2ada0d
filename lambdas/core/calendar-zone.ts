/**
 * Clocks on the wall. A *wall time* is what a clock in a time zone shows, as milliseconds since 1970-01-01 00:00 on that clock;
 * a *day* is a whole number of days since 1970-01-01 in the local calendar. Instants are milliseconds since the epoch.
 * Time zones are IANA names; the data is that of the runtime (ICU).
 */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** In the order of `weekdayOf`. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Making a formatter costs a hundred times what using it costs. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** What the clock on the wall shows at an instant, to the second. Throws a RangeError for an unknown time zone. */
export function wallOf(instant: number, timezone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(timezone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The first instant at which the wall shows this time. A time that the clock skips in spring gives the first instant after the gap;
 * of a time that comes twice in autumn, the first counts.
 */
export function instantOf(wall: number, timezone: string): number {
  // Offsets lie within 14 hours of UTC and change less often than every two days: these two are the only candidates.
  const before = wallOf(wall - DAY, timezone) - (wall - DAY);
  const after = wallOf(wall + DAY, timezone) - (wall + DAY);
  const candidates = [wall - before, wall - after].toSorted((a, b) => a - b);
  return candidates.find((instant) => wallOf(instant, timezone) === wall) ?? endOfGap(wall - after, wall - before, timezone);
}

/** Whether the clock on the wall ever shows this time: in spring it skips some. */
export function wallExists(wall: number, timezone: string): boolean {
  return wallOf(instantOf(wall, timezone), timezone) === wall;
}

/** The day on which a wall time lies. */
export function dayOf(wall: number): number {
  return Math.floor(wall / DAY);
}

/** The date on the wall at an instant (ms), `2026-12-31`. Throws a RangeError for an unknown time zone. */
export function dateOf(instant: number, timezone: string): string {
  return new Date(wallOf(instant, timezone)).toISOString().slice(0, 10);
}

/** The day of the week of a day. */
export function weekdayOf(day: number): Weekday {
  // 1970-01-01 was a Thursday.
  return WEEKDAYS[(((day + 4) % 7) + 7) % 7] ?? 'sun';
}

/** Minutes after midnight of `HH:MM`. `24:00` is the midnight at the end of the day. */
export function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

/** Whether the runtime knows this IANA time zone, in exactly this spelling of upper and lower case. */
export function isTimezone(name: string): boolean {
  try {
    formatterOf(name);
  } catch {
    return false;
  }
  // The runtime ignores case, EventBridge Scheduler need not; offsets such as +01:00 are no IANA names.
  return /^[A-Z]/.test(name) && !timezones().some((known) => known !== name && known.toLowerCase() === name.toLowerCase());
}

/** Names to suggest. Old names for the same zone (`Asia/Calcutta`, `US/Eastern`) are known but not listed. */
export function timezones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

/** The instant in (early, late] at which the clock jumps: a halving search, to the millisecond. */
function endOfGap(early: number, late: number, timezone: string): number {
  const offset = (instant: number) => wallOf(instant, timezone) - Math.floor(instant / 1_000) * 1_000;
  const target = offset(late);
  let [low, high] = [early, late];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle) === target) high = middle;
    else low = middle;
  }
  return high;
}

function formatterOf(timezone: string): Intl.DateTimeFormat {
  const known = formatters.get(timezone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(timezone, made);
  return made;
}
