import { describe, expect, it } from 'vitest';
import { AwsError } from '../../local/types.ts';
import { CALLBACK, CHILD, eventTypes, LAMBDA, machineArn, TestWorld, thrown, type TestFunction } from './asl-world.ts';

function lambda(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { A: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' }, End: true, ...more } };
}

function sdk(resource: string, given: unknown): { A: Record<string, unknown> } {
  return { A: { Type: 'Task', Resource: `arn:aws:states:::aws-sdk:${resource}`, Arguments: given, End: true } };
}

async function runWith(f: TestFunction, states = lambda(), input: unknown = {}): Promise<Awaited<ReturnType<TestWorld['run']>>> {
  return new TestWorld({ functions: { f } }).run(states, input);
}

describe('lambda:invoke', () => {
  it('sends the payload as JSON and gives version, status and parsed payload', async () => {
    const execution = await runWith((payload) => ({ got: payload }), lambda(), { a: [1, 'ä'] });
    expect(execution.output).toEqual({ ExecutedVersion: '$LATEST', StatusCode: 200, Payload: { got: { a: [1, 'ä'] } } });
  });

  it('calls as the role of the machine, without the path of the role', async () => {
    const world = new TestWorld({ functions: { f: () => 1 } });
    await world.run(lambda());
    expect(world.callsTo('lambda:Invoke').map(({ caller }) => caller)).toEqual([
      {
        account: '111111111111',
        region: 'eu-central-1',
        arn: 'arn:aws:sts::111111111111:assumed-role/MachineRole/m',
        roleArn: 'arn:aws:iam::111111111111:role/path/MachineRole',
      },
    ]);
  });

  it('calls as the session that the cloud gives for the role', async () => {
    const session = { account: '1', region: 'r', arn: 'arn:aws:sts::1:assumed-role/Given/s' };
    const world = new TestWorld({ functions: { f: () => 1 }, session: () => session });
    await world.run(lambda());
    expect(world.callsTo('lambda:Invoke')[0]?.caller).toEqual(session);
  });

  it('fails with the type of what the function threw, and its payload as the cause', async () => {
    const execution = await runWith(() => {
      throw thrown('NotYet', 'try later');
    });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'NotYet', cause: '{"errorType":"NotYet","errorMessage":"try later"}' });
    expect(eventTypes(execution)).toEqual(['ExecutionStarted', 'TaskStateEntered', 'TaskScheduled', 'TaskStarted', 'TaskFailed', 'ExecutionFailed']);
  });

  it.each([
    ['TooManyRequestsException', 'Lambda.TooManyRequestsException'],
    ['ServiceException', 'Lambda.ServiceException'],
    ['AccessDeniedException', 'Lambda.AWSLambdaException'],
  ])('names the service error %s %s', async (code, name) => {
    const execution = await runWith(() => {
      throw new AwsError(code, 'no', 429);
    });
    expect(execution.error).toBe(name);
    expect(execution.cause).toMatch(new RegExp(`^no \\(Service: AWSLambda; Status Code: 429; Error Code: ${code}; Request ID: `));
  });

  it('names a function that does not exist', async () => {
    expect((await new TestWorld().run(lambda())).error).toBe('Lambda.ResourceNotFoundException');
  });

  it('shows a fault of the emulator instead of taking it for an error of the service', async () => {
    const bug = (): never => {
      throw new TypeError('bug');
    };
    const catching = { A: { ...sdk('ssm:sendCommand', {}).A, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] }, Done: { Type: 'Succeed' } };
    const execution = await new TestWorld({ services: { ssm: bug } }).run(catching);
    expect(execution.error).toBe('States.Runtime');
    expect(execution.cause).toContain('TypeError: bug');
  });

  it('records the task as AWS does', async () => {
    const execution = await runWith(() => 5, lambda({ TimeoutSeconds: 30 }), { a: 1 });
    expect(execution.events[2]).toMatchObject({
      type: 'TaskScheduled',
      taskScheduledEventDetails: {
        resourceType: 'lambda',
        resource: 'invoke',
        region: 'eu-central-1',
        parameters: '{"FunctionName":"f","Payload":{"a":1}}',
        timeoutInSeconds: 30,
      },
    });
    expect(eventTypes(execution)).toEqual([
      'ExecutionStarted', 'TaskStateEntered', 'TaskScheduled', 'TaskStarted', 'TaskSucceeded', 'TaskStateExited', 'ExecutionSucceeded',
    ]);
    expect(execution.events.map(({ id, previousEventId }) => [id, previousEventId])).toEqual([[1, 0], [2, 0], [3, 2], [4, 3], [5, 4], [6, 5], [7, 6]]);
  });

  it('times out, and no longer listens to the function', async () => {
    const world = new TestWorld({ functions: { f: async (_payload, { clock }) => clock.sleep(900_000) } });
    const execution = await world.run(lambda({ TimeoutSeconds: 60 }));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(execution).not.toHaveProperty('cause');
    expect(world.seconds).toBe(60);
    expect(eventTypes(execution).slice(-2)).toEqual(['TaskTimedOut', 'ExecutionFailed']);
  });
});

