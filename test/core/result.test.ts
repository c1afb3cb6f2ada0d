import { describe, expect, it } from 'vitest';
import { itemKey } from '../../lambdas/core/candidate.ts';
import { makePlan, Plan, writtenPlan } from '../../lambdas/core/plan.ts';
import { makeResult } from '../../lambdas/core/result.ts';
import { facts, node, OPT_IN, policy, policyFile } from './plan-world.ts';
import type { FleetFacts, Outcome, Policy } from '../../lambdas/core/model.ts';
import type { RunFacts, WaveFacts } from '../../lambdas/core/result.ts';

const PLATFORM = 'amazon-linux-2023-x86_64';
const [OPENSSL] = facts().available;
/** Only production has it, so no test node can prove it. */
const ONLY_HERE = { ...OPENSSL!, name: 'postgresql15', version: '15.8-1.amzn2023.0.1' };

/** A plan of one test node and one of production, which is offered `offers`. */
function planOf(offers: FleetFacts['available'], more: Partial<Policy> = {}): Plan {
  const rules = policy(more);
  const [tested, other] = [node('t1', { tags: { Wavelock: 'enabled', Environment: 'test' } }), node('p1')];
  const fleet = [tested, { ...other, scan: { ...other.scan!, fingerprint: 'e'.repeat(64) } }];
  const known = new Map([
    ['f'.repeat(64), facts()],
    ['e'.repeat(64), facts({ available: offers })],
  ]);
  const plan = makePlan({
    rollout: 'monthly-20261209-3f9ca1',
    file: policyFile(rules),
    policy: rules,
    fleet,
    facts: known,
    advisories: [],
    documents: {},
    optIn: OPT_IN,
    scheduledFor: '2026-12-09T08:00:00Z',
    now: Date.UTC(2026, 11, 9, 8),
  });
  return Plan.parse(JSON.parse(JSON.stringify(writtenPlan(plan))));
}

/** Whether the node of production is exposed after it ended so, with what its wave's lock had. */
function exposedAfter(
  plan: Plan,
  outcome: Outcome,
  items = plan.candidate.flatMap((section) => section.items.map((item) => `${PLATFORM} ${itemKey(item)}`)),
) {
  const run: RunFacts = { outcome, reason: '', platform: PLATFORM, rebooted: false, startedAt: '', endedAt: '', changes: [] };
  const wave: WaveFacts = { verdict: 'pass', reasons: [], startedAt: 's', endedAt: 'e', lock: 'l', dropped: [], windows: [], items };
  const runs = new Map(plan.waves.map(({ name, nodes }) => [name, new Map(nodes.map(({ id }) => [id, run]))]));
  const waves = new Map(plan.waves.map(({ name }) => [name, wave]));
  const { nodes } = makeResult({ plan, planKey: 'k', status: 'succeeded', reason: '', waves, runs });
  return nodes.find(({ name }) => name === 'p1')?.exposedAfter;
}

describe('what a node is exposed to after its rollout', () => {
  it.each([
    ['patched', false],
    ['already-proven', false],
    ['ahead', false],
    ['failed', true],
    ['unknown', true],
    ['reboot-pending', true],
  ] as const)('%s with everything that it was offered: %s', (outcome, expected) => {
    expect(exposedAfter(planOf([OPENSSL!]), outcome)).toBe(expected);
  });

  it('is what no test node has, so that nobody has proven it', () => {
    expect(exposedAfter(planOf([OPENSSL!, ONLY_HERE]), 'patched')).toBe(true);
  });

  it('is a newer version than its lock has, and not one that the lock has passed', () => {
    expect(exposedAfter(planOf([{ ...OPENSSL!, version: '1:3.0.8-1.amzn2023.0.9' }]), 'patched')).toBe(true);
    expect(exposedAfter(planOf([{ ...OPENSSL!, version: '1:3.0.8-1.amzn2023.0.4' }]), 'patched')).toBe(false);
  });

  it('is what too few test nodes have proven, so that its lock lacks it', () => {
    expect(exposedAfter(planOf([OPENSSL!]), 'patched', [])).toBe(true);
  });

  it('is nothing that the policy does not want, or leaves out there', () => {
    const leftOut = (nodes?: { tags: Record<string, string> }) => ({
      ...policy().patches,
      leaveOut: [{ package: 'postgresql*', why: 'w', owner: 'o', until: '2026-12-31', ...(nodes && { nodes }) }],
    });
    expect(exposedAfter(planOf([OPENSSL!, { ...ONLY_HERE, kind: 'bugfix' }]), 'patched')).toBe(false);
    expect(exposedAfter(planOf([OPENSSL!, ONLY_HERE], { patches: leftOut() }), 'patched')).toBe(false);
    expect(exposedAfter(planOf([OPENSSL!, ONLY_HERE], { patches: leftOut({ tags: { Wavelock: 'enabled' } }) }), 'patched')).toBe(false);
  });
});
