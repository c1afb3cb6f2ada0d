import { Terminal } from '../core/errors.ts';
import { implement } from './implement.ts';
import { settleBatch } from './settle.ts';

/** Reads what a command did and writes it down. It only looks, so it may come any number of times. */
export const handler = implement('SettleBatch', async ({ batch: id }, deps) => {
  const row = await deps.record.batch(id);
  if (!row) throw new Terminal(`batch ${id} was not admitted`);
  return settleBatch(row, deps);
});
