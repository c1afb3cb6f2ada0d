/** What is open, and what was closed, as objects of the store. */
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Closure, CountedNode, ExposureSummary, OpenExposure } from '../core/exposures/types.ts';
import { CLOSURES_PREFIX, closuresKey, COUNTED_NODES_KEY, EXPOSURES_KEY } from '../core/keys.ts';
import { packLines, readLines } from './lines.ts';
import type { z } from 'zod';
import type { Store } from './store.ts';

/** Closures in one object, at most: each may name thousands of nodes. */
const CLOSURES_AN_OBJECT = 200;

/** What is open but for the exposures themselves, which may be tens of thousands: the first line of the object. */
const Head = ExposureSummary.omit({ exposures: true });
export type ExposureHead = z.infer<typeof Head>;

/** What is open, and the nodes that were counted for it: the head on the first line, then an exposure a line, in its order. */
export async function writeOpenExposures(store: Store, { exposures, ...head }: ExposureSummary, nodes: readonly CountedNode[]): Promise<void> {
  await store.putBytes(COUNTED_NODES_KEY, (await packLines(linesOf(nodes))).bytes);
  await store.putBytes(EXPOSURES_KEY, (await packLines(linesOf([head], exposures))).bytes);
}

function* linesOf(...lists: readonly (readonly unknown[])[]): Generator<string> {
  for (const list of lists) for (const item of list) yield JSON.stringify(item);
}

/**
 * What was open when exposures were last reckoned; `undefined` before the first time. Of the exposures only those that are `wanted` are held in
 * memory: all of a large fleet take hundreds of megabytes.
 */
export async function readOpenExposures(
  store: Store,
  wanted: (exposure: OpenExposure) => boolean = () => true,
): Promise<ExposureSummary | undefined> {
  const lines = await openLines(store, EXPOSURES_KEY);
  const first = await lines?.next();
  if (!lines || !first || first.done) return undefined;
  const head = Head.parse(JSON.parse(first.value));
  const exposures: OpenExposure[] = [];
  for await (const line of lines) {
    // Our own lines: those that nobody wants are not looked at any closer.
    const exposure = JSON.parse(line) as OpenExposure;
    if (wanted(exposure)) exposures.push(OpenExposure.parse(exposure));
  }
  return { ...head, exposures };
}

/** The same without its exposures: quickly read. */
export async function readExposureHead(store: Store): Promise<ExposureHead | undefined> {
  const lines = await openLines(store, EXPOSURES_KEY);
  const first = await lines?.next();
  await lines?.return(undefined);
  return first && !first.done ? Head.parse(JSON.parse(first.value)) : undefined;
}

/** The nodes that were counted then; none before the first time. */
export async function readCountedNodes(store: Store): Promise<CountedNode[]> {
  const nodes: CountedNode[] = [];
  for await (const line of (await openLines(store, COUNTED_NODES_KEY)) ?? []) nodes.push(CountedNode.parse(JSON.parse(line)));
  return nodes;
}

async function openLines(store: Store, key: string): Promise<AsyncGenerator<string> | undefined> {
  const bytes = await store.findBytes(key);
  return bytes && readLines(Readable.from([bytes]));
}

/** Adds to the evidence. `run` names who found them; the same run at the same instant writes the same objects again. */
export async function writeClosures(store: Store, closures: readonly Closure[], { at, run }: { at: string; run: string }): Promise<void> {
  for (let start = 0; start < closures.length; start += CLOSURES_AN_OBJECT) {
    const lines = closures.slice(start, start + CLOSURES_AN_OBJECT).map((closure) => JSON.stringify(closure));
    await store.putBytes(closuresKey(at, run, start / CLOSURES_AN_OBJECT), gzipSync(`${lines.join('\n')}\n`));
  }
}

/** Closures that were found from a day (`2026-12-09`) on. */
export async function readClosures(store: Store, since: string): Promise<Closure[]> {
  const keys = (await store.keys(CLOSURES_PREFIX)).filter((key) => key.slice(CLOSURES_PREFIX.length, CLOSURES_PREFIX.length + 10) >= since);
  const closures: Closure[] = [];
  for (const key of keys.toSorted()) {
    const bytes = await store.findBytes(key);
    if (!bytes) continue;
    for (const line of gunzipSync(bytes).toString('utf8').split('\n')) if (line !== '') closures.push(Closure.parse(JSON.parse(line)));
  }
  return closures;
}
