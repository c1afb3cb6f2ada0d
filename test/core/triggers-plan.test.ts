import { describe, expect, it } from 'vitest';
import { emptyPlan, makePlan, Plan } from '../../lambdas/core/plan.ts';
import { closingOf } from '../../lambdas/core/triggers/closing.ts';
import {
  AL,
  ALAS,
  CVE,
  EXPLOITED,
  exploited,
  exposure,
  FLEET,
  fingerprintOf,
  keyOf,
  NOW,
  onUbuntu,
  OPT_IN,
  UBUNTU,
  USN,
  zeroDay,
} from './triggers-world.ts';
import type { Available, FleetFacts, Policy } from '../../lambdas/core/model.ts';
import type { Closing, ClosingInput } from '../../lambdas/core/triggers/closing.ts';

function update(name: string, version: string, advisories: string[] = [], kind: Available['kind'] = 'security'): Available {
  return { name, arch: 'x86_64', version, kind, severity: 'important', advisories };
}

/** Amazon Linux names advisories with its updates, Ubuntu does not. */
const FACTS = new Map<string, FleetFacts>([
  [
    'a',
    {
      platform: AL,
      releasever: '2023.6.20241010',
      installed: [],
      available: [
        update('openssl', '1:3.0.8-5', ['ALAS2023-2026-931']),
        update('curl', '8.5.0-1', ['ALAS2023-2026-927']),
        update('vim', '9.1-1', [], 'bugfix'),
      ],
      dependencies: [{ name: 'libnew', arch: 'x86_64', version: '1-1' }],
    },
  ],
  ['b', { platform: UBUNTU, installed: [], available: [update('openssl', '1:3.0.8-5'), update('curl', '8.5.0-2')], dependencies: [] }],
]);

function close(more: Partial<ClosingInput> = {}): Closing {
  return closingOf({
    policy: zeroDay(),
    doing: 'patch',
    because: [ALAS, USN],
    exposures: [exploited(), onUbuntu()],
    fleet: FLEET,
    fingerprintOf,
    optIn: OPT_IN,
    exploited: EXPLOITED,
    mitigated: new Set(),
    ...more,
  });
}

function plan(closing: Closing, policy: Policy = zeroDay(), facts = FACTS): Plan {
  const file = { version: 1 as const, mode: 'auto' as const, windows: {}, people: {}, policies: [policy] };
  return Plan.parse(
    makePlan({
      rollout: 'zero-day-20261221-aaaaaa',
      file,
      policy,
      fleet: FLEET,
      facts,
      advisories: [],
      documents: {},
      optIn: OPT_IN,
      scheduledFor: new Date(NOW).toISOString(),
      now: NOW,
      closing,
    }),
  );
}

const namesIn = (made: Plan, wave: string): string[] =>
  (made.waves.find(({ name }) => name === wave)?.nodes ?? []).map(({ name }) => name).toSorted();
const asked = (made: Plan): string[] =>
  made.candidate.flatMap(({ platform, items }) => items.filter(({ use }) => use !== 'dependency').map(({ name }) => `${platform} ${name}`));

