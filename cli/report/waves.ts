/** The report's section on the waves: the picture with its legend, the same as a table, and what happened on the way. */
import { formatLocal } from '../../lambdas/core/calendar-text.ts';
import { limitWords, moodOf, nodesOf, outcomeWords, timezoneOf, untouched } from '../ui/facts.ts';
import { amount } from '../ui/text.ts';
import { instant } from '../ui/times.ts';
import { html } from './escape.ts';
import { row, table } from './parts.ts';
import { SIZES, picture } from './picture.ts';
import { shape } from './strip.ts';
import type { RunDocument } from '../run/messages.ts';
import type { EndedRun, Mood } from '../ui/facts.ts';
import type { Html } from './escape.ts';
import type { Row } from './parts.ts';

type Wave = RunDocument['waves'][number];

const MOODS: [Mood, string][] = [
  ['good', 'node patched, or had everything'],
  ['look', 'needs a look'],
  ['silent', 'did not answer'],
  ['bad', 'failed'],
];

/** 2. The waves. `anchors`: of the rows of the node table, by node id. */
export function wavesSection(run: EndedRun, anchors: Map<string, string>): Html {
  const pictures = SIZES.flatMap((size) => picture(run, size, anchors) ?? []);
  return html`<section id="waves"><h2>The waves</h2>
${pictures.length > 0 ? [...pictures, legend(run)] : html`<p>No wave was run.</p>`}
${waveTable(run)}
${notes(run)}
</section>`;
}

function legend(run: EndedRun): Html {
  const moods = new Set(nodesOf(run).map((node) => moodOf(node.outcome)));
  const parts = new Set(run.extra.timeline.map((part) => part.what));
  const verdict = run.document.waves.find((wave) => wave.verdict !== 'not-run')?.verdict ?? 'pass';
  const marks = MOODS.filter(([mood]) => moods.has(mood)).map(([mood, words]) => key(shape(mood, { cx: 5, cy: 5, radius: 4 }), words));
  return html`<ul class="legend">${marks}
${parts.has('window') && key(html`<rect class="window" width="10" height="10"/>`, 'window: nodes may start')}
${parts.has('soak') && key(html`<path class="soak" d="M1 5H14"/>`, 'soak: wait, then judge again', true)}
${parts.has('hold') && key(html`<path class="hold" d="M0 5H13"/>`, 'held: waits for a person', true)}
${key(html`<path class="verdict ${verdict}" d="M5 0l5 5l-5 5l-5 -5z"/>`, 'verdict')}
${key(html`<path class="break" d="M1 10l3 -10M6 10l3 -10"/>`, 'time cut out, as long as it says')}
<li>bars where there is no room for a mark a node</li></ul>`;
}

function key(mark: Html, words: string, isLong = false): Html {
  return html`<li><svg${isLong && html` class="long"`} viewBox="0 0 10 10" aria-hidden="true">${mark}</svg>${words}</li>`;
}

function waveTable(run: EndedRun): Html {
  const rows = run.document.waves.map((wave) => waveRow(wave, run));
  return html`${table(['Wave', 'Verdict', 'Why', 'Nodes', 'At once', 'First node', 'Judged'], rows)}
<p class="aside">“At once”: most nodes in work at the same time, of those allowed. “First node”: when work on it began.
Commands that started outside a window: ${run.extra.outsideWindow}.</p>`;
}

function waveRow(wave: Wave, { document, extra }: EndedRun): Row {
  const ran = wave.verdict !== 'not-run';
  const silent = untouched(document, wave.name)
    ? `no command was sent to any of its ${amount(wave.nodes, 'node')}`
    : 'its nodes got no patch command';
  // A wave is opened when the one before it has passed; what people ask is when its nodes were worked on.
  const worked = extra.timeline.find((part) => part.wave === wave.name && part.what === 'run');
  // A reason that only counts outcomes says nothing that the next column does not.
  const spell = (reason: string): string => (reason === outcomeWords(wave.outcomes) ? limitWords(extra.plan, wave) : reason);
  const work = extra.inWork.find((entry) => entry.wave === wave.name);
  return row([
    { class: 'name', of: wave.name },
    { class: `outcome ${wave.verdict}`, of: ran ? wave.verdict : 'not run' },
    { class: 'why', of: (ran ? wave.reasons.map(spell) : [silent]).map((reason) => html`<div>${reason}</div>`) },
    ran && outcomeWords(wave.outcomes),
    work && `${work.most} of ${work.allowed}`,
    timeOf(worked === undefined ? '' : new Date(worked.from).toISOString(), extra),
    timeOf(wave.endedAt, extra),
  ]);
}

function timeOf(iso: string, { plan }: EndedRun['extra']): string | undefined {
  const at = instant(iso);
  return at === undefined ? undefined : formatLocal(at, timezoneOf(plan));
}

function notes({ extra }: EndedRun): Html | undefined {
  if (extra.notes.length === 0) return undefined;
  const timezone = timezoneOf(extra.plan);
  const lines = extra.notes.map(
    (note) => html`<li>${formatLocal(note.at, timezone)}${note.wave !== '' && `, ${note.wave}`}: ${note.text}</li>
`,
  );
  return html`<h3>On the way</h3><ul>
${lines}</ul>`;
}
