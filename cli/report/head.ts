/** The report's head: the whole run in one sentence, how it ended, and what identifies it. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { aheadNodes, moodOf, nodesOf, statusWord, stillExposed, timezoneOf, unknownNodes } from '../ui/facts.ts';
import { amount, grouped, plain, realTime, wholeHash } from '../ui/text.ts';
import { html } from './escape.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';

const STAMPS = { succeeded: 'SUCCEEDED', failed: 'STOPPED', held: 'HELD' } as const;
const MODES = { observe: 'observe: nothing may be changed', approve: 'approve: a person decides', auto: 'auto: nobody is asked' } as const;

/** The whole run in one sentence. */
export function sentence(run: EndedRun): string {
  const { document, extra } = run;
  const start = `${document.policy} ${statusWord(document.status)}`;
  const nodes = nodesOf(run);
  if (nodes.length === 0) return `${start}: no node was in it${extra.reason === '' ? '' : `, because ${plain(extra.reason)}`}.`;
  const good = nodes.filter((node) => moodOf(node.outcome) === 'good').length;
  const left = amount(stillExposed(run).length, 'node');
  const unknown = unknownNodes(run).length;
  const nobody = unknown === 0 ? '' : `, of ${grouped(unknown)} nobody knows`;
  const patched = `${grouped(good)} of ${amount(nodes.length, 'node')} patched`;
  return `${start}: ${patched}, ${reachWords(run)}; what the policy wants is still open on ${left}${nobody}.`;
}

/** Whether the last wave was reached, whether anything went there that was not proven, and whether something else has brought such. */
function reachWords(run: EndedRun): string {
  const { document, result } = run;
  const last = document.waves.at(-1);
  if (last === undefined || last.verdict === 'not-run') return `${last?.name ?? 'production'} was not touched`;
  const unproven = result?.proof.unproven.length ?? 0;
  const ours = `${unproven === 0 ? 'nothing' : amount(unproven, 'item')} unproven`;
  const ahead = aheadNodes(run).length;
  if (ahead === 0) return `${ours} on ${last.name}`;
  return `${ours} installed on ${last.name}, but ${amount(ahead, 'node')} ${ahead === 1 ? 'runs' : 'run'} what something else installed and nobody has proven`;
}

/** The beginning of a hash, for the eye; the whole of it stands with the proof. */
function hashOf(text: string): string {
  return text === '' ? 'none' : wholeHash(text).slice(0, 12);
}

/** 1. The sentence, the stamp, and what identifies this run. `madeAt` is shown as it is. */
export function headSection(run: EndedRun, madeAt: string): Html {
  const { document, extra } = run;
  const timezone = timezoneOf(extra.plan);
  const facts: [string, string][] = [
    ['Rollout', document.rollout],
    ['Mode', extra.plan ? MODES[extra.plan.policy.mode] : 'no plan'],
    ['Began', formatLocal(extra.startedAt, timezone, 'dated')],
    ['Ended', formatLocal(extra.endedAt, timezone, 'dated')],
    ['Took', `${formatDuration(document.virtualSeconds)}, virtual; ${realTime(document.wallMs)} real`],
    ['Time zone', timezone],
    ['Plan', hashOf(extra.planKey)],
    ['Lock', hashOf(document.lock)],
  ];
  return html`<header>
<p class="brand">Wavelock: what one rollout did</p>
<div class="head"><h1>${sentence(run)}</h1><span class="stamp ${document.status}">${STAMPS[document.status]}</span></div>
${extra.reason !== '' && document.status !== 'succeeded' && html`<p class="big">${extra.reason}</p>`}
<dl class="facts">
${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}
</dl>
<p class="aside">This ran on one machine, in virtual time, on the template that <code>cdk deploy</code> ships:
no AWS account was used, and no real node was touched. Report made ${madeAt}.</p>
</header>`;
}
