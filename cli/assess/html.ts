/** `out/assessment.html`: one file, no script, prints on A4. Coverage first, then what is exposed, what is in the way, and every list. */
import type { Assessment, Coverage } from '../../lambdas/core/survey/assessment.ts';
import type { Blind } from '../../lambdas/core/survey/model.ts';
import { html } from '../report/escape.ts';
import type { Html } from '../report/escape.ts';
import { page } from '../report/page.ts';
import { fold, row, table } from '../report/parts.ts';
import { amount, grouped } from '../ui/text.ts';
import { exposureSection } from './html-exposure.ts';
import { ids } from './html-ids.ts';
import { listSections } from './html-lists.ts';
import type { Places } from './files.ts';
import { blindSentence, known, type Judged } from './text.ts';

export interface ReportInput {
  assessment: Assessment;
  judged: Judged;
  /** Regions that are switched on and were not looked at, by account. */
  otherRegions: Record<string, string[]>;
  places: Places;
  policyText: string;
}

/** Bars of the coverage picture, and the larger lists, whose ids must break. */
const STYLE = `
.coverage{display:grid;grid-template-columns:8rem 1fr 7rem;gap:.35rem .9rem;align-items:center;margin:1rem 0;font-size:.95rem}
.coverage svg{width:100%;height:1.1rem;display:block}.coverage .count{text-align:right;font-variant-numeric:tabular-nums;font-weight:600}
.coverage rect.whole{fill:var(--window)}.coverage rect.part{fill:var(--line)}
td.name .sub{white-space:normal;min-width:11rem}td.grade{font-weight:600;min-width:6rem}td.cves{min-width:9rem}td.nodes{min-width:6rem}
p.ids{margin:0;font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.8em;max-width:none;overflow-wrap:anywhere}
@media print{.coverage{break-inside:avoid}p.ids{font-size:6.5pt}}
`;

/** The page. */
export function assessmentHtml(input: ReportInput): string {
  const { assessment, judged } = input;
  const body = html`${head(assessment)}
<main>
${coverageSection(assessment, input.otherRegions)}
${exposureSection(judged)}
${obstacleSection(assessment)}
${listSections(assessment.lists)}
${blindSection(assessment.blind)}
${filesSection(input)}
</main>`;
  return page(sentence(assessment.coverage), body, { style: STYLE });
}

/** All of it in one sentence. */
export function sentence({ running, managed, reporting, inPolicy }: Coverage): string {
  const are = inPolicy === 1 ? 'is' : 'are';
  return `Of ${known(running)} machines that run, ${known(managed)} are managed, ${known(reporting)} report, and ${grouped(inPolicy)} ${are} in a policy.`;
}

function head({ coverage, at, caller, locations }: Assessment): Html {
  const facts: [string, string][] = [
    ['Looked at', at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')],
    ['Looked as', caller],
    ['Places', locations.join(', ')],
  ];
  return html`<header>
<p class="brand">Wavelock: an assessment of your fleet</p>
<h1>${sentence(coverage)}</h1>
<dl class="facts">${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
<p class="aside">Made by reading alone: every call describes, lists or gets (<code>wavelock assess --permissions</code>). Nothing was changed.</p>
</header>`;
}

function coverageSection({ coverage, stoppedAt, otherAccounts }: Assessment, otherRegions: Record<string, string[]>): Html {
  const { running, ec2, hybrid, managed, reporting, inPolicy, inProposal } = coverage;
  const whole = Math.max(running ?? 0, managed ?? 0, 1);
  const bars: [string, number | undefined][] = [
    ['Running', running],
    ['Managed', managed],
    ['Reporting', reporting],
    ['In a policy', inPolicy],
    ['In the proposal', inProposal],
  ];
  const unseen = Object.entries(otherRegions).filter(([, regions]) => regions.length > 0);
  return html`<section id="coverage"><h2>Coverage</h2>
<div class="coverage">${bars.map(([label, count]) => bar(label, count, whole))}</div>
<p>${known(ec2)} EC2 instances run, and ${known(hybrid)} nodes outside EC2 are registered.
Reporting: their agents answer. The proposed policy takes what is managed, patchable, and not replaced by a group.</p>
${stoppedAt !== undefined && html`<p class="big look">Reading stopped at --max ${grouped(stoppedAt)}: there are more nodes.</p>`}
${otherAccounts.length > 0 && html`<p>Not looked at: ${amount(otherAccounts.length, 'account')} of the organization:
${otherAccounts.map(({ id, name }) => `${id} ${name}`).join(', ')}.</p>`}
${unseen.length > 0 && html`<p class="aside">Regions that are switched on and were not looked at (--region all looks everywhere):
${unseen.map(([account, regions]) => `${account}: ${regions.join(', ')}`).join('; ')}.</p>`}
</section>`;
}

function bar(label: string, count: number | undefined, whole: number): Html {
  const width = Math.round(((count ?? 0) / whole) * 1000) / 10;
  return html`<span>${label}</span>
<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}: ${known(count)}">
<rect class="whole" width="100" height="10"/><rect class="part" width="${width}" height="10"/></svg>
<span class="count">${known(count)}</span>
`;
}

function obstacleSection({ obstacles }: Assessment): Html {
  const title = html`<h2>What would stop a rollout</h2>`;
  if (obstacles.length === 0) return html`<section id="obstacles">${title}<p class="big">Nothing that can be seen from here.</p></section>`;
  const rows = obstacles.map(({ what, next, nodes }) => row([what, next, nodes.length > 0 ? ids(nodes, { paper: false }) : '']));
  return html`<section id="obstacles">${title}${table(['What', 'Next step', 'Nodes'], rows)}</section>`;
}

function blindSection(blind: Blind[]): Html | undefined {
  if (blind.length === 0) return undefined;
  return html`<section id="blind"><h2>What could not be seen</h2>
<p>Lists that need these say “not seen”, or hold only what the other places showed.</p>
<ul>${blind.map((line) => html`<li>${blindSentence(line)}</li>
`)}</ul></section>`;
}

function filesSection({ places, policyText }: ReportInput): Html {
  return html`<section id="next"><h2>What was written, and what is next</h2>
<ul>
<li><code>${places.fleet}</code>: your fleet, to be simulated.
<code>npm start -- --fleet ${places.fleet} --policy ${places.policy}</code> plans its next patch night on this machine.</li>
<li><code>${places.policy}</code>: a proposal, in mode observe. It sends nothing.</li>
</ul>
${fold('The proposed policy', html`<pre>${policyText}</pre>`)}
</section>`;
}
