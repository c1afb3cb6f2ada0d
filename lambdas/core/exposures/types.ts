/**
 * Exposures as they are kept, and as they are handed on. One row for each advisory and fingerprint of identical nodes: which nodes these
 * are is said by the nodes' own rows, so that ten thousand identical nodes cost one row an advisory.
 *
 * CloseIntake reconciles the rows with advisories, inventory and rollout evidence, and writes an `ExposureSummary` under `EXPOSURES_KEY`
 * (core/keys.ts), gzipped: what `StartRollouts`, the `wavelock` command and the report read. What CISA and EPSS say is joined there and
 * never kept in rows.
 */
import { z } from 'zod';
import { AdvisoryId, CveId } from '../advisory.ts';
import { Deadline, Location, Os, Severity } from '../model.ts';

const Instant = z.iso.datetime();

/** As `MatchState` (core/match/types.ts), the gravest first, without `fixed`: that is no exposure. */
export const ExposureState = z.enum(['exposed', 'probable', 'awaiting-vendor', 'locked', 'needs-entitlement', 'reboot-pending', 'unknown']);
export type ExposureState = z.infer<typeof ExposureState>;

/** `alas`, `usn`, `person`, `kev` (what CISA lists and no vendor has an advisory for), … With the id it names an advisory. */
const Source = z.string().regex(/^[a-z][a-z0-9-]{0,29}$/);

/** What on the node makes it exposed. `fixed`: the first version that is not affected; `null`: there is none yet. */
export const ExposedPackage = z.strictObject({
  package: z.string(),
  arch: z.string(),
  installed: z.string(),
  fixed: z.string().nullable(),
  state: ExposureState,
  why: z.string(),
});
export type ExposedPackage = z.infer<typeof ExposedPackage>;

/** ISO-8601 UTC instants. */
export const Clock = z.strictObject({
  /** The vendor's (or person's) date of the advisory. */
  published: Instant,
  /** When the first node of this fingerprint was known to be exposed; nodes bring it along when their fingerprint changes. */
  seen: Instant,
  /** When a fix was first known here; absent: there is none yet. */
  fixable: Instant.optional(),
  /** When it has to be closed at the latest, on the node for which that is soonest; absent: no deadline applies. */
  due: Instant.optional(),
});
export type Clock = z.infer<typeof Clock>;

/** One advisory on nodes of one fingerprint: open as long as it is there. What was closed lies in the evidence (`Closure`). */
export const Exposure = Clock.extend({
  source: Source,
  advisory: AdvisoryId,
  fingerprint: z.string(),
  platform: z.string(),
  severity: Severity,
  cves: z.array(CveId),
  /** The gravest of its packages'. */
  state: ExposureState,
  /** Gravest first. */
  packages: z.array(ExposedPackage),
  /** The rule of the policy file that gave `due`, in words. */
  deadline: z.string().optional(),
});
export type Exposure = z.infer<typeof Exposure>;

/** What has to be remembered of a row: all but its packages, which matching finds again as long as the node's list can be read. */
export const KeptExposure = Exposure.omit({ packages: true });
export type KeptExposure = z.infer<typeof KeptExposure>;

/** How urgent an advisory is: the vendor's word, CISA's and EPSS's, of its CVEs the gravest. */
export const Urgency = z.strictObject({
  severity: Severity,
  /** One of its CVEs stands in CISA's catalogue. */
  knownExploited: z.boolean(),
  /** CISA's own due date, the earliest: `2026-12-24`. */
  kevDue: z.iso.date().optional(),
  ransomware: z.boolean(),
  /** The vendor itself says that it is being exploited. */
  vendorExploited: z.boolean(),
  /** 0 to 1; absent: EPSS has no row, which is not the same as 0. */
  epss: z.number().optional(),
  /** 0 to 1. */
  percentile: z.number().optional(),
});
export type Urgency = z.infer<typeof Urgency>;

/** An open exposure with everything that is decided by: the row, its urgency, and how many nodes it is about. */
export const OpenExposure = Exposure.extend({
  title: z.string(),
  urgency: Urgency,
  /** Nodes that have this fingerprint and no exception. 0: every one of them has one. */
  nodes: z.int(),
  /** Nodes with an exception, as `nodeKey` spells them, each with whose it is and why. */
  excepted: z.array(z.strictObject({ node: z.string(), why: z.string() })),
});
export type OpenExposure = z.infer<typeof OpenExposure>;

/**
 * An advisory with all that it exposes: what people and triggers think in. It is here as long as one node is open, so that whoever reads
 * this late or twice comes to the same: a fix that came later than the exposure is `fixable > seen`; an advisory that is gone from here
 * is closed.
 */
