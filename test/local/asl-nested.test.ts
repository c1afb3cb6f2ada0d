import { describe, expect, it } from 'vitest';
import { AwsError } from '../../local/types.ts';
import { CHILD, eventTypes, machineArn, TestWorld } from './asl-world.ts';

const child = {
  Work: { Type: 'Wait', Seconds: 60, Next: 'Out' },
  Out: { Type: 'Pass', Output: { doubled: '{% $states.input.v * 2 %}' }, End: true },
};

function call(resource: string, more: Record<string, unknown> = {}, given: Record<string, unknown> = {}): Record<string, unknown> {
  const args = { StateMachineArn: machineArn('child'), Input: { v: '{% $states.input.v %}' }, Name: 'kid', ...given };
  return { Call: { Type: 'Task', Resource: resource, Arguments: args, End: true, ...more } };
}

describe('states:startExecution', () => {
  it('goes on at once with the ARN of the child', async () => {
    const world = new TestWorld();
    world.define('child', child);
    const execution = await world.run(call('arn:aws:states:::states:startExecution'), { v: 5 });
    expect(execution.output).toEqual({
      ExecutionArn: 'arn:aws:states:eu-central-1:111111111111:execution:child:kid',
      StartDate: '2026-01-01T00:00:00.000Z',
    });
    expect(world.executionsOf('child')[0]?.status).toBe('RUNNING');
  });

  it('waits for the child with .sync:2 and gives its output as a value', async () => {
    const world = new TestWorld();
    world.define('child', child);
    const execution = await world.run(call(CHILD), { v: 5 });
    expect(world.seconds).toBe(60);
    expect(execution.output).toMatchObject({
      Name: 'kid',
      Status: 'SUCCEEDED',
      Input: { v: 5 },
      Output: { doubled: 10 },
      StopDate: Date.UTC(2026, 0, 1) + 60_000,
    });
    expect(eventTypes(execution).slice(2, 6)).toEqual(['TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'TaskSucceeded']);
  });

  it.each([
    ['fails', { F: { Type: 'Fail', Error: 'Boom', Cause: 'why' } }, {}, { Status: 'FAILED', Error: 'Boom', Cause: 'why' }],
    ['times out', { W: { Type: 'Wait', Seconds: 100, End: true } }, { TimeoutSeconds: 10 }, { Status: 'TIMED_OUT' }],
  ])('fails as States.TaskFailed when the child %s', async (_how, states, more, cause) => {
    const world = new TestWorld();
    world.define('child', states, more);
    const execution = await world.run(call(CHILD), { v: 1 });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed' });
    expect(JSON.parse(execution.cause ?? '')).toMatchObject({
      ...cause,
      Input: '{"v":1}',
      InputDetails: { Included: true },
      RedriveStatus: 'REDRIVABLE',
    });
    expect(Object.keys(JSON.parse(execution.cause ?? ''))).toEqual(Object.keys(JSON.parse(execution.cause ?? '')).toSorted());
  });

  it('stops the child when the task times out', async () => {
    const world = new TestWorld();
    world.define('child', child);
    const execution = await world.run(call(CHILD, { TimeoutSeconds: 10 }), { v: 1 });
    await world.settle();
    expect(execution.error).toBe('States.Timeout');
    expect(world.executionsOf('child')[0]).toMatchObject({
      status: 'ABORTED',
      cause: `The Task state in AWS Step Functions execution [${execution.arn}] which was managing this resource was aborted`,
    });
  });

  it('stops the child, and the child of the child, when the execution is stopped', async () => {
    const world = new TestWorld();
    world.define('grandchild', child);
    world.define('child', call(CHILD, {}, { StateMachineArn: machineArn('grandchild') }));
    world.define('m', call(CHILD));
    const arn = await world.start('m', { v: 1 });
    await world.pass(10);
    await world.api('StopExecution', { executionArn: arn, error: 'Stop', cause: 'by hand' });
    await world.settle();
    expect(world.execution(arn)).toMatchObject({ status: 'ABORTED', error: 'Stop', cause: 'by hand' });
    expect(world.states.executions().map(({ status }) => status)).toEqual(['ABORTED', 'ABORTED', 'ABORTED']);
    expect(world.seconds).toBe(10);
  });

  it('stops the child when a branch beside it fails', async () => {
    const world = new TestWorld();
    world.define('child', child);
    await world.run(
      {
        P: {
          Type: 'Parallel',
          End: true,
          Branches: [
            { StartAt: 'Call', States: call(CHILD) },
            { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 5, Next: 'F' }, F: { Type: 'Fail' } } },
          ],
        },
      },
      { v: 1 },
    );
    await world.settle();
    expect(world.executionsOf('child')[0]?.status).toBe('ABORTED');
  });

  it('leaves the child running when the role may not stop it', async () => {
    const world = new TestWorld({ denied: ['states:StopExecution'] });
    world.define('child', child);
    await world.run(call(CHILD, { TimeoutSeconds: 10 }), { v: 1 });
    await world.pass(60);
    expect(world.executionsOf('child')[0]?.status).toBe('SUCCEEDED');
  });

  it('fails when the role may not start or not describe the child', async () => {
    for (const denied of ['states:StartExecution', 'states:DescribeExecution']) {
      const world = new TestWorld();
      world.define('child', child);
      world.define('m', call(CHILD));
      const arn = await world.start('m', { v: 1 });
      world.denied.add(denied);
      await world.until(() => world.execution(arn).status !== 'RUNNING');
      expect(world.execution(arn)).toMatchObject({ status: 'FAILED', error: 'StepFunctions.AWSStepFunctionsException' });
    }
  });

  it('fails when the name of the child is taken', async () => {
    const world = new TestWorld();
    world.define('child', child);
    await world.start('child', { v: 7 }, 'kid');
    const execution = await world.run(call(CHILD), { v: 1 });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'StepFunctions.ExecutionAlreadyExistsException' });
    expect(eventTypes(execution)).toContain('TaskSubmitFailed');
  });

  it('joins the open execution of the same name and input', async () => {
    const world = new TestWorld();
    world.define('child', child);
    await world.start('child', { v: 5 }, 'kid');
    await world.pass(30);
    expect((await world.run(call(CHILD), { v: 5 })).output).toMatchObject({ Output: { doubled: 10 } });
    expect(world.seconds).toBe(60);
    expect(world.executionsOf('child')).toHaveLength(1);
  });

  it('starts the child with {} when there is no input, and fails for a machine that does not exist', async () => {
    const world = new TestWorld();
    world.define('child', { P: { Type: 'Pass', End: true } });
    expect((await world.run(call(CHILD, {}, { Input: null }))).output).toMatchObject({ Output: {} });
    const other = await new TestWorld().run(call(CHILD), { v: 1 });
    expect(other).toMatchObject({ error: 'StepFunctions.StateMachineDoesNotExistException' });
  });

  it('asks again for a child that has ended when DescribeExecution is throttled', async () => {
    const world = new TestWorld({
      before: ({ operation }) => {
        if (operation === 'DescribeExecution') throw new AwsError('ThrottlingException', 'slow down');
      },
    });
    world.define('child', child);
    expect((await world.run(call(CHILD), { v: 5 })).output).toMatchObject({ Output: { doubled: 10 } });
  });
});
