/** Looks into the raw value of a file, whatever stands there: for checks between its parts, which must not stumble over one that is wrong. */
import { isObject } from './schema-tree.ts';

/** The object behind a key; an empty one where there is none. */
export function section(raw: unknown, key: string): Record<string, unknown> {
  const value = isObject(raw) ? raw[key] : undefined;
  return isObject(value) ? value : {};
}

/** The list behind a key; an empty one where there is none. */
export function list(raw: unknown, key: string): unknown[] {
  const value = isObject(raw) ? raw[key] : undefined;
  return Array.isArray(value) ? value : [];
}

/** The text behind a key. */
export function text(raw: unknown, key: string): string | undefined {
  const value = isObject(raw) ? raw[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
