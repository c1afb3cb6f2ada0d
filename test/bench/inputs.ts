/** What the bench reads: real data where WAVELOCK_SAMPLES names them, else data of the same shape, always the same. */
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { createGzip, gunzipSync } from 'node:zlib';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { readOsvZip } from '../../lambdas/feeds/osv/zip.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import type { NodeFacts } from '../../lambdas/core/match/types.ts';
import type { Package } from '../../lambdas/core/model.ts';

export const NOW = Date.parse('2026-11-23T06:00:00Z');
const SAMPLES = process.env['WAVELOCK_SAMPLES'] ?? '';
const UPDATEINFO = join(SAMPLES, 'feeds/amazon/updateinfo/updateinfo_2023.xml.gz');
const ALMALINUX = join(SAMPLES, 'feeds/alma/osv/AlmaLinux-8.zip');

export const hasSamples = SAMPLES !== '' && existsSync(ALMALINUX) && existsSync(UPDATEINFO);
export const almaLinuxZip = hasSamples ? ALMALINUX : undefined;

/** Numbers that look like chance and are the same in every run (a linear congruential generator; Knuth's MMIX constants, 32 bits of them). */
export function sequence(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Writes an updateinfo.xml.gz of about so many MB of XML; answers the exact number of bytes and updates. */
export async function writeUpdateinfo(path: string, megabytes: number): Promise<{ bytes: number; updates: number }> {
  const sample = hasSamples ? firstUpdate(gunzipSync(readFileSync(UPDATEINFO)).toString()) : undefined;
  const gzip = createGzip({ level: 6 });
  const file = createWriteStream(path);
  gzip.pipe(file);
  const written = { bytes: 0, updates: 0 };
  const write = async (text: string): Promise<void> => {
    written.bytes += Buffer.byteLength(text);
    if (!gzip.write(text)) await once(gzip, 'drain');
  };
  await write('<?xml version="1.0" ?>\n<updates>');
  for (; written.bytes < megabytes * 1e6; written.updates += 1) {
    const id = `ALAS2023-2026-${100_000 + written.updates}`;
    await write(sample === undefined ? madeUpdate(id, written.updates) : sample.replaceAll('ALAS2023-2023-001', id));
  }
  await write('</updates>\n');
  gzip.end();
  await once(file, 'close');
  return written;
}

function firstUpdate(xml: string): string {
  return xml.slice(xml.indexOf('<update '), xml.indexOf('</update>') + '</update>'.length);
}

function madeUpdate(id: string, number: number): string {
  const cves = Array.from({ length: 4 }, (_, index) => `CVE-2026-${10_000 + ((number * 7 + index) % 80_000)}`);
  const references = cves
    .map((cve) => `<reference href="http://cve.mitre.org/cgi-bin/cvename.cgi?name=${cve}" id="${cve}" title="" type="cve" />`)
    .join('');
  const words = cves
    .map((cve) => `${cve}:\n\tA flaw was found in the way in which the library reads its input &amp; what it does with it.\n`)
    .join('\n');
  const packages = Array.from({ length: 24 }, (_, index) => {
    const name = `library-${number % 900}-part${index % 12}`;
    const arch = index < 12 ? 'x86_64' : 'aarch64';
    return `<package arch="${arch}" epoch="0" name="${name}" release="${(number % 40) + 1}.amzn2023.0.${index % 5}" version="2.${number % 60}.1"><filename>Packages/${name}-2.${number % 60}.1.${arch}.rpm</filename></package>`;
  }).join('');
  return `<update author="linux-security@amazon.com" from="linux-security@amazon.com" status="final" type="security" version="1.4"><id>${id}</id><title>Amazon Linux 2023 - ${id}: medium priority package update for library-${number % 900}</title><issued date="2026-06-06 17:58" /><updated date="2026-06-17 19:23" /><severity>medium</severity><description>Package updates are available:\n${words}</description><references>${references}</references><pkglist><collection short="amazon-linux-2023---core"><name>Amazon Linux 2023</name>${packages}</collection></pkglist></update>`;
}

/** So many OSV records as files' bytes, in AlmaLinux's manner. */
export function madeRecords(count: number): Buffer[] {
  const chance = sequence(11);
  return Array.from({ length: count }, (_, number) => {
    const version = `${1 + chance(5)}.${chance(40)}.${chance(20)}-${1 + chance(60)}.el8_${chance(10)}`;
    const affected = Array.from({ length: 4 + chance(18) }, (_each, index) => ({
      package: { ecosystem: 'AlmaLinux:8', name: `component-${number % 700}-part${index}` },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: version }] }],
    }));
    const record = {
      id: `ALSA-${2_019 + (number % 8)}:${1_000 + number}`,
      summary: `${['Important', 'Moderate', 'Low', 'Critical'][chance(4)]}: component-${number % 700} security update`,
      details: 'A flaw was found in the way in which the component reads what it is given. '.repeat(20),
      modified: '2026-10-21T02:44:00Z',
      published: '2026-10-20T19:20:00Z',
      related: Array.from({ length: 1 + chance(6) }, (_each, index) => `CVE-2026-${1_000 + number + index}`),
      references: [{ type: 'ADVISORY', url: `https://errata.almalinux.org/8/ALSA-${number}.html` }],
      affected,
    };
    return Buffer.from(JSON.stringify(record));
  });
}

