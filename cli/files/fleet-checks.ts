/**
 * What no single part of a fleet file can know about itself. Works on the raw value and looks only at what is well-formed, so that these
 * problems are shown together with all others.
 */
import type { z } from 'zod';
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { Path, PathProblem } from '../../lambdas/core/policy/problems.ts';
import { isObject } from '../../lambdas/core/policy/schema-tree.ts';
import { nameAndArch } from '../../local/fleet/repository.ts';
import { hostPlatform, simulatedReleases } from '../../local/fleet/platforms.ts';
import type { Inventory, NodeEntry, Offer, UserDocument, UserFunction } from '../../local/fleet/types.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import { nameable, readableEntry } from './fleet-entries.ts';
import type { ReadableEntry } from './fleet-entries.ts';
import { InventorySchema, UserDocumentSchema } from './fleet-schema.ts';
import { UserFunctionSchema, UserRunbookSchema } from './fleet-stand-ins-schema.ts';
import { checkInstance, checkSurroundings } from './fleet-surroundings-checks.ts';

/** Names that nodes may refer to. */
interface Known {
  locations: readonly string[];
  inventories: readonly string[];
}

/** All problems between the parts of a fleet file. */
export function checkFleet(raw: unknown): PathProblem[] {
  const locations = list(raw, 'locations').map((location) => (typeof location === 'string' ? location : ''));
  const inventories = Object.entries(wellFormed(InventorySchema, raw, 'inventories'));
  const entries = list(raw, 'nodes').map(readableEntry);
  const nodes = nameable(entries);
  const known = { locations, inventories: Object.keys(objectAt(raw, 'inventories')) };
  return [
    ...repeated(locations).map((index) => problem(['locations', index], `${locations[index]} is there twice`)),
    ...inventories.flatMap(([name, inventory]) => checkInventory(inventory, ['inventories', name])),
    ...entries.flatMap((node, index) => (node ? checkNode(node, known, ['nodes', index]) : [])),
    ...checkIdentities(nodes),
    ...Object.entries(wellFormed(UserDocumentSchema, raw, 'documents')).flatMap(([name, document]) =>
      checkDocument(document, nodes, ['documents', name]),
    ),
    ...Object.entries(wellFormed(UserRunbookSchema, raw, 'automations')).flatMap(([name, runbook]) =>
      checkDocument(runbook, nodes, ['automations', name]),
    ),
    ...Object.entries(wellFormed(UserFunctionSchema, raw, 'functions')).flatMap(([name, one]) => checkAliases(one, ['functions', name, 'aliases'])),
    ...checkBoth(raw),
    ...checkSurroundings(isObject(raw) ? raw.surroundings : undefined, locations, nodes),
  ];
}

/** The entries of a section that its schema accepts. */
function wellFormed<T>(schema: z.ZodType<T>, raw: unknown, key: string): Record<string, T> {
  const entries = Object.entries(objectAt(raw, key)).map(([name, entry]) => [name, schema.safeParse(entry)] as const);
  return Object.fromEntries(entries.flatMap(([name, parsed]) => (parsed.success ? [[name, parsed.data]] : [])));
}

/** Problems of offers: for an inventory, and for a scenario that adds to one. `known` are names that `needs` may name. */
export function checkOffers(offers: readonly Offer[], known: ReadonlySet<string>, windows: boolean, path: Path): PathProblem[] {
  const names = offers.map((offer) => `${offer.package}.${offer.arch ?? ''}`);
  return [
    ...repeated(names).map((index) => problem([...path, index, 'package'], `${offers[index]?.package} is offered twice`)),
    ...offers.flatMap((offer, index) => [
      ...(offer.needs ?? []).flatMap((need, at) => unknownPackage(need, known, [...path, index, 'needs', at])),
      ...wrongVersion(offer, windows, [...path, index]),
    ]),
  ];
}

