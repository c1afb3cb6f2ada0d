/** Which of two versions is newer, by the package manager whose versions they are. */
import { z } from 'zod';
import { compareDeb } from './deb.ts';
import { compareRpm } from './rpm.ts';
import type { Sign } from './sign.ts';

export const VersionKind = z.enum(['rpm', 'deb']);
export type VersionKind = z.infer<typeof VersionKind>;

const orders: Record<VersionKind, (a: string, b: string) => Sign | undefined> = { rpm: compareRpm, deb: compareDeb };

/**
 * -1 if `a` is older than `b`, 0 if they are equal, 1 if `a` is newer, `undefined` if one of them cannot be read.
 * `undefined` means unknown and must never be taken for "fixed".
 */
export function compareVersions(kind: VersionKind, a: string, b: string): Sign | undefined {
  return orders[kind](a, b);
}
