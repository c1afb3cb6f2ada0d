/** The lists of an assessment as tables: every id stands in the page, many with one reason under each other. */
import type { ListedNode, Lists, RefusingBaseline, SelfUpdating } from '../../lambdas/core/survey/lists.ts';
import type { OwnedGroup } from '../../lambdas/core/survey/owners.ts';
import { html } from '../report/escape.ts';
import type { Html, Part } from '../report/escape.ts';
import { columns, fold, row, table } from '../report/parts.ts';
import { amount } from '../ui/text.ts';
import { ids } from './html-ids.ts';
import { byPlace, byReason } from './reasons.ts';

/** Longer lists are shown by reason and place, with the nodes folded. */
const ROWS = 25;

/** What stands above a list, and what it means. */
interface Heading {
  title: string;
  about: string;
}

const HEADINGS = {
  unmanaged: { title: 'Unmanaged', about: 'They run, and Systems Manager does not know them: nothing can be scanned or patched there.' },
  stopped: { title: 'Stopped', about: 'What is missing there shows when they start again.' },
  silent: { title: 'Managed, not reporting', about: 'Registered, and their agents do not answer.' },
  'never-scanned': { title: 'Never scanned', about: 'Patch Manager knows nothing of them.' },
  stale: { title: 'Stale', about: 'What is known of them is older than a week.' },
  'no-inventory': { title: 'Without inventory', about: 'What is installed is not known before somebody gathers it.' },
  'old-agent': { title: 'Agent too old', about: 'Their agents have to be updated first.' },
  owned: { title: 'Replaced by a group', about: 'Auto Scaling, EKS or ECS starts new ones from the image: patch that.' },
  'self-updating': { title: 'Self-updating', about: 'Somebody else installs updates there as well, and newer ones than were proven.' },
  baselines: {
    title: 'Baselines that would refuse',
    about: "AWS's own patching obeys them. Wavelock installs exact versions and leaves them as they are.",
  },
} as const satisfies Record<string, Heading>;

type ListName = keyof typeof HEADINGS;

/** How many nodes a list has; `undefined`: it could not be seen. */
export interface ListCount {
  id: ListName;
  title: string;
  count: number | undefined;
}

/** The lists in their order, as numbers. */
export function listCounts(lists: Lists): ListCount[] {
  const counts: Record<ListName, number | undefined> = {
    unmanaged: lists.unmanaged?.length,
    stopped: lists.stopped?.length,
    silent: lists.silent?.length,
    'never-scanned': lists.neverScanned?.length,
    stale: lists.stale?.length,
    'no-inventory': lists.noInventory?.length,
    'old-agent': lists.agentTooOld?.length,
    owned: nodesOf(lists.owned),
    'self-updating': lists.selfUpdating?.length,
    baselines: nodesOf(lists.baselineRefuses),
  };
  return (Object.keys(HEADINGS) as ListName[]).map((id) => ({ id, title: HEADINGS[id].title, count: counts[id] }));
}

/** Nodes in groups, each once. */
function nodesOf(groups: { nodes: string[] }[] | undefined): number | undefined {
  return groups && new Set(groups.flatMap(({ nodes }) => nodes)).size;
}

/** One section a list, also for empty ones: that there is nothing is worth knowing. */
export function listSections(lists: Lists): Html[] {
  const counts = new Map(listCounts(lists).map(({ id, count }) => [id, count]));
  const section = <Item>(id: ListName, items: Item[] | undefined, content: (items: Item[]) => Part): Html => {
    const { title, about } = HEADINGS[id];
    const nothing = items === undefined ? html`<p class="look">Could not be seen: <a href="#blind">why</a>.</p>` : html`<p>None.</p>`;
    const count = counts.get(id) ?? 0;
    return html`<section id="${id}"><h2>${title}${count > 0 && `: ${amount(count, 'node')}`}</h2><p class="aside">${about}</p>
${items !== undefined && items.length > 0 ? content(items) : nothing}</section>
`;
  };
  return [
    section('unmanaged', lists.unmanaged, nodeTable),
    section('stopped', lists.stopped, nodeTable),
    section('silent', lists.silent, nodeTable),
    section('never-scanned', lists.neverScanned, nodeTable),
    section('stale', lists.stale, nodeTable),
    section('no-inventory', lists.noInventory, nodeTable),
    section('old-agent', lists.agentTooOld, nodeTable),
    section('owned', lists.owned, ownedTable),
    section('self-updating', lists.selfUpdating, updaterTable),
    section('baselines', lists.baselineRefuses, baselineTable),
  ];
}

