import type { Clock } from '../types.ts';
import type { Host, Breakage } from './host.ts';
import { kindOf } from './plugins.ts';
import type { Repository } from './repository.ts';
import type { NodeChoice, Offer, Scenario, ScenarioFault } from './types.ts';

/** What scenarios act on. */
export interface ScenarioWorld {
  clock: Clock;
  hosts: Host[];
  breakages: Breakage[];
  repositories: Map<string, Repository>;
  events: EventLoss;
}

/** An event of Systems Manager on its way out. */
export interface SsmEvent {
  detailType: string;
  detail: { status: string; 'document-name': string };
}

/** Which events of Systems Manager never leave it: EventBridge calls their delivery "best effort". */
export class EventLoss {
  private all = false;
  private left = 0;

  lose(amount: 'all' | number): void {
    if (amount === 'all') this.all = true;
    else this.left += amount;
  }

  /** Whether this event is lost. A number of losses is spent on events that tell of the end of a patch command. */
  takes(event: SsmEvent): boolean {
    if (this.all) return true;
    const isEnd = event.detailType === 'EC2 Command Status-change Notification' && !/^(Pending|InProgress|Cancelling)$/.test(event.detail.status);
    if (this.left === 0 || !isEnd || !kindOf(event.detail['document-name'])?.startsWith('Patch')) return false;
    this.left--;
    return true;
  }
}

/** Milliseconds of an ISO-8601 duration of weeks, days, hours, minutes and seconds (`PT60H`, `P1DT12H`). @throws Error on any other */
export function durationOf(text: string): number {
  const match = /^P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (!match) throw new Error(`"${text}" is not a duration like PT60H or P1DT12H`);
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

/** Nodes that fit every key given. @throws Error when an id or name belongs to no node: a fault without victim is a typing mistake */
export function chosen(hosts: Host[], choice: NodeChoice): Host[] {
  for (const id of choice.ids ?? []) if (!hosts.some((host) => host.id === id)) throw new Error(`scenario: no node has the id ${id}`);
  for (const name of choice.name ?? []) {
    if (!hosts.some((host) => host.name === name)) throw new Error(`scenario: no node is named ${name}`);
  }
  const found = hosts.filter((host) => fits(host, choice));
  if (found.length === 0) throw new Error(`scenario: no node fits ${JSON.stringify(choice)}`);
  return found;
}

/** What of a fault happens to these nodes, as none or one fault. What is not about single nodes stays. */
export function faultOn(fault: ScenarioFault, nodes: readonly Chosen[]): ScenarioFault[] {
  if ('silent' in fault) return narrowed(fault.silent, nodes).map((silent) => ({ silent }));
  if ('updates-itself' in fault) return narrowed(fault['updates-itself'], nodes).map((choice) => ({ 'updates-itself': choice }));
  return [fault];
}

/** What a choice looks at. */
type Chosen = Pick<Host, 'id' | 'name' | 'tags' | 'hybrid'>;

function fits(node: Chosen, { ids, name, tags = {}, hybrid }: NodeChoice): boolean {
  return (
    (ids?.includes(node.id) ?? true) &&
    (name?.includes(node.name) ?? true) &&
    (hybrid === undefined || hybrid === node.hybrid) &&
    Object.entries(tags).every(([key, value]) => node.tags[key] === value)
  );
}

function narrowed<Choice extends NodeChoice>(choice: Choice, nodes: readonly Chosen[]): Choice[] {
  const ids = choice.ids?.filter((id) => nodes.some((node) => node.id === id));
  const name = choice.name?.filter((one) => nodes.some((node) => node.name === one));
  const rest = { ...choice, ...(ids && { ids }), ...(name && { name }) };
  return nodes.some((node) => fits(node, rest)) ? [rest] : [];
}

/** Sets a scenario's faults up; durations count from now. @throws Error that names what doesn't exist in this fleet */
export function applyScenario(scenario: Scenario, world: ScenarioWorld): void {
  for (const fault of scenario.faults) applyFault(fault, world);
}

function applyFault(fault: ScenarioFault, world: ScenarioWorld): void {
  if ('breaks' in fault) world.breakages.push(fault.breaks);
  else if ('silent' in fault) silence(fault.silent, world);
  else if ('events' in fault) world.events.lose(fault.events.lose);
  else if ('updates-itself' in fault) updateByOther(fault['updates-itself'], world);
  else moveRepository(fault.repository, world);
}

function silence(fault: NodeChoice & { from: string }, world: ScenarioWorld): void {
  for (const host of chosen(world.hosts, fault)) {
    if (fault.from === 'start') host.silence();
    else world.clock.at(world.clock.now() + durationOf(fault.from), () => host.silence());
  }
}

function updateByOther(fault: NodeChoice & { packages: Record<string, string>; after: string }, world: ScenarioWorld): void {
  const hosts = chosen(world.hosts, fault);
  world.clock.at(world.clock.now() + durationOf(fault.after), () => {
    for (const host of hosts) for (const [name, version] of Object.entries(fault.packages)) host.packages.put(name, version);
  });
}

function moveRepository(fault: { inventory: string; after: string; available: Offer[] }, world: ScenarioWorld): void {
  const repository = world.repositories.get(fault.inventory);
  if (!repository) throw new Error(`scenario: there is no inventory ${fault.inventory}`);
  repository.move(world.clock.now() + durationOf(fault.after), fault.available);
}
