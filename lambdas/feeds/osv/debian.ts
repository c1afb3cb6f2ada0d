/**
 * Debian's security advisories (DSA) and those of its long-term support (DLA). They name source packages only, and their versions are
 * the sources': nodes must say from which source a binary was built (rows are of kind `source`).
 */
import { intervalsOf } from './intervals.ts';
import { onlyOnce } from './record.ts';
import type { Distribution, OsvAffected } from './record.ts';

export const debian: Distribution = {
  feed: 'osv-debian',
  source: 'dsa',
  ecosystems: ['Debian'],
  platforms: ['debian-'],
  quietDays: 7,
  mine: /^(DSA|DLA)-/,
  // The first two hundred had no revision: DSA-135.
  id: /^(DSA|DLA)-\d{1,6}(-\d{1,3})?$/,
  versionKind: 'deb',
  kind: () => 'security',
  // Debian does not grade its advisories; the urgencies of its tracker are of single CVEs.
  word: () => undefined,
  rows: (record) => onlyOnce((record.affected ?? []).flatMap(rowsOf)),
};

function rowsOf(item: OsvAffected): ReturnType<Distribution['rows']> {
  const release = /^Debian:(\d{1,2}(\.\d)?)$/.exec(item.package.ecosystem)?.[1];
  if (release === undefined) return [];
  return intervalsOf(item, 'deb').flatMap((interval) => {
    const fixedVersion = readVersion(interval.fixedVersion);
    return fixedVersion === undefined ? [] : [{ os: 'debian', release, package: item.package.name, kind: 'source', ...interval, fixedVersion }];
  });
}

/** The tracker writes words in place of versions, and 0 for a release that never was affected. */
function readVersion(version: string | null): string | null | undefined {
  if (version === '0' || version === '<not-affected>') return undefined;
  return version === null || version.startsWith('<') ? null : version;
}
