import type { HistoryEventType } from '@aws-sdk/client-sfn';
import { runParallel } from './branches.ts';
import type { Cancellation } from './cancellation.ts';
import { handlesFailures, type ChoiceState, type FailState, type HandlingState, type State, type WaitState } from './definition.ts';
import { Cancelled, matches, runtimeError, StatesError, type Failure } from './errors.ts';
import type { Frame } from './frame.ts';
import { MOST_SECONDS } from './limits.ts';
import { runMap } from './map.ts';
import { Retries } from './retries.ts';
import { evaluate, leave, numberField, unexpected, type Exit, type Run, type Step } from './step.ts';
import { runTask } from './task.ts';
import type { JsonObject, JsonValue } from './values.ts';

/** A Fail state never exits, and has no event for it. */
const exitEvents: Record<State['Type'], HistoryEventType> = {
  Pass: 'PassStateExited',
  Task: 'TaskStateExited',
  Choice: 'ChoiceStateExited',
  Wait: 'WaitStateExited',
  Succeed: 'SucceedStateExited',
  Fail: 'ExecutionFailed',
  Parallel: 'ParallelStateExited',
  Map: 'MapStateExited',
};

/**
 * Runs states from where the frame stands until the last one, and gives its output.
 *
 * @throws StatesError when a state fails and nothing catches it; the frame then stands at that state
 * @throws Cancelled when `cancellation` ends the run
 */
export async function runFrame(run: Run, frame: Frame, cancellation: Cancellation): Promise<JsonValue> {
  while (!frame.ended) {
    const state = frame.level.States[frame.state];
    // A checked definition has every target; an execution that outlives its machine keeps its own.
    if (!state) throw runtimeError(`The state '${frame.state}' does not exist.`);
    const step = enter(run, frame, state, cancellation);
    const exit = await runState(step, state);
    recordExit(step, state, exit);
    if (exit.assigned) frame.variables.assign(exit.assigned);
    delete frame.entered;
    delete frame.branches;
    delete frame.mapRun;
    if (exit.next === undefined) {
      frame.ended = true;
      frame.output = exit.output;
    } else {
      frame.state = exit.next;
      frame.input = exit.output;
    }
  }
  return frame.output;
}

/**
 * Enters the state that the frame stands at. A redriven execution takes up the state that it stood in, without a second event; a
 * Fail state is entered again: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
 */
function enter(run: Run, frame: Frame, state: State, cancellation: Cancellation): Step {
  const { world, execution } = run;
  const resumed = frame.entered !== undefined;
  world.transition(execution, frame.state, 0);
  if (!resumed || state.Type === 'Fail') {
    frame.entered = execution.history.add(frame.chain, `${state.Type}StateEntered`, {
      stateEnteredEventDetails: { name: frame.state, input: JSON.stringify(frame.input), inputDetails: { truncated: false } },
    });
  }
  return { ...run, frame, name: frame.state, cancellation, retries: 0, enteredTime: world.clock.now(), resumed };
}

function recordExit(step: Step, state: State, exit: Exit): void {
  const variables = exit.assigned && Object.fromEntries(Object.entries(exit.assigned).map(([name, value]) => [name, JSON.stringify(value)]));
  step.execution.history.add(step.frame.chain, exitEvents[state.Type], {
    stateExitedEventDetails: {
      name: step.name,
      output: exit.outputText,
      outputDetails: { truncated: false },
      ...(variables ? { assignedVariables: variables, assignedVariablesDetails: { truncated: false } } : {}),
    },
  });
}

async function runState(step: Step, state: State): Promise<Exit> {
  const retries = new Retries(handlesFailures(state) ? (state.Retry ?? []) : [], step.world.random);
  for (;;) {
    try {
      return await attempt(step, state);
    } catch (thrown) {
      const error = failed(step, thrown);
      const delay = retries.next(error);
      if (delay === undefined) return await handle(step, state, error);
      await step.cancellation.waitUntil(step.world.clock, step.world.clock.now() + delay);
      step.retries++;
      step.resumed = false;
      step.world.transition(step.execution, step.name, step.retries);
    }
  }
}

async function attempt(step: Step, state: State): Promise<Exit> {
  const { input } = step.frame;
  switch (state.Type) {
    case 'Pass':
    case 'Succeed':
      return leave(step, state, input);
    case 'Choice':
      return choose(step, state);
    case 'Wait':
      await wait(step, state);
      return leave(step, state, input);
    case 'Fail':
      throw new StatesError(await failureOf(step, state));
    case 'Task':
      return leaveWith(step, state, await runTask(step, state));
    case 'Parallel':
      return leaveWith(step, state, await runParallel(step, state, runFrame));
    case 'Map':
      return leaveWith(step, state, await runMap(step, state, runFrame));
    default:
      throw runtimeError(`The state type of '${step.name}' is not known.`);
  }
}

