/** Small values for tests of exposures: what is found on a fingerprint, a node with its facts, and a record to write to. */
import fc from 'fast-check';
import { rowKey } from '../../lambdas/core/exposures/reconcile.ts';
import { nodeKey } from '../../lambdas/core/exposures/types.ts';
import { node } from './plan-world.ts';
import type { Found, FoundHere } from '../../lambdas/core/exposures/found.ts';
import type { JudgedNode, Reconciled, ReconcileInput } from '../../lambdas/core/exposures/reconcile.ts';
import type { Exposure } from '../../lambdas/core/exposures/types.ts';
import type { Intelligence } from '../../lambdas/core/exposures/urgency.ts';

export const NOW = Date.UTC(2026, 11, 9, 6);
export const PLATFORM = 'amazon-linux-2023-x86_64';
export const iso = (hours: number): string => new Date(NOW + hours * 3_600_000).toISOString();
export const NOTHING_KNOWN: Intelligence = { exploited: new Map(), scores: new Map() };

/** CISA's entry and an EPSS score, for whoever is to be urgent. */
export function known(cve: string, more: { due?: string; ransomware?: boolean; epss?: number; percentile?: number } = {}): Intelligence {
  const { due = '2026-12-24', ransomware = false, epss, percentile } = more;
  return {
    exploited: new Map([[cve, { cve, added: '2026-12-08', due, ransomware, product: 'OpenSSL OpenSSL' }]]),
    scores: epss === undefined ? new Map() : new Map([[cve, { cve, epss, ...(percentile === undefined ? {} : { percentile }) }]]),
  };
}

/** An advisory that is found. Its id says which CVE it has: `A1` has `CVE-2026-0001`. */
export function found(advisory: string, more: Partial<Found> & { fixed?: string | null } = {}): Found {
  const { fixed = '2', ...fields } = more;
  const state = fields.state ?? (fixed === null ? 'awaiting-vendor' : 'exposed');
  return {
    source: 'alas',
    advisory,
    title: advisory,
    severity: 'important',
    cves: [cveOf(advisory)],
    published: '2026-12-01T00:00:00.000Z',
    exploited: false,
    state,
    packages: [{ package: 'openssl', arch: 'x86_64', installed: '1', fixed, state, why: 'older than the fix' }],
    ...fields,
  };
}

export function cveOf(advisory: string): string {
  return `CVE-2026-${advisory.replaceAll(/\D/g, '').padStart(4, '0')}`;
}

export function here(...advisories: Found[]): FoundHere {
  return { platform: PLATFORM, found: advisories, unnamed: [] };
}

/** A node whose newest facts are those of a fingerprint, counted where it was before. */
export function judged(
  name: string,
  fingerprint: string | undefined,
  more: Partial<JudgedNode> & { tags?: Record<string, string>; at?: string } = {},
): JudgedNode {
  const { tags = {}, at = iso(-1), ...fields } = more;
  return { node: node(name, { tags }), ...(fingerprint === undefined ? {} : { facts: { fingerprint, at, by: 'scan' } }), ...fields };
}

export function input(more: Partial<ReconcileInput> = {}): ReconcileInput {
  return { nodes: [], rows: [], found: new Map(), deadlines: [], exceptions: [], intelligence: NOTHING_KNOWN, isLive: () => true, now: NOW, ...more };
}

/** What the record holds: rows, and where each node is counted. */
export interface Kept {
  rows: Map<string, Exposure>;
  judged: Map<string, string>;
}

/** Carries out what was said, all of it. */
export function write(kept: Kept, { put, drop, moves }: Pick<Reconciled, 'put' | 'drop' | 'moves'>): Kept {
  const rows = new Map(kept.rows);
  for (const row of put) rows.set(rowKey(row), row);
  for (const row of drop) rows.delete(rowKey(row));
  const places = new Map(kept.judged);
  for (const { node: moved, to } of moves) places.set(nodeKey(moved), to);
  return { rows, judged: places };
}

/** The same nodes, counted where the record says. */
export function countedAt(nodes: readonly JudgedNode[], { judged: places }: Kept): JudgedNode[] {
  return nodes.map(({ node: one, facts }) => {
    const at = places.get(nodeKey(one));
    return { node: one, ...(facts === undefined ? {} : { facts }), ...(at === undefined ? {} : { judged: at }) };
  });
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const PRINTS = ['p1', 'p2', 'p3'];
const ADVISORIES = ['A1', 'A2', 'A3', 'A4'];

/** What scans and feeds may say next: which node shows which fingerprint (none: no facts), and what is found on each. */
export const chapters = fc.array(
  fc.record({
    nodes: fc.uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), print: fc.option(fc.constantFrom(...PRINTS), { nil: undefined }) }), {
      selector: ({ name }) => name,
    }),
    found: fc.record(Object.fromEntries(PRINTS.map((print) => [print, fc.option(fc.subarray(ADVISORIES), { nil: undefined })]))),
    unfixed: fc.subarray(ADVISORIES),
  }),
  { minLength: 1, maxLength: 5 },
);
export type Chapter = typeof chapters extends fc.Arbitrary<(infer One)[]> ? One : never;

/** A chapter as input, an hour after the one before. */
export function chapterInput({ nodes, found: lists, unfixed }: Chapter, index: number, kept: Kept): ReconcileInput {
  const at = iso(index);
  const places = Object.entries(lists).flatMap(([print, ids]) =>
    ids === undefined ? [] : [[print, here(...ids.map((id) => found(id, { fixed: unfixed.includes(id) ? null : '2' })))] as const],
  );
  return input({
    nodes: countedAt(
      nodes.map(({ name, print }) => judged(name, print, { at })),
      kept,
    ),
    rows: [...kept.rows.values()],
    found: new Map(places),
    now: NOW + index * 3_600_000,
  });
}
