/** Tells people of an alert, all audiences the same at once, and keeps its ticket. */
import { ticketText } from '../core/triggers/ticket.ts';
import { writeAlert } from '../core/triggers/messages.ts';
import { meansOf, meansWords } from '../core/triggers/stand-in.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { NoticeEvent, Policy } from '../core/model.ts';
import type { Notice } from '../core/notices.ts';
import type { Plan } from '../core/plan.ts';
import type { AlertKind } from '../core/triggers/messages.ts';
import type { Moment, TicketStatus } from '../core/triggers/ticket.ts';
import type { Alert } from '../core/triggers/types.ts';

/** Whom a message goes to: whoever hears about what starts a policy, and where it asks, whoever is asked. */
export async function publishAlert(
  policy: Policy,
  notice: Notice,
  about: { event: NoticeEvent; rollout: string },
  deps: Dependencies,
): Promise<void> {
  for (const [audience, events] of Object.entries(policy.tell)) {
    if (events.includes(about.event) || (about.event === 'approval' && events.includes('exposed')))
      await deps.notices.publish(audience, notice, { ...about, wave: '' });
  }
}

export interface PlannedAlert {
  kind: AlertKind;
  plan: Plan;
  alert: Alert;
  /** Hash of the plan. */
  planHash: string;
  /** When people were first asked, ms. */
  askedAt: number;
  ticket: string;
}

/** The message about a plan that advisories have started: it asks, reminds, or runs by itself. */
export async function tellPlanned({ kind, plan, alert, planHash, askedAt, ticket }: PlannedAlert, deps: Dependencies): Promise<void> {
  const { policy } = plan;
  const notice = writeAlert({
    kind,
    alert,
    policy: policy.name,
    rollout: plan.rollout,
    doing: plan.doing ?? 'patch',
    document: standInWords(plan),
    waves: plan.waves.map(({ name, nodes }) => ({ name, nodes: nodes.length })),
    seconds: plan.waves.reduce((sum, wave) => sum + wave.expectedSeconds, 0) + policy.waves.reduce((sum, wave) => sum + wave.soak, 0),
    leftOut: plan.leftOutNodes.map(({ why }) => why),
    warnings: warningsOf(plan),
    plan: planHash.slice(0, 4),
    finishWithin: policy.finishWithin,
    askedAt,
    ticket,
    now: deps.now(),
    timezone: timezoneOf(policy, plan),
  });
  await publishAlert(policy, notice, { event: kind === 'runs' ? 'exposed' : 'approval', rollout: plan.rollout }, deps);
}

/** What people have to know of a plan before they decide about it. */
export function warningsOf({ waves, unseenHooks = [] }: Plan): string[] {
  const closed = waves.flatMap((wave) => (wave.closed === undefined ? [] : [`${wave.name}: nothing starts. ${wave.closed}`]));
  return [...closed, ...unseenHooks];
}

/** A zone that people of this policy read the clock in. */
export function timezoneOf(policy: Policy, plan?: Plan): string {
  return plan?.waves.find(({ window }) => window)?.window?.timezone ?? policy.plan?.timezone ?? 'UTC';
}

/** What the plan runs instead of a patch or, where it patches, what the policy would run. */
function standInWords({ documents, policy }: Plan): string | undefined {
  const [pin] = Object.values(documents).flatMap((pins) => pins['mitigate-linux'] ?? pins['mitigate-windows'] ?? []);
  if (pin) return meansWords(pin);
  return policy.whileNoFix && meansWords(meansOf(policy.whileNoFix));
}

export interface TicketNews {
  policy: string;
  alert: Alert;
  status: Exclude<TicketStatus, 'Resolved'>;
  rollout: string;
  timeline: Moment[];
}

/** Opens the ticket about an alert, or brings the open one up to date. Answers its id; empty where there is none to be had. */
export async function keepTicket(news: TicketNews, deps: Dependencies): Promise<string> {
  const { policy, alert } = news;
  const text = ticketText(news);
  const row = await deps.record.ticket(policy, alert.subject);
  if (row && row.resolvedAt === undefined && row.item !== '') {
    await deps.tickets.update(row.item, text);
    return row.item;
  }
  const item = (await deps.tickets.open(text)) ?? '';
  if (item === '') deps.log.warn('Systems Manager would not open a ticket', { policy, subject: alert.subject });
  await deps.record.putTicket({ policy, subject: alert.subject, item, openedAt: new Date(deps.now()).toISOString() });
  return item;
}

/** What the record says of a rollout, for a ticket's timeline and for the last message. */
export async function momentsOf(rollout: string, deps: Dependencies): Promise<Moment[]> {
  const events = await deps.record.events(rollout);
  return events.map(({ at, what, wave, who, why }) => ({ at: Date.parse(at), text: momentWords({ what, wave, who, why }) }));
}

function momentWords({ what, wave = '', who, why }: { what: string; wave?: string | undefined; who: string; why: string }): string {
  const where = wave === '' ? '' : ` ${wave}`;
  const words: Record<string, string> = {
    approval: 'a person was asked',
    reminder: 'asked again: nobody had answered',
    approve: `approved by ${who}: ${why}`,
    abort: `aborted by ${who}: ${why}`,
    resume: `resumed by ${who}: ${why}`,
    passed: `wave${where} passed: ${why}`,
    held: `held at${where}: ${why}`,
    failed: `stopped at${where}: ${why}`,
    done: `the rollout ended: ${why}`,
    exposed: why,
  };
  return words[what] ?? `${what}: ${why}`;
}
