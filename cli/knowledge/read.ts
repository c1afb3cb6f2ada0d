/**
 * Reads vendors' advisories on this machine, without a stack: from a folder of files, or from the vendors' sites. For commands that ask
 * what a fleet is exposed to. Nothing is stored, and a feed that cannot be read is a problem in words: the others go on.
 */
import { createHash } from 'node:crypto';
import type { Advisory, KnownExploited, Lifecycle, Score } from '../../lambdas/core/advisory.ts';
import { atMost } from '../../lambdas/aws/survey/look.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import type { Feed, PullContext } from '../../lambdas/feeds/feed.ts';
import { createFetch } from '../../lambdas/feeds/fetch.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { openFeedFolder } from '../../local/feeds/folder.ts';

export interface ReadKnowledgeOptions {
  /** Folder of advisories; left out: the vendors' sites. */
  folder?: string;
  /** Platforms of the fleet, `ubuntu-24.04-x86_64`: only feeds that concern them are read. Left out: all feeds. */
  platforms?: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  tell?: (text: string) => void;
}

export interface ReadKnowledge {
  advisories: Advisory[];
  /** By CVE. */
  exploited: Map<string, KnownExploited>;
  scores: Map<string, Score>;
  lifecycles: Lifecycle[];
  /** One line for each feed that could not be read, or not wholly. */
  problems: string[];
}

/** They only say that others have something new. */
const TRIGGERS = new Set(['alas-rss']);
/** Each of them may have twenty requests open. */
const FEEDS_AT_ONCE = 4;
const USER_AGENT = 'wavelock (https://github.com/wavelock/wavelock)';

/** Reads everything that concerns these platforms. Never rejects because of a feed. */
export async function readKnowledge(options: ReadKnowledgeOptions): Promise<ReadKnowledge> {
  const knowledge: ReadKnowledge = { advisories: [], exploited: new Map(), scores: new Map(), lifecycles: [], problems: [] };
  const context = contextOf(options);
  const wanted = feeds.filter((feed) => !TRIGGERS.has(feed.name) && concerns(feed, options.platforms));
  await atMost(FEEDS_AT_ONCE, wanted.map((feed) => () => readFeed(feed, context(feed), { knowledge, options })));
  knowledge.advisories = joined(knowledge.advisories);
  return knowledge;
}

function concerns({ platforms }: Feed, ours: readonly string[] | undefined): boolean {
  return platforms.length === 0 || ours === undefined || ours.some((platform) => platforms.some((beginning) => platform.startsWith(beginning)));
}

/** Nothing is kept; records still name the hash of what they were read from. */
function archive(bytes: Uint8Array): Promise<{ key: string; sha256: string }> {
  return Promise.resolve({ key: 'none', sha256: createHash('sha256').update(bytes).digest('hex') });
}

/** How a feed reaches its bytes. A folder that lacks a feed's files is no problem: it holds what somebody put there. */
function contextOf({ folder, now }: ReadKnowledgeOptions): (feed: Feed) => PullContext {
  const common = { cursor: undefined, now, archive };
  if (folder === undefined) return (feed) => ({ ...common, fetch: createFetch({ hosts: feed.hosts, baseUrls: {}, userAgent: USER_AGENT }) });
  const files = openFeedFolder(folder);
  const fetch: PullContext['fetch'] = (url) => {
    const bytes = files.find(decodeURIComponent(url.replace('https:/', '')));
    if (!bytes) return Promise.reject(new FeedError('refused', `${url} is not in ${folder}`));
    return Promise.resolve({ kind: 'bytes', bytes, etag: undefined });
  };
  return () => ({ ...common, fetch });
}

interface Reading {
  knowledge: ReadKnowledge;
  options: ReadKnowledgeOptions;
}

async function readFeed(feed: Feed, context: PullContext, { knowledge, options }: Reading): Promise<void> {
  try {
    const records = await collect(feed, context, knowledge);
    options.tell?.(`${feed.name}: ${records.toLocaleString('en-US')} records`);
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    const absent = options.folder !== undefined && error.code === 'refused';
    if (!absent) knowledge.problems.push(`${feed.name} could not be read: ${error.message}`);
  }
}

/** Answers how many records were read. */
async function collect(feed: Feed, context: PullContext, knowledge: ReadKnowledge): Promise<number> {
  const pulled = await feed.pull(context);
  switch (pulled.kind) {
    case 'advisories':
      for await (const advisory of pulled.advisories) knowledge.advisories.push(advisory);
      break;
    case 'parts':
      return collectParts(feed, context, { parts: pulled.parts, knowledge });
    case 'exploited':
      for await (const entry of pulled.exploited) knowledge.exploited.set(entry.cve, entry);
      break;
    case 'scores':
      for await (const score of pulled.scores) knowledge.scores.set(score.cve, score);
      break;
    case 'lifecycles':
      for await (const lifecycle of pulled.lifecycles) knowledge.lifecycles.push(lifecycle);
      break;
    case 'unchanged':
    case 'trigger':
  }
  return pulled.health.records;
}

async function collectParts(feed: Feed, context: PullContext, { parts, knowledge }: { parts: string[][]; knowledge: ReadKnowledge }): Promise<number> {
  let records = 0;
  let unreadable = 0;
  for (const part of parts) {
    for await (const reading of feed.pullPart?.(context, part) ?? []) {
      if ('item' in reading) knowledge.advisories.push(reading.item);
      else if (reading.outOfScope !== true) unreadable += 1;
      records += 1;
    }
  }
  if (unreadable > 0) knowledge.problems.push(`${feed.name}: ${unreadable} of ${records} records could not be read`);
  return records;
}

/** One id may come from several records (AlmaLinux 8 and 9 share some): their packages belong together under (source, id). */
function joined(advisories: readonly Advisory[]): Advisory[] {
  const byKey = new Map<string, Advisory>();
  for (const advisory of advisories) {
    const key = `${advisory.source} ${advisory.id}`;
    const known = byKey.get(key);
    byKey.set(key, known ? { ...known, affected: [...known.affected, ...advisory.affected], cves: [...new Set([...known.cves, ...advisory.cves])] } : advisory);
  }
  return [...byKey.values()];
}
