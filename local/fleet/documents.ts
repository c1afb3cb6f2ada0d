/**
 * The SSM agent's document worker: runs the very content that the template ships, step by step, on a simulated host. Downloads,
 * nested documents, preconditions, exits, time-outs and reboots are the agent's; what a script does is a behaviour (`plugins.ts`).
 */
import type { Clock, Cloud } from '../types.ts';
import { resolveStep, withDefaults, type DocumentContent, type DocumentStep, type ParameterValues } from './document-content.ts';
import { EXIT, afterStep, decide, mergeStatuses, stepSeconds, type EndedStep, type StepOutcome, type StepResult } from './document-flow.ts';
import type { Host } from './host.ts';
import { SCRIPT_PLUGINS, behaviourOf, flat, type Behaviours, type StepContext } from './plugins.ts';
import { Process } from './process.ts';
import { runStep } from './step.ts';

/** What the agent tells Systems Manager. */
export interface Reporter {
  started(): void;
  /** The steps that have ended so far. */
  progressed(results: StepResult[]): void;
  ended(status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled', results: StepResult[]): void;
}

export interface Job {
  commandId: string;
  documentName: string;
  document: DocumentContent;
  parameters: ParameterValues;
}

export interface AgentWorld {
  clock: Clock;
  cloud: Cloud;
  behaviours: Behaviours;
}

/** "A document is run at most 15 times" over reboots (amazon-ssm-agent, appconfig.DefaultCommandRetryLimit). */
const RUN_LIMIT = 15;
/** What the agent writes when its document worker is gone (amazon-ssm-agent, framework/processor/executer/outofproc). */
const WORKER_DIED = 'document process failed unexpectedly: ipc messaging received timeout signal';

/** What ends a running step early. */
type Ending = 'timed-out' | 'cancelled' | 'worker-died';

/** One document on one host. */
export class DocumentRun {
  private readonly results: StepResult[] = [];
  private readonly done: EndedStep[] = [];
  private cancelled = false;
  private lost = false;
  private endStep: ((ending: Ending) => void) | undefined;
  private current: Process | undefined;
  private release: () => void = () => undefined;

  constructor(
    private readonly host: Host,
    private readonly job: Job,
    private readonly world: AgentWorld,
    private readonly reporter: Reporter,
  ) {}

  /** Runs to the end; never settles for a host that is gone. */
  async run(): Promise<void> {
    this.reporter.started();
    if (this.host.faults.stuck === true) return;
    this.watchAgent();
    const { document } = this.job;
    const values = withDefaults(document, this.job.parameters);
    let runs = 1;
    for (let index = 0; index < document.mainSteps.length;) {
      const result = await this.step(index, values);
      if (result === 'worker-died') return this.workerDied();
      if (result.status !== 'SuccessAndReboot') {
        this.keep(index, result, values);
        index++;
        continue;
      }
      this.release();
      await new Promise<void>((resolve) => this.host.reboot(resolve));
      this.watchAgent();
      if (++runs > RUN_LIMIT) return this.end('Failed', [...this.results, { ...result, status: 'Failed' }]);
    }
    const status = mergeStatuses(this.results);
    this.end(status === 'SuccessAndReboot' ? 'Failed' : status, this.results);
  }

  /**
   * Kills the running step; all later ones are Cancelled. Nested documents have a cancel flag of their own, so that only the
   * process is killed (amazon-ssm-agent, rundocument/execdoc.go).
   */
  cancel(): void {
    this.cancelled = true;
    this.endStep?.('cancelled');
  }

  /** An agent that is lost from outside does not go on where it was: when it is back, it reports Failed. */
  private watchAgent(): void {
    this.release = this.host.onInterrupt(() => {
      this.lost = true;
      this.current?.kill();
      this.host.heartbeat.whenThere(() => this.reporter.ended('Failed', this.results));
    });
  }

  private end(status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled', results: StepResult[]): void {
    this.release();
    if (!this.lost) this.reporter.ended(status, results);
  }

  private keep(index: number, result: StepResult, values: ParameterValues): void {
    const step = this.resolved(index, values);
    const kept = afterStep(step, result);
    this.results.push(kept);
    this.done.push({ step, result: kept });
    this.reporter.progressed([...this.results]);
  }

  private resolved(index: number, values: ParameterValues): DocumentStep {
    const { document } = this.job;
    return resolveStep(document.mainSteps[index]!, document, values);
  }

  private async step(index: number, values: ParameterValues): Promise<StepResult | 'worker-died'> {
    const { mainSteps } = this.job.document;
    const raw = mainSteps[index]!;
    const resolved = this.resolved(index, values);
    const start = this.world.clock.now();
    const base = { name: raw.name, action: raw.action, stdout: '', stderr: '', start, end: start };
    const decision = decide({ raw, resolved, isLast: index === mainSteps.length - 1 }, this.host.platform.os, this.done);
    if (decision.operation === 'skip') return { ...base, status: 'Skipped', code: 0, stdout: decision.message };
    if (decision.operation === 'fail') return { ...base, status: 'Failed', code: 1, stderr: decision.message };
    if (this.cancelled) return { ...base, status: 'Cancelled', code: 1 };
    const outcome = await this.execute(resolved, values);
    if (outcome === 'worker-died') return outcome;
    return { ...base, ...outcome, end: this.world.clock.now() };
  }

  private async execute(step: DocumentStep, values: ParameterValues): Promise<StepOutcome | 'worker-died'> {
    const process = new Process(this.world.clock, this.world.cloud, this.host.caller);
    this.current = process;
    const context: StepContext = { host: this.host, process, parameters: flat(values), inputs: step.inputs, commandId: this.job.commandId };
    const outcome = await Promise.race([
      runStep(step, context, { document: this.job.documentName, depth: 1 }, this.world.behaviours),
      this.ending(step, process),
    ]);
    this.endStep = undefined;
    process.kill();
    if (outcome === 'worker-died') return outcome;
    if (outcome === 'timed-out') return { status: 'TimedOut', code: EXIT.killed, stdout: '', stderr: '' };
    if (outcome === 'cancelled') return { status: 'Cancelled', code: EXIT.killed, stdout: '', stderr: '' };
    return outcome;
  }

  private ending(step: DocumentStep, process: Process): Promise<Ending> {
    return new Promise((resolve) => {
      this.endStep = resolve;
      // Scripts only: aws:runDocument waits for its document's steps, whose own time-outs count (amazon-ssm-agent, rundocument.go).
      if (SCRIPT_PLUGINS.includes(step.action)) void process.sleep(stepSeconds(step.inputs)).then(() => resolve('timed-out'));
      if (this.host.faults.workerDiesIn === step.name) void process.sleep(15).then(() => resolve('worker-died'));
    });
  }

  private workerDied(): void {
    const first = this.job.document.mainSteps[0]!;
    const now = this.world.clock.now();
    const result: StepResult = {
      name: first.name,
      action: first.action,
      status: 'Failed',
      code: 1,
      stdout: '',
      stderr: WORKER_DIED,
      start: now,
      end: now,
    };
    this.end('Failed', [result]);
  }
}

/** Script steps of a document that no behaviour simulates. A document with such a step can't be created here. */
export function unknownSteps(behaviours: Behaviours, name: string, document: DocumentContent): string[] {
  const scripts = document.mainSteps.filter((step) => SCRIPT_PLUGINS.includes(step.action));
  return scripts.filter((step) => !behaviourOf(behaviours, name, step.name)).map((step) => step.name);
}
