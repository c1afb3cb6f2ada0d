/** The folder for what a command leaves: found fit before the work whose result would have no place to go. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fail, fileProblem } from './problems.ts';

const WORDS: Record<string, string> = {
  ENOTDIR: 'is a file, or lies below one; expected a folder',
  EACCES: 'may not be written to',
  EPERM: 'may not be written to',
  EROFS: 'is on a disk that nobody can write to',
};

/** Throws `InputErrors` where the folder, or the nearest one above it that is there, cannot take anything. Makes nothing. */
export function checkOutFolder(folder: string): void {
  const code = whyNot(resolve(folder));
  if (code !== undefined) fail([fileProblem(folder, WORDS[code] ?? `cannot be written to (${code})`, 'name another folder with --out')]);
}

function whyNot(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return dirname(path) === path ? 'ENOENT' : whyNot(dirname(path));
    if (!found.isDirectory()) return 'ENOTDIR';
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no reason given';
  }
}
