/** From what test nodes are offered to a candidate lock, and from what they proved to a proven one. */
import { sortItems } from './lock.ts';
import { matches } from './selection.ts';
import { compareVersions } from './versions/compare.ts';
import type { Available, FleetFacts, LeaveOut, LockItem, LockPlatform, Node, Policy } from './model.ts';

const RANK = { critical: 4, important: 3, moderate: 2, low: 1, unrated: 0 } as const;

export interface LeftOutItem {
  platform: string;
  name: string;
  why: string;
}

/** Whether the policy wants an update, by kind and severity. Unrated ones are a choice of their own, never dropped silently. */
export function wanted(patches: Policy['patches'], update: Available): boolean {
  if (!patches.kinds.includes(update.kind)) return false;
  if (update.severity === 'unrated') return patches.severity.unrated === 'include';
  return RANK[update.severity] >= RANK[patches.severity.atLeast];
}

/** `kernel*` matches `kernel-core`; everything but `*` is literal. */
export function nameMatches(pattern: string, name: string): boolean {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(name);
}

/** Rules of `leaveOut` that hold today (`until` is the last day), for every node or for this one. */
export function leaveOutFor(rules: LeaveOut[], today: string, node?: Node): LeaveOut[] {
  return rules.filter(
    (rule) => rule.until >= today && (rule.nodes === undefined ? node === undefined : node !== undefined && matches(rule.nodes, node)),
  );
}

/**
 * The candidate: per platform of the first wave's nodes what they are offered, filtered by the policy. Everything else that the whole
 * upgrade would touch may come along as dependency, at exactly the version seen, because a wanted update can need it.
 * `today` is `YYYY-MM-DD`. With `closes`, only updates for which it holds are asked for.
 */
export function candidateLock(
  policy: Policy,
  offers: FleetFacts[],
  today: string,
  closes: (platform: string, update: Available) => boolean = () => true,
): { platforms: LockPlatform[]; leftOut: LeftOutItem[] } {
  const rules = leaveOutFor(policy.patches.leaveOut, today);
  const leftOut: LeftOutItem[] = [];
  const platforms: LockPlatform[] = [];
  for (const [platform, facts] of groupByPlatform(offers)) {
    const items = new Map<string, LockItem>();
    const updates = facts.flatMap((offer) => offer.available);
    const dependencies = facts.flatMap((offer) => offer.dependencies);
    const offered: LockItem[] = [
      ...updates.map((update) => ({ use: closes(platform, update) ? useOf(policy.patches, platform, update) : 'dependency', ...bare(update) })),
      ...dependencies.map((dependency) => ({ use: 'dependency' as const, ...bare(dependency) })),
    ];
    for (const item of offered) {
      const rule = rules.find((candidate) => nameMatches(candidate.package, item.name));
      if (rule) leftOut.push({ platform, name: item.name, why: `${rule.why} (${rule.owner}, until ${rule.until})` });
      else keepNewest(items, platform, item);
    }
    const releasever = newestRelease(facts);
    const snapshot = newestSnapshot(facts);
    // Windows has no transaction that pulls anything in: an unwanted KB is simply not in the lock.
    const sorted = sortItems([...items.values()].filter((item) => item.use !== 'dependency' || !isWindows(platform)));
    if (sorted.some((item) => item.use !== 'dependency')) {
      platforms.push({
        platform,
        ...(releasever === undefined ? {} : { releasever }),
        ...(snapshot === undefined ? {} : { snapshot }),
        items: sorted,
      });
    }
  }
  return { platforms, leftOut: unique(leftOut) };
}

function useOf(patches: Policy['patches'], platform: string, update: Available): LockItem['use'] {
  if (!wanted(patches, update)) return 'dependency';
  return isWindows(platform) ? 'kb' : 'update';
}

function isWindows(platform: string): boolean {
  return platform.startsWith('windows-');
}

