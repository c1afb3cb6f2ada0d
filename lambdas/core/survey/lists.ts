/**
 * The lists of an assessment: every machine that somebody should look at before a rollout, by id and with the reason. A list is
 * `undefined` where what it is made from could not be seen: an empty list means that there is none.
 */
import { locationKey } from '../model.ts';
import { baselineOf, isAwsOwn, patchGroupOf, refusals } from './baselines.ts';
import { ownedGroups, type OwnedGroup } from './owners.ts';
import { updatersOf, type Updater } from './updaters.ts';
import { placeOf, type Machine } from './machines.ts';
import type { SeenLocation, Survey } from './model.ts';

/** A machine in a list. */
export interface ListedNode {
  id: string;
  name: string;
  location: string;
  why: string;
}

export interface SelfUpdating extends ListedNode {
  by: Updater[];
}

/** Machines of one location that share a baseline which would refuse something. */
export interface RefusingBaseline {
  baseline: string;
  name: string;
  operatingSystem: string;
  location: string;
  /** AWS's own default, which waits a week nearly everywhere. */
  awsOwn: boolean;
  patchGroups: string[];
  why: string[];
  nodes: string[];
}

export interface Lists {
  /** Runs in EC2, and Systems Manager does not know it. */
  unmanaged?: ListedNode[];
  stopped?: ListedNode[];
  /** Managed, and its agent does not answer. */
  silent?: ListedNode[];
  /** Patch Manager never looked at it. */
  neverScanned?: ListedNode[];
  /** What is known of it is older than `STALE_DAYS`. */
  stale?: ListedNode[];
  noInventory?: ListedNode[];
  agentTooOld?: ListedNode[];
  owned?: OwnedGroup[];
  selfUpdating?: SelfUpdating[];
  baselineRefuses?: RefusingBaseline[];
  /** Associations and windows whose targets only AWS can resolve: they may install anywhere. */
  unresolvedUpdaters: string[];
}

/** Quick Setup scans daily and gathers inventory every 30 minutes (User Guide, "Quick Setup"): after a week something is broken. */
export const STALE_DAYS = 7;
/** What our documents need: nested parameters are validated from here on (amazon-ssm-agent, RELEASENOTES, 3.1.1045.0). */
export const OLDEST_AGENT = '3.1.1045.0';

const DAY_MS = 86_400_000;
/** An agent registers within minutes of the start. */
const STARTING_MS = 15 * 60_000;

/** All lists. */
export function listsOf(survey: Survey, machines: readonly Machine[]): Lists {
  const at = Date.parse(survey.at);
  const managed = machines.filter(({ node }) => node !== undefined);
  const sees = (part: keyof SeenLocation): boolean => survey.locations.some((location) => location[part] !== undefined);
  const when = <T>(parts: (keyof SeenLocation)[], make: () => T): T | undefined => (parts.every(sees) ? make() : undefined);
  const among = (part: keyof SeenLocation): Machine[] => seenWhere(survey, managed, part);
  const updaters = survey.locations.map((seen) => ({ seen, ...updatersOf(seen, here(seen, machines)) }));
  return {
    unmanaged: when(['instances', 'nodes'], () => unmanaged(survey, machines)),
    stopped: when(['instances'], () => listedWith(machines.filter(isStopped), stoppedWhy)),
    silent: when(['nodes'], () =>
      listedWith(
        managed.filter(({ node }) => node?.online === false),
        (machine) => silentWhy(machine, at),
      ),
    ),
    neverScanned: when(['nodes', 'patchStates'], () =>
      listedWith(
        among('patchStates').filter(({ patch }) => !patch),
        neverWhy,
      ),
    ),
    stale: when(['nodes'], () => managed.flatMap((machine) => stale(machine, at))),
    noInventory: when(['nodes', 'software'], () =>
      listedWith(
        among('software').filter(({ software }) => !software),
        unknownWhy,
      ),
    ),
    agentTooOld: when(['nodes'], () => listedWith(managed.filter(isAgentTooOld), agentWhy)),
    owned: when(['instances'], () => ownedGroups(machines, placeOf)),
    selfUpdating: when(['nodes'], () =>
      updaters.flatMap(({ seen, byId }) => here(seen, managed).flatMap((machine) => selfUpdating(machine, byId.get(machine.id)))),
    ),
    baselineRefuses: when(['nodes', 'baselines'], () =>
      survey.locations.flatMap((seen) => refusing(seen, here(seen, managed), survey.at.slice(0, 10))),
    ),
    unresolvedUpdaters: updaters.flatMap(({ unresolved }) => unresolved),
  };
}

function listedWith(machines: readonly Machine[], why: (machine: Machine) => string): ListedNode[] {
  return machines.map((machine) => listed(machine, why(machine)));
}

function neverWhy(): string {
  return 'Patch Manager has never looked at it';
}

function unknownWhy(): string {
  return 'no SSM Inventory: what is installed is not known';
}

function agentWhy({ node }: Machine): string {
  return `agent ${node?.agentVersion ?? ''}; ${OLDEST_AGENT} or newer is needed`;
}

