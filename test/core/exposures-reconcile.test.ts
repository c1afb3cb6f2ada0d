import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedParts, mergedPart } from '../../lambdas/core/exposures/parts.ts';
import { reconcile, rowKey } from '../../lambdas/core/exposures/reconcile.ts';
import { nodeKey } from '../../lambdas/core/exposures/types.ts';
import { chapterInput, chapters, countedAt, found, here, input, iso, judged, known, NOW, write } from './exposures-world.ts';
import type { ExposurePart } from '../../lambdas/core/exposures/parts.ts';
import type { Reconciled } from '../../lambdas/core/exposures/reconcile.ts';
import type { Exposure } from '../../lambdas/core/exposures/types.ts';
import type { Chapter, Kept } from './exposures-world.ts';

const EMPTY: Kept = { rows: new Map(), judged: new Map() };

/** A row as an earlier reconciliation left it. */
function row(fingerprint: string, advisory: string, more: Partial<Exposure> = {}): Exposure {
  const { rows } = reconcile(
    input({ nodes: [judged('x', fingerprint)], found: new Map([[fingerprint, here(found(advisory))]]), now: NOW - 10 * 86_400_000 }),
  );
  return { ...rows[0]!, ...more };
}

const movesOf = (reconciled: Reconciled): string[] => reconciled.moves.map(({ node, from, to }) => `${node.name} ${from ?? '-'} ${to}`);
const closed = ({ closures }: Reconciled): string[] =>
  closures.map(
    ({ fingerprint, by, nodes, exposures }) =>
      `${fingerprint} ${by} ${nodes.map(({ id }) => nameOf(id)).join('+') || '-'} ${exposures.map(({ advisory }) => advisory).join('+')}`,
  );
const nameOf = (id: string): string => Buffer.from(id.slice(2).replace(/^0+/, ''), 'hex').toString();

describe('what opens', () => {
  it('is one row for each advisory and fingerprint, seen now, whatever the number of nodes', () => {
    const nodes = [judged('a', 'p1'), judged('b', 'p1'), judged('c', 'p2')];
    const result = reconcile(
      input({
        nodes,
        found: new Map([
          ['p1', here(found('A1'), found('A2'))],
          ['p2', here(found('A1'))],
        ]),
      }),
    );
    expect(result.put.map(rowKey)).toEqual(['p1 alas A1', 'p1 alas A2', 'p2 alas A1']);
    expect(result.put[0]).toMatchObject({
      seen: iso(0),
      fixable: iso(0),
      published: '2026-12-01T00:00:00.000Z',
      state: 'exposed',
      cves: ['CVE-2026-0001'],
    });
    expect(movesOf(result)).toEqual(['a - p1', 'b - p1', 'c - p2']);
    expect(result.closures).toEqual([]);
  });

  it('says nothing of nodes without facts, and leaves those alone whose facts cannot be read', () => {
    const kept = row('p1', 'A1');
    const nodes = [judged('a', undefined), judged('b', 'lost', { judged: 'p1' })];
    const result = reconcile(input({ nodes, rows: [kept], found: new Map() }));
    expect(result).toMatchObject({ put: [], drop: [], moves: [], closures: [], rows: [kept] });
    expect([...result.members].map(([print, own]) => [print, own.map(({ name }) => name)])).toEqual([['p1', ['b']]]);
  });

  it('has no fix until one is known, and remembers when that was', () => {
    const nodes = [judged('a', 'p1')];
    const first = reconcile(input({ nodes, found: new Map([['p1', here(found('A1', { fixed: null }))]]), now: NOW - 3_600_000 }));
    expect(first.put[0]).toMatchObject({ state: 'awaiting-vendor', seen: iso(-1) });
    expect(first.put[0]).not.toHaveProperty('fixable');
    const then = countedAt(nodes, write(EMPTY, first));
    const second = reconcile(input({ nodes: then, rows: first.rows, found: new Map([['p1', here(found('A1'))]]) }));
    expect(second.put[0]).toMatchObject({ state: 'exposed', seen: iso(-1), fixable: iso(0) });
  });
});

