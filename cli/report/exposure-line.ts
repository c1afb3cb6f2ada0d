/** Open exposures over time, on the same axis as the waves: the fall under a wave is what that wave closed. */
import { clip, grouped } from '../ui/text.ts';
import { html } from './escape.ts';
import { axisOf, CHARACTER, drawAxis, title, TITLE, TOP } from './picture.ts';
import type { OpenPoint } from '../../lambdas/core/exposures/history.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Axis } from './axis.ts';
import type { Html } from './escape.ts';
import type { Size } from './picture.ts';

/** Height of the field, in picture units. */
const FIELD = 96;
const UNDER = 12;
const NAME = 'exposures';

/** One picture in one size, or nothing where no exposure was ever open. Known exploited ones have a line of their own, if there were any. */
export function exposureLine(run: EndedRun, size: Size): Html | undefined {
  const points = run.extra.history?.line ?? [];
  if (points.length === 0) return undefined;
  const axis = axisOf(run, size);
  const height = TOP + TITLE + FIELD + UNDER;
  const base = TOP + TITLE + FIELD;
  const room = Math.floor((size.width - 30 - NAME.length * 8) / CHARACTER);
  const all = outline(points, axis, { base, most: mostOf(points), end: size.width - 10, count: ({ open }) => open });
  const exploited = points.some(({ knownExploited }) => knownExploited > 0)
    ? outline(points, axis, { base, most: mostOf(points), end: size.width - 10, count: ({ knownExploited }) => knownExploited })
    : undefined;
  return html`<svg class="picture ${size.name}" viewBox="0 0 ${size.width} ${height}" role="img" aria-label="Open exposures over time">
${drawAxis({ axis, size }, height)}
${title(NAME, clip(wordsOf(points), room), TOP)}
<path class="area" d="${all.line}V${base}H${all.start}z"/>
<path class="line" d="${all.line}"/>
${exploited !== undefined && html`<path class="line exploited" d="${exploited.line}"><title>known exploited</title></path>`}
<path class="base" d="M10 ${base}H${size.width - 10}"/>
</svg>`;
}

/** `512 open at most, 34 at the end; known exploited (dashed): 20, 0`. */
function wordsOf(points: readonly OpenPoint[]): string {
  const last = points.at(-1) ?? { open: 0, knownExploited: 0 };
  const exploited = points.reduce((most, { knownExploited }) => Math.max(most, knownExploited), 0);
  const words = `${grouped(mostOf(points))} open at most, ${grouped(last.open)} at the end`;
  return exploited === 0 ? words : `${words}; known exploited (dashed): ${grouped(exploited)}, ${grouped(last.knownExploited)}`;
}

function mostOf(points: readonly OpenPoint[]): number {
  return points.reduce((most, { open }) => Math.max(most, open), 1);
}

interface Field {
  base: number;
  most: number;
  end: number;
  count: (point: OpenPoint) => number;
}

/** Steps from the first point to the right end. Instants that fall on the same tenth of a unit are one step: nobody sees more. */
function outline(points: readonly OpenPoint[], axis: Axis, { base, most, end, count }: Field): { start: number; line: string } {
  const y = (point: OpenPoint): number => Math.round((base - (count(point) / most) * (FIELD - 6)) * 10) / 10;
  const byX = new Map(points.map((point) => [axis.x(point.at), y(point)]));
  const [[start, top] = [10, base], ...steps] = byX;
  return { start, line: `M${start} ${base}V${top}${steps.map(([x, at]) => `H${x}V${at}`).join('')}H${end}` };
}
