import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closedPairs, deadlinesMet, oldestOpen, patchTimes, percentile } from '../../lambdas/core/exposures/speed.ts';
import { closure, exposed, hours, NOW, open, summary } from './exposures-past.ts';

describe('a percentile', () => {
  it('is the nearest rank: the lower of the two in the middle, and the ninth of ten', () => {
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(percentile([1, 2, 3], 0.5)).toBe(2);
    expect(percentile([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 0.9)).toBe(90);
    expect(percentile([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], 0.9)).toBe(100);
    expect(percentile([7], 0.9)).toBe(7);
    expect(percentile([], 0.5)).toBe(0);
  });

  it('is a value that occurred, that its share of all do not exceed, and no smaller one', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1), (numbers, share) => {
        const sorted = numbers.toSorted((a, b) => a - b);
        const found = percentile(sorted, share);
        const upTo = (limit: number): number => sorted.filter((value) => value <= limit).length;
        expect(sorted).toContain(found);
        expect(upTo(found)).toBeGreaterThanOrEqual(share * sorted.length);
        expect(upTo(found - 1)).toBeLessThan(share * sorted.length);
      }),
    );
  });
});

describe('time to patch', () => {
  const times = (...closures: Parameters<typeof closedPairs>[0]): ReturnType<typeof patchTimes> => patchTimes(closedPairs(closures));

  it('counts from the moment at which a fix was out, by grade, known exploited apart', () => {
    const closures = [
      closure({ nodes: { a: -2, b: -1 }, exposures: [exposed('A1', { seen: hours(-20), fixable: hours(-12) })] }),
      closure({
        nodes: { a: -2 },
        exposures: [exposed('A2', { severity: 'critical' }), exposed('A3', { severity: 'critical', knownExploited: true, fixable: hours(-5) })],
      }),
    ];
    expect(times(...closures)).toEqual([
      { group: 'known exploited', pairs: 1, median: 3 * 3_600, p90: 3 * 3_600 },
      { group: 'critical', pairs: 1, median: 8 * 3_600, p90: 8 * 3_600 },
      { group: 'important', pairs: 2, median: 10 * 3_600, p90: 11 * 3_600 },
      { group: 'all', pairs: 4, median: 8 * 3_600, p90: 11 * 3_600 },
    ]);
  });

  it('counts only what a rollout or a scan has closed, and what had a fix', () => {
    const counted = (by: Parameters<typeof closure>[0]['by']): number => times(closure({ by, exposures: [exposed('A1')] })).length;
    expect([counted('rollout'), counted('scan'), counted('advisory'), counted('node-gone')]).toEqual([2, 2, 0, 0]);
    expect(times(closure({ exposures: [exposed('A1', { fixable: undefined })] }))).toEqual([]);
    expect(times(closure({ exposures: [exposed('A1', { state: 'unknown' })] }))).toEqual([]);
  });

  it('counts a closure once that evidence holds twice, at its first moment', () => {
    const late = closure({ nodes: { a: -1 }, exposures: [exposed('A1')] });
    const early = closure({ nodes: { a: -3 }, exposures: [exposed('A1')], by: 'scan' });
    expect(times(late, early, late).at(-1)).toEqual({ group: 'all', pairs: 1, median: 7 * 3_600, p90: 7 * 3_600 });
  });

  it('counts an advisory that came back as another one', () => {
    const again = closure({ nodes: { a: -1 }, exposures: [exposed('A1', { seen: hours(-2), fixable: hours(-2) })] });
    expect(times(closure({ nodes: { a: -4 }, exposures: [exposed('A1')] }), again).at(-1)).toMatchObject({ pairs: 2 });
  });

  it('is never negative, in whatever order clocks are', () => {
    expect(times(closure({ nodes: { a: -20 }, exposures: [exposed('A1')] })).at(-1)).toMatchObject({ median: 0 });
  });
});

describe('deadlines', () => {
  const WITHIN = 'known exploited: within 14 d of being seen';

  it('are met by what was closed up to the moment, by rule', () => {
    const pairs = closedPairs([
      closure({ nodes: { a: -2, b: -1 }, exposures: [exposed('A1', { due: hours(-2), deadline: WITHIN })] }),
      closure({ nodes: { a: -2 }, exposures: [exposed('A2', { due: hours(-1) }), exposed('A3')] }),
    ]);
    expect(deadlinesMet(pairs, [], NOW)).toEqual([
      { rule: '', met: 1, of: 1 },
      { rule: WITHIN, met: 1, of: 2 },
    ]);
  });

  it('are missed by what is open after its date, on every node that has no exception', () => {
    const overdue = open('A1', { due: hours(-1), deadline: WITHIN, nodes: 3 });
    const others = [
      open('A2', { due: hours(1), deadline: WITHIN }),
      open('A3', { due: hours(-1), nodes: 0 }),
      open('A4', { due: hours(-1), state: 'unknown' }),
      open('A5'),
    ];
    expect(deadlinesMet([], [overdue, ...others], NOW)).toEqual([{ rule: WITHIN, met: 0, of: 3 }]);
  });

  it('say nothing of what was closed without a patch', () => {
    expect(deadlinesMet(closedPairs([closure({ by: 'advisory', exposures: [exposed('A1', { due: hours(1) })] })]), [], NOW)).toEqual([]);
  });
});

describe('the oldest that is open', () => {
  it('is what was seen first, and of several the most urgent, which the summary has first', () => {
    const found = oldestOpen(
      summary([open('A2', { seen: hours(-9), nodes: 2, due: hours(5) }), open('A1', { seen: hours(-9) }), open('A3', { seen: hours(-8) })]),
    );
    expect(found).toEqual({ source: 'alas', advisory: 'A2', cves: ['CVE-2026-0002'], seen: hours(-9), due: hours(5), nodes: 2, awaiting: false });
  });

  it('is none that nobody can judge or answers for, and says when no vendor has a fix', () => {
    expect(oldestOpen(summary([open('A1', { state: 'unknown' }), open('A2', { nodes: 0 })]))).toBeUndefined();
    expect(oldestOpen(summary([open('A1', { state: 'awaiting-vendor' })]))).toMatchObject({ advisory: 'A1', awaiting: true });
  });
});
