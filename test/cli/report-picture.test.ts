import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAxis, cutLabel } from '../../cli/report/axis.ts';
import { html } from '../../cli/report/escape.ts';
import { nodeAnchors } from '../../cli/report/nodes.ts';
import { SIZES, picture } from '../../cli/report/picture.ts';
import { fakePlan } from './ui-plan.ts';
import { fakeRun } from './ui-run.ts';
import type { FakeRun } from './ui-run.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-12-09T08:00:00Z');
const wide = { left: 10, width: 920, cutWidth: 58, timezone: 'Europe/Berlin' };

function drawn(run: FakeRun, size = SIZES[0]): string {
  if (!size) throw new Error('there are sizes');
  return picture(run.ended, size, nodeAnchors(run.ended))?.text ?? '';
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

describe('the axis', () => {
  const times = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 * 24 * 60 }), fc.integer({ min: 0, max: 10 * 60 })), { maxLength: 40 });
  const anyAxis = times.map((list) => {
    const busy = list.map(([from, length]) => ({ from: START + from * 60_000, to: START + (from + length) * 60_000 }));
    return { busy, axis: createAxis({ ...wide, from: START, to: START + 41 * 24 * HOUR, busy }) };
  });

  it('fills its width without gaps, and time only goes to the right', () => {
    fc.assert(
      fc.property(anyAxis, ({ axis }) => {
        const { stretches } = axis;
        expect(stretches[0]?.x).toBe(10);
        expect((stretches.at(-1)?.x ?? 0) + (stretches.at(-1)?.width ?? 0)).toBeCloseTo(930, 0);
        for (const [index, next] of stretches.slice(1).entries()) {
          const before = stretches[index];
          expect(before?.to).toBe(next.from);
          expect((before?.x ?? 0) + (before?.width ?? 0)).toBeCloseTo(next.x, 0);
        }
        const xs = Array.from({ length: 300 }, (_value, index) => axis.x(START + (index * 41 * 24 * HOUR) / 299));
        expect(xs).toEqual(xs.toSorted((a, b) => a - b));
      }),
    );
  });

  it('cuts only where nothing happened, and draws the rest to one scale', () => {
    fc.assert(
      fc.property(anyAxis, ({ axis, busy }) => {
        for (const cut of axis.stretches.filter((stretch) => stretch.cut)) {
          expect(busy.filter((zone) => zone.from < cut.to && zone.to > cut.from)).toEqual([]);
        }
        const parts = axis.stretches.filter((stretch) => !stretch.cut).map(({ from, to, width }) => ({ hours: (to - from) / HOUR, width }));
        const scale = parts.reduce((sum, { width }) => sum + width, 0) / parts.reduce((sum, { hours }) => sum + hours, 0);
        // A cut that is not shorter than what it stands for would be no cut.
        for (const cut of axis.stretches.filter((stretch) => stretch.cut)) expect(((cut.to - cut.from) / HOUR) * scale).toBeGreaterThan(cut.width);
        // Widths are rounded to a tenth of a unit.
        for (const { hours, width } of parts) expect(Math.abs(width - hours * scale)).toBeLessThan(0.5);
      }),
    );
  });

  it('is not cut where everything happened at a stretch', () => {
    const axis = createAxis({ ...wide, from: START, to: START + 5 * HOUR, busy: [{ from: START, to: START + 5 * HOUR }] });
    expect(axis.stretches).toEqual([{ from: START, to: START + 5 * HOUR, x: 10, width: 920, cut: false }]);
  });

  it('says how long a cut is', () => {
    const axis = createAxis({
      ...wide,
      from: START,
      to: START + 50 * HOUR,
      busy: [
        { from: START, to: START + HOUR },
        { from: START + 49 * HOUR, to: START + 50 * HOUR },
      ],
    });
    const cuts = axis.stretches.filter((stretch) => stretch.cut);
    expect(cuts.map((cut) => cutLabel(cut, false))).toEqual(['47 h 50']);
    expect(cuts.map((cut) => cutLabel(cut, true))).toEqual(['48 h']);
  });

  it('has round local times that stand apart', () => {
    const axis = createAxis({ ...wide, from: START, to: START + 20 * HOUR, busy: [{ from: START, to: START + 20 * HOUR }] });
    const ticks = axis.ticks(60);
    expect(ticks.map((tick) => tick.label)).toEqual(['10:00', '12:00', '14:00', '16:00', '18:00', '20:00', '22:00', '00:00', '02:00', '04:00']);
    expect(ticks.filter((tick) => tick.day !== undefined).map((tick) => tick.day)).toEqual(['Wed 9 Dec', 'Thu 10 Dec']);
    expect(ticks.every((tick, index) => index === 0 || tick.x - (ticks[index - 1]?.x ?? 0) >= 60)).toBe(true);
  });

  it('goes over a clock change without losing or doubling a time', () => {
    // In Berlin the clock goes back on 25 October 2026 at 03:00.
    const from = Date.parse('2026-10-24T22:00:00Z');
    const axis = createAxis({ ...wide, width: 4_000, from, to: from + 6 * HOUR, busy: [{ from, to: from + 6 * HOUR }] });
    const labels = axis.ticks(600).map((tick) => tick.label);
    expect(labels).toEqual([...new Set(labels)]);
    expect(labels).toContain('03:00');
  });
});

