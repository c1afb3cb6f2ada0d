/** The report's evidence: what was proven where, what was closed, what went out to whom, what it cost. */
import { closedCves, nodesOf } from '../ui/facts.ts';
import { amount, grouped, usd } from '../ui/text.ts';
import { html } from './escape.ts';
import { proofLine } from './sections.ts';
import type { LockPlatform } from '../../lambdas/core/model.ts';
import type { NoticeDocument } from '../run/messages.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';

/** 4. Proof, by platform. */
export function proofSection(run: EndedRun): Html {
  const plan = run.extra.plan;
  const rows = (plan?.candidate ?? []).map((section) => platformRow(section, run));
  const table = html`<div class="wide-table"><table><thead><tr><th>Platform</th><th>Wanted</th><th>Proven on</th><th>Not promoted, and why</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  return html`<section id="proof"><h2>Proof</h2>
${proofLine(run)}
${rows.length > 0 && table}
${(plan?.candidate ?? []).map((section) => itemList(section, run))}
</section>`;
}

function platformRow(section: LockPlatform, run: EndedRun): Html {
  const { document, result } = run;
  const first = document.waves[0];
  const needed = run.extra.plan?.policy.waves[0]?.promoteWhen.provenOn ?? 1;
  const tested = nodesOf(run).filter((node) => node.wave === first?.name && node.platform === section.platform);
  const healthy = tested.filter((node) => ['patched', 'already-proven', 'restart-pending'].includes(node.outcome));
  const enough = healthy.length >= needed;
  const proven = `${healthy.length} of ${amount(tested.length, 'node')} of wave ${first?.name ?? ''}${healthy.length > 0 ? `: ${healthy.map((node) => node.name).join(', ')}` : ''}`;
  const dropped = (result?.proof.dropped ?? []).filter((text) => text.startsWith(`${section.platform} `)).map((text) => text.slice(section.platform.length + 1));
  return html`<tr><td class="name">${section.platform}</td><td>${wantedWords(section)}</td><td class="${enough ? '' : 'look'}">${proven}${!enough && `; ${needed} needed`}</td><td>${dropped.length === 0 ? 'nothing' : dropped.map((text) => html`<div>${text}</div>`)}</td></tr>`;
}

function wantedWords({ items }: LockPlatform): string {
  const count = (use: string) => items.filter((item) => item.use === use).length;
  const parts = [
    ...(count('update') > 0 ? [amount(count('update'), 'exact version')] : []),
    ...(count('kb') > 0 ? [amount(count('kb'), 'KB')] : []),
    ...(count('dependency') > 0 ? [`${amount(count('dependency'), 'dependency', 'dependencies')} that may come along`] : []),
  ];
  return parts.join(', ');
}

/** The lock as it was planned, with what each item closes. */
function itemList({ platform, items }: LockPlatform, { extra }: EndedRun): Html {
  const fixes = extra.plan?.fixes[platform] ?? {};
  const lines = items.map((item) => {
    const cves = fixes[`${item.name} ${item.arch} ${item.version}`]?.cves ?? [];
    return html`<li>${item.name} ${item.version}${item.use === 'dependency' && ' (dependency)'}${cves.length > 0 && html` <span class="aside">${cves.join(', ')}</span>`}</li>`;
  });
  return html`<details class="print"><summary>${platform}: the ${amount(items.length, 'item')} of the plan</summary><ul class="columns">${lines}</ul></details>`;
}

/** 5. What was closed. */
export function closedSection(run: EndedRun): Html | undefined {
  const cves = closedCves(run);
  if (cves.size === 0) return undefined;
  const nodes = nodesOf(run).filter((node) => node.exposedBefore && !node.exposedAfter).length;
  return html`<section id="closed"><h2>Exposure closed</h2>
<p>${amount(nodes, 'node')} ${nodes === 1 ? 'is' : 'are'} not exposed any more. What was closed, of the CVEs that our advisories name, and on how many nodes:</p>
<ul class="columns">${[...cves].map(([cve, count]) => html`<li>${cve}: ${amount(count, 'node')}</li>`)}</ul></section>`;
}

/** 7. Messages, cost, and how AWS was used. */
export function messagesSection({ document }: EndedRun): Html {
  const { notices } = document;
  return html`<section id="messages"><h2>Messages that went out</h2>
${notices.length === 0 ? html`<p>None.</p>` : notices.map(messageBlock)}</section>`;
}

function messageBlock(notice: NoticeDocument): Html {
  const to = `${notice.channel === 'email' ? 'E-mail' : 'Slack'} to ${notice.audience}`;
  return html`<details class="print"><summary>${to}: ${notice.subject === '' ? `${notice.event}, ${notice.wave}` : notice.subject}</summary><pre>${notice.body}</pre></details>`;
}

/** What it cost at list price, and which calls were made. */
export function costSection({ document, extra }: EndedRun): Html {
  const { aws } = document;
  const parts = extra.cost.map((part) => html`<tr><td>${part.name}</td><td class="number">${grouped(part.quantity)}</td><td class="number">${usd(part.usd)}</td></tr>`);
  const calls = Object.entries(aws.calls).toSorted(([, a], [, b]) => b - a);
  const commands = aws.commands.map((command) => html`<li>${command.document}, ${command.wave === '' ? 'before the waves' : command.wave}: ${amount(command.nodes, 'node')}</li>`);
  return html`<section id="cost"><h2>Cost</h2>
<p>${amount(aws.commands.length, 'command')}, ${amount(aws.stateTransitions, 'state transition')}, ${amount(aws.lambdaInvocations, 'Lambda run')}: <strong>${usd(aws.costUsd)}</strong> at list price.</p>
${parts.length > 0 && html`<div class="wide-table"><table><thead><tr><th>For</th><th class="number">Quantity</th><th class="number">Price</th></tr></thead><tbody>${parts}</tbody></table></div>`}
${commands.length > 0 && html`<details><summary>Commands sent</summary><ul class="columns">${commands}</ul></details>`}
${calls.length > 0 && html`<details><summary>Calls to AWS APIs</summary><ul class="columns">${calls.map(([name, count]) => html`<li>${name}: ${grouped(count)}</li>`)}</ul></details>`}
<p class="aside">Every call was judged by the template's own IAM policies. ${extra.unusedGrants === 0 ? 'Every grant was used.' : `${amount(extra.unusedGrants, 'grant')} of the template ${extra.unusedGrants === 1 ? 'was' : 'were'} not needed by this run.`}</p>
</section>`;
}

/** 8. The policy file as it was. */
export function policySection(policyText: string): Html | undefined {
  return policyText.trim() === '' ? undefined : html`<section id="policy"><h2>Appendix: the policy as it was</h2><pre>${policyText}</pre></section>`;
}
