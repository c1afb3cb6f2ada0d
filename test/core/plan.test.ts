import { describe, expect, it } from 'vitest';
import { factsText, parseFacts } from '../../lambdas/core/facts.ts';
import { batchName, batchNumber, groupName, parseBatchName, rolloutName, scanName } from '../../lambdas/core/names.ts';
import { emptyPlan, makePlan, Plan, silentPlan, writtenPlan } from '../../lambdas/core/plan.ts';
import { facts, node, OPT_IN, policy, policyFile, wave } from './plan-world.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { PlanInput } from '../../lambdas/core/plan.ts';

const FP = 'f'.repeat(64);
const NOW = Date.UTC(2026, 11, 9, 8);
const advisory: Advisory = {
  id: 'ALAS2023-2026-931',
  source: 'alas',
  title: 't',
  kind: 'security',
  published: '2026-11-01T00:00:00Z',
  updated: '2026-11-01T00:00:00Z',
  severity: 'important',
  cves: ['CVE-2026-1111'],
  versionKind: 'rpm',
  affected: [{ os: 'amazon-linux', release: '2023', package: 'openssl', fixedVersion: '1:3.0.8-1.amzn2023.0.5', kind: 'binary' }],
  references: [],
  provenance: { feed: 'f', url: 'https://example.com/f', sha256: 'a'.repeat(64), fetchedAt: '2026-11-01T00:00:00Z' },
};

function input(more: Partial<PlanInput> = {}): PlanInput {
  const rules = more.policy ?? policy();
  return {
    rollout: 'monthly-20261209-3f9ca1',
    file: policyFile(rules),
    policy: rules,
    fleet: [node('t1', { tags: { Wavelock: 'enabled', Environment: 'test' } }), node('p1'), node('p2')],
    facts: new Map([[FP, facts()]]),
    advisories: [advisory],
    documents: {},
    optIn: OPT_IN,
    scheduledFor: '2026-12-09T08:00:00Z',
    now: NOW,
    ...more,
  };
}