describe('the picture', () => {
  it('has a mark for every node that got a command, linked to its row', () => {
    const svg = drawn(fakeRun('succeeded'));
    expect(count(svg, /<a tabindex="-1" href="#n\d+">/g)).toBe(58);
    expect(svg).toContain('<title>web-t01: patched, Wed 9 Dec 22:09</title>');
  });

  it('shows how nodes ended in form, not only in colour', () => {
    const svg = drawn(fakeRun('failed'));
    expect(count(svg, /<path class="bad"/g)).toBe(3);
    expect(count(svg, /<circle class="good"/g)).toBe(9);
    expect(count(drawn(fakeRun('held')), /<circle class="silent"/g)).toBe(2);
  });

  it('has bars where there is no room for a mark a node, and they count the same nodes', () => {
    const svg = drawn(fakeRun('succeeded', fakePlan([60, 25, 415])));
    const counted = [...svg.matchAll(/<title>(\d+) nodes?, /g)].reduce((sum, [, nodes]) => sum + Number(nodes), 0);
    expect(counted + count(svg, /<a tabindex="-1" href="#n\d+">/g)).toBe(500);
    expect(count(svg, /<rect class="bar /g)).toBeGreaterThan(10);
  });

  it('has verdicts with reasons, and none for waves that were not run', () => {
    const svg = drawn(fakeRun('failed'));
    expect(count(svg, /<path class="verdict /g)).toBe(1);
    expect(svg).toMatch(/<tspan class="verdict-word fail">FAIL<\/tspan><tspan class="words" dx="6">Wed 9 Dec 22:34: 3 of 12 nodes failed, 0 allowed/);
    expect(svg).toContain('not run, 42 nodes untouched');
  });

  it('judges a held wave where its hold begins', () => {
    expect(drawn(fakeRun('held'))).toMatch(/HELD<\/tspan><tspan class="words" dx="6">Wed 9 Dec 22:34/);
  });

  it('keeps everything inside, at both sizes', () => {
    for (const size of SIZES) {
      const svg = drawn(fakeRun('succeeded'), size);
      const height = Number(/viewBox="0 0 \d+ ([\d.]+)"/.exec(svg)?.[1]);
      const xs = [...svg.matchAll(/ c?x="(-?[\d.]+)"/g)].map(([, x]) => Number(x));
      const ys = [...svg.matchAll(/ c?y="(-?[\d.]+)"/g)].map(([, y]) => Number(y));
      expect(Math.min(...xs)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...xs)).toBeLessThanOrEqual(size.width);
      expect(Math.max(...ys)).toBeLessThanOrEqual(height);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('lets exposure fall from first to last', () => {
    const svg = drawn(fakeRun('succeeded'));
    expect(svg).toContain('55 nodes before, 1 after');
    const line = /<path class="line" d="([^"]+)"/.exec(svg)?.[1] ?? '';
    const ys = [...line.matchAll(/[V ](\d+(?:\.\d+)?)/g)].map(([, y]) => Number(y));
    expect(ys).toEqual(ys.toSorted((a, b) => a - b));
  });

  it('is nothing where no wave was run', () => {
    const run = fakeRun('failed');
    run.ended.extra.timeline = [];
    expect(drawn(run)).toBe('');
  });
});

it('markup escapes what is put into it, but not markup', () => {
  const inner = html`<b>${'<&>"\''}</b>`;
  expect(html`<p title="${'"'}">${inner}${[1, undefined, false, 'x\u0007']}</p>`.text).toBe(
    '<p title="&quot;"><b>&lt;&amp;&gt;&quot;&#39;</b>1x\ufffd</p>',
  );
});
