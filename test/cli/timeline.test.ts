import { afterEach, describe, expect, it, vi } from 'vitest';
import { gatherCve } from '../../cli/timeline/gather.ts';
import { timelineLines } from '../../cli/timeline/text.ts';
import { tell } from '../../cli/timeline/timeline.ts';
import { writeClosures, writeOpenExposures } from '../../lambdas/aws/exposures.ts';
import { cveTimeline } from '../../lambdas/core/exposures/history-cve.ts';
import { closure, exposed, open, summary } from '../core/exposures-past.ts';
import { command } from './command.ts';
import { fakeHub, rolloutRow, storeFeed } from './timeline-hub.ts';
import { ANA, course, CVE, hours, MONTHLY, ROLLOUT, ROLLOUT_PLAN } from './timeline-words.ts';
import type { CveMoment } from '../../lambdas/core/exposures/history-cve.ts';
import type { Kept } from './timeline-hub.ts';

const start = {
  policy: 'zero-day',
  advisory: 'alas A1',
  state: 'started' as const,
  platforms: [],
  subject: CVE,
  openedAt: hours(-20),
  rollouts: [ROLLOUT],
  revision: 1,
};

/** What is told, as `what: why`. */
async function told(kept: Partial<Kept>, hub = fakeHub(kept)): Promise<string[]> {
  const { facts } = await gatherCve(CVE, hub);
  return cveTimeline(facts).map(({ what, why }) => `${what}: ${why}`);
}

