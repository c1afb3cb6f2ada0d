import { describe, expect, it } from 'vitest';
import { dueOf } from '../../lambdas/core/exposures/deadlines.ts';
import { EPSS_RISE, exceptionFor, exceptionId, reviewExceptions } from '../../lambdas/core/exposures/exceptions.ts';
import { meets, urgencyOf } from '../../lambdas/core/exposures/urgency.ts';
import { pathText } from '../../lambdas/core/policy/problems.ts';
import { readPolicy } from '../../lambdas/core/policy/read.ts';
import { iso, known, NOTHING_KNOWN, NOW } from './exposures-world.ts';
import { node } from './plan-world.ts';
import type { Clock, ExceptionState, Urgency } from '../../lambdas/core/exposures/types.ts';
import type { Intelligence } from '../../lambdas/core/exposures/urgency.ts';
import type { Deadline, Exception } from '../../lambdas/core/model.ts';

const DAY = 86_400;
const TODAY = '2026-12-09';

function written(parts: object): unknown {
  const policy = {
    nodes: { os: 'linux' },
    plan: { every: 'day', at: '09:00', timezone: 'UTC' },
    patches: { kinds: ['security'] },
    waves: [{ name: 'test', nodes: 'everything-else' }],
  };
  return { version: 1, policies: { monthly: policy }, ...parts };
}

function deadlines(...entries: unknown[]): Deadline[] {
  const read = readPolicy(written({ deadlines: entries }), TODAY);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.policy.deadlines ?? [];
}

function problemsOf(parts: object): string[] {
  const read = readPolicy(written(parts), TODAY);
  return 'problems' in read
    ? read.problems.map(({ path, message, hint }) => `${pathText(path)}: ${message}${hint === undefined ? '' : ` (${hint})`}`)
    : [];
}

const QUIET: Urgency = { severity: 'moderate', knownExploited: false, ransomware: false, vendorExploited: false };
const clock = (more: Partial<Clock> = {}): Clock => ({ published: iso(-240), seen: iso(0), fixable: iso(0), ...more });

describe('how urgent an advisory is', () => {
  const two: Intelligence = {
    exploited: new Map([
      ['CVE-2026-0001', { cve: 'CVE-2026-0001', added: '2026-12-01', due: '2026-12-20', ransomware: false, product: 'x' }],
      ['CVE-2026-0002', { cve: 'CVE-2026-0002', added: '2026-12-02', due: '2026-12-15', ransomware: true, product: 'x' }],
    ]),
    scores: new Map([
      ['CVE-2026-0001', { cve: 'CVE-2026-0001', epss: 0.2, percentile: 0.7 }],
      ['CVE-2026-0003', { cve: 'CVE-2026-0003', epss: 0.9 }],
    ]),
  };

  it('is the gravest word on any of its CVEs', () => {
    const cves = ['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'];
    expect(urgencyOf({ cves, severity: 'low', exploited: true }, two)).toEqual({
      severity: 'low',
      knownExploited: true,
      kevDue: '2026-12-15',
      ransomware: true,
      vendorExploited: true,
      epss: 0.9,
      percentile: 0.7,
    });
  });

  it('has no score where EPSS has none, which is not 0', () => {
    expect(urgencyOf({ cves: ['CVE-2026-0009'], severity: 'low' }, two)).not.toHaveProperty('epss');
  });

  it.each([
    [{}, QUIET, {}, true],
    [{ knownExploited: true }, QUIET, {}, false],
    [{ knownExploited: false }, QUIET, {}, true],
    [{ knownExploited: true, severity: ['moderate' as const] }, { ...QUIET, knownExploited: true }, {}, true],
    [{ severity: ['critical' as const, 'unrated' as const] }, QUIET, {}, false],
    [{ epssAbove: 0.9 }, { ...QUIET, epss: 0.9 }, {}, false],
    [{ epssAbove: 0.9 }, { ...QUIET, epss: 0.91 }, {}, true],
    [{ epssAbove: 0 }, QUIET, {}, false],
    [{ percentileAbove: 0.95 }, { ...QUIET, percentile: 0.96 }, {}, true],
    [{ vendorSays: 'exploited' as const }, { ...QUIET, vendorExploited: true }, {}, true],
    [{ tags: { Exposure: 'internet' } }, QUIET, { Exposure: 'internet', App: 'x' }, true],
    [{ tags: { Exposure: 'internet' } }, QUIET, { Exposure: 'inside' }, false],
  ])('meets %j with %j on a node tagged %j: %s', (condition, urgency, tags, expected) => {
    expect(meets(condition, urgency, tags)).toBe(expected);
  });
});

