import type { Clock } from '../types.ts';
import { Cancelled } from './errors.ts';

/** Does nothing: for what is there to be called, but has nothing to undo. */
export function nothing(): void {}

/** Ends everything that runs below it. Each branch group has one under that of its execution. */
export class Cancellation {
  private readonly listeners = new Set<() => void>();
  private readonly leave: () => void;
  private over = false;

  constructor(parent?: Cancellation) {
    this.leave = parent ? parent.onCancel(() => this.cancel()) : nothing;
  }

  get cancelled(): boolean {
    return this.over;
  }

  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.leave();
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) listener();
  }

  /** Calls `listener` once when this is cancelled, at once when it already is; the result takes the listener away. */
  onCancel(listener: () => void): () => void {
    if (this.over) {
      listener();
      return nothing;
    }
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Settles as `work` does, or rejects with `Cancelled` as soon as this is cancelled. */
  orCancelled<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = this.onCancel(() => reject(new Cancelled()));
      void work.then(resolve, reject).finally(leave);
    });
  }

  /** Waits until `time` (ms since the epoch); a cancelled wait leaves no timer behind. */
  waitUntil(clock: Clock, time: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let stopTimer = nothing;
      const leave = this.onCancel(() => {
        stopTimer();
        reject(new Cancelled());
      });
      if (this.over) return;
      stopTimer = clock.at(time, () => {
        leave();
        resolve();
      });
    });
  }

  /** Leaves the parent, when the work below is done. */
  release(): void {
    this.leave();
  }
}
