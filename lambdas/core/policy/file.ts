/**
 * `wavelock.yaml` as people write it. Reading it through this schema gives the model's values: seconds, amounts, selectors, defaults filled
 * in. Descriptions go into the JSON Schema that editors show; `docs/policy-file.md` is the same for people who read.
 */
import { z } from 'zod';
import { Kind, Mode, NoticeEvent } from '../model.ts';
import type { NoticeEvent as Event, Wave } from '../model.ts';
import { WrittenDeadlines } from './deadlines.ts';
import { WrittenExceptions } from './exceptions.ts';
import { WrittenAwsCompliance, WrittenHooks } from './hooks.ts';
import { WrittenFilter, WrittenPolicyNodes, WrittenWaveNodes } from './nodes.ts';
import { OnlyWhatClosesIt, WrittenFinishWithin, WrittenNoWindows, WrittenStartWhen } from './triggers.ts';
import { WrittenWhileNoFix } from './while-no-fix.ts';
import { isObject } from './schema-tree.ts';
import { WrittenRepositories } from './repositories.ts';
import { WrittenPlan, WrittenWindow } from './windows.ts';
import { Duration, Name, SomeNodes, WrittenAmount, nameUpTo } from './words.ts';

const PACKAGE = 'expected the name of a package such as openssl, kernel* or KB5071234';
const LeaveOut = z.strictObject({
  package: z
    .string({ error: PACKAGE })
    .regex(/^[A-Za-z0-9*][A-Za-z0-9+._*:-]*$/, PACKAGE)
    .refine((name) => !/^\*+$/.test(name), 'leaves out every package; name fewer nodes in the policy instead')
    .describe('Name of a package, * stands for any letters: kernel*. Or a KB'),
  nodes: WrittenFilter.optional().describe('Only on these nodes; left out: on all of them'),
  why: z.string().trim().min(1).describe('The reason; it stands in every plan'),
  owner: z.string().trim().min(1).describe('Who answers for it: a person or an address'),
  until: z.iso.date('expected a date such as 2027-03-31').describe('The last day on which it counts: 2027-03-31'),
});

const Patches = z.strictObject({
  kinds: z.array(Kind).min(1).describe('Which kinds of updates: [security, critical, bugfix, enhancement, other]'),
  severity: z
    .strictObject({
      atLeast: z.enum(['critical', 'important', 'moderate', 'low']).prefault('low').describe('The lowest grade that is taken'),
      unrated: z.enum(['include', 'leave-out']).prefault('include').describe('What to do without a grade: Debian and Ubuntu give none'),
    })
    .prefault({})
    .describe('Grades of the vendor'),
  leaveOut: z.array(LeaveOut).prefault([]).describe('What is not patched, with reason, owner and end'),
});

const PATCHES = 'expected only-what-closes-it, or keys such as kinds, severity, leaveOut';
const WrittenPatches = z.union([OnlyWhatClosesIt, Patches], {
  error: ({ input }) => (typeof input === 'object' || typeof input === 'string' ? undefined : PATCHES),
});

const PromoteWhen = z
  .strictObject({
    provenOn: z.int().min(1).prefault(1).describe('First wave only: so many nodes of each platform must have proven an update'),
    failed: WrittenAmount.prefault(0).describe('Failed nodes that still let the next wave begin: 2, or 2% of the wave, rounded down'),
    unreachable: WrittenAmount.prefault(0).describe('Silent nodes that still let the next wave begin: 1, or 5% of the wave, rounded down'),
  })
  .prefault({})
  .describe('The verdict at the end of the wave');

const StopWhen = z
  .strictObject({
    failed: WrittenAmount.optional().describe('With more failed nodes nothing more is sent. Left out: as in promoteWhen'),
    unreachable: WrittenAmount.optional().describe('With more silent nodes nothing more is sent. Left out: as in promoteWhen'),
  })
  .prefault({})
  .describe('The brake during the wave');

