import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextCourses } from '../../lambdas/core/exposures/courses.ts';
import { onlyInspector, secondOpinion } from '../../lambdas/core/exposures/inspector.ts';
import { reconcile } from '../../lambdas/core/exposures/reconcile.ts';
import { summarise } from '../../lambdas/core/exposures/summary.ts';
import { ExposureSummary } from '../../lambdas/core/exposures/types.ts';
import { chapterInput, chapters, found, here, input, iso, judged, known, NOW, write } from './exposures-world.ts';
import type { InspectorView } from '../../lambdas/core/exposures/inspector.ts';
import type { ReconcileInput } from '../../lambdas/core/exposures/reconcile.ts';
import type { Closure } from '../../lambdas/core/exposures/types.ts';
import type { Kept } from './exposures-world.ts';

function open(given: ReconcileInput): ExposureSummary {
  const reconciled = reconcile(given);
  const { intelligence, exceptions, found: places, now } = given;
  return summarise({
    fleet: given.nodes.map(({ node }) => node),
    reconciled,
    found: places,
    titleOf: (key) => `about ${key}`,
    vendorExploited: () => false,
    exceptions,
    deadlines: given.deadlines,
    intelligence,
    now,
  });
}

const service = (name: string) => ({ tags: { Service: name } });
const deadlines = [{ when: {}, fixWithin: 0, from: 'seen' as const, words: 'at once' }];

