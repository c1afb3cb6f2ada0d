import { describe, expect, it } from 'vitest';
import { formatDuration, formatLocal } from '../../lambdas/core/calendar.ts';
import { instantOf, isTimezone, wallExists, wallOf, weekdayOf } from '../../lambdas/core/calendar-zone.ts';

const at = (text: string) => Date.parse(text);

describe('a time for people', () => {
  const instant = at('2026-12-09T21:41:59Z');

  it.each([
    ['moment', 'Wed 9 Dec 22:41'],
    ['zoned', 'Wed 9 Dec 22:41 (Europe/Berlin)'],
    ['dated', 'Wed 9 Dec 2026 22:41'],
    ['day', 'Wed 9 Dec'],
    ['time', '22:41'],
    ['column', 'Wed  9 Dec 22:41'],
  ] as const)('in style %s', (style, text) => {
    expect(formatLocal(instant, 'Europe/Berlin', style)).toBe(text);
  });

  it('is that of the zone', () => {
    expect(formatLocal(instant, 'Asia/Kolkata')).toBe('Thu 10 Dec 03:11');
    expect(formatLocal(at('2026-12-09T00:00:00Z'), 'UTC', 'time')).toBe('00:00');
  });
});

describe('a duration for people', () => {
  it.each([
    [-5, '0 s'],
    [0, '0 s'],
    [45.9, '45 s'],
    [90, '1 min 30 s'],
    [300, '5 min'],
    [40 * 60 + 12, '40 min'],
    [3 * 3_600 + 10 * 60, '3 h 10'],
    [3 * 3_600 + 5 * 60, '3 h 05'],
    [24 * 3_600, '24 h'],
    [48 * 3_600, '48 h'],
    [49 * 3_600, '2 d 1 h'],
    [72 * 3_600, '3 d'],
    [80 * 3_600 + 59, '3 d 8 h'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('the clock on the wall', () => {
  it('does not exist in the gap of spring', () => {
    const wall = Date.UTC(2026, 2, 29, 2, 30);
    expect(wallExists(wall, 'Europe/Berlin')).toBe(false);
    expect(instantOf(wall, 'Europe/Berlin')).toBe(at('2026-03-29T01:00Z'));
    expect(wallExists(wall, 'UTC')).toBe(true);
  });

  it('is the same there and back, all the year', () => {
    for (const timezone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Casablanca']) {
      for (let instant = at('2026-01-01T00:07Z'); instant < at('2027-12-31T00:00Z'); instant += 7 * 3_600_000) {
        const wall = wallOf(instant, timezone);
        expect(wallOf(instantOf(wall, timezone), timezone)).toBe(wall);
      }
    }
  });

  it('has the right days of the week, before 1970 too', () => {
    expect([-1, 0, 1, 5].map(weekdayOf)).toEqual(['wed', 'thu', 'fri', 'tue']);
  });
});

describe('a time zone', () => {
  it.each(['Europe/Berlin', 'UTC', 'Asia/Calcutta', 'US/Eastern', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1'])('%s is one', (name) => {
    expect(isTimezone(name)).toBe(true);
  });

  it.each(['Europe/Berln', 'europe/berlin', 'EUROPE/BERLIN', '+01:00', 'utc', ''])('"%s" is none', (name) => {
    expect(isTimezone(name)).toBe(false);
  });
});
