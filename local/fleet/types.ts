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
  /** Command documents of the fleet's owner, in every location: what the hooks of a policy name. */
  documents?: Record<string, UserDocument>;
  /** Automation runbooks of the fleet's owner, in every location: what `whileNoFix: { automation }` names. */
  automations?: Record<string, UserRunbook>;
  /** Lambda functions of the fleet's owner, in the first location, the hub's: what `whileNoFix: { lambda }` names. */
  functions?: Record<string, UserFunction>;
  /** What accounts have besides nodes, as `wavelock assess` reads it. */
  surroundings?: SurroundingsEntry[];
  /** Accounts of the organization besides those of `locations`: number → name. */
  organization?: Record<string, string>;
}

/** A Command document of the fleet's owner. Nodes are named by id or name. */
export interface UserDocument {
  /** How many versions there are: 1 where it is left out. All do the same. */
  version?: number;
  /** Parameters that it must be given, with the values that they may have: what `whileNoFix` names has Action: [apply, withdraw]. */
  parameters?: Record<string, string[]>;
  /** How long it runs: 10 where it is left out. */
  seconds?: number;
  /** Where it fails, where it never ends by itself, where it asks for a reboot. */
  failsOn?: string[];
  hangsOn?: string[];
  rebootsOn?: string[];
}

/** An Automation runbook of the fleet's owner. Beside its parameters it has InstanceId and AutomationAssumeRole. Nodes are named by id or name. */
export interface UserRunbook {
  /** How many versions there are: 1 where it is left out. All do the same. */
  version?: number;
  /** Parameters that it must be given, with the values that they may have. */
  parameters?: Record<string, string[]>;
  /** The role that it works with, in each account: a name, with its path if it has one. It may nothing. */
  role: string;
  /** How long it is at work on a node: 10 where it is left out. */
  seconds?: number;
  /** Where it fails, where it never ends by itself. */
  failsOn?: string[];
  hangsOn?: string[];
}

/** A Lambda function of the fleet's owner: real code, run as Lambda runs it, by a role that may nothing but log. */
export interface UserFunction {
  /** A JavaScript file, absolute once it has been read, that exports `handler`. */
  code: string;
  /** Its own limit, seconds: 3 where it is left out, as Lambda has it. */
  timeout?: number;
  /** How many versions were published, all of this code: none where it is left out. */
  versions?: number;
  /** Alias → number of a version. */
  aliases?: Record<string, number>;
}

/** Patch Manager, State Manager and calendars of some locations. */
export interface SurroundingsEntry {
  /** Left out: every location of the fleet. */
  locations?: string[];
  baselines?: BaselineEntry[];
  maintenanceWindows?: MaintenanceWindowEntry[];
  associations?: AssociationEntry[];
  calendars?: CalendarEntry[];
}

/** A patch baseline of one's own. AWS's own are there anyway. */
export interface BaselineEntry {
  name: string;
  /** As Patch Manager writes it: `AMAZON_LINUX_2023`, `WINDOWS`. */
  operatingSystem: string;
  /** What nodes get whose patch group has no baseline. */
  default?: boolean;
  patchGroups?: string[];
  /** Of its one rule for security updates. Left out: 0. */
  approveAfterDays?: number;
  /** `YYYY-MM-DD`, instead of `approveAfterDays`. */
  approveUntil?: string;
  /** `Security` or another classification. Left out: security updates; `[]`: there is no rule at all. */
  classifications?: string[];
  severities?: string[];
  approved?: string[];
  rejected?: string[];
}

/** Which nodes: those with all of these tags, or these names; without either, every node. */
export interface TargetEntry {
  tags?: Record<string, string>;
  names?: string[];
}

/** A maintenance window with one task. */
export interface MaintenanceWindowEntry extends TargetEntry {
  name: string;
  /** Left out: made from its name and location. */
  id?: string;
  /** `cron(0 1 ? * SUN *)`, `rate(7 days)`, `at(…)`. */
  schedule: string;
  timezone?: string;
  offset?: number;
  /** Hours. */
  hours: number;
  cutoff?: number;
  /** ISO 8601. */
  startDate?: string;
  endDate?: string;
  enabled?: boolean;
  document: string;
  operation?: string;
}

/** A State Manager association. */
export interface AssociationEntry extends TargetEntry {
  name: string;
  document: string;
  operation?: string;
  schedule?: string;
}

/** A Change Calendar that is open, or closed until something. */
export interface CalendarEntry {
  name: string;
  closed?: boolean;
  /** ISO 8601 duration from the start; left out: no change is planned. */
  changesAfter?: string;
}

/** What nodes of a kind have installed, and what their repositories offer. */
export interface Inventory {
  /** `amazon-linux-2023-x86_64`, `windows-2022-x86_64`. */
  platform: string;
  /** Amazon Linux 2023 only: the release that its repository is locked to. */
  releasever?: string;
  /** Ubuntu 24.04 and newer: `false` where its mirror has no snapshots of the archive. */
  snapshots?: boolean;
  /** `name` or `name.arch` → version; on Windows the KB → "". */
  installed: Record<string, string>;
  /** Binary → source package, where the names differ (`libssl3t64: openssl`): advisories of some vendors name the source only. */
  sources?: Record<string, string>;
  /** What they get fixes from besides their release's repositories, as Wavelock-Scan tells it: `pro:esm-apps`, `eus:9.2`, `livepatch`. */
  channels?: string[];
  /** Enabled streams of modules: `ruby:3.1`. */
  modules?: string[];
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
  /** The instance is stopped: EC2 knows it, Systems Manager does not list it. */
  stopped?: boolean;
  /** It runs and is not managed: it has no instance profile, or its agent never registered. EC2 only. */
  unmanaged?: 'no-profile' | 'no-agent';
  /** How long ago Patch Manager looked when the run starts (ISO 8601), or `never`. Left out: some hours ago. */
  scanned?: string;
  /** How old its SSM Inventory is and stays (ISO 8601), or `never`. Left out: it is gathered every 30 minutes. */
  inventoried?: string;
  /** The image it was started from. Left out: one for each platform and Region. */
  image?: string;
  /** Name of the Auto Scaling group that it belongs to. */
  autoScalingGroup?: string;
  /** Name of the EKS cluster that it works for. */
  eks?: string;
  /** Name of a load balancer's target group in which it is. */
  targetGroup?: string;
  /** CVEs that Amazon Inspector found on it → its grade. Empty: it found nothing. Left out: it does not look at this node. */
  inspector?: Record<string, 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW' | 'UNTRIAGED'>;
}

/** `demo/scenarios/NAME.yaml`: what goes wrong, in the simulated world only. */
export interface Scenario {
  title: string;
  faults: ScenarioFault[];
  /** Path of the policy file that it runs with. */
  policy?: string;
  /** ISO date on which it begins. */
  begins?: string;
  /** Scheduler expression in UTC: how often feeds are read between two looks at the fleet. */
  feedsSchedule?: string;
  story?: StoryStep[];
}

/** What vendors publish and people decide while a scenario runs. Durations are ISO-8601; `from` counts from the start of the run. */
export type StoryStep =
  /** From then on the vendors' sites have the files of this folder as well. */
  | { publishes: { folder: string; from: string; says?: string } }
  /** So long after the rollout began to wait for a person, somebody decides. */
  | { decides: { verb: 'approve' | 'resume' | 'abort'; after: string; as: string; why: string } };

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
  architecture?: 'x86_64' | 'arm64';
  /** ARN of the instance profile. */
  profileArn?: string;
}
