import type { HistoryEventType } from '@aws-sdk/client-sfn';
import { nothing } from './cancellation.ts';
import type { TaskState } from './definition.ts';
import { Cancelled, runtimeError, StatesError, type Failure } from './errors.ts';
import type { EventDetails } from './history.ts';
import { MOST_SECONDS, payloadText } from './limits.ts';
import type { Answer, ChildTask, TaskCall } from './outside.ts';
import { taskResource, type TaskResource } from './resources.ts';
import { evaluate, numberField, type Step } from './step.ts';
import { jsonOf, type JsonValue } from './values.ts';

const secondsRange = { least: 1, most: MOST_SECONDS };

/** One attempt of a Task. */
interface Attempt {
  step: Step;
  resource: TaskResource;
  call: TaskCall;
  /** Seconds. */
  timeout?: number;
  heartbeat?: number;
  /** The error with which the service refused a task that would have gone on after its answer. */
  refusal?: unknown;
}

/** The end of a task, by whoever brings it first. */
interface Ending {
  over: boolean;
  promise: Promise<JsonValue>;
  resolve(result: JsonValue): void;
  reject(error: unknown): void;
}

/** A time-out has a name of its own in the history. */
class TimedOut extends StatesError {}

/**
 * Runs one attempt of a Task and gives its result.
 *
 * @throws StatesError the called service's error under the name that Step Functions gives it, the callback's, `States.Timeout`, or
 *   `States.DataLimitExceeded`
 */
export async function runTask(step: Step, state: TaskState): Promise<JsonValue> {
  const attempt = await prepare(step, state);
  const { resource } = attempt;
  schedule(attempt);
  try {
    const result = await perform(attempt);
    const output = payloadText(result, resource.type);
    record(attempt, 'TaskSucceeded', { taskSucceededEventDetails: { ...names(resource), output, outputDetails: { truncated: false } } });
    return result;
  } catch (thrown) {
    if (!(thrown instanceof StatesError)) throw thrown;
    recordFailure(attempt, thrown);
    throw thrown;
  }
}

async function prepare(step: Step, state: TaskState): Promise<Attempt> {
  const resource = taskResource(state.Resource);
  if (!resource) throw runtimeError(`The resource '${state.Resource}' is not known.`);
  const token = resource.ends === 'with-callback' ? step.world.tokens.issue() : undefined;
  const extras = token === undefined ? {} : { token };
  const given = state.Arguments === undefined ? step.frame.input : await evaluate(step, state.Arguments, 'Arguments', extras);
  const attempt: Attempt = {
    step,
    resource,
    call: { execution: step.execution, state: step.name, resource, arguments: given, ...extras },
  };
  if (state.TimeoutSeconds !== undefined) attempt.timeout = await numberField(step, state.TimeoutSeconds, 'TimeoutSeconds', secondsRange);
  if (state.HeartbeatSeconds !== undefined) attempt.heartbeat = await numberField(step, state.HeartbeatSeconds, 'HeartbeatSeconds', secondsRange);
  return attempt;
}

/** Event shapes: github.com/localstack/localstack, tests/aws/services/stepfunctions/v2, `*.snapshot.json` (recorded on AWS). */
function schedule({ step, resource, call, timeout, heartbeat }: Attempt): void {
  const { history, machine } = step.execution;
  const { chain } = step.frame;
  history.add(chain, 'TaskScheduled', {
    taskScheduledEventDetails: {
      ...names(resource),
      region: machine.region,
      parameters: payloadText(call.arguments, step.name),
      ...(timeout === undefined ? {} : { timeoutInSeconds: timeout }),
      ...(heartbeat === undefined ? {} : { heartbeatInSeconds: heartbeat }),
    },
  });
  history.add(chain, 'TaskStarted', { taskStartedEventDetails: names(resource) });
}

/**
 * The result of the task, by whatever comes first: the answer, the callback, the child's end, a time-out. A callback may come before
 * the answer, and ends the task all the same.
 */
