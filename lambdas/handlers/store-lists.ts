/** Puts lists that are joined to advisories at read into the store: known exploited CVEs, scores, ends of life. */
import { packLines, readLines } from '../aws/lines.ts';
import { feedObjectKey } from '../core/keys.ts';
import { readCves } from './store-advisories.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { CveRow, FeedRow } from '../aws/record-feeds.ts';
import type { KnownExploited, Lifecycle, Score } from '../core/advisory.ts';

type Gateways = Pick<Dependencies, 'record' | 'store'>;

export interface StoredList {
  objects: Record<string, string>;
  /** Entries that came, went or changed. */
  changed: number;
}

interface List {
  feed: string;
  base: FeedRow | undefined;
  /** Of the object, in the feed's row. */
  name: 'exploited' | 'scores' | 'lifecycles';
  /** Of the object, in its key. */
  title?: string;
}

const CHUNK = 500;

/** Every entry to the store, and the ones that changed to the record. */
export async function storeExploited(list: Omit<List, 'name'>, exploited: AsyncIterable<KnownExploited>, deps: Gateways): Promise<StoredList> {
  const entries = new Map<string, string>();
  for await (const entry of exploited) entries.set(entry.cve, JSON.stringify(entry));
  const where: List = { ...list, name: 'exploited' };
  const before = new Map<string, string>();
  for await (const line of linesBefore(where, deps)) before.set((JSON.parse(line) as KnownExploited).cve, line);
  const changed = await record('known-exploited', before, entries, deps);
  return { objects: await put(where, entries.values(), deps), changed };
}

/** The day's scores as one object, and to the record those of CVEs that stored advisories name: some thousand of 300,000. */
export async function storeScores(list: Omit<List, 'name'>, scores: AsyncIterable<Score>, deps: Gateways): Promise<StoredList> {
  const named = new Set<string>();
  for (const row of await deps.record.feeds()) for (const cve of await readCves(row, deps)) named.add(cve);
  const where: List = { ...list, name: 'scores' };
  const before = new Map<string, string>();
  for await (const line of linesBefore(where, deps)) keepNamed(line, named, before);
  const lines: string[] = [];
  const now = new Map<string, string>();
  for await (const { cve, epss, percentile } of scores) {
    const line = `${cve},${epss},${percentile ?? ''}`;
    lines.push(line);
    keepNamed(line, named, now);
  }
  const changed = await record('epss', before, now, deps);
  return { objects: await put(where, lines, deps), changed };
}

function keepNamed(line: string, named: ReadonlySet<string>, kept: Map<string, string>): void {
  const [cve = '', epss, percentile] = line.split(',');
  if (!named.has(cve)) return;
  kept.set(cve, JSON.stringify({ cve, epss: Number(epss), ...(percentile === '' ? {} : { percentile: Number(percentile) }) }));
}

/** A few hundred releases. */
export async function storeLifecycles(list: Omit<List, 'name'>, lifecycles: AsyncIterable<Lifecycle>, deps: Gateways): Promise<StoredList> {
  const lines: string[] = [];
  for await (const lifecycle of lifecycles) lines.push(JSON.stringify(lifecycle));
  const where: List = { ...list, name: 'lifecycles' };
  const before = new Set<string>();
  for await (const line of linesBefore(where, deps)) before.add(line);
  const now = new Set(lines);
  const changed = lines.filter((line) => !before.has(line)).length + [...before].filter((line) => !now.has(line)).length;
  return { objects: await put(where, lines, deps), changed };
}

/** Writes rows of what is new or changed, removes what is gone; answers how many. */
async function record(about: string, before: Map<string, string>, now: Map<string, string>, deps: Gateways): Promise<number> {
  const rows = [...now]
    .filter(([id, text]) => before.get(id) !== text)
    .map(([id, text]): CveRow => ({ about, id, document: JSON.parse(text) as unknown }));
  const gone = [...before.keys()].filter((id) => !now.has(id));
  for (let start = 0; start < rows.length; start += CHUNK) await deps.record.putCves(rows.slice(start, start + CHUNK));
  for (let start = 0; start < gone.length; start += CHUNK) await deps.record.removeCves(about, gone.slice(start, start + CHUNK));
  return rows.length + gone.length;
}

async function put({ feed, name, title }: List, lines: Iterable<string>, deps: Gateways): Promise<Record<string, string>> {
  const { bytes, hash } = await packLines(lines);
  const key = feedObjectKey(feed, title ?? name, hash);
  await deps.store.putBytes(key, bytes);
  return { [name]: key };
}

async function* linesBefore({ base, name }: List, deps: Gateways): AsyncGenerator<string> {
  const key = ((base?.objects ?? {}) as Record<string, string>)[name];
  if (key !== undefined) yield* readLines(await deps.store.open(key));
}
