import { describe, expect, it } from 'vitest';
import { AwsError } from '../../local/types.ts';
import { eventTypes, LAMBDA, machineArn, TestWorld, thrown, type MadeCall, type WorldOptions } from './asl-world.ts';

const invoke = {
  T: {
    Type: 'Task',
    Resource: LAMBDA,
    Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' },
    Output: '{% $states.result.Payload %}',
    End: true,
  },
};

function distributed(more: Record<string, unknown> = {}, states: Record<string, unknown> = invoke): Record<string, unknown> {
  const ItemProcessor = {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    StartAt: Object.keys(states)[0],
    States: states,
  };
  return { M: { Type: 'Map', Label: 'items', ItemProcessor, End: true, ...more } };
}

function reader(InputType: string, more = {}): object {
  const given = { Bucket: 'b', Key: '{% $states.input.key %}' };
  return { Resource: 'arn:aws:states:::s3:getObject', ReaderConfig: { InputType, ...more }, Arguments: given };
}

/** `f` fails for negative numbers, and for objects that hold one. */
function world(options: WorldOptions = {}): TestWorld {
  return new TestWorld({
    functions: {
      f: (payload) => {
        const numbers: number[] = typeof payload === 'number' ? [payload] : payload.Items;
        if (numbers.some((n) => n < 0)) throw thrown('Negative');
        return typeof payload === 'number' ? payload * 10 : payload;
      },
    },
    ...options,
  });
}

async function mapRun(of: TestWorld, executionArn: string): Promise<Record<string, unknown>> {
  const { mapRuns } = await of.api('ListMapRuns', { executionArn });
  return of.api('DescribeMapRun', { mapRunArn: mapRuns[0].mapRunArn });
}

const counts = {
  pending: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  timedOut: 0,
  aborted: 0,
  resultsWritten: 0,
  failuresNotRedrivable: 0,
  pendingRedrive: 0,
};

