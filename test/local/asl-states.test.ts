import { describe, expect, it } from 'vitest';
import { eventTypes, LAMBDA, TestWorld } from './asl-world.ts';

describe('Pass', () => {
  it('hands on its Output, and variables to the states after it', async () => {
    const execution = await new TestWorld().run(
      {
        Sum: {
          Type: 'Pass',
          Output: { sum: '{% $sum($states.input.xs) %}' },
          Assign: { n: '{% $count($states.input.xs) %}' },
          Next: 'Show',
        },
        Show: { Type: 'Pass', Output: { n: '{% $n %}', sum: '{% $states.input.sum %}' }, End: true },
      },
      { xs: [1, 2, 3] },
    );
    expect(execution.output).toEqual({ n: 3, sum: 6 });
  });

  it('hands on its input when it has no Output', async () => {
    expect((await new TestWorld().run({ A: { Type: 'Pass', End: true } }, { a: [1] })).output).toEqual({ a: [1] });
  });

  it('evaluates Output and Assign from what was there when the state was entered', async () => {
    const execution = await new TestWorld().run({
      A: { Type: 'Pass', Assign: { n: 1 }, Next: 'B' },
      B: { Type: 'Pass', Assign: { n: '{% $n + 1 %}', before: '{% $n %}' }, Output: '{% $n %}', Next: 'C' },
      C: { Type: 'Pass', Output: { n: '{% $n %}', before: '{% $before %}', output: '{% $states.input %}' }, End: true },
    });
    expect(execution.output).toEqual({ n: 2, before: 1, output: 1 });
  });
});

describe('Choice', () => {
  const states = {
    Severe: {
      Type: 'Choice',
      Choices: [
        { Condition: '{% $states.input.severity >= 9 %}', Next: 'Now', Output: 'rule', Assign: { why: 'severe' } },
        { Condition: '{% $states.input.severity >= 7 %}', Next: 'Soon' },
      ],
      Default: 'Later',
      Output: 'default',
      Assign: { why: 'default' },
    },
    Now: { Type: 'Succeed', Output: { in: '{% $states.input %}', why: '{% $why %}' } },
    Soon: { Type: 'Succeed', Output: 'soon' },
    Later: { Type: 'Succeed', Output: { in: '{% $states.input %}', why: '{% $why %}' } },
  };

  it('takes the first rule that holds, with its own Output and Assign', async () => {
    expect((await new TestWorld().run(states, { severity: 9 })).output).toEqual({ in: 'rule', why: 'severe' });
    expect((await new TestWorld().run(states, { severity: 8 })).output).toBe('soon');
  });

  it('takes the default, with the Output and Assign of the state', async () => {
    expect((await new TestWorld().run(states, { severity: 1 })).output).toEqual({ in: 'default', why: 'default' });
  });

  it('fails as States.Runtime when no rule holds and there is no default', async () => {
    const execution = await new TestWorld().run({
      C: { Type: 'Choice', Choices: [{ Condition: false, Next: 'Done' }] },
      Done: { Type: 'Succeed' },
    });
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause:
        "An error occurred while executing the state 'C' (entered at the event id #2). Failed to transition out of the state. " +
        'The state does not point to a next state.',
    });
    expect(eventTypes(execution)).toEqual(['ExecutionStarted', 'ChoiceStateEntered', 'ExecutionFailed']);
  });

  it('fails when a condition gives anything but a boolean', async () => {
    const execution = await new TestWorld().run(
      {
        C: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.severity %}', Next: 'Done' }], Default: 'Done' },
        Done: { Type: 'Succeed' },
      },
      { severity: 1 },
    );
    expect(execution.error).toBe('States.QueryEvaluationError');
    expect(execution.cause).toContain("'Choices[0]/Condition' must give a boolean, not 1");
  });
});