export const OpenAdvisory = z.strictObject({
  source: Source,
  advisory: AdvisoryId,
  title: z.string(),
  cves: z.array(CveId),
  urgency: Urgency,
  published: Instant,
  /** The earliest of its exposures'. */
  seen: Instant,
  /** Set once any node can be fixed: the earliest. */
  fixable: Instant.optional(),
  /** The earliest. */
  due: Instant.optional(),
  /** Nodes without exception, by the state of their exposure. A node is in one of them. */
  nodes: z.partialRecord(ExposureState, z.int()),
  excepted: z.int(),
  /** Value of the tag `Service` → nodes that are exposed, of how many there are. Nodes without the tag are under the empty name. */
  services: z.record(z.string(), z.strictObject({ exposed: z.int(), of: z.int() })),
});
export type OpenAdvisory = z.infer<typeof OpenAdvisory>;

/** An exception of the policy file as it was when it was first applied; `ended` when KEV or EPSS has changed since. */
export const ExceptionState = z.strictObject({
  /** What the exception says, in one text: an exception that is written anew is a new one. */
  id: z.string(),
  since: Instant,
  knownExploited: z.boolean(),
  ransomware: z.boolean(),
  epss: z.number().optional(),
  ended: z.strictObject({ at: Instant, why: z.string() }).optional(),
});
export type ExceptionState = z.infer<typeof ExceptionState>;

/** Nodes are counted once however many exposures they have; exposures are counted as pairs of advisory and node. */
export const ExposureCounts = z.strictObject({
  nodes: z.int(),
  /** Nodes that told themselves, to our scan. */
  reporting: z.int(),
  /** Nodes of which nothing is known: not counted as exposed, and not as clear. The rest is known from SSM Inventory only. */
  unknown: z.int(),
  /** Nodes with at least one open exposure (of any state but `unknown`) that has no exception. */
  exposed: z.int(),
  exposures: z.int(),
  overdue: z.int(),
  knownExploited: z.int(),
  knownExploitedOverdue: z.int(),
  awaitingVendor: z.int(),
  excepted: z.int(),
});
export type ExposureCounts = z.infer<typeof ExposureCounts>;

export const ExposureSummary = z.strictObject({
  v: z.literal(1),
  at: Instant,
  counts: ExposureCounts,
  /** Most urgent first: known exploited, then by due date, then by severity. */
  advisories: z.array(OpenAdvisory),
  exposures: z.array(OpenExposure),
  exceptions: z.array(ExceptionState),
  /** The policy file's rules, for whoever asks about one node: `due` of a row is that of the node on which it is soonest. */
  deadlines: z.array(Deadline).optional(),
});
export type ExposureSummary = z.infer<typeof ExposureSummary>;

/** A node as it was counted, beside the summary: whose fingerprint it has, and since when and from whom that is known. */
export const CountedNode = z.strictObject({
  id: z.string(),
  /** `111111111111/eu-central-1` */
  location: z.string(),
  name: z.string(),
  os: Os,
  online: z.boolean(),
  tags: z.record(z.string(), z.string()),
  /** Absent: nothing is known of what it has. */
  facts: z
    .strictObject({
      fingerprint: z.string(),
      at: Instant,
      by: z.enum(['scan', 'inventory', 'rollout']),
      /** Advisories that may concern the node without anybody being able to tell, since its list names no sources; absent: none. */
      untold: z.int().optional(),
    })
    .optional(),
  /** Its release gets no ordinary security updates any more: since when, and until when paid ones come. */
  ended: z.strictObject({ platform: z.string(), eol: z.iso.date(), extended: z.iso.date().optional() }).optional(),
});
export type CountedNode = z.infer<typeof CountedNode>;

/** How nodes came to be closed. Only the first two are patching: the others say nothing of how fast somebody was. */
export const ClosedBy = z.enum(['rollout', 'scan', 'advisory', 'node-gone']);
export type ClosedBy = z.infer<typeof ClosedBy>;

export const NodeRef = z.strictObject({ location: Location, id: z.string() });

/** Nodes that left a fingerprint (or whose advisory left them), and everything that this closed for each of them. Append-only evidence. */
export const Closure = z.strictObject({
  fingerprint: z.string(),
  platform: z.string(),
  by: ClosedBy,
  /** Rollout, or empty. */
  rollout: z.string(),
  /** When each node was seen to be clear. */
  nodes: z.array(NodeRef.extend({ closed: Instant })),
  exposures: z.array(
    Clock.extend({
      source: Source,
      advisory: AdvisoryId,
      severity: Severity,
      cves: z.array(CveId),
      state: ExposureState,
      knownExploited: z.boolean(),
      /** The rule that gave `due`, in words. */
      deadline: z.string().optional(),
    }),
  ),
});
export type Closure = z.infer<typeof Closure>;

/** `111111111111/eu-central-1/i-0123456789abcdef0`: a node in lists and keys. */
export function nodeKey({ location, id }: { location: Location; id: string }): string {
  return `${location.account}/${location.region}/${id}`;
}

/** Sources that only stand in until a vendor speaks: what they said of a CVE goes on in whatever advisory names it then. */
export const FORERUNNERS: readonly string[] = ['kev', 'person'];

/** `alas ALAS2023-2026-901`: names an advisory in maps and keys. */
export function advisoryKey({ source, advisory }: { source: string; advisory: string }): string {
  return `${source} ${advisory}`;
}
