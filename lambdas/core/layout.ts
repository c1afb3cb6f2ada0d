/**
 * Lays out the batches of one round. A batch is at most 50 nodes (SendCommand's limit) of one location, one os and one lock variant;
 * a track's batches run one after another, tracks run side by side. The first rounds ramp up 1, 2, 4 … tracks, so that a bad patch
 * meets few nodes before the first ones have settled.
 */
import { locationKey } from './model.ts';
import type { Location, Os } from './model.ts';

/** SSM API reference, SendCommand.InstanceIds: at most 50. */
export const BATCH_LIMIT = 50;
/** Batches of a track and round: about 20 history events each, far below Step Functions' 25,000. */
export const TRACK_LIMIT = 400;
/** Planning figures for one batch, install and reboot included. Only estimates hang on them, and the heartbeat, which only means "look". */
export const BATCH_SECONDS: Record<Os, number> = { linux: 20 * 60, windows: 45 * 60 };

/** What layout needs to know of a node. */
export interface Layable {
  id: string;
  location: Location;
  os: Os;
  variant: string;
}

export interface LaidOutBatch {
  location: Location;
  os: Os;
  variant: string;
  nodes: string[];
}

/**
 * Tracks of batches for the given round (from 1). `atOnce`: nodes that may be in work at the same time, over all tracks;
 * the sum of the tracks' widths never exceeds it. `ramp: false` (read-only commands) uses all tracks at once. What does not fit into a
 * track's `TRACK_LIMIT` is not in the answer: it is for the next round.
 */
export function layOut(nodes: Layable[], options: { atOnce: number; round: number; ramp: boolean }): LaidOutBatch[][] {
  if (nodes.length === 0) return [];
  const atOnce = Math.max(1, options.atOnce);
  const natural = batchesOf(nodes, Math.min(BATCH_LIMIT, atOnce)).length;
  const rampTracks = options.ramp ? 2 ** Math.min(options.round - 1, 20) : natural;
  // Pairs rather than single nodes where the budget allows: half the commands for the same speed.
  const tracks = Math.max(1, Math.min(rampTracks, natural, Math.floor(atOnce / 2)));
  const width = Math.max(1, Math.min(BATCH_LIMIT, Math.floor(atOnce / tracks)));
  const batches = batchesOf(nodes, width);
  const ramping = options.ramp && rampTracks < natural;
  const laid = ramping ? batches.slice(0, tracks) : batches;
  const dealt: LaidOutBatch[][] = Array.from({ length: Math.min(tracks, laid.length) }, () => []);
  for (const [index, batch] of laid.entries()) {
    const track = dealt[index % dealt.length];
    if (track && track.length < TRACK_LIMIT) track.push(batch);
  }
  return dealt;
}

/** How long a wave will take when every batch takes its planning figure, in seconds. */
export function estimateSeconds(nodes: Layable[], atOnce: number): number {
  let remaining = nodes;
  let seconds = 0;
  for (let round = 1; remaining.length > 0; round++) {
    const tracks = layOut(remaining, { atOnce, round, ramp: true });
    seconds += Math.max(...tracks.map((track) => track.reduce((sum, batch) => sum + BATCH_SECONDS[batch.os], 0)));
    const done = new Set(tracks.flat().flatMap((batch) => batch.nodes));
    remaining = remaining.filter((node) => !done.has(node.id));
  }
  return seconds;
}

function batchesOf(nodes: Layable[], size: number): LaidOutBatch[] {
  const groups = new Map<string, LaidOutBatch>();
  for (const { id, location, os, variant } of nodes) {
    const key = `${locationKey(location)} ${os} ${variant}`;
    const group = groups.get(key) ?? { location, os, variant, nodes: [] };
    group.nodes.push(id);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => {
    const chunks: LaidOutBatch[] = [];
    for (let start = 0; start < group.nodes.length; start += size) chunks.push({ ...group, nodes: group.nodes.slice(start, start + size) });
    return chunks;
  });
}
