/**
 * Reads and writes of the record about exposures. Rows are written one by one under conditions, since two intakes may run at once; only
 * rows of fingerprints that nobody has seen before are written in bulk.
 */
import { ExceptionState, Exposure, ExposureCounts } from '../core/exposures/types.ts';
import { OwnAdvisory } from '../core/exposures/own.ts';
import { locationKey, Node } from '../core/model.ts';
import type { Location } from '../core/model.ts';
import { Retryable } from '../core/errors.ts';
import { once } from './conditions.ts';
import { sha256 } from './store.ts';
import { z } from 'zod';
import type { Course } from '../core/exposures/courses.ts';
import type { Open } from './record.ts';

/** A node with all that is known of it for exposures. */
export interface NodeStanding {
  node: Node;
  judged: string | undefined;
  inventory: z.infer<typeof Seen> | undefined;
  evidence: z.infer<typeof Shown> | undefined;
}

/** A row as it was read, with the run that wrote it. */
export interface KeptExposure {
  row: Exposure;
  by: string;
}

/** `at`: when the agent gathered it; `read`: when it was asked for. */
const Seen = z.object({ at: z.string(), read: z.string(), platform: z.string(), fingerprint: z.string() });
const Shown = z.object({ at: z.string(), rollout: z.string(), fingerprint: z.string() });

/** What a later version has added to a row is none of our business: it must not stop an intake. */
const Kept = z.object(Exposure.shape);

const CONSISTENT = { consistent: true } as const;
/** Writes side by side. */
const AT_ONCE = 25;
/** First characters of fingerprints, which are hashes in hexadecimal. */
const SHARDS = '0123456789abcdef'.split('');
const TALLY_DAYS = 400;

export function exposureRows(entities: Open) {
  return { ...standings(entities), ...open(entities), ...courses(entities), ...people(entities) };
}

function standings(entities: Open) {
  return {
    async standings(location: Location): Promise<NodeStanding[]> {
      const { data } = await entities().node.query.primary({ location: locationKey(location) }).go({ ...CONSISTENT, pages: 'all' });
      return data.map((row) => ({
        node: Node.parse({ ...(row.facts as object), ...(row.scan === undefined ? {} : { scan: row.scan }) }),
        judged: row.judged,
        inventory: row.inventory === undefined ? undefined : Seen.parse(row.inventory),
        evidence: row.evidence === undefined ? undefined : Shown.parse(row.evidence),
      }));
    },
    /** Counts nodes under another fingerprint, each if it still is where it was: somebody else may have been faster. */
    async moveNodes(moves: readonly { node: Node; from: string | undefined; to: string }[]): Promise<void> {
      await inTurns(moves, ({ node, from, to }) =>
        once(() =>
          entities()
            .node.patch({ location: locationKey(node.location), id: node.id })
            .set({ judged: to })
            .where(({ judged }, { notExists, eq }) => (from === undefined ? notExists(judged) : eq(judged, from)))
            .go(),
        ),
      );
    },
    /** What SSM Inventory says of a node; nothing if the node is gone. */
    async saveInventory(location: Location, id: string, inventory: z.infer<typeof Seen>): Promise<void> {
      await once(() => entities().node.patch({ location: locationKey(location), id }).set({ inventory }).go());
    },
    /** What a rollout has shown of a node; nothing if the node is gone. */
    async saveEvidence(location: Location, id: string, evidence: z.infer<typeof Shown>): Promise<void> {
      await once(() => entities().node.patch({ location: locationKey(location), id }).set({ evidence }).go());
    },
  };
}

