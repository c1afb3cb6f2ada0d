import { describe, expect, it } from 'vitest';
import { createEvents, type Events } from '../../local/services/events.ts';
import type { Target } from '../../local/services/event-bus.ts';
import { AwsError, type CallContext, type Faults } from '../../local/types.ts';
import { later, payload, putRole, world, type World } from './events-world.ts';

const hub = '111111111111';
const spoke = '222222222222';
const home = 'eu-central-1';
const away = 'eu-west-1';
const hubBus = `arn:aws:events:${home}:${hub}:event-bus/hub`;
const fn = `arn:aws:lambda:${home}:${hub}:function:OnCommandEvent`;
const queue = `arn:aws:sqs:${home}:${hub}:Letters`;
const sent = { source: 'aws.ssm', detailType: 'Command', resources: ['arn:x'], detail: { status: 'Success' } };

interface Setting extends World {
  events: Events;
}

function setting(faults?: Faults): Setting {
  const made = world();
  return { ...made, events: createEvents(made.cloud, { iam: made.iam, faults }) };
}

type Place = [account: string, region: string, bus: string];

function rule(events: Events, target: Partial<Target>, place: Place = [hub, home, 'default']): void {
  const made = events.putRule(events.bus(...place)!, { Name: 'Rule', EventPattern: { source: ['aws.ssm'] } });
  events.putTarget(made, { Id: 'T', Arn: fn, ...target });
}

describe('an event of an AWS service', () => {
  it('reaches the function of a matching rule as EventBridge, with the whole event', async () => {
    const { events, clock, calls } = setting();
    rule(events, {});
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls).toMatchObject([
      {
        name: 'lambda:Invoke',
        caller: { account: hub, service: 'events.amazonaws.com', sourceArn: `arn:aws:events:${home}:${hub}:rule/Rule` },
        input: { FunctionName: fn, InvocationType: 'Event' },
      },
    ]);
    expect(payload(calls[0])).toMatchObject({
      version: '0',
      account: hub,
      region: home,
      time: '2026-11-23T03:00:00Z',
      'detail-type': 'Command',
      source: 'aws.ssm',
      resources: ['arn:x'],
      detail: { status: 'Success' },
    });
  });

  it.each([
    ['does not match', { Name: 'Rule', EventPattern: { source: ['aws.ec2'] } }],
    ['is disabled', { Name: 'Rule', EventPattern: { source: ['aws.ssm'] }, State: 'DISABLED' }],
  ])('does not reach a rule that %s', async (_name, settings) => {
    const { events, clock, calls } = setting();
    events.putTarget(events.putRule(events.bus(hub, home, undefined)!, settings), { Id: 'T', Arn: fn });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls).toEqual([]);
  });

  it('stays in its account and Region', async () => {
    const { events, clock, calls } = setting();
    rule(events, {});
    events.emit(hub, away, sent);
    events.emit(spoke, home, sent);
    await later(clock);
    expect(calls).toEqual([]);
  });

  it.each([
    ['dropped', [], []],
    ['delayed', [90_000], [90_000]],
    ['doubled and delayed', [500, 7_000], [500, 7_000]],
  ])('may be %s by a fault', async (_name, delays, expected) => {
    const { events, clock, calls } = setting({ event: () => delays });
    const start = clock.now();
    rule(events, {});
    events.emit(hub, home, sent);
    await later(clock, 200_000);
    expect(calls.map((call) => call.time - start)).toEqual(expected);
  });
});

async function given(target: Partial<Target>): Promise<string> {
  const { events, clock, calls } = setting();
  rule(events, target);
  events.emit(hub, home, { ...sent, detail: { status: 'He said "no"', list: [{ n: 1 }, { n: 2 }] } });
  await later(clock);
  return new TextDecoder().decode(calls[0]?.input.Payload);
}

