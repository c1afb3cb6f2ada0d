/**
 * Red Hat's security advisories, and those of bug fixes (RHBA) and enhancements (RHEA) that close a CVE; CC-BY 4.0. The records are made
 * of its CSAF files (github.com/ossf/osv-schema, tools/redhat): ecosystems are CPEs without their beginning, and packages are binaries.
 */
import type { Affected } from '../../core/advisory.ts';
import type { Kind } from '../../core/model.ts';
import { intervalsOf } from './intervals.ts';
import { cvesOf, onlyOnce, qualifier } from './record.ts';
import type { Distribution, OsvAffected, OsvRecord } from './record.ts';
import { severityOf, wordBeforeColon } from './words.ts';

export const redHat: Distribution = {
  feed: 'osv-red-hat',
  source: 'rhsa',
  ecosystems: ['Red Hat'],
  platforms: ['rhel-'],
  quietDays: 5,
  mine: /^RH[SBE]A-/,
  id: /^RH[SBE]A-\d{4}:\d{1,6}$/,
  versionKind: 'rpm',
  kind: (id) => KINDS[id.slice(0, 4)] ?? 'other',
  word: rating,
  rows: (record) => onlyOnce((record.affected ?? []).flatMap(rowsOf)),
  leaveOut: (record) => (record.id.startsWith('RHSA-') || cvesOf(record).length > 0 ? undefined : 'closes no CVE'),
};

const KINDS: Record<string, Kind> = { RHSA: 'security', RHBA: 'bugfix', RHEA: 'enhancement' };

/**
 * Red Hat's own rating is not a field of the record, but every security advisory links to its explanation,
 * `https://access.redhat.com/security/updates/classification/#important`.
 */
function rating(record: OsvRecord): string | undefined {
  const before = wordBeforeColon(record.summary);
  if (before !== undefined) return before;
  for (const { url } of record.references ?? []) {
    const word = /^https:\/\/access\.redhat\.com\/security\/updates\/classification\/?#([a-z]+)$/.exec(url)?.[1];
    if (severityOf(word) !== 'unrated') return word;
  }
  return undefined;
}

function rowsOf(item: OsvAffected): Affected[] {
  const place = placeOf(item.package.ecosystem);
  // What is there for debugging is not what runs, and would be half of what is stored.
  if (place === undefined || /-debug(info|source)(-|$)/.test(item.package.name)) return [];
  const module = moduleOf(item.package.purl);
  return intervalsOf(item, 'rpm').map((interval) => ({
    ...place,
    package: item.package.name,
    kind: 'binary',
    ...interval,
    ...(module === undefined ? {} : { module }),
  }));
}

/** Streams that a node follows in place of the newest minor release, for which it needs a subscription. */
const STREAMS: Record<string, string> = {
  rhel_eus: 'eus',
  enterprise_linux_eus: 'eus',
  rhel_eus_long_life: 'eus-long-life',
  rhel_aus: 'aus',
  rhel_tus: 'tus',
  rhel_e4s: 'e4s',
  enterprise_linux_e4s: 'e4s',
  rhel_els: 'els',
};

/**
 * `Red Hat:enterprise_linux:9::appstream` and, since version 10, `Red Hat:enterprise_linux:10.0` are what every node of the release has;
 * `Red Hat:rhel_eus:9.2::baseos` is a stream. Products that are laid over it (`openshift:4.15::el9`) are not the release's packages.
 */
function placeOf(ecosystem: string): Pick<Affected, 'os' | 'release' | 'channel'> | undefined {
  const [, product = '', version = ''] = ecosystem.split(':');
  const release = /^(\d{1,2})(\.\d{1,2})*$/.exec(version)?.[1];
  if (release === undefined || !ecosystem.startsWith('Red Hat:')) return undefined;
  if (product === 'enterprise_linux') return { os: 'rhel', release };
  const stream = STREAMS[product];
  return stream === undefined ? undefined : { os: 'rhel', release, channel: `${stream}:${version}` };
}

/**
 * `ruby:2.5` of `pkg:rpm/redhat/ruby?rpmmod=ruby:2.5:8020020200320121453:…`. The converter drops it today, as does the record's package
 * name; what is left then is `.module+el8…` in the release.
 */
function moduleOf(purl: string | undefined): string | undefined {
  const [name = '', stream = ''] = (qualifier(purl, 'rpmmod') ?? '').split(':');
  return /^[\w.+-]{1,60}$/.test(name) && /^[\w.+-]{1,60}$/.test(stream) ? `${name}:${stream}` : undefined;
}
