/** Installed packages as `fleet.yaml` writes them. */
import type { NodeFacts } from '../../lambdas/core/match/types.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import { hostPlatform } from '../../local/fleet/platforms.ts';

/** What the file takes as a package's name (its schema). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9+._-]*$/;

/** `name` or `name.arch` → version; on Windows the KB → "". Of several versions of a package the newest: it is what a reboot starts. */
export function installedOf({ platform, installed }: NodeFacts): Record<string, string> {
  const host = hostPlatform(platform);
  const newest = new Map<string, string>();
  for (const { name, arch, version } of installed) {
    if (!NAME.test(name) || !/^\S*$/.test(version)) continue;
    const key = arch === host.arch || arch === '' ? name : `${name}.${arch}`;
    const known = newest.get(key);
    if (known === undefined || (host.versions && compareVersions(host.versions, version, known) === 1)) newest.set(key, version);
  }
  return Object.fromEntries([...newest].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
