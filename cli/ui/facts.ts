/** What the terminal and the report both say of a run, computed once: counts, words for outcomes, what is left, what was proven. */
import { itemKey } from '../../lambdas/core/candidate.ts';
import { amountOf, Outcome } from '../../lambdas/core/model.ts';
import { openTeller } from '../../lambdas/core/result.ts';
import { amount, grouped } from './text.ts';
import type { NodeResult, RolloutResult } from '../../lambdas/core/result.ts';
import type { Plan, PlanNode, PlanWave } from '../../lambdas/core/plan.ts';
import type { RunDocument, RunExtra } from '../run/messages.ts';

/** A run that has ended, as `WorldMessage` `ended` brings it. */
export interface EndedRun {
  document: RunDocument;
  /** Missing where nothing was planned. */
  result: RolloutResult | undefined;
  extra: RunExtra;
}

/** How an outcome is to be read: `good` is wanted, `look` needs a look, `bad` failed, `silent` told nothing, `skipped` got no command. */
export type Mood = 'good' | 'look' | 'bad' | 'silent' | 'skipped';

const MOODS: Record<Outcome, Mood> = {
  patched: 'good',
  'already-proven': 'good',
  ahead: 'look',
  'reboot-pending': 'look',
  'restart-pending': 'look',
  failed: 'bad',
  'rolled-back': 'bad',
  unreachable: 'silent',
  unknown: 'silent',
  skipped: 'skipped',
  mitigated: 'good',
  withdrawn: 'good',
};

const NEXT_STEPS: Record<Outcome, string> = {
  patched: '',
  'already-proven': '',
  ahead: 'find out what updated it',
  failed: 'find out what broke; the next plan includes it again',
  'rolled-back': 'find out what broke; the next plan includes it again',
  unreachable: 'bring its SSM agent back; the next plan includes it again',
  unknown: 'look at the node: it did not tell what is installed',
  'reboot-pending': 'reboot it',
  'restart-pending': 'restart the services that still run on old libraries',
  skipped: 'the next plan includes it again',
  mitigated: 'patch it when there is a fix: the policy does so by itself',
  withdrawn: '',
};

/** How an outcome is to be read. */
export function moodOf(outcome: Outcome): Mood {
  return MOODS[outcome];
}

/** What is to be done about a node that ended so; empty where nothing is. */
export function nextStep(outcome: Outcome): string {
  return NEXT_STEPS[outcome];
}

/** `patched 9, failed 3`, always in the same order. */
export function outcomeWords(outcomes: Partial<Record<Outcome, number>>): string {
  return Outcome.options
    .filter((outcome) => (outcomes[outcome] ?? 0) > 0)
    .map((outcome) => `${outcome} ${grouped(outcomes[outcome] ?? 0)}`)
    .join(', ');
}

/** What passing was: the counts against what the policy allows. `failed 0 of 0, unreachable 1 of 2 allowed`. */
export function limitWords(
  plan: Plan | undefined,
  { name, nodes, outcomes }: { name: string; nodes: number; outcomes: Partial<Record<Outcome, number>> },
): string {
  const rules = plan?.policy.waves.find((wave) => wave.name === name)?.promoteWhen;
  if (!rules) return outcomeWords(outcomes);
  const failed = `${outcomes.failed ?? 0} of ${amountOf(rules.failed, nodes)}`;
  const unreachable = `${outcomes.unreachable ?? 0} of ${amountOf(rules.unreachable, nodes)}`;
  return `failed ${failed}, unreachable ${unreachable} allowed`;
}

/** How many nodes have an outcome. */
export function outcomeTotal(outcomes: Partial<Record<Outcome, number>>): number {
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0);
}

/** The policy's time zone: instants are shown on its clock. */
export function timezoneOf(plan: Plan | undefined): string {
  return plan?.policy.plan?.timezone ?? 'UTC';
}

/** Every node of the run with its name: from the result, or from document and plan where there is no result. */
export function nodesOf({ document, result, extra }: EndedRun): NodeResult[] {
  if (result) return result.nodes;
  const planned = plannedNodes(extra.plan);
  // The locks are in the result. None has more than the plan's candidate: what that lacks is open still.
  const candidate = (extra.plan?.candidate ?? []).flatMap(({ platform, items }) => items.map((item) => `${platform} ${itemKey(item)}`));
  const stillOpen = extra.plan && openTeller(extra.plan, new Map(extra.plan.waves.map(({ name }) => [name, candidate])));
  return document.nodes.map((node) => {
    const known = planned.get(node.id);
    const exposed = known !== undefined && known.exposed > 0;
    const exposedAfter = exposed && (!isClosed(node) || stillOpen?.(known, node.wave, node.platform) === true);
    return { ...node, name: known?.name ?? node.id, exposedBefore: exposed, exposedAfter };
  });
}

function plannedNodes(plan: Plan | undefined): Map<string, PlanNode> {
  return new Map((plan?.waves ?? []).flatMap((wave) => wave.nodes.map((node) => [node.id, node] as const)));
}

/** Whether its wave's lock is on it, or newer. */
function isClosed({ outcome }: Pick<NodeResult, 'outcome'>): boolean {
  return outcome === 'patched' || outcome === 'already-proven' || outcome === 'ahead';
}

/** Nodes that had told nothing when the plan was made, and that the run has not reached either: what is open on them, nobody knows. */
export function unknownNodes(run: EndedRun): NodeResult[] {
  const planned = plannedNodes(run.extra.plan);
  const hasTold = (node: NodeResult): boolean => {
    const known = planned.get(node.id);
    return known ? known.exposed > 0 || known.open !== undefined : node.platform !== 'unknown';
  };
  return nodesOf(run).filter((node) => moodOf(node.outcome) !== 'good' && !isClosed(node) && !hasTold(node));
}

