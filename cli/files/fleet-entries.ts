/** What of a node's entry can be read although something else in it is wrong, so that the rest is still held against its fleet. */
import { isObject } from '../../lambdas/core/policy/schema-tree.ts';
import type { NodeEntry } from '../../local/fleet/types.ts';
import { NodeSchema } from './fleet-schema.ts';

export interface ReadableEntry {
  /** Without what is wrong; empty texts for what every node must have and this one has not. */
  entry: NodeEntry;
  /** Known keys that are wrong or missing: nothing can be said about what they mean. */
  wrong: ReadonlySet<string>;
}

const NEEDED = ['name', 'location', 'inventory'] as const;
const SHAPE: Record<string, { safeParse(value: unknown): { success: boolean } }> = NodeSchema.shape;

/** `undefined` for what holds no keys at all. */
export function readableEntry(raw: unknown): ReadableEntry | undefined {
  const { data } = NodeSchema.safeParse(raw);
  if (data) return { entry: data, wrong: new Set() };
  if (!isObject(raw)) return undefined;
  const known = Object.entries(raw).filter(([key]) => Object.hasOwn(SHAPE, key));
  const good = Object.fromEntries(known.filter(([key, value]) => SHAPE[key]?.safeParse(value).success));
  const missing = NEEDED.filter((key) => !Object.hasOwn(good, key));
  const filled = NodeSchema.safeParse({ name: 'unknown', location: '000000000000/xx-none-0', inventory: '', ...good }).data;
  return filled && { entry: filled, wrong: new Set([...missing, ...known.map(([key]) => key).filter((key) => !Object.hasOwn(good, key))]) };
}

/** Entries whose nodes can be counted and named. */
export function nameable(entries: readonly (ReadableEntry | undefined)[]): (NodeEntry | undefined)[] {
  return entries.map((one) => (one && !one.wrong.has('name') && !one.wrong.has('count') ? one.entry : undefined));
}
