import { describe, expect, it } from 'vitest';
import type { ExecutionView } from '../../local/services/states.ts';
import { CHILD, eventTypes, LAMBDA, machineArn, REGION, TestWorld, thrown } from './asl-world.ts';

const DAY = 86_400;

/** A world whose function `f` fails while its payload is named in `broken`. */
function fragile(broken: Set<unknown>): TestWorld {
  return new TestWorld({
    functions: {
      f: (payload) => {
        if (broken.has(payload)) throw thrown('Broken', String(payload));
        return payload;
      },
    },
  });
}

function task(payload: unknown, more: Record<string, unknown> = { End: true }): Record<string, unknown> {
  return {
    Type: 'Task',
    Resource: LAMBDA,
    Arguments: { FunctionName: 'f', Payload: payload },
    Output: '{% $states.result.Payload %}',
    ...more,
  };
}

/** Calls the machine `child` under a name. */
function call(Name: string): Record<string, unknown> {
  const given = { StateMachineArn: machineArn('child'), Name };
  return { C: { Type: 'Task', Resource: CHILD, Arguments: given, Output: '{% $states.result.Output %}', End: true } };
}

async function redrive(world: TestWorld, { arn }: { arn: string }, clientToken?: string): Promise<ExecutionView> {
  await world.api('RedriveExecution', { executionArn: arn, ...(clientToken ? { clientToken } : {}) });
  await world.until(() => world.execution(arn).status !== 'RUNNING');
  return world.execution(arn);
}

