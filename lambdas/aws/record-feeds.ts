/** Reads and writes of the record about feeds: how each is, its advisories for look-up by id, and what is known of CVEs. */
import { Retryable } from '../core/errors.ts';
import { once } from './conditions.ts';
import type { EntityItem, UpdateEntityItem } from 'electrodb';
import type { Entities } from './entities.ts';
import type { Open } from './record.ts';

export type FeedRow = EntityItem<Entities['feed']>;
export type FeedFields = UpdateEntityItem<Entities['feed']>;
export type AdvisoryRow = EntityItem<Entities['advisory']>;
export type CveRow = EntityItem<Entities['cve']>;

const CONSISTENT = { consistent: true } as const;
/** Writes side by side. A partition takes 1,000 units a second, and large advisories are 100 units each. */
const WRITES_AT_ONCE = 20;

/** Times that what DynamoDB leaves of a batch is offered again, and the first pause, milliseconds: each is twice the one before, 25 seconds in all. */
const MOST_TRIES = 9;
const FIRST_PAUSE = 100;

export function feedRows(entities: Open) {
  return {
    async feed(name: string): Promise<FeedRow | undefined> {
      return (await entities().feed.get({ list: 'all', name }).go(CONSISTENT)).data ?? undefined;
    },
    async feeds(): Promise<FeedRow[]> {
      return (
        await entities()
          .feed.query.primary({ list: 'all' })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    async setFeed(name: string, fields: FeedFields): Promise<void> {
      await entities()
        .feed.upsert({ list: 'all', name, ...fields })
        .go();
    },
    /**
     * Writes fields of a feed's row if it still is of this revision (0: nothing was ever stored); false when somebody else has stored the
     * feed since then. Recognises its own earlier write only by what it wrote: writing the same twice is harmless.
     */
    async setFeedAt(name: string, revision: number, fields: FeedFields): Promise<boolean> {
      return once(() =>
        entities()
          .feed.upsert({ list: 'all', name, ...fields })
          .where((row, { notExists, eq }) => (revision === 0 ? notExists(row.revision) : eq(row.revision, revision)))
          .go(),
      );
    },
    /** One advisory as each feed that has it says it; empty when none has. */
    async advisory(source: string, id: string): Promise<AdvisoryRow[]> {
      return (
        await entities()
          .advisory.query.primary({ source, id })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    /** Writes rows unless a reading that began later has written them. */
    async putAdvisories(rows: AdvisoryRow[]): Promise<void> {
      for (let start = 0; start < rows.length; start += WRITES_AT_ONCE) {
        await Promise.all(
          rows.slice(start, start + WRITES_AT_ONCE).map((row) =>
            once(() =>
              entities()
                .advisory.put(row)
                .where(({ pulled }, { notExists, lte }) => `(${notExists(pulled)} OR ${lte(pulled, row.pulled)})`)
                .go(),
            ),
          ),
        );
      }
    },
    async putCves(rows: CveRow[]): Promise<void> {
      await untilTaken(rows, async (left) => (await entities().cve.put(left).go()).unprocessed);
    },
    async removeCves(about: string, ids: string[]): Promise<void> {
      const keys = ids.map((id) => ({ about, id }));
      await untilTaken(keys, async (left) => (await entities().cve.delete(left).go()).unprocessed);
    },
    async cve(about: string, id: string): Promise<CveRow | undefined> {
      return (await entities().cve.get({ about, id }).go()).data ?? undefined;
    },
  };
}

/**
 * Offers items of one list until all are taken. All CVEs of a list lie in one partition, which takes 1,000 writes a second: what is above comes
 * back unprocessed, and is no error of the call (DynamoDB API reference, BatchWriteItem.UnprocessedItems). Throws `Retryable` where it stays so.
 */
async function untilTaken<Item extends { id: string }>(items: Item[], offer: (left: Item[]) => Promise<readonly { id?: string }[]>): Promise<void> {
  let left = items;
  for (let tries = 1; left.length > 0; tries += 1) {
    // What was to be removed comes back as it stands in its key, in small letters.
    const refused = new Set((await offer(left)).map(({ id }) => id?.toLowerCase()));
    left = left.filter(({ id }) => refused.has(id.toLowerCase()));
    if (left.length === 0) return;
    if (tries === MOST_TRIES) throw new Retryable(`${left.length} CVEs were not taken by the record`);
    await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE * 2 ** (tries - 1)));
  }
}
