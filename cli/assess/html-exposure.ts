/** What the fleet is exposed to, as a section of the assessment. */
import type { ExposedTo, FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import { partlyWords, unspokenWords, WHO_TELLS } from './text.ts';
import type { Judged } from './text.ts';
import { html } from '../report/escape.ts';
import type { Html } from '../report/escape.ts';
import { row, table } from '../report/parts.ts';
import type { Row } from '../report/parts.ts';
import { amount, grouped } from '../ui/text.ts';
import { ids } from './html-ids.ts';

/** Rows on the page; `--json` has all. */
const SHOWN = 100;
const CVES = 3;
/** Ids a row: a hundred rows with a whole fleet each would be too large a page. */
const IDS = 200;

/** The section; without advisories it says so. */
export function exposureSection({ exposure, problems }: Judged): Html {
  const wrong = problems.length > 0 && html`<ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`;
  if (!exposure) {
    return html`<section id="exposure"><h2>Exposure</h2><p>Not looked at: no advisories were read. <code>--feeds FOLDER</code> reads them
from files, without it they come from the vendors’ sites.</p>${wrong}</section>`;
  }
  const { advisories, judged, unknown, unspoken, partly, exposed, exploited, oldest, by, endOfLife, inspector } = exposure;
  const age = oldest !== undefined && `, the oldest of it from ${oldest.slice(0, 16).replace('T', ' ')} UTC`;
  const shown = by.slice(0, SHOWN);
  // Who looks for a node must not read from cut lists that it is exposed to nothing.
  const finds = shown.length === by.length && shown.every(({ nodes }) => nodes.length <= IDS);
  return html`<section id="exposure"><h2>Exposure</h2>
<p class="big">${grouped(exposed.length)} of ${amount(judged, 'node')} with inventory ${exposed.length === 1 ? 'is' : 'are'} exposed,
${grouped(exploited.length)} of them to what is known to be exploited.</p>
<p class="aside">${amount(advisories, 'advisory', 'advisories')} were held against SSM Inventory${age}.
Inventory lists what is installed and says neither what runs nor, on Debian and Ubuntu, which source it was built from: “probable” there.</p>
${unknown.length > 0 && html`<p class="look">No inventory for ${amount(unknown.length, 'node')}: whether they are exposed, nobody knows.</p>${ids(unknown)}`}
${unspoken.map((silent) => html`<p class="look">${unspokenWords(silent)}.</p>${ids(silent.nodes)}`)}
${partly.map((part) => html`<p class="look">${partlyWords(part)}. To do: ${WHO_TELLS}.</p>${ids(part.nodes)}`)}
${endOfLife.map(
  ({
    release,
    since,
    nodes,
  }) => html`<p class="look">${release} gets no ordinary security updates since ${since}: ${amount(nodes.length, 'node')}.</p>
${ids(nodes)}`,
)}
${inspector && opinion(inspector)}
${wrong}
${shown.length > 0 && table(['Advisory', 'Packages', 'Severity', 'State', 'CVEs', 'Nodes'], shown.map(exposureRow), { finds })}
${!finds && html`<p class="aside">Not searched by “Find”: not every node stands here.</p>`}
${by.length > SHOWN && html`<p class="aside">${grouped(by.length - SHOWN)} more stand in the JSON.</p>`}
</section>`;
}

function exposureRow({ advisory, title, severity, knownExploited, epss, state, packages, cves, nodes }: ExposedTo): Row {
  const grave = knownExploited === undefined ? severity : `${severity}, known exploited`;
  const chance = epss !== undefined && html`<span class="sub">EPSS ${(epss * 100).toFixed(1)} %</span>`;
  const more = cves.length > CVES ? ` and ${cves.length - CVES} more` : '';
  return row([
    { class: 'name', of: [advisory, html`<span class="sub">${title}</span>`] },
    { class: 'packages', of: packages.join(', ') },
    { class: knownExploited === undefined ? 'grade' : 'grade bad', of: [grave, chance] },
    state,
    { class: 'cves', of: `${cves.slice(0, CVES).join(', ')}${more}` },
    { class: 'nodes', of: ids(nodes, { paper: false, most: IDS }) },
  ]);
}

function opinion({ looks, onlyInspector, onlyWe }: NonNullable<FleetExposure['inspector']>): Html {
  return html`<h3>Amazon Inspector’s opinion</h3><p>It looks at ${amount(looks, 'node')}. It has findings where we have none on ${grouped(onlyInspector.length)}:
it also counts what is unfixed, and libraries of applications. It has none where we have some on ${grouped(onlyWe.length)}.</p>
${onlyInspector.length > 0 && ids(onlyInspector)}${onlyWe.length > 0 && ids(onlyWe)}`;
}
