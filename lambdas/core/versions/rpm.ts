/**
 * The order of RPM versions, `[epoch:]version[-release]`, written from the rules of rpm-version(7).
 * A missing epoch is 0; only digits before the first `:` are an epoch. The last `-` starts the release, and no release sorts before any.
 */
import { comparePieces, numberPiece } from './pieces.ts';
import type { Piece } from './pieces.ts';
import { VERSION_LIMIT } from './sign.ts';
import type { Sign } from './sign.ts';

const PIECES = /[~^]|\d+|[A-Za-z]+/g;

/** `~` sorts before the end, `^` after the end but before anything else, letters before numbers. */
const RANK = { tilde: 0, end: 1, caret: 2, letters: 3, number: 4 } as const;
const END: Piece = { rank: RANK.end, size: 0, text: '' };
const MISSING = [END, END] as const;

/** An EVR that was read once. `release` is `undefined` where there is none, which is not the same as an empty one. */
export interface RpmVersion {
  kind: 'rpm';
  epoch: Piece;
  version: Piece[];
  release: Piece[] | undefined;
}

/** Reads an EVR; `undefined` if it is no version. */
export function readRpm(text: string): RpmVersion | undefined {
  const evr = splitRpm(text);
  if (!evr) return undefined;
  return {
    kind: 'rpm',
    epoch: numberPiece(RANK.number, evr.epoch),
    version: piecesOf(evr.version),
    release: evr.release === undefined ? undefined : piecesOf(evr.release),
  };
}

/** Compares two EVRs as rpm 4.18 does. */
export function compareReadRpm(a: RpmVersion, b: RpmVersion): Sign {
  return comparePieces([a.epoch], [b.epoch], MISSING) || comparePieces(a.version, b.version, MISSING) || compareReleases(a.release, b.release);
}

/** The same without epochs: the file name of a source package has none. */
export function compareWithoutEpoch(a: RpmVersion, b: RpmVersion): Sign {
  return comparePieces(a.version, b.version, MISSING) || compareReleases(a.release, b.release);
}

/** By version alone, of two with the same epoch: `undefined` where only their releases could tell. */
export function compareWithoutRelease(a: RpmVersion, b: RpmVersion): Sign | undefined {
  if (comparePieces([a.epoch], [b.epoch], MISSING) !== 0) return undefined;
  return comparePieces(a.version, b.version, MISSING) || undefined;
}

/** Compares two EVRs as rpm 4.18 does. `undefined` if one of them is no version. */
export function compareRpm(a: string, b: string): Sign | undefined {
  const left = readRpm(a);
  const right = readRpm(b);
  return left && right ? compareReadRpm(left, right) : undefined;
}

/** `6.1` of `6.1.112-122.189.amzn2023`: kernels of different streams are installed side by side and are fixed apart. */
export function rpmStream(text: string): string | undefined {
  return splitRpm(text)?.version.match(/^\d+\.\d+/)?.[0];
}

/** Epoch (empty where there is none), version and release, as text. `undefined` if it is no version. */
export function splitRpm(text: string): { epoch: string; version: string; release: string | undefined } | undefined {
  // Other characters are separators to rpm, even letters beyond ASCII; white space and control characters mean that this is no version.
  if (text.length > VERSION_LIMIT || /[\s\p{Cc}]/u.test(text)) return undefined;
  const epoch = text.match(/^(\d*):/);
  const rest = epoch ? text.slice(epoch[0].length) : text;
  const dash = rest.lastIndexOf('-');
  const version = dash < 0 ? rest : rest.slice(0, dash);
  if (version === '') return undefined;
  return { epoch: epoch?.[1] ?? '', version, release: dash < 0 ? undefined : rest.slice(dash + 1) };
}

function compareReleases(a: Piece[] | undefined, b: Piece[] | undefined): Sign {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return comparePieces(a, b, MISSING);
}

function piecesOf(part: string): Piece[] {
  return (part.match(PIECES) ?? []).map((text) => {
    if (text === '~') return { rank: RANK.tilde, size: 0, text: '' };
    if (text === '^') return { rank: RANK.caret, size: 0, text: '' };
    return /^\d/.test(text) ? numberPiece(RANK.number, text) : { rank: RANK.letters, size: 0, text };
  });
}