function open(entities: Open) {
  return {
    /** Every open exposure. */
    async exposures(): Promise<KeptExposure[]> {
      const { query } = entities().exposure;
      const shards = await Promise.all(SHARDS.map((shard) => query.primary({ shard }).go({ ...CONSISTENT, pages: 'all' })));
      return shards.flatMap(({ data }) =>
        data.map(({ document, fingerprint, source, advisory, seen, by }) => {
          return { row: Kept.parse({ ...(document as object), fingerprint, source, advisory, seen }), by };
        }),
      );
    },
    /** Writes rows of fingerprints that were never seen before, many at once. Throws `Retryable` when the table takes no more. */
    async createExposures(rows: readonly Exposure[], by: string): Promise<void> {
      if (rows.length === 0) return;
      const items = rows.map((row) => ({ ...keyOf(row), ...bodyOf(row), by }));
      const { unprocessed } = await entities().exposure.put(items).go({ concurrency: 8 });
      if (unprocessed.length > 0) throw new Retryable(`${unprocessed.length} exposures were not stored`);
    },
    /** Writes rows; an earlier `seen` that somebody else has stored meanwhile stays. */
    async putExposures(rows: readonly Exposure[], by: string): Promise<void> {
      await inTurns(rows, async (row) => {
        const { seen, ...rest } = bodyOf(row);
        const put = entities()
          .exposure.put({ ...keyOf(row), ...rest, seen, by })
          .where((stored, { notExists, gte }) => `(${notExists(stored.seen)} OR ${gte(stored.seen, seen)})`);
        const younger = await once(() => put.go());
        if (!younger) await once(() => entities().exposure.patch(keyOf(row)).set({ ...rest, by }).go());
      });
    },
    /** Removes rows, each as it was read: one that somebody has written since then stays. */
    async dropExposures(kept: readonly KeptExposure[]): Promise<void> {
      await inTurns(kept, ({ row, by }) =>
        once(() =>
          entities()
            .exposure.remove(keyOf(row))
            .where((stored, { eq }) => eq(stored.by, by))
            .go(),
        ),
      );
    },
    async putTally(at: string, counts: ExposureCounts): Promise<void> {
      const expires = Math.floor(Date.parse(at) / 1000) + TALLY_DAYS * 86_400;
      await entities().tally.put({ list: 'all', at, counts, expires }).go();
    },
    /** Counts since an instant (ISO-8601 UTC), oldest first. */
    async tallies(since: string): Promise<{ at: string; counts: ExposureCounts }[]> {
      const { data } = await entities().tally.query.primary({ list: 'all' }).gte({ at: since }).go({ pages: 'all' });
      return data.map(({ at, counts }) => ({ at, counts: ExposureCounts.parse(counts) }));
    },
  };
}

function courses(entities: Open) {
  return {
    async courseList(): Promise<Course[]> {
      const { data } = await entities().course.query.primary({ list: 'all' }).go({ ...CONSISTENT, pages: 'all' });
      return data.map(({ document }) => document as Course);
    },
    async putCourses(rows: readonly Course[]): Promise<void> {
      await inTurns(rows, (row) => entities().course.put({ list: 'all', source: row.source, advisory: row.advisory, document: row }).go());
    },
    async exceptionStates(): Promise<ExceptionState[]> {
      const { data } = await entities().exception.query.primary({ list: 'all' }).go({ ...CONSISTENT, pages: 'all' });
      return data.map(({ document }) => ExceptionState.parse(document));
    },
    /** Remembers an exception; one that has ended stays ended. */
    async putException(state: ExceptionState): Promise<void> {
      // A key of DynamoDB takes 1,024 bytes, people's reasons may take more.
      const write = entities().exception.put({ list: 'all', id: sha256(state.id), document: state });
      if (state.ended) await write.go();
      else await once(() => write.where(({ id }, { notExists }) => notExists(id)).go());
    },
  };
}

function people(entities: Open) {
  async function announced(cve: string): Promise<OwnAdvisory | undefined> {
    const row = (await entities().ownAdvisory.get({ list: 'all', id: cve }).go(CONSISTENT)).data;
    return row ? OwnAdvisory.parse(row.document) : undefined;
  }
  return {
    announced,
    async ownAdvisories(): Promise<{ advisory: OwnAdvisory; who: string; why: string }[]> {
      const { data } = await entities().ownAdvisory.query.primary({ list: 'all' }).go({ ...CONSISTENT, pages: 'all' });
      return data.map(({ document, who, why }) => ({ advisory: OwnAdvisory.parse(document), who, why }));
    },
    /** Writes what a person announces; false where it is announced already, unless it was withdrawn. */
    async announce(advisory: OwnAdvisory, who: string, why: string): Promise<boolean> {
      const standing = await announced(advisory.cve);
      if (standing && standing.withdrawn === undefined) return false;
      const put = entities().ownAdvisory.put({ list: 'all', id: advisory.cve, document: advisory, who, why });
      return once(() => (standing ? put : put.where(({ id }, { notExists }) => notExists(id))).go());
    },
    /** Takes back what a person announced; false where there is nothing to take back. */
    async takeBack(cve: string, at: string): Promise<boolean> {
      const standing = await announced(cve);
      if (!standing || standing.withdrawn !== undefined) return false;
      return once(() => entities().ownAdvisory.patch({ list: 'all', id: cve }).set({ document: { ...standing, withdrawn: at } }).go());
    },
  };
}

function keyOf({ fingerprint, source, advisory }: Exposure): { shard: string; fingerprint: string; source: string; advisory: string } {
  return { shard: fingerprint.charAt(0), fingerprint, source, advisory };
}

function bodyOf(row: Exposure): { document: object; seen: string } {
  const { fingerprint: _fingerprint, source: _source, advisory: _advisory, seen, ...document } = row;
  return { document, seen };
}

async function inTurns<Item>(items: readonly Item[], write: (item: Item) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) await Promise.all(items.slice(start, start + AT_ONCE).map(write));
}
