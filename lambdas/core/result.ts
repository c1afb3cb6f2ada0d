/** What a rollout came to: the evidence that is kept, and what the terminal, the report and `--json` are made of. One truth for all of them. */
import { z } from 'zod';
import { Location, Outcome, Verdict, Window } from './model.ts';
import { nameMatches, versionKind } from './candidate.ts';
import { countOutcomes } from './judge.ts';
import { nodeKey } from './exposures/types.ts';
import { compareVersions } from './versions/compare.ts';
import type { Plan, PlanNode } from './plan.ts';

export const NodeResult = z.strictObject({
  id: z.string(),
  name: z.string(),
  location: Location,
  platform: z.string(),
  wave: z.string(),
  outcome: Outcome,
  reason: z.string(),
  packages: z.array(z.strictObject({ name: z.string(), from: z.string(), to: z.string() })),
  /** What the advisories behind its updates name, and whatever else the record saw closed on it by this rollout. */
  cvesClosed: z.array(z.string()),
  rebooted: z.boolean(),
  startedAt: z.string(),
  endedAt: z.string(),
  /** Wanted updates that were open before, and whether they are now. */
  exposedBefore: z.boolean(),
  exposedAfter: z.boolean(),
});
export type NodeResult = z.infer<typeof NodeResult>;

export const WaveResult = z.strictObject({
  name: z.string(),
  verdict: z.union([Verdict, z.literal('not-run')]),
  reasons: z.array(z.string()),
  nodes: z.int(),
  outcomes: z.partialRecord(Outcome, z.int()),
  startedAt: z.string(),
  endedAt: z.string(),
  lock: z.string(),
  /** What its maintenance window in Systems Manager said, each time it was other than before; absent for windows of the file itself. */
  windows: z.array(Window).optional(),
});
export type WaveResult = z.infer<typeof WaveResult>;

export const RolloutResult = z.strictObject({
  v: z.literal(1),
  rollout: z.string(),
  policy: z.string(),
  /** Hash of the lock that the last wave got; the candidate's where nothing was proven. */
  lock: z.string(),
  status: z.enum(['succeeded', 'failed', 'held']),
  reason: z.string(),
  planKey: z.string(),
  waves: z.array(WaveResult),
  nodes: z.array(NodeResult),
  /** Distinct items that the waves after the first installed, how many of them the first had proven, and the names of any others. */
  proof: z.strictObject({ items: z.int(), proven: z.int(), unproven: z.array(z.string()), dropped: z.array(z.string()) }),
});
export type RolloutResult = z.infer<typeof RolloutResult>;

/** A node's run with what its report says that it changed. */
export interface RunFacts {
  outcome: Outcome;
  reason: string;
  platform?: string;
  rebooted: boolean;
  startedAt: string;
  endedAt: string;
  /** Items changed: `name arch version` with the version before. */
  changes: { key: string; name: string; from: string; to: string }[];
}

export interface WaveFacts {
  verdict: Verdict | undefined;
  reasons: string[];
  startedAt: string;
  endedAt: string;
  lock: string;
  dropped: { platform: string; name: string; why: string }[];
  windows: Window[];
  /** `platform name arch version` of the wave's lock. */
  items: string[];
}

export interface ResultInput {
  plan: Plan;
  planKey: string;
  status: RolloutResult['status'];
  reason: string;
  waves: Map<string, WaveFacts>;
  /** By wave, then node. */
  runs: Map<string, Map<string, RunFacts>>;
  /** CVEs that the record saw closed on nodes by this rollout, by `nodeKey`. Left out: nothing was reckoned. */
  recorded?: ReadonlyMap<string, string[]>;
}

/** Puts the result together. Every node of the plan appears with exactly one outcome. */
export function makeResult(input: ResultInput): RolloutResult {
  const { plan } = input;
  const locks = new Map([...input.waves].map(([name, { items }]) => [name, items]));
  const tellers = { told: changesTeller(plan), stillOpen: openTeller(plan, locks), both: unions() };
  const nodes = plan.waves.flatMap((wave) => wave.nodes.map((node) => nodeResult(input, { wave: wave.name, node, ...tellers })));
  const waves = plan.waves.map((wave) => waveResult(input, wave.name, nodes));
  const last = [...input.waves.values()].findLast((wave) => wave.lock !== '');
  return {
    v: 1,
    rollout: plan.rollout,
    policy: plan.policy.name,
    lock: last?.lock ?? '',
    status: input.status,
    reason: input.reason,
    planKey: input.planKey,
    waves,
    nodes,
    proof: proofOf(input),
  };
}

/** Whether a node that ended well has updates that the policy wants and that its wave's lock did not bring. */
export type TellOpen = (node: PlanNode, wave: string, platform: string) => boolean;

/**
 * Looks at each list of updates once for each wave and variant: nodes that are alike share it. `items`: of each wave's lock, as `WaveFacts` has
 * them.
 */
export function openTeller(plan: Plan, items: ReadonlyMap<string, readonly string[]>): TellOpen {
  const locks = new Map([...items].map(([name, own]) => [name, versionsIn(own)]));
  const known = new Map<readonly string[], Map<string, boolean>>();
  return (node, wave, platform) => {
    const { open, variant } = node;
    if (open === undefined) return false;
    const own = known.get(open) ?? new Map<string, boolean>();
    known.set(open, own);
    const key = JSON.stringify([wave, variant, platform]);
    const patterns = plan.variants[variant] ?? [];
    const isLeft = (update: string): boolean =>
      !isCovered(update, platform, locks.get(wave)) && !patterns.some((pattern) => nameMatches(pattern, update.split(' ')[0] ?? ''));
    const answer = own.get(key) ?? open.some(isLeft);
    own.set(key, answer);
    return answer;
  };
}

