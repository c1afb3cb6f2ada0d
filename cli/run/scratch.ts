/** What a command makes for itself while it runs: it goes when the command ends, whatever ends it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of a process that a signal has ended (Bash manual, "Exit Status"). */
const BY_SIGNAL = 128;

/** Makes a folder that is removed when this process exits. */
export function scratchFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  // What was writing into it may not be gone yet.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** From now on a signal makes this process exit, with all that belongs to an exit. A Ctrl-C may come twice, from the terminal and from the parent. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(BY_SIGNAL + constants.signals[signal]));
}
