/** The gate after a wave: pass, fail or inconclusive, with reasons that people read as they are. Silence is never a pass. */
import { grouped as groupedBy } from './exposures/reconcile.ts';
import { amountOf } from './model.ts';
import { ASKED_AGAIN, brakeReason } from './round.ts';
import type { Outcome, Verdict, Wave } from './model.ts';

export interface JudgedRun {
  node: string;
  name: string;
  platform: string;
  outcome?: Outcome;
  reason: string;
  /** Whether it has told since the soak how it is. Left out: it was not asked. */
  seen?: boolean;
}

export interface JudgeInput {
  rules: Wave;
  /** Position in the policy: the first wave is the one that proves. */
  index: number;
  phase: 'patch' | 'verify';
  runs: JudgedRun[];
  /** When the wave's soak began, ms. A second look may come before that, for nodes that ended without telling how. */
  soakSince: number | undefined;
  /** Set when a person stopped or aborted the rollout: the reason given. */
  stopped: string | undefined;
  /** A person resumed this wave and accepted what was inconclusive. */
  accepted: boolean;
  /** Why its window does not open, found after whatever a person has accepted: nodes without an outcome are then nobody's choice. */
  closed?: string | undefined;
  /** When this wave was first held, ms. */
  heldSince: number | undefined;
  now: number;
}

export interface Judgement {
  verdict: Verdict;
  /** What the wave does next. */
  action: 'soak' | 'verify' | 'hold' | 'end';
  /** For `soak` and `hold`: how long at most. */
  seconds: number;
  reasons: string[];
}

/** A hold that nobody answers ends after this long, without promotion. */
export const HOLD_SECONDS = 30 * 24 * 3600;
const HEALTHY: Outcome[] = ['patched', 'already-proven', 'restart-pending', 'mitigated', 'withdrawn'];

/** Judges a wave from its nodes' outcomes. Limits in percent are rounded down. */
export function judgeWave(input: JudgeInput): Judgement {
  const verdict = weigh(input);
  if (verdict.verdict === 'fail') return { ...verdict, action: 'end', seconds: 0 };
  if (verdict.verdict === 'pass') {
    const soak = soakLeft(input);
    if (soak > 0) return { ...verdict, action: 'soak', seconds: soak };
    // Begun anew after a fault: what the soak has done was not looked at.
    if (input.soakSince !== undefined && input.phase === 'patch') return { ...verdict, action: 'verify', seconds: 0 };
    return { ...verdict, action: 'end', seconds: 0 };
  }
  // Before people are asked, the nodes are: an install that outlived its command answers Wavelock-Verify.
  if (input.phase === 'patch' && input.runs.some((run) => run.outcome === 'unknown')) return { ...verdict, action: 'verify', seconds: 0 };
  const left = HOLD_SECONDS - (input.heldSince === undefined ? 0 : Math.floor((input.now - input.heldSince) / 1000));
  return left > 0
    ? { ...verdict, action: 'hold', seconds: left }
    : { ...verdict, reasons: [...verdict.reasons, 'nobody answered for 30 days'], action: 'end', seconds: 0 };
}

/** The wait's own clock starts before ours: so little of a soak is not waited for again, seconds. */
const SOAK_SLACK = 60;

function soakLeft({ rules, soakSince, now }: JudgeInput): number {
  if (soakSince === undefined) return rules.soak;
  const left = rules.soak - Math.floor((now - soakSince) / 1000);
  return left > SOAK_SLACK ? left : 0;
}

function weigh(input: JudgeInput): { verdict: Verdict; reasons: string[] } {
  const { rules, runs } = input;
  const total = runs.length;
  if (input.stopped !== undefined) return { verdict: 'fail', reasons: [input.stopped] };
  const failed = runs.filter((run) => run.outcome === 'failed');
  const failedLimit = amountOf(rules.promoteWhen.failed, total);
  if (failed.length > failedLimit) {
    return { verdict: 'fail', reasons: [`${failed.length} of ${total} nodes failed, ${failedLimit} allowed`, ...grouped(failed)] };
  }
  const closed = input.closed !== undefined && runs.some((run) => run.outcome === undefined) ? [input.closed] : [];
  if (input.accepted && closed.length === 0) return { verdict: 'pass', reasons: ['a person accepted what was inconclusive'] };
  const doubts = [...closed, ...doubtsOf(input)];
  if (doubts.length > 0) return { verdict: 'inconclusive', reasons: doubts };
  return { verdict: 'pass', reasons: [passReason(runs)] };
}

