/** From an `<update>` to an advisory: what the vendors' words have in common, and where they differ, a `Dialect`. */
import { checkAdvisory, isCveId } from '../core/advisory-check.ts';
import { plainText } from '../core/advisory.ts';
import type { Advisory, Affected } from '../core/advisory.ts';
import type { Kind, Severity } from '../core/model.ts';
import { FeedError } from './feed.ts';
import type { Raw, Reading } from './feed.ts';
import { MAX_ENTRIES, readUpdates } from './updateinfo.ts';
import type { Update, UpdatePackage } from './updateinfo.ts';

/** How one repository is to be understood. */
export interface Dialect {
  /** Name of the feed, for the provenance of its advisories. */
  feed: string;
  source: string;
  /** First two parts of the platforms that it is for: `amazon-linux`, `2023`. */
  os: string;
  release: string;
  /** The advisory's id as the vendor writes it everywhere else, or `undefined` for an id that is not the vendor's. */
  readId(id: string): string | undefined;
  /** Whether the repository is to speak of this package; absent: of all. */
  takes?(item: UpdatePackage): boolean;
  /** Channel of everything in this repository, `extras:kernel-5.15`; single packages may have a narrower one. */
  channel?: string;
  /** Where people read the advisory of this id. */
  page?(id: string): string;
}

/** Updates of one file. The largest known has some ten thousand; sound ones without end would fill the record at the fleet's expense. */
const MAX_UPDATES = 100_000;

/** Every update of one file as an advisory, or as the reason why it is none. Throws `FeedError` where the file itself is broken. */
export async function* readAdvisories(bytes: Uint8Array, dialect: Dialect, raw: Raw, now: number): AsyncGenerator<Reading<Advisory>> {
  const seen = new Set<string>();
  const provenance = { feed: dialect.feed, url: raw.url, sha256: raw.sha256, fetchedAt: new Date(now).toISOString() };
  for await (const update of readUpdates(bytes, raw.url)) {
    const id = dialect.readId(update.id);
    if (id === undefined) yield { record: update.id, problem: 'is no id of this vendor' };
    else if (seen.has(id)) yield { record: id, problem: 'comes twice; the first one counts' };
    else if (update.excess) yield { record: id, problem: `lists more than ${MAX_ENTRIES} packages or references` };
    else yield readAdvisory({ ...update, id }, dialect, provenance, now);
    if (seen.size === MAX_UPDATES) throw new FeedError('too-large', `${raw.url} lists more than ${MAX_UPDATES} updates`);
    // A copy: V8 keeps the whole chunk of text alive for a slice of it, and a feed has thousands of ids.
    if (id !== undefined) seen.add(Buffer.from(id, 'latin1').toString('latin1'));
  }
}

function readAdvisory(update: Update, dialect: Dialect, provenance: Advisory['provenance'], now: number): Reading<Advisory> {
  const published = readTime(update.issued, now);
  const updated = readTime(update.updated === '' ? update.issued : update.updated, now);
  if (published === undefined || updated === undefined) return { record: update.id, problem: `has no date, but "${update.issued}"` };
  const broken = update.packages.find((item) => item.version === '' || item.release === '' || !/^\d*$/.test(item.epoch));
  if (broken) return { record: update.id, problem: `gives ${plainText(broken.name, 60)} no whole version, but "${plainText(evr(broken), 60)}"` };
  const advisory = checkAdvisory({
    id: update.id,
    source: dialect.source,
    title: plainText(update.title, 300),
    kind: KINDS[update.type.toLowerCase()] ?? 'other',
    published,
    updated,
    severity: SEVERITIES[update.severity.toLowerCase()] ?? 'unrated',
    ...(update.severity === '' ? {} : { severityRaw: plainText(update.severity, 40) }),
    cves: readCves(update),
    versionKind: 'rpm',
    affected: readAffected(update, dialect),
    ...(update.rebootSuggested ? { rebootSuggested: true } : {}),
    references: readLinks(update, dialect),
    provenance,
  });
  if (advisory.success) return { item: advisory.data, published };
  const [issue] = advisory.error.issues;
  return { record: update.id, problem: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
}

/** Types of dnf, and SUSE's `recommended`. */
const KINDS: Record<string, Kind> = { security: 'security', bugfix: 'bugfix', recommended: 'bugfix', enhancement: 'enhancement' };

/** In capitals or small letters; `medium` and `high` where the model says `moderate` and `important`. What is not here is unrated. */
const SEVERITIES: Record<string, Severity> = {
  critical: 'critical',
  important: 'important',
  high: 'important',
  medium: 'moderate',
  moderate: 'moderate',
  low: 'low',
  negligible: 'low',
};

/**
 * ISO-8601 UTC of `2023-02-17`, of `2023-02-17 20:41[:00]` and of seconds since the epoch (SUSE). Without a zone it is UTC. The future
 * is cut to now, so that no clock of a deadline starts late.
 */
export function readTime(text: string, now: number): string | undefined {
  const parts = text.match(/^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?)?(?: UTC|Z)?$/);
  const seconds = /^\d{9,10}$/.test(text) ? Number(text) * 1_000 : Number.NaN;
  const time = parts ? Date.parse(`${parts[1]}T${parts[2] ?? '00:00'}${parts[3] ?? ':00'}Z`) : seconds;
  return Number.isNaN(time) ? undefined : new Date(Math.min(time, now)).toISOString();
}

