import type { Caller, Cloud, Input } from '../types.ts';
import { nestedResult } from './describe.ts';
import type { Engine } from './engine.ts';
import { StatesError } from './errors.ts';
import type { Execution, Machine } from './execution.ts';
import type { Answer, ChildCall, ObjectCall, Outside, TaskCall } from './outside.ts';
import { sdkServices } from './resources.ts';
import { bytesOf, jsonIn, toResult, toSmallMembers } from './sdk-values.ts';
import { isDenied, serviceError, type ErrorWords } from './service-errors.ts';
import { isoTime } from './step.ts';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from './values.ts';

const lambdaWords: ErrorWords = { prefix: 'Lambda', generic: 'AWSLambdaException', wording: { kind: 'optimized', service: 'AWSLambda' } };
const executionWords: ErrorWords = {
  prefix: 'StepFunctions',
  generic: 'AWSStepFunctionsException',
  wording: { kind: 'optimized', service: 'AWSStepFunctions' },
};

/** Step Functions starts children again when their start was throttled or lost: after 1 s, 2 s, … at most every minute. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 60_000;

/** Children of Map Runs that this engine is about to start or redrive: the API refuses those calls from anybody else. */
export interface Expected {
  starts: Map<string, { mapRunArn: string; itemCount: number }>;
  redrives: Set<string>;
}

/** How a machine's role becomes the caller of its tasks. */
export type Session = (machine: Machine) => Caller;

/** The session of the machine's role, as Step Functions assumes it. */
export function roleSession(machine: Machine): Caller {
  const role = machine.roleArn.slice(machine.roleArn.lastIndexOf('/') + 1);
  const arn = `arn:aws:sts::${machine.account}:assumed-role/${role}/${machine.name.slice(0, 64)}`;
  return { account: machine.account, region: machine.region, arn, roleArn: machine.roleArn, sourceArn: machine.arn };
}

