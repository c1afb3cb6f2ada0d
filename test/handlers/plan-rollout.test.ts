import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../lambdas/aws/store.ts';
import { Plan } from '../../lambdas/core/plan.ts';
import { THROTTLED } from './faults.ts';
import { CANDIDATE, HERE, ID, THERE } from './fleet.ts';
import { documentPins, FACTS, policy, rules, seedFacts, seedNodes } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { Policy } from '../../lambdas/core/model.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => seedFacts(world));
afterEach(() => world.mend());
afterAll(() => world.stop());

/** Puts a policy where the deployed one lies; its name is new in each test, as its runs are remembered. */
async function deploy(more: Partial<Policy> = {}): Promise<string> {
  count += 1;
  const name = `p${count}`;
  const { POLICY_BUCKET: Bucket, POLICY_KEY: Key } = await world.settings('PlanRollout');
  const file = { version: 1, mode: 'auto', windows: {}, people: {}, policies: [policy({ name, ...more })] };
  await world.cloud.call(world.administrator, 's3', 'PutObject', { Bucket, Key, Body: Buffer.from(JSON.stringify(file)) });
  return name;
}

function input(name: string, more: { scheduledFor?: string; execution?: string } = {}) {
  return { policy: name, scheduledFor: '2026-11-09T09:00:00Z', execution: 'execution-1', ...more };
}

async function planOf(rollout: string): Promise<Plan> {
  const { planKey } = await world.record.rollout(rollout);
  return Plan.parse(await world.store.getJson(found(planKey, 'plan')));
}