/** Names of packages that are installed or offered in an inventory. */
export function packageNames(inventory: Inventory, offers: readonly Offer[] = inventory.available): Set<string> {
  const platform = hostPlatform(inventory.platform);
  const spelled = [...Object.keys(inventory.installed), ...offers.map((offer) => offer.package)];
  return new Set(spelled.map((text) => nameAndArch(text, platform).name));
}

function checkInventory(inventory: Inventory, path: Path): PathProblem[] {
  const platforms = simulatedReleases.flatMap((release) => [`${release}-x86_64`, `${release}-aarch64`]);
  if (!platforms.includes(inventory.platform)) {
    const hint = didYouMean(inventory.platform, platforms) ?? `there are ${simulatedReleases.join(', ')}, each with -x86_64 or -aarch64`;
    return [problem([...path, 'platform'], `"${inventory.platform}" is not a platform that can be simulated`, hint)];
  }
  const { os } = hostPlatform(inventory.platform);
  const snapshots = inventory.snapshots !== undefined && !inventory.platform.startsWith('ubuntu-24.04');
  const releasever = inventory.releasever !== undefined && !inventory.platform.startsWith('amazon-linux-2023');
  return [
    ...(releasever ? [problem([...path, 'releasever'], 'only Amazon Linux 2023 has a releasever')] : []),
    ...(snapshots ? [problem([...path, 'snapshots'], 'only Ubuntu 24.04 and newer have snapshots')] : []),
    ...checkOffers(inventory.available, packageNames(inventory), os === 'windows', [...path, 'available']),
  ];
}

function wrongVersion(offer: Offer, windows: boolean, path: Path): PathProblem[] {
  if (windows && offer.version !== '') return [problem([...path, 'version'], 'a KB has no version; write ""')];
  if (!windows && offer.version === '') return [problem([...path, 'version'], 'is empty')];
  return [];
}

function unknownPackage(need: string, known: ReadonlySet<string>, path: Path): PathProblem[] {
  return known.has(need) ? [] : [problem(path, `"${need}" is neither offered nor installed here`, didYouMean(need, [...known]))];
}

function checkNode({ entry: node, wrong }: ReadableEntry, { locations, inventories }: Known, path: Path): PathProblem[] {
  const problems: PathProblem[] = [];
  const sure = (...keys: string[]): boolean => !keys.some((key) => wrong.has(key));
  if (sure('location') && !locations.includes(node.location)) {
    problems.push(problem([...path, 'location'], `${node.location} is not among the locations`, didYouMean(node.location, locations)));
  }
  if (sure('inventory') && !inventories.includes(node.inventory)) {
    const hint = didYouMean(node.inventory, inventories) ?? `there are ${inventories.join(', ')}`;
    problems.push(problem([...path, 'inventory'], `there is no inventory "${node.inventory}"`, hint));
  }
  return [
    ...problems,
    ...(sure('name', 'count') ? checkCount(node, path) : []),
    ...(sure('id', 'count', 'hybrid') ? checkId(node, path) : []),
    ...(sure('location', 'count', 'hybrid') ? checkZones(node, path) : []),
    ...checkInstance(node, path),
  ];
}

function checkCount(node: NodeEntry, path: Path): PathProblem[] {
  const numbered = node.name.includes('{n}');
  if (node.count === undefined && numbered) return [problem([...path, 'name'], 'has {n} in it, but there is no `count`')];
  if (node.count !== undefined && !numbered) return [problem([...path, 'name'], 'needs {n} in it, so that each node has its own name')];
  return [];
}

function checkId({ id, count, hybrid }: NodeEntry, path: Path): PathProblem[] {
  if (id === undefined) return [];
  if (count !== undefined) return [problem([...path, 'id'], 'cannot stand beside `count`: every node has its own id')];
  if (id.startsWith('mi-') === (hybrid ?? false)) return [];
  const message = hybrid ? "a hybrid node's id begins with mi-" : 'an id with mi- belongs to a node with `hybrid: true`';
  return [problem([...path, 'id'], message)];
}

