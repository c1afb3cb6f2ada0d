/** What is not told of a node whose list names no source packages: advisories that name nothing else can't be held against its libraries. */
import type { Advisory } from '../advisory.ts';
import { imageKey, imageSources } from './kernels.ts';
import type { NodeFacts } from './types.ts';

/** Whether a node's packages are known by their own names alone, as SSM's stock inventory of dpkg has them. */
export function lacksSources({ platform, certainty }: Pick<NodeFacts, 'platform' | 'certainty'>): boolean {
  return certainty === 'probable' && /^(debian|ubuntu)-/.test(platform);
}

/** How many advisories may concern a node without anybody being able to tell; 0 for nodes that name their sources. */
export type CountUntold = (facts: NodeFacts) => number;

/**
 * Indexes advisories that, for a release, name sources only. Of those a node without sources is told only what is named like a package of
 * its own; of all others nobody knows whether one of its libraries was built from that source. Which one it may be is not guessed:
 * nothing in `libssl3` says `openssl`.
 */
export function createUntold(advisories: Iterable<Advisory>): CountUntold {
  const byRelease = new Map<string, string[][]>();
  for (const advisory of advisories) {
    if (advisory.withdrawn !== undefined || advisory.versionKind !== 'deb') continue;
    for (const [release, names] of sourcesOnly(advisory)) push(byRelease, release, names);
  }
  return (facts) => {
    const asked = byRelease.get(facts.platform.slice(0, facts.platform.lastIndexOf('-')));
    if (asked === undefined || !lacksSources(facts)) return 0;
    const told = new Set(facts.installed.flatMap((item) => [item.name, ...ofImage(item)]));
    return asked.filter((names) => names.some((name) => !told.has(name))).length;
  };
}

/** Names of sources by `os-release`, for the releases of which an advisory names no binary. */
function sourcesOnly({ affected }: Advisory): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { os, release, kind, package: name } of affected) {
    if (kind === 'source') push(names, `${os}-${release}`, name);
  }
  for (const { os, release, kind } of affected) if (kind === 'binary') names.delete(`${os}-${release}`);
  return names;
}

/** A kernel's name does say from which source it comes. */
function ofImage(item: NodeFacts['installed'][number]): string[] {
  const key = imageKey(item.name);
  return key === undefined ? [] : imageSources(item, key);
}

function push<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
