/**
 * A feed made of yum repositories: mirror list or base URL → repomd.xml → updateinfo. repomd.xml is small and holds the checksum of
 * updateinfo, so that a poll without news costs one or two requests a repository, and what comes is what was announced.
 */
import { z } from 'zod';
import type { Advisory } from '../core/advisory.ts';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Raw, Reading } from './feed.ts';
import { isStale, parseCursor, sound, survey, unchangedHealth } from './reading.ts';
import type { Remembered } from './reading.ts';
import { readAdvisories } from './updateinfo-advisory.ts';
import type { Dialect } from './updateinfo-advisory.ts';
import { findUpdateinfo, verifyChecksum } from './updateinfo.ts';
import type { RepositoryFile } from './updateinfo.ts';

export interface Repository {
  /** Names it within its feed: `baseos`. */
  name: string;
  /** Where it is: a file of mirrors, one a line, or the address above `repodata/`. */
  at: { mirrorList: string } | { base: string };
  dialect: Dialect;
}

export interface RepositoriesFeed extends Omit<Feed, 'pull' | 'pullPart'> {
  /** Days after which a silent feed is stale. */
  quietDays: number;
  repositories: readonly Repository[];
}

/** A repository whose updateinfo is announced: where, and with which checksum. */
export interface Announced {
  repository: Repository;
  url: string;
  file: RepositoryFile;
}

/** Raise it when the same file would now be read differently. */
export const UPDATEINFO_PARSER = 3;

const KIB = 1024;
/** Bytes, as sent. Oracle Linux 8's AppStream has the largest known, below 20 MB. */
const MAX_UPDATEINFO = 64 * KIB * KIB;

const Cursor = z.strictObject({
  parser: z.literal(UPDATEINFO_PARSER),
  /** By repository. */
  checksums: z.record(z.string(), z.string()),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
});

/**
 * The feed of these repositories, which all have to be there. It answers with all advisories of all of them whenever the updateinfo
 * of one has changed; the same id from two repositories is yielded twice, each with the packages of its own.
 */
export function updateinfoFeed(settings: RepositoriesFeed): Feed {
  const { name, source, hosts, platforms, everyHours } = settings;
  return { name, source, hosts, platforms, everyHours, parser: UPDATEINFO_PARSER, pull: (context) => pull(settings, context) };
}

async function pull(settings: RepositoriesFeed, context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const announced: Announced[] = [];
  for (const repository of settings.repositories) {
    const found = await announce(context, repository, await findBase(context, repository, settings.hosts));
    if (!found) throw new FeedError('bad-repomd', `${repository.name} of ${settings.name} announces no updateinfo`);
    announced.push(found);
  }
  const checksums = Object.fromEntries(announced.map((item) => [item.repository.name, checksumOf(item.file)]));
  if (before && announced.every(({ repository: { name } }) => before.checksums[name] === checksums[name])) {
    return { kind: 'unchanged', cursor: JSON.stringify(before), health: unchangedHealth(before, settings.quietDays, context.now) };
  }
  const { counted, ...read } = await readAnnounced(context, announced, { ...settings, before });
  return { ...read, cursor: JSON.stringify({ parser: UPDATEINFO_PARSER, checksums, ...counted } satisfies z.infer<typeof Cursor>) };
}

/** `sha256:…`, as cursors remember it. */
export function checksumOf(file: RepositoryFile): string {
  return `${file.algorithm}:${file.checksum}`;
}

/** Fetches what has to be there. Throws `FeedError`. */
export async function download(context: PullContext, url: string, maxBytes: number): Promise<Buffer> {
  const fetched = await context.fetch(url, { maxBytes });
  if (fetched.kind === 'bytes') return fetched.bytes;
  throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
}

/** The address above `repodata/`, with a slash at its end. Of several mirrors the first that may be read: they lead to the same files. */
export async function findBase(context: PullContext, { at }: Repository, hosts: readonly string[]): Promise<string> {
  if ('base' in at) return closed(at.base);
  const bytes = await download(context, at.mirrorList, 64 * KIB);
  refuseWebPage(bytes, at.mirrorList);
  const lines = bytes
    .toString('latin1')
    .split('\n', 50)
    .map((line) => line.trim());
  const mirror = lines.find((line) => hosts.some((host) => line.startsWith(`https://${host}/`)) && URL.canParse(line));
  if (mirror !== undefined) return closed(mirror);
  const first = lines[0]?.slice(0, 100) ?? '';
  throw new FeedError('bad-mirror-list', `${at.mirrorList} names no mirror on ${hosts.join(' or ')}, but "${first}"`);
}

function closed(address: string): string {
  return address.endsWith('/') ? address : `${address}/`;
}

/** What repomd.xml under `base` says of updateinfo; `undefined` for a repository without advisories. */
export async function announce(context: PullContext, repository: Repository, base: string): Promise<Announced | undefined> {
  const repomdUrl = new URL('repodata/repomd.xml', base).href;
  const file = findUpdateinfo(await download(context, repomdUrl, KIB * KIB), repomdUrl);
  if (!file) return undefined;
  if (!URL.canParse(file.href, base)) throw new FeedError('bad-repomd', `${repomdUrl} points to "${file.href}"`);
  return { repository, file, url: new URL(file.href, base).href };
}

type Read = Omit<Pulled & { kind: 'advisories' }, 'cursor'> & { counted: Omit<Remembered, 'parser'> };

/** Fetches, verifies and archives the announced files and reads each to its end. Throws `FeedError`. */
export async function readAnnounced(
  context: PullContext,
  announced: readonly Announced[],
  settings: { name: string; quietDays: number; before: Remembered | undefined },
): Promise<Read> {
  const files: { bytes: Buffer; raw: Raw; dialect: Dialect }[] = [];
  for (const { url, file, repository } of announced) {
    const bytes = await download(context, url, MAX_UPDATEINFO);
    verifyChecksum(bytes, file, url);
    files.push({ bytes, raw: { ...(await context.archive(bytes)), url }, dialect: repository.dialect });
  }
  async function* readings(): AsyncGenerator<Reading<Advisory>> {
    for (const { bytes, raw, dialect } of files) yield* readAdvisories(bytes, dialect, raw, context.now);
  }
  const raw = await rawOf(
    context,
    files.map((file) => file.raw),
  );
  const { problems, ...counted } = await survey(readings(), files.length === 1 ? raw.url : settings.name, settings.before);
  const health: FeedHealth = { ...counted, problems, stale: isStale(counted.newest, settings.quietDays, context.now) };
  return { kind: 'advisories', complete: true, health, counted, raw, advisories: { [Symbol.asyncIterator]: () => sound(readings()) } };
}

/** One file stands for itself; of several the list is archived too, so that a whole reading can be repeated. */
export async function rawOf(context: PullContext, files: readonly Raw[]): Promise<Raw> {
  const [first, ...others] = files;
  if (first && others.length === 0) return first;
  const list = Buffer.from(files.map((file) => `${JSON.stringify({ url: file.url, sha256: file.sha256, key: file.key })}\n`).join(''));
  return { ...(await context.archive(list)), url: first?.url ?? '' };
}
