/** -1: the first is older; 0: they are equal; 1: the first is newer. */
export type Sign = -1 | 0 | 1;

/** Longer than any real version; more is not a version but an attack on the reader. */
export const VERSION_LIMIT = 4_096;
