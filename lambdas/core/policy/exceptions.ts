/** `exceptions` as people write them: exposures that somebody answers for instead of closing them, for a while and for a reason. */
import { z } from 'zod';
import { AdvisoryId, CveId } from '../advisory.ts';
import type { Exception } from '../model.ts';
import { WrittenFilter } from './nodes.ts';

const CVE = 'expected a CVE such as CVE-2026-31337';
const ADVISORY = 'expected the id of an advisory such as ALAS2023-2026-901';

const WrittenException = z
  .strictObject({
    cve: z
      .string({ error: CVE })
      .refine((id) => CveId.safeParse(id).success, CVE)
      .optional()
      .describe('One CVE: every advisory that names no other'),
    advisory: z
      .string({ error: ADVISORY })
      .refine((id) => AdvisoryId.safeParse(id).success, ADVISORY)
      .optional()
      .describe('One advisory'),
    nodes: WrittenFilter.optional().describe('Only on these nodes; left out: on all of them'),
    owner: z.string().trim().min(1).describe('Who answers for it: a person or an address'),
    why: z.string().trim().min(1).describe('The reason; it stands beside the exposure'),
    until: z.iso.date('expected a date such as 2027-03-31').describe('The last day on which it counts: 2027-03-31'),
  })
  .superRefine((exception, context) => {
    const named = [exception.cve, exception.advisory].filter((name) => name !== undefined);
    if (named.length !== 1) context.addIssue('names neither or both: give one of cve and advisory');
  })
  .transform((exception): Exception => {
    return Object.fromEntries(Object.entries(exception).filter(([, value]) => value !== undefined)) as Exception;
  });

/** The whole of `exceptions`. */
export const WrittenExceptions = z.array(WrittenException);
