import type { Clock } from '../types.ts';

/** A clock in memory, which touches no timer of the process: several can run side by side. */
export interface WalkClock extends Clock {
  /**
   * Lets time run, from timer to timer, until `until` holds.
   *
   * @throws Error when no timer is left and `until` doesn't hold
   */
  run(until: () => boolean): Promise<void>;
}

interface Timer {
  time: number;
  work: () => void;
}

/** @param start milliseconds since the epoch */
export function createWalkClock(start: number): WalkClock {
  let time = start;
  let busy = 0;
  const timers: Timer[] = [];

  function at(when: number, work: () => void): () => void {
    const timer = { time: Math.max(when, time), work };
    // Behind all timers of the same time: they go off in the order in which they were set.
    const index = timers.findLastIndex((other) => other.time <= timer.time) + 1;
    timers.splice(index, 0, timer);
    return () => {
      const place = timers.indexOf(timer);
      if (place >= 0) timers.splice(place, 1);
    };
  }

  return {
    now: () => time,
    at,
    sleep: (milliseconds) => new Promise((resolve) => void at(time + milliseconds, resolve)),
    async track(work) {
      busy++;
      try {
        return await work();
      } finally {
        busy--;
      }
    },
    async run(until) {
      for (;;) {
        // All that is ready runs before time moves; one turn empties the queue of promises.
        await turn();
        if (until()) return;
        if (busy > 0) continue;
        const next = timers.shift();
        if (!next) throw new Error('nothing can move any more: no timer is set, and nothing is under way');
        time = next.time;
        next.work();
      }
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
