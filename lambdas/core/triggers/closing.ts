/**
 * What a plan is about that was started by advisories: which nodes it may touch, and which updates close what they are exposed to. Everything
 * else that a node is offered may only come along where one of these updates needs it.
 */
import { versionKind } from '../candidate.ts';
import { advisoryKey, nodeKey } from '../exposures/types.ts';
import { compareVersions } from '../versions/compare.ts';
import { matches, platformOf } from '../selection.ts';
import { alertOf } from './alert.ts';
import { isFixable, reachOf } from './reach.ts';
import type { KnownExploited } from '../advisory.ts';
import type { OpenExposure } from '../exposures/types.ts';
import type { Available, Node, Policy } from '../model.ts';
import type { CountedFleet } from './reach.ts';
import type { Means } from './stand-in.ts';
import type { Alert, Doing } from './types.ts';

export interface Closing {
  doing: Doing;
  alert: Alert;
  /** The nodes that waves are dealt from. */
  fleet: Node[];
  /** Nodes that are exposed and stay out, with why. */
  leftOut: { node: Node; why: string }[];
  /** What runs there instead of a patch, where it is about that. */
  standIn?: Means;
  /** What an update closes on a platform; `undefined` when it closes nothing of it. */
  closedBy: (platform: string, update: Available) => { advisories: string[]; cves: string[] } | undefined;
}

export interface ClosingInput extends CountedFleet {
  policy: Policy;
  doing: Doing;
  /** Advisories as `advisoryKey` spells them. */
  because: string[];
  exposures: OpenExposure[];
  optIn: { key: string; value: string };
  /** CISA's entries by CVE. */
  exploited: ReadonlyMap<string, KnownExploited>;
  /** Nodes (`nodeKey`) that carry the policy's mitigation. */
  mitigated: ReadonlySet<string>;
}

/** Why a node stays out that only its vendor can help. */
export const NO_FIX = 'no vendor has a fix yet';

/** Nothing is looked up: equal input gives equal answers. Advisories that reach no node any more are left out of the alert. */
export function closingOf(input: ClosingInput): Closing {
  const { policy, doing, because, exposures, fleet, fingerprintOf, optIn, exploited, mitigated } = input;
  const wanted = new Set(because);
  const about = exposures.filter((exposure) => wanted.has(advisoryKey(exposure)));
  const reaches = reachOf({ policy, exposures: about, fleet, fingerprintOf, optIn, started: true });
  const alert = alertOf({ policy, reaches, exposures: about, fleet, fingerprintOf, optIn, exploited });
  const fixable = new Set(reaches.flatMap((reach) => reach.fixable.map(nodeKey)));
  const awaiting = reaches.flatMap((reach) => reach.awaiting).filter((node) => !fixable.has(nodeKey(node)));
  const blocked = reaches.flatMap((reach) => reach.blocked).filter((node) => !fixable.has(nodeKey(node)));
  const updates = about.filter(isFixable);
  const common = { doing, alert, closedBy: (platform: string, update: Available) => closedBy(updates, platform, update) };
  if (doing === 'withdraw') return { ...common, fleet: fleet.filter((node) => mitigated.has(nodeKey(node))), leftOut: [] };
  if (doing === 'mitigate') return { ...common, fleet: unique(awaiting).filter((node) => !mitigated.has(nodeKey(node))), leftOut: [] };
  const leftOut = [
    ...unique(awaiting).map((node) => ({ node, why: NO_FIX })),
    ...unique(blocked).map((node) => ({ node, why: blockedWhy(about, fingerprintOf(node)) })),
  ];
  if (!policy.nodes.exposed) return { ...common, fleet, leftOut };
  // Whoever answers for an exception did not ask for the patch.
  const excepted = new Set(about.flatMap((exposure) => exposure.excepted.map(({ node }) => node)));
  return {
    ...common,
    fleet: withProvers(
      policy,
      fleet.filter((node) => !excepted.has(nodeKey(node))),
      fixable,
    ),
    leftOut,
  };
}

/**
 * The exposed nodes; and for platforms of which none of them fits the first wave, nodes of the first wave that are closed already: an earlier
 * rollout has patched them, and only they can prove what the others are to get.
 */
function withProvers(policy: Policy, fleet: Node[], exposed: ReadonlySet<string>): Node[] {
  const nodes = fleet.filter((node) => exposed.has(nodeKey(node)));
  const first = policy.waves[0]?.nodes;
  if (!first || first.everythingElse) return nodes;
  const proven = new Set(nodes.filter((node) => matches(first, node)).map(platformOf));
  const missing = new Set(nodes.map(platformOf).filter((platform) => !proven.has(platform)));
  const provers = fleet.filter(
    (node) => !exposed.has(nodeKey(node)) && missing.has(platformOf(node)) && matches(first, node) && matches(policy.nodes, node),
  );
  return [...nodes, ...provers];
}

function closedBy(exposures: OpenExposure[], platform: string, update: Available): { advisories: string[]; cves: string[] } | undefined {
  const closed = exposures.filter((exposure) => exposure.platform === platform && closes(exposure, update));
  if (closed.length === 0) return undefined;
  return {
    advisories: [...new Set(closed.map((exposure) => exposure.advisory))].toSorted(),
    cves: [...new Set(closed.flatMap((exposure) => exposure.cves))].toSorted(),
  };
}

/** By the advisory's id where the node's package manager names it; else by package and version, as Debian's and Ubuntu's archives name none. */
function closes(exposure: OpenExposure, update: Available): boolean {
  if (update.advisories.includes(exposure.advisory)) return true;
  return exposure.packages.some((item) => {
    if (item.package !== update.name || item.fixed === null || !isFixable(item)) return false;
    // A KB has no version: its name says it all.
    if (update.version === '') return true;
    const sign = compareVersions(versionKind(exposure.platform), update.version, item.fixed);
    return sign === 1 || sign === 0;
  });
}

function blockedWhy(exposures: OpenExposure[], fingerprint: string | undefined): string {
  const own = exposures.find((exposure) => exposure.fingerprint === fingerprint && !isFixable(exposure));
  return own?.packages[0]?.why ?? 'it cannot have the fix as it is';
}

function unique(nodes: Node[]): Node[] {
  return [...new Map(nodes.map((node) => [nodeKey(node), node])).values()];
}
