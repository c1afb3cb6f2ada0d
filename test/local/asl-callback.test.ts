import { describe, expect, it } from 'vitest';
import { CALLBACK, eventTypes, TestWorld, thrown } from './asl-world.ts';

function fail(): never {
  throw thrown('Broken');
}

function park(more: Record<string, unknown> = {}): Record<string, unknown> {
  const given = { FunctionName: 'f', Payload: { token: '{% $states.context.Task.Token %}' } };
  return {
    Park: { Type: 'Task', Resource: CALLBACK, Arguments: given, TimeoutSeconds: 900, Next: 'Done', ...more },
    Done: { Type: 'Pass', End: true },
    ...(more['Catch'] ? { Caught: { Type: 'Pass', Output: { error: '{% $states.input %}' }, End: true } } : {}),
  };
}

/** A world whose function keeps the tokens that it gets. */
function parking(): { world: TestWorld; tokens: string[] } {
  const tokens: string[] = [];
  const world = new TestWorld({ functions: { f: (payload) => void tokens.push(payload.token) } });
  return { world, tokens };
}

async function parked(more: Record<string, unknown> = {}): Promise<{ world: TestWorld; arn: string; tokens: string[]; token: string }> {
  const { world, tokens } = parking();
  world.define('m', park(more));
  const arn = await world.start('m');
  await world.until(() => tokens.length > 0);
  await world.settle();
  return { world, arn, tokens, token: tokens[0] ?? '' };
}

describe('lambda:invoke.waitForTaskToken', () => {
  it('waits for the callback, whose output is the result', async () => {
    const { world, arn, token } = await parked();
    await world.pass(500);
    expect(world.execution(arn)).toMatchObject({ status: 'RUNNING', standsIn: ['Park'] });
    await world.api('SendTaskSuccess', { taskToken: token, output: '{"done":1}' });
    await world.settle();
    expect(world.execution(arn)).toMatchObject({ status: 'SUCCEEDED', output: { done: 1 } });
    expect(eventTypes(world.execution(arn)).slice(2, 6)).toEqual(['TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'TaskSucceeded']);
  });

  it('fails with the error and cause of SendTaskFailure', async () => {
    const { world, arn, token } = await parked();
    await world.api('SendTaskFailure', { taskToken: token, error: 'Held', cause: 'by a person' });
    await world.settle();
    expect(world.execution(arn)).toMatchObject({ status: 'FAILED', error: 'Held', cause: 'by a person' });
  });

  it('takes a callback that comes before the function has returned', async () => {
    const world = new TestWorld({
      functions: {
        f: async (payload, self) => {
          await self.api('SendTaskSuccess', { taskToken: payload.token, output: '"early"' });
          await self.clock.sleep(5_000);
        },
      },
    });
    expect(await world.run(park())).toMatchObject({ status: 'SUCCEEDED', output: 'early' });
    expect(world.seconds).toBe(0);
  });

  it('times out as States.Timeout; the token is dead then', async () => {
    const { world, arn, token } = await parked({ Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Caught' }] });
    await world.until(() => world.execution(arn).status !== 'RUNNING');
    expect(world.seconds).toBe(900);
    expect(world.execution(arn).output).toEqual({ error: { Error: 'States.Timeout', Cause: '' } });
    await expect(world.api('SendTaskSuccess', { taskToken: token, output: '1' })).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await expect(world.api('SendTaskHeartbeat', { taskToken: token })).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await expect(world.api('SendTaskFailure', { taskToken: token })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  it('accepts one callback only, however close they come', async () => {
    const { world, arn, token } = await parked();
    const callbacks = [1, 2, 3].map((output) => world.api('SendTaskSuccess', { taskToken: token, output: String(output) }));
    const settled = await Promise.allSettled(callbacks);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await world.settle();
    expect(world.execution(arn).output).toBe(1);
    await expect(world.api('SendTaskFailure', { taskToken: token })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  it('gives a retried attempt a token of its own, and the old one is dead', async () => {
    const { world, arn, tokens, token } = await parked({
      HeartbeatSeconds: 60,
      Retry: [{ ErrorEquals: ['States.HeartbeatTimeout'], IntervalSeconds: 1, MaxAttempts: 1 }],
    });
    await world.until(() => tokens.length === 2);
    expect(tokens[1]).not.toBe(token);
    await expect(world.api('SendTaskSuccess', { taskToken: token, output: '1' })).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await world.api('SendTaskSuccess', { taskToken: tokens[1], output: '2' });
    await world.settle();
    expect(world.execution(arn).output).toBe(2);
  });

  it('is kept alive by heartbeats, and lapses without', async () => {
    const { world, arn, token } = await parked({ TimeoutSeconds: 10_000, HeartbeatSeconds: 60 });
    for (let beat = 0; beat < 20; beat++) {
      await world.pass(50);
      await world.api('SendTaskHeartbeat', { taskToken: token });
    }
    expect(world.execution(arn).status).toBe('RUNNING');
    await world.until(() => world.execution(arn).status !== 'RUNNING');
    expect(world.seconds).toBe(20 * 50 + 60);
    expect(world.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(world.execution(arn).events[2]?.taskScheduledEventDetails).toMatchObject({ timeoutInSeconds: 10_000, heartbeatInSeconds: 60 });
  });

  it.each(['States.HeartbeatTimeout', 'States.Timeout', 'States.ALL'])('has a lapsed heartbeat caught by %s', async (name) => {
    const { world, arn } = await parked({ HeartbeatSeconds: 60, Catch: [{ ErrorEquals: [name], Next: 'Caught' }] });
    await world.until(() => world.execution(arn).status !== 'RUNNING');
    expect(world.execution(arn)).toMatchObject({ status: 'SUCCEEDED', output: { error: { Error: 'States.Timeout' } } });
    expect(world.seconds).toBe(60);
  });

  it('does not take an ended time limit for a lapsed heartbeat', async () => {
    const { world, arn } = await parked({ TimeoutSeconds: 60, Catch: [{ ErrorEquals: ['States.HeartbeatTimeout'], Next: 'Caught' }] });
    await world.until(() => world.execution(arn).status !== 'RUNNING');
    expect(world.execution(arn).status).toBe('FAILED');
  });

  it('refuses texts that are no token, tokens of elsewhere, and output that is no JSON', async () => {
    const { world, token } = await parked();
    await expect(world.api('SendTaskSuccess', { taskToken: 'nonsense', output: '1' })).rejects.toMatchObject({
      code: 'InvalidToken',
      message: "Invalid Token: 'Invalid token'",
    });
    await expect(world.api('SendTaskSuccess', { taskToken: `${token}x`, output: '1' })).rejects.toMatchObject({ code: 'TaskDoesNotExist' });
    await expect(world.api('SendTaskHeartbeat', { taskToken: token }, { region: 'eu-west-1' })).rejects.toMatchObject({
      code: 'TaskDoesNotExist',
    });
    await expect(world.api('SendTaskSuccess', { taskToken: token, output: '{' })).rejects.toMatchObject({ code: 'InvalidOutput' });
    await expect(world.api('SendTaskFailure', { taskToken: token, error: 'x'.repeat(257) })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });

  it('has a token that dies with its execution', async () => {
    const { world, arn, token } = await parked();
    await world.api('StopExecution', { executionArn: arn });
    await expect(world.api('SendTaskSuccess', { taskToken: token, output: '1' })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  it('fails as not submitted when the function throws before any callback', async () => {
    const execution = await new TestWorld({ functions: { f: fail } }).run(park());
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Broken' });
    expect(eventTypes(execution)).toContain('TaskSubmitFailed');
  });
});
