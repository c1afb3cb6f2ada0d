/** The plan: what a rollout will do, readable before it runs and binding while it runs. Stored under its hash; handlers read it, never the policy. */
import { z } from 'zod';
import { dateOf, nextOpening, windowZone } from './calendar.ts';
import { candidateLock, itemKey, leaveOutFor, nameMatches, wanted } from './candidate.ts';
import { idleTeller } from './idle.ts';
import { estimateSeconds } from './layout.ts';
import { closedBecause } from './maintenance-window.ts';
import { amountOf, Audience, Location, LockPlatform, Os, Policy, Window } from './model.ts';
import { Pin } from './pin.ts';
import { platformOf, selectNodes } from './selection.ts';
import { Alert, Doing } from './triggers/types.ts';
import type { Advisory } from './advisory.ts';
import type { LeftOutItem } from './candidate.ts';
import type { Available, FleetFacts, Node, PolicyFile } from './model.ts';
import type { Closing } from './triggers/closing.ts';

const WrittenNode = z.strictObject({
  id: z.string(),
  location: Location,
  name: z.string(),
  os: Os,
  platform: z.string(),
  /** Wanted updates that are open on this node, and the CVEs that our advisories name for it: where they are written, a place in `cveLists`. */
  exposed: z.int(),
  cves: z.union([z.array(z.string()), z.int()]),
  /** Those updates, `name arch version`, where no rule for all nodes leaves them out; where written, a place in `openLists`. Absent: not known. */
  open: z.union([z.array(z.string()), z.int()]).optional(),
  pendingReboot: z.boolean(),
  /** Key into `variants`: nodes with own `leaveOut` rules get a lock of their own. Empty for the common lock. */
  variant: z.string(),
});

const WrittenWave = z.strictObject({
  name: z.string(),
  nodes: z.array(WrittenNode),
  atOnce: z.int(),
  failedLimit: z.int(),
  unreachableLimit: z.int(),
  /** The first opening after the wave before may have ended; null: any time. */
  window: z.strictObject({ name: z.string(), opens: z.number(), closes: z.number(), timezone: z.string() }).nullable(),
  /** Why its window does not open, as far as is known now: then `window` is null, and nothing starts. */
  closed: z.string().optional(),
  expectedSeconds: z.int(),
  /** How many nodes can fail before the brake holds: the limit and what is in flight by then. */
  worstCase: z.int(),
});
/** `patch-linux` → name, version and SHA-256 that SendCommand passes: a deploy in between changes nothing for a running rollout. */
export const DocumentPins = z.record(z.string(), Pin);
export type DocumentPins = z.infer<typeof DocumentPins>;

const WrittenPlan = z.strictObject({
  v: z.literal(1),
  rollout: z.string(),
  policy: Policy,
  windows: z.record(z.string(), Window),
  people: z.record(z.string(), Audience),
  createdAt: z.string(),
  scheduledFor: z.string(),
  candidate: z.array(LockPlatform),
  /** Advisories and CVEs behind each wanted item, by platform and `name arch version`. */
  fixes: z.record(z.string(), z.record(z.string(), z.strictObject({ advisories: z.array(z.string()), cves: z.array(z.string()) }))),
  variants: z.record(z.string(), z.array(z.string())),
  documents: z.record(z.string(), DocumentPins),
  waves: z.array(WrittenWave),
  /** Thousands of nodes share a few lists: each is written once. */
  cveLists: z.array(z.array(z.string())).optional(),
  openLists: z.array(z.array(z.string())).optional(),
  leftOutItems: z.array(z.strictObject({ platform: z.string(), name: z.string(), why: z.string() })),
  leftOutNodes: z.array(z.strictObject({ id: z.string(), name: z.string(), why: z.string() })),
  /** What started it, where that was no calendar. */
  because: Alert.optional(),
  /** Absent: it patches. */
  doing: Doing.optional(),
  /** Hooks that could not be looked at, each with why. Absent: none. */
  unseenHooks: z.array(z.string()).optional(),
});

