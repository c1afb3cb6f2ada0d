import type { Random } from './types.ts';

/**
 * Seeded chance (mulberry32): the same seed gives the same numbers and the same UUIDs, so that a run can be repeated.
 * `seed` is any integer; its low 32 bits count. Not for secrets.
 */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return { next, uuid: () => uuidFrom(next) };
}

/** A version 4, variant 1 UUID (RFC 9562 section 5.4) from four 32-bit draws. */
function uuidFrom(next: () => number): string {
  const words = [0, 1, 2, 3]
    .map(() =>
      Math.floor(next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('');
  const variant = ((parseInt(words.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${words.slice(0, 8)}-${words.slice(8, 12)}-4${words.slice(13, 16)}-${variant}${words.slice(17, 20)}-${words.slice(20, 32)}`;
}
