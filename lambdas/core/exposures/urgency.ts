/**
 * How urgent an advisory is, from what its vendor, CISA and EPSS say; and whether that meets a rule's condition. KEV and EPSS are joined
 * here, at read.
 */
import type { Condition } from '../model.ts';
import type { Advisory, KnownExploited, Score } from '../advisory.ts';
import type { Urgency } from './types.ts';

/** What is known of CVEs, by CVE. */
export interface Intelligence {
  exploited: ReadonlyMap<string, KnownExploited>;
  scores: ReadonlyMap<string, Score>;
}

/** Of several CVEs the gravest word counts. */
export function urgencyOf({ cves, severity, exploited }: Pick<Advisory, 'cves' | 'severity' | 'exploited'>, known: Intelligence): Urgency {
  const listed = cves.flatMap((cve) => known.exploited.get(cve) ?? []);
  const scores = cves.flatMap((cve) => known.scores.get(cve) ?? []);
  const percentiles = scores.flatMap((score) => score.percentile ?? []);
  const [kevDue] = listed.map((entry) => entry.due).toSorted();
  return {
    severity,
    knownExploited: listed.length > 0,
    ...(kevDue === undefined ? {} : { kevDue }),
    ransomware: listed.some((entry) => entry.ransomware),
    vendorExploited: exploited ?? false,
    ...(scores.length === 0 ? {} : { epss: highest(scores.map((score) => score.epss)) }),
    ...(percentiles.length === 0 ? {} : { percentile: highest(percentiles) }),
  };
}

/** Whether a condition holds for an advisory on a node with these tags. A condition without keys always holds. */
export function meets(condition: Condition, urgency: Urgency, tags: Readonly<Record<string, string>>): boolean {
  const { knownExploited, vendorSays, severity, epssAbove, percentileAbove } = condition;
  if (knownExploited !== undefined && knownExploited !== urgency.knownExploited) return false;
  if (vendorSays === 'exploited' && !urgency.vendorExploited) return false;
  if (severity !== undefined && !severity.includes(urgency.severity)) return false;
  if (epssAbove !== undefined && !(urgency.epss !== undefined && urgency.epss > epssAbove)) return false;
  if (percentileAbove !== undefined && !(urgency.percentile !== undefined && urgency.percentile > percentileAbove)) return false;
  return Object.entries(condition.tags ?? {}).every(([key, value]) => tags[key] === value);
}

/** A loop, because an advisory may have thousands of CVEs and a call only so many arguments. */
function highest(numbers: number[]): number {
  return numbers.reduce((most, next) => Math.max(most, next), 0);
}
