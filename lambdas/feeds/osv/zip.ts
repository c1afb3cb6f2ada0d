/**
 * `all.zip` of an ecosystem, for those without a network: the same records as in the bucket, one file each. It is read entry by entry, in
 * flat memory, whatever its size (Ubuntu's was 0.8 GB in autumn 2026). No Lambda reads it, so none carries yauzl.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import { fromRandomAccessReaderPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import type { Advisory } from '../../core/advisory.ts';
import { FeedError } from '../feed.ts';
import type { Reading } from '../feed.ts';
import { osvUrl } from './part.ts';
import { readRecord } from './read.ts';
import type { Distribution } from './record.ts';
import { WindowedFile } from './windowed-file.ts';

const MIB = 1024 * 1024;
/** OSV's largest ecosystem of a distribution had 55,000 records in autumn 2026. */
const MAX_ENTRIES = 500_000;
const MAX_RECORD = 16 * MIB;
/** Of all records together, those that are read. */
const MAX_TOTAL = 16 * 1024 * MIB;
/** JSON that repeats itself compresses by 60. Small records may exceed it: they cannot do harm. */
const MAX_RATIO = 200;
const RATIO_APPLIES_FROM = MIB;

const STORED = 0;
const DEFLATED = 8;

/**
 * Readings of all records in a file: advisories, and what is wrong or out of scope with the others. Tracked CVEs, which are most of some
 * ecosystems, are told by their names and not opened. `now` is when the file was fetched, in milliseconds since the epoch.
 * Throws a `FeedError` where the file is no zip, damaged, or beyond the limits; records before that place have been yielded by then.
 */
export async function* readOsvZip(file: string, now: number): AsyncGenerator<Reading<Advisory>> {
  const sha256 = await hashOf(file);
  const context = { sha256, now, url: ({ ecosystems }: Distribution): string => osvUrl(ecosystems[0], 'all.zip') };
  const { zip, source } = await open(file);
  let total = 0;
  try {
    for await (const entry of entriesOf(zip, file)) {
      total += entry.uncompressedSize;
      if (total > MAX_TOTAL) throw new FeedError('too-large', `${file} is larger than ${MAX_TOTAL} bytes when decompressed`);
      yield readRecord(await bytesOf(zip, source, entry), nameOf(entry), context);
    }
  } finally {
    zip.close();
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

async function open(file: string): Promise<{ zip: ZipFile; source: WindowedFile }> {
  const source = new WindowedFile(file);
  const options = { lazyEntries: true, autoClose: false };
  const zip = await fromRandomAccessReaderPromise(source, source.size, options).catch((error: unknown) => damaged(file, error));
  if (zip.entryCount <= MAX_ENTRIES) return { zip, source };
  zip.close();
  throw new FeedError('too-large', `${file} holds more than ${MAX_ENTRIES} files`);
}

async function* entriesOf(zip: ZipFile, file: string): AsyncGenerator<Entry> {
  const entries = zip.eachEntry();
  for (;;) {
    const next = await entries.next().catch((error: unknown) => damaged(file, error));
    if (next.done === true) return;
    const { fileName } = next.value;
    if (fileName.endsWith('.json') && !/CVE-\d{4}-[^/]*$/.test(fileName)) yield next.value;
  }
}

/** `USN-5614-1` of `all/USN-5614-1.json`: only a name for messages, never a path. */
function nameOf({ fileName }: Entry): string {
  return fileName.slice(fileName.lastIndexOf('/') + 1, -'.json'.length);
}

async function bytesOf(zip: ZipFile, source: WindowedFile, entry: Entry): Promise<Buffer> {
  const { compressedSize, uncompressedSize, compressionMethod } = entry;
  const what = entry.fileName;
  if (Math.max(compressedSize, uncompressedSize) > MAX_RECORD) {
    throw new FeedError('too-large', `${what} is larger than ${MAX_RECORD} bytes`);
  }
  if (uncompressedSize > RATIO_APPLIES_FROM && uncompressedSize > compressedSize * MAX_RATIO) {
    throw new FeedError('too-large', `${what} grows to more than ${MAX_RATIO} times its size when decompressed`);
  }
  if (entry.isEncrypted() || (compressionMethod !== STORED && compressionMethod !== DEFLATED)) {
    throw new FeedError('bad-compression', `${what} is encrypted, or compressed in another way than deflate`);
  }
  try {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const raw = source.slice(fileDataStart, compressedSize);
    // At once and not as a stream: of small files thousands a second.
    const bytes = compressionMethod === STORED ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(1, uncompressedSize) });
    if (bytes.length !== uncompressedSize || crc32(bytes) !== entry.crc32) throw new Error('its checksum is another one');
    return bytes;
  } catch (error) {
    return damaged(what, error);
  }
}

function damaged(what: string, error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new FeedError('bad-compression', `${what} is no zip file, damaged or cut off: ${why}`, { cause: error });
}