describe('PlanRollout', () => {
  it('stores the plan under its hash and runs it', async () => {
    const name = await deploy();
    const { action, rollout, reason } = await world.answer('PlanRollout', input(name));
    expect([action, reason]).toEqual(['run', 'the policy runs by itself']);
    expect(rollout).toMatch(new RegExp(`^${name}-20261109-[0-9a-f]{6}$`));
    const row = await world.record.rollout(rollout);
    expect(row).toMatchObject({ policy: name, status: 'planned', waves: ['test', 'production'], scheduledFor: '2026-11-09T09:00:00Z' });
    const stored = await world.store.getJson(found(row.planKey, 'plan'));
    expect(row.planKey).toBe(`plans/${sha256(JSON.stringify(stored))}.json`);
    expect(await world.record.runs(name)).toMatchObject([{ rollout }]);
  });

  it('plans from the facts of the first wave, for the nodes that the policy reaches, with the documents of today', async () => {
    const { rollout } = await world.answer('PlanRollout', input(await deploy({ nodes: {} })));
    const plan = await planOf(rollout);
    expect(plan.candidate).toEqual(CANDIDATE);
    const nodes = plan.waves.map((wave) => wave.nodes.map(({ id }) => id).toSorted());
    expect(nodes).toEqual([[ID.test1, ID.test2].toSorted(), [ID.shop1, ID.shop2, ID.shop3, ID.plant1, ID.plant2, ID.office1].toSorted()]);
    expect(plan.leftOutNodes).toEqual([{ id: ID.stranger, name: 'stranger', why: expect.stringContaining('not tagged Wavelock=enabled') }]);
    const pins = await documentPins(world);
    expect(plan.documents[HERE]).toMatchObject(found(pins[HERE], 'pins'));
    expect(plan.documents[THERE]).toMatchObject(found(pins[THERE], 'pins'));
  });

  it('asks where the policy wants approval', async () => {
    const { action, rollout } = await world.answer('PlanRollout', input(await deploy({ mode: 'approve' })));
    expect(action).toBe('ask');
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'asked' });
  });

  it('only shows the plan where the policy observes', async () => {
    const { action, rollout, reason } = await world.answer('PlanRollout', input(await deploy({ mode: 'observe' })));
    expect([action, reason]).toEqual(['nothing', 'the policy only observes']);
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'nothing' });
    expect((await planOf(rollout)).waves).toHaveLength(2);
  });

  it.each([
    ['the policy selects no node that may be patched', { nodes: { tags: { App: 'none' } } }],
    ['the first wave, empty, has no node', { waves: [rules('empty', { nodes: { tags: { App: 'none' } } }), rules('production')] }],
    [
      'are offered nothing that the policy wants',
      { patches: { kinds: ['enhancement' as const], severity: { atLeast: 'low' as const, unrated: 'include' as const }, leaveOut: [] } },
    ],
  ])('has nothing to do: %s', async (why, more) => {
    const { action, rollout, reason } = await world.answer('PlanRollout', input(await deploy(more)));
    expect([action, reason]).toEqual(['nothing', expect.stringContaining(why)]);
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'nothing', reason });
  });

  it('takes silence for no success: where no scan has told of the first wave the rollout is stopped, closed as failed, and people are told', async () => {
    await seedNodes(world);
    const { action, rollout, reason } = await world.answer('PlanRollout', input(await deploy()));
    expect(action).toBe('run');
    expect(await world.record.rollout(rollout)).toMatchObject({ status: 'planned', stopped: reason, reason });
    expect(await world.answer('NextWave', { rollout })).toEqual({ action: 'close', wave: '', reason });
    expect(await world.answer('CloseRollout', { rollout })).toEqual({ status: 'failed', reason });
    expect(world.published).toMatchObject([
      { audience: 'linux-ops', event: 'failed' },
      { audience: 'security', event: 'failed' },
    ]);
  });

  it("leaves no trace on a day that is not the plan's", async () => {
    const name = await deploy({ plan: { every: 'month', patchTuesdayPlusDays: 1, at: '09:00', timezone: 'UTC' } });
    const { action, rollout, reason } = await world.answer('PlanRollout', input(name));
    expect([action, reason]).toEqual(['nothing', 'not the day of the plan']);
    expect(await world.record.findRollout(rollout)).toBeUndefined();
    expect(await world.record.runs(name)).toEqual([]);
  });

  it.each([
    ['auto', 'run'],
    ['approve', 'ask'],
    ['observe', 'nothing'],
  ] as const)('keeps its first plan and answer when it comes again (%s)', async (mode, action) => {
    const name = await deploy({ mode });
    const first = await world.answer('PlanRollout', input(name));
    const row = await world.record.rollout(first.rollout);
    await seedFacts(world, { ...FACTS, available: [] });
    await world.pass(600);
    expect(await world.answer('PlanRollout', input(name))).toEqual({ action, rollout: first.rollout, reason: 'planned before' });
    expect(await world.record.rollout(first.rollout)).toEqual(row);
  });

  it('runs what was approved meanwhile when it comes again', async () => {
    const name = await deploy({ mode: 'approve' });
    const { rollout } = await world.answer('PlanRollout', input(name));
    await world.record.setRollout(rollout, { status: 'running' });
    expect(await world.answer('PlanRollout', input(name))).toMatchObject({ action: 'run', rollout });
  });

  it('lets one execution have a run: Scheduler may start two', async () => {
    const name = await deploy();
    const both = await world.settled(
      Promise.all([
        world.answer('PlanRollout', input(name, { execution: 'left' })),
        world.answer('PlanRollout', input(name, { execution: 'right' })),
      ]),
    );
    expect(both.map(({ action }) => action).toSorted()).toEqual(['nothing', 'run']);
    expect(await world.answer('PlanRollout', input(name, { execution: 'third' }))).toMatchObject({
      action: 'nothing',
      reason: 'another execution has this run already',
    });
    expect(await world.record.runs(name)).toHaveLength(1);
  });

  it("waits for the end of the policy's last rollout", async () => {
    const name = await deploy();
    const { rollout } = await world.answer('PlanRollout', input(name));
    const next = input(name, { scheduledFor: '2026-11-10T09:00:00Z', execution: 'execution-2' });
    expect(await world.answer('PlanRollout', next)).toMatchObject({ action: 'nothing', reason: `${rollout} of this policy has not ended yet` });
    await world.record.setRollout(rollout, { status: 'failed', endedAt: '2026-11-09T12:00:00.000Z' });
    const later = input(name, { scheduledFor: '2026-11-11T09:00:00Z', execution: 'execution-3' });
    expect(await world.answer('PlanRollout', later)).toMatchObject({ action: 'run' });
  });

  it('is not kept waiting by a run that had nothing to do', async () => {
    const name = await deploy({ mode: 'observe' });
    await world.answer('PlanRollout', input(name));
    const later = input(name, { scheduledFor: '2026-11-10T09:00:00Z', execution: 'execution-2' });
    expect(await world.answer('PlanRollout', later)).toMatchObject({ reason: 'the policy only observes' });
  });

  it('is terminal for a policy that is not deployed, and for input of another form', async () => {
    expect(await world.failure('PlanRollout', input('nobody'))).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no policy is called nobody'),
    });
    expect(await world.failure('PlanRollout', { policy: 'p1' })).toMatchObject({ errorType: 'Terminal' });
  });

  it.each(['ssm:DescribeDocument', 'dynamodb:Query', 's3:PutObject'])('is retryable while AWS is busy with %s, and plans then', async (call) => {
    const name = await deploy();
    world.fail({ call, when: 'before', ...THROTTLED });
    expect(await world.failure('PlanRollout', input(name))).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    expect(await world.answer('PlanRollout', input(name))).toMatchObject({ action: 'run' });
  });
});
