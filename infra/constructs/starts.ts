import { Duration, Stack } from 'aws-cdk-lib/core';
import { CfnRule, type EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow } from './allow.ts';
import type { Machine } from './machine.ts';

export interface StartsProps {
  bus: EventBus;
  rollout: Machine;
  intake: Machine;
  undelivered: IQueue;
}

/** What `lambdas/aws/bus.ts` publishes: the names must be the same there. */
const source = 'wavelock';

/**
 * What starts by itself: a rollout when the intake finds something that a policy starts for, and a look at the fleet when such a rollout is over.
 * Over the bus, because machine and functions would otherwise need each other. Only events of this account count: spokes may send to the bus.
 */
export class Starts extends Construct {
  constructor(scope: Construct, id: string, { bus, rollout, intake, undelivered }: StartsProps) {
    super(scope, id);
    const { account } = Stack.of(this);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('events.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': account } } }),
    });
    allow(role, { actions: ['states:StartExecution'], resources: [rollout, intake].map(({ machine }) => machine.stateMachineArn) });
    const rule = (name: string, detailType: string, target: { machine: Machine; input: object }) => {
      const made = new CfnRule(this, name, {
        eventBusName: bus.eventBusName,
        description: `Starts a machine on the event "${detailType}"`,
        eventPattern: { source: [source], 'detail-type': [detailType], account: [account] },
        targets: [
          {
            id: 'Machine',
            arn: target.machine.machine.stateMachineArn,
            roleArn: role.roleArn,
            ...target.input,
            retryPolicy: { maximumEventAgeInSeconds: Duration.hours(2).toSeconds(), maximumRetryAttempts: 20 },
            deadLetterConfig: { arn: undelivered.queueArn },
          },
        ],
      });
      made.node.addDependency(role);
      // The rule itself writes there, and CDK allows that only for targets of its own making (EventBridge User Guide, "Using dead-letter queues").
      undelivered.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [undelivered.queueArn],
          conditions: { ArnEquals: { 'aws:SourceArn': made.attrArn } },
        }),
      );
    };
    rule('RolloutWanted', 'Rollout wanted', { machine: rollout, input: { inputPath: '$.detail' } });
    rule('RolloutEnded', 'Rollout ended', { machine: intake, input: { input: JSON.stringify({ maxAgeHours: 12 }) } });
  }
}
