/**
 * The words of Wavelock as types: what passes between core, handlers and gateways.
 * Instants are ISO-8601 UTC strings in stored and transported values, milliseconds since the epoch (`now`) in decisions;
 * durations are seconds. Every stored shape is a zod schema, so that it is checked where it comes back in.
 */
import { z } from 'zod';

export const Os = z.enum(['linux', 'windows']);
export type Os = z.infer<typeof Os>;

/** Where a node lives. SendCommand reaches nodes of one account and Region only. */
export const Location = z.strictObject({ account: z.string().regex(/^\d{12}$/), region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/) });
export type Location = z.infer<typeof Location>;

/** `111111111111/eu-central-1`: the spelling of a location in files, keys and messages. */
export function locationKey(location: Location): string {
  return `${location.account}/${location.region}`;
}

/** The reverse of `locationKey`. Throws on anything else. */
export function parseLocation(key: string): Location {
  const [account, region] = key.split('/');
  return Location.parse({ account, region });
}

/** Pattern of SendCommand's InstanceIds (SSM API reference, SendCommand). */
export const NodeId = z.string().regex(/^(i-[0-9a-f]{8}|i-[0-9a-f]{17}|mi-[0-9a-f]{17})$/);

/** The triple os-release-arch that decides how a node is patched: `amazon-linux-2023-x86_64`, `windows-2022-x86_64`. */
export const Platform = z.string().regex(/^[a-z][a-z0-9.-]*-[a-z0-9.]+-(x86_64|aarch64)$/);

export const Kind = z.enum(['security', 'critical', 'bugfix', 'enhancement', 'other']);
export type Kind = z.infer<typeof Kind>;
/** Ordered: `critical` is the gravest. `unrated` is no grade at all: Debian's and Ubuntu's archives carry none. */
export const Severity = z.enum(['critical', 'important', 'moderate', 'low', 'unrated']);
export type Severity = z.infer<typeof Severity>;

/**
 * When a rule about advisories applies (`when` of a deadline, an entry of `startWhen`): every key that is given must hold. Whether it does is
 * said by `meets` (core/exposures/urgency.ts); how people write it stands in core/policy/urgency.ts.
 */
export const Condition = z.strictObject({
  knownExploited: z.boolean().optional(),
  vendorSays: z.literal('exploited').optional(),
  severity: z.array(Severity).min(1).optional(),
  /** EPSS above this, 0 to 1. A CVE without a score never is. */
  epssAbove: z.number().min(0).max(1).optional(),
  /** EPSS percentile above this, 0 to 1: stays comparable when FIRST changes its model. */
  percentileAbove: z.number().min(0).max(1).optional(),
  /** Tags that the node has, all of them. */
  tags: z.record(z.string(), z.string()).optional(),
});
export type Condition = z.infer<typeof Condition>;

export const Mode = z.enum(['observe', 'approve', 'auto']);
export type Mode = z.infer<typeof Mode>;

/** A number of nodes, or a share of them. Shares are always rounded down. */
export const Amount = z.union([z.strictObject({ count: z.int().min(0) }), z.strictObject({ percent: z.number().min(0).max(100) })]);
export type Amount = z.infer<typeof Amount>;

/** Resolves an amount against a total: percentages, of two decimals at most, round down. */
export function amountOf(amount: Amount, total: number): number {
  // Whole numbers: 9.2 times 750 is a little less than 6,900 for this machine.
  return 'count' in amount ? amount.count : Math.floor((Math.round(amount.percent * 100) * total) / 10_000);
}

/** How one word ended for a node in a wave. */
export const Outcome = z.enum([
  'patched',
  'already-proven',
  'ahead',
  'failed',
  'unreachable',
  'unknown',
  'reboot-pending',
  'restart-pending',
  'skipped',
  'rolled-back',
  // What stands in for a fix was put there, or taken back: `whileNoFix`.
  'mitigated',
  'withdrawn',
]);
export type Outcome = z.infer<typeof Outcome>;

export const Verdict = z.enum(['pass', 'fail', 'inconclusive']);
export type Verdict = z.infer<typeof Verdict>;

