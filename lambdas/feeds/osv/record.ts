/**
 * One record of OSV.dev's database and what all distributions have in common in it (OSV schema 1.7, https://ossf.github.io/osv-schema/).
 * Only what is used is named here; the rest passes by unread. What a distribution means by it is in the file of its name.
 */
import { z } from 'zod';
import { CveId } from '../../core/advisory.ts';
import type { Affected } from '../../core/advisory.ts';
import type { Kind } from '../../core/model.ts';
import type { VersionKind } from '../../core/versions/compare.ts';

const Texts = z.array(z.string()).nullish();
const Severity = z.object({ type: z.string(), score: z.string() });
const Range = z.object({
  type: z.string(),
  events: z.array(z.object({ introduced: z.string().optional(), fixed: z.string().optional(), last_affected: z.string().optional() })),
});

const OsvAffected = z.object({
  package: z.object({ ecosystem: z.string(), name: z.string(), purl: z.string().optional() }),
  severity: z.array(Severity).nullish(),
  ranges: z.array(Range).nullish(),
  // Free form by definition, so each adapter looks for itself.
  ecosystem_specific: z.record(z.string(), z.unknown()).nullish(),
  database_specific: z.record(z.string(), z.unknown()).nullish(),
});
export type OsvAffected = z.infer<typeof OsvAffected>;

export const OsvRecord = z.object({
  id: z.string(),
  modified: z.string(),
  published: z.string().nullish(),
  withdrawn: z.string().nullish(),
  aliases: Texts,
  upstream: Texts,
  related: Texts,
  summary: z.string().nullish(),
  severity: z.array(Severity).nullish(),
  affected: z.array(OsvAffected).nullish(),
  references: z.array(z.object({ type: z.string(), url: z.string() })).nullish(),
});
export type OsvRecord = z.infer<typeof OsvRecord>;

/** What differs from one distribution to the next. */
export interface Distribution {
  /** Name of the feed: `osv-ubuntu`. */
  feed: string;
  /** `source` of its advisories: `usn`. */
  source: string;
  /** Folders of the bucket, the usual one first. */
  ecosystems: readonly [string, ...string[]];
  /** Beginnings of the platforms concerned: `ubuntu-`. */
  platforms: readonly string[];
  /** Days for which the vendor is silent at most while all is well. */
  quietDays: number;
  /** Beginning of the ids that are its advisories of released fixes. Records of other beginnings (tracked CVEs) are not for patching. */
  mine: RegExp;
  /** The whole form of such an id: only these become keys and addresses. */
  id: RegExp;
  versionKind: VersionKind;
  kind(id: string): Kind;
  /** The vendor's own word for how grave it is, or nothing. A CVSS vector is not the vendor's word. */
  word(record: OsvRecord): string | undefined;
  /**
   * What is affected, in our words. `detail`: `packages` names binaries where the record has them, `sources` makes do with fewer rows
   * for records that would be too large. Empty: for products that Wavelock doesn't patch.
   */
  rows(record: OsvRecord, detail: Detail): Affected[];
  /** Advisories that name no package to compare: they are known and looked up, but expose nobody. */
  reportOnly?(id: string): boolean;
  /** Why a record is left out though its id is of the right form. */
  leaveOut?(record: OsvRecord): string | undefined;
}

export type Detail = 'packages' | 'sources';

/**
 * CVEs, sorted, each once. They stand in `upstream` since schema 1.7, in `related` before, now and then in `aliases`; Ubuntu and Debian
 * write their own records of CVEs instead (`UBUNTU-CVE-2021-3782`), and Ubuntu's map of severities names them as well.
 */
export function cvesOf(record: OsvRecord): string[] {
  const cves = new Set<string>();
  const add = (id: string): void => {
    const cve = id.replace(/^(UBUNTU|DEBIAN)-/, '');
    if (CveId.safeParse(cve).success) cves.add(cve);
  };
  for (const ids of [record.upstream, record.related, record.aliases]) ids?.forEach(add);
  for (const item of record.affected ?? []) for (const cve of mappedCves(item)) add(cve.id);
  return [...cves].toSorted();
}

const MappedCve = z.object({ id: z.string(), severity: z.array(Severity).nullish() });

/** Ubuntu's `database_specific.cves_map.cves`: each CVE with its CVSS vectors and Ubuntu's priority. Empty elsewhere. */
export function mappedCves(item: OsvAffected): z.infer<typeof MappedCve>[] {
  const cves = member(item.database_specific?.['cves_map'], 'cves');
  if (!Array.isArray(cves)) return [];
  return cves.flatMap((value: unknown) => MappedCve.safeParse(value).data ?? []);
}

/** All CVSS vectors of a record: of the whole, of a package, of a CVE in Ubuntu's map. Each once. */
export function vectorsOf(record: OsvRecord): string[] {
  const lists = [record.severity];
  for (const item of record.affected ?? []) lists.push(item.severity, ...mappedCves(item).map((cve) => cve.severity));
  const scores = lists.flatMap((list) => list ?? []).filter((severity) => severity.type === 'CVSS_V3');
  return [...new Set(scores.map((item) => item.score))];
}

/**
 * `ecosystem_specific.binaries` as names and versions. Ubuntu lists `{ binary_name, binary_version }`, SUSE (and Ubuntu in 2024) a list of
 * objects from name to version.
 */
export function binariesOf(item: OsvAffected): { name: string; version: string }[] {
  const binaries = item.ecosystem_specific?.['binaries'];
  if (!Array.isArray(binaries)) return [];
  return binaries.flatMap((entry: unknown) => {
    const name = member(entry, 'binary_name');
    const version = member(entry, 'binary_version');
    if (typeof name === 'string') return typeof version === 'string' ? [{ name, version }] : [];
    return entriesOf(entry).flatMap(([key, value]) => (typeof value === 'string' ? [{ name: key, version: value }] : []));
  });
}

/** A qualifier of a package URL: `distro` of `pkg:deb/ubuntu/x@1?arch=source&distro=esm-infra/bionic`. */
export function qualifier(purl: string | undefined, name: string): string | undefined {
  const found = new RegExp(`[?&]${name}=([^&#]*)`).exec(purl ?? '')?.[1];
  if (found === undefined) return undefined;
  return found.replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%20', ' ');
}

/** Each row once, in the order of first mention. */
export function onlyOnce(rows: readonly Affected[]): Affected[] {
  const seen = new Map<string, Affected>();
  for (const row of rows) {
    const { introducedVersion = '', lastAffectedVersion = '' } = row;
    const key = `${row.os} ${row.release} ${row.channel ?? ''} ${row.module ?? ''} ${row.kind} ${row.package} ${row.fixedVersion ?? ''} ${introducedVersion} ${lastAffectedVersion}`;
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}

function member(value: unknown, name: string): unknown {
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
