/**
 * The world of a run: the embedded AWS in virtual time, in a process of its own, because its clock replaces the process's timers.
 * It waits for its configuration, runs one rollout to its end or hold, and tells what happens as it happens.
 */
import { createVirtualClock } from '../../local/clock.ts';
import { createCloud } from '../../local/cloud.ts';
import { createFeedServer } from '../../local/feeds/server.ts';
import { bootMessage, fleetMessage } from './boot.ts';
import { createObserver } from './observer.ts';
import { createSlackRecorder } from './slack.ts';
import { createWatch } from './watch.ts';
import type { VirtualClock } from '../../local/clock.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { FleetFile, Scenario } from '../../local/fleet/types.ts';
import type { Audience } from '../../lambdas/core/model.ts';
import type { WorldMessage } from './messages.ts';

export interface WorldConfig {
  /** Folder of the cloud assembly. */
  assembly: string;
  fleet: FleetFile;
  scenario?: Scenario;
  people: Record<string, Audience>;
  /** The policy whose rollout is run, and the instant its plan is made, ms. */
  policy: string;
  plannedFor: number;
  /** Virtual start, ms. */
  start: number;
  feeds: string;
  seed: number;
}

/** Virtual time for the last messages to arrive. */
const DELIVERY_MS = 60_000;
/** Slack's webhooks live here; on a laptop this host is answered by a recorder. */
const SLACK_HOST = 'hooks.slack.com';

function tell(message: WorldMessage): void {
  process.send?.(message);
}

/** Runs the world of one configuration. */
async function run(config: WorldConfig): Promise<void> {
  const began = performance.now();
  const [feeds, slack] = await Promise.all([createFeedServer(config.feeds), createSlackRecorder()]);
  const clock = createVirtualClock({ start: config.start });
  const watch = createWatch();
  const fleet = { file: config.fleet, ...(config.scenario ? { scenario: config.scenario } : {}) };
  const cloud = await createCloud({ assembly: config.assembly, clock, seed: config.seed, fleet, faults: watch.faults, internet: { [SLACK_HOST]: slack.url, '*': feeds.url } });
  await createSlackSecrets(cloud, config.people);
  tell(bootMessage(cloud, config.assembly, performance.now() - began));
  tell(fleetMessage(cloud));
  const observer = createObserver({ cloud, config, watch, slack, tell });
  await drive(clock, observer);
  tell(await observer.ended());
  await Promise.all([feeds.close(), slack.close(), cloud.stop()]);
  clock.uninstall();
}

/** Lets time pass until the rollout has ended or waits for a person; between two steps the observer may look. */
async function drive(clock: VirtualClock, observer: ReturnType<typeof createObserver>): Promise<void> {
  for (;;) {
    await clock.run(() => observer.wantsToLook());
    if (await observer.look()) break;
  }
  // What was published last is still on its way to mailboxes and channels.
  const delivered = clock.now() + DELIVERY_MS;
  clock.at(delivered, () => undefined);
  await clock.run(() => clock.now() >= delivered);
}

/** The secret that the policy names for each audience with Slack: what an operator creates by hand on AWS. */
async function createSlackSecrets(cloud: EmbeddedAws, people: Record<string, Audience>): Promise<void> {
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

process.once('message', (config: WorldConfig) => {
  run(config).catch((error: unknown) => tell({ type: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
});
