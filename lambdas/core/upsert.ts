/**
 * What becomes of advisories when a feed was read again: which are new, changed in substance, only re-issued, or gone from it; in which
 * shard of the store each of their rows lies; and what one advisory is that came in several records. Pure: the caller hashes and stores.
 */
import type { Advisory, Affected, Kb } from './advisory.ts';
import { Severity } from './model.ts';

/** What the store remembers of one advisory of a feed. */
export interface IndexEntry {
  /** Hash of `substance`. */
  substance: string;
  updated: string;
  /** When Wavelock first saw it, ISO-8601 UTC. */
  seen: string;
  withdrawn?: string;
  /** It was withdrawn because it had vanished, not by the vendor's word: should it be there again, it counts again. */
  vanished?: true;
  /** Shards that hold its rows. */
  where: string[];
}

/** One feed's table of contents. */
export interface FeedIndex {
  advisories: ReadonlyMap<string, IndexEntry>;
  /** Every CVE that they name, sorted. */
  cves: string[];
}

export const EMPTY_INDEX: FeedIndex = { advisories: new Map(), cves: [] };

/** KBs of products that are no release of Windows: .NET, SQL Server, Office. */
export const OTHER_KBS = 'windows-other';
/** Advisories that name nothing to compare: known, looked up by id, and loaded by nobody. */
const NOTHING = 'none';

/** Shards that hold an advisory's rows, sorted: `amazon-linux-2023`, `windows-2022`. */
export function shardsOf(advisory: Advisory): string[] {
  const shards = new Set([...advisory.affected.map(shardOfRow), ...(advisory.kbs ?? []).map(shardOfKb)]);
  return shards.size === 0 ? [NOTHING] : [...shards].toSorted();
}

function shardOfRow(row: Affected): string {
  return `${row.os}-${row.release}`;
}

function shardOfKb(kb: Kb): string {
  return kb.release === undefined ? OTHER_KBS : `windows-${kb.release}`;
}

/** Shards that nodes of these platforms (`os-release-arch`) need, sorted. */
export function shardsFor(platforms: readonly string[]): string[] {
  const shards = new Set(platforms.map((platform) => platform.slice(0, platform.lastIndexOf('-'))));
  if ([...shards].some((shard) => shard.startsWith('windows-'))) shards.add(OTHER_KBS);
  return [...shards].toSorted();
}

/** The advisory with only the rows that lie in one shard. */
export function portionOf(advisory: Advisory, shard: string): Advisory {
  const { kbs, ...rest } = advisory;
  const affected = advisory.affected.filter((row) => shardOfRow(row) === shard);
  const here = kbs?.filter((kb) => shardOfKb(kb) === shard) ?? [];
  return { ...rest, affected, ...(here.length > 0 ? { kbs: here } : {}) };
}

/** Advisories of which there may be several records: by source and id, each once in the end. */
export class Records {
  readonly #records = new Map<string, [Advisory, ...Advisory[]]>();

  add(advisory: Advisory): void {
    const name = `${advisory.source} ${advisory.id}`;
    const known = this.#records.get(name);
    if (known) known.push(advisory);
    else this.#records.set(name, [advisory]);
  }

