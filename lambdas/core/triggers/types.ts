/** What starts a policy by itself, and what people and the record are told about it. Advisories are named as `advisoryKey` spells them. */
import { z } from 'zod';
import { CveId } from '../advisory.ts';
import type { Form } from '../pin.ts';

/** What a rollout does to its nodes: the patches, or what stands in as long as there is no fix, or taking that back. */
export const Doing = z.enum(['patch', 'mitigate', 'withdraw']);
export type Doing = z.infer<typeof Doing>;

/** An advisory that reaches nodes of a policy. */
export const AlertAdvisory = z.strictObject({ source: z.string(), advisory: z.string(), title: z.string(), cves: z.array(CveId) });
export type AlertAdvisory = z.infer<typeof AlertAdvisory>;

/**
 * What happened, in numbers: the same facts for the message, the plan and the ticket. Nodes are those that the policy names, each counted once;
 * `fixable + awaiting + blocked = nodes`.
 */
export const Alert = z.strictObject({
  /** What people call it: the exploited CVE, else the first, else the advisory's id. */
  subject: z.string(),
  advisories: z.array(AlertAdvisory),
  /** At most five names of packages. */
  packages: z.array(z.string()),
  /** Why it started: `CISA lists CVE-2026-31337 as exploited since 2026-12-21`. */
  reason: z.string(),
  nodes: z.int(),
  fixable: z.int(),
  /** No vendor has a fix for these. */
  awaiting: z.int(),
  /** A fix exists but they cannot have it as they are: held to a release, without entitlement, waiting for a reboot. */
  blocked: z.int(),
  /** Platforms of nodes without fix. */
  awaitingOn: z.array(z.string()),
  /** `order-entry 8 of 8`: exposed nodes of each service, the most first. */
  services: z.array(z.strictObject({ name: z.string(), exposed: z.int(), of: z.int() })),
  /** Of the exposed nodes those that carry the tags of `startWhen`: `Exposure=internet` 38. */
  tagged: z.array(z.strictObject({ tag: z.string(), nodes: z.int() })),
  /** Exposed nodes that the policy does not reach: it does not name them, or they did not opt in. At most five by name. */
  outside: z.strictObject({ nodes: z.int(), names: z.array(z.string()) }),
  /** Since when people know that there was no fix; a rollout that starts then is the news that there is one. ISO-8601 UTC. */
  awaitedSince: z.string().optional(),
});
export type Alert = z.infer<typeof Alert>;

/**
 * What was done about one advisory under one policy. `told`: people know, the policy only observes; `awaiting`: they know that there is no fix;
 * `queued`: a running rollout was told, this comes after it; `started`: a rollout was started for it; `closed`: no node is left.
 */
export const StartState = z.enum(['told', 'awaiting', 'queued', 'started', 'closed']);
export type StartState = z.infer<typeof StartState>;

export interface Standing {
  policy: string;
  advisory: string;
  state: StartState;
  /** Platforms that a rollout was started for: one advisory starts once a platform. */
  platforms: string[];
  /** Planned times of the rollouts that were started last for it: with the policy they name them. */
  patchFor?: string;
  mitigateFor?: string;
  /** The rollout that was told of it, when `queued`. */
  rollout?: string;
  /** What the ticket about it is called. */
  subject: string;
}

/** A rollout that has not ended. */
export interface Running {
  rollout: string;
  policy: string;
  doing: Doing;
}

/** A node that carries the mitigation of a policy. `node` as `nodeKey` spells it. */
export interface Mitigated {
  policy: string;
  node: string;
  advisories: string[];
  /** What stands in there: `Means` of stand-in.ts. */
  document: string;
  by?: Form;
  role?: string;
  /** Planned time of the rollout that was started to take it back. */
  withdrawFor?: string;
}

/** Under which name the runs of a policy are kept: what stands in for a fix does not wait for the patches, nor they for it. */
export function laneOf(policy: string, doing: Doing): string {
  return doing === 'patch' ? policy : `${policy} ${doing}`;
}

/** What StartRollouts does next. `nodes` is how many nodes of the policy it is about. */
export type Decision =
  | {
      action: 'start';
      doing: 'patch' | 'mitigate';
      policy: string;
      advisories: string[];
      nodes: number;
      platforms: Record<string, string[]>;
      reason: string;
    }
  /** What stands in on these nodes (`nodeKey`) is taken back. */
  | { action: 'withdraw'; policy: string; advisories: string[]; nodes: string[]; reason: string }
  /** The event of an earlier start was lost: the same one again, which starts nothing twice. */
  | { action: 'again'; doing: Doing; policy: string; scheduledFor: string; advisories: string[]; reason: string }
  | { action: 'tell'; why: 'running' | 'observe' | 'no-fix'; policy: string; advisories: string[]; nodes: number; rollout: string; reason: string }
  | { action: 'close'; policy: string; advisories: string[]; reason: string };