describe('deadlines', () => {
  it('are those of the first rule that fits', () => {
    const rules = deadlines(
      { when: { knownExploited: true }, fixWithin: '14d' },
      { when: { severity: 'critical' }, fixWithin: '30d' },
      { fixWithin: '90d' },
    );
    expect(dueOf(clock(), { ...QUIET, knownExploited: true, severity: 'critical' }, {}, rules)).toEqual({
      due: iso(14 * 24),
      deadline: 'known exploited: within 14 d of being seen',
    });
    expect(dueOf(clock(), { ...QUIET, severity: 'critical' }, {}, rules)?.due).toBe(iso(30 * 24));
    expect(dueOf(clock(), QUIET, {}, rules)).toMatchObject({ due: iso(90 * 24), deadline: 'anything else: within 90 d of being seen' });
    expect(dueOf(clock(), QUIET, {}, deadlines({ when: { knownExploited: true }, fixWithin: '14d' }))).toBeUndefined();
  });

  it('count from when something could be done: the fix, where it came after the exposure', () => {
    const rules = deadlines({ fixWithin: '1d' });
    expect(dueOf(clock({ seen: iso(0), fixable: iso(50) }), QUIET, {}, rules)?.due).toBe(iso(74));
    expect(dueOf(clock({ fixable: undefined }), QUIET, {}, rules)).toEqual({ deadline: 'anything else: within 24 h of being seen' });
  });

  it('count from publication where a rule says so, as standards do', () => {
    const rules = deadlines({ fixWithin: '30d', from: 'published' });
    expect(dueOf(clock({ published: iso(-240) }), QUIET, {}, rules)?.due).toBe(iso(30 * 24 - 240));
    // Announced first, fixed later: the fix is what is released.
    expect(dueOf(clock({ published: iso(-240), seen: iso(-200), fixable: iso(0) }), QUIET, {}, rules)?.due).toBe(iso(30 * 24));
  });

  it("take CISA's date into account where they obey it, the earlier of both, also as long as there is no fix", () => {
    const rules = deadlines({ when: { knownExploited: true }, kevDueDate: 'obey', fixWithin: '14d' });
    const listed = { ...QUIET, knownExploited: true, kevDue: '2026-12-12' };
    expect(dueOf(clock(), listed, {}, rules)).toEqual({
      due: '2026-12-12T23:59:59.000Z',
      deadline: "known exploited: within 14 d of being seen, or by CISA's date",
    });
    expect(dueOf(clock(), { ...listed, kevDue: '2027-06-01' }, {}, rules)?.due).toBe(iso(14 * 24));
    expect(dueOf(clock({ fixable: undefined }), listed, {}, rules)?.due).toBe('2026-12-12T23:59:59.000Z');
  });

  it.each([
    ['pci-dss-4', { severity: 'critical' }, {}, -240 + 30 * 24],
    ['pci-dss-4', { severity: 'important' }, {}, -240 + 30 * 24],
    ['pci-dss-4', { severity: 'unrated' }, {}, -240 + 90 * 24],
    ['essential-eight', { severity: 'critical' }, {}, -240 + 48],
    ['essential-eight', { knownExploited: true }, { Exposure: 'internet' }, -240 + 48],
    ['essential-eight', { vendorExploited: true }, {}, -240 + 48],
    ['essential-eight', {}, { Exposure: 'internet' }, -240 + 14 * 24],
    ['essential-eight', {}, {}, -240 + 30 * 24],
  ] as const)('of %s: %j on %j', (preset, urgency, tags, hours) => {
    expect(dueOf(clock(), { ...QUIET, ...urgency }, tags, deadlines({ preset }))?.due).toBe(iso(hours));
  });

  it("of bod-22-01 are CISA's and nothing else", () => {
    const rules = deadlines({ preset: 'bod-22-01' }, { fixWithin: '60d' });
    expect(dueOf(clock(), { ...QUIET, knownExploited: true, kevDue: '2026-12-24' }, {}, rules)?.due).toBe('2026-12-24T23:59:59.000Z');
    expect(dueOf(clock(), QUIET, {}, rules)?.due).toBe(iso(60 * 24));
  });

  it('are refused where they say nothing, are never reached, or are no deadlines', () => {
    expect(problemsOf({ deadlines: [{ fixWithin: '90d' }, { preset: 'bod-22-01' }] })).toEqual([
      'deadlines[1]: is never reached: entry 1 holds for every exposure',
    ]);
    expect(problemsOf({ deadlines: [{ preset: 'pci-dss-4' }, { fixWithin: '1d' }] })).toEqual([
      'deadlines[1]: is never reached: entry 1 holds for every exposure',
    ]);
    expect(problemsOf({ deadlines: [{ when: { knownExploited: true } }] })).toEqual([
      'deadlines[0]: sets no deadline: name fixWithin, kevDueDate or both',
    ]);
    expect(problemsOf({ deadlines: [{ when: { epss: 0.9, knownExplotied: true }, fixWithin: 3 }, 'x'] })).toEqual([
      'deadlines[0].when.epss: expected a limit such as "> 0.9": a number from 0 to 1, in quotes',
      'deadlines[0].when.knownExplotied: unknown key (did you mean `knownExploited`?)',
      'deadlines[0].fixWithin: expected a duration such as 90s, 30m, 12h or 3d',
      'deadlines[1]: expected a rule such as { when: { knownExploited: true }, fixWithin: 14d }, or { preset: pci-dss-4 }',
    ]);
  });
});

