/**
 * The yum world's `updateinfo.xml` and the `repomd.xml` that announces it (createrepo_c, dnf): Amazon Linux, Oracle Linux, EPEL and
 * private repositories publish both. What the words in it mean is each vendor's own matter.
 */
import { createHash } from 'node:crypto';
import { decompress, refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';
import { createXmlReader } from './xml.ts';
import type { XmlEvents } from './xml.ts';

/** One `<update>` as written, nothing interpreted; what is absent is an empty text. */
export interface Update {
  id: string;
  type: string;
  title: string;
  severity: string;
  /** As written, often `2023-02-17 20:41:00` without a zone. */
  issued: string;
  updated: string;
  /** `<reboot_suggested>` of the update or of one of its packages. */
  rebootSuggested: boolean;
  references: { id: string; type: string; href: string }[];
  packages: UpdatePackage[];
  /** What it says that it is for: its release, and short and long names of its collections. Each once, the first hundred. */
  names: string[];
  /** It lists more than `MAX_ENTRIES`: what came after those was not kept, so that it can only be refused. */
  excess: boolean;
}

export interface UpdatePackage {
  /** `short` of the collection: `amazon-linux-2023`. */
  collection: string;
  /** `ruby:3.1`, where the collection belongs to a module. */
  module: string;
  name: string;
  epoch: string;
  version: string;
  release: string;
  arch: string;
}

/** Where a repository keeps a file, and what it must hash to. */
export interface RepositoryFile {
  href: string;
  algorithm: string;
  checksum: string;
}

/** Packages, or references, of one update. The largest known is texlive: 6,200 packages on two architectures, and debug information. */
export const MAX_ENTRIES = 100_000;

/** Reads updates one by one, in flat memory. Throws `FeedError` where the file is broken, which may be after many sound updates. */
export async function* readUpdates(bytes: Uint8Array, what: string): AsyncGenerator<Update> {
  const done: Update[] = [];
  const reader = createXmlReader(what, 'updates', collectUpdates(done));
  for await (const chunk of decompress(bytes, what)) {
    reader.write(chunk);
    yield* done.splice(0);
  }
  reader.end();
  yield* done.splice(0);
}

function collectUpdates(done: Update[]): XmlEvents {
  let update = emptyUpdate();
  let collection = '';
  let module = '';
  const keep = <Entry>(entries: Entry[], entry: Entry): void => {
    if (entries.length < MAX_ENTRIES) entries.push(entry);
    else update.excess = true;
  };
  const says = (text: string): void => {
    if (text !== '' && update.names.length < 100 && !update.names.includes(text)) update.names.push(text);
  };
  const starts: Record<string, (attributes: Record<string, string>) => void> = {
    'updates/update': ({ type = '' }) => {
      update = { ...emptyUpdate(), type };
    },
    'updates/update/issued': ({ date = '' }) => {
      update.issued = date;
    },
    'updates/update/updated': ({ date = '' }) => {
      update.updated = date;
    },
    'updates/update/references/reference': ({ id = '', type = '', href = '' }) => {
      keep(update.references, { id, type, href });
    },
    'updates/update/pkglist/collection': ({ short = '' }) => {
      says(short);
      collection = short;
      module = '';
    },
    'updates/update/pkglist/collection/module': ({ name = '', stream = '' }) => {
      module = `${name}:${stream}`;
    },
    'updates/update/pkglist/collection/package': ({ name = '', epoch = '', version = '', release = '', arch = '' }) => {
      keep(update.packages, { collection, module, name, epoch, version, release, arch });
    },
  };
  const reboot = (text: string): void => {
    // createrepo_c writes `True`, older tools `1` or nothing at all: it is the element that counts.
    if (!/^\s*(false|0|no)\s*$/i.test(text)) update.rebootSuggested = true;
  };
  const ends: Record<string, (text: string) => void> = {
    'updates/update/id': (text) => {
      update.id = text.trim();
    },
    'updates/update/title': (text) => {
      update.title = text;
    },
    'updates/update/severity': (text) => {
      update.severity = text.trim();
    },
    // Pulp and Rocky's own tools write dates as text.
    'updates/update/issued': (text) => {
      if (update.issued === '') update.issued = text.trim();
    },
    'updates/update/updated': (text) => {
      if (update.updated === '') update.updated = text.trim();
    },
    'updates/update/release': says,
    'updates/update/pkglist/collection/name': says,
    'updates/update/reboot_suggested': reboot,
    'updates/update/pkglist/collection/package/reboot_suggested': reboot,
    'updates/update': () => {
      done.push(update);
    },
  };
  return { open: starts, close: ends };
}

function emptyUpdate(): Update {
  return {
    id: '',
    type: '',
    title: '',
    severity: '',
    issued: '',
    updated: '',
    rebootSuggested: false,
    references: [],
    packages: [],
    names: [],
    excess: false,
  };
}

/** Finds the updateinfo entry of a `repomd.xml`. Throws `FeedError` where there is none with a strong checksum. */
export function readRepomd(bytes: Uint8Array, what: string): RepositoryFile {
  const file = findUpdateinfo(bytes, what);
  if (!file) throw new FeedError('bad-repomd', `${what} announces no updateinfo`);
  return file;
}

/** As `readRepomd`, but a repository may do without advisories: `undefined`. */
export function findUpdateinfo(bytes: Uint8Array, what: string): RepositoryFile | undefined {
  refuseWebPage(bytes, what);
  const file: RepositoryFile = { href: '', algorithm: '', checksum: '' };
  let type = '';
  const reader = createXmlReader(what, 'repomd', {
    open: {
      'repomd/data': (attributes) => {
        type = attributes['type'] ?? '';
      },
      'repomd/data/location': ({ href = '' }) => {
        if (type === 'updateinfo') file.href = href;
      },
      'repomd/data/checksum': (attributes) => {
        if (type === 'updateinfo') file.algorithm = attributes['type'] ?? '';
      },
    },
    close: {
      'repomd/data/checksum': (text) => {
        if (type === 'updateinfo') file.checksum = text.trim().toLowerCase();
      },
    },
  });
  reader.write(bytes);
  reader.end();
  if (file.href === '') return undefined;
  if (!/^sha(256|384|512)$/.test(file.algorithm) || !/^[0-9a-f]{64,128}$/.test(file.checksum)) {
    throw new FeedError('bad-repomd', `${what} gives updateinfo no checksum of SHA-256 or better, but "${file.algorithm}"`);
  }
  return file;
}

/** Throws `FeedError` unless the bytes are those that the repository announced. */
export function verifyChecksum(bytes: Uint8Array, file: RepositoryFile, what: string): void {
  refuseWebPage(bytes, what);
  const actual = createHash(file.algorithm).update(bytes).digest('hex');
  if (actual === file.checksum) return;
  throw new FeedError(
    'checksum-mismatch',
    `${what} has ${file.algorithm} ${actual.slice(0, 16)}…, but the repository announces ${file.checksum.slice(0, 16)}…`,
  );
}
