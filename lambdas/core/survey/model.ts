/**
 * What one look at somebody's accounts saw, before Wavelock is installed there: AWS's own words, trimmed to what is decided from. A part
 * that could not be seen is `undefined` and has a line in `blind`: it is never taken for "there is none".
 * Instants are ISO-8601 UTC.
 */
import type { SaidWindow } from '../maintenance-window.ts';
import type { Inventory } from '../match/inventory.ts';
import type { Location, Os } from '../model.ts';

/** An EC2 instance that is not terminated (EC2 API reference, Instance). */
export interface SeenInstance {
  id: string;
  state: string;
  imageId: string;
  /** `x86_64`, `arm64`. */
  architecture: string;
  launched: string;
  zone: string;
  os: Os;
  /** ARN of its instance profile; absent: it has none. */
  profile?: string;
  tags: Record<string, string>;
}

/** A managed node, as DescribeInstanceInformation lists it (SSM API reference, InstanceInformation). */
export interface SeenNode {
  id: string;
  name: string;
  online: boolean;
  lastPing?: string;
  agentVersion: string;
  /** `Linux`, `Windows`, `MacOS`. */
  platformType: string;
  platformName: string;
  platformVersion: string;
  /** Of `mi-*` nodes only: Systems Manager's tags. */
  tags?: Record<string, string>;
}

/** A group that keeps a number of instances alive (Auto Scaling API reference, AutoScalingGroup). */
export interface SeenScalingGroup {
  name: string;
  instances: string[];
  tags: Record<string, string>;
}

/** Who gets the requests of a load balancer (ELB API reference, DescribeTargetHealth). Targets by IP address or Lambda are left out. */
export interface SeenTargetGroup {
  name: string;
  targets: { id: string; healthy: boolean }[];
}

/** The last time that Patch Manager looked at a node (SSM API reference, InstancePatchState). */
export interface SeenPatchState {
  id: string;
  /** End of the operation. */
  at: string;
  baseline: string;
  patchGroup: string;
  missing: number;
  failed: number;
  pendingReboot: number;
}

/** A rule of a patch baseline (SSM API reference, PatchRule). Filters by key: `CLASSIFICATION` → `[Security]`. */
export interface SeenRule {
  filters: Record<string, string[]>;
  approveAfterDays?: number;
  /** `YYYY-MM-DD`: nothing that came out later is approved. */
  approveUntil?: string;
}

/** A patch baseline, AWS's own included (SSM API reference, GetPatchBaseline). */
export interface SeenBaseline {
  /** `pb-…`, or the whole ARN of AWS's own. */
  id: string;
  name: string;
  /** `AMAZON_LINUX_2023`, `WINDOWS`, … */
  operatingSystem: string;
  /** What nodes of this operating system get that are in no patch group with a baseline of its own. */
  isDefault: boolean;
  /** Absent: the rules could not be read. */
  rules?: SeenRule[];
  approved: string[];
  rejected: string[];
  rejectedAction: string;
}

/** Which baseline a patch group has for an operating system (SSM API reference, DescribePatchGroups). */
export interface SeenPatchGroup {
  name: string;
  baseline: string;
  operatingSystem: string;
}

/** Key and values of an SSM target: `tag:NAME`, `InstanceIds`, `resource-groups:Name` (SSM API reference, Target). */
export interface SeenTarget {
  key: string;
  values: string[];
}

/** A State Manager association whose document installs patches, or may. */
export interface SeenAssociation {
  id: string;
  name: string;
  document: string;
  /** `Install`, `Scan`; absent: its document has no such parameter, or it could not be read. */
  operation?: string;
  schedule: string;
  targets: SeenTarget[];
}

/** A maintenance window and what it does that concerns patching (SSM API reference, MaintenanceWindowIdentity). */
export interface SeenWindow extends SaidWindow {
  id: string;
  /** Absent: could not be read. */
  targets?: SeenTarget[];
  tasks?: { document: string; operation?: string; targets: SeenTarget[] }[];
}

/** A Change Calendar and whether changes are allowed now (SSM API reference, GetCalendarState). */
export interface SeenCalendar {
  name: string;
  /** `unknown`: its state could not be read. */
  state: 'open' | 'closed' | 'unknown';
  /** When that ends, where something is planned. */
  until?: string;
}

/** What Amazon Inspector says of an instance: whether it looks, and how many findings it has by its grades. */
export interface SeenByInspector {
  id: string;
  active: boolean;
  /** Inspector's own code: `SUCCESSFUL`, `UNMANAGED_EC2_INSTANCE`, `STALE_INVENTORY`, … */
  reason: string;
  critical: number;
  high: number;
  all: number;
}

/** SSM Inventory of a node. Nodes with the same software share a key of `SeenLocation.software.lists`. */
export interface SeenSoftware {
  id: string;
  /** When the agent gathered it. */
  captured: string;
  list: string;
}

/** Something that could not be seen, with the reason. */
export interface Blind {
  /** `111111111111/eu-central-1`, or the account where no Region is meant. */
  where: string;
  /** What is missing from the picture: `instances of EC2`. */
  what: string;
  /** The IAM action: `ec2:DescribeInstances`. */
  action: string;
  /** AWS's error code: `AccessDeniedException`. */
  code: string;
  message: string;
}

/** One account and Region. */
export interface SeenLocation {
  location: Location;
  instances?: SeenInstance[];
  nodes?: SeenNode[];
  scalingGroups?: SeenScalingGroup[];
  targetGroups?: SeenTargetGroup[];
  patchStates?: SeenPatchState[];
  baselines?: SeenBaseline[];
  patchGroups?: SeenPatchGroup[];
  associations?: SeenAssociation[];
  windows?: SeenWindow[];
  calendars?: SeenCalendar[];
  inspector?: SeenByInspector[];
  /** `lists`: by key, each once. */
  software?: { nodes: SeenSoftware[]; lists: Record<string, Inventory[]> };
  blind: Blind[];
}

/** Everything that was seen. */
export interface Survey {
  /** When it was looked at. */
  at: string;
  /** ARN of who looked. */
  caller: string;
  locations: SeenLocation[];
  /** Accounts of the organization, where it could be seen; absent: no organization, or not allowed. */
  organization?: { id: string; name: string; active: boolean }[];
  /** Reasons that concern no single location. */
  blind: Blind[];
  /** Reading stopped at so many nodes: there are more. */
  stoppedAt?: number;
}