/** Amazon Linux 2023 has a version from the release on in which it came out: what any node was offered, the newest release has. */
function newestRelease(facts: FleetFacts[]): string | undefined {
  const releases = facts.flatMap((offer) => offer.releasever ?? []);
  return releases.reduce<string | undefined>(
    (newest, next) => (newest !== undefined && compareVersions('rpm', next, newest) !== 1 ? newest : next),
    undefined,
  );
}

/** The newest one has the newest version of everything; a node that can't use it, or misses something there, takes its plain repositories. */
function newestSnapshot(facts: FleetFacts[]): string | undefined {
  return facts
    .flatMap((offer) => offer.snapshot ?? [])
    .toSorted()
    .at(-1);
}

/** Removes what a node's own `leaveOut` rules name: such nodes get a lock of their own. */
export function withoutPackages(platforms: LockPlatform[], patterns: string[]): LockPlatform[] {
  if (patterns.length === 0) return platforms;
  return platforms
    .map((section) => ({ ...section, items: section.items.filter((item) => !patterns.some((pattern) => nameMatches(pattern, item.name))) }))
    .filter((section) => section.items.length > 0);
}

/** What one node of a wave ended up with: indices into its platform's items that stand at the lock's version and are healthy. */
export interface Proof {
  platform: string;
  node: string;
  proven: LockItem[];
}

/**
 * The proven lock: of the candidate's items those that at least `provenOn` healthy nodes of the platform hold. What too few proved is
 * dropped and named; production gets the rest and nothing else.
 */
export function provenLock(candidate: LockPlatform[], proofs: Proof[], provenOn: number): { platforms: LockPlatform[]; dropped: LeftOutItem[] } {
  const dropped: LeftOutItem[] = [];
  const platforms: LockPlatform[] = [];
  for (const section of candidate) {
    const counts = new Map<string, number>();
    for (const proof of proofs.filter((entry) => entry.platform === section.platform)) {
      for (const item of proof.proven) counts.set(itemKey(item), (counts.get(itemKey(item)) ?? 0) + 1);
    }
    const items = section.items.filter((item) => {
      const count = counts.get(itemKey(item)) ?? 0;
      if (count >= provenOn) return true;
      if (item.use !== 'dependency')
        dropped.push({ platform: section.platform, name: item.name, why: `proven on ${count} of ${provenOn} nodes needed` });
      return false;
    });
    if (items.some((item) => item.use !== 'dependency')) platforms.push({ ...section, items });
  }
  return { platforms, dropped };
}

/** `name arch version`, which names an item exactly. */
export function itemKey(item: { name: string; arch: string; version: string }): string {
  return `${item.name} ${item.arch} ${item.version}`;
}

/** Debian's order for apt's platforms, rpm's for the others. */
export function versionKind(platform: string): 'deb' | 'rpm' {
  return /^(ubuntu|debian)-/.test(platform) ? 'deb' : 'rpm';
}

function keepNewest(items: Map<string, LockItem>, platform: string, item: LockItem): void {
  const key = `${item.name} ${item.arch}`;
  const known = items.get(key);
  // What is wanted stays wanted, and the newest version seen wins: repositories move on while a fleet is scanned.
  const newer = known !== undefined && compareVersions(versionKind(platform), item.version, known.version) === 1;
  if (known === undefined || newer || (item.version === known.version && item.use !== 'dependency')) {
    items.set(key, known === undefined || known.use === 'dependency' ? item : { ...item, use: known.use });
  }
}

function bare({ name, arch, version }: { name: string; arch: string; version: string }): { name: string; arch: string; version: string } {
  return { name, arch, version };
}

function groupByPlatform(offers: FleetFacts[]): Map<string, FleetFacts[]> {
  const groups = new Map<string, FleetFacts[]>();
  for (const offer of offers) {
    const group = groups.get(offer.platform);
    if (group) group.push(offer);
    else groups.set(offer.platform, [offer]);
  }
  return new Map([...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function unique(items: LeftOutItem[]): LeftOutItem[] {
  return [...new Map(items.map((item) => [`${item.platform} ${item.name}`, item])).values()];
}
