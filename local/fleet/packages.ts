import type { LockItem, Package } from '../../lambdas/core/model.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import type { HostPlatform } from './platforms.ts';
import { nameAndArch, packageKey, type Offered } from './repository.ts';

/** One change that a transaction makes. `before` is missing for a new package. */
export interface Change {
  offer: Offered;
  before?: string;
}

/** What is installed on one host. Of packages that are kept side by side (kernels) only the newest counts. */
export class PackageSet {
  private readonly installed = new Map<string, Package>();

  constructor(
    private readonly platform: HostPlatform,
    entries: Record<string, string>,
    private readonly sources: Record<string, string> = {},
  ) {
    for (const [text, version] of Object.entries(entries)) this.put(text, version);
  }

  /** Installs, replaces or, with an empty version on Linux, removes. `text` is `name` or `name.arch`. */
  put(text: string, version: string): void {
    const { name, arch } = nameAndArch(text, this.platform);
    const key = packageKey(name, arch);
    if (version === '' && this.platform.os === 'linux') {
      this.installed.delete(key);
      return;
    }
    const source = this.sources[name];
    this.installed.set(key, source === undefined ? { name, arch, version } : { name, arch, version, source });
  }

  get(name: string, arch: string): Package | undefined {
    return this.installed.get(packageKey(name, arch));
  }

  /** All of them, by name and architecture. */
  list(): Package[] {
    return [...this.installed.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  }

  /** Whether `version` is newer than what is installed under this name; a KB is newer while it is absent. */
  isOlder(name: string, arch: string, version: string): boolean {
    const current = this.get(name, arch);
    if (!this.platform.versions) return current === undefined;
    return current !== undefined && compareVersions(this.platform.versions, current.version, version) === -1;
  }

  /** Updates that this host could take from `offers`: of what is installed, and newer. */
  updates(offers: Map<string, Offered>): Offered[] {
    return [...offers.values()].filter((offer) => !offer.isNew && this.isOlder(offer.name, offer.arch, offer.version));
  }

  /**
   * Everything that installing `wanted` changes, in order of dependency: the wanted offers, and what they need and isn't there
   * in the offered version, as a package manager would resolve it.
   */
  transaction(wanted: Offered[], offers: Map<string, Offered>): Change[] {
    const changes = new Map<string, Change>();
    const queue = [...wanted];
    for (let offer = queue.shift(); offer; offer = queue.shift()) {
      const key = packageKey(offer.name, offer.arch);
      if (changes.has(key)) continue;
      changes.set(key, { offer, before: this.get(offer.name, offer.arch)?.version });
      const { needs } = offer;
      if (needs.length > 0) queue.push(...[...offers.values()].filter((other) => needs.includes(other.name) && this.wants(other)));
    }
    return [...changes.values()];
  }

  /** Whether the lock's version of an item is what is installed here. */
  has(item: LockItem): boolean {
    const current = this.get(item.name, item.arch);
    if (!current || !this.platform.versions) return current !== undefined;
    return compareVersions(this.platform.versions, current.version, item.version) === 0;
  }

  private wants(offer: Offered): boolean {
    return this.get(offer.name, offer.arch) ? this.isOlder(offer.name, offer.arch, offer.version) : offer.isNew;
  }
}
