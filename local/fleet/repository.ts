import type { Kind, Severity } from '../../lambdas/core/model.ts';
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
}

/** What nodes of one inventory can get. It moves on: what is offered today may be gone tomorrow. */
export interface Repository {
  platform: HostPlatform;
  releasever?: string;
  /** Whether the state of its archive at any past hour can be had: Ubuntu 24.04 and newer (https://snapshot.ubuntu.com). */
  snapshots: boolean;
  /** What is offered at `now` (ms since the epoch); of one package there may be several versions. */
  offers(now: number): Offered[];
  /** From `time` on these offers replace all those of the same packages. */
  move(time: number, offers: Offer[]): void;
}

/** `20261207T050000Z`: the state at the full hour before `now` (ms since the epoch), as `wl_snapshot_now` of the scripts asks for it. */
export function snapshotId(now: number): string {
  return `${new Date(now).toISOString().slice(0, 13).replaceAll('-', '')}0000Z`;
}

/** The moment that a snapshot shows, ms since the epoch. */
export function snapshotTime(id: string): number {
  return Date.parse(id.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'));
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

/** @throws Error if the inventory's platform can't be simulated */
export function createRepository(inventory: Inventory): Repository {
  const platform = hostPlatform(inventory.platform);
  const states: Array<{ from: number; offers: Offered[] }> = [
    {
      from: -Infinity,
      offers: inventory.available.map((offer) => fill(offer, platform)),
    },
  ];
  return {
    platform,
    releasever: inventory.releasever,
    snapshots: inventory.snapshots !== false && /^ubuntu-(2[4-9]|[3-9]\d)\./.test(inventory.platform),
    offers: (now) => states.findLast(({ from }) => from <= now)?.offers ?? [],
    move(time, changed) {
      const fresh = changed.map((offer) => fill(offer, platform));
      const moved = (offers: Offered[]): Offered[] => [...offers.filter((old) => !fresh.some((offer) => isSame(old, offer))), ...fresh];
      const before = states.findLast(({ from }) => from <= time);
      for (const state of states) if (state.from > time) state.offers = moved(state.offers);
      states.push({ from: time, offers: moved(before?.offers ?? []) });
      states.sort((a, b) => a.from - b.from);
    },
  };
}

function isSame(a: Offered, b: Offered): boolean {
  return a.name === b.name && a.arch === b.arch;
}

function fill(offer: Offer, platform: HostPlatform): Offered {
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
  };
}
