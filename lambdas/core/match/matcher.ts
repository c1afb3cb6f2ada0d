/** Which advisories concern a node, and how each of its packages stands to them. */
import { channelKind, minorRelease } from './channels.ts';
import { countedPackages, itemOf } from './items.ts';
import type { Item } from './items.ts';
import { judge } from './judge.ts';
import type { View } from './judge.ts';
import { OTHER_PRODUCTS, createVersionReader, indexKnowledge } from './knowledge.ts';
import type { Entry, ReadVersion, Release } from './knowledge.ts';
import type { Knowledge, Match, Matcher, NodeFacts } from './types.ts';
import { versionKind } from '../candidate.ts';
import { judgeOtherProducts, judgeWindows } from './windows.ts';

/**
 * Indexes what is known, once. The matcher's work grows with a node's packages and with what is known of just these, so a whole fleet
 * costs as much as its distinct inventories. Advisories that their vendor took back match nothing.
 */
export function createMatcher(knowledge: Knowledge): Matcher {
  const read = createVersionReader();
  const releases = indexKnowledge(knowledge.advisories, read);
  const known: Verdicts = new Map();
  return (facts, which = 'open') => {
    const isWindows = facts.platform.startsWith('windows-');
    const release = releases.get(facts.platform.slice(0, facts.platform.lastIndexOf('-'))) ?? NOTHING;
    const view = { ...viewOf(facts, release), all: which === 'all' };
    const matches = isWindows
      ? [...judgeWindows(facts, release), ...judgeOtherProducts(facts, releases.get(OTHER_PRODUCTS) ?? NOTHING)]
      : judgePackages(view, read, known);
    return matches.filter((match) => view.all || match.state !== 'fixed').toSorted(order);
  };
}

const NOTHING: Release = { binaries: new Map(), sources: new Map(), images: new Map(), kbs: [], replacedBy: new Map() };

/** What was found for one package, by all that it was found from. A fleet has far fewer of these than packages. */
type Verdicts = Map<string, readonly Match[]>;

function judgePackages(view: View, read: ReadVersion, known: Verdicts): Match[] {
  const { facts, release } = view;
  const kind = versionKind(facts.platform);
  const { platform, certainty, channels, releasever } = facts;
  const circumstances = JSON.stringify([platform, certainty, channels, releasever, view.minor, view.all]);
  return countedPackages(facts, kind).flatMap((found) => {
    const key = `${found.name}\t${found.arch}\t${found.version}\t${found.source ?? ''}\t${found.sourceVersion ?? ''}\t${circumstances}`;
    const before = known.get(key);
    if (before) return before;
    const item = itemOf(found, facts, kind, read);
    const entries = entriesFor(item, release).filter((entry) => entry.advisory.versionKind === kind);
    const matches = entries.flatMap((entry) => judge(view, item, entry) ?? []);
    // Kernels also depend on what runs, and modules on what else is installed.
    if (item.plain) known.set(key, matches);
    return matches;
  });
}

function viewOf(facts: NodeFacts, release: Release): Omit<View, 'all'> {
  return {
    facts,
    release,
    arch: facts.platform.slice(facts.platform.lastIndexOf('-') + 1),
    lines: (facts.channels ?? []).filter((channel) => channelKind(channel) === 'line'),
    minor: minorRelease(facts.installed),
    streams: { modules: facts.modules, named: (name) => facts.installed.find((item) => item.name === name) },
    closed: new Map(),
  };
}

/** What is known under the package's own name, its source's, and of kernels under series and flavour: one entry an advisory. */
function entriesFor(item: Item, release: Release): Entry[] {
  const lists = [
    release.binaries.get(item.name),
    item.image === undefined ? undefined : release.images.get(item.image),
    ...item.sources.map((source) => release.sources.get(source)),
  ].filter((list) => list !== undefined);
  const [only, ...others] = lists;
  if (only === undefined || others.length === 0) return only ?? [];
  const merged = new Map<Entry['advisory'], Entry>();
  for (const entry of lists.flat()) {
    const known = merged.get(entry.advisory);
    merged.set(entry.advisory, known ? { advisory: entry.advisory, rows: [...new Set([...known.rows, ...entry.rows])] } : entry);
  }
  return [...merged.values()];
}

function order(a: Match, b: Match): number {
  return compare(a.advisory, b.advisory) || compare(a.package, b.package) || compare(a.arch, b.arch) || compare(a.installed, b.installed);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
