/** Looks at a running rollout as its owner could, and tells what changed. It reads the record; it never touches what runs. */
import { loadKnowledge } from '../../lambdas/aws/knowledge.ts';
import { evidenceKey } from '../../lambdas/core/keys.ts';
import { countOutcomes } from '../../lambdas/core/judge.ts';
import { groupName } from '../../lambdas/core/names.ts';
import { Plan } from '../../lambdas/core/plan.ts';
import { makeResult, RolloutResult } from '../../lambdas/core/result.ts';
import { tasks } from '../../statemachines/contracts.ts';
import { makeDocument, makeExtra, recordsBySource, unreadFeeds } from './document.ts';
import { createChronicle } from './chronicle.ts';
import { gatherHistory } from './exposures.ts';
import { lostEvents, nodeNotes } from './notes.ts';
import { openHub } from './record.ts';
import { lastPublication } from './story.ts';
import type { NodeRunRow, RolloutRow, WaveRow } from '../../lambdas/aws/record.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { WorldMessage } from './messages.ts';
import type { SlackRecorder } from './slack.ts';
import type { Watch } from './watch.ts';
import type { WorldConfig } from './stage.ts';
import type { Chronicle } from './chronicle.ts';

export interface ObserverInput {
  cloud: EmbeddedAws;
  config: WorldConfig;
  watch: Watch;
  slack: SlackRecorder;
  tell(message: WorldMessage): void;
}

export interface Observer {
  /** Asked between two steps of time: whether something happened that is worth a look. */
  wantsToLook(): boolean;
  /** Looks and tells; true once the rollout has ended or waits for a person. */
  look(): Promise<boolean>;
  /** The rollout that waits for a person, if one does. */
  waiting(): string | undefined;
  /** What happened when; kept where no calendar starts the policy. */
  chronicle: Chronicle;
  ended(): Promise<Extract<WorldMessage, { type: 'ended' }>>;
}

/** What was waited for has not happened: nothing is wrong with what runs. Its message is for people. */
export class NothingHappened extends Error {
  override readonly name = 'NothingHappened';
}

/** How long after its story's last publication a policy may take to start: two whole looks at the fleet come in it. */
const START_WITHIN_MS = 48 * 3_600_000;

/** A rollout that has not even been planned long after its time never will be. */
const PATIENCE_MS = 120 * 86_400_000;

/** How long a run goes on after its rollout where nodes stay exposed. */
const LEFT_OVER_MS = 86_400_000;

/** What the intake machine answers. */
const Coverage = tasks.CloseIntake.out;

export function createObserver(input: ObserverInput): Observer {
  return new RolloutObserver(input);
}

class RolloutObserver implements Observer {
  private readonly hub;
  readonly chronicle: Chronicle;
  private readonly told = new Map<string, string>();
  private readonly notes = new Map<string, { at: number; wave: string; text: string }>();
  /** Batches that notes have spoken of: a wave is looked at when it soaks, and again when it ends. */
  private readonly settled = new Set<string>();
  private readonly began = performance.now();
  private row: RolloutRow | undefined;
  private plan: Plan | undefined;
  private endedAt = 0;
  private lookedAt = 0;

  constructor(private readonly input: ObserverInput) {
    this.hub = openHub(input.cloud);
    this.chronicle = createChronicle(this.hub, input.config.policy);
  }

  wantsToLook(): boolean {
    const { watch, cloud, config } = this.input;
    if (cloud.clock.now() > (config.plannedFor ?? config.start) + PATIENCE_MS) throw new Error('the rollout did not end within 120 virtual days');
    // What fails for good makes no further call: an hour without news is worth a look, too.
    return watch.somethingHappened() || cloud.clock.now() - this.lookedAt > 3_600_000;
  }

  async look(): Promise<boolean> {
    this.lookedAt = this.input.cloud.clock.now();
    await this.lookAtIntake();
    const { policy, plannedFor } = this.input.config;
    // What an advisory starts has no planned time: the newest is looked at.
    const runs = (await this.hub.record.runs(policy)).toSorted((a, b) => (a.scheduledFor < b.scheduledFor ? 1 : -1));
    const run = plannedFor === undefined ? runs[0] : runs.find((one) => Date.parse(one.scheduledFor) === plannedFor);
    this.row = run && (await this.hub.record.findRollout(run.rollout));
    const plan = this.row && (await this.planOf(this.row));
    if (plannedFor === undefined) await this.lookAtChronicle(plan);
    if (this.row) await this.lookAtRollout(this.row, plan);
    if (this.hasEnded() || this.waiting() !== undefined) {
      this.endedAt = this.input.cloud.clock.now();
      return true;
    }
    this.refuseFaults();
    if (!this.row && plannedFor === undefined) await this.refuseToWait();
    return false;
  }

