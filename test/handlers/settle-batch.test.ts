import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reportsKey } from '../../lambdas/core/keys.ts';
import { THROTTLED } from './faults.ts';
import { CANDIDATE, FLEET, HERE, ID, KB, PLATFORM, WINDOWS } from './fleet.ts';
import { hookedAssembly } from './hooked.ts';
import { admitFirst, layOutRound, planNode, planWave, policy, runRound, seedRound, sendAndWait, settle } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { NodeRunRow } from '../../lambdas/aws/record.ts';
import type { LaidOut } from './rollouts.ts';
import type { World } from './world.ts';

let world: World;
let hooked: Awaited<ReturnType<typeof hookedAssembly>>;
let count = 0;

beforeAll(async () => {
  const documents = { 'Corp-Drain': { version: 7, failsOn: ['test-2'] }, 'Corp-Failback': { version: 3, failsOn: ['test-1'] } };
  hooked = await hookedAssembly();
  world = await createWorld({ fleet: { file: { ...FLEET, documents } }, assembly: hooked.assembly });
});
afterEach(() => world.mend());
afterAll(async () => {
  await world.stop();
  hooked.remove();
});

interface Admitted extends LaidOut {
  batch: string;
}

/** A batch of the two test nodes, reserved. */
async function admitted(): Promise<Admitted> {
  count += 1;
  const round = await seedRound(world, `settle-20261109-a000${count}`);
  return { ...round, batch: await admitFirst(world, round) };
}

async function runsOf({ group }: Pick<LaidOut, 'group'>): Promise<{ [node: string]: NodeRunRow }> {
  return Object.fromEntries((await world.record.nodeRuns(group)).map((run) => [run.node, run]));
}

/** Everything that settling writes, as the record and the store hold it. */
async function written({ group, batch }: Admitted) {
  const holders = await Promise.all([ID.test1, ID.test2].map((id) => world.record.reservationOf(HERE, id)));
  return { row: await world.record.batch(batch), runs: await runsOf({ group }), reports: await world.store.findJson(reportsKey(batch)), holders };
}

describe('SettleBatch after a command that ended', () => {
  it('writes one run a node, keeps the reports, frees the nodes', async () => {
    const round = await admitted();
    await sendAndWait(world, round.batch);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toEqual({
      action: 'next',
      heartbeat: 300,
      reason: 'every node has an outcome',
    });
    const { row, runs, reports, holders } = await written(round);
    expect(row?.status).toBe('settled');
    expect(runs[ID.test1]).toMatchObject({ outcome: 'patched', batch: round.batch, platform: PLATFORM, changed: 2, rebooted: false });
    expect(runs[ID.test2]).toMatchObject({ outcome: 'patched' });
    expect(holders).toEqual(['nobody', 'nobody']);
    expect(reports).toEqual([
      expect.objectContaining({
        node: ID.test1,
        lock: row?.lock,
        batch: round.batch,
        end: 'ok',
        from: ['8.3.0-1.amzn2023.0.2', '1:3.0.8-1.amzn2023.0.3'],
      }),
      expect.objectContaining({ node: ID.test2 }),
    ]);
  });

  it('settles Windows nodes alike, after their reboot', async () => {
    const candidate = [...CANDIDATE, { platform: WINDOWS, items: [{ use: 'kb' as const, name: KB, arch: '', version: '' }] }];
    const waves = [planWave('test', [planNode('office1')]), planWave('production', [])];
    const round = await seedRound(world, 'settle-20261109-b0001', { candidate, waves });
    const batch = await admitFirst(world, round);
    await sendAndWait(world, batch);
    await settle(world, batch);
    expect((await world.record.batch(batch))?.document).toMatchObject({ name: 'Wavelock-Patch-Windows' });
    expect((await runsOf(round))[ID.office1]).toMatchObject({ outcome: 'patched', platform: WINDOWS, changed: 1, rebooted: true });
  });

  it('leaves the same behind when it comes again', async () => {
    const round = await admitted();
    await sendAndWait(world, round.batch);
    const first = await world.answer('SettleBatch', { batch: round.batch });
    const before = await written(round);
    await world.pass(600);
    const second = await world.answer('SettleBatch', { batch: round.batch });
    expect(second).toEqual({ ...first, reason: 'settled before' });
    expect(await written(round)).toEqual(before);
  });

  it('continues where it died: what is settled stays, what is not is read', async () => {
    const round = await admitted();
    await sendAndWait(world, round.batch);
    // The first node's run and reservation are written, then the record is gone.
    world.fail({ call: 'dynamodb:PutItem', when: 'before', ...THROTTLED, skip: 1 });
    expect(await world.failure('SettleBatch', { batch: round.batch })).toMatchObject({ errorType: 'Retryable' });
    expect(Object.keys(await runsOf(round))).toEqual([ID.test1]);
    world.mend();
    await settle(world, round.batch);
    const { row, runs, holders } = await written(round);
    expect(Object.values(runs).map(({ outcome }) => outcome)).toEqual(['patched', 'patched']);
    expect([row?.status, holders]).toEqual(['settled', ['nobody', 'nobody']]);
  });

  it('counts outcomes for the dashboard', async () => {
    const round = await admitted();
    await sendAndWait(world, round.batch);
    await settle(world, round.batch);
    const metrics = world
      .log('SettleBatch')
      .filter((line) => line.includes('_aws'))
      .map((line) => JSON.parse(line) as { [name: string]: unknown });
    expect(metrics.at(-1)).toMatchObject({ BatchesSettled: 1, 'Outcome-patched': [1, 1], service: 'wavelock' });
  });
});

