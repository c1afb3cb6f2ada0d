/**
 * Puts what a feed brought into the store: a shard a release, a table of contents, and a row for each advisory that changed. Shards are
 * written under their hash, and readers learn their keys from the feed's row, which the caller writes last: until then nothing has
 * happened. Two walks over the advisories, in flat memory: the first counts ids, since one may come in several records.
 */
import { LineWriter, packLines, readLines } from '../aws/lines.ts';
import { sha256 } from '../aws/store.ts';
import { substance } from '../core/advisory.ts';
import { feedObjectKey } from '../core/keys.ts';
import { EMPTY_INDEX, Records, goneFrom, judgeNews, mergeRecords, portionOf, returnedTo, rowDocument, shardsOf } from '../core/upsert.ts';
import { FeedError } from '../feeds/feed.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { AdvisoryRow, FeedRow } from '../aws/record-feeds.ts';
import type { Advisory } from '../core/advisory.ts';
import type { FeedIndex, IndexEntry } from '../core/upsert.ts';

export interface Incoming {
  feed: string;
  /** When the reading began, ms. */
  pulled: number;
  /** The feed's row as it was then. */
  base: FeedRow | undefined;
  /** Can be walked several times. */
  advisories(): AsyncIterable<Advisory>;
  /** Ids that the feed has now, where all are known: what is not among them is gone. `all` stands for the incoming ones. */
  present: 'unknown' | 'all' | ReadonlySet<string>;
  skipped: number;
  problems: readonly string[];
  /** A person has accepted that much of it may be gone. */
  accepted: boolean;
}

export interface Stored {
  index: string;
  objects: Record<string, string>;
  /** Advisories that are new, changed in substance, or withdrawn. */
  changed: number;
}

type Gateways = Pick<Dependencies, 'record' | 'store'>;

/** Releases of one feed that are written at once, each with its own compressor. No vendor has so many. */
const MOST_SHARDS = 150;
const ROWS_AT_ONCE = 100;

/** Stores everything and answers what the feed's row must say then. Throws `FeedError` before anything is written where too much is gone. */
export async function storeAdvisories(incoming: Incoming, deps: Gateways): Promise<Stored> {
  const index = await readIndex(incoming.base, deps);
  const counts = new Map<string, number>();
  for await (const { id } of incoming.advisories()) counts.set(id, (counts.get(id) ?? 0) + 1);
  const standing = await reconcile(incoming, index, counts, deps);
  const writing = new Writing(incoming, index, deps);
  for await (const advisory of merged(incoming.advisories(), counts)) await writing.take(advisory);
  for (const advisory of standing) await writing.take(advisory, advisory.withdrawn !== undefined);
  return writing.end();
}

/** Each id once: records of the same id wait for each other. */
async function* merged(advisories: AsyncIterable<Advisory>, counts: ReadonlyMap<string, number>): AsyncGenerator<Advisory> {
  const waiting = new Map<string, [Advisory, ...Advisory[]]>();
  for await (const advisory of advisories) {
    const records: [Advisory, ...Advisory[]] = [...(waiting.get(advisory.id) ?? []), advisory];
    waiting.set(advisory.id, records);
    if (records.length < (counts.get(advisory.id) ?? 1)) continue;
    waiting.delete(advisory.id);
    yield mergeRecords(records);
  }
}

/**
 * What the store has of advisories that the feed has no more, marked as withdrawn; and of those that had vanished and are back without
 * having changed, which an incremental feed does not send again.
 */
async function reconcile(incoming: Incoming, index: FeedIndex, counts: ReadonlyMap<string, number>, deps: Gateways): Promise<Advisory[]> {
  if (incoming.present === 'unknown') return [];
  const present = incoming.present === 'all' ? new Set(counts.keys()) : incoming.present;
  const { gone, tooMany } = goneFrom(index, { ...incoming, present });
  if (tooMany && !incoming.accepted) {
    const standing = [...index.advisories.values()].filter((entry) => entry.withdrawn === undefined).length;
    throw new FeedError(
      'shrunk',
      `${incoming.feed}: ${gone.length} of ${standing} advisories would be gone at once, ${gone.slice(0, 3).join(', ')} among them`,
    );
  }
  const withdrawn = new Date(incoming.pulled).toISOString();
  const back = returnedTo(index, present).filter((id) => !counts.has(id));
  return [
    ...(await findStored(incoming.base, index, gone, deps)).map((advisory) => ({ ...advisory, withdrawn })),
    ...(await findStored(incoming.base, index, back, deps)).map(({ withdrawn: _withdrawn, ...advisory }) => advisory),
  ];
}

/** Advisories out of their shards, put together from the rows of all of them. */
async function findStored(row: FeedRow | undefined, index: FeedIndex, wanted: readonly string[], deps: Gateways): Promise<Advisory[]> {
  const ids = new Set(wanted);
  const found = new Records();
  for (const shard of new Set(wanted.flatMap((id) => index.advisories.get(id)?.where ?? []))) {
    for await (const line of linesOf(row, shard, deps)) {
      if (ids.has(idOf(line))) found.add(JSON.parse(line) as Advisory);
    }
  }
  return found.merged();
}

/** One run of writing: shards in the making, the new table of contents, and rows that wait to be written together. */
class Writing {
  readonly #shards = new Map<string, LineWriter>();
  readonly #entries: Map<string, IndexEntry>;
  readonly #cves: Set<string>;
  /** Ids whose old lines do not count any more. */
  readonly #replaced = new Set<string>();
  #rows: AdvisoryRow[] = [];
  #changed = 0;

