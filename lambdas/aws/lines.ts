/** Texts of lines in gzip, as the store keeps what is too large for one JSON value: written and read line by line, in flat memory. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';

/** Characters that are handed on together: line by line, calls would take longer than compression. */
const BLOCK = 64 * 1024;

/** Lines, compressed as they come. */
export class LineWriter {
  readonly #gzip = createGzip({ level: 5 });
  readonly #chunks: Buffer[] = [];
  readonly #hash = createHash('sha256');
  readonly #ended: Promise<void>;
  #block = '';

  constructor() {
    this.#gzip.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#ended = new Promise((resolve, reject) => this.#gzip.on('end', resolve).on('error', reject));
  }

  async write(line: string): Promise<void> {
    this.#block += `${line}\n`;
    if (this.#block.length >= BLOCK) await this.#flush();
  }

  /** The compressed bytes, and the hash of the text: the same lines have the same hash, whatever zlib's version. */
  async end(): Promise<{ bytes: Buffer; hash: string }> {
    await this.#flush();
    this.#gzip.end();
    await this.#ended;
    return { bytes: Buffer.concat(this.#chunks), hash: this.#hash.digest('hex') };
  }

  async #flush(): Promise<void> {
    const block = this.#block;
    this.#block = '';
    this.#hash.update(block);
    if (this.#gzip.write(block)) return;
    await new Promise((resolve) => this.#gzip.once('drain', resolve));
  }
}

/** One text as a file of lines. */
export async function packLines(lines: Iterable<string>): Promise<{ bytes: Buffer; hash: string }> {
  const writer = new LineWriter();
  for (const line of lines) await writer.write(line);
  return writer.end();
}

/** The lines of a compressed stream. Our own files: what is damaged throws zlib's error. */
export async function* readLines(compressed: Readable): AsyncGenerator<string> {
  const gunzip = compressed.on('error', (error) => gunzip.destroy(error)).pipe(createGunzip());
  gunzip.setEncoding('utf8');
  // What is there of a line that goes on: some have megabytes, and must not be looked through anew with each chunk.
  let pieces: string[] = [];
  try {
    for await (const chunk of gunzip as AsyncIterable<string>) {
      const [first = '', ...others] = chunk.split('\n');
      pieces.push(first);
      for (const next of others) {
        yield pieces.join('');
        pieces = [next];
      }
    }
  } finally {
    // Who needs the first line only leaves the rest on its way: S3's connection would be held for it, and there are fifty.
    compressed.destroy();
  }
  const rest = pieces.join('');
  if (rest !== '') yield rest;
}
