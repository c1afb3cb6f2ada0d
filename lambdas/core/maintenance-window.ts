/**
 * Maintenance windows of Systems Manager, read into the calendar's own terms. Whatever cannot be followed to the minute is closed, with the
 * reason. Sources: SSM API reference, GetMaintenanceWindow; SSM User Guide, "Cron and rate expressions for Systems Manager" and
 * "Maintenance window scheduling and active period options".
 */
import { formatDuration, nextOpening, openings, quietEnd, windowLength } from './calendar.ts';
import { parseCron, shortestGap } from './calendar-cron.ts';
import { HOUR, MINUTE, wallOf } from './calendar-zone.ts';
import { locationKey } from './model.ts';
import type { SsmWindow, WindowReading } from './model.ts';

/** What Systems Manager says of a maintenance window. */
export interface SaidWindow {
  name: string;
  enabled: boolean;
  /** `cron(…)`, `at(…)` or `rate(…)`. */
  schedule: string;
  /** IANA name; without one it is UTC. */
  timezone?: string;
  /** Days after the day of the cron. */
  offset?: number;
  /** Hours. */
  duration: number;
  cutoff: number;
  /** ISO 8601, with or without an offset. */
  startDate?: string;
  endDate?: string;
  /** NextExecutionTime. */
  next?: string;
  /** When it was made, ms. */
  created?: number;
}

/** Why it could not be read. `passing`: it is worth asking again. */
export interface Unread {
  why: string;
  passing: boolean;
}

/** Its times in the words of Systems Manager: `cron(0 1 ? * SUN *), Europe/Berlin, 4 h, no start in the last 1 h`. */
export function windowWords({ schedule, timezone = 'UTC', offset = 0, duration, cutoff, startDate, endDate }: SaidWindow): string {
  return [
    offset > 0 ? `${offset} d after ${schedule}` : schedule,
    timezone,
    `${duration} h`,
    ...(cutoff > 0 ? [`no start in the last ${cutoff} h`] : []),
    ...(startDate === undefined ? [] : [`from ${startDate}`]),
    ...(endDate === undefined ? [] : [`until ${endDate}`]),
  ].join(', ');
}

/** The window that the policy names, with what was read of it at `now` (ms). */
export function withReading({ ssm, location, lastStart }: SsmWindow, said: SaidWindow | Unread, now: number): SsmWindow {
  const read: WindowReading = 'why' in said ? { closed: said.why, passing: said.passing } : readWindow(said, now);
  const window: SsmWindow = { ssm, ...(location && { location }), lastStart, read };
  if ('closed' in read || quietEnd(window) < windowLength(window)) return window;
  const closed = `is open for ${formatDuration(read.lasts)}, and the policy's lastStart of ${formatDuration(lastStart)} leaves no time to start`;
  return { ...window, read: { closed, passing: false } };
}

/** `SSM maintenance window mw-0123456789abcdef0 in 111111111111/eu-central-1`. */
export function windowName({ ssm, location }: SsmWindow): string {
  return `SSM maintenance window ${ssm}${location ? ` in ${locationKey(location)}` : ''}`;
}

/** Why it is closed whatever the hour, as a sentence; `undefined` where it opens by its schedule. */
export function closedBecause(window: SsmWindow): Unread | undefined {
  const { closed, passing } = window.read === undefined ? { closed: 'was not read', passing: true } : 'closed' in window.read ? window.read : {};
  return closed === undefined ? undefined : { why: `${windowName(window)} ${closed}`, passing: passing ?? true };
}

/** What Systems Manager says as openings; closed where it says so, or where what it says cannot be followed. `now` in ms. */
export function readWindow(said: SaidWindow, now: number): WindowReading {
  if (!said.enabled) return never('is disabled');
  if (!(said.duration >= 1)) return never('does not say how long it is open');
  const timezone = said.timezone ?? 'UTC';
  if (!isKnown(timezone)) return never(`has the time zone ${timezone}, which is not known here`);
  const dates = datesOf(said);
  if ('problem' in dates) return never(dates.problem);
  if (dates.until !== undefined && dates.until <= now) return never(`ended on ${said.endDate}`);
  const opens = opensOf(said, timezone);
  if ('problem' in opens) return never(`has the schedule ${said.schedule}: ${opens.problem}`);
  const reading = { name: said.name, says: windowWords(said), timezone, opens, lasts: said.duration * 3_600, cutoff: said.cutoff * 3_600, ...dates };
  if (reading.cutoff >= reading.lasts) return never('has a cutoff as long as itself: nothing ever starts in it');
  if (!nextOpening(alone(reading), now)) return never(`does not open again: ${reading.says}`);
  return asAnnounced(reading, said.next, now);
}

