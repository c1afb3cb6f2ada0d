/**
 * Everything that vendors publish, read at once by the feeds' own readers: from a folder of their files, or through any `Fetch`. Nothing is
 * stored and nothing is remembered. Records of one advisory that come in several files are one advisory.
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { OTHER_KBS, Records, mergeRecords, portionOf, shardsOf } from '../../lambdas/core/upsert.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import { feeds as allFeeds } from '../../lambdas/feeds/index.ts';
import { readRecord } from '../../lambdas/feeds/osv/read.ts';
import { readOsvZip } from '../../lambdas/feeds/osv/zip.ts';
import { readOrigin, tellOrigin } from '../../lambdas/feeds/updateinfo-origin.ts';
import { filesBelow, isNote, isZip, readWithin, whyUnreadable } from '../../local/feeds/files.ts';
import { recogniseFile } from '../../local/feeds/recognise.ts';
import { Sites } from '../../local/feeds/sites.ts';
import type { Advisory, KnownExploited, Lifecycle, Score } from '../../lambdas/core/advisory.ts';
import type { Feed, PullContext, Pulled, Reading } from '../../lambdas/feeds/feed.ts';
import type { Fetch } from '../../lambdas/feeds/fetch.ts';
import type { Recognised } from '../../local/feeds/recognise.ts';

/** What is known of the world. */
export interface Vendors {
  advisories: Advisory[];
  /** By CVE. */
  exploited: Map<string, KnownExploited>;
  scores: Map<string, Score>;
  lifecycles: Lifecycle[];
  /** What could not be read, and why: a file, a feed, or a record of one. */
  unread: { what: string; why: string }[];
}

/** `read`: advisories that the folder has, those of other platforms too. */
export type FolderOfVendors = Vendors & { read: number };

const HOSTS = new Set(allFeeds.flatMap((feed) => feed.hosts));

/**
 * Reads a folder in the two forms that `local/feeds/folder.ts` describes. Loose files are read one by one, so that several of the same
 * repository or month count all. `now`: milliseconds since the epoch, to which dates in the future are cut. `platforms`: only what these
 * may be concerned by is kept, since everything together may be more than memory holds; left out, all is kept.
 */
export async function readFeedsFolder(folder: string, now: number, platforms?: readonly string[]): Promise<FolderOfVendors> {
  const gathered = new Gathered(platforms);
  const onDisk = new Map<string, string>();
  for (const file of filesBelow(folder)) {
    const [top = '', ...rest] = file.split('/');
    // A mirror of OSV's bucket holds everything twice; the zip needs no list of changes beside it.
    const isMirrored = rest.length > 0 && HOSTS.has(top) && !file.endsWith('/all.zip');
    if (isMirrored) onDisk.set(`/${file}`, join(folder, file));
    else if (!isNote(file)) await readLoose(join(folder, file), file, now, gathered);
  }
  const hosts = allFeeds.filter((feed) => [...onDisk.keys()].some((path) => feed.hosts.some((host) => path.startsWith(`/${host}/`))));
  const asked = new Set<string>();
  const find: Find = (path, maxBytes) => {
    const file = onDisk.get(path);
    if (file !== undefined) asked.add(dirname(path));
    return file === undefined ? undefined : readMirrored(file, path, maxBytes);
  };
  await pullInto(gathered, { feeds: hosts, now, find });
  // Without the vendor's lists nobody asks for what is there: then the files speak for themselves.
  for (const [path, file] of onDisk) if (!asked.has(dirname(path))) await readLoose(file, path.slice(1), now, gathered);
  return gathered.result();
}

/** Nothing is `refused` here: that would be an address which the folder simply does not have. */
function readMirrored(file: string, path: string, maxBytes: number): Buffer {
  const read = readWithinOrWhy(file, maxBytes);
  if ('why' in read) throw new FeedError('too-large', `https:/${path} ${read.why}`);
  return read;
}

function readWithinOrWhy(file: string, maxBytes: number): ReturnType<typeof readWithin> {
  try {
    return readWithin(file, maxBytes);
  } catch (error) {
    return { why: whyUnreadable(error) };
  }
}

