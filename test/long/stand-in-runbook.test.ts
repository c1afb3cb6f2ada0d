import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { alas } from '../handlers/knowledge.ts';
import { HERE, ID, PATCHABLE, THERE } from '../handlers/fleet.ts';
import { CVE } from '../handlers/starts.ts';
import { found } from '../handlers/world.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import { admitStandIn, createStandIns } from './stand-ins.ts';
import type { Input } from '../../local/types.ts';
import type { StandInWorld } from './stand-ins.ts';

const RUNBOOK = 'Corp-Isolate';
const ROLE = 'ops/Corp-IsolateRole';
let made: StandInWorld;

beforeAll(async () => {
  const parameters = { Action: ['apply', 'withdraw'] };
  made = await createStandIns(
    {
      works: `{ automation: { document: ${RUNBOOK}, role: ${ROLE} } }`,
      fails: '{ automation: { document: Corp-Broken, role: Corp-BrokenRole } }',
      missing: '{ automation: { document: Corp-Nowhere, role: Corp-BrokenRole } }',
    },
    {},
    () => ({
      automations: {
        [RUNBOOK]: { version: 3, parameters, role: ROLE, seconds: 200 },
        'Corp-Broken': { parameters, role: 'Corp-BrokenRole', failsOn: ['test-1'] },
      },
    }),
  );
});
afterAll(() => made.stop());

/** What the runbook has done on the machines themselves. */
const standing = () => Object.fromEntries(PATCHABLE.map((name) => [name, made.world.host(ID[name]).ran.get(RUNBOOK)?.Action]));
const everywhere = (action: string) => Object.fromEntries(PATCHABLE.map((name) => [name, action]));

/** Executions that were started, in all locations. */
async function started(): Promise<Input[]> {
  const all: Input[] = [];
  for (const where of [HERE, THERE]) {
    const { account, region } = parseLocation(where);
    const caller = made.world.cloud.administrator(account, region);
    let NextToken: string | undefined;
    do {
      const page: Input = await made.world.cloud.call(caller, 'ssm', 'DescribeAutomationExecutions', { ...(NextToken && { NextToken }) });
      all.push(...page.AutomationExecutionMetadataList.map((one: Input) => ({ ...one, where })));
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return all;
}

const nodesOf = ({ Targets }: Input): string[] => Targets[0].Values;

describe('a runbook that stands in as long as there is no fix', () => {
  it('is started in waves for the exposed nodes, in the location that they are in, and for no other', async () => {
    const { starts, world } = made;
    await starts.know([alas('ALAS2023-2026-901', { fixed: null })]);
    expect(await starts.start()).toEqual({ started: 1, told: 1 });
    expect(await made.ended('stand-in mitigate')).toMatchObject({ status: 'succeeded', reason: 'every wave passed' });
    expect(standing()).toEqual(everywhere('apply'));
    expect(world.host(ID.stranger).ran.size + world.host(ID.office1).ran.size).toBe(0);
    const executions = await started();
    expect(executions.flatMap(nodesOf).toSorted()).toEqual(PATCHABLE.map((name) => ID[name]).toSorted());
    for (const { DocumentName, DocumentVersion, TargetParameterName, Targets, MaxErrors, MaxConcurrency, where } of executions) {
      expect([DocumentName, DocumentVersion, TargetParameterName, Targets[0].Key]).toEqual([RUNBOOK, '3', 'InstanceId', 'ParameterValues']);
      expect([MaxErrors, MaxConcurrency]).toEqual([String(Targets[0].Values.length), String(Targets[0].Values.length)]);
      for (const id of Targets[0].Values)
        expect(`${where} ${id}`).toBe(`${PATCHABLE.some((name) => name.startsWith('plant') && ID[name] === id) ? THERE : HERE} ${id}`);
    }
    const { account } = parseLocation(THERE);
    expect(world.host(ID.plant1).ran.get(RUNBOOK)).toMatchObject({
      InstanceId: ID.plant1,
      AutomationAssumeRole: `arn:aws:iam::${account}:role/${ROLE}`,
    });
  });

  it('comes to production after the test nodes have it, and their soak is over', async () => {
    const [run] = await made.world.record.runs('stand-in mitigate');
    const waves = new Map((await made.world.record.waves(found(run, 'run').rollout)).map((wave) => [wave.name, wave]));
    const [test, production] = [found(waves.get('test'), 'wave'), found(waves.get('production'), 'wave')];
    expect([test.verdict, production.verdict]).toEqual(['pass', 'pass']);
    expect(Date.parse(production.startedAt ?? '') - Date.parse(test.startedAt ?? '')).toBeGreaterThanOrEqual(600_000 + 200_000);
  });

  it('is written down for each node with its role, and in the plan with its version and hash', async () => {
    const rows = await made.world.record.mitigations('stand-in');
    expect(rows).toHaveLength(PATCHABLE.length);
    for (const row of rows) expect(row).toMatchObject({ document: RUNBOOK, by: 'automation', role: ROLE, advisories: ['alas ALAS2023-2026-901'] });
    const { planKey } = await made.world.record.rollout(found(rows[0], 'row').rollout);
    const pin = {
      name: RUNBOOK,
      version: '3',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      by: 'automation',
      role: `arn:aws:iam::${parseLocation(THERE).account}:role/${ROLE}`,
    };
    expect(await made.world.store.getJson(planKey ?? '')).toMatchObject({ documents: { [THERE]: { 'mitigate-linux': pin } } });
  });

  it('closes nothing, and people hear what runs and that it is no fix', async () => {
    expect((await made.world.record.ticket('stand-in', CVE))?.resolvedAt).toBeUndefined();
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
    const [noFix, mitigate] = made.starts.heard('stand-in');
    expect(noFix?.text).toContain(`runbook ${RUNBOOK} stands in`);
    expect(mitigate?.text).toContain(`wants to run runbook ${RUNBOOK} there`);
  });

  it('takes it back when the fix is there, and then all is closed', async () => {
    await made.starts.know([alas('ALAS2023-2026-901')]);
    expect(await made.starts.start()).toEqual({ started: 1, told: 0 });
    expect(await made.ended('stand-in')).toMatchObject({ status: 'succeeded' });
    expect(standing()).toEqual(everywhere('apply'));
    expect(await made.ended('stand-in withdraw')).toMatchObject({ status: 'succeeded' });
    expect(standing()).toEqual(everywhere('withdraw'));
    for (const row of await made.world.record.mitigations('stand-in')) expect(row.withdrawnAt).toBeDefined();
    expect((await made.world.record.ticket('stand-in', CVE))?.resolvedAt).toBeDefined();
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
  });
});

describe('a runbook that fails', () => {
  beforeAll(() => made.startOthers());

  it('stops in the first wave: it is not started for production, and people read its own words', async () => {
    expect(await made.ended('broken mitigate')).toMatchObject({ status: 'failed', reason: expect.stringContaining('1 of 2 nodes failed') });
    const nodes = (await started()).filter(({ DocumentName }) => DocumentName === 'Corp-Broken').flatMap(nodesOf);
    expect(nodes.toSorted()).toEqual([ID.test1, ID.test2].toSorted());
    expect((await made.world.record.mitigations('broken')).map(({ node }) => node)).toEqual([`${HERE}/${ID.test2}`]);
    const [failed] = made.world.published.filter(({ event, text }) => event === 'failed' && text.includes('broken'));
    expect(failed?.subject).toBe('[Wavelock] FAILED at test: broken stopped, production not touched');
    expect(failed?.text).toContain('runbook Corp-Broken ended as Failed: Step fails when it is Execute action.');
  });

  it('is started nowhere where it does not exist, and people hear why', async () => {
    const rollout = await made.ended('nowhere mitigate');
    expect(rollout).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^it can run on none of the nodes: there is no runbook Corp-Nowhere in \d{12}\//),
    });
    expect(made.world.published.filter(({ event, text }) => event === 'failed' && text.includes(rollout.id))).toHaveLength(1);
  });

  it('is not tried again by itself', async () => {
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
  });
});

