import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { exposureLine } from '../../cli/report/exposure-line.ts';
import { exposureSection } from '../../cli/report/exposure.ts';
import { reportHtml } from '../../cli/report/html.ts';
import { endLines } from '../../cli/ui/end.ts';
import { createPaint } from '../../cli/ui/paint.ts';
import { SIZES } from '../../cli/report/picture.ts';
import { COUNTS } from '../core/exposures-past.ts';
import { fakeRun } from './ui-run.ts';
import { STARTED, WAVES } from './ui-plan.ts';
import type { ClosedCve, ExposureHistory } from '../../lambdas/core/exposures/history.ts';
import type { Ended } from './ui-run.ts';

const iso = (at: number): string => new Date(at).toISOString();

function closedCve(cve: string, more: Partial<ClosedCve> = {}): ClosedCve {
  return {
    cve,
    advisories: ['ALAS2023-2026-901'],
    severity: 'important',
    ransomware: false,
    published: iso(STARTED),
    seen: iso(STARTED),
    closed: iso(WAVES.production.opens),
    seconds: 88.4 * 3_600,
    nodes: 40,
    left: 0,
    ...more,
  };
}

const HISTORY: ExposureHistory = {
  before: { ...COUNTS, exposed: 60, knownExploited: 81 },
  after: { ...COUNTS, exposed: 33, knownExploited: 5 },
  line: [
    { at: STARTED, open: 628, knownExploited: 81 },
    { at: WAVES.test.opens, open: 500, knownExploited: 60 },
    { at: WAVES.production.opens, open: 60, knownExploited: 5 },
  ],
  times: [
    { group: 'known exploited', pairs: 76, median: 86_400 * 3, p90: 86_400 * 4 },
    { group: 'all', pairs: 568, median: 86_400 * 3, p90: 86_400 * 4 + 7_200 },
  ],
  deadlines: [
    { rule: 'known exploited: within 14 d of being seen', met: 76, of: 76 },
    { rule: 'anything else: within 90 d of being seen', met: 448, of: 450 },
  ],
  oldest: {
    source: 'rhsa',
    advisory: 'RHSA-2026:9978',
    cves: ['CVE-2025-32462', 'CVE-2025-32463'],
    seen: iso(STARTED),
    due: iso(Date.parse('2026-12-23T05:00:00Z')),
    nodes: 3,
    awaiting: false,
  },
  cves: [
    closedCve('CVE-2026-31337', { listed: '2026-12-01', ransomware: true, epss: 0.944, met: false, left: 2 }),
    closedCve('CVE-2026-31338', { met: true }),
  ],
  otherwise: 4,
};

function ended(history: ExposureHistory | undefined = HISTORY): Ended {
  const run = fakeRun('succeeded').ended;
  return history === undefined ? run : { ...run, extra: { ...run.extra, history } };
}

/** The section's words, each element apart. A parser that forgives nothing: what is not well-formed throws. */
function words(run: Ended): string {
  let text = '';
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('text', (part) => (text += part));
  parser.on('closetag', () => (text += ' '));
  parser.write(exposureSection(run).text).close();
  return text.replaceAll(/\s+/g, ' ');
}

describe('the section on exposures', () => {
  it('says how many nodes were exposed before and after', () => {
    expect(words(ended())).toContain('60 nodes exposed before, 33 after. Known exploited: 81 exposures before, 5 after.');
  });

  it('says how fast was patched, known exploited apart', () => {
    expect(words(ended())).toMatch(/known exploited 76 3 d 4 d all 568 3 d 4 d 2 h/);
    expect(words(ended())).toContain('4 exposures ended without a patch');
  });

  it('says which deadlines were met, by rule, in words as well as in colour', () => {
    expect(words(ended())).toContain(
      'known exploited: within 14 d of being seen met by 76 of 76 anything else: within 90 d of being seen met by 448 of 450',
    );
    expect(exposureSection(ended()).text).toContain('<td class="outcome bad" data-head="Exposures">met by 448 of 450</td>');
  });

  it('names what is open for longest, and since when it is late', () => {
    expect(words(ended())).toContain(
      'Open for longest: RHSA-2026:9978 (CVE-2025-32462 and 1 more) on 3 nodes, for 3 d 19 h; due Wed 23 Dec 2026 06:00.',
    );
    const late: ExposureHistory = {
      ...HISTORY,
      oldest: { source: 'kev', advisory: 'CVE-2026-1', cves: ['CVE-2026-1'], seen: iso(STARTED), due: iso(STARTED), nodes: 1, awaiting: true },
    };
    expect(words(ended(late))).toContain(
      'Open for longest: CVE-2026-1 on 1 node, for 3 d 19 h; overdue since Wed 9 Dec 2026 09:00; no vendor has a fix.',
    );
  });

  it('has each CVE with what CISA and EPSS say, its hours, and whether it was in time', () => {
    const text = words(ended());
    expect(text).toContain(
      'CVE-2026-31337 ALAS2023-2026-901 important since 2026-12-01, ransomware 0.94 Wed 9 Dec 09:00 Sun 13 Dec 01:00 88.4 40 2 missed',
    );
    expect(text).toContain('CVE-2026-31338 ALAS2023-2026-901 important no none Wed 9 Dec 09:00 Sun 13 Dec 01:00 88.4 40 0 met');
  });

  it('folds the many that follow the gravest', () => {
    const many: ExposureHistory = { ...HISTORY, cves: Array.from({ length: 45 }, (_value, index) => closedCve(`CVE-2026-${4_000 + index}`)) };
    const { text } = exposureSection(ended(many));
    expect(text).toContain('<summary>15 more</summary>');
    expect(text.indexOf('CVE-2026-4029')).toBeLessThan(text.indexOf('<summary>15 more'));
    expect(text.indexOf('CVE-2026-4030')).toBeGreaterThan(text.indexOf('<summary>15 more'));
  });

  it('says in words what there is no figure of', () => {
    const { oldest: _oldest, ...rest } = HISTORY;
    const text = words(ended({ ...rest, line: [], times: [], deadlines: [], cves: [], otherwise: 0 }));
    for (const sentence of [
      'No exposure was open since the run began.',
      'No exposure was closed by a patch, so there is no time to tell.',
      'Nothing that was patched had a deadline, and nothing is overdue.',
      'Nothing is open.',
      'CVEs closed None.',
    ]) {
      expect(text).toContain(sentence);
    }
  });

  it('says that nothing was reckoned, and what the rollout itself knows', () => {
    const text = words(fakeRun('succeeded').ended);
    expect(text).toContain('Exposures were not reckoned in this run');
    expect(text).toContain('CVE-2026-31337: 56 nodes');
    expect(words(fakeRun('failed').ended)).toContain('CVE-2026-31337: 9 nodes');
  });

  it('cannot be broken out of by an advisory or a rule', () => {
    const evil = '"><script>alert(1)</script>';
    const history: ExposureHistory = { ...HISTORY, deadlines: [{ rule: evil, met: 1, of: 1 }], cves: [closedCve(evil, { advisories: [evil] })] };
    expect(exposureSection(ended(history)).text).not.toContain('<script');
    const { document, result, extra } = ended(history);
    expect(reportHtml({ document, result, extra, policyText: '', madeAt: '' }).match(/<script/g)).toHaveLength(1);
  });
});