describe('a node that changes', () => {
  it('takes the clocks of what it stays exposed to along, and closes the rest when its facts were true', () => {
    const rows = [row('p1', 'A1', { seen: iso(-50), fixable: iso(-40) }), row('p1', 'A2', { seen: iso(-60) })];
    const result = reconcile(input({ nodes: [judged('a', 'p2', { judged: 'p1', at: iso(-2) })], rows, found: new Map([['p2', here(found('A1'))]]) }));
    expect(result.put).toMatchObject([{ fingerprint: 'p2', advisory: 'A1', seen: iso(-50), fixable: iso(-40) }]);
    expect(result.drop.map(rowKey)).toEqual(['p1 alas A1', 'p1 alas A2']);
    expect(result.closures).toMatchObject([
      { fingerprint: 'p1', by: 'scan', nodes: [{ closed: iso(-2) }], exposures: [{ advisory: 'A2', seen: iso(-60) }] },
    ]);
    expect(movesOf(result)).toEqual(['a p1 p2']);
  });

  it('makes the row that it joins older, never younger', () => {
    const rows = [row('p1', 'A1', { seen: iso(-50) }), row('p2', 'A1', { seen: iso(-10) })];
    const nodes = [judged('a', 'p2', { judged: 'p1' }), judged('b', 'p2', { judged: 'p2' })];
    const result = reconcile(input({ nodes, rows, found: new Map([['p2', here(found('A1'))]]) }));
    expect(result.put).toMatchObject([{ fingerprint: 'p2', seen: iso(-50) }]);
  });

  it('leaves the others of its old fingerprint exposed', () => {
    const rows = [row('p1', 'A1')];
    const nodes = [judged('a', 'p2', { judged: 'p1' }), judged('b', 'p1', { judged: 'p1' })];
    const result = reconcile(
      input({
        nodes,
        rows,
        found: new Map([
          ['p1', here(found('A1'))],
          ['p2', here()],
        ]),
      }),
    );
    expect(closed(result)).toEqual(['p1 scan a A1']);
    expect(result).toMatchObject({ drop: [], rows: [{ fingerprint: 'p1' }] });
  });

  it('is closed by a rollout where that is what showed it', () => {
    const facts = { fingerprint: 'p2', at: iso(-3), by: 'rollout' as const, rollout: 'monthly-1' };
    const result = reconcile(
      input({ nodes: [judged('a', 'p2', { judged: 'p1', facts })], rows: [row('p1', 'A1')], found: new Map([['p2', here()]]) }),
    );
    expect(result.closures).toMatchObject([{ by: 'rollout', rollout: 'monthly-1', nodes: [{ closed: iso(-3) }] }]);
  });

  it('was not patched where the advisory itself is gone', () => {
    const rows = [row('p1', 'A1'), row('p1', 'A2')];
    const isLive = (key: string): boolean => key !== 'alas A1';
    const moved = reconcile(input({ nodes: [judged('a', 'p2', { judged: 'p1' })], rows, found: new Map([['p2', here()]]), isLive }));
    expect(closed(moved)).toEqual(['p1 scan a A2', 'p1 advisory a A1']);
    const stayed = reconcile(input({ nodes: [judged('a', 'p1', { judged: 'p1' })], rows, found: new Map([['p1', here(found('A2'))]]) }));
    expect(closed(stayed)).toEqual(['p1 advisory a A1']);
    expect(stayed.drop.map(rowKey)).toEqual(['p1 alas A1']);
  });

  it('that nobody lists any more closes what only it had, and names nobody', () => {
    expect(closed(reconcile(input({ rows: [row('p1', 'A1')] })))).toEqual(['p1 node-gone - A1']);
  });
});

