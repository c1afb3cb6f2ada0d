/**
 * The order of Debian versions, `[epoch:]upstream[-revision]`, written from Debian Policy 5.6.12.
 * A missing epoch is 0, a missing revision equals `0`. What dpkg only warns about (an upstream version that starts with a letter, odd
 * characters) is compared; what dpkg refuses is no version.
 */
import { comparePieces, numberPiece } from './pieces.ts';
import type { Piece } from './pieces.ts';
import { VERSION_LIMIT } from './sign.ts';
import type { Sign } from './sign.ts';

/** dpkg keeps an epoch in a C int. */
const MAX_EPOCH = 2_147_483_647;
/** Sorts after `~` and before everything else. */
const END = '\u0001';
const NOTHING: Piece = { rank: 0, size: 0, text: END };
const MISSING = [NOTHING, numberPiece(0, '')] as const;

/** A version that was read once: what is not a digit, then a number, and so on in turns. */
export interface DebVersion {
  kind: 'deb';
  epoch: number;
  upstream: Piece[];
  revision: Piece[];
}

/** Reads a version; `undefined` if it is none. */
export function readDeb(padded: string): DebVersion | undefined {
  // dpkg knows blanks only; other white space is one of the odd characters that it warns about.
  const text = padded.replace(/^[ \t]+|[ \t]+$/g, '');
  // To dpkg a NUL ends the text, so nothing behind it was ever compared.
  if (text.length > VERSION_LIMIT || /[\0 \t]/.test(text)) return undefined;
  const colon = text.indexOf(':');
  const epoch = colon < 0 ? 0 : readEpoch(text.slice(0, colon));
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  const revision = dash < 0 ? '0' : rest.slice(dash + 1);
  if (epoch === undefined || upstream === '' || revision === '') return undefined;
  return { kind: 'deb', epoch, upstream: turns(upstream), revision: turns(revision) };
}

/** Compares two versions as dpkg 1.21 does. */
export function compareReadDeb(a: DebVersion, b: DebVersion): Sign {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  return comparePieces(a.upstream, b.upstream, MISSING) || comparePieces(a.revision, b.revision, MISSING);
}

/** Compares two versions as dpkg 1.21 does. `undefined` if one of them is no version. */
export function compareDeb(a: string, b: string): Sign | undefined {
  const left = readDeb(a);
  const right = readDeb(b);
  return left && right ? compareReadDeb(left, right) : undefined;
}

/** dpkg reads it with C's strtol, which takes a sign and passes over white space before it. */
function readEpoch(text: string): number | undefined {
  if (!/^[\n-\r]*[+-]?\d+$/.test(text)) return undefined;
  const epoch = Number(text);
  return epoch < 0 || epoch > MAX_EPOCH ? undefined : epoch;
}

function turns(part: string): Piece[] {
  const pieces: Piece[] = [];
  for (const run of part.match(/\d+|\D+/g) ?? []) {
    if (!/^\d/.test(run)) pieces.push({ rank: 0, size: 0, text: orderText(run) });
    else pieces.push(...(pieces.length % 2 === 0 ? [NOTHING] : []), numberPiece(0, run));
  }
  return pieces;
}

/** Respelled so that plain text order is dpkg's: `~`, the end, letters, everything else. */
function orderText(text: string): string {
  if (/^[A-Za-z]+$/.test(text)) return text + END;
  const bytes = /^[\0-\x7f]*$/.test(text) ? undefined : utf8(text);
  let spelled = '';
  for (let index = 0; index < (bytes ?? text).length; index += 1) spelled += String.fromCharCode(weight(bytes?.[index] ?? text.charCodeAt(index)));
  return spelled + END;
}

function weight(byte: number): number {
  if (byte === 0x7e) return 0;
  const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
  // Beyond ASCII dpkg adds 256 to a signed char.
  return isLetter ? byte : byte + (byte > 0x7f ? 0 : 0x100);
}

/** A lone surrogate, which no bytes stand for, becomes U+FFFD, as everywhere. */
function utf8(text: string): number[] {
  const encoded = encodeURIComponent(text.replaceAll(/\p{Cs}/gu, '\uFFFD'));
  return [...encoded.matchAll(/%([0-9A-F]{2})|(.)/g)].map(([, hex, plain = '']) => (hex === undefined ? plain.charCodeAt(0) : parseInt(hex, 16)));
}
