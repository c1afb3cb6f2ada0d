/** From surveyed machines to the nodes and inventories of `fleet.yaml`: what can be simulated, under names that the file takes. */
import { STALE_DAYS } from '../../lambdas/core/survey/lists.ts';
import { placeOf } from '../../lambdas/core/survey/machines.ts';
import type { Machine } from '../../lambdas/core/survey/machines.ts';
import { OPT_IN } from '../../lambdas/core/survey/nodes.ts';
import type { Updater } from '../../lambdas/core/survey/updaters.ts';
import { NodeId } from '../../lambdas/core/model.ts';
import { simulatedReleases } from '../../local/fleet/platforms.ts';
import type { FleetFile, Inventory, NodeEntry, Offer } from '../../local/fleet/types.ts';
import { factsFromInventory } from '../../lambdas/core/match/inventory.ts';
import type { FoundWindow } from '../../lambdas/core/survey/propose.ts';
import { windowsFile } from './fleet-windows.ts';
import { installedOf } from './installed.ts';

export interface FleetInput {
  machines: readonly Machine[];
  locations: string[];
  /** Ids of nodes that the proposed policy would take: they get the opt-in tag. */
  proposed: ReadonlySet<string>;
  updaters: ReadonlyMap<string, Updater[]>;
  /** What the repositories should offer nodes with this platform and list of software, from what they are exposed to. */
  offers: (platform: string, list: string) => Offer[];
  /** Maintenance windows that patch today. */
  windows: readonly FoundWindow[];
  /** ISO. */
  at: string;
}

export interface MadeFleet {
  file: FleetFile;
  /** Machines that are not in it, by reason. */
  leftOut: { why: string; ids: string[] }[];
  /** Nodes that got the opt-in tag although they do not have it. */
  tagged: number;
}

const SIMULATED = new RegExp(`^(${simulatedReleases.map((release) => release.replaceAll('.', '\\.')).join('|')})-(x86_64|aarch64)$`);
const DAY_MS = 86_400_000;

/** Builds the file's value. */
export function makeFleet(input: FleetInput): MadeFleet {
  const leftOut = new Map<string, string[]>();
  const kept = input.machines.filter((machine) => {
    const why = notSimulated(machine);
    if (why !== undefined) leftOut.set(why, [...(leftOut.get(why) ?? []), machine.id]);
    return why === undefined;
  });
  const { inventories, nameOf } = inventoriesOf(kept, input);
  const names = uniqueNames(kept);
  const nodes = kept.map((machine) => nodeEntry(machine, { input, name: names.get(machine.id) ?? machine.id, inventory: nameOf(machine) }));
  const tagged = kept.filter(({ id, tags }) => input.proposed.has(id) && tags[OPT_IN.key] !== OPT_IN.value).length;
  const surroundings = windowsFile(input.windows, nodes);
  return {
    file: { version: 1, locations: input.locations, inventories, nodes, ...(surroundings.length > 0 && { surroundings }) },
    leftOut: [...leftOut].map(([why, ids]) => ({ why, ids })),
    tagged,
  };
}

function notSimulated(machine: Machine): string | undefined {
  if (!NodeId.safeParse(machine.id).success) return 'their ids are not those of nodes';
  const platform = platformOf(machine);
  return SIMULATED.test(platform) ? undefined : `${platform} is not simulated`;
}

/** Machines that nobody asked are taken for what EC2 tells of them: an operating system and an architecture. */
function platformOf(machine: Machine): string {
  if (machine.platform !== undefined) return machine.platform;
  if (machine.node) return machine.node.platformName || 'an unknown platform';
  const arch = machine.instance?.architecture === 'arm64' ? 'aarch64' : 'x86_64';
  return machine.os === 'windows' ? 'windows-2022-x86_64' : `amazon-linux-2023-${arch}`;
}

