/** Which versions a record calls affected, from its ranges (ossf.github.io/osv-schema, "Requirements" and "Evaluation" of `affected[].ranges`). */
import type { Affected } from '../../core/advisory.ts';
import { compareVersions, readVersion } from '../../core/versions/compare.ts';
import type { VersionKind } from '../../core/versions/compare.ts';
import type { OsvAffected } from './record.ts';

/** A stretch of affected versions, as a row has it. */
export type Interval = Pick<Affected, 'fixedVersion' | 'introducedVersion' | 'lastAffectedVersion'>;

interface Event {
  is: 'fixed' | 'introduced' | 'last';
  version: string;
}

/** From the very beginning. */
const BEGINNING = '0';

/**
 * The stretches of all ranges, each once. One without an end has no fix. RPM versions lose the epoch 0 that Red Hat and Rocky always write.
 * Ranges that are no package versions (commits) are passed over.
 */
export function intervalsOf({ ranges }: OsvAffected, kind: VersionKind): Interval[] {
  const found = (ranges ?? []).flatMap(({ type, events }) => (type === 'ECOSYSTEM' ? stretches(inOrder(events.flatMap(eventsOf), kind)) : []));
  const each = new Map(found.map((interval) => [JSON.stringify(interval), interval]));
  return kind === 'rpm' ? [...each.values()].map(withoutZeroEpochs) : [...each.values()];
}

function eventsOf({ introduced, fixed, last_affected: last }: NonNullable<OsvAffected['ranges']>[number]['events'][number]): Event[] {
  return [
    ...(introduced === undefined ? [] : [{ is: 'introduced' as const, version: introduced }]),
    ...(fixed === undefined ? [] : [{ is: 'fixed' as const, version: fixed }]),
    ...(last === undefined ? [] : [{ is: 'last' as const, version: last }]),
  ];
}

/** By version, in whatever order they are listed; as listed where one cannot be read. The beginning comes before everything else. */
function inOrder(events: readonly Event[], kind: VersionKind): Event[] {
  const isBeginning = ({ is, version }: Event): boolean => is === 'introduced' && version === BEGINNING;
  const rest = events.filter((event) => !isBeginning(event));
  if (rest.length < 2 || rest.some(({ version }) => readVersion(kind, version) === undefined)) return [...events.filter(isBeginning), ...rest];
  const sorted = rest.toSorted((a, b) => (compareVersions(kind, a.version, b.version) ?? 0) || AT_ONCE[a.is] - AT_ONCE[b.is]);
  return [...events.filter(isBeginning), ...sorted];
}

/** Of events at one version: what is fixed and affected again there is affected, and so is what is affected there and nowhere else. */
const AT_ONCE: Record<Event['is'], number> = { fixed: 0, introduced: 1, last: 2 };

function stretches(events: readonly Event[]): Interval[] {
  const found: Interval[] = [];
  // Whoever says only where it ends means from the beginning.
  let from = events.some(({ is }) => is === 'introduced') ? undefined : events[0] && BEGINNING;
  for (const { is, version } of events) {
    if (is === 'introduced') from ??= version;
    else if (from !== undefined) {
      found.push(is === 'fixed' ? { fixedVersion: version, ...since(from) } : { fixedVersion: null, ...since(from), lastAffectedVersion: version });
      from = undefined;
    }
  }
  return from === undefined ? found : [...found, { fixedVersion: null, ...since(from) }];
}

function since(version: string): Pick<Interval, 'introducedVersion'> {
  return version === BEGINNING ? {} : { introducedVersion: version };
}

/**
 * What the ranges of a source say of one of its binaries, of which the record names only the fixed version. Where that is the source's own,
 * so are the others; else the bounds would be of other versions, and everything below the fix counts as affected.
 */
export function binaryIntervals(source: readonly Interval[], version: string): readonly Interval[] {
  const isBounded = source.length > 1 || source.some((one) => one.introducedVersion !== undefined || one.lastAffectedVersion !== undefined);
  if (isBounded && source.some(({ fixedVersion }) => fixedVersion === version)) return source;
  const isFixed = source.length > 0 && source.every(({ fixedVersion }) => fixedVersion !== null);
  return [{ fixedVersion: isFixed ? version : null }];
}

/** No epoch and 0 are the same (rpm-version(7)). */
export function withoutZeroEpoch(version: string): string {
  return version.startsWith('0:') ? version.slice(2) : version;
}

function withoutZeroEpochs({ fixedVersion, introducedVersion, lastAffectedVersion }: Interval): Interval {
  return {
    fixedVersion: fixedVersion === null ? null : withoutZeroEpoch(fixedVersion),
    ...(introducedVersion === undefined ? {} : { introducedVersion: withoutZeroEpoch(introducedVersion) }),
    ...(lastAffectedVersion === undefined ? {} : { lastAffectedVersion: withoutZeroEpoch(lastAffectedVersion) }),
  };
}
