import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpen, nextOpening, openings } from '../../lambdas/core/calendar.ts';
import { WEEKDAYS } from '../../lambdas/core/calendar-zone.ts';
import { Window } from '../../lambdas/core/model.ts';

const at = (text: string) => Date.parse(text);
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 16);
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'];

function window(days: string, from: string, to: string, rest: { timezone?: string; lastStart?: number } = {}): Window {
  return Window.parse({ days: days.split(' '), from, to, timezone: 'Europe/Berlin', lastStart: 0, ...rest });
}

const newYork = { timezone: 'America/New_York' };
const kolkata = { timezone: 'Asia/Kolkata' };
const lordHowe = { timezone: 'Australia/Lord_Howe' };

describe('a window over midnight', () => {
  const weeknights = window('mon tue wed thu fri', '22:00', '02:00');

  it('is the present one until its last start', () => {
    const opening = { opens: at('2026-12-09T21:00Z'), closes: at('2026-12-10T01:00Z'), lastStart: at('2026-12-10T01:00Z') };
    expect(nextOpening(weeknights, at('2026-12-09T12:00Z'))).toEqual(opening);
    expect(nextOpening(weeknights, at('2026-12-10T00:59:59Z'))).toEqual(opening);
    expect(nextOpening(weeknights, at('2026-12-10T01:00Z'))?.opens).toBe(at('2026-12-10T21:00Z'));
  });

  it('that began on Friday runs into Saturday, and opens again on Monday', () => {
    expect(isOpen(weeknights, at('2026-12-12T00:30Z'))).toBe(true);
    expect(iso(nextOpening(weeknights, at('2026-12-12T01:00Z'))!.opens)).toBe('2026-12-14T21:00');
  });
});

describe('the last start', () => {
  const sunday = window('sun', '01:00', '07:00', { lastStart: 3_600 });

  it('is counted back from the end', () => {
    expect(iso(nextOpening(sunday, at('2026-12-12T12:00Z'))!.lastStart)).toBe('2026-12-13T05:00');
  });

  it('closes the window for starts', () => {
    expect(isOpen(sunday, at('2026-12-13T00:00Z'))).toBe(true);
    expect(isOpen(sunday, at('2026-12-13T04:59:59Z'))).toBe(true);
    expect(isOpen(sunday, at('2026-12-13T05:00Z'))).toBe(false);
    expect(isOpen(sunday, at('2026-12-12T23:59:59Z'))).toBe(false);
  });
});

