/** Which of two versions is newer, by the package manager whose versions they are. */
import { z } from 'zod';
import { compareReadDeb, readDeb } from './deb.ts';
import type { DebVersion } from './deb.ts';
import { compareReadRpm, readRpm } from './rpm.ts';
import type { RpmVersion } from './rpm.ts';
import type { Sign } from './sign.ts';

export const VersionKind = z.enum(['rpm', 'deb']);
export type VersionKind = z.infer<typeof VersionKind>;

/** A version that was read once and is compared often. */
export type Version = RpmVersion | DebVersion;

/** Reads a version; `undefined` if it is none. */
export function readVersion(kind: VersionKind, text: string): Version | undefined {
  return kind === 'rpm' ? readRpm(text) : readDeb(text);
}

/** -1 if `a` is older than `b`, 0 if they are equal, 1 if `a` is newer, `undefined` if they are of different kinds. */
export function compareRead(a: Version, b: Version): Sign | undefined {
  if (a.kind === 'rpm') return b.kind === 'rpm' ? compareReadRpm(a, b) : undefined;
  return b.kind === 'deb' ? compareReadDeb(a, b) : undefined;
}

/**
 * -1 if `a` is older than `b`, 0 if they are equal, 1 if `a` is newer, `undefined` if one of them cannot be read.
 * `undefined` means unknown and must never be taken for "fixed".
 */
export function compareVersions(kind: VersionKind, a: string, b: string): Sign | undefined {
  const left = readVersion(kind, a);
  const right = readVersion(kind, b);
  return left && right ? compareRead(left, right) : undefined;
}
