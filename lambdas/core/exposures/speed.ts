/**
 * How fast exposures were closed: time to patch, deadlines met, the oldest that is open. Counted in pairs of advisory and node. Pure.
 *
 * Percentiles are nearest ranks (the value at position ceil(share x n) of the sorted values): always a time that really occurred, never one
 * between two. The median of an even number is therefore the lower of the two in the middle.
 */
import { advisoryKey, nodeKey } from './types.ts';
import { Severity } from '../model.ts';
import type { ClosedBy, Closure, ExposureSummary, OpenAdvisory, OpenExposure } from './types.ts';

/** What a closure says of one advisory. */
export type ClosedExposure = Closure['exposures'][number];

/** One advisory that was open on one node and is not any more. */
export interface ClosedPair {
  /** As `nodeKey` spells it. */
  node: string;
  exposure: ClosedExposure;
  /** When the node was seen to be clear, ISO-8601 UTC. */
  closed: string;
  by: ClosedBy;
}

/** Times to patch of a group of pairs, in seconds. */
export interface PatchTimes {
  /** `known exploited`, `critical`, …, `unrated`, or `all`. */
  group: string;
  pairs: number;
  median: number;
  p90: number;
}

/** How many pairs met the date that a rule of the policy file set for them. */
export interface DeadlineCount {
  /** The rule in words; empty where it was not written down. */
  rule: string;
  met: number;
  of: number;
}

/** What has been open for longest. */
export interface OldestOpen {
  source: string;
  advisory: string;
  cves: string[];
  seen: string;
  due?: string;
  nodes: number;
  /** No vendor has a fix for any of its nodes. */
  awaiting: boolean;
}

/** The pairs of closures, each once: evidence may hold a closure twice, and the first moment counts. What nobody could judge is no pair. */
export function closedPairs(closures: readonly Closure[]): ClosedPair[] {
  const found = new Map<string, ClosedPair>();
  for (const pair of closures.flatMap(pairsOf)) {
    const key = `${pair.node} ${advisoryKey(pair.exposure)} ${pair.exposure.seen}`;
    const before = found.get(key);
    if (!before || pair.closed < before.closed) found.set(key, pair);
  }
  return [...found.values()];
}

function pairsOf({ by, nodes, exposures }: Closure): ClosedPair[] {
  const known = exposures.filter(({ state }) => state !== 'unknown');
  return nodes.flatMap((node) => known.map((exposure) => ({ node: nodeKey(node), exposure, closed: node.closed, by })));
}

/** Whether a pair was patched: an advisory that was withdrawn and a node that is gone say nothing of how fast anybody was. */
export function isPatched({ by }: Pick<ClosedPair, 'by'>): boolean {
  return by === 'rollout' || by === 'scan';
}

/**
 * Time from the moment at which there was something to do (the exposure known here, and a fix out) to the moment at which the node was seen to
 * be clear. Known exploited stands apart: grades count the others, `all` counts every pair. Groups without pairs are left out.
 */
export function patchTimes(pairs: readonly ClosedPair[]): PatchTimes[] {
  const timed = pairs.filter(isPatched).flatMap(({ exposure, closed }) => {
    const { severity, knownExploited, fixable } = exposure;
    return fixable === undefined ? [] : [{ severity, knownExploited, seconds: Math.max(0, (Date.parse(closed) - Date.parse(fixable)) / 1000) }];
  });
  const others = timed.filter(({ knownExploited }) => !knownExploited);
  const groups: [string, typeof timed][] = [
    ['known exploited', timed.filter(({ knownExploited }) => knownExploited)],
    ...Severity.options.map((grade): [string, typeof timed] => [grade, others.filter(({ severity }) => severity === grade)]),
    ['all', timed],
  ];
  return groups
    .filter(([, own]) => own.length > 0)
    .map(([group, own]) =>
      timesOf(
        group,
        own.map(({ seconds }) => seconds),
      ),
    );
}

function timesOf(group: string, seconds: readonly number[]): PatchTimes {
  const sorted = seconds.toSorted((a, b) => a - b);
  return { group, pairs: sorted.length, median: percentile(sorted, 0.5), p90: percentile(sorted, 0.9) };
}

/** The nearest rank of sorted values: the smallest that at least `share` (0 to 1) of them do not exceed. 0 of nothing. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/**
 * Deadlines met, by rule: of the pairs that were patched and had a date, and of those that are open after theirs (missed already, and not to be
 * forgotten because nobody has closed them). Rules in the order of their words.
 */
export function deadlinesMet(pairs: readonly ClosedPair[], open: readonly OpenExposure[], now: number): DeadlineCount[] {
  const at = new Date(now).toISOString();
  const counts = new Map<string, DeadlineCount>();
  const count = (rule: string, nodes: number, met: boolean): void => {
    const { met: before, of } = counts.get(rule) ?? { met: 0, of: 0 };
    counts.set(rule, { rule, met: before + (met ? nodes : 0), of: of + nodes });
  };
  for (const { exposure, closed } of pairs.filter(isPatched)) {
    if (exposure.due !== undefined) count(exposure.deadline ?? '', 1, closed <= exposure.due);
  }
  for (const { state, due, deadline, nodes } of open) {
    if (state !== 'unknown' && nodes > 0 && due !== undefined && due < at) count(deadline ?? '', nodes, false);
  }
  return [...counts.values()].toSorted((a, b) => (a.rule < b.rule ? -1 : 1));
}

/** The advisory that has been open on some node for longest, by when it was seen here; of several the most urgent. */
export function oldestOpen({ advisories }: Pick<ExposureSummary, 'advisories'>): OldestOpen | undefined {
  // The summary has the most urgent first, and sorting keeps the order of equals.
  const [oldest] = advisories.filter((one) => certainNodes(one) > 0).toSorted((a, b) => (a.seen < b.seen ? -1 : a.seen > b.seen ? 1 : 0));
  if (!oldest) return undefined;
  const { source, advisory, cves, seen, due, nodes } = oldest;
  const count = certainNodes(oldest);
  return { source, advisory, cves, seen, ...(due === undefined ? {} : { due }), nodes: count, awaiting: nodes['awaiting-vendor'] === count };
}

/** Nodes that are exposed to it for certain, or probably: not those that nobody can judge. */
function certainNodes({ nodes }: OpenAdvisory): number {
  return Object.entries(nodes).reduce((sum, [state, count]) => sum + (state === 'unknown' ? 0 : count), 0);
}
