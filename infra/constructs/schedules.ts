import { Stack } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { scheduleExpression } from '../../lambdas/core/calendar.ts';
import type { Policy } from '../../lambdas/core/model.ts';
import { allow } from './allow.ts';
import type { Machine } from './machine.ts';

export interface SchedulesProps {
  intake: Machine;
  /** Scheduler expressions in UTC: of whole looks at the fleet, and of the feeds that have their time. */
  intakeSchedule: string;
  feedsSchedule: string;
  /** Only where nodes may be patched. */
  rollout: Machine | undefined;
  policies: Policy[];
  undelivered: IQueue;
}

/** What starts by the clock: the nightly look at the fleet, the feeds in between, and each policy's plan. */
export class Schedules extends Construct {
  readonly #role: Role;
  readonly #undelivered: IQueue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const machines = [props.intake, ...(props.rollout ? [props.rollout] : [])];
    const { account } = Stack.of(this);
    this.#undelivered = props.undelivered;
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': account } } }),
    });
    allow(
      this.#role,
      { actions: ['states:StartExecution'], resources: machines.map((machine) => machine.machine.stateMachineArn) },
      { actions: ['sqs:SendMessage'], resources: [props.undelivered.queueArn] },
    );
    this.#schedule('Intake', { expression: props.intakeSchedule, timezone: 'UTC' }, { machine: props.intake, input: { maxAgeHours: 0 } });
    const feeds = { machine: props.intake, input: { maxAgeHours: 0, scope: 'feeds' } };
    this.#schedule('Feeds', { expression: props.feedsSchedule, timezone: 'UTC' }, feeds);
    for (const policy of props.rollout ? props.policies : []) {
      // A policy without a calendar is started by what the intake finds.
      if (policy.plan === undefined) continue;
      // Scheduler puts the planned time in (EventBridge Scheduler User Guide, "Context attributes"); the same time is the same rollout.
      const input = { policy: policy.name, scheduledFor: '<aws.scheduler.scheduled-time>' };
      this.#schedule(`Plan-${policy.name}`, scheduleExpression(policy.plan), { machine: props.rollout, input });
    }
  }

  #schedule(id: string, when: { expression: string; timezone: string }, start: { machine: Machine | undefined; input: object }): void {
    const schedule = new CfnSchedule(this, id, {
      scheduleExpression: when.expression,
      scheduleExpressionTimezone: when.timezone,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: start.machine?.machine.stateMachineArn ?? '',
        roleArn: this.#role.roleArn,
        input: JSON.stringify(start.input),
        retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 20 },
        deadLetterConfig: { arn: this.#undelivered.queueArn },
      },
    });
    schedule.node.addDependency(this.#role);
  }
}
