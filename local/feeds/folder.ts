/**
 * A folder of advisories as the vendors' sites would show it. Two forms, also mixed:
 *
 *   laid out by host     <dir>/cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list
 *                        <dir>/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json
 *                        every folder that is named like a host is one; its files are served as they are
 *   loose files          anywhere else, told by their content: updateinfo (*.xml, *.xml.gz) of Amazon and Oracle Linux, with the vendor's
 *                        own repomd.xml where that is at hand; OSV records, one a file, in a list, or an ecosystem's all.zip; months of
 *                        MSRC (JSON); CISA's catalogue; EPSS scores (CSV, also gzipped); end-of-life dates; Amazon Linux's news (RSS)
 *
 * The names of loose files do not matter; what the sites have around them (mirror lists, checksums, lists of changes) is made. What is not
 * recognised is listed in `ignored`, with why. The folder is looked at again on each request, so that advisories can be added while
 * everything runs.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, isHost, isNote } from './files.ts';
import { recogniseFile } from './recognise.ts';
import { Sites } from './sites.ts';

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

function readFolder(directory: string): Contents {
  const onDisk = new Map<string, string>();
  const loose: string[] = [];
  for (const file of filesBelow(directory)) {
    const [top = '', ...rest] = file.split('/');
    if (rest.length > 0 && isHost(top)) onDisk.set(`/${file}`, join(directory, file));
    else if (!isNote(file)) loose.push(file);
  }
  const recognised = loose.map((file) => ({ file, what: recogniseFile(join(directory, file)) }));
  const repomd = recognised.flatMap(({ what }) => (what.is === 'repomd' ? [what.bytes] : []))[0];
  const sites = new Sites((path) => onDisk.has(path), repomd);
  const ignored = recognised.flatMap(({ file, what }) => {
    const why = sites.add(what);
    return why === undefined ? [] : [{ file, why }];
  });
  return { onDisk, made: sites.finish(), ignored };
}
