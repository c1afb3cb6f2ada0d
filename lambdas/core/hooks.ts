/**
 * What a policy's hooks and its wish for AWS's own scan mean for a patch command: parameters of Wavelock-Patch, and more time; and whether
 * the hooks' documents are where nodes would look for them.
 */
import { EXECUTION_SECONDS } from './batch.ts';
import { locationKey } from './model.ts';
import type { TrackFile } from './batch.ts';
import type { Hook, Location, Os, Policy } from './model.ts';
import type { Plan } from './plan.ts';

/** An AWS-RunPatchBaseline Scan takes minutes; so long it may take before the command expires, seconds. */
const SCAN_SECONDS = 1_800;

/** Parameters of Wavelock-Patch beside the lock's, by name. Empty for a policy that wants neither hooks nor the scan. */
export function patchParameters({ hooks, awsCompliance }: Pick<Policy, 'hooks' | 'awsCompliance'>): Record<string, string> {
  return {
    ...(hooks?.before ? { RunBefore: 'yes', BeforeHook: hookPath(hooks.before) } : {}),
    ...(hooks?.after ? { RunAfter: 'yes', AfterHook: hookPath(hooks.after) } : {}),
    ...(hooks ? { HookSeconds: String(hooks.within) } : {}),
    ...(awsCompliance === 'scan' ? { ClosingScan: 'yes' } : {}),
  };
}

/** `Corp-DrainSqlAg:7`: aws:runDocument takes a version behind the name (amazon-ssm-agent, docparser.ParseDocumentNameAndVersion). */
export function hookPath({ document, version }: Hook): string {
  return `${document}:${version}`;
}

/**
 * The document's `executionTimeout`, seconds, with the time that hooks and scan may take: the command expires after this and the time of
 * delivery, whatever its steps' own time-outs are. `parameters`: those that the command is sent with.
 */
export function executionSeconds(batch: { purpose: TrackFile['purpose']; os: Os; parameters: Record<string, string> }): number {
  const { RunBefore, RunAfter, HookSeconds = '0', ClosingScan } = batch.parameters;
  const hooks = [RunBefore, RunAfter].filter((run) => run === 'yes').length * Number(HookSeconds);
  return EXECUTION_SECONDS[batch.purpose][batch.os] + hooks + (ClosingScan === 'yes' ? SCAN_SECONDS : 0);
}

/** A hook's document as one location answers for it: what it runs on, why no node there can run it, or why nobody can say. */
export type SeenHook = { platforms: Os[] } | { missing: string } | { unseen: string };

/** A place whose nodes would run hooks. */
export interface HookPlace {
  location: Location;
  nodes: { os: Os }[];
}

/** A document that has to be looked at in a place. */
export interface WantedHook extends HookPlace {
  which: 'before' | 'after';
  hook: Hook;
}

/** Every hook in every location that has nodes in the plan. None for a rollout that runs something else instead of a patch. */
export function hooksToSee({ policy: { hooks }, waves, doing = 'patch' }: Pick<Plan, 'policy' | 'waves' | 'doing'>): WantedHook[] {
  if (doing !== 'patch') return [];
  const places = new Map<string, HookPlace>();
  for (const { location, os } of waves.flatMap(({ nodes }) => nodes)) {
    const place = places.get(locationKey(location)) ?? { location, nodes: [] };
    place.nodes.push({ os });
    places.set(locationKey(location), place);
  }
  return [...places.values()].flatMap((place) =>
    (['before', 'after'] as const).flatMap((which) => (hooks?.[which] ? [{ which, hook: hooks[which], ...place }] : [])),
  );
}

/** Reasons that are named, at most: a document is mostly missing everywhere at once. */
const NAMED = 3;

/**
 * What becomes of a plan by what was seen of its hooks. `refused`: no node in some place could run one, so nothing must be sent. `unseen`:
 * whether nodes can run it only they will tell.
 */
export function judgeHooks(seen: readonly (WantedHook & { seen: SeenHook })[]): { refused?: string; unseen: string[] } {
  const missing = seen.flatMap((one) => whyMissing(one) ?? []);
  const unseen = seen.flatMap((one) =>
    'unseen' in one.seen ? [`${about(one)} could not be looked at (${one.seen.unseen}): whether nodes can run it only they will tell`] : [],
  );
  if (missing.length === 0) return { unseen };
  const more = missing.length > NAMED ? `; and ${missing.length - NAMED} more` : '';
  return { refused: `${missing.slice(0, NAMED).join('; ')}${more}: nothing is sent`, unseen };
}

function whyMissing(one: WantedHook & { seen: SeenHook }): string | undefined {
  const { seen, nodes } = one;
  if ('missing' in seen) return `${about(one)}: ${seen.missing}`;
  if ('unseen' in seen) return undefined;
  const without = nodes.filter(({ os }) => !seen.platforms.includes(os));
  const os = without[0]?.os === 'windows' ? 'Windows' : 'Linux';
  return without.length === 0 ? undefined : `${about(one)} does not run on ${os}, which ${without.length} of the ${nodes.length} nodes there have`;
}

function about({ which, hook, location }: WantedHook): string {
  return `hooks.${which}: ${hookPath(hook)} in ${locationKey(location)}`;
}