describe('SettleBatch after hooks of the policy', () => {
  it('is failed where one failed, and says whether the packages are in', async () => {
    const hooks = { before: { document: 'Corp-Drain', version: '7' }, after: { document: 'Corp-Failback', version: '3' }, within: 1_800 };
    const round = await seedRound(world, 'settle-20261109-c0001', { policy: policy({ hooks }) });
    const batch = await admitFirst(world, round);
    await sendAndWait(world, batch);
    await settle(world, batch);
    const runs = await runsOf(round);
    expect(runs[ID.test1]).toMatchObject({ outcome: 'failed', reason: 'post hook failed, the packages are in: Corp-Failback:3 failed', changed: 2 });
    expect(runs[ID.test2]).toMatchObject({ outcome: 'failed', reason: 'pre hook failed, nothing was installed: Corp-Drain:7 failed', changed: 0 });
    expect(world.host(ID.test2).packages.get('openssl', 'x86_64')?.version).toBe('1:3.0.8-1.amzn2023.0.3');
  });

  it("is patched where AWS's own scan failed, with a word about it", async () => {
    const round = await seedRound(world, 'settle-20261109-c0002', { policy: policy({ awsCompliance: 'scan' }) });
    world.host(ID.test2).faults.awsScan = 'Unable to retrieve the patch snapshot';
    const batch = await admitFirst(world, round);
    await sendAndWait(world, batch);
    await settle(world, batch);
    const runs = await runsOf(round);
    expect(runs[ID.test1]).toMatchObject({ outcome: 'patched', reason: 'installed and verified' });
    expect(runs[ID.test2]).toMatchObject({ outcome: 'patched', reason: "installed and verified; AWS's own compliance scan failed there" });
    expect([world.host(ID.test1).awsScanned, world.host(ID.test2).awsScanned]).toEqual([expect.any(Number), undefined]);
  });
});

