import { z } from 'zod';
import { Retryable } from '../core/errors.ts';
import { parseBatchName } from '../core/names.ts';
import { react } from './implement.ts';

/** "EC2 Command Status-change Notification" (EventBridge events reference, Systems Manager): it carries the command's parameters. */
const CommandEvent = z.object({
  detail: z.object({ 'command-id': z.string(), status: z.string(), parameters: z.object({ BatchId: z.array(z.string()).optional() }) }),
});

/**
 * A command has ended: wakes the track that waits for it. The batch is found by the BatchId parameter, so the event may come before the
 * command's id is stored. Events come twice, late or never; what happened is read by Settle, never from here.
 */
export const handler = react(async (event, deps) => {
  const { detail } = CommandEvent.parse(event);
  const id = detail.parameters.BatchId?.[0];
  // Somebody may run our document by hand: not ours to settle.
  if (id === undefined || parseBatchName(id) === undefined) return;
  const row = await deps.record.batch(id);
  // Thrown, so that EventBridge tries again and the dead-letter queue shows what never found its batch.
  if (!row) throw new Retryable(`no batch ${id} yet`);
  await deps.record.setBatch(id, { done: detail.status });
  if (row.taskToken !== undefined) await deps.callbacks.wake(row.taskToken, { status: detail.status });
});
