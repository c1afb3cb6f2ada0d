import { rmSync } from 'node:fs';
import {
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../local/clock.ts';
import { createCloud, type EmbeddedAws } from '../../local/cloud.ts';
import { bundleFunction, hub, writeAssembly } from './cloud-assembly.ts';

const start = Date.parse('2026-11-23T01:00:00Z');
let bundle: string;
let assembly: string;
let clock: VirtualClock;
let aws: EmbeddedAws;

beforeAll(() => {
  bundle = bundleFunction();
  assembly = writeAssembly(bundle);
});

afterAll(() => {
  for (const directory of [bundle, assembly]) rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  clock = createVirtualClock({ start });
  aws = await createCloud({
    assembly,
    clock,
    seed: 1,
    fleet: { file: { version: 1, locations: ['111111111111/eu-central-1'], inventories: {}, nodes: [] } },
  });
});

afterEach(async () => {
  await aws.stop();
  clock.uninstall();
});

function settings(): {
  endpoint: string;
  region: string;
  credentials: ReturnType<EmbeddedAws['credentials']>;
  requestHandler: ReturnType<EmbeddedAws['requestHandler']>;
} {
  return { endpoint: aws.endpoint, region: hub.region, credentials: aws.credentials(hub.account), requestHandler: aws.requestHandler() };
}

function refOf(logicalId: string): string {
  return aws.inventory.stacks[0]?.resources.find((resource) => resource.logicalId === logicalId)?.ref ?? '';
}

describe('EventBridge through its SDK', () => {
  it('makes a rule, shows it, and delivers what is put to a queue', async () => {
    const client = new EventBridgeClient(settings());
    const { arn: Arn = '' } = aws.parts.sqs.queues()[0] ?? {};
    const { RuleArn = '' } = await client.send(new PutRuleCommand({ Name: 'Own', EventPattern: '{"source":["mine"]}' }));
    await client.send(new PutTargetsCommand({ Rule: 'Own', Targets: [{ Id: 'Q', Arn }] }));
    expect(await client.send(new DescribeRuleCommand({ Name: 'Own' }))).toMatchObject({
      Arn: RuleArn,
      State: 'ENABLED',
      EventPattern: '{"source":["mine"]}',
    });
    expect((await client.send(new ListTargetsByRuleCommand({ Rule: 'Own' }))).Targets).toEqual([{ Id: 'Q', Arn }]);
    aws.parts.sqs.setQueuePolicy(Arn, {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: Arn,
          Principal: { Service: 'events.amazonaws.com' },
          Condition: { ArnEquals: { 'aws:SourceArn': RuleArn } },
        },
      ],
    });
    const Time = new Date('2026-11-22T00:00:00Z');
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [
          { Source: 'mine', DetailType: 'D', Detail: '{"a":1}', Time, Resources: ['r'] },
          { Source: 'aws.ssm', DetailType: 'D', Detail: '{}' },
        ],
      }),
    );
    expect(answer).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ EventId: expect.any(String) }, { ErrorCode: 'NotAuthorizedForSourceException' }],
    });
    await clock.run(() => clock.now() > start + 10_000);
    expect(aws.parts.sqs.peek(Arn).map(({ body }) => JSON.parse(body))).toMatchObject([
      { source: 'mine', detail: { a: 1 }, time: '2026-11-22T00:00:00Z', resources: ['r'] },
    ]);
    await client.send(new DisableRuleCommand({ Name: 'Own' }));
    await client.send(new RemoveTargetsCommand({ Rule: 'Own', Ids: ['Q'] }));
    await client.send(new DeleteRuleCommand({ Name: 'Own' }));
    await expect(client.send(new DescribeRuleCommand({ Name: 'Own' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('shows buses and tests patterns', async () => {
    const client = new EventBridgeClient(settings());
    expect((await client.send(new ListEventBusesCommand({}))).EventBuses?.map((bus) => bus.Name)).toEqual(['Wavelock', 'default']);
    expect((await client.send(new DescribeEventBusCommand({ Name: 'Wavelock' }))).Policy).toContain('events:PutEvents');
    const Event = '{"source":"a","detail":{}}';
    expect(await client.send(new TestEventPatternCommand({ Event, EventPattern: '{"source":["a"]}' }))).toMatchObject({ Result: true });
    const wrong = client.send(new TestEventPatternCommand({ Event, EventPattern: '{"source":"a"}' }));
    await expect(wrong).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });
});

describe('Scheduler through its SDK', () => {
  it('makes, shows, changes and deletes a schedule', async () => {
    const client = new SchedulerClient(settings());
    const [known] = (await client.send(new ListSchedulesCommand({}))).Schedules ?? [];
    const { Target } = await client.send(new GetScheduleCommand({ Name: known?.Name }));
    expect(Target).toMatchObject({ Arn: refOf('Machine'), Input: '{"name":"<aws.scheduler.scheduled-time>"}' });
    const schedule = {
      Name: 'Own',
      ScheduleExpression: 'at(2026-11-23T01:30:00)',
      FlexibleTimeWindow: { Mode: 'OFF' as const },
      Target,
      StartDate: new Date(start),
    };
    expect((await client.send(new CreateScheduleCommand(schedule))).ScheduleArn).toMatch(/:schedule\/default\/Own$/);
    await expect(client.send(new CreateScheduleCommand(schedule))).rejects.toMatchObject({ name: 'ConflictException' });
    await client.send(new UpdateScheduleCommand({ ...schedule, ScheduleExpression: 'at(2026-11-23T01:20:00)' }));
    expect(await client.send(new GetScheduleCommand({ Name: 'Own' }))).toMatchObject({
      ScheduleExpression: 'at(2026-11-23T01:20:00)',
      State: 'ENABLED',
      StartDate: new Date(start),
    });
    await clock.run(() => clock.now() > start + 1_500_000);
    expect(aws.parts.states.executions().map(({ input }) => input)).toEqual([{ name: '2026-11-23T01:20:00Z' }]);
    await client.send(new DeleteScheduleCommand({ Name: 'Own' }));
    await expect(client.send(new GetScheduleCommand({ Name: 'Own' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect((await client.send(new ListScheduleGroupsCommand({}))).ScheduleGroups?.map((group) => group.Name)).toEqual(['default']);
  });

  it('refuses what it does not know, as Scheduler words it', async () => {
    const client = new SchedulerClient(settings());
    const Target = { Arn: refOf('Machine'), RoleArn: 'arn:aws:iam::111111111111:role/x' };
    const wrong = client.send(
      new CreateScheduleCommand({ Name: 'Own', ScheduleExpression: 'cron(0 3 * * * *)', FlexibleTimeWindow: { Mode: 'OFF' }, Target }),
    );
    await expect(wrong).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining('Invalid Schedule Expression') });
  });
});
