import { Cron as Croner } from 'croner';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronFields, firings, parseCron } from '../../lambdas/core/calendar-cron.ts';
import { dayOf } from '../../lambdas/core/calendar-zone.ts';

const START = Date.parse('2026-01-01T00:00Z');

function first(expression: string, count: number, from = START): string[] {
  const parsed = parseCron(expression);
  if ('problem' in parsed) throw new Error(parsed.problem);
  const found: string[] = [];
  for (const wall of firings(parsed.cron, dayOf(from))) {
    if (found.push(new Date(wall).toISOString().slice(0, 16)) === count) break;
  }
  return found;
}

/** A field's spec that AWS and croner spell alike. */
function list(min: number, max: number): fc.Arbitrary<string> {
  const values = fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    fc.constant('*'),
    values.map((numbers) => numbers.join(',')),
  );
}

const weekday = fc.constantFrom('SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT');
const monthDay = fc.oneof(
  list(1, 28),
  fc.constant('L'),
  fc.integer({ min: 1, max: 28 }).map((date) => `${date}W`),
);
/** The two day fields, and the spec of the one that counts as croner writes it: it counts Sunday as 0 and writes `FRI#L` for `FRIL`. */
const dayFields = fc.oneof(
  monthDay.map((spec) => ({ month: spec, week: '?', croner: [spec, '*'] })),
  weekday.map((spec) => ({ month: '?', week: spec, croner: ['*', spec] })),
  fc.tuple(weekday, fc.integer({ min: 1, max: 4 })).map(([day, n]) => ({ month: '?', week: `${day}#${n}`, croner: ['*', `${day}#${n}`] })),
  weekday.map((day) => ({ month: '?', week: `${day}L`, croner: ['*', `${day}#L`] })),
  fc.constant({ month: '?', week: 'MON-FRI', croner: ['*', 'MON-FRI'] }),
);

describe('an AWS cron', () => {
  it.each([
    ['cron(0 10 * * ? *)', ['2026-01-01T10:00', '2026-01-02T10:00']],
    ['15 12 ? * 1 *', ['2026-01-04T12:15', '2026-01-11T12:15']], // 1 is Sunday
    ['0 8 1 * ? *', ['2026-01-01T08:00', '2026-02-01T08:00']],
    ['15 10 ? * 6L *', ['2026-01-30T10:15', '2026-02-27T10:15']], // the last Friday
    ['0 0 L 2 ? *', ['2026-02-28T00:00', '2027-02-28T00:00', '2028-02-29T00:00']],
    ['0 0 ? * L *', ['2026-01-03T00:00', '2026-01-10T00:00']], // Saturday ends the week
    ['0 9 ? * 3#2 *', ['2026-01-13T09:00', '2026-02-10T09:00']], // patch Tuesday
    ['0 9 ? * mon#5 *', ['2026-03-30T09:00', '2026-06-29T09:00']],
    ['0 9 1W 2-8/3 ? *', ['2026-02-02T09:00', '2026-05-01T09:00', '2026-08-03T09:00']], // Sunday, Friday, Saturday
    ['0 9 31W * ? *', ['2026-01-30T09:00', '2026-03-31T09:00', '2026-05-29T09:00']],
    ['1/20 0 1 1 ? *', ['2026-01-01T00:01', '2026-01-01T00:21', '2026-01-01T00:41', '2027-01-01T00:01']],
    ['0 1 ? 1/3 SAT#2 *', ['2026-01-10T01:00', '2026-04-11T01:00', '2026-07-11T01:00']],
    ['0 0 29 2 ? 2028-2032', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['0 0 30 2 ? *', []],
  ])('%s', (expression, expected) => {
    expect(first(expression, Math.max(expected.length, 1))).toEqual(expected);
  });

  it.each([
    ['0 1 ? * SUN', 'six fields'],
    ['0 1 * * * *', 'exactly one of day-of-month and day-of-week must be ?'],
    ['0 1 ? * ? *', 'exactly one of day-of-month and day-of-week must be ?'],
    ['60 1 ? * SUN *', 'minutes "60" is not 0 to 59'],
    ['0 1 ? * 0 *', 'day-of-week "0" is not 1 to 7 or SUN to SAT (AWS counts Sunday as 1)'],
    ['0 1 ? * SON *', 'day-of-week "SON" is not 1 to 7'],
    ['0 1 ? * FRI-SUN *', 'day-of-week "FRI-SUN" runs backwards'],
    ['0 1 ? * SUN#6 *', 'the number after # is 1 to 5'],
    ['0/0 1 ? * SUN *', 'the step after / is a whole number above 0'],
    ['0 1-2-3 ? * SUN *', 'hours "1-2-3" is not a value, a range or *'],
    ['0 1, ? * SUN *', 'hours "" is not a value, a range or *'],
    ['0 1 LW * ? *', 'day-of-month "LW" is not 1 to 31'],
    ['0 1 32W * ? *', 'day-of-month "32" is not 1 to 31'],
    ['0 1 ? 13 SUN *', 'month "13" is not 1 to 12 or JAN to DEC'],
    ['0 1 ? * SUN 2026.5', 'year "2026.5" is not 1970 to 2199'],
  ])('refuses %s', (expression, problem) => {
    const parsed = parseCron(expression);
    expect('problem' in parsed && parsed.problem).toContain(problem);
  });

  it('is stored as its six fields', () => {
    expect(cronFields(' cron(0  1 ? * SUN *) ')).toBe('0 1 ? * SUN *');
  });

  it('fires when croner says so, in UTC', () => {
    const minutes = fc.oneof(list(0, 59), fc.constant('*/20'), fc.constant('10-40/15'));
    const fields = fc.record({ minute: minutes, hour: list(0, 23), day: dayFields, month: list(1, 12) });
    fc.assert(
      fc.property(fields, ({ minute, hour, day, month }) => {
        const croner = new Croner(`0 ${minute} ${hour} ${day.croner[0]} ${month} ${day.croner[1]}`, { timezone: 'UTC' });
        const runs = croner.nextRuns(5, new Date(START - 1_000)).map((date) => date.toISOString().slice(0, 16));
        expect(first(`${minute} ${hour} ${day.month} ${month} ${day.week} *`, 5)).toEqual(runs);
      }),
      { numRuns: 200 },
    );
  });
});
