/** What is open, as people and triggers think of it: by advisory, with urgency, services and counts. */
import { concerningExceptions, exceptionFor } from './exceptions.ts';
import { grouped } from './reconcile.ts';
import { advisoryKey, nodeKey } from './types.ts';
import { urgencyOf } from './urgency.ts';
import { Severity } from '../model.ts';
import type { Deadline, Node } from '../model.ts';
import type { LiveException } from './exceptions.ts';
import type { FoundHere } from './found.ts';
import type { Reconciled } from './reconcile.ts';
import type { Exposure, ExposureCounts, ExposureSummary, OpenAdvisory, OpenExposure, Urgency } from './types.ts';
import type { Intelligence } from './urgency.ts';

/** The tag that says which service a node belongs to: `order-entry 8 of 8`. */
export const SERVICE_TAG = 'Service';

export interface SummaryInput {
  fleet: readonly Node[];
  reconciled: Pick<Reconciled, 'rows' | 'members'>;
  found: ReadonlyMap<string, FoundHere>;
  /** Title of an advisory by `advisoryKey`; empty where nobody gives one. */
  titleOf: (advisory: string) => string;
  /** Whether its vendor says that it is exploited, by `advisoryKey`. */
  vendorExploited: (advisory: string) => boolean;
  exceptions: readonly LiveException[];
  deadlines: readonly Deadline[];
  intelligence: Intelligence;
  now: number;
}

/** A row with its nodes. Ten thousand nodes share a few lists: nothing here is made for each pair of node and advisory. */
interface Held {
  row: Exposure;
  urgency: Urgency;
  open: readonly Node[];
  excepted: { node: Node; why: string }[];
}

/** Puts everything that is open together. */
export function summarise(input: SummaryInput): ExposureSummary {
  const held = input.reconciled.rows.flatMap((row) => heldBy(row, input));
  const services = countServices(input.fleet);
  const exposures = held.map((one) => openExposure(one, input));
  const byAdvisory = grouped(held, ({ row }) => advisoryKey(row));
  return {
    v: 1,
    at: new Date(input.now).toISOString(),
    counts: countsOf(held, input),
    advisories: [...byAdvisory.values()].flatMap((rows) => openAdvisory(rows, services, input)).toSorted(moreUrgent),
    exposures: exposures.toSorted((a, b) => moreUrgent(a, b) || compare(a.fingerprint, b.fingerprint)),
    exceptions: input.exceptions.map(({ state }) => state),
    deadlines: [...input.deadlines],
  };
}

function heldBy(row: Exposure, { reconciled, exceptions, intelligence, vendorExploited }: SummaryInput): Held[] {
  const nodes = reconciled.members.get(row.fingerprint);
  if (!nodes) return [];
  const urgency = urgencyOf({ cves: row.cves, severity: row.severity, exploited: vendorExploited(advisoryKey(row)) }, intelligence);
  const concerning = concerningExceptions(row, exceptions);
  if (concerning.length === 0) return [{ row, urgency, open: nodes, excepted: [] }];
  const judged = nodes.map((node) => ({ node, why: exceptionFor(row, node, concerning) }));
  const open = judged.flatMap(({ node, why }) => (why === undefined ? [node] : []));
  return [{ row, urgency, open, excepted: judged.flatMap(({ node, why }) => (why === undefined ? [] : [{ node, why }])) }];
}

function openExposure({ row, urgency, open, excepted }: Held, { titleOf }: SummaryInput): OpenExposure {
  const spelled = excepted.map(({ node, why }) => ({ node: nodeKey(node), why }));
  return { ...row, title: titleOf(advisoryKey(row)), urgency, nodes: open.length, excepted: spelled };
}

function openAdvisory(held: readonly Held[], services: CountServices, { titleOf }: SummaryInput): OpenAdvisory[] {
  const [first] = held;
  if (!first) return [];
  const { row, urgency } = first;
  const [seen = row.seen] = held.map((one) => one.row.seen).toSorted();
  const [fixable] = held.flatMap((one) => one.row.fixable ?? []).toSorted();
  const [due] = held.flatMap((one) => (one.open.length > 0 ? (one.row.due ?? []) : [])).toSorted();
  return [
    {
      source: row.source,
      advisory: row.advisory,
      title: titleOf(advisoryKey(row)),
      cves: row.cves,
      urgency,
      published: row.published,
      seen,
      ...(fixable === undefined ? {} : { fixable }),
      ...(due === undefined ? {} : { due }),
      nodes: Object.fromEntries(sums(held.map((one) => [one.row.state, one.open.length]))),
      excepted: held.reduce((sum, one) => sum + one.excepted.length, 0),
      services: exposedServices(held, services),
    },
  ];
}

