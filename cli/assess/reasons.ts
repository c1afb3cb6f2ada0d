/** Listed machines by why they are listed: nine hundred with one reason are one line and a number. */
import type { ListedNode } from '../../lambdas/core/survey/lists.ts';

export interface Reason {
  /** Ages that differ from node to node are a range: `its agent has not answered for 3 to 40 days`. */
  why: string;
  nodes: ListedNode[];
}

const AGES = /(\d+) (hour|day)s?/g;

/** Nodes by their place, the fullest first. */
export function byPlace(nodes: readonly ListedNode[]): [location: string, nodes: ListedNode[]][] {
  return [...grouped(nodes, ({ location }) => location)].toSorted(([, a], [, b]) => b.length - a.length);
}

/** The most frequent reason first, the nodes of each in the order of the list. */
export function byReason(nodes: readonly ListedNode[]): Reason[] {
  const groups = grouped(nodes, ({ why }) => why.replaceAll(AGES, '…'));
  return [...groups.values()]
    .map((group) => ({ why: rangeOf(group.map(({ why }) => why)), nodes: group }))
    .toSorted((a, b) => b.nodes.length - a.nodes.length);
}

function grouped(nodes: readonly ListedNode[], keyOf: (node: ListedNode) => string): Map<string, ListedNode[]> {
  const groups = new Map<string, ListedNode[]>();
  for (const node of nodes) {
    const group = groups.get(keyOf(node));
    if (group) group.push(node);
    else groups.set(keyOf(node), [node]);
  }
  return groups;
}

/** Sentences that differ only in ages, as one. */
function rangeOf([first = '', ...others]: string[]): string {
  if (others.every((why) => why === first)) return first;
  const sentences = [first, ...others].map((why) =>
    [...why.matchAll(AGES)].map(([text, count, unit]) => ({ text, unit, hours: Number(count) * (unit === 'day' ? 24 : 1) })),
  );
  let place = 0;
  return first.replaceAll(AGES, () => {
    const ages = sentences.flatMap((sentence) => sentence[place] ?? []).toSorted((a, b) => a.hours - b.hours);
    place += 1;
    const [least, most] = [ages[0], ages.at(-1)];
    if (!least || !most || least.text === most.text) return least?.text ?? '';
    return `${least.unit === most.unit ? least.text.replace(/ .*/, '') : least.text} to ${most.text}`;
  });
}
