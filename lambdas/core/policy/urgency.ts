/** How urgent something must be: `when` of `deadlines` and entries of `startWhen`, as people write them, read into `Condition`. */
import { z } from 'zod';
import { Severity } from '../model.ts';
import type { Condition } from '../model.ts';

const OVER = 'expected a limit such as "> 0.9": a number from 0 to 1, in quotes';
/** `"> 0.9"` → 0.9. */
const Over = z
  .string({ error: OVER })
  .regex(/^> ?(0(\.\d{1,4})?|1|\.\d{1,4})$/, { error: OVER, abort: true })
  .transform((text) => Number.parseFloat(text.slice(1)));

const SEVERITY = 'expected critical, important, moderate, low or unrated, or a list of them';

/** The keys themselves, for whoever needs more beside them. */
export const urgencyKeys = {
  knownExploited: z.boolean().optional().describe('true: CISA lists one of its CVEs as exploited'),
  vendorSays: z.literal('exploited').optional().describe('exploited: the vendor itself says so (Microsoft)'),
  severity: z
    .union([Severity.transform((one) => [one]), z.array(Severity).min(1)], { error: SEVERITY })
    .optional()
    .describe("The vendor's grade, or a list of grades. unrated is one of its own"),
  epss: Over.optional().describe('Chance of exploitation within 30 days, by EPSS: "> 0.9". Without a score this never holds'),
  epssPercentile: Over.optional().describe('Share of all CVEs that are less likely to be exploited: "> 0.95". Comparable over the years'),
  tags: z
    .record(z.string().min(1).max(128), z.string({ error: 'expected a text; write numbers, true and false in quotes' }).max(256))
    .refine((tags) => Object.keys(tags).length > 0, 'is empty; name at least one tag')
    .optional()
    .describe('Tags that the node must have, all of them, with exactly these values'),
};

/** The written keys as a `Condition`. */
export function conditionOf(written: z.output<z.ZodObject<typeof urgencyKeys>>): Condition {
  const { epss, epssPercentile, ...same } = written;
  return {
    ...Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined)),
    ...(epss === undefined ? {} : { epssAbove: epss }),
    ...(epssPercentile === undefined ? {} : { percentileAbove: epssPercentile }),
  };
}

const EMPTY = 'says nothing: name at least one of knownExploited, vendorSays, severity, epss, epssPercentile, tags';

/** `{ knownExploited: true, severity: critical }`: all keys must hold, and there is at least one. */
export const WrittenCondition = z
  .strictObject(urgencyKeys)
  .superRefine((written, context) => {
    if (Object.values(written).every((value) => value === undefined)) context.addIssue(EMPTY);
  })
  .transform(conditionOf);