  /** Looks at the fleet go on for ever: what no advisory has started by then, none will. Throws `NothingHappened`. */
  private async refuseToWait(): Promise<void> {
    const { cloud, config } = this.input;
    if (cloud.clock.now() <= config.start + lastPublication(config.scenario) + START_WITHIN_MS) return;
    const waited = `within ${START_WITHIN_MS / 3_600_000} virtual hours of the story's last publication`;
    const told = [...new Set((await this.hub.record.starts(config.policy)).map(({ subject }) => subject))];
    throw new NothingHappened(
      told.length === 0
        ? `No advisory has started the policy ${config.policy} ${waited}: nothing that was published meets its startWhen on one of its nodes. ` +
            'Loosen startWhen or nodes (docs/policy-file.md), or leave out --policy to see one that starts.'
        : `The policy ${config.policy} has told of ${told.join(', ')} and started nothing ${waited}: no vendor has a fix that its nodes can install. ` +
            'Give it a whileNoFix (docs/policy-file.md), or leave out --policy to see one that starts.',
    );
  }

  waiting(): string | undefined {
    return this.row?.status === 'held' || this.row?.status === 'asked' ? `${this.row.status} ${this.row.id}` : undefined;
  }

  /** What an advisory has started is over when no node is left; a day after its rollout whatever is left stays. */
  private hasEnded(): boolean {
    if (this.row?.status === 'nothing') return true;
    if (this.row?.endedAt === undefined) return false;
    const { config, cloud } = this.input;
    return config.plannedFor !== undefined || this.chronicle.closed() || cloud.clock.now() > Date.parse(this.row.endedAt) + LEFT_OVER_MS;
  }

  private async lookAtChronicle(plan: Plan | undefined): Promise<void> {
    const rollout = this.row && plan ? { row: this.row, plan } : undefined;
    for (const { at, text } of await this.chronicle.look(rollout)) this.input.tell({ type: 'moment', at, text });
  }

  async ended(): Promise<Extract<WorldMessage, { type: 'ended' }>> {
    const { row, plan } = this;
    if (!row || !plan) throw new Error('nothing was planned');
    const evidence = await this.hub.store.findJson(evidenceKey(row.id));
    const result = evidence === undefined ? this.nothingRun(row, plan) : RolloutResult.parse(evidence);
    const history = await gatherHistory(this.hub, {
      from: this.input.config.start,
      planned: Date.parse(row.createdAt),
      to: this.endedAt,
      platforms: this.platforms(),
    });
    const facts = {
      ...this.input,
      row,
      plan,
      result,
      history,
      feeds: await this.hub.record.feeds(),
      others: await this.otherRollouts(row.id),
      notes: [...this.notes.values()],
      story: { happenings: this.chronicle.all(), tickets: this.chronicle.tickets() },
      began: this.began,
      endedAt: this.endedAt,
    };
    return { type: 'ended', document: makeDocument(facts), result, extra: makeExtra(facts) };
  }

  /** What else was planned in this world: by the file's other policies, and by this one at another time. */
  private async otherRollouts(own: string): Promise<{ policy: string; rollouts: string[] }[]> {
    const { policy, others } = this.input.config;
    const planned = await Promise.all(
      [policy, ...others].map(async (name) => {
        const runs = await this.hub.record.runs(name);
        return { policy: name, rollouts: runs.map(({ rollout }) => rollout).filter((id) => id !== own) };
      }),
    );
    return planned.filter((one) => one.policy !== policy || one.rollouts.length > 0);
  }

  private async lookAtIntake(): Promise<void> {
    if (this.told.has('feeds') || !this.input.watch.ran('CloseIntake')) return;
    const feeds = await this.hub.record.feeds();
    this.send('feeds', {
      type: 'feeds',
      bySource: recordsBySource(feeds),
      unread: unreadFeeds(feeds),
      exploitedHere: await this.exploited(),
      milliseconds: Math.round(performance.now() - this.began),
    });
    const output = this.input.cloud.parts.states.executions().find((one) => one.status === 'SUCCEEDED')?.output;
    const coverage = Coverage.safeParse(output);
    if (coverage.success) this.send('coverage', { type: 'coverage', ...coverage.data });
  }

  /** Known exploited CVEs that a stored advisory fixes. */
  private async exploited(): Promise<number> {
    const { advisories, exploited } = await loadKnowledge(this.hub, this.platforms());
    const fixed = new Set(advisories.flatMap((advisory) => advisory.cves));
    return [...exploited.keys()].filter((cve) => fixed.has(cve)).length;
  }

  private platforms(): string[] {
    return [...new Set(this.input.cloud.fleet.hosts.map((host) => host.platform.platform))];
  }

  private async planOf({ planKey }: RolloutRow): Promise<Plan | undefined> {
    if (this.plan || planKey === undefined) return this.plan;
    return (this.plan = Plan.parse(await this.hub.store.getJson(planKey)));
  }

  private async lookAtRollout(row: RolloutRow, plan: Plan | undefined): Promise<void> {
    if (!plan || row.planKey === undefined) return;
    this.send('plan', { type: 'plan', plan, planKey: row.planKey });
    const waves = new Map((await this.hub.record.waves(row.id)).map((wave) => [wave.name, wave]));
    // In the plan's order: of short waves, several may have ended since the last look.
    for (const { name } of plan.waves) {
      const wave = waves.get(name);
      if (wave) await this.lookAtWave(row, wave, plan);
    }
  }

