import { Duration } from 'aws-cdk-lib/core';
import { Alarm, ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData, type IAlarmAction, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
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
export function executionsLost(machine: Machine): IMetric {
  const period = Duration.minutes(5);
  return new MathExpression({
    label: 'Executions failed or timed out',
    expression: 'failed + late',
    usingMetrics: { failed: machine.machine.metricFailed({ period }), late: machine.machine.metricTimedOut({ period }) },
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
    this.#over('IntakeFailed', executionsLost(props.intake), 'The fleet could not be looked at. Open the failed execution of the intake machine; plans refuse facts that are too old.', 0);
    if (props.rollout) {
      this.#over('RolloutFailed', executionsLost(props.rollout), 'A rollout did not end well: a wave did not pass, or it could not be run. Its record says why.', 0);
    }
    const waiting = props.undelivered.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: Stats.MAXIMUM });
    this.#over('EventsUndelivered', waiting, 'Ends of commands or notices could not be handled. They lie in the queue; rollouts look again by themselves.', 0);
    for (const feed of props.feeds) {
      const age = ownMetric('FeedAgeHours', { feed });
      this.#over(`FeedStale-${feed}`, age, `The feed ${feed} was last read well more than ${staleHours} hours ago: new advisories are unknown.`, staleHours);
    }
    this.#under('FewNodesReport', coverage(), `Fewer than ${coveragePercent} % of the managed nodes reported in the last look at the fleet.`, coveragePercent);
  }

  #over(id: string, metric: IMetric, description: string, threshold: number): void {
    this.#alarm(id, { metric, description, threshold, comparison: ComparisonOperator.GREATER_THAN_THRESHOLD });
  }

  #under(id: string, metric: IMetric, description: string, threshold: number): void {
    this.#alarm(id, { metric, description, threshold, comparison: ComparisonOperator.LESS_THAN_THRESHOLD });
  }

  #alarm(id: string, spec: { metric: IMetric; description: string; threshold: number; comparison: ComparisonOperator }): void {
    const alarm = new Alarm(this, id, {
      metric: spec.metric,
      alarmDescription: spec.description,
      threshold: spec.threshold,
      comparisonOperator: spec.comparison,
      evaluationPeriods: 1,
      // Metrics come once a night or when something happens: no data is no news.
      treatMissingData: TreatMissingData.IGNORE,
    });
    alarm.addAlarmAction(this.#action);
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
