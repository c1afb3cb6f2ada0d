import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { Json } from '../../local/json.ts';

/** A hub and a spoke in another account and Region, small enough to read: what a Wavelock assembly is made of, with one function. */

export const hub = { account: '111111111111', region: 'eu-central-1' };
export const spoke = { account: '222222222222', region: 'eu-west-1' };
const bucket = `cdk-hnb659fds-assets-${hub.account}-${hub.region}`;
const spokeRole = `arn:aws:iam::${spoke.account}:role/Spoke`;

/** Notes each event in the table, tells the topic, and reads the spoke's parameter with the spoke's role. */
const source = `
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SNSClient, PublishCommand } from '@aws-sdk/client-sns';
import { SSMClient, GetParameterCommand } from '@aws-sdk/client-ssm';
import { STSClient, AssumeRoleCommand } from '@aws-sdk/client-sts';

async function spokeParameter() {
  const { Credentials: keys } = await new STSClient({}).send(new AssumeRoleCommand({ RoleArn: '${spokeRole}', RoleSessionName: 'hub' }));
  const credentials = { accessKeyId: keys.AccessKeyId, secretAccessKey: keys.SecretAccessKey, sessionToken: keys.SessionToken };
  const answer = await new SSMClient({ region: '${spoke.region}', credentials }).send(new GetParameterCommand({ Name: '/Wavelock/spoke' }));
  return answer.Parameter.Value;
}

export async function handler(event) {
  const id = event.id ?? event.name;
  const parameter = await spokeParameter();
  const Item = { pk: { S: id }, account: { S: event.account ?? '' }, parameter: { S: parameter }, at: { S: new Date().toISOString() } };
  await new DynamoDBClient({}).send(new PutItemCommand({ TableName: process.env.TABLE, Item }));
  await new SNSClient({}).send(new PublishCommand({ TopicArn: process.env.TOPIC, Subject: 'Seen', Message: id }));
  return { id };
}
`;

function statement(Action: string | string[], Resource: unknown, more: Json = {}): Json {
  return { Effect: 'Allow', Action, Resource, ...more };
}

function document(...Statement: Json[]): Json {
  return { Version: '2012-10-17', Statement };
}

function role(service: string, Statement: Json[], Condition?: Json): Json {
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service }, ...(Condition && { Condition }) };
  return {
    Type: 'AWS::IAM::Role',
    Properties: { AssumeRolePolicyDocument: document(trust), Policies: [{ PolicyName: 'Does', PolicyDocument: document(...Statement) }] },
  };
}

function attribute(id: string, name = 'Arn'): Json {
  return { 'Fn::GetAtt': [id, name] };
}

const keyPolicy = document(
  statement('kms:*', '*', { Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root' } } }),
  statement(['kms:Encrypt', 'kms:GenerateDataKey*'], '*', {
    Principal: { Service: `logs.${hub.region}.amazonaws.com` },
    Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': { 'Fn::Sub': 'arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:*' } } },
  }),
);

const functionGrants = [
  statement('dynamodb:PutItem', attribute('Table')),
  statement('dynamodb:Scan', attribute('Table'), { Sid: 'Unneeded' }),
  statement('sns:Publish', { Ref: 'Topic' }),
  statement(['kms:Decrypt', 'kms:GenerateDataKey'], attribute('Key')),
  statement('sts:AssumeRole', spokeRole),
  statement('sqs:SendMessage', attribute('Letters')),
];

/** The hub's resources by logical id; tests change a copy. */
export function hubResources(): Record<string, Json> {
  return {
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: keyPolicy, EnableKeyRotation: true } },
    Table: {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        Replicas: [{ Region: { Ref: 'AWS::Region' }, SSESpecification: { KMSMasterKeyId: attribute('Key') } }],
      },
    },
    Topic: { Type: 'AWS::SNS::Topic', Properties: { KmsMasterKeyId: attribute('Key') } },
    Mail: { Type: 'AWS::SNS::Subscription', Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'email', Endpoint: 'ops@example.com' } },
    Letters: { Type: 'AWS::SQS::Queue', Properties: { SqsManagedSseEnabled: true } },
    LettersPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Letters' }],
        PolicyDocument: document(
          statement('sqs:SendMessage', attribute('Letters'), {
            Principal: { Service: 'events.amazonaws.com' },
            Condition: { ArnEquals: { 'aws:SourceArn': attribute('Rule') } },
          }),
        ),
      },
    },
    Lines: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 90, KmsKeyId: attribute('Key') } },
    FunctionRole: role('lambda.amazonaws.com', functionGrants),
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { S3Bucket: bucket, S3Key: 'function.zip' },
        Handler: 'index.handler',
        Role: attribute('FunctionRole'),
        Runtime: 'nodejs24.x',
        Timeout: 30,
        MemorySize: 512,
        LoggingConfig: { LogGroup: { Ref: 'Lines' } },
        DeadLetterConfig: { TargetArn: attribute('Letters') },
        Environment: { Variables: { TABLE: { Ref: 'Table' }, TOPIC: { Ref: 'Topic' } } },
      },
    },
    Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Function' } } },
    NoRetries: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: { FunctionName: { Ref: 'Function' }, Qualifier: '$LATEST', MaximumRetryAttempts: 0 },
    },
    MachineRole: role('states.amazonaws.com', [statement('lambda:InvokeFunction', { 'Fn::Sub': '${Function.Arn}:*' })]),
    Machine: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        DefinitionS3Location: { Bucket: bucket, Key: 'machine.json' },
        DefinitionSubstitutions: { Note: { Ref: 'Version' } },
        RoleArn: attribute('MachineRole'),
      },
    },
    ScheduleRole: role('scheduler.amazonaws.com', [statement('states:StartExecution', { Ref: 'Machine' })], {
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
    }),
    Schedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        ScheduleExpression: 'cron(0 3 * * ? *)',
        ScheduleExpressionTimezone: 'Europe/Berlin',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: { Ref: 'Machine' }, RoleArn: attribute('ScheduleRole'), Input: '{"name":"<aws.scheduler.scheduled-time>"}' },
      },
    },
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'Wavelock' } },
    BusPolicy: {
      Type: 'AWS::Events::EventBusPolicy',
      Properties: {
        EventBusName: { Ref: 'Bus' },
        StatementId: 'spoke',
        Statement: statement('events:PutEvents', attribute('Bus'), { Principal: { AWS: `arn:aws:iam::${spoke.account}:root` } }),
      },
    },
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventBusName: { Ref: 'Bus' },
        EventPattern: { source: ['aws.ssm'] },
        State: 'ENABLED',
        Targets: [{ Id: 'Function', Arn: attribute('Function'), DeadLetterConfig: { Arn: attribute('Letters') } }],
      },
    },
    RulePermission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: attribute('Function'),
        Principal: 'events.amazonaws.com',
        SourceArn: attribute('Rule'),
      },
    },
    Store: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: attribute('Key') } }],
        },
      },
    },
    StorePolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'Store' },
        PolicyDocument: document({
          Effect: 'Deny',
          Action: 's3:*',
          Resource: '*',
          Principal: '*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      },
    },
    Alarm: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'Function' } }],
        Statistic: 'Sum',
        Period: 300,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      },
    },
    LettersAlarm: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: attribute('Letters', 'QueueName') }],
        Statistic: 'Maximum',
        Period: 300,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'ignore',
      },
    },
    MachineAlarm: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        Namespace: 'AWS/States',
        MetricName: 'ExecutionsFailed',
        Dimensions: [{ Name: 'StateMachineArn', Value: { Ref: 'Machine' } }],
        Statistic: 'Sum',
        Period: 300,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      },
    },
    Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: '{"widgets":[]}' } },
  };
}

