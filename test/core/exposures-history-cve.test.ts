import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedAt, cveTimeline } from '../../lambdas/core/exposures/history-cve.ts';
import { hours } from './exposures-past.ts';
import type { Course } from '../../lambdas/core/exposures/courses.ts';
import type { CveFacts, RolloutStory } from '../../lambdas/core/exposures/history-cve.ts';

const CVE = 'CVE-2026-31337';
const ROLLOUT = 'zero-day-20261221-a91f00';
const ANA = 'arn:aws:sts::111111111111:assumed-role/ChangeManager/ana@example.com';

function facts(more: Partial<CveFacts> = {}): CveFacts {
  return {
    cve: CVE,
    advisories: [],
    listed: undefined,
    announced: undefined,
    said: [],
    courses: [],
    starts: [],
    tickets: [],
    mitigations: [],
    rollouts: [],
    closings: [],
    ...more,
  };
}

function course(advisory: string, more: Partial<Course> = {}): Course {
  return {
    source: 'alas',
    advisory,
    title: 'openssl security update',
    severity: 'critical',
    cves: [CVE],
    published: hours(-30),
    seen: hours(-20),
    most: 4,
    rollouts: [ROLLOUT],
    ...more,
  };
}

function story(more: Partial<RolloutStory> = {}): RolloutStory {
  return {
    id: ROLLOUT,
    status: 'succeeded',
    reason: 'every wave passed',
    createdAt: hours(-19),
    waves: ['test', 'inside'],
    ended: [],
    events: [],
    ...more,
  };
}

const words = (found: CveFacts): string[] => cveTimeline(found).map(({ what }) => what);

