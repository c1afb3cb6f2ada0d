/**
 * A folder of advisories as the vendors' sites would show it. Two forms, also mixed:
 *
 *   laid out by host     <dir>/cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list
 *                        <dir>/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json
 *                        every folder whose name has a dot is a host; its files are served as they are
 *   files side by side   <dir>/*.xml, *.xml.gz   updateinfo, told by its content; the rest of its repository is made around it
 *                        <dir>/repomd.xml        of that updateinfo, where the vendor's own is at hand
 *                        <dir>/*.json            CISA's catalogue, told by its content
 *
 * The names of files side by side do not matter. What is not recognised is listed in `ignored`, with why. The folder is looked at again on
 * each request, so that advisories can be added while everything runs.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { repositoryOf } from './repository.ts';

export interface FeedFolder {
  /** The file under `/<host>/<path>`, or `undefined`. */
  find(path: string): Buffer | undefined;
  ignored(): IgnoredFile[];
}

export interface IgnoredFile {
  file: string;
  why: string;
}

interface Contents {
  /** Files as they are on disk, by path. */
  onDisk: Map<string, string>;
  /** Files made around others, by path. */
  made: Map<string, Buffer>;
  ignored: IgnoredFile[];
}

const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;
/** For people, and so passed over without a word. */
const NOTES = /^(readme|licen[cs]e|notice)\b|\.md$/i;
const KEV_PATH = '/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json';
/** Bytes; no file of a feed is larger, and a user's folder may hold anything. */
const MAX_TEXT = 512 * 1024 * 1024;

/** Throws where `directory` is no folder. */
export function openFeedFolder(directory: string): FeedFolder {
  let seen = '';
  let contents: Contents = { onDisk: new Map(), made: new Map(), ignored: [] };
  const look = (): Contents => {
    const signature = signatureOf(directory);
    if (signature !== seen) contents = readFolder(directory);
    seen = signature;
    return contents;
  };
  look();
  return {
    find(path) {
      const { onDisk, made } = look();
      const file = onDisk.get(path);
      return file === undefined ? made.get(path) : readFileSync(file);
    },
    ignored: () => look().ignored,
  };
}

/** Changes whenever a file came, went or was written. */
function signatureOf(directory: string): string {
  return filesBelow(directory)
    .map((file) => {
      const { mtimeMs, size } = statSync(join(directory, file));
      return `${file} ${mtimeMs} ${size}`;
    })
    .join('\n');
}

/** Relative paths of ordinary files, sorted. Links are left out, they could lead anywhere, and hidden files, they are not meant. */
function filesBelow(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(directory, path);
      return entry.isFile() ? [path] : [];
    })
    .toSorted();
}

function readFolder(directory: string): Contents {
  const contents: Contents = { onDisk: new Map(), made: new Map(), ignored: [] };
  const files = filesBelow(directory);
  for (const file of files) {
    const [top = '', ...rest] = file.split('/');
    if (rest.length > 0 && HOST.test(top)) contents.onDisk.set(`/${file}`, join(directory, file));
    else if (rest.length > 0) contents.ignored.push({ file, why: `"${top}" is no host name` });
  }
  const single = files.filter((file) => !file.includes('/') && !NOTES.test(file)).map((file) => recognise(directory, file));
  const repomd = single.find((item) => item.is === 'repomd')?.bytes;
  for (const item of single) {
    if (item.is === 'repomd') continue;
    const why = place(item, repomd, contents);
    if (why !== undefined) contents.ignored.push({ file: item.file, why });
  }
  return contents;
}

interface SingleFile {
  file: string;
  is: 'updateinfo' | 'repomd' | 'kev' | 'unknown';
  bytes: Buffer;
  text: string;
}

function recognise(directory: string, file: string): SingleFile {
  const bytes = readFileSync(join(directory, file));
  const text = readText(bytes);
  const start = text.slice(0, 64 * 1024);
  if (/<updates[\s>]/.test(start)) return { file, bytes, text, is: 'updateinfo' };
  if (/<repomd[\s>]/.test(start)) return { file, bytes, text, is: 'repomd' };
  return { file, bytes, text, is: /"catalogVersion"\s*:/.test(start) ? 'kev' : 'unknown' };
}

function readText(bytes: Buffer): string {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_TEXT }).toString('utf8');
  } catch {
    return ''; // Not recognised, and so listed as ignored.
  }
}

/** Puts a file where its vendor's site has it; the answer says why it could not be placed. */
function place(item: SingleFile, repomd: Buffer | undefined, contents: Contents): string | undefined {
  const { onDisk, made } = contents;
  if (item.is === 'kev') {
    if (made.has(KEV_PATH) || onDisk.has(KEV_PATH)) return "there is another file for CISA's catalogue";
    made.set(KEV_PATH, item.bytes);
    return undefined;
  }
  if (item.is !== 'updateinfo') return 'neither updateinfo nor a catalogue of known exploited vulnerabilities';
  const repository = repositoryOf({ bytes: item.bytes, text: item.text }, repomd);
  if (!repository) return 'its collection belongs to no repository that Wavelock reads';
  if (repository.some(([path]) => made.has(path) || onDisk.has(path))) return 'there is another updateinfo for the same repository';
  for (const [path, bytes] of repository) made.set(path, bytes);
  return undefined;
}
