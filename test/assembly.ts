/** Synthesises the demo's template once for all tests that run it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readFleetFile } from '../cli/files/fleet.ts';
import { synthesise } from '../cli/run/synth.ts';

const FOLDER = 'WAVELOCK_TEST_ASSEMBLY';
/** What the demo does not have: a maintenance window of Systems Manager, which only the spoke that it is in may read. */
export const MAINTENANCE_WINDOW = { ssm: 'mw-0123456789abcdef0', location: '111111111111/eu-central-1' };

/** Folder of the cloud assembly that the world tests read. A folder for each test run: two of them at once must not read each other's. */
export const ASSEMBLY = process.env[FOLDER] ?? `.build/test-${process.pid}`;

export default async function setup(): Promise<() => void> {
  process.env[FOLDER] = ASSEMBLY;
  const policy = `${ASSEMBLY}-policy.yaml`;
  mkdirSync(dirname(policy), { recursive: true });
  writeFileSync(
    policy,
    readFileSync('demo/policy.yaml', 'utf8').replace(/^windows:.*$/m, (line) => `${line}\n  erp: ${JSON.stringify(MAINTENANCE_WINDOW)}`),
  );
  await synthesise({ locations: readFleetFile('demo/fleet.yaml').fleet.locations, policy, directory: ASSEMBLY });
  return () => {
    rmSync(ASSEMBLY, { recursive: true, force: true });
    rmSync(policy, { force: true });
  };
}
