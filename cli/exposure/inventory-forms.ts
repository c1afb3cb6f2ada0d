/**
 * What Systems Manager's own tools write, told apart from our form: GetInventory's entities, and the lines of a resource data sync. Both may
 * hold many nodes. (SSM API Reference, GetInventory; SSM User Guide, "Query inventory data from multiple Regions and accounts".)
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { readWithin } from '../../local/feeds/files.ts';
import type { Path } from '../../lambdas/core/policy/problems.ts';

/** One node of such a file, in our own form, and where each part of it stands in the file. */
export interface Converted {
  value: { node: { id: string }; inventories: { TypeName: string; CaptureTime?: string; Entries: unknown }[] };
  place(path: Path): Path;
}

/** More than the inventories of a thousand nodes have; of what is larger, gzipped or not, nothing is read. */
export const MAX_BYTES = 256 * 1024 * 1024;

/**
 * A file's text: UTF-8 or, as PowerShell's `>` writes it, UTF-16; with a byte order mark or without; gzipped or not. `why`: it is too large
 * to be read. Throws what `fs` and `zlib` throw.
 */
export function inventoryText(file: string): { text: string; isPacked: boolean } | { why: string } {
  const bytes = readWithin(file, MAX_BYTES);
  if ('why' in bytes) return bytes;
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return { text: decode(isPacked ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes), isPacked };
}

function decode(plain: Buffer): string {
  if (plain[0] === 0xff && plain[1] === 0xfe) return new TextDecoder('utf-16le').decode(plain);
  if (plain[0] === 0xfe && plain[1] === 0xff) return new TextDecoder('utf-16be').decode(plain);
  return plain.toString('utf8').replace(/^\uFEFF/, '');
}

/** Reads JSON, or JSON a line as a data sync writes it: then the lines are in a list. Throws what `JSON.parse` throws. */
export function parseInventory(text: string): unknown {
  const lines: string[] = [];
  for (const line of linesOf(text)) {
    // Of anything else no lines are kept: it may be nothing but line breaks.
    if (!line.startsWith('{') || !line.endsWith('}')) return JSON.parse(text);
    lines.push(line);
  }
  return lines.length > 1 ? lines.map((line): unknown => JSON.parse(line)) : JSON.parse(text);
}

/** Without empty ones, one after another. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    if (line !== '') yield line;
    start = end < 0 ? text.length : end + 1;
  }
}

/** Where `JSON.parse` stumbled, as far as its words say: a position, or the end. Else they quote what stands around it. */
export function jsonPlace(text: string, words: string): { line: number; column: number } | undefined {
  const said = / at position (\d+)/.exec(words)?.[1];
  const position = words.startsWith('Unexpected end') ? text.length : Number(said ?? NaN);
  if (Number.isNaN(position)) return undefined;
  let [line, start] = [1, 0];
  for (let end = text.indexOf('\n'); end >= 0 && end < position; end = text.indexOf('\n', start)) [line, start] = [line + 1, end + 1];
  return { line, column: position - start + 1 };
}

const Entities = z.looseObject({
  Entities: z.array(
    z.looseObject({
      Id: z.string().min(1),
      Data: z.record(z.string(), z.looseObject({ CaptureTime: z.string().optional(), Content: z.unknown() })).optional(),
    }),
  ),
});
const Line = z.looseObject({ resourceId: z.string().min(1), captureTime: z.string().optional() });

/** The nodes of a file in one of those forms; `undefined` where it is in neither. */
export function nodesOf(value: unknown): Converted[] | undefined {
  const entities = Entities.safeParse(value).data?.Entities;
  if (entities) return entities.map((entity, index) => ofEntity(entity, index));
  const lines = z
    .array(Line)
    .min(1)
    .safeParse(Array.isArray(value) ? value : [value]).data;
  if (!lines) return undefined;
  const byNode = new Map<string, Numbered[]>();
  for (const [index, line] of lines.entries()) push(byNode, line.resourceId, { index, line });
  return [...byNode].map(([id, own]) => ofLines(id, own));
}

/** The type of a list that does not say it, by a field that only this type has. Their names are the agent's (agent/plugins/inventory/model). */
export function typeByFields(entry: Readonly<Record<string, unknown>>): string {
  const [, type] = TELLING.find(([fields]) => fields.every((field) => field in entry)) ?? [];
  return type ?? 'AWS:Application';
}

const TELLING: [fields: string[], type: string][] = [
  [['package', 'status'], 'Custom:DpkgSource'],
  [['HotFixId'], 'AWS:WindowsUpdate'],
  [['PlatformName'], 'AWS:InstanceInformation'],
  [['KBId', 'State'], 'AWS:PatchCompliance'],
  [['KeyPath', 'ValueName'], 'AWS:WindowsRegistry'],
  [['KernelVersion'], 'AWS:InstanceDetailedInformation'],
];

function ofEntity({ Id, Data = {} }: z.infer<typeof Entities>['Entities'][number], index: number): Converted {
  const types = Object.entries(Data);
  return {
    value: {
      node: { id: Id },
      inventories: types.map(([TypeName, { CaptureTime, Content }]) => ({
        TypeName,
        ...(CaptureTime === undefined ? {} : { CaptureTime }),
        Entries: Content,
      })),
    },
    place: ([top, list, , ...rest]) =>
      top === 'inventories' ? ['Entities', index, 'Data', types[Number(list)]?.[0] ?? '', 'Content', ...rest] : ['Entities', index],
  };
}

interface Numbered {
  index: number;
  line: z.infer<typeof Line>;
}

/** A sync writes an object for each node and type, whose name says the type and whose lines do not. */
function ofLines(id: string, own: readonly Numbered[]): Converted {
  const types = new Map<string, Numbered[]>();
  for (const one of own) push(types, typeByFields(one.line), one);
  const inventories = [...types].map(([TypeName, lines]) => {
    const captured = lines.flatMap(({ line }) => line.captureTime ?? []).toSorted()[0];
    return { TypeName, ...(captured === undefined ? {} : { CaptureTime: captured }), Entries: lines.map(({ line }) => line) };
  });
  const lists = [...types.values()];
  return { value: { node: { id }, inventories }, place: ([, list, , entry, ...rest]) => [lists[Number(list)]?.[Number(entry)]?.index ?? 0, ...rest] };
}

function push<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