function inventoriesOf(
  machines: Machine[],
  { offers }: FleetInput,
): { inventories: Record<string, Inventory>; nameOf: (machine: Machine) => string } {
  const names = new Map<string, string>();
  const inventories: Record<string, Inventory> = {};
  const counts = new Map<string, number>();
  for (const machine of machines) {
    const platform = platformOf(machine);
    const list = machine.software?.list ?? '';
    const key = `${platform} ${list}`;
    if (names.has(key)) continue;
    const number = (counts.get(platform) ?? 0) + 1;
    counts.set(platform, number);
    const name = list === '' ? `${platform}-unknown` : `${platform}-${number}`;
    names.set(key, name);
    inventories[name] = {
      platform,
      installed: installedOf(factsFromInventory(platform, machine.software?.parts ?? [])),
      available: offers(platform, list),
    };
  }
  return { inventories, nameOf: (machine) => names.get(`${platformOf(machine)} ${machine.software?.list ?? ''}`) ?? '' };
}

/** Names of machines as the file takes them, each once: the same letters for the same machine at each look. */
function uniqueNames(machines: Machine[]): Map<string, string> {
  const wanted = machines.map((machine) => [machine.id, plainName(machine)] as const);
  const counts = new Map<string, number>();
  for (const [, name] of wanted) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map(wanted.map(([id, name]) => [id, (counts.get(name) ?? 0) > 1 ? `${name}-${id.slice(-8)}` : name]));
}

function plainName({ id, name }: Machine): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain === '' ? id : plain;
}

interface EntryParts {
  input: FleetInput;
  name: string;
  inventory: string;
}

function nodeEntry(machine: Machine, { input, name, inventory }: EntryParts): NodeEntry {
  const { node, instance, owner } = machine;
  const others = (input.updaters.get(machine.id) ?? []).flatMap(otherUpdater);
  const version = node?.agentVersion ?? '';
  const group = machine.tags['aws:autoscaling:groupName'];
  return {
    id: machine.id,
    name,
    location: placeOf(machine),
    inventory,
    ...(machine.hybrid && { hybrid: true }),
    ...zoneOf(machine),
    ...(node?.online === false && { online: false }),
    ...(/^\d+\.\d+\.\d+\.\d+$/.test(version) && { agent: version }),
    ...((machine.patch?.pendingReboot ?? 0) > 0 && { pending: 'reboot' as const }),
    ...(others.length > 0 && { others }),
    ...(instance && instance.state !== 'running' && { stopped: true }),
    ...(instance?.state === 'running' && !node && { unmanaged: instance.profile === undefined ? ('no-profile' as const) : ('no-agent' as const) }),
    ...ages(machine, input.at),
    ...(owner && /^ami-[0-9a-f]{8,17}$/.test(instance?.imageId ?? '') && { image: instance?.imageId }),
    ...(owner?.by === 'eks' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(owner.name) && { eks: owner.name }),
    ...(owner && group !== undefined && { autoScalingGroup: group }),
    tags: tagsOf(machine, name, input.proposed),
  };
}

/** Updaters of the machine itself, in the file's words; Systems Manager's schedules are not the machine's. */
function otherUpdater({ kind, by }: Updater): string[] {
  if (kind === 'windows-update') return ['windows-update'];
  return kind === 'package' ? [by] : [];
}

/** Local Zones and Wavelength Zones have names that the file does not take. */
function zoneOf({ zone = '', location }: Machine): { zone?: string } {
  return new RegExp(`^${location.region}[a-z]$`).test(zone) ? { zone } : {};
}

/** Only what is out of order is written: the rest is as the simulation has it anyway. */
function ages({ node, patch, software }: Machine, at: string): { scanned?: string; inventoried?: string } {
  if (!node) return {};
  const old = (iso: string | undefined): string | undefined => {
    if (iso === undefined) return 'never';
    const days = Math.floor((Date.parse(at) - Date.parse(iso)) / DAY_MS);
    return days > STALE_DAYS ? `P${days}D` : undefined;
  };
  const [scanned, inventoried] = [old(patch?.at), old(software?.captured)];
  return { ...(scanned !== undefined && { scanned }), ...(inventoried !== undefined && { inventoried }) };
}

/** AWS's own tags come back by the keys that make them. */
function tagsOf({ id, tags }: Machine, name: string, proposed: ReadonlySet<string>): Record<string, string> {
  const own = Object.entries(tags).filter(([key]) => !/^(aws:|eks:|kubernetes\.io\/cluster\/)/.test(key) && !(key === 'Name' && tags.Name === name));
  return { ...Object.fromEntries(own), ...(proposed.has(id) && { [OPT_IN.key]: OPT_IN.value }) };
}
