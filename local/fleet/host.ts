import type { Location } from '../../lambdas/core/model.ts';
import type { Caller, Clock } from '../types.ts';
import type { Batch } from './batches.ts';
import { between, hexOf, uuidOf, type Chance } from './chance.ts';
import { HEARTBEAT, Heartbeat } from './heartbeat.ts';
import type { PackageSet } from './packages.ts';
import type { HostPlatform } from './platforms.ts';
import { packageKey, type Offered, type Repository } from './repository.ts';
import type { SingleNode } from './nodes.ts';
import type { Ec2Instance, Inventory } from './types.ts';

/** What can be wrong with one host. An unset fault never happens; scenarios and fault simulations set them at any time. */
export interface HostFaults {
  /** Seconds that a command takes to reach the agent. */
  deliverySeconds?: number;
  /** The agent takes commands and never says anything about them again. */
  stuck?: boolean;
  /**
   * The document worker dies when this step begins: the agent then sends one result for the first step, and no other
   * (amazon-ssm-agent, outofproc/master.go). What runs detached goes on.
   */
  workerDiesIn?: string;
  /** Gone after its next reboot, up and down for ever, or the operating system never restarts. */
  reboot?: 'gone' | 'loop' | 'not-done';
  /** The package manager ends with this line as an error. */
  installFails?: string;
  /** Who installs or removes something just now; `updaterRuns` for those that update everything (`dnf-automatic`). */
  packageManagerBusy?: string;
  updaterRuns?: string;
  /** What is wrong with the package database. */
  packageDatabase?: string;
  /** AWS-RunPatchBaseline waits for a reboot and has left its marker. */
  foreignMarker?: string;
  /** AWS-RunPatchBaseline fails with this line. */
  awsScan?: string;
}

/** Installing this version keeps a service down. */
export interface Breakage {
  package: string;
  version: string;
  service: string;
}

/** A package transaction; it runs apart from the command that began it and nothing ends it early. */
export interface Transaction {
  offers: Offered[];
  /** Milliseconds since the epoch. */
  ends: number;
  state: 'running' | 'done' | 'failed';
  /** Last line of the package manager. */
  message: string;
}

export interface HostWorld {
  clock: Clock;
  chance: Chance;
  /** Shared by all hosts: scenarios add to it. */
  breakages: Breakage[];
}

export interface HostSettings {
  id: string;
  name: string;
  location: Location;
  zone?: string;
  entry: SingleNode;
  inventory: Inventory;
  /** What the inventory has installed; copied. */
  packages: PackageSet;
  repository: Repository;
}

/** `shutdown -r +1` is how the agent reboots (amazon-ssm-agent, agent/rebooter). */
const SHUTDOWN_DELAY = 60_000;
const DAY = 24 * 3_600_000;
const AGENT_VERSION = '3.3.987.0';

/** A simulated machine: what is installed and runs on it, its power, its agent, and what is wrong with it. */
export class Host {
  readonly id: string;
  readonly name: string;
  readonly location: Location;
  readonly hybrid: boolean;
  readonly zone: string | undefined;
  readonly platform: HostPlatform;
  readonly repository: Repository;
  readonly packages: PackageSet;
  readonly services: string[];
  /** As `Inventory` has them. */
  readonly channels: string[];
  readonly modules: string[];
  readonly others: string[];
  readonly installSeconds: number | undefined;
  readonly launched: number;
  readonly heartbeat: Heartbeat;
  readonly faults: HostFaults = {};
  /** Files that steps leave for one another, by absolute path. */
  readonly files = new Map<string, string>();
  /** What batches of Wavelock left here, by id. */
  readonly batches = new Map<string, Batch>();
  /** The list that the last scan made, as Wavelock-Scan keeps it between its steps. */
  scanned: { batch: string; packed: string } | undefined;
  /** Services that were stopped by hand or by an update. */
  readonly stopped = new Set<string>();
  tags: Record<string, string>;
  state: Ec2Instance['state'] = 'running';
  agentVersion: string;
  bootId: string;
  runningKernel: string;
  pending: '' | 'reboot' | 'restart';
  diskFreeMb: number;
  transaction: Transaction | undefined;
  /** When AWS-RunPatchBaseline was last run here by somebody, ms since the epoch. */
  awsScanned: number | undefined;
  /** Documents of the fleet's owner that ended well here, with the parameters of the last time. */
  readonly ran = new Map<string, Readonly<Record<string, string>>>();
  private boots = 0;
  private readonly interrupted = new Set<() => void>();
  /** What goes on once the machine is up again. */
  private readonly waiting: Array<() => void> = [];

