/** Which feeds are worth reading now. Pure. */

/** What a feed says of itself. */
export interface Schedule {
  name: string;
  /** Whom it concerns, as beginnings of platforms; empty: every fleet. */
  platforms: readonly string[];
  /** Hours after which it is worth asking again. */
  everyHours: number;
}

/** What is known of the last reading; instants are ISO-8601 UTC. */
export interface LastReading {
  lastTried?: string | undefined;
  /** When another feed has heard of something new here, and which such word was answered by a reading. */
  wanted?: string | undefined;
  answered?: string | undefined;
}

export interface Occasion {
  /** `all`: a whole look at the fleet reads everything. `feeds`: only what has its time. */
  scope: 'all' | 'feeds';
  /** When the intake began, ms: what was read since then is not read again, unless it is wanted. */
  since: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Schedules are never on the second: a feed of every hour is due after 54 minutes. */
const EARLY = 0.9;

/** Whether a feed concerns a fleet of these platforms (`os-release-arch`). */
export function concerns({ platforms }: Pick<Schedule, 'platforms'>, fleet: readonly string[]): boolean {
  if (platforms.length === 0) return true;
  const beginnings = platforms.map((platform) => (platform.endsWith('-') ? platform : `${platform}-`));
  return fleet.some((platform) => beginnings.some((beginning) => platform.startsWith(beginning)));
}

/** Whether a feed that concerns the fleet is to be read now. */
export function isDue(feed: Pick<Schedule, 'everyHours'>, last: LastReading | undefined, { scope, since, now }: Occasion): boolean {
  const tried = last?.lastTried === undefined ? -Infinity : Date.parse(last.lastTried);
  if (last?.wanted !== last?.answered) return true;
  if (tried >= since) return false;
  return scope === 'all' || now - tried >= feed.everyHours * 3_600_000 * EARLY;
}