describe('makePlan', () => {
  it('is equal for equal input: its hash binds what runs', () => {
    expect(JSON.stringify(makePlan(input()))).toBe(JSON.stringify(makePlan(input())));
  });

  it.each([
    ['America/New_York', '2027-01-01T02:00:00Z', true],
    ['America/New_York', '2027-01-01T05:00:00Z', false],
    ['Australia/Sydney', '2026-12-31T14:00:00Z', false],
    ['UTC', '2026-12-31T23:59:59Z', true],
  ])('leaves a package out to the end of the last day in %s, also at %s: %s', (timezone, at, isOut) => {
    const leaveOut = [{ package: 'openssl', why: 'w', owner: 'o', until: '2026-12-31' }];
    const rules = policy({ plan: { every: 'day', at: '09:00', timezone }, patches: { ...policy().patches, leaveOut } });
    expect(makePlan(input({ policy: rules, now: Date.parse(at) })).leftOutItems.map(({ name }) => name)).toEqual(isOut ? ['openssl'] : []);
  });

  it('is written with each list of CVEs once, however many nodes have it, and read as it was', () => {
    const cves = Array.from({ length: 900 }, (_, index) => `CVE-2026-${10_000 + index}`);
    const fleet = Array.from({ length: 500 }, (_, index) => node(`p${index}`));
    const plan = makePlan(
      input({ fleet: [node('t1', { tags: { Wavelock: 'enabled', Environment: 'test' } }), ...fleet], advisories: [{ ...advisory, cves }] }),
    );
    const text = JSON.stringify(writtenPlan(plan));
    // Items, nodes and lists: the last item's CVEs stand behind it as well.
    expect(text.split('CVE-2026-10000').length - 1).toBe(2);
    const read = Plan.parse(JSON.parse(text));
    expect(read).toEqual(plan);
    expect(new Set(read.waves.flatMap((one) => one.nodes.map((each) => each.cves))).size).toBe(1);
  });

  it('names the CVEs behind each item and each node', () => {
    const plan = makePlan(input());
    expect(plan.fixes['amazon-linux-2023-x86_64']).toEqual({
      'openssl x86_64 1:3.0.8-1.amzn2023.0.5': { advisories: ['ALAS2023-2026-931'], cves: ['CVE-2026-1111'] },
    });
    expect(plan.waves[0]?.nodes[0]).toMatchObject({ name: 't1', exposed: 1, cves: ['CVE-2026-1111'] });
  });

  it('says when each wave may start, one after the other with its soak', () => {
    const windows = { nights: { days: ['wed' as const, 'thu' as const], from: '22:00', to: '23:00', timezone: 'UTC', lastStart: 0 } };
    const rules = policy({
      waves: [wave('test', { nodes: { tags: { Environment: 'test' } }, window: 'nights', soak: 3600 }), wave('production', { window: 'nights' })],
    });
    const plan = makePlan(input({ policy: rules, file: { ...policyFile(rules), windows } }));
    expect(plan.waves.map((one) => new Date(one.window?.opens ?? 0).toISOString())).toEqual(['2026-12-09T22:00:00.000Z', '2026-12-10T22:00:00.000Z']);
  });

  it('says why a window does not open, and never that its wave may start at any time', () => {
    const erp = { ssm: 'mw-0123456789abcdef0', location: { account: '111111111111', region: 'eu-central-1' }, lastStart: 0 };
    const windows = {
      erp: { ...erp, read: { closed: 'is disabled', passing: false } },
      once: { cron: '0 1 1 1 ? 2026', lasts: 3600, timezone: 'UTC', lastStart: 0 },
    };
    const rules = policy({
      waves: [wave('test', { nodes: { tags: { Environment: 'test' } }, window: 'erp' }), wave('production', { window: 'once' })],
    });
    const { waves } = makePlan(input({ policy: rules, file: { ...policyFile(rules), windows } }));
    expect(waves.map(({ window, closed }) => [window, closed])).toEqual([
      [null, 'SSM maintenance window mw-0123456789abcdef0 in 111111111111/eu-central-1 is disabled'],
      [null, 'the window once never opens again'],
    ]);
  });

  it('tells the worst case: the limit and what is in work by then', () => {
    const rules = policy({ waves: [wave('all', { atOnce: { count: 2 }, stopWhen: { failed: { count: 0 }, unreachable: { count: 0 } } })] });
    expect(makePlan(input({ policy: rules })).waves[0]).toMatchObject({ atOnce: 2, failedLimit: 0, worstCase: 2 });
  });

  it('gives nodes with own exclusions a lock of their own', () => {
    const rules = policy({
      patches: {
        ...policy().patches,
        leaveOut: [{ package: 'openssl*', nodes: { tags: { App: 'rac' } }, why: 'w', owner: 'o', until: '2027-01-01' }],
      },
    });
    const fleet = [node('t1', { tags: { Wavelock: 'enabled', Environment: 'test' } }), node('p1', { tags: { Wavelock: 'enabled', App: 'rac' } })];
    const plan = makePlan(input({ policy: rules, fleet }));
    expect(plan.variants).toEqual({ 'openssl*': ['openssl*'] });
    expect(plan.waves[1]?.nodes[0]?.variant).toBe('openssl*');
  });

  it.each([
    ['no node', { fleet: [] }, 'the policy selects no node that may be patched'],
    ['no test node', { fleet: [node('p1')] }, 'the first wave, test, has no node: nothing can be proven'],
    ['nothing wanted', { facts: new Map([[FP, facts({ available: [] })]]) }, 'the nodes of the first wave are offered nothing that the policy wants'],
    ['something to do', {}, undefined],
  ])('says why there is nothing to run: %s', (_title, change, expected) => {
    expect(emptyPlan(makePlan(input(change)))).toBe(expected);
  });

  it('leaves out nodes of a platform that no test node has: nothing would be proven for them, and a failed node would stop the wave', () => {
    const plan = makePlan(input({ fleet: [...input().fleet, node('suse', { platform: 'sles-15.5-x86_64' }), node('new', { scan: undefined })] }));
    expect(plan.waves[1]?.nodes.map(({ name }) => name).toSorted()).toEqual(['new', 'p1', 'p2']);
    expect(plan.leftOutNodes).toContainEqual(
      expect.objectContaining({ name: 'suse', why: 'no node of the first wave has sles-15.5-x86_64: nothing is proven for it' }),
    );
  });

  describe('where a platform is offered nothing', () => {
    const UBUNTU = 'ubuntu-24.04-x86_64';
    const tested = { tags: { Wavelock: 'enabled', Environment: 'test' } };
    const scanned = (fingerprint: string) => ({ ...node('x', { platform: UBUNTU }).scan!, fingerprint });
    const upToDate = scanned('a'.repeat(64));
    const behind = scanned('b'.repeat(64));
    const known = new Map([
      [FP, facts()],
      [upToDate.fingerprint, facts({ platform: UBUNTU, available: [], dependencies: [] })],
      [behind.fingerprint, facts({ platform: UBUNTU })],
    ]);
    const why = (plan: Plan) => Object.fromEntries(plan.leftOutNodes.map((one) => [one.name, one.why]));
    const namesOf = (plan: Plan) => plan.waves.map(({ nodes }) => nodes.map(({ name }) => name).toSorted());

    it('leaves its nodes out as having nothing to install: they would refuse a lock without their platform, and stop the wave', () => {
      const fleet = [...input().fleet, node('u1', { ...tested, scan: upToDate }), node('u2', { scan: upToDate })];
      const plan = makePlan(input({ fleet, facts: known }));
      expect(namesOf(plan)).toEqual([['t1'], ['p1', 'p2']]);
      const words = `nothing to install: on ${UBUNTU} the first wave is offered nothing that the policy wants`;
      expect(why(plan)).toEqual({ u1: words, u2: words });
    });

    it('does not call a node up to date that is offered something which nobody can prove', () => {
      const plan = makePlan(
        input({ fleet: [...input().fleet, node('u1', { ...tested, scan: upToDate }), node('u2', { scan: behind })], facts: known }),
      );
      expect(why(plan).u2).toBe(`the first wave is offered nothing on ${UBUNTU} that the policy wants: what this node is offered is not proven`);
    });

    it('keeps a node whose facts are not known: nobody has seen that it is up to date', () => {
      const lost = scanned('c'.repeat(64));
      const fleet = [...input().fleet, node('u1', { ...tested, scan: upToDate }), node('lost', { scan: lost }), node('new', { scan: undefined })];
      expect(namesOf(makePlan(input({ fleet, facts: known })))).toEqual([['t1'], ['lost', 'new', 'p1', 'p2']]);
      const nobody = [...input().fleet, node('u1', { ...tested, scan: lost }), node('u2', { scan: behind })];
      expect(namesOf(makePlan(input({ fleet: nobody, facts: known })))).toEqual([
        ['t1', 'u1'],
        ['p1', 'p2', 'u2'],
      ]);
    });

    it('leaves a node out of whose lock its own rules leave nothing', () => {
      const leaveOut = [{ package: '*', nodes: { tags: { App: 'rac' } }, why: 'w', owner: 'o', until: '2027-01-01' }];
      const rac = node('rac', { tags: { Wavelock: 'enabled', App: 'rac' } });
      const plan = makePlan(input({ policy: policy({ patches: { ...policy().patches, leaveOut } }), fleet: [...input().fleet, rac] }));
      expect(namesOf(plan)).toEqual([['t1'], ['p1', 'p2']]);
      expect(why(plan)).toEqual({ rac: 'nothing to install: rules of its own leave out all that it could get (*)' });
    });
  });

  it('counts a node that was never scanned in its wave: silence is not forgotten', () => {
    const silent = node('t2', { tags: { Wavelock: 'enabled', Environment: 'test' }, scan: undefined });
    const plan = makePlan(input({ fleet: [...input().fleet, silent] }));
    expect(plan.waves[0]?.nodes.find((one) => one.name === 't2')).toMatchObject({ platform: 'unknown', exposed: 0 });
  });
});

