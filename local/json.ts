/** Untyped JSON (templates, policies, events) read with a check instead of a promise to the compiler. */
export type Json = Record<string, unknown>;

/** Whether a value is a JSON object, not an array and not null. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Error that says what `what` is instead of an object */
export function object(value: unknown, what: string): Json {
  if (isObject(value)) return value;
  throw new Error(`${what} must be an object, not ${shown(value)}`);
}

/** @throws Error that says what `what` is instead of a text */
export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${what} must be a text, not ${shown(value)}`);
}

/** A text, number or boolean as text. @throws Error that says what `what` is instead */
export function scalar(value: unknown, what: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${what} must be a text, not ${shown(value)}`);
}

/** A list as it is; one value as a list of one, as policies and templates allow it. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** JSON text to an object. @throws Error that names `what` when it isn't JSON or not an object */
export function parseObject(source: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new Error(`${what} is not JSON: ${reason(error)}`, { cause: error });
  }
  return object(value, what);
}

/** The message of whatever was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 120) ?? 'nothing';
}
