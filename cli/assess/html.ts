/** `out/assessment.html`: one file that needs no script and prints on A4. Coverage first, then what is exposed, what is in the way, and every list. */
import type { Assessment, Coverage } from '../../lambdas/core/survey/assessment.ts';
import type { Blind } from '../../lambdas/core/survey/model.ts';
import { html } from '../report/escape.ts';
import type { Html, Part } from '../report/escape.ts';
import { page } from '../report/page.ts';
import { columns, findBox, fold, row, table } from '../report/parts.ts';
import { SCRIPT } from '../report/script.ts';
import { amount, grouped } from '../ui/text.ts';
import { exposureSection } from './html-exposure.ts';
import { ids } from './html-ids.ts';
import { listCounts, listSections } from './html-lists.ts';
import type { Places } from './files.ts';
import { blindSentence, known, minute, type Judged } from './text.ts';

export interface ReportInput {
  assessment: Assessment;
  judged: Judged;
  /** Regions that are switched on and were not looked at, by account. */
  otherRegions: Record<string, string[]>;
  places: Places;
  /** Whether a fleet file was written: there may be nothing to simulate. */
  isFleet: boolean;
  policyText: string;
}

/** More places than these are folded. */
const PLACES = 4;

/** The bars of the first screen, and the larger lists, whose ids must break. */
const STYLE = `
.overview{display:grid;grid-template-columns:1fr 1fr;gap:0 3rem}.overview h2{margin-top:1.5rem}
.bars{display:grid;grid-template-columns:minmax(7rem,auto) 1fr auto;gap:.35rem .9rem;align-items:center;margin:1rem 0;font-size:.95rem}
.bars svg{width:100%;height:1rem;display:block}.bars .count{text-align:right;font-variant-numeric:tabular-nums;font-weight:600}
.bars rect.whole{fill:var(--window)}.bars rect.part{fill:var(--line)}.bars rect.look{fill:var(--look)}.bars rect.bad{fill:var(--bad)}
td.name .sub{white-space:normal;min-width:11rem}td.grade{font-weight:600;min-width:6rem}td.cves{min-width:9rem}td.nodes{min-width:7rem}
ul.ids{list-style:none;margin:0;padding:0;font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.8em;overflow-wrap:anywhere}
ul.ids li{display:inline-block}
@media (max-width:640px){.overview{display:block}}
@media print{.bars,.overview{break-inside:avoid}ul.ids,ul.columns{font-size:6.5pt}}
`;

/** The page. */
export function assessmentHtml(input: ReportInput): string {
  const { assessment, judged } = input;
  const body = html`${head(input)}
<main>
<div class="overview">
${coverageSection(assessment)}
${findingsSection(input)}
</div>
${unseenParts(assessment, input.otherRegions)}
${findBox('i-0abc 222222222222 eu-west-1')}
${exposureSection(judged)}
${obstacleSection(assessment)}
${listSections(assessment.lists)}
${blindSection(assessment.blind)}
${filesSection(input)}
</main>`;
  return page(sentence(assessment.coverage), body, { style: STYLE, script: SCRIPT });
}

/** All of it in one sentence. */
export function sentence({ running, managed, reporting, inPolicy }: Coverage): string {
  const are = inPolicy === 1 ? 'is' : 'are';
  return `Of ${known(running)} machines that run, ${known(managed)} are managed, ${known(reporting)} report, and ${grouped(inPolicy)} ${are} in a policy.`;
}

/** How bad it is, under the first sentence. */
function exposedSentence({ exposure }: Judged): string {
  if (!exposure) return 'Exposure was not looked at: no advisories were read.';
  const { exposed, judged, exploited } = exposure;
  const exploitedWords =
    exploited.length === 0 ? 'none of them to what is known to be exploited' : `${grouped(exploited.length)} to what is known to be exploited`;
  return `${grouped(exposed.length)} of ${amount(judged, 'node')} with inventory ${exposed.length === 1 ? 'is' : 'are'} exposed, ${exploitedWords}.`;
}

function head({ assessment, judged }: ReportInput): Html {
  const { coverage, at, caller, locations } = assessment;
  const exploited = (judged.exposure?.exploited.length ?? 0) > 0;
  return html`<header>
<p class="brand">Wavelock: an assessment of your fleet</p>
<h1>${sentence(coverage)}</h1>
<p class="big${exploited && ' bad'}">${exposedSentence(judged)}</p>
<dl class="facts"><div><dt>Looked at</dt><dd>${minute(at)}</dd></div>
<div class="hash"><dt>Looked as</dt><dd>${caller}</dd></div>
<div><dt>Places</dt><dd>${locations.length <= PLACES ? locations.join(', ') : fold(amount(locations.length, 'place'), locations.join(', '))}</dd></div></dl>
<p class="aside">Made by reading alone: every call describes, lists or gets (<code>wavelock assess --permissions</code>). Nothing was changed.</p>
</header>`;
}

