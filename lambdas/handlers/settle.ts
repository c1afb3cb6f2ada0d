/** Settles one batch: what a track does after each command, and what a wave does for batches whose track has died. */
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { changesNodes, LOOK_AGAIN_SECONDS } from '../core/batch.ts';
import { parseLocation } from '../core/model.ts';
import { settleScan } from './settle-scan.ts';
import { settleNodes } from './settle-nodes.ts';
import { pinOf } from './stand-ins.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { TaskOutput } from '../../statemachines/contracts.ts';

type Answer = TaskOutput<'SettleBatch'>;

/** After an unclear SendCommand: SSM's lists lag, so two empty answers a minute apart are needed before a batch counts as never sent. */
const LOOKS = 2;
const LOOK_PAUSE_SECONDS = 60;

/** Reads what a command did and writes it down. It only looks, so it may come any number of times. */
export async function settleBatch(row: BatchRow, deps: Dependencies): Promise<Answer> {
  const id = `${row.group}-${row.number}`;
  if (row.status === 'settled') return next('settled before');
  if (row.status === 'admitted') return abandon(row, 'refused', 'the send never began', deps);
  if (row.status === 'refused') return abandon(row, 'refused', row.reason ?? 'refused', deps);
  if (row.status === 'lost') return next('was never sent');
  // A function is not looked for: it has answered, or it is waited for until it cannot answer any more.
  const sent = row.commandId === undefined && pinOf(row).by !== 'lambda' ? await look(row, deps) : row;
  if (sent === 'again') return wait(LOOK_PAUSE_SECONDS, 'unclear whether it was sent');
  if (sent === 'lost') return abandon(row, 'lost', 'SSM knows no such command', deps);
  const open = row.purpose === 'scan' ? await settleScan(sent, deps) : await settleNodes(sent, deps);
  if (open > 0) {
    await deps.record.setBatch(id, { doneSeen: row.done !== undefined });
    return wait(LOOK_AGAIN_SECONDS, `${open} of ${row.nodes.length} nodes still at work`);
  }
  await deps.record.setBatch(id, { status: 'settled' });
  deps.metrics.addMetric('BatchesSettled', MetricUnit.Count, 1);
  return next('every node has an outcome');
}

function next(reason: string): Answer {
  return { action: 'next', heartbeat: LOOK_AGAIN_SECONDS, reason };
}

function wait(heartbeat: number, reason: string): Answer {
  return { action: 'wait', heartbeat, reason };
}

/** Nothing began on any node: free them, they are laid out again. */
async function abandon(row: BatchRow, status: 'refused' | 'lost', reason: string, deps: Dependencies): Promise<Answer> {
  const id = `${row.group}-${row.number}`;
  if (changesNodes(row.purpose)) for (const node of row.nodes) await deps.record.free(row.location, node, id);
  await deps.record.setBatch(id, { status, reason });
  return next(reason);
}

/** Looks for a command whose answer was lost. */
async function look(row: BatchRow, deps: Dependencies): Promise<BatchRow | 'again' | 'lost'> {
  const id = `${row.group}-${row.number}`;
  const found = await findSent(row, deps);
  if (found) {
    await deps.record.setBatch(id, { status: 'sent', ...found });
    return { ...row, status: 'sent', ...found };
  }
  const looked = (row.looked ?? 0) + 1;
  await deps.record.setBatch(id, { looked });
  return looked < LOOKS ? 'again' : 'lost';
}

async function findSent(row: BatchRow, deps: Dependencies): Promise<{ commandId: string; expiresAt?: number } | undefined> {
  const [location, pin, after] = [parseLocation(row.location), pinOf(row), row.sentAt ?? deps.now()];
  const batch = `${row.group}-${row.number}`;
  if (pin.by === undefined) return deps.commands.find(location, batch, pin.name, after);
  const commandId = await deps.runbooks.find({ batch, location, nodes: row.nodes, pin }, after);
  return commandId === undefined ? undefined : { commandId };
}
