import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whatStarts } from '../../lambdas/core/triggers/what-starts.ts';
import { ALAS, AL, exploited, exposure, FLEET, input, keyOf, NOW, onUbuntu, UBUNTU, USN, zeroDay } from './triggers-world.ts';
import type { Decision, Standing } from '../../lambdas/core/triggers/types.ts';
import type { TriggerInput } from '../../lambdas/core/triggers/what-starts.ts';

const row = (more: Partial<Standing> = {}): Standing => {
  return {
    policy: 'zero-day',
    advisory: ALAS,
    state: 'started',
    platforms: [AL],
    patchFor: '2026-12-21T12:00:00.000Z',
    subject: 'CVE-2026-31337',
    ...more,
  };
};
const taken = new Map([['zero-day', new Set(['2026-12-21T12:00:00.000Z'])]]);

/** What was decided, as the record holds it afterwards. */
function written(before: readonly Standing[], decisions: readonly Decision[], scheduledFor = new Date(NOW).toISOString()): Standing[] {
  const rows = new Map(before.map((one) => [`${one.policy} ${one.advisory}`, one]));
  for (const decision of decisions) {
    for (const advisory of decision.advisories) {
      const key = `${decision.policy} ${advisory}`;
      const old = rows.get(key) ?? row({ advisory, policy: decision.policy, state: 'told', platforms: [], patchFor: undefined });
      const fresh = old.state === 'closed' ? { ...old, platforms: [], mitigateFor: undefined } : old;
      if (decision.action === 'close') rows.set(key, { ...fresh, state: 'closed' });
      if (decision.action === 'start' && decision.doing === 'patch')
        rows.set(key, {
          ...fresh,
          state: 'started',
          patchFor: scheduledFor,
          platforms: [...fresh.platforms, ...(decision.platforms[advisory] ?? [])],
        });
      if (decision.action === 'start' && decision.doing === 'mitigate') rows.set(key, { ...fresh, mitigateFor: scheduledFor });
      if (decision.action === 'tell')
        rows.set(key, {
          ...fresh,
          state: decision.why === 'observe' ? 'told' : decision.why === 'running' ? 'queued' : 'awaiting',
          rollout: decision.rollout,
        });
    }
  }
  return [...rows.values()];
}

function decide(more: Partial<TriggerInput>): Decision[] {
  return whatStarts(input(more));
}

const running = [{ rollout: 'zero-day-20261221-aaaaaa', policy: 'zero-day', doing: 'patch' as const }];

describe('what starts', () => {
  it('nothing, as long as nothing meets a condition', () => {
    expect(decide({ exposures: [exposure()] })).toEqual([]);
  });

  it('one rollout for everything that meets one, with all nodes that it reaches', () => {
    expect(decide({ exposures: [exploited(), onUbuntu()] })).toEqual([
      {
        action: 'start',
        doing: 'patch',
        policy: 'zero-day',
        advisories: [ALAS, USN],
        nodes: 12,
        platforms: { [ALAS]: [AL], [USN]: [UBUNTU] },
        reason: 'known exploited',
      },
    ]);
  });

  it('by what the vendor says, by EPSS, and by tags of at least one node', () => {
    const policies = [zeroDay({ startWhen: [{ vendorSays: 'exploited' }, { epssAbove: 0.9, tags: { Exposure: 'internet' } }] })];
    const quiet = exposure().urgency;
    expect(decide({ policies, exposures: [exposure({ urgency: { ...quiet, vendorExploited: true } })] })).toMatchObject([
      { action: 'start', nodes: 6 },
    ]);
    expect(decide({ policies, exposures: [exposure({ urgency: { ...quiet, epss: 0.95 } })] })).toMatchObject([
      { action: 'start', nodes: 6, reason: 'EPSS over 0.9, tag Exposure=internet' },
    ]);
    expect(decide({ policies, exposures: [onUbuntu({ urgency: { ...quiet, epss: 0.95 } })] })).toEqual([]);
    expect(decide({ policies, exposures: [exposure({ urgency: { ...quiet, epss: 0.9 } })] })).toEqual([]);
  });

  it('only on nodes that the policy names, that opted in, and that have no exception', () => {
    const excepted = FLEET.filter(({ scan }) => scan?.fingerprint === 'a').map(({ name }) => ({ node: keyOf(name), why: 'dba: rebuilt in January' }));
    expect(decide({ exposures: [exploited({ excepted })] })).toEqual([]);
    expect(decide({ exposures: [exploited({ excepted: excepted.slice(1) })] })).toMatchObject([{ nodes: 1 }]);
    expect(decide({ exposures: [exploited()], optIn: { key: 'Wavelock', value: 'yes' } })).toEqual([]);
    expect(decide({ exposures: [exploited()], policies: [zeroDay({ nodes: { os: 'windows', exposed: true } })] })).toEqual([]);
  });

  it.each(['locked', 'needs-entitlement', 'reboot-pending', 'unknown'] as const)('not what no patch can close: %s', (state) => {
    const decisions = decide({ exposures: [exploited({ state })] });
    expect(decisions.filter(({ action }) => action === 'start')).toEqual([]);
  });

  it('nothing for a policy without startWhen', () => {
    expect(decide({ policies: [zeroDay({ startWhen: undefined })], exposures: [exploited()] })).toEqual([]);
  });
});