/** A managed node as Systems Manager and EC2 describe it, and what its last scan said. */
export const Node = z.strictObject({
  id: NodeId,
  location: Location,
  /** The `Name` tag, else the computer name, else the id: what people call it. */
  name: z.string(),
  os: Os,
  /** As reported by SSM: `Amazon Linux`, `2023`. */
  platformName: z.string(),
  platformVersion: z.string(),
  agentVersion: z.string(),
  online: z.boolean(),
  lastPing: z.string().optional(),
  zone: z.string().optional(),
  tags: z.record(z.string(), z.string()),
  /** Set by the last scan that answered. */
  scan: z
    .strictObject({
      at: z.string(),
      platform: Platform,
      /** Hash of the full list of packages: nodes with the same fingerprint are alike. */
      fingerprint: z.string(),
      kernel: z.string(),
      pending: z.enum(['', 'reboot', 'restart']),
      otherUpdaters: z.array(z.string()),
      diskFreeMb: z.int(),
    })
    .optional(),
});
export type Node = z.infer<typeof Node>;

/** `source` and `sourceVersion` only where they differ from the package's own name and version. */
export const Package = z.strictObject({
  name: z.string(),
  arch: z.string(),
  version: z.string(),
  source: z.string().optional(),
  /** Without the epoch on rpm: a source package's file name has none. */
  sourceVersion: z.string().optional(),
});
export type Package = z.infer<typeof Package>;

/** One update that a node could take today, as its own repositories offer it. For Windows the name is the KB and the version empty. */
export const Available = z.strictObject({
  name: z.string(),
  arch: z.string(),
  version: z.string(),
  kind: Kind,
  severity: Severity,
  advisories: z.array(z.string()),
});
export type Available = z.infer<typeof Available>;

/** A state of Ubuntu's archive: `20261207T050000Z` (https://snapshot.ubuntu.com). */
export const Snapshot = z.string().regex(/^\d{8}T\d{6}Z$/);

/** What all nodes of one fingerprint have and are offered. `dependencies` are new packages that the whole upgrade would pull in. */
export const FleetFacts = z.strictObject({
  platform: Platform,
  installed: z.array(Package),
  available: z.array(Available),
  dependencies: z.array(Package),
  /** AL2023 only: the release that `available` was resolved against. */
  releasever: z.string().optional(),
  /** Ubuntu 24.04 and newer: the archive's state that `available` was resolved against. Absent where its repositories have no snapshots. */
  snapshot: Snapshot.optional(),
  /** AL2023 only: the release that the node's own dnf looks at; `latest` where it is not held. */
  held: z.string().optional(),
  /** `uname -r` of the running kernel; on Windows the build with its revision, `10.0.20348.2762`. */
  kernel: z.string().optional(),
  /** What the node gets fixes from besides its plain repositories, in the words of `Affected.channel`. */
  channels: z.array(z.string()).optional(),
  /** Enabled streams of modules: `ruby:3.1`. */
  modules: z.array(z.string()).optional(),
});
export type FleetFacts = z.infer<typeof FleetFacts>;

/**
 * One line of a lock. `update`: brought to this version where an older one is installed. `dependency`: the transaction may install it
 * or raise it to this version if an update needs it, but it is not asked for. `kb`: a Windows update.
 */
export const LockItem = z.strictObject({
  use: z.enum(['update', 'dependency', 'kb']),
  name: z.string(),
  arch: z.string(),
  version: z.string(),
});
export type LockItem = z.infer<typeof LockItem>;

export const LockPlatform = z.strictObject({
  platform: Platform,
  releasever: z.string().optional(),
  /** Ubuntu 24.04 and newer: where its versions can be had also when the archive has moved on. */
  snapshot: Snapshot.optional(),
  items: z.array(LockItem),
});
export type LockPlatform = z.infer<typeof LockPlatform>;

/** Exact versions per platform. `sha256` is the hash of `lockText(platforms)`: content decides identity. */
export const Lock = z.strictObject({
  sha256: z.string(),
  state: z.enum(['candidate', 'proven', 'quarantined']),
  platforms: z.array(LockPlatform),
});
export type Lock = z.infer<typeof Lock>;

/** A policy's own words, normalised: shares as amounts, durations in seconds, `mode` already limited by the file's ceiling. */
export const Selector = z.strictObject({
  os: Os.optional(),
  tags: z.record(z.string(), z.string()).optional(),
  ids: z.array(NodeId).optional(),
  atMost: z.strictObject({ count: z.int().min(1), per: z.literal('platform').optional() }).optional(),
  share: z
    .strictObject({ percent: z.number(), atLeast: z.strictObject({ count: z.int().min(1), per: z.literal('platform').optional() }).optional() })
    .optional(),
  everythingElse: z.boolean().optional(),
  /** Only nodes that are exposed to what started the rollout; in a policy's own `nodes` only. */
  exposed: z.literal(true).optional(),
});
export type Selector = z.infer<typeof Selector>;

