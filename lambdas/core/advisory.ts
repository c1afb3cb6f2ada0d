/**
 * What a vendor's notice becomes, whichever feed it came from, and whom it concerns.
 * Only released fixes matter for patching: an advisory names packages with the version that fixes them, or KBs.
 */
import { z } from 'zod';
import { Kind, Severity } from './model.ts';
import { VersionKind } from './versions/compare.ts';

/** Forms of what advisories hold, as the schemas below and `checkAdvisory` (advisory-check.ts) have them. */
export const FORMS = {
  /** CISA's own pattern of a CVE id (schema of the KEV catalogue): at least four digits, no upper bound that bites. */
  cve: /^CVE-\d{4}-\d{4,19}$/,
  /** Ids become keys and links, so nothing that could be a path: `ALAS2023-2025-935`, `RHSA-2025:1234`, `ALSA-2026:A002`. */
  id: /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:+-]{2,99}$/,
  source: /^[a-z][a-z0-9-]{0,29}$/,
  oneLine: /^[^\p{Cc}]*$/u,
  link: /^https?:\/\/[!-~]{1,500}$/,
  os: /^[a-z][a-z0-9.-]{0,39}$/,
  release: /^[a-z0-9.]{1,20}$/,
  package: /^[A-Za-z0-9][A-Za-z0-9._+:~-]{0,199}$/,
  arch: /^[a-z0-9_]{1,20}$/,
  version: /^[!-~]{1,256}$/,
  channel: /^[a-z][a-z0-9-]{0,19}(:[A-Za-z0-9][A-Za-z0-9._+-]{0,59})?$/,
  module: /^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}:[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$/,
  releasever: /^\d{4}\.\d+\.\d{8}$/,
} as const;

/** `CVE-2026-31337` */
export const CveId = z.string().regex(FORMS.cve);

/** `ALAS2023-2025-935` */
export const AdvisoryId = z.string().regex(FORMS.id);

const OneLine = z.string().regex(FORMS.oneLine);
const Link = z.string().regex(FORMS.link);
const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** One package of one release of an OS, and the first version that is not affected. */
export const Affected = z.strictObject({
  /** `amazon-linux` and `2023`: the first two parts of a platform. */
  os: z.string().regex(FORMS.os),
  release: z.string().regex(FORMS.release),
  package: z.string().regex(FORMS.package),
  /** Absent: every architecture. */
  arch: z.string().regex(FORMS.arch).optional(),
  /** `null`: the vendor has no fix. */
  fixedVersion: z.string().regex(FORMS.version).nullable(),
  /** The first version that is affected, where older ones are not. */
  introducedVersion: z.string().regex(FORMS.version).optional(),
  /** Beside no fix: the last version that is affected, where newer ones are not. */
  lastAffectedVersion: z.string().regex(FORMS.version).optional(),
  kind: z.enum(['binary', 'source']),
  /**
   * Where the fix comes from when not from what every node of the release has: `pro:esm-infra`, `pro:fips-updates`, `eus:9.2`,
   * `extras:kernel-5.15`, `livepatch`, `ksplice`, `fips`, `ltss`. It never counts as a fix of the plain package, nor the reverse.
   */
  channel: z.string().regex(FORMS.channel).optional(),
  /** Stream of a module, where the vendor names it: `ruby:3.1`. */
  module: z.string().regex(FORMS.module).optional(),
  /** Amazon Linux 2023 only: the first dated release that has the fix, `2023.6.20241010`. */
  releasever: z.string().regex(FORMS.releasever).optional(),
});
export type Affected = z.infer<typeof Affected>;

/** One update of Windows that closes an advisory, for one product. */
export const Kb = z.strictObject({
  kb: z.string().regex(/^KB\d{6,7}$/),
  /** Microsoft's name of the product: `Windows Server 2019 (Server Core installation)`. */
  product: OneLine.min(1).max(200),
  /** The release of a platform `windows-RELEASE-ARCH`, where the product is one: `2019`. */
  release: z
    .string()
    .regex(/^[a-z0-9.]{1,20}$/)
    .optional(),
  /** KBs that this one replaces. */
  supersedes: z
    .array(z.string().regex(/^KB\d{6,7}$/))
    .max(20)
    .optional(),
  /** Build of Windows that has the fix: `10.0.17763.1637`. */
  fixedBuild: z
    .string()
    .regex(/^\d{1,5}(\.\d{1,7}){1,3}$/)
    .optional(),
  restart: z.enum(['yes', 'no', 'maybe']).optional(),
});
export type Kb = z.infer<typeof Kb>;

/**
 * Characters of JSON. The largest advisories known are those of texlive on Amazon Linux 2023: some 6,200 packages on two architectures, two
 * million characters. What comes near this is broken or hostile.
 */
export const ADVISORY_LIMIT = 20_000_000;
/** Entries, or characters of a text. Of rows eight times the most that are known. */
export const LIMITS = { rows: 100_000, cves: 5_000, references: 100, title: 300, severityRaw: 40 } as const;
/** With fewer rows than these an advisory cannot reach the limit: everything in it has a longest form. Measuring takes longer than reading. */
export const MEASURED_FROM = 10_000;