  constructor(
    settings: HostSettings,
    private readonly world: HostWorld,
  ) {
    const { entry, inventory } = settings;
    const { chance, clock } = world;
    this.id = settings.id;
    this.name = settings.name;
    this.location = settings.location;
    this.hybrid = entry.hybrid ?? false;
    this.zone = settings.zone;
    this.repository = settings.repository;
    this.platform = settings.repository.platform;
    this.packages = settings.packages.copy();
    for (const [name, version] of Object.entries(entry.installed ?? {})) this.packages.put(name, version);
    this.services = inventory.services ?? [];
    this.channels = inventory.channels ?? [];
    this.modules = inventory.modules ?? [];
    this.others = entry.others ?? [];
    this.installSeconds = entry.seconds;
    this.tags = this.hybrid ? { ...entry.tags } : { Name: this.name, ...entry.tags };
    this.agentVersion = entry.agent ?? AGENT_VERSION;
    this.pending = entry.pending ?? '';
    this.launched = clock.now() - between(chance(this.id, 'launch'), 20, 400) * DAY;
    this.diskFreeMb = between(chance(this.id, 'disk'), 8_000, 60_000);
    this.bootId = this.bootName(clock.now() - between(chance(this.id, 'uptime'), 1, 20) * DAY);
    this.runningKernel = this.newestKernel();
    const phase = clock.now() - Math.floor(chance(this.id, 'heartbeat') * HEARTBEAT);
    this.heartbeat = new Heartbeat(clock, entry.online === false ? undefined : phase, phase - DAY);
  }

  /** A number in [0, 1) for this host and purpose. */
  chance(...words: Array<string | number>): number {
    return this.world.chance(this.id, ...words);
  }

  /** `arn:aws:ec2:R:A:instance/i-…` or `arn:aws:ssm:R:A:managed-instance/mi-…` (Service Authorization Reference, Systems Manager). */
  get arn(): string {
    const { account, region } = this.location;
    return this.hybrid ? `arn:aws:ssm:${region}:${account}:managed-instance/${this.id}` : `arn:aws:ec2:${region}:${account}:instance/${this.id}`;
  }

  /** The credentials that agent and scripts have: the instance profile's role, or the role of the hybrid activation. */
  get caller(): Caller {
    const { account, region } = this.location;
    const role = this.roleName;
    return {
      account,
      region,
      arn: `arn:aws:sts::${account}:assumed-role/${role}/${this.id}`,
      roleArn: `arn:aws:iam::${account}:role/${role}`,
    };
  }

  get roleName(): string {
    return this.hybrid ? 'HybridNodeRole' : 'InstanceNodeRole';
  }

  /** Id of the activation that a hybrid node was registered through: one for each location. */
  get activationId(): string {
    return uuidOf(this.world.chance, 'activation', this.location.account, this.location.region);
  }

  get computerName(): string {
    if (this.platform.os === 'windows') return this.name.toUpperCase().slice(0, 15);
    return this.hybrid ? `${this.name}.plant.example` : `ip-${this.address.replaceAll('.', '-')}.${this.location.region}.compute.internal`;
  }

  get address(): string {
    return `10.${between(this.chance('net'), 0, 63)}.${between(this.chance('subnet'), 0, 255)}.${between(this.chance('address'), 4, 250)}`;
  }

  /** Version of the newest installed kernel; empty where the platform has no such package. */
  newestKernel(): string {
    const kernels = this.platform.kernelPackages.flatMap((name) => this.packages.get(name, this.platform.arch) ?? []);
    return kernels[0]?.version ?? '';
  }

  /** Services that run now: all, except stopped ones and those that an installed version keeps down. */
  runningServices(): string[] {
    const broken = this.world.breakages.filter((breakage) =>
      this.packages.list().some((item) => item.name === breakage.package && item.version === breakage.version),
    );
    return this.services.filter((service) => !this.stopped.has(service) && !broken.some((breakage) => breakage.service === service));
  }

