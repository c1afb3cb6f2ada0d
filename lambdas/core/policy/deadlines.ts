/**
 * `deadlines` as people write them: until when exposures have to be closed. A preset stands for the rules of a standard, in its place in
 * the list; sources of what each demands stand in docs/policy-file.md.
 */
import { z } from 'zod';
import { formatDuration } from '../calendar-text.ts';
import type { Condition, Deadline } from '../model.ts';
import { WrittenCondition } from './urgency.ts';
import { Duration } from './words.ts';

const DAY = 86_400;

/** A rule before its words are made. */
type Rule = Omit<Deadline, 'words'>;

const within = (days: number, when: Condition): Rule => ({ when, fixWithin: days * DAY, from: 'published' });

/**
 * - `pci-dss-4`: critical (v4.0: or high) within one month of release, others within three (PCI DSS v4.0 and v4.0.1, requirement 6.3.3)
 * - `bod-22-01`: what CISA lists, by the date that its catalogue gives (Binding Operational Directive 22-01, required action 3)
 * - `essential-eight`: critical or exploited within 48 hours of release; the rest within two weeks where a node faces the internet, else
 *   within a month (Australian Signals Directorate, Essential Eight maturity model, November 2023: "Patch operating systems", level three)
 */
const PRESETS = {
  'pci-dss-4': [within(30, { severity: ['critical', 'important'] }), within(90, {})],
  'bod-22-01': [{ when: { knownExploited: true }, from: 'seen', kevDueDate: 'obey' }],
  'essential-eight': [
    within(2, { severity: ['critical'] }),
    within(2, { knownExploited: true }),
    within(2, { vendorSays: 'exploited' }),
    within(14, { tags: { Exposure: 'internet' } }),
    within(30, {}),
  ],
} satisfies Record<string, Rule[]>;

const FORMS = 'expected a rule such as { when: { knownExploited: true }, fixWithin: 14d }, or { preset: pci-dss-4 }';

const WrittenPreset = z
  .strictObject({
    preset: z.enum(['pci-dss-4', 'bod-22-01', 'essential-eight']).describe('The rules of a standard, in this place of the list'),
  })
  .transform(({ preset }): Deadline[] => PRESETS[preset].map((rule: Rule) => ({ ...rule, words: `${preset}: ${ruleWords(rule)}` })));

const WrittenRule = z
  .strictObject({
    when: WrittenCondition.optional().describe('For which exposures; all keys must hold. Left out: for all that no rule before has taken'),
    fixWithin: Duration.optional().describe('How long it may stay open: 14d'),
    from: z.enum(['seen', 'published']).prefault('seen').describe('fixWithin counts from the day it was seen here (default), or published'),
    kevDueDate: z.literal('obey').optional().describe('obey: the date that CISA gives counts as well; of both, the earlier'),
  })
  .superRefine((rule, context) => {
    const says = rule.fixWithin !== undefined || rule.kevDueDate !== undefined;
    if (!says) context.addIssue('sets no deadline: name fixWithin, kevDueDate or both');
  })
  .transform(({ when = {}, ...rest }): Deadline[] => {
    const rule: Rule = { when, ...definedOnly(rest) };
    return [{ ...rule, words: ruleWords(rule) }];
  });

/** One entry of `deadlines` → one rule, or those of its preset. */
const WrittenDeadline = z.union([WrittenPreset, WrittenRule], { error: ({ input }) => (typeof input === 'object' ? undefined : FORMS) });

/** The whole of `deadlines`: the first rule that fits counts, so one that fits everything must be the last. */
export const WrittenDeadlines = z
  .array(WrittenDeadline)
  .superRefine((entries, context) => {
    const open = entries.findIndex((rules) => rules.some(({ when }) => Object.keys(when).length === 0));
    if (open < 0 || open === entries.length - 1) return;
    context.addIssue({ code: 'custom', path: [open + 1], message: `is never reached: entry ${open + 1} holds for every exposure` });
  })
  .transform((entries): Deadline[] => entries.flat());

/** `known exploited, severity critical: within 14 d of being seen, or by CISA's date`. */
export function ruleWords({ when, fixWithin, from, kevDueDate }: Rule): string {
  const time = fixWithin === undefined ? undefined : `within ${formatDuration(fixWithin)} of being ${from}`;
  const kev = kevDueDate === undefined ? undefined : "by CISA's date";
  return `${conditionWords(when)}: ${[time, kev].filter((words) => words !== undefined).join(', or ')}`;
}

/** A condition in words, for plans, reports and messages. */
export function conditionWords(when: Condition): string {
  const words = [
    ...(when.knownExploited === undefined ? [] : [when.knownExploited ? 'known exploited' : 'not known exploited']),
    ...(when.vendorSays === undefined ? [] : ['the vendor says exploited']),
    ...(when.severity === undefined ? [] : [`severity ${when.severity.join(' or ')}`]),
    ...(when.epssAbove === undefined ? [] : [`EPSS over ${when.epssAbove}`]),
    ...(when.percentileAbove === undefined ? [] : [`EPSS percentile over ${when.percentileAbove}`]),
    ...Object.entries(when.tags ?? {}).map(([key, value]) => `tag ${key}=${value}`),
  ];
  return words.length === 0 ? 'anything else' : words.join(', ');
}

function definedOnly<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