function coverageSection({ coverage }: Assessment): Html {
  const { running, ec2, hybrid, managed, reporting, inPolicy, inProposal } = coverage;
  const whole = Math.max(running ?? 0, managed ?? 0, 1);
  const bars: [string, number | undefined][] = [
    ['Running', running],
    ['Managed', managed],
    ['Reporting', reporting],
    ['In a policy', inPolicy],
    ['In the proposal', inProposal],
  ];
  return html`<section id="coverage"><h2>Coverage</h2>
<div class="bars">${bars.map(([label, count]) => bar({ label, count, whole, mood: 'part' }))}</div>
<p class="aside">${known(ec2)} EC2 instances run, and ${known(hybrid)} nodes outside EC2 are registered.
Reporting: their agents answer. The proposed policy takes what is managed, patchable, and not replaced by a group.</p>
</section>`;
}

/** What somebody should look at, as a picture that leads to each list. */
function findingsSection({ assessment, judged }: ReportInput): Html {
  const { coverage, lists, obstacles, blind } = assessment;
  const whole = Math.max(coverage.running ?? 0, coverage.managed ?? 0, 1);
  const { exposed, exploited } = judged.exposure ?? {};
  const found = [
    { id: 'exposure', label: 'Exposed', count: exposed?.length, mood: 'look' },
    { id: 'exposure', label: 'Known exploited', count: exploited?.length, mood: 'bad' },
    ...listCounts(lists).map(({ id, title, count }) => ({ id, label: title, count, mood: 'look' })),
  ];
  return html`<section id="findings"><h2>What to look at</h2>
<div class="bars">${found.map(({ id, label, count, mood }) => bar({ id, label, count, whole, mood }))}</div>
<p class="aside"><a href="#obstacles">${amount(obstacles.length, 'thing')}</a> would stop a rollout or leave nodes out.${
    blind.length > 0 && html` <a href="#blind">${amount(blind.length, 'thing')}</a> could not be seen.`
  }</p>
</section>`;
}

/** What is not in the numbers. */
function unseenParts({ stoppedAt, otherAccounts }: Assessment, otherRegions: Record<string, string[]>): Part {
  const unseen = Object.entries(otherRegions).filter(([, regions]) => regions.length > 0);
  const regions = unseen.reduce((sum, [, names]) => sum + names.length, 0);
  return [
    stoppedAt !== undefined && html`<p class="big look">Reading stopped at --max ${grouped(stoppedAt)}: there are more nodes.</p>`,
    otherAccounts.length > 0 &&
      fold(
        `Not looked at: ${amount(otherAccounts.length, 'account')} of the organization`,
        columns(otherAccounts.map(({ id, name }) => `${id} ${name}`)),
      ),
    unseen.length > 0 &&
      fold(
        `Not looked at: ${amount(regions, 'Region')} that ${regions === 1 ? 'is' : 'are'} switched on (--region all looks everywhere)`,
        columns(unseen.map(([account, names]) => `${account}: ${names.join(', ')}`)),
      ),
  ];
}

interface Bar {
  /** Of the section that it leads to. */
  id?: string;
  label: string;
  count: number | undefined;
  whole: number;
  mood: string;
}

function bar({ id, label, count, whole, mood }: Bar): Html {
  const width = Math.min(100, Math.round(((count ?? 0) / whole) * 1000) / 10);
  return html`<span>${id === undefined ? label : html`<a href="#${id}">${label}</a>`}</span>
<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}: ${known(count)} of ${grouped(whole)}">
<rect class="whole" width="100" height="10"/><rect class="${mood}" width="${width}" height="10"/></svg>
<span class="count">${known(count)}</span>
`;
}

function obstacleSection({ obstacles }: Assessment): Html {
  const title = html`<h2>What would stop a rollout</h2>`;
  if (obstacles.length === 0) return html`<section id="obstacles">${title}<p class="big">Nothing that can be seen from here.</p></section>`;
  const rows = obstacles.map(({ what, next, nodes }) =>
    row([
      { class: 'why', of: what },
      { class: 'why', of: next },
      { class: 'nodes', of: nodes.length > 0 ? ids(nodes, { paper: false }) : '' },
    ]),
  );
  return html`<section id="obstacles">${title}${table(['What', 'Next step', 'Nodes'], rows, { finds: true })}</section>`;
}

function blindSection(blind: Blind[]): Html | undefined {
  if (blind.length === 0) return undefined;
  return html`<section id="blind"><h2>What could not be seen</h2>
<p>Lists that need these say “not seen”, or hold only what the other places showed.</p>
<ul>${blind.map(
    (line) => html`<li>${blindSentence(line)}</li>
`,
  )}</ul></section>`;
}

function filesSection({ places, isFleet, policyText }: ReportInput): Html {
  return html`<section id="next"><h2>What was written, and what is next</h2>
<ul>
${
  isFleet
    ? html`<li><code>${places.fleet}</code>: your fleet, to be simulated.
<code>npm start -- --fleet ${places.fleet} --policy ${places.policy}</code> plans its next patch night on this machine.</li>`
    : html`<li>No fleet file: no machine was seen that could be simulated.</li>`
}
<li><code>${places.policy}</code>: a proposal, in mode observe. It sends nothing.</li>
</ul>
${fold('The proposed policy', html`<pre>${policyText}</pre>`)}
</section>`;
}