/** Asks these feeds, as if for the first time. A feed that fails is in `unread`, and the others are read all the same. */
export async function pullAll(feeds: readonly Feed[], fetchOf: (feed: Feed) => Fetch, now: number): Promise<Vendors> {
  const gathered = new Gathered();
  for (const feed of feeds) {
    try {
      await pullOne(gathered, feed, contextOf(fetchOf(feed), now));
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      gathered.skip(feed.name, error.message);
    }
  }
  return gathered.result();
}

async function readLoose(path: string, file: string, now: number, gathered: Gathered): Promise<void> {
  try {
    if (isZip(path)) {
      for await (const reading of readOsvZip(path, now)) gathered.read(reading, file);
      return;
    }
    const what = recogniseFile(path);
    if (what.is === 'records') readRecords(what.records, now, file, gathered);
    else if (what.is === 'unknown') gathered.skip(file, what.why);
    else await readAsSite(what, now, file, gathered);
  } catch (error) {
    gathered.skip(file, error instanceof FeedError ? withoutName(error.message, path, file) : whyUnreadable(error));
  }
}

/** Who skips a file names it already. */
function withoutName(message: string, ...names: string[]): string {
  const name = names.find((one) => message.startsWith(`${one} `) || message.startsWith(`${one}: `));
  return name === undefined ? message : message.slice(name.length).replace(/^:? /, '');
}

function readRecords(records: readonly { id: string; bytes: Buffer }[], now: number, file: string, gathered: Gathered): void {
  for (const { id, bytes } of records) {
    const sha256 = sha256Of(bytes);
    gathered.read(readRecord(bytes, id, { url: () => 'https://osv.dev/', sha256, now }), file);
  }
}

/** Any other file is put where its vendor's site has it, and read from there by whichever feed looks there. */
async function readAsSite(what: Exclude<Recognised, { is: 'records' | 'unknown' }>, now: number, file: string, gathered: Gathered): Promise<void> {
  const sites = new Sites(() => false, undefined);
  const why = sites.add(what);
  if (why !== undefined) {
    if (what.is === 'updateinfo') await readByContent(what.bytes, now, file, gathered);
    else gathered.skip(file, why);
    return;
  }
  const made = sites.finish();
  const looking = allFeeds.filter((feed) => [...made.keys()].some((path) => feed.hosts.some((host) => path.startsWith(`/${host}/`))));
  await pullInto(gathered, { feeds: looking, now, find: (path) => made.get(path), file });
}

/** The repository of a vendor whose site no feed reads by itself. */
async function readByContent(bytes: Buffer, now: number, file: string, gathered: Gathered): Promise<void> {
  const { origins, problems } = await tellOrigin(bytes, file);
  for (const problem of problems) gathered.skip(file, problem);
  const raw = { key: '', url: 'https://repository.example/', sha256: sha256Of(bytes) };
  for (const origin of origins) for await (const reading of readOrigin(bytes, origin, raw, now)) gathered.read(reading, file);
}

/** The bytes of `/<host>/<path>`; `undefined` where there are none. Throws a `FeedError` for those that cannot be read. */
type Find = (path: string, maxBytes: number) => Buffer | undefined;

interface Looking {
  feeds: readonly Feed[];
  now: number;
  find: Find;
  /** The loose file that all of this was made of: the address where its vendor would have it was never asked. */
  file?: string;
}

async function pullInto(gathered: Gathered, { feeds, now, find, file }: Looking): Promise<void> {
  const fetch: Fetch = async (url, { maxBytes }) => {
    const bytes = find(decodeURIComponent(url.replace('https:/', '')), maxBytes);
    if (!bytes) throw new FeedError('refused', `${url} is not there`);
    return Promise.resolve({ kind: 'bytes', bytes, etag: undefined } as const);
  };
  for (const feed of feeds) {
    try {
      const problems = await pullOne(gathered, feed, contextOf(fetch, now));
      for (const problem of problems.filter(isOwn)) gathered.skip(...placed(problem, feed, file));
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      // `refused`: the feed looks for something else on the same host.
      if (error.code !== 'refused') gathered.skip(...placed(error.message, feed, file));
    }
  }
}

/** What only other files of the vendor would have is no problem of those that are there. */
function isOwn(problem: string): boolean {
  return !problem.includes(' is not there') && !problem.endsWith('is not in the list');
}

