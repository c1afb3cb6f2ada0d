/**
 * Rocky Linux's advisories (RLSA; RXSA of its special interest groups), BSD. Its records name source packages: Apollo, which writes
 * them, takes only the `src` of each advisory (github.com/resf/distro-tools, apollo/server/routes/api_osv.py).
 */
import { intervalsOf } from './intervals.ts';
import { onlyOnce, qualifier } from './record.ts';
import type { Distribution, OsvAffected } from './record.ts';
import { wordBeforeColon } from './words.ts';

export const rocky: Distribution = {
  feed: 'osv-rocky-linux',
  source: 'rlsa',
  ecosystems: ['Rocky Linux'],
  platforms: ['rocky-'],
  quietDays: 21,
  mine: /^R[LX]SA-/,
  id: /^R[LX]SA-\d{4}:[A-Z]?\d{1,6}$/,
  versionKind: 'rpm',
  kind: () => 'security',
  word: (record) => wordBeforeColon(record.summary),
  rows: (record) => onlyOnce((record.affected ?? []).flatMap(rowsOf)),
};

function rowsOf(item: OsvAffected): ReturnType<Distribution['rows']> {
  const release = /^Rocky Linux:(\d{1,2})$/.exec(item.package.ecosystem)?.[1];
  if (release === undefined) return [];
  // `rocky-linux-8-sig-cloud` builds the same names anew (`kernel-4.18.0-425.10.1.el8_7.cloud`): no fix of the plain ones.
  const group = /-sig-([a-z0-9-]{1,40})$/.exec(qualifier(item.package.purl, 'distro') ?? '')?.[1];
  return intervalsOf(item, 'rpm').map((interval) => ({
    os: 'rocky',
    release,
    ...(group === undefined ? {} : { channel: `sig:${group}` }),
    package: item.package.name,
    kind: 'source',
    ...interval,
  }));
}