/** All 3,237 advisories of AlmaLinux 8, or as many of the same shape. */
export async function almaLinuxAdvisories(): Promise<Advisory[]> {
  const advisories: Advisory[] = [];
  if (almaLinuxZip === undefined) return madeRecords(3_237).map(madeAdvisory);
  for await (const reading of readOsvZip(almaLinuxZip, NOW)) if ('item' in reading) advisories.push(reading.item);
  return advisories;
}

const Shape = {
  title: 'made',
  kind: 'security',
  published: '2026-10-20T19:20:00.000Z',
  updated: '2026-10-21T02:44:00.000Z',
  severity: 'important',
} as const;

function madeAdvisory(bytes: Buffer): Advisory {
  const record = JSON.parse(bytes.toString()) as {
    id: string;
    related: string[];
    affected: { package: { name: string }; ranges: { events: { fixed?: string }[] }[] }[];
  };
  const affected = record.affected.map((item) => ({
    os: 'almalinux',
    release: '8',
    package: item.package.name,
    kind: 'binary' as const,
    fixedVersion: item.ranges[0]?.events[1]?.fixed ?? null,
  }));
  const provenance = { feed: 'made', url: 'https://example.com/', sha256: '0'.repeat(64), fetchedAt: Shape.updated };
  return Advisory.parse({ ...Shape, id: record.id, source: 'alsa', cves: record.related, versionKind: 'rpm', affected, references: [], provenance });
}

/**
 * Distinct inventories of AlmaLinux 8 with so many packages, of those that advisories speak of most. Most versions are new, some are
 * years old, as on real nodes.
 */
export function inventories(advisories: readonly Advisory[], count: number, packages: number): NodeFacts[] {
  const fixes = new Map<string, string[]>();
  for (const { affected } of advisories) {
    for (const { package: name, fixedVersion } of affected) {
      if (fixedVersion !== null && !fixedVersion.includes('.module')) fixes.set(name, [...(fixes.get(name) ?? []), fixedVersion]);
    }
  }
  const names = [...fixes].toSorted((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1)).slice(0, packages * 3);
  const sorted = names.map(([name, versions]) => ({ name, versions: [...new Set(versions)].toSorted((a, b) => compareVersions('rpm', a, b) ?? 0) }));
  const chance = sequence(7);
  return Array.from({ length: count }, () => {
    const step = 1 + chance(sorted.length - 1);
    const start = chance(sorted.length);
    const installed = Array.from({ length: packages }, (_, index): Package => {
      const { name, versions } = sorted[(start + index * (step % 2 === 0 ? step + 1 : step)) % sorted.length] ?? { name: '', versions: [] };
      const back = chance(4) === 0 ? chance(versions.length) : chance(Math.min(2, versions.length));
      return { name, arch: 'x86_64', version: versions[versions.length - 1 - back] ?? '' };
    });
    return { platform: 'almalinux-8-x86_64', certainty: 'exact', installed };
  });
}