  private async lookAtWave(row: RolloutRow, wave: WaveRow, plan: Plan): Promise<void> {
    if (this.told.get(`${wave.name} ended`) !== undefined) return;
    const group = groupName(row.id, wave.name);
    const [runs, batches] = [await this.hub.record.nodeRuns(group), await this.hub.record.batchesOf(group)];
    const planned = plan.waves.find((one) => one.name === wave.name);
    if (!planned) return;
    const at = this.input.cloud.clock.now();
    const concluded = wave.endedAt !== undefined || (wave.verdict !== undefined && (wave.parkedFor === 'hold' || wave.parkedFor === 'soak'));
    const said = (batch: { number: string }): string => `${group} ${batch.number}`;
    const fresh = batches.filter((batch) => !this.settled.has(said(batch)));
    if (concluded) {
      // Two lots of lost events may be of one size.
      for (const text of lostEvents(fresh)) this.note(`${group} ${this.settled.size}`, { at, wave: wave.name, text });
      for (const text of nodeNotes(planned, runs)) this.note(group, { at, wave: wave.name, text });
      for (const batch of fresh.filter(({ status }) => status === 'settled')) this.settled.add(said(batch));
    }
    this.send(wave.name, waveMessage(wave, planned.nodes.length, runs, at));
    if (wave.endedAt !== undefined) this.told.set(`${wave.name} ended`, wave.endedAt);
  }

  /** Tells a note once. */
  private note(about: string, note: { at: number; wave: string; text: string }): void {
    if (this.notes.has(`${about} ${note.text}`)) return;
    this.notes.set(`${about} ${note.text}`, note);
    this.input.tell({ type: 'note', ...note });
  }

  /** An execution that failed without a verdict is an error of ours, and nobody will wake it. */
  private refuseFaults(): void {
    const failed = this.input.cloud.parts.states
      .executions()
      .find((one) => one.status === 'FAILED' || one.status === 'TIMED_OUT' || one.status === 'ABORTED');
    if (failed && failed.error !== 'RolloutStopped')
      throw new Error(
        `execution ${failed.name} of ${failed.machine} failed: ${failed.error ?? failed.status}: ${lastError(failed.events) ?? failed.cause ?? ''}`,
      );
  }

  /** A plan that had nothing to run, or that only observes. */
  private nothingRun(row: RolloutRow, plan: Plan): RolloutResult {
    return makeResult({ plan, planKey: row.planKey ?? '', status: 'succeeded', reason: row.reason ?? '', waves: new Map(), runs: new Map() });
  }

  /** Tells only what changed in substance. */
  private send(key: string, message: WorldMessage): void {
    const { at: _at, ...substance } = message as WorldMessage & { at?: number };
    const text = JSON.stringify(substance);
    if (this.told.get(key) === text) return;
    this.told.set(key, text);
    this.input.tell(message);
  }
}

function waveMessage(wave: WaveRow, total: number, runs: NodeRunRow[], lookedAt: number): WorldMessage {
  const now = wave.endedAt === undefined ? lookedAt : Date.parse(wave.endedAt);
  const verdict = wave.verdict === undefined ? {} : { verdict: wave.verdict, reasons: wave.reasons ?? [] };
  return { type: 'wave', wave: wave.name, at: now, state: stateOf(wave), total, outcomes: countOutcomes(runs), ...verdict, ...workOf(runs) };
}

/** When its nodes were in work, as far as it is recorded; nothing where none was. */
function workOf(runs: NodeRunRow[]): { work?: { from: number; to: number } } {
  const worked = runs.filter(({ startedAt = '' }) => startedAt !== '');
  if (worked.length === 0) return {};
  const from = Math.min(...worked.map(({ startedAt = '' }) => Date.parse(startedAt)));
  return { work: { from, to: Math.max(...worked.map(({ endedAt }) => Date.parse(endedAt))) } };
}

function stateOf(wave: WaveRow): Extract<WorldMessage, { type: 'wave' }>['state'] {
  if (wave.endedAt !== undefined) return 'ended';
  if ((wave.verifyRounds ?? 0) > 0) return 'verifying';
  if (wave.parkedFor === 'hold' && wave.verdict === 'inconclusive') return 'held';
  if (wave.parkedFor === 'soak' && wave.verdict === 'pass') return 'soaking';
  if (wave.parkedFor === 'window' && (wave.rounds ?? 0) === 0) return 'waiting';
  return 'running';
}

/** The last error that an execution's history names: the root of a "see the states before this one". */
function lastError(events: readonly object[]): string | undefined {
  for (const event of events.toReversed()) {
    const text = JSON.stringify(event);
    if (/"type":"(TaskFailed|LambdaFunctionFailed|TaskTimedOut|MapRunFailed)"/.test(text)) return text.slice(0, 1_500);
  }
  return undefined;
}
