/** What `wavelock local` keeps running: the embedded AWS in real time, with the vendors' feeds and Slack around it. */
import { createRealClock } from '../../local/clock.ts';
import { createCloud } from '../../local/cloud.ts';
import { createSlackSecrets, openOutside } from './outside.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import type { PolicyFile } from '../../lambdas/core/model.ts';

export interface LocalInput {
  fleet: FleetFile;
  policyFile: PolicyFile;
  /** Folder of advisories. */
  feeds: string;
  /** On 127.0.0.1; 0 lets the system choose. */
  port: number;
}

export interface LocalWorld {
  cloud: EmbeddedAws;
  close(): Promise<void>;
}

/** Boots it. Rejects with `EADDRINUSE` where the port is taken; nothing listens then. */
export async function openLocal({ fleet, policyFile, feeds, port }: LocalInput, assembly: string): Promise<LocalWorld> {
  const outside = await openOutside(feeds);
  try {
    const cloud = await createCloud({ assembly, clock: createRealClock(), seed: 1, fleet: { file: fleet }, port, internet: outside.internet });
    await createSlackSecrets(cloud, policyFile.people);
    return { cloud, close: async () => void (await Promise.all([cloud.stop(), outside.close()])) };
  } catch (error) {
    await outside.close();
    throw error;
  }
}
