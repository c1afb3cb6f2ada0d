import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../lambdas/aws/store.ts';
import { factsKey } from '../../lambdas/core/keys.ts';
import { locationKey } from '../../lambdas/core/model.ts';
import { Plan } from '../../lambdas/core/plan.ts';
import { ID, nodeRow, OPENSSL, PATCHABLE } from './fleet.ts';
import { alas, seedKnowledge } from './knowledge.ts';
import { FACTS, policy, rules, seedFacts, seedRollout } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { StartRow } from '../../lambdas/aws/record.ts';
import type { FleetFacts, Policy } from '../../lambdas/core/model.ts';
import type { Input } from '../../local/types.ts';
import type { Publication, World } from './world.ts';

let world: World;
let count = 0;

const CVE = 'CVE-2026-1001';
const ADVISORY = alas('ALAS2023-2026-901');
const KEY = 'alas ALAS2023-2026-901';
const LISTED = { cve: CVE, added: '2026-11-08', due: '2026-11-29', ransomware: false, product: 'OpenSSL OpenSSL' };
const PATCHED: FleetFacts = { ...FACTS, installed: FACTS.installed.map((item) => (item.name === 'openssl' ? { ...item, version: OPENSSL } : item)), available: [] };

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  await seedFacts(world);
  await know();
  world.published.length = 0;
});
afterEach(() => world.mend());
afterAll(() => world.stop());

/** What feeds say from now on, and what it means for the fleet. */
async function know(...[advisories = [ADVISORY], exploited = [LISTED]]: [typeof ADVISORY[]?, typeof LISTED[]?]): Promise<void> {
  await seedKnowledge(world, { advisories, exploited });
  await reckon();
}

async function reckon(): Promise<void> {
  count += 1;
  await world.answer('CloseIntake', { scan: `scan-${count}` });
}

const zeroDay = (more: Partial<Policy> = {}): Policy => {
  const { plan: _, ...base } = policy({
    mode: 'approve',
    nodes: { exposed: true, tags: { Wavelock: 'enabled' } },
    startWhen: [{ knownExploited: true }],
    waves: [rules('test'), rules('production')],
    tell: { 'linux-ops': ['exposed', 'approval', 'closed', 'done', 'failed'], security: ['exposed', 'approval', 'closed'] },
    ...more,
  });
  const patches = { ...base.patches, onlyWhatClosesIt: true as const };
  return { ...base, patches };
};

/** Puts policies where the deployed file lies; their names are new in each test, as what they did is remembered. */
async function deploy(...policies: Partial<Policy>[]): Promise<string[]> {
  const named = policies.map((more) => {
    count += 1;
    return zeroDay({ name: `p${count}`, ...more });
  });
  const { POLICY_BUCKET: Bucket, POLICY_KEY: Key } = await world.settings('StartRollouts');
  const file = { version: 1, mode: 'approve', windows: {}, people: {}, policies: named };
  await world.cloud.call(world.administrator, 's3', 'PutObject', { Bucket, Key, Body: Buffer.from(JSON.stringify(file)) });
  return named.map(({ name }) => name);
}

async function one(more: Partial<Policy> = {}): Promise<string> {
  return found((await deploy(more))[0], 'policy');
}

const start = () => world.answer('StartRollouts', { scan: 'scan' });

async function rowOf(name: string, advisory = KEY): Promise<StartRow> {
  return found((await world.record.starts(name)).find((row) => row.advisory === advisory), `row of ${advisory}`);
}

/** Patches these nodes behind our back, as far as the record can know. */
async function patched(...names: readonly (keyof typeof ID)[]): Promise<void> {
  const fingerprint = sha256(JSON.stringify(PATCHED));
  await world.store.putJson(factsKey(fingerprint), PATCHED);
  const at = new Date(world.clock.now()).toISOString();
  const scan = { at, platform: PATCHED.platform, fingerprint, kernel: '6.1.94', pending: '' as const, otherUpdaters: [], diskFreeMb: 5_000 };
  for (const name of names) await world.record.saveScan(locationKey(nodeRow(name).location), ID[name], scan);
  await world.record.dropNode(locationKey(nodeRow('stranger').location), ID.stranger);
}

