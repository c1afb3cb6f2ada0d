/** Instants and spans on the policy's clock, as lines of the terminal and the report show them. */
import { formatLocal } from '../../lambdas/core/calendar-text.ts';

const HOUR = 3_600_000;

/** `Wed 9 Dec 22:00-02:00`; from a day on, only the days: `Sun 13 Dec-Tue 15 Dec`. Instants in ms. */
export function span(from: number, to: number, timezone: string): string {
  if (to - from >= 24 * HOUR) return `${formatLocal(from, timezone, 'day')}-${formatLocal(to, timezone, 'day')}`;
  return `${formatLocal(from, timezone)}-${formatLocal(to, timezone, 'time')}`;
}

/** Milliseconds of an ISO instant; `undefined` for an empty one: a node or wave that never began. */
export function instant(iso: string): number | undefined {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? undefined : at;
}
