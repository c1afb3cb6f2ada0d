import { AsyncLocalStorage } from 'node:async_hooks';
import timers from 'node:timers';
import { promisify } from 'node:util';
import FakeTimers from '@sinonjs/fake-timers';
import type { Activity, Gate } from './clock-gate.ts';

type Callback = (...args: unknown[]) => void;
type SetTimer = (callback: Callback, milliseconds?: number, ...args: unknown[]) => unknown;
type ClearTimer = (handle: unknown) => void;

interface FakeClock {
  now: number;
  next(): number;
  countTimers(): number;
  uninstall(): void;
  setTimeout: SetTimer;
  setInterval: SetTimer;
  clearTimeout: ClearTimer;
  clearInterval: ClearTimer;
}

/** Timers of this process, held up until `next` lets the earliest go. */
export interface HeldTimers {
  now(): number;
  count(): number;
  /** Moves time to the earliest timer and runs it. */
  next(): void;
  /** Called by a timer: runs `work` when the timer has returned, so that timers which it sets without delay get none. */
  defer(work: () => void): void;
  uninstall(): void;
}

/**
 * Replaces setTimeout, setInterval, their clears and Date everywhere (globals, node:timers, node:timers/promises).
 * On top of fake-timers, each timer keeps the async context that made it, as Node's own do, and counts for the activity that made it.
 */
export function holdTimers(start: number, gate: Gate): HeldTimers {
  const fake = FakeTimers.install({
    now: start,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    shouldClearNativeTimers: true,
  }) as unknown as FakeClock;
  const { setTimeout, setInterval, clearTimeout, clearInterval } = fake;
  const owned = new OwnedTimers(fake, gate);
  const methods = {
    setTimeout: Object.assign((...args: Parameters<SetTimer>) => owned.set('once', args), {
      [promisify.custom]: (milliseconds: number, value: unknown) => new Promise((resolve) => owned.set('once', [() => resolve(value), milliseconds])),
    }),
    setInterval: (...args: Parameters<SetTimer>) => owned.set('repeat', args),
    clearTimeout: (handle: unknown) => owned.clear(handle),
    clearInterval: (handle: unknown) => owned.clear(handle),
  };
  // fake-timers' own timers/promises look these up on the clock, all others on the globals or on node:timers.
  for (const target of [globalThis, timers, fake]) Object.assign(target, methods);
  const deferred: (() => void)[] = [];
  return {
    now: () => fake.now,
    count: () => fake.countTimers(),
    next() {
      // Within it, fake-timers adds a millisecond to every timer without delay, as Node does.
      fake.next();
      for (const work of deferred.splice(0)) work();
    },
    defer: (work) => void deferred.push(work),
    uninstall: () => {
      // Their marks tell fake-timers that there was something to be put back.
      Object.assign(fake, { setTimeout, setInterval, clearTimeout, clearInterval });
      fake.uninstall();
    },
  };
}

/** Timers that know the activity that set them: while they are pending, time may move for it. */
class OwnedTimers {
  private readonly setters: Record<'once' | 'repeat', SetTimer>;
  private readonly clearer: ClearTimer;
  private readonly ends = new Map<number, () => void>();

  constructor(
    private readonly clock: FakeClock,
    private readonly gate: Gate,
  ) {
    this.setters = { once: clock.setTimeout, repeat: clock.setInterval };
    this.clearer = clock.clearTimeout;
  }

  set(kind: 'once' | 'repeat', [callback, milliseconds, ...args]: Parameters<SetTimer>): unknown {
    const owner = this.gate.current();
    const run = AsyncLocalStorage.bind(callback);
    const release = this.gate.waitUntil(owner, this.clock.now + (milliseconds ?? 0));
    const handle = this.setters[kind](() => {
      if (kind === 'once') this.end(handle);
      this.gate.progress++;
      shield(owner, () => run(...args));
    }, milliseconds);
    this.ends.set(Number(handle), release);
    return handle;
  }

  clear(handle: unknown): void {
    this.end(handle);
    this.clearer(handle);
  }

  private end(handle: unknown): void {
    if (handle === undefined || handle === null) return;
    const id = Number(handle);
    this.ends.get(id)?.();
    this.ends.delete(id);
  }
}

/** What a timer throws belongs to the work that set it; without such work it ends the run, as it would end a Node process. */
function shield(owner: Activity | undefined, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!owner?.open || !owner.options.failed) throw error;
    owner.options.failed(error);
  }
}
