/** Machines that something else replaces: what is installed there is gone with the next one, so their image is what has to be patched. */
import type { SeenInstance, SeenScalingGroup } from './model.ts';
import type { Machine } from './machines.ts';

/** Who keeps a machine alive. */
export interface Owner {
  by: 'auto-scaling' | 'eks' | 'ecs';
  /** Name of the group or cluster. */
  name: string;
}

const GROUP_TAG = 'aws:autoscaling:groupName';
const CLUSTER_TAG = 'kubernetes.io/cluster/';

/**
 * The owner of an instance, from the tags that AWS puts on it and from its Auto Scaling group. EKS: EKS User Guide, "Tagging your
 * resources" and "Managed node groups"; self-managed nodes carry `kubernetes.io/cluster/NAME: owned`. ECS: ECS Developer Guide,
 * "Amazon ECS managed tags" (`AmazonECSManaged`).
 */
export function ownerOf({ tags }: SeenInstance, group: SeenScalingGroup | undefined): Owner | undefined {
  const all = { ...group?.tags, ...tags };
  const cluster =
    all['eks:cluster-name'] ??
    Object.keys(all)
      .find((key) => key.startsWith(CLUSTER_TAG))
      ?.slice(CLUSTER_TAG.length);
  if (cluster !== undefined) return { by: 'eks', name: cluster };
  const name = group?.name ?? tags[GROUP_TAG];
  if (name === undefined) return undefined;
  return { by: 'AmazonECSManaged' in all ? 'ecs' : 'auto-scaling', name };
}

/** Machines of one owner that were started from one image. */
export interface OwnedGroup extends Owner {
  image: string;
  location: string;
  /** The oldest of them: since then the image cannot have been renewed for all. */
  oldest: string;
  nodes: string[];
}

/** Owned machines by owner and image, the largest groups first. */
export function ownedGroups(machines: readonly Machine[], place: (machine: Machine) => string): OwnedGroup[] {
  const groups = new Map<string, OwnedGroup>();
  for (const machine of machines) {
    const { owner, instance } = machine;
    if (!owner || !instance) continue;
    const location = place(machine);
    const key = JSON.stringify([location, owner.by, owner.name, instance.imageId]);
    const group = groups.get(key) ?? { ...owner, image: instance.imageId, location, oldest: instance.launched, nodes: [] };
    group.nodes.push(machine.id);
    if (instance.launched < group.oldest) group.oldest = instance.launched;
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((a, b) => b.nodes.length - a.nodes.length || (a.name < b.name ? -1 : 1));
}
