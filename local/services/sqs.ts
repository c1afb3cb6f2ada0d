import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { AwsError, type AccessRequest, type CallContext, type Cloud, type Input, type Service, type ServiceOperation } from '../types.ts';
import type { UseKey } from './kms.ts';
import { pageOf } from './listing.ts';
import { keyOf, locationOf } from './locations.ts';
import { md5, md5OfAttributes, Queue, received, type QueueDefinition } from './sqs-queue.ts';

export type { QueueDefinition } from './sqs-queue.ts';

/** Largest message, and largest batch of them, in bytes with attributes: SQS Developer Guide, "Amazon SQS message quotas". */
const LARGEST = 1024 * 1024;

export interface Sqs {
  service: Service;
  /** Makes a standard queue; gives its ARN and URL. */
  createQueue(definition: QueueDefinition): { arn: string; url: string };
  setQueuePolicy(arn: string, policy: unknown): void;
  queues(): { arn: string; url: string; counts: ReturnType<Queue['counts']> }[];
  /** What is in a queue, without receiving it. */
  peek(arn: string): ReturnType<Queue['peek']>;
}

export interface SqsOptions {
  useKey: UseKey;
  /** Where queue URLs point to. The SDK takes a queue's URL for its endpoint, unless its client was given one in code. */
  endpoint?(region: string): string;
}

/** SQS's standard queues: delays, visibility, long polling on the clock, dead letters. */
export function createSqs(cloud: Cloud, options: SqsOptions): Sqs {
  const queues = new Queues(cloud, options);
  return {
    service: { name: 'sqs', sdk: '@aws-sdk/client-sqs', operations: queues.operations() },
    createQueue: (definition) => queues.create(definition),
    setQueuePolicy: (arn, policy) => void (queues.byArn(arn).definition.policy = policy),
    queues: () => queues.all().map((queue) => ({ arn: queue.arn, url: queues.url(queue), counts: queue.counts() })),
    peek: (arn) => queues.byArn(arn).peek(),
  };
}

type Run = (queue: Queue, input: Input, context: CallContext) => unknown;

class Queues {
  private readonly queues = new Map<string, Queue>();

  constructor(
    private readonly cloud: Cloud,
    private readonly options: SqsOptions,
  ) {}

