/** The story of one node in a run: what was planned, what happened when, what changed, and what is left to do. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { moodOf, nextStepOf, nodesOf, outcomeWords, timezoneOf, unknownNodes } from './facts.ts';
import { WIDEST, amount, plain, some, wrap } from './text.ts';
import { instant, span } from './times.ts';
import type { NodeResult, RolloutResult } from '../../lambdas/core/result.ts';
import type { PlanNode } from '../../lambdas/core/plan.ts';
import type { RunDocument, RunExtra } from '../run/messages.ts';
import type { EndedRun } from './facts.ts';

const SUGGESTIONS = 3;

/**
 * The story of every node that has this id or name, as lines of plain text. A name that nothing has gives a line that says so and
 * names the most similar ones; `knowsNode` tells the two apart.
 */
export function whyNode(name: string, document: RunDocument, result: RolloutResult | undefined, extra: RunExtra): string[] {
  const run = { document, result, extra };
  const stories = nodesOf(run)
    .filter((node) => isCalled(node, name))
    .map((node) => story(node, run));
  const leftOut = (extra.plan?.leftOutNodes ?? []).filter((node) => isCalled(node, name)).map((node) => leftOutStory(node, extra));
  const all = [...stories, ...leftOut];
  if (all.length === 0) return unknownNode(name, run);
  const several = all.length > 1 ? [`${amount(all.length, 'node')} of this run are called ${plain(name)}:`, ''] : [];
  return [...several, ...all.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))];
}

/** Whether a run has a node of this id or name, among those it took and those it left out. */
export function knowsNode(name: string, document: RunDocument, result: RolloutResult | undefined, extra: RunExtra): boolean {
  return [...nodesOf({ document, result, extra }), ...(extra.plan?.leftOutNodes ?? [])].some((node) => isCalled(node, name));
}

function isCalled(node: { id: string; name: string }, name: string): boolean {
  return node.id === name || node.name === name;
}

function story(node: NodeResult, run: EndedRun): string[] {
  const { extra } = run;
  const planned = extra.plan?.waves.flatMap((wave) => wave.nodes).find((candidate) => candidate.id === node.id);
  return [
    heading(node, `${plain(node.location.account)}/${plain(node.location.region)}, ${plain(node.platform)}`),
    '',
    ...fact('Rollout', `${plain(run.document.rollout)}, policy ${plain(run.document.policy)}`),
    ...fact('Planned', plannedWords(node, planned, extra)),
    ...happened(node, run),
    ...changed(node),
    ...verdict(node, run),
    ...now(node, run),
  ];
}

function plannedWords(node: NodeResult, planned: PlanNode | undefined, extra: RunExtra): string {
  const wave = extra.plan?.waves.find((candidate) => candidate.name === node.wave);
  const window = wave?.window ? `, may start ${span(wave.window.opens, wave.window.closes, wave.window.timezone)} (${wave.window.timezone})` : '';
  const open = planned ? `; ${amount(planned.exposed, 'wanted update')} open${planned.cves.length > 0 ? `, ${some(planned.cves, 3)}` : ''}` : '';
  const variant =
    planned && planned.variant !== ''
      ? `; left out on this node: ${plain(extra.plan?.variants[planned.variant]?.join(', ') ?? planned.variant)}`
      : '';
  const reboot = planned?.pendingReboot ? '; a reboot was already pending' : '';
  return `wave ${plain(node.wave)}${window}${open}${variant}${reboot}`;
}

function happened(node: NodeResult, { extra }: EndedRun): string[] {
  const zone = timezoneOf(extra.plan);
  const from = instant(node.startedAt);
  const to = instant(node.endedAt);
  const outcome = `${node.outcome}: ${plain(node.reason)}`;
  if (from === undefined) return fact('Outcome', outcome);
  const took = to === undefined ? '' : `, over ${formatLocal(to, zone)} after ${formatDuration((to - from) / 1000)}`;
  return [
    ...fact('In work', `from ${formatLocal(from, zone)} (${zone})${took}`),
    ...fact('Outcome', `${outcome}${node.rebooted && !node.reason.includes('reboot') ? '; it was rebooted' : ''}`),
  ];
}

function changed(node: NodeResult): string[] {
  if (node.packages.length === 0) return fact('Changed', 'nothing');
  const lines = node.packages
    .map(changeWords)
    .flatMap((text) => wrap(text, WIDEST - 4).map((line, index) => `${index === 0 ? '  ' : '    '}${line}`));
  const closed = node.cvesClosed.length === 0 ? [] : fact('Closed', node.cvesClosed.map(plain).join(', '));
  return [...fact('Changed', amount(node.packages.length, 'item')), ...lines, ...closed];
}

/** `openssl 3.0.7-1 → 3.0.8-1`; a dependency that came along has no version before, an installed KB no version at all. */
export function changeWords({ name, from, to }: { name: string; from: string; to: string }): string {
  if (to === name || to === '') return `${plain(name)} installed`;
  return from === '' ? `${plain(name)} ${plain(to)} (new)` : `${plain(name)} ${plain(from)} → ${plain(to)}`;
}

function verdict(node: NodeResult, { document }: EndedRun): string[] {
  const wave = document.waves.find((candidate) => candidate.name === node.wave);
  if (!wave) return [];
  const reasons = wave.reasons.length === 0 ? outcomeWords(wave.outcomes) : wave.reasons.map(plain).join('; ');
  return fact('Its wave', `${wave.verdict}${reasons === '' ? '' : `: ${reasons}`}`);
}

function now(node: NodeResult, run: EndedRun): string[] {
  const step = nextStepOf(node);
  if (node.exposedAfter) return fact('Now', `something that the policy wants is still open: ${step}`);
  if (unknownNodes(run).some(({ id }) => id === node.id)) return fact('Now', `nobody knows what is open on it: ${step}`);
  const look = moodOf(node.outcome) === 'look' ? `; ${step}` : '';
  return fact('Now', `nothing that the policy wants is open${look}`);
}

function leftOutStory(node: { id: string; name: string; why: string }, extra: RunExtra): string[] {
  return [
    heading(node, 'left out of the plan'),
    '',
    ...fact('Why', plain(node.why)),
    ...fact('So', `no wave of ${plain(extra.plan?.rollout ?? 'this run')} has it: no command was sent to it`),
  ];
}

function unknownNode(name: string, run: EndedRun): string[] {
  const names = [...nodesOf(run), ...(run.extra.plan?.leftOutNodes ?? [])].flatMap((node) => [node.name, node.id]);
  const similar = [...new Set(names)]
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= Math.max(2, name.length / 3))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, SUGGESTIONS)
    .map((entry) => plain(entry.candidate));
  const hint =
    similar.length === 0
      ? `its nodes are called ${some(
          nodesOf(run).map((node) => node.name),
          3,
        )}`
      : `did you mean ${similar.join(', ')}?`;
  return wrap(`No node of ${plain(run.document.rollout)} has the name or id ${plain(name)}: ${hint}`, WIDEST);
}

/** Levenshtein's distance: letters to change, add or take away. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_value, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

function heading(node: { id: string; name: string }, where: string): string {
  return `${plain(node.name)}${node.name === node.id ? '' : `  ${plain(node.id)}`}  ${where}`;
}

function fact(label: string, text: string): string[] {
  return wrap(text, WIDEST - 10).map((line, index) => `${(index === 0 ? label : '').padEnd(10)}${line}`);
}
