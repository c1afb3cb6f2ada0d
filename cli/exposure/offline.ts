/** `wavelock exposure --inventory`: what nodes are exposed to, from files alone. Nothing leaves the machine. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { grouped } from '../../lambdas/core/exposures/reconcile.ts';
import { createUntold } from '../../lambdas/core/match/sources.ts';
import { shardsOf } from '../../lambdas/core/upsert.ts';
import { collect, InputErrors, fileProblem } from '../files/problems.ts';
import { readDate } from '../files/dates.ts';
import { readPolicyFile } from '../files/policy.ts';
import { EXIT } from '../run/messages.ts';
import { filesBelow, whyUnreadable } from '../../local/feeds/files.ts';
import { readInventoryFile, withoutEnding } from './inventory-file.ts';
import { printRows } from './print-rows.ts';
import { exposureRows } from './rows.ts';
import { plain, some } from '../ui/text.ts';
import { exposureLines, nameSourcesOnly } from './table.ts';
import { readFeedsFolder } from './vendors.ts';
import type { Deadline } from '../../lambdas/core/model.ts';
import type { Problem } from '../files/problems.ts';
import type { InventoriedNode } from './inventory-file.ts';
import type { FolderOfVendors } from './vendors.ts';

export interface OfflineOptions {
  /** Files, each of one node. */
  inventory: string[];
  /** Folder of vendors' files. */
  feeds: string;
  /** What nodes are whose file is only a list of packages: `Amazon Linux 2`. */
  platform?: string;
  /** A policy file, for its deadlines. */
  policy?: string;
  /** ISO-8601; absent: now. */
  now?: string;
  json?: boolean;
}

const FOLDER_HINT = 'expected a folder of advisories as vendors publish them: docs/feeds.md';

/** Files and records that are named one by one. */
const UNREAD_NAMED = 5;
const NO_CATALOGUE =
  'holds no catalogue of what is known to be exploited (CISA’s, known_exploited_vulnerabilities.json): "kev": false means that it is not known';

interface Input {
  nodes: InventoriedNode[];
  deadlines: readonly Deadline[];
  now: number;
  /** For people, about single files. */
  notes: string[];
}

/** Prints and answers the exit status: 0 looked, 2 bad input, of which every problem is told. */
export async function offlineExposure(options: OfflineOptions): Promise<number> {
  const problems: Problem[] = [];
  const input = readInput(options, problems);
  if (problems.length > 0) return complain(problems);
  const vendors = await readFeedsFolder(
    options.feeds,
    input.now,
    input.nodes.map((node) => node.facts.platform),
  );
  if (vendors.read === 0) return complain([fileProblem(options.feeds, 'holds no advisory', 'wavelock feeds --check says of each file why')]);
  const rows = exposureRows(input.nodes, vendors, input);
  for (const note of input.notes) process.stderr.write(`${plain(note)}\n`);
  const { lifecycles, unread } = vendors;
  const isCatalogued = vendors.exploited.size > 0;
  const untold = untoldOf(input.nodes, vendors);
  const words = [...unreadWords(unread, options.feeds), ...silence(input.nodes, vendors), ...(isCatalogued ? [] : [NO_CATALOGUE])];
  // The table says it of each node.
  for (const word of [...words, ...(options.json === true ? untoldWords(input.nodes, untold) : [])])
    process.stderr.write(`${options.feeds}: ${word}\n`);
  const shown = { rows, nodes: input.nodes, lifecycles, untold, isCatalogued, now: new Date(input.now).toISOString() };
  if (options.json === true) printRows(rows, (text) => void process.stdout.write(text));
  else process.stdout.write(`${exposureLines(shown).join('\n')}\n`);
  return EXIT.succeeded;
}

function readInput(options: OfflineOptions, problems: Problem[]): Input {
  const { now: wanted } = options;
  const now = wanted === undefined ? Date.now() : collect(problems, () => readDate('--now', wanted));
  checkFeeds(options.feeds, problems);
  const read = options.inventory.map((file) => ({ file, read: readInventoryFile(file, options.platform) }));
  for (const one of read) if ('problems' in one.read) problems.push(...one.read.problems);
  const nodes = read.flatMap(({ file, read: one }) => ('nodes' in one ? one.nodes.map((node) => ({ file, node })) : []));
  const notes = read.flatMap(({ file, read: one }) => ('nodes' in one ? one.notes.map((note) => `${file}: ${note}`) : []));
  const today = now === undefined ? undefined : new Date(now).toISOString().slice(0, 10);
  return { nodes: nameApart(nodes, problems), deadlines: readDeadlines(options.policy, today, problems), now: now ?? 0, notes };
}