function leaveWith(step: Step, state: HandlingState, result: JsonValue): Promise<Exit> {
  return leave(step, state, result, { extras: { result } });
}

async function choose(step: Step, state: ChoiceState): Promise<Exit> {
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices[${index}]/Condition`;
    const holds = await evaluate(step, rule.Condition, field);
    if (typeof holds !== 'boolean') throw unexpected(rule.Condition, field, 'a boolean', holds);
    if (holds) return leave(step, rule, step.frame.input, { prefix: `Choices[${index}]/` });
  }
  // https://github.com/floci-io/floci/issues/2868 (measured): not States.NoChoiceMatched, as the specification has it.
  if (state.Default === undefined) throw runtimeError('Failed to transition out of the state. The state does not point to a next state.');
  return leave(step, { ...state, Next: state.Default }, step.frame.input);
}

async function wait(step: Step, state: WaitState): Promise<void> {
  const { clock } = step.world;
  let until: number;
  if (state.Seconds === undefined) {
    const timestamp = state.Timestamp ?? '';
    const value = await evaluate(step, timestamp, 'Timestamp');
    until = typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : NaN;
    if (Number.isNaN(until)) throw unexpected(timestamp, 'Timestamp', 'an RFC 3339 timestamp', value);
  } else {
    until = clock.now() + 1000 * (await numberField(step, state.Seconds, 'Seconds', { least: 0, most: MOST_SECONDS }));
  }
  if (until > clock.now()) await step.cancellation.waitUntil(clock, until);
}

async function failureOf(step: Step, state: FailState): Promise<Failure> {
  const failure: Failure = {};
  for (const [member, field] of [
    ['error', 'Error'],
    ['cause', 'Cause'],
  ] as const) {
    const template = state[field];
    if (template === undefined) continue;
    const value = await evaluate(step, template, field);
    if (typeof value !== 'string') throw unexpected(template, field, 'a string', value);
    failure[member] = value;
  }
  return failure;
}

/**
 * What was thrown in a state, as the error that it fails with. The interpreter's own errors name the state, and expressions that
 * failed have their event. What nobody foresaw is a fault of this emulator: it ends the execution and shows where it came from.
 */
function failed(step: Step, thrown: unknown): StatesError {
  if (thrown instanceof Cancelled) throw thrown;
  if (!(thrown instanceof StatesError)) {
    const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new StatesError({
      error: 'States.Runtime',
      cause: `Internal failure of the embedded AWS in the state '${step.name}': ${trace}`,
    });
  }
  const { failure, notes } = thrown;
  if (!notes.inState) return thrown;
  const place = `the state '${step.name}' (entered at the event id #${step.frame.entered})`;
  const cause = `An error occurred while executing ${place}. ${failure.cause}`;
  const error = new StatesError({ ...failure, cause });
  if (notes.location !== undefined) {
    step.execution.history.add(step.frame.chain, 'EvaluationFailed', {
      evaluationFailedEventDetails: { ...error.failure, location: notes.location, state: step.name },
    });
  }
  return error;
}

/** A failure that is not retried: a catcher takes it, or the run of states ends with it. */
async function handle(step: Step, state: State, error: StatesError): Promise<Exit> {
  const before = step.frame.chain.last;
  recordStateFailed(step, state, error);
  if (!handlesFailures(state)) throw error;
  const catchers = state.Catch ?? [];
  const index = catchers.findIndex((catcher) => matches(catcher.ErrorEquals, error));
  const catcher = catchers[index];
  if (!catcher) throw error;
  const errorOutput: JsonObject = { Error: error.failure.error ?? '', Cause: error.failure.cause ?? '' };
  try {
    return await leave(step, catcher, errorOutput, { extras: { errorOutput }, prefix: `Catch[${index}]/` });
  } catch (thrown) {
    // The state fails a second time, from where it stood before: https://github.com/floci-io/floci/issues/2868 (measured).
    step.frame.chain.last = before;
    const second = failed(step, thrown);
    recordStateFailed(step, state, second);
    throw second;
  }
}

function recordStateFailed(step: Step, state: State, error: StatesError): void {
  if (error.terminal || (state.Type !== 'Parallel' && state.Type !== 'Map')) return;
  step.execution.history.add(step.frame.chain, `${state.Type}StateFailed`);
}
