/** Small values for tests of what was: closures, exposures that are open still, and a summary of them. Clocks are hours before `NOW`. */
import { cveOf, iso, NOW as LOOKED, PLATFORM } from './exposures-world.ts';
import type { ClosedExposure } from '../../lambdas/core/exposures/speed.ts';
import type { Closure, ExposureCounts, ExposureSummary, OpenAdvisory, OpenExposure } from '../../lambdas/core/exposures/types.ts';

export const NOW = LOOKED;
export const hours = iso;
const LOCATION = { account: '111111111111', region: 'eu-central-1' };

/** Seen and fixable ten hours ago. */
export function exposed(advisory: string, more: Partial<Omit<ClosedExposure, 'fixable'>> & { fixable?: string | undefined } = {}): ClosedExposure {
  const { fixable, ...fields } = { fixable: hours(-10), ...more };
  return {
    source: 'alas',
    advisory,
    severity: 'important',
    cves: [cveOf(advisory)],
    state: 'exposed',
    knownExploited: false,
    published: hours(-30),
    seen: hours(-10),
    ...(fixable === undefined ? {} : { fixable }),
    ...fields,
  };
}

/** Nodes by name, with the hour at which each was clear. */
export function closure(what: { by?: Closure['by']; rollout?: string; nodes?: Record<string, number>; exposures: ClosedExposure[] }): Closure {
  const { by = 'rollout', rollout = by === 'rollout' ? 'monthly-20261209-3f9ca1' : '', nodes = { a: -1 }, exposures } = what;
  const refs = Object.entries(nodes).map(([id, hour]) => ({ location: LOCATION, id, closed: hours(hour) }));
  return { fingerprint: 'p1', platform: PLATFORM, by, rollout, nodes: refs, exposures };
}

/** On one node. */
export function open(advisory: string, more: Partial<OpenExposure> = {}): OpenExposure {
  return {
    source: 'alas',
    advisory,
    fingerprint: 'p1',
    platform: PLATFORM,
    severity: 'important',
    cves: [cveOf(advisory)],
    state: 'exposed',
    packages: [],
    published: hours(-30),
    seen: hours(-10),
    title: advisory,
    urgency: { severity: 'important', knownExploited: false, ransomware: false, vendorExploited: false },
    nodes: 1,
    excepted: [],
    ...more,
  };
}

export const COUNTS: ExposureCounts = {
  nodes: 5,
  reporting: 5,
  unknown: 0,
  exposed: 2,
  exposures: 3,
  overdue: 0,
  knownExploited: 1,
  knownExploitedOverdue: 0,
  awaitingVendor: 0,
  excepted: 0,
};

/** One advisory for each, in their order. */
export function summary(exposures: OpenExposure[]): ExposureSummary {
  const advisories = exposures.map(({ source, advisory, title, cves, urgency, published, seen, due, state, nodes }): OpenAdvisory => ({
    source,
    advisory,
    title,
    cves,
    urgency,
    published,
    seen,
    ...(due === undefined ? {} : { due }),
    nodes: { [state]: nodes },
    excepted: 0,
    services: {},
  }));
  return { v: 1, at: hours(0), counts: COUNTS, advisories, exposures, exceptions: [] };
}
