import { AwsError } from '../types.ts';
import { isObject } from '../json.ts';
import type { Shape, TimestampFormat } from './schema.ts';

/** A request that doesn't fit its schema. AWS answers so too, except that it ignores members that it doesn't know; here they are errors. */
export function misfit(path: string, problem: string): AwsError {
  return new AwsError('SerializationException', `${path} ${problem}`);
}

/** An answer that doesn't fit its schema is a fault of the embedded AWS, never of the caller. */
export function wrongOutput(path: string, problem: string): Error {
  return new Error(`embedded AWS answers with a wrong shape: ${path} ${problem}`);
}

/** Reads a timestamp in the format that the place asks for. */
export function readTimestamp(value: string | number, format: TimestampFormat, path: string): Date {
  const date = format === 'epoch-seconds' ? new Date(Number(value) * 1000) : new Date(value);
  if (Number.isNaN(date.getTime())) throw misfit(path, `must be a timestamp (${format}), not ${JSON.stringify(value)}`);
  return date;
}

/** Writes a timestamp: text, or seconds with milliseconds as fraction. */
export function writeTimestamp(date: Date, format: TimestampFormat): string | number {
  if (format === 'epoch-seconds') return date.getTime() / 1000;
  return format === 'http-date' ? date.toUTCString() : date.toISOString().replace('.000Z', 'Z');
}

/** Reads a simple value from text, as it stands in headers, queries, forms and XML. */
export function readText(shape: Shape, text: string, format: TimestampFormat, path: string): unknown {
  switch (shape.kind) {
    case 'number': {
      const number = Number(text);
      if (text === '' || Number.isNaN(number)) throw misfit(path, `must be a number, not ${JSON.stringify(text)}`);
      return number;
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw misfit(path, `must be true or false, not ${JSON.stringify(text)}`);
      return text === 'true';
    case 'timestamp':
      return readTimestamp(text, shape.timestampFormat ?? format, path);
    case 'blob':
      return new Uint8Array(Buffer.from(text, 'base64'));
    case 'string':
      return text;
    default:
      throw misfit(path, `must be a ${shape.kind}`);
  }
}

/** Writes a simple value as text, for headers and XML. */
export function writeText(shape: Shape, value: unknown, format: TimestampFormat, path: string): string {
  assertSimple(shape, value, path);
  if (value instanceof Date) return String(writeTimestamp(value, shape.timestampFormat ?? format));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return String(value);
}

/** @throws Error (the embedded AWS's fault) unless the value is what a simple shape asks for */
export function assertSimple(shape: Shape, value: unknown, path: string): void {
  const fits =
    shape.kind === 'blob'
      ? value instanceof Uint8Array
      : shape.kind === 'timestamp'
        ? value instanceof Date && !Number.isNaN(value.getTime())
        : shape.kind === 'document' || typeof value === shape.kind;
  if (!fits) throw wrongOutput(path, `must be a ${shape.kind}, not ${describe(value)}`);
}

/**
 * Checks a value in the SDK's shapes against a schema, for calls that don't go over the wire.
 * `complain` makes the error: the caller's for inputs, the embedded AWS's for outputs.
 */
export function checkValue(shape: Shape, value: unknown, path: string, complain: (path: string, problem: string) => Error): void {
  if (shape.kind === 'structure' || shape.kind === 'union') return checkStructure(shape, value, path, complain);
  if (shape.kind === 'list') {
    if (!Array.isArray(value)) throw complain(path, `must be a list, not ${describe(value)}`);
    value.forEach((item, index) => checkValue(shape.item(), item, `${path}[${index}]`, complain));
    return;
  }
  if (shape.kind === 'map') {
    if (!isObject(value)) throw complain(path, `must be a map, not ${describe(value)}`);
    for (const [key, item] of Object.entries(value)) checkValue(shape.item(), item, `${path}.${key}`, complain);
    return;
  }
  if (shape.kind === 'unit' || shape.kind === 'document') return;
  const expected = { blob: value instanceof Uint8Array || typeof value === 'string', timestamp: value instanceof Date }[shape.kind as string];
  if (!(expected ?? typeof value === shape.kind)) throw complain(path, `must be a ${shape.kind}, not ${describe(value)}`);
}

function checkStructure(shape: Shape, value: unknown, path: string, complain: (path: string, problem: string) => Error): void {
  if (!isObject(value)) throw complain(path, `must be an object, not ${describe(value)}`);
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    const member = shape.members().get(name);
    if (!member) throw complain(path, unknownMember(shape, name));
    checkValue(member, item, `${path}.${name}`, complain);
  }
}

/** @throws AwsError for a member that a request must have, as AWS's validation does */
export function requireMembers(shape: Shape, value: Record<string, unknown>, path: string): void {
  for (const name of shape.required()) {
    if (value[name] === undefined || value[name] === null) {
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value at '${path}.${name}' failed to satisfy constraint: Member must not be null`,
      );
    }
  }
}

/** Says which member is too much, and what it may have been meant to be. */
export function unknownMember(shape: Shape, name: string): string {
  const similar = [...shape.members().keys()].find((known) => known.toLowerCase() === name.toLowerCase());
  return `has no member ${name}${similar ? `; did you mean ${similar}?` : ''}`;
}

export function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return JSON.stringify(value)?.slice(0, 80) ?? String(value);
}
