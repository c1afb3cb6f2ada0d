import { AwsError, type Caller, type Cloud } from '../types.ts';

/**
 * How EventBridge and EventBridge Scheduler bring something to a target: again and again for a while, then to a dead-letter queue.
 * Facts: EventBridge User Guide, "How EventBridge retries delivering events" (24 hours, 185 times, exponential back-off with jitter;
 * missing permissions and missing resources are not retried) and "Using dead-letter queues" (message attributes, error codes).
 */

export interface RetryPolicy {
  MaximumRetryAttempts?: number;
  MaximumEventAgeInSeconds?: number;
}

/**
 * What is wrong with a retry policy; nothing if nothing is (EventBridge and EventBridge Scheduler API references, RetryPolicy: 0 to 185
 * attempts, 60 to 86,400 seconds).
 */
export function retryProblem({ MaximumRetryAttempts = 0, MaximumEventAgeInSeconds = 60 }: RetryPolicy = {}): string | undefined {
  if (!isWhole(MaximumRetryAttempts, 0, 185)) return `MaximumRetryAttempts must be from 0 to 185, not ${MaximumRetryAttempts}`;
  if (isWhole(MaximumEventAgeInSeconds, 60, 86_400)) return undefined;
  return `MaximumEventAgeInSeconds must be from 60 to 86400, not ${MaximumEventAgeInSeconds}`;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** Why a delivery ended without success; the names are those of the dead-letter message's attributes. */
export interface Failure {
  ERROR_CODE: string;
  ERROR_MESSAGE: string;
  RETRY_ATTEMPTS: number;
  EXHAUSTED_RETRY_CONDITION?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';
}

export interface Delivery {
  policy: RetryPolicy | undefined;
  /** One try, counted from 1. */
  attempt(number: number): Promise<void>;
  /** Called once when there is no hope left. */
  failed(failure: Failure): Promise<void>;
}

const defaults = { attempts: 185, ageSeconds: 86_400 };
const firstWait = 1_000;
const longestWait = 600_000;

function retriable(error: AwsError): boolean {
  return error.statusCode >= 500 || error.statusCode === 429 || /Throttl|TooManyRequests|LimitExceeded/.test(error.code);
}

function errorCode(error: AwsError): string {
  if (/^(AccessDenied|Unauthorized|Authorization)/.test(error.code)) return 'NO_PERMISSIONS';
  if (/NotFound|DoesNotExist|NonExistent/.test(error.code)) return 'NO_RESOURCE';
  if (error.code.endsWith('_HOP_DETECTED')) return error.code;
  return retriable(error) ? 'ERROR_FROM_TARGET' : 'SDK_CLIENT_ERROR';
}

/** Delivers until it works or the policy is exhausted. Only errors of AWS are answers; anything else is a bug here and is thrown on. */
export async function deliver(cloud: Cloud, delivery: Delivery): Promise<void> {
  const attempts = delivery.policy?.MaximumRetryAttempts ?? defaults.attempts;
  const deadline = cloud.clock.now() + (delivery.policy?.MaximumEventAgeInSeconds ?? defaults.ageSeconds) * 1_000;
  for (let retries = 0; ; retries += 1) {
    try {
      return await delivery.attempt(retries + 1);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const failure: Failure = { ERROR_CODE: errorCode(error), ERROR_MESSAGE: error.message, RETRY_ATTEMPTS: retries };
      if (!retriable(error)) return delivery.failed(failure);
      const wait = Math.min(longestWait, firstWait * 2 ** retries) * cloud.random.next();
      if (retries >= attempts) return delivery.failed({ ...failure, EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts' });
      if (cloud.clock.now() + wait > deadline) return delivery.failed({ ...failure, EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds' });
      await cloud.clock.sleep(wait);
    }
  }
}

/** The parts of an ARN that say where a resource is. */
export function arnParts(arn: string): { service: string; account: string; region: string; resource: string } {
  const [, , service = '', region = '', account = '', ...rest] = arn.split(':');
  return { service, region, account, resource: rest.join(':') };
}

/** Name of a queue's endpoint as SQS prints it (SQS Developer Guide, "Queue and message identifiers"). */
export function queueUrl(queueArn: string): string {
  const { account, region, resource } = arnParts(queueArn);
  return `https://sqs.${region}.amazonaws.com/${account}/${resource}`;
}

/** What goes into a dead-letter queue; attributes without value are left out. */
export interface Letter {
  body: string;
  attributes: Record<string, string | undefined>;
}

/** Puts what could not be delivered into a dead-letter queue, as `caller`. */
export async function deadLetter(cloud: Cloud, caller: Caller, queueArn: string, letter: Letter): Promise<void> {
  const given = Object.entries(letter.attributes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  await cloud.call(caller, 'sqs', 'SendMessage', {
    QueueUrl: queueUrl(queueArn),
    MessageBody: letter.body,
    MessageAttributes: Object.fromEntries(given.map(([name, value]) => [name, { DataType: 'String', StringValue: value }])),
  });
}

/** Calls a target's API with a JSON text: Lambda (asynchronously), Step Functions, SQS. */
export async function callTarget(cloud: Cloud, caller: Caller, target: { arn: string; input: string; name?: string }): Promise<void> {
  const { service, region, account } = arnParts(target.arn);
  const there: Caller = caller.service === undefined ? { ...caller, region } : { ...caller, account, region };
  if (service === 'lambda') {
    const Payload = new TextEncoder().encode(target.input);
    await cloud.call(there, 'lambda', 'Invoke', { FunctionName: target.arn, InvocationType: 'Event', Payload });
  } else if (service === 'states') {
    await cloud.call(there, 'states', 'StartExecution', { stateMachineArn: target.arn, input: target.input, name: target.name });
  } else {
    await cloud.call(there, 'sqs', 'SendMessage', { QueueUrl: queueUrl(target.arn), MessageBody: target.input });
  }
}
