/** Nodes for which a lock has nothing. Sent all the same, they would refuse it, and a refusal counts as failed. */
import { withoutPackages } from './candidate.ts';
import type { FleetFacts, LockPlatform } from './model.ts';
import type { PlanNode } from './plan.ts';

export interface IdleInput {
  candidate: LockPlatform[];
  /** What the candidate was made from. */
  offers: FleetFacts[];
  /** Patterns that nodes' own rules leave out, by variant. */
  variants: Record<string, string[]>;
  /** Only what closes the advisories that started it was asked for. */
  closesOnly: boolean;
}

/**
 * Tells why a node has nothing to install, once for each platform and variant; `undefined` where it has, and where nobody can say: a node
 * that has told nothing, and a platform of which nobody has, are never taken for up to date, but judged by what they answer.
 */
export function idleTeller({ candidate, offers, variants, closesOnly }: IdleInput): (node: PlanNode) => string | undefined {
  const seen = new Set(offers.map(({ platform }) => platform));
  const promoted = new Set(candidate.map(({ platform }) => platform));
  const byVariant = new Map<string, Set<string>>();
  const left = (variant: string): Set<string> => {
    const known = byVariant.get(variant) ?? new Set(withoutPackages(candidate, variants[variant] ?? []).map(({ platform }) => platform));
    byVariant.set(variant, known);
    return known;
  };
  return ({ platform, open, variant }) => {
    // A plan without any candidate has a word of its own: `emptyPlan`.
    if (promoted.size === 0 || open === undefined || !seen.has(platform) || left(variant).has(platform)) return undefined;
    if (promoted.has(platform))
      return `nothing to install: rules of its own leave out all that it could get (${variants[variant]?.join(', ') ?? ''})`;
    if (closesOnly) return `no node of ${platform} is offered what closes it: its repositories do not have the fix`;
    if (open.length === 0) return `nothing to install: on ${platform} the first wave is offered nothing that the policy wants`;
    return `the first wave is offered nothing on ${platform} that the policy wants: what this node is offered is not proven`;
  };
}
