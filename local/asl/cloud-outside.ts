import { AwsError, type Caller, type Cloud, type Input } from '../types.ts';
import { nestedResult } from './describe.ts';
import { StatesError } from './errors.ts';
import type { Execution, Machine } from './execution.ts';
import type { MapRun } from './map-run.ts';
import type { Answer, ChildCall, ChildTask, ObjectCall, Outside, TaskCall } from './outside.ts';
import { sdkServices } from './resources.ts';
import { bytesOf, jsonIn, toResult, toSmallMembers } from './sdk-values.ts';
import { isDenied, serviceError, type ErrorWords } from './service-errors.ts';
import { isoTime } from './step.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './values.ts';

const lambdaWords: ErrorWords = { prefix: 'Lambda', generic: 'AWSLambdaException', wording: { kind: 'optimized', service: 'AWSLambda' } };
const executionWords: ErrorWords = {
  prefix: 'StepFunctions',
  generic: 'AWSStepFunctionsException',
  wording: { kind: 'optimized', service: 'AWSStepFunctions' },
};
const s3Words: ErrorWords = { prefix: 'S3', generic: 'AmazonS3Exception', wording: { kind: 'optimized', service: 'Amazon S3' } };

/** A Map Run starts a child again when its start was throttled or its answer lost: after 1 s, 2 s, … at most every minute. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 60_000;

/** How a machine's role becomes the caller of its tasks. */
export type Session = (machine: Machine) => Caller;

/** The session of the machine's role, as Step Functions assumes it. */
export function roleSession(machine: Machine): Caller {
  const { account, region, roleArn } = machine;
  const role = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return { account, region, arn: `arn:aws:sts::${account}:assumed-role/${role}/${machine.name.slice(0, 64)}`, roleArn };
}

/** Tasks, children and objects by calls into the cloud, so that IAM judges, faults strike and usage counts as for anybody else. */
export class CloudOutside implements Outside {
  private readonly starts = new Map<string, () => Execution>();
  private readonly redrives = new Map<string, () => number>();

  constructor(
    private readonly cloud: Cloud,
    private readonly session: Session,
    private readonly find: (executionArn: string) => Execution | undefined,
  ) {}

  /** What StartExecution does for a child that a Map Run of this machine is about to start; undefined for any other call. */
  expectedStart(machineArn: string, name: string | undefined): (() => Execution) | undefined {
    return name === undefined ? undefined : this.starts.get(`${machineArn}:${name}`);
  }

  /** What RedriveExecution does for a child that its Map Run redrives; undefined for any other call. */
  expectedRedrive(executionArn: string): (() => number) | undefined {
    return this.redrives.get(executionArn);
  }

  perform(task: TaskCall): Promise<Answer> {
    if (task.resource.kind === 'lambda') return this.invoke(task);
    return task.resource.kind === 'execution' ? this.startExecution(task) : this.callSdk(task);
  }

  async startChild({ mapRun, name, input, start }: ChildCall): Promise<Execution> {
    const { machine } = mapRun.parent;
    const key = `${machine.arn}:${name}`;
    const request = { stateMachineArn: machine.arn, name, input };
    let child: Execution | undefined;
    this.starts.set(key, () => (child ??= start()));
    try {
      await this.untilDone(
        mapRun,
        () => this.call(machine, 'states', 'StartExecution', request),
        () => child !== undefined,
      );
    } finally {
      this.starts.delete(key);
    }
    if (!child) throw new StatesError({ error: 'States.Runtime', cause: `The Map Run ended before its child ${name} was started.` });
    return child;
  }

  async redriveChild(mapRun: MapRun, child: Execution, redrive: () => number): Promise<void> {
    let date: number | undefined;
    this.redrives.set(child.arn, () => (date ??= redrive()));
    try {
      const work = (): Promise<Input> => this.call(child.machine, 'states', 'RedriveExecution', { executionArn: child.arn });
      await this.untilDone(mapRun, work, () => date !== undefined);
    } finally {
      this.redrives.delete(child.arn);
    }
  }

  async getObject({ execution, input }: ObjectCall): Promise<Uint8Array> {
    try {
      const answer = await this.call(execution.machine, 's3', 'GetObject', input);
      return await bytesOf(answer.Body);
    } catch (thrown) {
      throw renamed(serviceError(thrown, s3Words, this.cloud.random), 'States.ItemReaderFailed');
    }
  }

  async putObject({ execution, input }: ObjectCall): Promise<void> {
    try {
      await this.call(execution.machine, 's3', 'PutObject', { ...input, ContentType: 'application/json' });
    } catch (thrown) {
      throw renamed(serviceError(thrown, s3Words, this.cloud.random), 'States.ResultWriterFailed');
    }
  }

  private call(machine: Machine, service: string, operation: string, input: Input): Promise<Input> {
    return this.cloud.call(this.session(machine), service, operation, input);
  }

  /** Like `call`, with the service's errors under the names that Step Functions gives them. */
  private async callFor(task: TaskCall, target: { service: string; operation: string; words: ErrorWords }, input: Input): Promise<Input> {
    try {
      return await this.call(task.execution.machine, target.service, target.operation, input);
    } catch (thrown) {
      throw serviceError(thrown, target.words, this.cloud.random);
    }
  }