const WindowName = z.string();

/** SSM API reference, GetMaintenanceWindow.WindowId. */
export const MaintenanceWindowId = z.string().regex(/^mw-[0-9a-f]{17}$/);

/** What a maintenance window of Systems Manager said when it was read: `closed` and why, or its openings. Instants are ms. */
export const WindowReading = z.union([
  /** `passing`: it is worth asking again. */
  z.strictObject({ closed: z.string(), passing: z.boolean() }),
  z.strictObject({
    name: z.string(),
    /** Its times as Systems Manager has them, for people. */
    says: z.string(),
    timezone: z.string(),
    /** A one-off, or a cron of six fields, the second at which it fires, and the days that are waited then (after `since`). */
    opens: z.union([
      z.strictObject({ at: z.int() }),
      z.strictObject({ cron: z.string(), second: z.int(), offsetDays: z.int(), since: z.int().optional() }),
    ]),
    /** Seconds. Nothing starts in the last `cutoff`. */
    lasts: z.int().min(1),
    cutoff: z.int().min(0),
    from: z.int().optional(),
    until: z.int().optional(),
    /** Between these two it does not open, whatever its schedule reads like: Systems Manager says when it opens next. */
    quiet: z.strictObject({ from: z.int(), to: z.int() }).optional(),
  }),
]);
export type WindowReading = z.infer<typeof WindowReading>;

/** A maintenance window of Systems Manager by its id: what it says is read when it is needed, and until then it is closed. */
export const SsmWindow = z.strictObject({
  ssm: MaintenanceWindowId,
  /** Absent: the hub's own. */
  location: Location.optional(),
  /** What the file adds to the window's own cutoff: the longer one counts. */
  lastStart: z.int().min(0),
  read: WindowReading.optional(),
});
export type SsmWindow = z.infer<typeof SsmWindow>;

/** When nodes may start. `days` with `from`/`to` in local time, or a cron with a length. `lastStart` is counted back from the end. */
export const Window = z.union([
  z.strictObject({
    days: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1),
    from: z.string().regex(/^\d\d:\d\d$/),
    to: z.string().regex(/^\d\d:\d\d$/),
    timezone: z.string(),
    lastStart: z.int().min(0),
  }),
  z.strictObject({ cron: z.string(), lasts: z.int().min(60), timezone: z.string(), lastStart: z.int().min(0) }),
  SsmWindow,
]);
export type Window = z.infer<typeof Window>;

/** When a policy's plan is made. */
export const PlanTime = z.union([
  z.strictObject({ every: z.literal('day'), at: z.string(), timezone: z.string() }),
  z.strictObject({ every: z.literal('week'), on: z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']), at: z.string(), timezone: z.string() }),
  /** `at` on the day `offsetDays` after the month's second Tuesday. */
  z.strictObject({ every: z.literal('month'), patchTuesdayPlusDays: z.int().min(0).max(20), at: z.string(), timezone: z.string() }),
  z.strictObject({ cron: z.string(), timezone: z.string() }),
]);
export type PlanTime = z.infer<typeof PlanTime>;

export const LeaveOut = z.strictObject({
  /** Package name with `*` as wildcard, or a KB. */
  package: z.string(),
  nodes: Selector.optional(),
  why: z.string(),
  owner: z.string(),
  until: z.iso.date(),
});
export type LeaveOut = z.infer<typeof LeaveOut>;

export const Wave = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/),
  nodes: Selector,
  window: WindowName.optional(),
  soak: z.int().min(0),
  atOnce: Amount.optional(),
  /** The verdict at the wave's end. `provenOn`: nodes of each platform that must have proven an item. */
  promoteWhen: z.strictObject({ provenOn: z.int().min(1), failed: Amount, unreachable: Amount }),
  /** The brake during the wave: over it, nothing more is sent. */
  stopWhen: z.strictObject({ failed: Amount, unreachable: Amount }),
});
export type Wave = z.infer<typeof Wave>;

/** `exposed`: what starts a policy reaches nodes, or a fix for it is out; `closed`: no node is left that it reaches. */
export const NoticeEvent = z.enum(['exposed', 'approval', 'passed', 'held', 'failed', 'done', 'closed']);
export type NoticeEvent = z.infer<typeof NoticeEvent>;

