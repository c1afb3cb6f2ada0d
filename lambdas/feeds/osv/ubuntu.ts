/**
 * Ubuntu's notices (USN) and livepatch notices (LSN); © Canonical Ltd., CC-BY-SA 4.0 (github.com/canonical/ubuntu-security-notices).
 * Its habits are described in github.com/canonical/ubuntu-security-documentation, "OSV".
 *
 * What matching may count on: every row names a binary with its own version, so stock inventory of dpkg is enough. Kernels are the
 * exception. A fixed kernel is a new package (`linux-image-6.8.0-1019-aws`, the ABI in its name), which nobody with an old one has, and
 * the meta packages are mostly not listed. For kernels the rows are therefore the source (`linux-aws`, kind `source`), the images with their
 * ABI as names of the fixed build, and such meta packages (`linux-image-aws`, `linux-aws`) as there are; headers, tools and modules of that
 * build are left out, since they would only repeat it.
 */
import type { Affected } from '../../core/advisory.ts';
import { binaryIntervals, intervalsOf } from './intervals.ts';
import { binariesOf, mappedCves, onlyOnce, qualifier } from './record.ts';
import type { Detail, Distribution, OsvAffected, OsvRecord } from './record.ts';

export const ubuntu: Distribution = {
  feed: 'osv-ubuntu',
  source: 'usn',
  ecosystems: ['Ubuntu'],
  platforms: ['ubuntu-'],
  quietDays: 4,
  mine: /^(USN|LSN)-/,
  id: /^(USN|LSN)-\d{1,6}-\d{1,3}$/,
  versionKind: 'deb',
  kind: () => 'security',
  word: priority,
  rows: (record, detail) => (isLivepatch(record.id) ? [] : onlyOnce((record.affected ?? []).flatMap((item) => rowsOf(item, detail)))),
  // A livepatch is a kernel module that is loaded at run time: there is no package of which a version could be compared.
  reportOnly: isLivepatch,
};

function isLivepatch(id: string): boolean {
  return id.startsWith('LSN-');
}

const PRIORITIES = ['critical', 'high', 'medium', 'low', 'negligible'];

/** The gravest of Ubuntu's own priorities of the CVEs; notices of some years have none. */
function priority(record: OsvRecord): string | undefined {
  const words = new Set((record.severity ?? []).filter((item) => item.type === 'Ubuntu').map((item) => item.score));
  for (const item of record.affected ?? []) {
    const listed = [item.severity, ...mappedCves(item).map((cve) => cve.severity)].flatMap((list) => list ?? []);
    for (const severity of listed) if (severity.type === 'Ubuntu') words.add(severity.score);
    const old = item.ecosystem_specific?.['ubuntu_priority'];
    if (typeof old === 'string') words.add(old);
  }
  return PRIORITIES.find((word) => words.has(word));
}

function rowsOf(item: OsvAffected, detail: Detail): Affected[] {
  const place = placeOf(item);
  if (place === undefined) return [];
  const { name } = item.package;
  const intervals = intervalsOf(item, 'deb');
  const sources = intervals.map((interval): Affected => ({ ...place, package: name, kind: 'source', ...interval }));
  const binaries = binariesOf(item);
  if (detail === 'sources' || binaries.length === 0) return sources;
  const kernel = isKernel(item);
  const listed = binaries
    .filter((binary) => !binary.name.endsWith('-dbgsym') && (!kernel || IMAGE.test(binary.name) || binary.name === name))
    .flatMap((binary) =>
      // Without a fix the versions beside the binaries are the newest that are affected.
      binaryIntervals(intervals, binary.version).map((interval): Affected => ({ ...place, package: binary.name, kind: 'binary', ...interval })),
    );
  return kernel ? [...sources, ...listed] : listed;
}

/** The kernel itself, by its ABI or as a meta package; what was split off it in 2018 and before was called `linux-image-extra-…`. */
const IMAGE = /^linux-image-(?!extra-)/;
const WITH_ABI = /^linux-.*\d+\.\d+\.\d+-\d+(-|$)/;

/** `linux`, `linux-aws`, `linux-hwe-6.8`: sources whose packages carry the ABI in their names. */
function isKernel(item: OsvAffected): boolean {
  return /^linux(-|$)/.test(item.package.name) && binariesOf(item).some((binary) => WITH_ABI.test(binary.name));
}

/** Builds other than the plain ones, by their words in the ecosystem: `…:FIPS:20.04:LTS`, `…:22.04:LTS:Realtime:Kernel`. */
const BUILDS: [RegExp, string][] = [
  [/:FIPS-updates(:|$)/i, 'pro:fips-updates'],
  [/:FIPS-preview(:|$)/i, 'pro:fips-preview'],
  [/:FIPS(:|$)/i, 'pro:fips'],
  [/:Realtime(:|$)/i, 'pro:realtime'],
  [/:(for:)?Nvidia[-:]BlueField(:|$)/i, 'pro:bluefield'],
];
const ORDINARY = /^Ubuntu:(?:Pro:)?(\d\d\.\d\d)(?::LTS)?$/;

/** Release and channel. An ecosystem with words that are not known is no release that a plain node has: left out. */
function placeOf(item: OsvAffected): Pick<Affected, 'os' | 'release' | 'channel'> | undefined {
  const { ecosystem, purl } = item.package;
  const release = /:(\d\d\.\d\d)(:|$)/.exec(ecosystem)?.[1];
  if (release === undefined || !ecosystem.startsWith('Ubuntu:')) return undefined;
  const place = { os: 'ubuntu', release };
  const build = BUILDS.find(([words]) => words.test(ecosystem))?.[1];
  if (build !== undefined) return { ...place, channel: build };
  if (!ORDINARY.test(ecosystem)) return undefined;
  return ecosystem.startsWith('Ubuntu:Pro:') ? { ...place, channel: proChannel(item, purl) } : place;
}

/** `distro=esm-infra/bionic` names the service; where it does not, "Infra-only" tells ESM of main from ESM of universe. */
function proChannel(item: OsvAffected, purl: string | undefined): string {
  const service = /^(esm-[a-z-]{1,40})\//.exec(qualifier(purl, 'distro') ?? '')?.[1];
  if (service !== undefined) return `pro:${service}`;
  const availability = item.ecosystem_specific?.['availability'];
  return typeof availability === 'string' && availability.includes('Infra-only') ? 'pro:esm-infra' : 'pro:esm-apps';
}
