import { describe, expect, it } from 'vitest';
import { isOpen, nextOpening, openings } from '../../lambdas/core/calendar.ts';
import { closedBecause, readWindow, windowWords, withReading } from '../../lambdas/core/maintenance-window.ts';
import type { SaidWindow } from '../../lambdas/core/maintenance-window.ts';
import { Window } from '../../lambdas/core/model.ts';
import type { SsmWindow } from '../../lambdas/core/model.ts';

const at = (text: string) => Date.parse(text);
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 19).replace(/:00$/, '');
/** A Tuesday. */
const NOW = at('2026-12-01T12:00Z');
const ID = 'mw-0123456789abcdef0';
const named: SsmWindow = { ssm: ID, location: { account: '111111111111', region: 'eu-central-1' }, lastStart: 0 };

function said(parts: Partial<SaidWindow> = {}): SaidWindow {
  return { name: 'erp-sunday', enabled: true, schedule: 'cron(0 1 ? * SUN *)', timezone: 'Europe/Berlin', duration: 4, cutoff: 1, ...parts };
}

/** As a plan or a track has it: written as JSON and read again. */
function followed(parts: Partial<SaidWindow> = {}, { now = NOW, lastStart = 0 } = {}): Window {
  return Window.parse(JSON.parse(JSON.stringify(withReading({ ...named, lastStart }, said(parts), now))));
}

/** @param span from and to */
function openingsOf(parts: Partial<SaidWindow>, span: string): string[] {
  const [from = '', to = ''] = span.split(' ');
  return openings(followed(parts, { now: at(from) }), at(from), at(to)).map(
    ({ opens, closes, lastStart }) => `${iso(opens)} to ${iso(closes)}, starts until ${iso(lastStart)}`,
  );
}

function why(parts: Partial<SaidWindow>, options: { now?: number; lastStart?: number } = {}): string {
  const window = followed(parts, options);
  expect(nextOpening(window, options.now ?? NOW)).toBeUndefined();
  return 'ssm' in window ? (closedBecause(window)?.why ?? 'is open').replace(`SSM maintenance window ${ID} in 111111111111/eu-central-1 `, '') : '';
}

