/** The lists of an assessment in the terminal: a label, what is in it and why, and ids. */
import type { ListedNode, Lists, RefusingBaseline } from '../../lambdas/core/survey/lists.ts';
import type { OwnedGroup } from '../../lambdas/core/survey/owners.ts';
import { amount, plain, some, wrap, WIDEST } from '../ui/text.ts';

/** Where texts begin. */
export const COLUMN = 14;

const OWNERS = { 'auto-scaling': 'Auto Scaling', eks: 'EKS', ecs: 'ECS' } as const;

/** All lists, empty ones too. `most`: ids that are named of one group. */
export function listLines(lists: Lists, most: number): string[] {
  const ids = (nodes: ListedNode[]): string[] => entry('', counted(idsOf(nodes), most));
  const why = (nodes: ListedNode[]): string[] => byWhy(nodes, most);
  return [
    ...section('unmanaged', lists.unmanaged, why),
    ...section('stopped', lists.stopped, ids),
    ...section('silent', lists.silent, ids),
    ...section('never scanned', lists.neverScanned, ids),
    ...section('stale', lists.stale, ids),
    ...section('no inventory', lists.noInventory, ids),
    ...section('old agent', lists.agentTooOld, why),
    ...section('owned', lists.owned, (groups) => groups.flatMap((group) => ownedLines(group, most))),
    ...section('self-updating', lists.selfUpdating, why),
    ...section('baselines', lists.baselineRefuses, (baselines) => baselines.flatMap((baseline) => baselineLines(baseline, most))),
    ...lists.unresolvedUpdaters.flatMap((by) => entry('', `${by}: its targets are a resource group, which only AWS resolves`)),
  ];
}

/** `5 nodes: i-…, i-… and 3 more`. */
export function counted(nodes: readonly string[], most: number): string {
  return `${amount(nodes.length, 'node')}: ${some([...nodes], most)}`;
}

/** A label and its text, wrapped under the text's beginning. */
export function entry(label: string, text: string): string[] {
  return wrap(plain(text), WIDEST - COLUMN).map((line, index) => `${(index === 0 ? label : '').padEnd(COLUMN)}${line}`);
}

/** A list by its label: what is in it, that there is nothing, or that it could not be seen. */
function section<Item>(label: string, items: Item[] | undefined, lines: (items: Item[]) => string[]): string[] {
  if (items === undefined) return entry(label, 'not seen, see below');
  if (items.length === 0) return entry(label, 'none');
  const [first = '', ...rest] = lines(items);
  return [label.padEnd(COLUMN) + first.trimStart(), ...rest];
}

function byWhy(nodes: ListedNode[], most: number): string[] {
  const groups = new Map<string, string[]>();
  for (const { id, why } of nodes) groups.set(why, [...(groups.get(why) ?? []), id]);
  return [...groups].flatMap(([why, group]) => entry('', `${why}. ${counted(group, most)}`));
}

function ownedLines({ by, name, image, nodes }: OwnedGroup, most: number): string[] {
  return entry('', `${OWNERS[by]} ${name}, ${image}. ${counted(nodes, most)}`);
}

function baselineLines({ name, location, awsOwn, why, nodes }: RefusingBaseline, most: number): string[] {
  return entry('', `"${name}"${awsOwn ? " (AWS's own)" : ''} in ${location} ${why.join('; ')}. ${counted(nodes, most)}`);
}

function idsOf(nodes: ListedNode[]): string[] {
  return nodes.map(({ id }) => id);
}
