/**
 * What an announcement by people would do here, before it is recorded: whom it concerns, which of its packages nobody has, and where a
 * vendor has spoken already, so that it would do nothing. Pure.
 */
import { nearest } from '../policy/problems.ts';
import { lacksSources } from '../match/sources.ts';
import { announced } from './own.ts';
import type { Advisory } from '../advisory.ts';
import type { NodeFacts } from '../match/types.ts';
import type { OwnAdvisory } from './own.ts';

/** Nodes that are known to be alike. */
export interface Kind {
  facts: NodeFacts;
  nodes: number;
}

/** Where vendors have spoken: nodes of one release that have a package of the announcement. */
export interface Covered {
  /** `amazon-linux-2023` */
  place: string;
  nodes: number;
  /** Those of its vendor that name the CVE, in the order in which they were published. */
  by: Advisory[];
}

export interface Reach {
  /** Nodes that were looked at, for which it is meant. */
  looked: number;
  /** Nodes for which it is meant, and nobody can tell: their lists name no sources, and none of their packages is called so. */
  untold: number;
  /** Those of them that have one of its packages. */
  concerned: number;
  /** Those of them for which no vendor has spoken: on these it counts. */
  counts: number;
  covered: Covered[];
  /** Packages that none of them has, and a package that somebody has and that may have been meant. */
  nowhere: { name: string; near?: string }[];
}

const NO_VENDOR: ReadonlySet<string> = new Set();

/** `naming`: stored advisories of vendors that name the CVE, withdrawn ones among them. */
export function reachOf(own: OwnAdvisory, kinds: readonly Kind[], naming: readonly Advisory[]): Reach {
  const meant = kinds.filter(({ facts }) => isMeant(own, facts.platform));
  const concerned = meant.filter(({ facts }) => concerns(own, facts));
  const untold = meant.filter((kind) => lacksSources(kind.facts) && !concerned.includes(kind));
  const standing = naming.filter(({ withdrawn, cves }) => withdrawn === undefined && cves.includes(own.cve));
  const covered = [...new Set(concerned.map(({ facts }) => placeOf(facts)))].toSorted().flatMap((place): Covered[] => {
    const by = standing
      .filter((advisory) => speaksOf(advisory, place))
      .toSorted((a, b) => (a.published < b.published ? -1 : a.published > b.published ? 1 : a.id < b.id ? -1 : 1));
    const here = concerned.filter(({ facts }) => placeOf(facts) === place);
    return by.length === 0 ? [] : [{ place, nodes: count(here), by }];
  });
  return {
    looked: count(meant) - count(untold),
    untold: count(untold),
    concerned: count(concerned),
    counts: count(concerned) - covered.reduce((sum, { nodes }) => sum + nodes, 0),
    covered,
    nowhere: nowhereOf(own, meant, kinds),
  };
}

/** `amazon-linux-2023` of `amazon-linux-2023-x86_64`. */
function placeOf({ platform }: Pick<NodeFacts, 'platform'>): string {
  return platform.slice(0, platform.lastIndexOf('-'));
}

function isMeant({ platforms }: OwnAdvisory, platform: string): boolean {
  return platforms === undefined || platforms.some((start) => platform === start || platform.startsWith(`${start}-`));
}

function concerns(own: OwnAdvisory, facts: NodeFacts): boolean {
  return announced(facts, { own: [own], named: NO_VENDOR }).length > 0;
}

function speaksOf({ affected, kbs = [] }: Advisory, place: string): boolean {
  return affected.some(({ os, release }) => `${os}-${release}` === place) || kbs.some(({ release = '' }) => `windows-${release}` === place);
}

function nowhereOf(own: OwnAdvisory, meant: readonly Kind[], kinds: readonly Kind[]): Reach['nowhere'] {
  const missing = own.packages.filter((name) => !meant.some(({ facts }) => concerns({ ...own, packages: [name] }, facts)));
  if (missing.length === 0) return [];
  const names = new Set(
    kinds.flatMap(({ facts }) => facts.installed.flatMap(({ name, source }) => (source === undefined ? [name] : [name, source]))),
  );
  return missing.map((name) => {
    const near = nearest(name, [...names]);
    return { name, ...(near === undefined || near === name ? {} : { near }) };
  });
}

function count(kinds: readonly Kind[]): number {
  return kinds.reduce((sum, { nodes }) => sum + nodes, 0);
}
