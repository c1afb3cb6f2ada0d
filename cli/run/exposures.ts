/** What a run's record and store say of exposures, from its beginning to its end. */
import { readClosures, readOpenExposures } from '../../lambdas/aws/exposures.ts';
import { loadKnowledge } from '../../lambdas/aws/knowledge.ts';
import { exposureHistory } from '../../lambdas/core/exposures/history.ts';
import type { Record as WavelockRecord } from '../../lambdas/aws/record.ts';
import type { Store } from '../../lambdas/aws/store.ts';
import type { ExposureHistory } from '../../lambdas/core/exposures/history.ts';

export interface HistoryWanted {
  /** When the run began, when its plan was made, and when it ended: virtual ms. */
  from: number;
  planned: number;
  to: number;
  /** Of the fleet, as `os-release-arch`. */
  platforms: string[];
}

/** Reads it. `undefined` where exposures were never reckoned. */
export async function gatherHistory(
  { record, store }: { record: WavelockRecord; store: Store },
  { from, planned, to, platforms }: HistoryWanted,
): Promise<ExposureHistory | undefined> {
  const began = new Date(from).toISOString();
  const [summary, tallies] = await Promise.all([readOpenExposures(store), record.tallies(began)]);
  const before = tallies.findLast(({ at }) => Date.parse(at) <= planned) ?? tallies[0];
  if (!summary || !before) return undefined;
  const [closures, { exploited, scores }] = await Promise.all([readClosures(store, began.slice(0, 10)), loadKnowledge({ record, store }, platforms)]);
  return exposureHistory({ closures, summary, before: before.counts, intelligence: { exploited, scores }, from, to });
}
