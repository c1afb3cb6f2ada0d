/** Dates that people give on the command line. */
import { fail, fileProblem } from './problems.ts';

/** ISO 8601: a day, or an instant of it. */
const ISO = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Milliseconds since the epoch; without a time of day the beginning of the day, without a zone UTC. Throws `InputErrors`, which name the
 * option: `Date.parse` alone takes `next week 4` for a day in April 2001, and the 30th of February for one in March.
 */
export function readDate(option: string, text: string): number {
  const [whole, day, time, , , zone] = ISO.exec(text.trim()) ?? [];
  const at = Date.parse(time !== undefined && zone === undefined ? `${whole}Z` : (whole ?? ''));
  const isDay = day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(Date.parse(day)).toISOString().startsWith(day);
  return isDay && !Number.isNaN(at) ? at : fail([fileProblem(option, `"${text}" is no ISO date`, 'for example 2026-12-01')]);
}
