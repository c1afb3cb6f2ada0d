import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../local/clock.ts';
import { createCloud, type EmbeddedAws } from '../../local/cloud.ts';
import { resourceTypes } from '../../local/cloudformation/registry.ts';
import type { Json } from '../../local/json.ts';

const at = { account: '111111111111', region: 'eu-central-1' };
let directory: string;
let clock: VirtualClock;
let aws: EmbeddedAws | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'types-'));
  clock = createVirtualClock({ start: Date.parse('2026-11-23T01:00:00Z') });
});

afterEach(async () => {
  await aws?.stop();
  aws = undefined;
  clock.uninstall();
  rmSync(directory, { recursive: true });
});

async function load(Resources: Json, Outputs: Json = {}, managedPolicies: Record<string, unknown> = {}): Promise<EmbeddedAws> {
  writeFileSync(join(directory, 'S.template.json'), JSON.stringify({ Resources, Outputs }));
  const artifact = {
    type: 'aws:cloudformation:stack',
    environment: `aws://${at.account}/${at.region}`,
    properties: { templateFile: 'S.template.json' },
  };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ artifacts: { S: artifact } }));
  const fleet = { file: { version: 1 as const, locations: ['111111111111/eu-central-1'], inventories: {}, nodes: [] } };
  aws = await createCloud({ assembly: directory, clock, seed: 1, fleet, managedPolicies });
  return aws;
}

/** Loads one resource; answers its Ref and the attributes asked for. */
async function one(Type: string, Properties: Json, attributes: string[] = []): Promise<string[]> {
  const outputs = [['Ref', { Ref: 'X' }], ...attributes.map((name, index) => [`A${index}`, { 'Fn::GetAtt': ['X', name] }])];
  const Outputs = Object.fromEntries(outputs.map(([name, Value]) => [name, { Value }]));
  const cloud = await load({ X: { Type, Properties } }, Outputs);
  return Object.values(cloud.inventory.stacks[0]!.outputs);
}

const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }] };
const table = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const index = { IndexName: 'byOther', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } };
const suffix = '[A-Z0-9]{12}';
const arn = (service: string, resource: string): string => `arn:aws:${service}:eu-central-1:111111111111:${resource}`;

