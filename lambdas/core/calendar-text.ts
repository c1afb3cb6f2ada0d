/** Times and durations as people read them in messages, plans and reports. English and fixed, whatever the machine's language is. */
import { DAY, dayOf, wallOf, weekdayOf } from './calendar-zone.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * `moment` Wed 9 Dec 22:41; `zoned` Wed 9 Dec 22:41 (Europe/Berlin); `dated` Wed 9 Dec 2026 22:41; `day` Wed 9 Dec; `time` 22:41;
 * `column` like `moment` with the day right-aligned, for tables.
 */
export type LocalStyle = 'moment' | 'zoned' | 'dated' | 'day' | 'time' | 'column';

/** An instant (ms since the epoch) on the clock of a time zone. Throws a RangeError for an unknown time zone. */
export function formatLocal(instant: number, timezone: string, style: LocalStyle = 'moment'): string {
  const wall = wallOf(instant, timezone);
  const date = new Date(wall);
  const weekday = weekdayOf(dayOf(wall));
  const name = `${weekday.charAt(0).toUpperCase()}${weekday.slice(1)}`;
  const number = String(date.getUTCDate());
  const day = `${name} ${style === 'column' ? number.padStart(2) : number} ${MONTHS[date.getUTCMonth()]}`;
  const time = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  if (style === 'day') return day;
  if (style === 'time') return time;
  if (style === 'dated') return `${day} ${date.getUTCFullYear()} ${time}`;
  return style === 'zoned' ? `${day} ${time} (${timezone})` : `${day} ${time}`;
}

/**
 * A duration (s) in at most two units: `45 s`, `1 min 30 s`, `40 min`, `3 h 10`, `48 h`, `3 d 8 h`. Rounded down; seconds count below ten
 * minutes and days begin above 48 hours, because people compare `24 h` and `48 h` with what they wrote in the policy.
 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  const restSeconds = whole % 60;
  if (minutes < 1) return `${whole} s`;
  if (minutes < 10 && restSeconds > 0) return `${minutes} min ${restSeconds} s`;
  if (hours < 1) return `${minutes} min`;
  const restMinutes = minutes % 60;
  if (whole <= (2 * DAY) / 1_000 || hours < 48) return restMinutes > 0 ? `${hours} h ${pad(restMinutes)}` : `${hours} h`;
  const restHours = hours % 24;
  return restHours > 0 ? `${Math.floor(hours / 24)} d ${restHours} h` : `${Math.floor(hours / 24)} d`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
