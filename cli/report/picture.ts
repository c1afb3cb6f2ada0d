/** The picture of a run: a row a wave with its windows, nodes, soak and verdict; under it, on the same time, on how many something was open that the policy wants. */
import { formatLocal } from '../../lambdas/core/calendar-text.ts';
import { nodesOf, outcomeWords, timezoneOf, unknownNodes } from '../ui/facts.ts';
import { amount, clip, grouped, plain } from '../ui/text.ts';
import { instant } from '../ui/times.ts';
import { createAxis, cutLabel, shortDay } from './axis.ts';
import { html } from './escape.ts';
import { drawNodes } from './strip.ts';
import type { WaveResult } from '../../lambdas/core/result.ts';
import type { RunDocument, RunExtra } from '../run/messages.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Axis, Interval } from './axis.ts';
import type { Html } from './escape.ts';

/** Sizes in picture units. The narrow one is for phones: a picture that is only made smaller cannot be read there. */
export interface Size {
  name: 'wide' | 'narrow';
  width: number;
  cutWidth: number;
  /** Side of the square that a node takes. */
  node: number;
  tickApart: number;
}

export const SIZES: Size[] = [
  { name: 'wide', width: 940, cutWidth: 58, node: 11, tickApart: 62 },
  { name: 'narrow', width: 380, cutWidth: 36, node: 8, tickApart: 46 },
];

/** Days, times, lengths of cuts, and the axis under them. */
const AXIS = 48;
export const TOP = 56;
export const TITLE = 20;
/** Nodes on top of each other, at most; more become bars. */
export const LEVELS = 5;
const UNDER = 36;
const EXPOSURE = 64;
/** Average width of a character at the picture's two text sizes. */
export const CHARACTER = 6.4;
const NOT_RUN = TITLE + 12;

type Wave = RunDocument['waves'][number];

interface Scene {
  run: EndedRun;
  size: Size;
  axis: Axis;
  timezone: string;
  /** Anchors of the rows of the node table, by node id. */
  anchors: Map<string, string>;
}

/** One picture in one size, or nothing where no wave was run. */
export function picture(run: EndedRun, size: Size, anchors: Map<string, string>): Html | undefined {
  const { extra } = run;
  if (extra.timeline.length === 0) return undefined;
  const axis = axisOf(run, size);
  const scene: Scene = { run, size, axis, timezone: timezoneOf(extra.plan), anchors };
  let bottom = TOP;
  const rows = run.document.waves.map((wave) => {
    const top = bottom;
    bottom += wave.verdict === 'not-run' ? NOT_RUN : TITLE + size.node * LEVELS + UNDER;
    return wave.verdict === 'not-run' ? notRunRow(wave, scene, top) : waveRow(wave, scene, top);
  });
  const height = bottom + (extra.exposure.length > 0 ? TITLE + EXPOSURE + 16 : 0);
  return html`<svg class="picture ${size.name}" viewBox="0 0 ${size.width} ${height}" role="group" aria-label="The waves over time">
${drawAxis(scene, height)}
${rows}
${extra.exposure.length > 0 && exposureRow(scene, bottom)}
</svg>`;
}

/** The time of a run, as all its pictures of one size have it. */
export function axisOf(run: EndedRun, { width: whole, cutWidth }: Size): Axis {
  const { extra } = run;
  return createAxis({ ...extentOf(extra), busy: busyTimes(run), left: 10, width: whole - 20, cutWidth, timezone: timezoneOf(extra.plan) });
}

function extentOf({ startedAt, endedAt, timeline }: RunExtra): Interval {
  // Windows may reach beyond the run; what they look like after it tells nothing.
  const parts = timeline.filter((part) => part.what !== 'window');
  return {
    from: Math.min(startedAt, ...parts.map((part) => part.from)),
    to: Math.max(endedAt, ...parts.filter((part) => part.what !== 'hold').map((part) => part.to)),
  };
}

/** When something happened: nodes in work, and the instants at which a wave's state changed. */
function busyTimes(run: EndedRun): Interval[] {
  const nodes = nodesOf(run).flatMap((node) => {
    const [from, to] = [instant(node.startedAt), instant(node.endedAt)];
    return from === undefined ? [] : [{ from, to: to ?? from }];
  });
  const changes = run.extra.timeline
    .filter((part) => part.what !== 'window')
    .flatMap(({ from, to }) => [
      { from, to: from },
      { from: to, to },
    ]);
  return [...nodes, ...changes];
}