describe('what is gathered of a CVE', () => {
  it('is every advisory that exposed the fleet, with the moment at which it was first stored', async () => {
    const kept = { courses: [course('A1'), course('A2', { cves: ['CVE-2026-1'] })], stored: { 'alas A1': [hours(-20), hours(-21)] } };
    const { facts } = await gatherCve(CVE, fakeHub(kept));
    expect(facts.courses.map(({ advisory }) => advisory)).toEqual(['A1']);
    expect(facts.advisories).toEqual([
      { source: 'alas', advisory: 'A1', title: 'openssl security update', published: hours(-30), known: hours(-21) },
    ]);
  });

  it('is any stored advisory that names it, where none exposed the fleet', async () => {
    const hub = fakeHub();
    const feeds = [
      await storeFeed(hub.objects, 'one', [
        { id: 'A1', source: 'alas', cves: [CVE] },
        { id: 'A2', source: 'alas', cves: [`${CVE}0`] },
      ]),
      await storeFeed(hub.objects, 'other', [{ id: 'USN-1-1', source: 'usn', cves: ['CVE-2026-1'] }]),
    ];
    const again = { ...fakeHub({ feeds, stored: { 'alas A1': [hours(-25)] } }), store: hub.store };
    const { facts } = await gatherCve(CVE, again);
    expect(facts.advisories).toEqual([{ source: 'alas', advisory: 'A1', title: 'about A1', published: hours(-30), known: hours(-25) }]);
  });

  it('is what CISA and people here have said', async () => {
    const listed = { cve: CVE, added: '2026-12-08', due: '2026-12-29', ransomware: true, product: 'OpenSSL OpenSSL' };
    const own = {
      advisory: { cve: CVE, packages: ['openssl'], title: 'heard', severity: 'critical' as const, added: hours(-9) },
      who: ANA,
      why: 'heard in the news',
    };
    expect(await told({ listed: [listed], own: [own] })).toEqual([
      'listed: known exploited since this day: OpenSSL OpenSSL, used by ransomware; to be fixed by 2026-12-29',
      `announced: ${CVE} in openssl: heard in the news`,
    ]);
  });

  it('is what policies did about it: tickets, mitigations and their rollouts', async () => {
    const mitigation = {
      policy: 'zero-day',
      node: 'n',
      advisories: ['alas A1'],
      document: 'Corp-Mitigate',
      rollout: 'zero-day-20261208-0000aa',
      appliedAt: hours(-15),
      withdrawFor: hours(-2),
      withdrawnAt: hours(-1),
    };
    const kept: Partial<Kept> = {
      courses: [course('A1')],
      starts: [start, { ...start, advisory: 'alas B9', subject: 'CVE-2026-9' }],
      tickets: [{ policy: 'zero-day', subject: CVE, item: 'oi-1', openedAt: hours(-20) }],
      mitigations: [mitigation, { ...mitigation, node: 'm', advisories: ['alas B9'] }],
      runs: {
        'zero-day withdraw': [
          { rollout: 'zero-day-20261209-0000bb', scheduledFor: hours(-2) },
          { rollout: 'zero-day-20261209-0000cc', scheduledFor: hours(-3) },
        ],
      },
      rollouts: [
        rolloutRow(ROLLOUT, 'zero-day'),
        rolloutRow('zero-day-20261208-0000aa', 'zero-day'),
        rolloutRow('zero-day-20261209-0000bb', 'zero-day'),
        rolloutRow('zero-day-20261209-0000cc', 'zero-day'),
      ],
      events: [{ rollout: ROLLOUT, at: hours(-18), what: 'approve', who: ANA, why: 'go' }],
    };
    const { facts } = await gatherCve(CVE, fakeHub(kept));
    expect(facts.starts).toHaveLength(1);
    expect(facts.mitigations).toEqual([mitigation]);
    expect(facts.rollouts.map(({ id }) => id)).toEqual([ROLLOUT, 'zero-day-20261208-0000aa', 'zero-day-20261209-0000bb']);
    expect(await told(kept)).toContain(`approve: ${ROLLOUT}: go`);
  });

  it('is every rollout whose plan closes it, even one that never came to it', async () => {
    const hub = fakeHub({
      courses: [course('A1')],
      runs: {
        monthly: [
          { rollout: 'monthly-20261101-000000', scheduledFor: hours(-500) },
          { rollout: MONTHLY, scheduledFor: hours(-10) },
          { rollout: 'monthly-20261210-111111', scheduledFor: hours(-9) },
        ],
      },
      rollouts: [
        rolloutRow('monthly-20261101-000000', 'monthly'),
        rolloutRow(MONTHLY, 'monthly'),
        rolloutRow('monthly-20261210-111111', 'monthly', { planKey: 'plans/other.json' }),
      ],
    });
    hub.objects.set(ROLLOUT_PLAN, Buffer.from(JSON.stringify({ fixes: { p: { 'openssl x86_64 2': { advisories: ['A1'], cves: [CVE] } } } })));
    hub.objects.set('plans/other.json', Buffer.from(JSON.stringify({ fixes: { p: { 'curl x86_64 2': { advisories: ['A2'], cves: [] } } } })));
    const { facts } = await gatherCve(CVE, hub);
    expect(facts.rollouts.map(({ id }) => id)).toEqual([MONTHLY]);
  });

  it('is the end of each wave that has one', async () => {
    const waves = [
      { rollout: ROLLOUT, name: 'inside', verdict: 'fail' as const, reasons: ['2 of 2 nodes failed'], endedAt: hours(-8) },
      { rollout: ROLLOUT, name: 'test', verdict: 'pass' as const, reasons: ['patched 2'], endedAt: hours(-9) },
      { rollout: ROLLOUT, name: 'last', verdict: 'inconclusive' as const },
    ];
    const lines = await told({ courses: [course('A1', { rollouts: [ROLLOUT] })], rollouts: [rolloutRow(ROLLOUT, 'zero-day')], waves });
    expect(lines.slice(-2)).toEqual(['passed: wave test: patched 2 (what it installed is proven)', 'failed: wave inside: 2 of 2 nodes failed']);
  });

  it('is the last node, from the evidence of the days around the end', async () => {
    const hub = fakeHub({ courses: [course('ALAS-1', { closed: hours(-3) })] });
    const own = closure({ rollout: ROLLOUT, nodes: { 'i-1': -5, 'i-2': -3 }, exposures: [exposed('ALAS-1'), exposed('ALAS-9')] });
    await writeClosures(hub.store, [own], { at: hours(20), run: 'scan-1' });
    await writeClosures(hub.store, [closure({ by: 'scan', nodes: { 'i-3': -3 }, exposures: [exposed('ALAS-1')] })], {
      at: hours(-900),
      run: 'scan-0',
    });
    expect((await told({}, hub)).at(-1)).toBe('closed: ALAS-1: its last node was clear: 111111111111/eu-central-1/i-2; no node is exposed any more');
    const counted = { id: 'i-2', location: '111111111111/eu-central-1', name: 'db-04', os: 'linux' as const, online: true, tags: {} };
    await writeOpenExposures(hub.store, summary([]), [counted]);
    expect((await told({}, hub)).at(-1)).toContain('its last node was clear: db-04;');
  });
});

