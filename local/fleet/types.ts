/**
 * What a simulated fleet is made of: the values of `fleet.yaml` and of a scenario file, and how other services see a node.
 * The files are read, checked with positions and described as JSON Schema in `cli/files`; this folder gets the checked values.
 */
import type { Kind, Severity } from '../../lambdas/core/model.ts';

/** `fleet.yaml`. */
export interface FleetFile {
  version: 1;
  /** `111111111111/eu-central-1`; the first holds the hub. */
  locations: string[];
  inventories: Record<string, Inventory>;
  nodes: NodeEntry[];
}

/** What nodes of a kind have installed, and what their repositories offer. */
export interface Inventory {
  /** `amazon-linux-2023-x86_64`, `windows-2022-x86_64`. */
  platform: string;
  /** Amazon Linux 2023 only: the release that its repository is locked to. */
  releasever?: string;
  /** `name` or `name.arch` → version; on Windows the KB → "". */
  installed: Record<string, string>;
  /** Binary → source package, where the names differ (`libssl3t64: openssl`): advisories of some vendors name the source only. */
  sources?: Record<string, string>;
  available: Offer[];
  services?: string[];
}

/** One version that a repository offers. */
export interface Offer {
  package: string;
  version: string;
  /** Left out: the platform's own (`x86_64`, `amd64`, …; none on Windows). */
  arch?: string;
  kind: Kind;
  severity?: Severity;
  advisories?: string[];
  /** Packages that must come along: new ones (`new: true`) or installed ones at the version offered here. */
  needs?: string[];
  /** The OS asks for a reboot once this is installed. */
  reboot?: boolean;
  /** Services that are restarted by its installation. */
  restarts?: string[];
  /** Not an update of anything installed: comes only when another package needs it. */
  new?: boolean;
}

/** One node, or with `count` several alike. */
export interface NodeEntry {
  /** Left out: made from the name, the same in every run. */
  id?: string;
  /** With `count`, `{n}` is the number from 1. */
  name: string;
  count?: number;
  /** Registered through an activation (`mi-*`) instead of an EC2 instance (`i-*`). */
  hybrid?: boolean;
  location: string;
  /** Key of `inventories`. */
  inventory: string;
  zone?: string;
  /** With `count`: letters or full zone names, dealt out in turn; `a` becomes `eu-central-1a`. */
  zones?: string[];
  /** EC2 tags, or Systems Manager tags on a hybrid node. */
  tags?: Record<string, string>;
  /** `false`: its agent has been gone for a day when the run starts. */
  online?: boolean;
  /** SSM agent version. */
  agent?: string;
  /** What an earlier update left to be done. */
  pending?: 'reboot' | 'restart';
  /** Who else updates this node: `unattended-upgrades`, `dnf-automatic`, `windows-update`. */
  others?: string[];
  /** Differences from the inventory: name → version; an empty version on Linux means that it is not installed. */
  installed?: Record<string, string>;
  /** How long an installation takes here. */
  seconds?: number;
}

/** `demo/scenarios/NAME.yaml`: what goes wrong, in the simulated world only. */
export interface Scenario {
  title: string;
  faults: ScenarioFault[];
}

/** Nodes that a fault is about: those that fit all keys given; no key at all means every node. */
export interface NodeChoice {
  ids?: string[];
  name?: string[];
  tags?: Record<string, string>;
  hybrid?: boolean;
}

/** Durations are ISO-8601 (`PT60H`) and count from the start of the run. */
export type ScenarioFault =
  /** Once this version is installed, the service does not come up again. */
  | { breaks: { package: string; version: string; service: string } }
  /** The node never answers: its agent is lost and its heartbeats stop. `from` is `start` or a duration. */
  | { silent: NodeChoice & { from: string } }
  /** EventBridge events of Systems Manager that never arrive: all, or the first N that tell of the end of a patch command. */
  | { events: { lose: 'all' | number } }
  /** Another updater was faster. */
  | { 'updates-itself': NodeChoice & { packages: Record<string, string>; after: string } }
  /** The repository moves on: these offers replace those of the same package, other offers stay. */
  | { repository: { inventory: string; after: string; available: Offer[] } };

/** EC2's view of a host, as `local/services/ec2.ts` takes it. */
export interface Ec2Instance {
  id: string;
  state: 'running' | 'stopped' | 'terminated';
  tags: Record<string, string>;
  zone: string;
  imageId: string;
  /** Milliseconds since the epoch. */
  launched: number;
  type: string;
  platform: 'linux' | 'windows';
  privateIp: string;
}