describe('a Distributed Map', () => {
  it('starts a child execution for each item, as the role, with a history of its own', async () => {
    const w = world();
    const execution = await w.run(distributed({ Items: [1, 2, 3] }));
    expect(execution.output).toEqual([10, 20, 30]);
    expect(eventTypes(execution)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapStateStarted',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
    // As measured on AWS: https://github.com/floci-io/floci/pull/3167
    expect(execution.events.map(({ previousEventId }) => previousEventId)).toEqual([0, 0, 2, 3, 4, 5, 4, 7]);
    const children = w.executionsOf('m/items');
    expect(children.map(({ input, output }) => [input, output])).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    expect(children[0]?.arn).toMatch(/^arn:aws:states:eu-central-1:111111111111:execution:m\/items:[0-9a-f-]{36}$/);
    expect(children[0]?.mapRunArn).toMatch(/^arn:aws:states:eu-central-1:111111111111:mapRun:m\/items:[0-9a-f-]{36}$/);
    expect(w.judged).toEqual(Array.from({ length: 4 }, () => `states:StartExecution on ${machineArn('m')}`));
    const starts = w.callsTo('states:StartExecution').slice(1);
    expect(starts).toHaveLength(3);
    expect(starts[0]).toMatchObject({
      caller: { roleArn: 'arn:aws:iam::111111111111:role/path/MachineRole' },
      input: { stateMachineArn: machineArn('m'), input: '1' },
    });
  });

  it('shows children their own execution, and no outer variables', async () => {
    const show = { S: { Type: 'Pass', Output: { context: '{% $states.context %}', outer: '{% $exists($outer) %}' }, End: true } };
    const w = world();
    await w.run({ A: { Type: 'Pass', Assign: { outer: 1 }, Next: 'M' }, ...distributed({ Items: ['x'] }, show) });
    const child = w.executionsOf('m/items')[0];
    expect(child?.output).toMatchObject({
      outer: false,
      context: {
        Execution: { Id: child?.arn, Input: 'x', RedriveCount: 0 },
        StateMachine: { Id: `${machineArn('m')}/items`, Name: 'm/items' },
        State: { Name: 'S' },
      },
    });
    expect(child?.output).not.toHaveProperty('context.Map');
  });

  it('is described and listed', async () => {
    const w = world();
    const { arn } = await w.run(distributed({ Items: [1, 2, 3], MaxConcurrency: 2, ToleratedFailureCount: 1 }));
    const described = await mapRun(w, arn);
    expect(described).toMatchObject({
      executionArn: arn,
      status: 'SUCCEEDED',
      maxConcurrency: 2,
      toleratedFailureCount: 1,
      toleratedFailurePercentage: 0,
      itemCounts: { ...counts, succeeded: 3, total: 3, resultsWritten: 3 },
      executionCounts: { ...counts, succeeded: 3, total: 3, resultsWritten: 3 },
      redriveCount: 0,
    });
    const { executions } = await w.api('ListExecutions', { mapRunArn: described['mapRunArn'] });
    expect(executions).toHaveLength(3);
    expect(executions[0]).toMatchObject({ stateMachineArn: `${machineArn('m')}/items`, itemCount: 1, status: 'SUCCEEDED' });
    expect((await w.api('ListExecutions', { stateMachineArn: machineArn('m') })).executions).toHaveLength(1);
    await expect(w.api('DescribeMapRun', { mapRunArn: `${String(described['mapRunArn'])}x` })).rejects.toMatchObject({
      code: 'ResourceNotFound',
    });
  });

  it('runs no more than MaxConcurrency children at once', async () => {
    const w = world();
    await w.run(distributed({ Items: [1, 2, 3, 4, 5], MaxConcurrency: 2 }, { W: { Type: 'Wait', Seconds: 10, End: true } }));
    expect(w.seconds).toBe(30);
  });

  it('shapes items, and batches them by number and by size', async () => {
    const w = world();
    const ItemSelector = { n: '{% $states.context.Map.Item.Value %}', i: '{% $states.context.Map.Item.Index %}' };
    const pass = { P: { Type: 'Pass', End: true } };
    const byNumber = await w.run(
      distributed({ Items: [7, 8, 9], ItemSelector, ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { wave: '{% $states.input.w %}' } } }, pass),
      { w: 1 },
    );
    expect(byNumber.output).toEqual([
      {
        BatchInput: { wave: 1 },
        Items: [
          { n: 7, i: 0 },
          { n: 8, i: 1 },
        ],
      },
      { BatchInput: { wave: 1 }, Items: [{ n: 9, i: 2 }] },
    ]);
    expect(await mapRun(w, byNumber.arn)).toMatchObject({ itemCounts: { total: 3 }, executionCounts: { total: 2 } });
    const bySize = await world().run(distributed({ Items: ['aaaa', 'bbbb', 'cccc'], ItemBatcher: { MaxInputBytesPerBatch: 26 } }, pass));
    expect(bySize.output).toEqual([{ Items: ['aaaa', 'bbbb'] }, { Items: ['cccc'] }]);
  });

  it('reads its items from S3 as a list or as lines', async () => {
    const w = world();
    w.objects.set('b/list', '[1,2,3]');
    w.objects.set('b/lines', '4\n5\n\n');
    expect((await w.run(distributed({ ItemReader: reader('JSON', { MaxItems: 2 }) }), { key: 'list' })).output).toEqual([10, 20]);
    w.define('lines', distributed({ ItemReader: reader('JSONL') }));
    expect((await w.runToEnd('lines', { key: 'lines' })).output).toEqual([40, 50]);
    expect(w.callsTo('s3:GetObject')[0]).toMatchObject({
      caller: { roleArn: 'arn:aws:iam::111111111111:role/path/MachineRole' },
      input: { Bucket: 'b', Key: 'list' },
    });
  });

  it.each([
    ['is missing', undefined, /The specified key does not exist/],
    ['is no list', '{"a":1}', /Attempting to map over non-iterable node/],
    ['is no JSON', '{', /Attempting to map over non-iterable node/],
  ])('fails as States.ItemReaderFailed when the object %s', async (_why, body, cause) => {
    const w = world();
    if (body !== undefined) w.objects.set('b/k', body);
    const ItemReader = {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSON' },
      Arguments: { Bucket: 'b', Key: 'k' },
    };
    const execution = await w.run(distributed({ ItemReader }));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.ItemReaderFailed', cause: expect.stringMatching(cause) });
    expect(eventTypes(execution)).toEqual(['ExecutionStarted', 'MapStateEntered', 'MapStateFailed', 'ExecutionFailed']);
  });

  it('fails as States.Permissions when its role may not start executions of the machine', async () => {
    const w = world();
    w.define('m', distributed({ Items: [1, 2] }));
    const arn = await w.start('m');
    w.denied.add('states:StartExecution');
    await w.until(() => w.execution(arn).status !== 'RUNNING');
    expect(w.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Permissions' });
  });

  it.each(['before', 'after'] as const)('starts each child once although its start is throttled: %s its effect', async (when) => {
    let calls = 0;
    const w = world({
      [when]: ({ operation, caller }: MadeCall) => {
        if (operation === 'StartExecution' && !caller.administrator && calls++ === 0) throw new AwsError('ThrottlingException', 'slow down');
      },
    });
    expect((await w.run(distributed({ Items: [1, 2] }))).output).toEqual([10, 20]);
    expect(w.executionsOf('m/items')).toHaveLength(2);
    expect(w.seconds).toBe(when === 'before' ? 1 : 0);
  });
});

describe('failing children', () => {
  it.each([
    ['one of three', [1, -2, 3], { ToleratedFailureCount: 1 }],
    ['34 %', [1, -2, 3], { ToleratedFailurePercentage: 34 }],
    ['100 %', [-1, -2], { ToleratedFailurePercentage: 100 }],
    ['as many as an expression says', [1, -2], { ToleratedFailureCount: '{% 1 %}' }],
  ])('are tolerated: %s', async (_how, Items, more) => {
    const execution = await world().run(distributed({ Items, ...more }));
    expect(execution.output).toEqual(Items.filter((n) => n > 0).map((n) => n * 10));
  });

  it.each([
    ['any, when nothing is said', [1, -2, 3], {}],
    ['two of three, where one is tolerated', [-1, -2, 3], { ToleratedFailureCount: 1 }],
    ['33.3 %, where 33 % are tolerated', [1, -2, 3], { ToleratedFailurePercentage: 33 }],
    ['over one of two thresholds', [1, -2, 3], { ToleratedFailureCount: 1, ToleratedFailurePercentage: 10 }],
  ])('are too many: %s', async (_how, Items, more) => {
    const execution = await world().run(distributed({ Items, ...more }));
    const cause = 'The specified tolerated failure threshold was exceeded';
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold', cause });
  });

  it('counts by items when they are batched', async () => {
    const batched = { Items: [1, 2, -3, 4], ItemBatcher: { MaxItemsPerBatch: 2 } };
    expect((await world().run(distributed({ ...batched, ToleratedFailureCount: 1 }))).status).toBe('FAILED');
    expect((await world().run(distributed({ ...batched, ToleratedFailureCount: 2 }))).status).toBe('SUCCEEDED');
  });

  it('stops running children and starts no more once the threshold is exceeded', async () => {
    const states = {
      C: { Type: 'Choice', Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'F' }], Default: 'Long' },
      F: { Type: 'Fail', Error: 'Bad' },
      Long: { Type: 'Wait', Seconds: 1_000, End: true },
    };
    const w = world();
    const execution = await w.run(distributed({ Items: [0, 1, 0, 0], MaxConcurrency: 3 }, states));
    expect(w.seconds).toBe(0);
    expect(execution.error).toBe('States.ExceedToleratedFailureThreshold');
    expect(eventTypes(execution).slice(-3)).toEqual(['MapRunFailed', 'MapStateFailed', 'ExecutionFailed']);
    expect(await mapRun(w, execution.arn)).toMatchObject({
      status: 'FAILED',
      executionCounts: { failed: 1, aborted: 2, pending: 1, total: 4 },
    });
  });

  it('can be caught by the name of the threshold', async () => {
    const states = {
      ...distributed({ Items: [-1], Catch: [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'], Next: 'C' }] }),
      C: { Type: 'Succeed', Output: 'caught' },
    };
    expect((await world().run(states)).output).toBe('caught');
  });

  it('stops all children when the execution is stopped', async () => {
    const w = world();
    w.define('m', distributed({ Items: [1, 2, 3], MaxConcurrency: 2 }, { W: { Type: 'Wait', Seconds: 1_000, End: true } }));
    const arn = await w.start('m');
    await w.pass(1);
    await w.api('StopExecution', { executionArn: arn });
    await w.settle();
    expect(w.executionsOf('m/items').map(({ status }) => status)).toEqual(['ABORTED', 'ABORTED']);
    expect(await mapRun(w, arn)).toMatchObject({ status: 'ABORTED', executionCounts: { aborted: 2, pending: 1 } });
    await w.pass(5_000);
    expect(w.executionsOf('m/items')).toHaveLength(2);
  });

  it('runs all children again, as a new Map Run, when the Map is retried', async () => {
    const w = world();
    const { arn } = await w.run(distributed({ Items: [1, -2], Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }] }));
    expect((await w.api('ListMapRuns', { executionArn: arn })).mapRuns).toHaveLength(2);
    expect(w.executionsOf('m/items').filter(({ input }) => input === 1)).toHaveLength(2);
  });
});

