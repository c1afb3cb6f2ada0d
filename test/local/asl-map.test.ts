import { describe, expect, it } from 'vitest';
import { CHILD, eventTypes, LAMBDA, machineArn, TestWorld, thrown } from './asl-world.ts';

function map(states: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { M: { Type: 'Map', ItemProcessor: { StartAt: Object.keys(states)[0], States: states }, End: true, ...more } };
}

function fail(): never {
  throw thrown('Boom');
}

function branch(name: string): object {
  return { StartAt: `${name}1`, States: { [`${name}1`]: { Type: 'Pass', Next: `${name}2` }, [`${name}2`]: { Type: 'Pass', End: true } } };
}

function chain({ events }: { events: readonly { type: string; previousEventId: number }[] }): string[] {
  return events.map(({ type, previousEventId }) => `${type} ${previousEventId}`);
}

describe('an inline Map', () => {
  it('runs its processor for each item and keeps the order of the items', async () => {
    const world = new TestWorld();
    const execution = await world.run(
      map(
        { W: { Type: 'Wait', Seconds: '{% $states.input.v %}', Output: '{% $states.input.v * 10 + $states.input.i %}', End: true } },
        {
          Items: '{% $states.input.xs %}',
          ItemSelector: {
            v: '{% $states.context.Map.Item.Value %}',
            i: '{% $states.context.Map.Item.Index %}',
            all: '{% $count($states.input.xs) %}',
          },
        },
      ),
      { xs: [5, 3, 8] },
    );
    expect(execution.output).toEqual([50, 31, 82]);
    expect(world.seconds).toBe(8);
  });

  it('runs no more than MaxConcurrency items at once', async () => {
    let running = 0;
    let most = 0;
    const world = new TestWorld({
      functions: {
        f: async (_payload, { clock }) => {
          most = Math.max(most, ++running);
          await clock.sleep(1_000);
          running--;
        },
      },
    });
    const task = { T: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f' }, Output: null, End: true } };
    await world.run(map(task, { Items: [1, 2, 3, 4, 5], MaxConcurrency: 2 }));
    expect(most).toBe(2);
    expect(world.seconds).toBe(3);
  });

  it('takes the whole input as its items when it has no Items, and gives [] for none', async () => {
    expect((await new TestWorld().run(map({ P: { Type: 'Pass', End: true } }), [1, 2])).output).toEqual([1, 2]);
    const none = await new TestWorld().run(map({ P: { Type: 'Pass', End: true } }), []);
    expect(none.output).toEqual([]);
    expect(chain(none)).toEqual([
      'ExecutionStarted 0',
      'MapStateEntered 0',
      'MapStateStarted 2',
      'MapStateSucceeded 3',
      'MapStateExited 3',
      'ExecutionSucceeded 5',
    ]);
  });

  it('fails when its items are no list', async () => {
    expect(await new TestWorld().run(map({ P: { Type: 'Pass', End: true } }), { a: 1 })).toMatchObject({
      error: 'States.QueryEvaluationError',
    });
  });

  it('records iterations one after another as AWS does', async () => {
    const execution = await new TestWorld().run(map({ Process: { Type: 'Pass', End: true } }, { Items: [1, 2], MaxConcurrency: 1 }));
    expect(chain(execution)).toEqual([
      'ExecutionStarted 0',
      'MapStateEntered 0',
      'MapStateStarted 2',
      'MapIterationStarted 3',
      'PassStateEntered 4',
      'PassStateExited 5',
      'MapIterationSucceeded 6',
      'MapIterationStarted 6',
      'PassStateEntered 8',
      'PassStateExited 9',
      'MapIterationSucceeded 10',
      'MapStateSucceeded 11',
      'MapStateExited 11',
      'ExecutionSucceeded 13',
    ]);
  });

  it('records what a failing iteration cuts off, in the order of the items', async () => {
    const world = new TestWorld();
    world.define('child', { W: { Type: 'Wait', Seconds: 1_000, End: true } });
    const execution = await world.run(
      map(
        {
          Route: {
            Type: 'Choice',
            Choices: [
              { Condition: '{% $states.input = "fail" %}', Next: 'Pause' },
              { Condition: '{% $states.input = "wait" %}', Next: 'Long' },
            ],
            Default: 'Nest',
          },
          Pause: { Type: 'Wait', Seconds: 1, Next: 'Boom' },
          Boom: { Type: 'Fail', Error: 'Boom', Cause: 'sibling failed' },
          Long: { Type: 'Wait', Seconds: 20, End: true },
          Nest: { Type: 'Task', Resource: CHILD, Arguments: { StateMachineArn: machineArn('child') }, End: true },
        },
        { Items: ['nest', 'fail', 'wait'] },
      ),
    );
    await world.settle();
    expect(execution).toMatchObject({ error: 'Boom', cause: 'sibling failed' });
    const failure = execution.events.findIndex(({ type }) => type === 'FailStateEntered');
    expect(eventTypes(execution).slice(failure + 1)).toEqual([
      'MapIterationAborted',
      'TaskStateAborted',
      'MapIterationFailed',
      'MapIterationAborted',
      'WaitStateAborted',
      'MapStateFailed',
      'ExecutionFailed',
    ]);
    expect(world.executionsOf('child')[0]?.status).toBe('ABORTED');
  });

  it('records nothing of the iterations when one ends the execution as States.Runtime', async () => {
    const route = {
      R: { Type: 'Choice', Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'W' }] },
      W: { Type: 'Wait', Seconds: 5, End: true },
    };
    const caught = { ...map(route, { Items: [1, 2], Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C' }] }), C: { Type: 'Succeed' } };
    const execution = await new TestWorld().run(caught);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(execution.cause).toContain("executing the state 'R'");
    expect(eventTypes(execution).filter((type) => /Aborted|Failed/.test(type))).toEqual(['ExecutionFailed']);
  });

  it('can be caught, and then goes on', async () => {
    const world = new TestWorld({ functions: { f: fail } });
    const states = {
      ...map(
        { T: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f' }, End: true } },
        { Items: [1], Catch: [{ ErrorEquals: ['Boom'], Next: 'C' }] },
      ),
      C: { Type: 'Succeed', Output: 'caught' },
    };
    const execution = await world.run(states);
    expect(execution.output).toBe('caught');
    expect(eventTypes(execution).slice(7)).toEqual([
      'TaskFailed',
      'MapIterationFailed',
      'TaskStateAborted',
      'MapStateFailed',
      'MapStateExited',
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ]);
  });

  it('nests, and each level cuts off what is in it', async () => {
    const inner = map({ W: { Type: 'Wait', Seconds: 100, End: true } }, { Items: [1, 2] });
    const execution = await new TestWorld().run({
      P: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'M', States: inner },
          { StartAt: 'S', States: { S: { Type: 'Wait', Seconds: 1, Next: 'F' }, F: { Type: 'Fail', Error: 'E' } } },
        ],
        End: true,
      },
    });
    const failure = execution.events.findIndex(({ type }) => type === 'FailStateEntered');
    expect(eventTypes(execution).slice(failure + 1)).toEqual([
      'MapIterationAborted',
      'WaitStateAborted',
      'MapIterationAborted',
      'WaitStateAborted',
      'MapStateAborted',
      'ParallelStateFailed',
      'ExecutionFailed',
    ]);
  });
});

