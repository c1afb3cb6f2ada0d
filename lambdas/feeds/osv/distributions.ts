/** The one list of distributions that are read from OSV. */
import { almalinux } from './almalinux.ts';
import { debian } from './debian.ts';
import type { Distribution } from './record.ts';
import { redHat } from './red-hat.ts';
import { rocky } from './rocky.ts';
import { suse } from './suse.ts';
import { ubuntu } from './ubuntu.ts';

export const distributions: readonly Distribution[] = [ubuntu, debian, redHat, rocky, almalinux, suse];

/** Whose advisory it is by its id, if it is one of a released fix. */
export function distributionOf(id: string): Distribution | undefined {
  return distributions.find((distribution) => distribution.mine.test(id));
}
