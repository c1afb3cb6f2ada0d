/**
 * Advisories that people write: for the hours in which everybody knows and no feed does. They name packages, not versions, and have no fix;
 * once an advisory of a platform's vendor names the CVE, that one takes over there, and brings the clock along (reconcile.ts).
 */
import { z } from 'zod';
import { AdvisoryId, CveId } from '../advisory.ts';
import { Severity } from '../model.ts';
import { awaitingPackage } from './awaited.ts';
import { SYSTEMS } from '../match/platform.ts';
import { lacksSources } from '../match/sources.ts';
import type { NodeFacts } from '../match/types.ts';
import type { Found, World } from './found.ts';

const PackageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+:~-]{0,199}$/);

const PlatformStart = z.string().regex(/^[a-z][a-z0-9.-]{0,59}$/);

export const OwnAdvisory = z.strictObject({
  cve: CveId,
  /** Names of binary or source packages; `Windows` for Windows itself. */
  packages: z.array(PackageName).min(1).max(50),
  /** `ubuntu`, `ubuntu-24.04`: beginnings of platforms. Absent: every platform that has such a package. */
  platforms: z.array(PlatformStart).min(1).max(50).optional(),
  title: z.string().max(300),
  severity: Severity,
  /** ISO-8601 UTC. */
  added: z.iso.datetime(),
  withdrawn: z.iso.datetime().optional(),
});
export type OwnAdvisory = z.infer<typeof OwnAdvisory>;

/** Under which name the record keeps, among the events of rollouts, what people said about a CVE. */
export function eventsOf(cve: string): string {
  return `advisory-${cve}`;
}

/** What a person gives on the command line. */
export interface OwnWords {
  cve: string;
  packages: string;
  platform?: string;
  severity?: string;
  why: string;
}

/** Reads a person's words. Answers every problem at once, in words. `at` is an ISO-8601 UTC instant. */
export function readOwnAdvisory(words: OwnWords, at: string): { advisory: OwnAdvisory } | { problems: string[] } {
  const badPackages = split(words.packages).filter((name) => !PackageName.safeParse(name).success);
  const badPlatforms = split(words.platform ?? '').filter(
    (name) => !PlatformStart.safeParse(name).success || !SYSTEMS.some((os) => `${name}-`.startsWith(`${os}-`)),
  );
  const graded = words.severity === undefined || Severity.safeParse(words.severity).success;
  const problems = [
    ...(CveId.safeParse(words.cve).success ? [] : [`"${words.cve}" is no CVE: expected one such as CVE-2026-31337`]),
    ...(split(words.packages).length === 0 ? ['--packages names nothing: expected names such as openssl,openssl-libs'] : []),
    ...badPackages.map((name) => `--packages: "${name}" is no name of a package`),
    ...badPlatforms.map(
      (name) => `--platform: "${name}" is none: expected one of ${SYSTEMS.join(', ')}, alone or with a release, such as ubuntu-24.04`,
    ),
    ...(graded ? [] : [`--severity: "${words.severity}" must be one of ${Severity.options.join(', ')}`]),
    ...(words.why.trim() === '' ? ['--why is empty: the record must say why'] : []),
  ];
  if (problems.length > 0) return { problems };
  const platforms = split(words.platform ?? '');
  const advisory = OwnAdvisory.parse({
    cve: words.cve,
    packages: split(words.packages),
    ...(platforms.length === 0 ? {} : { platforms }),
    title: words.why.trim().slice(0, 300),
    severity: words.severity ?? 'unrated',
    added: at,
  });
  return { advisory };
}

function split(text: string): string[] {
  return [
    ...new Set(
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ];
}

/** What people have announced that concerns nodes with these facts, and that no advisory of their platform's vendor names. */
export function announced(facts: NodeFacts, { own, named }: Pick<World, 'own' | 'named'>): Found[] {
  const place = facts.platform.slice(0, facts.platform.lastIndexOf('-'));
  return own.flatMap((advisory) => {
    if (advisory.withdrawn !== undefined || named.has(`${place} ${advisory.cve}`) || !isFor(advisory, facts.platform)) return [];
    const why = `announced by people here: no vendor has a fix or says which versions are affected`;
    const packages = concerned(advisory, facts).map((item) => awaitingPackage(item, why));
    return packages.length === 0 ? [] : [foundOf(advisory, packages)];
  });
}

/**
 * How many announcements may concern nodes with these facts without anybody being able to tell: their list names no sources, and none of
 * its packages is called as the announcement says.
 */
export function untoldByPeople(facts: NodeFacts, { own, named }: Pick<World, 'own' | 'named'>): number {
  if (!lacksSources(facts)) return 0;
  const place = facts.platform.slice(0, facts.platform.lastIndexOf('-'));
  const live = own.filter(({ withdrawn, cve }) => withdrawn === undefined && !named.has(`${place} ${cve}`));
  return live.filter((advisory) => isFor(advisory, facts.platform) && concerned(advisory, facts).length === 0).length;
}

function isFor({ platforms }: OwnAdvisory, platform: string): boolean {
  return platforms === undefined || platforms.some((start) => platform === start || platform.startsWith(`${start}-`));
}

function concerned({ packages }: OwnAdvisory, facts: NodeFacts): { name: string; arch: string; version: string }[] {
  if (facts.platform.startsWith('windows-')) {
    return packages.some((name) => name.toLowerCase() === 'windows') ? [{ name: 'Windows', arch: '', version: facts.build ?? '' }] : [];
  }
  return facts.installed.filter((item) => packages.includes(item.name) || (item.source !== undefined && packages.includes(item.source)));
}

function foundOf({ cve, title, severity, added }: OwnAdvisory, packages: Found['packages']): Found {
  return {
    source: 'person',
    advisory: AdvisoryId.parse(cve),
    title,
    severity,
    cves: [cve],
    published: added,
    exploited: false,
    state: 'awaiting-vendor',
    packages: packages.slice(0, 10),
  };
}