describe('input of a target', () => {
  it.each([
    ['a constant', { Input: '{"a":1}' }, '{"a":1}'],
    ['a path', { InputPath: '$.detail.list[1]' }, '{"n":2}'],
    [
      'a template with values',
      { InputTransformer: { InputPathsMap: { s: '$.detail.status', l: '$.detail.list' }, InputTemplate: '{"s": <s>, "l": <l>}' } },
      '{"s": "He said \\"no\\"", "l": [{"n":1},{"n":2}]}',
    ],
    [
      'a template with values in texts',
      { InputTransformer: { InputPathsMap: { s: '$.detail.status' }, InputTemplate: '{"s": "it is <s>"}' } },
      '{"s": "it is He said \\"no\\""}',
    ],
    [
      'a template with something missing',
      { InputTransformer: { InputPathsMap: { s: '$.detail.nothing' }, InputTemplate: '{"s": <s>}' } },
      '{"s": ""}',
    ],
    ['a template with the rule', { InputTransformer: { InputTemplate: '{"r": <aws.events.rule-name>}' } }, '{"r": "Rule"}'],
    ['a text', { InputTransformer: { InputPathsMap: { s: '$.source' }, InputTemplate: 'from <s>' } }, 'from aws.ssm'],
  ])('%s', async (_name, target, expected) => {
    expect(await given(target)).toBe(expected);
  });
});

function throttled(): AwsError {
  return new AwsError('TooManyRequestsException', 'slow down', 429);
}

