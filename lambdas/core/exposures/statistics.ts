/** How fast exposures were closed, and what has been open for longest: from closures and from what is open. */
import { advisoryKey } from './types.ts';
import { grouped } from './reconcile.ts';
import { Severity } from '../model.ts';
import type { Closure, ExposureSummary, OpenAdvisory } from './types.ts';

/** Times to patch of a group, in seconds, over pairs of advisory and node. */
export interface PatchTimes {
  /** `critical`, … , and `known exploited`, which counts across the grades. */
  group: string;
  pairs: number;
  median: number;
  p90: number;
  /** Pairs that had a deadline, and those of them that met it. */
  withDeadline: number;
  met: number;
}

/** One node and advisory that was patched. */
interface Pair {
  severity: Severity;
  knownExploited: boolean;
  /** Seconds from the moment at which there was something to do: known here, and a fix out. */
  seconds: number;
  met: boolean | undefined;
}

/**
 * Median and 90th percentile of the time from "known here and a fix is out" to "seen to be closed", and deadlines met; by grade, known exploited
 * apart, and all. Evidence may hold a closure twice: the first moment counts. What was closed by its advisory or with its node was not patched.
 */
export function patchTimes(closures: readonly Closure[]): PatchTimes[] {
  const pairs = [...pairsOf(closures).values()];
  const grades = Severity.options.map((severity) => timesOf(severity, pairs.filter((pair) => pair.severity === severity)));
  const exploited = timesOf('known exploited', pairs.filter((pair) => pair.knownExploited));
  return [exploited, ...grades, timesOf('all', pairs)].filter(({ pairs: count }) => count > 0);
}

function pairsOf(closures: readonly Closure[]): Map<string, Pair> {
  const found = new Map<string, Pair & { closed: string }>();
  for (const { by, nodes, exposures } of closures) {
    if (by !== 'rollout' && by !== 'scan') continue;
    for (const exposure of exposures.filter(({ state, fixable }) => state !== 'unknown' && fixable !== undefined)) {
      const begins = Date.parse(exposure.fixable ?? exposure.seen);
      for (const node of nodes) {
        const key = `${node.location.account}/${node.location.region}/${node.id} ${advisoryKey(exposure)} ${exposure.seen}`;
        const before = found.get(key);
        if (before && before.closed <= node.closed) continue;
        const seconds = Math.max(0, (Date.parse(node.closed) - begins) / 1000);
        const met = exposure.due === undefined ? undefined : node.closed <= exposure.due;
        found.set(key, { severity: exposure.severity, knownExploited: exposure.knownExploited, seconds, met, closed: node.closed });
      }
    }
  }
  return found;
}

function timesOf(group: string, pairs: readonly Pair[]): PatchTimes {
  const seconds = pairs.map((pair) => pair.seconds).toSorted((a, b) => a - b);
  const dated = pairs.filter(({ met }) => met !== undefined);
  return {
    group,
    pairs: pairs.length,
    median: quantile(seconds, 0.5),
    p90: quantile(seconds, 0.9),
    withDeadline: dated.length,
    met: dated.filter(({ met }) => met).length,
  };
}

/** The nearest rank: a value that really occurred. 0 of nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The advisories that have been open on some node for longest, by when they were seen here. */
export function oldestOpen({ advisories }: Pick<ExposureSummary, 'advisories'>, most: number): OpenAdvisory[] {
  const open = advisories.filter(({ nodes }) => Object.values(nodes).some((count) => count > 0));
  return open.toSorted((a, b) => (a.seen < b.seen ? -1 : a.seen > b.seen ? 1 : 0)).slice(0, most);
}

/** What one advisory's closing came to: pairs by how they were closed. */
export function closedBy(closures: readonly Closure[]): Map<Closure['by'], number> {
  const counted = closures.map(({ by, nodes, exposures }) => ({ by, pairs: Math.max(1, nodes.length) * exposures.length }));
  return new Map([...grouped(counted, ({ by }) => by)].map(([by, own]) => [by as Closure['by'], own.reduce((sum, { pairs }) => sum + pairs, 0)]));
}
