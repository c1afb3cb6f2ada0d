/** The PLAN block: what will run, when, what is left out and why, and how bad it can get. */
import { formatDuration } from '../../lambdas/core/calendar-text.ts';
import { hookPath } from '../../lambdas/core/hooks.ts';
import { windowName } from '../../lambdas/core/maintenance-window.ts';
import { candidateCounts, weakPlatforms } from './facts.ts';
import { amount, clip, grouped, labelled, plain, shortHash, some, wrap } from './text.ts';
import { span } from './times.ts';
import type { Plan, PlanWave } from '../../lambdas/core/plan.ts';
import type { Paint } from './paint.ts';

/** Where the text after `left out`, `promotes` and `at worst` begins. */
const COLUMN = 12;
const REASONS_SHOWN = 4;
/** The columns of numbers: nodes, those with something open that the policy wants, how many at once. */
const NUMBER_WIDTHS = [6, 9, 9];

export interface Drawing {
  paint: Paint;
  /** Characters in a line, at most. */
  width: number;
}

/** The whole block, without blank lines around it. `planKey`: the plan's hash or the key that holds it. */
export function planLines(plan: Plan, planKey: string, { paint, width }: Drawing): string[] {
  const title = `${plan.policy.name}, mode ${plan.policy.mode}: what runs is what you read here`;
  return [
    `  ${paint.bold(`PLAN ${shortHash(planKey)}`)}   ${clip(title, width - 10 - shortHash(planKey).length)}`,
    ...tableLines(plan, { paint, width }),
    ...tooLongLines(plan, { paint, width }),
    ...closedLines(plan, { paint, width }),
    ...windowLines(plan, width),
    ...leftOutLines(plan, width),
    ...labelled('promotes', promoteWords(plan), { width, column: COLUMN }),
    ...weakLines(plan, { paint, width }),
    ...movingLines(plan, { paint, width }),
    ...hookLines(plan, { paint, width }),
    ...labelled('at worst', worstCaseWords(plan), { width, column: COLUMN }),
  ];
}

/** Width of the column of wave names, for PLAN and RUN alike. */
export function nameWidth(plan: Plan): number {
  return Math.max(10, ...plan.waves.map((wave) => wave.name.length)) + 2;
}

function tableLines(plan: Plan, { paint, width }: Drawing): string[] {
  const names = nameWidth(plan);
  const zones = [...new Set(plan.waves.flatMap((wave) => (wave.window ? [wave.window.timezone] : [])))];
  const zone = zones.length === 1 ? zones[0] : undefined;
  const starts = ['window' + (zone === undefined ? '' : `, ${zone}`), ...plan.waves.map((wave) => startWords(wave, zone))];
  const startWidth = Math.max(...starts.map((text) => text.length)) + 2;
  const [heading = '', ...cells] = starts;
  const header = `  ${'wave'.padEnd(names)}${inColumns(['nodes', 'open', 'at once'])}  ${heading.padEnd(startWidth)}needs`;
  const rows = plan.waves.map((wave, index) => {
    const numbers = [wave.nodes.length, wave.nodes.filter((node) => node.exposed > 0).length, wave.atOnce];
    const left = `  ${wave.name.padEnd(names)}${inColumns(numbers.map(grouped))}  ${(cells[index] ?? '').padEnd(startWidth)}`;
    return clip(`${left}${needWords(wave)}`, width);
  });
  return [paint.dim(clip(header, width)), ...rows];
}

function inColumns(texts: string[]): string {
  return texts.map((text, index) => text.padStart(NUMBER_WIDTHS[index] ?? 0)).join('');
}

/** When nodes may start. A row names its own time zone where the table's head does not. */
function startWords(wave: PlanWave, zone: string | undefined): string {
  if (!wave.window) return wave.closed === undefined ? 'any time' : 'closed';
  const when = span(wave.window.opens, wave.window.closes, wave.window.timezone);
  return zone === undefined ? `${when} ${wave.window.timezone}` : when;
}

/** The expected duration against the window. */
function needWords(wave: PlanWave): string {
  if (wave.nodes.length === 0) return 'no node';
  const needs = formatDuration(wave.expectedSeconds);
  return wave.window ? `${needs} of ${formatDuration(windowSeconds(wave))}` : needs;
}

/** A wave whose window closes too early waits for the next opening and goes on there. */
function tooLongLines(plan: Plan, drawing: Drawing): string[] {
  const tooLong = plan.waves.filter((wave) => wave.window && wave.expectedSeconds > windowSeconds(wave)).map((wave) => wave.name);
  return tooLong.length === 0 ? [] : warning(`${tooLong.join(' and ')}: does not fit into one window, what is left goes on in the next`, drawing);
}

/** Such a wave starts nothing before somebody has opened its window. */
function closedLines(plan: Plan, drawing: Drawing): string[] {
  return plan.waves.flatMap(({ name, closed }) => (closed === undefined ? [] : warning(`${name}: nothing starts. ${plain(closed)}`, drawing)));
}

