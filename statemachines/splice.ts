/**
 * Reads the state machines from their files. `track` runs inside the Distributed Maps of `intake` and `wave`: their files say
 * `"ItemProcessor": "%%track%%"`, and the track's states are put there, so that it has one file and can be tested alone.
 */
import { readFileSync } from 'node:fs';
import type { MachineName } from './contracts.ts';

/** Where a machine's file wants the track. */
const trackMark = '%%track%%';

/** One state, with the fields that we look at; the rest passes through untouched (Amazon States Language specification). */
export interface State {
  Type: string;
  Resource?: string;
  Arguments?: Record<string, unknown>;
  TimeoutSeconds?: number | string;
  ItemProcessor?: Processor | typeof trackMark;
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

function readMachine(name: MachineName): Definition {
  return JSON.parse(readFileSync(new URL(`${name}.asl.json`, import.meta.url), 'utf8')) as Definition;
}

/** A machine as it is deployed: its file with the track spliced in. `${Name}` substitutions are still open. */
export function loadMachine(name: MachineName): Definition {
  return spliceTrack(readMachine(name), readMachine('track'));
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
