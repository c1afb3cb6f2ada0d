import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Hexadecimal SHA-256, as `sha256sum` prints it. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** gzip+base64 in one line, as every list goes over the wire. */
export function pack(text: string): string {
  return gzipSync(text, { level: 9 }).toString('base64');
}

/** What may stand in a report's texts: printable ASCII, `limit` characters. */
export function printable(text: string, limit: number): string {
  return text
    .replaceAll(/[\n\t]/g, ' ')
    .replaceAll(/[^ -~]/g, '')
    .slice(0, limit);
}
