import { performance } from 'node:perf_hooks';
import { Activity, Gate, type ActivityOptions } from './clock-gate.ts';
import { holdTimers, type HeldTimers } from './clock-timers.ts';
import type { Clock } from './types.ts';

export type { Activity, ActivityOptions } from './clock-gate.ts';

/** The longest delay that a timer can have (2^31 - 1 ms, 24.8 days): https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Turns of the event loop that must show nothing before time moves: a reply is read, parsed and acted upon in fewer. */
const QUIET_TURNS = 4;

/** After so many turns of waiting for real work, the loop leaves the processor to it. */
const BUSY_TURNS = 200;

/** After so many milliseconds with nothing in flight and no timer, nothing will come any more. */
const DEAD_AFTER = 500;

const STALL_LIMIT = 60_000;

/** A clock that also knows work from waiting. */
export interface ActivityClock extends Clock {
  /**
   * Runs a piece of work (a request, a function invocation) that keeps virtual time still, except while all that it waits for is
   * time: timers that it set itself, `parked` promises, or activities and requests of its own in that state.
   */
  activity<T>(name: string, work: (activity: Activity) => Promise<T>, options?: ActivityOptions): Promise<T>;
  /** Gives an activity up: whatever it still does holds time no longer. */
  end(activity: Activity): void;
  /** Awaits something that only time or somebody else's action brings (a message, a callback): time may move meanwhile. */
  parked<T>(promise: Promise<T>): Promise<T>;
}

/** Virtual time, and what drives it. */
export interface VirtualClock extends ActivityClock {
  /**
   * Lets time run until `until` holds. Rejects with what a timer throws, or with a `DeadlockError` that says what is open when
   * nothing can move any more.
   */
  run(until: () => boolean): Promise<void>;
  /** Gives the process its own timers and Date back. Timers still held never fire. */
  uninstall(): void;
}

/** Nothing can move any more, and what was waited for has not come. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
}

export interface VirtualClockOptions {
  /** Milliseconds since the epoch. */
  start: number;
  /** Real milliseconds without any sign of life after which work that holds time counts as dead. Default 60,000. */
  stallLimit?: number;
}

let installed = false;

/**
 * Virtual time for this whole process (one at a time): timers and Date stand still until nothing real is in flight, then jump to
 * the earliest timer. Install it before code that keeps its own reference to `setTimeout` or `Date` is loaded.
 */
export function createVirtualClock(options: VirtualClockOptions): VirtualClock {
  if (installed) throw new Error('a virtual clock is installed already: two worlds never share a process');
  installed = true;
  return new GatedClock(options);
}

/** Real time, for `wavelock local`: activities and tracked work simply run. */
export function createRealClock(): ActivityClock {
  return {
    now: () => Date.now(),
    at: (time, work) => inSteps(Date.now, time, work),
    sleep: (milliseconds) => new Promise((resolve) => void inSteps(Date.now, Date.now() + milliseconds, resolve)),
    track: (work) => work(),
    activity: (name, work, options = {}) => work(new Activity(name, undefined, options)),
    end: (activity) => {
      activity.open = false;
    },
    parked: (promise) => promise,
  };
}

/**
 * `clock.activity` for code that was only handed a `Clock`: with a clock that doesn't tell work from waiting, the work simply runs.
 */
export function inActivity<T>(clock: Clock, name: string, work: (activity: Activity) => Promise<T>, options: ActivityOptions = {}): Promise<T> {
  return isActivityClock(clock) ? clock.activity(name, work, options) : work(new Activity(name, undefined, options));
}

/** `clock.parked` for code that was only handed a `Clock`. */
export function parked<T>(clock: Clock, promise: Promise<T>): Promise<T> {
  return isActivityClock(clock) ? clock.parked(promise) : promise;
}

/** `clock.end` for code that was only handed a `Clock`. */
export function endActivity(clock: Clock, activity: Activity): void {
  if (isActivityClock(clock)) clock.end(activity);
}

function isActivityClock(clock: Clock): clock is ActivityClock {
  return 'activity' in clock && 'parked' in clock;
}

