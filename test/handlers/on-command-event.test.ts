import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseLocation } from '../../lambdas/core/model.ts';
import { THROTTLED } from './faults.ts';
import { HERE, THERE } from './fleet.ts';
import { admitFirst, seedRound, seedRollout } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function sent(): Promise<string> {
  count += 1;
  const batch = await admitFirst(world, await seedRound(world, `event-20261109-a0000${count}`));
  await world.park('SendBatch', { batch, taskToken: `token-of-${batch}` });
  return batch;
}

/** "EC2 Command Status-change Notification", as the Systems Manager user guide shows it. */
function ended(batch: string | undefined, status = 'Success') {
  return {
    version: '0',
    id: '51c0891d-0e34-45b1-83d6-95db273d1602',
    'detail-type': 'EC2 Command Status-change Notification',
    source: 'aws.ssm',
    account: '111111111111',
    time: '2026-11-09T09:00:00Z',
    region: 'eu-central-1',
    resources: [],
    detail: {
      'command-id': '4c8fd1c0-0ab4-4d2b-8a7b-4a2cf5a0d0fd',
      'document-name': 'Wavelock-Patch-Linux',
      'expire-after': '2026-11-09T11:10:00Z',
      parameters: { executionTimeout: ['7200'], ...(batch === undefined ? {} : { BatchId: [batch] }) },
      'requested-date-time': '2026-11-09T09:00:00Z',
      status,
    },
  };
}

/** As a location's Systems Manager sends it: over its rule to the hub's bus. */
function emit(where: string, batch: string): void {
  const { account, region } = parseLocation(where);
  world.cloud.emit(account, region, {
    source: 'aws.ssm',
    detailType: 'EC2 Command Status-change Notification',
    resources: [],
    detail: ended(batch).detail,
  });
}

/** Starts the wave machine itself and lets it run to its end; answers how long its first batch took, in seconds. */
async function runWave(rollout: string): Promise<number> {
  await seedRollout(world, rollout);
  const machine = found(
    world.cloud.inventory.stacks[0]?.resources.find((one) => /^Wave[0-9A-F]{8}$/.test(one.logicalId)),
    'wave machine',
  ).ref;
  const started = await world.cloud.call(world.administrator, 'states', 'StartExecution', {
    stateMachineArn: machine,
    name: rollout,
    input: JSON.stringify({ rollout, wave: 'test' }),
  });
  const execution = () => world.cloud.parts.states.executions().find((one) => one.arn === started.executionArn);
  await world.clock.run(() => execution()?.status !== 'RUNNING');
  expect(execution()).toMatchObject({ status: 'SUCCEEDED', output: { verdict: 'pass' } });
  const [run] = await world.record.nodeRuns(`${rollout}-test`);
  return (Date.parse(found(run?.endedAt, 'end')) - Date.parse(found(run?.startedAt, 'start'))) / 1_000;
}

describe('OnCommandEvent', () => {
  it('writes down that the command ended and wakes the track that waits', async () => {
    const batch = await sent();
    const before = world.calls('states:SendTaskSuccess');
    expect(await world.react('OnCommandEvent', ended(batch, 'Failed'))).toBeUndefined();
    expect(await world.record.batch(batch)).toMatchObject({ done: 'Failed', status: 'sent' });
    expect(world.calls('states:SendTaskSuccess') - before).toBe(1);
  });

  it('changes nothing but `done` when it comes twice, and nobody waiting is no error', async () => {
    const batch = await sent();
    await world.react('OnCommandEvent', ended(batch));
    const row = await world.record.batch(batch);
    expect(await world.react('OnCommandEvent', ended(batch))).toBeUndefined();
    expect(await world.record.batch(batch)).toEqual(row);
  });

  it('keeps the end of a command for a batch whose token is not there yet', async () => {
    count += 1;
    const batch = await admitFirst(world, await seedRound(world, `event-20261109-a0000${count}`));
    const before = world.calls('states:SendTaskSuccess');
    expect(await world.react('OnCommandEvent', ended(batch))).toBeUndefined();
    expect(await world.record.batch(batch)).toMatchObject({ done: 'Success', status: 'admitted' });
    expect(world.calls('states:SendTaskSuccess')).toBe(before);
  });

  it('asks to be tried again while there is no such batch', async () => {
    expect(await world.react('OnCommandEvent', ended('event-20261109-a99999-test-p1-0-0'))).toMatchObject({ errorType: 'Retryable' });
  });

  it('is tried again by Lambda until the batch is there', async () => {
    const batch = await sent();
    const row = found(await world.record.batch(batch), 'row');
    const later = { ...row, number: 'p9-0-0', done: undefined, taskToken: undefined };
    emit(HERE, `${row.group}-p9-0-0`);
    await world.pass(30);
    await world.record.admitBatch(later);
    await world.pass(180);
    expect(await world.record.batch(`${row.group}-p9-0-0`)).toMatchObject({ done: 'Success' });
  });

  it('leaves what never found its batch to people: the queue of the undelivered', async () => {
    const waiting = (): number => world.cloud.parts.sqs.queues().reduce((sum, { counts }) => sum + counts.visible, 0);
    const before = waiting();
    emit(THERE, 'event-20261109-a99998-test-p1-0-0');
    await world.pass(600);
    expect(waiting() - before).toBe(1);
  });

  it.each([undefined, 'by-hand', 'monthly-20261109-abc', '../../etc/passwd-p1-0-0'])('ignores commands that are not ours: %s', async (batch) => {
    const before = world.calls('dynamodb:GetItem');
    expect(await world.react('OnCommandEvent', ended(batch))).toBeUndefined();
    expect(world.calls('dynamodb:GetItem')).toBe(before);
  });

  it('is terminal for an event of another form, and retryable while the record is busy', async () => {
    expect(await world.react('OnCommandEvent', { detail: { status: 'Success' } })).toMatchObject({ errorType: 'Terminal' });
    const batch = await sent();
    world.fail({ call: 'dynamodb:UpdateItem', when: 'before', ...THROTTLED });
    expect(await world.react('OnCommandEvent', ended(batch))).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    world.fail({ call: 'states:SendTaskSuccess', when: 'before', ...THROTTLED });
    expect(await world.react('OnCommandEvent', ended(batch))).toMatchObject({ errorType: 'Retryable' });
  });

  it('lets a wave go on at once when the event comes, and at the heartbeat when it is lost', async () => {
    expect(await runWave('event-20261109-b00001')).toBeLessThan(1_800);
    world.loseEvents();
    expect(await runWave('event-20261109-b00002')).toBeGreaterThanOrEqual(1_800);
  });

  it('finds no second waiter when every event comes three times', async () => {
    world.repeatEvents();
    expect(await runWave('event-20261109-b00003')).toBeLessThan(1_800);
  });
});
