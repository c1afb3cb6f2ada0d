import { admitBatch } from '../core/admit.ts';
import { changesNodes, HEARTBEAT_SECONDS, TrackFile } from '../core/batch.ts';
import { Terminal } from '../core/errors.ts';
import { executionSeconds } from '../core/hooks.ts';
import { locationKey } from '../core/model.ts';
import { parseBatchName } from '../core/names.ts';
import { DELIVERY_SECONDS } from '../core/settle.ts';
import { implement } from './implement.ts';
import { windowNow } from './windows.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { BatchIntent } from '../core/batch.ts';
import type { Outcome } from '../core/model.ts';

/** Parked longer than a command can live: expiry is SSM's to tell, this only keeps a lost machine from waiting for ever. */
const SPARE_SECONDS = 3_600;

/** Looks once more, reserves the nodes and writes the intent. Comes again with the same answer: reservation and row are ours already. */
export const handler = implement('AdmitBatch', async ({ track: { key }, index }, deps) => {
  const track = TrackFile.parse(await deps.store.getJson(key));
  const intent = track.batches[index];
  if (!intent) throw new Terminal(`track ${key} has no batch ${index}`);
  const window = changesNodes(track.purpose) ? await windowNow(track.window, deps) : null;
  const admission = admitBatch({ track: { ...track, window }, nodes: intent.nodes, ...(await facts(track, intent, deps)), now: deps.now() });
  if (admission.action !== 'send') return { action: admission.action, batch: intent.id, expires: 0, heartbeat: 0, reason: admission.reason };
  // Only what changes a node needs it for itself: scans and second looks read.
  const nodes = changesNodes(track.purpose) ? await reserve(track, intent, admission.nodes, deps) : admission.nodes;
  if (nodes.length === 0)
    return { action: 'skip', batch: intent.id, expires: 0, heartbeat: 0, reason: 'all of its nodes are reserved by another rollout' };
  const row = await deps.record.admitBatch(rowOf(track, intent, nodes));
  const heartbeat = HEARTBEAT_SECONDS[track.purpose][intent.os];
  const expires = executionSeconds({ ...intent, purpose: track.purpose }) + DELIVERY_SECONDS + SPARE_SECONDS;
  // A batch that has settled while this answer was lost must not be parked again.
  return { action: row.status === 'settled' ? 'skip' : 'send', batch: intent.id, expires, heartbeat, reason: admission.reason };
});

async function facts(track: TrackFile, intent: BatchIntent, deps: Dependencies) {
  const scanning = track.purpose === 'scan';
  const [rollout, wave, runs, pings] = await Promise.all([
    scanning ? undefined : deps.record.rollout(track.rollout),
    scanning ? undefined : deps.record.wave(track.rollout, track.wave),
    scanning ? [] : deps.record.nodeRuns(track.group),
    deps.fleet.pings(intent.location, intent.nodes),
  ]);
  return {
    stopped: rollout?.stopped,
    accepted: wave?.accepted !== undefined,
    outcomes: new Map<string, Outcome>(runs.map((run) => [run.node, run.outcome])),
    online: new Set([...pings].filter(([, ping]) => ping.online).map(([id]) => id)),
  };
}

async function reserve(track: TrackFile, intent: BatchIntent, nodes: string[], deps: Dependencies): Promise<string[]> {
  const since = new Date(deps.now()).toISOString();
  const by = { batch: intent.id, reservedFor: `${track.rollout} / ${track.wave}`, since };
  const taken = await Promise.all(nodes.map(async (node) => ({ node, ours: await deps.record.reserve(locationKey(intent.location), node, by) })));
  for (const { node } of taken.filter((entry) => !entry.ours))
    deps.log.info('node is reserved by another rollout', { node, by: await deps.record.reservationOf(locationKey(intent.location), node) });
  return taken.filter((entry) => entry.ours).map((entry) => entry.node);
}

function rowOf(track: TrackFile, intent: BatchIntent, nodes: string[]): BatchRow {
  const key = parseBatchName(intent.id);
  if (!key) throw new Terminal(`not a batch id: ${intent.id}`);
  return {
    ...key,
    purpose: track.purpose,
    ...(track.rollout === '' ? {} : { rollout: track.rollout, wave: track.wave }),
    location: locationKey(intent.location),
    os: intent.os,
    nodes,
    document: intent.document,
    parameters: intent.parameters,
    lock: intent.lock,
    status: 'admitted',
  };
}
