/** Exposures over a stretch of time, as a report tells them: how many were open when, how fast they were closed, and which CVEs are gone. Pure. */
import { closedPairs, deadlinesMet, isPatched, oldestOpen, patchTimes } from './speed.ts';
import { grouped } from './reconcile.ts';
import { Severity } from '../model.ts';
import type { ClosedPair, DeadlineCount, OldestOpen, PatchTimes } from './speed.ts';
import type { Closure, ExposureCounts, ExposureSummary, OpenExposure } from './types.ts';
import type { Intelligence } from './urgency.ts';

/** Pairs of advisory and node that were open from this instant (ms) to the next one's. */
export interface OpenPoint {
  at: number;
  open: number;
  knownExploited: number;
}

/** A CVE that was patched on at least one node. Instants are ISO-8601 UTC. */
export interface ClosedCve {
  cve: string;
  advisories: string[];
  /** The gravest of its advisories'. */
  severity: Severity;
  /** Day on which CISA listed it; absent: it does not. */
  listed?: string;
  ransomware: boolean;
  /** 0 to 1; absent: EPSS has no row. */
  epss?: number;
  published: string;
  /** When the first node was known to be exposed, and when the last of those that were patched was seen to be clear. */
  seen: string;
  closed: string;
  seconds: number;
  nodes: number;
  /** Nodes that are exposed to it still. */
  left: number;
  /** Whether every node was in time, and none that is left is late; absent: no deadline applied to any that was patched. */
  met?: boolean;
}

export interface ExposureHistory {
  /** Counts before anything was done, and at the end. */
  before: ExposureCounts;
  after: ExposureCounts;
  line: OpenPoint[];
  times: PatchTimes[];
  deadlines: DeadlineCount[];
  oldest?: OldestOpen;
  cves: ClosedCve[];
  /** Pairs that ended without a patch: the advisory was withdrawn, or no longer concerns the node. */
  otherwise: number;
}

export interface HistoryInput {
  closures: readonly Closure[];
  summary: ExposureSummary;
  before: ExposureCounts;
  intelligence: Intelligence;
  /** Ms. The line begins with the first exposure after `from`. */
  from: number;
  to: number;
}

/** Puts everything together. */
export function exposureHistory({ closures, summary, before, intelligence, from, to }: HistoryInput): ExposureHistory {
  const pairs = closedPairs(closures);
  const oldest = oldestOpen(summary);
  return {
    before,
    after: summary.counts,
    line: openOverTime(pairs, summary.exposures, { from, to }),
    times: patchTimes(pairs),
    deadlines: deadlinesMet(pairs, summary.exposures, to),
    ...(oldest === undefined ? {} : { oldest }),
    cves: closedCves(pairs, summary.exposures, { intelligence, now: to }),
    otherwise: pairs.filter((pair) => !isPatched(pair)).length,
  };
}

/**
 * Open pairs over time, from each one's own clock: a point wherever the number changes, none where nothing was ever open. Pairs that nobody can
 * judge and nodes with an exception are not counted.
 */
export function openOverTime(pairs: readonly ClosedPair[], open: readonly OpenExposure[], { from, to }: { from: number; to: number }): OpenPoint[] {
  const steps = [
    ...pairs.flatMap(({ exposure, closed }) => [step(exposure.seen, 1, exposure.knownExploited), step(closed, -1, exposure.knownExploited)]),
    ...open.filter(({ state }) => state !== 'unknown').map(({ seen, nodes, urgency }) => step(seen, nodes, urgency.knownExploited)),
  ];
  const inOrder = [...grouped(steps, ({ at }) => String(Math.max(at, from)))]
    .map(([at, own]) => ({ at: Number(at), own }))
    .toSorted((a, b) => a.at - b.at);
  const points: OpenPoint[] = [];
  for (const { at, own } of inOrder.filter((one) => one.at <= to)) {
    const last = points.at(-1) ?? { open: 0, knownExploited: 0 };
    const now = own.reduce((sum, one) => ({ open: sum.open + one.by, knownExploited: sum.knownExploited + one.exploitedBy }), last);
    if (now.open !== last.open || now.knownExploited !== last.knownExploited) points.push({ at, open: now.open, knownExploited: now.knownExploited });
  }
  return points;
}

