/**
 * What accounts have besides nodes: patch baselines, maintenance windows, associations, calendars, Auto Scaling groups, target groups.
 * Made from `fleet.yaml` once; ids follow from names, so that they are the same in every run.
 */
import { createHash } from 'node:crypto';
import { parseLocation } from '../../lambdas/core/model.ts';
import { expandEntry, type SingleNode } from './nodes.ts';
import type { AssociationEntry, BaselineEntry, CalendarEntry, FleetFile, MaintenanceWindowEntry, SurroundingsEntry, TargetEntry } from './types.ts';

/** Key and values, as Systems Manager's targets are written (SSM API reference, Target). */
export interface Target {
  Key: string;
  Values: string[];
}

export interface Baseline extends BaselineEntry {
  id: string;
}

export interface MaintenanceWindow extends MaintenanceWindowEntry {
  id: string;
  targetId: string;
  taskId: string;
  targets: Target[];
}

export interface Association extends AssociationEntry {
  id: string;
  targets: Target[];
}

export interface NodeGroup {
  name: string;
  nodes: SingleNode[];
}

/** One location's. */
export interface LocationSurroundings {
  baselines: Baseline[];
  maintenanceWindows: MaintenanceWindow[];
  associations: Association[];
  calendars: CalendarEntry[];
  scalingGroups: NodeGroup[];
  targetGroups: NodeGroup[];
}

export interface Surroundings {
  at(account: string, region: string): LocationSurroundings;
  /** The node's line of the file. */
  entry(id: string): SingleNode | undefined;
  /** Number and name of every account of the organization; empty: there is none. */
  accounts: { id: string; name: string }[];
  /** When the run began, ms: ages count back from here. */
  start: number;
}

/** @param start when the run begins, ms */
export function createSurroundings(file: FleetFile, start: number): Surroundings {
  const nodes = file.nodes.flatMap(expandEntry);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map(file.locations.map((location) => [location, surroundingsOf(location, file.surroundings ?? [], nodes)]));
  const nothing = surroundingsOf('', [], []);
  return {
    at: (account, region) => places.get(`${account}/${region}`) ?? nothing,
    entry: (id) => byId.get(id),
    accounts: accountsOf(file),
    start,
  };
}

/** Of a window whose entry names none. */
function maintenanceWindowId(location: string, name: string): string {
  return `mw-${hex(location, name)}`;
}

function surroundingsOf(location: string, entries: SurroundingsEntry[], all: SingleNode[]): LocationSurroundings {
  const here = entries.filter((entry) => entry.locations === undefined || entry.locations.includes(location));
  const nodes = all.filter((node) => node.location === location);
  return {
    baselines: here.flatMap(({ baselines = [] }) => baselines).map((entry) => ({ ...entry, id: `pb-${hex(location, entry.name)}` })),
    maintenanceWindows: here
      .flatMap(({ maintenanceWindows = [] }) => maintenanceWindows)
      .map((entry) => ({
        ...entry,
        id: entry.id ?? maintenanceWindowId(location, entry.name),
        targetId: uuid(location, entry.name, 'target'),
        taskId: uuid(location, entry.name, 'task'),
        targets: targetsOf(entry, nodes),
      })),
    associations: here
      .flatMap(({ associations = [] }) => associations)
      .map((entry) => ({
        ...entry,
        id: uuid(location, entry.name, 'association'),
        targets: targetsOf(entry, nodes),
      })),
    calendars: here.flatMap(({ calendars = [] }) => calendars),
    scalingGroups: groupsOf(nodes, (node) => scalingGroupOf(node)),
    targetGroups: groupsOf(nodes, (node) => node.targetGroup),
  };
}

/** The group that keeps a node alive; nodes of EKS are in a node group, which is an Auto Scaling group (EKS User Guide, "Managed node groups"). */
export function scalingGroupOf(node: SingleNode): string | undefined {
  return node.autoScalingGroup ?? (node.eks === undefined ? undefined : `eks-${node.eks}-nodes`);
}

/** Tags that AWS itself puts on a node of a group: `aws:autoscaling:groupName`, and EKS's (EKS User Guide, "Tagging your resources"). */
export function ownTags(node: SingleNode): Record<string, string> {
  const group = scalingGroupOf(node);
  return {
    ...(group !== undefined && { 'aws:autoscaling:groupName': group }),
    ...(node.eks !== undefined && { 'eks:cluster-name': node.eks, [`kubernetes.io/cluster/${node.eks}`]: 'owned' }),
  };
}

/** A patch group is what a node's tag `Patch Group` or `PatchGroup` says (User Guide, "Patch groups"). */
export function patchGroupOf(tags: Record<string, string>): string {
  return tags['Patch Group'] ?? tags.PatchGroup ?? '';
}

function targetsOf({ tags, names }: TargetEntry, nodes: SingleNode[]): Target[] {
  const byName = names === undefined ? [] : [{ Key: 'InstanceIds', Values: nodes.filter((node) => names.includes(node.name)).map(({ id }) => id) }];
  const byTag = Object.entries(tags ?? {}).map(([key, value]) => ({ Key: `tag:${key}`, Values: [value] }));
  const some = [...byName, ...byTag];
  return some.length > 0 ? some : [{ Key: 'InstanceIds', Values: ['*'] }];
}

function groupsOf(nodes: SingleNode[], nameOf: (node: SingleNode) => string | undefined): NodeGroup[] {
  const groups = new Map<string, SingleNode[]>();
  for (const node of nodes) {
    const name = nameOf(node);
    if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), node]);
  }
  return [...groups].map(([name, members]) => ({ name, nodes: members }));
}

function accountsOf({ locations, organization }: FleetFile): { id: string; name: string }[] {
  if (organization === undefined) return [];
  const own = [...new Set(locations.map((location) => parseLocation(location).account))].map((id) => ({
    id,
    name: organization[id] ?? `account-${id}`,
  }));
  const others = Object.entries(organization)
    .map(([id, name]) => ({ id, name }))
    .filter(({ id }) => !own.some((account) => account.id === id));
  return [...own, ...others];
}

function hex(...words: string[]): string {
  return createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 17);
}

function uuid(...words: string[]): string {
  const text = createHash('sha256').update(words.join('\n')).digest('hex');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-8${text.slice(17, 20)}-${text.slice(20, 32)}`;
}