describe('when the clock changes', () => {
  it.each([
    // What, the window, the day before, when it opens and closes.
    ['Berlin 2026, from in the gap', window('sun', '02:30', '06:00'), '2026-03-28T12:00Z', '2026-03-29T01:00 to 2026-03-29T04:00'],
    ['Berlin 2026, to in the gap', window('sun', '00:00', '02:30'), '2026-03-28T12:00Z', '2026-03-28T23:00 to 2026-03-29T01:00'],
    ['Berlin 2027, an hour shorter', window('sun', '01:00', '07:00'), '2027-03-27T12:00Z', '2027-03-28T00:00 to 2027-03-28T05:00'],
    ['Berlin 2026, from comes twice', window('sun', '02:30', '06:00'), '2026-10-24T12:00Z', '2026-10-25T00:30 to 2026-10-25T05:00'],
    ['Berlin 2027, to comes twice', window('sat', '22:00', '02:30'), '2027-10-30T12:00Z', '2027-10-30T20:00 to 2027-10-31T00:30'],
    ['Berlin 2027, an hour longer', window('sun', '01:00', '07:00'), '2027-10-30T12:00Z', '2027-10-30T23:00 to 2027-10-31T06:00'],
    ['New York 2026, gap', window('sun', '02:15', '05:00', newYork), '2026-03-07T18:00Z', '2026-03-08T07:00 to 2026-03-08T09:00'],
    ['New York 2026, twice', window('sun', '01:30', '05:00', newYork), '2026-10-31T18:00Z', '2026-11-01T05:30 to 2026-11-01T10:00'],
    ['New York 2027, gap', window('sun', '02:15', '05:00', newYork), '2027-03-13T18:00Z', '2027-03-14T07:00 to 2027-03-14T09:00'],
    ['Kolkata, never', window('sun', '02:30', '06:00', kolkata), '2026-03-28T12:00Z', '2026-03-28T21:00 to 2026-03-29T00:30'],
    ['Lord Howe 2026, a gap of half an hour', window('sun', '02:15', '04:00', lordHowe), '2026-10-03T12:00Z', '2026-10-03T15:30 to 2026-10-03T17:00'],
    ['Lord Howe 2026, half an hour twice', window('sun', '01:45', '04:00', lordHowe), '2026-04-04T12:00Z', '2026-04-04T14:45 to 2026-04-04T17:30'],
  ] as const)('%s', (_name, given, now, edges) => {
    const opening = nextOpening(given, at(now))!;
    expect([iso(opening.opens), iso(opening.closes)]).toEqual(edges.split(' to '));
  });

  it('a window inside the gap does not open that day', () => {
    expect(iso(nextOpening(window('sun', '02:00', '03:00'), at('2026-03-28T12:00Z'))!.opens)).toBe('2026-04-05T00:00');
  });

  it('a window that the gap made shorter than its last start does not open that day', () => {
    const tight = window('sun', '01:00', '04:00', { lastStart: 2 * 3_600 });
    expect(iso(nextOpening(tight, at('2026-03-28T12:00Z'))!.opens)).toBe('2026-04-04T23:00');
  });

  it('a window whose last start lies before its opening never opens', () => {
    expect(nextOpening(window('sun', '01:00', '02:00', { lastStart: 3_600 }), at('2026-03-28T12:00Z'))).toBeUndefined();
  });

  it('a cron in the gap opens at the first instant after it', () => {
    const given: Window = { cron: '30 2 ? * SUN *', lasts: 3_600, timezone: 'Europe/Berlin', lastStart: 0 };
    const opening = nextOpening(given, at('2026-03-28T12:00Z'))!;
    expect([iso(opening.opens), iso(opening.closes)]).toEqual(['2026-03-29T01:00', '2026-03-29T02:00']);
  });

  it('a whole skipped day (Samoa, Friday 30 December 2011) does not open', () => {
    const apia = { timezone: 'Pacific/Apia' };
    expect(iso(nextOpening(window('fri', '08:00', '24:00', apia), at('2011-12-29T20:00Z'))!.opens)).toBe('2012-01-05T18:00');
    expect(iso(nextOpening(window('fri sat', '08:00', '12:00', apia), at('2011-12-29T20:00Z'))!.opens)).toBe('2011-12-30T18:00');
  });
});

describe('a window from a cron', () => {
  const quarter: Window = { cron: '0 1 ? 1/3 SAT#2 *', lasts: 6 * 3_600, timezone: 'Europe/Berlin', lastStart: 0 };

  it('opens on the second Saturday of each quarter', () => {
    expect(openings(quarter, at('2026-01-01T00:00Z'), at('2027-01-01T00:00Z')).map((opening) => iso(opening.opens))).toEqual([
      '2026-01-10T00:00',
      '2026-04-10T23:00',
      '2026-07-10T23:00',
      '2026-10-09T23:00',
    ]);
  });

  it('ends an opening where it fires again', () => {
    const hourly: Window = { cron: '0 * * * ? *', lasts: 2 * 3_600, timezone: 'UTC', lastStart: 0 };
    const [first, second] = openings(hourly, at('2026-01-01T00:30Z'), at('2026-01-01T02:00Z'));
    expect(first).toMatchObject({ opens: at('2026-01-01T00:00Z'), closes: at('2026-01-01T01:00Z') });
    expect(second?.opens).toBe(first?.closes);
  });

  it('has no next opening after its last year', () => {
    const once: Window = { cron: '0 1 24 12 ? 2026', lasts: 3_600, timezone: 'UTC', lastStart: 0 };
    expect(nextOpening(once, at('2026-12-24T01:30Z'))?.opens).toBe(at('2026-12-24T01:00Z'));
    expect(nextOpening(once, at('2026-12-24T02:00Z'))).toBeUndefined();
    expect(isOpen(once, at('2027-01-01T00:00Z'))).toBe(false);
  });

  it('throws on a cron that is none', () => {
    expect(() => nextOpening({ ...quarter, cron: '0 1 * * * *' }, 0)).toThrow('not a cron: exactly one of');
  });
});