/** What was not read, and why: of a file that lies as on its vendor's site its path stands in place of the address. */
function placed(message: string, feed: Feed, file: string | undefined): [what: string, why: string] {
  const [, path, why = message] = /^https:\/\/(\S+?):? (?=\S)(.*)$/s.exec(message) ?? [];
  return [file ?? path ?? feed.name, why];
}

function contextOf(fetch: Fetch, now: number): PullContext {
  return { fetch, cursor: undefined, now, archive: (bytes) => Promise.resolve({ key: '', sha256: sha256Of(bytes) }) };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Answers what of it could not be read. */
async function pullOne(gathered: Gathered, feed: Feed, context: PullContext): Promise<readonly string[]> {
  const pulled = await feed.pull(context);
  if (pulled.kind === 'parts') {
    for (const part of pulled.parts) for await (const reading of feed.pullPart?.(context, part) ?? []) gathered.read(reading, feed.name);
  } else await gathered.take(pulled, new Date(context.now).toISOString());
  return pulled.health.problems;
}

/**
 * What was read so far. Of lists that are whole in themselves (KEV, end of life) the newest counts, and of scores the newest of each CVE; a
 * list that does not say of when it is (EPSS of 2021) is the oldest.
 */
class Gathered {
  readonly #advisories = new Records();
  readonly #unread: Vendors['unread'] = [];
  readonly #newest = { exploited: '', lifecycles: '' };
  /** By CVE, of when its score is. */
  readonly #scored = new Map<string, string>();
  readonly #releases: ReadonlySet<string> | undefined;
  #read = 0;
  #exploited = new Map<string, KnownExploited>();
  readonly #scores = new Map<string, Score>();
  #lifecycles: Lifecycle[] = [];

  constructor(platforms?: readonly string[]) {
    if (platforms === undefined) return;
    const releases = platforms.map((platform) => platform.slice(0, platform.lastIndexOf('-')));
    this.#releases = new Set(releases.some((release) => release.startsWith('windows-')) ? [...releases, OTHER_KBS] : releases);
  }

  skip(what: string, why: string): void {
    this.#unread.push({ what, why });
  }

  read(reading: Reading<Advisory>, from: string): void {
    if ('item' in reading) this.#add(reading.item);
    else if (reading.outOfScope !== true) this.skip(`${from}: ${reading.record}`, reading.problem);
  }

  /** `now`: what a list without a date is taken to be of, ISO-8601. */
  async take(pulled: Pulled, now: string): Promise<void> {
    if (pulled.kind === 'advisories') for await (const advisory of pulled.advisories) this.#add(advisory);
    if (pulled.kind === 'exploited' && this.#isNewer('exploited', pulled)) {
      this.#exploited = new Map();
      for await (const item of pulled.exploited) this.#exploited.set(item.cve, item);
    }
    if (pulled.kind === 'scores') await this.#takeScores(pulled.scores, pulled.health.newest === now ? '' : pulled.health.newest);
    if (pulled.kind === 'lifecycles' && this.#isNewer('lifecycles', pulled)) {
      this.#lifecycles = [];
      for await (const item of pulled.lifecycles) this.#lifecycles.push(item);
    }
  }

  result(): FolderOfVendors {
    const advisories = this.#advisories.merged();
    return { advisories, read: this.#read, exploited: this.#exploited, scores: this.#scores, lifecycles: this.#lifecycles, unread: this.#unread };
  }

  #add(whole: Advisory): void {
    this.#read += 1;
    const advisory = this.#releases === undefined ? whole : concerning(whole, this.#releases);
    if (advisory) this.#advisories.add(advisory);
  }

  async #takeScores(scores: AsyncIterable<Score>, date: string): Promise<void> {
    for await (const item of scores) {
      if (date < (this.#scored.get(item.cve) ?? '')) continue;
      this.#scored.set(item.cve, date);
      this.#scores.set(item.cve, item);
    }
  }

  #isNewer(list: 'exploited' | 'lifecycles', { health }: Pulled): boolean {
    if (health.newest < this.#newest[list]) return false;
    this.#newest[list] = health.newest;
    return true;
  }
}

/** The rows that are about these releases; `undefined` where there are none. */
function concerning(advisory: Advisory, releases: ReadonlySet<string>): Advisory | undefined {
  const shards = shardsOf(advisory).filter((shard) => releases.has(shard));
  const [first, ...others] = shards.map((shard) => portionOf(advisory, shard));
  return first && mergeRecords([first, ...others]);
}
