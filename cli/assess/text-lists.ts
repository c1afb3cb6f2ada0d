/** The lists of an assessment in the terminal: a label, how many and why, and ids. */
import type { ListedNode, Lists, RefusingBaseline } from '../../lambdas/core/survey/lists.ts';
import type { OwnedGroup } from '../../lambdas/core/survey/owners.ts';
import { amount, grouped, plain, some, wrap } from '../ui/text.ts';
import { byReason } from './reasons.ts';

/** Where texts begin. */
export const COLUMN = 14;
/** How far ids stand in under their reason. */
const INDENT = 2;

/** What the lines are made for. */
export interface Form {
  /** Characters in a line, at most. */
  width: number;
  /** Ids that are named of one group, at most. */
  most: number;
  /** Groups that are named of one list, at most. */
  groups: number;
}

interface Group {
  /** What is said of the nodes; empty where the label says it all. */
  why: string;
  ids: readonly string[];
}

const OWNERS = { 'auto-scaling': 'Auto Scaling', eks: 'EKS', ecs: 'ECS' } as const;

/** All lists, empty ones too. */
export function listLines(lists: Lists, form: Form): string[] {
  return [
    ...section('unmanaged', lists.unmanaged, reasons, form),
    ...section('stopped', lists.stopped, alone, form),
    ...section('silent', lists.silent, reasons, form),
    ...section('never scanned', lists.neverScanned, alone, form),
    ...section('stale', lists.stale, reasons, form),
    ...section('no inventory', lists.noInventory, alone, form),
    ...section('old agent', lists.agentTooOld, reasons, form),
    ...section('owned', lists.owned, (groups) => groups.map(ownedGroup), form),
    ...section('self-updating', lists.selfUpdating, reasons, form),
    ...section('baselines', lists.baselineRefuses, (baselines) => baselines.map(baselineGroup), form),
    ...lists.unresolvedUpdaters.flatMap((by) => entry('', `${by}: its targets are a resource group, which only AWS resolves`, form)),
  ];
}

/** A label and its text, wrapped under the text's beginning. */
export function entry(label: string, text: string, { width }: Form, indent = 0): string[] {
  const column = COLUMN + indent;
  return wrap(plain(text), width - column).map((line, index) => `${(index === 0 ? label : '').padEnd(column)}${line}`);
}

/** `5 nodes: i-…, i-… and 3 more`. */
export function counted(nodes: readonly string[], most: number): string {
  return `${amount(nodes.length, 'node')}: ${some([...nodes], most)}`;
}

/** A list by its label: how many are in it and why, that there is nothing, or that it could not be seen. */
function section<Item>(label: string, items: Item[] | undefined, groupsOf: (items: Item[]) => Group[], form: Form): string[] {
  if (items === undefined) return entry(label, 'could not be seen: see below, not seen', form);
  if (items.length === 0) return entry(label, 'none', form);
  const groups = groupsOf(items);
  if (groups.length === 1) return groups.flatMap((group) => groupLines(label, group, form));
  const all = new Set(groups.flatMap(({ ids }) => ids)).size;
  const rest = groups.length > form.groups ? entry('', `and ${amount(groups.length - form.groups, 'more group')}, in the report`, form) : [];
  const lines = groups.slice(0, form.groups).flatMap((group) => groupLines('', group, form));
  return [...entry(label, `${amount(all, 'node')}, ${grouped(groups.length)} groups`, form), ...lines, ...rest];
}

function groupLines(label: string, { why, ids }: Group, form: Form): string[] {
  if (why === '') return entry(label, counted(ids, form.most), form);
  return [...entry(label, `${amount(ids.length, 'node')}: ${why}`, form), ...entry('', some([...ids], form.most), form, INDENT)];
}

/** Of lists whose label says it all. */
function alone(nodes: ListedNode[]): Group[] {
  return [{ why: '', ids: nodes.map(({ id }) => id) }];
}

function reasons(nodes: ListedNode[]): Group[] {
  return byReason(nodes).map(({ why, nodes: listed }) => ({ why, ids: listed.map(({ id }) => id) }));
}

function ownedGroup({ by, name, location, image, nodes }: OwnedGroup): Group {
  return { why: `${OWNERS[by]} ${name} in ${location}, image ${image}`, ids: nodes };
}

function baselineGroup({ name, location, awsOwn, why, nodes }: RefusingBaseline): Group {
  return { why: `"${name}"${awsOwn ? " (AWS's own)" : ''} in ${location} ${why.join('; ')}`, ids: nodes };
}
