/** Which nodes are exposed to what: vendors' advisories against what is installed, and what the nodes' own repositories offer as security. */
import { createMatcher } from './match/matcher.ts';
import { factsFromScan } from './match/scan.ts';
import type { Advisory } from './advisory.ts';
import type { FleetFacts, Node } from './model.ts';

export interface FactsExposure {
  /** Advisories that apply, ours and those that the node's package manager names. */
  advisories: string[];
  cves: string[];
  /** Security updates that the node is offered. */
  offered: number;
}

/** Exposure of all nodes that share these facts. */
export function exposureOf(facts: FleetFacts, advisories: Advisory[]): FactsExposure {
  const security = facts.available.filter((update) => update.kind === 'security' || update.kind === 'critical');
  const matched = createMatcher({ advisories })(factsFromScan(facts)).filter((match) => match.state !== 'unknown');
  const named = new Set([...matched.map((match) => match.advisory), ...security.flatMap((update) => update.advisories)]);
  const cves = new Set(advisories.filter((advisory) => named.has(advisory.id)).flatMap((advisory) => advisory.cves));
  return { advisories: [...named].toSorted(), cves: [...cves].toSorted(), offered: security.length };
}

/** Coverage and exposure of a fleet, from the facts of its fingerprints. */
export function fleetExposure(fleet: Node[], byFingerprint: Map<string, FactsExposure>): { nodes: number; reporting: number; exposed: number } {
  const exposures = fleet.map((node) => (node.scan ? byFingerprint.get(node.scan.fingerprint) : undefined));
  return {
    nodes: fleet.length,
    reporting: fleet.filter((node) => node.scan !== undefined).length,
    exposed: exposures.filter((exposure) => exposure !== undefined && (exposure.offered > 0 || exposure.advisories.length > 0)).length,
  };
}
