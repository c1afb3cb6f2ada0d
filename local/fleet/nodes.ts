import { createHash } from 'node:crypto';
import type { NodeEntry } from './types.ts';

/** One node, with its id. */
export type SingleNode = Omit<NodeEntry, 'count' | 'zones'> & { id: string };

/** The nodes that an entry of `fleet.yaml` stands for: `{n}` and zones filled in, ids made from names where there are none. */
export function expandEntry({ count, zones, ...entry }: NodeEntry): SingleNode[] {
  return Array.from({ length: count ?? 1 }, (_, index) => {
    const name = entry.name.replaceAll('{n}', String(index + 1));
    const zone = zoneName(zones ? zones[index % zones.length] : entry.zone, entry.location);
    return { ...entry, name, id: entry.id ?? nodeId(name, entry.hybrid ?? false), ...(zone === undefined ? {} : { zone }) };
  });
}

/** The id of a node that has none: the same name gives the same id on every machine, so that people can write it down. */
export function nodeId(name: string, hybrid: boolean): string {
  return `${hybrid ? 'mi' : 'i'}-${createHash('sha256').update(name).digest('hex').slice(0, 17)}`;
}

function zoneName(zone: string | undefined, location: string): string | undefined {
  return zone !== undefined && /^[a-z]$/.test(zone) ? `${location.split('/')[1] ?? ''}${zone}` : zone;
}