  constructor(
    private readonly incoming: Incoming,
    private readonly index: FeedIndex,
    private readonly deps: Gateways,
  ) {
    this.#entries = new Map(index.advisories);
    this.#cves = new Set(incoming.present === 'all' ? [] : index.cves);
  }

  async take(advisory: Advisory, vanished = false): Promise<void> {
    const { id, updated, withdrawn } = advisory;
    const before = this.index.advisories.get(id);
    const where = shardsOf(advisory);
    const seen = before?.seen ?? new Date(this.incoming.pulled).toISOString();
    const gone = { ...(withdrawn === undefined ? {} : { withdrawn }), ...(vanished ? { vanished } : {}) };
    const entry: IndexEntry = { substance: sha256(substance(advisory)), updated, seen, ...gone, where };
    const news = judgeNews(before, entry);
    if (news === 'new' || news === 'changed') this.#changed += 1;
    if (news !== 'same') await this.#row({ id, entry, advisory });
    this.#entries.set(id, entry);
    this.#replaced.add(id);
    for (const cve of advisory.cves) this.#cves.add(cve);
    for (const shard of where) await this.#shard(shard).write(lineOf(portionOf(advisory, shard)));
  }

  async end(): Promise<Stored> {
    await this.#flush();
    const objects: Record<string, string> = { ...objectsOf(this.incoming.base) };
    // A shard that an advisory has left must be written anew as well.
    for (const id of this.#replaced) for (const shard of this.index.advisories.get(id)?.where ?? []) this.#shard(shard);
    for (const [shard, writer] of this.#shards) {
      for await (const line of linesOf(this.incoming.base, shard, this.deps)) if (!this.#replaced.has(idOf(line))) await writer.write(line);
      objects[shard] = await this.#put(shard, await writer.end());
    }
    return {
      index: await this.#put('index', await packLines(indexLines({ advisories: this.#entries, cves: [...this.#cves].toSorted() }))),
      objects,
      changed: this.#changed,
    };
  }

  async #put(name: string, { bytes, hash }: { bytes: Buffer; hash: string }): Promise<string> {
    const key = feedObjectKey(this.incoming.feed, name, hash);
    await this.deps.store.putBytes(key, bytes);
    return key;
  }

  #shard(name: string): LineWriter {
    const known = this.#shards.get(name);
    if (known) return known;
    if (this.#shards.size === MOST_SHARDS) throw new FeedError('reshaped', `${this.incoming.feed} speaks of more than ${MOST_SHARDS} releases`);
    const writer = new LineWriter();
    this.#shards.set(name, writer);
    return writer;
  }

  async #row({ id, entry, advisory }: { id: string; entry: IndexEntry; advisory: Advisory }): Promise<void> {
    const { feed, pulled } = this.incoming;
    const { substance: hash, seen, updated } = entry;
    this.#rows.push({ source: advisory.source, id, feed, substance: hash, ...rowDocument(advisory), seen, updated, pulled });
    if (this.#rows.length >= ROWS_AT_ONCE) await this.#flush();
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    await this.deps.record.putAdvisories(rows);
  }
}

/** A feed's table of contents; empty where nothing was stored yet. */
export async function readIndex(row: FeedRow | undefined, deps: Pick<Dependencies, 'store'>): Promise<FeedIndex> {
  if (row?.index === undefined) return EMPTY_INDEX;
  const advisories = new Map<string, IndexEntry>();
  let cves: string[] = [];
  for await (const line of readLines(await deps.store.open(row.index))) {
    const value = JSON.parse(line) as string[] | (IndexEntry & { id: string });
    if (Array.isArray(value)) cves = value;
    else advisories.set(value.id, withoutId(value));
  }
  return { advisories, cves };
}

function withoutId({ id: _id, ...entry }: IndexEntry & { id: string }): IndexEntry {
  return entry;
}

/** CVEs first, so that who wants only them need not read on. */
function* indexLines({ advisories, cves }: FeedIndex): Generator<string> {
  yield JSON.stringify(cves);
  for (const [id, entry] of advisories) yield JSON.stringify({ id, ...entry });
}

/** CVEs that a feed's advisories name. */
export async function readCves(row: FeedRow, deps: Pick<Dependencies, 'store'>): Promise<string[]> {
  if (row.index === undefined) return [];
  for await (const line of readLines(await deps.store.open(row.index))) return JSON.parse(line) as string[];
  return [];
}

function objectsOf(row: FeedRow | undefined): Record<string, string> {
  return (row?.objects ?? {}) as Record<string, string>;
}

async function* linesOf(row: FeedRow | undefined, shard: string, deps: Pick<Dependencies, 'store'>): AsyncGenerator<string> {
  const key = objectsOf(row)[shard];
  if (key !== undefined) yield* readLines(await deps.store.open(key));
}

/** The id comes first, so that a line need not be parsed to be passed on. */
function lineOf(portion: Advisory): string {
  const { id, ...rest } = portion;
  return JSON.stringify({ id, ...rest });
}

const ID_AT = '{"id":"'.length;

/** Ids have no quotes and no backslashes: `AdvisoryId` says so. */
function idOf(line: string): string {
  return line.slice(ID_AT, line.indexOf('"', ID_AT));
}
