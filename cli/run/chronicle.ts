/**
 * What happened when, from the first word of an advisory to the last node: read from the record as its owner could, never from what runs.
 * Told once each, in the order in which it happened.
 */
import { amount } from '../ui/text.ts';
import type { Alert } from '../../lambdas/core/triggers/types.ts';
import type { RolloutRow } from '../../lambdas/aws/record.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { openHub } from './record.ts';

/** Services that are named, at most. */
const SERVICES = 3;

export interface Happening {
  /** Virtual ms. */
  at: number;
  text: string;
}

type Hub = ReturnType<typeof openHub>;

export interface Ticket {
  subject: string;
  item: string;
  openedAt: string;
  resolvedAt: string;
}

export interface Chronicle {
  /** A word from outside: what a vendor or CISA has published. */
  note(happening: Happening): void;
  /** Reads the record; answers what is new, oldest first. */
  look(rollout: { row: RolloutRow; plan: Plan } | undefined): Promise<Happening[]>;
  /** Everything so far, oldest first. */
  all(): Happening[];
  tickets(): Ticket[];
  /** Whether something started the policy, and all of it is closed. */
  closed(): boolean;
}

/** The chronicle of one policy that starts by itself. */
export function createChronicle(hub: Hub, policy: string): Chronicle {
  const happened = new Map<string, Happening>();
  let tickets: Ticket[] = [];
  let closed = false;
  const outside: Happening[] = [];

  async function read(rollout: { row: RolloutRow; plan: Plan } | undefined): Promise<Happening[]> {
    const rows = await hub.record.starts(policy);
    closed = rows.length > 0 && rows.every(({ state }) => state === 'closed');
    // Until its plan is there, nobody can say yet what a start is about.
    const told = rows.filter((row) => row.state !== 'started' || rollout !== undefined);
    const subjects = [...new Set(told.map(({ subject }) => subject))];
    const found = (await Promise.all(subjects.map((subject) => hub.record.ticket(policy, subject)))).flatMap((ticket) => ticket ?? []);
    tickets = found.map(({ subject, item, openedAt, resolvedAt = '' }) => ({ subject, item, openedAt, resolvedAt }));
    return [
      ...subjects.map((subject) =>
        foundHere(
          subject,
          told.filter((row) => row.subject === subject),
          rollout?.plan.because,
        ),
      ),
      ...found.flatMap(({ item, openedAt, resolvedAt }) => [
        { at: Date.parse(openedAt), text: `ticket ${item} is opened` },
        ...(resolvedAt === undefined
          ? []
          : [{ at: Date.parse(resolvedAt), text: `no node of the policy is exposed any more: ticket ${item} is resolved, and everybody hears it` }]),
      ]),
      ...(rollout ? await ofRollout(rollout, hub) : []),
    ];
  }

  return {
    note: (happening) => void outside.push(happening),
    async look(rollout) {
      const now = [...outside, ...(await read(rollout))].toSorted((a, b) => a.at - b.at);
      const fresh = now.filter(({ at, text }) => !happened.has(`${at} ${text}`));
      for (const one of fresh) happened.set(`${one.at} ${one.text}`, one);
      return fresh;
    },
    all: () => [...happened.values()].toSorted((a, b) => a.at - b.at),
    tickets: () => tickets,
    closed: () => closed,
  };
}

function foundHere(subject: string, rows: { advisory: string; openedAt: string }[], alert: Alert | undefined): Happening {
  const advisories = rows.map(({ advisory }) => advisory.slice(advisory.indexOf(' ') + 1)).join(', ');
  const [first = ''] = rows.map(({ openedAt }) => openedAt).toSorted();
  const services = (alert?.services ?? []).map(({ name, exposed, of }) => `${name} ${exposed} of ${of}`);
  const named = services.length > SERVICES ? [...services.slice(0, SERVICES), '…'] : services;
  const reach = alert ? ` on ${amount(alert.nodes, 'node')}${named.length === 0 ? '' : ` (${named.join(', ')})`}` : '';
  return { at: Date.parse(first), text: `the intake finds ${subject}${reach}: ${advisories}` };
}

async function ofRollout({ row, plan }: { row: RolloutRow; plan: Plan }, hub: Hub): Promise<Happening[]> {
  const [events, waves] = await Promise.all([hub.record.events(row.id), hub.record.waves(row.id)]);
  const nodes = new Map(plan.waves.map((wave) => [wave.name, wave.nodes.length]));
  const heard = Object.keys(plan.policy.tell).join(' and ');
  const words: Record<string, (who: string, why: string, wave: string) => string> = {
    approval: () => `plan ${row.id} is ready: ${heard} hear the same message at once, and are asked`,
    reminder: () => 'nobody has answered: both are asked again',
    approve: (who, why) => `${personOf(who)} approves: "${why}"`,
    abort: (who, why) => `${personOf(who)} aborts: "${why}"`,
    resume: (who, why) => `${personOf(who)} resumes: "${why}"`,
    passed: (_who, why, wave) => `wave ${wave} has passed: ${why}`,
    held: (_who, why, wave) => `held at wave ${wave}: ${why}`,
    failed: (_who, why, wave) => `stopped at wave ${wave}: ${why}`,
    done: (_who, why) => `the rollout is done: ${why}`,
  };
  return [
    ...events.map(({ at, what, who, why, wave = '' }) => ({ at: Date.parse(at), text: words[what]?.(who, why, wave) ?? why })),
    ...waves.flatMap(({ name, startedAt }) =>
      startedAt === undefined ? [] : [{ at: Date.parse(startedAt), text: `wave ${name} begins: ${amount(nodes.get(name) ?? 0, 'node')}` }],
    ),
  ];
}

/** Name of the session at the end of an ARN: the person. */
function personOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
