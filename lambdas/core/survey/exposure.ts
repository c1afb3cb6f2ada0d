/** What the surveyed nodes are exposed to, from their SSM Inventory and the vendors' advisories. */
import type { Severity } from '../model.ts';

/** One advisory that concerns some nodes. */
export interface ExposedTo {
  advisory: string;
  source: string;
  title: string;
  cves: string[];
  severity: Severity;
  /** In CISA's catalogue of known exploited vulnerabilities; the date until which US agencies have to close it. */
  knownExploited?: string;
  /** `exposed` where the facts are sure, else the best that can be said. */
  state: string;
  packages: string[];
  nodes: string[];
}

export interface FleetExposure {
  /** Advisories that were held against the nodes; 0: none were read. */
  advisories: number;
  /** Nodes with inventory, and how old the oldest of it is (ISO). */
  judged: number;
  oldest?: string;
  /** Managed nodes without inventory. */
  unknown: number;
  /** Ids of nodes that something concerns. */
  exposed: string[];
  /** Of these, by something that is known to be exploited. */
  exploited: string[];
  /** The gravest first. */
  by: ExposedTo[];
  /** What the feeds said that went wrong. */
  problems: string[];
}
