/**
 * Holds the exposures that are kept against what is true now, and says what to write. Pure, and repeatable: what it says may be carried
 * out half, twice, or by two at once, and the next reconciliation comes to the same end (the order of writes stands in
 * handlers/exposures.ts).
 *
 * A node's own row remembers under which fingerprint its exposures are counted (`judged`). When a scan, SSM Inventory or a rollout's
 * evidence shows another fingerprint, the node moves: what it is still exposed to keeps its clocks, what it is not is closed, for this
 * node, at the moment at which the new facts were true.
 */
import { dueOf } from './deadlines.ts';
import { concerningExceptions, exceptionFor } from './exceptions.ts';
import { advisoryKey, nodeKey } from './types.ts';
import { urgencyOf } from './urgency.ts';
import type { Deadline, Node } from '../model.ts';
import type { LiveException } from './exceptions.ts';
import type { Found, FoundHere } from './found.ts';
import type { Closure, Exposure, KeptExposure, Urgency } from './types.ts';
import type { Intelligence } from './urgency.ts';

/** A node with what is known of it for exposures. */
export interface JudgedNode {
  node: Node;
  /** Fingerprint under which it is counted so far. */
  judged?: string;
  /** The newest facts of it: whose fingerprint, since when they are true (ISO-8601 UTC), and from whom. */
  facts?: { fingerprint: string; at: string; by: 'scan' | 'inventory' | 'rollout'; rollout?: string };
}

export interface ReconcileInput {
  nodes: readonly JudgedNode[];
  /** As they are kept. Packages only where the list of a fingerprint cannot be read: its rows stay, and say what they said. */
  rows: readonly (KeptExposure & Partial<Exposure>)[];
  /** What is found now, by fingerprint. A fingerprint whose facts could not be read is missing: its nodes stay as they are. */
  found: ReadonlyMap<string, FoundHere>;
  deadlines: readonly Deadline[];
  exceptions: readonly LiveException[];
  intelligence: Intelligence;
  /** Whether an advisory (`advisoryKey`) still exists and is not withdrawn. */
  isLive: (advisory: string) => boolean;
  now: number;
}

export interface Move {
  node: Node;
  from: string | undefined;
  to: string;
}

export interface Reconciled {
  /** Rows that are new, changed, or of a fingerprint that nodes have joined. */
  put: Exposure[];
  /** Rows whose advisory or last node is gone. */
  drop: KeptExposure[];
  /** Nodes to be counted under another fingerprint from now on. */
  moves: Move[];
  closures: Closure[];
  /** Every row as it stands after this. */
  rows: Exposure[];
  /** Fingerprint → its nodes, as they are counted after this. */
  members: ReadonlyMap<string, Node[]>;
}

type Kept = ReconcileInput['rows'][number];
type Rows = ReadonlyMap<string, ReadonlyMap<string, Kept>>;

/** Reconciles. Equal input in any order gives equal output; its own output, written, gives nothing to do. */
export function reconcile(input: ReconcileInput): Reconciled {
  const before = byFingerprint(input.rows);
  const nodes = input.nodes.toSorted((a, b) => order(nodeKey(a.node), nodeKey(b.node)));
  const members = membersOf(nodes, input.found);
  const moves = nodes.flatMap((node) => moveOf(node, input.found));
  const joined = grouped(moves, (move) => move.to);
  const rows: Exposure[] = [];
  const put: Exposure[] = [];
  for (const [fingerprint, own] of members) {
    const kept = before.get(fingerprint) ?? new Map<string, Kept>();
    const here = input.found.get(fingerprint);
    if (!here) for (const row of kept.values()) rows.push({ ...row, packages: row.packages ?? [] });
    const origins = [...new Set((joined.get(fingerprint) ?? []).map(({ from }) => from ?? ''))];
    const place: Place = { fingerprint, platform: here?.platform ?? '', before, origins, due: dueDates(own, input) };
    for (const found of here?.found ?? []) {
      const row = rowOf(found, place, input);
      rows.push(row);
      // Of fingerprints that nodes join every row is written: somebody else may be dropping it as the one without nodes.
      if (joined.has(fingerprint) || !sameKept(row, kept.get(advisoryKey(found)))) put.push(row);
    }
  }
  const standing = new Set(rows.map(rowKey));
  const drop = input.rows.filter((row) => !standing.has(rowKey(row))).toSorted((a, b) => order(rowKey(a), rowKey(b)));
  return { put, drop, moves, closures: closuresOf({ nodes, before, members }, input), rows, members };
}

