/** A person accepts that a feed has shrunk: the next reading takes it as it is. Written into the record with the caller's ARN and reason. */
import { callerArn } from '../hub.ts';
import type { OpenHub } from '../hub.ts';

/** `2026-11-23 13:03 UTC` */
function minute(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}

/** Answers what was done, or why it cannot be. */
export async function acceptFeed(feed: string, why: string, { record }: OpenHub): Promise<{ done: boolean; text: string }> {
  const row = await record.feed(feed);
  if (!row) return { done: false, text: `no feed is called ${feed}: \`wavelock feeds\` lists those that were read` };
  if ((row.failures ?? 0) === 0 && row.lastSuccess !== undefined)
    return { done: false, text: `${feed} is well: it was read on ${minute(row.lastSuccess)}, so there is nothing to accept` };
  const who = await callerArn();
  const at = new Date().toISOString();
  // The reason first: a decision without its author must not be possible.
  await record.putEvent({ rollout: `feed-${feed}`, at, what: 'accept', who, why });
  await record.setFeed(feed, { cursor: '', wanted: at });
  return { done: true, text: `accept: the next reading takes ${feed} as it is, recorded as decided by ${who}` };
}
