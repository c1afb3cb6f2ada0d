/** The table of nodes, and what was changed on them. Nodes on which the same was changed share one list: 500 of them stay readable. */
import { moodOf, nodesOf } from '../ui/facts.ts';
import { amount } from '../ui/text.ts';
import { instant } from '../ui/times.ts';
import { changeWords } from '../ui/why.ts';
import { html } from './escape.ts';
import { findBox, fold, row, table } from './parts.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';
import type { Row } from './parts.ts';

interface ChangeSet {
  anchor: string;
  packages: NodeResult['packages'];
  nodes: NodeResult[];
}

/** Lists of changes go on paper only while they are few: a fleet's worth of them is for the screen. */
const LINES_ON_PAPER = 2_000;
const COLUMNS = ['Node', 'Platform and place', 'Wave', 'Outcome', 'Why', 'Changed', 'CVEs', 'Reboot', 'Min'];
const NUMBERS = ['CVEs', 'Min'];

/** Anchors of the table's rows by node id, in the order of the waves. Made of numbers: ids and names come from outside. */
export function nodeAnchors(run: EndedRun): Map<string, string> {
  return new Map(nodesOf(run).map((node, index) => [node.id, `n${index + 1}`]));
}

/** 6. All nodes, then the lists of changes. */
export function nodesSection(run: EndedRun, anchors: Map<string, string>): Html {
  const nodes = nodesOf(run);
  if (nodes.length === 0) return html`<section id="nodes"><h2>Nodes</h2><p>None.</p></section>`;
  const sets = changeSets(nodes);
  const setOf = new Map(sets.flatMap((set) => set.nodes.map((node) => [node.id, set] as const)));
  const rows = nodes.map((node) => nodeRow(node, anchors.get(node.id) ?? '', setOf.get(node.id)));
  const onPaper = sets.reduce((sum, set) => sum + set.packages.length, 0) <= LINES_ON_PAPER;
  return html`<section id="nodes"><h2>Nodes</h2>
<p class="aside">CVEs: closed on this node by this rollout, whoever names them. Min: minutes in work.</p>
${findBox('production failed eu-west-1')}
${table(COLUMNS, rows, { id: 'node-table', numbers: NUMBERS, finds: true })}
${sets.length > 0 && html`<h3>What was changed</h3>${sets.map((set) => setBlock(set, onPaper))}`}
</section>`;
}

function nodeRow(node: NodeResult, anchor: string, set: ChangeSet | undefined): Row {
  const { account, region } = node.location;
  const id = node.name === node.id ? undefined : html`<span class="sub mono">${node.id}</span>`;
  const cells = [
    { class: 'name', of: [node.name, id] },
    { class: 'place', of: [node.platform, html`<span class="sub">${account}/${region}</span>`] },
    node.wave,
    { class: `outcome ${moodOf(node.outcome)}`, of: node.outcome },
    { class: 'why', of: node.reason },
    set ? html`<a href="#${set.anchor}">${amount(set.packages.length, 'item')}</a>` : 'nothing',
    { class: 'number', of: node.cvesClosed.length },
    node.rebooted ? 'yes' : 'no',
    { class: 'number', of: minutes(node) },
  ];
  return row(cells, anchor);
}

function minutes(node: NodeResult): number | undefined {
  const [from, to] = [instant(node.startedAt), instant(node.endedAt)];
  return from === undefined || to === undefined ? undefined : Math.round((to - from) / 60_000);
}

function changeSets(nodes: NodeResult[]): ChangeSet[] {
  const sets = new Map<string, ChangeSet>();
  for (const node of nodes.filter((candidate) => candidate.packages.length > 0)) {
    const key = JSON.stringify([node.platform, node.packages]);
    const set = sets.get(key) ?? { anchor: `c${sets.size + 1}`, packages: node.packages, nodes: [] };
    set.nodes.push(node);
    sets.set(key, set);
  }
  return [...sets.values()];
}

function setBlock({ anchor, packages, nodes }: ChangeSet, onPaper: boolean): Html {
  const names = nodes
    .slice(0, 6)
    .map((node) => node.name)
    .join(', ');
  const more = nodes.length > 6 ? ` and ${nodes.length - 6} more` : '';
  const summary = `${amount(packages.length, 'item')} on ${amount(nodes.length, 'node')} of ${nodes[0]?.platform ?? ''}: ${names}${more}`;
  return fold(summary, html`<pre id="${anchor}">${packages.map(changeWords).join('\n')}</pre>`, { paper: onPaper });
}
