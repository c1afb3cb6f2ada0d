/** Archived bytes as a stream of decompressed ones, in flat memory and within bounds. */
import { Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { FeedError } from './feed.ts';

/** Bytes. Amazon Linux 2's whole history was 8 MB as XML in 2022; a bomb is what goes beyond this. */
const MAX_DECOMPRESSED = 512 * 1024 * 1024;
/** Real updateinfo compresses by 10 to 20. Small files may exceed it: they cannot do harm. */
const MAX_RATIO = 200;
const RATIO_APPLIES_FROM = 16 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** Node can since 22.15 (Node.js documentation, zlib); createrepo_c writes zstd by default since 1.0. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: { chunkSize: number }) => Transform };

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const FOREIGN: [string, readonly number[]][] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** Chunks of at most 64 KB. What is not compressed passes as it is. `what` names the file in errors. Throws `FeedError`. */
export async function* decompress(bytes: Uint8Array, what: string): AsyncGenerator<Uint8Array> {
  for (const [name, magic] of FOREIGN) {
    if (!startsWith(bytes, magic)) continue;
    throw new FeedError('bad-compression', `${what} is compressed with ${name}; only gzip and zstd are known`);
  }
  const reader = readerOf(bytes, what);
  const chunks = reader ? through(reader, bytes, what) : slices(bytes);
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_DECOMPRESSED) throw new FeedError('too-large', `${what} is larger than ${MAX_DECOMPRESSED} bytes when decompressed`);
    if (size > RATIO_APPLIES_FROM && size > bytes.length * MAX_RATIO) {
      throw new FeedError('too-large', `${what} grows to more than ${MAX_RATIO} times its size when decompressed`);
    }
    yield chunk;
  }
}

/** Web pages come instead of data when a site moves, asks for a captcha or is down. Looks at the first bytes only. */
export function refuseWebPage(bytes: Uint8Array, what: string): void {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  if (/^[^<{]*<(!doctype\s+html|html|head|body)\b/i.test(start)) throw new FeedError('web-page', `${what} is a web page, not data`);
}

function readerOf(bytes: Uint8Array, what: string): Transform | undefined {
  if (startsWith(bytes, GZIP)) return zlib.createGunzip({ chunkSize: CHUNK });
  if (!startsWith(bytes, ZSTD)) return undefined;
  if (createZstdDecompress) return createZstdDecompress({ chunkSize: CHUNK });
  throw new FeedError('bad-compression', `${what} is compressed with zstd; Node reads that from 22.15 on and is ${process.versions.node}`);
}

async function* through(reader: Transform, bytes: Uint8Array, what: string): AsyncGenerator<Uint8Array> {
  const stream = Readable.from(slices(bytes)).pipe(reader);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FeedError('bad-compression', `${what} is damaged or cut off: ${why}`, { cause: error });
  } finally {
    stream.destroy();
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += CHUNK) yield bytes.subarray(start, start + CHUNK);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