describe('Ref and attributes are what CloudFormation answers', () => {
  it.each<[string, Json, string[], string[]]>([
    [
      'AWS::DynamoDB::GlobalTable',
      {
        ...table,
        GlobalSecondaryIndexes: [index],
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        Replicas: [
          {
            Region: 'eu-central-1',
            GlobalSecondaryIndexes: [{ IndexName: 'byOther' }],
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          },
        ],
      },
      ['Arn'],
      [`S-X-${suffix}`, arn('dynamodb', `table/S-X-${suffix}`)],
    ],
    ['AWS::DynamoDB::Table', { ...table, TableName: 'Named' }, ['Arn'], ['Named', arn('dynamodb', 'table/Named')]],
    [
      'AWS::IAM::Role',
      { AssumeRolePolicyDocument: trust, Path: '/team/', Policies: [{ PolicyName: 'P', PolicyDocument: policy }] },
      ['Arn', 'RoleId'],
      [`S-X-${suffix}`, `arn:aws:iam::111111111111:role/team/S-X-${suffix}`, 'AROA[A-Z0-9]+'],
    ],
    ['AWS::IAM::ManagedPolicy', { PolicyDocument: policy, Description: 'd' }, [], [`arn:aws:iam::111111111111:policy/S-X-${suffix}`]],
    ['AWS::IAM::Policy', { PolicyName: 'P', PolicyDocument: policy }, [], ['P']],
    [
      'AWS::SNS::Topic',
      { DisplayName: 'd', KmsMasterKeyId: 'alias/aws/sns' },
      ['TopicArn', 'TopicName'],
      [arn('sns', `S-X-${suffix}`), arn('sns', `S-X-${suffix}`), `S-X-${suffix}`],
    ],
    [
      'AWS::SQS::Queue',
      { VisibilityTimeout: '60', SqsManagedSseEnabled: true },
      ['Arn', 'QueueName', 'QueueUrl'],
      [
        `http://127.0.0.1:\\d+/111111111111/S-X-${suffix}`,
        arn('sqs', `S-X-${suffix}`),
        `S-X-${suffix}`,
        `http://127.0.0.1:\\d+/111111111111/S-X-${suffix}`,
      ],
    ],
    [
      'AWS::S3::Bucket',
      {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Years: 1 } } },
      },
      ['Arn', 'RegionalDomainName'],
      ['s-x-[a-z0-9]{12}', 'arn:aws:s3:::s-x-[a-z0-9]{12}', 's-x-[a-z0-9]{12}.s3.eu-central-1.amazonaws.com'],
    ],
    [
      'AWS::KMS::Key',
      { KeyPolicy: { ...policy, Statement: [{ ...policy.Statement[0], Action: 'kms:*', Principal: '*' }] }, EnableKeyRotation: true },
      ['Arn', 'KeyId'],
      ['[0-9a-f-]{36}', arn('kms', 'key/[0-9a-f-]{36}'), '[0-9a-f-]{36}'],
    ],
    ['AWS::Logs::LogGroup', { LogGroupName: '/aws/x', RetentionInDays: 90 }, ['Arn'], ['/aws/x', arn('logs', 'log-group:/aws/x:\\*')]],
    [
      'AWS::SecretsManager::Secret',
      { Name: 'slack', SecretString: 's' },
      ['Id'],
      [arn('secretsmanager', 'secret:slack-.{6}'), arn('secretsmanager', 'secret:slack-.{6}')],
    ],
    ['AWS::SSM::Parameter', { Name: '/a/b', Type: 'String', Value: 'v', Description: 'd' }, ['Type', 'Value'], ['/a/b', 'String', 'v']],
    ['AWS::Events::EventBus', { Name: 'Bus', Description: 'd' }, ['Arn', 'Name'], ['Bus', arn('events', 'event-bus/Bus'), 'Bus']],
    ['AWS::Events::Rule', { EventPattern: { source: ['aws.ssm'] } }, ['Arn'], [`S-X-${suffix}`, arn('events', `rule/S-X-${suffix}`)]],
    ['AWS::Scheduler::ScheduleGroup', { Name: 'nightly' }, ['Arn'], ['nightly', arn('scheduler', 'schedule-group/nightly')]],
    [
      'AWS::CloudWatch::Alarm',
      {
        Namespace: 'N',
        MetricName: 'M',
        Statistic: 'Sum',
        Period: '60',
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
      },
      ['Arn'],
      [`S-X-${suffix}`, arn('cloudwatch', `alarm:S-X-${suffix}`)],
    ],
    ['AWS::CloudWatch::Dashboard', { DashboardBody: '{"widgets":[]}' }, [], [`S-X-${suffix}`]],
    ['AWS::CDK::Metadata', { Analytics: 'v2:deflate64:x' }, [], ['X']],
  ])('%s', async (type, properties, attributes, expected) => {
    const answers = await one(type, properties, attributes);
    expect(answers).toHaveLength(expected.length);
    for (const [position, pattern] of expected.entries()) expect(answers[position]).toMatch(new RegExp(`^${pattern}$`));
  });

  it('the rule of a custom bus is named with its bus', async () => {
    const cloud = await load({
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'Bus' } },
      Rule: { Type: 'AWS::Events::Rule', Properties: { Name: 'R', EventBusName: { Ref: 'Bus' }, EventPattern: { source: ['x'] } } },
    });
    expect(cloud.inventory.stacks[0]?.resources).toMatchObject([{}, { ref: 'Bus|R' }]);
  });
});

describe('every type names a property that it does not know', () => {
  it.each([...resourceTypes.keys()])('%s', async (type) => {
    await expect(load({ X: { Type: type, Properties: { NoSuchProperty: 1 } } })).rejects.toThrow(
      `the property "NoSuchProperty" of ${type} is not known`,
    );
  });
});

