/** The report's text, section by section, in the order in which people ask. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { moodOf, nextStep, nodesOf, outcomeWords, proofWords, statusWord, stillExposed, timezoneOf, untouched } from '../ui/facts.ts';
import { amount, grouped, plain, realTime } from '../ui/text.ts';
import { instant } from '../ui/times.ts';
import { html } from './escape.ts';
import { SIZES, picture } from './picture.ts';
import { shape } from './strip.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { EndedRun, Mood } from '../ui/facts.ts';
import type { Html } from './escape.ts';

const NAMES_SHOWN = 8;

/** The whole run in one sentence. */
export function sentence(run: EndedRun): string {
  const { document, result, extra } = run;
  const nodes = nodesOf(run);
  if (nodes.length === 0) return `${document.policy} ${statusWord(document.status)}: no node was in it${extra.reason === '' ? '' : `, because ${plain(extra.reason)}`}.`;
  const patched = nodes.filter((node) => moodOf(node.outcome) === 'good').length;
  const last = document.waves.at(-1);
  const unproven = result?.proof.unproven.length ?? 0;
  const reached = last === undefined || last.verdict === 'not-run' ? `${last?.name ?? 'production'} was not touched` : `${unproven === 0 ? 'nothing' : amount(unproven, 'item')} unproven on ${last.name}`;
  return `${document.policy} ${statusWord(document.status)}: ${grouped(patched)} of ${amount(nodes.length, 'node')} patched, ${reached}, ${amount(stillExposed(run).length, 'node')} still exposed.`;
}

/** 1. The sentence, the stamp, and what identifies this run. */
export function headSection(run: EndedRun, madeAt: string): Html {
  const { document, extra } = run;
  const timezone = timezoneOf(extra.plan);
  const facts: [string, string][] = [
    ['Rollout', document.rollout],
    ['Mode', modeWords(run)],
    ['Began', formatLocal(extra.startedAt, timezone, 'dated')],
    ['Ended', formatLocal(extra.endedAt, timezone, 'dated')],
    ['Took', `${formatDuration(document.virtualSeconds)} of virtual time`],
    ['Ran in', realTime(document.wallMs)],
    ['Time zone', timezone],
    ['Report made', madeAt],
  ];
  const hashes: [string, string][] = [
    ['Plan', extra.planKey],
    ['Lock', document.lock === '' ? 'none' : document.lock],
  ];
  return html`<header>
<p class="brand">Wavelock: what one rollout did</p>
<div class="head"><h1>${sentence(run)}</h1><span class="stamp ${document.status}">${{ succeeded: 'SUCCEEDED', failed: 'STOPPED', held: 'HELD' }[document.status]}</span></div>
${extra.reason !== '' && document.status !== 'succeeded' && html`<p class="big">${extra.reason}</p>`}
<dl class="facts">${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}${hashes.map(([term, hash]) => html`<div class="hash"><dt>${term}</dt><dd class="mono">${hash}</dd></div>`)}</dl>
<p class="aside">This ran on one machine, in virtual time, on the template that <code>cdk deploy</code> ships: no AWS account was used, and no real node was touched.</p>
</header>`;
}

function modeWords({ extra }: EndedRun): string {
  const words = { observe: 'observe: nothing may be changed', approve: 'approve: a person decides', auto: 'auto: nobody is asked' };
  return extra.plan ? words[extra.plan.policy.mode] : 'no plan';
}

/** 2. The picture with its legend, and the same as text. */
export function pictureSection(run: EndedRun, anchors: Map<string, string>): Html {
  const pictures = SIZES.map((size) => picture(run, size, anchors));
  return html`<section id="waves"><h2>The waves</h2>
${pictures.some(Boolean) ? html`${pictures}${legend(run)}` : html`<p>No wave was run.</p>`}
${waveTable(run)}
</section>`;
}

function legend(run: EndedRun): Html {
  const moods = new Set(nodesOf(run).map((node) => moodOf(node.outcome)));
  const words: [Mood, string][] = [
    ['good', 'node patched, or had everything'],
    ['look', 'needs a look'],
    ['silent', 'did not answer'],
    ['bad', 'failed'],
  ];
  const parts = new Set(run.extra.timeline.map((part) => part.what));
  const marks = words.filter(([mood]) => moods.has(mood)).map(([mood, text]) => html`<li><svg viewBox="0 0 10 10" aria-hidden="true">${shape(mood, { cx: 5, cy: 5, radius: 4 })}</svg>${text}</li>`);
  return html`<ul class="legend">${marks}
<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="window" width="10" height="10"/></svg>window: nodes may start</li>
${parts.has('soak') && html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><path class="soak" d="M-1 5H12"/></svg>soak: wait, then judge again</li>`}
${parts.has('hold') && html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><path class="hold" d="M-1 5H12"/></svg>held: waits for a person</li>`}
<li><svg viewBox="0 0 10 10" aria-hidden="true"><path class="verdict ${verdictShown(run)}" d="M5 0l5 5l-5 5l-5 -5z"/></svg>verdict</li>
<li><svg viewBox="0 0 10 10" aria-hidden="true"><path class="break" d="M1 10l3 -10M6 10l3 -10"/></svg>time cut out, as long as it says</li>
<li>bars where there is no room for a mark a node</li></ul>`;
}

