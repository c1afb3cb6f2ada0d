import type { JsonObject, JsonValue } from './values.ts';

/** A field that holds a number, or an expression (`{% … %}`) that gives one. */
export type NumberField = number | string;

/** States that follow on one another: a whole machine, a branch of a Parallel, the processor of a Map. */
export interface Level {
  StartAt: string;
  States: Record<string, State>;
}

/** A definition that passed `checkDefinition`: JSONata only. Words: https://states-language.net/spec.html */
export interface MachineDefinition extends Level {
  Comment?: string;
  TimeoutSeconds?: number;
}

/** How a state, a choice rule or a catcher shapes what follows; texts in it may be expressions. */
export interface Shaping {
  Output?: JsonValue;
  Assign?: JsonObject;
}

interface Continues {
  Next?: string;
  End?: boolean;
}

export interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher extends Shaping {
  ErrorEquals: string[];
  Next: string;
}

interface Handles {
  Retry?: Retrier[];
  Catch?: Catcher[];
}

export interface PassState extends Shaping, Continues {
  Type: 'Pass';
}

export interface TaskState extends Shaping, Continues, Handles {
  Type: 'Task';
  Resource: string;
  Arguments?: JsonValue;
  TimeoutSeconds?: NumberField;
  HeartbeatSeconds?: NumberField;
}

export interface ChoiceRule extends Shaping {
  Condition: boolean | string;
  Next: string;
}

export interface ChoiceState extends Shaping {
  Type: 'Choice';
  Choices: ChoiceRule[];
  Default?: string;
}

export interface WaitState extends Shaping, Continues {
  Type: 'Wait';
  Seconds?: NumberField;
  Timestamp?: string;
}

export interface SucceedState {
  Type: 'Succeed';
  Output?: JsonValue;
}

export interface FailState {
  Type: 'Fail';
  Error?: string;
  Cause?: string;
}

export interface ParallelState extends Shaping, Continues, Handles {
  Type: 'Parallel';
  Branches: Level[];
  Arguments?: JsonValue;
}

export interface ItemReader {
  Resource: string;
  Arguments: JsonValue;
  ReaderConfig: { InputType: 'JSON' | 'JSONL'; MaxItems?: NumberField };
}

export interface ItemBatcher {
  MaxItemsPerBatch?: NumberField;
  MaxInputBytesPerBatch?: NumberField;
  BatchInput?: JsonValue;
}

export interface ResultWriter {
  Resource: string;
  Arguments: JsonValue;
}

export interface MapState extends Shaping, Continues, Handles {
  Type: 'Map';
  Items?: JsonValue;
  ItemSelector?: JsonValue;
  ItemProcessor: Level & { ProcessorConfig?: { Mode?: 'INLINE' | 'DISTRIBUTED'; ExecutionType?: 'STANDARD' } };
  MaxConcurrency?: NumberField;
  // Distributed mode only:
  ItemReader?: ItemReader;
  ItemBatcher?: ItemBatcher;
  ResultWriter?: ResultWriter;
  ToleratedFailurePercentage?: NumberField;
  ToleratedFailureCount?: NumberField;
  Label?: string;
}

export type State = PassState | TaskState | ChoiceState | WaitState | SucceedState | FailState | ParallelState | MapState;

/** States that may have Retry and Catch. */
export type HandlingState = TaskState | ParallelState | MapState;

/** Whether a state's failures can be retried and caught. */
export function handlesFailures(state: State): state is HandlingState {
  return state.Type === 'Task' || state.Type === 'Parallel' || state.Type === 'Map';
}

/** Whether the children of a Map are executions of their own. */
export function isDistributed(state: MapState): boolean {
  return state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
}