describe('one advisory', () => {
  it('never starts two', () => {
    expect(decide({ exposures: [exploited()], asked: [row()], taken })).toEqual([]);
  });

  it('starts again on a platform that it had not reached with a fix before', () => {
    const both = [exploited(), exploited({ fingerprint: 'b', platform: UBUNTU })];
    expect(decide({ exposures: both, asked: [row()], taken })).toMatchObject([{ action: 'start', platforms: { [ALAS]: [UBUNTU] } }]);
  });

  it('starts again when it comes back after every node was closed', () => {
    expect(decide({ exposures: [exploited()], asked: [row({ state: 'closed' })], taken })).toMatchObject([{ action: 'start' }]);
  });

  it('whose event was lost is sent again after a while, under the same planned time', () => {
    const asked = [row({ patchFor: new Date(NOW - 16 * 60_000).toISOString() })];
    expect(decide({ exposures: [exploited()], asked })).toEqual([
      {
        action: 'again',
        doing: 'patch',
        policy: 'zero-day',
        scheduledFor: asked[0]?.patchFor,
        advisories: [ALAS],
        reason: 'its event was lost: sent again',
      },
    ]);
    expect(decide({ exposures: [exploited()], asked: [row({ patchFor: new Date(NOW - 60_000).toISOString() })] })).toEqual([]);
  });
});

describe('a running rollout', () => {
  it('is told of what comes next, and not raced', () => {
    expect(decide({ exposures: [exploited(), onUbuntu()], asked: [row()], running, taken })).toEqual([
      {
        action: 'tell',
        why: 'running',
        policy: 'zero-day',
        advisories: [USN],
        nodes: 6,
        rollout: 'zero-day-20261221-aaaaaa',
        reason: 'known exploited',
      },
    ]);
  });

  it('is told once; when it has ended, what was queued starts', () => {
    const queued = row({ advisory: USN, state: 'queued', platforms: [], patchFor: undefined, rollout: 'zero-day-20261221-aaaaaa' });
    expect(decide({ exposures: [exploited(), onUbuntu()], asked: [row(), queued], running, taken })).toEqual([]);
    expect(decide({ exposures: [exploited(), onUbuntu()], asked: [row(), queued], taken })).toMatchObject([{ action: 'start', advisories: [USN] }]);
  });

  it("of another policy is none of this one's", () => {
    expect(decide({ exposures: [exploited()], running: [{ ...running[0]!, policy: 'monthly' }] })).toMatchObject([{ action: 'start' }]);
  });
});

describe('a policy that only observes', () => {
  const policies = [zeroDay({ mode: 'observe', whileNoFix: { run: 'Corp-X', withdrawWhen: 'patched' } })];

  it('tells once and starts nothing', () => {
    const decisions = decide({ policies, exposures: [exploited(), onUbuntu({ state: 'awaiting-vendor' })] });
    expect(decisions.map(({ action, advisories }) => [action, advisories])).toEqual([
      ['tell', [ALAS]],
      ['tell', [USN]],
    ]);
    expect(decide({ policies, exposures: [exploited(), onUbuntu({ state: 'awaiting-vendor' })], asked: written([], decisions) })).toEqual([]);
  });

  it('starts what it has told of once it may', () => {
    expect(decide({ exposures: [exploited()], asked: [row({ state: 'told', platforms: [], patchFor: undefined })] })).toMatchObject([
      { action: 'start' },
    ]);
  });
});

