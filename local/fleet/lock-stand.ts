import { parseLock } from '../../lambdas/core/lock.ts';
import type { LockItem, LockPlatform } from '../../lambdas/core/model.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import type { PackageSet } from './packages.ts';
import type { HostPlatform } from './platforms.ts';

/** How one item of a lock stands to what is installed. */
export interface Stand {
  index: number;
  item: LockItem;
  /** Installed version; empty where absent, and for a KB. */
  have: string;
  relation: 'absent' | 'same' | 'older' | 'newer';
}

/** The section of a lock for a platform; `undefined` where it has none, or where a line of it can't be read. */
export function lockSection(text: string, platform: string): LockPlatform | undefined {
  try {
    return parseLock(text).find((section) => section.platform === platform);
  } catch {
    return undefined;
  }
}

/** All items against a list of packages, in the lock's order. */
export function standOf(items: LockItem[], packages: PackageSet, platform: HostPlatform): Stand[] {
  return items.map((item, index) => {
    const found = packages.find(item.name, item.arch);
    return { index, item, have: found?.version ?? '', relation: found ? relation(found.version, item.version, platform) : 'absent' };
  });
}

function relation(have: string, want: string, platform: HostPlatform): Stand['relation'] {
  if (!platform.versions || have === want) return 'same';
  const order = compareVersions(platform.versions, have, want);
  return order === -1 ? 'older' : order === 1 ? 'newer' : 'same';
}
