import { describe, expect, it } from 'vitest';
import { listSections } from '../../cli/assess/html-lists.ts';
import { byReason } from '../../cli/assess/reasons.ts';
import { listLines } from '../../cli/assess/text-lists.ts';
import type { ListedNode, Lists } from '../../lambdas/core/survey/lists.ts';

const node = (number: number, why: string, location = '111111111111/eu-central-1'): ListedNode => ({
  id: `i-${String(number).padStart(17, '0')}`,
  name: `web-${number}`,
  location,
  why,
});
const nodes = (count: number, why: (number: number) => string): ListedNode[] =>
  Array.from({ length: count }, (_none, number) => node(number, why(number), number % 3 === 0 ? '222222222222/eu-west-1' : undefined));
const NOTHING: Lists = {
  unmanaged: [],
  stopped: [],
  silent: [],
  neverScanned: [],
  stale: [],
  noInventory: [],
  agentTooOld: [],
  owned: [],
  selfUpdating: [],
  baselineRefuses: [],
  unresolvedUpdaters: [],
};
const TERMINAL = { width: 80, most: 4, groups: 6 };

describe('nodes by their reason', () => {
  it('are one group where only ages differ, with the range of them', () => {
    const listed = [
      node(1, 'its agent has not answered for 40 days'),
      node(2, 'its agent has not answered for 5 hours'),
      node(3, 'its agent does not answer'),
      node(4, 'its agent has not answered for 3 days'),
    ];
    expect(byReason(listed).map(({ why, nodes: group }) => [why, group.length])).toEqual([
      ['its agent has not answered for 5 hours to 40 days', 3],
      ['its agent does not answer', 1],
    ]);
    expect(byReason([node(1, 'its inventory is 30 days old'), node(2, 'its inventory is 9 days old')])[0]?.why).toBe(
      'its inventory is 9 to 30 days old',
    );
  });

  it('keep apart what differs in anything else', () => {
    expect(byReason([node(1, 'agent 3.0.1390.0'), node(2, 'agent 3.1.1044.9')])).toHaveLength(2);
  });
});

describe('a list of nine hundred nodes', () => {
  const lists: Lists = { ...NOTHING, unmanaged: nodes(900, (number) => (number % 2 === 0 ? 'no instance profile' : 'its agent never registered')) };

  it('is a few lines of a terminal: how many first, then why, a few ids, and how many more', () => {
    const lines = listLines(lists, TERMINAL);
    const list = lines.slice(
      0,
      lines.findIndex((line) => line.startsWith('stopped')),
    );
    expect(list.slice(0, 2)).toEqual(['unmanaged     900 nodes, 2 groups', '              450 nodes: no instance profile']);
    expect(list.join('\n')).toContain('and 446 more');
    expect(list.length).toBeLessThan(9);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('is a row for each reason and place of the page, which has every id', () => {
    const page = listSections(lists)
      .map(({ text }) => text)
      .join('');
    expect(page.match(/<tr>(?=<td)/g)).toHaveLength(4);
    expect(page).toContain('Unmanaged: 900 nodes');
    for (const { id } of lists.unmanaged ?? []) expect(page).toContain(id);
  });
});

it('names six groups of a list on a terminal, and how many more there are', () => {
  const lines = listLines({ ...NOTHING, agentTooOld: nodes(10, (number) => `agent 3.0.${number}.0`) }, TERMINAL).join('\n');
  expect(lines).toContain('old agent     10 nodes, 10 groups');
  expect(lines).toContain('and 4 more groups, in the report');
});
