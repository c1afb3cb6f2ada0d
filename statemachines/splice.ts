/**
 * Reads the state machines from their files. `track` runs inside the Distributed Maps of `intake` and `wave`: their files say
 * `"ItemProcessor": "%%track%%"`, and the track's states are put there, so that it has one file and can be tested alone.
 * `"%%passing%%"` among the errors of a Retry stands for Lambda's own that pass.
 */
import { readFileSync } from 'node:fs';
import type { MachineName } from './contracts.ts';

/** Where a machine's file wants the track. */
const trackMark = '%%track%%';

/**
 * Lambda's own errors after which a task that may be repeated is simply called again
 * (https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html). A call may have been carried out before one of them.
 */
export const passing = ['ClientExecutionTimeoutException', 'ServiceException', 'AWSLambdaException', 'SdkClientException'].map(
  (name) => `Lambda.${name}`,
);

/** One state, with the fields that we look at; the rest passes through untouched (Amazon States Language specification). */
export interface State {
  Type: string;
  Resource?: string;
  Arguments?: Record<string, unknown>;
  TimeoutSeconds?: number | string;
  ItemProcessor?: Processor | typeof trackMark;
  Next?: string;
  Choices?: Step[];
  Catch?: Step[];
  [field: string]: unknown;
}

/** A choice or a caught error: both lead to another state. */
export interface Step {
  Next: string;
  ErrorEquals?: string[];
  [field: string]: unknown;
}

/** What a Map runs for each item. */
export interface Processor {
  ProcessorConfig: { Mode: 'INLINE' } | { Mode: 'DISTRIBUTED'; ExecutionType: 'STANDARD' | 'EXPRESS' };
  StartAt: string;
  States: Record<string, State>;
}

/** A whole state machine. */
export interface Definition {
  Comment: string;
  QueryLanguage: 'JSONata';
  TimeoutSeconds: number;
  StartAt: string;
  States: Record<string, State>;
}

/**
 * The machine with `track` in place of each mark, as the processor of a Distributed Map of Standard executions: each track is an
 * execution of its own, with its own history of 25,000 events (Step Functions Developer Guide, "Distributed Map").
 * The track's own TimeoutSeconds has no place in a processor; its tasks are all timed.
 */
export function spliceTrack(machine: Definition, track: Definition): Definition {
  const processor: Processor = {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    StartAt: track.StartAt,
    States: track.States,
  };
  const spliced = Object.entries(machine.States).map(([name, state]): [string, State] => [
    name,
    state.ItemProcessor === trackMark ? { ...state, ItemProcessor: processor } : state,
  ]);
  return { ...machine, States: Object.fromEntries(spliced) };
}

/**
 * The machine without the states that call these tasks: whatever led to one of them goes on where it would have gone on, or ends. For modes in
 * which a task does not exist. Throws where a choice or a caught error would have to end the machine: they can only lead on.
 */
export function withoutTasks(machine: Definition, tasks: readonly string[]): Definition {
  const calls = new Set(tasks.map((task) => `\${${task}}`));
  const isCut = (state: State | undefined): boolean => calls.has(String(state?.Arguments?.FunctionName));
  const onward = (target: string | undefined): string | undefined => {
    const state = target === undefined ? undefined : machine.States[target];
    return isCut(state) ? onward(state?.Next) : target;
  };
  const leadOn = (name: string, steps: Step[]): Step[] =>
    steps.map((step) => {
      const Next = onward(step.Next);
      if (Next === undefined) throw new Error(`${name} leads to ${step.Next}, after which nothing comes`);
      return { ...step, Next };
    });
  const kept = Object.entries(machine.States).flatMap(([name, state]): [string, State][] => {
    if (isCut(state)) return [];
    const led: State = { ...state };
    if (led.Choices) led.Choices = leadOn(name, led.Choices);
    if (led.Catch) led.Catch = leadOn(name, led.Catch);
    const next = onward(led.Next);
    if (led.Next !== undefined && next === undefined) {
      delete led.Next;
      led.End = true;
    } else if (next !== undefined) led.Next = next;
    return [[name, led]];
  });
  return { ...machine, States: Object.fromEntries(kept) };
}

function readMachine(name: MachineName): Definition {
  const text = readFileSync(new URL(`${name}.asl.json`, import.meta.url), 'utf8');
  return JSON.parse(text.replaceAll('"%%passing%%"', passing.map((error) => JSON.stringify(error)).join(', '))) as Definition;
}

/**
 * A machine as it is deployed: its file with the track spliced in, without the tasks that do not exist in a mode. `${Name}` substitutions are
 * still open.
 */
export function loadMachine(name: MachineName, without: readonly string[] = []): Definition {
  return withoutTasks(spliceTrack(readMachine(name), readMachine('track')), without);
}

/** Every state of a machine, those inside its Maps included. */
export function* statesOf(machine: { States: Record<string, State> }): Generator<State> {
  for (const state of Object.values(machine.States)) {
    yield state;
    if (typeof state.ItemProcessor === 'object') yield* statesOf(state.ItemProcessor);
  }
}

/** Names of a machine's `${Name}` substitutions, each once, in alphabetical order. */
export function substitutionsOf(machine: Definition): string[] {
  const found = JSON.stringify(machine).matchAll(/\$\{(\w+)\}/g);
  return [...new Set([...found].map((match) => match[1] ?? ''))].toSorted();
}
