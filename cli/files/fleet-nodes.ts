/** The nodes of a fleet file, one by one. */
import { parseLocation } from '../../lambdas/core/model.ts';
import type { Node } from '../../lambdas/core/model.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import { hostPlatform } from '../../local/fleet/platforms.ts';
import type { SingleNode } from '../../local/fleet/nodes.ts';
import type { FleetFile } from '../../local/fleet/types.ts';

/**
 * A fleet's nodes as Systems Manager would describe them after a scan, for everything that selects nodes: without stopped instances, and
 * without those that it does not know. Takes a checked fleet.
 */
export function nodesOf(fleet: FleetFile): Node[] {
  const entries = fleet.nodes.flatMap(expandEntry).filter((entry) => entry.stopped !== true && entry.unmanaged === undefined);
  return entries.map((entry) => nodeOf(entry, fleet));
}

function nodeOf(entry: SingleNode, fleet: FleetFile): Node {
  const platform = hostPlatform(fleet.inventories[entry.inventory]?.platform ?? '');
  return {
    id: entry.id,
    location: parseLocation(entry.location),
    name: entry.name,
    os: platform.os,
    platformName: platform.platformName,
    platformVersion: platform.platformVersion,
    agentVersion: entry.agent ?? '',
    online: entry.online ?? true,
    ...(entry.zone !== undefined && { zone: entry.zone }),
    tags: entry.hybrid ? { ...entry.tags } : { Name: entry.name, ...entry.tags },
    scan: {
      at: '',
      platform: platform.platform,
      fingerprint: entry.inventory,
      kernel: '',
      pending: entry.pending ?? '',
      otherUpdaters: entry.others ?? [],
      diskFreeMb: 0,
    },
  };
}
