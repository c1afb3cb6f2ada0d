import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Plan } from '../../lambdas/core/plan.ts';
import { CURL, PATCHABLE } from '../handlers/fleet.ts';
import { alas } from '../handlers/knowledge.ts';
import { policy, seedFacts, seedRollout } from '../handlers/rollouts.ts';
import { ADVISORY, createStarts, CVE, KEY, zeroDay } from '../handlers/starts.ts';
import { createWorld, found } from '../handlers/world.ts';
import type { StartRow } from '../../lambdas/aws/record.ts';
import type { Input } from '../../local/types.ts';
import type { World } from '../handlers/world.ts';

let world: World;
let starts: ReturnType<typeof createStarts>;

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

async function rowOf(name: string, advisory = KEY): Promise<StartRow> {
  return found(
    (await world.record.starts(name)).find((row) => row.advisory === advisory),
    `row of ${advisory}`,
  );
}

async function opsItem(OpsItemId: string): Promise<Input> {
  return (await world.cloud.call(world.administrator, 'ssm', 'GetOpsItem', { OpsItemId })).OpsItem;
}

describe('StartRollouts', () => {
  it('has nothing to do where no policy starts by itself', async () => {
    const { startWhen: _startWhen, ...ordinary } = zeroDay({ plan: found(policy().plan, 'plan') });
    await starts.one({ ...ordinary, startWhen: undefined });
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
  });

  it('has nothing to do as long as nobody lists what the fleet is exposed to', async () => {
    await starts.know([ADVISORY], []);
    await starts.one();
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    expect(world.published).toEqual([]);
  });

  it('writes the start, opens a ticket and sends one event; the rollout machine plans and asks both audiences the same', async () => {
    const name = await starts.one();
    const before = world.calls('events:PutEvents');
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
    const row = await rowOf(name);
    expect(row).toMatchObject({ state: 'started', subject: CVE, platforms: ['amazon-linux-2023-x86_64'], revision: 1 });
    expect(world.calls('events:PutEvents') - before).toBe(1);
    const ticket = found(await world.record.ticket(name, CVE), 'ticket');
    expect(await opsItem(ticket.item)).toMatchObject({ Status: 'Open', Title: 'CVE-2026-1001 (openssl): 7 nodes exposed', Source: 'Wavelock' });
    expect(world.published).toEqual([]);

    expect(await starts.asked(name)).toBe(row.rollouts[0]);
    const rollout = await world.record.rollout(found(row.rollouts[0], 'rollout'));
    expect(rollout).toMatchObject({ policy: name, status: 'asked', scheduledFor: row.patchFor });
    const plan = Plan.parse(await world.store.getJson(found(rollout.planKey, 'plan')));
    expect(plan.because).toMatchObject({ subject: CVE, nodes: 7, fixable: 7 });
    expect(plan.candidate.flatMap(({ items }) => items.map((item) => `${item.use} ${item.name}`))).toEqual(['dependency curl', 'update openssl']);
    expect(plan.waves.map(({ nodes }) => nodes.length)).toEqual([2, 5]);
    const told = [...starts.heard(name), ...starts.heard(name, 'linux-ops')];
    expect(told.map(({ audience, event }) => `${audience} ${event}`)).toEqual(['security approval', 'linux-ops approval']);
    expect(new Set(told.map(({ subject, text }) => `${subject} ${text}`)).size).toBe(1);
    expect((await world.commands()).filter(({ document }) => document.includes('Patch'))).toEqual([]);
  });

  it('decides nothing new when it comes again', async () => {
    const name = await starts.one();
    await starts.start();
    await starts.asked(name);
    const row = await rowOf(name);
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    await world.pass(3_600);
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    expect(await rowOf(name)).toEqual(row);
    // Only the reminder came meanwhile.
    expect(starts.heard(name).map(({ subject }) => subject)).toEqual([expect.stringContaining('DECIDE'), expect.stringContaining('REMINDER')]);
  });

  it('starts once where two of it run at once', async () => {
    const name = await starts.one();
    const both = await world.settled(Promise.all([starts.start(), starts.start()]));
    expect(both.reduce((sum, { started }) => sum + started, 0)).toBe(1);
    expect((await rowOf(name)).rollouts).toHaveLength(1);
    await starts.asked(name);
    expect(await world.record.runs(name)).toHaveLength(1);
  });

  it('sends a lost event again, as the same start', async () => {
    const name = await starts.one();
    world.fail({ call: 'events:PutEvents', when: 'before', code: 'InternalException', status: 500, times: 20 });
    await world.failure('StartRollouts', { scan: 'scan' });
    world.mend();
    const row = await rowOf(name);
    await world.pass(300);
    expect(await world.record.runs(name)).toEqual([]);
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    await world.pass(15 * 60);
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
    await starts.asked(name);
    expect(await world.record.runs(name)).toMatchObject([{ scheduledFor: row.patchFor, rollout: row.rollouts[0] }]);
    expect(await rowOf(name)).toEqual(row);
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
  });

  it('has one rollout of an event that is delivered twice', async () => {
    const name = await starts.one();
    world.fail({ call: 'events:PutEvents', when: 'after', code: 'InternalException', status: 500, times: 1 });
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
    await starts.asked(name);
    await world.pass(300);
    expect(await world.record.runs(name)).toHaveLength(1);
    expect(starts.heard(name)).toHaveLength(1);
  });

  it('tells a running rollout instead of racing it, once, and starts when that has ended', async () => {
    const name = await starts.one();
    await seedRollout(world, `${name}-20261109-aaaaaa`, { policy: zeroDay({ name }) });
    await world.record.claimRun({ policy: name, scheduledFor: '2026-11-09T08:00:00Z', rollout: `${name}-20261109-aaaaaa`, execution: 'e' });
    await seedFacts(world);
    await starts.reckon();
    expect(await starts.start()).toEqual({ started: 0, told: 1 });
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    expect([...starts.heard(name), ...starts.heard(name, 'linux-ops')].map(({ event }) => event)).toEqual(['exposed', 'exposed']);
    expect(starts.heard(name)[0]?.text).toContain('is at work on something else, and this comes next');
    const events = await world.record.events(`${name}-20261109-aaaaaa`);
    expect(events).toMatchObject([{ what: 'exposed', why: expect.stringContaining(`${CVE} reaches 7 nodes`) }]);
    expect(await rowOf(name)).toMatchObject({ state: 'queued', rollout: `${name}-20261109-aaaaaa` });

    await world.record.setRollout(`${name}-20261109-aaaaaa`, { status: 'succeeded', endedAt: new Date(world.clock.now()).toISOString() });
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
  });

  it('tells the running rollout of another policy that works on the same nodes', async () => {
    const byCalendar = found(policy().plan, 'plan');
    const [name = '', other = ''] = await starts.deploy({}, { startWhen: undefined, plan: byCalendar });
    const rollout = `${other}-20261109-bbbbbb`;
    await seedRollout(world, rollout, { policy: policy({ name: other }) });
    await world.record.claimRun({ policy: other, scheduledFor: '2026-11-09T08:00:00Z', rollout, execution: 'e' });
    await seedFacts(world);
    await starts.reckon();
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
    expect(await world.record.events(rollout)).toMatchObject([{ what: 'exposed', why: expect.stringContaining(`${name} starts ${name}-`) }]);
  });

  it('says that there is no fix, and what is new when there is one', async () => {
    const name = await starts.one();
    await starts.know([alas('ALAS2023-2026-901', { fixed: null })]);
    expect(await starts.start()).toEqual({ started: 0, told: 1 });
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    expect(starts.heard(name)).toMatchObject([{ event: 'exposed', subject: expect.stringContaining('no fix yet') }]);
    const awaiting = await rowOf(name);
    expect(awaiting).toMatchObject({ state: 'awaiting', rollouts: [] });
    const ticket = found(await world.record.ticket(name, CVE), 'ticket');

    await world.pass(7_200);
    await starts.know();
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
    await starts.asked(name);
    const [, followUp] = starts.heard(name);
    expect(followUp).toMatchObject({ event: 'approval' });
    expect(followUp?.text).toContain('A fix is now available for 7 nodes');
    // Still the same ticket.
    expect((await world.record.ticket(name, CVE))?.item).toBe(ticket.item);
  });

  it('starts nothing for a policy that observes, and says so once', async () => {
    const name = await starts.one({ mode: 'observe' });
    const before = world.calls('events:PutEvents');
    expect(await starts.start()).toEqual({ started: 0, told: 1 });
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    expect(world.calls('events:PutEvents')).toBe(before);
    expect(await rowOf(name)).toMatchObject({ state: 'told', rollouts: [] });
    expect(starts.heard(name)).toMatchObject([{ event: 'exposed', text: expect.stringContaining('only observes') }]);
  });

  it('closes when the last node is closed, not before: the ticket is resolved and both audiences hear the end', async () => {
    const name = await starts.one({ mode: 'observe' });
    await starts.start();
    const { item } = found(await world.record.ticket(name, CVE), 'ticket');
    world.published.length = 0;
    await starts.patched(...PATCHABLE.slice(1));
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
    expect(await opsItem(item)).toMatchObject({ Status: 'Open' });

    await world.pass(600);
    await starts.patched(...PATCHABLE);
    expect(await starts.start()).toEqual({ started: 0, told: 1 });
    expect(await opsItem(item)).toMatchObject({
      Status: 'Resolved',
      Description: expect.stringContaining('no node that the policy names is exposed any more. Still exposed, out of its reach: stranger.'),
    });
    expect(await rowOf(name)).toMatchObject({ state: 'closed' });
    expect(await world.record.ticket(name, CVE)).toMatchObject({ resolvedAt: expect.any(String) });
    expect([...starts.heard(name), ...starts.heard(name, 'linux-ops')].map(({ event }) => event)).toEqual(['closed', 'closed']);
    expect(starts.heard(name)[0]?.text).toContain(`0 nodes of ${name} left, 1 other still exposed`);
    expect(starts.heard(name)[0]?.text).toMatch(/Not here +1 exposed node that this policy does not reach: stranger/);
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
  });

  it('closes what people have one name for with the last of its advisories', async () => {
    await starts.know([ADVISORY, alas('ALAS2023-2026-902', { package: 'curl', fixed: CURL })]);
    const name = await starts.one({ mode: 'observe' });
    await starts.start();
    const { item } = found(await world.record.ticket(name, CVE), 'ticket');
    await starts.patched(...PATCHABLE);
    expect(await starts.start()).toEqual({ started: 0, told: 1 });
    expect((await rowOf(name)).state).toBe('closed');
    expect((await rowOf(name, 'alas ALAS2023-2026-902')).state).toBe('told');
    expect(starts.heard(name).map(({ event }) => event)).toEqual(['exposed']);
    expect(await opsItem(item)).toMatchObject({ Status: 'Open' });
  });

  it('opens a new ticket where the same comes back after it was closed', async () => {
    const name = await starts.one({ mode: 'observe' });
    await starts.start();
    const first = found(await world.record.ticket(name, CVE), 'ticket');
    await starts.patched(...PATCHABLE);
    await starts.start();
    await seedFacts(world);
    await starts.reckon();
    expect(await starts.start()).toEqual({ started: 0, told: 1 });
    const second = found(await world.record.ticket(name, CVE), 'ticket');
    expect(second.item).not.toBe(first.item);
    expect(second.resolvedAt).toBeUndefined();
  });

  it.each(['OpsItemLimitExceededException', 'OpsItemAccessDeniedException'])(
    'starts without a ticket where Systems Manager answers %s',
    async (code) => {
      const name = await starts.one();
      world.fail({ call: 'ssm:CreateOpsItem', when: 'before', code, status: 400 });
      expect(await starts.start()).toEqual({ started: 1, told: 0 });
      expect((await world.record.ticket(name, CVE))?.item).toBe('');
    },
  );
});
