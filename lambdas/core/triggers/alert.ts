/** The facts of an alert, counted once for message, plan and ticket. */
import { SERVICE_TAG } from '../exposures/summary.ts';
import { advisoryKey, nodeKey } from '../exposures/types.ts';
import { matches, platformOf } from '../selection.ts';
import type { KnownExploited } from '../advisory.ts';
import type { OpenExposure } from '../exposures/types.ts';
import type { Node, Policy } from '../model.ts';
import { exposedOutside } from './reach.ts';
import type { CountedFleet, Reach } from './reach.ts';
import type { Alert } from './types.ts';

export interface AlertInput extends CountedFleet {
  policy: Policy;
  /** What the alert is about: at least one. */
  reaches: Reach[];
  /** Everything that is open: nodes outside of the policy are counted as well. */
  exposures: OpenExposure[];
  optIn: { key: string; value: string };
  /** CISA's entries by CVE. */
  exploited: ReadonlyMap<string, KnownExploited>;
}

const MOST_PACKAGES = 5;
const MOST_NAMES = 5;

/** Counts. A node that a patch helps against one of the advisories counts as fixable, whatever else it waits for. */
export function alertOf({ policy, reaches, exploited, ...counted }: AlertInput): Alert {
  const { fleet } = counted;
  const fixable = nodesOf(reaches.flatMap((reach) => reach.fixable));
  const awaiting = without(nodesOf(reaches.flatMap((reach) => reach.awaiting)), fixable);
  const blocked = without(without(nodesOf(reaches.flatMap((reach) => reach.blocked)), fixable), awaiting);
  const exposed = new Map([...fixable, ...awaiting, ...blocked]);
  const exposures = reaches.flatMap((reach) => reach.exposures);
  const listed = listedOf(exposures, exploited);
  const about = new Set(reaches.map(({ advisory }) => advisory));
  const outside = exposedOutside({ policy, ...counted, exposures: counted.exposures.filter((exposure) => about.has(advisoryKey(exposure))) });
  const packages = [...new Set(exposures.flatMap((exposure) => exposure.packages.map((item) => item.package)))].toSorted();
  return {
    subject: subjectOf(exposures, exploited),
    advisories: reaches.flatMap(({ exposures: [first] }) =>
      first ? [{ source: first.source, advisory: first.advisory, title: first.title, cves: first.cves }] : [],
    ),
    packages: packages.slice(0, MOST_PACKAGES),
    reason: reasonWords(reaches, listed),
    nodes: exposed.size,
    fixable: fixable.size,
    awaiting: awaiting.size,
    blocked: blocked.size,
    awaitingOn: [...new Set([...awaiting.values()].map(platformOf))].toSorted(),
    services: servicesOf(policy, fleet, exposed),
    tagged: taggedOf(policy, [...exposed.values()]),
    outside: {
      nodes: outside.length,
      names: outside
        .map(({ name }) => name)
        .toSorted()
        .slice(0, MOST_NAMES),
    },
  };
}

/**
 * The name of what happened, which tickets are deduplicated by: the CVE that CISA lists (the one listed last), else the first CVE of what is
 * most likely to be exploited; an advisory without CVE stands for itself.
 */
export function subjectOf(exposures: OpenExposure[], exploited: AlertInput['exploited']): string {
  const listed = listedOf(exposures, exploited)[0];
  if (listed) return listed.cve;
  const [first] = exposures.toSorted((a, b) => (b.urgency.epss ?? 0) - (a.urgency.epss ?? 0) || order(a.advisory, b.advisory));
  return first?.cves.toSorted()[0] ?? first?.advisory ?? '';
}

/** CISA's entries of their CVEs, the newest first. */
function listedOf(exposures: OpenExposure[], exploited: AlertInput['exploited']): KnownExploited[] {
  const cves = [...new Set(exposures.flatMap((exposure) => exposure.cves))];
  return cves.flatMap((cve) => exploited.get(cve) ?? []).toSorted((a, b) => order(b.added, a.added) || order(a.cve, b.cve));
}

function reasonWords(reaches: Reach[], [first, ...others]: KnownExploited[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more of its CVEs)` : '';
  const conditions = [...new Set(reaches.flatMap((reach) => reach.because || []))].join('; ');
  return first
    ? `CISA lists ${first.cve} as exploited since ${first.added}${more}`
    : conditions || 'it met a condition of the policy when it started';
}

function servicesOf(policy: Policy, fleet: Node[], exposed: ReadonlyMap<string, Node>): Alert['services'] {
  const counts = new Map<string, { exposed: number; of: number }>();
  for (const node of fleet.filter((one) => matches(policy.nodes, one))) {
    const name = node.tags[SERVICE_TAG];
    if (name === undefined) continue;
    const count = counts.get(name) ?? { exposed: 0, of: 0 };
    counts.set(name, { exposed: count.exposed + (exposed.has(nodeKey(node)) ? 1 : 0), of: count.of + 1 });
  }
  const services = [...counts].map(([name, count]) => ({ name, ...count })).filter((service) => service.exposed > 0);
  return services.toSorted((a, b) => b.exposed - a.exposed || order(a.name, b.name));
}

function taggedOf(policy: Policy, exposed: Node[]): Alert['tagged'] {
  const tags = new Map(
    (policy.startWhen ?? []).flatMap((condition) => Object.entries(condition.tags ?? {})).map(([key, value]) => [`${key}=${value}`, { key, value }]),
  );
  return [...tags].map(([tag, { key, value }]) => ({ tag, nodes: exposed.filter((node) => node.tags[key] === value).length }));
}

function nodesOf(nodes: Node[]): Map<string, Node> {
  return new Map(nodes.map((node) => [nodeKey(node), node]));
}

function without(nodes: Map<string, Node>, others: ReadonlyMap<string, Node>): Map<string, Node> {
  return new Map([...nodes].filter(([key]) => !others.has(key)));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