/** Nodes that share a list share it in memory too. */
export const Plan = WrittenPlan.transform(({ cveLists = [], openLists = [], waves, ...plan }) => ({
  ...plan,
  waves: waves.map((wave) => ({
    ...wave,
    nodes: wave.nodes.map(({ open, ...node }) => ({
      ...node,
      cves: listAt(node.cves, cveLists),
      ...(open === undefined ? {} : { open: listAt(open, openLists) }),
    })),
  })),
}));
export type Plan = z.infer<typeof Plan>;
export type PlanWave = Plan['waves'][number];
export type PlanNode = PlanWave['nodes'][number];

function listAt(written: string[] | number, lists: string[][]): string[] {
  return typeof written === 'number' ? (lists[written] ?? []) : written;
}

/** The plan as it is written; `Plan` reads it. Equal plans are written alike. */
export function writtenPlan(plan: Plan): z.input<typeof Plan> {
  const [cves, opens] = [eachOnce(), eachOnce()];
  const waves = plan.waves.map((wave) => ({
    ...wave,
    nodes: wave.nodes.map(({ open, ...node }) => ({
      ...node,
      cves: cves.placeOf(node.cves),
      ...(open === undefined ? {} : { open: opens.placeOf(open) }),
    })),
  }));
  return { ...plan, waves, cveLists: cves.lists, openLists: opens.lists };
}

/** Lists, each written once, and the place of each. */
function eachOnce(): { lists: string[][]; placeOf: (list: string[]) => number } {
  const places = new Map<string, number>();
  const lists: string[][] = [];
  const placeOf = (list: string[]): number => {
    const key = list.join('\n');
    const place = places.get(key) ?? lists.push(list) - 1;
    places.set(key, place);
    return place;
  };
  return { lists, placeOf };
}

export interface PlanInput {
  rollout: string;
  file: PolicyFile;
  policy: Policy;
  fleet: Node[];
  /** What the nodes of a fingerprint have and are offered. */
  facts: Map<string, FleetFacts>;
  advisories: Advisory[];
  documents: Record<string, DocumentPins>;
  optIn: { key: string; value: string };
  scheduledFor: string;
  now: number;
  /** Only where advisories started it. */
  closing?: Closing;
}

/** Makes the plan. Nothing is looked up here: equal input gives the equal plan and so the same hash. */
export function makePlan(input: PlanInput): Plan {
  const { policy, facts, closing } = input;
  const today = dateOf(input.now, policy.plan?.timezone ?? 'UTC');
  const selection = selectNodes(policy, closing?.fleet ?? input.fleet, input.optIn);
  // Where an earlier rollout has closed the first wave already, the others' offers say what it has to prove.
  const asked = closing ? selection.waves.flatMap((wave) => wave.nodes) : (selection.waves[0]?.nodes ?? []);
  // Nodes that are alike are offered the same: each list counts once.
  const offers = [...new Set(asked.flatMap((node) => factsOf(node, facts) ?? []))];
  const closes = closingFilter(input);
  const candidate = closing && closing.doing !== 'patch' ? { platforms: [], leftOut: [] } : candidateLock(policy, offers, today, closes);
  const variants: Record<string, string[]> = {};
  const cvesOf = new Map(input.advisories.map((advisory) => [advisory.id, advisory.cves]));
  const openOn = openUpdates({ input, today, cvesOf, closes });
  const waves: PlanWave[] = [];
  let earliest = input.now;
  const { waves: dealt, unproven } = withProof(
    selection.waves.map((wave) => wave.nodes),
    closing,
  );
  const closesOnly = closing !== undefined && policy.patches.onlyWhatClosesIt !== undefined;
  const whyIdle = idleTeller({ candidate: candidate.platforms, offers, variants, closesOnly });
  const idle: Plan['leftOutNodes'] = [];
  for (const [index, wave] of policy.waves.entries()) {
    const all = (dealt[index] ?? []).map((node) => planNode(node, { input, today, variants, openOn }));
    const nodes = all.filter((node) => {
      const why = whyIdle(node);
      if (why !== undefined) idle.push({ id: node.id, name: node.name, why });
      return why === undefined;
    });
    const planned = planWave(wave, nodes, input.file.windows, earliest);
    waves.push(planned);
    earliest = Math.max(planned.window?.opens ?? earliest, earliest) + (planned.expectedSeconds + wave.soak) * 1000;
  }
  return {
    v: 1,
    rollout: input.rollout,
    policy,
    windows: input.file.windows,
    people: input.file.people,
    createdAt: new Date(input.now).toISOString(),
    scheduledFor: input.scheduledFor,
    candidate: candidate.platforms,
    fixes: fixesOf(candidate.platforms, offers, { cvesOf, closing }),
    variants,
    documents: input.documents,
    waves,
    leftOutItems: [...candidate.leftOut, ...nodeRuleItems(policy, today)],
    leftOutNodes: [
      ...[...selection.leftOut, ...unproven, ...(closing?.leftOut ?? [])].map(({ node, why }) => ({ id: node.id, name: node.name, why })),
      ...idle,
    ],
    ...(closing ? { because: closing.alert, doing: closing.doing } : {}),
  };
}