describe('names', () => {
  it('lead from a batch id back to its key', () => {
    const rollout = rolloutName('linux-monthly', '2026-12-09T08:00:00Z', '3f9ca1ffff');
    const batch = { group: groupName(rollout, 'test'), number: batchNumber('patch', 2, 0, 13) };
    expect(batchName(batch)).toBe('linux-monthly-20261209-3f9ca1-test-p2-0-13');
    expect(parseBatchName(batchName(batch))).toEqual(batch);
  });

  it.each(['', 'something', 'a-x1-0-0', '-p1-0-0', 'a b-p1-0-0'])('do not take "%s" for ours', (name) => {
    expect(parseBatchName(name)).toBeUndefined();
  });

  it('fit where AWS takes them: execution names of 80, the documents’ pattern', () => {
    const longest = batchName({
      group: groupName(rolloutName('p'.repeat(30), '2026-12-09', 'abcdef'), 'w'.repeat(20)),
      number: batchNumber('verify', 99, 999, 399),
    });
    expect(longest.length).toBeLessThanOrEqual(80);
    expect(longest).toMatch(/^[A-Za-z0-9-]{8,80}$/);
  });

  it.each([
    ['a person', 'x'.repeat(80)],
    ['Scheduler', '3f0c1c52-5f0e-4b6e-9a43-0f6f6d3e9c11'],
    ['EventBridge', '3f0c1c52-5f0e-4b6e-9a43-0f6f6d3e9c11_9d0c1c52-5f0e-4b6e-9a43-0f6f6d3e9c22'],
  ])('fit there for a scan as well, whoever started it: %s', (_who, execution) => {
    const group = scanName(execution, 'abcdef0123456789');
    const batch = { group, number: batchNumber('scan', 1, 99, 399) };
    expect(batchName(batch)).toMatch(/^[A-Za-z0-9-]{8,80}$/);
    expect(parseBatchName(batchName(batch))).toEqual(batch);
    expect(scanName(execution, 'fedcba9876543210') === group).toBe(execution.length === 36);
  });
});

