/**
 * Reads and writes of the record about exposures. The rows of one fingerprint lie in a few items, compressed: a fleet has tens of thousands
 * of rows, which one by one would take minutes to write and megabytes to read every hour. Each item is written as it was read or merged
 * with what somebody else has written since, because two intakes may run at once.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { ExceptionState, ExposureCounts, KeptExposure } from '../core/exposures/types.ts';
import { mergedPart } from '../core/exposures/parts.ts';
import { OwnAdvisory } from '../core/exposures/own.ts';
import { locationKey, Node } from '../core/model.ts';
import type { Location } from '../core/model.ts';
import { Retryable } from '../core/errors.ts';
import { once } from './conditions.ts';
import { sha256 } from './store.ts';
import { inTurns } from './turns.ts';
import { z } from 'zod';
import type { Course } from '../core/exposures/courses.ts';
import type { ExposurePart } from '../core/exposures/parts.ts';
import type { Open } from './record.ts';

/** A node with all that is known of it for exposures. */
export interface NodeStanding {
  node: Node;
  judged: string | undefined;
  inventory: z.infer<typeof Seen> | undefined;
  evidence: z.infer<typeof Shown> | undefined;
}

/** `at`: when the agent gathered it; `read`: when it was asked for. */
const Seen = z.object({ at: z.string(), read: z.string(), platform: z.string(), fingerprint: z.string() });
const Shown = z.object({ at: z.string(), rollout: z.string(), fingerprint: z.string() });

/** What a later version has added to a row is none of our business: it must not stop an intake. */
const Rows = z.array(z.object(KeptExposure.shape));

const CONSISTENT = { consistent: true } as const;
/** First characters of fingerprints, which are hashes in hexadecimal. */
const SHARDS = '0123456789abcdef'.split('');
const TALLY_DAYS = 400;
/** Others that may write the same item at the same moment: after so many the table is busy. */
const MOST_TRIES = 5;

export function exposureRows(entities: Open) {
  return { ...standings(entities), ...open(entities), ...courses(entities), ...people(entities) };
}

function standings(entities: Open) {
  return {
    async standings(location: Location): Promise<NodeStanding[]> {
      const { data } = await entities()
        .node.query.primary({ location: locationKey(location) })
        .go({ ...CONSISTENT, pages: 'all' });
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
      await once(() =>
        entities()
          .node.patch({ location: locationKey(location), id })
          .set({ inventory })
          .go(),
      );
    },
    /** What a rollout has shown of a node; nothing if the node is gone. */
    async saveEvidence(location: Location, id: string, evidence: z.infer<typeof Shown>): Promise<void> {
      await once(() =>
        entities()
          .node.patch({ location: locationKey(location), id })
          .set({ evidence })
          .go(),
      );
    },
  };
}

function open(entities: Open) {
  return {
    /** Every open exposure, in its parts. */
    async exposureParts(): Promise<ExposurePart[]> {
      const { query } = entities().exposure;
      const shards = await Promise.all(SHARDS.map((shard) => query.primary({ shard }).go({ ...CONSISTENT, pages: 'all' })));
      return shards.flatMap(({ data }) => data.map(({ fingerprint, part, mark, rows }) => ({ fingerprint, part, mark, rows: unpackRows(rows) })));
    },
    /**
     * Writes parts. Where somebody has written one since it was read, what both say stays: rows of either, and of one row the earlier
     * `seen`. `by` names the run. Throws `Retryable` when it is written again and again meanwhile.
     */
    async putExposures(parts: readonly ExposurePart[], by: string): Promise<void> {
      await inTurns(parts, async (part) => {
        let next: ExposurePart | undefined = part;
        for (let tries = 0; next !== undefined; tries += 1) {
          if (tries === MOST_TRIES) throw new Retryable(`exposures of ${part.fingerprint} are being written by others`);
          next = (await putPart(entities, next, by)) ? undefined : mergedPart(part, await standingPart(entities, part));
        }
      });
    },
    /**
     * Takes rows out of parts: what stays is written, a part without rows is removed. Each only as it was read, or as this run has put it
     * since; one that somebody else has written stays.
     */
    async shrinkExposures(parts: readonly ExposurePart[], by: string): Promise<void> {
      await inTurns(parts, async (part) => {
        if (part.rows.length > 0) return void (await putPart(entities, part, by));
        await once(() =>
          entities()
            .exposure.remove(keyOf(part))
            .where((stored, { eq }) => eq(stored.mark, part.mark))
            .go(),
        );
      });
    },
    async putTally(at: string, counts: ExposureCounts): Promise<void> {
      const expires = Math.floor(Date.parse(at) / 1000) + TALLY_DAYS * 86_400;
      await entities().tally.put({ list: 'all', at, counts, expires }).go();
    },
    /** Whether exposures were reckoned since an instant (ISO-8601 UTC). */
    async isReckonedSince(at: string): Promise<boolean> {
      const { data } = await entities()
        .tally.query.primary({ list: 'all' })
        .gte({ at })
        .go({ ...CONSISTENT, limit: 1 });
      return data.length > 0;
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
      const { data } = await entities()
        .course.query.primary({ list: 'all' })
        .go({ ...CONSISTENT, pages: 'all' });
      return data.map(({ document }) => document as Course);
    },
    async putCourses(rows: readonly Course[]): Promise<void> {
      await inTurns(rows, (row) => entities().course.put({ list: 'all', source: row.source, advisory: row.advisory, document: row }).go());
    },
    async exceptionStates(): Promise<ExceptionState[]> {
      const { data } = await entities()
        .exception.query.primary({ list: 'all' })
        .go({ ...CONSISTENT, pages: 'all' });
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
      const { data } = await entities()
        .ownAdvisory.query.primary({ list: 'all' })
        .go({ ...CONSISTENT, pages: 'all' });
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
      return once(() =>
        entities()
          .ownAdvisory.patch({ list: 'all', id: cve })
          .set({ document: { ...standing, withdrawn: at } })
          .go(),
      );
    },
  };
}

function keyOf({ fingerprint, part }: ExposurePart): { shard: string; fingerprint: string; part: string } {
  return { shard: fingerprint.charAt(0), fingerprint, part };
}

/** The mark of what a run writes over what it has read. No two writes have the same, unless one run makes the same write twice. */
export function nextMark(mark: string, by: string): string {
  return sha256(`${mark} ${by}`);
}

/** False where it is not as it was read any more. */
async function putPart(entities: Open, part: ExposurePart, by: string): Promise<boolean> {
  const { mark, rows } = part;
  const put = entities().exposure.put({ ...keyOf(part), mark: nextMark(mark, by), rows: packRows(rows) });
  return once(() => put.where((stored, { notExists, eq }) => (mark === '' ? notExists(stored.mark) : eq(stored.mark, mark))).go());
}

async function standingPart(entities: Open, { fingerprint, part }: ExposurePart): Promise<ExposurePart> {
  const { data } = await entities()
    .exposure.get({ shard: fingerprint.charAt(0), fingerprint, part })
    .go(CONSISTENT);
  return { fingerprint, part, mark: data?.mark ?? '', rows: data ? unpackRows(data.rows) : [] };
}

/** Without packages, should there be any: matching finds them again. */
function packRows(rows: readonly KeptExposure[]): Uint8Array {
  return gzipSync(JSON.stringify(rows, (key, value: unknown) => (key === 'packages' ? undefined : value)));
}

function unpackRows(bytes: Uint8Array): KeptExposure[] {
  return Rows.parse(JSON.parse(gunzipSync(bytes).toString('utf8')));
}
