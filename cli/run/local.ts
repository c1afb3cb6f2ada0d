/** `wavelock local`: the embedded AWS in real time on a port, for the AWS CLI and any SDK, until somebody ends it. */
import { checkFeedsFolder } from '../files/feeds.ts';
import { nodesOf } from '../files/fleet-nodes.ts';
import { readFleetFile } from '../files/fleet.ts';
import { checkHooks } from '../files/hooks.ts';
import { checkSelections, readPolicyFile } from '../files/policy.ts';
import { collect, failIfAny, fileProblem, InputErrors } from '../files/problems.ts';
import { shipped } from '../files/shipped.ts';
import { checkMaintenanceWindows } from '../files/windows.ts';
import { welcome } from './local-text.ts';
import { openLocal } from './local-world.ts';
import { EXIT } from './messages.ts';
import { scratchFolder } from './scratch.ts';
import { synthesise } from './synth.ts';
import type { Problem } from '../files/problems.ts';
import type { LocalInput } from './local-world.ts';

export interface LocalOptions {
  fleet: string;
  policy: string;
  feeds: string;
  port: string;
}

const LARGEST_PORT = 65_535;

/** Runs until SIGINT or SIGTERM; answers the exit status: 0 ended as asked, 1 could not start, 2 bad input or a port that is taken. */
export async function local(options: LocalOptions): Promise<number> {
  const input = readOrExplain(options);
  if (!input) return EXIT.badInput;
  const assembly = scratchFolder('wavelock-local-');
  const ended = signalled();
  try {
    process.stderr.write('wavelock: synthesising the template …\n');
    const opened = synthesise({ locations: input.fleet.locations, policy: shipped(options.policy), directory: assembly }).then(() =>
      openLocal(input, assembly),
    );
    // A Ctrl-C of a terminal ends what synthesises as well: that is no failure.
    opened.catch(() => undefined);
    const world = await Promise.race([opened, ended]);
    if (typeof world !== 'string') process.stdout.write(`${welcome(world.cloud, input).join('\n')}\n`);
    process.stderr.write(`wavelock: ${await ended}, ending\n`);
    if (typeof world !== 'string') await world.close();
    return EXIT.succeeded;
  } catch (error) {
    process.stderr.write(`${explain(error, input.port)}\n`);
    return isTaken(error) ? EXIT.badInput : EXIT.failed;
  } finally {
    // Timers of the simulated machines and parked executions would keep the process alive for days.
    setImmediate(() => process.exit());
  }
}

function readOrExplain(options: LocalOptions): LocalInput | undefined {
  try {
    return readLocalInput(options);
  } catch (error) {
    if (!(error instanceof InputErrors)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

/** Reads everything that the options name. Throws `InputErrors` with every problem of every file. */
function readLocalInput(options: LocalOptions): LocalInput {
  const problems: Problem[] = [];
  const today = new Date().toISOString().slice(0, 10);
  const feeds = shipped(options.feeds);
  const policy = collect(problems, () => readPolicyFile(shipped(options.policy), today));
  const fleet = collect(problems, () => readFleetFile(shipped(options.fleet)).fleet);
  collect(problems, () => checkFeedsFolder(feeds));
  if (policy && fleet) collect(problems, () => checkSelections(policy, nodesOf(fleet)));
  if (policy && fleet) collect(problems, () => checkHooks(policy, fleet));
  if (policy && fleet) collect(problems, () => checkMaintenanceWindows(policy, fleet));
  const port = /^\d+$/.test(options.port) ? Number(options.port) : Infinity;
  if (port > LARGEST_PORT) problems.push(fileProblem('--port', `"${options.port}" is no port`, 'for example 4599'));
  failIfAny(problems);
  if (!policy || !fleet) throw new Error('input without problems must be complete');
  return { fleet, policyFile: policy.policy, feeds, port };
}

/** The first of the signals that end a program. A Ctrl-C may come twice, from the terminal and from the parent: the second must not kill. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
  });
}

function isTaken(error: unknown): boolean {
  return ['EADDRINUSE', 'EACCES'].includes(String((error as NodeJS.ErrnoException).code));
}

function explain(error: unknown, port: number): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `--port: port ${port} of 127.0.0.1 is in use: end what listens there, or choose another with --port`;
  if (code === 'EACCES') return `--port: this user may not listen on port ${port}: choose one above 1023`;
  return error instanceof Error ? error.message : String(error);
}
