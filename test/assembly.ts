/** Synthesises the demo's template once for all tests that run it. */
import { readFleetFile } from '../cli/files/fleet.ts';
import { synthesise } from '../cli/run/synth.ts';

/** Folder of the cloud assembly that the world tests read. */
export const ASSEMBLY = '.build/test-assembly';

export default async function setup(): Promise<void> {
  await synthesise({ locations: readFleetFile('demo/fleet.yaml').fleet.locations, policy: 'demo/policy.yaml', directory: ASSEMBLY });
}