describe('a target that fails', () => {
  it('is tried again until it works', async () => {
    const { events, clock, calls, answers } = setting();
    answers['lambda:Invoke'] = [throttled(), throttled()];
    rule(events, {});
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['lambda:Invoke', 'lambda:Invoke', 'lambda:Invoke']);
  });

  it('goes to the dead-letter queue when its tries are used up', async () => {
    const { events, clock, calls, answers } = setting();
    answers['lambda:Invoke'] = [throttled(), throttled(), throttled()];
    rule(events, { RetryPolicy: { MaximumRetryAttempts: 2 }, DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['lambda:Invoke', 'lambda:Invoke', 'lambda:Invoke', 'sqs:SendMessage']);
    expect(calls[3]).toMatchObject({
      caller: { service: 'events.amazonaws.com' },
      input: {
        QueueUrl: `https://sqs.${home}.amazonaws.com/${hub}/Letters`,
        MessageAttributes: {
          ERROR_CODE: { StringValue: 'ERROR_FROM_TARGET' },
          EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumRetryAttempts' },
          RETRY_ATTEMPTS: { StringValue: '2' },
        },
      },
    });
    expect(JSON.parse(calls[3]?.input.MessageBody)).toMatchObject({ source: 'aws.ssm' });
  });

  it('is given up when the event is too old', async () => {
    const { events, clock, calls, answers } = setting();
    answers['lambda:Invoke'] = Array.from({ length: 400 }, throttled);
    rule(events, { RetryPolicy: { MaximumEventAgeInSeconds: 60 }, DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock, 120_000);
    expect(calls.at(-1)?.input.MessageAttributes.EXHAUSTED_RETRY_CONDITION).toEqual({ DataType: 'String', StringValue: 'MaximumEventAgeInSeconds' });
  });

  it('is given up after 24 hours, about 185 tries', async () => {
    const { events, clock, calls, answers } = setting();
    answers['lambda:Invoke'] = Array.from({ length: 400 }, throttled);
    rule(events, { DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock, 25 * 3_600_000);
    expect(calls.filter((call) => call.name === 'lambda:Invoke').length).toBeLessThanOrEqual(186);
    expect(calls.at(-1)?.name).toBe('sqs:SendMessage');
  });

  it.each([
    ['AccessDeniedException', 'NO_PERMISSIONS'],
    ['ResourceNotFoundException', 'NO_RESOURCE'],
  ])('is not tried again after %s', async (code, expected) => {
    const { events, clock, calls, answers } = setting();
    answers['lambda:Invoke'] = [new AwsError(code, 'no')];
    rule(events, { DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['lambda:Invoke', 'sqs:SendMessage']);
    expect(calls[1]?.input.MessageAttributes.ERROR_CODE.StringValue).toBe(expected);
  });

  it('is lost without a dead-letter queue, or when the queue refuses', async () => {
    const { events, clock, calls, answers } = setting();
    answers['lambda:Invoke'] = [new AwsError('AccessDeniedException', 'no'), new AwsError('AccessDeniedException', 'no')];
    answers['sqs:SendMessage'] = [new AwsError('AccessDenied', 'no')];
    rule(events, {});
    events.emit(hub, home, sent);
    await later(clock);
    rule(events, { DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['lambda:Invoke', 'lambda:Invoke', 'sqs:SendMessage']);
  });
});

describe('a state machine as target', () => {
  const machine = `arn:aws:states:${home}:${hub}:stateMachine:Intake`;

  it("is started with the rule's role", async () => {
    const { events, clock, calls, iam } = setting();
    const RoleArn = putRole(iam, `arn:aws:iam::${hub}:role/Start`, 'events.amazonaws.com');
    rule(events, { Arn: machine, RoleArn });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls).toMatchObject([{ name: 'states:StartExecution', caller: { roleArn: RoleArn }, input: { stateMachineArn: machine } }]);
    expect(calls[0]?.input.name).toMatch(/^[0-9a-f-]{36}_[0-9a-f-]{36}$/);
  });

  it('is not started when the role does not trust EventBridge', async () => {
    const { events, clock, calls, iam } = setting();
    const RoleArn = putRole(iam, `arn:aws:iam::${hub}:role/Start`, 'states.amazonaws.com');
    rule(events, { Arn: machine, RoleArn, DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['sqs:SendMessage']);
    expect(iam.denied()).toMatchObject([{ action: 'sts:AssumeRole', resource: RoleArn }]);
  });

  it('needs a role', () => {
    const { events } = setting();
    expect(() => rule(events, { Arn: machine })).toThrow('RoleArn is required');
  });
});

describe("from a spoke's bus to the hub's", () => {
  const role = `arn:aws:iam::${spoke}:role/Forward`;

  function spread(allowed: { role?: boolean; bus?: boolean }): Setting {
    const made = setting();
    const { events, iam } = made;
    putRole(iam, role, 'events.amazonaws.com', {
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Resource: allowed.role === false ? 'arn:aws:events:x:1:event-bus/x' : hubBus,
    });
    const bus = events.createBus(hub, home, 'hub');
    if (allowed.bus !== false) {
      events.putBusPolicy(bus, {
        Sid: 'Spokes',
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: hubBus,
        Principal: { AWS: `arn:aws:iam::${spoke}:root` },
      });
    }
    rule(events, { Arn: hubBus, RoleArn: role, DeadLetterConfig: { Arn: queue } }, [spoke, away, 'default']);
    rule(events, {}, [hub, home, 'hub']);
    return made;
  }

  it("an event arrives as it was: account, Region, time and id are the origin's", async () => {
    const { events, clock, calls } = spread({});
    events.emit(spoke, away, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['lambda:Invoke']);
    expect(payload(calls[0])).toMatchObject({ account: spoke, region: away, time: '2026-11-23T03:00:00Z', detail: { status: 'Success' } });
  });

  it.each([
    ['the role may not', { role: false }, 'no identity-based policy'],
    ['the bus does not let the account in', { bus: false }, 'no resource-based policy'],
  ])('an event does not arrive when %s', async (_name, allowed, reason) => {
    const { events, clock, calls, iam } = spread(allowed);
    events.emit(spoke, away, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['sqs:SendMessage']);
    expect(iam.denied()[0]?.message).toContain(reason);
  });

  it('an event goes from bus to bus once in a Region', async () => {
    const { events, clock, calls, iam } = setting();
    putRole(iam, `arn:aws:iam::${hub}:role/F`, 'events.amazonaws.com', { Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' });
    for (const name of ['one', 'two']) events.createBus(hub, home, name);
    const next = (name: string): Partial<Target> => ({
      Arn: `arn:aws:events:${home}:${hub}:event-bus/${name}`,
      RoleArn: `arn:aws:iam::${hub}:role/F`,
      DeadLetterConfig: { Arn: queue },
    });
    rule(events, next('one'));
    rule(events, next('two'), [hub, home, 'one']);
    rule(events, {}, [hub, home, 'two']);
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['sqs:SendMessage']);
    expect(calls[0]?.input.MessageAttributes.ERROR_CODE.StringValue).toBe('THIRD_ACCOUNT_HOP_DETECTED');
  });

  it('a bus that is not there is no resource', async () => {
    const { events, clock, calls, iam } = setting();
    putRole(iam, `arn:aws:iam::${hub}:role/F`, 'events.amazonaws.com', { Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' });
    rule(events, { Arn: `${hubBus}2`, RoleArn: `arn:aws:iam::${hub}:role/F`, DeadLetterConfig: { Arn: queue } });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls[0]?.input.MessageAttributes.ERROR_CODE.StringValue).toBe('NO_RESOURCE');
  });
});

const context: CallContext = {
  caller: { account: hub, region: home, arn: 'x' },
  account: hub,
  region: home,
  service: 'events',
  operation: '',
  requestId: 'r',
};

function run(events: Events, operation: string, input: unknown): unknown {
  return events.service.operations[operation]!.run(input, context);
}

describe('the API', () => {
  const entry = { Source: 'wavelock', DetailType: 'Command', Detail: '{"a":1}' };

  it('accepts events at least once and answers each entry', async () => {
    const { events, clock, calls } = setting({ event: () => [] });
    const made = events.putRule(events.bus(hub, home, undefined)!, { Name: 'Own', EventPattern: { source: ['wavelock'] } });
    events.putTarget(made, { Id: 'T', Arn: fn });
    const answer = run(events, 'PutEvents', { Entries: [entry, { ...entry, Source: 'aws.ssm' }, { ...entry, Detail: '{' }] });
    expect(answer).toMatchObject({
      FailedEntryCount: 2,
      Entries: [{ EventId: expect.any(String) }, { ErrorCode: 'NotAuthorizedForSourceException' }, { ErrorCode: 'MalformedDetail' }],
    });
    await later(clock);
    expect(calls.map((call) => call.name)).toEqual(['lambda:Invoke']);
  });

  it('asks for PutEvents on the bus, with source and detail-type', () => {
    const { events } = setting();
    events.createBus(hub, home, 'hub');
    expect(events.service.operations.PutEvents!.access({ Entries: [{ ...entry, EventBusName: 'hub' }] }, context)).toMatchObject([
      {
        action: 'events:PutEvents',
        resource: hubBus,
        resourceAccount: hub,
        context: { 'events:source': ['wavelock'], 'events:detail-type': ['Command'] },
      },
    ]);
    expect(() => events.service.operations.PutEvents!.access({ Entries: [{ ...entry, EventBusName: 'none' }] }, context)).toThrow('does not exist');
  });

  it('shows rules and targets, and switches rules off and on', async () => {
    const { events, clock, calls } = setting();
    run(events, 'PutRule', { Name: 'Rule', EventPattern: '{"source":["aws.ssm"]}' });
    run(events, 'PutTargets', { Rule: 'Rule', Targets: [{ Id: 'T', Arn: fn }] });
    expect(run(events, 'ListRules', {})).toMatchObject({ Rules: [{ Name: 'Rule', State: 'ENABLED' }] });
    expect(run(events, 'ListTargetsByRule', { Rule: 'Rule' })).toMatchObject({ Targets: [{ Id: 'T', Arn: fn }] });
    run(events, 'DisableRule', { Name: 'Rule' });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls).toEqual([]);
    run(events, 'EnableRule', { Name: 'Rule' });
    events.emit(hub, home, sent);
    await later(clock);
    expect(calls).toHaveLength(1);
    expect(() => run(events, 'DeleteRule', { Name: 'Rule' })).toThrow('targets');
    run(events, 'RemoveTargets', { Rule: 'Rule', Ids: ['T'] });
    run(events, 'DeleteRule', { Name: 'Rule' });
    expect(() => run(events, 'DescribeRule', { Name: 'Rule' })).toThrow('does not exist');
  });

  it.each([
    ['PutRule', { Name: 'Rule', EventPattern: '{"source":"x"}' }, 'InvalidEventPatternException'],
    ['PutRule', { Name: 'Rule' }, 'InvalidEventPatternException'],
  ])('%s refuses %j', (operation, input, code) => {
    const { events } = setting();
    expect(() => run(events, operation, input)).toThrow(expect.objectContaining({ code }));
  });

  it('names a target of a kind that is not embedded', () => {
    const { events } = setting();
    expect(() => rule(events, { Arn: 'arn:aws:kinesis:x:1:stream/s' })).toThrow('arn:aws:kinesis:x:1:stream/s');
  });
});

describe('rules on a timetable', () => {
  it('send a scheduled event, until they are replaced', async () => {
    const { events, clock, calls } = setting();
    const bus = events.bus(hub, home, undefined)!;
    const target = { Id: 'T', Arn: fn };
    events.putTarget(events.putRule(bus, { Name: 'Tick', ScheduleExpression: 'rate(5 minutes)' }), target);
    await later(clock, 11 * 60_000);
    expect(calls.map((call) => payload(call)['detail-type'])).toEqual(['Scheduled Event', 'Scheduled Event']);
    events.putRule(bus, { Name: 'Tick', ScheduleExpression: 'rate(1 hour)' });
    await later(clock, 50 * 60_000);
    expect(calls).toHaveLength(2);
  });
});
