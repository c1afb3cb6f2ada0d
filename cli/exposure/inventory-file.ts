/** Reads inventories of nodes as `wavelock exposure --inventory` takes them: our own form of a whole node, and what Systems Manager writes. */
import { basename } from 'node:path';
import { z } from 'zod';
import { plainText } from '../../lambdas/core/advisory.ts';
import { factsFromInventory } from '../../lambdas/core/match/inventory.ts';
import { platformOf, versionIn } from '../../lambdas/core/match/platform.ts';
import { check } from '../../lambdas/core/policy/problems.ts';
import { fileProblem } from '../files/problems.ts';
import { readYaml } from '../files/yaml.ts';
import { whyUnreadable } from '../../local/feeds/files.ts';
import { InputErrors } from '../files/problems.ts';
import { inventoryText, jsonPlace, MAX_BYTES, nodesOf, parseInventory, typeByFields } from './inventory-forms.ts';
import type { Inventory } from '../../lambdas/core/match/inventory.ts';
import type { NodeFacts } from '../../lambdas/core/match/types.ts';
import type { Path, PathProblem } from '../../lambdas/core/policy/problems.ts';
import type { Problem } from '../files/problems.ts';

/** One node of a file. */
export interface InventoriedNode {
  id: string;
  tags: Record<string, string>;
  facts: NodeFacts;
  /** ISO-8601 of the oldest inventory, where the file says when it was gathered. */
  captured?: string;
}

/** Whole numbers as well (an epoch); of others, such as the version 3.10, the end would be lost. */
const Entry = z.record(z.string(), z.union([z.string(), z.int(), z.null()], 'expected a text'));
const List = z.looseObject({
  TypeName: z.string().optional(),
  InstanceId: z.string().optional(),
  CaptureTime: z.string().optional(),
  Entries: z.array(Entry),
});
type List = z.infer<typeof List>;

const Whole = z.looseObject({
  node: z.looseObject({
    id: z.string().min(1),
    platformName: z.string().nullish(),
    platformVersion: z.string().nullish(),
    arch: z.string().nullish(),
    tags: z.record(z.string(), z.string()).nullish(),
  }),
  inventories: z.array(List.required({ TypeName: true })),
});
type Whole = z.infer<typeof Whole>;

/** What every entry of a type must have; without it the entry says nothing. */
const NEEDED = new Map<string, readonly string[]>(
  Object.entries({
    'AWS:Application': ['Name', 'Version'],
    'AWS:WindowsUpdate': ['HotFixId'],
    'Custom:DpkgSource': ['package', 'version', 'status'],
  }),
);

const HINT =
  'a file is { "node": { "id", "platformName", "platformVersion", "arch", "tags" }, "inventories": [ { "TypeName", "Entries" } ] }, or what aws ssm list-inventory-entries or get-inventory prints';

/** `notes`: what the reader of its answers should know, such as that a list is cut off. */
export type FileRead = { nodes: InventoriedNode[]; notes: string[] } | { problems: Problem[] };

/**
 * The nodes of a file. `platform` (`Amazon Linux 2`) is for files that are only a list of packages. What is wrong comes back with its
 * places, all of it.
 */
export function readInventoryFile(file: string, platform: string | undefined): FileRead {
  const parsed = parseFile(file);
  if ('problems' in parsed) return parsed;
  const { value } = parsed;
  const read = readValue(value, file, platform);
  const problems = read.flatMap((one) => ('problems' in one ? one.problems : []));
  if (problems.length > 0) return { problems: placed(file, problems) };
  const nodes = read.flatMap((one) => ('node' in one ? [one.node] : []));
  return {
    nodes,
    notes: [
      ...(isCutOff(value) ? [CUT_OFF] : []),
      ...nodes.filter(saysNothing).map(({ id }) => `lists no package of ${id}: that nothing is found there means nothing`),
    ],
  };
}

/** What a list is called that does not say whose it is: `downloads/web-1` of `downloads/web-1.json.gz`. */
export function withoutEnding(file: string): string {
  return file.replace(/\.json(\.gz)?$/, '');
}

