/**
 * What nodes of one fingerprint are exposed to now: what matching says, what their own package manager names, and what CISA lists without
 * any vendor having spoken. One entry for each advisory, whatever number of packages it concerns.
 */
import { awaitedByCisa } from './awaited.ts';
import { announced, untoldByPeople } from './own.ts';
import { createUntold } from '../match/sources.ts';
import { AdvisoryId } from '../advisory.ts';
import { advisoryKey, ExposureState } from './types.ts';
import type { Advisory } from '../advisory.ts';
import type { CountUntold } from '../match/sources.ts';
import type { Match, Matcher, NodeFacts } from '../match/types.ts';
import type { Available, Severity } from '../model.ts';
import type { OwnAdvisory } from './own.ts';
import type { ExposedPackage } from './types.ts';
import type { Intelligence } from './urgency.ts';

/** One advisory that concerns nodes of a fingerprint. */
export interface Found {
  source: string;
  advisory: string;
  title: string;
  severity: Severity;
  cves: string[];
  /** ISO-8601 UTC; absent: nobody gives a date. */
  published?: string;
  /** The vendor itself says that it is exploited. */
  exploited: boolean;
  state: ExposureState;
  packages: ExposedPackage[];
}

/** All that is found on one fingerprint. */
export interface FoundHere {
  platform: string;
  found: Found[];
  /** Packages with security updates in the nodes' own repositories that nothing in `found` speaks of: apt names no advisories. */
  unnamed: string[];
  /** Advisories that may concern the nodes without anybody being able to tell; absent: none. */
  untold?: number;
}

/** What is needed to look at any fingerprint. */
export interface World {
  match: Matcher;
  untold: CountUntold;
  /** By `advisoryKey`. */
  advisories: ReadonlyMap<string, Advisory>;
  /** By id alone, as package managers name them. */
  byId: ReadonlyMap<string, Advisory>;
  /** CVEs that an advisory of a platform's vendor names: `os-release CVE`. */
  named: ReadonlySet<string>;
  /** What people here have announced. */
  own: readonly OwnAdvisory[];
  intelligence: Intelligence;
  now: number;
}

/** Packages shown of one exposure: a kernel's advisory concerns dozens of binaries that say the same. */
const MOST_PACKAGES = 30;

/** What others than vendors say, and when it is read. */
type OtherWords = Pick<World, 'own' | 'intelligence' | 'now'>;

/** Indexes what is known, once for all fingerprints. `match` must know the same advisories. */
export function worldOf(match: Matcher, advisories: readonly Advisory[], { own, intelligence, now }: OtherWords): World {
  const live = advisories.filter((advisory) => advisory.withdrawn === undefined);
  return {
    match,
    untold: createUntold(live),
    advisories: new Map(live.map((advisory) => [advisoryKey({ source: advisory.source, advisory: advisory.id }), advisory])),
    byId: new Map(live.map((advisory) => [advisory.id, advisory])),
    named: new Set(live.flatMap(namesOf)),
    own,
    intelligence,
    now,
  };
}

function namesOf({ affected, kbs = [], cves }: Advisory): string[] {
  const places = new Set([...affected.map((row) => `${row.os}-${row.release}`), ...kbs.map((kb) => `windows-${kb.release ?? ''}`)]);
  return [...places].flatMap((place) => cves.map((cve) => `${place} ${cve}`));
}

