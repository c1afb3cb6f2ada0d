/** Reads scenario files: what goes wrong, in the simulated world only. */
import { existsSync, statSync } from 'node:fs';
import { check, didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { Path, PathProblem } from '../../lambdas/core/policy/problems.ts';
import { isObject } from '../../lambdas/core/policy/schema-tree.ts';
import { hostPlatform } from '../../local/fleet/platforms.ts';
import type { FleetFile, NodeChoice, Scenario, ScenarioFault } from '../../local/fleet/types.ts';
import { checkOffers, packageNames } from './fleet-checks.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import type { SingleNode } from '../../local/fleet/nodes.ts';
import { FaultSchema, ScenarioSchema } from './fleet-schema.ts';
import { fail, failIfAny } from './problems.ts';
import { shipped } from './shipped.ts';
import { readYaml } from './yaml.ts';

/**
 * Checks a scenario file. With a fleet, everything that the scenario names must be in it: a fault without a victim shows nothing.
 * Throws `InputErrors`.
 */
export function readScenario(file: string, fleet?: FleetFile): { scenario: Scenario; text: string; sha256: string } {
  const source = readYaml(file);
  const read = check<Scenario>(ScenarioSchema, source.value);
  const between = source.place([...checkStory(source.value), ...(fleet ? checkFaults(source.value, fleet) : [])]);
  if ('problems' in read) fail([...source.problems, ...source.place(read.problems), ...between]);
  failIfAny([...source.problems, ...between]);
  return { scenario: read.value, text: source.text, sha256: source.sha256 };
}

type Move = Extract<ScenarioFault, { repository: unknown }>['repository'];

interface World {
  fleet: FleetFile;
  nodes: SingleNode[];
}

/** What a story names has to be there: a vendor that publishes nothing tells nothing. */
function checkStory(raw: unknown): PathProblem[] {
  if (!isObject(raw)) return [];
  const problems: PathProblem[] = [];
  const { policy, story } = raw;
  if (typeof policy === 'string' && !existsSync(shipped(policy)))
    problems.push({ path: ['policy'], at: 'value', message: `there is no file ${policy}` });
  for (const [index, step] of (Array.isArray(story) ? story : []).entries()) {
    const folder = isObject(step) && isObject(step['publishes']) ? step['publishes']['folder'] : undefined;
    if (typeof folder !== 'string' || statSync(shipped(folder), { throwIfNoEntry: false })?.isDirectory()) continue;
    problems.push({ path: ['story', index, 'publishes', 'folder'], at: 'value', message: `there is no folder ${folder}` });
  }
  return problems;
}

function checkFaults(raw: unknown, fleet: FleetFile): PathProblem[] {
  const nodes = fleet.nodes.flatMap(expandEntry);
  const faults = isObject(raw) && Array.isArray(raw['faults']) ? raw['faults'] : [];
  return faults.flatMap((fault, index) => {
    const { data } = FaultSchema.safeParse(fault);
    return data ? checkFault(data, { fleet, nodes }, ['faults', index]) : [];
  });
}

function checkFault(fault: ScenarioFault, world: World, path: Path): PathProblem[] {
  if ('breaks' in fault) return checkBreakage(fault.breaks, world, [...path, 'breaks']);
  if ('silent' in fault) return checkChoice(fault.silent, world, [...path, 'silent']);
  if ('updates-itself' in fault) return checkChoice(fault['updates-itself'], world, [...path, 'updates-itself']);
  return 'repository' in fault ? checkRepository(fault.repository, world, [...path, 'repository']) : [];
}

function checkBreakage({ package: name, service }: { package: string; service: string }, { fleet }: World, path: Path): PathProblem[] {
  const inventories = Object.values(fleet.inventories);
  const packages = [...new Set(inventories.flatMap((inventory) => [...packageNames(inventory)]))];
  const services = [...new Set(inventories.flatMap((inventory) => inventory.services ?? []))];
  return [
    ...(packages.includes(name) ? [] : [missing([...path, 'package'], `no inventory has the package "${name}"`, name, packages)]),
    ...(services.includes(service) ? [] : [missing([...path, 'service'], `no inventory has the service "${service}"`, service, services)]),
  ];
}

function checkChoice(choice: NodeChoice, { nodes }: World, path: Path): PathProblem[] {
  const ids = nodes.map((node) => node.id);
  const names = nodes.map((node) => node.name);
  const strangers = [
    ...(choice.ids ?? []).map((id, index) => ({ word: id, words: ids, at: [...path, 'ids', index], message: `no node has the id ${id}` })),
    ...(choice.name ?? []).map((name, index) => {
      return { word: name, words: names, at: [...path, 'name', index], message: `no node is called ${name}` };
    }),
  ].flatMap(({ word, words, at, message }) => (words.includes(word) ? [] : [missing(at, message, word, words)]));
  if (strangers.length > 0 || nodes.some((node) => fits(choice, node))) return strangers;
  return [{ path, at: 'key', message: 'no node fits all of this' }];
}

function fits(choice: NodeChoice, node: SingleNode): boolean {
  if (choice.ids && !choice.ids.includes(node.id)) return false;
  if (choice.name && !choice.name.includes(node.name)) return false;
  if (choice.hybrid !== undefined && choice.hybrid !== (node.hybrid ?? false)) return false;
  return Object.entries(choice.tags ?? {}).every(([key, value]) => node.tags?.[key] === value);
}

function checkRepository(fault: Move, { fleet }: World, path: Path): PathProblem[] {
  const inventory = fleet.inventories[fault.inventory];
  const names = Object.keys(fleet.inventories);
  if (!inventory) return [missing([...path, 'inventory'], `there is no inventory "${fault.inventory}"`, fault.inventory, names)];
  const known = packageNames(inventory, [...inventory.available, ...fault.available]);
  return checkOffers(fault.available, known, hostPlatform(inventory.platform).os === 'windows', [...path, 'available']);
}

function missing(path: Path, message: string, word: string, words: readonly string[]): PathProblem {
  const hint = didYouMean(word, words);
  return { path, at: 'value', message, ...(hint !== undefined && { hint }) };
}
