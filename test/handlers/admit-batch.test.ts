import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { THROTTLED } from './faults.ts';
import { HERE, ID, THERE } from './fleet.ts';
import { admitFirst, layOutRound, planNode, planWave, policy, rules, seedNodes, seedRound, seedRuns, sendAndWait } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { TrackFile } from '../../lambdas/core/batch.ts';
import type { LaidOut } from './rollouts.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function laidOut(): Promise<LaidOut> {
  count += 1;
  return seedRound(world, `admit-20261109-a000${count}`, { policy: lenient });
}

/** Half of a wave may be unreachable; one may fail. */
const lenient = policy({
  waves: [rules('test', { stopWhen: { failed: { count: 0 }, unreachable: { count: 1 } } }), rules('production')],
});

function input({ tracks }: Pick<LaidOut, 'tracks'>, index = 0) {
  return { track: found(tracks[0], 'track'), index };
}

/** Changes what lies in S3 for the first track. */
async function rewrite({ tracks, files }: LaidOut, change: Partial<TrackFile>): Promise<void> {
  await world.store.putJson(found(tracks[0], 'track').key, { ...files[0], ...change });
}

function holders(...ids: string[]): Promise<string[]> {
  return Promise.all(ids.map((id) => world.record.reservationOf(HERE, id)));
}