/** A row a node; of long lists a row for each reason and place. */
function nodeTable(nodes: ListedNode[]): Html {
  if (nodes.length > ROWS) return reasonTable(nodes);
  const rows = nodes.map((node) =>
    row([
      { class: 'name', of: named(node) },
      { class: 'place', of: node.location },
      { class: 'why', of: node.why },
    ]),
  );
  return table(['Node', 'Place', 'Why'], rows, { finds: true });
}

function reasonTable(all: ListedNode[]): Html {
  const rows = byReason(all).flatMap(({ why, nodes }) =>
    byPlace(nodes).map(([location, here]) =>
      row([
        { class: 'why', of: why },
        { class: 'place', of: location },
        { class: 'nodes', of: foldedNodes(here) },
      ]),
    ),
  );
  return table(['Why', 'Place', 'Nodes'], rows, { finds: true });
}

function foldedNodes(nodes: ListedNode[]): Html {
  const entries = nodes.map((node) => [node.name !== node.id && `${node.name} `, html`<span class="mono">${node.id}</span>`]);
  return fold(amount(nodes.length, 'node'), columns(entries));
}

function named({ id, name }: ListedNode): Part {
  return name === id ? id : [name, html`<span class="sub mono">${id}</span>`];
}

function ownedTable(groups: OwnedGroup[]): Html {
  const owners = { 'auto-scaling': 'Auto Scaling group', eks: 'EKS cluster', ecs: 'ECS' };
  const rows = groups.map(({ by, name, location, image, oldest, nodes }) => {
    const owner = { class: 'name', of: [name, html`<span class="sub">${owners[by]}</span>`] };
    return row([owner, { class: 'place', of: location }, { class: 'mono', of: image }, oldest.slice(0, 10), ids(nodes)]);
  });
  return table(['Owner', 'Place', 'Image', 'Oldest', 'Nodes'], rows, { finds: true });
}

function updaterTable(nodes: SelfUpdating[]): Html {
  const groups = new Map<string, { by: string; location: string; nodes: string[] }>();
  for (const node of nodes) {
    for (const { by } of node.by) {
      const key = `${node.location} ${by}`;
      const group = groups.get(key) ?? { by, location: node.location, nodes: [] };
      group.nodes.push(node.id);
      groups.set(key, group);
    }
  }
  const largest = [...groups.values()].toSorted((a, b) => b.nodes.length - a.nodes.length);
  const rows = largest.map((group) =>
    row([{ class: 'why', of: html`<strong>${group.by}</strong>` }, { class: 'place', of: group.location }, ids(group.nodes)]),
  );
  return table(['By', 'Place', 'Nodes'], rows, { finds: true });
}

function baselineTable(baselines: RefusingBaseline[]): Html {
  const rows = baselines.map(({ name, baseline, awsOwn, location, patchGroups, why, nodes }) =>
    row([
      { class: 'name', of: [name, html`<span class="sub mono">${awsOwn ? 'AWS’s own default' : baseline}</span>`] },
      { class: 'place', of: location },
      { class: 'why', of: patchGroups.join(', ') || 'none' },
      { class: 'why', of: why.map((reason) => html`<div>${reason}</div>`) },
      ids(nodes),
    ]),
  );
  return table(['Baseline', 'Place', 'Patch groups', 'Refuses', 'Nodes'], rows, { finds: true });
}