describe('a Parallel in the history', () => {
  it('has a chain for each branch, and goes on from the last event of any', async () => {
    const { events } = await new TestWorld().run({
      P: { Type: 'Parallel', Branches: [branch('A'), branch('B')], Next: 'After' },
      After: { Type: 'Pass', End: true },
    });
    expect(events).toHaveLength(16);
    const named = (type: string, name: string): (typeof events)[number] | undefined =>
      events.find((event) => event.type === type && (event.stateEnteredEventDetails?.name ?? event.stateExitedEventDetails?.name) === name);
    for (const name of ['A', 'B']) {
      const [entered1, exited1, entered2, exited2] = [1, 2].flatMap((n) => [
        named('PassStateEntered', `${name}${n}`),
        named('PassStateExited', `${name}${n}`),
      ]);
      expect([entered1?.previousEventId, exited1?.previousEventId, entered2?.previousEventId, exited2?.previousEventId]).toEqual([
        3,
        entered1?.id,
        exited1?.id,
        entered2?.id,
      ]);
    }
    expect(events.slice(11).map(({ type, previousEventId }) => `${type} ${previousEventId}`)).toEqual([
      'ParallelStateSucceeded 11',
      'ParallelStateExited 11',
      'PassStateEntered 13',
      'PassStateExited 14',
      'ExecutionSucceeded 15',
    ]);
  });
});
