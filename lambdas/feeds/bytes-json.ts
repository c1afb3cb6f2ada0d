/** JSON files of feeds, checked against the form that we know. */
import type { z } from 'zod';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';

/**
 * Values of one text, about: three times what all products of endoflife.date have, the most of any feed. A value takes a hundred times its
 * bytes once it is parsed and found wrong, so a flood of empty ones is refused before.
 */
const MOST_VALUES = 500_000;

/** UTF-8 JSON of this form. `what` names the file in errors. Throws `FeedError`. */
export function readJson<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array, what: string): z.output<Schema> {
  refuseWebPage(bytes, what);
  const read = schema.safeParse(parseJson(bytes, what));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new FeedError('reshaped', `${what} has another form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

/** Throws `FeedError`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  if (isFlood(bytes)) throw new FeedError('too-large', `${what} holds more than ${MOST_VALUES} values`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FeedError('bad-json', `${what} is no JSON, or cut off`, { cause: error });
  }
}

/** Whether a JSON text has too many values; those in texts count as well. */
export function isFlood(bytes: Uint8Array): boolean {
  let values = 0;
  // Each value but the first of its list stands behind a comma, the first behind a bracket.
  for (let at = 0; at < bytes.length && values <= MOST_VALUES; at += 1) {
    const byte = bytes[at];
    if (byte === COMMA || byte === OPEN || byte === OPEN_ARRAY) values += 1;
  }
  return values > MOST_VALUES;
}

/**
 * A JSON object that is mostly one long array of objects, read in flat memory: `rest` is the object with that array emptied,
 * `elements` the array's objects, parsed one at a time. Throws `FeedError` where the text is no JSON, for an element when it is reached.
 */
export function openJson(bytes: Uint8Array, member: string, what: string): { rest: unknown; elements: Iterable<unknown> } {
  const { from, to, spans } = findArray(bytes, member);
  if (spans.length > MOST_ELEMENTS) throw new FeedError('too-large', `${what} lists more than ${MOST_ELEMENTS} entries`);
  if (to < 0) return { rest: parseJson(bytes, what), elements: [] };
  const rest = parseJson(Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]), what);
  function* elements(): Generator {
    for (const [start, end] of spans) yield parseJson(bytes.subarray(start, end), what);
  }
  return { rest, elements: { [Symbol.iterator]: elements } };
}

const [QUOTE, BACKSLASH, COLON, COMMA, OPEN, CLOSE, OPEN_ARRAY, CLOSE_ARRAY] = [0x22, 0x5c, 0x3a, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d];
/** Objects of such an array. A month of Microsoft's has some thousand. */
const MOST_ELEMENTS = 200_000;

/** Where the array lies that is a direct member of the outermost object, and where its objects do. `to` is -1 where there is none. */
function findArray(bytes: Uint8Array, member: string): { from: number; to: number; spans: [number, number][] } {
  const spans: [number, number][] = [];
  const name = Buffer.from(JSON.stringify(member));
  let [depth, from, start] = [0, -1, -1];
  let named = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfText(bytes, at);
      if (depth === 1) named = name.equals(bytes.subarray(at, end));
      at = end - 1;
    } else if (byte === OPEN || byte === OPEN_ARRAY) {
      if (depth === 1 && byte === OPEN_ARRAY && named && from < 0) from = at + 1;
      if (depth === 2 && from >= 0) start = at;
      depth += 1;
    } else if (byte === CLOSE || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 2 && start >= 0) spans.push([start, at + 1]);
      if (spans.length > MOST_ELEMENTS || (depth === 1 && from >= 0)) return { from, to: at, spans };
    } else if (byte !== COLON && depth === 1 && !isSpace(byte)) {
      named = false;
    }
  }
  return { from, to: -1, spans };
}

function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
