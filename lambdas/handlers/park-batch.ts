import { implement } from './implement.ts';

/**
 * Keeps the new token of a batch that still has nodes at work. A lapsed heartbeat only means: look again. The end of the command may have
 * been told between Settle's look and this: then nobody else would wake this token before its heartbeat lapses.
 */
export const handler = implement('ParkBatch', async ({ batch, taskToken }, deps) => {
  await deps.record.setBatch(batch, { taskToken });
  const row = await deps.record.batch(batch);
  if (row?.done !== undefined && row.doneSeen !== true) await deps.callbacks.wake(taskToken, { status: row.done });
});
