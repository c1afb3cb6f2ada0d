import type { HistoryEventType } from '@aws-sdk/client-sfn';
import { Cancellation } from './cancellation.ts';
import type { ParallelState } from './definition.ts';
import { Cancelled, StatesError } from './errors.ts';
import { newFrame, type Frame } from './frame.ts';
import { PAYLOAD_LIMIT, tooLarge } from './limits.ts';
import { evaluate, type Run, type Step } from './step.ts';
import { byteLength, type JsonValue } from './values.ts';

/** Runs the states of a branch; given by the interpreter, which in turn needs this file. */
export type RunFrame = (run: Run, frame: Frame, cancellation: Cancellation) => Promise<JsonValue>;

/** How a group of branches, or of iterations, runs. */
export interface Group {
  runFrame: RunFrame;
  /** As many run side by side; the others wait. */
  concurrency: number;
  /** Called before a frame runs for the first time. */
  start(frame: Frame, index: number): Promise<void>;
  /** Called when a frame has come to its end. */
  end(frame: Frame, index: number): void;
  /** For iterations: their name and index in the history. */
  iterations?: string;
}

/** States whose cutting off is an event. */
const abortEvents: Record<string, HistoryEventType> = {
  Task: 'TaskStateAborted',
  Wait: 'WaitStateAborted',
  Parallel: 'ParallelStateAborted',
  Map: 'MapStateAborted',
};

/**
 * A Parallel: every branch gets the same input, and the result is their outputs in the order of the definition.
 *
 * @throws StatesError of the first branch that fails; the others are cut off
 */
export async function runParallel(step: Step, state: ParallelState, runFrame: RunFrame): Promise<JsonValue> {
  const { frame, execution } = step;
  if (!step.resumed || !frame.branches) {
    const input = state.Arguments === undefined ? frame.input : await evaluate(step, state.Arguments, 'Arguments');
    const previous = execution.history.add(frame.chain, 'ParallelStateStarted');
    frame.branches = state.Branches.map((branch) => ({
      ...newFrame(branch, input, { variables: frame.variables, previous }),
      item: frame.item,
    }));
  }
  const outputs = await runGroup(step, frame.branches, {
    runFrame,
    concurrency: Infinity,
    start: () => Promise.resolve(),
    end: () => {},
  });
  execution.history.aside(frame.chain, 'ParallelStateSucceeded');
  return outputs;
}

/**
 * Runs frames side by side. A failing one cuts off the others and records what it cut, in the order of the frames and all from the
 * failing one's last event: https://github.com/floci-io/floci/pull/3167 and
 * https://github.com/localstack/localstack/blob/main/tests/aws/services/stepfunctions/v2/timeouts/test_timeouts.snapshot.json (measured).
 *
 * @throws StatesError of the first frame that fails, `States.DataLimitExceeded` when the outputs together are over 256 KiB
 */
export async function runGroup(step: Step, frames: Frame[], group: Group): Promise<JsonValue[]> {
  const cancellation = new Cancellation(step.cancellation);
  const waiting = frames.entries();
  const started = step.frame.chain.last;
  let failure: unknown;

  async function worker(): Promise<void> {
    let previous = started;
    for (const [index, frame] of waiting) {
      if (cancellation.cancelled) return;
      if (frame.ended) continue;
      try {
        previous = await runOne(frame, index, previous);
      } catch (thrown) {
        if (cancellation.cancelled) return;
        failure = thrown;
        cut(step, frames, { group, failing: frame, error: thrown });
        cancellation.cancel();
      }
    }
  }

  async function runOne(frame: Frame, index: number, previous: number): Promise<number> {
    frame.chain.cut = false;
    if (frame.entered === undefined) {
      frame.chain.last = previous;
      await group.start(frame, index);
    }
    await group.runFrame(step, frame, cancellation);
    const { last } = frame.chain;
    group.end(frame, index);
    // The group goes on from the event that any of its frames added last.
    step.frame.chain.last = Math.max(step.frame.chain.last, frame.chain.last);
    return last;
  }

  await Promise.all(Array.from({ length: Math.min(group.concurrency, frames.length) }, () => worker()));
  cancellation.release();
  if (step.cancellation.cancelled) throw new Cancelled();
  if (failure !== undefined) throw failure;
  return collect(step, frames);
}

function collect(step: Step, frames: Frame[]): JsonValue[] {
  const outputs = frames.map((frame) => frame.output);
  if (byteLength(JSON.stringify(outputs)) > PAYLOAD_LIMIT) {
    // A redrive runs all branches again: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    delete step.frame.branches;
    throw tooLarge(step.name);
  }
  return outputs;
}

/** Records a failed group, in the order of its frames, and takes the cut ones' voice away. */
function cut(step: Step, frames: Frame[], { group, failing, error }: { group: Group; failing: Frame; error: unknown }): void {
  const { chain } = failing;
  const silent = !(error instanceof StatesError) || error.terminal;
  for (const [index, frame] of frames.entries()) {
    if (frame.ended) continue;
    if (!silent) recordEnd(step, frame, { group, index, failing });
    if (frame !== failing) silence(frame);
  }
  step.frame.chain.last = chain.last;
}

function recordEnd(step: Step, frame: Frame, { group, index, failing }: { group: Group; index: number; failing: Frame }): void {
  const { history } = step.execution;
  if (group.iterations !== undefined && frame.started) {
    const details = { name: group.iterations, index };
    if (frame === failing) history.aside(failing.chain, 'MapIterationFailed', { mapIterationFailedEventDetails: details });
    else history.aside(failing.chain, 'MapIterationAborted', { mapIterationAbortedEventDetails: details });
  }
  // A Task that fails ends its branch as aborted; other failing states have events of their own.
  if (frame !== failing) recordAborted(step, frame, failing);
  else if (stateType(frame) === 'Task' && frame.entered !== undefined) history.aside(failing.chain, 'TaskStateAborted');
}

function recordAborted(step: Step, frame: Frame, failing: Frame): void {
  if (frame.ended || frame.entered === undefined) return;
  const { history } = step.execution;
  for (const [index, inner] of (frame.branches ?? []).entries()) {
    if (inner.started && !inner.ended) {
      history.aside(failing.chain, 'MapIterationAborted', { mapIterationAbortedEventDetails: { name: frame.state, index } });
    }
    recordAborted(step, inner, failing);
  }
  if (frame.mapRun) history.aside(failing.chain, 'MapRunAborted');
  const event = abortEvents[stateType(frame) ?? ''];
  if (event) history.aside(failing.chain, event);
}

function stateType(frame: Frame): string | undefined {
  return frame.level.States[frame.state]?.Type;
}

function silence(frame: Frame): void {
  frame.chain.cut = true;
  for (const inner of frame.branches ?? []) silence(inner);
}
