import { createRandom } from '../random.ts';
import { Engine } from './engine.ts';
import { StatesError } from './errors.ts';
import type { Execution } from './execution.ts';
import type { Answer, ChildCall, ObjectCall, Outside, TaskCall } from './outside.ts';
import { isJsonObject, jsonOf, type JsonObject, type JsonValue } from './values.ts';
import { createWalkClock } from './walk-clock.ts';

/**
 * What tasks answer, by state, in the order of their attempts: a value, or `{ error, cause }` to fail with.
 *
 * The value is what the called party says: the function's return value (the walk wraps it as `Payload`), the callback's output, the
 * child's output (wrapped as `Output`), the SDK's answer as it is. For a Map with an ItemReader it is the list of items.
 */
export type Script = Record<string, JsonValue[]>;

export interface WalkOptions {
  /** Input of the execution, anything that JSON can hold; `{}` by default. */
  input?: unknown;
  /** Milliseconds since the epoch at the start; 2026-01-01 by default. */
  start?: number;
  /** Seed of jitter, UUIDs and tokens. */
  seed?: number;
}

/** One attempt of a task, with its evaluated arguments. */
export interface WalkedTask {
  state: string;
  resource: string;
  arguments: JsonValue;
}

export interface Walked {
  /** Names of the states in the order in which they were entered; those of branches, iterations and children among them. */
  path: string[];
  status: Execution['status'];
  /** Of an execution that succeeded. */
  output?: JsonValue;
  error?: string;
  cause?: string;
  tasks: WalkedTask[];
  /** Virtual seconds from start to end. */
  seconds: number;
}

const MACHINE = { account: '111111111111', region: 'eu-central-1', name: 'walk' };

/**
 * Runs a definition with scripted tasks on a clock of its own, so that tests can assert which states it walks through.
 *
 * @param definition JSON text or the object
 * @throws AwsError `InvalidDefinition`; Error when a task is asked more often than its script answers
 */
export async function walk(definition: unknown, script: Script, options: WalkOptions = {}): Promise<Walked> {
  const { input = {}, start = Date.UTC(2026, 0, 1), seed = 1 } = options;
  const clock = createWalkClock(start);
  const path: string[] = [];
  const outside = new ScriptedOutside(script);
  const engine = new Engine(clock, createRandom(seed), outside, {
    transition: (_execution, state, retry) => void (retry === 0 && path.push(state)),
  });
  const machine = engine.define({
    ...MACHINE,
    arn: `arn:aws:states:${MACHINE.region}:${MACHINE.account}:stateMachine:${MACHINE.name}`,
    roleArn: `arn:aws:iam::${MACHINE.account}:role/walk`,
    definition,
  });
  const json = JSON.stringify(input);
  const execution = engine.start({ machine, name: 'walk', input: json, inputValue: jsonOf(json) });
  await clock.run(() => execution.status !== 'RUNNING' || outside.missing !== undefined);
  if (outside.missing !== undefined) throw new Error(outside.missing);
  const { status, output, failure } = execution;
  return {
    path,
    status,
    ...(output === undefined ? {} : { output: jsonOf(output) }),
    ...failure,
    tasks: outside.tasks,
    seconds: (clock.now() - start) / 1000,
  };
}

/** Answers from the script. */
class ScriptedOutside implements Outside {
  readonly tasks: WalkedTask[] = [];
  /** What the script lacks. */
  missing: string | undefined;
  private readonly used = new Map<string, number>();

  constructor(private readonly script: Script) {}

  async perform(call: TaskCall): Promise<Answer> {
    const { state, resource } = call;
    this.tasks.push({ state, resource: `${resource.type}:${resource.action}`, arguments: call.arguments });
    const answer = this.next(state);
    if (resource.ends === 'with-answer') return { result: wrapped(call, answer) };
    // Callback and child end the task after it was submitted, as they do on AWS.
    const result = resource.ends === 'with-child' ? wrapped(call, answer) : answer;
    return { result: {}, child: { finished: Promise.resolve(), result: () => Promise.resolve(result), abort: () => undefined } };
  }

  startChild({ start }: ChildCall): Promise<Execution> {
    return Promise.resolve(start());
  }

  async redriveChild(): Promise<void> {
    throw new Error('a walk is never redriven');
  }

  async getObject({ state }: ObjectCall): Promise<Uint8Array> {
    return Buffer.from(JSON.stringify(this.next(state)));
  }

  async putObject(): Promise<void> {}

  private next(state: string): JsonValue {
    const used = this.used.get(state) ?? 0;
    this.used.set(state, used + 1);
    const answer = this.script[state]?.[used];
    if (answer === undefined) {
      this.missing = `the script has no answer number ${used + 1} for the state '${state}'`;
      throw new StatesError({ error: 'States.Runtime', cause: this.missing });
    }
    const error = failureIn(answer);
    if (error) throw error;
    return answer;
  }
}

/** `{ error, cause }` as an error. A lapsed heartbeat has two names, as in the engine. */
function failureIn(answer: JsonValue): StatesError | undefined {
  if (!isJsonObject(answer) || Object.keys(answer).some((member) => member !== 'error' && member !== 'cause')) return undefined;
  const { error, cause } = answer;
  if (typeof error !== 'string') return undefined;
  const failure = typeof cause === 'string' ? { error, cause } : { error };
  if (error !== 'States.HeartbeatTimeout') return new StatesError(failure);
  return new StatesError({ ...failure, error: 'States.Timeout' }, { alias: error });
}

/** The answer in the shape that the integration gives to the state. */
function wrapped({ resource, execution }: TaskCall, answer: JsonValue): JsonValue {
  if (resource.kind === 'lambda') return { ExecutedVersion: '$LATEST', StatusCode: 200, Payload: answer };
  if (resource.kind === 'execution') {
    const child: JsonObject = { ExecutionArn: `${execution.arn}-child`, Status: 'SUCCEEDED' };
    return resource.ends === 'with-child' ? { ...child, Output: answer } : { ...child, ...(isJsonObject(answer) ? answer : {}) };
  }
  return answer;
}
