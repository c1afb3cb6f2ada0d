/** Every machine that was seen, whoever saw it: EC2's instance and Systems Manager's node of the same id are one machine. */
import type { Inventory } from '../match/inventory.ts';
import { platformOf } from '../match/platform.ts';
import { locationKey } from '../model.ts';
import type { Location, Os } from '../model.ts';
import { ownerOf } from './owners.ts';
import type { Owner } from './owners.ts';
import { architectureOf, patchManagerName } from './platforms.ts';
import type { SeenInstance, SeenLocation, SeenNode, SeenPatchState, Survey } from './model.ts';

export interface Machine {
  id: string;
  location: Location;
  /** The `Name` tag, else what Systems Manager calls it, else the id. */
  name: string;
  os: Os;
  hybrid: boolean;
  /** An EC2 instance in the state `running`, or a hybrid node: of those nobody but the agent knows. */
  running: boolean;
  tags: Record<string, string>;
  /** `amazon-linux-2023-x86_64`; absent: nobody tells. */
  platform?: string;
  /** `AMAZON_LINUX_2023`, as baselines name it. */
  operatingSystem?: string;
  zone?: string;
  instance?: SeenInstance;
  /** Absent: not managed, or nobody could see whether it is. */
  node?: SeenNode;
  patch?: SeenPatchState;
  /** What is installed, with the time at which the agent looked; `list` names equal ones. */
  software?: { captured: string; list: string; parts: Inventory[] };
  owner?: Owner;
}

/** All machines, by location and then by id. */
export function machinesOf(survey: Survey): Machine[] {
  return survey.locations.flatMap(machinesAt);
}

/** `111111111111/eu-central-1` */
export function placeOf({ location }: Machine): string {
  return locationKey(location);
}

function machinesAt(seen: SeenLocation): Machine[] {
  const instances = byId(seen.instances);
  const nodes = byId(seen.nodes);
  const patches = byId(seen.patchStates);
  const groups = new Map((seen.scalingGroups ?? []).flatMap((group) => group.instances.map((id) => [id, group] as const)));
  const software = new Map(
    (seen.software?.nodes ?? []).map(({ id, captured, list }) => [id, { captured, list, parts: seen.software?.lists[list] ?? [] }]),
  );
  const ids = [...new Set([...instances.keys(), ...nodes.keys()])].toSorted();
  return ids.map((id) => {
    const instance = instances.get(id);
    const owner = instance && ownerOf(instance, groups.get(id));
    return machineOf(id, seen.location, { instance, node: nodes.get(id), patch: patches.get(id), software: software.get(id), owner });
  });
}

type Parts = Pick<Machine, 'instance' | 'node' | 'patch' | 'software' | 'owner'>;

function machineOf(id: string, location: Location, parts: Parts): Machine {
  const { instance, node, software } = parts;
  const tags = instance?.tags ?? node?.tags ?? {};
  const architecture = instance?.architecture || architectureOf(software?.parts ?? []);
  const platform = node && platformOf(node.platformName, node.platformVersion, architecture);
  const operatingSystem = node && patchManagerName(node.platformName, node.platformVersion);
  return {
    id,
    location,
    name: tags.Name || node?.name || id,
    os: instance?.os ?? (node?.platformType === 'Windows' ? 'windows' : 'linux'),
    hybrid: id.startsWith('mi-'),
    running: instance ? instance.state === 'running' : true,
    tags,
    ...(platform !== undefined && { platform }),
    ...(operatingSystem !== undefined && { operatingSystem }),
    ...(instance && { zone: instance.zone }),
    ...present(parts),
  };
}

function present(parts: Parts): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

function byId<Item extends { id: string }>(items: Item[] | undefined): Map<string, Item> {
  return new Map((items ?? []).map((item) => [item.id, item]));
}
