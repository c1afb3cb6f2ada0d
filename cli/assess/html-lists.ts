/** The lists of an assessment as tables: every id stands in the page. */
import type { ListedNode, Lists, RefusingBaseline, SelfUpdating } from '../../lambdas/core/survey/lists.ts';
import type { OwnedGroup } from '../../lambdas/core/survey/owners.ts';
import { html } from '../report/escape.ts';
import type { Html, Part } from '../report/escape.ts';
import { row, table } from '../report/parts.ts';
import { ids } from './html-ids.ts';

const HEADINGS = {
  unmanaged: ['Unmanaged', 'They run, and Systems Manager does not know them: nothing can be scanned or patched there.'],
  stopped: ['Stopped', 'What is missing there shows when they start again.'],
  silent: ['Managed, not reporting', 'Registered, and their agents do not answer.'],
  'never-scanned': ['Never scanned', 'Patch Manager knows nothing of them.'],
  stale: ['Stale', 'What is known of them is older than a week.'],
  'no-inventory': ['Without inventory', 'What is installed is not known before somebody gathers it.'],
  'old-agent': ['Agent too old', 'Their agents have to be updated first.'],
  owned: ['Replaced by a group', 'Auto Scaling, EKS or ECS starts new ones from the image: patch that.'],
  'self-updating': ['Self-updating', 'Somebody else installs updates there as well, and newer ones than were proven.'],
  baselines: [
    'Baselines that would refuse',
    "AWS's own patching obeys them. Wavelock installs exact versions and leaves them as they are.",
  ],
} as const;

/** One section a list, also for empty ones: that there is nothing is worth knowing. */
export function listSections(lists: Lists): Html[] {
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

function section<Item>(id: keyof typeof HEADINGS, items: Item[] | undefined, content: (items: Item[]) => Part): Html {
  const [title, about] = HEADINGS[id];
  const nothing = items === undefined ? html`<p class="look">Not seen: the reason stands below.</p>` : html`<p>None.</p>`;
  const count = items === undefined || items.length === 0 ? '' : ` (${items.length})`;
  return html`<section id="${id}"><h2>${title}${count}</h2><p class="aside">${about}</p>
${items !== undefined && items.length > 0 ? content(items) : nothing}</section>
`;
}

function nodeTable(nodes: ListedNode[]): Html {
  const rows = nodes.map((node) => row([{ class: 'name', of: named(node) }, { class: 'place', of: node.location }, { class: 'why', of: node.why }]));
  return table(['Node', 'Place', 'Why'], rows);
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
  return table(['Owner', 'Place', 'Image', 'Oldest', 'Nodes'], rows);
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
  const rows = [...groups.values()].map((group) => row([{ class: 'name', of: group.by }, { class: 'place', of: group.location }, ids(group.nodes)]));
  return table(['By', 'Place', 'Nodes'], rows);
}

function baselineTable(baselines: RefusingBaseline[]): Html {
  const rows = baselines.map(({ name, baseline, awsOwn, location, patchGroups, why, nodes }) =>
    row([
      { class: 'name', of: [name, html`<span class="sub mono">${awsOwn ? 'AWS’s own default' : baseline}</span>`] },
      { class: 'place', of: location },
      patchGroups.join(', ') || 'none',
      why.map((reason) => html`<div>${reason}</div>`),
      ids(nodes),
    ]),
  );
  return table(['Baseline', 'Place', 'Patch groups', 'Refuses', 'Nodes'], rows);
}