describe('SettleBatch while nodes are at work', () => {
  it('waits while SSM does not list the command yet', async () => {
    const round = await admitted();
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    const before = world.calls('ssm:CancelCommand');
    expect(await world.answer('SettleBatch', { batch: round.batch })).toEqual({
      action: 'wait',
      heartbeat: 300,
      reason: '2 of 2 nodes still at work',
    });
    expect(await runsOf(round)).toEqual({});
    expect(world.calls('ssm:CancelCommand')).toBe(before);
    await sendAndWait(world, round.batch);
    await settle(world, round.batch);
    expect(await runsOf(round)).toMatchObject({ [ID.test1]: { outcome: 'patched' } });
  });

  it('settles whoever has ended, keeps the others, and passes over the settled ones later', async () => {
    const round = await admitted();
    world.host(ID.test2).faults.stuck = true;
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(1_200);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait', reason: '1 of 2 nodes still at work' });
    const { row, runs, holders } = await written(round);
    expect([row?.status, row?.settledNodes]).toEqual(['sent', [ID.test1]]);
    expect(Object.keys(runs)).toEqual([ID.test1]);
    expect(holders).toEqual(['nobody', expect.stringContaining(`${round.rollout} / test`)]);
    // Whoever takes the freed node now must not lose it to a later look at this batch.
    const mark = { ...found(runs[ID.test1], 'run'), reason: 'written by a later look' };
    await world.record.putNodeRun(mark);
    await world.answer('SettleBatch', { batch: round.batch });
    expect((await runsOf(round))[ID.test1]).toEqual(mark);
  });

  it('cancels for nodes that never picked it up: unreachable, free', async () => {
    const round = await admitted();
    world.host(ID.test2).silence();
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(590);
    const before = world.calls('ssm:CancelCommand');
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait' });
    expect(world.calls('ssm:CancelCommand')).toBe(before);
    await world.pass(20);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next' });
    expect(world.calls('ssm:CancelCommand') - before).toBe(1);
    const { runs, holders } = await written(round);
    expect(runs[ID.test2]).toMatchObject({ outcome: 'unreachable', reason: 'never picked up the command' });
    expect(runs[ID.test1]).toMatchObject({ outcome: 'patched' });
    expect(holders).toEqual(['nobody', 'nobody']);
  });

  it('takes the command back from the others where one was terminated meanwhile', async () => {
    const round = await admitted();
    for (const id of [ID.test1, ID.test2]) world.host(id).silence();
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(700);
    world.fail({ call: 'ssm:CancelCommand', when: 'before', code: 'InvalidInstanceId', status: 400, times: 2 });
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait', reason: '1 of 2 nodes still at work' });
    const { runs } = await written(round);
    expect(Object.values(runs).map(({ outcome }) => outcome)).toEqual(['unreachable']);
  });

  it('gives a node that went silent at work half an hour to come back, then calls it unreachable', async () => {
    const round = await admitted();
    world.host(ID.test2).faults.stuck = true;
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(60);
    world.host(ID.test2).silence();
    await world.pass(1_500);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait' });
    await world.pass(900);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next' });
    expect((await runsOf(round))[ID.test2]).toMatchObject({ outcome: 'unreachable', reason: expect.stringContaining('went silent') });
  });

  it('does not know about a node that took the command and told nothing until it expired: kept, asked, then free', async () => {
    const round = await admitted();
    world.host(ID.test2).faults.stuck = true;
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(1_800);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait' });
    expect((await world.record.batch(round.batch))?.takenNodes).toContain(ID.test2);
    // SSM's list says DeliveryTimedOut now, as of a node that never had the command.
    await world.pass(6_100);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next' });
    const settled = await written(round);
    expect(settled.runs[ID.test2]).toMatchObject({ outcome: 'unknown', reason: 'the command expired while the node was at work' });
    expect(settled.holders).toEqual(['nobody', expect.stringContaining(`${round.rollout} / test`)]);
    expect(await world.answer('JudgeWave', { rollout: round.rollout, wave: 'test', phase: 'patch' })).toMatchObject({ action: 'verify' });
    delete world.host(ID.test2).faults.stuck;
    await runRound(world, await layOutRound(world, round.rollout, 'test', 'verify'));
    const asked = await written(round);
    expect(asked.runs[ID.test2]).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('the install failed') });
    expect(asked.holders).toEqual(['nobody', 'nobody']);
  });

  it('does not call a node unreachable that was there all the time while nobody looked', async () => {
    const round = await admitted();
    world.host(ID.test1).silence();
    world.host(ID.test2).faults.stuck = true;
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(7_900);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next' });
    const { runs, holders } = await written(round);
    expect(runs[ID.test1]).toMatchObject({ outcome: 'unreachable', reason: 'never picked up the command' });
    expect(runs[ID.test2]).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('nobody saw whether the node took it') });
    expect(holders).toEqual(['nobody', expect.stringContaining(round.rollout)]);
  });

  it('gives a kept node back when the rollout closes without having heard of it', async () => {
    const round = await admitted();
    world.host(ID.test2).faults.stuck = true;
    await world.park('SendBatch', { batch: round.batch, taskToken: 'token' });
    await world.pass(60);
    world.host(ID.test2).silence();
    await world.pass(2_500);
    await settle(world, round.batch);
    const { runs, holders } = await written(round);
    expect(runs[ID.test2]).toMatchObject({ outcome: 'unreachable', reason: expect.stringContaining('went silent') });
    expect(holders[1]).toContain(round.rollout);
    await world.answer('CloseRollout', { rollout: round.rollout });
    expect((await written(round)).holders).toEqual(['nobody', 'nobody']);
  });

  it('calls a node unknown that ended without a report', async () => {
    const round = await admitted();
    world.host(ID.test1).faults.workerDiesIn = 'Install';
    await sendAndWait(world, round.batch);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next' });
    expect((await runsOf(round))[ID.test1]).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('without a report') });
  });

  it('is failed where the report says so, with the reason that people read', async () => {
    const round = await admitted();
    world.host(ID.test2).faults.installFails = 'Error: Transaction test error: file conflicts';
    await sendAndWait(world, round.batch);
    await settle(world, round.batch);
    expect((await runsOf(round))[ID.test2]).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('file conflicts') });
  });
});

