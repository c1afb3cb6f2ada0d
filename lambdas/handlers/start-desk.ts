/** Carries out what was decided for one policy: rows of the record, tickets, messages, and the event that starts a rollout. */
import { ROLLOUT_WANTED } from '../aws/bus.ts';
import { alertOf } from '../core/triggers/alert.ts';
import { writeAlert, writeClosed } from '../core/triggers/messages.ts';
import { advisoryKey } from '../core/exposures/types.ts';
import { exposedOutside, reachOf } from '../core/triggers/reach.ts';
import { meansOf, meansWords } from '../core/triggers/stand-in.ts';
import { resolvedText } from '../core/triggers/ticket.ts';
import { loadPlan } from './load.ts';
import { loadLane, rolloutId } from './starts.ts';
import { keepTicket, momentsOf, publishAlert, timezoneOf } from './tell-alert.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { StartRow } from '../aws/record.ts';
import type { Policy } from '../core/model.ts';
import type { Moment } from '../core/triggers/ticket.ts';
import type { Alert, Decision, Doing } from '../core/triggers/types.ts';
import type { View } from './starts.ts';

export interface Case {
  policy: Policy;
  /** The other policies of the file: their running rollouts may be about the same nodes. */
  others: Policy[];
  view: View;
  optIn: { key: string; value: string };
  rows: StartRow[];
  deps: Dependencies;
}

type Of<Action extends Decision['action']> = Extract<Decision, { action: Action }>;

const STATES = { running: 'queued', observe: 'told', 'no-fix': 'awaiting' } as const;

export class StartDesk {
  private readonly rows: Map<string, StartRow>;

  constructor(private readonly about: Case) {
    this.rows = new Map(about.rows.map((row) => [row.advisory, row]));
  }

  /** Answers whether it was ours to carry out: somebody else may have decided the same meanwhile. */
  async carryOut(decision: Decision): Promise<boolean> {
    switch (decision.action) {
      case 'start':
        return this.start(decision);
      case 'withdraw':
        return this.withdraw(decision);
      case 'again':
        await this.send(decision.doing, decision.scheduledFor, decision.advisories);
        return true;
      case 'tell':
        return this.tell(decision);
      case 'close':
        return this.close(decision);
    }
  }

  private async start({ doing, advisories, platforms }: Of<'start'>): Promise<boolean> {
    const { policy } = this.about;
    const scheduledFor = this.now();
    const alert = this.alert(advisories);
    const rollout = rolloutId(policy.name, doing, scheduledFor);
    const claimed: string[] = [];
    for (const advisory of advisories) {
      const row = this.next(advisory, alert);
      const started: Partial<StartRow> = { state: 'started', patchFor: scheduledFor, platforms: [...row.platforms, ...(platforms[advisory] ?? [])] };
      const change = doing === 'patch' ? started : { mitigateFor: scheduledFor };
      if (await this.claim({ ...row, ...change, rollouts: [...row.rollouts, rollout] })) claimed.push(advisory);
    }
    if (claimed.length === 0) return false;
    await this.ticket(alert, '');
    if (doing === 'patch') await this.tellOthers(alert, rollout);
    await this.send(doing, scheduledFor, claimed);
    return true;
  }

  private async withdraw({ nodes, advisories }: Of<'withdraw'>): Promise<boolean> {
    const withdrawFor = this.now();
    for (const node of nodes) await this.about.deps.record.setMitigation(this.about.policy.name, node, { withdrawFor });
    await this.send('withdraw', withdrawFor, advisories);
    return true;
  }

  /** The message first, then the row: twice told is better than not told. */
  private async tell({ why, advisories, rollout, reason }: Of<'tell'>): Promise<boolean> {
    const { policy, deps } = this.about;
    const alert = this.alert(advisories);
    const ticket = await this.ticket(alert, rollout);
    const notice = writeAlert({
      kind: why,
      alert,
      policy: policy.name,
      rollout,
      doing: 'patch',
      document: policy.whileNoFix && meansWords(meansOf(policy.whileNoFix)),
      waves: [],
      seconds: 0,
      leftOut: [],
      warnings: [],
      plan: '',
      finishWithin: undefined,
      askedAt: deps.now(),
      ticket,
      now: deps.now(),
      timezone: timezoneOf(policy),
    });
    await publishAlert(policy, notice, { event: 'exposed', rollout }, deps);
    if (rollout !== '') await this.event(rollout, `${alert.subject} reaches ${alert.nodes} nodes (${reason}): it comes after this rollout`);
    for (const advisory of advisories) {
      const row = this.next(advisory, alert);
      const awaited = why === 'no-fix' ? { awaitedSince: row.awaitedSince ?? this.now() } : {};
      await this.claim({ ...row, ...awaited, state: STATES[why], ...(rollout === '' ? {} : { rollout }) });
    }
    return true;
  }

  /** Rollouts of other policies that run on nodes of this alert hear that somebody else comes to them. Reservations keep them apart. */
  private async tellOthers(alert: Alert, rollout: string): Promise<void> {
    const { policy, others, deps } = this.about;
    const exposed = new Set(
      this.reaches(alert.advisories.map(({ source, advisory }) => `${source} ${advisory}`)).flatMap(({ fixable }) => fixable.map(({ id }) => id)),
    );
    for (const other of others) {
      const { running } = await loadLane(other.name, 'patch', deps);
      if (!running?.planKey) continue;
      const { plan } = await loadPlan(running.id, deps);
      const shared = plan.waves.flatMap(({ nodes }) => nodes).filter(({ id }) => exposed.has(id)).length;
      if (shared > 0) await this.event(running.id, `${policy.name} starts ${rollout} for ${alert.subject} on ${shared} of its nodes`);
    }
  }