/**
 * Nodes of platforms that no node of the first wave has are left out: nothing would be proven for them. Where the platform is not known yet the
 * node stays, and is judged by what it answers.
 */
function withProof(waves: Node[][], closing: Closing | undefined): { waves: Node[][]; unproven: { node: Node; why: string }[] } {
  const [first = [], ...others] = waves;
  const proving = new Set(['unknown', ...first.map(platformOf)]);
  // A first wave that told nothing is a matter of its own (`silentPlan`).
  if (proving.size === 1 || (closing && closing.doing !== 'patch')) return { waves, unproven: [] };
  const unproven = others.flat().filter((node) => !proving.has(platformOf(node)));
  return {
    waves: [first, ...others.map((nodes) => nodes.filter((node) => proving.has(platformOf(node))))],
    unproven: unproven.map((node) => ({ node, why: `no node of the first wave has ${platformOf(node)}: nothing is proven for it` })),
  };
}

/** What a policy that closes only what started it asks for; any other asks for everything that it wants. */
function closingFilter({ policy, closing }: PlanInput): (platform: string, update: Available) => boolean {
  if (!closing || policy.patches.onlyWhatClosesIt === undefined) return () => true;
  return (platform, update) => closing.closedBy(platform, update) !== undefined;
}

/**
 * Why a plan must not be taken for "nothing to do": the nodes that should prove it have told nothing. Silence is not success.
 * `undefined` when at least one of them has.
 */
export function silentPlan(plan: Plan): string | undefined {
  const first = plan.waves[0];
  if (!first || first.nodes.length === 0 || first.nodes.some((node) => node.platform !== 'unknown')) return undefined;
  return `none of the ${first.nodes.length} nodes of the first wave, ${first.name}, has told what it has: nothing can be planned`;
}

/** Why a plan has nothing to run, or `undefined` when it has. */
export function emptyPlan(plan: Plan): string | undefined {
  const nobody = plan.waves.every((wave) => wave.nodes.length === 0);
  if (nobody && (plan.doing ?? 'patch') !== 'patch')
    return `it can run on none of the nodes: ${plan.leftOutNodes[0]?.why ?? 'the policy does not reach them any more'}`;
  if (nobody) return 'the policy selects no node that may be patched';
  // Taking something back needs no proof of what it does: it stood on these nodes before.
  if (plan.doing === 'withdraw') return undefined;
  if ((plan.waves[0]?.nodes.length ?? 0) === 0) return `the first wave, ${plan.waves[0]?.name ?? ''}, has no node: nothing can be proven`;
  if (plan.candidate.length > 0 || (plan.doing ?? 'patch') !== 'patch') return undefined;
  return plan.because
    ? 'no exposed node is offered what closes it: its repositories do not have the fix'
    : 'the nodes of the first wave are offered nothing that the policy wants';
}

function factsOf(node: Node, facts: Map<string, FleetFacts>): FleetFacts | undefined {
  return node.scan && facts.get(node.scan.fingerprint);
}

interface NodeContext {
  input: PlanInput;
  today: string;
  variants: Record<string, string[]>;
  openOn: (node: Node) => Open;
}

/** Wanted updates that are open on nodes, and the CVEs behind them. */
type Open = Pick<PlanNode, 'exposed' | 'cves' | 'open'>;

interface Wanted {
  input: PlanInput;
  today: string;
  cvesOf: Map<string, string[]>;
  closes: (platform: string, update: Available) => boolean;
}