  create(definition: QueueDefinition): { arn: string; url: string } {
    if (definition.name.endsWith('.fifo')) throw new AwsError('InvalidAttributeValue', 'embedded AWS has no FIFO queues');
    if (!/^[\w-]{1,80}$/.test(definition.name)) {
      throw new AwsError('InvalidParameterValue', 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
    }
    checkQueue(definition);
    const queue = new Queue({ ...definition }, this.cloud, (arn) => this.queues.get(arn));
    if (this.queues.has(queue.arn)) throw new AwsError('QueueAlreadyExists', `A queue already exists with the name ${definition.name}`);
    this.queues.set(queue.arn, queue);
    return { arn: queue.arn, url: this.url(queue) };
  }

  all(): Queue[] {
    return [...this.queues.values()];
  }

  byArn(arn: string): Queue {
    const queue = this.queues.get(arn);
    if (queue) return queue;
    throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
  }

  url({ definition: { account, region, name } }: Queue): string {
    return `${this.options.endpoint?.(region) ?? `https://sqs.${region}.amazonaws.com`}/${account}/${name}`;
  }

  operations(): Record<string, ServiceOperation> {
    return {
      SendMessage: this.operation('SendMessage', async (queue, input, context) => this.send(queue, input, context)),
      SendMessageBatch: this.operation('SendMessage', (queue, input, context) => this.sendBatch(queue, input, context)),
      ReceiveMessage: this.operation('ReceiveMessage', (queue, input, context) => this.receive(queue, input, context)),
      DeleteMessage: this.operation('DeleteMessage', (queue, input) => queue.delete(input.ReceiptHandle)),
      DeleteMessageBatch: this.operation('DeleteMessage', (queue, input) => {
        const entries: { Id: string; ReceiptHandle: string }[] = input.Entries;
        for (const { ReceiptHandle } of entries) queue.delete(ReceiptHandle);
        return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
      }),
      ChangeMessageVisibility: this.operation('ChangeMessageVisibility', (queue, input) => {
        checkSeconds('VisibilityTimeout', input.VisibilityTimeout, bounds.visibilityTimeout);
        if (!queue.hide(input.ReceiptHandle, input.VisibilityTimeout)) throw notInFlight(input.ReceiptHandle);
      }),
      PurgeQueue: this.operation('PurgeQueue', (queue) => queue.purge()),
      GetQueueAttributes: this.operation('GetQueueAttributes', (queue, input) => ({
        Attributes: attributesOf(queue, input.AttributeNames ?? []),
      })),
      GetQueueUrl: {
        access: (input, context) => [this.access('GetQueueUrl', this.named(input, context))],
        run: (input, context) => ({ QueueUrl: this.url(this.byArn(this.named(input, context))) }),
      },
      ListQueues: {
        access: () => [{ action: 'sqs:ListQueues', resource: '*' }],
        run: (input, context) => {
          const prefix = keyOf(locationOf(context), input.QueueNamePrefix ?? '');
          const mine = this.all().filter(({ definition }) => keyOf(definition, definition.name).startsWith(prefix));
          const { items, next } = pageOf(mine, input.MaxResults ?? 1000, input.NextToken, 'InvalidParameterValue');
          return { QueueUrls: items.map((queue) => this.url(queue)), ...(next !== undefined && { NextToken: next }) };
        },
      },
    };
  }

  private operation(action: string, run: Run): ServiceOperation {
    return {
      access: (input, context) => [this.access(action, arnOf(input.QueueUrl, context))],
      run: (input, context) => run(this.byArn(arnOf(input.QueueUrl, context)), input, context),
    };
  }

  private access(action: string, arn: string): AccessRequest {
    const definition = this.queues.get(arn)?.definition;
    return { action: `sqs:${action}`, resource: arn, resourcePolicy: definition?.policy, resourceAccount: definition?.account };
  }

  private named({ QueueName, QueueOwnerAWSAccountId }: Input, { account, region }: CallContext): string {
    return `arn:aws:sqs:${region}:${QueueOwnerAWSAccountId ?? account}:${QueueName}`;
  }

  private async send(queue: Queue, input: Input, { caller }: CallContext): Promise<Input> {
    assertContent(input.MessageBody, input.MessageAttributes);
    if (sizeOf(input) > LARGEST) {
      throw new AwsError('InvalidParameterValue', `One or more parameters are invalid. Reason: Message must be shorter than ${LARGEST} bytes.`);
    }
    checkSeconds('DelaySeconds', input.DelaySeconds, bounds.delay);
    await this.unlock(queue, caller, ['kms:GenerateDataKey', 'kms:Decrypt']);
    const message = queue.send({
      body: input.MessageBody,
      attributes: input.MessageAttributes,
      delay: input.DelaySeconds,
      sender: caller.arn,
    });
    const attributes = input.MessageAttributes && { MD5OfMessageAttributes: md5OfAttributes(input.MessageAttributes) };
    return { MessageId: message.id, MD5OfMessageBody: md5(message.body), ...attributes };
  }

  private async sendBatch(queue: Queue, input: { Entries: SendMessageBatchRequestEntry[] }, context: CallContext): Promise<Input> {
    const { Entries } = input;
    if (Entries.length === 0) throw new AwsError('EmptyBatchRequest', 'There should be at least one SendMessageBatchRequestEntry in the request.');
    if (Entries.length > 10) throw new AwsError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
    if (new Set(Entries.map(({ Id }) => Id)).size < Entries.length)
      throw new AwsError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
    if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > LARGEST) {
      throw new AwsError('BatchRequestTooLong', `Batch requests cannot be longer than ${LARGEST} bytes.`);
    }
    const Successful: Input[] = [];
    const Failed: Input[] = [];
    for (const entry of Entries) {
      try {
        Successful.push({ Id: entry.Id, ...(await this.send(queue, entry, context)) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
      }
    }
    return { Successful, Failed };
  }

  private async receive(queue: Queue, input: Input, { caller }: CallContext): Promise<Input> {
    const { MaxNumberOfMessages: most = 1, WaitTimeSeconds, VisibilityTimeout } = input;
    if (most < 1 || most > 10)
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
      );
    checkSeconds('WaitTimeSeconds', WaitTimeSeconds, bounds.receiveWait);
    checkSeconds('VisibilityTimeout', VisibilityTimeout, bounds.visibilityTimeout);
    await this.unlock(queue, caller, ['kms:Decrypt']);
    const { receiveWait = 0, visibilityTimeout = 30 } = queue.definition;
    const messages = await queue.receive({ most, wait: WaitTimeSeconds ?? receiveWait, hide: VisibilityTimeout ?? visibilityTimeout });
    const system = [...(input.MessageSystemAttributeNames ?? []), ...(input.AttributeNames ?? [])];
    const wanted = { attributes: input.MessageAttributeNames ?? [], system };
    return messages.length > 0 ? { Messages: messages.map((message) => received(message, wanted)) } : {};
  }

  private async unlock({ definition: { kmsKeyArn } }: Queue, caller: CallContext['caller'], actions: string[]): Promise<void> {
    if (kmsKeyArn !== undefined) await this.options.useKey(caller, kmsKeyArn, actions, 'sqs');
  }
}

/** In seconds: SQS API reference, SetQueueAttributes. */
const bounds = { visibilityTimeout: [0, 43_200], retention: [60, 1_209_600], delay: [0, 900], receiveWait: [0, 20] } as const;

function checkSeconds(name: string, value: number | undefined, [least, most]: readonly [number, number]): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new AwsError('InvalidParameterValue', `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${least} and ${most}.`);
}