describe('a start for a batch', () => {
  const begin = async (name: string, more = {}) => admitStandIn(made, { ...(await pinned()), ...more }, name);
  /** The runbook as a plan would name it now. */
  async function pinned() {
    const { world } = made;
    const { Document } = await world.cloud.call(world.administrator, 'ssm', 'DescribeDocument', { Name: RUNBOOK });
    return {
      name: RUNBOOK,
      version: '3',
      hash: String(Document.Hash),
      by: 'automation' as const,
      role: `arn:aws:iam::${world.hub.account}:role/${ROLE}`,
    };
  }
  const outcomes = async (rollout: string) => (await made.world.record.nodeRuns(`${rollout}-test`)).map(({ outcome }) => outcome);
  let before = 0;

  beforeAll(async () => {
    before = (await started()).length;
  });
  afterEach(async () => {
    made.world.mend();
    made.world.host(ID.test2).tags.Wavelock = 'enabled';
    await made.world.pass(10);
    before = (await started()).length;
  });

  it('whose answer is lost is made again under the same token, and starts nothing twice', async () => {
    const { rollout, batch } = await begin('again');
    made.world.fail({ call: 'ssm:StartAutomationExecution', when: 'after', code: 'InternalServerError', status: 500, times: 1 });
    await made.world.park('SendBatch', { batch, taskToken: 'token' });
    await made.world.pass(300);
    expect(await started()).toHaveLength(before + 1);
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect(await outcomes(rollout)).toEqual(['mitigated', 'mitigated']);
  });

  it('whose answers are all lost is found again by looking', async () => {
    const { rollout, batch } = await begin('found');
    made.world.fail({ call: 'ssm:StartAutomationExecution', when: 'after', code: 'InternalServerError', status: 500 });
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
      errorMessage: expect.stringContaining('unclear whether'),
    });
    made.world.mend();
    await made.world.pass(5);
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'wait', reason: '2 of 2 nodes still at work' });
    await made.world.pass(300);
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect([await outcomes(rollout), (await started()).length]).toEqual([['mitigated', 'mitigated'], before + 1]);
  });

  it('is not made where the runbook is another than the plan names: the rollout stops, and says why', async () => {
    const { rollout, batch } = await begin('drifted', { hash: 'another' });
    const why = `runbook ${RUNBOOK} was changed since the plan: its version 3 has another content`;
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({ errorMessage: expect.stringContaining(why) });
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect(await made.world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({ verdict: 'fail', reason: why });
    expect(await started()).toHaveLength(before);
  });

  it('is not made for a node that has lost its opt-in tag since the plan', async () => {
    const { batch } = await begin('strange');
    made.world.host(ID.test2).tags.Wavelock = 'no';
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
      errorMessage: expect.stringContaining(`${ID.test2} does not carry the opt-in tag`),
    });
    expect(await started()).toHaveLength(before);
  });
});
