import type { ItemReader } from './definition.ts';
import { StatesError } from './errors.ts';
import { MOST_SECONDS } from './limits.ts';
import { evaluate, numberField, unexpected, type Step } from './step.ts';
import { isJsonObject, parseJson, type JsonValue } from './values.ts';

/**
 * The items of an S3 object: a JSON list, or one JSON value a line.
 * https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
 *
 * @throws StatesError `States.ItemReaderFailed` when the object can't be read or holds no items
 */
export async function readItems(step: Step, reader: ItemReader): Promise<JsonValue[]> {
  const { execution, name, world } = step;
  const input = await evaluate(step, reader.Arguments, 'ItemReader/Arguments');
  if (!isJsonObject(input)) throw unexpected(reader.Arguments, 'ItemReader/Arguments', 'an object', input);
  const { InputType, MaxItems } = reader.ReaderConfig;
  const most = MaxItems === undefined ? 0 : await numberField(step, MaxItems, 'ItemReader/ReaderConfig/MaxItems', { least: 0, most: MOST_SECONDS });
  const bytes = await step.cancellation.orCancelled(world.outside.getObject({ execution, state: name, input }));
  const source = Buffer.from(bytes).toString('utf8');
  const items = InputType === 'JSON' ? listIn(source) : linesIn(source);
  return most > 0 ? items.slice(0, most) : items;
}

function listIn(source: string): JsonValue[] {
  const list = parseJson(source);
  if (!Array.isArray(list)) throw readerFailed('Attempting to map over non-iterable node.');
  return list;
}

function linesIn(source: string): JsonValue[] {
  const lines = source.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const item = parseJson(line);
    if (item === undefined) throw readerFailed(`Line ${index + 1} of the object is not JSON.`);
    return item;
  });
}

function readerFailed(cause: string): StatesError {
  return new StatesError({ error: 'States.ItemReaderFailed', cause });
}
