/** The nodes of a wave in the picture: a mark a node where that fits, else bars. How a node ended shows in form as well as in colour. */
import { formatLocal } from '../../lambdas/core/calendar-text.ts';
import { moodOf, outcomeWords } from '../ui/facts.ts';
import { countOutcomes } from '../../lambdas/core/judge.ts';
import { amount } from '../ui/text.ts';
import { instant } from '../ui/times.ts';
import { html } from './escape.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { Mood } from '../ui/facts.ts';
import type { Axis } from './axis.ts';
import type { Html } from './escape.ts';
import type { Size } from './picture.ts';

export interface Strip {
  axis: Axis;
  size: Size;
  timezone: string;
  anchors: Map<string, string>;
  /** The line that the nodes stand on. */
  base: number;
  levels: number;
  /** Where nodes stand that no command reached: when the wave's work was over (ms). */
  fallback: number;
}

interface Placed {
  node: NodeResult;
  at: number;
}

/** Side of the square of a mark, in picture units: smaller ones cannot be told apart. */
const SMALLEST = 5;
/** From the bottom of a column upwards. */
const STACK: Mood[] = ['good', 'look', 'silent', 'bad'];

/** Draws the nodes of one wave at the time at which their work ended. Nodes that got no command are not drawn. */
export function drawNodes(nodes: NodeResult[], strip: Strip): Html[] {
  const placed = nodes
    .filter((node) => moodOf(node.outcome) !== 'skipped')
    .map((node) => ({ node, at: instant(node.endedAt) ?? strip.fallback }))
    .toSorted((a, b) => STACK.indexOf(moodOf(a.node.outcome)) - STACK.indexOf(moodOf(b.node.outcome)) || a.at - b.at);
  const columns = columnsOf(placed, strip);
  const tallest = Math.max(0, ...[...columns.values()].map((column) => column.length));
  const each = [...columns].toSorted(([a], [b]) => a - b);
  const side = Math.min(strip.size.node, (strip.levels * strip.size.node) / Math.max(1, tallest));
  if (side >= SMALLEST) return each.flatMap(([x, column]) => column.map((entry, level) => mark(entry, strip, { x, level, side })));
  return each.map(([x, column]) => bar(column, strip, { x, tallest }));
}

function columnsOf(placed: Placed[], { axis, size }: Strip): Map<number, Placed[]> {
  const columns = new Map<number, Placed[]>();
  for (const entry of placed) {
    const x = Math.min(Math.floor(axis.x(entry.at) / size.node), Math.floor(size.width / size.node) - 2) * size.node;
    columns.set(x, [...(columns.get(x) ?? []), entry]);
  }
  return columns;
}

function mark({ node, at }: Placed, { size, base, timezone, anchors }: Strip, { x, level, side }: { x: number; level: number; side: number }): Html {
  const radius = round(side / 2 - side / 11);
  const [cx, cy] = [x + size.node / 2, round(base - (level + 0.5) * side - 1)];
  const mood = moodOf(node.outcome);
  const words = `${node.name}: ${node.outcome}, ${formatLocal(at, timezone)}`;
  // Not among what the Tab key stops at: the table has a row for each, and sixty stops before it help nobody.
  return html`<a tabindex="-1" href="#${anchors.get(node.id) ?? 'nodes'}">${shape(mood, { cx, cy, radius })}<title>${words}</title></a>
`;
}

/** Filled disc, triangle, ring, cross. */
export function shape(mood: Mood, { cx, cy, radius }: { cx: number; cy: number; radius: number }): Html {
  const r = radius;
  switch (mood) {
    case 'look':
      return html`<path class="look" d="M${cx} ${cy - r}l${r} ${2 * r}h${-2 * r}z"/>`;
    case 'silent':
      return html`<circle class="silent" cx="${cx}" cy="${cy}" r="${r - 0.5}"/>`;
    case 'bad':
      return html`<path class="bad" d="M${cx - r} ${cy - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}"/>`;
    case 'good':
    case 'skipped':
      return html`<circle class="${mood}" cx="${cx}" cy="${cy}" r="${r}"/>`;
  }
}

/** A column of more nodes than there is room for: its height is their number, to the wave's own scale. */
function bar(column: Placed[], { size, base, levels, timezone }: Strip, { x, tallest }: { x: number; tallest: number }): Html {
  const unit = (levels * size.node) / tallest;
  const times = column.map((entry) => entry.at);
  const when = `${formatLocal(Math.min(...times), timezone)} to ${formatLocal(Math.max(...times), timezone, 'time')}`;
  const words = `${amount(column.length, 'node')}, ${when}: ${outcomeWords(countOutcomes(column.map((entry) => entry.node)))}`;
  let y = base;
  const pieces = STACK.map((mood) => {
    const height = round(column.filter((entry) => moodOf(entry.node.outcome) === mood).length * unit);
    y = round(y - height);
    return height > 0 && html`<rect class="bar ${mood}" x="${x}" y="${y}" width="${size.node - 1}" height="${height}"/>`;
  });
  return html`<g>${pieces}<title>${words}</title></g>
`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
