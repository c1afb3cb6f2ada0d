/** The text of a ticket about something that started a policy. Its key names it: as long as it is open, there is one. */
import { plainText } from '../advisory.ts';
import { formatLocal } from '../calendar.ts';
import type { Alert } from './types.ts';

export interface TicketText {
  /** At most 512 characters (Systems Manager User Guide, "Reducing duplicate OpsItems"). */
  key: string;
  title: string;
  description: string;
  status: TicketStatus;
  /** Shown beside it, searchable. */
  data: Record<string, string>;
}

export type TicketStatus = 'Open' | 'InProgress' | 'Resolved';

/** What changes of a ticket; the rest stays as it is. */
export type TicketChange = Pick<TicketText, 'status' | 'description'> & Partial<TicketText>;

export interface Moment {
  at: number;
  text: string;
}

export interface TicketFacts {
  policy: string;
  alert: Alert;
  status: TicketStatus;
  /** The newest rollout about it; empty before there is one. */
  rollout: string;
  /** What happened, oldest first. */
  timeline: Moment[];
}

/** SSM API reference, CreateOpsItem: Title up to 1,024 characters, Description up to 2,048. */
const TITLE_LIMIT = 300;
const DESCRIPTION_LIMIT = 2_000;
/** The value of a tag has up to 256 characters, and eight of them leave no room for anything else. */
const NAME_LIMIT = 60;
const OUTSIDE_SHOWN = 8;

/** Writes the ticket as it stands now. The newest of the timeline are kept when it grows too long. */
export function ticketText({ policy, alert, status, rollout, timeline }: TicketFacts): TicketText {
  const packages = alert.packages.length === 0 ? '' : ` (${alert.packages.join(', ')})`;
  const services = alert.services.slice(0, 8).map(({ name, exposed, of }) => `${plainText(name, NAME_LIMIT)} ${exposed} of ${of}`);
  const head = [
    `${alert.reason}.`,
    `Reached ${alert.nodes} nodes: a fix for ${alert.fixable}, none yet for ${alert.awaiting}, ${alert.blocked} cannot have it as they are.`,
    ...(services.length === 0 ? [] : [`Services: ${services.join(', ')}.`]),
    `Advisories: ${alert.advisories
      .slice(0, 8)
      .map(({ advisory }) => advisory)
      .join(', ')}.`,
    `Policy ${policy}${rollout === '' ? '' : `, rollout ${rollout}`}. Resolved by evidence when no node that the policy names is exposed any more.`,
    '',
  ].join('\n');
  return {
    key: ticketKey(policy, alert.subject),
    title: `${alert.subject}${packages}: ${alert.nodes} nodes exposed`.slice(0, TITLE_LIMIT),
    description: `${head}${newest(timeline, DESCRIPTION_LIMIT - head.length)}`.slice(0, DESCRIPTION_LIMIT),
    status,
    data: { policy, subject: alert.subject, ...(rollout === '' ? {} : { rollout }) },
  };
}

/** The last word of a ticket: what it was about stays in its title. `outside`: names of nodes that are exposed and that the policy does not reach. */
export function resolvedText(reason: string, outside: string[], timeline: Moment[]): TicketChange {
  const more = outside.length > OUTSIDE_SHOWN ? ` and ${outside.length - OUTSIDE_SHOWN} more` : '';
  const others = outside.slice(0, OUTSIDE_SHOWN).map((name) => plainText(name, NAME_LIMIT));
  const rest = outside.length === 0 ? '' : ` Still exposed, out of its reach: ${others.join(', ')}${more}.`;
  const head = `Resolved: ${reason}.${rest}\n\n`;
  return { status: 'Resolved', description: `${head}${newest(timeline, DESCRIPTION_LIMIT - head.length)}` };
}

/** What deduplicates it. */
export function ticketKey(policy: string, subject: string): string {
  return `wavelock ${policy} ${subject}`;
}

function newest(timeline: Moment[], room: number): string {
  const lines: string[] = [];
  let left = room;
  for (const { at, text } of timeline.toReversed()) {
    const line = `${formatLocal(at, 'UTC', 'dated')} UTC  ${text}`;
    left -= line.length + 1;
    if (left < 0) break;
    lines.unshift(line);
  }
  return lines.join('\n');
}
