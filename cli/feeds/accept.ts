/** A person accepts that a feed has shrunk: the next reading takes it as it is. Written into the record with the caller's ARN and reason. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { openHub } from '../hub.ts';
import type { HubOptions } from '../hub.ts';

export interface AcceptOptions extends HubOptions {
  feed: string;
  why: string;
}

/** Answers what was done, or why it cannot be. Throws `NoHub`. */
export async function acceptFeed({ feed, why, ...hub }: AcceptOptions): Promise<{ done: boolean; text: string }> {
  const { record } = await openHub(hub);
  const row = await record.feed(feed);
  if (!row) return { done: false, text: `no feed is called ${feed}: \`wavelock feeds\` lists those that were read` };
  const { Arn: who = 'unknown' } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const at = new Date().toISOString();
  // The reason first: a decision without its author must not be possible.
  await record.putEvent({ rollout: `feed-${feed}`, at, what: 'accept', who, why });
  await record.setFeed(feed, { cursor: '', wanted: at });
  return { done: true, text: `accept: the next reading takes ${feed} as it is, recorded as decided by ${who}` };
}
