/** How things are named: names are keys, execution names and document parameters at once, so each form is made and read here only. */

/** `monthly-20261209-3f9ca1`: policy, planned day, and a few characters that tell two runs of one day apart. At most 46 characters. */
export function rolloutName(policy: string, scheduledFor: string, hash: string): string {
  return `${policy}-${scheduledFor.slice(0, 10).replaceAll('-', '')}-${hash.slice(0, 6)}`;
}

/** Longest name of a scan: its batches' names must fit the documents' parameter `BatchId`, 80 characters. */
const LONGEST_SCAN = 64;

/**
 * `scan-EXECUTION`. EventBridge calls what it starts `UUID_UUID`, which neither a batch's name nor a document's parameter may be; such a name
 * is made of its first characters and `hash`, the hash of the whole.
 */
export function scanName(execution: string, hash: string): string {
  const name = `scan-${execution}`;
  if (name.length <= LONGEST_SCAN && /^[A-Za-z0-9-]+$/.test(name)) return name;
  return `${name.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, LONGEST_SCAN - 9)}-${hash.slice(0, 8)}`;
}

/** What lies under one key of the record: all batches and node runs of a wave. */
export function groupName(rollout: string, wave: string): string {
  return `${rollout}-${wave}`;
}

export interface BatchName {
  group: string;
  /** `p1-0-3`: phase and round, track, batch. */
  number: string;
}

/** The batch id that a document gets as parameter and an event brings back: letters, digits and hyphens only. */
export function batchName({ group, number }: BatchName): string {
  return `${group}-${number}`;
}

/** Reads a batch id back into its key. `undefined` for anything that we did not name. */
export function parseBatchName(name: string): BatchName | undefined {
  const match = /^([A-Za-z0-9][A-Za-z0-9-]*)-([spv]\d+-\d+-\d+)$/.exec(name);
  return match?.[1] && match[2] ? { group: match[1], number: match[2] } : undefined;
}

/** Number of a batch in its group. `phase`: scan, patch or verify. */
export function batchNumber(phase: 'scan' | 'patch' | 'verify', round: number, track: number, index: number): string {
  return `${phase[0]}${round}-${track}-${index}`;
}
