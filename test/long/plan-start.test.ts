import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Plan } from '../../lambdas/core/plan.ts';
import { PATCHABLE } from '../handlers/fleet.ts';
import { FACTS, seedFacts, seedRollout } from '../handlers/rollouts.ts';
import { createStarts, CVE, KEY, zeroDay } from '../handlers/starts.ts';
import { createWorld, found } from '../handlers/world.ts';
import type { Policy } from '../../lambdas/core/model.ts';
import type { Alert } from '../../lambdas/core/triggers/types.ts';
import type { World } from '../handlers/world.ts';

let world: World;
let starts: ReturnType<typeof createStarts>;

const AT = '2026-11-09T09:00:00Z';
const ALERT: Alert = {
  subject: CVE,
  advisories: [{ source: 'alas', advisory: 'ALAS2023-2026-901', title: 'openssl update', cves: [CVE] }],
  packages: ['openssl'],
  reason: `CISA lists ${CVE} as exploited since 2026-11-08`,
  nodes: 7,
  fixable: 7,
  awaiting: 0,
  blocked: 0,
  awaitingOn: [],
  services: [{ name: 'order-entry', exposed: 5, of: 6 }],
  tagged: [],
  outside: { nodes: 0, names: [] },
};

beforeAll(async () => {
  world = await createWorld();
  starts = createStarts(world);
});
beforeEach(async () => {
  await seedFacts(world);
  await starts.know();
  world.published.length = 0;
});
afterEach(() => world.mend());
afterAll(() => world.stop());

/** A policy with a start in the record, as StartRollouts leaves it; its event is still on its way. */
async function started(more: Partial<Policy> = {}, awaitedSince?: string): Promise<string> {
  const name = await starts.one(more);
  const awaited = awaitedSince === undefined ? {} : { awaitedSince };
  await world.record.claimStart({
    policy: name,
    advisory: KEY,
    state: 'started',
    platforms: [],
    patchFor: AT,
    subject: CVE,
    openedAt: AT,
    rollouts: [],
    revision: 1,
    ...awaited,
  });
  return name;
}

const plan = (policy: string, more: { because?: string[]; execution?: string; scheduledFor?: string } = {}) =>
  world.answer('PlanRollout', { policy, scheduledFor: AT, execution: 'execution-1', because: [KEY], doing: 'patch', ...more });

async function planOf(rollout: string): Promise<Plan> {
  return Plan.parse(await world.store.getJson(found((await world.record.rollout(rollout)).planKey, 'plan')));
}

describe('PlanRollout, started by an advisory', () => {
  it('plans for the exposed nodes what closes it, and asks at once', async () => {
    const name = await started({}, '2026-11-08T09:00:00Z');
    const { action, rollout } = await plan(name);
    expect(action).toBe('urge');
    expect(await planOf(rollout)).toMatchObject({
      doing: 'patch',
      because: { subject: CVE, nodes: 7, fixable: 7, awaitedSince: '2026-11-08T09:00:00Z' },
    });
    expect(await plan(name)).toEqual({ action: 'urge', rollout, reason: 'planned before' });
    expect(await plan(name, { execution: 'execution-2' })).toMatchObject({ action: 'nothing', reason: 'another execution has this run already' });
  });

  it.each([
    ['of which the record knows no start', {}, { scheduledFor: '2026-11-09T09:01:00Z' }],
    ['about an advisory that started something else', {}, { because: ['alas ALAS2023-2026-1'] }],
  ])('plans nothing for an event %s: anybody could have sent it', async (_title, more, asked) => {
    const name = await started(more);
    const { action, rollout, reason } = await plan(name, asked);
    expect([action, reason]).toEqual(['nothing', 'the record knows of no such start']);
    expect(await world.record.findRollout(rollout)).toBeUndefined();
  });

  it('plans nothing that has become needless on its way', async () => {
    const name = await started();
    await starts.patched(...PATCHABLE);
    expect(await plan(name)).toMatchObject({ action: 'nothing', reason: 'no node is exposed to it any more' });
  });

  it('leaves out who is closed already, and keeps a test node that can prove the fix', async () => {
    const name = await started();
    await starts.patched('test1', 'test2', 'shop1');
    const { waves } = await planOf((await plan(name)).rollout);
    expect(waves.map((wave) => wave.nodes.map((node) => node.name).toSorted())).toEqual([
      ['test-1', 'test-2'],
      ['plant-1', 'plant-2', 'shop-2', 'shop-3'],
    ]);
  });

  it('fails aloud where nodes are exposed and none is offered the fix', async () => {
    const name = await started();
    await seedFacts(world, { ...FACTS, available: [] });
    await starts.reckon();
    const { action, rollout, reason } = await plan(name);
    expect(action).toBe('run');
    expect(reason).toBe('no exposed node is offered what closes it: its repositories do not have the fix');
    expect(await world.answer('NextWave', { rollout })).toMatchObject({ action: 'close', reason });
    expect(await world.answer('CloseRollout', { rollout })).toEqual({ status: 'failed', reason });
    expect(world.published.filter(({ text }) => text.includes(rollout))).toMatchObject([{ audience: 'linux-ops', event: 'failed' }]);
  });

  it('says that it runs where the policy does not ask', async () => {
    const name = await started({ mode: 'auto' });
    expect(await plan(name)).toMatchObject({ action: 'run' });
    expect(starts.heard(name)).toMatchObject([{ event: 'exposed', subject: expect.stringContaining('patching begins') }]);
    expect(starts.heard(name)[0]?.text).toContain('runs it by itself');
    await plan(name);
    expect(starts.heard(name)).toHaveLength(1);
  });

  it('only shows its plan where the policy observes', async () => {
    expect(await plan(await started({ mode: 'observe' }))).toMatchObject({ action: 'nothing', reason: 'the policy only observes' });
  });

  it('is not started by the calendar', async () => {
    const name = await starts.one();
    expect(await world.answer('PlanRollout', { policy: name, scheduledFor: AT, execution: 'execution-1' })).toMatchObject({
      action: 'nothing',
      reason: 'not the day of the plan',
    });
  });
});