describe('AdmitBatch', () => {
  it('reserves the nodes and writes the intent', async () => {
    const round = await laidOut();
    const batch = found(round.batches[0], 'batch');
    expect(await world.answer('AdmitBatch', input(round))).toEqual({
      action: 'send',
      batch,
      expires: 7_200 + 600 + 3_600,
      heartbeat: 1_800,
      reason: '2 nodes',
    });
    const held = `${round.rollout} / test since ${new Date(world.clock.now()).toISOString()}`;
    expect(await holders(ID.test1, ID.test2)).toEqual([held, held]);
    const intent = found(round.files[0]?.batches[0], 'intent');
    expect(await world.record.batch(batch)).toEqual({
      group: round.group,
      number: 'p1-0-0',
      purpose: 'patch',
      rollout: round.rollout,
      wave: 'test',
      location: HERE,
      os: 'linux',
      nodes: [ID.test1, ID.test2],
      document: intent.document,
      parameters: intent.parameters,
      lock: intent.lock,
      status: 'admitted',
    });
  });

  it('gives the same answer and changes nothing when it comes again, before and after the batch was sent', async () => {
    const round = await laidOut();
    const first = await world.answer('AdmitBatch', input(round));
    const row = await world.record.batch(first.batch);
    expect(await world.answer('AdmitBatch', input(round))).toEqual(first);
    expect(await world.record.batch(first.batch)).toEqual(row);
    await world.park('SendBatch', { batch: first.batch, taskToken: 'token' });
    const sent = await world.record.batch(first.batch);
    expect(await world.answer('AdmitBatch', input(round))).toEqual(first);
    expect(await world.record.batch(first.batch)).toEqual(sent);
  });

  it('does not park a batch again that has settled meanwhile', async () => {
    const round = await laidOut();
    const { batch } = await world.answer('AdmitBatch', input(round));
    await world.record.setBatch(batch, { status: 'settled' });
    expect(await world.answer('AdmitBatch', input(round))).toMatchObject({ action: 'skip', batch });
  });

  it('goes on without nodes that another rollout holds, and logs whose they are', async () => {
    const round = await laidOut();
    await world.record.reserve(HERE, ID.test1, {
      batch: 'other-20261109-a00001-test-p1-0-0',
      reservedFor: 'other / test',
      since: '2026-11-09T08:00:00.000Z',
    });
    const { action, batch } = await world.answer('AdmitBatch', input(round));
    expect(action).toBe('send');
    expect((await world.record.batch(batch))?.nodes).toEqual([ID.test2]);
    expect(await holders(ID.test1)).toEqual(['other / test since 2026-11-09T08:00:00.000Z']);
    const line = world.log('AdmitBatch').findLast((one) => one.includes('reserved by another rollout'));
    expect(JSON.parse(found(line, 'log line'))).toMatchObject({
      level: 'INFO',
      node: ID.test1,
      by: 'other / test since 2026-11-09T08:00:00.000Z',
      service: 'wavelock',
      function_request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('skips a batch all of whose nodes are held by another rollout', async () => {
    const round = await laidOut();
    for (const id of [ID.test1, ID.test2])
      await world.record.reserve(HERE, id, { batch: 'other-20261109-a00001-test-p1-0-0', reservedFor: 'other / test', since: '' });
    expect(await world.answer('AdmitBatch', input(round))).toMatchObject({ action: 'skip', reason: expect.stringContaining('another rollout') });
    expect(await world.record.batch(found(round.batches[0], 'batch'))).toBeUndefined();
  });

  it('lets one of two rollouts have a node when both ask at once', async () => {
    const [left, right] = [await laidOut(), await laidOut()];
    await seedNodes(world);
    const answers = await world.settled(Promise.all([world.answer('AdmitBatch', input(left)), world.answer('AdmitBatch', input(right))]));
    const rows = await Promise.all(answers.map(({ batch }) => world.record.batch(batch)));
    expect(rows.flatMap((row) => row?.nodes ?? []).toSorted()).toEqual([ID.test1, ID.test2].toSorted());
  });

  it('ends the track when the rollout was stopped', async () => {
    const round = await laidOut();
    await world.record.setRollout(round.rollout, { stopped: 'stopped by ann: wrong day' });
    expect(await world.answer('AdmitBatch', input(round))).toMatchObject({ action: 'end', reason: 'stopped by ann: wrong day' });
    expect(await holders(ID.test1, ID.test2)).toEqual(['nobody', 'nobody']);
  });

  it('ends the track when the window has closed since the round was laid out', async () => {
    const round = await laidOut();
    const window = { days: ['mon' as const], from: '22:00', to: '23:00', timezone: 'Europe/Berlin', lastStart: 0 };
    await rewrite(round, { window });
    expect(await world.answer('AdmitBatch', input(round))).toMatchObject({ action: 'end', reason: 'the window is closed' });
    await rewrite(round, { window: { ...window, from: '09:00' } });
    expect(await world.answer('AdmitBatch', input(round))).toMatchObject({ action: 'send' });
  });

  it('ends the track when too many failed, or were unreachable and nobody accepted that', async () => {
    const failed = await laidOut();
    await seedRuns(world, failed.group, { shop1: 'failed' });
    expect(await world.answer('AdmitBatch', input(failed))).toMatchObject({
      action: 'end',
      reason: '1 of 2 nodes failed, 0 allowed: nothing more is sent',
    });

    const silent = await laidOut();
    await seedRuns(world, silent.group, { shop1: 'unreachable', shop2: 'unreachable' });
    expect(await world.answer('AdmitBatch', input(silent))).toMatchObject({
      action: 'end',
      reason: expect.stringContaining('2 of 2 nodes unreachable'),
    });
    await world.record.setWave(silent.rollout, 'test', { accepted: 'ann: they are switched off' });
    expect(await world.answer('AdmitBatch', input(silent))).toMatchObject({ action: 'send' });
  });

  it('leaves out nodes that went offline or have an outcome; nobody left means skip', async () => {
    const round = await laidOut();
    world.host(ID.test2).silence();
    await world.pass(1_200);
    const { batch } = await world.answer('AdmitBatch', input(round));
    expect((await world.record.batch(batch))?.nodes).toEqual([ID.test1]);

    const done = await laidOut();
    await seedRuns(world, done.group, { test1: 'patched' });
    world.host(ID.test2).silence();
    await world.pass(1_200);
    expect(await world.answer('AdmitBatch', input(done))).toMatchObject({ action: 'skip', reason: 'none of its nodes is online and due' });
  });

  it('admits a second look whatever the window and the brake say', async () => {
    const round = await laidOut();
    await seedRuns(world, round.group, { test1: 'unknown', test2: 'failed' });
    const verify = await layOutRound(world, round.rollout, 'test', 'verify');
    expect(await world.answer('AdmitBatch', input(verify))).toMatchObject({
      action: 'send',
      batch: `${round.group}-v1-0-0`,
      heartbeat: 300,
      expires: 600 + 600 + 3_600,
    });
  });

  it('reaches nodes of another account and Region through their own role', async () => {
    count += 1;
    const waves = [planWave('test', []), planWave('production', [planNode('plant1'), planNode('plant2')])];
    const round = await seedRound(world, `admit-20261109-a000${count}`, { waves }, 'production');
    const { action, batch } = await world.answer('AdmitBatch', input(round));
    expect(action).toBe('send');
    expect(await world.record.batch(batch)).toMatchObject({ location: THERE, nodes: [ID.plant1, ID.plant2] });
  });

  it('does not reserve nodes that are only scanned', async () => {
    await seedNodes(world);
    const { key } = await world.answer('LayOutScan', { execution: 'admit', maxAgeHours: 12 });
    const [track] = (await world.store.getJson(key)) as { key: string; batches: number }[];
    const { action, batch } = await world.answer('AdmitBatch', { track: found(track, 'track'), index: 0 });
    expect(action).toBe('send');
    expect(await world.record.batch(batch)).toMatchObject({ purpose: 'scan', status: 'admitted' });
    expect(await holders(ID.test1, ID.shop1)).toEqual(['nobody', 'nobody']);
  });

  it('is terminal for a batch that the track does not have, and for input of another form', async () => {
    const round = await laidOut();
    expect(await world.failure('AdmitBatch', input(round, 9))).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('has no batch 9'),
    });
    expect(await world.failure('AdmitBatch', { track: {}, index: -1 })).toMatchObject({ errorType: 'Terminal' });
  });

  it.each(['ssm:DescribeInstanceInformation', 'dynamodb:UpdateItem', 's3:GetObject'])('is retryable while AWS is busy with %s', async (call) => {
    const round = await laidOut();
    world.fail({ call, when: 'before', ...THROTTLED });
    expect(await world.failure('AdmitBatch', input(round))).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    expect(await world.answer('AdmitBatch', input(round))).toMatchObject({ action: 'send' });
  });
});

describe('what a track has left that died, as the next round finds it', () => {
  const lookAgain = (rollout: string) => world.answer('LayOutRound', { rollout, wave: 'test', phase: 'patch' });

  it('settles what its command has done, however often it failed before', async () => {
    const round = await seedRound(world, 'orphan-20261109-a00001');
    const batch = await admitFirst(world, round);
    await sendAndWait(world, batch);
    // Systems Manager was busy for longer than the track would ask: nobody settles this batch any more.
    expect(await lookAgain(round.rollout)).toMatchObject({ action: 'judge', reason: 'every node has an outcome' });
    expect((await world.record.batch(batch))?.status).toBe('settled');
    expect((await world.record.nodeRuns(round.group)).map(({ outcome }) => outcome)).toEqual(['patched', 'patched']);
    expect(await world.record.reservationOf(HERE, ID.test1)).toBe('nobody');
  });

  it('waits for nodes that are still at work, and sends them nothing meanwhile', async () => {
    const round = await seedRound(world, 'orphan-20261109-a00002');
    const batch = await admitFirst(world, round);
    await world.park('SendBatch', { batch, taskToken: 'nobody-waits' });
    const answer = await lookAgain(round.rollout);
    expect(answer).toMatchObject({ action: 'wait', seconds: 300, reason: expect.stringContaining('2 of 2 nodes still at work') });
    await world.pass(7_200);
    expect(await lookAgain(round.rollout)).toMatchObject({ action: 'judge' });
    expect(await world.record.batchesOf(round.group)).toHaveLength(1);
  });

  it('lays out again what it had admitted and never sent', async () => {
    const round = await seedRound(world, 'orphan-20261109-a00003');
    const first = await admitFirst(world, round);
    const again = await layOutRound(world, round.rollout, 'test');
    expect(again.batches).toEqual([`${round.group}-p2-0-0`]);
    expect((await world.record.batch(first))?.status).toBe('refused');
    expect(await admitFirst(world, again)).toBe(`${round.group}-p2-0-0`);
    expect((await world.record.batch(again.batches[0] ?? ''))?.nodes).toEqual([ID.test1, ID.test2]);
  });

  it('gives back nodes that were reserved for a batch which was never written', async () => {
    const round = await seedRound(world, 'orphan-20261109-a00004');
    const since = new Date(world.clock.now()).toISOString();
    for (const id of [ID.test1, ID.test2])
      await world.record.reserve(HERE, id, { batch: `${round.group}-p9-0-0`, reservedFor: `${round.rollout} / test`, since });
    const actions: string[] = [];
    while (actions.at(-1) !== 'wait' && actions.length < 5) actions.push((await lookAgain(round.rollout)).action);
    expect(actions).toEqual(['run', 'wait']);
    const again = await layOutRound(world, round.rollout, 'test');
    expect(await admitFirst(world, again)).toBe(again.batches[0]);
  });
});