const WrittenWave = z
  .strictObject({
    name: nameUpTo(20).describe('Name of the wave, once in a policy'),
    nodes: WrittenWaveNodes.describe("Which of the policy's nodes, of those in no earlier wave. In the last wave also everything-else"),
    window: z.string({ error: 'expected the name of a window' }).optional().describe('Name of a window; left out: at any time'),
    soak: Duration.prefault('0s').describe('Wait after the wave, then judge again: 24h'),
    atOnce: SomeNodes.optional().describe('At most so many nodes at once: 10, or 25% of the wave but at least one. Left out: no limit'),
    promoteWhen: PromoteWhen,
    stopWhen: StopWhen,
  })
  .transform(({ stopWhen, ...wave }): Wave => {
    const { failed, unreachable } = wave.promoteWhen;
    return { ...wave, stopWhen: { failed: stopWhen.failed ?? failed, unreachable: stopWhen.unreachable ?? unreachable } };
  });

const EVENTS = `everything, or a list of ${NoticeEvent.options.join(', ')}`;
const Hears = z
  .union(
    [
      z.literal('everything').transform((): Event[] => [...NoticeEvent.options]),
      z
        .array(NoticeEvent)
        .min(1)
        .transform((events) => NoticeEvent.options.filter((event) => events.includes(event))),
    ],
    { error: ({ input }) => (Array.isArray(input) ? undefined : `expected ${EVENTS}`) },
  )
  .describe(EVENTS);

const WrittenPolicy = z
  .strictObject({
    mode: Mode.optional().describe('observe, approve or auto; never looser than the mode of the file. Left out: that mode'),
    nodes: WrittenPolicyNodes.describe('Which nodes the policy is about'),
    plan: WrittenPlan.optional().describe('When the plan is made. May be left out beside `startWhen`'),
    startWhen: WrittenStartWhen.optional(),
    whileNoFix: WrittenWhileNoFix.optional(),
    windows: WrittenNoWindows.optional(),
    finishWithin: WrittenFinishWithin.optional(),
    patches: WrittenPatches.describe('What is patched'),
    hooks: WrittenHooks.optional(),
    awsCompliance: WrittenAwsCompliance.optional(),
    waves: z.array(WrittenWave).min(1).describe('The waves, one after another; the first one proves'),
    tell: z.record(Name, Hears).prefault({}).describe('Audience → what it hears about'),
  })
  .refine((policy) => policy.plan !== undefined || policy.startWhen !== undefined, {
    path: ['plan'],
    params: { missing: true },
    // Said together with whatever else is wrong.
    when: ({ value }) => isObject(value),
  });

const SECRET = 'expected the name of a secret in Secrets Manager, such as wavelock/slack-ops';
const SECRET_IS_ADDRESS = "is an address; store it in Secrets Manager and write the secret's name here";
const WrittenAudience = z
  .strictObject({
    email: z.array(z.email('expected an e-mail address')).min(1).optional().describe('Addresses: [ops@example.com]'),
    slack: z
      .strictObject({
        secret: z
          .string({ error: SECRET })
          .regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/, {
            error: ({ input }) => (String(input).includes('://') ? SECRET_IS_ADDRESS : SECRET),
          })
          .describe("Name of the secret in Secrets Manager that holds the webhook's address"),
      })
      .optional()
      .describe('A Slack channel, through an incoming webhook'),
  })
  .refine((audience) => audience.email ?? audience.slack, 'has neither email nor slack: nobody would hear anything')
  .transform(({ email, slack }) => ({ email: email ?? [], slack }));

/** The whole file. `check(WrittenPolicyFile, raw)` gives its values or its problems. */
export const WrittenPolicyFile = z.strictObject({
  version: z.literal(1).describe('Version of this format: 1'),
  mode: Mode.prefault('observe').describe('observe (where everybody begins), approve or auto: a ceiling, policies may be stricter'),
  windows: z.record(Name, WrittenWindow).prefault({}).describe('When nodes may start, by name'),
  people: z.record(Name, WrittenAudience).prefault({}).describe('Whom to tell, by name'),
  deadlines: WrittenDeadlines.optional().describe('Until when exposures have to be closed; the first rule that fits counts'),
  exceptions: WrittenExceptions.optional().describe('Exposures that somebody answers for instead of closing them'),
  repositories: WrittenRepositories.optional().describe("Yum repositories beside the vendors' own, whose advisories are read as well"),
  policies: z
    .record(nameUpTo(30), WrittenPolicy)
    .refine((policies) => Object.keys(policies).length > 0, 'has no policy')
    .describe('The policies, by name'),
});
export type WrittenPolicyFile = z.output<typeof WrittenPolicyFile>;
