/** Synthesises the demo's template once for all tests that run it. */
import { rmSync } from 'node:fs';
import { readFleetFile } from '../cli/files/fleet.ts';
import { synthesise } from '../cli/run/synth.ts';

const FOLDER = 'WAVELOCK_TEST_ASSEMBLY';

/** Folder of the cloud assembly that the world tests read. A folder for each test run: two of them at once must not read each other's. */
export const ASSEMBLY = process.env[FOLDER] ?? `.build/test-${process.pid}`;

export default async function setup(): Promise<() => void> {
  process.env[FOLDER] = ASSEMBLY;
  await synthesise({ locations: readFleetFile('demo/fleet.yaml').fleet.locations, policy: 'demo/policy.yaml', directory: ASSEMBLY });
  return () => rmSync(ASSEMBLY, { recursive: true, force: true });
}
