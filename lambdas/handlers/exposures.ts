/**
 * Reckons exposures: reads nodes, rows and what is known, lets core decide, and writes. It may run twice, at once, or end half-way: the
 * evidence is written first and read by what it says, rows before the nodes that are counted by them, rows are changed and removed only as
 * they were read, and taken out last.
 */
import { factsFromScan } from '../core/match/scan.ts';
import { createMatcher } from '../core/match/matcher.ts';
import { nextCourses } from '../core/exposures/courses.ts';
import { reviewExceptions } from '../core/exposures/exceptions.ts';
import { lookAt, worldOf } from '../core/exposures/found.ts';
import { changedParts } from '../core/exposures/parts.ts';
import { reconcile, rowKey } from '../core/exposures/reconcile.ts';
import { summarise } from '../core/exposures/summary.ts';
import { platformsOf } from '../core/platform-names.ts';
import { factsKey, inventoryKey } from '../core/keys.ts';
import { FleetFacts, locationKey } from '../core/model.ts';
import { StoredFacts } from '../core/exposures/facts.ts';
import { advisoryKey } from '../core/exposures/types.ts';
import { readOpenExposures, writeClosures, writeOpenExposures } from '../aws/exposures.ts';
import { nextMark } from '../aws/record-exposures.ts';
import { loadKnowledge, loadPolicy } from './load.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Lifecycle } from '../core/advisory.ts';
import type { NodeStanding } from '../aws/record-exposures.ts';
import type { ExposurePart } from '../core/exposures/parts.ts';
import type { FoundHere, World } from '../core/exposures/found.ts';
import type { JudgedNode, Reconciled } from '../core/exposures/reconcile.ts';
import type { CountedNode, Exposure, ExposureSummary, KeptExposure } from '../core/exposures/types.ts';
import type { LiveException } from '../core/exposures/exceptions.ts';
import type { NodeFacts } from '../core/match/types.ts';
import type { Available } from '../core/model.ts';

type CountedBy = NonNullable<JudgedNode['facts']>['by'];

/** Fact lists that are read at the same time. */
const READS_AT_ONCE = 20;

/** Finds out more of nodes before they are judged. */
type LearnMore = (standings: readonly NodeStanding[], deps: Dependencies) => Promise<NodeStanding[]>;

const nothingMore: LearnMore = async (standings) => [...standings];

/** Brings exposures up to date and answers what is open. `run` names who does it, once for each execution: it marks what was written. */
export async function reckonExposures(run: string, deps: Dependencies, learnMore: LearnMore = nothingMore): Promise<ExposureSummary> {
  // Nodes before rows: a row is there before any node is counted by it, so that whoever sees the node sees the row as well.
  const listed = (await Promise.all(deps.setting('LOCATIONS').map((location) => deps.record.standings(location)))).flat();
  const standings = await learnMore(listed, deps);
  const kept = await deps.record.exposureParts();
  const nodes = standings.map(judgedNode);
  const { world, lifecycles } = await openWorld(standings, deps);
  const found = await lookEverywhere(nodes, world, deps);
  const exceptions = await liveExceptions(world, deps);
  const { intelligence, now } = world;
  const deadlines = (await loadPolicy(deps))?.deadlines ?? [];
  const rows = await withPackages(
    kept.flatMap((part) => part.rows),
    blindPlaces(nodes, found),
    deps,
  );
  const reconciled = reconcile({ nodes, rows, found, deadlines, exceptions, intelligence, isLive: (key) => isLive(key, world), now });
  const about = titles(found);
  const summary = summarise({
    fleet: standings.map(({ node }) => node),
    reconciled,
    found,
    titleOf: (key) => about.get(key)?.title ?? world.advisories.get(key)?.title ?? '',
    vendorExploited: (key) => about.get(key)?.exploited ?? world.advisories.get(key)?.exploited ?? false,
    exceptions,
    deadlines,
    intelligence,
    now,
  });
  const counted = nodes.map((node) => countedNode(node, { found, lifecycles, at: summary.at }));
  await write({ run, reconciled, kept, summary, nodes: counted, exceptions }, deps);
  return summary;
}

