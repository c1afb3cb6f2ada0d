import { Stack } from 'aws-cdk-lib/core';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { busArn, type Installation } from '../names.ts';
import { allow } from './allow.ts';

/** What Systems Manager says at the end of a command; anything before is no news (Systems Manager User Guide, "Monitoring Run Command"). */
const terminal = ['Success', 'Failed', 'TimedOut', 'Cancelled'];

/** Sends the ends of our commands in one location to the hub's bus. Delivery is best effort: the hub looks again when nothing comes. */
export class Forwarding extends Construct {
  constructor(scope: Construct, id: string, props: { installation: Installation; documents: string[] }) {
    super(scope, id);
    const stack = Stack.of(this);
    const arn = busArn(props.installation, stack.partition);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('events.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    });
    allow(role, { actions: ['events:PutEvents'], resources: [arn] });
    const rule = new CfnRule(this, 'Rule', {
      description: 'Ends of Wavelock commands, for the hub',
      eventPattern: {
        source: ['aws.ssm'],
        'detail-type': ['EC2 Command Status-change Notification'],
        detail: { 'document-name': props.documents, status: terminal },
      },
      targets: [{ id: 'Hub', arn, roleArn: role.roleArn }],
    });
    rule.node.addDependency(role);
  }
}
