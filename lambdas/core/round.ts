/** What a wave does next: run a round, wait for its window, or be judged. Decided from facts of now, every round anew. */
import { isOpen, nextOpening } from './calendar.ts';
import { layOut } from './layout.ts';
import { closedBecause } from './maintenance-window.ts';
import { amountOf } from './model.ts';
import type { LaidOutBatch } from './layout.ts';
import type { Outcome, Wave, Window } from './model.ts';
import type { PlanNode, PlanWave } from './plan.ts';

/** A node in this wave as the record knows it now. */
export interface RunState {
  node: string;
  outcome?: Outcome;
  /** How often a command was sent to it in this phase. */
  attempts: number;
  verified: boolean;
}

export interface RoundInput {
  phase: 'patch' | 'verify';
  plan: PlanWave;
  rules: Wave;
  /** As it is now: a maintenance window of Systems Manager as it was just read. */
  window: Window | undefined;
  /** Since when that could not be read, ms; `undefined` while it can. */
  unreadSince?: number | undefined;
  runs: Map<string, RunState>;
  /** Ids that Systems Manager reports online now. */
  online: Set<string>;
  round: number;
  stopped: string | undefined;
  /** A person resumed the wave and accepted what is unreachable: only failures brake it from then on. */
  accepted: boolean;
  now: number;
}

export type RoundDecision =
  | { action: 'run'; tracks: LaidOutBatch[][]; silent: string[]; reason: string }
  | { action: 'wait'; seconds: number; silent: string[]; reason: string }
  /** `closed`: it is judged because its window does not open, and why. */
  | { action: 'judge'; silent: string[]; reason: string; closed?: string };

/** How long a maintenance window that cannot be read is asked again before people are told, and how often, seconds. */
const PATIENCE_SECONDS = 3_600;
const ASK_AGAIN_SECONDS = 900;
/** Nobody tells us when somebody edits a maintenance window: so long an edit that opens it earlier may stay unseen, seconds. */
const LOOK_SECONDS = 3 * 3_600;
/** Sends to one node and phase, at most: a node that three batches could not reach is not reached by a fourth. */
const ATTEMPTS = 3;
const VERIFIED: Outcome[] = ['patched', 'already-proven', 'ahead', 'unknown', 'reboot-pending', 'restart-pending'];

/**
 * Decides a wave's next step. `silent` are nodes that have no heartbeat: they end as `unreachable` without a command, because a command
 * to them would only expire an hour later and hold its batch open.
 */
export function decideRound(input: RoundInput): RoundDecision {
  if (input.stopped !== undefined) return { action: 'judge', silent: [], reason: input.stopped };
  return input.phase === 'verify' ? decideVerify(input) : decidePatch(input);
}

function decidePatch(input: RoundInput): RoundDecision {
  const brake = brakeReason(input.rules, input.plan.nodes.length, [...input.runs.values()], input.accepted);
  if (brake !== undefined) return { action: 'judge', silent: [], reason: brake };
  const remaining = input.plan.nodes.filter((node) => {
    const run = input.runs.get(node.id);
    return run?.outcome === undefined && (run?.attempts ?? 0) < ATTEMPTS;
  });
  if (remaining.length === 0) return { action: 'judge', silent: [], reason: 'every node has an outcome' };
  const ready = remaining.filter((node) => input.online.has(node.id));
  if (input.window && !isOpen(input.window, input.now)) {
    return waitFor(input.window, remaining.length, input);
  }
  if (ready.length === 0) {
    const silent = remaining.map((node) => node.id);
    return { action: 'judge', silent, reason: `${silent.length} nodes have no heartbeat` };
  }
  const tracks = layOut(ready, { atOnce: input.plan.atOnce, round: input.round, ramp: true });
  return { action: 'run', tracks, silent: [], reason: `${ready.length} nodes to go` };
}

function waitFor(window: Window, nodes: number, { now, unreadSince = now }: RoundInput): RoundDecision {
  const closed = 'ssm' in window ? closedBecause(window) : undefined;
  if (closed?.passing && now - unreadSince < PATIENCE_SECONDS * 1_000) {
    return { action: 'wait', seconds: ASK_AGAIN_SECONDS, silent: [], reason: `${closed.why}: closed until it can be read` };
  }
  const opening = nextOpening(window, now);
  if (!opening) {
    const why = closed?.why ?? 'its window never opens again';
    return { action: 'judge', silent: [], reason: why, closed: why };
  }
  const seconds = secondsUntil(opening.opens, now);
  const reason = `waiting for the window: ${nodes} nodes to go`;
  return { action: 'wait', seconds: 'ssm' in window ? Math.min(seconds, LOOK_SECONDS) : seconds, silent: [], reason };
}

function decideVerify(input: RoundInput): RoundDecision {
  const due = input.plan.nodes.filter((node) => needsVerify(node, input));
  if (due.length === 0) return { action: 'judge', silent: [], reason: 'every node was looked at again' };
  return {
    action: 'run',
    tracks: layOut(due, { atOnce: due.length, round: input.round, ramp: false }),
    silent: [],
    reason: `${due.length} nodes to look at again`,
  };
}

function needsVerify(node: PlanNode, input: RoundInput): boolean {
  const run = input.runs.get(node.id);
  if (run?.outcome === undefined || !VERIFIED.includes(run.outcome)) return false;
  return !run.verified && run.attempts < ATTEMPTS && input.online.has(node.id);
}

/** The brake of `stopWhen`: over the limit nothing more is sent. Counts what has settled. */
export function brakeReason(rules: Wave, total: number, runs: { outcome?: Outcome }[], accepted: boolean): string | undefined {
  const failed = runs.filter((run) => run.outcome === 'failed').length;
  const unreachable = runs.filter((run) => run.outcome === 'unreachable').length;
  const failedLimit = amountOf(rules.stopWhen.failed, total);
  const unreachableLimit = amountOf(rules.stopWhen.unreachable, total);
  if (failed > failedLimit) return `${failed} of ${total} nodes failed, ${failedLimit} allowed: nothing more is sent`;
  if (unreachable > unreachableLimit && !accepted)
    return `${unreachable} of ${total} nodes unreachable, ${unreachableLimit} allowed: nothing more is sent`;
  return undefined;
}

function secondsUntil(time: number, now: number): number {
  return Math.max(1, Math.ceil((time - now) / 1000));
}
