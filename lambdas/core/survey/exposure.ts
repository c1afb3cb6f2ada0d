/** What the surveyed machines are exposed to: the vendors' advisories held against SSM Inventory, once for each list of software. */
import type { Advisory, KnownExploited, Lifecycle, Score } from '../advisory.ts';
import { grouped } from '../exposures/reconcile.ts';
import { advisoryKey } from '../exposures/types.ts';
import { factsFromInventory } from '../match/inventory.ts';
import { createMatcher } from '../match/matcher.ts';
import { createUntold } from '../match/sources.ts';
import type { Match, MatchState } from '../match/types.ts';
import { Severity } from '../model.ts';
import { shardsOf } from '../upsert.ts';
import type { Machine } from './machines.ts';
import type { SeenByInspector } from './model.ts';

/** What is known of the world, for one look. */
export interface SurveyKnowledge {
  advisories: readonly Advisory[];
  /** By CVE. */
  exploited: ReadonlyMap<string, KnownExploited>;
  scores: ReadonlyMap<string, Score>;
  lifecycles: readonly Lifecycle[];
}

/** One advisory that concerns some nodes. */
export interface ExposedTo {
  advisory: string;
  source: string;
  title: string;
  cves: string[];
  severity: Severity;
  /** In CISA's catalogue: the date until which US agencies have to close it. */
  knownExploited?: string;
  /** The highest chance of exploitation within 30 days of its CVEs, 0 to 1 (EPSS). */
  epss?: number;
  /** The surest that can be said of any of the nodes. */
  state: MatchState;
  packages: string[];
  nodes: string[];
}

export interface FleetExposure {
  /** Advisories that were held against the nodes. */
  advisories: number;
  /** Nodes with inventory, of systems that some advisory speaks of. */
  judged: number;
  /** When the oldest of that inventory was gathered (ISO). */
  oldest?: string;
  /** Managed nodes of which nobody knows what is installed. */
  unknown: string[];
  /** Nodes with inventory that nothing could be held against, by release: no advisory speaks of it. Empty: a system that is not known here. */
  unspoken: { release: string; nodes: string[] }[];
  /**
   * Nodes of which only a part could be told, by release: their lists name no source packages, and so many advisories (of any of these
   * nodes the most) name nothing else.
   */
  partly: { release: string; advisories: number; nodes: string[] }[];
  /** Nodes for which there is a fix that they do not have. */
  exposed: string[];
  /** Of these, by something that is known to be exploited. */
  exploited: string[];
  /** Nodes on releases that get no ordinary security updates any more. */
  endOfLife: { release: string; since: string; nodes: string[] }[];
  /** The gravest first. */
  by: ExposedTo[];
  /** Amazon Inspector's opinion of the nodes that it looks at; absent: it looks at none. */
  inspector?: { looks: number; onlyInspector: string[]; onlyWe: string[] };
}

/** One list of software on one platform, the nodes that have it, and what concerns it. */
export interface JudgedList {
  platform: string;
  list: string;
  nodes: string[];
  matches: Match[];
  /** Advisories that may concern it without anybody being able to tell. */
  untold: number;
}

/** From the surest to the least. `unknown` versions are counted and never called exposed. */
const STATES: MatchState[] = ['exposed', 'probable', 'reboot-pending', 'locked', 'needs-entitlement', 'awaiting-vendor', 'unknown', 'fixed'];
/** A rollout could close these. */
const CLOSABLE: ReadonlySet<MatchState> = new Set(['exposed', 'probable', 'reboot-pending']);

/** Judges every distinct list of software once. */
export function judgeLists(machines: readonly Machine[], advisories: readonly Advisory[]): JudgedList[] {
  const match = createMatcher({ advisories });
  const untold = createUntold(advisories);
  const lists = new Map<string, JudgedList & { machine: Machine }>();
  for (const machine of machines) {
    const { software, platform, tags, node } = machine;
    if (!software || platform === undefined) continue;
    const key = JSON.stringify([platform, node?.platformName, node?.platformVersion, software.list, tags['rhel-stream'] ?? '']);
    const known = lists.get(key);
    if (known) known.nodes.push(machine.id);
    else lists.set(key, { platform, list: software.list, nodes: [machine.id], matches: [], untold: 0, machine });
  }
  return [...lists.values()].map(({ machine, ...list }) => {
    const { software, tags, node } = machine;
    const system = node && { name: node.platformName, version: node.platformVersion };
    const facts = factsFromInventory(list.platform, software?.parts ?? [], tags, system);
    return { ...list, matches: match(facts), untold: untold(facts) };
  });
}

/** @param today ISO date */
export function fleetExposure(machines: readonly Machine[], lists: readonly JudgedList[], knowledge: SurveyKnowledge, today: string): FleetExposure {
  const closable = lists.filter(({ matches }) => matches.some(({ state }) => CLOSABLE.has(state)));
  const by = exposures(lists, knowledge);
  const listed = new Set(by.flatMap((row) => (row.knownExploited === undefined ? [] : [advisoryKey(row)])));
  const unspoken = unspokenOf(machines, knowledge.advisories);
  const captured = machines.flatMap(({ software }) => software?.captured ?? []).toSorted((a, b) => (a < b ? -1 : 1));
  const [oldest] = captured;
  const exploited = closable.filter(({ matches }) => matches.some((match) => CLOSABLE.has(match.state) && listed.has(advisoryKey(match))));
  return {
    advisories: knowledge.advisories.length,
    judged: machines.filter(({ software }) => software).length - unspoken.reduce((sum, { nodes }) => sum + nodes.length, 0),
    ...(oldest !== undefined && { oldest }),
    unknown: machines.filter(({ node, software }) => node && !software).map(({ id }) => id),
    unspoken,
    partly: partlyTold(lists),
    exposed: closable.flatMap(({ nodes }) => nodes),
    exploited: exploited.flatMap(({ nodes }) => nodes),
    endOfLife: endOfLife(machines, knowledge.lifecycles, today),
    by,
  };
}

