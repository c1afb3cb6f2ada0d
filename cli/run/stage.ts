/** A run's stage: the embedded AWS in virtual time, everything around it, and what watches the rollout. One at a time in a process. */
import { createVirtualClock } from '../../local/clock.ts';
import { createCloud } from '../../local/cloud.ts';
import { bootMessage, fleetMessage } from './boot.ts';
import { createObserver } from './observer.ts';
import { createSlackSecrets, openOutside } from './outside.ts';
import { decideAs, decisionsOf, openSites } from './story.ts';
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
  /** The policy whose rollout is run, and the instant its plan is made, ms; without one, an advisory starts it. */
  policy: string;
  plannedFor: number | undefined;
  /** The file's other policies: they start in the same world when their own time comes. */
  others: string[];
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
  /** Lets the rollout run to its end, or to where it waits for a person and the scenario has nobody who decides. */
  playOut(): Promise<void>;
  close(): Promise<void>;
}

/** Virtual time for the last messages to arrive. */
const DELIVERY_MS = 60_000;

/** Sets the stage and tells what stands on it. Rejects with what is wrong in the assembly. */
export async function openStage(config: WorldConfig, tell: (message: WorldMessage) => void): Promise<Stage> {
  const began = performance.now();
  const sites = openSites(config.feeds, config.scenario);
  const outside = await openOutside(sites.folder);
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
    sites.begin(clock, (happening) => observer.chronicle.note(happening));
    return {
      cloud,
      clock,
      observer,
      play: (reached) => play(clock, observer, reached),
      playOut: () => playStory({ cloud, clock, observer }, config),
      async close() {
        await Promise.all([outside.close(), cloud.stop()]);
        clock.uninstall();
        sites.close();
      },
    };
  } catch (error) {
    await outside.close();
    clock.uninstall();
    sites.close();
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

/** People of the scenario decide one after another, each when the rollout waits and their time has come. */
async function playStory({ cloud, clock, observer }: Pick<Stage, 'cloud' | 'clock' | 'observer'>, config: WorldConfig): Promise<void> {
  await play(clock, observer, () => observer.look());
  for (const decision of decisionsOf(config.scenario)) {
    const waiting = observer.waiting();
    if (waiting === undefined) return;
    const due = clock.now() + decision.afterMs;
    clock.at(due, () => undefined);
    while (clock.now() < due) {
      await clock.run(() => clock.now() >= due || observer.wantsToLook());
      await observer.look();
    }
    await decideAs(cloud, decision, waiting.slice(waiting.indexOf(' ') + 1));
    // The machine needs a moment to go on: until then it still seems to wait.
    await play(clock, observer, async () => (await observer.look()) && observer.waiting() !== waiting);
  }
}