describe('the line of open exposures', () => {
  const [wide, narrow] = SIZES;
  const drawn = (history: ExposureHistory, size = wide): string => (size && exposureLine(ended(history), size)?.text) ?? '';

  it('falls where waves close them, on the time of the wave picture', () => {
    const svg = drawn(HISTORY);
    const [, all = '', exploited = ''] = /class="line" d="([^"]+)"[\s\S]*class="line exploited" d="([^"]+)"/.exec(svg) ?? [];
    const points = [...all.matchAll(/H([\d.]+)V([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points).toHaveLength(2);
    expect(points.flat()).toEqual(points.toSorted(([x = 0], [other = 0]) => x - other).flat());
    expect(points[0]?.[1]).toBeLessThan(points[1]?.[1] ?? 0);
    // 60 of 628 are open at the end, 5 of them known exploited: both lines end near the ground, in this order.
    expect(points[1]?.[1]).toBeLessThan(Number(/V([\d.]+)H[\d.]+$/.exec(exploited)?.[1]));
    expect(svg).toContain('628 open at most, 60 at the end; known exploited (dashed): 81, 5');
  });

  it('stays inside at both sizes, and is cut where there is no room for its words', () => {
    for (const size of SIZES) {
      const svg = drawn(HISTORY, size);
      const height = Number(/viewBox="0 0 \d+ ([\d.]+)"/.exec(svg)?.[1]);
      for (const [, x] of svg.matchAll(/[MH]([\d.]+)/g)) expect(Number(x)).toBeLessThanOrEqual(size.width);
      for (const [, y] of svg.matchAll(/V([\d.]+)/g)) expect(Number(y)).toBeLessThanOrEqual(height);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(drawn(HISTORY, narrow)).toContain('…');
  });

  it('has no line of known exploited ones where there were none', () => {
    const svg = drawn({ ...HISTORY, line: HISTORY.line.map((point) => ({ ...point, knownExploited: 0 })) });
    expect(svg).not.toContain('exploited');
    expect(drawn({ ...HISTORY, line: [] })).toBe('');
  });
});

describe('a rollout that an advisory has started', () => {
  const run = ended({ ...HISTORY, cves: [closedCve('CVE-2026-31337', { listed: '2026-12-01', left: 3 })] });
  run.document.timeline = [
    { at: iso(STARTED), what: 'CISA lists CVE-2026-31337 as exploited in the wild' },
    { at: iso(STARTED + 3_600_000), what: 'ana@example.com approves: "read"' },
  ];
  run.document.tickets = [{ subject: 'CVE-2026-31337', item: 'oi-1', openedAt: iso(STARTED), resolvedAt: '' }];
  const page = (): string => reportHtml({ ...run, policyText: '', madeAt: '' }).replaceAll(/\s+/g, ' ');

  it('says that nodes which no wave had are open to it still', () => {
    expect(page()).toContain('CVE-2026-31337 is known to be exploited and open on 2 nodes that no wave had');
    expect(endLines(run, { paint: createPaint(false), width: 200 }).join()).toContain('CVE-2026-31337 is open on 2 nodes that no wave had');
  });

  it('tells what happened when, who decided with which words, and what became of the ticket', () => {
    expect(page()).toContain('From the first word to the last step 1 h; 1 ticket open: oi-1 (CVE-2026-31337).');
    expect(page()).toContain('ana@example.com approves: &quot;read&quot;');
  });

  it('says neither of one that a calendar has started', () => {
    const calendar = reportHtml({ ...ended(run.extra.history), policyText: '', madeAt: '' });
    expect(calendar).not.toContain('that no wave had');
    expect(calendar).not.toContain('id="story"');
  });
});