async function perform(attempt: Attempt): Promise<JsonValue> {
  const { step, call, resource } = attempt;
  const ending = newEnding();
  const stopWaiting = waitForTime(attempt, ending);
  const stopListening = listen(attempt, ending);
  let child: ChildTask | undefined;
  step.world.outside
    .perform(call)
    .then((answer) => {
      child = answer.child;
      if (ending.over) child?.abort();
      else follow(attempt, answer, ending);
    })
    .catch((error: unknown) => {
      if (resource.ends !== 'with-answer') attempt.refusal = error;
      ending.reject(error);
    });
  try {
    return await step.cancellation.orCancelled(ending.promise);
  } catch (thrown) {
    // Cut off or out of time, the task's child is stopped; a child that ended by itself doesn't mind.
    if (thrown instanceof Cancelled || thrown instanceof TimedOut) child?.abort();
    throw thrown;
  } finally {
    ending.over = true;
    stopWaiting();
    stopListening();
  }
}

function newEnding(): Ending {
  let resolve: Ending['resolve'] = nothing;
  let reject: Ending['reject'] = nothing;
  const promise = new Promise<JsonValue>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  return { over: false, promise, resolve, reject };
}

function follow(attempt: Attempt, { result, child }: Answer, ending: Ending): void {
  const { resource } = attempt;
  if (resource.ends === 'with-answer') {
    ending.resolve(result);
    return;
  }
  const output = payloadText(result, resource.type);
  record(attempt, 'TaskSubmitted', { taskSubmittedEventDetails: { ...names(resource), output, outputDetails: { truncated: false } } });
  if (child) void whenFinished(child, ending).catch((error: unknown) => ending.reject(error));
}

async function whenFinished(child: ChildTask, ending: Ending): Promise<void> {
  await child.finished;
  if (!ending.over) ending.resolve(await child.result());
}

/** The task's own time limit; the result takes it away. */
function waitForTime({ step, timeout }: Attempt, ending: Ending): () => void {
  if (timeout === undefined) return nothing;
  const { clock } = step.world;
  return clock.at(clock.now() + 1000 * timeout, () => ending.reject(new TimedOut({ error: 'States.Timeout' })));
}

/** Opens the task's token; the result closes it for good. */
function listen({ step, call, heartbeat }: Attempt, ending: Ending): () => void {
  if (call.token === undefined) return nothing;
  const { clock, tokens } = step.world;
  let stopTimer = nothing;
  const expectHeartbeat = (): void => {
    stopTimer();
    if (heartbeat === undefined) return;
    // A lapsed heartbeat is reported as States.Timeout, and found under both names.
    const lapsed = new TimedOut({ error: 'States.Timeout' }, { alias: 'States.HeartbeatTimeout' });
    stopTimer = clock.at(clock.now() + 1000 * heartbeat, () => ending.reject(lapsed));
  };
  const { account, region } = step.execution.machine;
  const close = tokens.open(
    call.token,
    { account, region },
    {
      succeed: (output) => ending.resolve(jsonOf(output)),
      fail: (failure) => ending.reject(new StatesError(failure)),
      heartbeat: expectHeartbeat,
    },
  );
  expectHeartbeat();
  return () => {
    stopTimer();
    close();
  };
}

function names(resource: TaskResource): { resourceType: string; resource: string } {
  return { resourceType: resource.type, resource: resource.action };
}

function record({ step }: Attempt, type: HistoryEventType, details: EventDetails): void {
  step.execution.history.add(step.frame.chain, type, details);
}

function recordFailure(attempt: Attempt, error: StatesError): void {
  const details: Failure & { resourceType: string; resource: string } = { ...names(attempt.resource), ...error.failure };
  if (error instanceof TimedOut) record(attempt, 'TaskTimedOut', { taskTimedOutEventDetails: details });
  else if (error === attempt.refusal) record(attempt, 'TaskSubmitFailed', { taskSubmitFailedEventDetails: details });
  else record(attempt, 'TaskFailed', { taskFailedEventDetails: details });
}
