import { Duration } from 'aws-cdk-lib/core';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmProps, IAlarmAction, IMetric } from 'aws-cdk-lib/aws-cloudwatch';
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

/** Executions that ended other than they should: failed, and timed out. Plain metrics: each alarms by itself, and needs no arithmetic. */
export function executionsLost(machine: Machine): Metric[] {
  const period = Duration.minutes(5);
  return [machine.machine.metricFailed({ period }), machine.machine.metricTimedOut({ period })];
}

/** Percent of the managed nodes that reported in the last look at the fleet; CloseIntake works it out. */
export function coverage(): Metric {
  return ownMetric('CoveragePercent');
}

export interface AlarmsProps {
  topic: ITopic;
  intake: Machine;
  /** Only where nodes may be patched. */
  rollout: Machine | undefined;
  undelivered: IQueue;
}

/** An advisory is old news after two days: the feeds are read every hour, and one bad night should wake nobody. */
const oldHours = 48;
/** Below this share of reporting nodes, what Wavelock says about exposure is no longer about the fleet. */
const coveragePercent = 80;

const words = {
  intake: 'The fleet could not be looked at. Open the failed execution of the intake machine; plans refuse facts that are too old.',
  rollout:
    'A rollout did not end well. Where a wave did not pass, its record says why. One that a fault has ended goes on when its execution is redriven.',
  undelivered: 'Ends of commands or notices could not be handled. They lie in the queue; rollouts look again by themselves.',
  old: `A feed has not been read for more than ${oldHours} hours: newer advisories are unknown. npx wavelock feeds shows which, and why.`,
  silent: 'A vendor has published nothing for longer than usual: its feed may have moved. npx wavelock feeds shows which.',
  failing: 'A feed could not be read three times in a row. What it said before stays. npx wavelock feeds shows which, and why.',
  exploited: 'Nodes are exposed to what CISA lists as exploited, and its deadline has passed. npx wavelock exposure shows which.',
  coverage: `Fewer than ${coveragePercent} % of the managed nodes reported in the last look at the fleet.`,
};

/** The few alarms that need a person. They go to whoever hears `failed` in the policy file. */
export class Alarms extends Construct {
  readonly #action: IAlarmAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    // The topic's own policy lets CloudWatch in, so there is nothing to bind.
    this.#action = { bind: () => ({ alarmActionArn: props.topic.topicArn }) };
    this.#failing('IntakeFailed', props.intake, words.intake);
    if (props.rollout) this.#failing('RolloutFailed', props.rollout, words.rollout);
    const waiting = props.undelivered.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: Stats.MAXIMUM });
    this.#over('EventsUndelivered', waiting, words.undelivered, 0);
    // One alarm for all feeds of the fleet: which feeds those are is known only to the function that picks them.
    this.#over('FeedsOld', ownMetric('FeedOldestHours'), words.old, oldHours);
    this.#over('FeedsSilent', ownMetric('FeedsStale'), words.silent, 0);
    this.#over('FeedsFailing', ownMetric('FeedsFailing'), words.failing, 0);
    this.#over('KnownExploitedOverdue', ownMetric('KnownExploitedOverdue'), words.exploited, 0);
    this.#under('FewNodesReport', coverage(), words.coverage, coveragePercent);
  }

  /** A failure is over with its period, so that the next one is told again. */
  #failing(id: string, machine: Machine, alarmDescription: string): void {
    for (const [index, metric] of executionsLost(machine).entries()) {
      const treatMissingData = TreatMissingData.NOT_BREACHING;
      this.#alarm(index === 0 ? id : `${id}Late`, { metric, threshold: 0, alarmDescription, treatMissingData });
    }
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
