/** -1: the first is older; 0: they are equal; 1: the first is newer. */
export type Sign = -1 | 0 | 1;

/** Compares runs of digits by value, without a limit on their length: some are dates, some are hashes. No digits count as 0. */
export function compareDigits(a: string, b: string): Sign {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return left === right ? 0 : left < right ? -1 : 1;
}
