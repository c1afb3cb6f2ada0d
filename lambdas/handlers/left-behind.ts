/**
 * What tracks have left behind that died of a fault. Where it is looked for no track of the wave runs, so nobody else carries it on: batches
 * without an end, and nodes that AdmitBatch had reserved when it died before it could write why.
 */
import { locationKey } from '../core/model.ts';
import { groupName, parseBatchName } from '../core/names.ts';
import { settleBatch } from './settle.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { PlanWave } from '../core/plan.ts';

const UNSETTLED: ReadonlySet<BatchRow['status']> = new Set(['admitted', 'sending', 'sent']);
/** So many are settled by one function in its minutes, and side by side: Systems Manager's rates are shared with the account's own tools. */
const MOST = 60;
const AT_ONCE = 4;

export interface Pause {
  seconds: number;
  reason: string;
}

/** Settles what can be settled of a wave's batches. Answers when to look again at those whose nodes are still at work, if there are any. */
export async function settleLeft(batches: readonly BatchRow[], deps: Dependencies): Promise<Pause | undefined> {
  const left = batches.filter(({ status }) => UNSETTLED.has(status));
  const open: Pause[] = [];
  for (let start = 0; start < Math.min(left.length, MOST); start += AT_ONCE) {
    const answers = await Promise.all(left.slice(start, Math.min(start + AT_ONCE, MOST)).map((row) => settleBatch(row, deps)));
    for (const { action, heartbeat, reason } of answers) if (action === 'wait') open.push({ seconds: heartbeat, reason });
  }
  if (left.length > MOST) open.push({ seconds: 1, reason: `${left.length - MOST} batches more are to be settled` });
  const [first] = open;
  if (!first) return undefined;
  return { seconds: Math.min(...open.map(({ seconds }) => seconds)), reason: `a track has failed and its commands have not ended: ${first.reason}` };
}

/** Gives back nodes of a wave that are reserved by a batch of it which was never written. */
export async function freeLeaked(rollout: string, wave: PlanWave, batches: readonly BatchRow[], deps: Dependencies): Promise<void> {
  const group = groupName(rollout, wave.name);
  const known = new Set(batches.map(({ number }) => number));
  const ids = new Set(wave.nodes.map(({ id }) => id));
  for (const location of new Map(wave.nodes.map((node) => [locationKey(node.location), node.location])).values()) {
    for (const { id, reservedBy } of await deps.record.reserved(location)) {
      const batch = parseBatchName(reservedBy);
      if (ids.has(id) && batch?.group === group && !known.has(batch.number)) await deps.record.free(locationKey(location), id, reservedBy);
    }
  }
}