function here(seen: SeenLocation, machines: readonly Machine[]): Machine[] {
  const key = locationKey(seen.location);
  return machines.filter((machine) => placeOf(machine) === key);
}

/** Machines of the locations where a part could be seen. */
function seenWhere(survey: Survey, machines: readonly Machine[], part: keyof SeenLocation): Machine[] {
  return survey.locations.filter((seen) => seen[part] !== undefined).flatMap((seen) => here(seen, machines));
}

function listed(machine: Machine, why: string): ListedNode {
  return { id: machine.id, name: machine.name, location: placeOf(machine), why };
}

function unmanaged(survey: Survey, machines: readonly Machine[]): ListedNode[] {
  return survey.locations
    .filter(({ nodes, instances }) => nodes && instances)
    .flatMap((seen) => {
      const nobody = (seen.nodes ?? []).length === 0;
      return here(seen, machines)
        .filter((machine) => machine.running && !machine.hybrid && !machine.node)
        .map((machine) => listed(machine, unmanagedWhy(machine, nobody, Date.parse(survey.at))));
    });
}

/** What EC2 shows of the reason. The rest (agent, role, network) only the machine itself could tell. */
function unmanagedWhy({ instance }: Machine, nobody: boolean, at: number): string {
  if (at - Date.parse(instance?.launched ?? '') < STARTING_MS) return 'started a few minutes ago: its agent may still register';
  if (nobody) return 'no node of this Region is registered: Systems Manager is not set up here';
  if (instance?.profile === undefined) return 'no instance profile: its agent has no credentials, unless Default Host Management is on';
  const profile = instance.profile.slice(instance.profile.lastIndexOf('/') + 1);
  const role = `the role in ${profile} lacks AmazonSSMManagedInstanceCore`;
  return `its agent never registered: not installed or stopped, no way to the ssm endpoints, or ${role}`;
}

function isStopped({ instance }: Machine): boolean {
  return instance !== undefined && (instance.state === 'stopped' || instance.state === 'stopping');
}

function stoppedWhy({ instance }: Machine): string {
  return `${instance?.state ?? 'stopped'}: nothing is installed before it runs again`;
}

function silentWhy({ node }: Machine, at: number): string {
  return node?.lastPing === undefined ? 'its agent does not answer' : `its agent has not answered for ${age(node.lastPing, at)}`;
}

function stale(machine: Machine, at: number): ListedNode[] {
  const { patch, software } = machine;
  const old = (iso: string | undefined): boolean => iso !== undefined && at - Date.parse(iso) > STALE_DAYS * DAY_MS;
  const reasons = [
    ...(old(patch?.at) ? [`Patch Manager looked ${age(patch?.at ?? '', at)} ago`] : []),
    ...(old(software?.captured) ? [`its inventory is ${age(software?.captured ?? '', at)} old`] : []),
  ];
  return reasons.length > 0 ? [listed(machine, reasons.join('; '))] : [];
}

/** `40 days`, `5 hours`. */
export function age(iso: string, at: number): string {
  const hours = Math.max(0, Math.round((at - Date.parse(iso)) / 3_600_000));
  const [count, unit] = hours >= 48 ? [Math.floor(hours / 24), 'day'] : [hours, 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Versions have four numbers; what does not look so is not judged. */
function isAgentTooOld({ node }: Machine): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/
    .exec(node?.agentVersion ?? '')
    ?.slice(1)
    .map(Number);
  const oldest = OLDEST_AGENT.split('.').map(Number);
  const differs = parts?.findIndex((part, index) => part !== oldest[index]) ?? -1;
  return parts !== undefined && differs >= 0 && (parts[differs] ?? 0) < (oldest[differs] ?? 0);
}

function selfUpdating(machine: Machine, by: Updater[] | undefined): SelfUpdating[] {
  return by === undefined ? [] : [{ ...listed(machine, by.map((updater) => updater.by).join(', ')), by }];
}

function refusing(seen: SeenLocation, managed: Machine[], today: string): RefusingBaseline[] {
  const groups = new Map<string, RefusingBaseline>();
  for (const machine of managed) {
    const baseline = baselineOf(machine, seen);
    const why = baseline ? refusals(baseline, today) : [];
    if (!baseline || why.length === 0) continue;
    const { id, name, operatingSystem } = baseline;
    const location = locationKey(seen.location);
    const fresh = { baseline: id, name, operatingSystem, location, awsOwn: isAwsOwn(baseline), patchGroups: [], why, nodes: [] };
    const group: RefusingBaseline = groups.get(id) ?? fresh;
    const patchGroup = patchGroupOf(machine.tags);
    if (patchGroup !== '' && !group.patchGroups.includes(patchGroup)) group.patchGroups.push(patchGroup);
    group.nodes.push(machine.id);
    groups.set(id, group);
  }
  return [...groups.values()].toSorted((a, b) => Number(a.awsOwn) - Number(b.awsOwn) || b.nodes.length - a.nodes.length);
}
