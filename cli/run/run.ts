/** `wavelock run`: reads the input, synthesises, lets the world run in a process of its own, shows what it tells, leaves the report. */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkOutFolder } from '../files/out-folder.ts';
import { InputErrors } from '../files/problems.ts';
import { reportHtml } from '../report/html.ts';
import { jsonText } from '../ui/text.ts';
import { createView } from '../ui/terminal.ts';
import { readInput } from './input.ts';
import { LAST_RUN_FILE } from './last.ts';
import { EXIT } from './messages.ts';
import { exitOnSignals, scratchFolder } from './scratch.ts';
import { synthesise } from './synth.ts';
import type { ChildProcess } from 'node:child_process';
import type { View } from '../ui/terminal.ts';
import type { RunInput, RunOptions } from './input.ts';
import type { WorldMessage } from './messages.ts';
import type { WorldConfig } from './stage.ts';

type Ended = Extract<WorldMessage, { type: 'ended' }>;

/** Runs and answers the exit status. */
export async function run(options: RunOptions): Promise<number> {
  const started = performance.now();
  // With --json standard output belongs to the document.
  const stream = options.json === true ? process.stderr : process.stdout;
  const input = readOrExplain(options);
  if (!input) return EXIT.badInput;
  // `isTTY` is absent, not false, where there is no terminal.
  const terminal = 'isTTY' in stream && stream.isTTY;
  const tty = terminal && process.env.CI === undefined;
  const color = terminal && (process.env.NO_COLOR ?? '') === '';
  const view = createView({ stream, tty, color, scenario: input.scenarioName, policy: input.policy.name, others: othersOf(input), out: options.out });
  // A folder for each run: two of them at once must not read each other's template.
  exitOnSignals();
  const assembly = scratchFolder('wavelock-run-');
  // The world loads its parts while the template is being made.
  const world = fork(fileURLToPath(new URL('./world.ts', import.meta.url)), [], {
    execArgv: ['--import', import.meta.resolve('tsx'), '--max-semi-space-size=64'],
    env: process.env,
    // Standard output is ours alone: whatever it may print is no part of a document.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  process.once('exit', () => world.kill());
  // It may die while the template is still being made.
  const died = new Promise<never>((_resolve, reject) => {
    world.on('error', reject);
    world.on('exit', (code) => reject(new Error(`the embedded AWS ended by itself (${code}), see above`)));
  });
  died.catch(() => undefined);
  try {
    await Promise.race([synth(input, assembly, view), died]);
    const ended = await Promise.race([live(world, { input, assembly }, view), died]);
    ended.document.wallMs = Math.round(performance.now() - started);
    leaveReport(options, input, ended);
    view.show(ended);
    await view.close();
    // From here on the verdict stands, whether or not anybody reads the document.
    process.exitCode = EXIT[ended.document.status];
    if (options.json === true) process.stdout.write(`${jsonText(ended.document)}\n`);
    return EXIT[ended.document.status];
  } catch (error) {
    view.fail((error as Error).message);
    await view.close();
    return EXIT.failed;
  } finally {
    world.kill();
  }
}

function readOrExplain(options: RunOptions): RunInput | undefined {
  try {
    const input = readInput(options);
    checkOutFolder(options.out);
    return input;
  } catch (error) {
    if (!(error instanceof InputErrors)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

async function synth(input: RunInput, assembly: string, view: View): Promise<void> {
  view.synth({ state: 'start' });
  const started = performance.now();
  await synthesise({ locations: input.fleet.locations, policy: input.policyPath, directory: assembly, feedsSchedule: input.scenario?.feedsSchedule });
  view.synth({ state: 'done', milliseconds: Math.round(performance.now() - started) });
}

/** Policies of the file that this run is not about. */
function othersOf({ policy, policyFile }: RunInput): string[] {
  return policyFile.policies.map(({ name }) => name).filter((name) => name !== policy.name);
}

/** Sends the world its input and shows what it tells, to its end. */
async function live(world: ChildProcess, { input, assembly }: { input: RunInput; assembly: string }, view: View): Promise<Ended> {
  const config: WorldConfig = {
    assembly,
    fleet: input.fleet,
    ...(input.scenario ? { scenario: input.scenario } : {}),
    people: input.policyFile.people,
    policy: input.policy.name,
    plannedFor: input.plannedFor,
    others: othersOf(input),
    start: input.start,
    feeds: input.feeds,
    seed: input.seed,
  };
  return new Promise((resolve, reject) => {
    world.on('message', (message: WorldMessage) => {
      if (message.type === 'ended') resolve(message);
      else if (message.type === 'broken') reject(new Error(message.message));
      else view.show(message);
    });
    world.send(config);
  });
}

function leaveReport(options: RunOptions, input: RunInput, { document, result, extra }: Ended): void {
  mkdirSync(options.out, { recursive: true });
  const madeAt = `${new Date(extra.endedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  writeFileSync(join(options.out, 'report.html'), reportHtml({ document, result, extra, policyText: input.policyText, madeAt }));
  writeFileSync(join(options.out, LAST_RUN_FILE), JSON.stringify({ document, result, extra }));
}
