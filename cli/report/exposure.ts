/** The report's section on exposures: how many were open when, how fast they were closed, which deadlines were met, what is open for longest. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { afterWord, closedCves, nodesOf, timezoneOf } from '../ui/facts.ts';
import { amount, grouped } from '../ui/text.ts';
import { html } from './escape.ts';
import { exposureLine } from './exposure-line.ts';
import { columns, fold, row, table } from './parts.ts';
import { SIZES } from './picture.ts';
import type { ClosedCve, ExposureHistory } from '../../lambdas/core/exposures/history.ts';
import type { OldestOpen } from '../../lambdas/core/exposures/speed.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';
import type { Row } from './parts.ts';

/** More CVEs than these are folded: the known exploited and the gravest come first. */
const CVES_SHOWN = 30;
const CVE_HEADS = ['CVE', 'Grade', 'Known exploited', 'EPSS', 'First seen', 'Closed', 'Hours', 'Nodes', 'Left', 'Deadline'];

/** 5. What was closed. Where exposures were never reckoned it says so, and what the rollout itself knows. */
export function exposureSection(run: EndedRun): Html {
  const { history } = run.extra;
  return html`<section id="closed"><h2>Exposure closed</h2>
${history ? historyParts(history, run) : withoutHistory(run)}</section>`;
}

function withoutHistory(run: EndedRun): Html {
  const cves = closedCves(run);
  const nodes = nodesOf(run).filter((node) => node.exposedBefore && !node.exposedAfter).length;
  return html`<p>Exposures were not reckoned in this run: nothing is known of times, deadlines and what is open elsewhere.</p>
${
  cves.size > 0 &&
  html`<p>${amount(nodes, 'node')} ${nodes === 1 ? 'has' : 'have'} everything that the policy wants now.
What that closed, of the CVEs that advisories name, and on how many nodes:</p>
${columns([...cves].map(([cve, count]) => `${cve}: ${amount(count, 'node')}`))}`
}`;
}

function historyParts(history: ExposureHistory, run: EndedRun): Html {
  const { before, after, times } = history;
  const timezone = timezoneOf(run.extra.plan);
  return html`<p class="big">${amount(before.exposed, 'node')} exposed before, ${grouped(after.exposed)} ${afterWord(run.document)}.
Known exploited: ${amount(before.knownExploited, 'exposure')} before, ${grouped(after.knownExploited)} ${afterWord(run.document)}.</p>
<p class="aside">The whole fleet, to any advisory that is known here: also what the policy does not want, and what has no fix. “What is left” counts what it wants. An exposure is one advisory on one node; nodes of which nothing is known
(${grouped(after.unknown)} of ${grouped(after.nodes)}) and those with an exception are not counted.</p>
${history.line.length > 0 ? SIZES.flatMap((size) => exposureLine(run, size) ?? []) : html`<p>No exposure was open since the run began.</p>`}
<h3>Time to patch</h3>
${times.length > 0 ? timesTable(history) : html`<p>No exposure was closed by a patch, so there is no time to tell.</p>`}
${history.otherwise > 0 && html`<p class="aside">${amount(history.otherwise, 'exposure')} ended without a patch, because the advisory was withdrawn or speaks of other versions now: not counted.</p>`}
<h3>Deadlines</h3>
${deadlines(history)}
<p>${oldestWords(history.oldest, run.extra.endedAt, timezone)}</p>
<h3>CVEs closed</h3>
${history.cves.length > 0 ? cveTables(history.cves, timezone) : html`<p>None.</p>`}`;
}

function timesTable({ times }: ExposureHistory): Html {
  const rows = times.map(({ group, pairs, median, p90 }) =>
    row([
      { class: 'name', of: group },
      { class: 'number', of: grouped(pairs) },
      { class: 'number', of: formatDuration(median) },
      { class: 'number', of: formatDuration(p90) },
    ]),
  );
  return html`${table(['Grade', 'Exposures', 'Median', '90 % within'], rows, { numbers: ['Exposures', 'Median', '90 % within'] })}
<p class="aside">From the moment at which the exposure was known here and a fix was out to the moment at which the node was seen to be clear.
Known exploited ones are not in their grade’s line. Each figure is a time that really occurred (nearest rank), none lies between two.</p>`;
}

