/** Each advisory's course over the fleet: when it was first seen, fixable, closed and seen again. Written only where something is new. */
import { advisoryKey } from './types.ts';
import { grouped } from './reconcile.ts';
import type { Severity } from '../model.ts';
import type { Closure, OpenAdvisory } from './types.ts';

/** ISO-8601 UTC instants. */
export interface Course {
  source: string;
  advisory: string;
  title: string;
  severity: Severity;
  cves: string[];
  published: string;
  seen: string;
  fixable?: string;
  /** When the last node was closed; absent while any is open. */
  closed?: string;
  /** When it was seen again after it had been closed. */
  reopened?: string;
  /** Most nodes that were exposed at once, exceptions not counted. */
  most: number;
  /** Rollouts that closed it on some node. */
  rollouts: string[];
}

/** Courses that are other than they were known, in the order of their keys. */
export function nextCourses(known: readonly Course[], open: readonly OpenAdvisory[], closures: readonly Closure[], now: number): Course[] {
  const before = new Map(known.map((course) => [advisoryKey(course), course]));
  const standing = new Map(open.map((advisory) => [advisoryKey(advisory), advisory]));
  const closers = rolloutsOf(closures);
  const ends = lastClosed(closures);
  const at = new Date(now).toISOString();
  const keys = [...new Set([...before.keys(), ...standing.keys()])].toSorted();
  return keys.flatMap((key) => {
    const course = before.get(key);
    const advisory = standing.get(key);
    const rollouts = [...new Set([...(course?.rollouts ?? []), ...(closers.get(key) ?? [])])];
    const next = advisory ? openCourse(advisory, course, at) : course && closedCourse(course, ends.get(key) ?? at);
    if (!next) return [];
    const full = { ...next, rollouts };
    return course && text(course) === text(full) ? [] : [full];
  });
}

function openCourse(advisory: OpenAdvisory, course: Course | undefined, at: string): Course {
  const { source, advisory: id, title, cves, published, urgency } = advisory;
  const nodes = Object.values(advisory.nodes).reduce((sum, count) => sum + count, 0);
  const fixable = course?.fixable ?? advisory.fixable;
  const reopened = course?.closed === undefined ? course?.reopened : at;
  return {
    source,
    advisory: id,
    title,
    severity: urgency.severity,
    cves,
    published,
    seen: course && course.seen < advisory.seen ? course.seen : advisory.seen,
    ...(fixable === undefined ? {} : { fixable }),
    ...(reopened === undefined ? {} : { reopened }),
    most: Math.max(course?.most ?? 0, nodes),
    rollouts: [],
  };
}

function closedCourse(course: Course, at: string): Course {
  return course.closed === undefined ? { ...course, closed: at } : course;
}

/** When the last of an advisory's nodes was seen to be closed, of those that this run has closed. */
function lastClosed(closures: readonly Closure[]): Map<string, string> {
  const ends = new Map<string, string>();
  for (const { nodes, exposures } of closures) {
    const last = nodes.reduce((latest, { closed }) => (closed > latest ? closed : latest), '');
    if (last === '') continue;
    for (const exposure of exposures) {
      const key = advisoryKey(exposure);
      if (last > (ends.get(key) ?? '')) ends.set(key, last);
    }
  }
  return ends;
}

function rolloutsOf(closures: readonly Closure[]): Map<string, string[]> {
  const byRollouts = closures.filter(({ rollout }) => rollout !== '');
  const pairs = byRollouts.flatMap(({ rollout, exposures }) => exposures.map((exposure) => ({ key: advisoryKey(exposure), rollout })));
  return new Map([...grouped(pairs, ({ key }) => key)].map(([key, own]) => [key, [...new Set(own.map(({ rollout }) => rollout))]]));
}

function text({ source, advisory, title, severity, cves, published, seen, fixable, closed, reopened, most, rollouts }: Course): string {
  return JSON.stringify([source, advisory, title, severity, cves, published, seen, fixable, closed, reopened, most, rollouts]);
}
