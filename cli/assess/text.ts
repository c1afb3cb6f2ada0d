/** What the terminal says of an assessment: coverage first, then the lists by id, then what would stop a rollout. */
import type { Assessment, Coverage } from '../../lambdas/core/survey/assessment.ts';
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import type { ListedNode, Lists } from '../../lambdas/core/survey/lists.ts';
import { amount, grouped, plain, some, wrap, WIDEST } from '../ui/text.ts';

/** Ids in a line of the terminal; the report and `--json` have all of them. */
const IDS = 4;
const COLUMN = 14;

/** What was found of exposure, and what could not be read for it. */
export interface Judged {
  exposure: FleetExposure | undefined;
  problems: readonly string[];
}

/** Lines for standard output. The first one is coverage. */
export function assessmentText(assessment: Assessment, { exposure, problems }: Judged): string[] {
  return [
    coverageLine(assessment.coverage),
    ...limits(assessment),
    '',
    ...listLines(assessment.lists),
    '',
    ...exposureLines(exposure),
    ...problemLines(problems, exposure === undefined),
    '',
    ...obstacleLines(assessment),
    ...blindLines(assessment),
  ];
}

/** The first line. */
export function coverageLine({ running, ec2, hybrid, managed, reporting, inPolicy }: Coverage): string {
  const parts = running === undefined ? known(ec2) : `${grouped(running)} (${known(ec2)} EC2, ${known(hybrid)} hybrid)`;
  return `${'coverage'.padEnd(COLUMN)}running ${parts} · managed ${known(managed)} · reporting ${known(reporting)} · in a policy ${grouped(inPolicy)}`;
}

/** A count, or that nobody could see it. */
export function known(value: number | undefined): string {
  return value === undefined ? 'not seen' : grouped(value);
}

function limits({ coverage, stoppedAt, otherAccounts }: Assessment): string[] {
  return [
    ...entry('', `the proposed policy would take ${amount(coverage.inProposal, 'node')}`),
    ...(stoppedAt === undefined ? [] : entry('', `stopped at --max ${grouped(stoppedAt)}: there are more nodes`)),
    ...(otherAccounts.length === 0 ? [] : entry('', `not looked at: ${amount(otherAccounts.length, 'account')} of the organization (${some(otherAccounts.map(({ id, name }) => `${id} ${name}`), IDS)})`)),
  ];
}

function listLines(lists: Lists): string[] {
  return [
    ...section('unmanaged', lists.unmanaged, byWhy),
    ...section('stopped', lists.stopped, ids),
    ...section('silent', lists.silent, ids),
    ...section('never scanned', lists.neverScanned, ids),
    ...section('stale', lists.stale, byWhy),
    ...section('no inventory', lists.noInventory, ids),
    ...section('old agent', lists.agentTooOld, byWhy),
    ...section('owned', lists.owned, (groups) => groups.flatMap(({ by, name, image, nodes }) => entry('', `${words(by)} ${name}, ${image}: ${amount(nodes.length, 'node')} (${some(nodes, IDS)})`))),
    ...section('self-updating', lists.selfUpdating, (nodes) => byWhy(nodes)),
    ...section('baselines', lists.baselineRefuses, (baselines) =>
      baselines.flatMap(({ name, awsOwn, why, nodes }) => entry('', `${name}${awsOwn ? ' (AWS\'s own)' : ''} ${why.join('; ')}: ${amount(nodes.length, 'node')} (${some(nodes, IDS)})`)),
    ),
    ...lists.unresolvedUpdaters.flatMap((by) => entry('', `${by}: its targets are a resource group, which only AWS resolves`)),
  ];
}

function words(by: string): string {
  return { 'auto-scaling': 'Auto Scaling', eks: 'EKS', ecs: 'ECS' }[by] ?? by;
}