describe('Wait', () => {
  it('waits for seconds, which an expression may give', async () => {
    const world = new TestWorld();
    await world.run({ W: { Type: 'Wait', Seconds: '{% 7 * 86400 %}', Next: 'X' }, X: { Type: 'Wait', Seconds: 5, End: true } });
    expect(world.seconds).toBe(604_805);
  });

  it('waits until a point in time, and not at all for one in the past', async () => {
    const world = new TestWorld();
    await world.run(
      {
        Past: { Type: 'Wait', Timestamp: '2025-12-31T00:00:00Z', Next: 'Soon' },
        Soon: { Type: 'Wait', Timestamp: '{% $states.input.at %}', End: true },
      },
      { at: '2026-01-01T02:00:00+01:00' },
    );
    expect(world.seconds).toBe(3_600);
  });

  it('fails for what is no number of seconds and no point in time', async () => {
    const soon = await new TestWorld().run({ W: { Type: 'Wait', Timestamp: '{% "soon" %}', End: true } });
    expect(soon).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
    const half = await new TestWorld().run({ W: { Type: 'Wait', Seconds: '{% 0.5 %}', End: true } });
    expect(half).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  });
});

describe('Succeed and Fail', () => {
  it('ends with the Output of a Succeed', async () => {
    expect(await new TestWorld().run({ S: { Type: 'Succeed', Output: '{% $states.input.a %}' } }, { a: 5 })).toMatchObject({
      status: 'SUCCEEDED',
      output: 5,
    });
  });

  it('fails with Error and Cause, which may be expressions or absent', async () => {
    const told = await new TestWorld().run({ F: { Type: 'Fail', Error: 'Held', Cause: '{% "by " & $states.input.who %}' } }, { who: 'Ann' });
    expect(told).toMatchObject({ status: 'FAILED', error: 'Held', cause: 'by Ann' });
    const bare = await new TestWorld().run({ F: { Type: 'Fail' } });
    expect(bare.status).toBe('FAILED');
    expect(bare).not.toHaveProperty('error');
    expect(bare).not.toHaveProperty('cause');
  });
});

describe('Parallel', () => {
  it('runs its branches side by side and gives their outputs in order', async () => {
    const world = new TestWorld();
    const execution = await world.run(
      {
        P: {
          Type: 'Parallel',
          Arguments: { base: 1 },
          Branches: [
            { StartAt: 'Slow', States: { Slow: { Type: 'Wait', Seconds: 60, Output: '{% $states.input.base + 1 %}', End: true } } },
            { StartAt: 'Fast', States: { Fast: { Type: 'Pass', Output: '{% $states.input.base + 2 %}', End: true } } },
          ],
          Output: { all: '{% $states.result %}', in: '{% $states.input.x %}' },
          End: true,
        },
      },
      { x: 9 },
    );
    expect(execution.output).toEqual({ all: [2, 3], in: 9 });
    expect(world.seconds).toBe(60);
  });

  it('lets branches read outer variables, and keeps their own inside', async () => {
    const execution = await new TestWorld().run({
      Set: { Type: 'Pass', Assign: { outer: 'seen' }, Next: 'P' },
      P: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'A',
            States: { A: { Type: 'Pass', Assign: { inner: 1 }, Output: '{% $outer %}', Next: 'A2' }, A2: { Type: 'Pass', End: true } },
          },
          { StartAt: 'B', States: { B: { Type: 'Wait', Seconds: 1, Output: '{% $exists($inner) %}', End: true } } },
        ],
        Next: 'After',
      },
      After: { Type: 'Pass', Output: { branches: '{% $states.input %}', inner: '{% $exists($inner) %}' }, End: true },
    });
    expect(execution.output).toEqual({ branches: ['seen', false], inner: false });
  });

  it('fails with the first branch that fails, and cuts off the others', async () => {
    const world = new TestWorld({ functions: { slow: async (_payload, { clock }) => clock.sleep(500_000) } });
    const execution = await world.run({
      P: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'Boom',
            States: { Boom: { Type: 'Wait', Seconds: 5, Next: 'Bang' }, Bang: { Type: 'Fail', Error: 'Bang', Cause: 'loud' } },
          },
          { StartAt: 'Long', States: { Long: { Type: 'Wait', Seconds: 1_000, End: true } } },
          { StartAt: 'Task', States: { Task: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'slow' }, End: true } } },
          { StartAt: 'Done', States: { Done: { Type: 'Pass', End: true } } },
        ],
        End: true,
      },
    });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Bang', cause: 'loud' });
    expect(world.seconds).toBe(5);
    const failure = execution.events.find(({ type }) => type === 'FailStateEntered');
    const tail = execution.events.slice(failure?.id);
    expect(tail.map(({ type }) => type)).toEqual(['WaitStateAborted', 'TaskStateAborted', 'ParallelStateFailed', 'ExecutionFailed']);
    expect(tail.slice(0, 3).map(({ previousEventId }) => previousEventId)).toEqual([failure?.id, failure?.id, failure?.id]);
    await world.pass(10_000);
    expect(world.execution(execution.arn).events).toHaveLength(execution.events.length);
  });
});