/** Names a row: one advisory on one fingerprint. */
export function rowKey(row: KeptExposure): string {
  return `${row.fingerprint} ${advisoryKey(row)}`;
}

function byFingerprint(rows: readonly Kept[]): Rows {
  const map = new Map<string, Map<string, Kept>>();
  for (const row of rows.toSorted((a, b) => order(rowKey(a), rowKey(b)))) {
    const own = map.get(row.fingerprint) ?? new Map<string, Kept>();
    map.set(row.fingerprint, own.set(advisoryKey(row), row));
  }
  return map;
}

/** Where a node is counted: by its newest facts where they can be read, else where it was. `undefined`: nothing is known of it. */
function placeOf({ judged, facts }: JudgedNode, found: ReconcileInput['found']): string | undefined {
  return facts !== undefined && found.has(facts.fingerprint) ? facts.fingerprint : judged;
}

function membersOf(nodes: readonly JudgedNode[], found: ReconcileInput['found']): Map<string, Node[]> {
  const placed = nodes.flatMap((one) => {
    const place = placeOf(one, found);
    return place === undefined ? [] : [{ place, node: one.node }];
  });
  const groups = grouped(placed, ({ place }) => place);
  return new Map([...groups].toSorted(([a], [b]) => order(a, b)).map(([place, own]) => [place, own.map(({ node }) => node)]));
}

function moveOf(one: JudgedNode, found: ReconcileInput['found']): Move[] {
  const to = placeOf(one, found);
  return to === undefined || to === one.judged ? [] : [{ node: one.node, from: one.judged, to }];
}

/** A fingerprint, the ones that nodes come to it from, and how to reckon its dates. */
interface Place {
  fingerprint: string;
  platform: string;
  before: Rows;
  origins: readonly string[];
  due: (row: Exposure, urgency: Urgency) => Pick<Exposure, 'due' | 'deadline'>;
}

/** The row of what was found, with the clocks of the row before it and of those that nodes bring along: always the earliest. */
function rowOf(found: Found, { fingerprint, platform, before, origins, due }: Place, { intelligence, now }: ReconcileInput): Exposure {
  const key = advisoryKey(found);
  const places = [fingerprint, ...origins].flatMap((origin) => before.get(origin) ?? []);
  const earlier = places.flatMap((rows) => [rows.get(key) ?? [], forerunners(found, rows)].flat());
  const at = new Date(now).toISOString();
  const seen = earliest(earlier.map((row) => row.seen)) ?? at;
  const hasFix = found.packages.some((item) => item.fixed !== null);
  const fixable = hasFix ? (earliest(earlier.flatMap((row) => row.fixable ?? [])) ?? at) : undefined;
  const row: Exposure = {
    source: found.source,
    advisory: found.advisory,
    fingerprint,
    platform,
    severity: found.severity,
    cves: found.cves,
    state: found.state,
    packages: found.packages,
    published: found.published ?? earliest(earlier.map((one) => one.published)) ?? at,
    seen,
    ...(fixable === undefined ? {} : { fixable }),
  };
  return { ...row, ...due(row, urgencyOf(found, intelligence)) };
}

/**
 * Rows of the same CVE from before its vendor spoke: what people announced, or CISA alone had listed. Their clock goes on in the vendor's
 * row, where it says that the fix came later than the exposure.
 */
function forerunners({ source, cves }: Found, rows: ReadonlyMap<string, Kept>): Kept[] {
  const sources = source === 'kev' ? [] : source === 'person' ? ['kev'] : ['kev', 'person'];
  return sources.flatMap((early) => cves.flatMap((cve) => rows.get(advisoryKey({ source: early, advisory: cve })) ?? []));
}

