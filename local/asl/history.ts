import type { HistoryEvent as SdkHistoryEvent, HistoryEventType } from '@aws-sdk/client-sfn';
import type { Clock } from '../types.ts';
import { Cancelled, runtimeError, StatesError } from './errors.ts';
import { HISTORY_LIMIT, REDRIVABLE_HISTORY_LIMIT } from './limits.ts';

/** An event as GetExecutionHistory gives it. */
export type HistoryEvent = SdkHistoryEvent & { id: number; previousEventId: number; timestamp: Date; type: HistoryEventType };

/** Details under the member that belongs to the type, e.g. `{ taskFailedEventDetails: { … } }`. */
export type EventDetails = Omit<SdkHistoryEvent, 'id' | 'previousEventId' | 'timestamp' | 'type'>;

/**
 * Where a run of states stands in the history: its events follow on one another, and those of branches on the event that started
 * them (`previousEventId`). Shape of the chains: https://github.com/floci-io/floci/pull/3167 (measured).
 */
export interface Chain {
  last: number;
  /** The run was cut off: it has no more say. */
  cut: boolean;
}

/** All events of one execution. */
export class History {
  readonly events: HistoryEvent[] = [];
  private sealed = false;

  constructor(private readonly clock: Clock) {}

  /** Too long for a redrive, which needs room for two more events. */
  get full(): boolean {
    return this.events.length >= REDRIVABLE_HISTORY_LIMIT;
  }

  /**
   * Adds an event and moves the chain on to it.
   *
   * @returns the event's id
   * @throws Cancelled when the execution has ended or the chain was cut
   * @throws StatesError `States.Runtime` when the next event is the 25,000th: that one is the failure itself
   */
  add(chain: Chain, type: HistoryEventType, details: EventDetails = {}): number {
    chain.last = this.aside(chain, type, details);
    return chain.last;
  }

  /** Adds an event that the chain's next event does not follow on, such as ParallelStateSucceeded. */
  aside(chain: Chain, type: HistoryEventType, details: EventDetails = {}): number {
    if (this.sealed || chain.cut) throw new Cancelled();
    if (this.events.length >= HISTORY_LIMIT - 1) throw historyFull();
    return this.push(type, chain.last, details);
  }

  /** Adds the event that ends the execution; nothing can follow. */
  end(type: HistoryEventType, previous: number, details: EventDetails): void {
    this.push(type, previous, details);
    this.sealed = true;
  }

  /** Lets a redriven execution write on. */
  reopen(): void {
    this.sealed = false;
  }

  private push(type: HistoryEventType, previousEventId: number, details: EventDetails): number {
    const id = this.events.length + 1;
    this.events.push({ timestamp: new Date(this.clock.now()), type, id, previousEventId, ...details });
    return id;
  }
}

/** Wording: https://github.com/floci-io/floci/issues/2734 (measured). It doesn't name a state. */
function historyFull(): StatesError {
  const { failure } = runtimeError(`The execution reached the maximum number of history events (${HISTORY_LIMIT}).`);
  return new StatesError(failure);
}