function readCves(update: Update): string[] {
  const cves = update.references.map((item) => item.id).filter(isCveId);
  return [...new Set(cves)].toSorted();
}

/** The vendor's page first. What is no link is left out: it must not be clicked, and is no reason to miss a fix. */
function readLinks(update: Update, dialect: Dialect): string[] {
  const others = update.references.filter((item) => item.type.toLowerCase() !== 'cve').map((item) => item.href);
  const links = [...(dialect.page ? [dialect.page(update.id)] : []), ...others];
  return [...new Set(links)].filter((link) => /^https?:\/\/[!-~]{1,500}$/.test(link)).slice(0, 100);
}

/** What packages that were built together have in common: most of an update is a few such groups. */
interface Build {
  /** The first of them. */
  like: UpdatePackage;
  fixedVersion: string;
  channel: string | undefined;
  names: Set<string>;
}

/** Debug information and sources are not what runs: left out, they would make two thirds of what is stored. */
function readAffected(update: Update, dialect: Dialect): Affected[] {
  const { os, release } = dialect;
  const rows: Affected[] = [];
  const builds = new Map<string, Build>();
  let build: Build | undefined;
  for (const item of update.packages) {
    const { name, arch, module } = item;
    if (arch === 'src' || arch === 'nosrc' || (name.includes('-debug') && /-debug(info|source)(-|$)/.test(name))) continue;
    if (dialect.takes && !dialect.takes(item)) continue;
    if (!build || !isBuiltAs(build.like, item)) build = buildOf(item, builds, dialect);
    if (build.names.has(name)) continue;
    build.names.add(name);
    const row: Affected = { os, release, package: name, arch, fixedVersion: build.fixedVersion, kind: 'binary' };
    const channel = name.startsWith('kernel-livepatch-') ? 'livepatch' : build.channel;
    if (channel !== undefined) row.channel = channel;
    if (module !== '') row.module = module;
    rows.push(row);
  }
  return rows;
}

function isBuiltAs(one: UpdatePackage, other: UpdatePackage): boolean {
  return (
    one.arch === other.arch &&
    one.version === other.version &&
    one.release === other.release &&
    one.epoch === other.epoch &&
    one.module === other.module
  );
}

function buildOf(item: UpdatePackage, builds: Map<string, Build>, dialect: Dialect): Build {
  const { release, arch, module } = item;
  const fixedVersion = evr(item);
  const key = `${arch} ${fixedVersion} ${module}`;
  const known = builds.get(key);
  if (known) return known;
  const build: Build = { like: item, fixedVersion, channel: channelOf(release) ?? dialect.channel, names: new Set() };
  builds.set(key, build);
  return build;
}

function evr({ epoch, version, release }: UpdatePackage): string {
  return `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${version}-${release}`;
}

/**
 * Builds that mitigate or certify and stand beside the plain package: Amazon's `kernel-livepatch-6.1.12-19.43`, which closes a hole
 * without being a newer kernel, Oracle's `openssl-1.1.1g-15.ksplice1.el8_3` and `gnutls-3.6.14-8.el8_3_fips`.
 */
function channelOf(release: string): string | undefined {
  if (/\.ksplice\d/.test(release)) return 'ksplice';
  return release.includes('_fips') ? 'fips' : undefined;
}