describe('a ResultWriter', () => {
  const ResultWriter = { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'out', Prefix: '{% $states.input.prefix %}' } };

  it('writes results and failures to S3 and gives the place of the manifest', async () => {
    const w = world();
    const execution = await w.run(distributed({ Items: [1, -2], ToleratedFailureCount: 1, ResultWriter }), { prefix: 'runs' });
    const { MapRunArn, ResultWriterDetails } = execution.output as {
      MapRunArn: string;
      ResultWriterDetails: { Bucket: string; Key: string };
    };
    const id = MapRunArn.slice(MapRunArn.lastIndexOf(':') + 1);
    expect(ResultWriterDetails).toEqual({ Bucket: 'out', Key: `runs/${id}/manifest.json` });
    const manifest = JSON.parse(w.objects.get(`out/${ResultWriterDetails.Key}`) ?? '');
    expect(manifest).toMatchObject({
      DestinationBucket: 'out',
      MapRunArn,
      ResultFiles: { PENDING: [], FAILED: [{ Key: `runs/${id}/FAILED_0.json` }] },
    });
    const [succeeded] = JSON.parse(w.objects.get(`out/runs/${id}/SUCCEEDED_0.json`) ?? '');
    expect(succeeded).toMatchObject({
      Input: '1',
      Output: '10',
      Status: 'SUCCEEDED',
      RedriveStatus: 'NOT_REDRIVABLE',
      StartDate: '2026-01-01T00:00:00.000Z',
    });
    const [failed] = JSON.parse(w.objects.get(`out/runs/${id}/FAILED_0.json`) ?? '');
    expect(failed).toMatchObject({ Input: '-2', Status: 'FAILED', Error: 'Negative' });
  });

  it('writes what there is when the threshold is exceeded', async () => {
    const w = world();
    await w.run(distributed({ Items: [-1, 2], MaxConcurrency: 1, ResultWriter }), { prefix: '' });
    expect([...w.objects.keys()].map((key) => key.replace(/[0-9a-f-]{36}/, 'ID'))).toEqual([
      'out/ID/FAILED_0.json',
      'out/ID/PENDING_0.json',
      'out/ID/manifest.json',
    ]);
  });

  it('fails as States.ResultWriterFailed when the role may not write', async () => {
    const execution = await world({ denied: ['s3:PutObject'] }).run(distributed({ Items: [1], ResultWriter }), { prefix: '' });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.ResultWriterFailed' });
    expect(eventTypes(execution)).toContain('MapRunFailed');
  });

  it('takes outputs that together are over 256 KiB, which without it fail the Map', async () => {
    const functions = { f: () => 'x'.repeat(140_000) };
    const without = await world({ functions }).run(distributed({ Items: [1, 2], Output: 1 }));
    expect(without).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    const withWriter = await world({ functions }).run(distributed({ Items: [1, 2], ResultWriter }), { prefix: '' });
    expect(withWriter.status).toBe('SUCCEEDED');
  });
});
