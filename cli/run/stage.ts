/** A run's stage: the embedded AWS in virtual time, everything around it, and what watches the rollout. One at a time in a process. */
import { createVirtualClock } from '../../local/clock.ts';
import { createCloud } from '../../local/cloud.ts';
import { bootMessage, fleetMessage } from './boot.ts';
import { createObserver } from './observer.ts';
import { createSlackSecrets, openOutside } from './outside.ts';
import { createWatch } from './watch.ts';
import type { VirtualClock } from '../../local/clock.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { FleetFile, Scenario } from '../../local/fleet/types.ts';
import type { Audience } from '../../lambdas/core/model.ts';
import type { WorldMessage } from './messages.ts';
import type { Observer } from './observer.ts';

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

export interface Stage {
  cloud: EmbeddedAws;
  clock: VirtualClock;
  observer: Observer;
  /** Lets time pass until `reached`, which is asked whenever something happened; then for as long as the last messages need. */
  play(reached: () => Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

/** Virtual time for the last messages to arrive. */
const DELIVERY_MS = 60_000;

/** Sets the stage and tells what stands on it. Rejects with what is wrong in the assembly. */
export async function openStage(config: WorldConfig, tell: (message: WorldMessage) => void): Promise<Stage> {
  const began = performance.now();
  const outside = await openOutside(config.feeds);
  const clock = createVirtualClock({ start: config.start });
  try {
    const watch = createWatch();
    const fleet = { file: config.fleet, ...(config.scenario ? { scenario: config.scenario } : {}) };
    const { assembly, seed } = config;
    const cloud = await createCloud({ assembly, clock, seed, fleet, faults: watch.faults, internet: outside.internet });
    await createSlackSecrets(cloud, config.people);
    tell(bootMessage(cloud, assembly, performance.now() - began));
    tell(fleetMessage(cloud));
    const observer = createObserver({ cloud, config, watch, slack: outside.slack, tell });
    return {
      cloud,
      clock,
      observer,
      play: (reached) => play(clock, observer, reached),
      async close() {
        await Promise.all([outside.close(), cloud.stop()]);
        clock.uninstall();
      },
    };
  } catch (error) {
    await outside.close();
    clock.uninstall();
    throw error;
  }
}

async function play(clock: VirtualClock, observer: Observer, reached: () => Promise<boolean>): Promise<void> {
  for (;;) {
    await clock.run(() => observer.wantsToLook());
    if (await reached()) break;
  }
  // What was published last is still on its way to mailboxes and channels.
  const delivered = clock.now() + DELIVERY_MS;
  clock.at(delivered, () => undefined);
  await clock.run(() => clock.now() >= delivered);
}