describe('the command', () => {
  const printed: string[] = [];
  afterEach(() => {
    printed.length = 0;
    vi.restoreAllMocks();
  });
  function listen(stream: 'log' | 'error'): void {
    vi.spyOn(console, stream).mockImplementation((line: string) => void printed.push(line));
  }

  it('prints an array of moments with --json, each { at, what, who, why }', async () => {
    listen('log');
    expect(await tell(CVE, fakeHub({ courses: [course('A1')] }), true)).toBe(0);
    const moments = JSON.parse(printed.join('')) as CveMoment[];
    expect(moments.map(({ what }) => what)).toEqual(['published', 'exposed', 'fixable']);
    for (const moment of moments) expect(Object.keys(moment)).toEqual(['at', 'what', 'who', 'why']);
  });

  it('prints lines, and what is open now', async () => {
    listen('log');
    const hub = fakeHub({ courses: [course('A1')] });
    await writeOpenExposures(hub.store, summary([open('ALAS-1', { cves: [CVE], nodes: 3, due: hours(48) }), open('ALAS-2')]), []);
    expect(await tell(CVE, hub, false)).toBe(0);
    expect(printed.join('\n')).toContain('open      ALAS-1: 3 nodes, due 2026-12-11 06:00');
    expect(printed.join('\n')).not.toContain('ALAS-2');
  });

  it('says plainly that a CVE is not known, with status 2', async () => {
    listen('error');
    expect(await tell(CVE, fakeHub({ courses: [course('A1', { cves: ['CVE-2026-1'] })] }), false)).toBe(2);
    expect(printed).toEqual([`nothing is known of ${CVE} here: no stored advisory, no entry of CISA's list and nobody here has named it`]);
  });

  it('knows what a CVE looks like, before it asks anybody', async () => {
    const { status, stdout, stderr } = await command('timeline', 'openssl');
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: '"openssl" is no CVE: expected one such as CVE-2026-31337\n' });
  });

  it('helps: every option, an example and the exit statuses', async () => {
    const { status, stdout } = await command('timeline', '--help');
    expect(status).toBe(0);
    for (const text of ['--json', '--qualifier', '--endpoint', 'Example:\n  npx wavelock timeline CVE-', 'Exit status: 0 told, 2'])
      expect(stdout).toContain(text);
  });
});

describe('the lines', () => {
  const moment = (hour: number, what: string, why = 'x', who = 'wavelock'): CveMoment => ({ at: hours(hour), what, who, why });

  it('have the instant in UTC and the hours since the announcement, also before it', () => {
    const lines = timelineLines(CVE, [moment(-30.5, 'known'), moment(-30, 'published', 'A1', 'alas'), moment(6, 'done')], []);
    expect(lines.slice(3, 6)).toEqual([
      '  2026-12-07 23:30      -0.5 h  known       wavelock: x',
      '  2026-12-08 00:00      +0.0 h  published   alas: A1',
      '  2026-12-09 12:00     +36.0 h  done        wavelock: x',
    ]);
  });

  it('fit into a hundred columns, under the words, and cannot be obeyed by a terminal', () => {
    const lines = timelineLines(
      CVE,
      [moment(-1, 'approve', `zero-day-1: ${'seen by the database team '.repeat(8)}\u001b[2J\u202e`, 'ana@example.com')],
      [],
    );
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.slice(4, 6).every((line) => line.startsWith(' '.repeat(44)))).toBe(true);
    for (const mark of ['\u001b', '\u202e']) expect(lines.join('')).not.toContain(mark);
  });

  it.each([100, 80, 60, 45])('never cut an ARN, an id or an address, %s columns wide', (width) => {
    const why = `${ROLLOUT}: as https://change.example.com/tickets/CHG-2026-0001234567?view=full says, seen by the database team and by ${ANA.replace('ana@', 'a-rather-long-name@')}`;
    const lines = timelineLines(CVE, [moment(-1, 'published', 'ALAS2023-2026-939: sudo', 'alas'), moment(0, 'approve', why, ANA)], [], width);
    for (const word of `${ANA}: ${why}`.split(' ')) expect(lines.some((line) => line.trim().split(/ +/).includes(word))).toBe(true);
    for (const line of lines) expect(line.length <= width || !line.trim().includes(' '), line).toBe(true);
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain(`approve ${ANA}: ${why}`);
  });

  it('say once which advisory it is', () => {
    const advisory = {
      ...summary([open('ALAS2023-2026-939')]).advisories[0]!,
      title: 'Amazon Linux 2023 - ALAS2023-2026-939: Important package update for sudo',
    };
    expect(timelineLines(CVE, [moment(-1, 'exposed')], [advisory])[0]).toBe(`${CVE}: Important package update for sudo`);
  });

  it('end with how it stands: open, closed, or never here', () => {
    const [one, excepted] = [
      summary([open('A1', { nodes: 1 })]).advisories,
      summary([open('A1', { nodes: 0 })]).advisories.map((advisory) => ({ ...advisory, excepted: 2 })),
    ];
    const last = (moments: CveMoment[], advisories = one): string | undefined => timelineLines(CVE, moments, advisories).at(-1);
    expect(last([moment(-1, 'exposed')])).toBe('open      A1: 1 node');
    expect(last([moment(-1, 'exposed')], excepted)).toBe('open      A1: 0 nodes, 2 with an exception');
    expect(last([moment(-1, 'exposed'), moment(0, 'closed')], [])).toBe('closed    no node is exposed to it');
    expect(last([moment(-1, 'published')], [])).toBe('No node of this fleet was ever found to be exposed to it.');
  });
});
