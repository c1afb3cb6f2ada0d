/**
 * Amazon Linux Security Advisories from the package repositories themselves: mirror.list → repomd.xml → updateinfo.xml.gz.
 * Nodes read the same files (Amazon Linux 2023 User Guide, "Advisories and RPM repositories"), so feed and `dnf updateinfo` agree on
 * ids and versions; the advisory pages carry no epochs. The x86_64 repository lists the packages of all architectures.
 */
import { z } from 'zod';
import { Advisory, CveId, plainText } from '../core/advisory.ts';
import type { Affected } from '../core/advisory.ts';
import type { Kind, Severity } from '../core/model.ts';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Raw, Reading } from './feed.ts';
import { isStale, parseCursor, sound, survey, unchangedHealth } from './reading.ts';
import { readRepomd, readUpdates, verifyChecksum } from './updateinfo.ts';
import type { Update } from './updateinfo.ts';

interface Repository {
  name: string;
  /** `VERSION_ID` of os-release, and the second part of platforms. */
  release: string;
  mirrorList: string;
  /** The collection that the repository is for; packages of others are not its to speak of. */
  collection: string;
  /** Where people read an advisory, followed by its id and `.html`. So since 2025; pages of older advisories may have a shorter name. */
  pages: string;
}

const HOST = 'cdn.amazonlinux.com';
/** Amazon Linux 2023 is released every one to two weeks. */
const QUIET_DAYS = 14;
/** Raise it when the same file would now be read differently. */
const PARSER = 1;

const KIB = 1024;
const MAX_UPDATEINFO = 64 * KIB * KIB;

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  checksum: z.string(),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
});

/** The core repository of Amazon Linux 2023, at its newest release. */
export const amazonLinux2023: Feed = amazonLinux({
  name: 'amazon-linux-2023',
  release: '2023',
  mirrorList: `https://${HOST}/al2023/core/mirrors/latest/x86_64/mirror.list`,
  collection: 'amazon-linux-2023',
  pages: 'https://alas.aws.amazon.com/AL2023/',
});

function amazonLinux(repository: Repository): Feed {
  return { name: repository.name, source: 'alas', platforms: [repository.name], everyHours: 1, hosts: [HOST], pull: (context) => pull(repository, context) };
}

async function pull(repository: Repository, context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const base = readMirrorList(await download(context, repository.mirrorList, 64 * KIB), repository.mirrorList);
  const repomdUrl = new URL('repodata/repomd.xml', base).href;
  const file = readRepomd(await download(context, repomdUrl, KIB * KIB), repomdUrl);
  const checksum = `${file.algorithm}:${file.checksum}`;
  if (before?.checksum === checksum) {
    return { kind: 'unchanged', cursor: JSON.stringify(before), health: unchangedHealth(before, QUIET_DAYS, context.now) };
  }
  if (!URL.canParse(file.href, base)) throw new FeedError('bad-repomd', `${repomdUrl} points to "${file.href}"`);
  const url = new URL(file.href, base).href;
  const bytes = await download(context, url, MAX_UPDATEINFO);
  verifyChecksum(bytes, file, url);
  const raw: Raw = { ...(await context.archive(bytes)), url };
  const readings = (): AsyncGenerator<Reading<Advisory>> => readAdvisories(bytes, repository, raw, context.now);
  const { problems, ...counted } = await survey(readings(), url, before);
  const health: FeedHealth = { ...counted, problems, stale: isStale(counted.newest, QUIET_DAYS, context.now) };
  const cursor = JSON.stringify({ parser: PARSER, checksum, ...counted } satisfies z.infer<typeof Cursor>);
  return { kind: 'advisories', cursor, health, raw, complete: true, advisories: { [Symbol.asyncIterator]: () => sound(readings()) } };
}

async function download(context: PullContext, url: string, maxBytes: number): Promise<Buffer> {
  const fetched = await context.fetch(url, { maxBytes });
  if (fetched.kind === 'bytes') return fetched.bytes;
  throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
}