describe('facts', () => {
  it('read back what they write, sorted, so that equal nodes have equal fingerprints', () => {
    const text = factsText(facts({ releasever: '2023.6.20241010' }));
    expect(factsText({ ...facts({ releasever: '2023.6.20241010' }), installed: facts().installed.toReversed() })).toBe(text);
    expect(factsText(parseFacts(text)!)).toBe(text);
  });

  it.each([
    '',
    'I\tonly\ttwo',
    'P\tsome platform\n',
    'P\tamazon-linux-2023-x86_64\nZ\tx\n',
    'P\tamazon-linux-2023-x86_64\nA\ta\tb\tc\tnice\tlow\t-\n',
  ])('know nothing from a list that cannot be read: %j', (text) => {
    expect(parseFacts(text)).toBeUndefined();
  });
});

describe('silentPlan', () => {
  it('does not take silence for "nothing to do"', () => {
    const silent = node('t1', { tags: { Wavelock: 'enabled', Environment: 'test' }, scan: undefined });
    expect(silentPlan(makePlan(input({ fleet: [silent, node('p1')] })))).toBe(
      'none of the 1 nodes of the first wave, test, has told what it has: nothing can be planned',
    );
    expect(silentPlan(makePlan(input()))).toBeUndefined();
    expect(silentPlan(makePlan(input({ fleet: [node('p1')] })))).toBeUndefined();
  });
});
