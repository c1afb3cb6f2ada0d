/** Which CVEs a rollout has closed on each of its nodes, as the record saw it: whoever names them, the node's own metadata or an advisory. Pure. */
import { nodeKey } from './types.ts';
import type { Closure } from './types.ts';

export interface ClosedOnInput {
  closures: readonly Closure[];
  rollout: string;
  /** When each node's work began, ISO-8601 UTC, by `nodeKey`; nodes without it were not worked on. */
  began: ReadonlyMap<string, string>;
}

/** What one look at a node has found closed. */
interface Look {
  by: 'rollout' | 'scan';
  at: string;
  cves: string[];
}

/**
 * CVEs by `nodeKey`: what the rollout's own evidence has closed, and where a scan was faster than that, what the first one after the node's work
 * has. Later scans tell what others did since. Nodes that were alike share a list.
 */
export function cvesClosedOn({ closures, rollout, began }: ClosedOnInput): Map<string, string[]> {
  const looks = new Map<string, Look[]>();
  for (const closure of closures) {
    const by = closure.by === 'rollout' && closure.rollout === rollout ? 'rollout' : closure.by === 'scan' ? 'scan' : undefined;
    if (by === undefined) continue;
    const cves = cvesOf(closure);
    for (const node of closure.nodes) {
      const key = nodeKey(node);
      const since = began.get(key);
      if (since === undefined || node.closed < since) continue;
      looks.set(key, [...(looks.get(key) ?? []), { by, at: node.closed, cves }]);
    }
  }
  return new Map([...looks].map(([key, own]) => [key, cvesOfLooks(own)]));
}

/** What nobody could judge was not closed either. */
function cvesOf({ exposures }: Closure): string[] {
  return [...new Set(exposures.filter(({ state }) => state !== 'unknown').flatMap(({ cves }) => cves))].toSorted();
}

function cvesOfLooks(looks: readonly Look[]): string[] {
  const ours = looks.filter(({ by }) => by === 'rollout');
  const [first = ''] = looks.map(({ at }) => at).toSorted();
  const told = ours.length > 0 ? ours : looks.filter(({ at }) => at === first);
  const [only, ...others] = told;
  return only && others.length === 0 ? only.cves : [...new Set(told.flatMap(({ cves }) => cves))].toSorted();
}