function verdictShown({ document }: EndedRun): string {
  return document.waves.find((wave) => wave.verdict !== 'not-run')?.verdict ?? 'pass';
}

function waveTable(run: EndedRun): Html {
  const { document, extra } = run;
  const timezone = timezoneOf(extra.plan);
  const at = (iso: string) => {
    const time = instant(iso);
    return time === undefined ? '' : formatLocal(time, timezone);
  };
  const rows = document.waves.map((wave) => {
    const work = extra.inWork.find((entry) => entry.wave === wave.name);
    const silent = untouched(document, wave.name) ? `no command was sent to any of its ${amount(wave.nodes, 'node')}` : 'its nodes got no patch command';
    const reasons = wave.verdict === 'not-run' ? [silent] : wave.reasons;
    return html`<tr><td class="name">${wave.name}</td><td class="outcome ${wave.verdict}">${wave.verdict === 'not-run' ? 'not run' : wave.verdict}</td><td>${reasons.map((reason) => html`<div>${reason}</div>`)}</td><td>${wave.verdict === 'not-run' ? '' : outcomeWords(wave.outcomes)}</td><td>${work ? `${work.most} of ${work.allowed}` : ''}</td><td>${at(wave.startedAt)}</td><td>${at(wave.endedAt)}</td></tr>`;
  });
  return html`<div class="wide-table"><table><thead><tr><th>Wave</th><th>Verdict</th><th>Why</th><th>Nodes</th><th>At once</th><th>Began</th><th>Judged</th></tr></thead><tbody>${rows}</tbody></table></div>
<p class="aside">“At once”: most nodes in work at the same time, of those allowed. Commands that started outside a window: ${extra.outsideWindow}.</p>
${notes(run)}`;
}

function notes({ extra }: EndedRun): Html | undefined {
  if (extra.notes.length === 0) return undefined;
  const timezone = timezoneOf(extra.plan);
  return html`<h3>On the way</h3><ul>${extra.notes.map((note) => html`<li>${formatLocal(note.at, timezone)}${note.wave !== '' && `, ${note.wave}`}: ${note.text}</li>`)}</ul>`;
}

/** 3. What is left, before any success. */
export function leftSection(run: EndedRun, anchors: Map<string, string>): Html {
  const left = stillExposed(run);
  const groups = new Map<string, NodeResult[]>();
  for (const node of left) {
    const key = JSON.stringify([node.wave, node.outcome, node.reason]);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const rows = [...groups.values()].map((nodes) => leftRow(nodes, anchors));
  const table = html`<div class="wide-table"><table><thead><tr><th>Still exposed</th><th>Wave</th><th>Outcome</th><th>Why</th><th>Next step</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  return html`<section id="left"><h2>What is left</h2>
${left.length === 0 ? html`<p class="big">Nothing: on every node of the plan, all that the policy wants is closed.</p>` : table}
${leftOut(run)}
</section>`;
}

function leftRow(nodes: NodeResult[], anchors: Map<string, string>): Html | undefined {
  const [first] = nodes;
  if (!first) return undefined;
  const links = nodes.map((node, index) => html`${index > 0 && ', '}<a href="#${anchors.get(node.id) ?? 'nodes'}">${node.name}</a>`);
  const names = nodes.length <= NAMES_SHOWN ? links : html`<details class="print"><summary>${amount(nodes.length, 'node')}</summary>${links}</details>`;
  return html`<tr><td>${names}</td><td>${first.wave}</td><td class="outcome ${moodOf(first.outcome)}">${first.outcome}</td><td>${first.reason}</td><td>${nextStep(first.outcome)}</td></tr>`;
}

function leftOut({ extra }: EndedRun): Html | undefined {
  const nodes = extra.plan?.leftOutNodes ?? [];
  const items = extra.plan?.leftOutItems ?? [];
  if (nodes.length + items.length === 0) return undefined;
  const byWhy = new Map<string, string[]>();
  for (const node of nodes) byWhy.set(node.why, [...(byWhy.get(node.why) ?? []), node.name === node.id ? node.id : `${node.name} (${node.id})`]);
  const rows = [...byWhy].map(([why, names]) => html`<tr><td>${names.length <= NAMES_SHOWN ? names.join(', ') : html`<details class="print"><summary>${amount(names.length, 'node')}</summary>${names.join(', ')}</details>`}</td><td>${why}</td></tr>`);
  const itemRows = items.map((item) => html`<tr><td>${item.name}, ${item.platform}</td><td>${item.why}</td></tr>`);
  return html`<h3>Left out of the plan</h3><div class="wide-table"><table><thead><tr><th>What</th><th>Why</th></tr></thead><tbody>${rows}${itemRows}</tbody></table></div>`;
}

/** The line that says whether anything unproven went out, with what it was. */
export function proofLine(run: EndedRun): Html {
  const { good, text } = proofWords(run);
  const unproven = run.result?.proof.unproven ?? [];
  return html`<p class="big ${good ? 'good' : 'bad'}">${text.charAt(0).toUpperCase()}${text.slice(1)}.</p>
${unproven.length > 0 && html`<ul class="columns">${unproven.map((key) => html`<li>${key}</li>`)}</ul>`}`;
}
