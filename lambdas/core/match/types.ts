/**
 * What is asked and answered when advisories are held against what a node has. Pure data: facts of one kind of node in, one answer for
 * each advisory and package out. Nodes with the same facts have the same answers, so they are asked once for each fingerprint.
 */
import type { Advisory } from '../advisory.ts';
import type { Package } from '../model.ts';

/**
 * `exposed`: an older version than the fixed one is installed, and the node's own repositories can have the fix.
 * `probable`: the same, as far as the facts can tell: they may list what was removed, or name no source package.
 * `awaiting-vendor`: concerned, and no vendor has a fix.
 * `locked`: the fix exists, but not in the release that the node is held to.
 * `needs-entitlement`: the only fix is in a channel that the node does not have (Ubuntu Pro, EUS, LTSS, an extras topic).
 * `reboot-pending`: the fix is installed, and an older kernel runs.
 * `unknown`: versions that cannot be read, or must not be compared. Never to be taken for fixed.
 * `fixed`: at or above the fix.
 */
export type MatchState = 'exposed' | 'probable' | 'awaiting-vendor' | 'locked' | 'needs-entitlement' | 'reboot-pending' | 'unknown' | 'fixed';

/** How one installed package (on Windows: one KB that is asked for) stands to one advisory. */
export interface Match {
  /** Id and source, which together name an advisory. */
  advisory: string;
  source: string;
  /** Name of the installed package; on Windows the KB. */
  package: string;
  /** As the node spells it; empty on Windows. */
  arch: string;
  /** Installed version; on Windows the build, or empty where it is not known. */
  installed: string;
  /** The first version that is not affected; on Windows the build that has the fix, else the KB. `null`: there is none. */
  fixed: string | null;
  state: MatchState;
  /** One plain sentence for people. */
  why: string;
}

/** What matching needs to know of a node. Built by `factsFromScan` (facts.ts) and `factsFromInventory` (inventory.ts). */
export interface NodeFacts {
  /** `amazon-linux-2023-x86_64` */
  platform: string;
  /**
   * `exact`: the list holds what is installed and nothing else, with source packages. `probable`: SSM's stock inventory of dpkg, which
   * lists removed packages too and names no source packages.
   */
  certainty: 'exact' | 'probable';
  /** Packages; on Windows the installed KBs as names, with empty versions. */
  installed: readonly Package[];
  /** `uname -r`, where known. */
  kernel?: string;
  /** Windows: `10.0.20348.2762`, where the revision is known. */
  build?: string;
  /** Windows: KBs that the node's own source of updates offers it. Absent: not asked. */
  offered?: readonly string[];
  /** Channels that the node has, in the words of `Affected.channel`. Absent: not known, which is not the same as none. */
  channels?: readonly string[];
  /** Enabled streams of modules, `ruby:3.1`. Absent: not known. */
  modules?: readonly string[];
  /** Red Hat's family: the minor release that the node is on, `9.2`. Absent: its release package says it, or it is not known. */
  minor?: string;
  /** Windows: KBs that are installed and take effect with the next reboot. */
  pending?: readonly string[];
  /** AL2023: the dated release that the node is held to, `2023.6.20241010`. Absent: not held, or not known. */
  releasever?: string;
}

/** What is known of the world: every advisory that may concern the fleet. KEV and EPSS are joined to the answers, not matched. */
export interface Knowledge {
  advisories: Iterable<Advisory>;
}

/**
 * All that one node's packages have to do with what is known, ordered by advisory and package. `open` leaves out what is fixed, which
 * is what is wanted unless somebody asks whether a single advisory is closed: most of what is known is fixed on most nodes.
 */
export type Matcher = (facts: NodeFacts, which?: 'open' | 'all') => Match[];

/** `createMatcher` (matcher.ts) indexes the knowledge once; the `Matcher` it returns answers for one kind of node at a time. */
export type CreateMatcher = (knowledge: Knowledge) => Matcher;