describe('SettleBatch after a second look (verify)', () => {
  it('merges: the unknown becomes known, the patched stays patched, one that got worse is failed', async () => {
    const round = await admitted();
    world.host(ID.test1).faults.workerDiesIn = 'Install';
    await sendAndWait(world, round.batch);
    await settle(world, round.batch);
    const before = await runsOf(round);
    expect([before[ID.test1]?.outcome, before[ID.test2]?.outcome]).toEqual(['unknown', 'patched']);
    delete world.host(ID.test1).faults.workerDiesIn;
    world.host(ID.test2).stopped.add('nginx.service');
    await world.pass(600);
    await runRound(world, await layOutRound(world, round.rollout, 'test', 'verify'));
    const after = await runsOf(round);
    expect(after[ID.test1]).toMatchObject({ outcome: 'patched', batch: round.batch, verifiedAt: expect.any(String) });
    expect(after[ID.test2]).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('nginx.service') });
  });

  it('keeps what was known about a node that does not answer the second look', async () => {
    const round = await admitted();
    await sendAndWait(world, round.batch);
    await settle(world, round.batch);
    const before = await runsOf(round);
    const verify = await layOutRound(world, round.rollout, 'test', 'verify');
    world.host(ID.test2).faults.stuck = true;
    const batch = await admitFirst(world, verify);
    await world.park('SendBatch', { batch, taskToken: 'token' });
    await world.pass(1_300);
    await settle(world, batch);
    const after = await runsOf(round);
    // Not looked at: it is asked again.
    expect(after[ID.test2]).toEqual(before[ID.test2]);
    expect(after[ID.test1]).toEqual({ ...before[ID.test1], verifiedAt: expect.any(String) });
  });
});

