import type { Package } from '../../lambdas/core/model.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import type { HostPlatform } from './platforms.ts';
import { nameAndArch, packageKey, type Offered } from './repository.ts';

/** Architectures that a package may change to and from and stay the same package. */
const ANY = ['noarch', 'all'];

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

  /** The same packages, for later: what comes after does not change them. */
  copy(): PackageSet {
    const twin = new PackageSet(this.platform, {}, this.sources);
    for (const [key, item] of this.installed) twin.installed.set(key, item);
    return twin;
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

  /** Like `get`, but a package that became architecture-dependent, or stopped being so, is found all the same. */
  find(name: string, arch: string): Package | undefined {
    const others = ANY.includes(arch) ? [this.platform.arch, ...ANY] : ANY;
    return this.get(name, arch) ?? others.map((other) => this.get(name, other)).find((item) => item !== undefined);
  }

  /** All of them, by name and architecture. */
  list(): Package[] {
    return [...this.installed.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  }

  /** The newest version of everything installed that `offers` have a newer one of; on Windows every KB that is absent. */
  updates(offers: Offered[]): Offered[] {
    const best = new Map<string, Offered>();
    for (const offer of offers) {
      const key = packageKey(offer.name, offer.arch);
      const current = this.get(offer.name, offer.arch);
      const isKb = this.platform.versions === undefined;
      const isUpdate = isKb ? current === undefined : current !== undefined && this.isNewer(offer.version, current.version);
      const known = best.get(key);
      if (isUpdate && (!known || this.isNewer(offer.version, known.version))) best.set(key, offer);
    }
    return [...best.values()];
  }

  /**
   * Everything that installing `wanted` brings, as a package manager would resolve it; `undefined` where something that is needed
   * can't be had. What is needed and missing comes from `candidates`, in its newest version. A need is met by whatever is installed,
   * unless it is older than everything that `offers` have of it.
   */
  resolve(wanted: Offered[], candidates: Offered[], offers: Offered[]): Offered[] | undefined {
    const plan = new Map(wanted.map((offer) => [packageKey(offer.name, offer.arch), offer]));
    for (const offer of plan.values()) {
      for (const need of offer.needs) {
        if (this.meets(need, offers) || [...plan.values()].some(({ name }) => name === need)) continue;
        const found = this.newest(candidates.filter(({ name }) => name === need));
        if (!found) return undefined;
        plan.set(packageKey(found.name, found.arch), found);
      }
    }
    return [...plan.values()];
  }

  private meets(need: string, offers: Offered[]): boolean {
    const offered = offers.filter(({ name }) => name === need);
    const installed = [...this.installed.values()].filter(({ name }) => name === need);
    return installed.some(({ version }) => offered.length === 0 || offered.some((offer) => !this.isNewer(offer.version, version)));
  }

  private newest(offers: Offered[]): Offered | undefined {
    return offers.reduce<Offered | undefined>((best, offer) => (best && !this.isNewer(offer.version, best.version) ? best : offer), undefined);
  }

  private isNewer(a: string, b: string): boolean {
    return this.platform.versions !== undefined && compareVersions(this.platform.versions, a, b) === 1;
  }
}
