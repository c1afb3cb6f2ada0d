import { AsyncResource } from 'node:async_hooks';
import { AwsError, type Clock, type Random } from '../types.ts';
import { Cancellation } from './cancellation.ts';
import { checkDefinition } from './check-definition.ts';
import type { Level } from './definition.ts';
import { redrivability } from './describe.ts';
import { Cancelled, StatesError, type Failure } from './errors.ts';
import type { Execution, ExecutionStatus, Machine, StartRequest, World } from './execution.ts';
import { createExpressions, type Expressions } from './expressions.ts';
import { newFrame } from './frame.ts';
import { History, type EventDetails } from './history.ts';
import { runFrame } from './interpreter.ts';
import { DAY, LONGEST_EXECUTION_SECONDS, NAME_REUSE_DAYS } from './limits.ts';
import type { MapRun } from './map-run.ts';
import type { Outside } from './outside.ts';
import { Tokens } from './tokens.ts';

/** A client token of RedriveExecution counts for 15 minutes, and the last ten are kept (API reference). */
const REDRIVE_TOKEN_TIME = 900_000;
const REDRIVE_TOKENS = 10;

/** What a machine is made of; `definition` is JSON text or the object. */
export interface MachineSettings {
  account: string;
  region: string;
  name: string;
  arn: string;
  roleArn: string;
  definition: unknown;
  tracing?: boolean;
}

/** Hooks of whoever runs executions. */
export interface Watcher {
  /** A state is entered or redriven (`retry` 0), or tried again (1, 2, …): AWS bills each as one state transition. */
  transition?(execution: Execution, state: string, retry: number): void;
  /** The status has changed: RUNNING at the start and after a redrive, then one of the others. */
  status?(execution: Execution): void;
}