function doubtsOf({ rules, index, phase, runs }: JudgeInput): string[] {
  const total = runs.length;
  const doubts: string[] = [];
  const unreachable = runs.filter((run) => run.outcome === 'unreachable');
  const unreachableLimit = amountOf(rules.promoteWhen.unreachable, total);
  if (unreachable.length > unreachableLimit) {
    doubts.push(`${unreachable.length} of ${total} nodes unreachable, ${unreachableLimit} allowed`, ...grouped(unreachable));
  }
  // Patched, and gone silent: what the soak is there to find.
  const gone = phase === 'patch' ? [] : runs.filter((run) => run.seen === false && run.outcome !== undefined && ASKED_AGAIN.includes(run.outcome));
  const left = Math.max(0, unreachableLimit - unreachable.length);
  if (gone.length > left) doubts.push(`${gone.length} of ${total} nodes have not answered since the soak, ${left} allowed: ${names(gone)}`);
  const unknown = runs.filter((run) => run.outcome === 'unknown');
  if (unknown.length > 0) doubts.push(`${unknown.length} of ${total} nodes ended without telling how`, ...grouped(unknown));
  const silent = runs.filter((run) => run.outcome === undefined);
  // The brake may be tighter than the verdict: then it alone says why nothing more was sent.
  const brake = silent.length > 0 && unreachable.length <= unreachableLimit ? brakeReason(rules, total, runs, false) : undefined;
  if (brake !== undefined) doubts.push(brake);
  if (silent.length > 0) doubts.push(`${silent.length} of ${total} nodes have no outcome: ${names(silent)}`);
  if (index === 0) doubts.push(...unprovenPlatforms(runs, rules.promoteWhen.provenOn));
  return doubts;
}

function unprovenPlatforms(runs: JudgedRun[], provenOn: number): string[] {
  const platforms = [...new Set(runs.map((run) => run.platform))].toSorted();
  return platforms.flatMap((platform) => {
    const healthy = runs.filter((run) => run.platform === platform && run.outcome !== undefined && HEALTHY.includes(run.outcome)).length;
    return healthy >= provenOn ? [] : [`${platform}: proven on ${healthy} of ${provenOn} nodes needed`];
  });
}

/** Distinct reasons that are told: thousands of nodes may each have their own, and they all go into one item of the record. */
const MOST_REASONS = 20;

/** One line for each distinct reason, with at most five names: the same words as in the record. The most frequent first, if there are many. */
function grouped(runs: JudgedRun[]): string[] {
  const groups = [...groupedBy(runs, (run) => run.reason)];
  if (groups.length <= MOST_REASONS) return groups.map(([reason, group]) => `${names(group)}: ${reason}`);
  const ranked = groups.toSorted(([, a], [, b]) => b.length - a.length);
  const left = ranked.slice(MOST_REASONS).reduce((sum, [, group]) => sum + group.length, 0);
  return [
    ...ranked.slice(0, MOST_REASONS).map(([reason, group]) => `${names(group)}: ${reason}`),
    `and ${left} more nodes for ${ranked.length - MOST_REASONS} other reasons`,
  ];
}

function names(runs: JudgedRun[]): string {
  const shown = runs.slice(0, 5).map((run) => run.name);
  return runs.length > 5 ? `${shown.join(', ')} and ${runs.length - 5} more` : shown.join(', ');
}

function passReason(runs: JudgedRun[]): string {
  const counts = countOutcomes(runs);
  const words = Object.entries(counts).map(([outcome, count]) => `${outcome} ${count}`);
  return words.length === 0 ? 'no node was in this wave' : words.join(', ');
}

/** How many nodes ended with each outcome; nodes without one are not counted. */
export function countOutcomes(runs: { outcome?: Outcome }[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of runs) if (outcome !== undefined) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