describe('without a fix', () => {
  const without = exploited({ state: 'awaiting-vendor' });
  const policies = [zeroDay({ whileNoFix: { run: 'Corp-MitigateService', withdrawWhen: 'patched' } })];
  const awaiting = row({ state: 'awaiting', platforms: [], patchFor: undefined });
  const carried = FLEET.filter(({ scan }) => scan?.fingerprint === 'a').map(({ name }) => ({
    policy: 'zero-day',
    node: keyOf(name),
    advisories: [ALAS],
    document: 'Corp-MitigateService',
  }));

  it('people are told, once', () => {
    expect(decide({ exposures: [without] })).toMatchObject([{ action: 'tell', why: 'no-fix', nodes: 6, advisories: [ALAS] }]);
    expect(decide({ exposures: [without], asked: [awaiting] })).toEqual([]);
  });

  it('a mitigation starts, once', () => {
    const decisions = decide({ policies, exposures: [without] });
    expect(decisions).toMatchObject([{ action: 'tell' }, { action: 'start', doing: 'mitigate', nodes: 6 }]);
    expect(decide({ policies, exposures: [without], asked: written([], decisions) })).toEqual([]);
  });

  it('the fix starts the plan the moment that it is there', () => {
    expect(decide({ exposures: [exploited()], asked: [awaiting] })).toMatchObject([{ action: 'start', doing: 'patch', nodes: 6 }]);
  });

  it('a rollout for those with a fix does not wait for those without', () => {
    expect(decide({ exposures: [exploited(), onUbuntu({ state: 'awaiting-vendor' })] })).toMatchObject([
      { action: 'start', advisories: [ALAS], nodes: 6 },
      { action: 'tell', why: 'no-fix', advisories: [USN] },
    ]);
  });

  it('what stood in is withdrawn from nodes that are no longer exposed, and only from them', () => {
    expect(
      decide({ policies, exposures: [without], asked: [{ ...awaiting, mitigateFor: new Date(NOW).toISOString() }], mitigated: carried }),
    ).toEqual([]);
    const patched = decide({ policies, exposures: [], asked: [row()], taken, mitigated: carried });
    expect(patched).toMatchObject([{ action: 'withdraw', nodes: carried.map(({ node }) => node), advisories: [ALAS] }, { action: 'close' }]);
    expect(
      decide({
        policies,
        exposures: [],
        asked: [row({ state: 'closed' })],
        mitigated: carried.map((one) => ({ ...one, withdrawFor: new Date(NOW).toISOString() })),
      }),
    ).toEqual([]);
  });

  it.each([
    ['it does not meet a condition any more', { exposures: [exposure({ state: 'awaiting-vendor' })] }],
    ['it has a fix, and no condition holds any more', { exposures: [exposure()] }],
    ['the node does not opt in any more', { exposures: [without], fleet: FLEET.map((one) => ({ ...one, tags: { Environment: 'test' } })) }],
    ['nobody knows any more what the node has', { exposures: [], fingerprintOf: () => undefined }],
  ])('nothing is withdrawn from a node that is exposed still: %s', (_title, more) => {
    const asked = [{ ...awaiting, mitigateFor: new Date(NOW).toISOString(), platforms: [AL] }];
    const decisions = decide({ policies, asked, taken, mitigated: carried, ...more });
    expect(decisions.filter(({ action }) => action === 'withdraw')).toEqual([]);
  });

  it.each(['kev', 'person'])('a vendor who speaks at last takes over from %s: nothing is withdrawn or closed before its advisory is', (source) => {
    const forerunner = `${source} CVE-2026-31337`;
    const asked = [{ ...awaiting, advisory: forerunner, mitigateFor: new Date(NOW).toISOString() }];
    const mitigated = carried.map((one) => ({ ...one, advisories: [forerunner] }));
    expect(decide({ policies, exposures: [exploited()], asked, mitigated })).toMatchObject([{ action: 'start', doing: 'patch', advisories: [ALAS] }]);
    expect(decide({ policies, exposures: [exposure()], asked, mitigated })).toEqual([]);
    expect(decide({ policies, exposures: [], asked, mitigated })).toMatchObject([
      { action: 'withdraw', advisories: [forerunner] },
      { action: 'close', advisories: [forerunner] },
    ]);
  });

  it('is withdrawn once all patches are there, and one document after another', () => {
    const [other, ...rest] = carried;
    const mitigated = [...rest, { ...other!, document: 'Corp-Other' }];
    expect(decide({ policies, exposures: [], asked: [row()], taken, mitigated, running })).toEqual([]);
    const [first] = decide({ policies, exposures: [], asked: [row()], taken, mitigated });
    expect(first).toMatchObject({ action: 'withdraw', nodes: rest.map(({ node }) => node) });
  });
});