/** A queue that AWS would make. Where it sends what nobody could handle must say how often that is. */
function checkQueue({ name, visibilityTimeout, retention, delay, receiveWait, redrive }: QueueDefinition): void {
  checkSeconds('VisibilityTimeout', visibilityTimeout, bounds.visibilityTimeout);
  checkSeconds('MessageRetentionPeriod', retention, bounds.retention);
  checkSeconds('DelaySeconds', delay, bounds.delay);
  checkSeconds('ReceiveMessageWaitTimeSeconds', receiveWait, bounds.receiveWait);
  if (redrive === undefined || (Number.isInteger(redrive.maxReceives) && redrive.maxReceives >= 1 && redrive.maxReceives <= 1_000)) return;
  throw new AwsError('InvalidParameterValue', `RedrivePolicy of ${name}: maxReceiveCount must be between 1 and 1000, not ${redrive.maxReceives}`);
}

/** Queue URLs end in account and name, whatever host they begin with. */
function arnOf(url: string, { region }: CallContext): string {
  const [account, name] = url.split('/').slice(-2);
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

function notInFlight(receipt: string): AwsError {
  const reason = 'Message does not exist or is not available for visibility timeout change.';
  return new AwsError('MessageNotInflight', `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: ${reason}`);
}

function sizeOf({
  MessageBody = '',
  MessageAttributes = {},
}: {
  MessageBody?: string;
  MessageAttributes?: Record<string, MessageAttributeValue>;
}): number {
  const parts = Object.entries(MessageAttributes).flatMap(([name, { DataType = '', StringValue = '', BinaryValue }]) => [
    name,
    DataType,
    BinaryValue ?? StringValue,
  ]);
  return [MessageBody, ...parts].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}

/** Characters that XML 1.0 has: SQS API reference, SendMessage, MessageBody. */
function assertContent(body: string, attributes: Record<string, MessageAttributeValue> | undefined): void {
  if (body === '') throw new AwsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  // oxlint-disable-next-line no-control-regex -- these are the characters that SQS refuses
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(body))
    throw new AwsError('InvalidMessageContents', 'Invalid characters found in the message body.');
  if (Object.keys(attributes ?? {}).length > 10)
    throw new AwsError('InvalidParameterValue', 'Number of message attributes [>10] exceeds the allowed maximum [10].');
}

function attributesOf(queue: Queue, names: string[]): Record<string, string> {
  const { definition } = queue;
  const { visible, hidden, delayed } = queue.counts();
  const all: Record<string, string | undefined> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(hidden),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(queue.created / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.created / 1000)),
    VisibilityTimeout: String(definition.visibilityTimeout ?? 30),
    MaximumMessageSize: String(LARGEST),
    MessageRetentionPeriod: String(definition.retention ?? 345_600),
    DelaySeconds: String(definition.delay ?? 0),
    ReceiveMessageWaitTimeSeconds: String(definition.receiveWait ?? 0),
    SqsManagedSseEnabled: String(definition.kmsKeyArn === undefined),
    KmsMasterKeyId: definition.kmsKeyArn,
    Policy: definition.policy === undefined ? undefined : JSON.stringify(definition.policy),
    RedrivePolicy:
      definition.redrive &&
      JSON.stringify({ deadLetterTargetArn: definition.redrive.deadLetterArn, maxReceiveCount: definition.redrive.maxReceives }),
  };
  const unknown = names.find((name) => name !== 'All' && !(name in all));
  if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined && (names.includes('All') || names.includes(entry[0]))),
  );
}
