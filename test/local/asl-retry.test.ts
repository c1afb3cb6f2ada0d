import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../local/random.ts';
import { StatesError } from '../../local/asl/errors.ts';
import { Retries } from '../../local/asl/retries.ts';
import { CALLBACK, eventTypes, LAMBDA, TestWorld, thrown, type TestFunction } from './asl-world.ts';

function task(more: Record<string, unknown>): Record<string, unknown> {
  return { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f', Payload: {} }, ...more };
}

/** Fails with one error name a call, then answers. */
function failing(...names: string[]): TestFunction {
  const left = [...names];
  return () => {
    const name = left.shift();
    if (name !== undefined) throw thrown(name, `no ${name}`);
    return 'ok';
  };
}

describe('Retry', () => {
  it('waits longer each time, up to MaxDelaySeconds', async () => {
    const world = new TestWorld({ functions: { f: failing('Boom', 'Boom', 'Boom', 'Boom') } });
    const retry = [{ ErrorEquals: ['Boom'], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 4, MaxDelaySeconds: 3 }];
    const execution = await world.run({ A: task({ Retry: retry, End: true }) });
    expect(execution.output).toMatchObject({ Payload: 'ok' });
    expect(world.seconds).toBe(1 + 2 + 3 + 3);
  });

  it('gives up after MaxAttempts with the last error, and three attempts by default', async () => {
    const world = new TestWorld({ functions: { f: failing(...Array.from({ length: 9 }, () => 'Boom')) } });
    const execution = await world.run({ A: task({ Retry: [{ ErrorEquals: ['States.ALL'] }], End: true }) });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Boom' });
    expect(world.callsTo('lambda:Invoke')).toHaveLength(4);
    expect(world.seconds).toBe(1 + 2 + 4);
    expect(eventTypes(execution).filter((type) => type === 'TaskStateEntered')).toHaveLength(1);
  });

  it('never tries again with MaxAttempts 0', async () => {
    const world = new TestWorld({ functions: { f: failing('Boom') } });
    const retry = [
      { ErrorEquals: ['Boom'], MaxAttempts: 0 },
      { ErrorEquals: ['States.ALL'], MaxAttempts: 5 },
    ];
    expect((await world.run({ A: task({ Retry: retry, End: true }) })).status).toBe('FAILED');
  });

  it('counts for each retrier apart', async () => {
    const world = new TestWorld({ functions: { f: failing('A', 'B', 'A', 'B') } });
    const rest = { MaxAttempts: 2, IntervalSeconds: 1, BackoffRate: 1 };
    const retry = [
      { ErrorEquals: ['A'], ...rest },
      { ErrorEquals: ['B'], ...rest },
    ];
    expect((await world.run({ T: task({ Retry: retry, End: true }) })).status).toBe('SUCCEEDED');
    expect(world.seconds).toBe(4);
  });

  it('counts each attempt as a state transition, and shows the count to the state', async () => {
    const world = new TestWorld({ functions: { f: (payload) => (payload < 2 ? failing('Boom')(payload, world) : payload) } });
    const states = {
      A: {
        ...task({}),
        Arguments: { FunctionName: 'f', Payload: '{% $states.context.State.RetryCount %}' },
        Retry: [{ ErrorEquals: ['Boom'] }],
        End: true,
      },
    };
    expect((await world.run(states)).output).toMatchObject({ Payload: 2 });
    expect(world.transitions).toBe(3);
  });

  it('tries a Parallel again with all its branches', async () => {
    const world = new TestWorld({ functions: { f: failing('Boom'), g: () => 1 } });
    const execution = await world.run({
      P: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'F', States: { F: task({ End: true }) } },
          { StartAt: 'G', States: { G: { ...task({ End: true }), Arguments: { FunctionName: 'g' } } } },
        ],
        Retry: [{ ErrorEquals: ['Boom'], MaxAttempts: 1 }],
        Output: '{% $states.result.Payload %}',
        End: true,
      },
    });
    expect(execution.output).toEqual(['ok', 1]);
    expect(eventTypes(execution).filter((type) => type === 'ParallelStateStarted')).toHaveLength(2);
    expect(eventTypes(execution)).not.toContain('ParallelStateFailed');
    expect(world.callsTo('lambda:Invoke')).toHaveLength(4);
  });

  it('spreads delays over the whole interval with full jitter, the same for the same seed', async () => {
    const error = new StatesError({ error: 'Boom' });
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 100 }), fc.double({ min: 1, max: 4, noNaN: true }), (seed, interval, rate) => {
        const delays = (): number[] => {
          const retrier = {
            ErrorEquals: ['States.ALL'],
            IntervalSeconds: interval,
            BackoffRate: rate,
            MaxAttempts: 5,
            MaxDelaySeconds: 500,
            JitterStrategy: 'FULL' as const,
          };
          const retries = new Retries([retrier], createRandom(seed));
          return Array.from({ length: 6 }, () => retries.next(error) ?? -1);
        };
        const [first, second] = [delays(), delays()];
        expect(first).toEqual(second);
        expect(first.at(-1)).toBe(-1);
        for (const [attempt, delay] of first.slice(0, -1).entries()) {
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(Math.ceil(1000 * Math.min(interval * rate ** attempt, 500)));
        }
      }),
    );
  });
});

