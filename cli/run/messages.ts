/**
 * What the world (a child process in virtual time) tells the command (the process with the terminal) while a rollout runs, and the JSON
 * document that comes out at the end. The world has its own clock, so nothing that draws on a terminal may live in it.
 */
import type { NoticeEvent, Outcome } from '../../lambdas/core/model.ts';
import type { ExposureHistory } from '../../lambdas/core/exposures/history.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { RolloutResult } from '../../lambdas/core/result.ts';

export type WorldMessage =
  | {
      type: 'booted';
      template: string;
      sha256: string;
      resources: number;
      functions: number;
      machines: number;
      documents: number;
      roles: number;
      locations: number;
      milliseconds: number;
    }
  | { type: 'fleet'; nodes: number; ec2: number; hybrid: number; platforms: Record<string, number> }
  | { type: 'feeds'; bySource: Record<string, number>; unread: UnreadFeed[]; exploitedHere: number; milliseconds: number }
  | { type: 'coverage'; nodes: number; reporting: number; exposed: number }
  | { type: 'plan'; plan: Plan; planKey: string }
  /** Progress of one wave, at a virtual instant (ms). `state` is what the wave does now; `work`: from the first node's start to the last one's end so far. */
  | {
      type: 'wave';
      wave: string;
      at: number;
      state: 'waiting' | 'running' | 'soaking' | 'verifying' | 'held' | 'ended';
      total: number;
      outcomes: Partial<Record<Outcome, number>>;
      verdict?: string;
      reasons?: string[];
      until?: number;
      work?: { from: number; to: number };
    }
  /** Something went wrong on the way and was handled, or wants to be known. */
  | { type: 'note'; at: number; wave: string; text: string }
  /** A step of a story: what happened when, at a virtual instant (ms). */
  | { type: 'moment'; at: number; text: string }
  | { type: 'ended'; document: RunDocument; result: RolloutResult | undefined; extra: RunExtra }
  /** The world itself broke: an error of ours, never a verdict. */
  | { type: 'broken'; message: string };

/** A feed that was tried and could not be read, and why. `absent`: the folder of advisories has nothing for it, which may be meant so. */
export interface UnreadFeed {
  feed: string;
  why: string;
  absent: boolean;
}

export interface NoticeDocument {
  channel: 'email' | 'slack';
  audience: string;
  event: NoticeEvent;
  wave: string;
  /** Of another rollout in the same world, as in `others`; missing of the document's own. */
  rollout?: string;
  subject: string;
  body: string;
}

/** Exactly one of these is printed by `--json`. Instants are ISO-8601 UTC. */
export interface RunDocument {
  rollout: string;
  policy: string;
  lock: string;
  status: 'succeeded' | 'failed' | 'held';
  virtualSeconds: number;
  wallMs: number;
  /** `unread`: feeds of the fleet's platforms that could not be read the last time. What only they say was not known to this run. */
  advisories: { stored: number; bySource: Record<string, number>; unread: UnreadFeed[] };
  waves: {
    name: string;
    verdict: 'pass' | 'fail' | 'inconclusive' | 'not-run';
    reasons: string[];
    nodes: number;
    outcomes: Partial<Record<Outcome, number>>;
    startedAt: string;
    endedAt: string;
  }[];
  nodes: {
    id: string;
    location: { account: string; region: string };
    platform: string;
    wave: string;
    outcome: Outcome;
    reason: string;
    packages: { name: string; from: string; to: string }[];
    /** Closed on this node by this rollout, whether the update's metadata or an advisory names them. */
    cvesClosed: string[];
    rebooted: boolean;
    startedAt: string;
    endedAt: string;
  }[];
  notices: NoticeDocument[];
  aws: {
    calls: Record<string, number>;
    /** `rollout`: of another rollout in the same world, as in `others`, whose waves are not told here; missing of the document's own and of scans. */
    commands: { document: string; wave: string; rollout?: string; nodes: number }[];
    stateTransitions: number;
    lambdaInvocations: number;
    costUsd: number;
  };
  /**
   * What the whole fleet was exposed to, by any advisory known here, whether the policy wants its fix or not: counted in nodes and in pairs of
   * advisory and node; times in seconds. `exposed` and `unknown` are nodes; of those that are unknown, nobody knows. Missing where exposures were
   * never reckoned. `closed`: CVEs that were patched on at least one node since the run began, whoever patched it.
   */
  exposure?: Pick<ExposureHistory, 'before' | 'after' | 'deadlines' | 'oldest'> & {
    closed: ExposureHistory['cves'];
    timeToPatch: ExposureHistory['times'];
  };
  /**
   * What else was planned in the same world meanwhile: the rollouts of the file's other policies, and further ones of its own. Nothing of them is
   * in the document but what they sent and told. Missing where the file has one policy, with one rollout.
   */
  others?: { policy: string; rollouts: string[] }[];
  /** Where an advisory has started the policy: what happened when, oldest first, and the tickets about it. */
  timeline?: { at: string; what: string }[];
  tickets?: { subject: string; item: string; openedAt: string; resolvedAt: string }[];
}

/** What the terminal and the report show beside the document. */
export interface RunExtra {
  plan: Plan | undefined;
  planKey: string;
  reason: string;
  /** Virtual instants, ms. */
  startedAt: number;
  endedAt: number;
  /** Largest number of nodes that were in work at the same time, by wave, with what was allowed. */
  inWork: { wave: string; most: number; allowed: number }[];
  /** Commands that started outside their window: must be 0. */
  outsideWindow: number;
  /** Nodes on which something was open that the policy wants, over time, for the picture: virtual ms and count. */
  exposure: { at: number; nodes: number }[];
  /** List-price parts of `aws.costUsd`, USD. */
  cost: { name: string; quantity: number; usd: number }[];
  notes: { at: number; wave: string; text: string }[];
  /** How each wave went, for the picture: virtual ms. */
  timeline: { wave: string; from: number; to: number; what: 'window' | 'run' | 'soak' | 'verify' | 'hold' }[];
  /** Exposures of the whole fleet since the run began; missing where they were never reckoned. */
  history?: ExposureHistory;
  /** Grants of the template that this run never used, `role: action`. */
  unusedGrants: number;
}

/** Exit status of `wavelock run`: 0 succeeded, 1 failed, 2 bad input, 3 held. */
export const EXIT = { succeeded: 0, failed: 1, badInput: 2, held: 3 } as const;

/** Qualifier of an installation, unless somebody says another. */
export const QUALIFIER = 'Wavelock';