/** The spoke's resources by logical id. */
export function spokeResources(): Record<string, Json> {
  const bus = `arn:aws:events:${hub.region}:${hub.account}:event-bus/Wavelock`;
  const trust = {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { AWS: `arn:aws:iam::${hub.account}:root` },
    Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${hub.account}:role/Hub-*` } },
  };
  return {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'Spoke',
        AssumeRolePolicyDocument: document(trust),
        Policies: [
          {
            PolicyName: 'Reads',
            PolicyDocument: document(
              statement('ssm:GetParameter', { 'Fn::Sub': 'arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/Wavelock/spoke' }),
            ),
          },
        ],
      },
    },
    Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/Wavelock/spoke', Type: 'String', Value: 'from the spoke' } },
    ForwardRole: role('events.amazonaws.com', [statement('events:PutEvents', bus)]),
    Forward: {
      Type: 'AWS::Events::Rule',
      Properties: { EventPattern: { source: ['aws.ssm'] }, State: 'ENABLED', Targets: [{ Id: 'Hub', Arn: bus, RoleArn: attribute('ForwardRole') }] },
    },
  };
}

const machine = {
  QueryLanguage: 'JSONata',
  StartAt: 'Note',
  TimeoutSeconds: 600,
  States: {
    Note: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: '${Note}', Payload: '{% $states.input %}' },
      TimeoutSeconds: 60,
      End: true,
    },
  },
};

function write(directory: string, path: string, content: unknown): void {
  writeFileSync(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Bundles the function once, as infra does it; its folder is the zip asset. */
export function bundleFunction(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-function-'));
  buildSync({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    outfile: join(directory, 'index.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  });
  return directory;
}

function file(path: string, key: string, packaging: string): Json {
  return { source: { path, packaging }, destinations: { here: { bucketName: bucket, objectKey: key, region: hub.region } } };
}

function stack(name: string, at: { account: string; region: string }, dependencies: string[]): Json {
  return {
    type: 'aws:cloudformation:stack',
    environment: `aws://${at.account}/${at.region}`,
    properties: { templateFile: `${name}.template.json` },
    dependencies,
  };
}

/** Writes an assembly of hub and spoke, as `cdk synth` would, and answers its folder. */
export function writeAssembly(functionDirectory: string, resources: { hub?: Json; spoke?: Json } = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-assembly-'));
  write(directory, 'machine.json', machine);
  write(directory, 'Hub.assets.json', {
    files: { code: file(functionDirectory, 'function.zip', 'zip'), machine: file('machine.json', 'machine.json', 'file') },
  });
  write(directory, 'Hub.template.json', { Resources: resources.hub ?? hubResources(), Outputs: { Table: { Value: { Ref: 'Table' } } } });
  write(directory, 'Spoke.template.json', { Resources: resources.spoke ?? spokeResources() });
  const artifacts = {
    Spoke: stack('Spoke', spoke, ['Hub']),
    'Hub.assets': { type: 'cdk:asset-manifest', properties: { file: 'Hub.assets.json' } },
    Hub: stack('Hub', hub, ['Hub.assets']),
  };
  write(directory, 'manifest.json', { version: '55.0.0', artifacts });
  return directory;
}
