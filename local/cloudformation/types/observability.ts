import { parseObject } from '../../json.ts';
import { AwsError, type Caller, type Input } from '../../types.ts';
import { customerKey } from '../customer-key.ts';
import type { Parts } from '../parts.ts';
import { optionalNumber, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';

/**
 * CloudWatch Logs refuses a key whose policy doesn't let it in, with the group as encryption context
 * (CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS").
 */
async function mustLetLogsIn(resource: Resource, { cloud }: Parts, grant: { keyArn: string; groupArn: string }): Promise<void> {
  const { account, region } = resource.stack;
  const service = `logs.${region}.amazonaws.com`;
  const caller: Caller = { account, region, arn: service, service, sourceArn: grant.groupArn };
  const input = { KeyId: grant.keyArn, KeySpec: 'AES_256', EncryptionContext: { 'aws:logs:arn': grant.groupArn } };
  try {
    await cloud.call(caller, 'kms', 'GenerateDataKeyWithoutPlaintext', input);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      'InvalidParameterException',
      `The specified KMS key does not exist or is not allowed to be used with ${grant.groupArn}: ${error.message}`,
    );
  }
}

async function createLogGroup(resource: Resource, parts: Parts): Promise<Created> {
  const { account, region } = resource.stack;
  const name = optionalText(resource, 'LogGroupName') ?? resource.generatedName({ max: 512 });
  const groupArn = `arn:aws:logs:${region}:${account}:log-group:${name}`;
  const kmsKeyArn = customerKey(resource, optionalText(resource, 'KmsKeyId'));
  if (kmsKeyArn !== undefined) await mustLetLogsIn(resource, parts, { keyArn: kmsKeyArn, groupArn });
  parts.logs.createLogGroup({ account, region, name, kmsKeyArn, retentionDays: optionalNumber(resource, 'RetentionInDays') });
  // Permissions on a group's streams need the star that CloudFormation puts there.
  return { ref: name, attributes: { Arn: `${groupArn}:*` } };
}

function createAlarm(resource: Resource, { monitoring }: Parts): Created {
  const { Tags: _tags, ...properties } = resource.properties;
  const AlarmName = optionalText(resource, 'AlarmName') ?? resource.generatedName({ max: 255 });
  const numbers = Object.fromEntries(
    ['Period', 'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold'].map((name) => [name, optionalNumber(resource, name)]),
  );
  const settings: Input = { ...properties, ...numbers, AlarmName };
  return { ref: AlarmName, attributes: { Arn: monitoring.createAlarm(resource.stack, settings) } };
}

function createDashboard(resource: Resource): Created {
  parseObject(textOf(resource, 'DashboardBody'), `DashboardBody of ${resource.logicalId}`);
  return { ref: optionalText(resource, 'DashboardName') ?? resource.generatedName({ max: 255 }) };
}

const notJudged = { Tags: 'no policy here asks for them' };

/** Logs, alarms, dashboards. */
export const observabilityTypes: ResourceType[] = [
  {
    type: 'AWS::Logs::LogGroup',
    honours: ['KmsKeyId', 'LogGroupName', 'RetentionInDays'],
    withoutEffect: { LogGroupClass: 'decides the price and what CloudWatch itself may do with it', ...notJudged },
    create: createLogGroup,
  },
  {
    type: 'AWS::CloudWatch::Alarm',
    honours: [
      'ActionsEnabled',
      'AlarmActions',
      'AlarmDescription',
      'AlarmName',
      'ComparisonOperator',
      'DatapointsToAlarm',
      'Dimensions',
      'EvaluationPeriods',
      'InsufficientDataActions',
      'MetricName',
      'Metrics',
      'Namespace',
      'OKActions',
      'Period',
      'Statistic',
      'Threshold',
      'TreatMissingData',
    ],
    withoutEffect: notJudged,
    create: createAlarm,
  },
  {
    type: 'AWS::CloudWatch::Dashboard',
    honours: ['DashboardBody', 'DashboardName'],
    withoutEffect: notJudged,
    create: createDashboard,
  },
];
