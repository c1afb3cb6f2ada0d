/** The report's section on what is left: it stands before every success. */
import { moodOf, nextStep, openElsewhere, stillExposed } from '../ui/facts.ts';
import { amount } from '../ui/text.ts';
import { html } from './escape.ts';
import { fold, row, table } from './parts.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html, Part } from './escape.ts';
import type { Row } from './parts.ts';

/** More names than these are folded. */
const NAMES_SHOWN = 8;

/** 3. Nodes that are still exposed, with reason and next step; what the plan left out. `anchors`: of the node table's rows, by node id. */
export function leftSection(run: EndedRun, anchors: Map<string, string>): Html {
  const left = stillExposed(run);
  const groups = new Map<string, NodeResult[]>();
  for (const node of left) {
    const same = JSON.stringify([node.wave, node.outcome, node.reason]);
    groups.set(same, [...(groups.get(same) ?? []), node]);
  }
  const rows = [...groups.values()].map((nodes) => leftRow(nodes, anchors));
  const nothing = html`<p class="big">Nothing: on every node of the plan, all that the policy wants is closed.</p>`;
  return html`<section id="left"><h2>What is left</h2>
${left.length === 0 ? nothing : table(['Still exposed', 'Wave', 'Outcome', 'Why', 'Next step'], rows)}
${elsewhere(run)}
${leftOut(run)}
</section>`;
}

function leftRow(nodes: NodeResult[], anchors: Map<string, string>): Row | undefined {
  const [first] = nodes;
  if (!first) return undefined;
  const links = nodes.map((node) => html`<a href="#${anchors.get(node.id) ?? 'nodes'}">${node.name}</a>`);
  const outcome = { class: `outcome ${moodOf(first.outcome)}`, of: first.outcome };
  return row([{ class: 'why', of: listed(links, 'node') }, first.wave, outcome, { class: 'why', of: first.reason }, nextStep(first.outcome)]);
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
