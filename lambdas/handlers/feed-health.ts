/** How a feed is: written into its row after each reading, and counted where alarms can see it. */
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { plainText } from '../core/advisory.ts';
import { Retryable, Terminal } from '../core/errors.ts';
import { FeedError } from '../feeds/feed.ts';
import { classify } from './implement.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { FeedFields, FeedRow } from '../aws/record-feeds.ts';
import type { FeedHealth } from '../feeds/feed.ts';
import type { TaskOutput } from '../../statemachines/contracts.ts';

export type FeedAnswer = TaskOutput<'StoreFeed'>;

/** One reading of a feed: which, on top of what, and when it began (ms). */
export interface Visit {
  feed: string;
  base: FeedRow | undefined;
  pulled: number;
}

/** What every reading leaves. */
function tried({ base, pulled }: Visit): FeedFields {
  return { lastTried: new Date(pulled).toISOString(), ...(base?.wanted === undefined ? {} : { answered: base.wanted }) };
}

/** Fields of a row after a reading that succeeded, but for what was stored. */
export function healthy(health: FeedHealth, visit: Visit): FeedFields {
  const at = new Date(visit.pulled).toISOString();
  const { records, newest, skipped, problems, stale } = health;
  return {
    ...tried(visit),
    lastSuccess: at,
    records,
    newest,
    skipped,
    problems: problems.slice(0, 20),
    note: health.note ?? '',
    stale,
    failures: 0,
    code: '',
    reason: '',
  };
}

/**
 * Writes down that what was read now stands: the keys of what is stored become visible to readers with this one write. Retryable where
 * another intake has stored the feed meanwhile: on top of that it must be read again. What this replaces is removed with the next change.
 */
export async function commit(visit: Visit, fields: FeedFields & { changed: number }, deps: Dependencies): Promise<void> {
  const { base } = visit;
  const revision = base?.revision ?? 0;
  const kept = new Set(keysOf({ ...base, ...fields }));
  const retired = keysOf(base ?? {}).filter((key) => !kept.has(key));
  const storedAt = new Date(deps.now()).toISOString();
  const ours = await deps.record.setFeedAt(visit.feed, revision, { ...fields, retired, storedAt, revision: revision + 1 });
  if (!ours) throw new Retryable(`another intake has stored ${visit.feed} meanwhile`);
  const old = (base?.retired ?? []).filter((key) => !kept.has(key));
  // It stands: what cannot be removed now must not make anybody believe that it does not.
  const removed = await Promise.allSettled(old.map((key) => deps.store.remove(key)));
  const failure = removed.find((one) => one.status === 'rejected');
  if (failure) deps.log.warn(`what ${visit.feed} has replaced was not all removed from the store`, failure.reason as Error);
}

/**
 * How much of a feed is news although it was read as unchanged: an intake that has stored it and then died has not reckoned exposures, and
 * without a word of news nobody would before the next whole look at the fleet.
 */
export async function unreckoned(base: FeedRow | undefined, deps: Dependencies): Promise<number> {
  const { changed = 0, storedAt } = base ?? {};
  return changed === 0 || storedAt === undefined || (await deps.record.isReckonedSince(storedAt)) ? 0 : changed;
}

/** What a row names in the store. */
function keysOf({ index, trail, objects }: Pick<FeedFields, 'index' | 'trail' | 'objects'>): string[] {
  return [index, trail, ...Object.values((objects ?? {}) as Record<string, string>)].filter((key) => key !== undefined);
}

/**
 * Tells the metrics what was not well about a reading that succeeded. A metric is billed for each hour in which it says something (Amazon
 * CloudWatch pricing), so feeds that are well say nothing; PickFeeds tells of all of them together.
 */
export function count(feed: string, { stale, skipped }: Pick<FeedHealth, 'stale' | 'skipped'>, deps: Dependencies): void {
  if (stale) tell('FeedStale', 1, feed, deps);
  if (skipped > 0) tell('FeedSkipped', skipped, feed, deps);
}

function tell(metricName: string, value: number, feed: string, deps: Dependencies): void {
  const metric = deps.metrics.singleMetric();
  metric.addDimension('feed', feed);
  metric.addMetric(metricName, MetricUnit.Count, value);
}

/**
 * What is done about a reading that failed: the last good data stays, the row says why, the metric counts. Answers a value where only a
 * vendor or a person can help; throws `Retryable` where trying again may.
 */
export async function failed(visit: Visit, error: unknown, deps: Dependencies): Promise<FeedAnswer> {
  if (!(error instanceof FeedError)) {
    // Where AWS was busy nothing is wrong with the feed; any other error is ours, and people must see it.
    const found = classify(error);
    if (found instanceof Terminal) await note(visit, { code: 'fault', message: plainText(`an error of Wavelock: ${found.message}`, 400) }, deps);
    throw error;
  }
  await note(visit, error, deps);
  if (error.retryable) throw new Retryable(error.message, { cause: error });
  return { feed: visit.feed, result: 'failed', changed: 0, reason: error.message };
}

async function note(visit: Visit, { code, message }: { code: string; message: string }, deps: Dependencies): Promise<void> {
  const failures = (visit.base?.failures ?? 0) + 1;
  // Where another intake has succeeded meanwhile, its word counts.
  await deps.record.setFeedAt(visit.feed, visit.base?.revision ?? 0, { ...tried(visit), failures, code, reason: message });
  tell('FeedFailed', 1, visit.feed, deps);
}
