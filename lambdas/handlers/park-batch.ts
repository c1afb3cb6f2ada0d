import { implement } from './implement.ts';

/** Keeps the new token of a batch that still has nodes at work. A lapsed heartbeat only means: look again. */
export const handler = implement('ParkBatch', async ({ batch, taskToken }, deps) => {
  await deps.record.setBatch(batch, { taskToken });
});