describe('what is open', () => {
  it('is told by advisory: how many nodes of which state, and of each service how many of how many', () => {
    const nodes = [
      judged('a', 'p1', service('order-entry')),
      judged('b', 'p2', service('order-entry')),
      judged('c', 'p3', service('order-entry')),
      judged('d', 'p2'),
      judged('e', undefined),
    ];
    const places = new Map([
      ['p1', here(found('ADV1'))],
      ['p2', here(found('ADV1', { fixed: null }), found('ADV2'))],
      ['p3', here()],
    ]);
    const summary = open(input({ nodes, found: places }));
    expect(ExposureSummary.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    expect(summary.advisories.find(({ advisory }) => advisory === 'ADV1')).toMatchObject({
      title: 'about alas ADV1',
      nodes: { exposed: 1, 'awaiting-vendor': 2 },
      excepted: 0,
      seen: iso(0),
      fixable: iso(0),
      services: { 'order-entry': { exposed: 2, of: 3 }, '': { exposed: 1, of: 2 } },
    });
    expect(summary.counts).toEqual({
      nodes: 5,
      reporting: 4,
      unknown: 1,
      exposed: 3,
      exposures: 5,
      overdue: 0,
      knownExploited: 0,
      knownExploitedOverdue: 0,
      awaitingVendor: 2,
      excepted: 0,
    });
    expect(summary.exposures.map(({ fingerprint, advisory, nodes: count }) => `${fingerprint} ${advisory} ${count}`).toSorted()).toEqual([
      'p1 ADV1 1',
      'p2 ADV1 2',
      'p2 ADV2 2',
    ]);
  });

  it('puts first what is exploited, then what is due first, then the graver', () => {
    const places = new Map([['p1', here(found('A1', { severity: 'low' }), found('A2', { severity: 'critical' }), found('A3', { severity: 'low' }))]]);
    const summary = open(input({ nodes: [judged('a', 'p1')], found: places, intelligence: known('CVE-2026-0003') }));
    expect(summary.advisories.map(({ advisory }) => advisory)).toEqual(['A3', 'A2', 'A1']);
  });

  it('leaves excepted nodes out of every count but their own', () => {
    const nodes = [judged('a', 'p1', { tags: { App: 'rac' } }), judged('b', 'p1')];
    const exception = { cve: 'CVE-2026-0001', nodes: { tags: { App: 'rac' } }, owner: 'ann', why: 'certified', until: '2027-01-01' };
    const exceptions = [{ exception, state: { id: 'x', since: iso(0), knownExploited: false, ransomware: false } }];
    const summary = open(input({ nodes, found: new Map([['p1', here(found('A1'))]]), exceptions, deadlines, now: NOW }));
    expect(summary.exposures).toMatchObject([
      { nodes: 1, excepted: [{ node: expect.stringMatching(/^111111111111\/eu-central-1\/i-/), why: 'certified (ann, until 2027-01-01)' }] },
    ]);
    expect(summary.advisories).toMatchObject([{ nodes: { exposed: 1 }, excepted: 1 }]);
    expect(summary.counts).toMatchObject({ exposed: 1, exposures: 1, excepted: 1, reporting: 2 });
  });

  it('counts as exposed whom only a nameless security update waits for, but not whose versions are unreadable', () => {
    const places = new Map([
      ['p1', { ...here(), unnamed: ['vim'] }],
      ['p2', here(found('A1', { state: 'unknown' }))],
    ]);
    expect(open(input({ nodes: [judged('a', 'p1'), judged('b', 'p2')], found: places })).counts).toMatchObject({
      exposed: 1,
      exposures: 0,
      reporting: 2,
    });
  });

  it('counts nodes that only SSM Inventory knows as neither reporting nor unknown', () => {
    const silent = judged('a', 'p1');
    const { scan: _scan, ...node } = silent.node;
    const summary = open(input({ nodes: [{ ...silent, node }, judged('b', 'p1')], found: new Map([['p1', here(found('A1'))]]) }));
    expect(summary.counts).toMatchObject({ nodes: 2, reporting: 1, unknown: 0, exposed: 2 });
  });

  it('is overdue after its date, known exploited apart', () => {
    const first = open(
      input({
        nodes: [judged('a', 'p1'), judged('b', 'p1')],
        found: new Map([['p1', here(found('A1'), found('A2'))]]),
        deadlines,
        intelligence: known('CVE-2026-0001'),
      }),
    );
    expect(first.counts).toMatchObject({ overdue: 0, knownExploited: 2 });
    const rows = first.exposures.map(({ title: _title, urgency: _urgency, nodes: _nodes, excepted: _excepted, ...row }) => row);
    const nodes = [judged('a', 'p1', { judged: 'p1' }), judged('b', 'p1', { judged: 'p1' })];
    const later = open(
      input({ nodes, rows, found: new Map([['p1', here(found('A1'), found('A2'))]]), deadlines, intelligence: known('CVE-2026-0001'), now: NOW + 1 }),
    );
    expect(later.counts).toMatchObject({ overdue: 4, knownExploitedOverdue: 2 });
  });

  it('adds up, whatever happens: by advisory, by row and by node', () => {
    fc.assert(
      fc.property(chapters, (story) => {
        let kept: Kept = { rows: new Map(), judged: new Map() };
        for (const [index, chapter] of story.entries()) {
          const given = chapterInput(chapter, index, kept);
          const { counts, advisories, exposures } = open(given);
          expect(counts.reporting + counts.unknown).toBe(counts.nodes);
          expect(counts.exposed).toBeLessThanOrEqual(counts.nodes - counts.unknown);
          const byAdvisory = advisories.reduce((sum, { nodes }) => sum + Object.values(nodes).reduce((a, b) => a + b, 0), 0);
          expect(byAdvisory).toBe(counts.exposures);
          expect(exposures.reduce((sum, { nodes }) => sum + nodes, 0)).toBe(counts.exposures);
          for (const { nodes, services } of advisories) {
            expect(Object.values(services).reduce((sum, { exposed }) => sum + exposed, 0)).toBe(Object.values(nodes).reduce((a, b) => a + b, 0));
          }
          kept = write(kept, reconcile(given));
        }
      }),
    );
  });
});

function closure(more: Partial<Closure> & { hours?: number[]; exposure?: Partial<Closure['exposures'][number]> } = {}): Closure {
  const { hours = [10], exposure = {}, ...fields } = more;
  const location = { account: '111111111111', region: 'eu-central-1' };
  return {
    fingerprint: 'p1',
    platform: 'x',
    by: 'rollout',
    rollout: 'monthly-1',
    nodes: hours.map((hour, index) => ({ location, id: `i-0000000000000000${index}`, closed: iso(hour) })),
    exposures: [
      {
        source: 'alas',
        advisory: 'A1',
        severity: 'important',
        cves: [],
        state: 'exposed',
        published: iso(-100),
        seen: iso(0),
        fixable: iso(0),
        due: iso(12),
        knownExploited: false,
        ...exposure,
      },
    ],
    ...fields,
  };
}

describe('the course of an advisory', () => {
  const places = (...ids: string[]) => new Map([['p1', here(...ids.map((id) => found(id)))]]);
  const openNow = (...ids: string[]) => open(input({ nodes: [judged('a', 'p1'), judged('b', 'p1')], found: places(...ids) })).advisories;

  it('begins, ends with the last node, and begins again', () => {
    const [first] = nextCourses([], openNow('A1'), [], NOW);
    expect(first).toMatchObject({ advisory: 'A1', seen: iso(0), fixable: iso(0), most: 2, rollouts: [] });
    expect(nextCourses([first!], openNow('A1'), [], NOW + 1)).toEqual([]);
    const [ended] = nextCourses([first!], [], [closure({ hours: [3, 5, 4] })], NOW + 6 * 3_600_000);
    expect(ended).toMatchObject({ seen: iso(0), closed: iso(5), rollouts: ['monthly-1'] });
    expect(nextCourses([ended!], [], [], NOW + 7 * 3_600_000)).toEqual([]);
    const [again] = nextCourses([ended!], openNow('A1'), [], NOW + 8 * 3_600_000);
    expect(again).toMatchObject({ seen: iso(0), reopened: iso(8) });
    expect(again).not.toHaveProperty('closed');
  });
});

describe('Amazon Inspector', () => {
  const here1 = '111111111111/eu-central-1';
  const view = (nodes: InspectorView['nodes'], more: Partial<InspectorView> = {}) =>
    new Map([[here1, { location: here1, at: iso(0), complete: true, nodes, ...more }]]);
  const seen = (...cves: string[]) => ({ active: true, reason: 'SUCCESSFUL', cves });
  const ask = (views: ReadonlyMap<string, InspectorView>, id = 'i-1', cves = ['CVE-2026-0001']): string =>
    secondOpinion({ id, location: here1 }, cves, views).words;

  it.each([
    [view({ 'i-1': seen('CVE-2026-0001') }), 'also seen by Inspector'],
    [view({ 'i-1': seen('CVE-2026-0009') }), 'only we: Inspector does not list it'],
    [view({ 'i-1': seen() }, { complete: false }), 'only we: not among the findings of Inspector that were read; it has more'],
    [view({ 'i-1': { active: false, reason: 'NO_INVENTORY', cves: [] } }), 'only we: Inspector does not scan it (NO_INVENTORY)'],
    [view({ 'i-2': seen() }), 'only we: Inspector does not know this node'],
    [view({}), `only we: Inspector is not switched on in ${here1}`],
    [new Map<string, InspectorView>(), 'only we: Inspector was not asked yet'],
  ])('agrees, or it is said why not (%#)', (views, expected) => {
    expect(ask(views)).toBe(expected);
  });

  it('never looks at hybrid nodes', () => {
    expect(ask(view({ 'i-1': seen() }), 'mi-1')).toBe('only we: Inspector does not look at hybrid nodes');
    expect(ask(view({ 'i-1': seen() }), 'i-1', [])).toBe('only we: the advisory names no CVE that Inspector could list');
  });

  it('may see what we do not, and then it is said why', () => {
    const views = view({
      'i-1': seen('CVE-2026-0001', 'CVE-2026-0002'),
      'i-2': seen('CVE-2026-0003'),
      'i-3': seen('CVE-2026-0004'),
      'i-4': seen('CVE-2026-0005'),
    });
    const ours = new Map([
      [`${here1}/i-1`, { factsAt: iso(-2), cves: new Set(['CVE-2026-0001']) }],
      [`${here1}/i-3`, { factsAt: undefined, cves: new Set<string>() }],
      [`${here1}/i-4`, { factsAt: iso(1), cves: new Set<string>() }],
    ]);
    expect(onlyInspector(views, ours).map(({ node, cve, why }) => `${node} ${cve} ${why}`)).toEqual([
      'i-1 CVE-2026-0002 only Inspector: no advisory that we know of and that is open on the facts of 2026-12-09T04:00Z names it',
      'i-2 CVE-2026-0003 only Inspector: Systems Manager does not list this node',
      'i-3 CVE-2026-0004 only Inspector: nothing is known here of what this node has',
      'i-4 CVE-2026-0005 only Inspector: this node was looked at later, on 2026-12-09T07:00Z',
    ]);
  });
});