describe('the timeline of a CVE', () => {
  it('goes from its announcement to the last node and the ticket', () => {
    const told = facts({
      advisories: [{ source: 'alas', advisory: 'ALAS2023-2026-901', title: 'openssl security update', published: hours(-30), known: hours(-21) }],
      listed: { cve: CVE, added: '2026-12-08', due: '2026-12-29', ransomware: false, product: 'OpenSSL OpenSSL' },
      courses: [course('ALAS2023-2026-901', { fixable: hours(-20), closed: hours(-3) })],
      starts: [{ policy: 'zero-day', subject: CVE, openedAt: hours(-20), awaitedSince: undefined }],
      tickets: [{ policy: 'zero-day', subject: CVE, item: 'oi-0123456789ab', openedAt: hours(-20), resolvedAt: hours(-2) }],
      rollouts: [
        story({
          ended: [{ name: 'inside', verdict: 'pass', reasons: ['patched 2'], endedAt: hours(-3) }],
          events: [
            { at: hours(-19), what: 'approval', wave: 'test', who: 'wavelock', why: '2 exact versions for 4 nodes in 2 waves' },
            { at: hours(-18), what: 'approve', who: ANA, why: 'seen by the database team' },
            { at: hours(-10), what: 'passed', wave: 'test', who: 'wavelock', why: 'patched 2' },
            { at: hours(-3), what: 'done', wave: 'inside', who: 'wavelock', why: 'every wave passed' },
          ],
        }),
      ],
      closings: [{ advisory: 'alas ALAS2023-2026-901', node: '111111111111/eu-central-1/i-1', closed: hours(-3), by: ROLLOUT }],
    });
    expect(cveTimeline(told)).toEqual([
      { at: hours(-30), what: 'published', who: 'alas', why: 'ALAS2023-2026-901: openssl security update' },
      {
        at: '2026-12-08T00:00:00.000Z',
        what: 'listed',
        who: 'CISA',
        why: 'known exploited since this day: OpenSSL OpenSSL; to be fixed by 2026-12-29',
      },
      { at: hours(-21), what: 'known', who: 'wavelock', why: 'ALAS2023-2026-901 was stored here for the first time' },
      { at: hours(-20), what: 'exposed', who: 'wavelock', why: 'ALAS2023-2026-901: the first node was found to be exposed, 4 nodes at most' },
      { at: hours(-20), what: 'fixable', who: 'wavelock', why: 'ALAS2023-2026-901: its fix was out already' },
      { at: hours(-20), what: 'told', who: 'wavelock', why: `policy zero-day: ${CVE} reaches nodes of this policy` },
      { at: hours(-20), what: 'ticket', who: 'wavelock', why: `OpsItem oi-0123456789ab about ${CVE} was opened (policy zero-day)` },
      { at: hours(-19), what: 'planned', who: ROLLOUT, why: 'waves test, inside' },
      { at: hours(-19), what: 'approval', who: ROLLOUT, why: '2 exact versions for 4 nodes in 2 waves' },
      { at: hours(-18), what: 'approve', who: ANA, why: `${ROLLOUT}: seen by the database team` },
      { at: hours(-10), what: 'passed', who: ROLLOUT, why: 'wave test: patched 2 (what it installed is proven)' },
      { at: hours(-3), what: 'passed', who: ROLLOUT, why: 'wave inside: patched 2' },
      { at: hours(-3), what: 'done', who: ROLLOUT, why: 'every wave passed' },
      {
        at: hours(-3),
        what: 'closed',
        who: ROLLOUT,
        why: 'ALAS2023-2026-901: its last node was clear: 111111111111/eu-central-1/i-1; no node is exposed any more',
      },
      { at: hours(-2), what: 'resolved', who: 'wavelock', why: 'OpsItem oi-0123456789ab was resolved: every node that the policy names is closed' },
    ]);
  });

  it('says who announced, who took it back and why, also before it was announced again', () => {
    const own = { cve: CVE, packages: ['openssl'], title: 'x', severity: 'unrated' as const, added: hours(-20), withdrawn: hours(-18) };
    const said = [
      { at: hours(-30), what: 'advisory-add', who: 'bob', why: 'a rumour' },
      { at: hours(-29), what: 'advisory-withdraw', who: 'bob', why: 'only a rumour' },
      { at: hours(-20), what: 'advisory-add', who: ANA, why: 'our CERT says so' },
      { at: hours(-18), what: 'advisory-withdraw', who: 'cyd', why: 'not affected' },
    ];
    expect(
      cveTimeline(facts({ announced: { advisory: own, who: ANA, why: 'our CERT says so' }, said })).map(({ what, who, why }) => [what, who, why]),
    ).toEqual([
      ['announced', 'bob', `${CVE}: a rumour`],
      ['taken-back', 'bob', `${CVE}: only a rumour`],
      ['announced', ANA, `${CVE} in openssl: our CERT says so`],
      ['taken-back', 'cyd', `${CVE}: not affected`],
    ]);
  });

  it('does not call clear what its advisory only speaks of no more', () => {
    const closing = { advisory: 'person X', node: 'web-1', closed: hours(-3), by: 'wavelock', vanished: true };
    const told = cveTimeline(
      facts({ courses: [course('X', { source: 'person', closed: hours(-3) })], closings: [closing, { ...closing, node: 'web-2' }] }),
    );
    expect(told.at(-1)).toMatchObject({
      what: 'closed',
      why: 'X: it speaks of its last 2 nodes no more, and nothing was patched: web-1, web-2; no node is exposed any more',
    });
  });

  it('names the end of every wave once, and the one that proves', () => {
    // The event is written a moment after the wave's end.
    const events = [{ at: hours(-8.9), what: 'failed', wave: 'inside', who: 'wavelock', why: '2 of 2 nodes failed' }];
    const ended: RolloutStory['ended'] = [
      { name: 'test', verdict: 'pass', reasons: ['patched 2'], endedAt: hours(-10) },
      { name: 'inside', verdict: 'fail', reasons: ['2 of 2 nodes failed'], endedAt: hours(-9) },
    ];
    const told = cveTimeline(facts({ rollouts: [story({ status: 'failed', ended, events })] }));
    expect(told.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'planned: waves test, inside',
      'passed: wave test: patched 2 (what it installed is proven)',
      'failed: wave inside: 2 of 2 nodes failed',
    ]);
  });

  it('does not call a single wave a proof', () => {
    const ended: RolloutStory['ended'] = [{ name: 'all', verdict: 'pass', reasons: ['patched 2'], endedAt: hours(-10) }];
    expect(cveTimeline(facts({ rollouts: [story({ waves: ['all'], ended })] })).at(-1)?.why).toBe('wave all: patched 2');
  });

  it('keeps words that it does not know, with who and why', () => {
    const events = [{ at: hours(-9), what: 'acknowledge', who: ANA, why: 'I have it' }];
    expect(cveTimeline(facts({ rollouts: [story({ events })] })).at(-1)).toEqual({
      at: hours(-9),
      what: 'acknowledge',
      who: ANA,
      why: `${ROLLOUT}: I have it`,
    });
  });

  it('says that nothing was planned where a plan had nothing to do', () => {
    expect(cveTimeline(facts({ rollouts: [story({ status: 'nothing', reason: 'the policy only observes' })] }))[0]?.why).toBe(
      'nothing to do: the policy only observes',
    );
  });
});

