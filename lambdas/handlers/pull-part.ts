import { Retryable, Terminal } from '../core/errors.ts';
import { createFetch } from '../feeds/fetch.ts';
import { FeedError } from '../feeds/feed.ts';
import { findFeed } from '../feeds/index.ts';
import { leaveReason, readPart } from './feed-parts.ts';
import { implement } from './implement.ts';
import { USER_AGENT } from './user-agent.ts';

/** Reads one part of a feed's records and leaves what it has read in the store. StoreFeed tells about parts that never came. */
export const handler = implement('PullPart', async (item, deps) => {
  const feed = findFeed(item.feed);
  if (!feed) throw new Terminal(`no feed is called ${item.feed}`);
  const fetch = createFetch({ hosts: feed.hosts, baseUrls: {}, userAgent: USER_AGENT });
  try {
    return await readPart(feed, item, fetch, deps);
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    await leaveReason(item, error.message, deps);
    if (error.retryable) throw new Retryable(error.message, { cause: error });
    throw error;
  }
});