describe('openings', () => {
  it('are those that overlap the span, whole', () => {
    const daily = window('mon tue wed thu fri sat sun', '22:00', '02:00', { timezone: 'UTC' });
    const found = openings(daily, at('2026-12-09T02:00Z'), at('2026-12-10T22:00Z'));
    expect(found.map((opening) => iso(opening.opens))).toEqual(['2026-12-09T22:00']);
    expect(openings(daily, at('2026-12-09T01:59Z'), at('2026-12-09T22:01Z'))).toHaveLength(2);
  });

  it('of a window around the clock follow each other without a break', () => {
    const always = window('mon tue wed thu fri sat sun', '00:00', '24:00');
    const found = openings(always, at('2026-03-27T00:00Z'), at('2026-04-01T00:00Z'));
    for (const [index, opening] of found.slice(1).entries()) expect(opening.opens).toBe(found[index]?.closes);
  });
});

describe('any window at any time', () => {
  const time = fc.integer({ min: 0, max: 24 * 60 - 1 }).map((minutes) => new Date(minutes * 60_000).toISOString().slice(11, 16));
  const days = fc.subarray([...WEEKDAYS], { minLength: 1 });
  const timezone = fc.constantFrom(...ZONES);
  const lastStart = fc.integer({ min: 0, max: 7_200 });
  const byDays = fc.record({ days, from: time, to: time, timezone, lastStart }).filter(({ from, to }) => from !== to);
  const byCron = fc.record({
    cron: fc.constantFrom('0 1 ? * SAT#2 *', '30 2 * * ? *', '0/20 1-3 ? * SUN *', '15 23 L * ? *', '0 2 15W * ? *'),
    lasts: fc.integer({ min: 60, max: 3 * 86_400 }),
    timezone,
    lastStart,
  });
  const instant = fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2028-01-01T00:00Z') });

  it('gives a next opening that still lets nodes start', () => {
    fc.assert(
      fc.property(fc.oneof(byDays, byCron), instant, (given: Window, now) => {
        const next = nextOpening(given, now);
        if (!next) return;
        expect(next.lastStart).toBeGreaterThan(now);
        expect(next.lastStart).toBeGreaterThan(next.opens);
        expect(next.lastStart).toBeLessThanOrEqual(next.closes);
        expect(isOpen(given, now)).toBe(next.opens <= now);
        expect(isOpen(given, next.opens)).toBe(true);
        expect(isOpen(given, next.lastStart - 1)).toBe(true);
      }),
    );
  });

  it('gives openings that are sorted, disjoint and in line with nextOpening', () => {
    fc.assert(
      fc.property(fc.oneof(byDays, byCron), instant, (given: Window, from) => {
        const found = openings(given, from, from + 21 * 86_400_000);
        const edges = found.flatMap((opening) => [opening.opens, opening.closes]);
        expect(edges).toEqual(edges.toSorted((a, b) => a - b));
        for (const opening of found) {
          expect(opening.opens).toBeLessThan(opening.closes);
          expect(nextOpening(given, opening.opens)).toEqual(opening);
        }
      }),
    );
  });
});
