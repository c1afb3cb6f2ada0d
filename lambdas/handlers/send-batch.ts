import { z } from 'zod';
import { Terminal } from '../core/errors.ts';
import { executionSeconds } from '../core/hooks.ts';
import { parseLocation } from '../core/model.ts';
import { implement } from './implement.ts';
import { sendStandIn } from './send-stand-in.ts';
import { pinOf } from './stand-ins.ts';
import type { SendResult } from '../aws/commands.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';

/**
 * The one call that changes nodes, made at most once a batch: only whoever moves the row from `admitted` to `sending` may make it.
 * Throwing here ends the park, and Settle looks at what really happened.
 */
export const handler = implement('SendBatch', async ({ batch: id, taskToken }, deps) => {
  const row = await deps.record.claimSending(id, taskToken, deps.now());
  if (!row) {
    if (!(await deps.record.batch(id))) throw new Terminal(`batch ${id} was not admitted`);
    await deps.record.setBatch(id, { taskToken });
    return wakeIfDone(id);
  }
  const pin = pinOf(row);
  const result = pin.by === undefined ? await sendCommand(id, row, deps) : await sendStandIn(row, pin, deps);
  if (result.sent === false) {
    await deps.record.setBatch(id, { status: 'refused', reason: result.refused });
    throw new Terminal(`batch ${id} was refused: ${result.refused}`);
  }
  if (result.sent === 'unclear') {
    await deps.record.setBatch(id, { reason: result.reason });
    throw new Terminal(`unclear whether batch ${id} was sent: ${result.reason}`);
  }
  await deps.record.setBatch(id, { status: 'sent', commandId: result.commandId, expiresAt: result.expiresAt });
  return wakeIfDone(id);

  /** The terminal event of a fast command can come before its id is stored. */
  async function wakeIfDone(batch: string): Promise<void> {
    const now: BatchRow | undefined = await deps.record.batch(batch);
    // While a function was at work the track may have looked, and parked again under another token.
    if (now?.done !== undefined) await deps.callbacks.wake(now.taskToken ?? taskToken, { status: now.done });
  }
});

async function sendCommand(batch: string, row: BatchRow, deps: Dependencies): Promise<SendResult> {
  const parameters = z.record(z.string(), z.string()).parse(row.parameters);
  return deps.commands.send({
    batch,
    location: parseLocation(row.location),
    nodes: row.nodes,
    document: pinOf(row),
    parameters,
    ...(row.purpose === 'mitigate' ? {} : { executionSeconds: executionSeconds({ purpose: row.purpose, os: row.os, parameters }) }),
  });
}