function deadlines({ deadlines: counts }: ExposureHistory): Html {
  if (counts.length === 0) return html`<p>Nothing that was patched had a deadline, and nothing is overdue.</p>`;
  const rows = counts.map(({ rule, met, of }) =>
    row([
      rule === '' ? 'a rule of the policy file' : rule,
      { class: `outcome ${met === of ? 'good' : 'bad'}`, of: `met by ${grouped(met)} of ${grouped(of)}` },
    ]),
  );
  return html`${table(['Rule', 'Exposures'], rows)}
<p class="aside">Of those that were patched and those that are open after their date.</p>`;
}

/** `Open for longest: ALAS2023-2026-901 (CVE-2026-31337) on 3 nodes, for 3 d 8 h; due Thu 24 Dec 2026 00:59.` */
function oldestWords(oldest: OldestOpen | undefined, endedAt: number, timezone: string): string {
  if (!oldest) return 'Nothing is open.';
  const { advisory, cves, nodes, seen, due, awaiting } = oldest;
  const [first, ...others] = cves.filter((cve) => cve !== advisory);
  const named = first === undefined ? '' : ` (${first}${others.length > 0 ? ` and ${others.length} more` : ''})`;
  const date =
    due === undefined ? 'no deadline' : `${Date.parse(due) < endedAt ? 'overdue since' : 'due'} ${formatLocal(Date.parse(due), timezone, 'dated')}`;
  const age = formatDuration((endedAt - Date.parse(seen)) / 1000);
  return `Open for longest: ${advisory}${named} on ${amount(nodes, 'node')}, for ${age}; ${date}${awaiting ? '; no vendor has a fix' : ''}.`;
}

function cveTables(cves: readonly ClosedCve[], timezone: string): Html {
  const rows = cves.map((cve) => cveRow(cve, timezone));
  const numbers = ['EPSS', 'Hours', 'Nodes', 'Left'];
  const others = rows.slice(CVES_SHOWN);
  return html`<p class="aside">Patched on any node of the fleet since the run began, whoever patched it. Closed: when the last of these nodes was seen to be clear. Left: nodes that are exposed still. EPSS: the chance of being
exploited within 30 days.</p>
<div class="cves">${table(CVE_HEADS, rows.slice(0, CVES_SHOWN), { numbers })}
${others.length > 0 && fold(`${grouped(others.length)} more`, table(CVE_HEADS, others, { numbers }))}</div>`;
}

function cveRow(cve: ClosedCve, timezone: string): Row {
  return row([
    { class: 'cve', of: [cve.cve, html` <span class="sub">${cve.advisories.join(', ')}</span>`] },
    cve.severity,
    cve.listed === undefined ? 'no' : `since ${cve.listed}${cve.ransomware ? ', ransomware' : ''}`,
    { class: 'number', of: cve.epss === undefined ? 'none' : cve.epss.toFixed(2) },
    momentCell(cve.seen, timezone),
    momentCell(cve.closed, timezone),
    { class: 'number', of: (cve.seconds / 3600).toFixed(1) },
    { class: 'number', of: grouped(cve.nodes) },
    { class: 'number', of: grouped(cve.left) },
    cve.met === undefined ? 'none' : { class: cve.met ? 'good' : 'bad', of: cve.met ? 'met' : 'missed' },
  ]);
}

/** The day over the time: the table has many columns. */
function momentCell(at: string, timezone: string): { class: string; of: Html } {
  const instant = Date.parse(at);
  return { class: 'place', of: html`${formatLocal(instant, timezone, 'day')} <span class="sub">${formatLocal(instant, timezone, 'time')}</span>` };
}
