import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { sha256 } from '../aws/store.ts';
import { substance } from '../core/advisory.ts';
import { Retryable, Terminal } from '../core/errors.ts';
import { createFetch } from '../feeds/fetch.ts';
import { FeedError } from '../feeds/feed.ts';
import { feeds } from '../feeds/index.ts';
import { advisoriesKey, EXPLOITED_KEY } from '../core/keys.ts';
import { implement } from './implement.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Advisory, KnownExploited } from '../core/advisory.ts';
import type { Feed, FeedHealth, Pulled } from '../feeds/feed.ts';

const USER_AGENT = 'wavelock/0.1 (reads advisories for patch planning)';
const CHUNK = 500;

/** Pulls one feed: archived under its hash first, stored only when the whole of it could be read. A broken feed is a value. */
export const handler = implement('PullFeed', async ({ feed: name }, deps) => {
  const feed = feeds.find((candidate) => candidate.name === name);
  if (!feed) throw new Terminal(`no feed is called ${name}`);
  const known = await deps.record.feed(name);
  const fetch = createFetch({ hosts: feed.hosts, baseUrls: {}, userAgent: USER_AGENT });
  try {
    const archive = (bytes: Uint8Array) => deps.store.archive(`raw/${name}`, bytes);
    const pulled = await feed.pull({ fetch, cursor: known?.cursor, now: deps.now(), archive });
    const stored = await store(feed, pulled, deps);
    await deps.record.setFeed(name, { ...success(pulled, deps.now()), failures: 0, reason: '' });
    return { feed: name, result: pulled.kind === 'unchanged' ? 'unchanged' : 'stored', stored, reason: '' };
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    await deps.record.setFeed(name, { failures: (known?.failures ?? 0) + 1, reason: error.message });
    deps.metrics.addDimension('feed', name);
    deps.metrics.addMetric('FeedFailed', MetricUnit.Count, 1);
    if (error.retryable) throw new Retryable(error.message, { cause: error });
    return { feed: name, result: 'failed', stored: 0, reason: error.message };
  }
});

function success(pulled: Pulled, now: number): { cursor: string; lastSuccess: string } & Partial<Pick<FeedHealth, 'newest' | 'records'>> {
  return { cursor: pulled.cursor, lastSuccess: new Date(now).toISOString(), newest: pulled.health.newest, records: pulled.health.records };
}

async function store(feed: Feed, pulled: Pulled, deps: Dependencies): Promise<number> {
  if (pulled.kind === 'advisories') return storeAdvisories(feed.source, pulled.advisories, deps);
  if (pulled.kind === 'exploited') return storeExploited(pulled.exploited, deps);
  return 0;
}

/** Only what changed in substance is written; the snapshot is what matching reads, one object instead of thousands of rows. */
async function storeAdvisories(source: string, advisories: AsyncIterable<Advisory>, deps: Dependencies): Promise<number> {
  const known = await deps.record.advisorySubstances(source);
  const snapshot: Advisory[] = [];
  const changed: Parameters<Dependencies['record']['putAdvisories']>[0] = [];
  const seen = new Date(deps.now()).toISOString();
  for await (const advisory of advisories) {
    snapshot.push(advisory);
    const hash = sha256(substance(advisory));
    if (known.get(advisory.id) !== hash) changed.push({ source, id: advisory.id, substance: hash, document: advisory, seen, updated: advisory.updated });
  }
  for (let start = 0; start < changed.length; start += CHUNK) await deps.record.putAdvisories(changed.slice(start, start + CHUNK));
  await deps.store.putJson(advisoriesKey(source), snapshot);
  return snapshot.length;
}

async function storeExploited(exploited: AsyncIterable<KnownExploited>, deps: Dependencies): Promise<number> {
  const entries: KnownExploited[] = [];
  for await (const entry of exploited) entries.push(entry);
  for (let start = 0; start < entries.length; start += CHUNK) {
    await deps.record.putCves(entries.slice(start, start + CHUNK).map((entry) => ({ id: entry.cve, about: 'known-exploited', document: entry })));
  }
  await deps.store.putJson(EXPLOITED_KEY, entries);
  return entries.length;
}
