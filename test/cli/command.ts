/** The `wavelock` command as people start it: a child process of `node cli/bin.mjs`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

const COMMAND = join(process.cwd(), 'cli/bin.mjs');

/** Starts it, with these variables in its environment, in this folder; its two streams are collected in `said`. */
export function start(
  args: string[],
  environment: Record<string, string> = {},
  cwd = process.cwd(),
): { child: ChildProcess; said: { stdout: string; stderr: string }; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...said }));
  });
  return { child, said, ended };
}

/** Runs it to its end. */
export function command(...args: string[]): Promise<Ended> {
  return start(args).ended;
}