/** A timer for a time that may be further away than a timer's longest delay. */
function inSteps(now: () => number, time: number, work: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const delay = Math.max(0, Math.ceil(time - now()));
    timer = delay > LONGEST_DELAY ? setTimeout(arm, LONGEST_DELAY) : setTimeout(work, delay);
  };
  arm();
  return () => clearTimeout(timer);
}

class GatedClock implements VirtualClock {
  private readonly gate = new Gate();
  private readonly timers: HeldTimers;
  private readonly stallLimit: number;
  // The process's own, from before they were replaced.
  private readonly turn = promiseOf(globalThis.setImmediate);
  private readonly pause = promiseOf(globalThis.setTimeout, 1);

  constructor({ start, stallLimit = STALL_LIMIT }: VirtualClockOptions) {
    this.timers = holdTimers(start, this.gate);
    this.stallLimit = stallLimit;
  }

  now(): number {
    return this.timers.now();
  }

  at(time: number, work: () => void): () => void {
    return this.gate.detached(() =>
      inSteps(
        () => this.now(),
        time,
        () => this.timers.defer(() => this.gate.detached(work)),
      ),
    );
  }

  sleep(milliseconds: number): Promise<void> {
    return this.parked(new Promise((resolve) => void this.at(this.now() + milliseconds, resolve)));
  }

  track<T>(work: () => Promise<T>): Promise<T> {
    return this.gate.track(work);
  }

  activity<T>(name: string, work: (activity: Activity) => Promise<T>, options: ActivityOptions = {}): Promise<T> {
    return this.gate.activity(name, work, options);
  }

  end(activity: Activity): void {
    this.gate.end(activity);
  }

  parked<T>(promise: Promise<T>): Promise<T> {
    return promise.finally(this.gate.wait(this.gate.current()));
  }

  async run(until: () => boolean): Promise<void> {
    let quietTurns = 0;
    while (!until()) {
      await this.turn();
      if (this.gate.busy()) {
        await this.untilIdle(until);
        quietTurns = 0;
      } else if (++quietTurns >= QUIET_TURNS) {
        if (until()) return;
        if (this.timers.count() === 0) await this.untilAlive(until);
        else this.timers.next();
        quietTurns = 0;
      }
    }
  }

  uninstall(): void {
    this.timers.uninstall();
    this.gate.dispose();
    installed = false;
  }

  /** Gives real work its turns; what shows no sign of life for too long is declared dead. */
  private async untilIdle(until: () => boolean): Promise<void> {
    let progress = this.gate.progress;
    let since = performance.now();
    for (let turns = 0; this.gate.busy() && !until(); turns++) {
      await (turns < BUSY_TURNS ? this.turn() : this.pause());
      if (this.gate.progress !== progress) {
        progress = this.gate.progress;
        since = performance.now();
        turns = 0;
      } else if (turns > BUSY_TURNS && performance.now() - since > this.stallLimit) {
        if (!this.gate.reportStall()) throw new DeadlockError(this.explain(`nothing has moved for ${this.stallLimit} ms of real time`));
        since = performance.now();
      }
    }
  }

  /** Nothing is in flight and no timer is set: work that nobody declared (a file, an import) may still bring something. */
  private async untilAlive(until: () => boolean): Promise<void> {
    const progress = this.gate.progress;
    const since = performance.now();
    while (this.gate.progress === progress && !until()) {
      if (performance.now() - since > DEAD_AFTER) throw new DeadlockError(this.explain('nothing is in flight and no timer is set'));
      await this.pause();
    }
  }

  private explain(what: string): string {
    const open = this.gate.describe();
    return `virtual time cannot go on at ${new Date(this.now()).toISOString()}: ${what}; open: ${open.join(', ') || 'nothing'}`;
  }
}

function promiseOf(schedule: (resolve: () => void, milliseconds?: number) => unknown, milliseconds?: number): () => Promise<void> {
  return () => new Promise((resolve) => void schedule(resolve, milliseconds));
}