  /** https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html */
  private async invoke(task: TaskCall): Promise<Answer> {
    const given = isJsonObject(task.arguments) ? task.arguments : {};
    const { Payload, InvocationType = 'RequestResponse', ...rest } = given;
    const input = { ...rest, InvocationType, ...(Payload === undefined ? {} : { Payload: Buffer.from(JSON.stringify(Payload)) }) };
    const answer = await this.callFor(task, { service: 'lambda', operation: 'Invoke', words: lambdaWords }, input);
    const payload = jsonIn(await bytesOf(answer.Payload));
    if (answer.FunctionError !== undefined) throw functionError(payload);
    const result: JsonObject = { ExecutedVersion: answer.ExecutedVersion ?? '$LATEST', StatusCode: answer.StatusCode ?? 200 };
    return { result: payload === undefined ? result : { ...result, Payload: payload } };
  }

  /** https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html */
  private async startExecution(task: TaskCall): Promise<Answer> {
    const { StateMachineArn, Input: childInput, Name } = isJsonObject(task.arguments) ? task.arguments : {};
    const input = {
      stateMachineArn: StateMachineArn,
      // Recorded on AWS: no input, or null, starts the child with an empty object.
      input: JSON.stringify(childInput ?? {}),
      ...(Name === undefined ? {} : { name: Name }),
    };
    const answer = await this.callFor(task, { service: 'states', operation: 'StartExecution', words: executionWords }, input);
    const result: JsonObject = { ExecutionArn: answer.executionArn, StartDate: isoTime(answer.startDate.getTime()) };
    const child = this.find(answer.executionArn);
    return task.resource.ends === 'with-child' && child ? { result, child: this.childTask(task, child) } : { result };
  }

  private childTask(task: TaskCall, child: Execution): ChildTask {
    return {
      finished: child.finished,
      result: () => this.childResult(task, child),
      abort: () => void this.abortChild(task, child),
    };
  }

  /**
   * A child that didn't succeed fails the task as `States.TaskFailed`, whatever its own error.
   * Measured: github.com/floci-io/floci, test AslExecutorNestedSyncFailureTest.
   */
  private async childResult(task: TaskCall, child: Execution): Promise<JsonValue> {
    try {
      await this.call(task.execution.machine, 'states', 'DescribeExecution', { executionArn: child.arn });
    } catch (thrown) {
      // Step Functions asks again when the call fails for a moment; what the role may not do stays forbidden.
      if (isDenied(thrown) || !(thrown instanceof AwsError)) throw serviceError(thrown, executionWords, this.cloud.random);
    }
    const now = this.cloud.clock.now();
    if (child.status === 'SUCCEEDED') return nestedResult(child, now, true);
    throw new StatesError({ error: 'States.TaskFailed', cause: JSON.stringify(nestedResult(child, now, false)) });
  }

  /**
   * Stops the child of a task that was cut off. A role that may not stop it leaves it running (connect-to-resource.html: best effort).
   * Cause measured: the same, AslExecutorNestedSyncTimeoutTest.
   */
  private async abortChild(task: TaskCall, child: Execution): Promise<void> {
    if (child.status !== 'RUNNING') return;
    const { arn, machine } = task.execution;
    const cause = `The Task state in AWS Step Functions execution [${arn}] which was managing this resource was aborted`;
    try {
      await this.call(machine, 'states', 'StopExecution', { executionArn: child.arn, cause });
    } catch (thrown) {
      if (!(thrown instanceof AwsError)) throw thrown;
    }
  }

  private async callSdk(task: TaskCall): Promise<Answer> {
    const integration = sdkServices[task.resource.type.slice('aws-sdk:'.length)];
    const { operation } = task.resource;
    if (!integration || operation === undefined) throw new Error(`no such integration: ${task.resource.type}`);
    const { service, errors, camelCase } = integration;
    const words: ErrorWords = { prefix: errors, generic: `${errors}Exception`, wording: { kind: 'sdk' } };
    const input = camelCase ? toSmallMembers(task.arguments) : task.arguments;
    return { result: toResult(await this.callFor(task, { service, operation, words }, input)) };
  }

  /** Repeats a call of a Map Run's own until it has had its effect, the role is refused, or the Map Run has ended. */
  private async untilDone(mapRun: MapRun, work: () => Promise<unknown>, done: () => boolean): Promise<void> {
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, LONGEST_DELAY)) {
      try {
        await work();
      } catch (thrown) {
        if (!(thrown instanceof AwsError)) throw thrown;
        if (isDenied(thrown)) throw new StatesError({ error: 'States.Permissions', cause: thrown.message });
      }
      if (done() || mapRun.status !== 'RUNNING') return;
      await this.cloud.clock.sleep(delay);
    }
  }
}

function renamed({ failure }: StatesError, error: string): StatesError {
  return new StatesError({ ...failure, error });
}

/** The error that a function threw: its type is the name, its payload the cause. Without a type it is `Lambda.Unknown`. */
function functionError(payload: JsonValue | undefined): StatesError {
  const type = isJsonObject(payload) ? payload['errorType'] : undefined;
  const error = typeof type === 'string' && type !== '' ? type : 'Lambda.Unknown';
  return new StatesError({ error, cause: JSON.stringify(payload ?? null) });
}