function readValue(value: unknown, file: string, platform: string | undefined): Read[] {
  const theirs = nodesOf(value);
  if (theirs) {
    return theirs.map((each) => {
      const read = readWhole(each.value, platform);
      return 'node' in read ? read : { problems: read.problems.map((problem) => ({ ...problem, path: each.place(problem.path) })) };
    });
  }
  const isWhole = typeof value === 'object' && value !== null && ('node' in value || 'inventories' in value);
  return [isWhole ? readWhole(value, platform) : readList(value, file, platform)];
}

const CUT_OFF =
  'holds only a part of the list, since NextToken says that there is more: ask again with --next-token, and put all Entries into one list';

/** ListInventoryEntries answers 50 entries at a time (SSM API Reference, MaxResults), and the AWS CLI does not ask for the rest by itself. */
function isCutOff(value: unknown): boolean {
  const token = z.looseObject({ NextToken: z.string() }).safeParse(value).data?.NextToken;
  return token !== undefined && token !== '';
}

function saysNothing({ facts }: InventoriedNode): boolean {
  return facts.installed.length === 0 && facts.build === undefined && facts.offered === undefined;
}

function parseFile(file: string): { value: unknown } | { problems: Problem[] } {
  try {
    const read = inventoryText(file);
    if ('why' in read) return { problems: [fileProblem(file, read.why, 'several files may be given')] };
    return parseText(file, read);
  } catch (error) {
    return { problems: [unreadable(file, error)] };
  }
}