/** Machines and executions of all accounts and Regions, without API and IAM. */
export class Engine {
  readonly machines = new Map<string, Machine>();
  readonly executions = new Map<string, Execution>();
  readonly mapRuns = new Map<string, MapRun>();
  readonly tokens: Tokens;
  private readonly expressions: Expressions;
  private readonly world: World;
  /** Executions outlive the request that starts them, and must not be taken for a part of it (a function that ends, a request log). */
  private readonly own = new AsyncResource('StateMachineExecution');

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    outside: Outside,
    private readonly watcher: Watcher = {},
  ) {
    this.tokens = new Tokens(random);
    this.expressions = createExpressions(clock, random);
    this.world = {
      clock,
      random,
      expressions: this.expressions,
      tokens: this.tokens,
      outside,
      transition: (execution, state, retry) => this.watcher.transition?.(execution, state, retry),
      registerMapRun: (mapRun) => void this.mapRuns.set(mapRun.arn, mapRun),
      start: (request) => this.start(request),
      stop: (execution, failure) => this.stop(execution, failure),
      redrive: (execution) => this.redrive(execution),
    };
  }

  /**
   * Makes a machine, or changes the one of that ARN; executions keep the definition that they started with.
   *
   * @throws AwsError `InvalidDefinition`
   */
  define(settings: MachineSettings): Machine {
    const { definition: given, tracing = false, ...rest } = settings;
    const machine: Machine = {
      ...rest,
      tracing,
      definition: checkDefinition(given, this.expressions),
      source: typeof given === 'string' ? given : JSON.stringify(given),
      creationDate: this.clock.now(),
      labels: new Map(),
    };
    this.machines.set(machine.arn, machine);
    return machine;
  }

  /**
   * Starts an execution, or gives the open one of the same name and input.
   *
   * @throws AwsError `ExecutionAlreadyExists` when the name is taken by another input, or by one that ended less than 90 days ago
   *   (API reference, StartExecution)
   */
  start(request: StartRequest): Execution {
    const { machine, mapRun } = request;
    const name = request.name ?? this.random.uuid();
    const id = mapRun ? `${machine.name}/${mapRun.label}` : machine.name;
    const arn = `arn:aws:states:${machine.region}:${machine.account}:execution:${id}:${name}`;
    const existing = this.executions.get(arn);
    if (existing && !this.isForgotten(existing)) {
      if (existing.status === 'RUNNING' && existing.input === request.input) return existing;
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    }
    const execution = this.newExecution(request, { arn, name, id });
    this.executions.set(arn, execution);
    execution.history.add(execution.root.chain, 'ExecutionStarted', {
      executionStartedEventDetails: { input: execution.input, inputDetails: { truncated: false }, roleArn: machine.roleArn },
    });
    // The first state follows on nothing: recorded on AWS with previousEventId 0.
    execution.root.chain.last = 0;
    this.launch(execution);
    return execution;
  }

  private isForgotten({ stopDate }: Execution): boolean {
    return stopDate !== undefined && this.clock.now() - stopDate > NAME_REUSE_DAYS * DAY;
  }

  private newExecution(request: StartRequest, { arn, name, id }: { arn: string; name: string; id: string }): Execution {
    const { machine, mapRun, itemCount, traceHeader } = request;
    const level: Level = mapRun ? mapRun.state.ItemProcessor : machine.definition;
    return {
      arn,
      name,
      machine,
      level,
      machineArn: mapRun ? `${machine.arn}/${mapRun.label}` : machine.arn,
      machineName: id,
      input: request.input,
      inputValue: request.inputValue,
      ...(traceHeader === undefined ? {} : { traceHeader }),
      status: 'RUNNING',
      startDate: this.clock.now(),
      failure: {},
      redriveCount: 0,
      redriveTokens: [],
      history: new History(this.clock),
      root: newFrame(level, request.inputValue, { previous: 0 }),
      cancellation: new Cancellation(),
      ...(mapRun ? { mapRun } : {}),
      ...(itemCount === undefined ? {} : { itemCount }),
      finished: Promise.resolve(),
    };
  }

  /** Ends an execution from outside. One that has ended stays as it is. */
  stop(execution: Execution, failure: Failure): void {
    this.end(execution, 'ABORTED', { failure });
  }

  /**
   * Takes up a failed execution where it stopped, with the same input and new retry counts.
   *
   * @param token the client token: a repeated request gets the first one's answer
   * @returns ms since the epoch of the redrive
   * @throws AwsError `ExecutionNotRedrivable`
   */
  redrive(execution: Execution, token?: string): number {
    const now = this.clock.now();
    const repeated = execution.redriveTokens.find((known) => known.token === token && now - known.time <= REDRIVE_TOKEN_TIME);
    if (repeated) return repeated.redriveDate;
    const { redriveStatusReason } = redrivability(execution, now);
    if (redriveStatusReason !== undefined) throw new AwsError('ExecutionNotRedrivable', redriveStatusReason);
    execution.redriveCount++;
    execution.redriveDate = now;
    if (token !== undefined) execution.redriveTokens = [...execution.redriveTokens, { token, time: now, redriveDate: now }].slice(-REDRIVE_TOKENS);
    execution.status = 'RUNNING';
    execution.failure = {};
    delete execution.stopDate;
    execution.cancellation = new Cancellation();
    execution.history.reopen();
    execution.history.aside(execution.root.chain, 'ExecutionRedriven', {
      executionRedrivenEventDetails: { redriveCount: execution.redriveCount },
    });
    this.launch(execution);
    return now;
  }

  private launch(execution: Execution): void {
    this.watcher.status?.(execution);
    execution.finished = this.own.runInAsyncScope(() => this.run(execution));
  }

  /** Never rejects: whatever goes wrong is how the execution ends. */
  private async run(execution: Execution): Promise<void> {
    const { machine, mapRun, cancellation } = execution;
    const limit = mapRun ? LONGEST_EXECUTION_SECONDS : Math.min(machine.definition.TimeoutSeconds ?? Infinity, LONGEST_EXECUTION_SECONDS);
    // A redrive starts the machine's time limit anew: redrive-executions.html of the developer guide.
    const stopTimer = this.clock.at(this.clock.now() + 1000 * limit, () => this.end(execution, 'TIMED_OUT', {}));
    const ended = new Promise<void>((resolve) => cancellation.onCancel(resolve));
    try {
      // `finished` must be in place before anything of the execution can end it.
      await Promise.resolve();
      const output = await runFrame({ world: this.world, execution }, execution.root, cancellation);
      this.end(execution, 'SUCCEEDED', { output: JSON.stringify(output) });
    } catch (thrown) {
      if (!(thrown instanceof Cancelled)) this.end(execution, 'FAILED', { failure: failureOf(thrown) });
    }
    stopTimer();
    await ended;
  }

  private end(execution: Execution, status: ExecutionStatus, { output, failure = {} }: { output?: string; failure?: Failure }): void {
    if (execution.status !== 'RUNNING') return;
    const { history, root } = execution;
    execution.status = status;
    execution.stopDate = this.clock.now();
    execution.failure = failure;
    if (output !== undefined) execution.output = output;
    const { type, details, follows } = endEvent(status, { output: output ?? '', failure });
    history.end(type, follows ? root.chain.last : 0, details);
    execution.cancellation.cancel();
    this.watcher.status?.(execution);
  }
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof StatesError) return thrown.failure;
  const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { error: 'States.Runtime', cause: `Internal failure of the embedded AWS: ${trace}` };
}

type EndEvent = 'ExecutionSucceeded' | 'ExecutionFailed' | 'ExecutionTimedOut' | 'ExecutionAborted';

/**
 * The last event. A time-out and a stop come from outside and follow on no event; a time-out has its error in the event only, not in
 * the execution: https://github.com/floci-io/floci/issues/2733 and /2734 (measured).
 */
function endEvent(
  status: ExecutionStatus,
  { output, failure }: { output: string; failure: Failure },
): { type: EndEvent; details: EventDetails; follows: boolean } {
  switch (status) {
    case 'SUCCEEDED': {
      const details = { executionSucceededEventDetails: { output, outputDetails: { truncated: false } } };
      return { type: 'ExecutionSucceeded', details, follows: true };
    }
    case 'TIMED_OUT':
      return { type: 'ExecutionTimedOut', details: { executionTimedOutEventDetails: { error: 'States.Timeout' } }, follows: false };
    case 'ABORTED':
      return { type: 'ExecutionAborted', details: { executionAbortedEventDetails: { ...failure } }, follows: false };
    default:
      return { type: 'ExecutionFailed', details: { executionFailedEventDetails: { ...failure } }, follows: true };
  }
}
