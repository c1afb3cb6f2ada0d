import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import { inActivity } from '../clock.ts';
import { AwsError, type Caller, type Cloud, type Input } from '../types.ts';
import { checkAlarm, comparisons } from './alarm-checks.ts';
import { parseArn, type Location } from './locations.ts';
import { seriesKey, statistic, type Metrics, type Statistic } from './metrics.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm on one metric, as a template (or PutMetricAlarm) describes it. */
export type AlarmProperties = Pick<
  PutMetricAlarmInput,
  | 'AlarmName'
  | 'AlarmDescription'
  | 'ActionsEnabled'
  | 'OKActions'
  | 'AlarmActions'
  | 'InsufficientDataActions'
  | 'MetricName'
  | 'Namespace'
  | 'Statistic'
  | 'ExtendedStatistic'
  | 'Dimensions'
  | 'Period'
  | 'EvaluationPeriods'
  | 'DatapointsToAlarm'
  | 'Threshold'
  | 'ComparisonOperator'
  | 'TreatMissingData'
  | 'Metrics'
>;

export interface Alarm {
  arn: string;
  location: Location;
  properties: AlarmProperties;
  series: string;
  state: AlarmState;
  reason: string;
  updated: number;
}

/**
 * Alarms that are looked at when their period ends, and only as long as values may still change them: virtual time has no use for
 * timers that find nothing. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
export class Alarms {
  private readonly alarms = new Map<string, Alarm>();
  private readonly due = new Map<Alarm, number>();

  constructor(
    private readonly cloud: Cloud,
    private readonly metrics: Metrics,
  ) {
    metrics.onRecord((key) => {
      for (const alarm of this.alarms.values()) if (alarm.series === key) this.schedule(alarm);
    });
  }

  create(location: Location, properties: AlarmProperties): Alarm {
    checkAlarm(properties);
    const { AlarmName = '', Namespace = '', MetricName = '', Dimensions = [] } = properties;
    const arn = `arn:aws:cloudwatch:${location.region}:${location.account}:alarm:${AlarmName}`;
    const dimensions = Object.fromEntries(Dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));
    const series = seriesKey(location, { namespace: Namespace, name: MetricName, dimensions });
    const alarm: Alarm = {
      arn,
      location,
      properties,
      series,
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      updated: this.cloud.clock.now(),
    };
    this.alarms.set(arn, alarm);
    this.schedule(alarm);
    return alarm;
  }

  all({ account, region }: Location): Alarm[] {
    return [...this.alarms.values()].filter(({ location }) => location.account === account && location.region === region);
  }

  /** Puts an alarm into a state, with its actions; the next evaluation may change it again. */
  setState(alarm: Alarm, state: AlarmState, reason: string): void {
    const old = alarm.state;
    alarm.reason = reason;
    if (state === old) return;
    alarm.state = state;
    alarm.updated = this.cloud.clock.now();
    const { account, region } = alarm.location;
    this.cloud.emit(account, region, {
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: [alarm.arn],
      detail: stateChange(alarm, old),
    });
    for (const action of actionsFor(alarm)) {
      void inActivity(this.cloud.clock, `alarm action ${action}`, () => this.act(alarm, old, action));
    }
  }

  private schedule(alarm: Alarm): void {
    const period = (alarm.properties.Period ?? 60) * 1000;
    const now = this.cloud.clock.now();
    const end = (Math.floor(now / period) + 1) * period;
    if (this.due.get(alarm) === end) return;
    this.due.set(alarm, end);
    this.cloud.clock.at(end, () => this.evaluate(alarm, end));
  }

  private evaluate(alarm: Alarm, end: number): void {
    if (this.due.get(alarm) !== end) return;
    this.due.delete(alarm);
    const { state, reason } = this.judge(alarm, end);
    this.setState(alarm, state, reason);
    const { Period = 60, EvaluationPeriods = 1 } = alarm.properties;
    const last = this.metrics.last(alarm.series) ?? Number.NEGATIVE_INFINITY;
    if (last >= end - Period * EvaluationPeriods * 1000) this.schedule(alarm);
  }

  private judge({ series, properties, state }: Alarm, end: number): { state: AlarmState; reason: string } {
    const { Period = 60, EvaluationPeriods = 1, Threshold = 0, ComparisonOperator = '', TreatMissingData = 'missing' } = properties;
    const length = Period * 1000;
    const values = Array.from({ length: EvaluationPeriods }, (_, index) => {
      const found = this.metrics.between(series, end - (index + 1) * length, end - index * length);
      return found && statistic(found, properties.Statistic as Statistic);
    });
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0 && TreatMissingData === 'ignore') return { state, reason: 'Unchecked: no datapoints were received' };
    if (known.length === 0 && TreatMissingData === 'missing') {
      return { state: 'INSUFFICIENT_DATA', reason: `Insufficient Data: ${values.length} datapoints were unknown.` };
    }
    const breaches = comparisons[ComparisonOperator] ?? (() => false);
    const breaching =
      known.filter((value) => breaches(value, Threshold)).length + (TreatMissingData === 'breaching' ? values.length - known.length : 0);
    const needed = properties.DatapointsToAlarm ?? EvaluationPeriods;
    const found = `${breaching} out of the last ${values.length} datapoints [${known.join(', ')}]`;
    const reason = `Threshold Crossed: ${found} breached (threshold ${Threshold}, ${ComparisonOperator}, needs ${needed}).`;
    return { state: breaching >= needed ? 'ALARM' : 'OK', reason };
  }

  private async act(alarm: Alarm, old: AlarmState, action: string): Promise<void> {
    const { account } = alarm.location;
    const target = parseArn(action);
    const caller = (service: string): Caller => ({ account, region: target?.region ?? '', arn: service, service, sourceArn: alarm.arn });
    try {
      if (target?.service === 'sns') {
        const Subject = `${alarm.state}: "${alarm.properties.AlarmName}" in ${alarm.location.region}`.slice(0, 99);
        await this.cloud.call(caller('cloudwatch.amazonaws.com'), 'sns', 'Publish', {
          TopicArn: action,
          Subject,
          Message: JSON.stringify(message(alarm, old)),
        });
      } else {
        const Payload = new Uint8Array(Buffer.from(JSON.stringify(lambdaEvent(alarm, old))));
        await this.cloud.call(caller('lambda.alarms.cloudwatch.amazonaws.com'), 'lambda', 'Invoke', {
          FunctionName: action,
          InvocationType: 'Event',
          Payload,
        });
      }
    } catch (error) {
      // An action that fails is only seen in the alarm's history: CloudWatch User Guide, "Alarm actions".
      if (!(error instanceof AwsError)) throw error;
      alarm.reason += ` Failed to execute action ${action}: ${error.message}`;
    }
  }
}