/** What maintenance windows of Systems Manager said, and where that stands: it is read again before anything starts. */
function windowLines({ windows, policy }: Plan, width: number): string[] {
  const used = new Set(policy.waves.map(({ window }) => window));
  return Object.entries(windows).flatMap(([name, window]) => {
    if (!used.has(name) || !('ssm' in window) || !window.read || 'closed' in window.read) return [];
    const { name: title, says } = window.read;
    return labelled('window', `${name} is ${windowName(window)}, "${plain(title)}": ${plain(says)}`, { width, column: COLUMN });
  });
}

function windowSeconds({ window }: PlanWave): number {
  return window ? (window.closes - window.opens) / 1000 : Infinity;
}

function warning(text: string, { paint, width }: Drawing): string[] {
  return wrap(`! ${text}`, width - COLUMN).map((line) => `${' '.repeat(COLUMN)}${paint.yellow(line)}`);
}

function leftOutLines(plan: Plan, width: number): string[] {
  const byWhy = new Map<string, string[]>();
  for (const node of plan.leftOutNodes) byWhy.set(node.why, [...(byWhy.get(node.why) ?? []), node.name]);
  const reasons = [
    ...[...byWhy].map(([why, names]) => `${names.length > 3 ? `${amount(names.length, 'node')} (${some(names, 2)})` : some(names)}: ${plain(why)}`),
    ...itemReasons(plan),
  ];
  if (reasons.length === 0) return labelled('left out', 'nothing', { width, column: COLUMN });
  const shown = reasons.slice(0, REASONS_SHOWN);
  const more = reasons.length > REASONS_SHOWN ? [`and ${reasons.length - REASONS_SHOWN} more reasons, in the report`] : [];
  return [...shown, ...more].flatMap((reason, index) => labelled(index === 0 ? 'left out' : '', reason, { width, column: COLUMN }));
}

/** One reason an item, with the platforms that it is left out on. */
function itemReasons(plan: Plan): string[] {
  const byItem = new Map<string, { name: string; why: string; on: string[] }>();
  for (const { name, why, platform } of plan.leftOutItems) {
    const key = JSON.stringify([name, why]);
    byItem.set(key, { name, why, on: [...(byItem.get(key)?.on ?? []), platform] });
  }
  return [...byItem.values()].map(({ name, why, on }) => {
    const where = on.length === 1 ? plain(on[0] ?? '').replace(/^on /, '') : amount(on.length, 'platform');
    return `${plain(name)} on ${where}: ${plain(why)}`;
  });
}

function promoteWords(plan: Plan): string {
  const { updates, dependencies, kbs, platforms } = candidateCounts(plan);
  if (platforms === 0) return 'nothing: the first wave is offered nothing that the policy wants';
  const parts = [
    ...(updates > 0 ? [amount(updates, 'exact version')] : []),
    ...(dependencies > 0 ? [amount(dependencies, 'dependency', 'dependencies')] : []),
    ...(kbs > 0 ? [amount(kbs, 'KB')] : []),
  ];
  const needed = plan.policy.waves[0]?.promoteWhen.provenOn ?? 1;
  return `${parts.join(', ')} on ${amount(platforms, 'platform')}, after proof on ${amount(needed, 'test node')}`;
}

function weakLines(plan: Plan, drawing: Drawing): string[] {
  return weakPlatforms(plan).flatMap(({ platform, testNodes, needed, laterNodes }) => {
    const has = testNodes === 0 ? 'no test node' : `${amount(testNodes, 'test node')} of ${needed} needed`;
    const so = laterNodes > 0 ? `: nothing can be proven for ${amount(laterNodes, 'node')}` : ': it can prove nothing';
    return warning(`${plain(platform)} has ${has}${so}`, drawing);
  });
}

/** Ubuntu's archive keeps every past state, but not every mirror knows the way to it: then what was proven may be gone before production. */
function movingLines(plan: Plan, drawing: Drawing): string[] {
  const moving = plan.candidate.filter(({ platform, snapshot }) => snapshot === undefined && /^ubuntu-(2[4-9]|[3-9]\d)\./.test(platform));
  return moving.flatMap(({ platform }) =>
    warning(`${plain(platform)}: its repositories have no snapshots; a version that leaves them before production is not installed`, drawing),
  );
}

/** What runs on each node besides, where something is installed. */
function hookLines({ policy: { hooks, awsCompliance }, unseenHooks = [] }: Plan, drawing: Drawing): string[] {
  const { width } = drawing;
  const parts = [
    ...(hooks?.before ? [`${plain(hookPath(hooks.before))} before`] : []),
    ...(hooks?.after ? [`${plain(hookPath(hooks.after))} after`] : []),
    ...(awsCompliance === 'scan' ? ['AWS-RunPatchBaseline Scan at the end'] : []),
  ];
  const lines = parts.length === 0 ? [] : labelled('runs too', parts.join(', '), { width, column: COLUMN });
  return [...lines, ...unseenHooks.flatMap((words) => warning(plain(words), drawing))];
}

function worstCaseWords(plan: Plan): string {
  const waves = plan.waves.filter((wave) => wave.nodes.length > 0);
  const words = waves.map(
    (wave, index) =>
      `${grouped(wave.worstCase)} of ${grouped(wave.nodes.length)}${index > 0 ? '' : wave.nodes.length === 1 ? ' node' : ' nodes'} (${wave.name})`,
  );
  return words.length === 0 ? 'no node' : `${words.join(', ')} fail before it stops`;
}
