import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { createLogs, type Logs } from '../../local/services/logs.ts';
import { createMonitoring, type AlarmProperties, type Monitoring } from '../../local/services/monitoring.ts';
import { createSns, type Sns } from '../../local/services/sns.ts';
import { ACCOUNT, createBaseWorld, HOME, REGION, rejection, START, type BaseWorld } from './base-world.ts';

const MINUTE = 60_000;
let world: BaseWorld;
let clock: VirtualClock;
let monitoring: Monitoring;
let logs: Logs;
let sns: Sns;
let client: CloudWatchClient;
let topic: string;

beforeEach(() => {
  world = createBaseWorld({ virtual: true });
  clock = world.clock as VirtualClock;
  monitoring = createMonitoring(world.cloud);
  logs = createLogs(world.cloud);
  logs.onLine((location, _group, line) => monitoring.readLine(location, line));
  sns = createSns(world.cloud, { useKey: () => undefined });
  topic = sns.createTopic({ ...HOME, name: 'alarms' });
  sns.subscribe({ topicArn: topic, protocol: 'email', endpoint: 'ops@example.com' });
  world.add(monitoring.service, logs.service, sns.service);
  client = new CloudWatchClient(world.config());
});
afterEach(() => world.close());

function alarm(more: Partial<AlarmProperties> = {}): string {
  return monitoring.createAlarm(HOME, {
    AlarmName: 'errors',
    Namespace: 'N',
    MetricName: 'Errors',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [topic],
    ...more,
  });
}

function record(value: number, more = {}): void {
  monitoring.record(HOME, { namespace: 'N', name: 'Errors', dimensions: {}, value, ...more });
}

function states(): string[] {
  return monitoring.alarms(HOME).map(({ state }) => state);
}

/** Lets time run until shortly after so many minutes. */
async function until(minutes: number): Promise<void> {
  await world.settle(clock.sleep(START + minutes * MINUTE + 1 - clock.now()));
}

describe('metrics', () => {
  it('are put and read, in every form', async () => {
    const Dimensions = [{ Name: 'F', Value: 'a' }];
    const MetricData = [
      { MetricName: 'M', Dimensions, Value: 3, Timestamp: new Date(START) },
      { MetricName: 'M', Dimensions, Values: [1, 2], Counts: [2, 1], Timestamp: new Date(START + 1000) },
      {
        MetricName: 'M',
        Dimensions,
        StatisticValues: { SampleCount: 4, Sum: 40, Minimum: 5, Maximum: 20 },
        Timestamp: new Date(START + MINUTE),
      },
    ];
    await world.settle(client.send(new PutMetricDataCommand({ Namespace: 'N', MetricData })));
    const query = (Stat: string) => ({
      Id: Stat.toLowerCase(),
      MetricStat: { Metric: { Namespace: 'N', MetricName: 'M', Dimensions }, Period: 60, Stat },
    });
    const { MetricDataResults } = await world.settle(
      client.send(
        new GetMetricDataCommand({
          StartTime: new Date(START),
          EndTime: new Date(START + 5 * MINUTE),
          ScanBy: 'TimestampAscending',
          MetricDataQueries: ['Sum', 'Average', 'Maximum', 'SampleCount'].map(query),
        }),
      ),
    );
    expect(MetricDataResults?.map(({ Values }) => Values)).toEqual([
      [7, 40],
      [1.75, 10],
      [3, 20],
      [4, 4],
    ]);
    expect(MetricDataResults?.[0]?.Timestamps).toEqual([new Date(START), new Date(START + MINUTE)]);
    expect((await world.settle(client.send(new ListMetricsCommand({ Namespace: 'N' })))).Metrics).toEqual([
      { Namespace: 'N', MetricName: 'M', Dimensions },
    ]);
    expect(
      (
        await rejection(
          world.settle(
            client.send(
              new GetMetricDataCommand({
                StartTime: new Date(0),
                EndTime: new Date(1),
                MetricDataQueries: [{ Id: 'e', Expression: 'a+b' }],
              }),
            ),
          ),
        )
      ).message,
    ).toContain('no expressions');
  });

  it('come out of log lines in the embedded metric format', () => {
    const directive = { Namespace: 'Wavelock', Dimensions: [['service'], []], Metrics: [{ Name: 'Patched', Unit: 'Count' }] };
    logs.append(HOME, '/aws/lambda/f', 's', [
      JSON.stringify({ _aws: { Timestamp: START, CloudWatchMetrics: [directive] }, service: 'wave', Patched: [2, 3] }),
      '{"CloudWatchMetrics" no JSON',
      'plain',
    ]);
    expect(monitoring.statistics(HOME, { namespace: 'Wavelock', name: 'Patched', dimensions: { service: 'wave' } }, START, START + MINUTE)).toEqual({
      count: 2,
      sum: 5,
      min: 2,
      max: 3,
    });
    expect(monitoring.statistics(HOME, { namespace: 'Wavelock', name: 'Patched', dimensions: {} }, START, START + MINUTE)?.sum).toBe(5);
  });
});