describe('what is cut off', () => {
  const busy = {
    StartAt: 'B1',
    States: { B1: { Type: 'Pass', Output: '{% $now() %}', Next: 'B2' }, B2: { Type: 'Pass', Output: '{% $now() %}', End: true } },
  };

  it('says nothing more, even in the middle of an expression', async () => {
    const world = new TestWorld();
    const fail = { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E' } } };
    const execution = await world.run({ P: { Type: 'Parallel', Branches: [busy, fail], End: true } });
    await world.settle();
    expect(eventTypes(world.execution(execution.arn)).slice(-3)).toEqual(['FailStateEntered', 'ParallelStateFailed', 'ExecutionFailed']);
  });

  it('says nothing after the execution was stopped in the middle of an expression', async () => {
    const world = new TestWorld();
    world.define('m', busy.States);
    const arn = await world.start('m');
    await world.api('StopExecution', { executionArn: arn });
    await world.settle();
    expect(eventTypes(world.execution(arn))).toEqual(['ExecutionStarted', 'PassStateEntered', 'ExecutionAborted']);
  });
});

describe('the context object', () => {
  it('tells execution, machine and state', async () => {
    const execution = await new TestWorld().run(
      {
        W: { Type: 'Wait', Seconds: 10, Next: 'Show' },
        Show: { Type: 'Pass', Output: '{% $states.context %}', End: true },
      },
      { a: 1 },
    );
    expect(execution.output).toEqual({
      Execution: {
        Id: 'arn:aws:states:eu-central-1:111111111111:execution:m:run',
        Input: { a: 1 },
        Name: 'run',
        RoleArn: 'arn:aws:iam::111111111111:role/path/MachineRole',
        StartTime: '2026-01-01T00:00:00.000Z',
        RedriveCount: 0,
      },
      StateMachine: { Id: 'arn:aws:states:eu-central-1:111111111111:stateMachine:m', Name: 'm' },
      State: { Name: 'Show', EnteredTime: '2026-01-01T00:00:10.000Z', RetryCount: 0 },
    });
  });
});

describe('failed expressions', () => {
  it('fail a state for an undefined result and name expression, field and state, as AWS does', async () => {
    const execution = await new TestWorld().run({ E: { Type: 'Pass', Output: { a: [{ b: '{% $states.input.missing %}' }] }, End: true } });
    const cause =
      "An error occurred while executing the state 'E' (entered at the event id #2). The JSONata expression '$states.input.missing' " +
      "specified for the field 'Output/a[0]/b' returned nothing (undefined).";
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError', cause });
    expect(eventTypes(execution)).toEqual(['ExecutionStarted', 'PassStateEntered', 'EvaluationFailed', 'ExecutionFailed']);
    expect(execution.events[2]).toMatchObject({
      previousEventId: 2,
      evaluationFailedEventDetails: { error: 'States.QueryEvaluationError', cause, location: 'Output/a[0]/b', state: 'E' },
    });
  });
});
