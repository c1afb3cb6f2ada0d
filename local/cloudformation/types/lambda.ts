import { listOf, object, scalar, text } from '../../json.ts';
import { AwsError, type Caller } from '../../types.ts';
import type { Parts } from '../parts.ts';
import { objectOf, optionalNumber, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';
import { mustBeAssumable } from './iam.ts';

/** What a template calls a function: its name, its ARN, or the ARN of one of its versions. */
function functionArn(resource: Resource, named: string): string {
  const { account, region } = resource.stack;
  return named.startsWith('arn:') ? named : `arn:aws:lambda:${region}:${account}:function:${named}`;
}

function environment(resource: Resource): Record<string, string> {
  if (resource.properties.Environment === undefined) return {};
  const variables = Object.entries(object(objectOf(resource, 'Environment').Variables ?? {}, 'Variables'));
  return Object.fromEntries(variables.map(([name, value]) => [name, scalar(value, `variable ${name}`)]));
}

function logging(resource: Resource): { logGroup?: string; logFormat?: 'Text' | 'JSON' } {
  if (resource.properties.LoggingConfig === undefined) return {};
  const { LogGroup, LogFormat } = objectOf(resource, 'LoggingConfig');
  if (LogFormat !== undefined && LogFormat !== 'Text' && LogFormat !== 'JSON')
    throw new Error(`LogFormat of ${resource.logicalId} must be Text or JSON`);
  return { logGroup: LogGroup === undefined ? undefined : text(LogGroup, 'LogGroup'), logFormat: LogFormat };
}

/** What Lambda needs of a function's role on other services, by the words of its refusal. */
interface Needed {
  action: string;
  on: string;
  resource: string;
}

/**
 * Lambda refuses a function whose role may not do what its settings ask for, when it is created: the policies must be there before it.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html; the words: github.com/serverless/serverless/issues/1966,
 * github.com/functionalone/serverless-iam-roles-per-function/issues/39
 */
function checkRole(resource: Resource, { iam }: Parts, { role, deadLetterArn }: { role: Caller; deadLetterArn: string | undefined }): void {
  const { TracingConfig, VpcConfig } = resource.properties;
  const traced = TracingConfig !== undefined && objectOf(resource, 'TracingConfig').Mode === 'Active';
  const inNetwork = VpcConfig !== undefined && listOf(objectOf(resource, 'VpcConfig').SubnetIds).length > 0;
  const needed: Needed[] = [
    ...(traced ? [{ action: 'xray:PutTraceSegments', on: 'XRAY', resource: '*' }] : []),
    ...(inNetwork ? ['Create', 'Delete'].map((word) => ({ action: `ec2:${word}NetworkInterface`, on: 'EC2', resource: '*' })) : []),
    ...(deadLetterArn === undefined ? [] : [deadLetters(resource, deadLetterArn)]),
  ];
  const missing = needed.find(({ action, resource: on }) => !iam.allows(role, { action, resource: on }, role.region));
  if (missing === undefined) return;
  const [, operation = ''] = missing.action.split(':');
  const message = `The provided execution role does not have permissions to call ${operation} on ${missing.on}`;
  throw new AwsError('InvalidParameterValueException', message);
}

function deadLetters(resource: Resource, arn: string): Needed {
  if (arn.startsWith('arn:aws:sqs:')) return { action: 'sqs:SendMessage', on: 'SQS', resource: arn };
  if (arn.startsWith('arn:aws:sns:')) return { action: 'sns:Publish', on: 'SNS', resource: arn };
  throw new Error(`The dead-letter target ${arn} of ${resource.logicalId} is neither a queue nor a topic`);
}

function createFunction(resource: Resource, parts: Parts): Created {
  const { account, region } = resource.stack;
  const runtime = textOf(resource, 'Runtime');
  if (runtime !== 'nodejs24.x') throw new Error(`Runtime ${runtime} of ${resource.logicalId} is not known to the embedded AWS`);
  const name = optionalText(resource, 'FunctionName') ?? resource.generatedName({ max: 64 });
  const roleArn = textOf(resource, 'Role');
  const role = mustBeAssumable(parts, 'lambda.amazonaws.com', roleArn, { region, sourceArn: functionArn(resource, name) });
  const code = objectOf(resource, 'Code');
  const dead = resource.properties.DeadLetterConfig === undefined ? undefined : objectOf(resource, 'DeadLetterConfig').TargetArn;
  const deadLetterArn = dead === undefined ? undefined : text(dead, 'TargetArn');
  checkRole(resource, parts, { role, deadLetterArn });
  const arn = parts.lambda.createFunction({
    account,
    region,
    name,
    codeDirectory: parts.assets.folder(text(code.S3Bucket, 'S3Bucket'), text(code.S3Key, 'S3Key')),
    handler: textOf(resource, 'Handler'),
    roleArn,
    environment: environment(resource),
    memory: optionalNumber(resource, 'MemorySize'),
    timeout: optionalNumber(resource, 'Timeout'),
    description: optionalText(resource, 'Description'),
    ...logging(resource),
    async: { deadLetterArn },
  });
  if (deadLetterArn !== undefined) parts.functionDeadLetters.set(arn, deadLetterArn);
  return { ref: name, attributes: { Arn: arn } };
}

function createVersion(resource: Resource, { lambda }: Parts): Created {
  const of = functionArn(resource, textOf(resource, 'FunctionName'));
  const arn = lambda.publishVersion(of);
  return { ref: arn, attributes: { Version: arn.split(':').at(-1)!, FunctionArn: arn } };
}

function addPermission(resource: Resource, { lambda }: Parts): Created {
  lambda.addPermission({
    functionArn: functionArn(resource, textOf(resource, 'FunctionName')),
    principal: textOf(resource, 'Principal'),
    action: textOf(resource, 'Action'),
    sourceArn: optionalText(resource, 'SourceArn'),
    sourceAccount: optionalText(resource, 'SourceAccount'),
  });
  return { ref: resource.logicalId };
}

function destination(resource: Resource, when: 'OnFailure' | 'OnSuccess'): string | undefined {
  if (resource.properties.DestinationConfig === undefined) return undefined;
  const target = objectOf(resource, 'DestinationConfig')[when];
  return target === undefined ? undefined : text(object(target, when).Destination, 'Destination');
}

function configureInvocation(resource: Resource, { lambda, functionDeadLetters }: Parts): Created {
  const arn = functionArn(resource, textOf(resource, 'FunctionName'));
  const qualifier = textOf(resource, 'Qualifier');
  if (qualifier !== '$LATEST') throw new Error(`Qualifier ${qualifier} of ${resource.logicalId} is not known to the embedded AWS`);
  lambda.setAsyncSettings(arn, {
    maxRetries: optionalNumber(resource, 'MaximumRetryAttempts'),
    maxAge: optionalNumber(resource, 'MaximumEventAgeInSeconds'),
    onFailure: destination(resource, 'OnFailure'),
    onSuccess: destination(resource, 'OnSuccess'),
    // This resource replaces the settings of asynchronous calls but not the function's own dead-letter target.
    deadLetterArn: functionDeadLetters.get(arn),
  });
  return { ref: resource.logicalId };
}

/** Functions, their versions, and who may call them. */
export const lambdaTypes: ResourceType[] = [
  {
    type: 'AWS::Lambda::Function',
    honours: [
      'Code.S3Bucket',
      'Code.S3Key',
      'DeadLetterConfig.TargetArn',
      'Description',
      'Environment.Variables',
      'FunctionName',
      'Handler',
      'LoggingConfig.LogFormat',
      'LoggingConfig.LogGroup',
      'MemorySize',
      'Role',
      'Runtime',
      'Timeout',
      'TracingConfig.Mode',
      'VpcConfig.SubnetIds',
    ],
    withoutEffect: {
      Architectures: 'bundles are JavaScript',
      'EphemeralStorage.Size': "the disk is this machine's",
      'LoggingConfig.SystemLogLevel': 'the platform writes no lines here',
      'VpcConfig.Ipv6AllowedForDualStack': 'there is one network here: the loopback interface',
      'VpcConfig.SecurityGroupIds': 'there is one network here: the loopback interface',
      Tags: 'no policy here asks for them',
    },
    create: createFunction,
  },
  {
    type: 'AWS::Lambda::Version',
    honours: ['FunctionName'],
    withoutEffect: { Description: 'for people' },
    create: createVersion,
  },
  {
    type: 'AWS::Lambda::Permission',
    honours: ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
    withoutEffect: {},
    create: addPermission,
  },
  {
    type: 'AWS::Lambda::EventInvokeConfig',
    honours: [
      'DestinationConfig.OnFailure.Destination',
      'DestinationConfig.OnSuccess.Destination',
      'FunctionName',
      'MaximumEventAgeInSeconds',
      'MaximumRetryAttempts',
      'Qualifier',
    ],
    withoutEffect: {},
    create: configureInvocation,
  },
];
