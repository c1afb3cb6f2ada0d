/** The report's section on what is left: it stands before every success. */
import { aheadNodes, moodOf, nextStepOf, openElsewhere, stillExposed, unknownNodes } from '../ui/facts.ts';
import { amount } from '../ui/text.ts';
import { html } from './escape.ts';
import { fold, row, table } from './parts.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html, Part } from './escape.ts';
import type { Row } from './parts.ts';

/** More names than these are folded. */
const NAMES_SHOWN = 8;

/** 3. Nodes that lack what the policy wants, that nobody knows, or that run what nobody has proven, with reason and next step; what was left out. `anchors`: of the node table's rows, by node id. */
export function leftSection(run: EndedRun, anchors: Map<string, string>): Html {
  const [left, unknown] = [stillExposed(run), unknownNodes(run)];
  const all = unknown.length === 0 ? 'on every node of the plan' : `on the nodes that are known; of ${amount(unknown.length, 'node')} nobody knows`;
  const nothing = html`<p class="big">Nothing open: all that the policy wants is closed ${all}.</p>`;
  return html`<section id="left"><h2>What is left</h2>
${left.length === 0 ? nothing : nodeTable('Something that the policy wants is open on', left, anchors)}
${unknown.length > 0 && nodeTable('Nobody knows what is open on', unknown, anchors)}
${aheadTable(run, anchors)}
${elsewhere(run)}
${leftOut(run)}
</section>`;
}

/** Its nodes may be in a table above as well: that is about what they lack. */
function aheadTable(run: EndedRun, anchors: Map<string, string>): Html | undefined {
  const ahead = aheadNodes(run);
  return ahead.length === 0 ? undefined : nodeTable('Something else installed what nobody has proven on', ahead, anchors);
}

function nodeTable(head: string, nodes: NodeResult[], anchors: Map<string, string>): Html {
  const groups = new Map<string, NodeResult[]>();
  for (const node of nodes) {
    const same = JSON.stringify([node.wave, node.outcome, node.reason]);
    groups.set(same, [...(groups.get(same) ?? []), node]);
  }
  const rows = [...groups.values()].map((group) => leftRow(group, anchors));
  return table([head, 'Wave', 'Outcome', 'Why', 'Next step'], rows);
}

function leftRow(nodes: NodeResult[], anchors: Map<string, string>): Row | undefined {
  const [first] = nodes;
  if (!first) return undefined;
  const links = nodes.map((node) => html`<a href="#${anchors.get(node.id) ?? 'nodes'}">${node.name}</a>`);
  const outcome = { class: `outcome ${moodOf(first.outcome)}`, of: first.outcome };
  return row([{ class: 'why', of: listed(links, 'node') }, first.wave, outcome, { class: 'why', of: first.reason }, nextStepOf(first)]);
}

function elsewhere(run: EndedRun): Html[] {
  return openElsewhere(run).map(
    ({ cve, nodes }) => html`<p class="big look">${cve} is known to be exploited and open on ${amount(nodes, 'node')} that no wave had:
<code>npx wavelock exposure --cve ${cve}</code> names ${nodes === 1 ? 'it' : 'them'}.</p>`,
  );
}

function leftOut({ extra }: EndedRun): Html | undefined {
  const { leftOutNodes: nodes = [], leftOutItems: items = [] } = extra.plan ?? {};
  if (nodes.length + items.length === 0) return undefined;
  const byWhy = new Map<string, string[]>();
  for (const { id, name, why } of nodes) byWhy.set(why, [...(byWhy.get(why) ?? []), name === id ? id : `${name} (${id})`]);
  const rows = [...byWhy].map(([why, names]) =>
    row([
      { class: 'why', of: listed(names, 'node') },
      { class: 'why', of: why },
    ]),
  );
  const itemRows = items.map((item) =>
    row([
      { class: 'why', of: `${item.name}, ${item.platform}` },
      { class: 'why', of: item.why },
    ]),
  );
  return html`<h3>Left out of the plan</h3>${table(['What', 'Why'], [...rows, ...itemRows])}`;
}

/** Names with commas between them, folded where they are many. */
function listed(names: Part[], word: string): Part {
  const joined = names.map((name, index) => [index > 0 && ', ', name]);
  return names.length <= NAMES_SHOWN ? joined : fold(amount(names.length, word), joined);
}
