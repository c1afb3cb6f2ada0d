/** The demo's files, wherever the command is started: what ships with it is found from anywhere. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCENARIOS = 'demo/scenarios';

/** The path as it is; one that begins with `demo/` and is not here is that of this repository. */
export function shipped(path: string): string {
  return path.startsWith('demo/') && !existsSync(path) && existsSync(join(ROOT, path)) ? join(ROOT, path) : path;
}

/** File of a scenario that ships with it. */
export function scenarioPath(name: string): string {
  return shipped(`${SCENARIOS}/${name}.yaml`);
}

/** Names of the scenarios that ship with it, sorted. */
export function scenarioNames(): string[] {
  const files = readdirSync(join(ROOT, SCENARIOS)).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => file.slice(0, -'.yaml'.length)).toSorted();
}
