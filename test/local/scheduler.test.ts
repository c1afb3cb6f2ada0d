import { describe, expect, it } from 'vitest';
import { object } from '../../local/json.ts';
import { createScheduler, type Scheduler, type ScheduleSettings } from '../../local/services/scheduler.ts';
import { AwsError, type CallContext } from '../../local/types.ts';
import { putRole, world, type World } from './events-world.ts';

const account = '111111111111';
const region = 'eu-central-1';
const machine = `arn:aws:states:${region}:${account}:stateMachine:Rollout`;
const role = `arn:aws:iam::${account}:role/Start`;
const queue = `arn:aws:sqs:${region}:${account}:Letters`;
const hour = 3_600_000;

interface Setting extends World {
  scheduler: Scheduler;
}

function setting(): Setting {
  const made = world(Date.parse('2026-11-23T03:00:00Z'));
  putRole(made.iam, role, 'scheduler.amazonaws.com', { Effect: 'Allow', Action: 'states:StartExecution', Resource: machine });
  return { ...made, scheduler: createScheduler(made.cloud, { iam: made.iam }) };
}

function settings(more: Partial<ScheduleSettings> = {}): ScheduleSettings {
  return {
    Name: 'Night',
    ScheduleExpression: 'cron(0 4 * * ? *)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: machine, RoleArn: role, Input: '{"policy":"linux"}' },
    ...more,
  };
}

function add(scheduler: Scheduler, more: Partial<ScheduleSettings> = {}): string {
  return scheduler.createSchedule(account, region, settings(more));
}

async function days({ clock }: World, count: number): Promise<void> {
  await clock.to(clock.now() + count * 24 * hour);
}

function started({ calls }: World): string[] {
  return calls.filter((call) => call.name === 'states:StartExecution').map((call) => new Date(call.time).toISOString());
}

function trustFrom(source: string): unknown {
  const Condition = { ArnEquals: { 'aws:SourceArn': source } };
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'scheduler.amazonaws.com' }, Condition }],
  };
}