function checkZones(node: NodeEntry, path: Path): PathProblem[] {
  const region = node.location.split('/')[1] ?? '';
  const letterOf = (zone: string): string => (zone.startsWith(region) ? zone.slice(region.length) : zone);
  const isZone = (zone: string): boolean => /^[a-z]$/.test(letterOf(zone));
  const wrong = (zone: string, at: Path): PathProblem[] => (isZone(zone) ? [] : [problem(at, `"${zone}" is not a zone of ${region}`)]);
  const given = node.zones ? 'zones' : 'zone';
  if (node.hybrid && (node.zone ?? node.zones)) return [problem([...path, given], 'a hybrid node is in no Availability Zone')];
  if (node.zones && node.count === undefined) return [problem([...path, 'zones'], 'needs `count`; one node has a `zone`')];
  if (node.zones && node.zone !== undefined) return [problem([...path, 'zone'], 'cannot stand beside `zones`')];
  return [
    ...(node.zone === undefined ? [] : wrong(node.zone, [...path, 'zone'])),
    ...(node.zones ?? []).flatMap((zone, index) => wrong(zone, [...path, 'zones', index])),
  ];
}

/** Names and ids that two nodes have. */
function checkIdentities(entries: readonly (NodeEntry | undefined)[]): PathProblem[] {
  const names = new Map<string, number>();
  const ids = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const found = new Map<string, PathProblem>();
    for (const { name, id } of entry ? expandEntry(entry) : []) {
      const sameName = names.get(name);
      const sameId = ids.get(id);
      if (sameName !== undefined) found.set('name', problem(['nodes', index, 'name'], `two nodes are called ${name}`));
      else if (sameId !== undefined) found.set('id', problem(['nodes', index, 'id'], `two nodes have the id ${id}`));
      names.set(name, index);
      ids.set(id, index);
    }
    return [...found.values()];
  });
}

/** A document's nodes have to exist: a fault without victim is a typing mistake. */
function checkDocument(
  document: Pick<UserDocument, 'failsOn' | 'hangsOn' | 'rebootsOn'>,
  entries: readonly (NodeEntry | undefined)[],
  path: Path,
): PathProblem[] {
  const known = entries.flatMap((entry) => (entry ? expandEntry(entry) : []).flatMap(({ name, id }) => [name, id]));
  return (['failsOn', 'hangsOn', 'rebootsOn'] as const).flatMap((key) =>
    (document[key] ?? []).flatMap((node, index) =>
      known.includes(node) ? [] : [problem([...path, key, index], `there is no node "${node}"`, didYouMean(node, known))],
    ),
  );
}

/** An alias stands for a version that there is. */
function checkAliases({ aliases = {}, versions = 0 }: UserFunction, path: Path): PathProblem[] {
  return Object.entries(aliases).flatMap(([alias, version]) =>
    version <= versions ? [] : [problem([...path, alias], `there is no version ${version}: \`versions\` is ${versions}`)],
  );
}

/** Systems Manager has one list of names for documents and runbooks. */
function checkBoth(raw: unknown): PathProblem[] {
  const documents = Object.keys(objectAt(raw, 'documents'));
  const twice = Object.keys(objectAt(raw, 'automations')).filter((name) => documents.includes(name));
  return twice.map((name) => ({ path: ['automations', name], at: 'key', message: `${name} is a document as well: one name is one document` }));
}

/** Indices of entries that stood before. */
function repeated(values: readonly string[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}

function list(raw: unknown, key: string): unknown[] {
  const value = isObject(raw) ? raw[key] : undefined;
  return Array.isArray(value) ? value : [];
}

function objectAt(raw: unknown, key: string): Record<string, unknown> {
  const value = isObject(raw) ? raw[key] : undefined;
  return isObject(value) ? value : {};
}

function problem(path: Path, message: string, hint?: string): PathProblem {
  return { path, at: 'value', message, ...(hint !== undefined && { hint }) };
}
