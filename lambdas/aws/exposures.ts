/** What is open, and what was closed, as objects of the store. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { Closure, CountedNode, ExposureSummary } from '../core/exposures/types.ts';
import { CLOSURES_PREFIX, closuresKey, COUNTED_NODES_KEY, EXPOSURES_KEY } from '../core/keys.ts';
import type { Store } from './store.ts';

/** Closures in one object, at most: each may name thousands of nodes. */
const CLOSURES_AN_OBJECT = 200;

/** What is open, and the nodes that were counted for it. */
export async function writeOpenExposures(store: Store, summary: ExposureSummary, nodes: readonly CountedNode[]): Promise<void> {
  await store.putBytes(COUNTED_NODES_KEY, gzipSync(JSON.stringify(nodes)));
  await store.putBytes(EXPOSURES_KEY, gzipSync(JSON.stringify(summary)));
}

/** What was open when exposures were last reckoned; `undefined` before the first time. */
export async function readOpenExposures(store: Store): Promise<ExposureSummary | undefined> {
  const bytes = await store.findBytes(EXPOSURES_KEY);
  return bytes && ExposureSummary.parse(JSON.parse(gunzipSync(bytes).toString('utf8')));
}

/** The nodes that were counted then; none before the first time. */
export async function readCountedNodes(store: Store): Promise<CountedNode[]> {
  const bytes = await store.findBytes(COUNTED_NODES_KEY);
  return bytes ? CountedNode.array().parse(JSON.parse(gunzipSync(bytes).toString('utf8'))) : [];
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
