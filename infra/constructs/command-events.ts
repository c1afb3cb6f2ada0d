import { Duration, Stack } from 'aws-cdk-lib/core';
import { CfnEventBusPolicy, EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { busName, type Installation } from '../names.ts';
import type { TaskFunction } from './task-function.ts';

export interface CommandEventsProps {
  installation: Installation;
  /** Accounts of all locations, the hub's own among them. */
  accounts: string[];
  onCommandEvent: TaskFunction;
  undelivered: IQueue;
}

/** The hub's bus: ends of commands come in from every location and wake what waits for them. */
export class CommandEvents extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, props: CommandEventsProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const bus = new EventBus(this, 'Bus', {
      eventBusName: busName(props.installation),
      description: 'Ends of commands, from every location of this Wavelock, and what starts by itself',
    });
    this.bus = bus;
    for (const account of new Set(props.accounts)) {
      const own = account === stack.account;
      // A sender can at most wake a batch early: the function believes no event, it asks Systems Manager. Only the hub's own events start anything.
      new CfnEventBusPolicy(this, own ? 'FromHub' : `From${account}`, {
        eventBusName: bus.eventBusName,
        statementId: own ? 'hub' : `account-${account}`,
        statement: {
          Effect: 'Allow',
          Principal: { AWS: `arn:${stack.partition}:iam::${account}:root` },
          Action: 'events:PutEvents',
          Resource: bus.eventBusArn,
        },
      });
    }
    new Rule(this, 'Rule', {
      eventBus: bus,
      description: 'Wakes the batch whose command has ended',
      eventPattern: { source: ['aws.ssm'], detailType: ['EC2 Command Status-change Notification'] },
      targets: [
        new LambdaFunction(props.onCommandEvent.function, {
          deadLetterQueue: props.undelivered,
          maxEventAge: Duration.hours(2),
          retryAttempts: 20,
        }),
      ],
    });
  }
}