/** `platform name arch` → version, of a lock's items as `WaveFacts` has them. */
function versionsIn(items: readonly string[]): Map<string, string> {
  return new Map(items.map((item) => [item.slice(0, item.lastIndexOf(' ')), item.slice(item.lastIndexOf(' ') + 1)]));
}

function isCovered(update: string, platform: string, lock: ReadonlyMap<string, string> | undefined): boolean {
  const [place, version] = [update.slice(0, update.lastIndexOf(' ')), update.slice(update.lastIndexOf(' ') + 1)];
  const locked = lock?.get(`${platform} ${place}`);
  // A KB has no version: its name says it all.
  if (locked === undefined || locked === version) return locked !== undefined;
  const sign = compareVersions(versionKind(platform), locked, version);
  return sign === 0 || sign === 1;
}

type Told = Pick<NodeResult, 'packages' | 'cvesClosed'>;
type TellChanges = (changes: RunFacts['changes'], platform: string) => Told;

/** What changes mean, once for each list of them: nodes that changed alike share it. */
function changesTeller({ fixes }: Plan): TellChanges {
  const known = new Map<RunFacts['changes'], Map<string, Told>>();
  return (changes, platform) => {
    const own = known.get(changes) ?? new Map<string, Told>();
    known.set(changes, own);
    const told = own.get(platform) ?? {
      packages: changes.map(({ name, from, to }) => ({ name, from, to })),
      cvesClosed: [...new Set(changes.flatMap((change) => fixes[platform]?.[change.key]?.cves ?? []))].toSorted(),
    };
    own.set(platform, told);
    return told;
  };
}

/** One list of both, made once for each two lists: nodes that are alike share it. */
function unions(): (one: string[], other: string[] | undefined) => string[] {
  const known = new Map<string[], Map<string[], string[]>>();
  return (one, other) => {
    if (other === undefined || other.length === 0) return one;
    const own = known.get(one) ?? new Map<string[], string[]>();
    known.set(one, own);
    const both = own.get(other) ?? [...new Set([...one, ...other])].toSorted();
    own.set(other, both);
    return both;
  };
}

const NONE: string[] = [];

interface NodeInWave {
  wave: string;
  node: PlanNode;
  told: TellChanges;
  stillOpen: TellOpen;
  both: ReturnType<typeof unions>;
}

function nodeResult({ runs, waves, recorded }: ResultInput, { wave, node, told, stillOpen, both }: NodeInWave): NodeResult {
  const run = runs.get(wave)?.get(node.id);
  const opened = waves.get(wave)?.startedAt ?? '';
  const closed = run?.outcome === 'patched' || run?.outcome === 'already-proven' || run?.outcome === 'ahead';
  const { packages, cvesClosed } = told(run?.changes ?? [], run?.platform ?? node.platform);
  return {
    id: node.id,
    name: node.name,
    location: node.location,
    platform: run?.platform ?? node.platform,
    wave,
    outcome: run?.outcome ?? 'skipped',
    reason: run?.reason ?? (opened === '' ? 'its wave was not run: no command was sent' : 'the wave stopped before it: no command was sent'),
    packages,
    cvesClosed: both(closed ? cvesClosed : NONE, recorded?.get(nodeKey(node))),
    rebooted: run?.rebooted ?? false,
    startedAt: run?.startedAt ?? '',
    endedAt: run?.endedAt ?? '',
    exposedBefore: node.exposed > 0,
    exposedAfter: node.exposed > 0 && (!closed || stillOpen(node, wave, run.platform ?? node.platform)),
  };
}

function waveResult({ waves }: ResultInput, name: string, nodes: NodeResult[]): WaveResult {
  const facts = waves.get(name);
  const own = nodes.filter((node) => node.wave === name);
  return {
    name,
    verdict: facts?.verdict ?? 'not-run',
    reasons: facts?.reasons ?? [],
    nodes: own.length,
    outcomes: countOutcomes(own),
    startedAt: facts?.startedAt ?? '',
    endedAt: facts?.endedAt ?? '',
    lock: facts?.lock ?? '',
    ...((facts?.windows.length ?? 0) > 0 && { windows: facts?.windows }),
  };
}

/**
 * Production's changes against what the first wave's nodes changed or held: anything else is named. The last wave's lock was made from
 * that proof, so an entry here means that a node got something the lock does not know.
 */
function proofOf({ plan, waves, runs }: ResultInput): RolloutResult['proof'] {
  const later = plan.waves.slice(1);
  const proven = new Set(later.flatMap((wave) => waves.get(wave.name)?.items ?? []));
  const distinct = new Set<string>();
  for (const wave of later) {
    for (const run of runs.get(wave.name)?.values() ?? []) for (const change of run.changes) distinct.add(`${run.platform ?? ''} ${change.key}`);
  }
  const unproven = [...distinct].filter((key) => !proven.has(key));
  const dropped = later.flatMap((wave) => waves.get(wave.name)?.dropped ?? []).map((item) => `${item.platform} ${item.name}: ${item.why}`);
  return { items: distinct.size, proven: distinct.size - unproven.length, unproven: unproven.toSorted(), dropped: [...new Set(dropped)] };
}
