/**
 * What a node has after a rollout, without waiting for its next scan: the list that it had, with what its report says was changed. The same
 * list and the same changes make the same list again, so that nodes patched alike stay alike.
 */
import { compareVersions } from '../versions/compare.ts';
import { versionKind } from '../candidate.ts';
import type { FleetFacts, Outcome, Package } from '../model.ts';

/** One item that a batch changed: a package now at `version`, or a KB (`version` empty). */
export interface Changed {
  name: string;
  arch: string;
  version: string;
}

/** Outcomes after which the report's list of changes is what the node has: verified by its closing look at itself. */
const VERIFIED: readonly Outcome[] = ['patched', 'already-proven', 'ahead', 'restart-pending', 'reboot-pending'];

/** Whether a node's changes count as evidence. */
export function isVerified(outcome: Outcome): boolean {
  return VERIFIED.includes(outcome);
}

/** RPMs of which a new version is installed beside the old ones (dnf.conf(5), installonlypkgs). */
const SIDE_BY_SIDE = /^kernel(-|$)/;

/**
 * The list after the changes. What can't be told stays as it was, so that nothing is closed on a guess: a package whose source has another
 * version than itself. After a reboot the running kernel is not known any more.
 */
export function factsAfter(facts: FleetFacts, changes: readonly Changed[], rebooted: boolean): FleetFacts {
  const kind = versionKind(facts.platform);
  const certain = changes.filter((change) => !facts.installed.some((item) => isSame(item, change) && item.sourceVersion !== undefined));
  const isOlder = (item: Package, change: Changed): boolean => compareVersions(kind, item.version, change.version) !== 1;
  const isDone = (item: Package): boolean => certain.some((change) => isSame(item, change) && isOlder(item, change));
  const isReplaced = (item: Package): boolean => !(kind === 'rpm' && SIDE_BY_SIDE.test(item.name)) && isDone(item);
  const sources = new Map(facts.installed.map((item) => [`${item.name} ${item.arch}`, item.source]));
  const added = certain.map((change): Package => {
    const source = sources.get(`${change.name} ${change.arch}`);
    return { name: change.name, arch: change.arch, version: change.version, ...(source === undefined ? {} : { source }) };
  });
  const isAdded = (item: Package): boolean => added.some((one) => isSame(item, one) && item.version === one.version);
  const kept = facts.installed.filter((item) => !isReplaced(item) && !isAdded(item));
  const { kernel, ...rest } = facts;
  return {
    ...rest,
    ...(kernel === undefined || rebooted ? {} : { kernel }),
    installed: [...kept, ...added].toSorted(byName),
    available: facts.available.filter((update) => !isDone(update)),
    dependencies: facts.dependencies.filter((item) => !isDone(item)),
  };
}

function isSame(item: { name: string; arch: string }, other: { name: string; arch: string }): boolean {
  return item.name === other.name && item.arch === other.arch;
}

function byName(a: Package, b: Package): number {
  const [left, right] = [`${a.name} ${a.arch} ${a.version}`, `${b.name} ${b.arch} ${b.version}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
