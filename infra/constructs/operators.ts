import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { hubParameterName, type Installation } from '../names.ts';
import { statementOf, type Allowance } from './allow.ts';
import type { Record } from './record.ts';
import type { Store } from './store.ts';

export interface OperatorsProps {
  installation: Installation;
  record: Record;
  store: Store;
  /** Whether there are rollouts to decide about. */
  patching: boolean;
  /** Names of the policies: what was done about an advisory is kept under them. */
  policies: string[];
}

/**
 * Rows that people's decisions change: rollouts by their `id`, waves and events of a `rollout`, announcements and feeds, which stand in a
 * `list`. Batches, nodes, what nodes have proven and locks are out of their reach.
 */
const DECIDED = ['id', 'rollout', 'list'];

/**
 * What people need: where record and store are, and two policies to attach to their roles. Readers look (`wavelock exposure`, `timeline`,
 * `feeds`); operators may also announce advisories and, where nodes are patched, approve, resume and abort rollouts.
 */
export class Operators extends Construct {
  constructor(scope: Construct, id: string, { installation, record, store, patching, policies }: OperatorsProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const parameterName = hubParameterName(installation);
    new StringParameter(this, 'Parameter', {
      parameterName,
      description: 'What this Wavelock hub has, for its operators',
      stringValue: stack.toJsonString({ table: record.table.tableName, store: store.bucket.bucketName, policies }),
    });
    const parameterArn = stack.formatArn({ service: 'ssm', resource: `parameter${parameterName}` });
    const parameter: Allowance = { actions: ['ssm:GetParameter'], resources: [parameterArn] };
    const announces = 'Announce advisories to Wavelock';
    const decides = patching ? `${announces}; approve, resume and abort its rollouts` : announces;
    this.#policy('Readers', 'Read what Wavelock knows: exposures, timelines, feeds', [parameter, ...record.reading(), ...store.reading()]);
    const changing = record.changing(DECIDED);
    this.#policy('Operators', decides, [parameter, ...record.reading(), changing, ...store.reading(), ...(patching ? [waking] : [])]);
  }

  #policy(who: string, description: string, allowances: Allowance[]): void {
    const policy = new ManagedPolicy(this, who === 'Operators' ? 'Policy' : `${who}Policy`, { description });
    policy.addStatements(...allowances.map((allowance) => statementOf(policy, allowance)));
    const words = { value: policy.managedPolicyArn, description: `Attach it to the role of people: ${description}` };
    new CfnOutput(this, who === 'Operators' ? 'Output' : `${who}Output`, words).overrideLogicalId(`${who}Policy`);
  }
}

const waking: Allowance = {
  actions: ['states:SendTaskSuccess'],
  resources: ['*'],
  because: 'SendTaskSuccess has no resource types (Service Authorization Reference, AWS Step Functions); the token is the key.',
};