/** Tasks, children and objects by calls into the cloud, so that IAM judges, faults strike and usage counts as for anybody else. */
export function createCloudOutside(cloud: Cloud, engine: Engine, session: Session): { outside: Outside; expected: Expected } {
  const expected: Expected = { starts: new Map(), redrives: new Set() };

  function call(machine: Machine, service: string, operation: string, input: Input): Promise<Input> {
    return cloud.call(session(machine), service, operation, input);
  }

  async function invoke({ execution, arguments: given, resource }: TaskCall): Promise<Answer> {
    const { FunctionName, Payload, InvocationType = 'RequestResponse', Qualifier } = isJsonObject(given) ? given : {};
    const input = {
      FunctionName,
      InvocationType,
      ...(Qualifier === undefined ? {} : { Qualifier }),
      ...(Payload === undefined ? {} : { Payload: Buffer.from(JSON.stringify(Payload)) }),
    };
    let answer: Input;
    try {
      answer = await call(execution.machine, 'lambda', 'Invoke', input);
    } catch (thrown) {
      throw serviceError(thrown, lambdaWords, cloud.random);
    }
    const payload = jsonIn(await bytesOf(answer.Payload));
    if (answer.FunctionError !== undefined) throw functionError(payload);
    const result: JsonObject = { ExecutedVersion: answer.ExecutedVersion ?? '$LATEST', StatusCode: answer.StatusCode ?? 200 };
    return { result: payload === undefined ? result : { ...result, Payload: payload }, ...(resource.ends === 'with-callback' ? {} : {}) };
  }

  async function startExecution({ execution, arguments: given, resource }: TaskCall): Promise<Answer> {
    const { StateMachineArn, Input: childInput, Name } = isJsonObject(given) ? given : {};
    const input = {
      stateMachineArn: StateMachineArn,
      // Recorded on AWS: no input, or null, starts the child with an empty object.
      input: JSON.stringify(childInput ?? {}),
      ...(Name === undefined ? {} : { name: Name }),
    };
    let answer: Input;
    try {
      answer = await call(execution.machine, 'states', 'StartExecution', input);
    } catch (thrown) {
      throw serviceError(thrown, executionWords, cloud.random);
    }
    const result: JsonObject = { ExecutionArn: answer.executionArn, StartDate: isoTime(answer.startDate.getTime()) };
    const child = engine.executions.get(answer.executionArn);
    if (resource.ends !== 'with-child' || !child) return { result };
    return { result, ended: childResult(execution, child), abort: () => void abortChild(execution, child) };
  }

  /** The child's own error name is not the task's: https://github.com/floci-io/floci, AslExecutorNestedSyncFailureTest (measured). */
  async function childResult(parent: Execution, child: Execution): Promise<JsonValue> {
    await child.finished;
    try {
      await call(parent.machine, 'states', 'DescribeExecution', { executionArn: child.arn });
    } catch (thrown) {
      // Step Functions repeats what fails for a moment; what the role may not do stays forbidden.
      if (isDenied(thrown)) throw serviceError(thrown, executionWords, cloud.random);
    }
    const now = cloud.clock.now();
    if (child.status === 'SUCCEEDED') return nestedResult(child, now, true);
    throw new StatesError({ error: 'States.TaskFailed', cause: JSON.stringify(nestedResult(child, now, false)) });
  }

  /** Best effort: a role that may not stop the child leaves it running. Wording measured, see `childResult`. */
  async function abortChild(parent: Execution, child: Execution): Promise<void> {
    if (child.status !== 'RUNNING') return;
    const cause = `The Task state in AWS Step Functions execution [${parent.arn}] which was managing this resource was aborted`;
    await call(parent.machine, 'states', 'StopExecution', { executionArn: child.arn, cause }).catch(() => {});
  }

  async function callSdk({ execution, arguments: given, resource }: TaskCall): Promise<Answer> {
    const integration = sdkServices[resource.type.slice('aws-sdk:'.length)];
    if (!integration || resource.operation === undefined) throw new Error(`no such integration: ${resource.type}`);
    const { service, errors, camelCase } = integration;
    const words: ErrorWords = { prefix: errors, generic: `${errors}Exception`, wording: { kind: 'sdk' } };
    try {
      return { result: toResult(await call(execution.machine, service, resource.operation, camelCase ? toSmallMembers(given) : given)) };
    } catch (thrown) {
      throw serviceError(thrown, words, cloud.random);
    }
  }

  /** Repeats a call of the Map Run's own until it has had its effect, its role is refused, or nobody wants it any more. */
  async function untilDone(parent: Execution, work: () => Promise<unknown>, done: () => boolean): Promise<void> {
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, LONGEST_DELAY)) {
      try {
        await work();
      } catch (thrown) {
        if (isDenied(thrown)) throw new StatesError({ error: 'States.Permissions', cause: thrown instanceof Error ? thrown.message : String(thrown) });
        if (!done()) serviceError(thrown, executionWords, cloud.random);
      }
      if (done() || parent.status !== 'RUNNING') return;
      await cloud.clock.sleep(delay);
    }
  }

  async function startChild({ parent, mapRunArn, name, input, itemCount }: ChildCall): Promise<Execution> {
    const { machine } = parent;
    const arn = childArn(machine, mapRunArn, name);
    expected.starts.set(`${machine.arn}:${name}`, { mapRunArn, itemCount });
    try {
      const start = (): Promise<unknown> => call(machine, 'states', 'StartExecution', { stateMachineArn: machine.arn, name, input });
      await untilDone(parent, start, () => engine.executions.has(arn));
    } finally {
      expected.starts.delete(`${machine.arn}:${name}`);
    }
    const child = engine.executions.get(arn);
    if (!child) throw new StatesError({ error: 'States.Runtime', cause: `The Map Run ended before its child ${name} was started.` });
    return child;
  }

  async function redriveChild(child: Execution): Promise<void> {
    const parent = child.mapRun?.parent;
    if (!parent) throw new Error(`${child.arn} is no child of a Map Run`);
    const before = child.redriveCount;
    expected.redrives.add(child.arn);
    try {
      const redrive = (): Promise<unknown> => call(parent.machine, 'states', 'RedriveExecution', { executionArn: child.arn });
      await untilDone(parent, redrive, () => child.redriveCount > before);
    } finally {
      expected.redrives.delete(child.arn);
    }
  }

  async function getObject({ execution, input }: ObjectCall): Promise<Uint8Array> {
    try {
      const answer = await call(execution.machine, 's3', 'GetObject', input);
      return await bytesOf(answer.Body);
    } catch (thrown) {
      throw renamed(serviceError(thrown, s3Words, cloud.random), 'States.ItemReaderFailed');
    }
  }

  async function putObject({ execution, input }: ObjectCall): Promise<void> {
    try {
      await call(execution.machine, 's3', 'PutObject', { ...input, ContentType: 'application/json' });
    } catch (thrown) {
      throw renamed(serviceError(thrown, s3Words, cloud.random), 'States.ResultWriterFailed');
    }
  }

  const perform = (task: TaskCall): Promise<Answer> => ({ lambda: invoke, execution: startExecution, sdk: callSdk })[task.resource.kind](task);
  return { outside: { perform, startChild, redriveChild, getObject, putObject }, expected };
}

const s3Words: ErrorWords = { prefix: 'S3', generic: 'AmazonS3Exception', wording: { kind: 'optimized', service: 'Amazon S3' } };

function renamed({ failure }: StatesError, error: string): StatesError {
  return new StatesError({ ...failure, error });
}

/** ARN of a child of a Map Run: its machine's name and the Map's label, then its own name. */
export function childArn(machine: Machine, mapRunArn: string, name: string): string {
  const [label] = mapRunArn.slice(mapRunArn.indexOf('/') + 1).split(':');
  return `arn:aws:states:${machine.region}:${machine.account}:execution:${machine.name}/${label}:${name}`;
}

/** The error that a function threw: its type is the name, its payload the cause. Functions that died without one are `Lambda.Unknown`. */
function functionError(payload: JsonValue | undefined): StatesError {
  const cause = JSON.stringify(payload ?? null);
  const type = isJsonObject(payload) ? payload['errorType'] : undefined;
  return new StatesError({ error: typeof type === 'string' && type !== '' ? type : 'Lambda.Unknown', cause });
}

/** Reads the input of StartExecution. @returns undefined when it isn't JSON */
export function inputValue(input: string): JsonValue | undefined {
  return parseJson(input);
}