describe('a plan that advisories have started', () => {
  it('asks for what closes them and lets everything else only come along', () => {
    const made = plan(close());
    expect(asked(made)).toEqual([`${AL} openssl`, `${UBUNTU} openssl`]);
    expect(made.candidate[0]?.items.filter(({ use }) => use === 'dependency').map(({ name }) => name)).toEqual(['curl', 'libnew', 'vim']);
  });

  it('finds it by package and version where the repository names no advisory, and never takes an older one for the fix', () => {
    const old = new Map([...FACTS, ['b', { ...FACTS.get('b')!, available: [update('openssl', '1:3.0.8-4')] }]] as const);
    expect(asked(plan(close(), zeroDay(), old))).toEqual([`${AL} openssl`]);
    expect(asked(plan(close(), zeroDay(), new Map([...FACTS, ['b', { ...FACTS.get('b')!, available: [update('openssl', '1:3.0.8-9')] }]])))).toEqual([
      `${AL} openssl`,
      `${UBUNTU} openssl`,
    ]);
  });

  it('says what it closes, for evidence and people', () => {
    const made = plan(close());
    expect(made.fixes[UBUNTU]).toEqual({ 'openssl x86_64 1:3.0.8-5': { advisories: ['USN-7500-1'], cves: [CVE] } });
    expect(made.waves.flatMap(({ nodes }) => nodes).every(({ exposed, cves }) => exposed === 1 && cves[0] === CVE)).toBe(true);
    expect(made.because).toMatchObject({
      subject: CVE,
      nodes: 12,
      fixable: 12,
      awaiting: 0,
      reason: `CISA lists ${CVE} as exploited since 2026-12-21`,
    });
  });

  it('touches exposed nodes only', () => {
    const made = plan(close({ because: [ALAS] }));
    expect(namesIn(made, 'test')).toEqual(['a-1', 'a-2']);
    expect(namesIn(made, 'inside')).toEqual(['a-5', 'a-6', 'a-7', 'a-8']);
  });

  it("touches all of the policy's nodes, with all that the policy wants, where the policy does not say otherwise", () => {
    const policy = zeroDay({
      nodes: { tags: { Wavelock: 'enabled' } },
      patches: { kinds: ['security'], severity: { atLeast: 'low', unrated: 'include' }, leaveOut: [] },
    });
    const made = plan(close({ policy, because: [ALAS] }), policy);
    expect(made.waves.flatMap(({ nodes }) => nodes)).toHaveLength(12);
    expect(asked(made)).toEqual([`${AL} curl`, `${AL} openssl`, `${UBUNTU} curl`, `${UBUNTU} openssl`]);
  });

  it('lets test nodes prove that an earlier rollout has closed: only they can', () => {
    const fleet = FLEET.map((node) =>
      node.name === 'a-1' || node.name === 'a-2' ? { ...node, scan: { ...node.scan!, fingerprint: 'closed' } } : node,
    );
    const made = plan(close({ because: [ALAS], fleet }), zeroDay(), new Map([...FACTS, ['closed', { ...FACTS.get('a')!, available: [] }]]));
    expect(namesIn(made, 'test')).toEqual(['a-1', 'a-2']);
    expect(namesIn(made, 'inside')).toEqual(['a-5', 'a-6', 'a-7', 'a-8']);
    expect(made.waves[0]?.nodes.map(({ exposed }) => exposed)).toEqual([0, 0]);
    expect(asked(made)).toEqual([`${AL} openssl`]);
  });

  it('touches no node of which somebody has accepted the exposure, not even to prove', () => {
    const accepted = ['a-1', 'a-2', 'a-5'].map((name) => ({ node: keyOf(name), why: 'rebuilt in January' }));
    const made = plan(close({ because: [ALAS], exposures: [exploited({ excepted: accepted })] }));
    expect(made.waves.map(({ nodes }) => nodes.map(({ name }) => name).toSorted())).toEqual([[], ['a-6', 'a-7', 'a-8']]);
    expect(emptyPlan(made)).toBe('the first wave, test, has no node: nothing can be proven');
  });

  it('leaves out, with the reason, who has no fix', () => {
    const made = plan(close({ exposures: [exploited(), onUbuntu({ state: 'awaiting-vendor' })] }));
    expect(made.leftOutNodes.map(({ name, why }) => `${name}: ${why}`)).toContain('b-9: no vendor has a fix yet');
    expect(made.because).toMatchObject({ nodes: 12, fixable: 6, awaiting: 6, awaitingOn: [UBUNTU] });
    const locked = plan(
      close({
        exposures: [exploited(), onUbuntu({ state: 'locked', packages: [{ ...exposure({ state: 'locked' }).packages[0]!, why: 'held to 2023.6' }] })],
      }),
    );
    expect(locked.leftOutNodes.map(({ name, why }) => `${name}: ${why}`)).toContain('b-9: held to 2023.6');
    expect(locked.because).toMatchObject({ blocked: 6 });
  });

  it('has nothing to run when no repository offers the fix', () => {
    const made = plan(close(), zeroDay(), new Map([...FACTS].map(([key, facts]) => [key, { ...facts, available: [] }])));
    expect(emptyPlan(made)).toBe('no exposed node is offered what closes it: its repositories do not have the fix');
  });

  it('leaves out, with the reason, exposed nodes whose repositories do not have the fix yet, and patches the others', () => {
    const made = plan(close(), zeroDay(), new Map([...FACTS, ['b', { ...FACTS.get('b')!, available: [] }]]));
    expect(asked(made)).toEqual([`${AL} openssl`]);
    expect(new Set(made.waves.flatMap(({ nodes }) => nodes.map(({ platform }) => platform)))).toEqual(new Set([AL]));
    expect(made.leftOutNodes.map(({ name, why }) => `${name}: ${why}`)).toContain(
      `b-9: no node of ${UBUNTU} is offered what closes it: its repositories do not have the fix`,
    );
  });

  it('does not forget what started it when a score has fallen since', () => {
    const policy = zeroDay({ startWhen: [{ epssAbove: 0.9 }] });
    expect(close({ policy, exposures: [exposure()], because: [ALAS], exploited: new Map() }).alert).toMatchObject({
      nodes: 6,
      reason: expect.stringContaining('when it started'),
    });
  });
});

