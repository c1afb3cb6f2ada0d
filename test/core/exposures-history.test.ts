import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closedCves, exposureHistory, openOverTime } from '../../lambdas/core/exposures/history.ts';
import { closedPairs } from '../../lambdas/core/exposures/speed.ts';
import { known } from './exposures-world.ts';
import { closure, COUNTS, exposed, hours, NOW, open, summary } from './exposures-past.ts';
import type { OpenPoint } from '../../lambdas/core/exposures/history.ts';

const HOUR = 3_600_000;
const at = (hour: number): number => NOW + hour * HOUR;
const whole = { from: at(-100), to: NOW };

/** How many were open at an instant. */
function openAt(points: readonly OpenPoint[], instant: number): number {
  return points.findLast((point) => point.at <= instant)?.open ?? 0;
}

describe('open exposures over time', () => {
  it('rise when nodes are seen to be exposed and fall when each is clear', () => {
    const pairs = closedPairs([closure({ nodes: { a: -4, b: -2 }, exposures: [exposed('A1', { knownExploited: true }), exposed('A2')] })]);
    expect(openOverTime(pairs, [open('A3', { seen: hours(-6), nodes: 3 })], whole)).toEqual([
      { at: at(-10), open: 4, knownExploited: 2 },
      { at: at(-6), open: 7, knownExploited: 2 },
      { at: at(-4), open: 5, knownExploited: 1 },
      { at: at(-2), open: 3, knownExploited: 0 },
    ]);
  });

  it('begin with what was open before, and leave out what comes after the end', () => {
    const pairs = closedPairs([closure({ nodes: { a: -1, b: -8 }, exposures: [exposed('A1')] })]);
    expect(openOverTime(pairs, [], { from: at(-5), to: at(-3) })).toEqual([{ at: at(-5), open: 1, knownExploited: 0 }]);
  });

  it('fall whoever closed them, and leave out what nobody can judge', () => {
    const pairs = closedPairs([closure({ by: 'advisory', nodes: { a: -1 }, exposures: [exposed('A1'), exposed('A2', { state: 'unknown' })] })]);
    expect(openOverTime(pairs, [open('A3', { state: 'unknown' })], whole).map(({ open: count }) => count)).toEqual([1, 0]);
  });

  it('are at every instant those that were seen by then and not closed yet', () => {
    const lives = fc.array(fc.record({ seen: fc.integer({ min: -40, max: -21 }), closed: fc.integer({ min: -20, max: -1 }) }), { maxLength: 12 });
    fc.assert(
      fc.property(lives, fc.integer({ min: -45, max: 0 }), (drawn, hour) => {
        const closures = drawn.map(({ seen, closed }, index) =>
          closure({ nodes: { [`n${index}`]: closed }, exposures: [exposed('A1', { seen: hours(seen) })] }),
        );
        const points = openOverTime(closedPairs(closures), [], whole);
        expect(openAt(points, at(hour))).toBe(drawn.filter(({ seen, closed }) => seen <= hour && hour < closed).length);
      }),
    );
  });

  it('are no point where nothing was ever open', () => {
    expect(openOverTime([], [], whole)).toEqual([]);
  });
});

describe('CVEs that were closed', () => {
  const told = (closures: Parameters<typeof closedPairs>[0], left: Parameters<typeof closedCves>[1] = []): ReturnType<typeof closedCves> =>
    closedCves(closedPairs(closures), left, { intelligence: known('CVE-2026-0002', { epss: 0.93, ransomware: true }), now: NOW });

  it('say what CISA and EPSS say, when they were seen and closed, and on how many nodes', () => {
    const [first, second] = told([
      closure({ nodes: { a: -4, b: -2 }, exposures: [exposed('A1', { severity: 'critical' }), exposed('A2', { due: hours(-3) })] }),
    ]);
    expect(first).toEqual({
      cve: 'CVE-2026-0002',
      advisories: ['A2'],
      severity: 'important',
      listed: '2026-12-08',
      ransomware: true,
      epss: 0.93,
      published: hours(-30),
      seen: hours(-10),
      closed: hours(-2),
      seconds: 8 * 3_600,
      nodes: 2,
      left: 0,
      met: false,
    });
    expect(second).toMatchObject({ cve: 'CVE-2026-0001', severity: 'critical', ransomware: false, nodes: 2 });
    expect(second).not.toHaveProperty('met');
    expect(second).not.toHaveProperty('epss');
    expect(second).not.toHaveProperty('listed');
  });

  it('put advisories of the same CVE together', () => {
    const same = { cves: ['CVE-2026-0007'] };
    const closures = [
      closure({ nodes: { a: -4 }, exposures: [exposed('A1', { ...same, seen: hours(-12) })] }),
      closure({ nodes: { a: -3, b: -2 }, exposures: [exposed('A2', { ...same, severity: 'critical' })] }),
    ];
    expect(told(closures)).toMatchObject([{ advisories: ['A1', 'A2'], severity: 'critical', seen: hours(-12), closed: hours(-2), nodes: 2 }]);
  });

  it('name the nodes that are left once, and are late where one of those is', () => {
    const closures = [closure({ exposures: [exposed('A1', { due: hours(5) })] })];
    const left = [open('A1', { nodes: 3 }), open('A9', { cves: ['CVE-2026-0001'], nodes: 3 }), open('A1', { fingerprint: 'p2', nodes: 2 })];
    expect(told(closures, left)).toMatchObject([{ left: 5, met: true }]);
    expect(told(closures, [open('A1', { due: hours(-1) })])).toMatchObject([{ left: 1, met: false }]);
  });

  it('are none that ended without a patch', () => {
    expect(told([closure({ by: 'advisory', exposures: [exposed('A1')] })])).toEqual([]);
  });
});

it('a history has all of it, and counts what ended without a patch apart', () => {
  const closures = [
    closure({ exposures: [exposed('A1', { due: hours(1) })] }),
    closure({ by: 'advisory', nodes: { a: -2, b: -2 }, exposures: [exposed('A2')] }),
  ];
  const history = exposureHistory({
    closures,
    summary: summary([open('A3')]),
    before: { ...COUNTS, exposures: 9 },
    intelligence: known('CVE-2026-0001'),
    ...whole,
  });
  expect(history).toMatchObject({
    before: { exposures: 9 },
    after: { exposures: 3 },
    times: [
      { group: 'important', pairs: 1 },
      { group: 'all', pairs: 1 },
    ],
    deadlines: [{ rule: '', met: 1, of: 1 }],
    oldest: { advisory: 'A3' },
    cves: [{ cve: 'CVE-2026-0001' }],
    otherwise: 2,
  });
  expect(history.line.at(-1)).toEqual({ at: at(-1), open: 1, knownExploited: 0 });
});