function exposedServices(held: readonly Held[], services: CountServices): OpenAdvisory['services'] {
  const exposed = sums(held.flatMap(({ open }) => [...services.in(open)]));
  return Object.fromEntries([...exposed].map(([service, count]) => [service, { exposed: count, of: services.all.get(service) ?? count }]));
}

interface CountServices {
  all: ReadonlyMap<string, number>;
  in: (nodes: readonly Node[]) => ReadonlyMap<string, number>;
}

/** Counts a list of nodes once, however many advisories they share. */
function countServices(fleet: readonly Node[]): CountServices {
  const counted = new Map<readonly Node[], Map<string, number>>();
  return {
    all: byService(fleet),
    in(nodes) {
      const known = counted.get(nodes) ?? byService(nodes);
      counted.set(nodes, known);
      return known;
    },
  };
}

function byService(nodes: readonly Node[]): Map<string, number> {
  return sums(nodes.map(({ tags }) => [tags[SERVICE_TAG] ?? '', 1] as const));
}

function sums<Key extends string>(counts: readonly (readonly [Key, number])[]): Map<Key, number> {
  const map = new Map<Key, number>();
  for (const [key, count] of counts) if (count > 0) map.set(key, (map.get(key) ?? 0) + count);
  return new Map([...map].toSorted(([a], [b]) => compare(a, b)));
}

function countsOf(held: readonly Held[], { fleet, reconciled, found, now, intelligence }: SummaryInput): ExposureCounts {
  const at = new Date(now).toISOString();
  const certain = held.filter(({ row }) => row.state !== 'unknown');
  const listed = certain.filter(({ row }) => row.cves.some((cve) => intelligence.exploited.has(cve)));
  const overdue = (rows: readonly Held[]): readonly Held[] => rows.filter(({ row }) => row.due !== undefined && row.due < at);
  const known = [...reconciled.members.values()].flat();
  return {
    nodes: fleet.length,
    reporting: known.filter((node) => node.scan !== undefined).length,
    unknown: fleet.length - known.length,
    exposed: exposedNodes(certain, reconciled, found),
    exposures: pairs(certain),
    overdue: pairs(overdue(certain)),
    knownExploited: pairs(listed),
    knownExploitedOverdue: pairs(overdue(listed)),
    awaitingVendor: pairs(certain.filter(({ row }) => row.state === 'awaiting-vendor')),
    excepted: held.reduce((sum, one) => sum + one.excepted.length, 0),
  };
}

function pairs(held: readonly Held[]): number {
  return held.reduce((sum, { open }) => sum + open.length, 0);
}

/** Every node once. Those whose repositories offer security updates without a name are exposed as well, to something that has no number. */
function exposedNodes(held: readonly Held[], { members }: SummaryInput['reconciled'], found: SummaryInput['found']): number {
  const nodes = new Set<Node>();
  for (const list of new Set(held.map(({ open }) => open))) for (const node of list) nodes.add(node);
  for (const [fingerprint, own] of members) {
    if ((found.get(fingerprint)?.unnamed ?? []).length > 0) for (const node of own) nodes.add(node);
  }
  return nodes.size;
}

type Sortable = Pick<OpenAdvisory, 'urgency' | 'due' | 'source' | 'advisory'>;

/** Known exploited first, then what is due first, then the vendor's grade. */
function moreUrgent(a: Sortable, b: Sortable): number {
  return (
    Number(b.urgency.knownExploited) - Number(a.urgency.knownExploited) ||
    compare(a.due ?? '~', b.due ?? '~') ||
    Severity.options.indexOf(a.urgency.severity) - Severity.options.indexOf(b.urgency.severity) ||
    compare(advisoryKey(a), advisoryKey(b))
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
