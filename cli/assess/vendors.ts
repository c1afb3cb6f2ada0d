/** Advisories for an assessment: from a folder of the vendors' files, or from the vendors' sites, and then only for platforms that are there. */
import { atMost } from '../../lambdas/aws/survey/look.ts';
import { Records } from '../../lambdas/core/upsert.ts';
import type { Feed } from '../../lambdas/feeds/feed.ts';
import { createFetch } from '../../lambdas/feeds/fetch.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { pullAll, readFeedsFolder } from '../exposure/vendors.ts';
import type { Vendors } from '../exposure/vendors.ts';

export interface VendorOptions {
  /** Left out: the vendors' sites. */
  folder: string | undefined;
  /** `ubuntu-24.04-x86_64` */
  platforms: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  tell: (text: string) => void;
}

/** They only say that other feeds have something new. */
const TRIGGERS = new Set(['alas-rss']);
/** Each of them may have twenty requests open. */
const AT_ONCE = 4;
const USER_AGENT = 'wavelock-assess';

/** Reads them. What could not be read is in `unread`; nothing is stored. */
export async function readVendors({ folder, platforms, now, tell }: VendorOptions): Promise<Vendors> {
  if (folder !== undefined) return readFeedsFolder(folder, now);
  const wanted = feeds.filter((feed) => !TRIGGERS.has(feed.name) && concerns(feed, platforms));
  tell(`reading advisories of ${wanted.length} feeds from the vendors' sites`);
  const parts = await atMost(
    AT_ONCE,
    wanted.map((feed) => async () => {
      const part = await pullAll([feed], fetchOf, now);
      tell(`${feed.name}: ${part.unread.length > 0 && part.advisories.length === 0 ? 'could not be read' : 'read'}`);
      return part;
    }),
  );
  return joined(parts);
}

function concerns({ platforms }: Feed, ours: readonly string[]): boolean {
  return platforms.length === 0 || ours.some((platform) => platforms.some((beginning) => platform.startsWith(beginning)));
}

function fetchOf({ hosts }: Feed): ReturnType<typeof createFetch> {
  return createFetch({ hosts, baseUrls: {}, userAgent: USER_AGENT });
}

function joined(parts: readonly Vendors[]): Vendors {
  const records = new Records();
  for (const advisory of parts.flatMap((part) => part.advisories)) records.add(advisory);
  return {
    advisories: records.merged(),
    exploited: new Map(parts.flatMap(({ exploited }) => [...exploited])),
    scores: new Map(parts.flatMap(({ scores }) => [...scores])),
    lifecycles: parts.flatMap(({ lifecycles }) => lifecycles),
    unread: parts.flatMap(({ unread }) => unread),
  };
}
