import { describe, expect, it } from 'vitest';
import { changedParts, mergedPart } from '../../lambdas/core/exposures/parts.ts';
import { reconcile } from '../../lambdas/core/exposures/reconcile.ts';
import { found, here, input, iso, judged } from './exposures-world.ts';
import type { ExposurePart } from '../../lambdas/core/exposures/parts.ts';

const IDS = Array.from({ length: 1_000 }, (_, index) => `A${index}`);
const everything = { nodes: [judged('a', 'p1')], found: new Map([['p1', here(...IDS.map((id) => found(id)))]]) };

/** What the record holds after everything was written. */
function stored(): ExposurePart[] {
  return changedParts(reconcile(input(everything)), []).put.map((part) => ({ ...part, mark: 'first' }));
}

describe('parts of exposures', () => {
  it('are a few for each fingerprint, however many advisories it has, and hold every row once', () => {
    const { put, shrink } = changedParts(reconcile(input(everything)), []);
    expect(put).toHaveLength(4);
    expect(put.flatMap(({ rows }) => rows.map(({ advisory }) => advisory)).toSorted()).toEqual(IDS.toSorted());
    expect(Math.max(...put.map(({ rows }) => rows.length))).toBeLessThan(400);
    expect(shrink).toEqual([]);
  });

  it('are left alone where nothing in them is new', () => {
    const kept = stored();
    const rows = kept.flatMap((part) => part.rows);
    const again = reconcile(input({ ...everything, nodes: [judged('a', 'p1', { judged: 'p1' })], rows }));
    expect(changedParts(again, kept)).toEqual({ put: [], shrink: [] });
    const changed = here(...IDS.map((id) => found(id, id === 'A7' ? { severity: 'critical' } : {})));
    const one = changedParts(reconcile(input({ nodes: [judged('a', 'p1', { judged: 'p1' })], rows, found: new Map([['p1', changed]]) })), kept);
    expect(one.put).toMatchObject([
      { mark: 'first', rows: expect.arrayContaining([expect.objectContaining({ advisory: 'A7', severity: 'critical' })]) },
    ]);
  });

  it('keep rows that are to go until nodes have moved, and lose them then', () => {
    const kept = stored();
    const rows = kept.flatMap((part) => part.rows);
    const moved = reconcile(input({ nodes: [judged('a', 'p2', { judged: 'p1' })], rows, found: new Map([['p2', here(found('A1'))]]) }));
    const { put, shrink } = changedParts(moved, kept);
    expect(put.map(({ fingerprint, mark }) => `${fingerprint} ${mark}`)).toEqual(['p2 ']);
    expect(shrink.map(({ fingerprint, mark, rows: left }) => `${fingerprint} ${mark} ${left.length}`)).toEqual(
      Array.from({ length: 4 }, () => 'p1 first 0'),
    );
    const [withdrawn] = changedParts(
      reconcile(
        input({ nodes: [judged('a', 'p1', { judged: 'p1' })], rows, found: new Map([['p1', here(...IDS.slice(1).map((id) => found(id)))]]) }),
      ),
      kept,
    ).shrink;
    expect(withdrawn?.rows.map(({ advisory }) => advisory)).not.toContain('A0');
    expect(withdrawn?.rows.length).toBe((kept.find(({ part }) => part === withdrawn?.part)?.rows.length ?? 0) - 1);
  });

  it('keep a row that goes from a part that is written anyway: a node may be about to take its clock elsewhere', () => {
    const kept = stored();
    const [gone = '', changed = ''] = (kept[0]?.rows ?? []).map(({ advisory }) => advisory);
    const here1 = here(...IDS.filter((id) => id !== gone).map((id) => found(id, id === changed ? { severity: 'critical' } : {})));
    const nodes = [judged('a', 'p1', { judged: 'p1' }), judged('b', 'p2', { judged: 'p1' })];
    const rows = kept.flatMap((part) => part.rows);
    const { put, shrink } = changedParts(
      reconcile(
        input({
          nodes,
          rows,
          found: new Map([
            ['p1', here1],
            ['p2', here(found(gone))],
          ]),
        }),
      ),
      kept,
    );
    const idsOf = (parts: readonly ExposurePart[]): string[] =>
      parts.filter(({ fingerprint }) => fingerprint === 'p1').flatMap((part) => part.rows.map(({ advisory }) => advisory));
    expect(idsOf(put)).toEqual(expect.arrayContaining([gone, changed]));
    expect(idsOf(shrink)).toContain(changed);
    expect(idsOf(shrink)).not.toContain(gone);
  });

  it('are merged with what somebody else has written: rows of either, the earlier clock', () => {
    const [part = { fingerprint: '', part: '', mark: '', rows: [] }] = stored();
    const [first, second, ...others] = part.rows;
    const standing = { ...part, mark: 'second', rows: [{ ...first!, seen: iso(-9), severity: 'low' as const }, ...others] };
    const merged = mergedPart(
      {
        ...part,
        rows: [
          { ...first!, seen: iso(-1) },
          { ...second!, seen: iso(-1) },
        ],
      },
      standing,
    );
    expect(merged.mark).toBe('second');
    expect(merged.rows.slice(0, 2)).toEqual([
      { ...first!, seen: iso(-9) },
      { ...second!, seen: iso(-1) },
    ]);
    expect(merged.rows).toHaveLength(part.rows.length);
  });
});
