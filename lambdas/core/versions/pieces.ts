/**
 * What both orders of versions work on: a version cut into pieces that compare one by one. Cutting costs more than comparing, so a
 * version that is compared often is read once.
 */
import type { Sign } from './sign.ts';

export interface Piece {
  /** Decides first: the kind of the piece. */
  rank: number;
  /** Decides next: how many digits a number has without leading zeros; 0 for anything else. */
  size: number;
  /** Decides last, as text: digits without leading zeros, or letters in the order's own spelling. */
  text: string;
}

/** A number of any length: some runs of digits are dates, some are hashes. No digits count as 0. */
export function numberPiece(rank: number, digits: string): Piece {
  const text = digits.replace(/^0+/, '');
  return { rank, size: text.length, text };
}

/** Compares piece by piece. Where one version has none left, `missing` stands in for it (by the index's parity). */
export function comparePieces(a: readonly Piece[], b: readonly Piece[], missing: readonly [Piece, Piece]): Sign {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const filler = missing[index % 2 === 0 ? 0 : 1];
    const sign = comparePiece(a[index] ?? filler, b[index] ?? filler);
    if (sign !== 0) return sign;
  }
  return 0;
}

function comparePiece(a: Piece, b: Piece): Sign {
  if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1;
  if (a.size !== b.size) return a.size < b.size ? -1 : 1;
  return a.text === b.text ? 0 : a.text < b.text ? -1 : 1;
}
