/** The nodes of a fleet file, one by one. */
import { createHash } from 'node:crypto';
import { parseLocation } from '../../lambdas/core/model.ts';
import type { Node } from '../../lambdas/core/model.ts';
import { hostPlatform } from '../../local/fleet/platforms.ts';
import type { FleetFile, NodeEntry } from '../../local/fleet/types.ts';

/** One node, with its id. */
export type SingleNode = Omit<NodeEntry, 'count' | 'zones'> & { id: string };

/** The nodes that an entry stands for: `{n}` and zones filled in, ids made from names where there are none. */
export function expandEntry({ count, zones, ...entry }: NodeEntry): SingleNode[] {
  return Array.from({ length: count ?? 1 }, (_, index) => {
    const name = entry.name.replaceAll('{n}', String(index + 1));
    const zone = zoneName(zones ? zones[index % zones.length] : entry.zone, entry.location);
    return { ...entry, name, id: entry.id ?? nodeId(name, entry.hybrid ?? false), ...(zone !== undefined && { zone }) };
  });
}

/** The id of a node that has none: the same name gives the same id on every machine, so that people can write it down. */
export function nodeId(name: string, hybrid: boolean): string {
  return `${hybrid ? 'mi' : 'i'}-${createHash('sha256').update(name).digest('hex').slice(0, 17)}`;
}

/** A fleet's nodes as Systems Manager would describe them after a scan, for everything that selects nodes. Takes a checked fleet. */
export function nodesOf(fleet: FleetFile): Node[] {
  return fleet.nodes.flatMap(expandEntry).map((entry) => nodeOf(entry, fleet));
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

function zoneName(zone: string | undefined, location: string): string | undefined {
  return zone !== undefined && /^[a-z]$/.test(zone) ? `${parseLocation(location).region}${zone}` : zone;
}
