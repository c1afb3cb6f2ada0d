import { describe, expect, it } from 'vitest';
import { createWalkClock } from '../../local/asl/walk-clock.ts';
import { walk } from '../../local/asl/walk.ts';
import { CALLBACK, CHILD, LAMBDA } from './asl-world.ts';

const task = (name: string, more: Record<string, unknown>): Record<string, unknown> => ({
  Type: 'Task',
  Resource: LAMBDA,
  Arguments: { FunctionName: name },
  ...more,
});

const wave = {
  QueryLanguage: 'JSONata',
  StartAt: 'Open wave',
  States: {
    'Open wave': task('open', {
      Output: '{% $states.result.Payload %}',
      Retry: [{ ErrorEquals: ['NotYet'], IntervalSeconds: 60, BackoffRate: 1 }],
      Next: 'Anything to patch?',
    }),
    'Anything to patch?': { Type: 'Choice', Choices: [{ Condition: '{% $states.input.nodes > 0 %}', Next: 'Send' }], Default: 'Done' },
    Send: {
      Type: 'Task',
      Resource: CALLBACK,
      Arguments: { FunctionName: 'send', Payload: { token: '{% $states.context.Task.Token %}', nodes: '{% $states.input.nodes %}' } },
      HeartbeatSeconds: 60,
      TimeoutSeconds: 900,
      Catch: [
        { ErrorEquals: ['States.HeartbeatTimeout'], Next: 'Reconcile' },
        { ErrorEquals: ['States.ALL'], Next: 'Failed' },
      ],
      Next: 'Child',
    },
    Reconcile: { Type: 'Pass', Next: 'Done' },
    Child: {
      Type: 'Task',
      Resource: CHILD,
      Arguments: { StateMachineArn: 'arn' },
      Output: '{% $states.result.Output.verdict %}',
      Next: 'Done',
    },
    Done: { Type: 'Succeed' },
    Failed: { Type: 'Fail', Error: 'Wave', Cause: '{% $states.input.Error %}' },
  },
};

describe('the clock of walks', () => {
  it('lets timers go off in order, and stands still while work is tracked', async () => {
    const clock = createWalkClock(1_000);
    const seen: string[] = [];
    const at = (time: number, name: string): (() => void) => clock.at(time, () => void seen.push(`${name} at ${clock.now()}`));
    at(3_000, 'second');
    at(2_000, 'first');
    at(3_000, 'third');
    at(500, 'past');
    at(2_500, 'cancelled')();
    const work = clock.track(async () => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
      seen.push(`work at ${clock.now()}`);
    });
    await clock.run(() => seen.length === 5);
    await work;
    expect(seen).toEqual(['work at 1000', 'past at 1000', 'first at 2000', 'second at 3000', 'third at 3000']);
    await expect(clock.run(() => false)).rejects.toThrow('nothing can move any more');
  });
});

describe('a walk', () => {
  it('follows the answers of the script and tells the path, the output and the time', async () => {
    const walked = await walk(wave, {
      'Open wave': [{ error: 'NotYet' }, { nodes: 2 }],
      Send: [{ sent: 2 }],
      Child: [{ verdict: 'pass' }],
    });
    expect(walked.path.join(' › ')).toBe('Open wave › Anything to patch? › Send › Child › Done');
    expect(walked).toMatchObject({ status: 'SUCCEEDED', output: 'pass', seconds: 60 });
    expect(walked.tasks.map(({ state, resource }) => `${state} ${resource}`)).toEqual([
      'Open wave lambda:invoke',
      'Open wave lambda:invoke',
      'Send lambda:invoke.waitForTaskToken',
      'Child states:startExecution.sync:2',
    ]);
    expect(walked.tasks[2]?.arguments).toMatchObject({ Payload: { nodes: 2, token: expect.any(String) } });
  });

  it('takes the edges of errors', async () => {
    const open = { 'Open wave': [{ nodes: 1 }] };
    expect((await walk(wave, { 'Open wave': [{ nodes: 0 }] })).path).toEqual(['Open wave', 'Anything to patch?', 'Done']);
    expect((await walk(wave, { ...open, Send: [{ error: 'States.HeartbeatTimeout' }] })).path.slice(2)).toEqual(['Send', 'Reconcile', 'Done']);
    const failed = await walk(wave, { ...open, Send: [{ error: 'Boom', cause: 'why' }] });
    expect(failed).toMatchObject({
      status: 'FAILED',
      error: 'Wave',
      cause: 'Boom',
      path: ['Open wave', 'Anything to patch?', 'Send', 'Failed'],
    });
  });

  it('goes through branches, and through the children of a Distributed Map with items of the script', async () => {
    const reader = { Resource: 'arn:aws:states:::s3:getObject', ReaderConfig: { InputType: 'JSON' }, Arguments: { Bucket: 'b', Key: 'k' } };
    const machine = {
      QueryLanguage: 'JSONata',
      StartAt: 'Tracks',
      States: {
        Tracks: {
          Type: 'Map',
          ItemReader: reader,
          ItemProcessor: {
            ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
            StartAt: 'Admit',
            States: { Admit: task('admit', { Output: '{% $states.result.Payload %}', End: true }) },
          },
          MaxConcurrency: 1,
          End: true,
        },
      },
    };
    const walked = await walk(machine, { Tracks: [['a', 'b']], Admit: ['first', 'second'] });
    expect(walked).toMatchObject({ path: ['Tracks', 'Admit', 'Admit'], output: ['first', 'second'] });
  });

  it('takes an input, and a start that states see', async () => {
    const machine = {
      QueryLanguage: 'JSONata',
      StartAt: 'A',
      States: { A: { Type: 'Pass', Output: '{% $states.input & " " & $states.context.Execution.StartTime %}', End: true } },
    };
    expect((await walk(machine, {}, { input: 'hi', start: 0 })).output).toBe('hi 1970-01-01T00:00:00.000Z');
  });

  it('says which answer is missing instead of going on', async () => {
    await expect(walk(wave, { 'Open wave': [{ nodes: 1 }] })).rejects.toThrow("the script has no answer number 1 for the state 'Send'");
    await expect(walk({ StartAt: 'A' }, {})).rejects.toMatchObject({ code: 'InvalidDefinition' });
  });
});
