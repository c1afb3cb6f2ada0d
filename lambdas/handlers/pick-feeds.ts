import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { concerns, isDue } from '../core/due.ts';
import { platformsOf } from '../core/platform-names.ts';
import { feedsWith } from '../feeds/index.ts';
import { implement } from './implement.ts';
import { loadFleet, loadPolicy } from './load.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { FeedRow } from '../aws/record-feeds.ts';

const HOUR = 3_600_000;
/** Readings that failed in a row before somebody should look: a vendor's bad hour is over by then. */
const MANY_FAILURES = 3;

/**
 * Which feeds to read now: those that concern the fleet's platforms and have their time, or all of them on a whole look at the fleet.
 * Tells on the way how old and how well they are: this is the one task that runs every hour and knows which of them matter.
 */
export const handler = implement('PickFeeds', async ({ scope, since }, deps) => {
  const [fleet, policy, rows] = await Promise.all([loadFleet(deps), loadPolicy(deps), deps.record.feeds()]);
  const platforms = platformsOf(fleet);
  const known = new Map(rows.map((row) => [row.name, row]));
  const all = feedsWith(policy?.repositories ?? []);
  const ours = all.filter(({ feed }) => concerns(feed, platforms));
  await markIdle(rows, new Set(ours.map(({ feed }) => feed.name)), deps);
  measure(
    ours.flatMap(({ feed }) => known.get(feed.name) ?? []),
    scope === 'all',
    deps,
  );
  const occasion = { scope, since: Date.parse(since), now: deps.now() };
  const due = ours.filter(({ feed }) => isDue(feed, known.get(feed.name), occasion));
  return { feeds: due.map(({ feed, repository }) => ({ feed: feed.name, ...(repository ? { repository } : {}) })), due: due.length };
});

/** A feed of a platform that has left the fleet keeps what it has, and nobody is alarmed that it grows old. */
async function markIdle(rows: readonly FeedRow[], ours: ReadonlySet<string>, deps: Dependencies): Promise<void> {
  const turned = rows.filter((row) => (row.idle === true) === ours.has(row.name));
  await Promise.all(turned.map((row) => deps.record.setFeed(row.name, { idle: !ours.has(row.name) })));
}

/**
 * What the alarms watch, over all feeds; and `each`'s age, once a day: metrics are billed for each hour in which they say something (Amazon
 * CloudWatch pricing). A feed that never succeeded is as old as time: its alarm must not stay quiet.
 */
function measure(rows: readonly FeedRow[], each: boolean, deps: Dependencies): void {
  const ages = rows.map((row) => (deps.now() - (row.lastSuccess === undefined ? 0 : Date.parse(row.lastSuccess))) / HOUR);
  for (const [index, row] of each ? rows.entries() : []) {
    const single = deps.metrics.singleMetric();
    single.addDimension('feed', row.name);
    single.addMetric('FeedAgeHours', MetricUnit.Count, ages[index] ?? 0);
  }
  deps.metrics.addMetric('FeedOldestHours', MetricUnit.Count, Math.max(0, ...ages));
  deps.metrics.addMetric('FeedsStale', MetricUnit.Count, rows.filter((row) => row.stale === true).length);
  deps.metrics.addMetric('FeedsFailing', MetricUnit.Count, rows.filter((row) => (row.failures ?? 0) >= MANY_FAILURES).length);
}