function parseText(file: string, { text, isPacked }: { text: string; isPacked: boolean }): { value: unknown } | { problems: Problem[] } {
  if (text.trim() === '') return { problems: [fileProblem(file, isPacked ? 'is gzipped, and what is in it is empty' : 'is empty')] };
  try {
    return { value: parseInventory(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = `not JSON: ${plainText(error.message, 200)}`;
    // Places in what is gzipped are nothing that an editor could jump to.
    if (isPacked) return { problems: [fileProblem(file, `is gzipped, and what is in it is ${why}`)] };
    return { problems: [{ ...fileProblem(file, `is ${why}`), ...jsonPlace(text, error.message) }] };
  }
}

function unreadable(file: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = plainText(error instanceof Error ? error.message : String(error), 200);
  if (code === 'EISDIR') return fileProblem(file, 'is a folder, not a file');
  if (code.startsWith('Z_')) return fileProblem(file, `cannot be decompressed: ${why}`);
  if (code === 'ERR_BUFFER_TOO_LARGE') return fileProblem(file, `decompresses to more than ${MAX_BYTES / 1024 / 1024} MB`);
  // V8's JSON recurses.
  if (error instanceof RangeError) return fileProblem(file, 'is nested too deeply');
  return fileProblem(file, whyUnreadable(error));
}

function placed(file: string, problems: readonly PathProblem[]): Problem[] {
  try {
    return readYaml(file).place(problems);
  } catch (found) {
    if (!(found instanceof InputErrors)) throw found;
    return problems.map(({ path: [first, ...rest], message, hint }) => {
      const isLine = typeof first === 'number';
      const path = isLine || first === undefined ? rest : [first, ...rest];
      return { ...fileProblem(file, message, hint), ...(isLine ? { line: first + 1, column: 1 } : {}), path: path.join('.') };
    });
  }
}

type Read = { node: InventoriedNode } | { problems: PathProblem[] };

function readWhole(value: unknown, platform: string | undefined): Read {
  const read = check(Whole, value);
  if ('problems' in read) return { problems: [...read.problems, ...incompleteLists(value)] };
  const { node, inventories } = read.value;
  const lists = inventories.map(toInventory);
  const missing = lists.flatMap((list, index) => incomplete(list, ['inventories', index, 'Entries']));
  if (missing.length > 0) return { problems: missing };
  const system = systemOf(node, lists, platform);
  const found = platformOf(system.name, system.version, node.arch ?? archOf(lists));
  if (found === undefined) {
    const isArch = platformOf(system.name, system.version, '') !== undefined;
    return { problems: [isArch ? unknownArch(node.arch) : unknownPlatform(['node', 'platformName'], `${system.name} ${system.version}`)] };
  }
  const tags = node.tags ?? {};
  const named = { name: system.name, version: system.version || versionIn(system.name) };
  return {
    node: { id: node.id, tags, facts: factsFromInventory(found, lists, tags, named), ...capturedOf(inventories) },
  };
}

/** A document as GetInventory and the agent have it. A custom type may come without its name: its fields are its own. */
function readList(value: unknown, file: string, platform: string | undefined): Read {
  const read = check(List, value);
  if ('problems' in read) return { problems: read.problems.map((problem) => ({ ...problem, hint: problem.hint ?? HINT })) };
  const list = toInventory({ ...read.value, TypeName: read.value.TypeName ?? typeByFields(read.value.Entries[0] ?? {}) });
  const missing = incomplete(list, ['Entries']);
  if (missing.length > 0) return { problems: missing };
  if (platform === undefined)
    return { problems: [problemAt([], 'is only a list of packages', 'say of which system it is: --platform "Amazon Linux 2"')] };
  const found = platformOf(platform, '', archOf([list]));
  if (found === undefined) return { problems: [unknownPlatform([], platform)] };
  const id = read.value.InstanceId ?? basename(withoutEnding(file));
  const named = { name: platform, version: versionIn(platform) };
  return { node: { id, tags: {}, facts: factsFromInventory(found, [list], {}, named), ...capturedOf([read.value]) } };
}

function toInventory({ TypeName = '', Entries }: List): Inventory {
  return { TypeName, Entries: Entries.map((entry) => Object.fromEntries(Object.entries(entry).map(([key, field]) => [key, String(field ?? '')]))) };
}

function incomplete({ TypeName, Entries }: Inventory, path: Path): PathProblem[] {
  const needed = NEEDED.get(TypeName) ?? [];
  return Entries.flatMap((entry, index) => needed.filter((key) => !(key in entry)).map((key) => problemAt([...path, index], `has no ${key}`)));
}

/** What is wrong in the entries of lists that are in order themselves, in a file that is not. */
function incompleteLists(value: unknown): PathProblem[] {
  const lists = z.looseObject({ inventories: z.array(z.unknown()) }).safeParse(value).data?.inventories ?? [];
  return lists.flatMap((list, index) => {
    const read = List.safeParse(list);
    return read.success ? incomplete(toInventory(read.data), ['inventories', index, 'Entries']) : [];
  });
}

interface System {
  name: string;
  /** Empty where the name says it. */
  version: string;
}

/** As the file says, else as the agent does in AWS:InstanceInformation, else as `platform` says for all files. */
function systemOf({ platformName, platformVersion }: Whole['node'], lists: readonly Inventory[], platform = ''): System {
  const own = lists.find(({ TypeName }) => TypeName === 'AWS:InstanceInformation')?.Entries[0];
  const name = platformName ?? own?.['PlatformName'] ?? '';
  return name === '' ? { name: platform, version: '' } : { name, version: platformVersion ?? own?.['PlatformVersion'] ?? '' };
}

function archOf(lists: readonly Inventory[]): string {
  const arches = lists.flatMap(({ Entries }) => Entries.map((entry) => entry['Architecture'] ?? entry['arch'] ?? ''));
  return arches.some((arch) => arch === 'aarch64' || arch === 'arm64') ? 'aarch64' : 'x86_64';
}

function capturedOf(lists: readonly Pick<List, 'CaptureTime'>[]): { captured?: string } {
  const [captured] = lists.flatMap(({ CaptureTime = '' }) => (/^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(CaptureTime) ? [CaptureTime] : [])).toSorted();
  return captured === undefined ? {} : { captured };
}

function unknownArch(arch: unknown): PathProblem {
  return problemAt(['node', 'arch'], `"${String(arch)}" is no architecture`, 'expected one such as x86_64');
}

function unknownPlatform(path: Path, text: string): PathProblem {
  if (text.trim() === '') return problemAt(path, 'is of a system that nobody names', 'say of which system it is: --platform "Amazon Linux 2"');
  const known =
    'Amazon Linux, Ubuntu, Debian, Red Hat Enterprise Linux, Rocky Linux, AlmaLinux, Oracle Linux, SLES, openSUSE Leap or Windows Server, with a version';
  return problemAt(path, `"${text.trim()}" is no system that Wavelock knows`, `expected ${known}`);
}

function problemAt(path: Path, message: string, hint?: string): PathProblem {
  return { path, at: 'value', message, ...(hint === undefined ? {} : { hint }) };
}