describe('an advisory that changes', () => {
  it.each(['person', 'kev'])('takes over the clock of what %s said before its vendor had a fix', (source) => {
    const early = row('p1', 'A1', { source, advisory: 'CVE-2026-0001', seen: iso(-9) });
    delete early.fixable;
    const result = reconcile(input({ nodes: [judged('a', 'p1', { judged: 'p1' })], rows: [early], found: new Map([['p1', here(found('A1'))]]) }));
    expect(result).toMatchObject({
      put: [{ source: 'alas', advisory: 'A1', seen: iso(-9), fixable: iso(0) }],
      drop: [{ source }],
      closures: [{ by: 'advisory' }],
    });
  });

  it('is written again, with its clock', () => {
    const rows = [row('p1', 'A1', { seen: iso(-50) })];
    const again = reconcile(
      input({
        nodes: [judged('a', 'p1', { judged: 'p1' })],
        rows,
        found: new Map([['p1', here(found('A1', { severity: 'critical', fixed: '3' }))]]),
      }),
    );
    expect(again).toMatchObject({ put: [{ severity: 'critical', seen: iso(-50), packages: [{ fixed: '3' }] }], drop: [], closures: [] });
  });

  it('opens anew after it was closed', () => {
    const result = reconcile(input({ nodes: [judged('a', 'p1', { judged: 'p1' })], found: new Map([['p1', here(found('A1'))]]) }));
    expect(result.put).toMatchObject([{ seen: iso(0) }]);
  });
});

describe('the date', () => {
  const deadlines = [
    { when: { knownExploited: true, tags: { Exposure: 'internet' } }, fixWithin: 86_400, from: 'seen' as const, words: 'one day' },
    { when: {}, fixWithin: 30 * 86_400, from: 'seen' as const, words: 'a month' },
  ];

  it('is that of the node on which it is soonest', () => {
    const nodes = [judged('a', 'p1'), judged('b', 'p1', { tags: { Exposure: 'internet' } })];
    const result = reconcile(
      input({ nodes, found: new Map([['p1', here(found('A1'), found('A2'))]]), deadlines, intelligence: known('CVE-2026-0001') }),
    );
    expect(result.put).toMatchObject([
      { advisory: 'A1', due: iso(24), deadline: 'one day' },
      { advisory: 'A2', due: iso(24 * 30), deadline: 'a month' },
    ]);
  });

  it('leaves nodes out that have an exception', () => {
    const nodes = [judged('a', 'p1'), judged('b', 'p1', { tags: { Exposure: 'internet' } })];
    const exception = { cve: 'CVE-2026-0001', nodes: { tags: { Exposure: 'internet' } }, owner: 'ann', why: 'filtered', until: '2027-01-01' };
    const exceptions = [{ exception, state: { id: 'x', since: iso(0), knownExploited: true, ransomware: false } }];
    const result = reconcile(
      input({ nodes, found: new Map([['p1', here(found('A1'))]]), deadlines, intelligence: known('CVE-2026-0001'), exceptions }),
    );
    expect(result.put).toMatchObject([{ due: iso(24 * 30) }]);
  });
});