function actionsFor({ state, properties }: Alarm): string[] {
  if (properties.ActionsEnabled === false) return [];
  return { OK: properties.OKActions, ALARM: properties.AlarmActions, INSUFFICIENT_DATA: properties.InsufficientDataActions }[state] ?? [];
}

/** The notification that people and chat tools know: CloudWatch User Guide, "Notifying users on alarm changes". */
function message({ arn, location, properties, state, reason, updated }: Alarm, old: AlarmState): Input {
  return {
    AlarmName: properties.AlarmName,
    AlarmDescription: properties.AlarmDescription ?? null,
    AWSAccountId: location.account,
    NewStateValue: state,
    NewStateReason: reason,
    StateChangeTime: new Date(updated).toISOString().replace('Z', '+0000'),
    Region: location.region,
    AlarmArn: arn,
    OldStateValue: old,
    OKActions: properties.OKActions ?? [],
    AlarmActions: properties.AlarmActions ?? [],
    InsufficientDataActions: properties.InsufficientDataActions ?? [],
    Trigger: {
      MetricName: properties.MetricName,
      Namespace: properties.Namespace,
      StatisticType: 'Statistic',
      Statistic: properties.Statistic?.toUpperCase(),
      Dimensions: (properties.Dimensions ?? []).map(({ Name, Value }) => ({ name: Name, value: Value })),
      Period: properties.Period,
      EvaluationPeriods: properties.EvaluationPeriods,
      ComparisonOperator: properties.ComparisonOperator,
      Threshold: properties.Threshold,
      TreatMissingData: properties.TreatMissingData ?? 'missing',
    },
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
function stateChange({ properties, state, reason, updated }: Alarm, old: AlarmState): Input {
  return {
    alarmName: properties.AlarmName,
    state: { value: state, reason, timestamp: new Date(updated).toISOString().replace('Z', '+0000') },
    previousState: { value: old },
    configuration: { description: properties.AlarmDescription },
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
function lambdaEvent(alarm: Alarm, old: AlarmState): Input {
  return {
    source: 'aws.cloudwatch',
    alarmArn: alarm.arn,
    accountId: alarm.location.account,
    time: new Date(alarm.updated).toISOString().replace('Z', '+0000'),
    region: alarm.location.region,
    alarmData: stateChange(alarm, old),
  };
}
