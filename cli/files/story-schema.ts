/** What a scenario tells beside its faults: what vendors publish meanwhile, and what people decide. */
import { z } from 'zod';

const DURATION = 'expected an ISO 8601 duration such as PT9H6M or P1D';
const Duration = z.string({ error: DURATION }).regex(/^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/, { error: DURATION, abort: true });
const Path = z.string().regex(/^[A-Za-z0-9._/-]+$/, 'expected a path such as demo/zero-day/after');

/** One entry of a scenario's `story`. */
export const StorySchema = z.union([
  z.strictObject({
    publishes: z
      .strictObject({
        folder: Path.describe('Folder of advisories: its files come beside those of --feeds, and in the place of files of the same name'),
        from: z
          .union([z.literal('start'), Duration], { error: `${DURATION}, or start` })
          .describe('start, or so long after the start of the run: PT9H6M'),
        says: z.string().trim().min(1).max(200).optional().describe('What it is, in one line, for whoever looks on'),
      })
      .describe("From then on the vendors' sites have these files as well"),
  }),
  z.strictObject({
    decides: z
      .strictObject({
        verb: z.enum(['approve', 'resume', 'abort']).describe('approve, resume or abort, as `wavelock` knows them'),
        after: Duration.describe('So long after the rollout began to wait for a person: PT40M'),
        as: z
          .string()
          .regex(/^[\w+=,.@-]{2,64}$/, 'expected the name of a session, such as ana@example.com')
          .describe('Who decides: ana@example.com'),
        why: z.string().trim().min(1).describe('The reason; it stands in the record'),
      })
      .describe('A person decides, with the permissions of an operator'),
  }),
]);

/** Keys of a scenario that tells a story. */
export const storyKeys = {
  policy: Path.optional().describe('The policy file that it runs with, unless --policy names another: demo/zero-day/policy.yaml'),
  begins: z.iso.date('expected a date such as 2026-12-21').optional().describe('The day on which it begins, with the look at the fleet at 05:00 UTC'),
  feedsSchedule: z
    .string()
    .regex(/^(cron|rate)\(.+\)$/, 'expected cron(…) or rate(…), in UTC')
    .optional()
    .describe('How often feeds are read between two whole looks at the fleet: rate(1 hour). Left out: every six hours'),
  story: z.array(StorySchema).min(1).optional().describe('What vendors publish and people decide meanwhile'),
};