describe('whatever happens in whatever order', () => {
  const say = (value: Reconciled): string =>
    JSON.stringify({ ...value, members: [...value.members].map(([print, own]) => [print, own.map(({ id }) => id)]) });

  it('has nothing to do the second time', () => {
    fc.assert(
      fc.property(chapters, (story) => {
        let kept = EMPTY;
        for (const [index, chapter] of story.entries()) {
          kept = write(kept, reconcile(chapterInput(chapter, index, kept)));
          expect(reconcile(chapterInput(chapter, index, kept))).toMatchObject({ put: [], drop: [], moves: [], closures: [] });
        }
      }),
    );
  });

  it('does not depend on the order of what it is given', () => {
    fc.assert(
      fc.property(chapters, fc.integer(), (story, turn) => {
        let kept = EMPTY;
        for (const [index, chapter] of story.entries()) {
          const given = chapterInput(chapter, index, kept);
          const turned = <T>(list: readonly T[]): T[] => list.map((_item, at) => list[(at + Math.abs(turn)) % list.length]!).toReversed();
          const other = { ...given, nodes: turned(given.nodes), rows: turned(given.rows), found: new Map(turned([...given.found])) };
          const result = reconcile(given);
          expect(say(reconcile(other))).toBe(say(result));
          kept = write(kept, result);
        }
      }),
    );
  });

  it('counts every node once, and exactly the exposures that are found on its newest readable facts', () => {
    fc.assert(
      fc.property(chapters, (story) => {
        let kept = EMPTY;
        for (const [index, chapter] of story.entries()) {
          const given = chapterInput(chapter, index, kept);
          const result = reconcile(given);
          const members = [...result.members.values()].flat().map(nodeKey);
          expect(new Set(members).size).toBe(members.length);
          expect(members.length).toBeLessThanOrEqual(given.nodes.length);
          for (const [print] of given.found) {
            const rows = result.rows.filter((one) => one.fingerprint === print).map(({ advisory }) => advisory);
            const expected = result.members.has(print) ? given.found.get(print)!.found.map(({ advisory }) => advisory) : [];
            expect(rows.toSorted()).toEqual(expected.toSorted());
          }
          kept = write(kept, result);
          expect([...kept.rows.values()].map(rowKey).toSorted()).toEqual(result.rows.map(rowKey).toSorted());
        }
      }),
    );
  });

  it('opens and closes in pairs: what a node had is either kept or in a closure, once', () => {
    fc.assert(
      fc.property(chapters, (story) => {
        let kept = EMPTY;
        for (const [index, chapter] of story.entries()) {
          const given = chapterInput(chapter, index, kept);
          const result = reconcile(given);
          const had = exposuresOfNodes(
            given.nodes.map(({ node, judged: at }) => [nodeKey(node), at ?? '']),
            given.rows,
          );
          const has = exposuresOfNodes(
            [...result.members].flatMap(([print, own]) => own.map((one) => [nodeKey(one), print] as [string, string])),
            result.rows,
          );
          const ended = result.closures.flatMap(({ nodes, exposures }) =>
            nodes.flatMap((one) => exposures.map(({ advisory }) => `${nodeKey(one)} ${advisory}`)),
          );
          expect(new Set(ended).size).toBe(ended.length);
          expect(ended.toSorted()).toEqual([...had].filter((one) => !has.has(one)).toSorted());
          kept = write(kept, result);
        }
      }),
    );
  });

  it('never forgets since when: a clock moves only to the past as long as a node stays exposed', () => {
    fc.assert(
      fc.property(chapters, (story) => {
        let kept = EMPTY;
        for (const [index, chapter] of story.entries()) {
          const given = chapterInput(chapter, index, kept);
          const result = reconcile(given);
          for (const { node, judged: from } of given.nodes) {
            const to = [...result.members].find(([, own]) => own.includes(node))?.[0];
            const younger = result.rows
              .filter((one) => one.fingerprint === to)
              .filter((now) => {
                const before = given.rows.find((one) => one.fingerprint === from && one.advisory === now.advisory);
                return before !== undefined && now.seen > before.seen;
              });
            expect(younger).toEqual([]);
          }
          kept = write(kept, result);
        }
      }),
    );
  });
});

/** A record that two write to at once: parts carry the mark of the write that made them, and are changed only as they were read. */
interface Shared {
  parts: Map<string, ExposurePart>;
  judged: Map<string, string>;
}

const partName = ({ fingerprint, part }: ExposurePart): string => `${fingerprint} ${part}`;
const rowsIn = ({ parts }: Shared): Exposure[] => [...parts.values()].flatMap((part) => part.rows as Exposure[]);
const keptIn = (shared: Shared) => ({ rows: new Map(rowsIn(shared).map((one) => [rowKey(one), one])), judged: shared.judged });

/** One run's steps in the order in which they are carried out: nodes are read before rows; rows are put, nodes moved, rows taken out. */
function* run(name: string, chapter: Chapter, index: number, shared: Shared): Generator<void> {
  const places = new Map(shared.judged);
  yield;
  const read: Shared = { parts: new Map(shared.parts), judged: places };
  yield;
  const reconciled = reconcile(chapterInput(chapter, index, keptIn(read)));
  const { put, shrink } = changedParts(reconciled, [...read.parts.values()]);
  const mark = (before: string): string => `${before}>${name}${index}`;
  for (const part of put) {
    const standing = shared.parts.get(partName(part)) ?? { ...part, mark: '', rows: [] };
    const next = standing.mark === part.mark ? part : mergedPart(part, standing);
    shared.parts.set(partName(part), { ...next, mark: mark(standing.mark) });
    yield;
  }
  for (const { node, from, to } of reconciled.moves) {
    if (shared.judged.get(nodeKey(node)) === from) shared.judged.set(nodeKey(node), to);
    yield;
  }
  const written = new Set(put.map(partName));
  for (const part of shrink) {
    const expected = written.has(partName(part)) ? mark(part.mark) : part.mark;
    if (shared.parts.get(partName(part))?.mark === expected && part.rows.length === 0) shared.parts.delete(partName(part));
    else if (shared.parts.get(partName(part))?.mark === expected) shared.parts.set(partName(part), { ...part, mark: mark(expected) });
    yield;
  }
}

