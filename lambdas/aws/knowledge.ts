/**
 * What is known of the world, out of the store: the advisories of a fleet's platforms, and what is joined to them at read because it
 * changes daily: known exploited CVEs, scores, ends of life.
 */
import { KnownExploited, Lifecycle } from '../core/advisory.ts';
import { Records, shardsFor } from '../core/upsert.ts';
import { readLines } from './lines.ts';
import type { Advisory, Score } from '../core/advisory.ts';
import type { FeedRow } from './record-feeds.ts';
import type { Record as WavelockRecord } from './record.ts';
import type { Store } from './store.ts';

export interface FleetKnowledge {
  /** Each (source, id) once, with the rows of the platforms that were asked for. Withdrawn ones are among them. */
  advisories: Advisory[];
  /** CISA's entries by CVE, all of them. */
  exploited: Map<string, KnownExploited>;
  /** EPSS by CVE, of the CVEs that these advisories name and of those known exploited. No entry: not known, which is not 0. */
  scores: Map<string, Score>;
  /** Ends of life of releases, all of them. */
  lifecycles: Lifecycle[];
}

/** The gateways that reading needs; a handler's dependencies have them. */
export interface KnowledgeGateways {
  record: Pick<WavelockRecord, 'feeds'>;
  store: Pick<Store, 'open'>;
}

/** Objects never change under their key: an execution environment reads each once, and keeps as many as a fleet has platforms. */
const kept = new Map<string, Promise<unknown[]>>();
const MOST_KEPT = 24;

/**
 * Loads everything that is known about nodes of these platforms (`os-release-arch`, as in `node.scan.platform`), and nothing about others.
 * Throws what the gateways throw.
 */
export async function loadKnowledge({ record, store }: KnowledgeGateways, platforms: readonly string[]): Promise<FleetKnowledge> {
  const rows = await record.feeds();
  const advisories = await readAdvisories(rows, platforms, store);
  const exploited = (await Promise.all(objectsOf(rows, 'exploited').map((key) => readAll(key, store, KnownExploited)))).flat();
  const lifecycles = (await Promise.all(objectsOf(rows, 'lifecycles').map((key) => readAll(key, store, Lifecycle)))).flat();
  const wanted = new Set([...advisories.flatMap(({ cves }) => cves), ...exploited.map(({ cve }) => cve)]);
  const scores = new Map<string, Score>();
  for (const key of objectsOf(rows, 'scores'))
    for await (const score of readScores(key, store)) if (wanted.has(score.cve)) scores.set(score.cve, score);
  return { advisories, exploited: new Map(exploited.map((entry) => [entry.cve, entry])), scores, lifecycles };
}

/** The advisories alone. */
export async function loadAdvisories({ record, store }: KnowledgeGateways, platforms: readonly string[]): Promise<Advisory[]> {
  return readAdvisories(await record.feeds(), platforms, store);
}

/** CISA's entries alone, by CVE. */
export async function loadExploited({ record, store }: KnowledgeGateways): Promise<Map<string, KnownExploited>> {
  const rows = await record.feeds();
  const entries = (await Promise.all(objectsOf(rows, 'exploited').map((key) => readAll(key, store, KnownExploited)))).flat();
  return new Map(entries.map((entry) => [entry.cve, entry]));
}

async function readAdvisories(rows: FeedRow[], platforms: readonly string[], store: KnowledgeGateways['store']): Promise<Advisory[]> {
  const shards = shardsFor(platforms);
  const keys = rows.flatMap((row) => shards.flatMap((shard) => objectsNamed(row)[shard] ?? []));
  const records = new Records();
  for (const key of keys) for (const advisory of (await readOnce(key, store)) as Advisory[]) records.add(advisory);
  return records.merged();
}

function objectsNamed(row: FeedRow): Record<string, string> {
  return (row.objects ?? {}) as Record<string, string>;
}

function objectsOf(rows: FeedRow[], name: string): string[] {
  return rows.flatMap((row) => objectsNamed(row)[name] ?? []);
}

/** Our own lines, checked by the schema when they were written. */
async function readOnce(key: string, store: KnowledgeGateways['store']): Promise<unknown[]> {
  const found = kept.get(key) ?? readJsonLines(key, store);
  kept.delete(key);
  kept.set(key, found);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
  // What failed must be tried again.
  found.catch(() => kept.delete(key));
  return found;
}

async function readJsonLines(key: string, store: KnowledgeGateways['store']): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const line of readLines(await store.open(key))) items.push(JSON.parse(line));
  return items;
}

async function readAll<Item>(key: string, store: KnowledgeGateways['store'], schema: { parse(value: unknown): Item }): Promise<Item[]> {
  return (await readOnce(key, store)).map((item) => schema.parse(item));
}

/** `cve,epss,percentile` a line; there are 300,000, so they are not kept. */
async function* readScores(key: string, store: KnowledgeGateways['store']): AsyncGenerator<Score> {
  for await (const line of readLines(await store.open(key))) {
    const [cve = '', epss = '', percentile = ''] = line.split(',');
    yield { cve, epss: Number(epss), ...(percentile === '' ? {} : { percentile: Number(percentile) }) };
  }
}