describe('SettleBatch when it is unclear whether anything was sent', () => {
  it('finds the command whose answer was lost, and settles it', async () => {
    const round = await admitted();
    world.fail({ call: 'ssm:SendCommand', when: 'after', code: 'InternalServerError', status: 500 });
    await world.failure('SendBatch', { batch: round.batch, taskToken: 'token' });
    world.mend();
    await world.pass(1_200);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next', reason: 'every node has an outcome' });
    const { row, runs } = await written(round);
    expect(row).toMatchObject({ status: 'settled', commandId: expect.any(String), expiresAt: expect.any(Number) });
    expect(Object.values(runs).map(({ outcome }) => outcome)).toEqual(['patched', 'patched']);
  });

  it('believes no single empty list: the command shows up a minute later', async () => {
    const round = await admitted();
    world.fail({ call: 'ssm:SendCommand', when: 'after', code: 'InternalServerError', status: 500 });
    await world.failure('SendBatch', { batch: round.batch, taskToken: 'token' });
    world.mend();
    expect(await world.answer('SettleBatch', { batch: round.batch })).toEqual({
      action: 'wait',
      heartbeat: 60,
      reason: 'unclear whether it was sent',
    });
    await world.pass(60);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait', reason: '2 of 2 nodes still at work' });
    expect(await world.record.batch(round.batch)).toMatchObject({ status: 'sent', looked: 1 });
  });

  it('counts it as lost after two empty lists: nodes free, to be laid out again, and nothing changes later', async () => {
    const round = await admitted();
    world.fail({ call: 'ssm:SendCommand', when: 'before', code: 'InternalServerError', status: 500 });
    await world.failure('SendBatch', { batch: round.batch, taskToken: 'token' });
    world.mend();
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'wait', heartbeat: 60 });
    await world.pass(60);
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next', reason: 'SSM knows no such command' });
    const lost = await written(round);
    expect(lost).toMatchObject({ row: { status: 'lost' }, runs: {}, holders: ['nobody', 'nobody'] });
    expect(await world.answer('SettleBatch', { batch: round.batch })).toMatchObject({ action: 'next', reason: 'was never sent' });
    expect(await written(round)).toEqual(lost);
    const again = await layOutRound(world, round.rollout, 'test');
    expect(again.files.flatMap((file) => file.batches.flatMap((batch) => batch.nodes))).toEqual([ID.test1, ID.test2]);
  });

  it('frees the nodes of a batch that SSM refused, and of one whose send never began', async () => {
    const refused = await admitted();
    world.fail({ call: 'ssm:SendCommand', when: 'before', code: 'InvalidInstanceId', status: 400 });
    await world.failure('SendBatch', { batch: refused.batch, taskToken: 'token' });
    world.mend();
    const answer = await world.answer('SettleBatch', { batch: refused.batch });
    expect(answer).toMatchObject({ action: 'next', reason: expect.stringContaining('InvalidInstanceId') });
    expect(await world.answer('SettleBatch', { batch: refused.batch })).toEqual(answer);
    expect(await written(refused)).toMatchObject({ row: { status: 'refused' }, runs: {}, holders: ['nobody', 'nobody'] });

    const waiting = await admitted();
    expect(await world.answer('SettleBatch', { batch: waiting.batch })).toMatchObject({ action: 'next', reason: 'the send never began' });
    expect(await written(waiting)).toMatchObject({ row: { status: 'refused' }, runs: {}, holders: ['nobody', 'nobody'] });
  });
});

describe('SettleBatch when AWS fails', () => {
  it('is retryable while SSM is busy, with nothing written', async () => {
    const round = await admitted();
    await sendAndWait(world, round.batch);
    const before = await written(round);
    world.fail({ call: 'ssm:ListCommandInvocations', when: 'before', ...THROTTLED });
    expect(await world.failure('SettleBatch', { batch: round.batch })).toMatchObject({ errorType: 'Retryable' });
    expect(await written(round)).toEqual(before);
  });

  it('is terminal for a batch that nobody admitted, and for input of another form', async () => {
    expect(await world.failure('SettleBatch', { batch: 'settle-20261109-a99999-test-p1-0-0' })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.failure('SettleBatch', {})).toMatchObject({ errorType: 'Terminal' });
  });
});
