/** The report's last sections: messages that went out, what it cost, how AWS was used, the policy as it was. */
import { amount, grouped, usd } from '../ui/text.ts';
import { html } from './escape.ts';
import { columns, fold, row, table } from './parts.ts';
import type { NoticeDocument, RunExtra } from '../run/messages.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';

/** 7. Messages. */
export function messagesSection({ document }: EndedRun): Html {
  const { notices } = document;
  return html`<section id="messages"><h2>Messages that went out</h2>
${notices.length === 0 ? html`<p>None.</p>` : notices.map(messageBlock)}</section>`;
}

function messageBlock(notice: NoticeDocument): Html {
  const to = `${notice.channel === 'email' ? 'E-mail' : 'Slack'} to ${notice.audience}`;
  const about = notice.subject === '' ? `${notice.event}, ${notice.wave}` : notice.subject;
  return fold(`${to}: ${about}`, html`<pre>${notice.body}</pre>`);
}

/** What it cost at list price, and which calls were made. */
export function costSection({ document, extra }: EndedRun): Html {
  const { aws } = document;
  const counts = [
    amount(aws.commands.length, 'command'),
    amount(aws.stateTransitions, 'state transition'),
    amount(aws.lambdaInvocations, 'Lambda run'),
  ];
  const parts = extra.cost.map((part) => row([part.name, { class: 'number', of: grouped(part.quantity) }, { class: 'number', of: usd(part.usd) }]));
  const commands = aws.commands.map(
    (sent) => `${sent.document}, ${sent.wave === '' ? 'before the waves' : sent.wave}: ${amount(sent.nodes, 'node')}`,
  );
  const calls = Object.entries(aws.calls).toSorted(([, a], [, b]) => b - a);
  return html`<section id="cost"><h2>Cost</h2>
<p>${counts.join(', ')}: <strong>${usd(aws.costUsd)}</strong> at list price.</p>
${parts.length > 0 && table(['For', 'Quantity', 'Price'], parts, { numbers: ['Quantity', 'Price'] })}
${commands.length > 0 && fold('Commands sent', columns(commands), { paper: false })}
${calls.length > 0 && fold('Calls to AWS APIs', columns(calls.map(([name, count]) => `${name}: ${grouped(count)}`)), { paper: false })}
<p class="aside">Every call was judged by the template’s own IAM policies. ${grantWords(extra)}</p>
</section>`;
}

function grantWords({ unusedGrants }: RunExtra): string {
  if (unusedGrants === 0) return 'Every grant of the template was used.';
  return `${amount(unusedGrants, 'grant')} of the template ${unusedGrants === 1 ? 'was' : 'were'} not needed by this run.`;
}

/** 8. The policy file, word for word. */
export function policySection(policyText: string): Html | undefined {
  if (policyText.trim() === '') return undefined;
  return html`<section id="policy"><h2>Appendix: the policy as it was</h2><pre>${policyText}</pre></section>`;
}