/** Days, times and cuts over a picture of this height, with lines down to its bottom. */
export function drawAxis({ axis, size }: Pick<Scene, 'axis' | 'size'>, height: number): Html[] {
  const cuts = axis.stretches
    .filter((stretch) => stretch.cut)
    .map((stretch) => {
      const middle = stretch.x + stretch.width / 2;
      return html`<rect class="cut" x="${stretch.x}" y="${AXIS}" width="${stretch.width}" height="${height - AXIS}"/>
<path class="break" d="M${middle - 5} ${AXIS + 5}l4 -10M${middle + 1} ${AXIS + 5}l4 -10"/>
<text class="small mid" x="${middle}" y="${AXIS - 8}">${cutLabel(stretch, size.name === 'narrow')}</text>
`;
    });
  const lines = axis.stretches
    .filter((stretch) => !stretch.cut)
    .map((stretch) => html`<path class="axis" d="M${stretch.x} ${AXIS}h${stretch.width}"/>`);
  let daysEnd = -Infinity;
  let labelsEnd = -Infinity;
  const ticks = axis.ticks(size.tickApart).map((tick) => {
    const named = size.name === 'narrow' && tick.day !== undefined ? shortDay(tick.day) : tick.day;
    const x = Math.min(Math.max(tick.x, 16), size.width - 17);
    const day = x - 16 > daysEnd ? named : undefined;
    const dayAt = Math.min(x - 16, size.width - (day ?? '').length * (CHARACTER + 1));
    if (day !== undefined) daysEnd = dayAt + day.length * (CHARACTER + 1) + 6;
    const label = tick.label !== '' && tick.x - 16 > labelsEnd ? tick.label : undefined;
    if (label !== undefined) labelsEnd = tick.x + 18;
    return html`<path class="grid" d="M${tick.x} ${AXIS - 4}V${height}"/>
${day !== undefined && html`<text class="day" x="${dayAt}" y="12">${day}</text>`}
${label !== undefined && html`<text class="small mid" x="${x}" y="27">${label}</text>`}
`;
  });
  return [...cuts, ...lines, ...ticks];
}

function notRunRow(wave: Wave, { size }: Scene, top: number): Html {
  return html`<g>${title(wave.name, `not run, ${amount(wave.nodes, 'node')} untouched`, top)}
<path class="base" d="M10 ${top + TITLE}H${size.width - 10}"/></g>`;
}

function waveRow(wave: Wave, scene: Scene, top: number): Html {
  const { run, size, axis } = scene;
  const strip = size.node * LEVELS;
  const base = top + TITLE + strip;
  const parts = run.extra.timeline.filter((part) => part.wave === wave.name);
  const nodes = nodesOf(run).filter((node) => node.wave === wave.name);
  const words = `${amount(wave.nodes, 'node')}: ${outcomeWords(wave.outcomes)}`;
  const room = Math.floor((size.width - 30 - wave.name.length * 8) / CHARACTER);
  const [from = 0, to = 0] = [axis.stretches[0]?.from, axis.stretches.at(-1)?.to];
  const seen = parts.filter((part) => part.what === 'window' && part.to > from && part.from < to);
  const windows = seen.map(
    (part) =>
      html`<rect class="window" x="${axis.x(part.from)}" y="${top + TITLE}" width="${width(axis, part)}" height="${strip}">
<title>window ${when(part, scene)}</title></rect>`,
  );
  const ranTo = Math.max(0, ...parts.filter((part) => part.what === 'run').map((part) => part.to));
  return html`<g>
${title(wave.name, clip(words, room), top)}
${windows}
<path class="base" d="M10 ${base}H${size.width - 10}"/>
${parts.filter((part) => part.what !== 'window' && part.what !== 'run').map((part) => waiting(part, scene, base))}
${drawNodes(nodes, { ...scene, base, levels: LEVELS, fallback: ranTo })}
${verdictMark(wave, scene, base)}
</g>`;
}