describe('exceptions', () => {
  const exception = (more: Partial<Exception> = {}): Exception => ({
    cve: 'CVE-2026-0001',
    owner: 'ann',
    why: 'filtered at the proxy',
    until: '2027-01-31',
    ...more,
  });
  const review = (exceptions: Exception[], intelligence: Intelligence, before: ExceptionState[] = [], now = NOW) =>
    reviewExceptions({ exceptions, known: new Map(before.map((state) => [state.id, state])), cvesOf: () => ['CVE-2026-0001'], intelligence, now });
  const score = (epss: number): Intelligence => ({ exploited: new Map(), scores: new Map([['CVE-2026-0001', { cve: 'CVE-2026-0001', epss }]]) });

  it('remember what was said when they were first applied, and stay as they are while it stays', () => {
    const [first] = review([exception()], score(0.3));
    expect(first?.state).toEqual({ id: exceptionId(exception()), since: iso(0), knownExploited: false, ransomware: false, epss: 0.3 });
    const [second] = review([exception()], score(0.3 + EPSS_RISE - 0.01), [first!.state], NOW + DAY * 1000);
    expect(second?.state).toEqual(first?.state);
  });

  it.each([
    ['CISA lists it', NOTHING_KNOWN, known('CVE-2026-0001'), 'CISA lists it as exploited since'],
    ['ransomware uses it', known('CVE-2026-0001'), known('CVE-2026-0001', { ransomware: true }), 'CISA says since that ransomware uses it'],
    ['its EPSS rises', score(0.2), score(0.3), 'its EPSS has risen from 0.2 to 0.3'],
    ['it gets a high EPSS', NOTHING_KNOWN, score(0.5), 'its EPSS has risen from no score to 0.5'],
  ])('end for good when %s', (_what, before, after, why) => {
    const [first] = review([exception()], before);
    const [ended] = review([exception()], after, [first!.state], NOW + 1000);
    expect(ended?.state.ended).toEqual({ at: new Date(NOW + 1000).toISOString(), why });
    // What was once more urgent is looked at by a person, also when it calms down again.
    expect(review([exception()], before, [ended!.state])[0]?.state.ended).toBeDefined();
    expect(exceptionFor({ advisory: 'A1', cves: ['CVE-2026-0001'] }, node('a'), [ended!])).toBeUndefined();
  });

  it('written anew count anew', () => {
    const [first] = review([exception()], NOTHING_KNOWN);
    const [ended] = review([exception()], known('CVE-2026-0001'), [first!.state]);
    const [renewed] = review([exception({ why: 'seen by security on 9 Dec' })], known('CVE-2026-0001'), [ended!.state]);
    expect(renewed?.state).toMatchObject({ knownExploited: true });
    expect(renewed?.state.ended).toBeUndefined();
  });

  it('past their end count no more', () => {
    expect(review([exception({ until: '2026-12-08' }), exception({ until: '2026-12-09' })], NOTHING_KNOWN)).toHaveLength(1);
  });

  it('cover an advisory by its id, or when each of its CVEs is covered, on the nodes that they name', () => {
    const live = (...list: Exception[]) => review(list, NOTHING_KNOWN);
    const words = 'filtered at the proxy (ann, until 2027-01-31)';
    const both = { advisory: 'A1', cves: ['CVE-2026-0001', 'CVE-2026-0002'] };
    expect(exceptionFor(both, node('a'), live(exception()))).toBeUndefined();
    expect(exceptionFor(both, node('a'), live(exception(), exception({ cve: 'CVE-2026-0002' })))).toBe(words);
    expect(exceptionFor(both, node('a'), live(exception({ cve: undefined, advisory: 'A1' })))).toBe(words);
    expect(exceptionFor({ advisory: 'A1', cves: [] }, node('a'), live(exception()))).toBeUndefined();
    const onlyRac = exception({ nodes: { tags: { App: 'rac' } } });
    expect(exceptionFor({ advisory: 'A1', cves: ['CVE-2026-0001'] }, node('a', { tags: { App: 'rac' } }), live(onlyRac))).toBe(words);
    expect(exceptionFor({ advisory: 'A1', cves: ['CVE-2026-0001'] }, node('a'), live(onlyRac))).toBeUndefined();
  });

  it('are refused without exactly one thing that they are about, without words, and past their end', () => {
    const entry = { owner: 'ann', why: 'x', until: '2027-01-31' };
    expect(problemsOf({ exceptions: [entry, { ...entry, cve: 'CVE-2026-0001', advisory: 'ALAS2023-2026-901' }] })).toEqual([
      'exceptions[0]: names neither or both: give one of cve and advisory',
      'exceptions[1]: names neither or both: give one of cve and advisory',
    ]);
    expect(
      problemsOf({
        exceptions: [
          { ...entry, cve: 'CVE-1' },
          { ...entry, cve: 'CVE-2026-0001', until: '2026-12-08' },
          { cve: 'CVE-2026-0001', owner: '', why: 'x', until: '2027-01-01' },
        ],
      }),
    ).toEqual([
      'exceptions[0].cve: expected a CVE such as CVE-2026-31337',
      'exceptions[2].owner: is empty',
      'exceptions[1].until: 2026-12-08 is past: this excepts nothing any more (give it a later end, or take it out)',
    ]);
  });
});
