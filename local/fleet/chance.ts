/**
 * Chance for one purpose: the same words give the same number, whatever else happened before. A stream of numbers would make a
 * host's install time depend on how many other hosts were asked first.
 */
export type Chance = (...words: Array<string | number>) => number;

/**
 * FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) over the words, finished with a multiply-xor mix, because FNV's high bits
 * hardly change with the last character. Result in [0, 1).
 */
export function createChance(seed: number): Chance {
  return (...words) => {
    let hash = (0x811c9dc5 ^ seed) >>> 0;
    for (const character of words.join('\u0000')) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
    let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `low` to `high`, both included. */
export function between(share: number, low: number, high: number): number {
  return low + Math.floor(share * (high - low + 1));
}

/** `digits` hexadecimal digits for these words. */
export function hexOf(chance: Chance, digits: number, ...words: Array<string | number>): string {
  let text = '';
  for (let part = 0; text.length < digits; part++) {
    text += Math.floor(chance(...words, part) * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }
  return text.slice(0, digits);
}

/** A version 4 UUID for these words, as the kernel writes one to `/proc/sys/kernel/random/boot_id`. */
export function uuidOf(chance: Chance, ...words: Array<string | number>): string {
  const hex = hexOf(chance, 32, ...words);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