describe('an alarm', () => {
  it('goes off at the end of its period, tells its topic once, and calms down', async () => {
    const arn = alarm();
    record(2);
    await until(1);
    expect(states()).toEqual(['ALARM']);
    await clock.run(() => sns.mails().length === 1);
    expect(sns.mails()[0]).toMatchObject({ subject: `ALARM: "errors" in ${REGION}`, at: START + MINUTE });
    expect(JSON.parse(sns.mails()[0]?.message ?? '')).toMatchObject({
      AlarmName: 'errors',
      AWSAccountId: ACCOUNT,
      NewStateValue: 'ALARM',
      OldStateValue: 'INSUFFICIENT_DATA',
      AlarmArn: arn,
    });
    expect(world.asked.at(-1)).toMatchObject({ operation: 'sns:Publish', caller: 'cloudwatch.amazonaws.com' });
    expect(world.events).toMatchObject([
      { source: 'aws.cloudwatch', detailType: 'CloudWatch Alarm State Change', resources: [arn], detail: { state: { value: 'ALARM' } } },
    ]);
    await until(2);
    expect(states()).toEqual(['OK']);
    expect(sns.mails()).toHaveLength(1);
  });

  it('needs as many breaching periods as it says', async () => {
    alarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2 });
    record(1);
    await until(1);
    expect(states()).toEqual(['OK']);
    await until(2.5);
    record(1);
    await until(3);
    expect(states()).toEqual(['ALARM']);
  });

  it.each([
    ['missing', 'INSUFFICIENT_DATA'],
    ['ignore', 'INSUFFICIENT_DATA'],
    ['breaching', 'ALARM'],
    ['notBreaching', 'OK'],
  ])('takes no data as %s says', async (TreatMissingData, state) => {
    alarm({ TreatMissingData });
    await until(1);
    expect(states()).toEqual([state]);
  });

  it('on a gauge stays until the gauge falls', async () => {
    alarm({ Statistic: 'Maximum', EvaluationPeriods: 2, DatapointsToAlarm: 1 });
    record(4, { gauge: true });
    await until(30);
    expect(states()).toEqual(['ALARM']);
    record(0, { gauge: true });
    await until(33);
    expect(states()).toEqual(['OK']);
  });

  it('leaves no timer behind when nothing can change it any more', async () => {
    alarm();
    record(1);
    await until(10);
    await expect(clock.run(() => false)).rejects.toThrow('no timer is set');
  });

  it('is described, and set by hand', async () => {
    alarm();
    alarm({ AlarmName: 'other', ActionsEnabled: false });
    await world.settle(client.send(new SetAlarmStateCommand({ AlarmName: 'other', StateValue: 'ALARM', StateReason: 'a test' })));
    const { MetricAlarms } = await world.settle(client.send(new DescribeAlarmsCommand({ AlarmNames: ['other', 'unknown'] })));
    expect(MetricAlarms).toMatchObject([
      { AlarmName: 'other', StateValue: 'ALARM', StateReason: 'a test', Threshold: 1, StateUpdatedTimestamp: new Date(START) },
    ]);
    expect(world.asked.at(-1)?.access).toEqual(
      ['other', 'unknown'].map((name) => `cloudwatch:DescribeAlarms arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`),
    );
    expect((await world.settle(client.send(new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'] })))).MetricAlarms).toEqual([]);
    const { NextToken } = await world.settle(client.send(new DescribeAlarmsCommand({ MaxRecords: 1 })));
    expect((await world.settle(client.send(new DescribeAlarmsCommand({ NextToken })))).MetricAlarms).toMatchObject([{ AlarmName: 'other' }]);
    const made = await rejection(world.settle(client.send(new DescribeAlarmsCommand({ NextToken: 'made up' }))));
    expect(made.name).toContain('InvalidNextToken');
    expect(sns.mails()).toEqual([]);
  });

  it('that the embedded AWS can’t evaluate is refused', () => {
    expect(() => alarm({ Metrics: [{ Id: 'e', Expression: 'a/b' }] })).toThrow('no alarms of expressions over metrics');
    expect(() => alarm({ ExtendedStatistic: 'p99' })).toThrow('on percentiles');
    expect(() => alarm({ AlarmActions: ['arn:aws:automate:eu-central-1:ec2:stop'] })).toThrow('no alarm action arn:aws:automate');
  });

  it.each<[Partial<AlarmProperties>, string]>([
    [{ Statistic: undefined }, 'Statistic undefined must be SampleCount'],
    [{ Threshold: undefined }, 'Threshold is required'],
    [{ Period: 90 }, 'Period 90 must be 10, 20, 30 or a multiple of 60'],
    [{ EvaluationPeriods: 2, DatapointsToAlarm: 3 }, 'DatapointsToAlarm 3 must be between 1 and EvaluationPeriods'],
    [{ Period: 300, EvaluationPeriods: 289 }, 'Metrics cannot be checked across more than 86400 seconds'],
    [{ AlarmActions: Array.from({ length: 6 }, () => topic) }, 'at most 5 actions'],
  ])('that CloudWatch refuses is refused: %j', (properties, message) => {
    expect(() => alarm(properties)).toThrow(message);
  });
});

describe('logs', () => {
  it('are read by group, stream, time and terms', async () => {
    const reader = new CloudWatchLogsClient(world.config());
    logs.createLogGroup({ ...HOME, name: '/aws/lambda/f', retentionDays: 30 });
    expect(() => logs.createLogGroup({ ...HOME, name: '/odd', retentionDays: 45 })).toThrow('retentionInDays 45 of /odd must be one of 1, 3, 5');
    logs.append(HOME, '/aws/lambda/f', 'one', ['first ERROR here', 'second']);
    await world.settle(clock.sleep(1000));
    logs.append(HOME, '/aws/lambda/f', 'two', ['third ERROR there']);
    const find = async (more: object) =>
      (await world.settle(reader.send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/f', ...more })))).events?.map(({ message }) => message);
    expect(await find({ filterPattern: '"ERROR here"' })).toEqual(['first ERROR here']);
    expect(await find({ startTime: START + 1 })).toEqual(['third ERROR there']);
    expect(await find({ logStreamNames: ['one'] })).toEqual(['first ERROR here', 'second']);
    expect((await rejection(find({ filterPattern: '{ $.level = "ERROR" }' }))).message).toContain('plain terms');
    const last = await world.settle(reader.send(new GetLogEventsCommand({ logGroupName: '/aws/lambda/f', logStreamName: 'one', limit: 1 })));
    expect(last.events).toEqual([{ timestamp: START, ingestionTime: START, message: 'second' }]);
    const { logGroups } = await world.settle(reader.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws' })));
    expect(logGroups).toMatchObject([{ logGroupName: '/aws/lambda/f', retentionInDays: 30, creationTime: START }]);
    expect((await rejection(world.settle(reader.send(new FilterLogEventsCommand({ logGroupName: 'none' }))))).name).toBe('ResourceNotFoundException');
    expect(logs.lines(HOME, '/aws/lambda/f').map(({ stream }) => stream)).toEqual(['one', 'one', 'two']);
    const pages = await world.settle(
      (async () => {
        const sizes: number[] = [];
        for await (const page of paginateFilterLogEvents({ client: reader, pageSize: 2 }, { logGroupName: '/aws/lambda/f' }))
          sizes.push(page.events?.length ?? 0);
        return sizes;
      })(),
    );
    expect(pages).toEqual([2, 1]);
  });
});