describe('a maintenance window that can be followed', () => {
  it.each<[string, Partial<SaidWindow>, string, string[]]>([
    // What, what it says, from and to, openings.
    [
      'six fields',
      {},
      '2026-12-01T12:00Z 2026-12-14T00:00Z',
      ['2026-12-06T00:00 to 2026-12-06T04:00, starts until 2026-12-06T03:00', '2026-12-13T00:00 to 2026-12-13T04:00, starts until 2026-12-13T03:00'],
    ],
    [
      'seven fields, seconds first',
      { schedule: 'cron(0 30 23 ? * TUE#3 *)', timezone: undefined },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-15T23:30 to 2026-12-16T03:30, starts until 2026-12-16T02:30'],
    ],
    [
      'seconds are kept',
      { schedule: 'cron(15 30 23 ? * TUE#3 *)', timezone: 'UTC' },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-15T23:30:15 to 2026-12-16T03:30:15, starts until 2026-12-16T02:30:15'],
    ],
    [
      'seconds, and no year: the last Friday',
      { schedule: 'cron(0 15 10 ? * 6L)', timezone: 'UTC' },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-25T10:15 to 2026-12-25T14:15, starts until 2026-12-25T13:15'],
    ],
    [
      'seconds, and no year: the last day',
      { schedule: 'cron(0 0 2 L * ?)', timezone: 'UTC' },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-31T02:00 to 2026-12-31T06:00, starts until 2026-12-31T05:00'],
    ],
    [
      'without a time zone it is UTC',
      { schedule: 'cron(0 10 * * ? *)', timezone: undefined },
      '2026-12-01T15:00Z 2026-12-02T12:00Z',
      ['2026-12-02T10:00 to 2026-12-02T14:00, starts until 2026-12-02T13:00'],
    ],
    [
      'days after Patch Tuesday',
      { schedule: 'cron(30 23 ? * TUE#2 *)', offset: 4 },
      '2026-12-09T12:00Z 2027-01-01T00:00Z',
      ['2026-12-12T22:30 to 2026-12-13T02:30, starts until 2026-12-13T01:30'],
    ],
    [
      'days after, over a change of the clock',
      { schedule: 'cron(0 22 ? * FRI *)', offset: 2 },
      '2027-03-27T12:00Z 2027-03-29T12:00Z',
      ['2027-03-28T20:00 to 2027-03-29T00:00, starts until 2027-03-28T23:00'],
    ],
    [
      'from in the gap of spring',
      { schedule: 'cron(30 2 ? * SUN *)' },
      '2027-03-27T12:00Z 2027-03-29T00:00Z',
      ['2027-03-28T01:00 to 2027-03-28T05:00, starts until 2027-03-28T04:00'],
    ],
    [
      'an hour that comes twice in autumn',
      { schedule: 'cron(30 2 ? * SUN *)' },
      '2026-10-24T12:00Z 2026-10-26T00:00Z',
      ['2026-10-25T00:30 to 2026-10-25T04:30, starts until 2026-10-25T03:30'],
    ],
    [
      'once',
      { schedule: 'at(2026-12-05T15:55:00)', timezone: undefined },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-05T15:55 to 2026-12-05T19:55, starts until 2026-12-05T18:55'],
    ],
    [
      'not before its start date',
      { startDate: '2026-12-06T02:00:00+01:00' },
      '2026-12-01T12:00Z 2026-12-14T00:00Z',
      ['2026-12-13T00:00 to 2026-12-13T04:00, starts until 2026-12-13T03:00'],
    ],
    [
      'not after its end date',
      { endDate: '2026-12-13T00:00:00Z' },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-06T00:00 to 2026-12-06T04:00, starts until 2026-12-06T03:00'],
    ],
    [
      'and closes at its end date',
      { endDate: '2026-12-06T02:30' },
      '2026-12-01T12:00Z 2027-01-01T00:00Z',
      ['2026-12-06T00:00 to 2026-12-06T02:30, starts until 2026-12-06T01:30'],
    ],
  ])('%s', (_what, parts, span, expected) => {
    expect(openingsOf(parts, span)).toEqual(expected);
  });

  it('is open in its opening, and for starts only until its cutoff', () => {
    const window = followed();
    expect(['2026-12-05T23:59', '2026-12-06T00:00', '2026-12-06T02:59', '2026-12-06T03:00'].map((time) => isOpen(window, at(`${time}Z`)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it.each([
    ['1h', 3_600, '2026-12-06T03:00'],
    ['2h', 7_200, '2026-12-06T02:00'],
    ['none', 0, '2026-12-06T03:00'],
  ])('the file can only be stricter than its cutoff: lastStart %s', (_text, lastStart, expected) => {
    expect(iso(nextOpening(followed({}, { lastStart }), NOW)!.lastStart)).toBe(expected);
  });

  it('was made between its cron day and the days that are waited: then it begins with the next month', () => {
    const parts = { schedule: 'cron(0 1 ? * TUE#2 *)', timezone: 'UTC', offset: 4, created: at('2026-12-09T08:00Z') };
    expect(iso(nextOpening(followed(parts, { now: at('2026-12-10T00:00Z') }), at('2026-12-10T00:00Z'))!.opens)).toBe('2027-01-16T01:00');
  });

  it('is said in words', () => {
    expect(windowWords(said({ offset: 2, startDate: '2026-12-01', endDate: '2027-12-01' }))).toBe(
      '2 d after cron(0 1 ? * SUN *), Europe/Berlin, 4 h, no start in the last 1 h, from 2026-12-01, until 2027-12-01',
    );
    expect(windowWords({ name: 'x', enabled: true, schedule: 'cron(0 1 ? * SUN *)', duration: 2, cutoff: 0 })).toBe('cron(0 1 ? * SUN *), UTC, 2 h');
  });
});

describe('a maintenance window that is closed', () => {
  it.each<[string, Partial<SaidWindow>, RegExp]>([
    ['disabled', { enabled: false }, /^is disabled$/],
    ['ended', { endDate: '2026-12-01T12:00:00Z' }, /^ended on 2026-12-01T12:00:00Z$/],
    ['a date that nobody can read', { endDate: 'soon' }, /^has the end date soon, which cannot be read$/],
    ['a start that nobody can read', { startDate: 'soon' }, /^has the start date soon, which cannot be read$/],
    ['over', { schedule: 'at(2026-11-30T01:00:00)', timezone: 'UTC' }, /^does not open again: at\(2026-11-30T01:00:00\), UTC, 4 h/],
    ['a cron of a past year', { schedule: 'cron(0 1 ? * SUN 2025)' }, /^does not open again/],
    ['a rate', { schedule: 'rate(7 days)' }, /^has the schedule rate\(7 days\): its openings count from when it was made or changed/],
    ['a one-off in a time zone', { schedule: 'at(2026-12-05T01:00:00)' }, /do not agree$/],
    ['no cron', { schedule: 'cron(0 1 ? * SUN)' }, /has 5$/],
    ['a cron that AWS would refuse', { schedule: 'cron(0 1 * * SUN *)' }, /exactly one of day-of-month and day-of-week must be \?/],
    ['many seconds', { schedule: 'cron(0/15 0 1 ? * SUN *)' }, /it fires at seconds "0\/15"$/],
    ['nothing', { schedule: '' }, /neither cron\(…\) nor at\(…\)$/],
    ['openings that overlap', { schedule: 'cron(0 0/2 * * ? *)' }, /it is open for 4 h, and it fires again after 2 h$/],
    ['a zone of another world', { timezone: 'Mars/Olympus' }, /^has the time zone Mars\/Olympus, which is not known here$/],
    ['no duration', { duration: 0 }, /^does not say how long it is open$/],
    ['all cutoff', { duration: 1, cutoff: 1 }, /^has a cutoff as long as itself/],
  ])('%s', (_what, parts, expected) => {
    expect(why(parts)).toMatch(expected);
  });

  it('where the file leaves no time to start', () => {
    expect(why({}, { lastStart: 14_400 })).toBe("is open for 4 h, and the policy's lastStart of 4 h leaves no time to start");
  });

  it('was not read, or could not be', () => {
    expect(nextOpening(named, NOW)).toBeUndefined();
    expect(closedBecause(named)).toEqual({ why: `SSM maintenance window ${ID} in 111111111111/eu-central-1 was not read`, passing: true });
    const gone = withReading(named, { why: 'does not exist', passing: false }, NOW);
    expect(nextOpening(gone, NOW)).toBeUndefined();
    expect(closedBecause(gone)).toMatchObject({ why: expect.stringMatching(/does not exist$/), passing: false });
  });
});

describe('what Systems Manager announces', () => {
  it('agrees: nothing changes', () => {
    expect(readWindow(said({ next: '2026-12-06T01:00+01:00' }), NOW)).toEqual(readWindow(said(), NOW));
    expect(readWindow(said({ next: '2026-12-06T00:00Z[UTC]' }), NOW)).toEqual(readWindow(said(), NOW));
  });

  it('is later: openings before it are none', () => {
    const window = followed({ next: '2026-12-13T01:00+01:00' });
    expect(iso(nextOpening(window, NOW)!.opens)).toBe('2026-12-13T00:00');
    expect(isOpen(window, at('2026-12-06T01:00Z'))).toBe(false);
  });

  it('is another time altogether: nothing is followed, and it is asked again', () => {
    const window = withReading(named, said({ next: '2026-12-05T01:00+01:00' }), NOW);
    expect(nextOpening(window, NOW)).toBeUndefined();
    expect(closedBecause(window)).toMatchObject({
      passing: true,
      why: expect.stringContaining('next opens at 2026-12-05T01:00+01:00, says Systems Manager'),
    });
  });

  it('is the following one while the window is open, and the present one when it has just begun', () => {
    const during = at('2026-12-06T00:30Z');
    expect(isOpen(followed({ next: '2026-12-13T01:00+01:00' }, { now: during }), during)).toBe(true);
    expect(isOpen(followed({ next: '2026-12-06T01:00+01:00' }, { now: during }), during)).toBe(true);
  });

  it('is an hour later where a clock changes: that opening is none', () => {
    const now = at('2027-03-24T12:00Z');
    const window = followed({ schedule: 'cron(30 2 ? * SUN *)', next: '2027-03-28T03:30+02:00' }, { now });
    expect(iso(nextOpening(window, now)!.opens)).toBe('2027-04-04T00:30');
  });
});
