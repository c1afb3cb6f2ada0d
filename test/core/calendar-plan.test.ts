import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlanDay, nextPlan, scheduleExpression } from '../../lambdas/core/calendar.ts';
import type { PlanTime } from '../../lambdas/core/model.ts';

const at = (text: string) => Date.parse(text);
const iso = (instant: number | undefined) => (instant === undefined ? undefined : new Date(instant).toISOString().slice(0, 16));

function monthly(patchTuesdayPlusDays: number, time = '09:00', timezone = 'Europe/Berlin'): PlanTime {
  return { every: 'month', patchTuesdayPlusDays, at: time, timezone };
}

describe('the next plan', () => {
  it.each([
    ['a day after patch Tuesday, winter', monthly(1), '2026-12-01T00:00Z', '2026-12-09T08:00'],
    ['is later than now', monthly(1), '2026-12-09T08:00Z', '2027-01-13T08:00'],
    ['a day after patch Tuesday, summer', monthly(1), '2026-07-01T00:00Z', '2026-07-15T07:00'],
    ['twenty days after patch Tuesday lie in the next month', monthly(20), '2027-02-20T00:00Z', '2027-03-01T08:00'],
    ['patch Tuesday is local, not UTC', monthly(0, '00:30', 'Australia/Sydney'), '2026-12-01T00:00Z', '2026-12-07T13:30'],
    ['every day', { every: 'day', at: '06:15', timezone: 'America/New_York' }, '2026-11-01T12:00Z', '2026-11-02T11:15'],
    ['every week', { every: 'week', on: 'mon', at: '06:15', timezone: 'Asia/Kolkata' }, '2026-12-07T00:45Z', '2026-12-14T00:45'],
    ['a cron', { cron: '0 9 L * ? *', timezone: 'Europe/Berlin' }, '2027-02-01T00:00Z', '2027-02-28T08:00'],
  ] as const)('%s', (_name, plan, now, expected) => {
    expect(iso(nextPlan(plan, at(now)))).toBe(expected);
  });

  it('skips a time that the clock skips, as EventBridge Scheduler does', () => {
    expect(iso(nextPlan({ every: 'day', at: '02:30', timezone: 'Europe/Berlin' }, at('2026-03-28T12:00Z')))).toBe('2026-03-30T00:30');
    expect(iso(nextPlan({ cron: '30 2 * * ? *', timezone: 'Europe/Berlin' }, at('2026-03-28T12:00Z')))).toBe('2026-03-30T00:30');
  });

  it('comes once when a time comes twice', () => {
    const plan: PlanTime = { every: 'day', at: '02:30', timezone: 'Europe/Berlin' };
    const first = nextPlan(plan, at('2026-10-24T12:00Z'));
    expect(iso(first)).toBe('2026-10-25T00:30');
    expect(iso(nextPlan(plan, first!))).toBe('2026-10-26T01:30');
  });

  it('is undefined when a cron never fires again', () => {
    expect(nextPlan({ cron: '0 9 1 1 ? 2026', timezone: 'UTC' }, at('2026-06-01T00:00Z'))).toBeUndefined();
    expect(nextPlan({ cron: '0 9 30 2 ? *', timezone: 'UTC' }, at('2026-06-01T00:00Z'))).toBeUndefined();
  });
});

describe('a plan day', () => {
  it('is asked for by the local date, not the UTC one', () => {
    // 00:30 on Tuesday 8 December in Sydney is Monday in UTC.
    expect(isPlanDay(monthly(0, '00:30', 'Australia/Sydney'), at('2026-12-07T13:30Z'))).toBe(true);
    expect(isPlanDay(monthly(0, '00:30', 'UTC'), at('2026-12-07T13:30Z'))).toBe(false);
  });

  it('is one in four or five of the weekly firings of a monthly plan', () => {
    const wednesdays = ['02', '09', '16', '23', '30'].map((date) => at(`2026-12-${date}T08:00Z`));
    expect(wednesdays.map((instant) => isPlanDay(monthly(1), instant))).toEqual([false, true, false, false, false]);
  });

  it('is every day on which a next plan comes', () => {
    const days = fc.integer({ min: 0, max: 20 });
    const time = fc.constantFrom('02:15', '02:30', '23:59');
    const timezone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');
    const plan = fc.oneof(
      fc.record({ every: fc.constant('month' as const), patchTuesdayPlusDays: days, at: time, timezone }),
      fc.record({ every: fc.constant('week' as const), on: fc.constantFrom('mon' as const, 'sun' as const), at: time, timezone }),
    );
    fc.assert(
      fc.property(plan, fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2030-01-01T00:00Z') }), (given: PlanTime, now) => {
        const next = nextPlan(given, now)!;
        expect(next).toBeGreaterThan(now);
        expect(isPlanDay(given, next)).toBe(true);
        // A gap can swallow one month's plan, never two in a row.
        expect(next - now).toBeLessThan(75 * 86_400_000);
      }),
    );
  });
});

describe('what EventBridge Scheduler gets', () => {
  it.each([
    [{ every: 'day', at: '06:05', timezone: 'UTC' }, 'cron(5 6 * * ? *)'],
    [{ every: 'week', on: 'fri', at: '23:00', timezone: 'UTC' }, 'cron(0 23 ? * FRI *)'],
    [monthly(0), 'cron(0 9 ? * TUE *)'],
    [monthly(1), 'cron(0 9 ? * WED *)'],
    [monthly(6), 'cron(0 9 ? * MON *)'],
    [{ cron: '0 1 ? 1/3 SAT#2 *', timezone: 'UTC' }, 'cron(0 1 ? 1/3 SAT#2 *)'],
  ] as const)('%j', (plan, expression) => {
    expect(scheduleExpression(plan)).toEqual({ expression, timezone: plan.timezone });
  });
});