/** That nothing was found means nothing where nothing was said. */
function unspokenOf(machines: readonly Machine[], advisories: readonly Advisory[]): FleetExposure['unspoken'] {
  const spokenOf = new Set(advisories.flatMap((advisory) => (advisory.withdrawn === undefined ? shardsOf(advisory) : [])));
  const silent = machines.filter(({ software, platform }) => software && !spokenOf.has(releaseOf(platform)));
  const byRelease = grouped(silent, ({ platform }) => releaseOf(platform));
  const releases = [...byRelease].map(([release, own]) => ({ release, nodes: own.map(({ id }) => id) }));
  return releases.toSorted((a, b) => (a.release < b.release ? -1 : 1));
}

function partlyTold(lists: readonly JudgedList[]): FleetExposure['partly'] {
  const byRelease = grouped(
    lists.filter(({ untold }) => untold > 0),
    ({ platform }) => releaseOf(platform),
  );
  const releases = [...byRelease].map(([release, own]) => ({
    release,
    advisories: Math.max(...own.map(({ untold }) => untold)),
    nodes: own.flatMap(({ nodes }) => nodes),
  }));
  return releases.toSorted((a, b) => (a.release < b.release ? -1 : 1));
}

/** `rhel-9` of `rhel-9-x86_64`; empty where nobody knows the platform. */
function releaseOf(platform = ''): string {
  return platform.slice(0, Math.max(0, platform.lastIndexOf('-')));
}

function exposures(lists: readonly JudgedList[], knowledge: SurveyKnowledge): ExposedTo[] {
  const byKey = new Map(knowledge.advisories.map((advisory) => [advisoryKey({ source: advisory.source, advisory: advisory.id }), advisory]));
  const rows = new Map<string, ExposedTo>();
  for (const { nodes, matches } of lists) {
    const here = new Set<string>();
    for (const match of matches) {
      const key = advisoryKey(match);
      const row = rows.get(key) ?? newRow(match, byKey.get(key), knowledge);
      if (STATES.indexOf(match.state) < STATES.indexOf(row.state)) row.state = match.state;
      if (!row.packages.includes(match.package)) row.packages.push(match.package);
      if (!here.has(key)) row.nodes.push(...nodes);
      here.add(key);
      rows.set(key, row);
    }
  }
  return [...rows.values()].toSorted(byGravity);
}

function newRow(match: Match, advisory: Advisory | undefined, { exploited, scores }: SurveyKnowledge): ExposedTo {
  const cves = advisory?.cves ?? [];
  const due = cves.flatMap((cve) => exploited.get(cve)?.due ?? []).toSorted()[0];
  const epss = Math.max(-1, ...cves.map((cve) => scores.get(cve)?.epss ?? -1));
  const listed = due ?? (advisory?.exploited === true ? advisory.published.slice(0, 10) : undefined);
  return {
    advisory: match.advisory,
    source: match.source,
    title: advisory?.title ?? '',
    cves,
    severity: advisory?.severity ?? 'unrated',
    ...(listed !== undefined && { knownExploited: listed }),
    ...(epss >= 0 && { epss }),
    state: match.state,
    packages: [],
    nodes: [],
  };
}

function byGravity(a: ExposedTo, b: ExposedTo): number {
  const exploited = Number(b.knownExploited !== undefined) - Number(a.knownExploited !== undefined);
  const state = Number(CLOSABLE.has(b.state)) - Number(CLOSABLE.has(a.state));
  const severity = Severity.options.indexOf(a.severity) - Severity.options.indexOf(b.severity);
  return exploited || state || severity || b.nodes.length - a.nodes.length || (a.advisory < b.advisory ? -1 : 1);
}

function endOfLife(machines: readonly Machine[], lifecycles: readonly Lifecycle[], today: string): FleetExposure['endOfLife'] {
  const dead = new Map<string, string>(
    lifecycles.flatMap(({ os, release, eol }) => (eol !== null && eol < today ? [[`${os}-${release}`, eol]] : [])),
  );
  const found = new Map<string, string[]>();
  for (const { id, platform } of machines) {
    const release = releaseOf(platform);
    if (dead.has(release)) found.set(release, [...(found.get(release) ?? []), id]);
  }
  return [...found].map(([release, nodes]) => ({ release, since: dead.get(release) ?? '', nodes }));
}

/** Where Amazon Inspector and we disagree about whole nodes; `undefined` where it looks at none. */
export function secondOpinion({ exposed }: FleetExposure, seen: readonly SeenByInspector[]): FleetExposure['inspector'] {
  const active = seen.filter((entry) => entry.active);
  if (active.length === 0) return undefined;
  const ours = new Set(exposed);
  return {
    looks: active.length,
    onlyInspector: active.filter(({ id, all }) => all > 0 && !ours.has(id)).map(({ id }) => id),
    onlyWe: active.filter(({ id, all }) => all === 0 && ours.has(id)).map(({ id }) => id),
  };
}
