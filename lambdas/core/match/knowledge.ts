/** Advisories by release and package, their versions read once: what a matcher looks things up in. */
import type { Advisory, Affected, Kb } from '../advisory.ts';
import { compareRead, readVersion } from '../versions/compare.ts';
import { rpmStream } from '../versions/rpm.ts';
import type { Version, VersionKind } from '../versions/compare.ts';
import { buildOf, buildOfChannel } from './channels.ts';
import { imageKey, isRpmKernel } from './kernels.ts';
import { moduleFamily } from './modules.ts';

/** One row of an advisory, made ready. */
export interface Row extends Affected {
  /** `undefined` where there is no fix, or its version cannot be read. */
  version: Version | undefined;
  /** Where not all older or newer versions are affected: the first and the last that are, if they can be read. */
  from: Version | undefined;
  upTo: Version | undefined;
  /** Which build it is of: empty for the plain one. */
  build: string;
  /** Of a modular build. */
  family: string | undefined;
  /** Of a kernel that is an rpm: `6.1`. */
  stream: string | undefined;
  /** Nothing sets it apart: no channel, build, module, source or bounds. */
  plain: boolean;
}

/** What one advisory says of one package of a release. */
export interface Entry {
  advisory: Advisory;
  rows: Row[];
}

/** What one advisory says of the updates of one release of Windows. */
export interface KbEntry {
  advisory: Advisory;
  kbs: Kb[];
}

export interface Release {
  /** By name of a binary package. */
  binaries: Map<string, Entry[]>;
  /** By name of a source package. */
  sources: Map<string, Entry[]>;
  /** Kernels whose build is in their name, by series and flavour. */
  images: Map<string, Entry[]>;
  kbs: KbEntry[];
  /** KB → those that replace it. */
  replacedBy: Map<string, Set<string>>;
}

/** Updates of products that are no release of Windows (.NET, SQL Server): under this name in place of `os-release`. */
export const OTHER_PRODUCTS = 'windows-other';

/** Reads versions, each text once. */
export type ReadVersion = (kind: VersionKind, text: string) => Version | undefined;

/** Reads versions and remembers them: a fleet has far fewer versions than packages. */
export function createVersionReader(): ReadVersion {
  const known: Record<VersionKind, Map<string, Version | undefined>> = { rpm: new Map(), deb: new Map() };
  return (kind, text) => {
    const versions = known[kind];
    if (versions.has(text)) return versions.get(text);
    const version = readVersion(kind, text);
    versions.set(text, version);
    return version;
  };
}

/** One package's entries: those with one plain row, of which nothing but the version decides, by the newest fix; and all others. */
export interface SortedEntries {
  simple: readonly Entry[];
  /** Without those that speak of modular builds only: they are nothing to a plain package. */
  others: readonly Entry[];
}

const sorted = new WeakMap<readonly Entry[], SortedEntries>();

/** Sorted when first asked for, once for each list. Those without a fix, or whose fix cannot be read, come first: they are always open. */
export function sortedEntries(entries: readonly Entry[]): SortedEntries {
  const known = sorted.get(entries);
  if (known) return known;
  const simple = entries.filter(({ rows }) => rows.length === 1 && rows[0]?.plain === true);
  const others = entries.filter(({ rows }) => (rows.length > 1 || rows[0]?.plain !== true) && !rows.every((row) => row.family !== undefined));
  const result = { simple: simple.toSorted((a, b) => newerFix(a.rows[0]?.version, b.rows[0]?.version)), others };
  sorted.set(entries, result);
  return result;
}

function newerFix(a: Version | undefined, b: Version | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return compareRead(b, a) ?? 0;
}

/** Advisories by `os-release`, without those that their vendor took back. */
export function indexKnowledge(advisories: Iterable<Advisory>, read: ReadVersion): Map<string, Release> {
  const releases = new Map<string, Release>();
  for (const advisory of advisories) {
    if (advisory.withdrawn !== undefined) continue;
    for (const affected of advisory.affected) {
      addRow(releaseOf(releases, `${affected.os}-${affected.release}`), advisory, rowOf(affected, advisory, read));
    }
    for (const kb of advisory.kbs ?? []) {
      addKb(releaseOf(releases, kb.release === undefined ? OTHER_PRODUCTS : `windows-${kb.release}`), advisory, kb);
    }
  }
  return releases;
}

function releaseOf(releases: Map<string, Release>, name: string): Release {
  const known = releases.get(name);
  if (known) return known;
  const release: Release = { binaries: new Map(), sources: new Map(), images: new Map(), kbs: [], replacedBy: new Map() };
  releases.set(name, release);
  return release;
}

function rowOf(affected: Affected, advisory: Advisory, read: ReadVersion): Row {
  const fixed = affected.fixedVersion;
  const kind = advisory.versionKind;
  const readOwn = (text: string | null | undefined): Version | undefined => (text == null || kind === undefined ? undefined : read(kind, text));
  const build = buildOfChannel(affected.channel) || buildOf(affected.package, fixed ?? '');
  const family = fixed === null ? undefined : moduleFamily(fixed);
  const isBounded = affected.introducedVersion !== undefined || affected.lastAffectedVersion !== undefined;
  const isApart = isBounded || affected.channel !== undefined || affected.module !== undefined || build !== '' || family !== undefined;
  return {
    ...affected,
    version: readOwn(fixed),
    from: readOwn(affected.introducedVersion),
    upTo: readOwn(affected.lastAffectedVersion),
    build,
    family,
    stream: fixed !== null && isRpmKernel(affected.package) ? rpmStream(fixed) : undefined,
    plain: !isApart && affected.kind === 'binary',
  };
}

function addRow(release: Release, advisory: Advisory, row: Row): void {
  if (row.kind === 'source') {
    addTo(release.sources, row.package, advisory, row);
    return;
  }
  addTo(release.binaries, row.package, advisory, row);
  const key = imageKey(row.package);
  if (key !== undefined) addTo(release.images, key, advisory, row);
}

/** Rows of one advisory come one after another, so its entry is the last one of each package. */
function addTo(entries: Map<string, Entry[]>, key: string, advisory: Advisory, row: Row): void {
  const list = entries.get(key);
  const last = list?.at(-1);
  if (last?.advisory === advisory) last.rows.push(row);
  else if (list) list.push({ advisory, rows: [row] });
  else entries.set(key, [{ advisory, rows: [row] }]);
}

function addKb(release: Release, advisory: Advisory, kb: Kb): void {
  const last = release.kbs.at(-1);
  if (last?.advisory === advisory) last.kbs.push(kb);
  else release.kbs.push({ advisory, kbs: [kb] });
  for (const older of kb.supersedes ?? []) {
    const newer = release.replacedBy.get(older) ?? new Set();
    newer.add(kb.kb);
    release.replacedBy.set(older, newer);
  }
}
