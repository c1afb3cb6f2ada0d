/** What the machines are exposed to, and what their repositories would have to offer to close it. */
import { fleetExposure, judgeLists, secondOpinion, type FleetExposure, type JudgedList } from '../../lambdas/core/survey/exposure.ts';
import type { Machine } from '../../lambdas/core/survey/machines.ts';
import type { Survey } from '../../lambdas/core/survey/model.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { Severity } from '../../lambdas/core/model.ts';
import { hostPlatform, simulatedReleases } from '../../local/fleet/platforms.ts';
import type { Offer } from '../../local/fleet/types.ts';
import { readVendors } from './vendors.ts';

export interface ExposureOptions {
  /** Folder of advisories; `undefined`: the vendors' sites; `false`: none are read. */
  feeds: string | false | undefined;
  tell: (text: string) => void;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Exposed {
  /** Absent: no advisories were read. */
  exposure: FleetExposure | undefined;
  /** What could not be read, in words. */
  problems: string[];
  offers: (platform: string, list: string) => Offer[];
}

const NOTHING: Exposed = { exposure: undefined, problems: [], offers: () => [] };
const NO_CATALOGUE = 'No catalogue of CISA was read: which of it is known to be exploited, nobody knows';
const CLOSABLE = new Set(['exposed', 'probable']);

/** Reads the advisories that concern the machines and holds them against their inventory. */
export async function exposureOf(survey: Survey, machines: readonly Machine[], { feeds, tell, now }: ExposureOptions): Promise<Exposed> {
  if (feeds === false) return NOTHING;
  const platforms = [...new Set(machines.flatMap(({ platform }) => platform ?? []))];
  const knowledge = await readVendors({ folder: feeds, platforms, now, tell });
  const problems = knowledge.unread.map(({ what, why }) => `${what} could not be read: ${why}`);
  if (knowledge.advisories.length === 0) return { ...NOTHING, problems };
  // First: it makes another thing of a number that is shown.
  if (knowledge.exploited.size === 0) problems.unshift(NO_CATALOGUE);
  const lists = judgeLists(machines, knowledge.advisories);
  const found = fleetExposure(machines, lists, knowledge, new Date(now).toISOString().slice(0, 10));
  const inspector = secondOpinion(
    found,
    survey.locations.flatMap((seen) => seen.inspector ?? []),
  );
  const byKey = new Map(knowledge.advisories.map((advisory) => [`${advisory.source} ${advisory.id}`, advisory]));
  const offers = new Map(lists.map((judged) => [`${judged.platform} ${judged.list}`, offersOf(judged, byKey)]));
  return {
    exposure: { ...found, ...(inspector && { inspector }) },
    problems,
    offers: (platform, list) => offers.get(`${platform} ${list}`) ?? [],
  };
}

/** The graver of two; nobody knows how grave an unrated one is. */
function worse(one: Severity, other: Severity): Severity {
  return Severity.options.indexOf(other) < Severity.options.indexOf(one) ? other : one;
}

/** The highest fixed version of each package, with every advisory that it closes. */
export function offersOf({ platform, matches }: JudgedList, advisories: ReadonlyMap<string, Advisory>): Offer[] {
  const release = platform.slice(0, platform.lastIndexOf('-'));
  if (!simulatedReleases.includes(release)) return [];
  const host = hostPlatform(platform);
  const offers = new Map<string, Offer>();
  for (const match of matches.filter(({ state, fixed }) => CLOSABLE.has(state) && fixed !== null)) {
    const version = host.os === 'windows' ? '' : (match.fixed ?? '');
    if (!/^[A-Za-z0-9][A-Za-z0-9+._-]*$/.test(match.package) || /\s/.test(version)) continue;
    const key = `${match.package}.${match.arch}`;
    const { severity = 'unrated' } = advisories.get(`${match.source} ${match.advisory}`) ?? {};
    const known = offers.get(key);
    const isNewer = known && host.versions !== undefined && compareVersions(host.versions, version, known.version) === 1;
    const arch = match.arch === '' || match.arch === host.arch ? {} : { arch: match.arch };
    offers.set(key, {
      package: match.package,
      version: known && !isNewer ? known.version : version,
      ...arch,
      kind: 'security',
      severity: worse(known?.severity ?? 'unrated', severity),
      advisories: [...new Set([...(known?.advisories ?? []), match.advisory])],
    });
  }
  return [...offers.values()].toSorted((a, b) => (a.package < b.package ? -1 : 1));
}
