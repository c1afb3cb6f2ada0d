import { describe, expect, it } from 'vitest';
import type { CallContext } from '../../local/types.ts';
import { ACCOUNT, machineArn, REGION, ROLE, TestWorld } from './asl-world.ts';

const pass = { P: { Type: 'Pass', End: true } };
const long = { W: { Type: 'Wait', Seconds: 100, End: true } };

function definition(states: Record<string, unknown> = pass): string {
  return JSON.stringify({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states });
}

function names({ executions }: { executions: Array<{ name: string }> }): string[] {
  return executions.map(({ name }) => name);
}

describe('machines', () => {
  it('are created, described and listed', async () => {
    const world = new TestWorld();
    const request = { name: 'made', definition: definition(), roleArn: ROLE, tracingConfiguration: { enabled: true } };
    expect(await world.api('CreateStateMachine', request)).toEqual({
      stateMachineArn: machineArn('made'),
      creationDate: new Date(Date.UTC(2026, 0, 1)),
    });
    expect(await world.api('DescribeStateMachine', { stateMachineArn: machineArn('made') })).toMatchObject({
      name: 'made',
      status: 'ACTIVE',
      type: 'STANDARD',
      roleArn: ROLE,
      definition: definition(),
      tracingConfiguration: { enabled: true },
    });
    world.define('defined', pass);
    expect((await world.api('ListStateMachines', {})).stateMachines.map(({ name }: { name: string }) => name)).toEqual(['made', 'defined']);
    expect((await world.api('ListStateMachines', {}, { region: 'eu-west-1' })).stateMachines).toEqual([]);
  });

  it('are created once for the same request, and refused for another', async () => {
    const world = new TestWorld();
    const request = { name: 'made', definition: definition(), roleArn: ROLE };
    await world.api('CreateStateMachine', request);
    await world.pass(60);
    expect((await world.api('CreateStateMachine', request)).creationDate).toEqual(new Date(Date.UTC(2026, 0, 1)));
    await expect(world.api('CreateStateMachine', { ...request, definition: definition(long) })).rejects.toMatchObject({
      code: 'StateMachineAlreadyExists',
    });
  });

  it('refuse what is not supported, by name', async () => {
    const world = new TestWorld();
    const request = { name: 'made', definition: definition(), roleArn: ROLE };
    await expect(world.api('CreateStateMachine', { ...request, type: 'EXPRESS' })).rejects.toMatchObject({
      code: 'StateMachineTypeNotSupported',
    });
    await expect(world.api('CreateStateMachine', { ...request, publish: true })).rejects.toMatchObject({
      message: expect.stringContaining("'publish'"),
    });
    await expect(world.api('CreateStateMachine', { ...request, name: 'a b' })).rejects.toMatchObject({ code: 'InvalidName' });
    await expect(world.api('CreateStateMachine', { ...request, definition: '{' })).rejects.toMatchObject({ code: 'InvalidDefinition' });
    await expect(world.api('DescribeStateMachine', { stateMachineArn: machineArn('none') })).rejects.toMatchObject({
      code: 'StateMachineDoesNotExist',
    });
    await expect(world.api('DescribeStateMachine', { stateMachineArn: 'nonsense' })).rejects.toMatchObject({ code: 'InvalidArn' });
    await expect(world.api('DescribeStateMachine', {})).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it('let running executions keep the definition that they started with', async () => {
    const world = new TestWorld();
    world.define('m', { W: { Type: 'Wait', Seconds: 5, Next: 'Old' }, Old: { Type: 'Succeed', Output: 'old' } });
    const arn = await world.start('m');
    world.define('m', { New: { Type: 'Succeed', Output: 'new' } });
    await world.pass(5);
    expect(world.execution(arn).output).toBe('old');
    expect((await world.runToEnd('m')).output).toBe('new');
  });
});

describe('StartExecution', () => {
  it('gives the open execution for the same name and input, and refuses another input or a closed one', async () => {
    const world = new TestWorld();
    world.define('m', long);
    const first = await world.start('m', { a: 1 }, 'n');
    expect(await world.start('m', { a: 1 }, 'n')).toBe(first);
    const taken = { code: 'ExecutionAlreadyExists', message: `Execution Already Exists: '${first}'` };
    await expect(world.start('m', { a: 2 }, 'n')).rejects.toMatchObject(taken);
    await world.pass(100);
    await expect(world.start('m', { a: 1 }, 'n')).rejects.toMatchObject(taken);
    expect(world.states.executions()).toHaveLength(1);
  });

  it('lets a name be used again after 90 days', async () => {
    const world = new TestWorld();
    world.define('m', pass);
    await world.runToEnd('m', {}, 'n');
    await world.pass(90 * 86_400 + 1);
    expect((await world.runToEnd('m', { again: true }, 'n')).output).toEqual({ again: true });
  });

  it.each([['with space'], ['a/b'], ['a:b'], ['a*'], ['a#b'], ['<a>'], ['x'.repeat(81)], ['tab\t'], ['']])('refuses the name %j', async (name) => {
    const world = new TestWorld();
    world.define('m', pass);
    await expect(world.api('StartExecution', { stateMachineArn: machineArn('m'), name })).rejects.toMatchObject({ code: 'InvalidName' });
  });

  it('takes names of 80 characters, dots, dashes and letters of any language', async () => {
    const world = new TestWorld();
    world.define('m', pass);
    for (const name of ['x'.repeat(80), 'a.b-c_d@e+f=g', 'größe']) await world.start('m', {}, name);
    expect(world.states.executions()).toHaveLength(3);
  });

  it('refuses input that is no JSON, or over 262,144 bytes as UTF-8', async () => {
    const world = new TestWorld();
    world.define('m', pass);
    const start = (input: string): Promise<unknown> => world.api('StartExecution', { stateMachineArn: machineArn('m'), input });
    await expect(start('{')).rejects.toMatchObject({ code: 'InvalidExecutionInput' });
    await expect(start(JSON.stringify('x'.repeat(262_142)))).resolves.toBeDefined();
    await expect(start(JSON.stringify('x'.repeat(262_143)))).rejects.toMatchObject({ code: 'ValidationException' });
    await expect(start(JSON.stringify('ä'.repeat(131_072)))).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it('does not start the processor of a Distributed Map, or a machine of elsewhere', async () => {
    const world = new TestWorld();
    world.define('m', pass);
    await expect(world.api('StartExecution', { stateMachineArn: `${machineArn('m')}/label` })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    await expect(world.api('StartExecution', { stateMachineArn: machineArn('m') }, { region: 'eu-west-1' })).rejects.toMatchObject({
      code: 'StateMachineDoesNotExist',
    });
  });
});

describe('executions', () => {
  it('are described with input, output and dates', async () => {
    const world = new TestWorld();
    const { arn } = await world.run({ W: { Type: 'Wait', Seconds: 5, Output: 'done', End: true } }, { a: 1 });
    expect(await world.api('DescribeExecution', { executionArn: arn })).toEqual({
      executionArn: arn,
      stateMachineArn: machineArn('m'),
      name: 'run',
      status: 'SUCCEEDED',
      startDate: new Date(Date.UTC(2026, 0, 1)),
      stopDate: new Date(Date.UTC(2026, 0, 1, 0, 0, 5)),
      input: '{"a":1}',
      inputDetails: { included: true },
      output: '"done"',
      outputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is SUCCEEDED and cannot be redriven',
    });
  });

  it('are listed newest first, by status, page by page', async () => {
    const world = new TestWorld();
    world.define('m', {
      C: { Type: 'Choice', Choices: [{ Condition: '{% $states.input = 2 %}', Next: 'F' }], Default: 'S' },
      F: { Type: 'Fail' },
      S: { Type: 'Succeed' },
    });
    for (const n of [0, 1, 2, 3, 4]) await world.runToEnd('m', n, `run-${n}`);
    const list = (more: Record<string, unknown>): Promise<{ executions: Array<{ name: string }>; nextToken?: string }> =>
      world.api('ListExecutions', { stateMachineArn: machineArn('m'), ...more });
    const first = await list({ maxResults: 2 });
    expect(names(first)).toEqual(['run-4', 'run-3']);
    await world.runToEnd('m', 5, 'run-5');
    const second = await list({ maxResults: 2, nextToken: first.nextToken });
    expect(names(second)).toEqual(['run-2', 'run-1']);
    const third = await list({ maxResults: 2, nextToken: second.nextToken });
    expect(names(third)).toEqual(['run-0']);
    expect(third.nextToken).toBeUndefined();
    expect(names(await list({ statusFilter: 'FAILED' }))).toEqual(['run-2']);
    await expect(list({ nextToken: 'x' })).rejects.toMatchObject({ code: 'InvalidToken' });
    await expect(list({ maxResults: 1_001 })).rejects.toMatchObject({ code: 'ValidationException' });
    await expect(world.api('ListExecutions', {})).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it('give their history in pages, forwards and backwards, with and without data', async () => {
    const world = new TestWorld();
    const { arn } = await world.run({ A: { Type: 'Pass', Output: { secret: 1 }, Next: 'B' }, B: { Type: 'Fail', Error: 'E', Cause: 'c' } });
    const history = (more: Record<string, unknown> = {}): Promise<{ events: Array<Record<string, unknown>>; nextToken?: string }> =>
      world.api('GetExecutionHistory', { executionArn: arn, ...more });
    const { events } = await history();
    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'PassStateEntered',
      'PassStateExited',
      'FailStateEntered',
      'ExecutionFailed',
    ]);
    expect(events[0]).toMatchObject({
      id: 1,
      previousEventId: 0,
      timestamp: new Date(Date.UTC(2026, 0, 1)),
      executionStartedEventDetails: { input: '{}', roleArn: ROLE },
    });
    const last = await history({ reverseOrder: true, maxResults: 2 });
    expect(last.events.map(({ id }) => id)).toEqual([5, 4]);
    expect((await history({ reverseOrder: true, nextToken: last.nextToken })).events.map(({ id }) => id)).toEqual([3, 2, 1]);
    const bare = await history({ includeExecutionData: false });
    expect(JSON.stringify(bare)).not.toContain('secret');
    expect(bare.events[4]).toMatchObject({ executionFailedEventDetails: { error: 'E', cause: 'c' } });
  });

  it('are stopped once; a second stop changes nothing', async () => {
    const world = new TestWorld();
    world.define('m', long);
    const arn = await world.start('m');
    await world.pass(3);
    const { stopDate } = await world.api('StopExecution', { executionArn: arn, error: 'Manual', cause: 'probe' });
    await world.pass(10);
    expect(await world.api('StopExecution', { executionArn: arn, error: 'Later' })).toEqual({ stopDate });
    expect(world.execution(arn)).toMatchObject({ status: 'ABORTED', error: 'Manual', cause: 'probe', standsIn: [] });
    await world.pass(500);
    expect(world.execution(arn).events.map(({ type, previousEventId }) => `${type} ${previousEventId}`)).toEqual([
      'ExecutionStarted 0',
      'WaitStateEntered 0',
      'ExecutionAborted 0',
    ]);
  });

  it('time out as the machine says, without an error in the execution', async () => {
    const world = new TestWorld();
    const execution = await world.run(long, {}, { TimeoutSeconds: 30 });
    expect(execution.status).toBe('TIMED_OUT');
    expect(world.seconds).toBe(30);
    expect(execution).not.toHaveProperty('error');
    expect(execution.events.at(-1)).toMatchObject({
      type: 'ExecutionTimedOut',
      previousEventId: 0,
      executionTimedOutEventDetails: { error: 'States.Timeout' },
    });
  });

  it('end after a year at the latest', async () => {
    const world = new TestWorld();
    expect((await world.run({ W: { Type: 'Wait', Seconds: 99_999_999, End: true } })).status).toBe('TIMED_OUT');
    expect(world.seconds).toBe(365 * 86_400);
  });

  it('announce each change of their status', async () => {
    const world = new TestWorld();
    const { arn } = await world.run({ F: { Type: 'Fail', Error: 'E', Cause: 'c' } }, { a: 1 });
    expect(world.events.map(({ source, detailType, resources }) => [source, detailType, resources])).toEqual([
      ['aws.states', 'Step Functions Execution Status Change', [arn]],
      ['aws.states', 'Step Functions Execution Status Change', [arn]],
    ]);
    expect(world.events.map(({ detail }) => detail)).toMatchObject([
      { status: 'RUNNING', input: '{"a":1}', output: null, stopDate: null, startDate: Date.UTC(2026, 0, 1) },
      { status: 'FAILED', error: 'E', cause: 'c', stopDate: Date.UTC(2026, 0, 1), redriveStatus: 'REDRIVABLE' },
    ]);
  });

  it('count each state that is entered as a transition', async () => {
    const world = new TestWorld();
    await world.run({
      A: { Type: 'Pass', Next: 'P' },
      P: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'X', States: { X: { Type: 'Pass', End: true } } },
          { StartAt: 'Y', States: { Y: { Type: 'Pass', End: true } } },
        ],
        End: true,
      },
    });
    expect(world.transitions).toBe(4);
  });
});

describe('permissions', () => {
  const context: CallContext = {
    caller: { account: ACCOUNT, region: REGION, arn: 'x' },
    account: ACCOUNT,
    region: REGION,
    service: 'states',
    operation: '',
    requestId: '',
  };
  const { operations } = new TestWorld().states.service;
  const execution = `arn:aws:states:${REGION}:${ACCOUNT}:execution:m:n`;
  const child = `arn:aws:states:${REGION}:222222222222:execution:m/l:n`;

  it.each([
    ['StartExecution', { stateMachineArn: machineArn('m') }, machineArn('m'), ACCOUNT],
    ['DescribeExecution', { executionArn: execution }, execution, ACCOUNT],
    ['RedriveExecution', { executionArn: child }, child, '222222222222'],
    ['ListExecutions', { mapRunArn: 'arn:aws:states:r:1:mapRun:m/l:n' }, 'arn:aws:states:r:1:mapRun:m/l:n', ACCOUNT],
  ])('%s needs its action on the thing that is named', (operation, input, resource, resourceAccount) => {
    expect(operations[operation]?.access(input, context)).toEqual([{ action: `states:${operation}`, resource, resourceAccount }]);
  });

  it.each(['SendTaskSuccess', 'SendTaskFailure', 'SendTaskHeartbeat', 'ListStateMachines'])('%s knows no resource', (operation) => {
    expect(operations[operation]?.access({}, context)).toEqual([{ action: `states:${operation}`, resource: '*' }]);
  });

  it('CreateStateMachine also needs to pass the role to Step Functions', () => {
    expect(operations['CreateStateMachine']?.access({ name: 'm', roleArn: ROLE }, context)).toEqual([
      { action: 'states:CreateStateMachine', resource: machineArn('m') },
      { action: 'iam:PassRole', resource: ROLE, context: { 'iam:PassedToService': ['states.amazonaws.com'] } },
    ]);
  });
});
