/** What nodes are exposed to, as rows that say everything by themselves. Pure. */
import { dueOf } from '../../lambdas/core/exposures/deadlines.ts';
import { urgencyOf } from '../../lambdas/core/exposures/urgency.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { Urgency } from '../../lambdas/core/exposures/types.ts';
import type { Match, MatchState } from '../../lambdas/core/match/types.ts';
import type { Deadline, Severity } from '../../lambdas/core/model.ts';
import type { InventoriedNode } from './inventory-file.ts';
import type { Vendors } from './vendors.ts';

/** One advisory and one package of one node. */
export interface ExposureRow {
  node: string;
  advisory: string;
  cves: string[];
  package: string;
  /** On Windows the build; `null` where it is not known. */
  installed: string | null;
  /** `null`: no vendor has a fix. */
  fixed: string | null;
  severity: Severity;
  /** CISA lists one of its CVEs as known to be exploited. */
  kev: boolean;
  /** Chance of exploitation within 30 days, 0 to 1, of its likeliest CVE; `null` where EPSS has none. */
  epss: number | null;
  /** ISO-8601 UTC, by a policy file's `deadlines`; `null` where none holds. */
  due: string | null;
  state: Exclude<MatchState, 'fixed'>;
  why: string;
}

export interface RowsWanted {
  deadlines: readonly Deadline[];
  /** Milliseconds since the epoch: when the exposure is taken to be seen for the first time. */
  now: number;
}

/** All exposures of all nodes, the most urgent first. Nodes with equal facts are matched once. */
export function exposureRows(nodes: readonly InventoriedNode[], vendors: Vendors, wanted: RowsWanted): ExposureRow[] {
  const match = createMatcher(vendors);
  const byKey = new Map(vendors.advisories.map((advisory) => [`${advisory.source} ${advisory.id}`, advisory]));
  const matched = new Map<string, Match[]>();
  const rows = nodes.flatMap((node) => {
    const facts = JSON.stringify(node.facts);
    const matches = matched.get(facts) ?? match(node.facts);
    matched.set(facts, matches);
    return matches.flatMap((item) => {
      const advisory = byKey.get(`${item.source} ${item.advisory}`);
      return advisory ? rowOf(node, item, advisory, { ...wanted, urgency: urgencyOf(advisory, vendors) }) : [];
    });
  });
  return once(rows).toSorted(moreUrgent);
}

function rowOf(
  node: InventoriedNode,
  match: Match,
  advisory: Advisory,
  { deadlines, now, urgency }: RowsWanted & { urgency: Urgency },
): ExposureRow[] {
  if (match.state === 'fixed') return [];
  const seen = new Date(now).toISOString();
  const clock = { published: advisory.published, seen, ...(match.fixed === null ? {} : { fixable: seen }) };
  return [
    {
      node: node.id,
      advisory: match.advisory,
      cves: advisory.cves,
      package: match.package,
      installed: match.installed || null,
      fixed: match.fixed,
      severity: advisory.severity,
      kev: urgency.knownExploited,
      epss: urgency.epss ?? null,
      due: dueOf(clock, urgency, node.tags, deadlines)?.due ?? null,
      state: match.state,
      why: match.why,
    },
  ];
}

/** The same package of two architectures says the same twice. */
function once(rows: readonly ExposureRow[]): ExposureRow[] {
  const each = new Map(rows.map((row) => [[row.node, row.advisory, row.package, row.installed, row.fixed, row.state].join('\t'), row]));
  return [...each.values()];
}

const GRAVITY: readonly Severity[] = ['critical', 'important', 'moderate', 'low', 'unrated'];

/** Known to be exploited, then what is due first, then by severity and by the chance of exploitation; equal ones in a fixed order. */
function moreUrgent(a: ExposureRow, b: ExposureRow): number {
  return (
    Number(b.kev) - Number(a.kev) ||
    order(a.due ?? '~', b.due ?? '~') ||
    GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity) ||
    (b.epss ?? -1) - (a.epss ?? -1) ||
    order(a.advisory, b.advisory) ||
    order(a.node, b.node) ||
    order(a.package, b.package)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