describe('two at once', () => {
  it('come to what one alone comes to next time, and lose nobody on the way', () => {
    fc.assert(
      fc.property(chapters, fc.infiniteStream(fc.boolean()), (story, turns) => {
        const shared: Shared = { parts: new Map(), judged: new Map() };
        for (const [index, chapter] of story.entries()) {
          // The second of them has seen a scan that the first has not.
          const runs = [run('a', story[index - 1] ?? chapter, index, shared), run('b', chapter, index, shared)];
          for (const first of turns) {
            const done = runs[first ? 0 : 1]!.next().done;
            if (done && runs[first ? 1 : 0]!.next().done) break;
          }
          for (const rest of runs) while (!rest.next().done);
          const after = reconcile(chapterInput(chapter, index, keptIn(shared)));
          const exposed = after.rows.filter((one) => after.members.has(one.fingerprint)).map(rowKey);
          expect(new Set(exposed)).toEqual(new Set(after.rows.map(rowKey)));
          for (const rest of [run('c', chapter, index, shared)]) while (!rest.next().done);
          expect(rowsIn(shared).map(rowKey).toSorted()).toEqual(after.rows.map(rowKey).toSorted());
        }
      }),
    );
  });

  it('forgets no clock where one dies at any step and another makes it good', () => {
    fc.assert(
      fc.property(chapters, fc.array(fc.nat({ max: 12 }), { minLength: 6, maxLength: 6 }), (story, steps) => {
        const shared: Shared = { parts: new Map(), judged: new Map() };
        for (const [index, chapter] of story.entries()) {
          const before = new Map(rowsIn(shared).map((one) => [rowKey(one), one.seen]));
          const places = new Map(shared.judged);
          const dying = run('dies', chapter, index, shared);
          for (let step = steps[index % steps.length] ?? 0; step > 0; step -= 1) dying.next();
          for (const rest of [run('next', chapter, index, shared)]) while (!rest.next().done);
          for (const [key, print] of shared.judged) {
            const brought = rowsIn(shared)
              .filter((one) => one.fingerprint === print)
              .filter((one) => {
                const earlier = before.get(rowKey({ ...one, fingerprint: places.get(key) ?? '' }));
                return earlier !== undefined && one.seen > earlier;
              });
            expect(brought).toEqual([]);
          }
        }
      }),
    );
  });

  it('does not drop a row that nodes have just joined', () => {
    const shared: Shared = { parts: new Map(), judged: new Map() };
    const chapter = (print: string): Chapter => ({ nodes: [{ name: 'a', print }], found: { p1: ['A1'], p2: ['A1'], p3: undefined }, unfixed: [] });
    const play = (one: Generator<void>): void => void Array.from(one);
    play(run('first', chapter('p1'), 0, shared));
    // The one that has seen the node leave reads, then the node comes back and another run counts it there, then the first goes on.
    const late = run('late', chapter('p2'), 1, shared);
    late.next();
    late.next();
    shared.judged.set([...shared.judged.keys()][0]!, 'p2');
    play(run('second', chapter('p1'), 2, shared));
    play(late);
    expect(rowsIn(shared)).toContainEqual(expect.objectContaining({ fingerprint: 'p1', advisory: 'A1', seen: iso(0) }));
  });
});

function exposuresOfNodes(nodes: [string, string][], rows: readonly Pick<Exposure, 'fingerprint' | 'advisory'>[]): Set<string> {
  return new Set(nodes.flatMap(([key, print]) => rows.filter((one) => one.fingerprint === print).map(({ advisory }) => `${key} ${advisory}`)));
}