/** A node as others read it; facts that could not be read are no facts. */
function countedNode({ node, facts }: JudgedNode, { found, lifecycles, at }: Counting): CountedNode {
  const { id, location, name, os, online, tags } = node;
  const here = facts && found.get(facts.fingerprint);
  const ended = here && endOf(here.platform, lifecycles, at);
  const base = { id, location: locationKey(location), name, os, online, tags, ...(ended ? { ended } : {}) };
  if (!facts || !here) return base;
  const { fingerprint, by } = facts;
  return { ...base, facts: { fingerprint, at: facts.at, by, ...(here.untold === undefined ? {} : { untold: here.untold }) } };
}

interface Counting {
  found: ReadonlyMap<string, FoundHere>;
  lifecycles: readonly Lifecycle[];
  at: string;
}

function endOf(platform: string, lifecycles: readonly Lifecycle[], at: string): CountedNode['ended'] {
  const release = platform.slice(0, platform.lastIndexOf('-'));
  const life = lifecycles.find((one) => `${one.os}-${one.release}` === release);
  if (life?.eol == null || life.eol >= at.slice(0, 10)) return undefined;
  return { platform, eol: life.eol, ...(life.extended === undefined ? {} : { extended: life.extended }) };
}

/** The newest word on a node: its scan, or what a rollout has shown since; SSM Inventory only where no scan ever reached it. */
function judgedNode({ node, judged, inventory, evidence }: NodeStanding): JudgedNode {
  const { scan } = node;
  const base = { node, ...(judged === undefined ? {} : { judged }) };
  if (evidence && (!scan || evidence.at > scan.at)) return { ...base, facts: { ...evidence, by: 'rollout' } };
  if (scan) return { ...base, facts: { fingerprint: scan.fingerprint, at: scan.at, by: 'scan' } };
  return inventory ? { ...base, facts: { fingerprint: inventory.fingerprint, at: inventory.at, by: 'inventory' } } : base;
}

async function openWorld(standings: readonly NodeStanding[], deps: Dependencies): Promise<{ world: World; lifecycles: Lifecycle[] }> {
  const inventoried = standings.flatMap(({ inventory }) => inventory?.platform ?? []);
  const platforms = [...new Set([...platformsOf(standings.map(({ node }) => node)), ...inventoried])];
  const { advisories, exploited, scores, lifecycles } = await loadKnowledge(deps, platforms);
  const own = (await deps.record.ownAdvisories()).map(({ advisory }) => advisory);
  const others = { own, intelligence: { exploited, scores }, now: deps.now() };
  return { world: worldOf(createMatcher({ advisories }), advisories, others), lifecycles };
}

/** Looks at each distinct fingerprint once. One whose list is not there, or can't be read, is left out: its nodes stay as they are. */
async function lookEverywhere(nodes: readonly JudgedNode[], world: World, deps: Dependencies): Promise<Map<string, FoundHere>> {
  const wanted = new Map(nodes.flatMap(({ facts }) => (facts === undefined ? [] : [[facts.fingerprint, facts.by] as const])));
  const entries = [...wanted];
  const found = new Map<string, FoundHere>();
  for (let start = 0; start < entries.length; start += READS_AT_ONCE) {
    const some = entries.slice(start, start + READS_AT_ONCE);
    const lists = await Promise.all(some.map(([fingerprint, by]) => readList(fingerprint, by, deps)));
    for (const [index, list] of lists.entries()) if (list) found.set(some[index]?.[0] ?? '', lookAt(list.facts, list.available, world));
  }
  return found;
}

interface List {
  facts: NodeFacts;
  available: readonly Available[];
}

