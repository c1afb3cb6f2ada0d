import type { GetMetricDataInput, MetricDataQuery, MetricDatum } from '@aws-sdk/client-cloudwatch';
import { AwsError, type CallContext, type Cloud, type Input, type Service, type ServiceOperation } from '../types.ts';
import { Alarms, type Alarm, type AlarmProperties, type AlarmState } from './alarms.ts';
import { pageOf } from './listing.ts';
import { locationOf, type Location } from './locations.ts';
import { embeddedMetrics, isStatistic, Metrics, seriesKey, statistic, type MetricName, type MetricValue, type Statistics } from './metrics.ts';

export type { AlarmProperties, AlarmState } from './alarms.ts';
export type { MetricName, MetricValue } from './metrics.ts';

export interface Monitoring {
  service: Service;
  /** Makes an alarm; gives its ARN. @throws AwsError for one that the embedded AWS can't evaluate (expressions, percentiles) */
  createAlarm(location: Location, properties: AlarmProperties): string;
  /** Puts an alarm into a state, as somebody's application would. */
  setAlarmState(arn: string, state: AlarmState, reason: string): void;
  alarms(location: Location): { name: string; arn: string; state: AlarmState; reason: string }[];
  /** Takes a value in, as AWS services publish their own. */
  record(location: Location, value: MetricValue): void;
  /** Takes the metrics in that a log line carries (embedded metric format). */
  readLine(location: Location, line: string): void;
  /** Sum, count, least and greatest of a metric between two times (ms since the epoch); `undefined` without values. */
  statistics(location: Location, metric: MetricName, from: number, to: number): Statistics | undefined;
}

/** CloudWatch's metrics and alarms. */
export function createMonitoring(cloud: Cloud): Monitoring {
  const metrics = new Metrics(cloud.clock);
  const alarms = new Alarms(cloud, metrics);
  const byArn = new Map<string, Alarm>();
  return {
    service: { name: 'monitoring', sdk: '@aws-sdk/client-cloudwatch', operations: operations(metrics, alarms) },
    createAlarm(location, properties) {
      const alarm = alarms.create(location, properties);
      byArn.set(alarm.arn, alarm);
      return alarm.arn;
    },
    setAlarmState(arn, state, reason) {
      const alarm = byArn.get(arn);
      if (!alarm) throw new AwsError('ResourceNotFound', `There is no alarm ${arn}`, 404);
      alarms.setState(alarm, state, reason);
    },
    alarms: (location) =>
      alarms.all(location).map(({ properties, arn, state, reason }) => ({ name: properties.AlarmName ?? '', arn, state, reason })),
    record: (location, value) => metrics.record(location, value),
    readLine: (location, line) => {
      for (const value of embeddedMetrics(line)) metrics.record(location, value);
    },
    statistics: (location, metric, from, to) => metrics.between(seriesKey(location, metric), from, to),
  };
}

function operations(metrics: Metrics, alarms: Alarms): Record<string, ServiceOperation> {
  return {
    PutMetricData: {
      access: (input) => [{ action: 'cloudwatch:PutMetricData', resource: '*', context: { 'cloudwatch:namespace': [input.Namespace] } }],
      run: (input, context) => putMetricData(metrics, input, context),
    },
    GetMetricData: {
      access: () => [{ action: 'cloudwatch:GetMetricData', resource: '*' }],
      run: (input, context) => ({
        MetricDataResults: input.MetricDataQueries.map((query: MetricDataQuery) => answer(metrics, { query, input }, locationOf(context))),
      }),
    },
    ListMetrics: {
      access: () => [{ action: 'cloudwatch:ListMetrics', resource: '*' }],
      run: (input, context) => ({ Metrics: listMetrics(metrics, input, locationOf(context)) }),
    },
    DescribeAlarms: {
      access: (input, context) => alarmAccess('DescribeAlarms', input.AlarmNames, context),
      run: (input, context) => describeAlarms(alarms.all(locationOf(context)), input),
    },
    SetAlarmState: {
      access: (input, context) => alarmAccess('SetAlarmState', [input.AlarmName], context),
      run: (input, context) => {
        const alarm = alarms.all(locationOf(context)).find(({ properties }) => properties.AlarmName === input.AlarmName);
        if (!alarm) throw new AwsError('ResourceNotFound', `There is no alarm ${input.AlarmName}`, 404);
        if (!['OK', 'ALARM', 'INSUFFICIENT_DATA'].includes(input.StateValue)) {
          throw new AwsError('ValidationError', `StateValue ${input.StateValue} must be OK, ALARM or INSUFFICIENT_DATA`);
        }
        alarms.setState(alarm, input.StateValue, input.StateReason);
      },
    },
  };
}

function alarmAccess(action: string, names: string[] | undefined, { account, region }: CallContext): { action: string; resource: string }[] {
  const wanted = names && names.length > 0 ? names : ['*'];
  return wanted.map((name) => ({ action: `cloudwatch:${action}`, resource: `arn:aws:cloudwatch:${region}:${account}:alarm:${name}` }));
}

