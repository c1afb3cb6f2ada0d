import type { Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';

/**
 * The fleet as Systems Manager knows it: without the machines whose agent never registered. They exist for EC2 only
 * (User Guide, "Working with managed nodes").
 */
export function managedFleet(fleet: Fleet): Fleet {
  const isManaged = (host: Host): boolean => fleet.surroundings.entry(host.id)?.unmanaged === undefined;
  const find = (id: string): Host | undefined => {
    const host = fleet.host(id);
    return host && isManaged(host) ? host : undefined;
  };
  return { ...fleet, host: find, at: (account, region) => fleet.at(account, region).filter(isManaged) };
}