  /** Begins a transaction that takes `seconds`, whatever becomes of the command. */
  install(offers: Offered[], seconds: number): Transaction {
    const transaction: Transaction = { offers, ends: this.world.clock.now() + seconds * 1_000, state: 'running', message: '' };
    this.transaction = transaction;
    this.world.clock.at(transaction.ends, () => {
      if (this.state !== 'terminated') this.finish(transaction);
    });
    return transaction;
  }

  /** Restarts the machine; calls `back` when its agent is there again, which faults may prevent. */
  reboot(back: () => void): void {
    const { clock } = this.world;
    const fault = this.faults.reboot;
    clock.at(clock.now() + SHUTDOWN_DELAY, () => {
      if (this.state !== 'running') return;
      this.silence();
      this.waiting.push(back);
      if (fault === 'gone') return;
      if (fault === 'loop') this.crashAgain();
      else clock.at(clock.now() + this.rebootSeconds() * 1_000, () => this.comeUp(fault === 'not-done'));
    });
  }

  /** Somebody has repaired the machine: it has no faults any more, it runs, and its agent is there. */
  recover(): void {
    for (const fault of Object.keys(this.faults) as Array<keyof HostFaults>) delete this.faults[fault];
    if (this.state === 'stopped') this.state = 'running';
    if (!this.heartbeat.beats) this.comeUp(false);
  }

  /** Takes the machine away for good, as TerminateInstances or a failed disk do. */
  terminate(): void {
    this.state = 'terminated';
    this.silence();
  }

  stop(): void {
    if (this.state !== 'running') return;
    this.state = 'stopped';
    this.silence();
  }

  start(): void {
    if (this.state !== 'stopped') return;
    this.state = 'running';
    this.comeUp(false);
  }

  /** The agent is lost: no ping, no answer. What runs on the machine goes on. */
  silence(): void {
    this.heartbeat.stop();
    for (const stop of this.interrupted) stop();
    this.interrupted.clear();
  }

  /** Calls `stop` when the agent is lost outside of a reboot that it asked for. The result ends that. */
  onInterrupt(stop: () => void): () => void {
    this.interrupted.add(stop);
    return () => void this.interrupted.delete(stop);
  }

  /** EC2's view; hybrid nodes have none. */
  ec2(): Ec2Instance {
    return {
      id: this.id,
      state: this.state,
      tags: { ...this.tags },
      zone: this.zone ?? `${this.location.region}a`,
      imageId: `ami-${hexOf(this.world.chance, 17, this.platform.platform, this.location.region)}`,
      launched: this.launched,
      type: this.platform.os === 'windows' ? 'm6i.large' : 't3.medium',
      platform: this.platform.os,
      privateIp: this.address,
    };
  }

  /** What tells one start of the machine from the next: Linux's boot id, or on Windows the time of the start. */
  private bootName(time: number): string {
    if (this.platform.os === 'linux') return uuidOf(this.world.chance, this.id, 'boot', this.boots);
    return new Date(time).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  }

  private rebootSeconds(): number {
    const [low, high] = this.platform.os === 'windows' ? ([180, 480] as const) : ([60, 240] as const);
    return between(this.chance('reboot', this.boots), low, high);
  }

  /** Documents that asked for the reboot go on where they were; the others have ended with it. */
  private comeUp(sameBoot: boolean): void {
    if (this.state !== 'running' || this.heartbeat.beats) return;
    if (!sameBoot) this.boot();
    this.heartbeat.start();
    for (const back of this.waiting.splice(0)) back();
  }

  private boot(): void {
    this.boots++;
    this.bootId = this.bootName(this.world.clock.now());
    this.runningKernel = this.newestKernel();
    this.pending = '';
  }

  private crashAgain(): void {
    const { clock } = this.world;
    clock.at(clock.now() + this.rebootSeconds() * 1_000, () => {
      if (this.state !== 'running' || this.faults.reboot !== 'loop') return;
      this.boot();
      this.heartbeat.flicker();
      this.crashAgain();
    });
  }

  private finish(transaction: Transaction): void {
    if (this.faults.installFails !== undefined) {
      transaction.state = 'failed';
      transaction.message = this.faults.installFails;
      return;
    }
    for (const offer of transaction.offers) {
      this.packages.put(packageKey(offer.name, offer.arch), offer.version);
      if (offer.reboot) this.pending = 'reboot';
    }
    transaction.state = 'done';
    transaction.message = 'Complete!';
  }
}