describe('what is withdrawn at once', () => {
  const policies = [zeroDay({ whileNoFix: { automation: { document: 'Corp-X', role: 'R' }, withdrawWhen: 'patched' } })];
  const [a, b, c] = FLEET.slice(0, 3).map(({ name }) => ({ policy: 'zero-day', node: keyOf(name), advisories: [ALAS], document: 'Corp-X' }));

  it.each([
    ['a document and a runbook of one name', [a!, { ...b!, by: 'automation' as const, role: 'R' }], 1],
    [
      'a function and a runbook of one name',
      [
        { ...a!, by: 'lambda' as const },
        { ...b!, by: 'automation' as const, role: 'R' },
      ],
      1,
    ],
    [
      'a runbook with two roles',
      [
        { ...a!, by: 'automation' as const, role: 'R' },
        { ...b!, by: 'automation' as const, role: 'S' },
      ],
      1,
    ],
    ['one runbook', [a!, b!, c!].map((one) => ({ ...one, by: 'automation' as const, role: 'R' })), 3],
  ])('%s', (_title, mitigated, nodes) => {
    const [first] = decide({ policies, exposures: [], asked: [row()], taken, mitigated });
    expect(first).toMatchObject({ action: 'withdraw' });
    expect(first?.action === 'withdraw' && first.nodes).toHaveLength(nodes);
  });
});

describe('closed', () => {
  it('is only what no node that the policy names is exposed to, whether or not it opted in', () => {
    const stranger = { ...FLEET[0]!, tags: { Environment: 'production' } };
    const policies = [zeroDay({ nodes: { os: 'linux', exposed: true } })];
    expect(decide({ policies, exposures: [exploited()], fleet: [stranger], asked: [row()], taken })).toEqual([]);
    expect(decide({ policies, exposures: [], fleet: [stranger], asked: [row()], taken })).toEqual([
      { action: 'close', policy: 'zero-day', advisories: [ALAS], reason: 'no node that the policy names is exposed any more' },
    ]);
  });

  it.each(['awaiting-vendor', 'locked', 'reboot-pending', 'unknown'] as const)('is nothing that is still %s somewhere', (state) => {
    expect(decide({ exposures: [exploited({ state })], asked: [row()], taken })).toEqual([]);
  });

  it('is told after the rollout, not while it runs', () => {
    expect(decide({ exposures: [], asked: [row()], taken, running })).toEqual([]);
  });

  it('stays closed', () => {
    expect(decide({ exposures: [], asked: [row({ state: 'closed' })], taken })).toEqual([]);
  });
});

describe('whatever is open', () => {
  const state = fc.constantFrom('exposed', 'probable', 'awaiting-vendor', 'locked', 'reboot-pending', 'unknown');
  const some = fc.array(
    fc
      .record({ state, listed: fc.boolean(), ubuntu: fc.boolean(), number: fc.integer({ min: 1, max: 4 }) })
      .map(({ listed, ubuntu, number, ...more }) => {
        const base = ubuntu ? onUbuntu : exploited;
        return base({ ...more, advisory: `X-${number}`, ...(listed ? {} : { urgency: exposure().urgency }) });
      }),
    { maxLength: 6 },
  );
  const mode = fc.constantFrom('observe', 'approve', 'auto');

  it('a second look decides nothing that the first has done', () => {
    fc.assert(
      fc.property(some, mode, (exposures, policyMode) => {
        const policies = [zeroDay({ mode: policyMode, whileNoFix: { run: 'Corp-X', withdrawWhen: 'patched' } })];
        const first = decide({ policies, exposures });
        const asked = written([], first);
        const times = new Map([['zero-day', new Set(asked.flatMap(({ patchFor }) => patchFor ?? []))]]);
        expect(decide({ policies, exposures, asked, taken: times })).toEqual([]);
        if (policyMode === 'observe') expect(first.filter(({ action }) => action === 'start')).toEqual([]);
      }),
    );
  });

  function startedBy(platforms: Record<string, string[]>): string[] {
    return Object.entries(platforms).flatMap(([advisory, names]) => names.map((platform) => `${advisory} ${platform}`));
  }

  it('no advisory is started twice for a platform, in any order of looks', () => {
    fc.assert(
      fc.property(fc.array(some, { maxLength: 5 }), (looks) => {
        let asked: Standing[] = [];
        let started: string[] = [];
        const times = new Set<string>();
        for (const [index, exposures] of looks.entries()) {
          const now = NOW + index * 3_600_000;
          const decisions = decide({ exposures, asked, taken: new Map([['zero-day', times]]), now });
          const closed = decisions.flatMap((decision) => (decision.action === 'close' ? decision.advisories : []));
          const fresh = decisions.flatMap((decision) => (decision.action === 'start' ? startedBy(decision.platforms) : []));
          started = [...started.filter((one) => !closed.some((advisory) => one.startsWith(`${advisory} `))), ...fresh];
          times.add(new Date(now).toISOString());
          asked = written(asked, decisions, new Date(now).toISOString());
          expect(new Set(started).size).toBe(started.length);
        }
      }),
    );
  });
});
