import type { Available, Kind, Severity } from '../../lambdas/core/model.ts';
import { hostPlatform, type HostPlatform } from './platforms.ts';
import type { Inventory, Offer } from './types.ts';

/** One version in a repository, with everything that was left out in the file filled in. */
export interface Offered {
  name: string;
  arch: string;
  version: string;
  kind: Kind;
  severity: Severity;
  advisories: string[];
  needs: string[];
  reboot: boolean;
  restarts: string[];
  /** Comes only when another package needs it. */
  isNew: boolean;
}

/** What nodes of one inventory can get. It moves on: what is offered today may be gone tomorrow. */
export interface Repository {
  platform: HostPlatform;
  releasever?: string;
  /** What is offered at `now` (ms since the epoch), one version a package. */
  offers(now: number): Map<string, Offered>;
  /** From `time` on these offers replace those of the same package. */
  move(time: number, offers: Offer[]): void;
}

/** Key of a package in an installation or a repository: `openssl.x86_64`; on Windows the KB alone. */
export function packageKey(name: string, arch: string): string {
  return arch === '' ? name : `${name}.${arch}`;
}

/** `openssl` or `openssl.x86_64`, as an inventory spells it, with the platform's own architecture as default. */
export function nameAndArch(text: string, platform: HostPlatform): { name: string; arch: string } {
  const match = /^(.+)\.(x86_64|aarch64|noarch|i686|amd64|arm64|all|i386)$/.exec(text);
  return match ? { name: match[1]!, arch: match[2]! } : { name: text, arch: platform.arch };
}

/** @throws Error if the inventory's platform can't be simulated, or a package is needed that is neither offered nor installed */
export function createRepository(label: string, inventory: Inventory): Repository {
  const platform = hostPlatform(inventory.platform);
  const moves: Array<{ time: number; offers: Offered[] }> = [{ time: -Infinity, offers: inventory.available.map(fill) }];
  const states = new Map<number, Map<string, Offered>>();

  function fill(offer: Offer): Offered {
    const { name, arch } = nameAndArch(offer.package, platform);
    return {
      name,
      arch: offer.arch ?? arch,
      version: offer.version,
      kind: offer.kind,
      severity: offer.severity ?? 'unrated',
      advisories: offer.advisories ?? [],
      needs: offer.needs ?? [],
      reboot: offer.reboot ?? false,
      restarts: offer.restarts ?? [],
      isNew: offer.new ?? false,
    };
  }

  function offers(now: number): Map<string, Offered> {
    const count = moves.filter((move) => move.time <= now).length;
    const known = states.get(count);
    if (known) return known;
    const state = new Map<string, Offered>();
    for (const move of moves.slice(0, count)) for (const offer of move.offers) state.set(packageKey(offer.name, offer.arch), offer);
    states.set(count, state);
    return state;
  }

  function checkNeeds(state: Map<string, Offered>): void {
    const names = new Set([...state.values()].map((offer) => offer.name));
    for (const text of Object.keys(inventory.installed)) names.add(nameAndArch(text, platform).name);
    for (const offer of state.values()) {
      const missing = offer.needs.find((need) => !names.has(need));
      if (missing !== undefined) throw new Error(`inventory ${label}: ${offer.name} needs ${missing}, which is neither offered nor installed`);
    }
  }

  checkNeeds(offers(Infinity));
  return {
    platform,
    releasever: inventory.releasever,
    offers,
    move(time, changed) {
      moves.push({ time, offers: changed.map(fill) });
      moves.sort((a, b) => a.time - b.time);
      states.clear();
      checkNeeds(offers(Infinity));
    },
  };
}

/** The offer as a scan lists it. */
export function asAvailable(offer: Offered): Available {
  const { name, arch, version, kind, severity, advisories } = offer;
  return { name, arch, version, kind, severity, advisories };
}
