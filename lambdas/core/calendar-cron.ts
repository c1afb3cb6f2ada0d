/**
 * AWS cron expressions: `minutes hours day-of-month month day-of-week year`, as EventBridge Scheduler reads them.
 * Source of fields and wildcards: EventBridge Scheduler User Guide, "Schedule types", section "Cron-based schedules";
 * AWS counts Sunday as 1. Forms that the guide does not name (`LW`, `L-3`, ranges that run backwards) are refused, because a schedule
 * that AWS reads in another way is worse than none. Times are read on the wall; the calendar decides what a skipped hour means.
 */
import { DAY, MINUTE, dayOf } from './calendar-zone.ts';

export interface Cron {
  /** Minutes after midnight, ascending. */
  times: number[];
  /** Whether it fires on this day (days since 1970-01-01). */
  runsOn(day: number): boolean;
  /** The last day on which it can fire at all. */
  lastDay: number;
}

interface Field {
  name: string;
  min: number;
  max: number;
  words?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const;
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

const MINUTES: Field = { name: 'minutes', min: 0, max: 59 };
const HOURS: Field = { name: 'hours', min: 0, max: 23 };
const DAY_OF_MONTH: Field = { name: 'day-of-month', min: 1, max: 31 };
const MONTH: Field = { name: 'month', min: 1, max: 12, words: MONTHS };
const DAY_OF_WEEK: Field = { name: 'day-of-week', min: 1, max: 7, words: DAYS };
const YEAR: Field = { name: 'year', min: 1970, max: 2199 };

/** Thrown inside this file only; `parseCron` turns it into a value. */
class CronProblem extends Error {}

interface CivilDate {
  year: number;
  month: number;
  date: number;
  /** AWS's number: 1 is Sunday. */
  weekday: number;
  /** Days in this month. */
  length: number;
}

type DayRule = (date: CivilDate) => boolean;

/** The six fields of `cron(0 1 ? * SUN *)` or `0 1 ? * SUN *`, one space apart. */
export function cronFields(text: string): string {
  const inner = /^\s*cron\((.*)\)\s*$/i.exec(text)?.[1] ?? text;
  return inner.trim().split(/\s+/).join(' ');
}

/** Reads an expression, with or without `cron(…)` around it. `problem` is one sentence for people. */
export function parseCron(text: string): { cron: Cron } | { problem: string } {
  try {
    return { cron: compile(cronFields(text).split(' ')) };
  } catch (error) {
    if (error instanceof CronProblem) return { problem: error.message };
    throw error;
  }
}

/** Wall times at which it fires, ascending, from the start of `fromDay` on; ends with the expression's last year. */
export function* firings(cron: Cron, fromDay: number): Generator<number> {
  for (let day = fromDay; day <= cron.lastDay; day += 1) {
    if (!cron.runsOn(day)) continue;
    for (const minute of cron.times) yield day * DAY + minute * MINUTE;
  }
}

/** 1 January 2024: from here on a cron's rhythm is looked at. Any day would do. */
const SOME_DAY = dayOf(Date.UTC(2024, 0, 1));
const FIRINGS_TO_COMPARE = 1_000;

/** Seconds between firings where they are closest; Infinity for one that fires once, or is not well-formed. */
export function shortestGap(cron: string): number {
  const parsed = parseCron(cron);
  if ('problem' in parsed) return Infinity;
  let shortest = Infinity;
  let previous = -Infinity;
  let count = 0;
  for (const wall of firings(parsed.cron, SOME_DAY)) {
    shortest = Math.min(shortest, (wall - previous) / 1_000);
    previous = wall;
    count += 1;
    if (count === FIRINGS_TO_COMPARE || wall > (SOME_DAY + 800) * DAY) break;
  }
  return shortest;
}

function compile(fields: string[]): Cron {
  if (fields.length !== 6) {
    throw new CronProblem(`an AWS cron has six fields (minutes hours day-of-month month day-of-week year), this one has ${fields.length}`);
  }
  const [minutes = '', hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new CronProblem('exactly one of day-of-month and day-of-week must be ?');
  }
  const times = valuesOf(hours, HOURS).flatMap((hour) => valuesOf(minutes, MINUTES).map((minute) => hour * 60 + minute));
  const months = new Set(valuesOf(month, MONTH));
  const years = new Set(valuesOf(year, YEAR));
  const rule = dayOfWeek === '?' ? monthDayRule(dayOfMonth) : weekDayRule(dayOfWeek);
  return {
    times,
    lastDay: dayOf(Date.UTC(Math.max(...years), 11, 31)),
    runsOn(day) {
      const date = civilDate(day);
      return years.has(date.year) && months.has(date.month) && rule(date);
    },
  };
}

function monthDayRule(spec: string): DayRule {
  if (spec.toUpperCase() === 'L') return ({ date, length }) => date === length;
  const near = /^(\d+)W$/i.exec(spec)?.[1];
  if (near !== undefined) {
    const wanted = valueOf(near, DAY_OF_MONTH);
    return (date) => date.date === nearestWorkday(wanted, date);
  }
  const dates = new Set(valuesOf(spec, DAY_OF_MONTH));
  return ({ date }) => dates.has(date);
}

function weekDayRule(spec: string): DayRule {
  if (spec.toUpperCase() === 'L') return ({ weekday }) => weekday === 7;
  const last = /^(\w+)L$/i.exec(spec)?.[1];
  if (last !== undefined) {
    const wanted = valueOf(last, DAY_OF_WEEK);
    return ({ weekday, date, length }) => weekday === wanted && date > length - 7;
  }
  const [word = '', count] = spec.split('#');
  if (count !== undefined) {
    const wanted = valueOf(word, DAY_OF_WEEK);
    if (!/^[1-5]$/.test(count)) throw new CronProblem(`day-of-week "${spec}": the number after # is 1 to 5`);
    return ({ weekday, date }) => weekday === wanted && Math.ceil(date / 7) === Number(count);
  }
  const weekdays = new Set(valuesOf(spec, DAY_OF_WEEK));
  return ({ weekday }) => weekdays.has(weekday);
}

/** The Monday to Friday nearest to a date, in the same month; `undefined` in months that do not have the date. */
function nearestWorkday(wanted: number, { date, weekday, length }: CivilDate): number | undefined {
  if (wanted > length) return undefined;
  const wantedWeekday = ((((weekday - 1 + wanted - date) % 7) + 7) % 7) + 1;
  if (wantedWeekday === 7) return wanted === 1 ? 3 : wanted - 1;
  if (wantedWeekday === 1) return wanted === length ? wanted - 2 : wanted + 1;
  return wanted;
}

/** All values of a field, ascending: lists of `*`, `7`, `7-9`, each with an optional `/step`. */
function valuesOf(spec: string, field: Field): number[] {
  return [...new Set(spec.split(',').flatMap((part) => partValues(part, field)))].toSorted((a, b) => a - b);
}

function partValues(part: string, field: Field): number[] {
  const [range = '', step] = part.split('/');
  const steps = step ?? '1';
  if (!/^[1-9]\d{0,3}$/.test(steps)) throw new CronProblem(`${field.name} "${part}": the step after / is a whole number above 0`);
  const [first = '', end, ...more] = range.split('-');
  if (more.length > 0 || range === '') throw new CronProblem(`${field.name} "${part}" is not a value, a range or *`);
  const from = range === '*' ? field.min : valueOf(first, field);
  const open = range === '*' || (end === undefined && step !== undefined);
  const to = open ? field.max : valueOf(end ?? first, field);
  if (to < from) throw new CronProblem(`${field.name} "${part}" runs backwards; list its values instead, with commas`);
  const values = [];
  for (let value = from; value <= to; value += Number(steps)) values.push(value);
  return values;
}

function valueOf(text: string, field: Field): number {
  const word = field.words?.indexOf(text.toUpperCase()) ?? -1;
  if (word >= 0) return field.min + word;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.min && value <= field.max) return value;
  const words = field.words ? ` or ${field.words[0]} to ${field.words.at(-1)}` : '';
  const sunday = field === DAY_OF_WEEK ? ' (AWS counts Sunday as 1)' : '';
  throw new CronProblem(`${field.name} "${text}" is not ${field.min} to ${field.max}${words}${sunday}`);
}

function civilDate(day: number): CivilDate {
  const instant = new Date(day * DAY);
  const [year, month] = [instant.getUTCFullYear(), instant.getUTCMonth() + 1];
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return { year, month, date: instant.getUTCDate(), weekday: instant.getUTCDay() + 1, length };
}
