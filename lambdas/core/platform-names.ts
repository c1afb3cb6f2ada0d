/** Which platforms a fleet is of: as scans found them, else by the name and version that SSM shows (SSM API Reference, InstanceInformation). */
import { platformOf } from './match/platform.ts';
import type { Node } from './model.ts';

/** Platforms of a fleet, each once, sorted. SSM says nothing of the machine, so what no scan has told is taken to be `x86_64`. */
export function platformsOf(fleet: readonly Pick<Node, 'platformName' | 'platformVersion' | 'scan'>[]): string[] {
  const named = fleet.flatMap(({ scan, platformName, platformVersion }) => scan?.platform ?? platformOf(platformName, platformVersion, '') ?? []);
  return [...new Set(named)].toSorted();
}
