/**
 * What a feed was read from, address by address: its bytes lie in the store under their hash. When only the parser has changed, they are
 * read again from there and the vendor's site is left alone.
 */
import { packLines, readLines } from '../aws/lines.ts';
import { sha256 } from '../aws/store.ts';
import { feedObjectKey } from '../core/keys.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Archived } from '../feeds/feed.ts';
import type { Fetch } from '../feeds/fetch.ts';

/** One address, and which bytes it gave at last. */
export interface Footprint {
  url: string;
  /** Of the archived file. */
  sha256: string;
  /** Where the archived file is a pack of records, the line of this one. */
  line?: number;
  etag?: string;
}

/** Bytes; larger files are archived by the feeds themselves, before they parse them. */
const SMALL = 8 * 1024 * 1024;
const PACKS_KEPT = 4;

export class Trail {
  readonly #made = new Map<string, Footprint>();
  readonly #archived = new Set<string>();
  /** Addresses by the hash of what they gave as one line. */
  readonly #lines = new Map<string, string>();
  readonly #packs = new Map<string, Buffer | undefined>();
  /** Small files that no feed has archived: lists that only lead to others. */
  readonly #small = new Map<string, Buffer>();

  constructor(
    private readonly feed: string,
    private readonly store: Dependencies['store'],
    private readonly before: ReadonlyMap<string, Footprint>,
  ) {}

  /** For `PullContext.archive`: the same bytes are stored once. */
  readonly archive = async (bytes: Uint8Array): Promise<Archived> => {
    const hash = sha256(bytes);
    const key = `raw/${this.feed}/${hash}`;
    if (!this.#archived.has(hash)) await this.store.putBytes(key, bytes);
    this.#archived.add(hash);
    this.#small.delete(hash);
    if (![...this.#made.values()].some((footprint) => footprint.sha256 === hash)) this.#notePack(bytes, hash);
    return { key, sha256: hash };
  };

  /** A fetch that remembers what came. */
  recording(fetch: Fetch): Fetch {
    return async (url, options) => {
      const fetched = await fetch(url, options);
      if (fetched.kind === 'bytes') this.#note(url, fetched.bytes, fetched.etag);
      return fetched;
    };
  }

  /** A fetch that reads what came before, and asks the vendor only for what did not. */
  replaying(fetch: Fetch): Fetch {
    const recording = this.recording(fetch);
    return async (url, options) => {
      const footprint = this.before.get(url);
      const bytes = footprint && (await this.#read(footprint));
      if (!footprint || !bytes) return recording(url, options);
      this.#note(url, bytes, footprint.etag);
      return { kind: 'bytes', bytes, etag: footprint.etag };
    };
  }

  async #read({ sha256: hash, line }: Footprint): Promise<Buffer | undefined> {
    const bytes = this.#packs.get(hash) ?? (await this.store.findBytes(`raw/${this.feed}/${hash}`));
    if (!bytes || sha256(bytes) !== hash) return undefined;
    this.#archived.add(hash);
    if (line === undefined) return bytes;
    this.#packs.set(hash, bytes);
    for (const oldest of this.#packs.keys()) if (this.#packs.size > PACKS_KEPT) this.#packs.delete(oldest);
    return linesOf(bytes)[line];
  }

  /** What was walked anew, where the bytes are archived. */
  async footprints(): Promise<Footprint[]> {
    for (const bytes of this.#small.values()) await this.archive(bytes);
    return [...this.#made.values()].filter((footprint) => this.#archived.has(footprint.sha256));
  }

  #note(url: string, bytes: Buffer, etag: string | undefined): void {
    const hash = sha256(bytes);
    this.#made.set(url, { url, sha256: hash, ...(etag === undefined ? {} : { etag }) });
    this.#lines.set(sha256(asLine(bytes)), url);
    if (bytes.length <= SMALL && !this.#archived.has(hash)) this.#small.set(hash, bytes);
  }

  /** A pack of records stands for the single ones in it. */
  #notePack(pack: Uint8Array, hash: string): void {
    for (const [line, bytes] of linesOf(pack).entries()) {
      const url = this.#lines.get(sha256(bytes));
      const footprint = url === undefined ? undefined : this.#made.get(url);
      if (!footprint) continue;
      this.#small.delete(footprint.sha256);
      this.#made.set(footprint.url, { ...footprint, sha256: hash, line });
    }
  }
}

const [LINE_BREAK, RETURN, BLANK] = [10, 13, 32];

function asLine(bytes: Buffer): Uint8Array {
  if (!bytes.includes(LINE_BREAK) && !bytes.includes(RETURN)) return bytes;
  return bytes.map((byte) => (byte === LINE_BREAK || byte === RETURN ? BLANK : byte));
}

/** Records in one pack, at most: five times as many as a part of a feed has. */
const MOST_LINES = 1_000;

/** Of a pack; none of what has too many for one, such as a list that is nothing but line breaks. */
function linesOf(bytes: Uint8Array): Buffer[] {
  const pack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: Buffer[] = [];
  for (let start = 0; start < pack.length;) {
    if (lines.length === MOST_LINES) return [];
    const found = pack.indexOf(LINE_BREAK, start);
    const end = found < 0 ? pack.length : found;
    lines.push(pack.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** The trail that a feed's row names; empty where it names none. */
export async function readTrail(key: string | undefined, store: Dependencies['store']): Promise<Map<string, Footprint>> {
  const trail = new Map<string, Footprint>();
  if (key === undefined) return trail;
  for await (const line of readLines(await store.open(key))) {
    const footprint = JSON.parse(line) as Footprint;
    trail.set(footprint.url, footprint);
  }
  return trail;
}

/** Puts new footprints over the old ones and answers the trail's key. */
export async function saveTrail(
  feed: string,
  before: ReadonlyMap<string, Footprint>,
  made: readonly Footprint[],
  store: Dependencies['store'],
): Promise<string> {
  const whole = new Map([...before, ...made.map((footprint) => [footprint.url, footprint] as const)]);
  const { bytes, hash } = await packLines([...whole.values()].map((footprint) => JSON.stringify(footprint)));
  const key = feedObjectKey(feed, 'trail', hash);
  await store.putBytes(key, bytes);
  return key;
}
