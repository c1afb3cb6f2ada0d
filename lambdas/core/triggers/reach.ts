/** Which advisories start a policy, and which of its nodes each of them reaches. */
import { conditionWords } from '../policy/deadlines.ts';
import { matches } from '../selection.ts';
import { grouped } from '../exposures/reconcile.ts';
import { advisoryKey, FORERUNNERS, nodeKey } from '../exposures/types.ts';
import { meets } from '../exposures/urgency.ts';
import type { OpenExposure } from '../exposures/types.ts';
import type { Condition, Node, Policy } from '../model.ts';

export interface Reach {
  /** As `advisoryKey` spells it. */
  advisory: string;
  exposures: OpenExposure[];
  /** The first condition of `startWhen` that holds, in words; empty when none does any more. */
  because: string;
  /** Nodes that a patch can close. */
  fixable: Node[];
  /** Nodes that no vendor has a fix for. */
  awaiting: Node[];
  /** Nodes that a patch alone cannot close: held to a release, without entitlement, waiting for a reboot, of unreadable version. */
  blocked: Node[];
}

/** The fleet as its exposures are counted. */
export interface CountedFleet {
  fleet: Node[];
  /** Fingerprint that a node's exposures stand under: its last scan's, SSM Inventory's or what a rollout has shown. */
  fingerprintOf: (node: Node) => string | undefined;
}

export interface ReachInput extends CountedFleet {
  policy: Policy;
  exposures: OpenExposure[];
  /** Without this tag nothing may be sent to a node. */
  optIn: { key: string; value: string };
  /** These exposures have started a rollout: whether they would still do so is not asked again. */
  started?: true;
}

/** Advisories that meet one of the policy's conditions on at least one of its nodes; reached are then all nodes of the policy that are exposed. */
export function reachOf({ policy, exposures, fleet, fingerprintOf, optIn, started }: ReachInput): Reach[] {
  const named = fleet.filter((node) => matches(policy.nodes, node) && node.tags[optIn.key] === optIn.value);
  const byFingerprint = groupByFingerprint(named, fingerprintOf);
  const byAdvisory = new Map<string, Reach>();
  for (const exposure of exposures) {
    const nodes = withoutExcepted(byFingerprint.get(exposure.fingerprint) ?? [], exposure);
    if (nodes.length === 0) continue;
    const key = advisoryKey(exposure);
    const reach = byAdvisory.get(key) ?? { advisory: key, exposures: [], because: '', fixable: [], awaiting: [], blocked: [] };
    byAdvisory.set(key, reach);
    reach.exposures.push(exposure);
    reach.because ||= reasonFor(policy.startWhen ?? [], exposure, nodes);
    listOf(reach, exposure).push(...nodes);
  }
  return [...byAdvisory.values()].filter((reach) => started || reach.because !== '').toSorted((a, b) => (a.advisory < b.advisory ? -1 : 1));
}

/** Advisories (keys) that are still open on some node that the policy names, whether or not anything may be sent to that node. */
export function openOn(policy: Policy, exposures: OpenExposure[], { fleet, fingerprintOf }: CountedFleet): Set<string> {
  const byFingerprint = groupByFingerprint(
    fleet.filter((node) => matches(policy.nodes, node)),
    fingerprintOf,
  );
  const open = exposures.filter((exposure) => withoutExcepted(byFingerprint.get(exposure.fingerprint) ?? [], exposure).length > 0);
  return new Set(open.flatMap(keysOf));
}

/** `advisory node` (`nodeKey`) of these nodes and all that is open on them, whether or not it meets a condition of anybody. */
export function openPairs(nodes: Node[], exposures: OpenExposure[], fingerprintOf: CountedFleet['fingerprintOf']): Set<string> {
  const byFingerprint = groupByFingerprint(nodes, fingerprintOf);
  return new Set(
    exposures.flatMap((exposure) =>
      withoutExcepted(byFingerprint.get(exposure.fingerprint) ?? [], exposure).flatMap((node) =>
        keysOf(exposure).map((advisory) => `${advisory} ${nodeKey(node)}`),
      ),
    ),
  );
}

/** Its own key, and those of what people or CISA had said of its CVEs before its vendor spoke. */
function keysOf(exposure: OpenExposure): string[] {
  const before = exposure.cves.flatMap((cve) => FORERUNNERS.map((source) => advisoryKey({ source, advisory: cve })));
  return [advisoryKey(exposure), ...before];
}

/** Nodes that are exposed to something of this and that the policy does not reach, whoever they belong to. */
export function exposedOutside({ policy, exposures, fleet, fingerprintOf, optIn }: ReachInput): Node[] {
  const outside = fleet.filter((node) => !matches(policy.nodes, node) || node.tags[optIn.key] !== optIn.value);
  const byFingerprint = groupByFingerprint(outside, fingerprintOf);
  const certain = exposures.filter(({ state }) => state !== 'unknown');
  return [...new Set(certain.flatMap((exposure) => withoutExcepted(byFingerprint.get(exposure.fingerprint) ?? [], exposure)))];
}

/** Whether a patch closes an exposure in this state. */
export function isFixable({ state }: Pick<OpenExposure, 'state'>): boolean {
  return state === 'exposed' || state === 'probable';
}

function listOf(reach: Reach, exposure: OpenExposure): Node[] {
  if (isFixable(exposure)) return reach.fixable;
  return exposure.state === 'awaiting-vendor' ? reach.awaiting : reach.blocked;
}

/** An exposure that nobody can judge starts nothing: its versions cannot be read. */
function reasonFor(conditions: Condition[], exposure: OpenExposure, nodes: Node[]): string {
  if (exposure.state === 'unknown') return '';
  const held = conditions.find((condition) => nodes.some((node) => meets(condition, exposure.urgency, node.tags)));
  return held === undefined ? '' : conditionWords(held);
}

function withoutExcepted(nodes: Node[], exposure: OpenExposure): Node[] {
  if (exposure.excepted.length === 0) return nodes;
  const excepted = new Set(exposure.excepted.map(({ node }) => node));
  return nodes.filter((node) => !excepted.has(nodeKey(node)));
}

function groupByFingerprint(nodes: Node[], fingerprintOf: CountedFleet['fingerprintOf']): Map<string, Node[]> {
  return grouped(
    nodes.filter((node) => fingerprintOf(node) !== undefined),
    (node) => fingerprintOf(node) ?? '',
  );
}
