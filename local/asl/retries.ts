import type { Random } from '../types.ts';
import type { Retrier } from './definition.ts';
import { matches, type StatesError } from './errors.ts';

/** Defaults: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error */
const DEFAULT_INTERVAL = 1;
const DEFAULT_ATTEMPTS = 3;
const DEFAULT_BACKOFF = 2;

/** What the retriers of a state have used up. A redriven state starts with new ones. */
export class Retries {
  private readonly used: number[];

  constructor(
    private readonly retriers: Retrier[],
    private readonly random: Random,
  ) {
    this.used = retriers.map(() => 0);
  }

  /**
   * The delay in milliseconds before the state is tried again; undefined when it isn't. The first retrier that takes the error
   * decides, with its own count.
   */
  next(error: StatesError): number | undefined {
    const index = this.retriers.findIndex((retrier) => matches(retrier.ErrorEquals, error));
    const retrier = this.retriers[index];
    const used = this.used[index];
    if (!retrier || used === undefined || used >= (retrier.MaxAttempts ?? DEFAULT_ATTEMPTS)) return undefined;
    this.used[index] = used + 1;
    const grown = (retrier.IntervalSeconds ?? DEFAULT_INTERVAL) * (retrier.BackoffRate ?? DEFAULT_BACKOFF) ** used;
    const delay = Math.min(grown, retrier.MaxDelaySeconds ?? Infinity);
    return Math.round(1000 * (retrier.JitterStrategy === 'FULL' ? delay * this.random.next() : delay));
  }
}