async function opsItem(OpsItemId: string): Promise<Input> {
  return (await world.cloud.call(world.administrator, 'ssm', 'GetOpsItem', { OpsItemId })).OpsItem;
}

/** What security has heard of a policy; rollouts of earlier tests still wait and remind. */
function heard(name: string, audience = 'security'): Publication[] {
  return world.published.filter((one) => one.audience === audience && `${one.text}\n`.includes(`Policy: ${name}\n`));
}

/** Lets the rollout machine come to its question. */
async function asked(name: string): Promise<string> {
  for (let minutes = 0; minutes < 20; minutes += 1) {
    await world.pass(20);
    const [run] = await world.record.runs(name);
    const rollout = run && (await world.record.findRollout(run.rollout));
    if (rollout?.taskToken !== undefined && heard(name).some(({ event }) => event === 'approval')) return rollout.id;
  }
  throw new Error(`${name} has not asked`);
}

describe('StartRollouts', () => {
  it('has nothing to do where no policy starts by itself', async () => {
    const { plan = undefined } = policy();
    await one({ startWhen: undefined, plan } as Partial<Policy>);
    expect(await start()).toEqual({ started: 0, told: 0 });
  });

  it('has nothing to do as long as nobody lists what the fleet is exposed to', async () => {
    await know([ADVISORY], []);
    await one();
    expect(await start()).toEqual({ started: 0, told: 0 });
    expect(world.published).toEqual([]);
  });

  it('writes the start, opens a ticket and sends one event; the rollout machine plans and asks both audiences the same', async () => {
    const name = await one();
    const before = world.calls('events:PutEvents');
    expect(await start()).toEqual({ started: 1, told: 0 });
    const row = await rowOf(name);
    expect(row).toMatchObject({ state: 'started', subject: CVE, platforms: ['amazon-linux-2023-x86_64'], revision: 1 });
    expect(world.calls('events:PutEvents') - before).toBe(1);
    const ticket = found(await world.record.ticket(name, CVE), 'ticket');
    expect(await opsItem(ticket.item)).toMatchObject({ Status: 'Open', Title: 'CVE-2026-1001 (openssl): 7 nodes exposed', Source: 'Wavelock' });
    expect(world.published).toEqual([]);

    expect(await asked(name)).toBe(row.rollouts[0]);
    const rollout = await world.record.rollout(found(row.rollouts[0], 'rollout'));
    expect(rollout).toMatchObject({ policy: name, status: 'asked', scheduledFor: row.patchFor });
    const plan = Plan.parse(await world.store.getJson(found(rollout.planKey, 'plan')));
    expect(plan.because).toMatchObject({ subject: CVE, nodes: 7, fixable: 7 });
    expect(plan.candidate.flatMap(({ items }) => items.map((item) => `${item.use} ${item.name}`))).toEqual(['dependency curl', 'update openssl']);
    expect(plan.waves.map(({ nodes }) => nodes.length)).toEqual([2, 5]);
    const told = [...heard(name), ...heard(name, 'linux-ops')];
    expect(told.map(({ audience, event }) => `${audience} ${event}`)).toEqual(['security approval', 'linux-ops approval']);
    expect(new Set(told.map(({ subject, text }) => `${subject} ${text}`)).size).toBe(1);
    expect(await world.commands()).toEqual([]);
  });

  it('decides nothing new when it comes again', async () => {
    const name = await one();
    await start();
    await asked(name);
    const row = await rowOf(name);
    expect(await start()).toEqual({ started: 0, told: 0 });
    await world.pass(3_600);
    expect(await start()).toEqual({ started: 0, told: 0 });
    expect(await rowOf(name)).toEqual(row);
    // Only the reminder came meanwhile.
    expect(heard(name).map(({ subject }) => subject)).toEqual([expect.stringContaining('DECIDE'), expect.stringContaining('REMINDER')]);
  });

  it('starts once where two of it run at once', async () => {
    const name = await one();
    const both = await world.settled(Promise.all([start(), start()]));
    expect(both.map(({ started }) => started).toSorted()).toEqual([0, 1]);
    expect((await rowOf(name)).rollouts).toHaveLength(1);
    await asked(name);
    expect(await world.record.runs(name)).toHaveLength(1);
  });

  it('sends a lost event again, as the same start', async () => {
    const name = await one();
    world.fail({ call: 'events:PutEvents', when: 'before', code: 'InternalException', status: 500, times: 20 });
    await world.failure('StartRollouts', { scan: 'scan' });
    world.mend();
    const row = await rowOf(name);
    await world.pass(300);
    expect(await world.record.runs(name)).toEqual([]);
    expect(await start()).toEqual({ started: 0, told: 0 });
    await world.pass(15 * 60);
    expect(await start()).toEqual({ started: 1, told: 0 });
    await asked(name);
    expect(await world.record.runs(name)).toMatchObject([{ scheduledFor: row.patchFor, rollout: row.rollouts[0] }]);
    expect(await rowOf(name)).toEqual(row);
    expect(await start()).toEqual({ started: 0, told: 0 });
  });

  it('has one rollout of an event that is delivered twice', async () => {
    const name = await one();
    world.fail({ call: 'events:PutEvents', when: 'after', code: 'InternalException', status: 500, times: 1 });
    expect(await start()).toEqual({ started: 1, told: 0 });
    await asked(name);
    await world.pass(300);
    expect(await world.record.runs(name)).toHaveLength(1);
    expect(heard(name)).toHaveLength(1);
  });

  it('tells a running rollout instead of racing it, once, and starts when that has ended', async () => {
    const name = await one();
    await seedRollout(world, `${name}-20261109-aaaaaa`, { policy: zeroDay({ name }) });
    await world.record.claimRun({ policy: name, scheduledFor: '2026-11-09T08:00:00Z', rollout: `${name}-20261109-aaaaaa`, execution: 'e' });
    await seedFacts(world);
    await reckon();
    expect(await start()).toEqual({ started: 0, told: 1 });
    expect(await start()).toEqual({ started: 0, told: 0 });
    expect([...heard(name), ...heard(name, 'linux-ops')].map(({ event }) => event)).toEqual(['exposed', 'exposed']);
    expect(heard(name)[0]?.text).toContain('is at work on something else, and this comes next');
    const events = await world.record.events(`${name}-20261109-aaaaaa`);
    expect(events).toMatchObject([{ what: 'exposed', why: expect.stringContaining(`${CVE} reaches 7 nodes`) }]);
    expect(await rowOf(name)).toMatchObject({ state: 'queued', rollout: `${name}-20261109-aaaaaa` });

    await world.record.setRollout(`${name}-20261109-aaaaaa`, { status: 'succeeded', endedAt: new Date(world.clock.now()).toISOString() });
    expect(await start()).toEqual({ started: 1, told: 0 });
  });

  it('tells the running rollout of another policy that works on the same nodes', async () => {
    const [name = '', other = ''] = await deploy({}, { startWhen: undefined as never, plan: found(policy().plan, 'plan') });
    const rollout = `${other}-20261109-bbbbbb`;
    await seedRollout(world, rollout, { policy: policy({ name: other }) });
    await world.record.claimRun({ policy: other, scheduledFor: '2026-11-09T08:00:00Z', rollout, execution: 'e' });
    await seedFacts(world);
    await reckon();
    expect(await start()).toEqual({ started: 1, told: 0 });
    expect(await world.record.events(rollout)).toMatchObject([{ what: 'exposed', why: expect.stringContaining(`${name} starts ${name}-`) }]);
  });

  it('says that there is no fix, and what is new when there is one', async () => {
    const name = await one();
    await know([alas('ALAS2023-2026-901', { fixed: null })]);
    expect(await start()).toEqual({ started: 0, told: 1 });
    expect(await start()).toEqual({ started: 0, told: 0 });
    expect(heard(name)).toMatchObject([{ event: 'exposed', subject: expect.stringContaining('no fix yet') }]);
    const awaiting = await rowOf(name);
    expect(awaiting).toMatchObject({ state: 'awaiting', rollouts: [] });
    const ticket = found(await world.record.ticket(name, CVE), 'ticket');

    await world.pass(7_200);
    await know();
    expect(await start()).toEqual({ started: 1, told: 0 });
    await asked(name);
    const [, followUp] = heard(name);
    expect(followUp).toMatchObject({ event: 'approval' });
    expect(followUp?.text).toContain('A fix is now available for 7 nodes');
    // Still the same ticket.
    expect((await world.record.ticket(name, CVE))?.item).toBe(ticket.item);
  });

  it('starts nothing for a policy that observes, and says so once', async () => {
    const name = await one({ mode: 'observe' });
    const before = world.calls('events:PutEvents');
    expect(await start()).toEqual({ started: 0, told: 1 });
    expect(await start()).toEqual({ started: 0, told: 0 });
    expect(world.calls('events:PutEvents')).toBe(before);
    expect(await rowOf(name)).toMatchObject({ state: 'told', rollouts: [] });
    expect(heard(name)).toMatchObject([{ event: 'exposed', text: expect.stringContaining('only observes') }]);
  });

  it('closes when the last node is closed, not before: the ticket is resolved and both audiences hear the end', async () => {
    const name = await one({ mode: 'observe' });
    await start();
    const { item } = found(await world.record.ticket(name, CVE), 'ticket');
    world.published.length = 0;
    await patched(...PATCHABLE.slice(1));
    await reckon();
    expect(await start()).toEqual({ started: 0, told: 0 });
    expect(await opsItem(item)).toMatchObject({ Status: 'Open' });

    await world.pass(600);
    await patched(...PATCHABLE);
    await reckon();
    expect(await start()).toEqual({ started: 0, told: 1 });
    expect(await opsItem(item)).toMatchObject({ Status: 'Resolved', Description: expect.stringContaining('no node that the policy names is exposed any more') });
    expect(await rowOf(name)).toMatchObject({ state: 'closed' });
    expect(await world.record.ticket(name, CVE)).toMatchObject({ resolvedAt: expect.any(String) });
    expect([...heard(name), ...heard(name, 'linux-ops')].map(({ event }) => event)).toEqual(['closed', 'closed']);
    expect(heard(name)[0]?.text).toContain('0 nodes left');
    expect(await start()).toEqual({ started: 0, told: 0 });
  });

  it('opens a new ticket where the same comes back after it was closed', async () => {
    const name = await one({ mode: 'observe' });
    await start();
    const first = found(await world.record.ticket(name, CVE), 'ticket');
    await patched(...PATCHABLE);
    await reckon();
    await start();
    await seedFacts(world);
    await reckon();
    expect(await start()).toEqual({ started: 0, told: 1 });
    const second = found(await world.record.ticket(name, CVE), 'ticket');
    expect(second.item).not.toBe(first.item);
    expect(second.resolvedAt).toBeUndefined();
  });

  it.each(['OpsItemLimitExceededException', 'OpsItemAccessDeniedException'])('starts without a ticket where Systems Manager answers %s', async (code) => {
    const name = await one();
    world.fail({ call: 'ssm:CreateOpsItem', when: 'before', code, status: 400 });
    expect(await start()).toEqual({ started: 1, told: 0 });
    expect((await world.record.ticket(name, CVE))?.item).toBe('');
  });
});
