/** The lists of an assessment as tables: every id stands in the page. */
import type { ListedNode, Lists, RefusingBaseline, SelfUpdating } from '../../lambdas/core/survey/lists.ts';
import type { OwnedGroup } from '../../lambdas/core/survey/owners.ts';
import { html } from '../report/escape.ts';
import type { Html, Part } from '../report/escape.ts';
import { row, table } from '../report/parts.ts';
import { amount } from '../ui/text.ts';
import { ids } from './html-ids.ts';

/** One section a list, also for empty ones: that there is nothing is worth knowing. */
export function listSections(lists: Lists): Html[] {
  return [
    section({ id: 'unmanaged', title: 'Unmanaged', about: 'They run, and Systems Manager does not know them: nothing can be scanned or patched there.' }, lists.unmanaged, nodeTable),
    section({ id: 'stopped', title: 'Stopped', about: 'What is missing there shows when they start again.' }, lists.stopped, nodeTable),
    section({ id: 'silent', title: 'Managed, not reporting', about: 'Registered, and their agents do not answer.' }, lists.silent, nodeTable),
    section({ id: 'never-scanned', title: 'Never scanned', about: 'Patch Manager knows nothing of them.' }, lists.neverScanned, nodeTable),
    section({ id: 'stale', title: 'Stale', about: 'What is known of them is older than a week.' }, lists.stale, nodeTable),
    section({ id: 'no-inventory', title: 'Without inventory', about: 'What is installed is not known before somebody gathers it.' }, lists.noInventory, nodeTable),
    section({ id: 'old-agent', title: 'Agent too old', about: 'Their agents have to be updated first.' }, lists.agentTooOld, nodeTable),
    section({ id: 'owned', title: 'Replaced by a group', about: 'Auto Scaling, EKS or ECS starts new ones from the image: patch that.' }, lists.owned, ownedTable),
    section({ id: 'self-updating', title: 'Self-updating', about: 'Somebody else installs updates there as well, and newer ones than were proven.' }, lists.selfUpdating, updaterTable),
    section({ id: 'baselines', title: 'Baselines that would refuse', about: "AWS's own patching obeys them. Wavelock installs exact versions and leaves them as they are." }, lists.baselineRefuses, baselineTable),
  ];
}

interface Heading {
  id: string;
  title: string;
  about: string;
}

function section<Item>({ id, title, about }: Heading, items: Item[] | undefined, content: (items: Item[]) => Part): Html {
  const nothing = items === undefined ? html`<p class="look">Not seen: the reason stands below.</p>` : html`<p>None.</p>`;
  const count = items === undefined || items.length === 0 ? '' : ` (${items.length})`;
  return html`<section id="${id}"><h2>${title}${count}</h2><p class="aside">${about}</p>
${items !== undefined && items.length > 0 ? content(items) : nothing}</section>
`;
}

function nodeTable(nodes: ListedNode[]): Html {
  return table(['Node', 'Place', 'Why'], nodes.map((node) => row([{ class: 'name', of: named(node) }, { class: 'place', of: node.location }, { class: 'why', of: node.why }])));
}

function named({ id, name }: ListedNode): Part {
  return name === id ? id : [name, html`<span class="sub mono">${id}</span>`];
}

function ownedTable(groups: OwnedGroup[]): Html {
  const owners = { 'auto-scaling': 'Auto Scaling group', eks: 'EKS cluster', ecs: 'ECS' };
  return table(['Owner', 'Place', 'Image', 'Oldest', 'Nodes'], groups.map(({ by, name, location, image, oldest, nodes }) =>
    row([{ class: 'name', of: [name, html`<span class="sub">${owners[by]}</span>`] }, { class: 'place', of: location }, { class: 'mono', of: image }, oldest.slice(0, 10), ids(nodes)])));
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
  return table(['By', 'Place', 'Nodes'], [...groups.values()].map(({ by, location, nodes: own }) => row([{ class: 'name', of: by }, { class: 'place', of: location }, ids(own)])));
}

function baselineTable(baselines: RefusingBaseline[]): Html {
  return table(['Baseline', 'Place', 'Patch groups', 'Refuses', 'Nodes'], baselines.map(({ name, baseline, awsOwn, location, patchGroups, why, nodes }) =>
    row([
      { class: 'name', of: [name, html`<span class="sub mono">${awsOwn ? 'AWS’s own default' : baseline}</span>`] },
      { class: 'place', of: location },
      patchGroups.join(', ') || 'none',
      why.map((reason) => html`<div>${reason}</div>`),
      [amount(nodes.length, 'node'), ids(nodes)],
    ])));
}
