/**
 * The border between the state machines and our functions: every task's input, output, and whether it may be repeated.
 * ASL task `JudgeWave` = handler file `judge-wave.ts` = entry here = CDK function = test: one grep shows a task everywhere.
 * Handlers parse both sides with these schemas; infra makes one function and one role for each entry; the embedded AWS and
 * the tests check that every `${Name}` in an ASL file is a task here and every task is used.
 */
import { z } from 'zod';
import { Repository, Verdict } from '../lambdas/core/model.ts';
import { Doing } from '../lambdas/core/triggers/types.ts';

const name = z.string().min(1).max(80);
const seconds = z.int().min(0);

/** Which batches a track runs: look (scan), change (patch) or look again (verify). */
export const Purpose = z.enum(['scan', 'patch', 'verify']);
export type Purpose = z.infer<typeof Purpose>;

/** One item of the Distributed Map: batches `0 … batches-1` of this track lie in S3 under `key`. */
export const Track = z.strictObject({ key: z.string(), batches: z.int().min(1).max(400) });
export type Track = z.infer<typeof Track>;

/** Where a Map's ItemReader finds its tracks, or a feed's parts. */
const Tracks = { bucket: z.string(), key: z.string() };

/** How one reading of a feed ended. `changed`: advisories, CVEs or dates that are other than before, in substance. */
const FeedRead = { feed: name, result: z.enum(['unchanged', 'stored', 'parts', 'triggered', 'failed']), changed: z.int().min(0), reason: z.string() };

interface Task<In extends z.ZodType, Out extends z.ZodType> {
  in: In;
  out: Out;
  /** It has a side effect without a client token: ASL may repeat it only on errors that prove the call never began. */
  once: boolean;
  /** It answers through a task token; `out` is what SendTaskSuccess carries. */
  parks: boolean;
}

function task<In extends z.ZodType, Out extends z.ZodType>(schemas: { in: In; out: Out; once?: boolean; parks?: boolean }): Task<In, Out> {
  return { once: false, parks: false, ...schemas };
}

const taskToken = z.string().min(1).max(2048);
/** Ends every wait that a person or an event can end early. `decision` says who woke it. */
export const WakeUp = z.strictObject({ woken: z.enum(['approved', 'resumed', 'aborted', 'due']) });

export const tasks = {
  // intake: advisories in, fleet looked at
  PickFeeds: task({
    in: z.strictObject({ scope: z.enum(['all', 'feeds']), since: z.string() }),
    out: z.strictObject({ feeds: z.array(z.strictObject({ feed: name, repository: Repository.optional() })), due: z.int() }),
  }),
  PullFeed: task({
    in: z.strictObject({ feed: name, repository: Repository.optional() }),
    out: z.strictObject({ ...FeedRead, run: z.string(), ...Tracks }),
  }),

  // feed: one that is read in parts
  PullPart: task({
    in: z.strictObject({ feed: name, run: name, part: z.int().min(0), records: z.array(z.string()), replay: z.boolean() }),
    out: z.strictObject({ read: z.int(), skipped: z.int() }),
  }),
  StoreFeed: task({ in: z.strictObject({ feed: name, run: name }), out: z.strictObject(FeedRead) }),

  LayOutScan: task({
    in: z.strictObject({ execution: name, maxAgeHours: z.int().min(0) }),
    out: z.strictObject({ scan: name, tracks: z.int(), ...Tracks }),
  }),
  CloseIntake: task({
    in: z.strictObject({ scan: name }),
    out: z.strictObject({ nodes: z.int(), reporting: z.int(), exposed: z.int() }),
  }),
  /** Counts decisions that were carried out: rollouts that were started, people that were told. */
  StartRollouts: task({ in: z.strictObject({ scan: name }), out: z.strictObject({ started: z.int(), told: z.int() }) }),

  // rollout: one run of one policy
  PlanRollout: task({
    in: z.strictObject({ policy: name, scheduledFor: z.string(), execution: name, because: z.array(z.string()).optional(), doing: Doing.optional() }),
    out: z.strictObject({ action: z.enum(['run', 'ask', 'urge', 'nothing']), rollout: name, reason: z.string() }),
  }),
  AskPeople: task({ in: z.strictObject({ rollout: name, taskToken }), out: WakeUp, parks: true }),
  NextWave: task({
    in: z.strictObject({ rollout: name }),
    out: z.strictObject({ action: z.enum(['wave', 'close']), wave: z.string(), reason: z.string() }),
  }),
  CloseRollout: task({
    in: z.strictObject({ rollout: name }),
    out: z.strictObject({ status: z.enum(['succeeded', 'failed']), reason: z.string() }),
  }),

  // wave: one stage, in rounds
  OpenWave: task({ in: z.strictObject({ rollout: name, wave: name }), out: z.strictObject({ lock: z.string() }) }),
  LayOutRound: task({
    in: z.strictObject({ rollout: name, wave: name, phase: z.enum(['patch', 'verify']) }),
    out: z.strictObject({ action: z.enum(['run', 'wait', 'judge']), seconds, tracks: z.int(), ...Tracks, reason: z.string() }),
  }),
  ParkWave: task({
    in: z.strictObject({ rollout: name, wave: name, why: z.enum(['window', 'soak', 'hold']), seconds, taskToken }),
    out: WakeUp,
    parks: true,
  }),
  JudgeWave: task({
    in: z.strictObject({ rollout: name, wave: name, phase: z.enum(['patch', 'verify']) }),
    out: z.strictObject({ verdict: Verdict, action: z.enum(['soak', 'verify', 'hold', 'end']), seconds, reason: z.string() }),
  }),

  // track: batches one after another
  AdmitBatch: task({
    in: z.strictObject({ track: Track, index: z.int().min(0) }),
    out: z.strictObject({ action: z.enum(['send', 'skip', 'end']), batch: z.string(), expires: seconds, heartbeat: seconds, reason: z.string() }),
  }),
  SendBatch: task({ in: z.strictObject({ batch: name, taskToken }), out: z.strictObject({ status: z.string() }), once: true, parks: true }),
  SettleBatch: task({
    in: z.strictObject({ batch: name }),
    out: z.strictObject({ action: z.enum(['next', 'wait']), heartbeat: seconds, reason: z.string() }),
  }),
  ParkBatch: task({ in: z.strictObject({ batch: name, taskToken }), out: z.strictObject({ status: z.string() }), parks: true }),
} as const;

export type TaskName = keyof typeof tasks;
export type TaskInput<T extends TaskName> = z.infer<(typeof tasks)[T]['in']>;
export type TaskOutput<T extends TaskName> = z.infer<(typeof tasks)[T]['out']>;

/** Functions that no state machine calls: an event, a topic. */
export const reactions = ['OnCommandEvent', 'NotifySlack'] as const;
export type ReactionName = (typeof reactions)[number];

/** Which tasks exist only where nodes may be changed (`patch` and `recover` modes); all others exist in `observe` too. */
export const patchTasks = [
  'StartRollouts',
  'PlanRollout',
  'AskPeople',
  'NextWave',
  'CloseRollout',
  'OpenWave',
  'LayOutRound',
  'ParkWave',
  'JudgeWave',
] as const satisfies readonly TaskName[];

/** The machines, their task substitutions come from the ASL text; `track` is spliced into the Maps of `intake` and `wave`. */
export const machines = ['intake', 'feed', 'rollout', 'wave', 'track'] as const;
export type MachineName = (typeof machines)[number];
