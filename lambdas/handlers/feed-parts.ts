/**
 * Feeds of many small records (OSV) are read in parts: PullFeed leaves the list of records, each PullPart leaves what it has read, and
 * StoreFeed puts it together. Little of it is read by PullFeed itself.
 */
import { z } from 'zod';
import { packLines, readLines } from '../aws/lines.ts';
import { plainText } from '../core/advisory.ts';
import { Terminal } from '../core/errors.ts';
import { partsKey } from '../core/keys.ts';
import { FeedError } from '../feeds/feed.ts';
import { commit, count, healthy } from './feed-health.ts';
import { readTrail, saveTrail, Trail } from './feed-trail.ts';
import { storeAdvisories } from './store-advisories.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Advisory } from '../core/advisory.ts';
import type { Feed, FeedHealth, Pulled } from '../feeds/feed.ts';
import type { Fetch } from '../feeds/fetch.ts';
import type { FeedAnswer, Visit } from './feed-health.ts';
import type { Footprint } from './feed-trail.ts';

/** What a reading in parts is about, as it waits for its last step. */
const Manifest = z.strictObject({
  feed: z.string(),
  cursor: z.string(),
  pulled: z.number(),
  revision: z.number(),
  parser: z.number().optional(),
  parts: z.number(),
  all: z.array(z.string()),
  accepted: z.boolean(),
  replay: z.boolean(),
  health: z.custom<FeedHealth>(),
  footprints: z.array(z.custom<Footprint>()),
});
export type Manifest = z.infer<typeof Manifest>;

/** One part, as the Map hands it on. */
export interface PartItem {
  feed: string;
  run: string;
  part: number;
  records: string[];
  replay: boolean;
}

type InParts = Extract<Pulled, { kind: 'parts' }>;

/** The list that the Map reads, and what StoreFeed must know. */
export async function layOutParts(
  run: string,
  pulled: InParts,
  rest: Omit<Manifest, 'cursor' | 'parts' | 'all' | 'health'>,
  deps: Dependencies,
): Promise<PartItem[]> {
  const { feed, replay } = rest;
  const items = pulled.parts.map((records, part): PartItem => ({ feed, run, part, records, replay }));
  const manifest: Manifest = { ...rest, cursor: pulled.cursor, parts: items.length, all: pulled.all, health: pulled.health };
  await deps.store.putJson(partsKey(feed, run, 'manifest.json'), manifest);
  await deps.store.putJson(partsKey(feed, run, 'items.json'), items);
  return items;
}

/** Reads one part and leaves it in the store: lines of advisories, of problems, of what was read where. Throws `FeedError`. */
export async function readPart(feed: Feed, item: PartItem, fetch: Fetch, deps: Dependencies): Promise<{ read: number; skipped: number }> {
  if (!feed.pullPart) throw new Terminal(`${feed.name} is not read in parts`);
  const row = item.replay ? await deps.record.feed(feed.name) : undefined;
  const trail = new Trail(feed.name, deps.store, await readTrail(row?.trail, deps.store));
  const context = {
    fetch: item.replay ? trail.replaying(fetch) : trail.recording(fetch),
    cursor: undefined,
    now: deps.now(),
    archive: trail.archive,
  };
  const lines: string[] = [];
  let [read, skipped] = [0, 0];
  for await (const reading of feed.pullPart(context, item.records)) {
    if ('problem' in reading && !reading.outOfScope) skipped += 1;
    lines.push(JSON.stringify('item' in reading ? { advisory: reading.item } : reading));
    if ('item' in reading) read += 1;
  }
  for (const footprint of await trail.footprints()) lines.push(JSON.stringify({ footprint }));
  const { bytes } = await packLines(lines);
  await deps.store.putBytes(partsKey(feed.name, item.run, `${item.part}.gz`), bytes);
  return { read, skipped };
}

/** Why a part could not be read, for whoever finds it missing; of no interest once it has been read. */
export async function leaveReason({ feed, run, part }: PartItem, reason: string, deps: Dependencies): Promise<void> {
  await deps.store.putJson(partsKey(feed, run, `${part}.failed.json`), { reason });
}

const Reason = z.strictObject({ reason: z.string() });

async function reasonOf(feed: string, run: string, part: number, deps: Dependencies): Promise<string> {
  const left = await deps.store.findJson(partsKey(feed, run, `${part}.failed.json`));
  return left === undefined ? 'nobody knows why' : Reason.parse(left).reason;
}