describe('values that are known by name only are refused', () => {
  it.each<[string, Json, string]>([
    ['AWS::DynamoDB::Table', { ...table, BillingMode: 'PROVISIONED' }, 'BillingMode "PROVISIONED" of X'],
    ['AWS::DynamoDB::GlobalTable', { ...table, Replicas: [{ Region: 'eu-central-1' }, { Region: 'eu-west-1' }] }, 'Replicas of X in other Regions'],
    [
      'AWS::DynamoDB::Table',
      { ...table, AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'X' }] },
      'AttributeType must be one of S, N, B',
    ],
    [
      'AWS::IAM::Role',
      { AssumeRolePolicyDocument: trust, ManagedPolicyArns: ['arn:aws:iam::aws:policy/Nobody'] },
      'The AWS managed policy arn:aws:iam::aws:policy/Nobody',
    ],
    [
      'AWS::IAM::Role',
      { AssumeRolePolicyDocument: trust, PermissionsBoundary: 'arn:aws:iam::111111111111:policy/B' },
      'The managed policy arn:aws:iam::111111111111:policy/B is not in a template',
    ],
    ['AWS::IAM::Policy', { PolicyName: 'P', PolicyDocument: policy, Roles: ['Nobody'] }, 'The role with name Nobody cannot be found'],
    ['AWS::KMS::Key', { KeySpec: 'RSA_2048' }, 'KeySpec RSA_2048 of X'],
    [
      'AWS::S3::Bucket',
      { BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' } }] } },
      'SSEAlgorithm "aws:kms:dsse"',
    ],
    ['AWS::SSM::Document', { Content: {}, DocumentFormat: 'YAML' }, 'DocumentFormat YAML'],
    ['AWS::StepFunctions::StateMachine', { StateMachineType: 'EXPRESS', RoleArn: 'x' }, 'StateMachineType EXPRESS'],
    ['AWS::Lambda::Function', { Runtime: 'python3.13', Role: 'x' }, 'Runtime python3.13'],
    ['AWS::Events::Rule', { EventBusName: 'None', EventPattern: { source: ['x'] } }, 'Event bus None does not exist'],
    ['AWS::Events::Rule', { EventPattern: { source: [{ cidr: 'x' }] } }, 'source: the comparison {"cidr":"x"}'],
    [
      'AWS::Scheduler::Schedule',
      {
        ScheduleExpression: 'cron(0 3 * * * *)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: arn('states', 'stateMachine:M'), RoleArn: 'r' },
      },
      'exactly one of day of month and day of week',
    ],
    ['AWS::CloudWatch::Alarm', { Metrics: [{ Id: 'e', Expression: 'a + b' }], EvaluationPeriods: 1 }, 'no alarms of expressions over metrics'],
    ['AWS::CloudWatch::Dashboard', { DashboardBody: '{' }, 'DashboardBody of X is not JSON'],
  ])('%s with %j', async (type, properties, message) => {
    await expect(load({ X: { Type: type, Properties: properties } })).rejects.toThrow(message);
  });
});

function roleWith(more: Json): Json {
  return { Type: 'AWS::IAM::Role', Properties: { RoleName: 'R', AssumeRolePolicyDocument: trust, ...more } };
}

function shared(Action: string, more: Json = {}): Json {
  const PolicyDocument = { ...policy, Statement: [{ Effect: 'Allow', Action, Resource: '*' }] };
  return { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument, ...more } };
}

