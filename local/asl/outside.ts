import type { Execution } from './execution.ts';
import type { MapRun } from './map-run.ts';
import type { TaskResource } from './resources.ts';
import type { JsonValue } from './values.ts';

/** One attempt of a Task. */
export interface TaskCall {
  execution: Execution;
  /** Name of the state. */
  state: string;
  resource: TaskResource;
  /** The evaluated `Arguments`. */
  arguments: JsonValue;
  /** Set for tasks that end with a callback. */
  token?: string;
}

/** What the called service answered. */
export interface Answer {
  /** The task's result; for tasks that go on, what the service said when it took them (event TaskSubmitted). */
  result: JsonValue;
  /** For `.sync:2`: the child execution that the task waits for. */
  child?: ChildTask;
}

export interface ChildTask {
  finished: Promise<void>;
  /** The task's result, once the child has finished. @throws StatesError `States.TaskFailed` when it didn't succeed */
  result(): Promise<JsonValue>;
  /** Stops the child, when the task itself is cut off or times out. */
  abort(): void;
}

/** A child execution that a Map Run wants to start. */
export interface ChildCall {
  mapRun: MapRun;
  name: string;
  /** JSON text. */
  input: string;
  /** Starts it; once more gives the same execution. */
  start: () => Execution;
}

/** An S3 object of an ItemReader or ResultWriter. */
export interface ObjectCall {
  execution: Execution;
  /** Name of the Map state. */
  state: string;
  /** The evaluated `Arguments`, with `Key` and `Body` when the object is written. */
  input: Record<string, unknown>;
}

/** What executions do outside of Step Functions; each call is made as the machine's role. */
export interface Outside {
  /** @throws StatesError named as Step Functions names the service's error */
  perform(call: TaskCall): Promise<Answer>;
  /** Starts a child of a Map Run and gives it. @throws StatesError */
  startChild(call: ChildCall): Promise<Execution>;
  /** Redrives a child of a Map Run by calling `redrive` once. @throws StatesError */
  redriveChild(mapRun: MapRun, child: Execution, redrive: () => number): Promise<void>;
  /** The bytes of an object. @throws StatesError `States.ItemReaderFailed` */
  getObject(call: ObjectCall): Promise<Uint8Array>;
  /** @throws StatesError `States.ResultWriterFailed` */
  putObject(call: ObjectCall): Promise<void>;
}