describe('an alert', () => {
  it('counts services as they are affected, the most first', () => {
    expect(close().alert.services).toEqual([
      { name: 'api', exposed: 6, of: 6 },
      { name: 'web', exposed: 6, of: 6 },
    ]);
    const some = [{ node: keyOf('a-5'), why: 'x' }];
    expect(close({ exposures: [exploited({ excepted: some })] }).alert.services).toEqual([{ name: 'web', exposed: 5, of: 6 }]);
  });

  it('counts nodes with the tags that the policy asks for', () => {
    const policy = zeroDay({ startWhen: [{ knownExploited: true }, { epssAbove: 0.5, tags: { Exposure: 'internet' } }] });
    expect(close({ policy }).alert.tagged).toEqual([{ tag: 'Exposure=internet', nodes: 4 }]);
  });

  it('counts exposed nodes that the policy does not reach, so that nobody takes them for closed', () => {
    const fleet = FLEET.map((node) => (node.name === 'a-8' ? { ...node, tags: {} } : node));
    expect(close({ fleet, because: [ALAS] }).alert).toMatchObject({ nodes: 5, outside: { nodes: 1, names: ['a-8'] } });
    expect(close().alert.outside).toEqual({ nodes: 0, names: [] });
  });

  it('is called after the exploited CVE, not after the first', () => {
    expect(close({ exposures: [exploited({ cves: ['CVE-2020-0001', CVE] })] }).alert.subject).toBe(CVE);
    expect(close({ exposures: [exposure({ cves: ['CVE-2020-0002', 'CVE-2020-0001'] })] }).alert.subject).toBe('CVE-2020-0001');
    expect(close({ exposures: [exposure({ cves: [] })] }).alert.subject).toBe('ALAS2023-2026-931');
  });
});

describe('what stands in for a fix', () => {
  const without = [exploited({ state: 'awaiting-vendor' })];

  it('goes to nodes without one that do not carry it yet, and needs no lock', () => {
    const made = plan(close({ doing: 'mitigate', exposures: without, mitigated: new Set([keyOf('a-8')]) }));
    expect(made.waves.map(({ nodes }) => nodes.map(({ name }) => name).toSorted())).toEqual([
      ['a-1', 'a-2'],
      ['a-5', 'a-6', 'a-7'],
    ]);
    expect(made).toMatchObject({ doing: 'mitigate', candidate: [] });
    expect(emptyPlan(made)).toBeUndefined();
  });

  it('is withdrawn from nodes that carry it', () => {
    const made = plan(close({ doing: 'withdraw', exposures: [], mitigated: new Set([keyOf('a-1'), keyOf('a-8')]) }));
    expect(made.waves.map(({ nodes }) => nodes.map(({ name }) => name))).toEqual([['a-1'], ['a-8']]);
  });
});