function putMetricData(metrics: Metrics, { Namespace, MetricData = [], EntityMetricData }: Input, context: CallContext): void {
  if (EntityMetricData !== undefined) throw new AwsError('InvalidParameterValue', 'embedded AWS takes no entity metric data');
  if (MetricData.length > 1000) throw new AwsError('LimitExceeded', 'The collection MetricData must not have a size greater than 1000.');
  for (const datum of MetricData as MetricDatum[]) {
    const metric = { namespace: Namespace, name: datum.MetricName ?? '', dimensions: dimensionsOf(datum.Dimensions) };
    for (const value of valuesOf(datum)) metrics.record(locationOf(context), { ...metric, value, time: datum.Timestamp?.getTime() });
  }
}

function valuesOf({ Value, Values, Counts, StatisticValues }: MetricDatum): (number | Statistics)[] {
  if (Value !== undefined) return [Value];
  if (StatisticValues) {
    const { SampleCount = 0, Sum = 0, Minimum = 0, Maximum = 0 } = StatisticValues;
    return [{ count: SampleCount, sum: Sum, min: Minimum, max: Maximum }];
  }
  if (!Values) throw new AwsError('MissingRequiredParameterException', 'At least one of the parameters must be specified.');
  return Values.map((value, index) => ({ count: Counts?.[index] ?? 1, sum: value * (Counts?.[index] ?? 1), min: value, max: value }));
}

function dimensionsOf(dimensions: { Name?: string; Value?: string }[] | undefined): Record<string, string> {
  return Object.fromEntries((dimensions ?? []).map(({ Name = '', Value = '' }) => [Name, Value]));
}

function answer(metrics: Metrics, { query, input }: { query: MetricDataQuery; input: GetMetricDataInput }, location: Location): Input {
  const { Id, MetricStat, Label } = query;
  if (!MetricStat?.Metric) throw new AwsError('ValidationError', `embedded AWS evaluates no expressions over metrics (${Id})`);
  const { Namespace = '', MetricName: name = '', Dimensions } = MetricStat.Metric;
  if (!isStatistic(MetricStat.Stat)) throw new AwsError('ValidationError', `embedded AWS has no statistic ${MetricStat.Stat}`);
  const key = seriesKey(location, { namespace: Namespace, name, dimensions: dimensionsOf(Dimensions) });
  const length = (MetricStat.Period ?? 60) * 1000;
  const points: [Date, number][] = [];
  for (let from = Math.floor(Number(input.StartTime) / length) * length; from < Number(input.EndTime); from += length) {
    const found = metrics.between(key, from, from + length);
    if (found) points.push([new Date(from), statistic(found, MetricStat.Stat)]);
  }
  const ordered = input.ScanBy === 'TimestampAscending' ? points : points.toReversed();
  return {
    Id,
    Label: Label ?? name,
    StatusCode: 'Complete',
    Timestamps: ordered.map(([time]) => time),
    Values: ordered.map(([, value]) => value),
  };
}

function listMetrics(metrics: Metrics, input: Input, location: Location): Input[] {
  const wanted = dimensionsOf(input.Dimensions);
  return metrics
    .list(location)
    .filter((metric) => input.Namespace === undefined || metric.namespace === input.Namespace)
    .filter((metric) => input.MetricName === undefined || metric.name === input.MetricName)
    .filter((metric) =>
      Object.entries(wanted).every(([name, value]) => name in metric.dimensions && (value === '' || metric.dimensions[name] === value)),
    )
    .map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    }));
}

/** Metric alarms only; names that don't exist are left out without a word, as on AWS. */
function describeAlarms(all: Alarm[], input: Input): Input {
  const { AlarmNames, AlarmNamePrefix = '', AlarmTypes = ['MetricAlarm'], StateValue, MaxRecords = 50, NextToken } = input;
  if (!AlarmTypes.includes('MetricAlarm')) return { MetricAlarms: [], CompositeAlarms: [] };
  const found = all.filter(
    ({ properties: { AlarmName = '' }, state }) =>
      (AlarmNames === undefined || AlarmNames.includes(AlarmName)) &&
      AlarmName.startsWith(AlarmNamePrefix) &&
      (StateValue === undefined || state === StateValue),
  );
  const { items, next } = pageOf(found, MaxRecords, NextToken, 'InvalidNextToken');
  return { MetricAlarms: items.map(entry), CompositeAlarms: [], ...(next !== undefined && { NextToken: next }) };
}

function entry({ arn, properties, state, reason, updated }: Alarm): Input {
  return {
    ...properties,
    AlarmArn: arn,
    ActionsEnabled: properties.ActionsEnabled ?? true,
    StateValue: state,
    StateReason: reason,
    StateUpdatedTimestamp: new Date(updated),
    StateTransitionedTimestamp: new Date(updated),
  };
}