/** Looks at each list once, however many nodes have it. */
function openUpdates({ input: { policy, facts, closing }, today, cvesOf, closes }: Wanted): (node: Node) => Open {
  const known = new Map<FleetFacts, Open>();
  const rules = leaveOutFor(policy.patches.leaveOut, today);
  return (node) => {
    const list = factsOf(node, facts);
    if (!list) return { exposed: 0, cves: [] };
    const before = known.get(list);
    if (before) return before;
    const platform = platformOf(node);
    const updates = list.available.filter((update) => wanted(policy.patches, update) && closes(platform, update));
    const cves = [...new Set(updates.flatMap((update) => cvesBehind({ platform, update }, { cvesOf, closing })))].toSorted();
    const asked = updates.filter(({ name }) => !rules.some((rule) => nameMatches(rule.package, name)));
    const open = { exposed: updates.length, cves, open: [...new Set(asked.map(itemKey))].toSorted() };
    known.set(list, open);
    return open;
  };
}

function planNode(node: Node, { input, today, variants, openOn }: NodeContext): PlanNode {
  const rules = leaveOutFor(input.policy.patches.leaveOut, today, node);
  const patterns = rules.map((rule) => rule.package).toSorted();
  const variant = patterns.join('+');
  if (variant !== '') variants[variant] = patterns;
  const platform = platformOf(node);
  return {
    id: node.id,
    location: node.location,
    name: node.name,
    os: node.os,
    platform,
    ...openOn(node),
    pendingReboot: node.scan?.pending === 'reboot',
    variant,
  };
}

function planWave(wave: Policy['waves'][number], nodes: PlanNode[], windows: PolicyFile['windows'], earliest: number): PlanWave {
  const atOnce = wave.atOnce ? Math.max(1, amountOf(wave.atOnce, nodes.length)) : Math.max(1, nodes.length);
  const failedLimit = amountOf(wave.stopWhen.failed, nodes.length);
  const window = wave.window === undefined ? undefined : windows[wave.window];
  const opening = window && nextOpening(window, earliest);
  const closed =
    window && !opening ? (('ssm' in window ? closedBecause(window)?.why : undefined) ?? `the window ${wave.window} never opens again`) : undefined;
  return {
    name: wave.name,
    nodes,
    atOnce,
    failedLimit,
    unreachableLimit: amountOf(wave.stopWhen.unreachable, nodes.length),
    window:
      window && opening && wave.window ? { name: wave.window, opens: opening.opens, closes: opening.closes, timezone: windowZone(window) } : null,
    ...(closed === undefined ? {} : { closed }),
    expectedSeconds: nodes.length === 0 ? 0 : estimateSeconds(nodes, atOnce),
    worstCase: Math.min(nodes.length, failedLimit + atOnce),
  };
}

interface Behind {
  cvesOf: Map<string, string[]>;
  closing: Closing | undefined;
}

/** CVEs that an update closes: of the advisories that the package manager names, and of those that started the rollout. */
function cvesBehind({ platform, update }: { platform: string; update: Available }, { cvesOf, closing }: Behind): string[] {
  return [...update.advisories.flatMap((id) => cvesOf.get(id) ?? []), ...(closing?.closedBy(platform, update)?.cves ?? [])];
}

function fixesOf(candidate: LockPlatform[], offers: FleetFacts[], behind: Behind): Plan['fixes'] {
  const fixes: Plan['fixes'] = {};
  for (const { platform, items } of candidate) {
    const keys = new Set(items.filter((item) => item.use !== 'dependency').map(itemKey));
    const byItem: Plan['fixes'][string] = {};
    for (const update of offers.filter((offer) => offer.platform === platform).flatMap((offer) => offer.available)) {
      const key = itemKey(update);
      if (!keys.has(key)) continue;
      const advisories = [...new Set([...update.advisories, ...(behind.closing?.closedBy(platform, update)?.advisories ?? [])])];
      byItem[key] = { advisories, cves: [...new Set(cvesBehind({ platform, update }, behind))].toSorted() };
    }
    fixes[platform] = byItem;
  }
  return fixes;
}

function nodeRuleItems(policy: Policy, today: string): LeftOutItem[] {
  return policy.patches.leaveOut
    .filter((rule) => rule.nodes !== undefined && rule.until >= today)
    .map((rule) => ({ platform: 'on some nodes', name: rule.package, why: `${rule.why} (${rule.owner}, until ${rule.until})` }));
}
