/**
 * What a feed is. A feed turns a vendor's bytes into advisories (or into known exploited CVEs); it knows neither AWS nor the clock.
 * A new source is one file that exports a `Feed`, and its line in `index.ts`.
 */
import type { Advisory, KnownExploited, Lifecycle, Score } from '../core/advisory.ts';
import { plainText } from '../core/advisory.ts';
import type { Fetch } from './fetch.ts';

export interface Feed {
  /** Names the feed in records, keys and messages: `amazon-linux-2023`. */
  name: string;
  /** `source` of its advisories: `alas`. */
  source: string;
  /** The only hosts that it may be read from. */
  hosts: readonly string[];
  /** Whom it concerns, as beginnings of platforms: `ubuntu`, `amazon-linux-2023`. Empty: every fleet. */
  platforms: readonly string[];
  /** Hours after which it is worth asking again. */
  everyHours: number;
  /**
   * Raise it when the same bytes would now be read differently, together with the number in the feed's own cursor: what was archived at
   * the last success is then read again instead of the vendor's site. Absent: such a change means reading from the vendor again.
   */
  parser?: number;
  /** Throws a `FeedError`, and then has yielded nothing: what was stored before stays valid. */
  pull(context: PullContext): Promise<Pulled>;
  /**
   * Feeds that answer with `parts` only: reads the records of one part, each archived before it is parsed. A record that cannot be
   * had or read is a `Reading` with a problem; a site that cannot be reached at all is a `FeedError`.
   */
  pullPart?(context: PullContext, records: readonly string[]): AsyncIterable<Reading<Advisory>>;
}

/**
 * One record: read, or why it could not be. `outOfScope`: nothing is wrong with it, but it is of no concern (it speaks only of products
 * that Wavelock doesn't patch), so it does not count as a broken one.
 */
export type Reading<Item> = { item: Item; published: string } | { record: string; problem: string; outOfScope?: true };

export interface PullContext {
  fetch: Fetch;
  /** As the last successful pull returned it; without it everything is read anew. Clearing it is how a person accepts a shrunken feed. */
  cursor: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** Stores raw bytes under their hash before anything is parsed from them, so that a reading can be repeated and audited. */
  archive(bytes: Uint8Array): Promise<Archived>;
}

export interface Archived {
  key: string;
  /** Of the bytes, hexadecimal. */
  sha256: string;
}

/**
 * The iterables can be walked once or several times: the file was read to its end and found sound before. They are the whole feed, but
 * for `advisories` that are not `complete`: those are what changed. Store `cursor` only after the last one was stored.
 * `parts`: records to be read one by one, in groups that one `pullPart` reads within its minutes; `all` are the ids of every record
 * that the feed has now, which are ids of advisories, so that what is gone from it can be withdrawn. A part archives its records as they
 * are, or in packs of NDJSON: a line a record, line breaks inside of it made blanks.
 * `trigger`: nothing to store, but these other feeds have something new.
 */
export type Pulled =
  | { kind: 'unchanged'; cursor: string; health: FeedHealth }
  | { kind: 'advisories'; cursor: string; health: FeedHealth; raw: Raw; complete: boolean; advisories: AsyncIterable<Advisory> }
  | { kind: 'parts'; cursor: string; health: FeedHealth; raw: Raw; parts: string[][]; all: string[] }
  | { kind: 'exploited'; cursor: string; health: FeedHealth; raw: Raw; exploited: AsyncIterable<KnownExploited> }
  | { kind: 'scores'; cursor: string; health: FeedHealth; raw: Raw; scores: AsyncIterable<Score> }
  | { kind: 'lifecycles'; cursor: string; health: FeedHealth; raw: Raw; lifecycles: AsyncIterable<Lifecycle> }
  | { kind: 'trigger'; cursor: string; health: FeedHealth; raw: Raw; feeds: string[] };

export interface Raw extends Archived {
  url: string;
}

export interface FeedHealth {
  /** Sound records in the feed. */
  records: number;
  /** Newest date of publication in the feed, ISO-8601 UTC. */
  newest: string;
  /** Nothing new for longer than this feed ever keeps silent: it may have moved. */
  stale: boolean;
  /** Records that could not be read; more than one in a hundred makes the whole feed a `FeedError`. */
  skipped: number;
  /** Why, for the first 20 of them. */
  problems: string[];
  /** What else is to be known of a reading that succeeded: that it was read from elsewhere than usual, and why. */
  note?: string;
}

export const FeedErrorCode = [
  'unreachable', // no connection, a time-out, or a server error, three times
  'throttled', // 429, three times
  'refused', // any other status
  'redirected', // the site sends elsewhere, or names a host that the feed may not read
  'web-page', // a web page came in place of data
  'bad-mirror-list',
  'bad-repomd',
  'checksum-mismatch', // the bytes are not those that the repository announced
  'bad-compression', // not gzip, or truncated
  'bad-xml',
  'bad-json',
  'reshaped', // well-formed, but not the format that we know
  'forbidden-xml', // DTD, foreign entities, nesting: what no feed needs and attackers do
  'too-large',
  'incomplete', // fewer records than the feed itself says
  'empty',
  'shrunk', // more than a tenth of the records is gone
  'older', // older than what was read before: a stale mirror
  'bad-records', // more than one record in a hundred cannot be read
] as const;
export type FeedErrorCode = (typeof FeedErrorCode)[number];

const RETRYABLE: ReadonlySet<FeedErrorCode> = new Set(['unreachable', 'throttled', 'checksum-mismatch', 'older']);

/** Why a pull ended without a result. `message` is one plain line for people; vendors' words in it are cleaned. */
export class FeedError extends Error {
  /** The same pull may succeed later without anybody doing anything. */
  readonly retryable: boolean;

  constructor(
    readonly code: FeedErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(plainText(message, 400), options);
    this.name = 'FeedError';
    this.retryable = RETRYABLE.has(code);
  }
}