/** Looks at nodes with these facts. `available`: what their repositories offer; empty where only SSM Inventory is known. */
export function lookAt(facts: NodeFacts, available: readonly Available[], world: World): FoundHere {
  const byAdvisory = new Map<string, Match[]>();
  for (const match of world.match(facts, 'open')) {
    const key = advisoryKey(match);
    byAdvisory.set(key, [...(byAdvisory.get(key) ?? []), match]);
  }
  const matched = [...byAdvisory].flatMap(([key, matches]) => fromMatches(world.advisories.get(key), matches));
  const security = available.filter((update) => update.kind === 'security' || update.kind === 'critical').map(namedSoundly);
  const offered = fromOffers(facts, security, new Set(matched.map((found) => found.advisory)), world);
  const people = announced(facts, world);
  const spokenOf = new Set(people.flatMap(({ cves }) => cves));
  const awaited = awaitedByCisa(facts, world).filter(({ cves }) => !cves.some((cve) => spokenOf.has(cve)));
  const found = [...matched, ...offered, ...people, ...awaited].toSorted((a, b) => order(advisoryKey(a), advisoryKey(b)));
  const untold = world.untold(facts) + untoldByPeople(facts, world);
  return { platform: facts.platform, found, unnamed: unnamedIn(security, found), ...(untold === 0 ? {} : { untold }) };
}

/** What a node says is not to be trusted: an id that is none would become a key. */
function namedSoundly(update: Available): Available {
  return { ...update, advisories: update.advisories.filter((id) => AdvisoryId.safeParse(id).success) };
}

function unnamedIn(security: readonly Available[], found: readonly Found[]): string[] {
  const spokenOf = new Set(found.flatMap(({ packages }) => packages.map((item) => item.package)));
  const unnamed = security.filter((update) => update.advisories.length === 0 && !spokenOf.has(update.name));
  return [...new Set(unnamed.map((update) => update.name))].toSorted();
}

function fromMatches(advisory: Advisory | undefined, matches: Match[]): Found[] {
  const packages = matches.flatMap((match) => exposedPackage(match)).toSorted(graver);
  const [gravest] = packages;
  if (!advisory || !gravest) return [];
  return [{ ...about(advisory), state: gravest.state, packages: packages.slice(0, MOST_PACKAGES) }];
}

function about(advisory: Advisory): Omit<Found, 'state' | 'packages'> {
  return {
    source: advisory.source,
    advisory: advisory.id,
    title: advisory.title,
    severity: advisory.severity,
    cves: advisory.cves,
    published: advisory.published,
    exploited: advisory.exploited ?? false,
  };
}

function exposedPackage({ state, package: name, arch, installed, fixed, why }: Match): ExposedPackage[] {
  return state === 'fixed' ? [] : [{ package: name, arch, installed, fixed, state, why }];
}

/**
 * What the node's own package manager names and matching does not: it knows the node's repositories better than we do. Where the advisory
 * is known, its own words are taken; else there is only the id.
 */
function fromOffers(facts: NodeFacts, security: readonly Available[], already: ReadonlySet<string>, world: World): Found[] {
  const byId = new Map<string, Available[]>();
  for (const update of security) {
    for (const id of update.advisories.filter((one) => !already.has(one))) byId.set(id, [...(byId.get(id) ?? []), update]);
  }
  return [...byId].map(([id, updates]) => {
    const known = world.byId.get(id);
    const severity = updates[0]?.severity ?? 'unrated';
    const unknown = { source: 'repository', advisory: id, title: '', severity, cves: [], exploited: false };
    const base = known ? about(known) : unknown;
    const packages = updates.map((update) => offeredPackage(update, facts)).toSorted(graver);
    return { ...base, state: 'exposed' as const, packages: packages.slice(0, MOST_PACKAGES) };
  });
}

function offeredPackage({ name, arch, version }: Available, facts: NodeFacts): ExposedPackage {
  const installed = facts.installed.findLast((item) => item.name === name && item.arch === arch)?.version ?? '';
  const fixed = version === '' ? name : version;
  return { package: name, arch, installed, fixed, state: 'exposed', why: "the node's own repository offers the fix" };
}

function graver(a: ExposedPackage, b: ExposedPackage): number {
  return RANK[a.state] - RANK[b.state] || order(a.package, b.package) || order(a.arch, b.arch) || order(a.installed, b.installed);
}

const RANK = Object.fromEntries(ExposureState.options.map((state, index) => [state, index])) as Record<ExposureState, number>;

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
