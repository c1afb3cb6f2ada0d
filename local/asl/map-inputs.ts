import type { MapState } from './definition.ts';
import { readItems } from './item-reader.ts';
import { DISTRIBUTED_CONCURRENCY, MOST_SECONDS, PAYLOAD_LIMIT } from './limits.ts';
import { evaluate, numberField, unexpected, type Step } from './step.ts';
import { byteLength, type JsonObject, type JsonValue } from './values.ts';

/**
 * The items of a Map: from S3, from `Items`, or the state's input.
 *
 * @throws StatesError `States.ItemReaderFailed`, `States.QueryEvaluationError` when they are no list
 */
export async function itemsOf(step: Step, state: MapState): Promise<JsonValue[]> {
  if (state.ItemReader) return readItems(step, state.ItemReader);
  const template = state.Items ?? '{% $states.input %}';
  const items = await evaluate(step, template, 'Items');
  if (!Array.isArray(items)) throw unexpected(template, 'Items', 'a list', items);
  return items;
}

/** How many items run side by side; 0 means as many as there can be. */
export async function concurrencyOf(step: Step, state: MapState, most: number): Promise<number> {
  if (state.MaxConcurrency === undefined) return most;
  const wanted = await numberField(step, state.MaxConcurrency, 'MaxConcurrency', { least: 0, most: DISTRIBUTED_CONCURRENCY });
  return wanted === 0 ? most : Math.min(wanted, most);
}

/** What one child of a Distributed Map gets, and how many items are in it. */
export interface ChildInput {
  value: JsonValue;
  items: number;
}

/**
 * The inputs of a Distributed Map's children: each item through the ItemSelector, and batched as the ItemBatcher says:
 * `{ BatchInput?, Items }` (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html).
 *
 * @throws StatesError `States.QueryEvaluationError`
 */
export async function childInputs(step: Step, state: MapState, items: JsonValue[]): Promise<ChildInput[]> {
  const selected: JsonValue[] = [];
  for (const [Index, Value] of items.entries()) {
    const item = { Index, Value };
    selected.push(state.ItemSelector === undefined ? Value : await evaluate(step, state.ItemSelector, 'ItemSelector', { item }));
  }
  if (!state.ItemBatcher) return selected.map((value) => ({ value, items: 1 }));
  const { BatchInput, MaxItemsPerBatch, MaxInputBytesPerBatch } = state.ItemBatcher;
  const shared: JsonObject = BatchInput === undefined ? {} : { BatchInput: await evaluate(step, BatchInput, 'ItemBatcher/BatchInput') };
  const size =
    MaxItemsPerBatch === undefined
      ? Infinity
      : await numberField(step, MaxItemsPerBatch, 'ItemBatcher/MaxItemsPerBatch', { least: 1, most: MOST_SECONDS });
  const bytes =
    MaxInputBytesPerBatch === undefined
      ? PAYLOAD_LIMIT
      : await numberField(step, MaxInputBytesPerBatch, 'ItemBatcher/MaxInputBytesPerBatch', { least: 1, most: PAYLOAD_LIMIT });
  return batches(selected, { size, bytes: bytes - byteLength(JSON.stringify({ ...shared, Items: [] })) }).map((Items) => ({
    value: { ...shared, Items },
    items: Items.length,
  }));
}

/** Lists of at most `size` items and `bytes` bytes; an item that is larger alone has a batch to itself. */
function batches(items: JsonValue[], most: { size: number; bytes: number }): JsonValue[][] {
  const lists: JsonValue[][] = [];
  let room = 0;
  for (const item of items) {
    const needed = byteLength(JSON.stringify(item)) + 1;
    const last = lists.at(-1);
    if (last && last.length < most.size && needed <= room) last.push(item);
    else {
      lists.push([item]);
      room = most.bytes;
    }
    room -= needed;
  }
  return lists;
}