/** Reckons the date of the node on which it is soonest. Nodes with equal tags, as far as rules ask for any, are reckoned once. */
function dueDates(nodes: readonly Node[], { deadlines, exceptions }: ReconcileInput): Place['due'] {
  const keys = [...new Set(deadlines.flatMap(({ when }) => Object.keys(when.tags ?? {})))];
  const alike = grouped(nodes, ({ tags }) => JSON.stringify(keys.map((key) => tags[key] ?? null)));
  return (row, urgency) => {
    const concerning = concerningExceptions(row, exceptions);
    const dues = [...alike.values()].flatMap((group) => {
      const open = group.find((node) => concerning.length === 0 || exceptionFor(row, node, concerning) === undefined);
      return (open && dueOf(row, urgency, open.tags, deadlines)) ?? [];
    });
    return dues.toSorted((a, b) => order(a.due ?? '~', b.due ?? '~') || order(a.deadline, b.deadline))[0] ?? {};
  };
}

interface Standing {
  nodes: readonly JudgedNode[];
  before: Rows;
  members: ReadonlyMap<string, Node[]>;
}

/** What was closed, for which nodes and how: one entry for all nodes that went the same way. */
function closuresOf({ nodes, before, members }: Standing, input: ReconcileInput): Closure[] {
  const at = new Date(input.now).toISOString();
  const ways = grouped(nodes, (one) => JSON.stringify(wayOf(one, input.found)));
  const closures: Closure[] = [];
  for (const [way, own] of [...ways].toSorted(([a], [b]) => order(a, b))) {
    const { from, to, by, rollout } = JSON.parse(way) as Way;
    const remaining = to === '' ? undefined : input.found.get(to);
    const still = new Set((remaining?.found ?? []).map(advisoryKey));
    const closed = remaining ? [...(before.get(from)?.values() ?? [])].filter((row) => !still.has(advisoryKey(row))) : [];
    const isPatched = (row: Kept): boolean => from !== to && input.isLive(advisoryKey(row));
    const refs = own.map(({ node, facts }) => ({ location: node.location, id: node.id, closed: from === to || !facts ? at : facts.at }));
    closures.push(
      ...closure(closed.filter(isPatched), { by, rollout, nodes: refs }, input),
      ...closure(
        closed.filter((row) => !isPatched(row)),
        { by: 'advisory', rollout: '', nodes: refs },
        input,
      ),
    );
  }
  const left = new Set(nodes.map((one) => one.judged));
  const abandoned = [...before].filter(([fingerprint]) => !members.has(fingerprint) && !left.has(fingerprint));
  const inOrder = abandoned.toSorted(([a], [b]) => order(a, b));
  const gone = inOrder.flatMap(([, rows]) => closure([...rows.values()], { by: 'node-gone', rollout: '', nodes: [] }, input));
  return [...closures, ...gone];
}

/** From which fingerprint to which, and by whose word. */
interface Way {
  from: string;
  to: string;
  by: 'rollout' | 'scan';
  rollout: string;
}

function wayOf(one: JudgedNode, found: ReconcileInput['found']): Way {
  const by = one.facts?.by === 'rollout' ? 'rollout' : 'scan';
  return { from: one.judged ?? '', to: placeOf(one, found) ?? '', by, rollout: by === 'rollout' ? (one.facts?.rollout ?? '') : '' };
}

function closure(rows: readonly Kept[], how: Pick<Closure, 'by' | 'rollout' | 'nodes'>, { intelligence }: ReconcileInput): Closure[] {
  const [first] = rows;
  if (!first) return [];
  const inOrder = rows.toSorted((a, b) => order(advisoryKey(a), advisoryKey(b)));
  const exposures = inOrder.map(({ source, advisory, severity, cves, state, published, seen, fixable, due, deadline }) => ({
    source,
    advisory,
    severity,
    cves,
    state,
    published,
    seen,
    ...(fixable === undefined ? {} : { fixable }),
    ...(due === undefined ? {} : { due }),
    ...(deadline === undefined ? {} : { deadline }),
    knownExploited: cves.some((cve) => intelligence.exploited.has(cve)),
  }));
  return [{ fingerprint: first.fingerprint, platform: first.platform, ...how, exposures }];
}

/** Packages are not kept: whatever they are, there is nothing to write. */
function sameKept({ packages: _new, ...row }: Exposure, kept: Kept | undefined): boolean {
  if (kept === undefined) return false;
  const { packages: _old, ...before } = kept;
  return same(row, before);
}

/** Equal in all members, whatever their order: the record gives them back in one of its own. */
function same(one: unknown, other: unknown): boolean {
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return one === other;
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]));
}

function earliest(instants: readonly string[]): string | undefined {
  return instants.toSorted()[0];
}

/** Groups in the order of first appearance. */
export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
