import { describe, expect, it } from 'vitest';
import { AwsError } from '../../local/types.ts';
import { eventTypes, LAMBDA, machineArn, TestWorld, thrown, type TestFunction } from './asl-world.ts';

function lambda(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { A: { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' }, End: true, ...more } };
}

function sdk(resource: string, given: unknown): { A: Record<string, unknown> } {
  return { A: { Type: 'Task', Resource: `arn:aws:states:::aws-sdk:${resource}`, Arguments: given, End: true } };
}

function fail(): never {
  throw new TypeError('a bug');
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
    const catching = {
      A: { ...sdk('ssm:sendCommand', {}).A, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] },
      Done: { Type: 'Succeed' },
    };
    const execution = await new TestWorld({ services: { ssm: fail } }).run(catching);
    expect(execution.error).toBe('States.Runtime');
    expect(execution.cause).toContain('TypeError: a bug');
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
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    expect(execution.events.map(({ id, previousEventId }) => [id, previousEventId])).toEqual([
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 3],
      [5, 4],
      [6, 5],
      [7, 6],
    ]);
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

describe('aws-sdk', () => {
  it('calls the operation and gives times as texts and bytes as text', async () => {
    const world = new TestWorld({
      services: {
        ssm: () => ({
          Command: { CommandId: 'c-1', RequestedDateTime: new Date(0), Raw: Buffer.from('ok'), Gone: undefined },
          $metadata: {},
        }),
      },
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
    expect(execution.output).toEqual({
      ExecutionArn: 'arn:aws:states:eu-central-1:111111111111:execution:other:x',
      StartDate: '2026-01-01T00:00:00.000Z',
    });
  });

  it.each([
    ['ssm:sendCommand', 'InvalidDocument', 'Ssm.InvalidDocumentException'],
    ['ssm:sendCommand', 'ThrottlingException', 'Ssm.SsmException'],
    ['dynamodb:putItem', 'ConditionalCheckFailedException', 'DynamoDb.ConditionalCheckFailedException'],
    ['secretsmanager:getSecretValue', 'AccessDeniedException', 'SecretsManager.SecretsManagerException'],
  ])('names the error of %s, %s, %s', async (resource, code, name) => {
    const refuse = (): never => {
      throw new AwsError(code, 'no', 400);
    };
    const execution = await new TestWorld({ services: { ssm: refuse, dynamodb: refuse, secretsmanager: refuse } }).run(sdk(resource, {}));
    expect(execution.error).toBe(name);
    expect(execution.cause).toContain('no (Service: ');
  });
});
