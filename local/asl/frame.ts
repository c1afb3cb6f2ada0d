import type { Level } from './definition.ts';
import type { Chain } from './history.ts';
import type { MapRun } from './map-run.ts';
import type { JsonValue } from './values.ts';
import { Variables } from './variables.ts';

/** The item that an iteration works on, as `$states.context.Map.Item` shows it. */
export interface MapItem {
  Index: number;
  Value: JsonValue;
}

/**
 * Where a run of states stands. It stays as it is when the run fails, so that a redrive goes on from there: branches that ended
 * keep their output.
 */
export interface Frame {
  level: Level;
  /** The state that runs, or that runs next. */
  state: string;
  input: JsonValue;
  variables: Variables;
  chain: Chain;
  item?: MapItem;
  /** Event that entered the state that runs. */
  entered?: number;
  /** What the Parallel or Map that runs has under way. */
  branches?: Frame[];
  mapRun?: MapRun;
  /** Set once an iteration has its MapIterationStarted event. */
  started: boolean;
  /** Set once the run of states has come to its end. */
  ended: boolean;
  output: JsonValue;
}

/** A run of states at its beginning. `previous` is the event that its first event follows on. */
export function newFrame(level: Level, input: JsonValue, outer: { variables?: Variables; previous: number }): Frame {
  return {
    level,
    state: level.StartAt,
    input,
    variables: new Variables(outer.variables),
    chain: { last: outer.previous, cut: false },
    started: false,
    ended: false,
    output: null,
  };
}