describe('AskPeople, for what an advisory has started', () => {
  const ask = (rollout: string, taskToken: string) => world.park('AskPeople', { rollout, taskToken });
  /** Of this rollout only: the world's own intake starts others as time goes by. */
  const subjects = (rollout: string) =>
    world.published.flatMap(({ audience, subject, text }) => (audience === 'security' && text.includes(`Rollout: ${rollout}`) ? [subject] : []));

  async function seeded(): Promise<{ name: string; rollout: string }> {
    const name = await starts.one();
    const rollout = `${name}-20261109-aaaaaa`;
    await seedRollout(world, rollout, { policy: zeroDay({ name }), because: ALERT, doing: 'patch' });
    return { name, rollout };
  }

  it('tells security and operations the same', async () => {
    const { name, rollout } = await seeded();
    await ask(rollout, 'token');
    const [security, operations] = [starts.heard(name), starts.heard(name, 'linux-ops')];
    expect(security).toMatchObject([{ event: 'approval', subject: expect.stringContaining('DECIDE') }]);
    expect(operations.map(({ text }) => text)).toEqual(security.map(({ text }) => text));
    expect(security[0]?.text).toMatch(/Services +order-entry 5 of 6/);
    expect(security[0]?.text).toMatch(/Fix +available for 7 nodes/);
    expect(security[0]?.text).toContain('test 2 -> production 5; done in about');
    expect(security[0]?.text).toContain(`npx wavelock approve ${rollout}`);
  });

  it('reminds once, half an hour later, when nobody has answered', async () => {
    const { rollout } = await seeded();
    await ask(rollout, 'first');
    await ask(rollout, 'retry');
    expect(subjects(rollout)).toHaveLength(1);
    await world.pass(1_800);
    await ask(rollout, 'second');
    expect(subjects(rollout)).toEqual([expect.stringContaining('DECIDE'), expect.stringContaining('REMINDER')]);
    await world.pass(1_800);
    await ask(rollout, 'third');
    expect(subjects(rollout)).toHaveLength(2);
    expect(await world.record.rollout(rollout)).toMatchObject({ taskToken: 'third', status: 'asked' });
  });

  it('wakes a token at once that comes after the answer', async () => {
    const { rollout } = await seeded();
    await ask(rollout, 'first');
    await world.record.putEvent({ rollout, at: AT, what: 'approve', who: 'somebody', why: 'read it' });
    const before = world.calls('states:SendTaskSuccess');
    await ask(rollout, 'second');
    expect(world.calls('states:SendTaskSuccess')).toBe(before + 1);
    expect(subjects(rollout)).toHaveLength(1);
  });
});

describe('CloseRollout, of what an advisory has started', () => {
  it('asks the intake to look again; without an advisory it does not', async () => {
    const before = world.calls('events:PutEvents');
    await seedRollout(world, 'plain-20261109-aaaaaa', { policy: zeroDay({ name: 'plain' }) });
    await world.answer('CloseRollout', { rollout: 'plain-20261109-aaaaaa' });
    expect(world.calls('events:PutEvents')).toBe(before);
    const name = await starts.one();
    const rollout = `${name}-20261109-aaaaaa`;
    await seedRollout(world, rollout, { policy: zeroDay({ name }), because: ALERT, doing: 'patch' });
    await world.answer('CloseRollout', { rollout });
    expect(world.calls('events:PutEvents')).toBe(before + 1);
  });
});
