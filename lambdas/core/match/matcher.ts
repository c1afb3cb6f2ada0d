/** Which advisories concern a node, and how each of its packages stands to them. */
import { channelKind, minorRelease } from './channels.ts';
import { countedPackages, itemOf } from './items.ts';
import type { Item } from './items.ts';
import { judge } from './judge.ts';
import type { View } from './judge.ts';
import { OTHER_PRODUCTS, createVersionReader, indexKnowledge, sortedEntries } from './knowledge.ts';
import type { Entry, ReadVersion, Release } from './knowledge.ts';
import type { Knowledge, Match, Matcher, NodeFacts } from './types.ts';
import { versionKind } from '../candidate.ts';
import { compareRead } from '../versions/compare.ts';
import { sameArch, sameStream } from './rows.ts';
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
type Verdicts = Map<string, Map<string, readonly Match[]>>;

function judgePackages(view: View, read: ReadVersion, known: Verdicts): Match[] {
  const { facts, release } = view;
  const kind = versionKind(facts.platform);
  const { platform, certainty, channels, releasever } = facts;
  const circumstances = JSON.stringify([platform, certainty, channels, releasever, view.minor, view.all]);
  const same = known.get(circumstances) ?? new Map<string, readonly Match[]>();
  known.set(circumstances, same);
  return countedPackages(facts, kind).flatMap((found) => {
    const key = `${found.name}\t${found.arch}\t${found.version}\t${found.source ?? ''}\t${found.sourceVersion ?? ''}`;
    const before = same.get(key);
    if (before) return before;
    const item = itemOf(found, facts, kind, read);
    const entries = entriesFor(item, release);
    const matches = entriesToJudge(view, item, entries).flatMap((entry) =>
      entry.advisory.versionKind === kind ? (judge(view, item, entry) ?? []) : [],
    );
    // Kernels also depend on what runs, and modules on what else is installed.
    if (item.plain && !item.isKernel) same.set(key, matches);
    return matches;
  });
}

/**
 * Without what is fixed for certain, where only the rest is wanted: of what is known of a package, all but the newest is fixed on most nodes,
 * so simple entries are looked at from the newest fix down, as far as one that the node has.
 */
function entriesToJudge(view: View, item: Item, entries: readonly Entry[]): readonly Entry[] {
  const { read } = item;
  if (view.all || !item.plain || view.lines.length > 0 || read === undefined) return entries;
  const { simple, others } = sortedEntries(entries);
  const open = [...others];
  for (const entry of simple) {
    const [row] = entry.rows;
    if (!row || !sameArch(row.arch, item.arch, view.arch) || !sameStream(item, row)) continue;
    const isFixed = row.version !== undefined && (compareRead(read, row.version) ?? -1) >= 0;
    if (isFixed && !item.isKernel) break;
    if (!isFixed || view.facts.kernel !== undefined) open.push(entry);
  }
  return open;
}

function viewOf(facts: NodeFacts, release: Release): Omit<View, 'all'> {
  return {
    facts,
    release,
    arch: facts.platform.slice(facts.platform.lastIndexOf('-') + 1),
    lines: (facts.channels ?? []).filter((channel) => channelKind(channel) === 'line'),
    minor: facts.minor ?? minorRelease(facts.installed),
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
