import { describe, expect, it } from 'vitest';
import { AsyncLocalStorage } from 'node:async_hooks';
import { CALLBACK, eventTypes, LAMBDA, TestWorld } from './asl-world.ts';

const LIMIT = 262_144;

/** A text whose JSON is `bytes` long. */
function textOf(bytes: number): string {
  return 'x'.repeat(bytes - 2);
}

/** Each state sets a variable of 250,000 bytes. */
async function statusWith(count: number): Promise<string> {
  const names = Array.from({ length: count }, (_, n) => `v${n}`);
  const states = names.map((name, n) => [name, { Type: 'Pass', Assign: { [name]: '{% $states.input %}' }, Next: names[n + 1] ?? 'Done' }]);
  return (await new TestWorld().run({ ...Object.fromEntries(states), Done: { Type: 'Succeed' } }, textOf(250_000))).status;
}

/** A run full of chance: which attempts fail, and how long each retry waits. */
async function eventsWith(seed: number): Promise<string> {
  const world = new TestWorld({ seed, functions: { f: (payload) => (payload < 0.5 ? Promise.reject(new RangeError('low')) : payload) } });
  const Retry = [{ ErrorEquals: ['RangeError'], MaxAttempts: 9, JitterStrategy: 'FULL' }];
  const task = { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f', Payload: '{% $random() %}' }, Retry, End: true };
  const map = { M: { Type: 'Map', Items: [1, 2, 3, 4, 5], ItemProcessor: { StartAt: 'T', States: { T: task } }, End: true } };
  return JSON.stringify((await world.run(map)).events);
}

describe('the payload limit', () => {
  it('is 262,144 bytes for the output of a state', async () => {
    const grow = { A: { Type: 'Pass', Output: '{% $states.input & $states.input %}', End: true } };
    const fits = await new TestWorld().run(grow, textOf(LIMIT / 2 + 1));
    expect(fits.status).toBe('SUCCEEDED');
    const over = await new TestWorld().run(grow, textOf(LIMIT / 2 + 2));
    expect(over).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
      cause: "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
  });

  it('counts bytes, not characters', async () => {
    const grow = { A: { Type: 'Pass', Output: '{% $states.input & $states.input %}', End: true } };
    expect((await new TestWorld().run(grow, 'ä'.repeat(65_537))).error).toBe('States.DataLimitExceeded');
  });

  it('holds for the result of a task, even when its Output would be small', async () => {
    const world = new TestWorld({ functions: { f: () => textOf(LIMIT) } });
    const execution = await world.run({ A: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f' }, Output: 1, End: true } });
    expect(execution).toMatchObject({
      error: 'States.DataLimitExceeded',
      cause: expect.stringContaining("The state/task 'lambda' returned"),
    });
    expect(eventTypes(execution)).toContain('TaskFailed');
  });

  it('holds for arguments, callbacks and variables', async () => {
    const half = textOf(LIMIT / 2 + 100);
    const world = new TestWorld({ functions: { f: () => 1 } });
    const both = '{% $states.input & $states.input %}';
    const called = await world.run({ A: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f', Payload: both }, End: true } }, half);
    expect(called.error).toBe('States.DataLimitExceeded');
    expect(world.callsTo('lambda:Invoke')).toEqual([]);
    const assigned = await new TestWorld().run(
      { A: { Type: 'Pass', Assign: { a: '{% $states.input %}', b: '{% $states.input %}' }, End: true } },
      half,
    );
    expect(assigned.error).toBe('States.DataLimitExceeded');
    const tokens: string[] = [];
    const parking = new TestWorld({ functions: { f: (payload) => void tokens.push(payload) } });
    parking.define('m', {
      A: { Type: 'Task', Resource: CALLBACK, Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' }, End: true },
    });
    await parking.start('m');
    await parking.until(() => tokens.length > 0);
    await expect(parking.api('SendTaskSuccess', { taskToken: tokens[0], output: JSON.stringify(textOf(LIMIT + 1)) })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    await expect(parking.api('SendTaskSuccess', { taskToken: tokens[0], output: JSON.stringify(textOf(LIMIT)) })).resolves.toEqual({});
  });

  it('holds for the outputs of branches and iterations together', async () => {
    const big = { B: { Type: 'Pass', Output: '{% $big %}', End: true } };
    const states = {
      Set: { Type: 'Pass', Assign: { big: '{% $states.input %}' }, Next: 'M' },
      M: { Type: 'Map', Items: [1, 2], ItemProcessor: { StartAt: 'B', States: big }, Output: 1, End: true },
    };
    expect((await new TestWorld().run(states, textOf(LIMIT / 2 - 4))).status).toBe('SUCCEEDED');
    expect((await new TestWorld().run(states, textOf(LIMIT / 2))).error).toBe('States.DataLimitExceeded');
  });

  it('is 10 MiB for all variables together', async () => {
    expect(await statusWith(41)).toBe('SUCCEEDED');
    expect(await statusWith(42)).toBe('FAILED');
  });
});

describe('the history', () => {
  it('holds 25,000 events; the last one is the failure', async () => {
    const execution = await new TestWorld().run(
      {
        Loop: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.spin %}', Next: 'Loop' }], Default: 'Done' },
        Done: { Type: 'Succeed' },
      },
      { spin: true },
    );
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    expect(execution.events).toHaveLength(25_000);
    expect(execution.events.at(-1)).toMatchObject({ id: 25_000, previousEventId: 24_999, type: 'ExecutionFailed' });
    expect(execution.events.at(-2)).toMatchObject({ type: 'ChoiceStateExited' });
  });

  it('is full for branches as well, and nothing catches that', async () => {
    const spin = {
      StartAt: 'S',
      States: { S: { Type: 'Choice', Choices: [{ Condition: true, Next: 'S' }], Default: 'E' }, E: { Type: 'Succeed' } },
    };
    const execution = await new TestWorld().run({
      P: { Type: 'Parallel', Branches: [spin], Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }], Next: 'Caught' },
      Caught: { Type: 'Succeed' },
    });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(execution.events).toHaveLength(25_000);
  });

  it('is too long for a redrive when it is full', async () => {
    const world = new TestWorld();
    const { arn } = await world.run({
      Loop: { Type: 'Choice', Choices: [{ Condition: true, Next: 'Loop' }], Default: 'Done' },
      Done: { Type: 'Succeed' },
    });
    await expect(world.api('RedriveExecution', { executionArn: arn })).rejects.toMatchObject({
      code: 'ExecutionNotRedrivable',
      message: 'Execution history event limit exceeded',
    });
  });
});

describe('an execution', () => {
  it('is no part of the request that starts it, nor of the callback that wakes it', async () => {
    const store = new AsyncLocalStorage<string>();
    const seen: Array<string | undefined> = [];
    const tokens: string[] = [];
    const world = new TestWorld({
      functions: {
        park: (payload) => void (tokens.push(payload), seen.push(store.getStore())),
        after: () => void seen.push(store.getStore()),
      },
    });
    world.define('m', {
      A: { Type: 'Task', Resource: CALLBACK, Arguments: { FunctionName: 'park', Payload: '{% $states.context.Task.Token %}' }, Next: 'B' },
      B: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'after' }, End: true },
    });
    const arn = await store.run('starter', () => world.start('m'));
    await world.until(() => tokens.length > 0);
    await store.run('waker', () => world.api('SendTaskSuccess', { taskToken: tokens[0], output: '1' }));
    await world.until(() => world.execution(arn).status !== 'RUNNING');
    expect(seen).toEqual([undefined, undefined]);
  });

  it('leaves no timer behind', async () => {
    const world = new TestWorld({ functions: { f: () => 1 } });
    await world.run(
      {
        A: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f' }, TimeoutSeconds: 500, Next: 'P' },
        P: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 900, End: true } } },
            { StartAt: 'F', States: { F: { Type: 'Fail' } } },
          ],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'D' }],
          Next: 'D',
        },
        D: { Type: 'Succeed' },
      },
      {},
      { TimeoutSeconds: 1_000 },
    );
    await expect(world.until(() => false)).rejects.toThrow('no timer is set');
    expect(world.seconds).toBe(0);
  });

  it('goes the same way for the same seed', async () => {
    expect(await eventsWith(3)).toBe(await eventsWith(3));
    expect(await eventsWith(3)).not.toBe(await eventsWith(4));
  });

  it('is one of hundreds that run side by side', async () => {
    const world = new TestWorld({ functions: { f: async (payload, { clock }) => (await clock.sleep(5_000), payload) } });
    const states = Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [
        [
          `T${n}`,
          {
            Type: 'Task',
            Resource: LAMBDA,
            Arguments: { FunctionName: 'f', Payload: { n: '{% $states.input.n %}' } },
            Output: '{% $states.result.Payload %}',
            TimeoutSeconds: 900,
            Next: `W${n}`,
          },
        ],
        [`W${n}`, { Type: 'Wait', Seconds: 86_400, ...(n === 7 ? { End: true } : { Next: `T${n + 1}` }) }],
      ]).flat(),
    );
    world.define('m', states);
    for (let n = 0; n < 500; n++) await world.start('m', { n });
    // Each execution announces its start and its end.
    await world.until(() => world.events.length === 1_000);
    const executions = world.states.executions();
    expect(executions.map(({ output }) => output)).toEqual(Array.from({ length: 500 }, (_, n) => ({ n })));
    expect(executions.map(({ events }) => events.length)).toEqual(Array.from({ length: 500 }, () => 58));
    expect(world.seconds).toBe(8 * (86_400 + 5));
  });
});
