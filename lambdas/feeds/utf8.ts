/**
 * UTF-8 in chunks, strictly. Plain ASCII, as feeds mostly are, is told and copied by the machine's widest instructions and takes one byte a
 * character, where a `TextDecoder` that streams takes two.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { FeedError } from './feed.ts';

export interface Utf8Decoder {
  /** The characters of these bytes, but for one that goes on in the next chunk. Throws `FeedError` for what is not UTF-8. */
  decode(chunk: Uint8Array): string;
  /** Throws when a character was cut off. */
  end(): void;
}

const NOTHING = Buffer.alloc(0);

/** `what` names the file in errors. A byte order mark at the beginning is no character of the text. */
export function createUtf8Decoder(what: string): Utf8Decoder {
  let held: Buffer = NOTHING;
  let begun = false;
  const refuse = (): never => {
    throw new FeedError('bad-xml', `${what} is not UTF-8`);
  };
  return {
    decode(chunk) {
      const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const whole = bytes.subarray(0, bytes.length - unfinished(bytes));
      held = Buffer.from(bytes.subarray(whole.length));
      if (whole.length === 0) return '';
      const text = isAscii(whole) ? whole.toString('latin1') : isUtf8(whole) ? whole.toString('utf8') : refuse();
      const isMarked = !begun && text.startsWith('\uFEFF');
      begun = true;
      return isMarked ? text.slice(1) : text;
    },
    end() {
      if (held.length > 0) refuse();
    },
  };
}

/** Bytes at the end that begin a character which needs more than there are. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