/** A list by its label: what is in it, that there is nothing, or that it could not be seen. */
function section<Item>(label: string, items: Item[] | undefined, lines: (items: Item[]) => string[]): string[] {
  if (items === undefined) return entry(label, 'not seen, see below');
  if (items.length === 0) return entry(label, 'none');
  const [first = '', ...rest] = lines(items);
  return [label.padEnd(COLUMN) + first.trimStart(), ...rest];
}

function ids(nodes: ListedNode[]): string[] {
  return entry('', `${amount(nodes.length, 'node')}: ${some(nodes.map(({ id }) => id), IDS)}`);
}

function byWhy(nodes: ListedNode[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { id, why } of nodes) groups.set(why, [...(groups.get(why) ?? []), id]);
  return [...groups].flatMap(([why, group]) => entry('', `${amount(group.length, 'node')} (${some(group, IDS)}): ${why}`));
}

function exposureLines(exposure: FleetExposure | undefined): string[] {
  if (!exposure) return entry('exposure', 'not looked at: no advisories were read');
  const { advisories, judged, unknown, exposed, exploited, by, endOfLife, inspector, oldest } = exposure;
  return [
    ...entry('exposure', `${grouped(exposed.length)} of ${amount(judged, 'node')} with inventory, held against ${amount(advisories, 'advisory', 'advisories')}; known exploited: ${grouped(exploited.length)}`),
    ...(oldest === undefined ? [] : entry('', `the oldest inventory is from ${oldest.slice(0, 16).replace('T', ' ')} UTC`)),
    ...(unknown.length > 0 ? entry('', `no inventory for ${amount(unknown.length, 'node')} (${some(unknown, IDS)}): nobody knows`) : []),
    ...endOfLife.flatMap(({ release, since, nodes }) => entry('', `${release} gets no security updates since ${since}: ${amount(nodes.length, 'node')} (${some(nodes, IDS)})`)),
    ...(inspector ? entry('', `Amazon Inspector looks at ${amount(inspector.looks, 'node')}: findings where we have none on ${grouped(inspector.onlyInspector.length)}, none where we have some on ${grouped(inspector.onlyWe.length)}`) : []),
    ...by.slice(0, IDS).flatMap(({ advisory, severity, knownExploited, packages, nodes }) =>
      entry('', `${advisory} ${severity}${knownExploited === undefined ? '' : ', known exploited'}: ${some(packages, 3)} on ${amount(nodes.length, 'node')}`)),
  ];
}

/** Without a network every feed fails in the same way: one says it all. */
function problemLines(problems: readonly string[], isNothing: boolean): string[] {
  const [first, ...others] = problems;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `; ${grouped(others.length)} more in the report`;
  const hint = isNothing ? '. --feeds FOLDER reads files instead of the vendors\' sites, --no-feeds nothing' : '';
  return entry('', `${first}${more}${hint}`);
}

function obstacleLines({ obstacles }: Assessment): string[] {
  if (obstacles.length === 0) return entry('in the way', 'nothing that can be seen from here');
  return obstacles.flatMap(({ what, next }, index) => entry(index === 0 ? 'in the way' : '', `${what}. ${next.charAt(0).toUpperCase()}${next.slice(1)}`));
}

/** The same sentence for everything that may not be seen. */
export function blindSentence({ where, what, action, code, message }: Assessment['blind'][number]): string {
  return code === 'AccessDenied' ? `I could not see ${what} in ${where} because AccessDenied on ${action}` : `I could not see ${what} in ${where} because of ${code} on ${action}: ${plain(message)}`;
}

function blindLines({ blind }: Assessment): string[] {
  if (blind.length === 0) return [];
  return ['', ...blind.flatMap((line, index) => entry(index === 0 ? 'not seen' : '', blindSentence(line)))];
}

function entry(label: string, text: string): string[] {
  return wrap(plain(text), WIDEST - COLUMN).map((line, index) => `${(index === 0 ? label : '').padEnd(COLUMN)}${line}`);
}
