/**
 * When a policy's plan is made. EventBridge Scheduler fires it, so this file follows Scheduler where the clock changes: a time that
 * does not exist in spring is skipped, a time that comes twice in autumn fires once (AWS re:Post knowledge center, "eventbridge-scheduler-
 * adjust-dst"). Scheduler's cron cannot say "the day after the second Tuesday", so a monthly plan fires every week on the right
 * weekday and whoever receives it asks `isPlanDay`.
 */
import { DAY, MINUTE, WEEKDAYS, dayOf, instantOf, minutesOf, wallExists, wallOf, weekdayOf } from './calendar-zone.ts';
import { firings, parseCron } from './calendar-cron.ts';
import type { PlanTime } from './model.ts';

/** The second Tuesday lies on the 8th to the 14th. */
const SECOND_TUESDAY = { from: 8, to: 14 };

/** The first time (ms) after `now` at which the plan is due; `undefined` when a cron never fires again. Throws on a malformed cron. */
export function nextPlan(plan: PlanTime, now: number): number | undefined {
  for (const wall of planWalls(plan, dayOf(wallOf(now, plan.timezone)))) {
    if (!wallExists(wall, plan.timezone)) continue;
    const instant = instantOf(wall, plan.timezone);
    if (instant > now) return instant;
  }
  return undefined;
}

/** Whether the plan is made on the day of `scheduledFor` (ms), in the plan's time zone. Always true where Scheduler is exact. */
export function isPlanDay(plan: PlanTime, scheduledFor: number): boolean {
  if ('cron' in plan) return true;
  return isDue(plan, dayOf(wallOf(scheduledFor, plan.timezone)));
}

/** What EventBridge Scheduler gets as ScheduleExpression and ScheduleExpressionTimezone (Scheduler API reference, CreateSchedule). */
export function scheduleExpression(plan: PlanTime): { expression: string; timezone: string } {
  const { timezone } = plan;
  if ('cron' in plan) return { expression: `cron(${plan.cron})`, timezone };
  const minutes = minutesOf(plan.at);
  const time = `${minutes % 60} ${Math.floor(minutes / 60)}`;
  if (plan.every === 'day') return { expression: `cron(${time} * * ? *)`, timezone };
  const weekday = plan.every === 'week' ? plan.on : WEEKDAYS[(2 + plan.patchTuesdayPlusDays) % 7];
  return { expression: `cron(${time} ? * ${weekday?.toUpperCase()} *)`, timezone };
}

/** Due times on the wall, ascending, from `fromDay` on. */
function* planWalls(plan: PlanTime, fromDay: number): Generator<number> {
  if ('cron' in plan) {
    const parsed = parseCron(plan.cron);
    if ('problem' in parsed) throw new Error(`not a cron: ${parsed.problem}`);
    yield* firings(parsed.cron, fromDay);
    return;
  }
  for (let day = fromDay; ; day += 1) {
    if (isDue(plan, day)) yield day * DAY + minutesOf(plan.at) * MINUTE;
  }
}

function isDue(plan: Exclude<PlanTime, { cron: string }>, day: number): boolean {
  if (plan.every === 'day') return true;
  if (plan.every === 'week') return weekdayOf(day) === plan.on;
  const tuesday = day - plan.patchTuesdayPlusDays;
  const date = new Date(tuesday * DAY).getUTCDate();
  return weekdayOf(tuesday) === 'tue' && date >= SECOND_TUESDAY.from && date <= SECOND_TUESDAY.to;
}