describe('before a vendor speaks', () => {
  const early = course(CVE, { source: 'person', seen: hours(-28), closed: hours(-20), most: 2 });
  const announced = {
    advisory: { cve: CVE, packages: ['openssl', 'openssl-libs'], title: 'heard in the news', severity: 'critical' as const, added: hours(-29) },
    who: ANA,
    why: 'heard in the news',
  };

  it('people here announce it, and people are told that there is no fix', () => {
    const told = cveTimeline(
      facts({
        announced,
        courses: [{ ...early, closed: hours(-1) }],
        starts: [{ policy: 'zero-day', subject: CVE, openedAt: hours(-28), awaitedSince: hours(-28) }],
      }),
    );
    expect(told.map(({ what }) => what)).toEqual(['announced', 'exposed', 'awaiting', 'told', 'closed']);
    expect(told[0]).toEqual({ at: hours(-29), what: 'announced', who: ANA, why: `${CVE} in openssl, openssl-libs: heard in the news` });
  });

  it('what stood in until then is not called closed when the vendor takes over', () => {
    const told = cveTimeline(facts({ courses: [early, course('ALAS2023-2026-901', { seen: hours(-28), fixable: hours(-20) })] }));
    expect(told.filter(({ what }) => what === 'closed')).toEqual([]);
    expect(told.find(({ what }) => what === 'fixable')?.why).toBe('ALAS2023-2026-901: a fix is out, seen here for the first time');
  });

  it('an announcement that was taken back is told', () => {
    expect(words(facts({ announced: { ...announced, advisory: { ...announced.advisory, withdrawn: hours(-5) } } }))).toEqual([
      'announced',
      'taken-back',
    ]);
  });
});

describe('mitigations', () => {
  const applied = (node: string, more: Partial<CveFacts['mitigations'][number]> = {}): CveFacts['mitigations'][number] => ({
    policy: 'zero-day',
    node,
    document: 'Corp-MitigateService',
    rollout: 'zero-day-20261220-0000aa',
    appliedAt: hours(-16),
    ...more,
  });

  it('are one moment for all nodes of a rollout', () => {
    expect(cveTimeline(facts({ mitigations: [applied('a'), applied('b', { appliedAt: hours(-15) })] }))).toEqual([
      { at: hours(-16), what: 'mitigated', who: 'zero-day-20261220-0000aa', why: 'Corp-MitigateService stands in for the fix on 2 nodes' },
    ]);
  });

  it('say what it is that stands in, be it no document', () => {
    const told = (by: 'lambda' | 'automation') =>
      cveTimeline(facts({ mitigations: [applied('a', { by, document: 'waf-block', withdrawnAt: hours(-2) })] })).map(({ why }) => why);
    expect(told('lambda')).toEqual(['function waf-block stands in for the fix on 1 node', 'function waf-block was taken back on 1 node']);
    expect(told('automation')[0]).toBe('runbook waf-block stands in for the fix on 1 node');
    expect(cveTimeline(facts({ mitigations: [applied('a'), applied('b', { by: 'lambda' })] }))).toHaveLength(2);
  });

  it('are withdrawn when the last node has given them back; until then it is said on how many', () => {
    const back = applied('a', { withdrawnAt: hours(-2) });
    expect(cveTimeline(facts({ mitigations: [back, applied('b')] })).at(-1)).toMatchObject({
      at: hours(-2),
      what: 'withdrawn',
      why: expect.stringMatching(/ was taken back on 1 of 2 nodes$/),
    });
    expect(cveTimeline(facts({ mitigations: [back, applied('b', { withdrawnAt: hours(-1) })] })).at(-1)).toMatchObject({
      at: hours(-1),
      what: 'withdrawn',
      why: expect.stringMatching(/ was taken back on 2 nodes$/),
    });
  });
});

