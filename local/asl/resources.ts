/** What a Task does: the integration, and how it waits for its end. */
export interface TaskResource {
  /** As the history names it: `lambda`, `states`, `aws-sdk:ssm`. */
  type: string;
  /** As the history names it: `invoke.waitForTaskToken`, `startExecution.sync:2`, `sendCommand`. */
  action: string;
  kind: 'lambda' | 'execution' | 'sdk';
  /** The task ends with the answer, with a callback for its token, or with the child execution. */
  ends: 'with-answer' | 'with-callback' | 'with-child';
  /** For `sdk`: the signing name that `Cloud.call` knows, and the operation. */
  service?: string;
  operation?: string;
}

/** A service of the AWS SDK integrations: its signing name, and the prefix of its errors (the name of its SDK for Java client). */
export interface SdkService {
  service: string;
  errors: string;
  /** Members of its requests and answers start with a small letter in the SDK, with a capital in a machine. */
  camelCase?: boolean;
}

/**
 * Services by their name in `arn:aws:states:::aws-sdk:<name>:<action>`.
 * https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html (names and exception prefixes)
 */
export const sdkServices: Record<string, SdkService> = {
  cloudwatch: { service: 'monitoring', errors: 'CloudWatch' },
  cloudwatchlogs: { service: 'logs', errors: 'CloudWatchLogs', camelCase: true },
  dynamodb: { service: 'dynamodb', errors: 'DynamoDb' },
  ec2: { service: 'ec2', errors: 'Ec2' },
  eventbridge: { service: 'events', errors: 'EventBridge' },
  kms: { service: 'kms', errors: 'Kms' },
  lambda: { service: 'lambda', errors: 'Lambda' },
  s3: { service: 's3', errors: 'S3' },
  scheduler: { service: 'scheduler', errors: 'Scheduler' },
  secretsmanager: { service: 'secretsmanager', errors: 'SecretsManager' },
  sfn: { service: 'states', errors: 'Sfn', camelCase: true },
  sns: { service: 'sns', errors: 'Sns' },
  sqs: { service: 'sqs', errors: 'Sqs' },
  ssm: { service: 'ssm', errors: 'Ssm' },
  sts: { service: 'sts', errors: 'Sts' },
};

const optimized: Record<string, TaskResource> = {
  'lambda:invoke': { type: 'lambda', action: 'invoke', kind: 'lambda', ends: 'with-answer' },
  'lambda:invoke.waitForTaskToken': { type: 'lambda', action: 'invoke.waitForTaskToken', kind: 'lambda', ends: 'with-callback' },
  'states:startExecution': { type: 'states', action: 'startExecution', kind: 'execution', ends: 'with-answer' },
  'states:startExecution.sync:2': { type: 'states', action: 'startExecution.sync:2', kind: 'execution', ends: 'with-child' },
};

/**
 * Reads the `Resource` of a Task.
 *
 * @returns undefined for any integration but `lambda:invoke`, `lambda:invoke.waitForTaskToken`, `states:startExecution`,
 *   `states:startExecution.sync:2` and `aws-sdk:<service>:<action>`
 */
export function taskResource(arn: string): TaskResource | undefined {
  const integration = /^arn:aws:states:::(.+)$/.exec(arn)?.[1];
  if (integration === undefined) return undefined;
  const known = optimized[integration];
  if (known) return known;
  const [, name, action] = /^aws-sdk:([a-z0-9]+):([a-z][A-Za-z0-9]*)$/.exec(integration) ?? [];
  const service = name === undefined ? undefined : sdkServices[name];
  if (!service || !action) return undefined;
  const operation = action.charAt(0).toUpperCase() + action.slice(1);
  return { type: `aws-sdk:${name}`, action, kind: 'sdk', ends: 'with-answer', service: service.service, operation };
}

/** The arguments that each optimised integration takes: connect-lambda.html and connect-stepfunctions.html of the developer guide. */
export const optimizedArguments: Record<'lambda' | 'execution', { required: string; optional: string[] }> = {
  lambda: { required: 'FunctionName', optional: ['Payload', 'InvocationType', 'Qualifier'] },
  execution: { required: 'StateMachineArn', optional: ['Input', 'Name'] },
};

/** `arn:aws:states:region:account:kind:…` taken apart; undefined for anything else. */
export function statesArn(arn: string): { region: string; account: string; kind: string; id: string } | undefined {
  const [, region, account, kind, id] = /^arn:aws:states:([a-z0-9-]+):(\d{12}):(stateMachine|execution|mapRun):(.+)$/.exec(arn) ?? [];
  if (region === undefined || account === undefined || kind === undefined || id === undefined) return undefined;
  return { region, account, kind, id };
}