/** Nodes after the first wave on which something else has installed newer versions than were proven. */
export function aheadNodes(run: EndedRun): NodeResult[] {
  const first = run.document.waves[0]?.name;
  return nodesOf(run).filter((node) => node.outcome === 'ahead' && node.wave !== first);
}

/** What is to be done about a node; one that ended well may lack what its wave's lock did not have. */
export function nextStepOf(node: NodeResult): string {
  const step = nextStep(node.outcome);
  return step === '' && node.exposedAfter ? 'see what was not promoted; the next plan includes it again' : step;
}

/** Nodes on which something that the policy wants is still open, those that need a person first. */
export function stillExposed(run: EndedRun): NodeResult[] {
  const order: Mood[] = ['bad', 'silent', 'look', 'skipped', 'good'];
  return nodesOf(run)
    .filter((node) => node.exposedAfter)
    .toSorted((a, b) => order.indexOf(moodOf(a.outcome)) - order.indexOf(moodOf(b.outcome)) || (a.name < b.name ? -1 : 1));
}

/**
 * Known exploited CVEs that an advisory's rollout has closed on its own nodes, and that others still have: nodes without the opt-in tag, nodes
 * of no policy. Only there does what is left of the plan's nodes speak of these CVEs alone.
 */
export function openElsewhere(run: EndedRun): { cve: string; nodes: number }[] {
  if (run.document.timeline === undefined) return [];
  const ours = stillExposed(run).length;
  const cves = run.extra.history?.cves ?? [];
  return cves.flatMap(({ cve, listed, left }) => (listed !== undefined && left > ours ? [{ cve, nodes: left - ours }] : []));
}

/** CVEs that were closed, with the number of nodes on which each was. */
export function closedCves(run: EndedRun): Map<string, number> {
  const counts = new Map<string, number>();
  for (const cve of nodesOf(run).flatMap((node) => node.cvesClosed)) counts.set(cve, (counts.get(cve) ?? 0) + 1);
  return new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the candidate lock holds: exact versions that are wanted, dependencies that may come along, KBs, platforms. */
export function candidateCounts(plan: Plan): { updates: number; dependencies: number; kbs: number; platforms: number } {
  const items = plan.candidate.flatMap((section) => section.items);
  const count = (use: string) => items.filter((item) => item.use === use).length;
  return { updates: count('update'), dependencies: count('dependency'), kbs: count('kb'), platforms: plan.candidate.length };
}

/** Platforms whose first-wave nodes are too few to prove anything, with what is needed, and nodes that therefore get nothing. */
export function weakPlatforms(plan: Plan): { platform: string; testNodes: number; needed: number; laterNodes: number }[] {
  const needed = plan.policy.waves[0]?.promoteWhen.provenOn ?? 1;
  const platforms = [...new Set(plan.waves.flatMap((wave) => wave.nodes.map((node) => node.platform)))].toSorted();
  return platforms
    .map((platform) => ({
      platform,
      needed,
      testNodes: nodesOn(plan.waves.slice(0, 1), platform),
      laterNodes: nodesOn(plan.waves.slice(1), platform),
    }))
    .filter((entry) => entry.testNodes < needed);
}

function nodesOn(waves: PlanWave[], platform: string): number {
  return waves.flatMap((wave) => wave.nodes).filter((node) => node.platform === platform).length;
}

/** Whether no command of any kind was sent for a wave: what "not run" promises. */
export function untouched(document: RunDocument, wave: string): boolean {
  return !document.aws.commands.some((command) => command.wave === wave && command.nodes > 0);
}

/** The line on what was proven, and how it is to be read: `look` where something else has brought what nobody has proven. */
export function proofWords(run: EndedRun): { mood: Mood; text: string } {
  const { good, text } = promotedWords(run);
  const ahead = aheadNodes(run).length;
  if (ahead === 0) return { mood: good ? 'good' : 'bad', text };
  return { mood: good ? 'look' : 'bad', text: `${text}; not by Wavelock: newer on ${amount(ahead, 'node')}` };
}

function promotedWords({ document, result, extra }: EndedRun): { good: boolean; text: string } {
  const later = document.waves.slice(1).map((wave) => wave.name);
  const ran = document.waves.slice(1).filter((wave) => wave.verdict !== 'not-run');
  if (!result) return { good: true, text: 'nothing was planned, so nothing was changed' };
  if (later.length === 0) return { good: true, text: 'one wave only: there is nothing to promote' };
  const { items, proven, unproven } = result.proof;
  if (items === 0) return { good: true, text: `nothing was changed on ${later.join(' or ')}` };
  const needed = extra.plan?.policy.waves[0]?.promoteWhen.provenOn ?? 1;
  const where = ran.map((wave) => wave.name).join(' and ');
  const claim = `${grouped(proven)} of ${amount(items, 'item')} on ${where} proven on ${amount(needed, 'test node')} first`;
  return { good: unproven.length === 0, text: `${claim}; anything else: ${unproven.length}` };
}

/** When the fleet's exposures were counted last: a rollout that is held has not come to its end, where they are reckoned anew. */
export function afterWord({ status }: RunDocument): string {
  return status === 'held' ? 'when last reckoned' : 'after';
}

/** `succeeded`, `stopped`, `held` as people say it. */
export function statusWord(status: RunDocument['status']): string {
  return { succeeded: 'succeeded', failed: 'stopped', held: 'is held' }[status];
}
