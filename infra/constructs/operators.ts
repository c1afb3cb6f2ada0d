import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { hubParameterName, type Installation } from '../names.ts';
import { statementOf, type Allowance } from './allow.ts';
import type { Record } from './record.ts';

export interface OperatorsProps {
  installation: Installation;
  record: Record;
}

/** What people need who approve, resume or abort rollouts: where the record is, and a policy to attach to their role. */
export class Operators extends Construct {
  constructor(scope: Construct, id: string, { installation, record }: OperatorsProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const parameterName = hubParameterName(installation);
    new StringParameter(this, 'Parameter', {
      parameterName,
      description: 'What this Wavelock hub has, for its operators',
      stringValue: stack.toJsonString({ table: record.table.tableName }),
    });
    const policy = new ManagedPolicy(this, 'Policy', { description: 'Approve, resume and abort rollouts of Wavelock' });
    const allowances: Allowance[] = [
      { actions: ['ssm:GetParameter'], resources: [stack.formatArn({ service: 'ssm', resource: `parameter${parameterName}` })] },
      ...record.writing(),
      waking,
    ];
    policy.addStatements(...allowances.map((allowance) => statementOf(policy, allowance)));
    new CfnOutput(this, 'Output', { value: policy.managedPolicyArn, description: 'Attach it to the role of people who decide about rollouts' })
      .overrideLogicalId('OperatorsPolicy');
  }
}

const waking: Allowance = {
  actions: ['states:SendTaskSuccess'],
  resources: ['*'],
  because: 'SendTaskSuccess has no resource types (Service Authorization Reference, AWS Step Functions); the token is the key.',
};
