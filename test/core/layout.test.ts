import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMIT, TRACK_LIMIT, estimateSeconds, layOut } from '../../lambdas/core/layout.ts';
import type { Layable } from '../../lambdas/core/layout.ts';

function nodes(count: number, more: Partial<Layable> = {}): Layable[] {
  return Array.from({ length: count }, (_unused, index) => ({
    id: `${more.os ?? 'linux'}-${more.location?.region ?? 'eu-central-1'}-${index}`,
    location: { account: '111111111111', region: 'eu-central-1' },
    os: 'linux' as const,
    variant: '',
    ...more,
  }));
}
const widths = (tracks: { nodes: string[] }[][]) => tracks.map((track) => Math.max(...track.map((batch) => batch.nodes.length)));

/** Everybody whom rounds lay out until nobody remains, each as often as they do. */
function laidInRounds(fleet: Layable[], options: { atOnce: number; ramp: boolean }): string[] {
  const laid: string[] = [];
  for (let round = 1, left = fleet; left.length > 0; round++) {
    const now = layOut(left, { ...options, round })
      .flat()
      .flatMap((batch) => batch.nodes);
    if (now.length === 0) throw new Error(`round ${round} lays out nobody of ${left.length}`);
    laid.push(...now);
    const done = new Set(now);
    left = left.filter(({ id }) => !done.has(id));
  }
  return laid;
}

describe('layOut', () => {
  it('ramps up 1, 2, 4 tracks of one batch each, then lays out all that is left', () => {
    const fleet = nodes(1000);
    const sizes = [1, 2, 3, 4].map((round) => layOut(fleet, { atOnce: 300, round, ramp: true }).map((track) => track.length));
    expect(sizes).toEqual([[1], [1, 1], [1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1]]);
    const all = layOut(fleet, { atOnce: 300, round: 9, ramp: true });
    expect(all.flat().flatMap((batch) => batch.nodes)).toHaveLength(1000);
    expect(all).toHaveLength(20);
  });

  it('never mixes locations, operating systems or lock variants in a batch', () => {
    const mixed = [...nodes(3), ...nodes(3, { os: 'windows' }), ...nodes(3, { location: { account: '111111111111', region: 'eu-west-1' } })];
    const batches = layOut(mixed, { atOnce: 9, round: 9, ramp: false }).flat();
    expect(batches).toHaveLength(3);
    expect(new Set(batches.map((batch) => `${batch.location.region} ${batch.os}`)).size).toBe(3);
  });

  it('has nothing to lay out for no nodes', () => {
    expect(layOut([], { atOnce: 5, round: 1, ramp: true })).toEqual([]);
  });

  it('never has more nodes in work than allowed, nor batches over the limit, and loses nobody', () => {
    const group = fc.record({
      count: fc.integer({ min: 1, max: 120 }),
      region: fc.constantFrom('eu-central-1', 'eu-west-1', 'us-east-1'),
      os: fc.constantFrom('linux' as const, 'windows' as const),
    });
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        (groups, atOnce, round, ramp) => {
          const fleet = groups.flatMap(({ count, region, os }, index) =>
            nodes(count, { os, location: { account: '111111111111', region } }).map((node) => ({ ...node, id: `${index}-${node.id}` })),
          );
          const tracks = layOut(fleet, { atOnce, round, ramp });
          const laid = tracks.flat().flatMap((batch) => batch.nodes);
          expect(widths(tracks).reduce((sum, width) => sum + width, 0)).toBeLessThanOrEqual(atOnce);
          expect(Math.max(...widths(tracks))).toBeLessThanOrEqual(BATCH_LIMIT);
          expect(new Set(laid).size).toBe(laid.length);
          expect(laid.length).toBeGreaterThan(0);
          // What does not fit into a round's tracks is laid out by the next one.
          const full = tracks.every((track) => track.length === TRACK_LIMIT);
          if (!ramp && !full) expect(laid).toHaveLength(fleet.length);
          expect(laidInRounds(fleet, { atOnce, ramp }).toSorted()).toEqual(fleet.map(({ id }) => id).toSorted());
        },
      ),
    );
  });

  it('goes on in the next round where a track has no more room', () => {
    const fleet = nodes(TRACK_LIMIT + 1);
    expect(layOut(fleet, { atOnce: 1, round: 1, ramp: false }).map((track) => track.length)).toEqual([TRACK_LIMIT]);
    expect(laidInRounds(fleet, { atOnce: 1, ramp: false })).toHaveLength(TRACK_LIMIT + 1);
  });
});

describe('estimateSeconds', () => {
  it('is one batch for one batch and grows with the fleet', () => {
    expect(estimateSeconds(nodes(3), 10)).toBe(1200);
    expect(estimateSeconds(nodes(3, { os: 'windows' }), 10)).toBe(2700);
    expect(estimateSeconds(nodes(200), 10)).toBeGreaterThan(estimateSeconds(nodes(100), 10));
  });
});
