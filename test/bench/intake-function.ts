/**
 * One invocation of one function in a process of its own, as Lambda's runtime makes it: `node intake-function.cjs <folder of the bundle>
 * <handler> <event>`. Tells its parent what it answered, and what it took: `Invoked`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** What an invocation answers: JSON. CPU in seconds, memory in MB, both of the whole process. */
export interface Invoked {
  answer?: unknown;
  error?: string;
  cpu: number;
  seconds: number;
  peakRss: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

async function main([folder = '', name = '', event = '']: string[]): Promise<void> {
  const began = performance.now();
  const outcome = await invoke(folder, name, event).then(
    (answer) => ({ answer }),
    (error: Error) => ({ error: error.stack ?? error.message }),
  );
  const { user, system } = process.cpuUsage();
  const invoked: Invoked = { ...outcome, cpu: (user + system) / 1e6, seconds: (performance.now() - began) / 1_000, peakRss: peakRss() };
  process.send?.(invoked, () => process.exit());
}

/** Linux counts a process's highest from before it was exec'ed, its parent's that is: the memory's own mark begins with the program (proc(5)). */
function peakRss(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kilobytes) / 1_024;
}

async function invoke(folder: string, name: string, event: string): Promise<unknown> {
  const file = resolve(join(folder, 'index.js'));
  const bundle = createRequire(file)(file) as { [name: string]: Handler };
  const handler = bundle[name];
  if (!handler) throw new Error(`${folder} has no handler ${name}`);
  const context = {
    functionName: name,
    awsRequestId: 'bench',
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    getRemainingTimeInMillis: () => 900_000,
  };
  return handler(JSON.parse(event), context);
}

void main(process.argv.slice(2));