  merged(): Advisory[] {
    return [...this.#records.values()].map(mergeRecords);
  }
}

/**
 * All records of one (source, id) as one advisory, whatever their order. They may be its parts (releases, architectures, repositories) or
 * its revisions: of each package the rows of the record count that was updated last. CVEs and links are those of all that still say
 * something, with the graver severity and the earliest publication; words and provenance of the one updated last.
 */
export function mergeRecords(records: readonly [Advisory, ...Advisory[]]): Advisory {
  if (records.length === 1) return records[0];
  const ordered = records.toSorted(olderFirst);
  const current = ordered.some(({ updated }) => updated !== ordered[0]?.updated) ? withoutOutdated(ordered) : ordered;
  const standing = current.filter(({ withdrawn }) => withdrawn === undefined);
  const whole = (standing.length > 0 ? standing : current).reduce(united);
  return { ...whole, published: ordered.reduce((first, { published }) => (published < first ? published : first), whole.published) };
}

/** Of several with one date any order does, as long as it is always the same. */
function olderFirst(one: Advisory, two: Advisory): number {
  if (one.updated !== two.updated) return one.updated < two.updated ? -1 : 1;
  const [first, second] = [JSON.stringify(one), JSON.stringify(two)];
  return first < second ? -1 : first === second ? 0 : 1;
}

/**
 * Without rows of packages of which a newer record speaks, and without records of which nothing is left then. A withdrawn one takes back
 * whatever is older in its own feed; what other feeds have is theirs, as far as it does not speak of these packages.
 */
function withoutOutdated(ordered: readonly Advisory[]): Advisory[] {
  const newest = new Map<string, string>();
  const takenBack = new Map<string, string>();
  for (const { updated, affected, withdrawn, provenance } of ordered) {
    if (withdrawn !== undefined) takenBack.set(provenance.feed, updated);
    for (const row of affected) newest.set(packageOf(row), updated);
  }
  return ordered.flatMap((record) => {
    const { updated, affected, provenance } = record;
    if (updated < (takenBack.get(provenance.feed) ?? '')) return [];
    const current = affected.filter((row) => newest.get(packageOf(row)) === updated);
    if (current.length === affected.length) return [record];
    return current.length === 0 ? [] : [{ ...record, affected: current }];
  });
}

function packageOf({ os, release, package: name, kind, arch = '', channel = '', module = '' }: Affected): string {
  return [os, release, kind, name, arch, channel, module].join(' ');
}

function united(older: Advisory, newer: Advisory): Advisory {
  const versionKind = newer.versionKind ?? older.versionKind;
  const kbs = unique([...(older.kbs ?? []), ...(newer.kbs ?? [])]);
  const supersedes = unique([...(older.supersedes ?? []), ...(newer.supersedes ?? [])]);
  const cvss = Math.max(older.cvss ?? -1, newer.cvss ?? -1);
  return {
    ...older,
    ...newer,
    severity: Severity.options.find((severity) => severity === older.severity || severity === newer.severity) ?? newer.severity,
    cves: unique([...older.cves, ...newer.cves]).toSorted(),
    ...(versionKind === undefined ? {} : { versionKind }),
    affected: unique([...older.affected, ...newer.affected]),
    ...(kbs.length > 0 ? { kbs } : {}),
    ...(supersedes.length > 0 ? { supersedes: supersedes.slice(0, 100) } : {}),
    ...eitherOf('rebootSuggested', older, newer),
    ...eitherOf('exploited', older, newer),
    ...(cvss >= 0 ? { cvss } : {}),
    references: unique([...newer.references, ...older.references]).slice(0, 100),
  };
}

function eitherOf(flag: 'rebootSuggested' | 'exploited', one: Advisory, two: Advisory): Partial<Advisory> {
  if (one[flag] === undefined && two[flag] === undefined) return {};
  return { [flag]: one[flag] === true || two[flag] === true };
}

function unique<Item>(items: Item[]): Item[] {
  const seen = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...seen.values()];
}

/**
 * What is new about an advisory. `changed`: something that could alter a rollout. `reissued`: only words or dates; it is stored, and starts
 * nothing.
 */
export function judgeNews(before: IndexEntry | undefined, now: { substance: string; updated: string }): 'new' | 'changed' | 'reissued' | 'same' {
  if (before === undefined) return 'new';
  if (before.substance !== now.substance) return 'changed';
  return before.updated === now.updated ? 'same' : 'reissued';
}

/** What a complete reading of a feed found. */
export interface CompleteReading {
  /** Ids that the feed has. */
  present: ReadonlySet<string>;
  /** Records that could not be read, and why, as `FeedHealth` has it. */
  skipped: number;
  problems: readonly string[];
}

/** Ids that had vanished and are there again. */
export function returnedTo(index: FeedIndex, present: ReadonlySet<string>): string[] {
  return [...index.advisories].flatMap(([id, entry]) => (entry.vanished === true && present.has(id) ? [id] : []));
}

/** A tenth: OSV.dev takes a source for broken that would lose more at once. */
const MOST_GONE = 0.1;

/**
 * Ids that are gone from a feed since it was last read, and whether they are so many that rather the feed is broken. A record that could
 * not be read is not gone; where not all of those are known by name, nothing is taken for gone.
 */
export function goneFrom(index: FeedIndex, reading: CompleteReading): { gone: string[]; tooMany: boolean } {
  const { present, skipped, problems } = reading;
  if (skipped > problems.length || problems.some((problem) => problem.startsWith('a record without id'))) return { gone: [], tooMany: false };
  const standing = [...index.advisories].filter(([, entry]) => entry.withdrawn === undefined);
  const gone = standing.flatMap(([id]) => (present.has(id) || problems.some((problem) => problem.startsWith(`${id}: `)) ? [] : [id]));
  return { gone, tooMany: gone.length > standing.length * MOST_GONE };
}

/** Bytes of JSON. A DynamoDB item holds 400 KB (DynamoDB Developer Guide, "Quotas"); keys and bookkeeping need room as well. */
const ROW_LIMIT = 350_000;

/**
 * The advisory as its row in the record holds it. An item has a limit: of the few that are too large the row has all but the packages, and
 * `where` names the shards that have those.
 */
export function rowDocument(advisory: Advisory): { document: Advisory; where?: string[] } {
  if (new TextEncoder().encode(JSON.stringify(advisory)).length <= ROW_LIMIT) return { document: advisory };
  const { kbs: _kbs, ...rest } = advisory;
  return { document: { ...rest, affected: [] }, where: shardsOf(advisory) };
}
