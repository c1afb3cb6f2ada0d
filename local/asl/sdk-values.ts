import { isObject } from '../json.ts';
import { parseJson, type JsonObject, type JsonValue } from './values.ts';

/** What a call into the cloud may answer with besides JSON values. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/**
 * An answer of the SDK as the result of a task: members start with a capital letter, times are ISO texts
 * (https://github.com/floci-io/floci/pull/2694, measured), bytes are texts.
 */
export function toResult(value: unknown): JsonValue {
  if (value instanceof Date) return value.toISOString();
  if (isBytes(value)) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(toResult);
  if (isObject(value)) {
    const result: JsonObject = {};
    for (const [member, inner] of Object.entries(value)) {
      if (inner !== undefined && member !== '$metadata') result[capital(member)] = toResult(inner);
    }
    return result;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** The arguments of a task as the SDK takes them, for services whose members start with a small letter. */
export function toSmallMembers(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(toSmallMembers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [small(member), toSmallMembers(inner)]));
}

function capital(member: string): string {
  return member.charAt(0).toUpperCase() + member.slice(1);
}

function small(member: string): string {
  return member.charAt(0).toLowerCase() + member.slice(1);
}

/** The bytes of a body, in whatever form a service gives it. */
export async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (isBytes(body)) return body;
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body === null) return new Uint8Array();
  if (isAsyncIterable(body)) {
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(isBytes(part) ? part : Buffer.from(String(part)));
    return Buffer.concat(parts);
  }
  throw new Error(`a body can't be a ${typeof body}`);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Bytes that hold JSON, as their value; other bytes as a text, none as undefined. */
export function jsonIn(bytes: Uint8Array): JsonValue | undefined {
  if (bytes.byteLength === 0) return undefined;
  const source = Buffer.from(bytes).toString('utf8');
  const value = parseJson(source);
  return value === undefined ? source : value;
}
