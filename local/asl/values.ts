/** A value that JSON can hold, as states hand it on to each other. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

export interface JsonObject {
  [member: string]: JsonValue;
}

/** Whether a JSON value is an object, not an array and not null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text to a value; undefined when it is no JSON. */
export function parseJson(source: string): JsonValue | undefined {
  try {
    return jsonOf(source);
  } catch {
    return undefined;
  }
}

/** The value of a text that is known to be JSON. */
export function jsonOf(source: string): JsonValue {
  const value: JsonValue = JSON.parse(source);
  return value;
}

/** Length in bytes as UTF-8, in which Step Functions measures payloads. */
export function byteLength(source: string): number {
  return Buffer.byteLength(source, 'utf8');
}

/**
 * A copy that holds nothing but JSON: what jsonata gives back has hidden members on its arrays, may share parts with its input,
 * and may hold functions.
 *
 * Non-finite numbers become texts, as AWS answers them: https://github.com/floci-io/floci/issues/2737 (measured with TestState).
 *
 * @returns undefined when the value is undefined or a function, or holds a function anywhere
 */
export function plainJson(value: unknown): JsonValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || isJsonataFunction(value)) return undefined;
  if (Array.isArray(value)) return plainList(value);
  const copy: JsonObject = {};
  for (const [member, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const plain = plainJson(inner);
    if (plain === undefined) return undefined;
    // Not by assignment: a member named __proto__ is data like any other.
    Object.defineProperty(copy, member, { value: plain, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function plainList(list: unknown[]): JsonValue[] | undefined {
  const copy: JsonValue[] = [];
  for (const inner of list) {
    const plain = plainJson(inner);
    if (plain === undefined) return undefined;
    copy.push(plain);
  }
  return copy;
}

function isJsonataFunction(value: object): boolean {
  return '_jsonata_function' in value || '_jsonata_lambda' in value;
}
