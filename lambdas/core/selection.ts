/** Which nodes a policy reaches and which wave each of them is in. Pure: the same fleet and policy give the same waves each month. */
import { amountOf } from './model.ts';
import type { Node, Policy, Selector } from './model.ts';

export interface WaveNodes {
  wave: string;
  nodes: Node[];
}

export interface Selection {
  waves: WaveNodes[];
  leftOut: { node: Node; why: string }[];
}

/** The platform as far as it is known: from the last scan, else unknown to us. */
export function platformOf(node: Node): string {
  return node.scan?.platform ?? 'unknown';
}

/** Whether a node meets a selector's filters (os, tags, ids); shares and limits are the caller's business. */
export function matches(selector: Selector, node: Node): boolean {
  if (selector.os !== undefined && selector.os !== node.os) return false;
  if (selector.ids !== undefined && !selector.ids.includes(node.id)) return false;
  return Object.entries(selector.tags ?? {}).every(([key, value]) => node.tags[key] === value);
}

/**
 * Deals the fleet into the policy's waves, first wave first; a node is in one wave at most. `optIn` is the tag without which
 * IAM lets nothing be sent. Nodes that the policy's own selector does not name are not mentioned; all others are, with the reason.
 */
export function selectNodes(policy: Policy, fleet: Node[], optIn: { key: string; value: string }): Selection {
  const named = fleet.filter((node) => matches(policy.nodes, node)).toSorted(byStableHash);
  const leftOut: Selection['leftOut'] = [];
  let rest: Node[] = [];
  for (const node of named) {
    if (node.tags[optIn.key] === optIn.value) rest.push(node);
    else leftOut.push({ node, why: `not tagged ${optIn.key}=${optIn.value}: IAM lets nothing be sent to it` });
  }
  const limited = limit(policy.nodes, rest, rest.length);
  const within = new Set(limited);
  for (const node of rest) if (!within.has(node)) leftOut.push({ node, why: 'over the policy\'s "atMost" or "share"' });
  rest = limited;
  const total = rest.length;
  const waves: WaveNodes[] = [];
  for (const wave of policy.waves) {
    const candidates = rest.filter((node) => matches(wave.nodes, node));
    const chosen = new Set(limit(wave.nodes, candidates, total));
    waves.push({ wave: wave.name, nodes: [...chosen] });
    rest = rest.filter((node) => !chosen.has(node));
  }
  for (const node of rest) leftOut.push({ node, why: 'in none of the waves' });
  return { waves, leftOut };
}

/** Applies `share` (of `total`) and `atMost` to candidates that stand in stable order. */
function limit(selector: Selector, candidates: Node[], total: number): Node[] {
  let chosen = candidates;
  if (selector.share) {
    const count = Math.max(
      amountOf({ percent: selector.share.percent }, total),
      selector.share.atLeast?.per ? 0 : (selector.share.atLeast?.count ?? 0),
    );
    const perPlatform = selector.share.atLeast?.per === 'platform' ? firstOfEachPlatform(candidates, selector.share.atLeast.count) : [];
    chosen = [...new Set([...perPlatform, ...candidates])].slice(0, Math.max(count, perPlatform.length));
  }
  if (selector.atMost) {
    chosen = selector.atMost.per === 'platform' ? firstOfEachPlatform(chosen, selector.atMost.count) : chosen.slice(0, selector.atMost.count);
  }
  return chosen;
}

function firstOfEachPlatform(nodes: Node[], count: number): Node[] {
  const taken = new Map<string, number>();
  return nodes.filter((node) => {
    const platform = platformOf(node);
    const already = taken.get(platform) ?? 0;
    taken.set(platform, already + 1);
    return already < count;
  });
}

/** FNV-1a over the id: spreads a share over names and Regions, and keeps it the same from month to month. */
function stableHash(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

function byStableHash(a: Node, b: Node): number {
  return stableHash(a.id) - stableHash(b.id) || (a.id < b.id ? -1 : 1);
}
