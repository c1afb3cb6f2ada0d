import type { Cancellation } from './cancellation.ts';
import type { Level, MachineDefinition, MapState } from './definition.ts';
import type { Expressions } from './expressions.ts';
import type { Frame } from './frame.ts';
import type { History } from './history.ts';
import type { MapRun } from './map-run.ts';
import type { Outside } from './outside.ts';
import type { Clock, Random } from '../types.ts';
import type { Tokens } from './tokens.ts';
import type { Failure } from './errors.ts';
import type { JsonValue } from './values.ts';

export interface Machine {
  account: string;
  region: string;
  name: string;
  arn: string;
  roleArn: string;
  definition: MachineDefinition;
  /** The definition as text, as DescribeStateMachine gives it. */
  source: string;
  tracing: boolean;
  /** Milliseconds since the epoch. */
  creationDate: number;
  /** Labels of its Distributed Maps, given or made up. */
  labels: Map<MapState, string>;
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** One execution, or one child execution of a Map Run. Times are milliseconds since the epoch. */
export interface Execution {
  arn: string;
  name: string;
  machine: Machine;
  /** What it runs: the machine, or the processor of a Distributed Map. */
  level: Level;
  /** `stateMachine:name`, or `stateMachine:name/label` for a child of a Map Run. */
  machineArn: string;
  machineName: string;
  /** JSON text, and the value that it holds. */
  input: string;
  inputValue: JsonValue;
  traceHeader?: string;
  status: ExecutionStatus;
  startDate: number;
  stopDate?: number;
  /** JSON text. */
  output?: string;
  failure: Failure;
  redriveCount: number;
  redriveDate?: number;
  /** Client tokens of the last redrives, newest last: a repeated request gets the same answer. */
  redriveTokens: Array<{ token: string; time: number; redriveDate: number }>;
  history: History;
  root: Frame;
  cancellation: Cancellation;
  mapRun?: MapRun;
  /** Items of a Distributed Map that this child works on. */
  itemCount?: number;
  /** Settles when the execution ends; a redriven one has a new one. */
  finished: Promise<void>;
}

export interface StartRequest {
  machine: Machine;
  /** A name of the caller's; without it one is made up. */
  name?: string;
  /** JSON text, and its value. */
  input: string;
  inputValue: JsonValue;
  traceHeader?: string;
  /** For a child of a Map Run. */
  mapRun?: MapRun;
  itemCount?: number;
}

/** Everything that executions need and don't own. */
export interface World {
  clock: Clock;
  random: Random;
  expressions: Expressions;
  tokens: Tokens;
  outside: Outside;
  /** Counts a state transition as AWS bills it: a state is entered or redriven (`retry` 0), or tried again (1, 2, …). */
  transition(execution: Execution, state: string, retry: number): void;
  registerMapRun(run: MapRun): void;
  start(request: StartRequest): Execution;
  stop(execution: Execution, failure: Failure): void;
  /** Gives the time of the redrive. */
  redrive(execution: Execution): number;
}
