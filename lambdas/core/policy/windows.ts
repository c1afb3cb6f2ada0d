/** Windows and plans as people write them, read into the model's `Window` and `PlanTime`. */
import { z } from 'zod';
import { windowLength } from '../calendar.ts';
import { firings, parseCron, shortestGap } from '../calendar-cron.ts';
import { dayOf } from '../calendar-zone.ts';
import { parseLocation } from '../model.ts';
import type { PlanTime, Window } from '../model.ts';
import { ClosingTime, CronText, Duration, PatchTuesday, TimeOfDay, Timezone } from './words.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const timezone = Timezone.describe('IANA time zone; clock changes are handled');
const lastStart = Duration.prefault('0s').describe('No node starts in this last part of the window: 60m. Counted back from its end');

const WindowByDays = z
  .strictObject({
    days: z.array(z.enum(DAYS)).min(1).describe('Days on which the window opens: [mon, tue, wed, thu, fri, sat, sun]'),
    from: TimeOfDay.describe('When it opens, local time'),
    to: ClosingTime.describe('When it closes, local time; earlier than `from` means the next day'),
    timezone,
    lastStart,
  })
  .superRefine((window, context) => {
    if (window.from === window.to) {
      const params = { hint: 'for a whole day write from: "00:00", to: "24:00"' };
      context.addIssue({ code: 'custom', path: ['to'], message: 'is the same time as `from`: the window would never open', params });
    } else checkLastStart(window, context);
  })
  .transform((window): Window => ({ ...window, days: DAYS.filter((day) => window.days.includes(day)) }));

const WindowByCron = z
  .strictObject({
    cron: CronText.describe('AWS cron for the opening: "0 1 ? 1/3 SAT#2 *". AWS counts Sunday as 1'),
    lasts: Duration.describe('How long it stays open: 6h. At least 1m'),
    timezone,
    lastStart,
  })
  .superRefine((window, context) => {
    if (window.lasts < 60) context.addIssue({ code: 'custom', path: ['lasts'], message: 'is shorter than 1m' });
    else checkLastStart(window, context);
    const gap = shortestGap(window.cron);
    if (window.lasts <= gap) return;
    context.addIssue({ code: 'custom', path: ['lasts'], message: `is longer than the ${gap / 60} min after which the cron fires again` });
  })
  .transform((window): Window => window);

const ID = 'expected the id of a maintenance window of Systems Manager, such as mw-0123456789abcdef0';
const PLACE = 'expected an account and a Region, such as 111111111111/eu-central-1';
const WindowById = z
  .strictObject({
    ssm: z
      .string({ error: ID })
      .regex(/^mw-[0-9a-f]{17}$/, ID)
      .describe('Id of an existing SSM maintenance window, which is only read: mw-0123456789abcdef0'),
    location: z
      .string({ error: PLACE })
      .regex(/^\d{12}\/[a-z]{2}(-[a-z]+)+-\d$/, { error: PLACE, abort: true })
      .transform(parseLocation)
      .optional()
      .describe("Account and Region that it is in: 111111111111/eu-central-1. Left out: the hub's own"),
    lastStart,
  })
  .transform((window): Window => window);

/** One entry of `windows`. */
export const WrittenWindow = z.union([WindowByDays, WindowByCron, WindowById]);

const EVERY = 'How often: day, week or month';
const PLAN = 'expected when to plan: { every, at, timezone } or { cron, timezone }';
const at = TimeOfDay.describe('Time of day, local: "09:00"');
const on = z.enum(DAYS).describe('Day of the week, with `every: week`');
const PlanByMonth = z
  .strictObject({
    every: z.literal('month').describe(EVERY),
    at: PatchTuesday.describe('"patch-tuesday + 1d 09:00": days after the second Tuesday of the month, and the time, local'),
    timezone,
  })
  .transform((plan): PlanTime => ({ ...plan, ...plan.at }));

/** A policy's `plan`. */
export const WrittenPlan = z.union(
  [
    z.strictObject({ every: z.literal('day').describe(EVERY), at, timezone }),
    z.strictObject({ every: z.literal('week').describe(EVERY), on, at, timezone }),
    PlanByMonth,
    z.strictObject({ cron: CronText.describe('AWS cron, as in EventBridge Scheduler: "0 9 ? * MON#1 *"'), timezone }),
  ],
  { error: ({ input }) => (typeof input === 'object' ? undefined : PLAN) },
);

/** Whether a cron (six fields, well-formed) fires on `today` (an ISO date) or later. */
export function firesFrom(cron: string, today: string): boolean {
  const parsed = parseCron(cron);
  return 'cron' in parsed && !firings(parsed.cron, dayOf(Date.parse(today))).next().done;
}

function checkLastStart(window: Window, context: z.RefinementCtx): void {
  if (window.lastStart < windowLength(window)) return;
  const message = `is not shorter than the window, which is open for ${windowLength(window) / 60} min: no node could ever start`;
  context.addIssue({ code: 'custom', path: ['lastStart'], message });
}