describe('a schedule', () => {
  it('starts its machine at its times, with its role', async () => {
    const made = setting();
    add(made.scheduler);
    await days(made, 2);
    expect(started(made)).toEqual(['2026-11-23T04:00:00.000Z', '2026-11-24T04:00:00.000Z']);
    expect(made.calls[0]).toMatchObject({
      caller: { roleArn: role, arn: `arn:aws:sts::${account}:assumed-role/Start/Night`, region },
      input: { stateMachineArn: machine, input: '{"policy":"linux"}' },
    });
  });

  it('runs on the wall clock of its time zone', async () => {
    const made = setting();
    add(made.scheduler, { ScheduleExpression: 'cron(0 12 * * ? *)', ScheduleExpressionTimezone: 'Asia/Kathmandu' });
    await days(made, 1);
    expect(started(made)).toEqual(['2026-11-23T06:15:00.000Z']);
  });

  it('skips a time that the clocks jump over', async () => {
    const made = setting();
    await made.clock.to(Date.parse('2027-03-27T03:00:00Z'));
    add(made.scheduler, { ScheduleExpression: 'cron(30 2 * * ? *)', ScheduleExpressionTimezone: 'Europe/Berlin' });
    await days(made, 3);
    expect(started(made)).toEqual(['2027-03-29T00:30:00.000Z', '2027-03-30T00:30:00.000Z']);
  });

  it.each([
    ['does nothing while disabled', { State: 'DISABLED' }, []],
    ['starts with StartDate', { StartDate: new Date('2026-11-24T04:00:00Z') }, ['2026-11-24T04:00:00.000Z', '2026-11-25T04:00:00.000Z']],
    ['ends with EndDate', { EndDate: new Date('2026-11-24T03:59:00Z') }, ['2026-11-23T04:00:00.000Z']],
    ['of one time runs once', { ScheduleExpression: 'at(2026-11-23T05:00:00)' }, ['2026-11-23T05:00:00.000Z']],
    ['of one time ignores EndDate', { ScheduleExpression: 'at(2026-11-23T05:00:00)', EndDate: new Date(0) }, ['2026-11-23T05:00:00.000Z']],
    [
      'of a rate starts at once',
      { ScheduleExpression: 'rate(1 day)' },
      ['2026-11-23T03:00:00.000Z', '2026-11-24T03:00:00.000Z', '2026-11-25T03:00:00.000Z'],
    ],
    [
      'of a rate starts at StartDate',
      { ScheduleExpression: 'rate(1 day)', StartDate: new Date('2026-11-24T01:00:00Z') },
      ['2026-11-24T01:00:00.000Z', '2026-11-25T01:00:00.000Z'],
    ],
  ])('%s', async (_name, more, expected) => {
    const made = setting();
    add(made.scheduler, more);
    await made.clock.to(Date.parse('2026-11-25T12:00:00Z'));
    expect(started(made).slice(0, 3)).toEqual(expected.slice(0, 3));
  });

  it('fills in the context attributes, the same time and a new id at each try', async () => {
    const made = setting();
    made.answers['states:StartExecution'] = [new AwsError('ThrottlingException', 'slow')];
    const Input = '["<aws.scheduler.scheduled-time>","<aws.scheduler.execution-id>","<aws.scheduler.attempt-number>","<aws.scheduler.schedule-arn>"]';
    const arn = add(made.scheduler, { Target: { Arn: machine, RoleArn: role, Input } });
    await days(made, 1);
    const [first, second] = made.calls.map((call): string[] => JSON.parse(call.input.input));
    expect(first).toEqual(['2026-11-23T04:00:00Z', expect.stringMatching(/^[0-9a-f]{16}$/), '1', arn]);
    expect(second).toEqual(['2026-11-23T04:00:00Z', expect.stringMatching(/^[0-9a-f]{16}$/), '2', arn]);
    expect(first?.[1]).not.toBe(second?.[1]);
  });

  it('sends an event of its own when it has no input', async () => {
    const made = setting();
    const arn = add(made.scheduler, { Target: { Arn: machine, RoleArn: role } });
    await days(made, 1);
    expect(JSON.parse(made.calls[0]?.input.input)).toMatchObject({
      source: 'aws.scheduler',
      'detail-type': 'Scheduled Event',
      account,
      region,
      resources: [arn],
    });
  });

  it('is refused when Scheduler may not assume its role', () => {
    const made = setting();
    putRole(made.iam, role, 'events.amazonaws.com');
    expect(() => add(made.scheduler)).toThrow('The execution role you provide must allow AWS EventBridge Scheduler to assume the role.');
    expect(made.scheduler.schedules()).toEqual([]);
  });

  it('that may not assume its role any more goes nowhere, and the refusal is kept', async () => {
    const made = setting();
    add(made.scheduler, { Target: { Arn: machine, RoleArn: role, DeadLetterConfig: { Arn: queue } } });
    putRole(made.iam, role, 'events.amazonaws.com');
    await days(made, 1);
    expect(made.calls).toEqual([]);
    expect(made.iam.denied()[0]).toMatchObject({ caller: 'scheduler.amazonaws.com', action: 'sts:AssumeRole', resource: role });
  });

  it('leaves what failed in the dead-letter queue, as its role', async () => {
    const made = setting();
    made.answers['states:StartExecution'] = [new AwsError('StateMachineDoesNotExist', 'gone')];
    add(made.scheduler, { Target: { Arn: machine, RoleArn: role, DeadLetterConfig: { Arn: queue } } });
    await days(made, 1);
    expect(made.calls.map((call) => call.name)).toEqual(['states:StartExecution', 'sqs:SendMessage']);
    expect(made.calls[1]).toMatchObject({ caller: { roleArn: role }, input: { MessageAttributes: { ERROR_CODE: { StringValue: 'NO_RESOURCE' } } } });
  });

  it("is held to the group by the trust policy's source", async () => {
    const made = setting();
    made.iam.putRole({ arn: role, trust: trustFrom(`arn:aws:scheduler:${region}:${account}:schedule-group/nightly`), policies: [] });
    made.scheduler.createGroup(account, region, 'nightly');
    add(made.scheduler, { GroupName: 'nightly' });
    expect(() => add(made.scheduler, { ScheduleExpression: 'cron(0 5 * * ? *)' })).toThrow('to assume the role');
    await days(made, 1);
    expect(started(made)).toEqual(['2026-11-23T04:00:00.000Z']);
  });
});

const unknownSetting: object = { KmsKeyArn: 'arn:aws:kms:x' };