/**
 * What is done to exposed nodes as long as no vendor has a fix, one of three that are told `apply` or `withdraw`: an SSM Command document,
 * a Lambda function of the hub's account and Region (`name` or `name:version`, an alias being a version too), or an Automation runbook with
 * the role that it works with (name or path and name).
 */
export const WhileNoFix = z.strictObject({
  run: z.string().optional(),
  lambda: z.string().optional(),
  automation: z.strictObject({ document: z.string(), role: z.string() }).optional(),
  withdrawWhen: z.literal('patched'),
});
export type WhileNoFix = z.infer<typeof WhileNoFix>;

/** A user's own SSM document: a name or an ARN, and the number of one version. */
export const Hook = z.strictObject({ document: z.string(), version: z.string().regex(/^[1-9]\d*$/) });
export type Hook = z.infer<typeof Hook>;

/** What runs on a node around the install, where there is something to install. `within`: seconds that each of them may take. */
export const Hooks = z.strictObject({ before: Hook.optional(), after: Hook.optional(), within: z.int().min(60) });
export type Hooks = z.infer<typeof Hooks>;

export const Policy = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,29}$/),
  mode: Mode,
  nodes: Selector,
  /** Absent: only `startWhen` starts it. */
  plan: PlanTime.optional(),
  /** One of these, and at least one exposed node, starts the policy by itself. */
  startWhen: z.array(Condition).min(1).optional(),
  whileNoFix: WhileNoFix.optional(),
  /** Maintenance windows do not apply: no wave has one. */
  windows: z.literal('ignore').optional(),
  /** Seconds from the start to the end of the last wave, approval not counted: soaks and windows were found to fit. */
  finishWithin: z.int().min(1).optional(),
  patches: z.strictObject({
    /** Updates that close what started the rollout, and nothing else: kinds and severity are then all of them. */
    onlyWhatClosesIt: z.literal(true).optional(),
    kinds: z.array(Kind).min(1),
    severity: z.strictObject({ atLeast: z.enum(['critical', 'important', 'moderate', 'low']), unrated: z.enum(['include', 'leave-out']) }),
    leaveOut: z.array(LeaveOut),
  }),
  hooks: Hooks.optional(),
  /** `scan`: AWS-RunPatchBaseline, Operation Scan, ends the work on a node, for the compliance that AWS shows. Absent: `leave`. */
  awsCompliance: z.enum(['scan', 'leave']).optional(),
  waves: z.array(Wave).min(1),
  /** Audience → events it hears about. */
  tell: z.record(z.string(), z.array(NoticeEvent)),
});
export type Policy = z.infer<typeof Policy>;

export const Audience = z.strictObject({ email: z.array(z.email()), slack: z.strictObject({ secret: z.string() }).optional() });
export type Audience = z.infer<typeof Audience>;

/** Until when an exposure has to be closed. The first rule whose `when` holds counts; of what it says, the earliest. */
export const Deadline = z.strictObject({
  when: Condition,
  /** Seconds. */
  fixWithin: z.int().min(0).optional(),
  /** What `fixWithin` is counted from: the day the fix came out, or the day a node here was known to be exposed. */
  from: z.enum(['published', 'seen']),
  /** CISA's own due date of a known exploited CVE counts as well. */
  kevDueDate: z.literal('obey').optional(),
  /** The rule in words: `known exploited: within 14 d of being seen`. */
  words: z.string(),
});
export type Deadline = z.infer<typeof Deadline>;

/** An exposure that somebody answers for instead of closing it. `cve` or `advisory` names it. */
export const Exception = z.strictObject({
  cve: z.string().optional(),
  advisory: z.string().optional(),
  nodes: Selector.optional(),
  owner: z.string(),
  why: z.string(),
  /** The last day on which it counts. */
  until: z.iso.date(),
});
export type Exception = z.infer<typeof Exception>;

/** A yum repository beside the vendors' own, for one release of one OS. Its feed is called `repo-` and its name. */
export const Repository = z.strictObject({ name: z.string(), url: z.string(), os: z.string(), release: z.string() });
export type Repository = z.infer<typeof Repository>;

/** A whole `wavelock.yaml`, checked and normalised. */
export const PolicyFile = z.strictObject({
  version: z.literal(1),
  mode: Mode,
  windows: z.record(z.string(), Window),
  people: z.record(z.string(), Audience),
  policies: z.array(Policy),
  deadlines: z.array(Deadline).optional(),
  exceptions: z.array(Exception).optional(),
  repositories: z.array(Repository).optional(),
});
export type PolicyFile = z.infer<typeof PolicyFile>;