describe('its end', () => {
  it('is the end of the last advisory, and not before', () => {
    const ubuntu = course('USN-7001-1', { source: 'usn', closed: hours(-1) });
    const amazon = course('ALAS2023-2026-901', { closed: hours(-3) });
    const ends = (courses: Course[]): string[] =>
      cveTimeline(facts({ courses }))
        .filter(({ what }) => what === 'closed')
        .map(({ why }) => why);
    expect(ends([ubuntu, amazon])).toEqual([
      'ALAS2023-2026-901: its last node was clear',
      'USN-7001-1: its last node was clear; no node is exposed any more',
    ]);
    expect(ends([course('USN-7001-1', { source: 'usn', closed: hours(-3) }), amazon]).filter((why) => why.includes('no node'))).toHaveLength(1);
    expect(ends([course('USN-7001-1', { source: 'usn' }), amazon])).toEqual(['ALAS2023-2026-901: its last node was clear']);
  });

  it('names the last nodes, three at most, of that advisory only', () => {
    const closings = ['d', 'c', 'b', 'a'].map((node) => ({ advisory: 'alas A1', node, closed: hours(-3), by: 'a scan' }));
    const others = [
      { advisory: 'alas A2', node: 'x', closed: hours(-3), by: 'a scan' },
      { advisory: 'alas A1', node: 'y', closed: hours(-4), by: ROLLOUT },
    ];
    const [end] = cveTimeline(facts({ courses: [course('A1', { closed: hours(-3) })], closings: [...closings, ...others] })).slice(-1);
    expect(end).toEqual({
      at: hours(-3),
      what: 'closed',
      who: 'a scan',
      why: 'A1: its last 4 nodes were clear: a, b, c and 1 more; no node is exposed any more',
    });
  });

  it('is told again when it was exposed again', () => {
    expect(words(facts({ courses: [course('A1', { reopened: hours(-2) })] }))).toEqual(['exposed', 'reopened']);
  });
});

describe('the announcement that hours count from', () => {
  it('is the first word of anybody: a vendor, CISA or people here', () => {
    const at = (what: string, hour: number) => ({ at: hours(hour), what, who: '', why: '' });
    expect(announcedAt([at('known', -9), at('listed', -8), at('published', -7)])).toBe(hours(-8));
    expect(announcedAt([at('exposed', -9)])).toBe(hours(-9));
    expect(announcedAt([])).toBeUndefined();
  });
});

it('of whatever is known, moments are in order and each is told once', () => {
  const hour = fc.integer({ min: -40, max: -1 }).map(hours);
  const courses = fc.array(fc.record({ advisory: fc.constantFrom('A1', 'A2', 'A3'), seen: hour, closed: fc.option(hour, { nil: undefined }) }), {
    maxLength: 4,
  });
  const events = fc.array(
    fc.record({
      at: hour,
      what: fc.constantFrom('approval', 'approve', 'passed', 'held', 'done', 'other'),
      who: fc.constantFrom('wavelock', ANA),
      why: fc.string(),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(courses, events, (drawn, told) => {
      const known = facts({
        courses: drawn.map(({ closed, ...one }) => course(one.advisory, { ...one, ...(closed === undefined ? {} : { closed }) })),
        rollouts: [story({ events: told })],
      });
      const moments = cveTimeline(known);
      expect(moments.map(({ at }) => at)).toEqual(moments.map(({ at }) => at).toSorted());
      expect(new Set(moments.map((moment) => JSON.stringify(moment))).size).toBe(moments.length);
      expect(moments.length).toBeGreaterThan(0);
    }),
  );
});

it('of a CVE that nobody knows there are no moments', () => {
  expect(cveTimeline(facts())).toEqual([]);
});
