/**
 * The simulated fleet: hosts made from `fleet.yaml`, scenarios on top, and the agent's side of Run Command.
 * A fleet is deterministic: hosts, ids, durations and boot ids follow from the file and one seed.
 */
import { locationKey, parseLocation } from '../../lambdas/core/model.ts';
import type { Clock, Cloud, Random } from '../types.ts';
import { createChance } from './chance.ts';
import type { DocumentContent } from './document-content.ts';
import { DocumentRun, unknownSteps, type Job, type Reporter } from './documents.ts';
import { Host, type Breakage } from './host.ts';
import { expandEntry, type SingleNode } from './nodes.ts';
import type { Behaviours } from './plugins.ts';
import { PackageSet } from './packages.ts';
import { createRepository, type Repository } from './repository.ts';
import { EventLoss, applyScenario, type SsmEvent } from './scenario.ts';
import { patchLinuxSteps } from './steps-patch-linux.ts';
import { patchWindowsSteps } from './steps-patch-windows.ts';
import { reportLinuxSteps } from './steps-report-linux.ts';
import { aroundSteps } from './steps-hooks.ts';
import { reportWindowsSteps } from './steps-report-windows.ts';
import { scanSteps } from './steps-scan.ts';
import { createSurroundings, ownTags, type Surroundings } from './surroundings.ts';
import type { Ec2Instance, FleetFile, Scenario, UserFunction } from './types.ts';
import { awsBehaviours, userBehaviours, userDocuments, type DocumentTexts } from './user-documents.ts';
import { userRunbooks, type Runbook } from './user-runbooks.ts';

export interface FleetOptions {
  file: FleetFile;
  scenario?: Scenario;
  clock: Clock;
  random: Random;
  /** What steps of further documents do, by `DocumentName/Step`, besides those of Wavelock's own. */
  behaviours?: Behaviours;
}

export interface Fleet {
  hosts: readonly Host[];
  host(id: string): Host | undefined;
  at(account: string, region: string): Host[];
  /** EC2's view: instances of one location, terminated ones included. */
  instances(account: string, region: string): Ec2Instance[];
  /** Systems Manager's tags, which only hybrid nodes have. */
  hybridTags(account: string, region: string): Array<{ id: string; tags: Record<string, string> }>;
  /** What accounts have besides nodes, and each node's line of the file. */
  surroundings: Surroundings;
  /** A command that has arrived on a host: its agent runs the document and reports. `cancel` is CancelCommand's message. */
  run(host: Host, job: Job, reporter: Reporter, cloud: Cloud): { cancel(): void };
  /** Script steps of a document that nothing here simulates. */
  unknownSteps(documentName: string, document: DocumentContent): string[];
  /** Documents of the fleet's owner, which every location has. */
  documents: DocumentTexts[];
  /** Its Automation runbooks, which every location has, and its functions, which the first one has. */
  runbooks: Runbook[];
  functions: Record<string, UserFunction>;
  locations: readonly string[];
  /** Whether Systems Manager loses this event instead of sending it. */
  losesEvent(event: SsmEvent): boolean;
}

/** @throws Error when the file or the scenario names something that doesn't exist: an inventory, a location, a node, a platform */
export function createFleet({ file, scenario, clock, random, behaviours = {} }: FleetOptions): Fleet {
  const own = { ...scanSteps, ...patchLinuxSteps, ...patchWindowsSteps, ...aroundSteps, ...reportLinuxSteps, ...reportWindowsSteps };
  const steps: Behaviours = { ...own, ...awsBehaviours, ...userBehaviours(file.documents ?? {}), ...behaviours };
  const chance = createChance(Math.floor(random.next() * 2 ** 32));
  const breakages: Breakage[] = [];
  const repositories = new Map<string, Repository>();
  const installed = new Map<string, PackageSet>();
  for (const [name, inventory] of Object.entries(file.inventories)) {
    const repository = createRepository(inventory);
    repositories.set(name, repository);
    installed.set(name, new PackageSet(repository.platform, inventory.installed, inventory.sources));
  }
  const surroundings = createSurroundings(file, clock.now());
  const hosts = file.nodes.flatMap(expandEntry).map((entry) => makeHost(entry));
  const byId = new Map(hosts.map((host) => [host.id, host]));
  if (byId.size < hosts.length) throw new Error(`fleet: two nodes have the id ${hosts.find((host) => byId.get(host.id) !== host)?.id}`);
  const byLocation = new Map(file.locations.map((location) => [location, hosts.filter((host) => locationKey(host.location) === location)]));
  const at = (account: string, region: string): Host[] => byLocation.get(`${account}/${region}`) ?? [];
  const events = new EventLoss();
  if (scenario) applyScenario(scenario, { clock, hosts, breakages, repositories, events });

  function makeHost(entry: SingleNode): Host {
    const inventory = file.inventories[entry.inventory];
    const repository = repositories.get(entry.inventory);
    const packages = installed.get(entry.inventory);
    if (!inventory || !repository || !packages) {
      throw new Error(`fleet: node ${entry.name} has the inventory ${entry.inventory}, which does not exist`);
    }
    if (!file.locations.includes(entry.location)) {
      throw new Error(`fleet: node ${entry.name} is at ${entry.location}, which is not among the locations`);
    }
    const location = parseLocation(entry.location);
    const settings = { id: entry.id, name: entry.name, location, zone: entry.zone, entry, inventory, packages, repository };
    const host = new Host(settings, { clock, chance, breakages });
    Object.assign(host.tags, ownTags(entry));
    if (entry.stopped === true) host.stop();
    return host;
  }

  return {
    hosts,
    host: (id) => byId.get(id),
    at,
    instances: (account, region) => machinesOf(at(account, region), surroundings),
    hybridTags: (account, region) => at(account, region).flatMap(({ hybrid, id, tags }) => (hybrid ? [{ id, tags: { ...tags } }] : [])),
    surroundings,
    run(host, job, reporter, cloud) {
      const run = new DocumentRun(host, job, { clock, cloud, behaviours: steps }, reporter);
      void run.run();
      return run;
    },
    unknownSteps: (name, document) => unknownSteps(steps, name, document),
    documents: userDocuments(file.documents ?? {}),
    runbooks: userRunbooks(file.automations ?? {}),
    functions: file.functions ?? {},
    locations: file.locations,
    losesEvent: (event) => events.takes(event),
  };
}

/** The EC2 instances among these. */
function machinesOf(hosts: Host[], surroundings: Surroundings): Ec2Instance[] {
  return hosts.filter((host) => !host.hybrid).map((host) => Object.assign(host.ec2(), instanceDetails(host, surroundings)));
}

/** What the file says of an instance besides the machine itself. */
function instanceDetails({ id, location, platform, roleName }: Host, surroundings: Surroundings): Partial<Ec2Instance> {
  const { image, unmanaged } = surroundings.entry(id) ?? {};
  return {
    architecture: platform.platform.endsWith('-aarch64') ? 'arm64' : 'x86_64',
    ...(image !== undefined && { imageId: image }),
    ...(unmanaged !== 'no-profile' && { profileArn: `arn:aws:iam::${location.account}:instance-profile/${roleName}` }),
  };
}