type PartLine = { advisory: Advisory } | { record: string; problem: string; outOfScope?: true } | { footprint: Footprint };

interface Surveyed {
  skipped: number;
  problems: string[];
  /** Records that are no concern of ours (any more). */
  outOfScope: Set<string>;
  footprints: Footprint[];
}

const SHOWN_PROBLEMS = 20;

async function* linesOf(manifest: Manifest, run: string, deps: Dependencies): AsyncGenerator<PartLine> {
  for (let part = 0; part < manifest.parts; part += 1) {
    const key = partsKey(manifest.feed, run, `${part}.gz`);
    for await (const line of readLines(await deps.store.open(key))) yield JSON.parse(line) as PartLine;
  }
}

/** Which parts were never left: their records could not be had. */
async function missingParts(manifest: Manifest, run: string, deps: Dependencies): Promise<number[]> {
  const parts = Array.from({ length: manifest.parts }, (_, part) => part);
  const found = await Promise.all(parts.map((part) => deps.store.has(partsKey(manifest.feed, run, `${part}.gz`))));
  return parts.filter((part) => found[part] !== true);
}

export async function readManifest(feed: string, run: string, deps: Dependencies): Promise<Manifest> {
  return Manifest.parse(await deps.store.getJson(partsKey(feed, run, 'manifest.json')));
}

/** Puts the parts together and stores them. Throws `FeedError` where some are missing or too many records could not be read. */
export async function storeParts(visit: Visit, run: string, manifest: Manifest, deps: Dependencies): Promise<FeedAnswer> {
  const { feed, cursor, pulled, all, accepted } = manifest;
  const [first, ...others] = await missingParts(manifest, run, deps);
  if (first !== undefined) {
    const why = await reasonOf(feed, run, first, deps);
    throw new FeedError('incomplete', `${others.length + 1} of ${manifest.parts} parts of ${feed} could not be read: ${why}`);
  }
  const read = await surveyParts(manifest, run, deps);
  const stored = await storeAdvisories(
    {
      feed,
      pulled,
      base: visit.base,
      async *advisories() {
        for await (const line of linesOf(manifest, run, deps)) if ('advisory' in line) yield line.advisory;
      },
      present: new Set(all.filter((id) => !read.outOfScope.has(id))),
      skipped: read.skipped,
      problems: read.problems,
      accepted,
    },
    deps,
  );
  const trail = await saveTrail(feed, await readTrail(visit.base?.trail, deps.store), [...manifest.footprints, ...read.footprints], deps.store);
  const health = { ...manifest.health, skipped: manifest.health.skipped + read.skipped, problems: [...manifest.health.problems, ...read.problems] };
  const { index, objects, changed } = stored;
  const { lastSuccess, ...fields } = healthy(health, visit);
  const parser = manifest.parser === undefined ? {} : { parser: manifest.parser };
  // A vendor who was not asked has not succeeded.
  await commit(visit, { ...fields, ...(manifest.replay ? {} : { lastSuccess }), ...parser, cursor, index, objects, trail, changed }, deps);
  count(feed, health, deps);
  return { feed, result: 'stored', changed, reason: '' };
}

/** Reads all parts once, for what is in them beside advisories. Throws `FeedError` where too many records could not be read. */
async function surveyParts(manifest: Manifest, run: string, deps: Dependencies): Promise<Surveyed> {
  const found: Surveyed = { skipped: 0, problems: [], outOfScope: new Set(), footprints: [] };
  for await (const line of linesOf(manifest, run, deps)) {
    if ('footprint' in line) found.footprints.push(line.footprint);
    else if ('problem' in line && line.outOfScope) found.outOfScope.add(line.record);
    else if ('problem' in line) {
      found.skipped += 1;
      if (found.problems.length < SHOWN_PROBLEMS) found.problems.push(plainText(`${line.record || 'a record without id'}: ${line.problem}`, 300));
    }
  }
  // Of the whole feed: a single bad record among three that changed is no reason to leave the others out.
  if (found.skipped * 100 > manifest.health.records) {
    throw new FeedError(
      'bad-records',
      `${manifest.feed}: ${found.skipped} of ${manifest.health.records} records cannot be read, the first: ${found.problems[0] ?? ''}`,
    );
  }
  return found;
}
