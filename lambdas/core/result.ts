/** What a rollout came to: the evidence that is kept, and what the terminal, the report and `--json` are made of. One truth for all of them. */
import { z } from 'zod';
import { Location, Outcome, Verdict, Window } from './model.ts';
import { countOutcomes } from './judge.ts';
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
}

/** Puts the result together. Every node of the plan appears with exactly one outcome. */
export function makeResult(input: ResultInput): RolloutResult {
  const { plan } = input;
  const told = changesTeller(plan);
  const nodes = plan.waves.flatMap((wave) => wave.nodes.map((node) => nodeResult(input, { wave: wave.name, node, told })));
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

interface NodeInWave {
  wave: string;
  node: PlanNode;
  told: TellChanges;
}

function nodeResult({ runs, waves }: ResultInput, { wave, node, told }: NodeInWave): NodeResult {
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
    cvesClosed: closed ? cvesClosed : [],
    rebooted: run?.rebooted ?? false,
    startedAt: run?.startedAt ?? '',
    endedAt: run?.endedAt ?? '',
    exposedBefore: node.exposed > 0,
    exposedAfter: node.exposed > 0 && !closed,
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
