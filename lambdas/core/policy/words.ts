/** The small words of the policy file: durations, shares, times, time zones, crons, names. Each schema reads a text and gives its value. */
import { z } from 'zod';
import { cronFields, parseCron } from '../calendar-cron.ts';
import { isTimezone, timezones } from '../calendar-zone.ts';
import type { Amount } from '../model.ts';
import { didYouMean } from './problems.ts';

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const LONGEST_DAYS = 90;

const Unit = z.enum(['s', 'm', 'h', 'd']);
const DURATION = 'expected a duration such as 90s, 30m, 12h or 3d';
/** `30m` → 1800 (seconds), at most 90 days. */
export const Duration = z
  .string({ error: DURATION })
  .regex(/^\d{1,7}[smhd]$/, stop(DURATION))
  .transform((text) => Number(text.slice(0, -1)) * SECONDS[Unit.parse(text.slice(-1))])
  .refine((seconds) => seconds <= LONGEST_DAYS * SECONDS.d, `is longer than ${LONGEST_DAYS}d`);

const AMOUNT = 'expected a number of nodes such as 3, or a share such as 5%';
const PERCENT = /^\d{1,3}(\.\d{1,2})?%$/;
/** `3` → three nodes; `5%` → a share, rounded down where it is used. */
export const WrittenAmount = z
  .union([z.int().min(0, AMOUNT), z.string().regex(PERCENT, stop(AMOUNT))], { error: AMOUNT })
  .superRefine((amount, context) => {
    if (typeof amount === 'string' && percentOf(amount) > 100) context.addIssue('is more than 100%');
  })
  .transform((amount): Amount => (typeof amount === 'string' ? { percent: percentOf(amount) } : { count: amount }));

/** As `WrittenAmount`, but not none at all. */
export const SomeNodes = WrittenAmount.refine(isSome, 'must be more than 0: no node could ever start');

const SHARE = "expected a share of the policy's nodes such as 5%";
/** `5%` → 5. */
export const Share = z
  .string({ error: SHARE })
  .regex(PERCENT, stop(SHARE))
  .transform(percentOf)
  .refine((percent) => percent > 0 && percent <= 100, 'must be more than 0% and at most 100%');

const COUNT = 'expected a number of nodes such as 2, or "2 per platform"';
/** `2` or `2 per platform`. */
export const CountPerPlatform = z
  .union([z.int().min(1, COUNT), z.string().regex(/^[1-9]\d{0,4} per platform$/, stop(COUNT))], { error: COUNT })
  .transform((count) => (typeof count === 'string' ? { count: Number.parseInt(count, 10), per: 'platform' as const } : { count }));

const TIME = 'expected a time of day such as "09:30"';
/** `HH:MM`, 00:00 to 23:59. */
export const TimeOfDay = z.string({ error: TIME }).regex(/^([01]\d|2[0-3]):[0-5]\d$/, stop(TIME));
/** `HH:MM`, 00:00 to 24:00. */
export const ClosingTime = z.string({ error: TIME }).regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, stop(TIME));

const PATCH_TUESDAY = 'expected "patch-tuesday 09:00" or "patch-tuesday + 1d 09:00": the second Tuesday of the month, plus up to 20 days';
/** `patch-tuesday + 1d 09:00` → one day, 09:00. */
export const PatchTuesday = z
  .string({ error: PATCH_TUESDAY })
  .regex(/^patch-tuesday( ?\+ ?(1?\d|20)d)? ([01]\d|2[0-3]):[0-5]\d$/, stop(PATCH_TUESDAY))
  .transform((text) => ({ patchTuesdayPlusDays: Number(/(\d+)d /.exec(text)?.[1] ?? 0), at: text.slice(-5) }));

/** An IANA time zone, as EventBridge Scheduler's ScheduleExpressionTimezone and this runtime know it. */
export const Timezone = z.string({ error: 'expected a time zone such as Europe/Berlin' }).superRefine((name, context) => {
  if (isTimezone(name)) return;
  const hint = didYouMean(name, timezones()) ?? 'names are those of the IANA database, such as Europe/Berlin';
  context.addIssue({ code: 'custom', message: `"${name}" is not a time zone`, params: { hint } });
});

/** An AWS cron with or without `cron(…)` around it → its six fields. */
export const CronText = z
  .string({ error: 'expected an AWS cron such as "0 1 ? * SUN#2 *"' })
  .superRefine((text, context) => {
    const parsed = parseCron(text);
    if ('problem' in parsed) context.addIssue(`is not an AWS cron: ${parsed.problem}`);
  })
  .transform(cronFields);

/** A name that people give: of a window or an audience. */
export const Name = nameUpTo(40);

/** Lower-case letters, digits and hyphens, so that names can stand in keys, file names and resource names alike. */
export function nameUpTo(length: number): z.ZodString {
  const form = `a name here is lower-case letters, digits and hyphens, begins with a letter and has at most ${length} characters`;
  return z.string().regex(new RegExp(`^[a-z][a-z0-9-]{0,${length - 1}}$`), form);
}

/** A form that does not fit ends the check of what is around it: comparing a malformed time with another would only confuse. */
function stop(error: string): { error: string; abort: true } {
  return { error, abort: true };
}

function isSome(amount: Amount): boolean {
  return 'count' in amount ? amount.count > 0 : amount.percent > 0;
}

function percentOf(text: string): number {
  return Number.parseFloat(text);
}