describe('a redrive', () => {
  it('starts the failed task again with the same input and keeps what was done', async () => {
    const broken = new Set<unknown>([2]);
    const world = fragile(broken);
    const failed = await world.run({
      First: task(1, { Assign: { kept: 'yes' }, Next: 'Second' }),
      Second: task('{% $states.input + 1 %}', { Next: 'Last' }),
      Last: {
        Type: 'Pass',
        Output: {
          in: '{% $states.input %}',
          kept: '{% $kept %}',
          count: '{% $states.context.Execution.RedriveCount %}',
          time: '{% $states.context.Execution.RedriveTime %}',
        },
        End: true,
      },
    });
    expect(failed).toMatchObject({ status: 'FAILED', error: 'Broken' });
    broken.clear();
    await world.pass(60);
    const events = failed.events.length;
    const redriven = await redrive(world, failed);
    expect(redriven.output).toEqual({ in: 2, kept: 'yes', count: 1, time: '2026-01-01T00:01:00.000Z' });
    expect(redriven).not.toHaveProperty('error');
    expect(eventTypes(redriven).slice(events)).toEqual([
      'ExecutionRedriven',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
    expect(world.callsTo('lambda:Invoke').map(({ input }) => JSON.parse(Buffer.from(input.Payload).toString()))).toEqual([1, 2, 2]);
    expect(await world.api('DescribeExecution', { executionArn: failed.arn })).toMatchObject({
      redriveCount: 1,
      redriveDate: new Date(Date.UTC(2026, 0, 1, 0, 1)),
    });
  });

  it('enters a Fail state again, and fails again', async () => {
    const world = new TestWorld();
    const failed = await world.run({ Verdict: { Type: 'Fail', Error: 'Held' } });
    const redriven = await redrive(world, failed);
    expect(redriven).toMatchObject({ status: 'FAILED', error: 'Held', redriveCount: 1 });
    expect(eventTypes(redriven)).toEqual([
      'ExecutionStarted',
      'FailStateEntered',
      'ExecutionFailed',
      'ExecutionRedriven',
      'FailStateEntered',
      'ExecutionFailed',
    ]);
  });

  it('gives retries anew', async () => {
    const broken = new Set<unknown>([1]);
    const world = fragile(broken);
    const failed = await world.run({ A: task(1, { Retry: [{ ErrorEquals: ['Broken'], MaxAttempts: 2 }], End: true }) });
    await redrive(world, failed);
    expect(world.callsTo('lambda:Invoke')).toHaveLength(6);
  });

  it('starts a new child for a .sync:2 task, so its name must differ', async () => {
    const broken = new Set<unknown>(['x']);
    const world = fragile(broken);
    world.define('child', { T: task('x') });
    const fixed = await world.run(call('wave-1'));
    expect((await redrive(world, fixed)).error).toBe('StepFunctions.ExecutionAlreadyExistsException');
    world.define('counted', call('{% "wave-1-" & $states.context.Execution.RedriveCount %}'));
    const counted = await world.runToEnd('counted');
    broken.clear();
    expect((await redrive(world, counted)).output).toBe('x');
    expect(world.executionsOf('child').map(({ name }) => name)).toEqual(['wave-1', 'wave-1-0', 'wave-1-1']);
  });

  it('runs only the branches and iterations that did not succeed', async () => {
    const broken = new Set<unknown>(['b']);
    const world = fragile(broken);
    const failed = await world.run({
      P: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'A', States: { A: task('a') } },
          {
            StartAt: 'W',
            States: {
              W: { Type: 'Wait', Seconds: 5, Next: 'M' },
              M: {
                Type: 'Map',
                Items: ['x', 'b'],
                MaxConcurrency: 1,
                ItemProcessor: { StartAt: 'I', States: { I: task('{% $states.input %}') } },
                End: true,
              },
            },
          },
        ],
        End: true,
      },
    });
    expect(failed.status).toBe('FAILED');
    broken.clear();
    const redriven = await redrive(world, failed);
    expect(redriven.output).toEqual(['a', ['x', 'b']]);
    expect(eventTypes(redriven).filter((type) => type === 'MapIterationStarted')).toHaveLength(2);
    expect(world.callsTo('lambda:Invoke').map(({ input }) => JSON.parse(Buffer.from(input.Payload).toString()))).toEqual(['a', 'x', 'b', 'b']);
    expect(world.seconds).toBe(5);
  });

  it('does not record again what had ended, and tries a Parallel again with all branches when it fails once more', async () => {
    const broken = new Set<unknown>(['b']);
    const world = fragile(broken);
    const failed = await world.run({
      P: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'A', States: { A: task('a') } },
          {
            StartAt: 'M',
            States: { M: { Type: 'Map', Items: [1], ItemProcessor: { StartAt: 'I', States: { I: task('i') } }, End: true } },
          },
          { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1, Next: 'B' }, B: task('b') } },
        ],
        Retry: [{ ErrorEquals: ['Broken'], MaxAttempts: 1, IntervalSeconds: 10 }],
        End: true,
      },
    });
    const calls = world.callsTo('lambda:Invoke').length;
    const events = failed.events.length;
    await world.api('RedriveExecution', { executionArn: failed.arn });
    await world.settle();
    expect(world.callsTo('lambda:Invoke')).toHaveLength(calls + 1);
    broken.clear();
    await world.until(() => world.execution(failed.arn).status !== 'RUNNING');
    const redriven = world.execution(failed.arn);
    expect(redriven.output).toEqual(['a', ['i'], 'b']);
    expect(world.callsTo('lambda:Invoke')).toHaveLength(calls + 1 + 3);
    const after = eventTypes(redriven).slice(events);
    expect(after.filter((type) => type === 'MapIterationStarted')).toHaveLength(1);
    expect(after.slice(0, 4)).toEqual(['ExecutionRedriven', 'TaskScheduled', 'TaskStarted', 'TaskFailed']);
  });

  it('runs the children of a Map Run again that did not succeed, under the same Map Run', async () => {
    const broken = new Set<unknown>([2, 3]);
    const world = fragile(broken);
    const ItemProcessor = {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: 'I',
      States: { I: task('{% $states.input %}') },
    };
    const failed = await world.run({ M: { Type: 'Map', Label: 'items', Items: [1, 2, 3], MaxConcurrency: 1, ItemProcessor, End: true } });
    expect(failed.error).toBe('States.ExceedToleratedFailureThreshold');
    broken.clear();
    const child = world.executionsOf('m/items')[1];
    await expect(world.api('RedriveExecution', { executionArn: child?.arn })).rejects.toMatchObject({ code: 'ExecutionNotRedrivable' });
    expect(await world.api('DescribeExecution', { executionArn: child?.arn })).toMatchObject({ redriveStatus: 'REDRIVABLE_BY_MAP_RUN' });
    const redriven = await redrive(world, failed);
    expect(redriven.output).toEqual([1, 2, 3]);
    expect(eventTypes(redriven)).toContain('MapRunRedriven');
    expect(world.executionsOf('m/items').map(({ redriveCount }) => redriveCount)).toEqual([0, 1, 0]);
    const { mapRuns } = await world.api('ListMapRuns', { executionArn: failed.arn });
    expect(mapRuns).toHaveLength(1);
    expect(await world.api('DescribeMapRun', { mapRunArn: mapRuns[0].mapRunArn })).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
    expect(world.callsTo('states:RedriveExecution').map(({ caller }) => caller.roleArn === undefined)).toEqual([true, true, false]);
  });

  it('runs everything again when the outputs were too large together', async () => {
    const world = new TestWorld({ functions: { f: () => 'x'.repeat(world.seconds === 0 ? 200_000 : 10) } });
    const Branches = ['A', 'B'].map((name) => ({ StartAt: name, States: { [name]: task(1) } }));
    const failed = await world.run({ P: { Type: 'Parallel', Branches, End: true } });
    expect(failed.error).toBe('States.DataLimitExceeded');
    await world.pass(1);
    expect((await redrive(world, failed)).status).toBe('SUCCEEDED');
    expect(world.callsTo('lambda:Invoke')).toHaveLength(4);
  });

  it('starts a new Map Run when the outputs of the children were too large together', async () => {
    const world = new TestWorld({ functions: { f: () => 'x'.repeat(world.seconds === 0 ? 200_000 : 10) } });
    const ItemProcessor = { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, StartAt: 'I', States: { I: task(1) } };
    const failed = await world.run({ M: { Type: 'Map', Items: [1, 2], ItemProcessor, End: true } });
    expect(failed.error).toBe('States.DataLimitExceeded');
    await world.pass(1);
    expect((await redrive(world, failed)).status).toBe('SUCCEEDED');
    expect((await world.api('ListMapRuns', { executionArn: failed.arn })).mapRuns).toHaveLength(2);
  });

  it('takes up a stopped and a timed-out execution, and starts the time limit anew', async () => {
    const world = new TestWorld();
    world.define('m', { W: { Type: 'Wait', Timestamp: '2026-01-01T01:00:00Z', End: true } }, { TimeoutSeconds: 2_000 });
    const timedOut = await world.runToEnd('m');
    expect(timedOut).toMatchObject({ status: 'TIMED_OUT' });
    expect(timedOut).not.toHaveProperty('error');
    expect((await redrive(world, timedOut)).status).toBe('SUCCEEDED');
    expect(world.seconds).toBe(3_600);
    const stopped = await world.start('m', {}, 'other');
    await world.api('StopExecution', { executionArn: stopped });
    expect((await redrive(world, world.execution(stopped))).status).toBe('SUCCEEDED');
  });

  it('gives a waiting task a new token', async () => {
    const tokens: string[] = [];
    const world = new TestWorld({ functions: { f: (payload) => void tokens.push(payload) } });
    const park = {
      Type: 'Task',
      Resource: `${LAMBDA}.waitForTaskToken`,
      Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' },
      TimeoutSeconds: 10,
      End: true,
    };
    const failed = await world.run({ Park: park });
    await world.api('RedriveExecution', { executionArn: failed.arn });
    await world.until(() => tokens.length === 2);
    await expect(world.api('SendTaskSuccess', { taskToken: tokens[0], output: '1' })).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await world.api('SendTaskSuccess', { taskToken: tokens[1], output: '2' });
    await world.settle();
    expect(world.execution(failed.arn)).toMatchObject({ status: 'SUCCEEDED', output: 2 });
  });

  it('is refused for executions that run, succeeded, or ended more than 14 days ago', async () => {
    const world = new TestWorld();
    const done = await world.run({ P: { Type: 'Pass', End: true } });
    await expect(redrive(world, done)).rejects.toMatchObject({
      code: 'ExecutionNotRedrivable',
      message: 'Execution is SUCCEEDED and cannot be redriven',
    });
    world.define('w', { W: { Type: 'Wait', Seconds: 5, Next: 'F' }, F: { Type: 'Fail' } });
    const arn = await world.start('w');
    await expect(redrive(world, { arn })).rejects.toMatchObject({ message: 'Execution is RUNNING and cannot be redriven' });
    await world.pass(5 + 14 * DAY + 1);
    await expect(redrive(world, { arn })).rejects.toMatchObject({ message: 'Execution redrivable period exceeded' });
    const nobody = `arn:aws:states:${REGION}:111111111111:execution:m:nobody`;
    await expect(redrive(world, { arn: nobody })).rejects.toMatchObject({ code: 'ExecutionDoesNotExist' });
  });

  it('is done once for a client token, within 15 minutes', async () => {
    const world = new TestWorld();
    const failed = await world.run({ F: { Type: 'Fail' } });
    await redrive(world, failed, 'token');
    await redrive(world, failed, 'token');
    expect(world.execution(failed.arn).redriveCount).toBe(1);
    await world.pass(901);
    await redrive(world, failed, 'token');
    expect(world.execution(failed.arn).redriveCount).toBe(2);
  });
});
