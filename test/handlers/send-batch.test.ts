import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { THROTTLED } from './faults.ts';
import { HERE, ID } from './fleet.ts';
import { hookedAssembly } from './hooked.ts';
import { admitFirst, documentPins, policy, seedRound } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { Command, World } from './world.ts';

let world: World;
let hooked: Awaited<ReturnType<typeof hookedAssembly>>;
let count = 0;

beforeAll(async () => {
  hooked = await hookedAssembly();
  world = await createWorld({ assembly: hooked.assembly });
});
afterEach(() => world.mend());
afterAll(async () => {
  await world.stop();
  hooked.remove();
});

/** A batch of the two test nodes, reserved and ready to be sent. */
async function admitted(): Promise<string> {
  count += 1;
  return admitFirst(world, await seedRound(world, `send-20261109-a0000${count}`));
}

/** Commands of a batch, once SSM's lists have caught up. */
async function commandsOf(batch: string): Promise<Command[]> {
  await world.pass(60);
  return (await world.commands()).filter((command) => command.batch === batch);
}

describe('SendBatch', () => {
  it('sends what the plan pins, once, and writes the command down', async () => {
    const batch = await admitted();
    const before = world.calls('ssm:SendCommand');
    await world.park('SendBatch', { batch, taskToken: 'token' });
    expect(world.calls('ssm:SendCommand') - before).toBe(1);
    const row = await world.record.batch(batch);
    expect(row).toMatchObject({ status: 'sent', taskToken: 'token', sentAt: expect.any(Number), nodes: [ID.test1, ID.test2] });
    const pin = (await documentPins(world))[HERE]?.['patch-linux'];
    const [command, ...others] = await commandsOf(batch);
    expect(others).toEqual([]);
    expect(command).toMatchObject({ id: row?.commandId, document: pin?.name, version: pin?.version, nodes: row?.nodes, maxErrors: '2' });
    expect(command?.parameters).toMatchObject({ BatchId: [batch], executionTimeout: ['7200'], LockSha256: [row?.lock] });
    // DeliveryTimeout plus executionTimeout: SSM's own figure.
    expect(row?.expiresAt).toBe((row?.sentAt ?? 0) + (600 + 7_200) * 1_000);
  });

  it('gives a command the time that its hooks and the closing scan may take', async () => {
    count += 1;
    const hooks = { before: { document: 'Corp-Drain', version: '7' }, after: { document: 'Corp-Failback', version: '3' }, within: 900 };
    const round = await seedRound(world, `send-20261109-a0000${count}`, { policy: policy({ hooks, awsCompliance: 'scan' }) });
    const batch = await admitFirst(world, round);
    await world.park('SendBatch', { batch, taskToken: 'token' });
    const [command] = await commandsOf(batch);
    expect(command?.parameters).toMatchObject({
      BeforeHook: ['Corp-Drain:7'],
      RunAfter: ['yes'],
      executionTimeout: [String(7_200 + 2 * 900 + 1_800)],
    });
    const row = await world.record.batch(batch);
    expect(row?.expiresAt).toBe((row?.sentAt ?? 0) + (600 + 10_800) * 1_000);
  });

  it('only leaves its token when it comes again', async () => {
    const batch = await admitted();
    await world.park('SendBatch', { batch, taskToken: 'first' });
    const sent = await world.record.batch(batch);
    await world.park('SendBatch', { batch, taskToken: 'second' });
    expect(await world.record.batch(batch)).toEqual({ ...sent, taskToken: 'second' });
    expect(await commandsOf(batch)).toHaveLength(1);
  });

  it('lets one of two callers at once send', async () => {
    const batch = await admitted();
    const before = world.calls('ssm:SendCommand');
    await world.settled(Promise.all([world.park('SendBatch', { batch, taskToken: 'left' }), world.park('SendBatch', { batch, taskToken: 'right' })]));
    expect(world.calls('ssm:SendCommand') - before).toBe(1);
    expect(await world.record.batch(batch)).toMatchObject({ status: 'sent', taskToken: expect.stringMatching(/^(left|right)$/) });
  });

  it.each(['InvalidInstanceId', 'InvalidDocument', 'ThrottlingException'])(
    'writes down that SSM refused it (%s), and does not ask again',
    async (code) => {
      const batch = await admitted();
      const before = world.calls('ssm:SendCommand');
      world.fail({ call: 'ssm:SendCommand', when: 'before', code, status: 400 });
      expect(await world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
        errorType: 'Terminal',
        errorMessage: expect.stringContaining(code),
      });
      expect(world.calls('ssm:SendCommand') - before).toBe(1);
      expect(await world.record.batch(batch)).toMatchObject({ status: 'refused', reason: expect.stringContaining(code) });
      expect(await commandsOf(batch)).toEqual([]);
    },
  );

  it('never repeats a call whose answer was lost: the row stays "sending" and only looking tells', async () => {
    const batch = await admitted();
    const before = world.calls('ssm:SendCommand');
    world.fail({ call: 'ssm:SendCommand', when: 'after', code: 'InternalServerError', status: 500 });
    const failure = await world.failure('SendBatch', { batch, taskToken: 'token' });
    expect(failure).toMatchObject({ errorType: 'Terminal', errorMessage: expect.stringContaining('unclear') });
    expect(world.calls('ssm:SendCommand') - before).toBe(1);
    const row = await world.record.batch(batch);
    expect(row).toMatchObject({ status: 'sending', reason: expect.stringContaining('InternalServerError') });
    expect(row?.commandId).toBeUndefined();
    expect(await commandsOf(batch)).toHaveLength(1);
  });

  it('leaves a batch "sending" whose command could not be written down', async () => {
    const batch = await admitted();
    world.fail({ call: 'dynamodb:UpdateItem', when: 'before', code: 'InternalServerError', status: 500, skip: 1 });
    await world.failure('SendBatch', { batch, taskToken: 'token' });
    expect(await world.record.batch(batch)).toMatchObject({ status: 'sending', taskToken: 'token' });
    world.mend();
    await world.park('SendBatch', { batch, taskToken: 'again' });
    expect(await commandsOf(batch)).toHaveLength(1);
  });

  it('wakes itself when the command ended before its id was stored', async () => {
    const batch = await admitted();
    await world.record.setBatch(batch, { done: 'Failed' });
    const before = world.calls('states:SendTaskSuccess');
    await world.park('SendBatch', { batch, taskToken: 'token' });
    expect(world.calls('states:SendTaskSuccess') - before).toBe(1);
    // Nobody waits for this token any more, which is no error; a second caller wakes its own.
    await world.park('SendBatch', { batch, taskToken: 'second' });
    expect(world.calls('states:SendTaskSuccess') - before).toBe(2);
  });

  it('does not wake anybody while the command runs', async () => {
    const batch = await admitted();
    const before = world.calls('states:SendTaskSuccess');
    await world.park('SendBatch', { batch, taskToken: 'token' });
    expect(world.calls('states:SendTaskSuccess')).toBe(before);
  });

  it('is terminal for a batch that nobody admitted, and for input of another form', async () => {
    const unknown = { batch: 'send-20261109-a99999-test-p1-0-0', taskToken: 'token' };
    expect(await world.failure('SendBatch', unknown)).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('was not admitted'),
    });
    expect(await world.failure('SendBatch', { batch: 'x' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('ZodError'),
    });
  });

  it('is retryable while the record is busy, with nothing sent', async () => {
    const batch = await admitted();
    const before = world.calls('ssm:SendCommand');
    world.fail({ call: 'dynamodb:UpdateItem', when: 'before', ...THROTTLED });
    expect(await world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({ errorType: 'Retryable' });
    expect(world.calls('ssm:SendCommand')).toBe(before);
    world.mend();
    await world.park('SendBatch', { batch, taskToken: 'token' });
    expect(world.calls('ssm:SendCommand') - before).toBe(1);
  });

  it('sends once even when it failed right after sending and is called again', async () => {
    const batch = await admitted();
    world.fail({ call: 'dynamodb:GetItem', when: 'before', ...THROTTLED });
    await world.failure('SendBatch', { batch, taskToken: 'first' });
    world.mend();
    await world.park('SendBatch', { batch, taskToken: 'second' });
    expect(await world.record.batch(batch)).toMatchObject({ status: 'sent', taskToken: 'second', commandId: expect.any(String) });
    expect(await commandsOf(batch)).toHaveLength(1);
  });
});
