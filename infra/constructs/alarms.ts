import { Duration } from 'aws-cdk-lib/core';
import { Alarm, ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData, type AlarmProps, type IAlarmAction, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Machine } from './machine.ts';

/** The namespace of the functions' own metrics; each carries the dimension `service` that Powertools adds. */
export const namespace = 'Wavelock';
const dimensions = { service: 'wavelock' };

/** A metric that the functions emit. */
export function ownMetric(metricName: string, more: Record<string, string> = {}, statistic = Stats.MAXIMUM): Metric {
  return new Metric({ namespace, metricName, dimensionsMap: { ...dimensions, ...more }, statistic, period: Duration.hours(1) });
}

/** Executions that ended other than they should: failed, timed out, or stopped by hand. */
export function executionsLost(machine: Machine): MathExpression {
  const period = Duration.minutes(5);
  // On one page ids must differ, so they carry the machine's name.
  const id = machine.node.id.toLowerCase();
  return new MathExpression({
    label: `${machine.node.id}: failed or timed out`,
    expression: `${id}_failed + ${id}_late`,
    usingMetrics: {
      [`${id}_failed`]: machine.machine.metricFailed({ period }),
      [`${id}_late`]: machine.machine.metricTimedOut({ period }),
    },
    period,
  });
}

export interface AlarmsProps {
  topic: ITopic;
  intake: Machine;
  /** Only where nodes may be patched. */
  rollout: Machine | undefined;
  undelivered: IQueue;
  /** Names of the feeds. */
  feeds: string[];
}

/** An advisory is old news after two days: the feeds are read every night, and one bad night should wake nobody. */
const staleHours = 48;
/** Below this share of reporting nodes, what Wavelock says about exposure is no longer about the fleet. */
const coveragePercent = 80;

/** The few alarms that need a person. They go to whoever hears `failed` in the policy file. */
export class Alarms extends Construct {
  readonly #action: IAlarmAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    // The topic's own policy lets CloudWatch in, so there is nothing to bind.
    this.#action = { bind: () => ({ alarmActionArn: props.topic.topicArn }) };
    this.#failing('IntakeFailed', props.intake, 'The fleet could not be looked at. Open the failed execution of the intake machine; plans refuse facts that are too old.');
    if (props.rollout) {
      this.#failing('RolloutFailed', props.rollout, 'A rollout did not end well: a wave did not pass, or it could not be run. Its record says why.');
    }
    const waiting = props.undelivered.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: Stats.MAXIMUM });
    this.#over('EventsUndelivered', waiting, 'Ends of commands or notices could not be handled. They lie in the queue; rollouts look again by themselves.', 0);
    for (const feed of props.feeds) {
      const age = ownMetric('FeedAgeHours', { feed });
      this.#over(`FeedStale-${feed}`, age, `The feed ${feed} has not been read for more than ${staleHours} hours: newer advisories are unknown.`, staleHours);
    }
    this.#under('FewNodesReport', coverage(), `Fewer than ${coveragePercent} % of the managed nodes reported in the last look at the fleet.`, coveragePercent);
  }

  /** A failure is over with its period, so that the next one is told again. */
  #failing(id: string, machine: Machine, alarmDescription: string): void {
    this.#alarm(id, { metric: executionsLost(machine), threshold: 0, alarmDescription, treatMissingData: TreatMissingData.NOT_BREACHING });
  }

  /** A level that is reported once a night stays as it was until it is reported again. */
  #over(id: string, metric: IMetric, alarmDescription: string, threshold: number): void {
    this.#alarm(id, { metric, threshold, alarmDescription, treatMissingData: TreatMissingData.IGNORE });
  }

  #under(id: string, metric: IMetric, alarmDescription: string, threshold: number): void {
    const comparisonOperator = ComparisonOperator.LESS_THAN_THRESHOLD;
    this.#alarm(id, { metric, threshold, alarmDescription, comparisonOperator, treatMissingData: TreatMissingData.IGNORE });
  }

  #alarm(id: string, props: Omit<AlarmProps, 'evaluationPeriods'>): void {
    const comparisonOperator = ComparisonOperator.GREATER_THAN_THRESHOLD;
    new Alarm(this, id, { comparisonOperator, ...props, evaluationPeriods: 1 }).addAlarmAction(this.#action);
  }
}

/** Percent of the managed nodes that reported in the last look at the fleet. */
export function coverage(): IMetric {
  return new MathExpression({
    label: 'Nodes reporting (%)',
    expression: 'IF(managed > 0, 100 * reporting / managed, 100)',
    usingMetrics: { reporting: ownMetric('NodesReporting'), managed: ownMetric('NodesManaged') },
    period: Duration.hours(1),
  });
}