describe('roles', () => {
  const session = { ...at, arn: 'arn:aws:sts::111111111111:assumed-role/R/s', roleArn: 'arn:aws:iam::111111111111:role/R' };

  it('get the managed policies of the template and of AWS, attached on either side', async () => {
    const cloud = await load({
      R: roleWith({ ManagedPolicyArns: [{ Ref: 'Named' }, 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'] }),
      Named: shared('sqs:SendMessage'),
      Attaching: shared('sns:Publish', { Roles: [{ Ref: 'R' }] }),
    });
    const may = (action: string): boolean => cloud.parts.iam.allows(session, { action, resource: '*' }, at.region);
    expect(['sqs:SendMessage', 'sns:Publish', 'logs:PutLogEvents', 's3:GetObject'].map(may)).toEqual([true, true, true, false]);
  });

  it('are held by a permissions boundary that is outside of the templates', async () => {
    const boundary = 'arn:aws:iam::111111111111:policy/team/Boundary';
    const document = { ...policy, Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }] };
    const cloud = await load(
      { R: roleWith({ PermissionsBoundary: boundary, Policies: [{ PolicyName: 'All', PolicyDocument: policy }] }) },
      {},
      { [boundary]: document },
    );
    const may = (action: string): boolean => cloud.parts.iam.allows(session, { action, resource: '*' }, at.region);
    expect(['s3:GetObject', 's3:PutObject'].map(may)).toEqual([true, false]);
  });
});

describe('what a role lacks is told when the resource is created that needs it', () => {
  const assumedBy = (Service: string): Json => ({ ...trust, Statement: [{ ...trust.Statement[0], Principal: { Service } }] });
  const grants = (...Action: string[]): Json => (Action.length === 0 ? {} : { Policies: [{ PolicyName: 'P', PolicyDocument: allowing(Action) }] });
  const allowing = (Action: string[]): Json => ({ ...policy, Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
  const letters = arn('sqs', 'Letters');

  function functionWith(settings: Json, ...actions: string[]): Json {
    const Role = { 'Fn::GetAtt': ['R', 'Arn'] };
    const Code = { S3Bucket: 'none', S3Key: 'none' };
    const Properties = { Runtime: 'nodejs24.x', Handler: 'index.handler', Role, Code, ...settings };
    return { R: roleWith(grants(...actions)), F: { Type: 'AWS::Lambda::Function', Properties } };
  }

  /** What comes after the role was found good: the code is not in the assembly. */
  const good = 's3://none/none is not among';
  const tracing = { TracingConfig: { Mode: 'Active' } };
  const network = { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } };
  const dead = { DeadLetterConfig: { TargetArn: letters } };

  it.each<[string, Json, string[], string]>([
    ['traces', tracing, [], 'does not have permissions to call PutTraceSegments on XRAY'],
    ['traces, granted', tracing, ['xray:PutTraceSegments'], good],
    ['no traces', { TracingConfig: { Mode: 'PassThrough' } }, [], good],
    ['a network', network, ['ec2:CreateNetworkInterface'], 'does not have permissions to call DeleteNetworkInterface on EC2'],
    ['a network, granted', network, ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface'], good],
    ['dead letters', dead, ['sns:Publish'], 'does not have permissions to call SendMessage on SQS'],
    ['dead letters, granted', dead, ['sqs:SendMessage'], good],
  ])('a function with %s', async (_what, settings, actions, message) => {
    await expect(load(functionWith(settings, ...actions))).rejects.toThrow(message);
  });

  it('a function that is made before the policy which its role needs: AWS looks at once', async () => {
    const late = {
      Type: 'AWS::IAM::Policy',
      Properties: { PolicyName: 'Late', Roles: [{ Ref: 'R' }], PolicyDocument: allowing(['sqs:SendMessage']) },
    };
    const resources = functionWith(dead) as Record<string, Json>;
    await expect(load({ ...resources, Late: late })).rejects.toThrow('SendMessage on SQS');
    await expect(load({ ...resources, F: { ...resources.F, DependsOn: 'Late' }, Late: late })).rejects.toThrow(good);
  });

  it('a machine that waits for children: the rule that Step Functions makes', async () => {
    const task = { Type: 'Task', Resource: 'arn:aws:states:::states:startExecution.sync:2', Arguments: { StateMachineArn: 'x' }, End: true };
    const DefinitionString = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: task } });
    const machine = (...actions: string[]): Json => ({
      R: roleWith({ AssumeRolePolicyDocument: assumedBy('states.amazonaws.com'), ...grants(...actions) }),
      M: { Type: 'AWS::StepFunctions::StateMachine', Properties: { RoleArn: { 'Fn::GetAtt': ['R', 'Arn'] }, DefinitionString } },
    });
    const refusal = "'arn:aws:iam::111111111111:role/R' is not authorized to create managed-rule.";
    await expect(load(machine('events:PutRule', 'events:PutTargets'))).rejects.toThrow(refusal);
    await load(machine('events:PutRule', 'events:PutTargets', 'events:DescribeRule'));
  });

  it('a schedule: that Scheduler may assume it', async () => {
    const schedule = (Service: string): Json => ({
      R: roleWith({ AssumeRolePolicyDocument: assumedBy(Service) }),
      S: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'rate(1 day)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: arn('states', 'stateMachine:M'), RoleArn: { 'Fn::GetAtt': ['R', 'Arn'] } },
        },
      },
    });
    await expect(load(schedule('events.amazonaws.com'))).rejects.toThrow('must allow AWS EventBridge Scheduler to assume the role');
    await load(schedule('scheduler.amazonaws.com'));
  });
});