/** The first mirror that may be read; they all lead to the same repository. */
function readMirrorList(bytes: Buffer, url: string): string {
  refuseWebPage(bytes, url);
  const lines = bytes
    .toString('latin1')
    .split('\n', 50)
    .map((line) => line.trim());
  const mirror = lines.find((line) => line.startsWith(`https://${HOST}/`) && URL.canParse(line));
  if (mirror === undefined) {
    throw new FeedError('bad-mirror-list', `${url} names no mirror on ${HOST}, but "${lines[0]?.slice(0, 100) ?? ''}"`);
  }
  return mirror.endsWith('/') ? mirror : `${mirror}/`;
}

async function* readAdvisories(bytes: Buffer, repository: Repository, raw: Raw, now: number): AsyncGenerator<Reading<Advisory>> {
  const seen = new Set<string>();
  for await (const update of readUpdates(bytes, raw.url)) {
    if (seen.has(update.id)) yield { record: update.id, problem: 'comes twice; the first one counts' };
    else yield readAdvisory(update, repository, raw, now);
    seen.add(update.id);
  }
}

function readAdvisory(update: Update, repository: Repository, raw: Raw, now: number): Reading<Advisory> {
  const published = readTime(update.issued, now);
  const updated = readTime(update.updated === '' ? update.issued : update.updated, now);
  if (published === undefined || updated === undefined) return { record: update.id, problem: `has no date, but "${update.issued}"` };
  if (!update.id.startsWith('ALAS')) return { record: update.id, problem: 'is no ALAS id' };
  const references = update.references.filter((item) => item.type.toLowerCase() !== 'cve').map((item) => item.href);
  const advisory = Advisory.safeParse({
    id: update.id,
    source: 'alas',
    title: plainText(update.title, 300),
    kind: KINDS[update.type] ?? 'other',
    published,
    updated,
    severity: SEVERITIES[update.severity.toLowerCase()] ?? 'unrated',
    ...(update.severity === '' ? {} : { severityRaw: plainText(update.severity, 40) }),
    cves: readCves(update),
    versionKind: 'rpm',
    affected: readAffected(update, repository),
    references: [...new Set([`${repository.pages}${update.id}.html`, ...references])].slice(0, 100),
    provenance: { feed: repository.name, url: raw.url, sha256: raw.sha256, fetchedAt: new Date(now).toISOString() },
  });
  if (advisory.success) return { item: advisory.data, published };
  const [issue] = advisory.error.issues;
  return { record: update.id, problem: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
}

const KINDS: Record<string, Kind> = { security: 'security', bugfix: 'bugfix', enhancement: 'enhancement' };

/** In capitals, in small letters, and `medium` where the model says `moderate`. */
const SEVERITIES: Record<string, Severity> = {
  critical: 'critical',
  important: 'important',
  medium: 'moderate',
  moderate: 'moderate',
  low: 'low',
};

/** `2023-02-17 20:41[:00]` without a zone is UTC; the future is cut to now, so that no clock of a deadline starts late. */
function readTime(text: string, now: number): string | undefined {
  const parts = text.match(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?$/);
  const time = parts ? Date.parse(`${parts[1]}T${parts[2]}${parts[3] ?? ':00'}Z`) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(Math.min(time, now)).toISOString();
}

function readCves(update: Update): string[] {
  const cves = update.references.map((item) => item.id).filter((id) => CveId.safeParse(id).success);
  return [...new Set(cves)].toSorted();
}

/** Debug information and sources are not what runs: left out, they would make two thirds of what is stored. */
function readAffected(update: Update, repository: Repository): Affected[] {
  const rows = new Map<string, Affected>();
  for (const item of update.packages) {
    if (item.collection !== repository.collection || item.arch === 'src' || /-debug(info|source)(-|$)/.test(item.name)) continue;
    const epoch = item.epoch === '' || item.epoch === '0' ? '' : `${item.epoch}:`;
    const fixedVersion = `${epoch}${item.version}-${item.release}`;
    const row: Affected = {
      os: 'amazon-linux',
      release: repository.release,
      package: item.name,
      arch: item.arch,
      fixedVersion,
      kind: 'binary',
    };
    rows.set(`${item.name} ${item.arch} ${fixedVersion}`, row);
  }
  return [...rows.values()];
}
