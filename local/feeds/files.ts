/** The files of a folder that a person names, for everything that reads advisories from one. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, join } from 'node:path';

/** Folders of this form are hosts, with the host's files in them. A version is no host: `ubuntu-22.04`, `2023.6`. */
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$/;
/** For people, and so passed over without a word. */
const NOTES = /^(readme|licen[cs]e|notice)\b|\.md$/i;

export function isHost(name: string): boolean {
  return HOST.test(name);
}

/** What nobody meant as advisories: notes about them. */
export function isNote(file: string): boolean {
  return NOTES.test(basename(file));
}

/**
 * Relative paths of ordinary files, those in folders below too, sorted. Links count as what they lead to, unless they lead nowhere or back
 * to where they are; hidden files are not meant. Throws what `fs` throws where a folder may not be read.
 */
export function filesBelow(folder: string): string[] {
  return below(folder, '', []).toSorted();
}

function below(folder: string, prefix: string, above: readonly string[]): string[] {
  const here = realpathSync(join(folder, prefix));
  if (above.includes(here)) return [];
  const names = readdirSync(here).filter((name) => !name.startsWith('.'));
  return names.flatMap((name) => {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const found = statOf(join(folder, path));
    if (found?.isDirectory() === true) return below(folder, path, [...above, here]);
    return found?.isFile() === true ? [path] : [];
  });
}

/** `undefined`: a link that leads nowhere, or a file that went meanwhile. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isFileError(error) && error.code === 'ELOOP') return undefined;
    throw error;
  }
}

const MIB = 1024 * 1024;
/** Bytes; no file of a feed is larger, a user's folder may hold anything, and V8's longest text is a little below 512 MB. */
export const MAX_TEXT = 500 * MIB;

/** A file's bytes, or that it is too large to be looked at: told by its size, before it is in memory. Throws what `fs` throws. */
export function readWithin(path: string, maxBytes: number): Buffer | { why: string } {
  return statSync(path).size > maxBytes ? { why: `is larger than ${Math.floor(maxBytes / MIB)} MB` } : readFileSync(path);
}

/** Whether it begins as a zip does. An ecosystem's may be larger than memory, so it is told by its beginning. Throws what `fs` throws. */
export function isZip(path: string): boolean {
  const start = Buffer.alloc(4);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, start, 0, 4, 0);
  } finally {
    closeSync(descriptor);
  }
  return start.equals(Buffer.from([0x50, 0x4b, 3, 4]));
}

/** Why a file or folder can't be read, for people. Throws what is no error of the file system. */
export function whyUnreadable(error: unknown): string {
  if (!isFileError(error)) throw error;
  const { code = '' } = error;
  return (
    { ENOENT: 'does not exist', EACCES: 'may not be read', EPERM: 'may not be read', ERR_FS_FILE_TOO_LARGE: 'is larger than 2 GB' }[code] ??
    `cannot be read (${code})`
  );
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    (/^E[A-Z0-9]+$/.test(error.code) || error.code.startsWith('ERR_FS_'))
  );
}