async function readList(fingerprint: string, by: CountedBy, deps: Dependencies): Promise<List | undefined> {
  const stored = await deps.store.findJson(by === 'inventory' ? inventoryKey(fingerprint) : factsKey(fingerprint));
  if (by === 'inventory') {
    const facts = StoredFacts.safeParse(stored);
    return facts.success ? { facts: facts.data, available: [] } : undefined;
  }
  const facts = FleetFacts.safeParse(stored);
  const isBroken = stored !== undefined && !facts.success;
  if (isBroken) deps.log.warn('a list of packages cannot be read: its nodes stay as they were', { fingerprint });
  return facts.success ? { facts: factsFromScan(facts.data), available: facts.data.available } : undefined;
}

async function liveExceptions({ intelligence, byId, now }: World, deps: Dependencies): Promise<LiveException[]> {
  const exceptions = (await loadPolicy(deps))?.exceptions ?? [];
  if (exceptions.length === 0) return [];
  const known = new Map((await deps.record.exceptionStates()).map((state) => [state.id, state]));
  return reviewExceptions({ exceptions, known, cvesOf: (id) => byId.get(id)?.cves ?? [], intelligence, now });
}

function titles(found: ReadonlyMap<string, FoundHere>): Map<string, { title: string; exploited: boolean }> {
  const about = new Map<string, { title: string; exploited: boolean }>();
  for (const here of found.values()) for (const one of here.found) about.set(advisoryKey(one), { title: one.title, exploited: one.exploited });
  return about;
}

/** Whether what an advisory says still stands: what vanished with its advisory was not patched. */
function isLive(key: string, { advisories, own, intelligence }: World): boolean {
  const [source = '', id = ''] = key.split(' ');
  if (source === 'repository') return true;
  if (source === 'kev') return intelligence.exploited.has(id);
  if (source === 'person') return own.some((one) => one.cve === id && one.withdrawn === undefined);
  return advisories.has(key);
}

interface Writing {
  run: string;
  reconciled: Reconciled;
  kept: readonly ExposurePart[];
  summary: ExposureSummary;
  nodes: readonly CountedNode[];
  exceptions: readonly LiveException[];
}

async function write({ run, reconciled, kept, summary, nodes, exceptions }: Writing, deps: Dependencies): Promise<void> {
  const { record, store } = deps;
  const { moves, closures } = reconciled;
  await writeClosures(store, closures, { at: summary.at, run });
  const { put, shrink } = changedParts(reconciled, kept);
  await record.putExposures(put, run);
  await record.moveNodes(moves);
  await record.shrinkExposures(asPut(shrink, put, run), run);
  for (const { state } of exceptions) await record.putException(state);
  await record.putCourses(nextCourses(await record.courseList(), summary.advisories, closures, deps.now()));
  await writeOpenExposures(store, summary, nodes);
  await record.putTally(summary.at, summary.counts);
}

/** A part that this run has put since it was read has the mark of that. */
function asPut(shrink: readonly ExposurePart[], put: readonly ExposurePart[], run: string): ExposurePart[] {
  const written = new Set(put.map(({ fingerprint, part }) => `${fingerprint} ${part}`));
  return shrink.map((one) => (written.has(`${one.fingerprint} ${one.part}`) ? { ...one, mark: nextMark(one.mark, run) } : one));
}

/** Fingerprints under which nodes stay because no list of theirs can be read. */
function blindPlaces(nodes: readonly JudgedNode[], found: ReadonlyMap<string, FoundHere>): Set<string> {
  const blind = nodes.flatMap(({ judged, facts }) => (judged === undefined || (facts && found.has(facts.fingerprint)) ? [] : [judged]));
  return new Set(blind.filter((fingerprint) => !found.has(fingerprint)));
}

/** Rows of such fingerprints say of their packages what they said when the list could be read. */
async function withPackages(
  rows: readonly KeptExposure[],
  blind: ReadonlySet<string>,
  { store }: Dependencies,
): Promise<(KeptExposure & Partial<Exposure>)[]> {
  if (blind.size === 0) return [...rows];
  const before = (await readOpenExposures(store, ({ fingerprint }) => blind.has(fingerprint)))?.exposures ?? [];
  const packages = new Map(before.map((one) => [rowKey(one), one.packages]));
  return rows.map((row) => {
    const known = packages.get(rowKey(row));
    return known === undefined ? row : { ...row, packages: known };
  });
}