/** Soak, verification and hold: lines with their names, after the nodes' work. */
function waiting(part: RunExtra['timeline'][number], scene: Scene, base: number): Html {
  const { axis } = scene;
  const [from, to] = [axis.x(part.from), axis.x(part.to)];
  const word = { soak: 'soak', verify: 'asked again', hold: 'held', window: '', run: '' }[part.what];
  const y = base - 5;
  // The column of the last node may reach as far beyond its instant as a node is wide.
  const aside = scene.size.node + 2;
  const label = to - from > word.length * CHARACTER + aside + 2;
  return html`<path class="${part.what}" d="M${from} ${y}H${to}"><title>${word} ${when(part, scene)}</title></path>
${label && html`<text class="small" x="${from + aside}" y="${y - 6}">${word}</text>`}`;
}

function verdictMark(wave: Wave, scene: Scene, base: number): Html | undefined {
  const { axis, size } = scene;
  const at = verdictTime(wave, scene);
  if (at === undefined) return undefined;
  const x = axis.x(at);
  const word = { pass: 'PASS', fail: 'FAIL', inconclusive: 'HELD', 'not-run': '' }[wave.verdict];
  const text = `${formatLocal(at, scene.timezone)}: ${wave.reasons.map(plain).join('; ')}`;
  // The words stand on the side that has more room.
  const leftward = x > size.width / 2;
  const room = Math.floor(((leftward ? x : size.width - x) - 60) / CHARACTER);
  const spans = html`<tspan class="verdict-word ${wave.verdict}">${word}</tspan><tspan class="words" dx="6">${clip(text, room)}</tspan>`;
  return html`<path class="verdict ${wave.verdict}" d="M${x} ${base + 2}l9 9l-9 9l-9 -9z"><title>${word} ${text}</title></path>
<text class="${leftward ? 'end' : 'start'}" x="${leftward ? x - 14 : x + 14}" y="${base + 15.5}">${spans}</text>`;
}

/** The line above a row: whose it is, and what it came to. */
export function title(name: string, words: string, top: number): Html {
  return html`<text class="name" x="10" y="${top + 13}">${name}<tspan class="words" dx="8">${words}</tspan></text>`;
}

/** A held wave is judged when its hold begins, any other when it ends. */
function verdictTime(wave: Pick<WaveResult, 'name' | 'verdict' | 'endedAt'>, { run }: Scene): number | undefined {
  if (wave.verdict === 'not-run') return undefined;
  const hold = run.extra.timeline.find((part) => part.wave === wave.name && part.what === 'hold');
  if (wave.verdict === 'inconclusive' && hold) return hold.from;
  return instant(wave.endedAt) ?? run.extra.timeline.findLast((part) => part.wave === wave.name && part.what !== 'window')?.to;
}

function exposureRow({ run, size, axis }: Scene, top: number): Html {
  const points = run.extra.exposure.toSorted((a, b) => a.at - b.at);
  const [first, last] = [points[0]?.nodes ?? 0, points.at(-1)?.nodes ?? 0];
  const unknown = unknownNodes(run).length;
  const nobody = unknown === 0 ? '' : `, of ${grouped(unknown)} nobody knows`;
  const most = Math.max(1, ...points.map((point) => point.nodes));
  const base = top + TITLE + EXPOSURE;
  const y = (nodes: number) => Math.round((base - (nodes / most) * (EXPOSURE - 6)) * 10) / 10;
  const start = axis.x(points[0]?.at ?? 0);
  const end = size.width - 10;
  const steps = points
    .slice(1)
    .map((point) => `H${axis.x(point.at)}V${y(point.nodes)}`)
    .join('');
  const line = `M${start} ${y(first)}${steps}H${end}`;
  return html`<g>
${title('open', `what the policy wants: ${amount(first, 'node')} before, ${grouped(last)} after${nobody}`, top)}
<path class="area" d="${line}V${base}H${start}z"/>
<path class="line" d="${line}"/>
<path class="base" d="M10 ${base}H${end}"/>
</g>`;
}

function width(axis: Axis, { from, to }: Interval): number {
  return Math.max(1, Math.round((axis.x(to) - axis.x(from)) * 10) / 10);
}

function when({ from, to }: Interval, { timezone }: Scene): string {
  return `${formatLocal(from, timezone)} to ${formatLocal(to, timezone)}`;
}