/** Lists that are called by their file have its whole path where several files have the same name. */
function nameApart(read: readonly { file: string; node: InventoriedNode }[], problems: Problem[]): InventoriedNode[] {
  const files = new Map<string, string>();
  return read.map(({ file, node }) => {
    const other = files.get(node.id);
    const isCalledByFile = node.id === basename(withoutEnding(file));
    const id = other === undefined || !isCalledByFile ? node.id : withoutEnding(file);
    if (files.has(id))
      problems.push(fileProblem(file, `is of the same node as ${files.get(id)}: "${id}"`, 'one file a node, with all its inventories'));
    files.set(id, file);
    return { ...node, id };
  });
}

/** What is wrong with the folder itself; what is wrong in its files is found when they are read. */
function checkFeeds(folder: string, problems: Problem[]): void {
  try {
    const isFolder = statSync(folder).isDirectory();
    if (!isFolder) problems.push(fileProblem(folder, 'is no folder', FOLDER_HINT));
    else if (filesBelow(folder).length === 0) problems.push(fileProblem(folder, 'holds no file', FOLDER_HINT));
  } catch (error) {
    problems.push(fileProblem(folder, whyUnreadable(error), FOLDER_HINT));
  }
}

function readDeadlines(file: string | undefined, today: string | undefined, problems: Problem[]): readonly Deadline[] {
  if (file === undefined) return [];
  return collect(problems, () => readPolicyFile(file, today).policy.deadlines) ?? [];
}

/** That nothing was found means nothing where nothing was said. */
function silence(nodes: readonly InventoriedNode[], { advisories }: FolderOfVendors): string[] {
  const spokenOf = new Set(advisories.flatMap(shardsOf));
  const releases = new Set(nodes.map(({ facts }) => releaseOf(facts.platform)));
  return [...releases].filter((release) => !spokenOf.has(release)).map((release) => `no advisory in it speaks of ${release}`);
}

function unreadWords(unread: FolderOfVendors['unread'], folder: string): string[] {
  const named = unread.slice(0, UNREAD_NAMED).map(({ what, why }) => plain(`${what} was not read: ${why}`));
  const more = unread.length - named.length;
  if (more === 0) return named;
  return [
    ...named,
    `and ${more} more ${more === 1 ? 'file or record was' : 'files or records were'} not read; \`wavelock feeds --check ${folder}\` says why`,
  ];
}

/** By node: advisories that may concern it without anybody being able to tell. */
function untoldOf(nodes: readonly InventoriedNode[], { advisories }: FolderOfVendors): Map<string, number> {
  const count = createUntold(advisories);
  return new Map(
    nodes.flatMap(({ id, facts }) => {
      const untold = count(facts);
      return untold === 0 ? [] : [[id, untold] as const];
    }),
  );
}

/** Once a release: that nothing was found means little there. */
function untoldWords(nodes: readonly InventoriedNode[], untold: ReadonlyMap<string, number>): string[] {
  const blind = grouped(
    nodes.filter(({ id }) => untold.has(id)),
    ({ facts }) => releaseOf(facts.platform),
  );
  return [...blind].map(([release, own]) => {
    const most = Math.max(...own.map(({ id }) => untold.get(id) ?? 0));
    const least = Math.min(...own.map(({ id }) => untold.get(id) ?? 0));
    const names = some(own.map(({ id }) => id));
    return `${least === most ? '' : 'up to '}${nameSourcesOnly(most)}, and what is listed of ${names} (${release}) names none: whether they concern ${own.length === 1 ? 'it' : 'them'}, nobody can tell (Custom:DpkgSource names sources, and so does Wavelock-Scan: docs/matching.md)`;
  });
}

function releaseOf(platform: string): string {
  return platform.slice(0, platform.lastIndexOf('-'));
}

function complain(problems: readonly Problem[]): number {
  process.stderr.write(`${new InputErrors(problems).message}\n`);
  return EXIT.badInput;
}
