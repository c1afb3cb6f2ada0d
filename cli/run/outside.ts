/** What lies outside of AWS, as far as a laptop has it: the vendors' feeds, and Slack. */
import { createFeedServer } from '../../local/feeds/server.ts';
import { createSlackRecorder } from './slack.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { Internet } from '../../local/lambda/internet.ts';
import type { Audience } from '../../lambdas/core/model.ts';
import type { SlackRecorder } from './slack.ts';

/** Slack's webhooks live here; on a laptop this host is answered by a recorder. */
const SLACK_HOST = 'hooks.slack.com';

export interface Outside {
  /** Every other host is the feed server: nothing leaves the machine. */
  internet: Internet;
  slack: SlackRecorder;
  close(): Promise<void>;
}

/** Opens it on a folder of feeds. Rejects where the folder or a port is not to be had. */
export async function openOutside(feedsFolder: string): Promise<Outside> {
  const [feeds, slack] = await Promise.all([createFeedServer(feedsFolder), createSlackRecorder()]);
  return {
    internet: { [SLACK_HOST]: slack.url, '*': feeds.url },
    slack,
    close: async () => void (await Promise.all([feeds.close(), slack.close()])),
  };
}

/** The secret that the policy names for each audience with Slack: what an operator creates by hand on AWS. */
export async function createSlackSecrets(cloud: EmbeddedAws, people: Record<string, Audience>): Promise<void> {
  const hub = cloud.inventory.stacks[0];
  if (!hub) return;
  const administrator = cloud.administrator(hub.account, hub.region);
  const names = new Set<string>();
  for (const [audience, { slack }] of Object.entries(people)) {
    if (!slack || names.has(slack.secret)) continue;
    names.add(slack.secret);
    const SecretString = `https://${SLACK_HOST}/services/T000/B000/${encodeURIComponent(audience)}`;
    await cloud.call(administrator, 'secretsmanager', 'CreateSecret', { Name: slack.secret, SecretString });
  }
}