describe('what is not known is refused by name', () => {
  it.each<[string, Partial<ScheduleSettings>, string]>([
    ['a flexible window', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, 'FlexibleTimeWindow FLEXIBLE of schedule Night'],
    ['another target', { Target: { Arn: 'arn:aws:scheduler:::aws-sdk:ssm:sendCommand', RoleArn: role } }, 'aws-sdk:ssm:sendCommand'],
    ['another setting', { ...unknownSetting }, 'KmsKeyArn of schedule Night'],
    ['an expression', { ScheduleExpression: 'cron(0 3 * * * *)' }, 'Invalid Schedule Expression'],
    ['a name', { Name: 'a b' }, 'Name a b must match'],
    ['a state', { State: 'enabled' }, 'State enabled of schedule Night must be ENABLED or DISABLED'],
    ['an end', { ActionAfterCompletion: 'delete' }, 'ActionAfterCompletion delete must be NONE or DELETE'],
    ['retries', { Target: { Arn: machine, RoleArn: role, RetryPolicy: { MaximumRetryAttempts: 186 } } }, 'must be from 0 to 185, not 186'],
    ['an age', { Target: { Arn: machine, RoleArn: role, RetryPolicy: { MaximumEventAgeInSeconds: 30 } } }, 'must be from 60 to 86400, not 30'],
    ['a group', { GroupName: 'nightly' }, 'Schedule group nightly does not exist'],
  ])('%s', (_name, more, message) => {
    expect(() => add(setting().scheduler, more)).toThrow(message);
  });
});

describe('the API', () => {
  const context: CallContext = { caller: { account, region, arn: 'x' }, account, region, service: 'scheduler', operation: '', requestId: 'r' };
  const run = (scheduler: Scheduler, operation: string, input: unknown): unknown => scheduler.service.operations[operation]!.run(input, context);

  it('creates, shows, changes and deletes', async () => {
    const made = setting();
    const { scheduler } = made;
    const answer = run(scheduler, 'CreateSchedule', settings());
    expect(answer).toEqual({ ScheduleArn: `arn:aws:scheduler:${region}:${account}:schedule/default/Night` });
    expect(() => run(scheduler, 'CreateSchedule', settings())).toThrow(expect.objectContaining({ code: 'ConflictException' }));
    expect(run(scheduler, 'GetSchedule', { Name: 'Night' })).toMatchObject({
      GroupName: 'default',
      State: 'ENABLED',
      ScheduleExpressionTimezone: 'UTC',
    });
    run(scheduler, 'UpdateSchedule', settings({ ScheduleExpression: 'cron(0 6 * * ? *)' }));
    expect(scheduler.schedules()).toMatchObject([{ next: Date.parse('2026-11-23T06:00:00Z') }]);
    await days(made, 1);
    expect(started(made)).toEqual(['2026-11-23T06:00:00.000Z']);
    run(scheduler, 'DeleteSchedule', { Name: 'Night' });
    await days(made, 2);
    expect(started(made)).toHaveLength(1);
    expect(() => run(scheduler, 'GetSchedule', { Name: 'Night' })).toThrow(expect.objectContaining({ code: 'ResourceNotFoundException' }));
  });

  it('lists by name, state and group, page by page', () => {
    const { scheduler } = setting();
    for (const Name of ['a1', 'a2', 'b1']) add(scheduler, { Name, State: Name === 'a2' ? 'DISABLED' : 'ENABLED' });
    expect(run(scheduler, 'ListSchedules', { NamePrefix: 'a' })).toMatchObject({ Schedules: [{ Name: 'a1' }, { Name: 'a2' }] });
    expect(run(scheduler, 'ListSchedules', { State: 'ENABLED' })).toMatchObject({ Schedules: [{ Name: 'a1' }, { Name: 'b1' }] });
    const first = object(run(scheduler, 'ListSchedules', { MaxResults: 2 }), 'first page');
    expect(first).toMatchObject({ Schedules: [{ Name: 'a1' }, { Name: 'a2' }] });
    expect(run(scheduler, 'ListSchedules', { MaxResults: 2, NextToken: first.NextToken })).toMatchObject({ Schedules: [{ Name: 'b1' }] });
  });

  it('a schedule that has run for the last time goes away when asked to', async () => {
    const made = setting();
    add(made.scheduler, { ScheduleExpression: 'at(2026-11-23T05:00:00)', ActionAfterCompletion: 'DELETE' });
    expect(made.scheduler.schedules()).toHaveLength(1);
    await days(made, 1);
    expect(made.scheduler.schedules()).toEqual([]);
  });

  it('asks for the schedule and for passing the role', () => {
    const { scheduler } = setting();
    expect(scheduler.service.operations.CreateSchedule!.access(settings(), context)).toEqual([
      { action: 'scheduler:CreateSchedule', resource: `arn:aws:scheduler:${region}:${account}:schedule/default/Night` },
      { action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': ['scheduler.amazonaws.com'] } },
    ]);
  });
});