function step(at: string, by: number, exploited: boolean): { at: number; by: number; exploitedBy: number } {
  return { at: Date.parse(at), by, exploitedBy: exploited ? by : 0 };
}

/** CVEs that were patched, known exploited first, then the gravest, then the likeliest to be exploited. `now` in ms. */
export function closedCves(
  pairs: readonly ClosedPair[],
  open: readonly OpenExposure[],
  { intelligence: { exploited, scores }, now }: { intelligence: Intelligence; now: number },
): ClosedCve[] {
  const left = leftByCve(open, new Date(now).toISOString());
  const byCve = grouped(
    pairs.filter(isPatched).flatMap((pair) => pair.exposure.cves.map((cve) => ({ cve, pair }))),
    ({ cve }) => cve,
  );
  const cves = [...byCve].map(([cve, own]): ClosedCve => {
    const { met, ...facts } = cveFacts(own.map(({ pair }) => pair));
    const entry = exploited.get(cve);
    const epss = scores.get(cve)?.epss;
    const { nodes = 0, overdue = false } = left.get(cve) ?? {};
    return {
      cve,
      ...facts,
      ...(entry === undefined ? {} : { listed: entry.added }),
      ransomware: entry?.ransomware ?? false,
      ...(epss === undefined ? {} : { epss }),
      left: nodes,
      ...(met === undefined ? {} : { met: met && !overdue }),
    };
  });
  return cves.toSorted(graver);
}

function cveFacts(
  pairs: readonly ClosedPair[],
): Pick<ClosedCve, 'advisories' | 'severity' | 'published' | 'seen' | 'closed' | 'seconds' | 'nodes' | 'met'> {
  const exposures = pairs.map(({ exposure }) => exposure);
  const [seen = ''] = exposures.map((one) => one.seen).toSorted();
  const [published = ''] = exposures.map((one) => one.published).toSorted();
  const closed =
    pairs
      .map((pair) => pair.closed)
      .toSorted()
      .at(-1) ?? '';
  const dated = pairs.filter(({ exposure }) => exposure.due !== undefined);
  return {
    advisories: [...new Set(exposures.map(({ advisory }) => advisory))].toSorted(),
    severity: Severity.options.find((grade) => exposures.some(({ severity }) => severity === grade)) ?? 'unrated',
    published,
    seen,
    closed,
    seconds: Math.max(0, (Date.parse(closed) - Date.parse(seen)) / 1000),
    nodes: new Set(pairs.map(({ node }) => node)).size,
    ...(dated.length === 0 ? {} : { met: dated.every((pair) => pair.closed <= (pair.exposure.due ?? '')) }),
  };
}

/** Nodes that are exposed still, by CVE. Two advisories on one fingerprint are about the same nodes: they are counted once. */
function leftByCve(open: readonly OpenExposure[], at: string): Map<string, { nodes: number; overdue: boolean }> {
  const certain = open.filter(({ state, nodes }) => state !== 'unknown' && nodes > 0);
  const byCve = grouped(
    certain.flatMap((one) => one.cves.map((cve) => ({ cve, one }))),
    ({ cve }) => cve,
  );
  return new Map(
    [...byCve].map(([cve, own]) => {
      const prints = new Map<string, number>();
      for (const { one } of own) prints.set(one.fingerprint, Math.max(prints.get(one.fingerprint) ?? 0, one.nodes));
      const nodes = [...prints.values()].reduce((sum, count) => sum + count, 0);
      return [cve, { nodes, overdue: own.some(({ one }) => one.due !== undefined && one.due < at) }];
    }),
  );
}

function graver(a: ClosedCve, b: ClosedCve): number {
  return (
    Number(b.listed !== undefined) - Number(a.listed !== undefined) ||
    Severity.options.indexOf(a.severity) - Severity.options.indexOf(b.severity) ||
    (b.epss ?? 0) - (a.epss ?? 0) ||
    (a.cve < b.cve ? 1 : -1)
  );
}
