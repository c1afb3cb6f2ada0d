/**
 * The order of RPM versions, `[epoch:]version[-release]`, written from the rules of rpm-version(7).
 * A missing epoch is 0; only digits before the first `:` are an epoch. The last `-` starts the release, and no release sorts before any.
 */
import { compareDigits } from './sign.ts';
import type { Sign } from './sign.ts';

/** Longer than any real version; more is not a version but an attack on the reader. */
const LIMIT = 256;

const PIECES = /[~^]|\d+|[A-Za-z]+/g;

interface Evr {
  epoch: string;
  version: string;
  release: string | undefined;
}

/** Compares two EVRs as rpm 4.18 does. `undefined` if one of them is no version. */
export function compareRpm(a: string, b: string): Sign | undefined {
  const left = parseEvr(a);
  const right = parseEvr(b);
  if (!left || !right) return undefined;
  return (
    compareDigits(left.epoch, right.epoch) || compareParts(left.version, right.version) || compareReleases(left.release, right.release)
  );
}

/** `6.1` of `6.1.112-122.189.amzn2023`: kernels of different streams are installed side by side and are fixed apart. */
export function rpmStream(text: string): string | undefined {
  return parseEvr(text)?.version.match(/^\d+\.\d+/)?.[0];
}

function parseEvr(text: string): Evr | undefined {
  // Other characters are separators to rpm, even letters beyond ASCII; white space and control characters mean that this is no version.
  if (text.length > LIMIT || /[\s\p{Cc}]/u.test(text)) return undefined;
  const epoch = text.match(/^(\d*):/);
  const rest = epoch ? text.slice(epoch[0].length) : text;
  const dash = rest.lastIndexOf('-');
  const version = dash < 0 ? rest : rest.slice(0, dash);
  if (version === '') return undefined;
  return { epoch: epoch?.[1] ?? '', version, release: dash < 0 ? undefined : rest.slice(dash + 1) };
}

function compareReleases(a: string | undefined, b: string | undefined): Sign {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return compareParts(a, b);
}

function compareParts(a: string, b: string): Sign {
  const left = a.match(PIECES) ?? [];
  const right = b.match(PIECES) ?? [];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const sign = comparePieces(left[index], right[index]);
    if (sign !== 0) return sign;
  }
  return 0;
}

function comparePieces(a: string | undefined, b: string | undefined): Sign {
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference < 0 ? -1 : 1;
  if (a === undefined || b === undefined) return 0;
  return rank(a) === NUMBER ? compareDigits(a, b) : a === b ? 0 : a < b ? -1 : 1;
}

const NUMBER = 4;

/** `~` sorts before the end, `^` after the end but before anything else, letters before numbers. */
function rank(piece: string | undefined): number {
  if (piece === undefined) return 1;
  if (piece === '~') return 0;
  if (piece === '^') return 2;
  return /^\d/.test(piece) ? NUMBER : 3;
}