export const Advisory = z
  .strictObject({
    id: AdvisoryId,
    /** Who speaks: `alas`, later `usn`, `dsa`, `msrc` and others. With `id` it names the advisory. */
    source: z.string().regex(FORMS.source),
    title: OneLine.max(LIMITS.title),
    kind: Kind,
    published: z.iso.datetime(),
    updated: z.iso.datetime(),
    severity: Severity,
    /** The vendor's own word, where it gave one. */
    severityRaw: OneLine.max(LIMITS.severityRaw).optional(),
    cves: z.array(CveId).max(LIMITS.cves),
    /** Whose version order `affected` speaks in; absent where there are only KBs. */
    versionKind: VersionKind.optional(),
    affected: z.array(Affected).max(LIMITS.rows),
    kbs: z.array(Kb).max(2_000).optional(),
    /** The vendor took it back: it exposes nobody any more, and the record stays. */
    withdrawn: z.iso.datetime().optional(),
    /** Ids of advisories of the same source that this one replaces: `USN-7095-1`. */
    supersedes: z.array(AdvisoryId).max(100).optional(),
    /** Whether the fix wants a reboot; absent: the vendor says nothing. */
    rebootSuggested: z.boolean().optional(),
    /** The vendor itself says that it is being exploited (Microsoft). CISA's word is joined at read. */
    exploited: z.boolean().optional(),
    /** CVSS base score, the highest of its CVEs, where the vendor gave one. */
    cvss: z.number().min(0).max(10).optional(),
    references: z.array(Link).max(LIMITS.references),
    provenance: z.strictObject({ feed: z.string().min(1).max(60), url: Link, sha256: Digest, fetchedAt: z.iso.datetime() }),
  })
  .refine((advisory) => advisory.versionKind !== undefined || advisory.affected.length === 0, 'affected packages without versionKind')
  .refine(
    (advisory) => advisory.affected.length < MEASURED_FROM || JSON.stringify(advisory).length <= ADVISORY_LIMIT,
    `larger than ${ADVISORY_LIMIT} characters`,
  );
export type Advisory = z.infer<typeof Advisory>;

/** One entry of CISA's catalogue of known exploited vulnerabilities. `due` binds US agencies only; others may make it a rule of theirs. */
export const KnownExploited = z.strictObject({
  cve: CveId,
  added: z.iso.date(),
  due: z.iso.date(),
  ransomware: z.boolean(),
  product: OneLine.max(300),
});
export type KnownExploited = z.infer<typeof KnownExploited>;

/** EPSS of one CVE: the chance of exploitation within 30 days, and the share of all CVEs that are less likely. Both 0 to 1. */
export const Score = z.strictObject({ cve: CveId, epss: z.number().min(0).max(1), percentile: z.number().min(0).max(1).optional() });
export type Score = z.infer<typeof Score>;

/**
 * Until when a release is looked after. `eol`: security updates that everybody gets end, Debian's LTS among them; `extended`: paid ones do,
 * where there are any.
 */
export const Lifecycle = z.strictObject({
  os: z.string().regex(/^[a-z][a-z0-9.-]{0,39}$/),
  release: z.string().regex(/^[a-z0-9.]{1,20}$/),
  eol: z.iso.date().nullable(),
  extended: z.iso.date().optional(),
});
export type Lifecycle = z.infer<typeof Lifecycle>;

/**
 * What counts as a change in substance, as canonical text: equal text means that nothing changed that could alter a rollout.
 * Titles, dates, links and where it was read may change without anybody being woken. Callers hash this text.
 */
export function substance(advisory: Advisory): string {
  const affected = advisory.affected.map((row) =>
    [row.os, row.release, row.package, row.arch ?? '', row.kind, row.fixedVersion, row.channel ?? '', row.module ?? '', row.releasever ?? '']
      // Only where they are: what most rows have not must not change the hash of all.
      .concat(row.introducedVersion === undefined ? [] : [`from ${row.introducedVersion}`])
      .concat(row.lastAffectedVersion === undefined ? [] : [`up to ${row.lastAffectedVersion}`])
      .map(String)
      .join(' '),
  );
  const kbs = (advisory.kbs ?? []).map((item) =>
    [item.kb, item.product, item.release ?? '', item.fixedBuild ?? '', ...sortedOnce(item.supersedes ?? [])].join(' '),
  );
  return JSON.stringify({
    id: advisory.id,
    source: advisory.source,
    kind: advisory.kind,
    severity: advisory.severity,
    cves: sortedOnce(advisory.cves),
    versionKind: advisory.versionKind ?? '',
    affected: sortedOnce(affected),
    kbs: sortedOnce(kbs),
    withdrawn: advisory.withdrawn !== undefined,
    exploited: advisory.exploited ?? false,
  });
}

/** Vendors' text as one line that is safe in a terminal, a mail and a chat: no tags, control or direction characters, cut to `limit`. */
export function plainText(text: string, limit: number): string {
  const line = text
    .replace(/<\/?[a-z][^>]*>/gi, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    .trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

function sortedOnce(items: readonly string[]): string[] {
  return [...new Set(items)].toSorted(order);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