type Followed = Extract<WindowReading, { lasts: number }>;

function never(closed: string): WindowReading {
  return { closed, passing: false };
}

function alone(read: Followed): SsmWindow {
  return { ssm: 'mw-00000000000000000', lastStart: 0, read };
}

function isKnown(timezone: string): boolean {
  try {
    wallOf(0, timezone);
    return true;
  } catch {
    return false;
  }
}

function datesOf({ startDate, endDate }: SaidWindow): { from?: number; until?: number } | { problem: string } {
  const from = startDate === undefined ? undefined : instantOf(startDate);
  const until = endDate === undefined ? undefined : instantOf(endDate);
  if (Number.isNaN(from)) return { problem: `has the start date ${startDate}, which cannot be read` };
  if (Number.isNaN(until)) return { problem: `has the end date ${endDate}, which cannot be read` };
  return { ...(from !== undefined && { from }), ...(until !== undefined && { until }) };
}

/** ms; `2026-12-01T00:00:00-08:00`, `2026-12-06T01:00Z`. Without an offset it is UTC, whatever clock this machine has. */
function instantOf(text: string): number {
  const plain = text.replace(/\[.*\]$/, '');
  return Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/i.test(plain) || !plain.includes('T') ? plain : `${plain}Z`);
}

const RATE = 'its openings count from when it was made or changed, and while it is open Systems Manager tells the next one only';
const AT_ZONE = 'whether a one-off beside a time zone is in that zone or in UTC, the pages of Systems Manager do not agree';

function opensOf({ schedule, offset = 0, duration, created }: SaidWindow, timezone: string): Followed['opens'] | { problem: string } {
  const text = schedule.trim();
  // https://github.com/aws-solutions/instance-scheduler-on-aws/issues/101: NextExecutionTime moves on as soon as the execution begins.
  if (/^rate\(/i.test(text)) return { problem: RATE };
  const at = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)Z?\)$/i.exec(text)?.[1];
  if (at !== undefined) return timezone === 'UTC' || timezone === 'Etc/UTC' ? { at: instantOf(at) } : { problem: AT_ZONE };
  const read = readCron(text);
  if ('problem' in read) return read;
  const gap = shortestGap(read.cron);
  if (duration * 3_600 > gap) return { problem: `it is open for ${duration} h, and it fires again after ${formatDuration(gap)}` };
  // User Guide: with an offset, a firing that was over when the window was made does not count, although its day is still to come.
  return { ...read, offsetDays: offset, ...(offset > 0 && created !== undefined && { since: created }) };
}

/**
 * `cron(…)` of six fields, with one for seconds before them, or with that one and without a year: the guide's table has
 * `0 0 2 ? 1/1 THU#3 *` beside `0 15 10 ? * *`. Where the `?` stands tells them apart.
 */
function readCron(text: string): { cron: string; second: number } | { problem: string } {
  const fields = /^cron\((.+)\)$/i.exec(text)?.[1]?.trim().split(/\s+/);
  if (!fields) return { problem: 'it is neither cron(…) nor at(…)' };
  const withSecond = fields.length === 7 || (fields.length === 6 && (fields[3] === '?' || fields[5] === '?'));
  const [second = '', ...rest] = withSecond ? fields : ['0', ...fields];
  if (!/^[0-5]?\d$/.test(second)) return { problem: `it fires at seconds "${second}"` };
  const cron = (rest.length === 5 && withSecond ? [...rest, '*'] : rest).join(' ');
  const parsed = parseCron(cron);
  return 'problem' in parsed ? parsed : { cron, second: Number(second) };
}

/**
 * Systems Manager says when a window opens next. Openings that we would see before are none; and where we see none then, we do not
 * understand its schedule, and follow nothing. An hour apart is a clock that changes.
 */
function asAnnounced(reading: Followed, announced: string | undefined, now: number): WindowReading {
  const next = announced === undefined ? Number.NaN : instantOf(announced);
  if (!(next > now)) return reading;
  const ours = openings(alone({ ...reading, cutoff: 0 }), now, next + 2 * HOUR)
    .map(({ opens }) => opens)
    .filter((opens) => opens > now);
  // Its answers are exact to the minute.
  if (!ours.some((opens) => Math.abs(opens - next) <= HOUR)) {
    return {
      closed: `next opens at ${announced}, says Systems Manager, and that is not how ${reading.says} reads: it is not followed`,
      passing: true,
    };
  }
  return ours.some((opens) => opens < next - MINUTE) ? { ...reading, quiet: { from: now, to: next - MINUTE } } : reading;
}
