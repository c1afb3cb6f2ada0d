import type { Clock } from '../types.ts';
import type { DynamoEngine, JsonItem } from './dynamodb-engine.ts';

/**
 * How long an expired item stays. AWS deletes "typically within a few days" and promises nothing
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html); half a day is enough to trip code that relies on it.
 */
export const TTL_LAG = 12 * 3_600_000;

/** Items that expired longer ago than this are never deleted: same page, "TTL timestamp more than five years in the past". */
const TOO_OLD = 5 * 365.25 * 86_400_000;

/** Deletes a table's expired items, late, without a timer while nothing can expire. */
export class Expiry {
  private due = Number.POSITIVE_INFINITY;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly engine: DynamoEngine,
    private readonly table: string,
    readonly attribute: string,
    private readonly clock: Clock,
  ) {}

  /** An item was written. `expires` in seconds since the epoch, `unknown` when only the table knows what an update left there. */
  written(expires: number | 'unknown' | undefined): void {
    if (expires === undefined) return;
    const at = expires === 'unknown' ? this.clock.now() : Math.max(expires * 1000, this.clock.now());
    this.schedule(at + TTL_LAG);
  }

  stop(): void {
    this.cancel();
    this.due = Number.POSITIVE_INFINITY;
  }

  private schedule(time: number): void {
    if (time >= this.due) return;
    this.cancel();
    this.due = time;
    this.cancel = this.clock.at(time, () => {
      this.due = Number.POSITIVE_INFINITY;
      void this.clock.track(() => this.sweep());
    });
  }

  private async sweep(): Promise<void> {
    const now = this.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for await (const item of this.items()) {
      const expires = Number(item[this.attribute]?.['N']) * 1000;
      if (Number.isNaN(expires) || now - expires > TOO_OLD) continue;
      if (expires + TTL_LAG <= now) await this.remove(item, expires);
      else next = Math.min(next, expires + TTL_LAG);
    }
    if (next < Number.POSITIVE_INFINITY) this.schedule(Math.max(next, now + TTL_LAG / 12));
  }

  private async *items(): AsyncGenerator<JsonItem> {
    let from: JsonItem | undefined;
    do {
      const page = await this.engine.read('Scan', { TableName: this.table, ...(from && { ExclusiveStartKey: from }) });
      yield* page.Items as JsonItem[];
      from = page.LastEvaluatedKey;
    } while (from);
  }

  /** Unless somebody has given it more time meanwhile. */
  private remove(item: JsonItem, expires: number): Promise<void> {
    return this.engine.exclusive(async () => {
      const { key } = await this.engine.identify(this.table, item);
      const current = await this.engine.item(this.table, key);
      if (Number(current?.[this.attribute]?.['N']) * 1000 !== expires) return;
      await this.engine.perform('DeleteItem', { TableName: this.table, Key: key });
    });
  }
}