describe('lambda:invoke.waitForTaskToken', () => {
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

  it('accepts one callback only', async () => {
    const { world, token } = await parked();
    await world.api('SendTaskSuccess', { taskToken: token, output: '1' });
    await world.settle();
    await expect(world.api('SendTaskFailure', { taskToken: token })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  it('gives a retried attempt a token of its own, and the old one is dead', async () => {
    const { world, arn, tokens, token } = await parked({ HeartbeatSeconds: 60, Retry: [{ ErrorEquals: ['States.HeartbeatTimeout'], IntervalSeconds: 1, MaxAttempts: 1 }] });
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
    await expect(world.api('SendTaskSuccess', { taskToken: 'nonsense', output: '1' })).rejects.toMatchObject({ code: 'InvalidToken', message: "Invalid Token: 'Invalid token'" });
    await expect(world.api('SendTaskSuccess', { taskToken: `${token}x`, output: '1' })).rejects.toMatchObject({ code: 'TaskDoesNotExist' });
    await expect(world.api('SendTaskHeartbeat', { taskToken: token }, { region: 'eu-west-1' })).rejects.toMatchObject({ code: 'TaskDoesNotExist' });
    await expect(world.api('SendTaskSuccess', { taskToken: token, output: '{' })).rejects.toMatchObject({ code: 'InvalidOutput' });
    await expect(world.api('SendTaskFailure', { taskToken: token, error: 'x'.repeat(257) })).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it('has a token that dies with its execution', async () => {
    const { world, arn, token } = await parked();
    await world.api('StopExecution', { executionArn: arn });
    await expect(world.api('SendTaskSuccess', { taskToken: token, output: '1' })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  it('fails as not submitted when the function throws before any callback', async () => {
    const broken = (): never => {
      throw thrown('Broken');
    };
    const execution = await new TestWorld({ functions: { f: broken } }).run(park());
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Broken' });
    expect(eventTypes(execution)).toContain('TaskSubmitFailed');
  });
});

describe('states:startExecution', () => {
  const child = { Work: { Type: 'Wait', Seconds: 60, Next: 'Out' }, Out: { Type: 'Pass', Output: { doubled: '{% $states.input.v * 2 %}' }, End: true } };

  function call(resource: string, more: Record<string, unknown> = {}, given: Record<string, unknown> = {}): Record<string, unknown> {
    const args = { StateMachineArn: machineArn('child'), Input: { v: '{% $states.input.v %}' }, Name: 'kid', ...given };
    return { Call: { Type: 'Task', Resource: resource, Arguments: args, End: true, ...more } };
  }

  it('goes on at once with the ARN of the child', async () => {
    const world = new TestWorld();
    world.define('child', child);
    const execution = await world.run(call('arn:aws:states:::states:startExecution'), { v: 5 });
    expect(execution.output).toEqual({ ExecutionArn: 'arn:aws:states:eu-central-1:111111111111:execution:child:kid', StartDate: '2026-01-01T00:00:00.000Z' });
    expect(world.executionsOf('child')[0]?.status).toBe('RUNNING');
  });

  it('waits for the child with .sync:2 and gives its output as a value', async () => {
    const world = new TestWorld();
    world.define('child', child);
    const execution = await world.run(call(CHILD), { v: 5 });
    expect(world.seconds).toBe(60);
    expect(execution.output).toMatchObject({ Name: 'kid', Status: 'SUCCEEDED', Input: { v: 5 }, Output: { doubled: 10 }, StopDate: Date.UTC(2026, 0, 1) + 60_000 });
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
    expect(JSON.parse(execution.cause ?? '')).toMatchObject({ ...cause, Input: '{"v":1}', InputDetails: { Included: true }, RedriveStatus: 'REDRIVABLE' });
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
    await world.run({
      P: {
        Type: 'Parallel',
        End: true,
        Branches: [{ StartAt: 'Call', States: call(CHILD) }, { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 5, Next: 'F' }, F: { Type: 'Fail' } } }],
      },
    }, { v: 1 });
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

describe('aws-sdk', () => {
  it('calls the operation and gives times as texts and bytes as text', async () => {
    const world = new TestWorld({
      services: { ssm: () => ({ Command: { CommandId: 'c-1', RequestedDateTime: new Date(0), Raw: Buffer.from('ok'), Gone: undefined }, $metadata: {} }) },
    });
    const execution = await world.run(sdk('ssm:sendCommand', { DocumentName: 'd' }));
    expect(execution.output).toEqual({ Command: { CommandId: 'c-1', RequestedDateTime: '1970-01-01T00:00:00.000Z', Raw: 'ok' } });
    expect(world.callsTo('ssm:SendCommand').map(({ input }) => input)).toEqual([{ DocumentName: 'd' }]);
    expect(execution.events[2]?.taskScheduledEventDetails).toMatchObject({ resourceType: 'aws-sdk:ssm', resource: 'sendCommand' });
  });

  it('speaks in small letters with Step Functions and in capitals with the machine', async () => {
    const world = new TestWorld();
    world.define('other', { P: { Type: 'Pass', End: true } });
    const execution = await world.run(sdk('sfn:startExecution', { StateMachineArn: machineArn('other'), Name: 'x', Input: '{}' }));
    expect(execution.output).toEqual({ ExecutionArn: 'arn:aws:states:eu-central-1:111111111111:execution:other:x', StartDate: '2026-01-01T00:00:00.000Z' });
  });

  it.each([
    ['ssm:sendCommand', 'InvalidDocument', 'Ssm.InvalidDocumentException'],
    ['ssm:sendCommand', 'ThrottlingException', 'Ssm.SsmException'],
    ['dynamodb:putItem', 'ConditionalCheckFailedException', 'DynamoDb.ConditionalCheckFailedException'],
    ['secretsmanager:getSecretValue', 'AccessDeniedException', 'SecretsManager.SecretsManagerException'],
  ])('names the error of %s, %s, %s', async (resource, code, name) => {
    const fail = (): never => {
      throw new AwsError(code, 'no', 400);
    };
    const execution = await new TestWorld({ services: { ssm: fail, dynamodb: fail, secretsmanager: fail } }).run(sdk(resource, {}));
    expect(execution.error).toBe(name);
    expect(execution.cause).toContain('no (Service: ');
  });
});
