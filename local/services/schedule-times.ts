import { Cron } from 'croner';

/**
 * When EventBridge Scheduler's expressions are due. Facts: EventBridge Scheduler User Guide, "Schedule types" (fields, wildcards,
 * daylight saving time) and, for rules, EventBridge User Guide, "Cron expressions" and "Rate expressions".
 */

/** What the expression is read with; times are milliseconds since the epoch. */
export interface TimetableOptions {
  /** IANA name; AWS's default is UTC. */
  timezone?: string;
  /** A rate counts from here. */
  origin: number;
  /** A rate's first time is the origin itself (Scheduler) or one interval later (rules). */
  atOrigin?: boolean;
}

/** The times of one schedule. */
export interface Timetable {
  /** The first time after `after`; `undefined` when there is none any more. */
  next(after: number): number | undefined;
  /** `at()`: it has one time, and StartDate and EndDate don't bound it. */
  once: boolean;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const fresh = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timezone, fresh);
  return fresh;
}

/** What the clock on the wall shows, written as if it were UTC. */
function wallTime(instant: number, timezone: string): number {
  const parts: Record<string, number> = {};
  for (const part of formatOf(timezone).formatToParts(instant)) parts[part.type] = Number(part.value);
  return Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute, parts.second);
}

const day = 86_400_000;

/**
 * The moment at which the wall shows `wall`: the first of two when clocks go back, none when they jump over it
 * ("falls on a non-existent date and time: skipped", "runs only once and does not repeat": Scheduler User Guide).
 */
function instantOf(wall: number, timezone: string): number | undefined {
  const moments = [wall - day, wall + day]
    .map((around) => wall - (wallTime(around, timezone) - around))
    .filter((instant) => wallTime(instant, timezone) === wall);
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

interface Field {
  name: string;
  last: number;
}

const fields: Field[] = [
  { name: 'minutes', last: 59 },
  { name: 'hours', last: 23 },
  { name: 'day of month', last: 31 },
  { name: 'month', last: 12 },
  { name: 'day of week', last: 7 },
  { name: 'year', last: 2199 },
];

/** AWS's spelling of one field in croner's: `?` is `*`, `0/15` runs to the field's end, `6L` is the last Friday, `L` the week's last day. */
function cronerField(source: string, { name, last }: Field): string {
  const text = source.toUpperCase();
  if (text === '?') return '*';
  const open = /^(\w+)\/(\d+)$/.exec(text);
  if (open) return `${open[1]}-${last}/${open[2]}`;
  if (name !== 'day of week') return text;
  if (text === 'L') return '7';
  return text.replace(/^(\w+)L$/, '$1#L');
}

function cronTimes(expression: string, timezone: string): Timetable['next'] {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== fields.length) throw new Error(`cron(${expression}) must have six fields: ${fields.map((field) => field.name).join(', ')}`);
  if ((parts[2] === '?') === (parts[4] === '?')) {
    throw new Error(`cron(${expression}): exactly one of day of month and day of week must be "?"`);
  }
  const pattern = ['0', ...parts.map((part, index) => cronerField(part, fields[index]!))].join(' ');
  // The pattern runs over wall times written as UTC, so that croner's own idea of daylight saving time never takes part.
  const cron = new Cron(pattern, { timezone: 'UTC', mode: '7-part', alternativeWeekdays: true });
  return (after) => {
    let wall = wallTime(after, timezone);
    for (;;) {
      const found = cron.nextRun(new Date(wall));
      if (!found) return undefined;
      wall = found.getTime();
      const instant = instantOf(wall, timezone);
      if (instant !== undefined && instant > after) return instant;
    }
  };
}

const units: Record<string, number> = { minute: 60_000, hour: 3_600_000, day };

function rateTimes(expression: string, options: TimetableOptions): Timetable['next'] {
  const match = /^(\d+) (minute|hour|day)(s?)$/.exec(expression.trim());
  const count = Number(match?.[1]);
  if (!match || count < 1) throw new Error(`rate(${expression}) must be a positive number and minutes, hours or days`);
  const interval = count * units[match[2]!]!;
  const first = options.atOrigin === true ? 0 : 1;
  return (after) => options.origin + interval * Math.max(first, Math.floor((after - options.origin) / interval) + 1);
}

function atTimes(expression: string, timezone: string): Timetable['next'] {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(expression)) throw new Error(`at(${expression}) must be written at(yyyy-mm-ddThh:mm:ss)`);
  const wall = Date.parse(`${expression}Z`);
  if (Number.isNaN(wall)) throw new Error(`at(${expression}) is no date`);
  const instant = instantOf(wall, timezone);
  return (after) => (instant !== undefined && instant > after ? instant : undefined);
}

/**
 * Reads `cron(…)` with AWS's six fields, `rate(…)` or `at(…)`.
 *
 * @throws Error that says what is wrong with the expression or the time zone
 */
export function readTimetable(expression: string, options: TimetableOptions): Timetable {
  const match = /^(cron|rate|at)\((.*)\)$/.exec(expression);
  if (!match) throw new Error(`"${expression}" is not cron(…), rate(…) or at(…)`);
  const timezone = options.timezone ?? 'UTC';
  try {
    formatOf(timezone);
  } catch (error) {
    throw new Error(`"${timezone}" is not an IANA time zone`, { cause: error });
  }
  const [, kind, inner = ''] = match;
  if (kind === 'cron') return { next: cronTimes(inner, timezone), once: false };
  if (kind === 'rate') return { next: rateTimes(inner, options), once: false };
  return { next: atTimes(inner, timezone), once: true };
}
