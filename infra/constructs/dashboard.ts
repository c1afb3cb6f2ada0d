import { Duration, Stack } from 'aws-cdk-lib/core';
import { Dashboard as CloudWatchDashboard, GraphWidget, MathExpression, Stats, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { IMetric, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Outcome } from '../../lambdas/core/model.ts';
import { coverage, executionsLost, namespace, ownMetric } from './alarms.ts';
import type { Machine } from './machine.ts';

export interface DashboardProps {
  mode: string;
  intake: Machine;
  rollout: Machine | undefined;
  undelivered: IQueue;
}

/** Whatever values a dimension has: CloudWatch searches when the page is opened (CloudWatch User Guide, "Search expressions"). */
function byDimension(metricName: string, dimension: string, statistic: string): IMetric {
  return new MathExpression({
    expression: `SEARCH('{${namespace},service,${dimension}} MetricName="${metricName}"', '${statistic}', 3600)`,
    usingMetrics: {},
    label: '',
    period: Duration.hours(1),
  });
}

/** Each partition has a console of its own (AWS Management Console documentation, "Service endpoints"). */
function consoleOf(region: string): string {
  if (region.startsWith('cn-')) return 'console.amazonaws.cn';
  return region.startsWith('us-gov-') ? 'console.amazonaws-us-gov.com' : `${region}.console.aws.amazon.com`;
}

function graph(title: string, left: IMetric[], right: IMetric[] = []): IWidget {
  return new GraphWidget({ title, left, right, width: 12, height: 6 });
}

function failures(machine: Machine): IMetric[] {
  return executionsLost(machine).map((metric) => metric.with({ label: `${machine.node.id}: ${metric.metricName}` }));
}

/** One page: is the fleet seen, are the feeds fresh, how did nodes end, does anything fail. */
export class Dashboard extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const machines = [props.intake, ...(props.rollout ? [props.rollout] : [])];
    const page = new CloudWatchDashboard(this, 'Page', { defaultInterval: Duration.days(14) });
    const markdown = `# Wavelock\nMode \`${props.mode}\`. Metrics come with each look at the fleet.`;
    page.addWidgets(new TextWidget({ markdown, width: 24, height: 2 }));
    const nodes = ['NodesManaged', 'NodesReporting', 'NodesExposed'].map((name) => ownMetric(name));
    page.addWidgets(
      graph('Nodes', nodes, [coverage().with({ label: 'Nodes reporting (%)' })]),
      graph('Age of feeds (hours)', [byDimension('FeedAgeHours', 'feed', 'Maximum')], [byDimension('FeedFailed', 'feed', 'Sum')]),
      graph('Silent feeds', [byDimension('FeedStale', 'feed', 'Maximum')], [byDimension('FeedSkipped', 'feed', 'Maximum')]),
    );
    page.addWidgets(
      graph(
        'Exposures (advisory and node)',
        ['ExposuresOpen', 'ExposuresOverdue'].map((name) => ownMetric(name)),
      ),
      graph(
        'Known exploited',
        ['KnownExploitedOpen', 'KnownExploitedOverdue'].map((name) => ownMetric(name)),
      ),
    );
    const waiting = props.undelivered.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM });
    page.addWidgets(
      graph(
        'How nodes ended',
        Outcome.options.map((outcome) => ownMetric(`Outcome-${outcome}`, {}, Stats.SUM).with({ label: outcome })),
      ),
      graph('What fails', machines.flatMap(failures), [waiting]),
    );
    const { region } = Stack.of(this);
    this.url = `https://${consoleOf(region)}/cloudwatch/home?region=${region}#dashboards/dashboard/${page.dashboardName}`;
  }
}