  /** Things that people have a name for are closed when the last of their advisories is. */
  private async close({ advisories, reason }: Of<'close'>): Promise<boolean> {
    const closing = advisories.flatMap((advisory) => this.rows.get(advisory) ?? []);
    const left = new Set(
      [...this.rows.values()].filter(({ state, advisory }) => state !== 'closed' && !advisories.includes(advisory)).map(({ subject }) => subject),
    );
    for (const subject of new Set(closing.map((row) => row.subject))) {
      const rows = closing.filter((row) => row.subject === subject);
      if (!left.has(subject)) await this.closeSubject(subject, rows, reason);
    }
    for (const row of closing) await this.claim({ ...row, state: 'closed', revision: row.revision + 1 });
    return true;
  }

  private async closeSubject(subject: string, rows: StartRow[], reason: string): Promise<void> {
    const { policy, deps } = this.about;
    const [openedAt = this.now()] = rows.map((row) => row.openedAt).toSorted();
    const rollouts = [...new Set(rows.flatMap((row) => row.rollouts))];
    const moments = (await Promise.all(rollouts.map(async (rollout) => momentsOf(rollout, deps)))).flat();
    const timeline: Moment[] = [
      { at: Date.parse(openedAt), text: 'found on nodes of this fleet' },
      ...moments.toSorted((a, b) => a.at - b.at),
      this.moment(reason),
    ];
    const keys = new Set(rows.map(({ advisory }) => advisory));
    const outside = this.outside([...keys]);
    const ticket = await deps.record.ticket(policy.name, subject);
    const open = ticket && ticket.resolvedAt === undefined ? ticket : undefined;
    if (open && open.item !== '') await deps.tickets.update(open.item, resolvedText(reason, outside, timeline));
    const carried = (await deps.record.mitigations(policy.name)).filter(
      (one) => one.withdrawnAt === undefined && one.advisories.some((advisory) => keys.has(advisory)),
    );
    const names = rows.map(({ advisory }) => advisory.slice(advisory.indexOf(' ') + 1));
    const notice = writeClosed({
      policy: policy.name,
      subject,
      advisories: names,
      rollouts,
      reason,
      outside,
      standIns: carried.length,
      ticket: open?.item ?? '',
      timeline,
      now: deps.now(),
      timezone: timezoneOf(policy),
    });
    await publishAlert(policy, notice, { event: 'closed', rollout: rollouts.at(-1) ?? '' }, deps);
    if (open) await deps.record.putTicket({ ...open, resolvedAt: this.now() });
  }

  private async ticket(alert: Alert, rollout: string): Promise<string> {
    const { policy, deps } = this.about;
    const timeline = [this.moment(`${alert.nodes} nodes exposed: ${alert.reason}`)];
    return keepTicket({ policy: policy.name, alert, status: 'Open', rollout, timeline }, deps);
  }

  private reaches(advisories: string[]) {
    const { policy, view, optIn } = this.about;
    return reachOf({ policy, ...view, optIn, started: true }).filter(({ advisory }) => advisories.includes(advisory));
  }

  private outside(advisories: string[]): string[] {
    const { policy, view, optIn } = this.about;
    const exposures = view.exposures.filter((exposure) => advisories.includes(advisoryKey(exposure)));
    return exposedOutside({ policy, ...view, exposures, optIn })
      .map(({ name }) => name)
      .toSorted();
  }

  private alert(advisories: string[]): Alert {
    const { policy, view, optIn } = this.about;
    return alertOf({ policy, reaches: this.reaches(advisories), ...view, optIn });
  }

  /** The row of an advisory for the next change: as it stands, or a new one where there is none or it was closed. */
  private next(advisory: string, alert: Alert): StartRow {
    const row = this.rows.get(advisory);
    const revision = (row?.revision ?? 0) + 1;
    if (row && row.state !== 'closed') return { ...row, revision };
    return {
      policy: this.about.policy.name,
      advisory,
      state: 'told',
      platforms: [],
      subject: alert.subject,
      openedAt: this.now(),
      rollouts: [],
      revision,
    };
  }

  private async claim(row: StartRow): Promise<boolean> {
    const ours = await this.about.deps.record.claimStart(row);
    if (ours) this.rows.set(row.advisory, row);
    return ours;
  }

  private async send(doing: Doing, scheduledFor: string, because: string[]): Promise<void> {
    await this.about.deps.bus.publish(ROLLOUT_WANTED, { policy: this.about.policy.name, scheduledFor, because, doing });
  }

  private async event(rollout: string, why: string): Promise<void> {
    await this.about.deps.record.putEvent({ rollout, at: this.now(), what: 'exposed', who: 'wavelock', why });
  }

  private moment(text: string): Moment {
    return { at: this.about.deps.now(), text };
  }

  private now(): string {
    return new Date(this.about.deps.now()).toISOString();
  }
}