describe('Catch', () => {
  it('hands Error and Cause on, and sets variables from them', async () => {
    const world = new TestWorld({ functions: { f: failing('Boom') } });
    const execution = await world.run(
      {
        A: task({
          Catch: [
            { ErrorEquals: ['Other'], Next: 'Never' },
            {
              ErrorEquals: ['Boom'],
              Output: '{% $merge([$states.input, {"error": $states.errorOutput.Error}]) %}',
              Assign: { cause: '{% $parse($states.errorOutput.Cause).errorMessage %}' },
              Next: 'B',
            },
          ],
          Next: 'Never',
        }),
        B: { Type: 'Pass', Output: { input: '{% $states.input %}', cause: '{% $cause %}' }, End: true },
        Never: { Type: 'Fail' },
      },
      { k: 1 },
    );
    expect(execution.output).toEqual({ input: { k: 1, error: 'Boom' }, cause: 'no Boom' });
    const exited = execution.events.find(({ type }) => type === 'TaskStateExited');
    expect(exited?.stateExitedEventDetails).toMatchObject({ output: '{"k":1,"error":"Boom"}', assignedVariables: { cause: '"no Boom"' } });
  });

  it('comes after the retries', async () => {
    const world = new TestWorld({ functions: { f: failing('Boom', 'Boom') } });
    const states = {
      A: task({ Retry: [{ ErrorEquals: ['Boom'], MaxAttempts: 1 }], Catch: [{ ErrorEquals: ['Boom'], Next: 'B' }], End: true }),
      B: { Type: 'Succeed', Output: 'caught' },
    };
    expect((await world.run(states)).output).toBe('caught');
    expect(world.seconds).toBe(1);
  });

  it.each([
    ['States.TaskFailed', 'Boom', 'SUCCEEDED'],
    ['States.TaskFailed', 'States.Timeout', 'FAILED'],
    ['States.ALL', 'States.Timeout', 'SUCCEEDED'],
    ['States.ALL', 'States.DataLimitExceeded', 'FAILED'],
    ['States.TaskFailed', 'States.DataLimitExceeded', 'FAILED'],
    ['States.DataLimitExceeded', 'States.DataLimitExceeded', 'SUCCEEDED'],
    ['States.ALL', 'States.Runtime', 'FAILED'],
    ['States.Runtime', 'States.Runtime', 'FAILED'],
  ])('by %s, of %s: %s', async (entry, error, status) => {
    const tokens: string[] = [];
    const world = new TestWorld({ functions: { f: (payload) => void tokens.push(payload) } });
    world.define('m', {
      A: {
        Type: 'Task',
        Resource: CALLBACK,
        Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' },
        Catch: [{ ErrorEquals: [entry], Next: 'B' }],
        End: true,
      },
      B: { Type: 'Succeed' },
    });
    const arn = await world.start('m');
    await world.until(() => tokens.length > 0);
    await world.api('SendTaskFailure', { taskToken: tokens[0], error });
    await world.settle();
    expect(world.execution(arn).status).toBe(status);
  });

  it('takes an expression that failed in the state', async () => {
    const world = new TestWorld({ functions: { f: () => ({}) } });
    const execution = await world.run({
      A: task({
        Output: '{% $states.result.Payload.nope %}',
        Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'B' }],
        End: true,
      }),
      B: { Type: 'Succeed', Output: 'caught' },
    });
    expect(execution.output).toBe('caught');
    expect(eventTypes(execution)).toContain('EvaluationFailed');
  });

  it('does not take what fails in its own Output', async () => {
    const execution = await new TestWorld().run({
      P: {
        Type: 'Parallel',
        Branches: [{ StartAt: 'F', States: { F: { Type: 'Fail', Error: 'MyError', Cause: 'my cause' } } }],
        Catch: [
          { ErrorEquals: ['Other'], Next: 'Done' },
          { ErrorEquals: ['States.ALL'], Output: { v: '{% $states.input.missing %}' }, Next: 'Done' },
        ],
        Next: 'Done',
      },
      Done: { Type: 'Pass', End: true },
    });
    expect(execution.error).toBe('States.QueryEvaluationError');
    expect(execution.cause).toContain("specified for the field 'Catch[1]/Output/v'");
    // As measured on AWS: https://github.com/floci-io/floci/issues/2868
    expect(execution.events.map(({ type, previousEventId }) => `${type} ${previousEventId}`)).toEqual([
      'ExecutionStarted 0',
      'ParallelStateEntered 0',
      'ParallelStateStarted 2',
      'FailStateEntered 3',
      'ParallelStateFailed 4',
      'EvaluationFailed 4',
      'ParallelStateFailed 6',
      'ExecutionFailed 7',
    ]);
  });
});
