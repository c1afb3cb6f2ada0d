/** Where things lie in the hub's bucket: the same names for whoever writes and whoever reads. */

/** The key of the policy file where an installation has none. */
export const NO_POLICY = 'none';

export function planKey(sha256: string): string {
  return `plans/${sha256}.json`;
}

/** What nodes of one fingerprint have and are offered. */
export function factsKey(fingerprint: string): string {
  return `facts/${fingerprint}.json`;
}

/** What a feed left in the store, under its content's hash: readers find the keys in the feed's row, and no reader meets half a change. */
export function feedObjectKey(feed: string, name: string, hash: string): string {
  return `advisories/${feed}/${name}.${hash.slice(0, 24)}.gz`;
}

/** What is being read of a feed in parts; gone after a week. */
export function partsKey(feed: string, run: string, name: string): string {
  return `parts/${feed}/${run}/${name}`;
}

/** A lock's platforms and items, to read reports with. */
export function lockKey(sha256: string): string {
  return `locks/${sha256}.json`;
}

/** Every node's full report of one batch. */
export function reportsKey(batch: string): string {
  return `reports/${batch}.json`;
}

/** One round's tracks: the list that the Map reads, and each track's batches. */
export function tracksKey(group: string, round: string): string {
  return `rounds/${group}/${round}/tracks.json`;
}

export function trackKey(group: string, round: string, track: number): string {
  return `rounds/${group}/${round}/track-${track}.json`;
}

/** What remains of a rollout: the evidence, written once when it closes. */
export function evidenceKey(rollout: string): string {
  return `evidence/${rollout}/result.json`;
}

/** Everything that is open now (`ExposureSummary`, gzipped): what triggers, people and reports read. */
export const EXPOSURES_KEY = 'exposures/open.json.gz';

/** The nodes that were counted for it (`CountedNode`, a list, gzipped). */
export const COUNTED_NODES_KEY = 'exposures/nodes.json.gz';

/** What SSM Inventory says of nodes that no scan has reached, as facts for matching. */
export function inventoryKey(fingerprint: string): string {
  return `facts/inventory/${fingerprint}.json`;
}

/** Where closures lie that a run found, by day: append-only. `number` counts the objects of one run. */
export function closuresKey(at: string, run: string, number: number): string {
  return `${CLOSURES_PREFIX}${at.slice(0, 10)}/${at}-${run}-${number}.json.gz`;
}

export const CLOSURES_PREFIX = 'evidence/exposures/';

/** What Amazon Inspector said last of a location (`111111111111/eu-central-1`). */
export function inspectorKey(location: string): string {
  return `inspector/${location}.json.gz`;
}
