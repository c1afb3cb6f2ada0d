import { RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * What AWS services must be allowed on the key, since CDK adds none of it: logs could not be written, and alarms would be lost without
 * a word. A deployer who brings a key puts the same two statements into its policy.
 *
 * Sources: CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"; Amazon SNS Developer Guide, "Enable
 * compatibility between event sources from AWS services and encrypted topics".
 */
export function serviceStatements(stack: Stack): PolicyStatement[] {
  const suffix = stack.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const logGroups = `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:*`;
  return [
    new PolicyStatement({
      sid: 'CloudWatchLogs',
      principals: [new ServicePrincipal(`logs.${stack.region}.${suffix}`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    }),
    new PolicyStatement({
      sid: 'AlarmsToTopic',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
  ];
}

/** The key of record, store, logs and topics: a new one that outlives the stack, or the deployer's own. */
export function createKey(scope: Construct, keyArn: string | undefined): IKey {
  if (keyArn !== undefined) return Key.fromKeyArn(scope, 'Key', keyArn);
  const key = new Key(scope, 'Key', {
    description: 'Wavelock: record, store, logs and notices',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  for (const statement of serviceStatements(Stack.of(scope))) key.addToResourcePolicy(statement);
  return key;
}
