import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTimetable } from '../../local/services/schedule-times.ts';

function times(expression: string, after: string, timezone = 'UTC', count = 3): string[] {
  const timetable = readTimetable(expression, { timezone, origin: Date.parse(after) });
  const found: string[] = [];
  let last = Date.parse(after);
  while (found.length < count) {
    const next = timetable.next(last);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(':00.000Z', ''));
    last = next;
  }
  return found;
}

describe('cron expressions of EventBridge', () => {
  it.each([
    ['cron(0 3 ? * SUN *)', ['2026-11-29T03:00', '2026-12-06T03:00', '2026-12-13T03:00']],
    ['cron(0 3 ? * 1 *)', ['2026-11-29T03:00', '2026-12-06T03:00', '2026-12-13T03:00']],
    ['cron(0 3 ? * 7 *)', ['2026-11-28T03:00', '2026-12-05T03:00', '2026-12-12T03:00']],
    ['cron(0 3 ? * MON-FRI *)', ['2026-11-24T03:00', '2026-11-25T03:00', '2026-11-26T03:00']],
    ['cron(0 3 ? * 3#2 *)', ['2026-12-08T03:00', '2027-01-12T03:00', '2027-02-09T03:00']],
    ['cron(0 3 ? * TUE#2 *)', ['2026-12-08T03:00', '2027-01-12T03:00', '2027-02-09T03:00']],
    ['cron(0 3 ? * 6L *)', ['2026-11-27T03:00', '2026-12-25T03:00', '2027-01-29T03:00']],
    ['cron(0 3 ? * L *)', ['2026-11-28T03:00', '2026-12-05T03:00', '2026-12-12T03:00']],
    ['cron(0 3 L * ? *)', ['2026-11-30T03:00', '2026-12-31T03:00', '2027-01-31T03:00']],
    ['cron(0 3 15W * ? *)', ['2026-12-15T03:00', '2027-01-15T03:00', '2027-02-15T03:00']],
    ['cron(0 3 1 JAN,JUL ? *)', ['2027-01-01T03:00', '2027-07-01T03:00', '2028-01-01T03:00']],
    ['cron(0/20 10 * * ? *)', ['2026-11-23T10:00', '2026-11-23T10:20', '2026-11-23T10:40']],
    ['cron(5 0/12 * * ? *)', ['2026-11-23T12:05', '2026-11-24T00:05', '2026-11-24T12:05']],
    ['cron(0 3 24 11 ? 2026)', ['2026-11-24T03:00']],
  ])('%s', (expression, expected) => {
    expect(times(expression, '2026-11-23T07:30:00Z')).toEqual(expected);
  });

  it('finds the weekday nearest to the 15th when it is on a weekend', () => {
    expect(times('cron(0 3 15W * ? *)', '2026-08-01T00:00:00Z', 'UTC', 2)).toEqual(['2026-08-14T03:00', '2026-09-15T03:00']);
  });

  it.each([
    ['cron(0 3 * * * *)', 'exactly one of day of month and day of week'],
    ['cron(0 3 ? * ? *)', 'exactly one of day of month and day of week'],
    ['cron(0 3 * * ?)', 'must have six fields'],
    ['cron(99 3 * * ? *)', /./],
    ['rate(0 minutes)', 'positive number'],
    ['rate(5 fortnights)', 'minutes, hours or days'],
    ['at(2026-11-23 03:00)', 'yyyy-mm-ddThh:mm:ss'],
    ['daily', 'is not cron'],
  ])('%s is refused', (expression, message) => {
    expect(() => times(expression, '2026-11-23T00:00:00Z')).toThrow(message);
  });

  it('names a time zone that does not exist', () => {
    expect(() => times('cron(0 3 * * ? *)', '2026-11-23T00:00:00Z', 'Mars/Base')).toThrow('"Mars/Base"');
  });
});

describe('daylight saving time', () => {
  it('a time of day follows the wall clock', () => {
    expect(times('cron(0 3 * * ? *)', '2026-03-27T12:00:00Z', 'Europe/Berlin')).toEqual(['2026-03-28T02:00', '2026-03-29T01:00', '2026-03-30T01:00']);
  });

  it('a time that the clocks jump over is skipped that day', () => {
    expect(times('cron(30 2 * * ? *)', '2026-03-28T12:00:00Z', 'Europe/Berlin', 2)).toEqual(['2026-03-30T00:30', '2026-03-31T00:30']);
    expect(times('cron(30 2 29 3 ? *)', '2026-03-01T00:00:00Z', 'Europe/Berlin', 1)).toEqual(['2027-03-29T00:30']);
  });

  it('a time that comes twice runs once, the first time', () => {
    expect(times('cron(30 2 * * ? *)', '2026-10-24T12:00:00Z', 'Europe/Berlin', 2)).toEqual(['2026-10-25T00:30', '2026-10-26T01:30']);
  });

  it('an hour that comes twice is over for the schedule after the first', () => {
    expect(times('cron(0/30 2 * * ? *)', '2026-10-25T01:10:00Z', 'Europe/Berlin', 1)).toEqual(['2026-10-26T01:00']);
  });

  it('a single time in the gap never comes, another does, on the wall clock', () => {
    expect(times('at(2026-03-29T02:30:00)', '2026-03-01T00:00:00Z', 'Europe/Berlin')).toEqual([]);
    expect(times('at(2026-03-29T03:30:00)', '2026-03-01T00:00:00Z', 'Europe/Berlin')).toEqual(['2026-03-29T01:30']);
    expect(times('at(2026-02-01T00:00:00)', '2026-03-01T00:00:00Z')).toEqual([]);
  });

  it('every found time shows the asked hour and minute on the wall, and times only grow', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Sao_Paulo');
    const any = fc.record({ hour: fc.nat(23), minute: fc.nat(59), zone: zones, start: fc.nat(400 * 24) });
    fc.assert(
      fc.property(any, ({ hour, minute, zone, start }) => {
        const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
        const timetable = readTimetable(`cron(${minute} ${hour} * * ? *)`, { timezone: zone, origin: 0 });
        let last = Date.UTC(2026, 0, 1, start);
        for (let round = 0; round < 3; round += 1) {
          const next = timetable.next(last)!;
          expect(next).toBeGreaterThan(last);
          expect(next - last).toBeLessThan(50 * 3_600_000);
          expect(format.format(next)).toBe(`${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
          last = next;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('rates', () => {
  const origin = Date.parse('2026-11-23T07:00:00Z');
  it('of Scheduler start at the origin, of rules one interval later', () => {
    expect(readTimetable('rate(5 minutes)', { origin, atOrigin: true }).next(origin - 1)).toBe(origin);
    expect(readTimetable('rate(5 minutes)', { origin }).next(origin - 1)).toBe(origin + 300_000);
  });

  it.each([
    ['rate(1 hour)', 3_600_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s', (expression, interval) => {
    const timetable = readTimetable(expression, { origin });
    expect(timetable.next(origin)).toBe(origin + interval);
    expect(timetable.next(origin + interval)).toBe(origin + 2 * interval);
    expect(timetable.next(origin + 2 * interval - 1)).toBe(origin + 2 * interval);
  });

  it('days of a rate are 24 hours, whatever the clocks do', () => {
    const before = Date.parse('2026-03-28T12:00:00Z');
    expect(readTimetable('rate(1 day)', { origin: before, timezone: 'Europe/Berlin' }).next(before)).toBe(before + 86_400_000);
  });
});
