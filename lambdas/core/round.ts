/** What a wave does next: run a round, wait for its window, or be judged. Decided from facts of now, every round anew. */
import { isOpen, nextOpening } from './calendar.ts';
import { layOut } from './layout.ts';
import { closedBecause } from './maintenance-window.ts';
import { amountOf } from './model.ts';
import { REBOOT_GRACE_SECONDS } from './settle.ts';
import type { LaidOutBatch } from './layout.ts';
import type { Outcome, Wave, Window } from './model.ts';
import type { PlanNode, PlanWave } from './plan.ts';

/** A node in this wave as the record knows it now. */
export interface RunState {
  node: string;
  outcome?: Outcome;
  /** How often a command was sent to it in this phase. */
  attempts: number;
  /** Since the soak, where there was one. */
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
  /** When it last heard of nodes that are not, ms; without an entry: never, or it does not know them. */
  lastPings: ReadonlyMap<string, number>;
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
/** How often it is looked whether nodes come back that are too many to go on without, seconds. */
const LOOK_FOR_SILENT_SECONDS = 300;
/** Nobody tells us when somebody edits a maintenance window: so long an edit that opens it earlier may stay unseen, seconds. */
const LOOK_SECONDS = 3 * 3_600;
/** Sends to one node and phase, at most: a node that three batches could not reach is not reached by a fourth. */
const ATTEMPTS = 3;

/** Nodes with these outcomes are looked at again after the soak. */
export const ASKED_AGAIN: Outcome[] = ['patched', 'already-proven', 'ahead', 'unknown', 'reboot-pending', 'restart-pending'];

/**
 * Decides a wave's next step. `silent` are nodes that have no heartbeat: they end as `unreachable` without a command, because a command
 * to them would only expire an hour later and hold its batch open. While others are to go and the limit holds, they may still come back.
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
  const silence = brakeOfSilence(input, remaining);
  if (silence) return silence;
  const tracks = layOut(ready, { atOnce: input.plan.atOnce, round: input.round, ramp: true });
  return { action: 'run', tracks, silent: [], reason: `${ready.length} nodes to go` };
}

/**
 * Silence that is seen before anything is sent counts like silence that a command has met. Who was heard of a moment ago may only be
 * rebooting, and nobody is woken for that: it is waited for, with nothing sent. `undefined` while the limit holds.
 */
function brakeOfSilence(input: RoundInput, remaining: PlanNode[]): RoundDecision | undefined {
  const { rules, plan, runs, online, lastPings, accepted, now } = input;
  const silent = remaining.filter(({ id }) => !online.has(id)).map(({ id }) => id);
  const withSilent = (ids: string[]) => [...runs.values(), ...ids.map(() => ({ outcome: 'unreachable' as const }))];
  if (brakeReason(rules, plan.nodes.length, withSilent(silent), accepted) === undefined) return undefined;
  const graceEnds = (id: string): number => (lastPings.get(id) ?? 0) + REBOOT_GRACE_SECONDS * 1_000;
  const gone = silent.filter((id) => graceEnds(id) < now);
  const reason = brakeReason(rules, plan.nodes.length, withSilent(gone), accepted);
  if (reason !== undefined) return { action: 'judge', silent: gone, reason };
  const next = Math.min(...silent.filter((id) => !gone.includes(id)).map(graceEnds));
  const [total, limit] = [plan.nodes.length, amountOf(rules.stopWhen.unreachable, plan.nodes.length)];
  const count = silent.length + [...runs.values()].filter((run) => run.outcome === 'unreachable').length;
  return {
    action: 'wait',
    // A second more, so that its grace is over then.
    seconds: Math.min(LOOK_FOR_SILENT_SECONDS, secondsUntil(next, now) + 1),
    silent: [],
    reason: `${count} of ${total} nodes are silent, ${limit} allowed: looking again`,
  };
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
  if (run?.outcome === undefined || !ASKED_AGAIN.includes(run.outcome)) return false;
  return !run.verified && run.attempts < ATTEMPTS && input.online.has(node.id);
}

/** The brake of `stopWhen`: over the limit nothing more is sent. */
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
