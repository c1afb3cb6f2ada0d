import type { PublishBatchRequestEntry, PublishInput } from '@aws-sdk/client-sns';
import { AwsError, type AccessRequest, type CallContext, type Cloud, type Input, type Service, type ServiceOperation } from '../types.ts';
import { isObject, type Json } from '../json.ts';
import type { UseKey } from './kms.ts';
import { pageOf } from './listing.ts';
import { parseArn, type Location } from './locations.ts';
import { Delivery, type Mail, type Protocol, type Subscription, type Undelivered } from './sns-delivery.ts';
import { checkFilter, passesFilter } from './sns-filter.ts';

export type { Mail, Undelivered } from './sns-delivery.ts';

/** Largest message with its attributes, in bytes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const LARGEST = 262_144;

const PAGE = 100;

/** A standard topic as a template describes it. */
export interface TopicDefinition extends Location {
  name: string;
  displayName?: string;
  policy?: unknown;
  kmsKeyArn?: string;
}

export interface SubscriptionDefinition {
  topicArn: string;
  protocol: string;
  endpoint: string;
  raw?: boolean;
  filter?: Json;
  filterScope?: 'MessageAttributes' | 'MessageBody';
  deadLetterArn?: string;
}

export interface Sns {
  service: Service;
  /** Makes a topic; gives its ARN. */
  createTopic(definition: TopicDefinition): string;
  setTopicPolicy(topicArn: string, policy: unknown): void;
  /** Subscribes, confirmed at once: there is nobody here to click on the link in AWS's mail. Gives the subscription's ARN. */
  subscribe(definition: SubscriptionDefinition): string;
  /** Mails that topics have sent, in order. */
  mails(): readonly Mail[];
  /** Notifications that reached nobody, with AWS's reason. */
  undelivered(): readonly Undelivered[];
}

export interface SnsOptions {
  useKey: UseKey;
}

/** SNS's standard topics, delivering to functions, queues and mail. */
export function createSns(cloud: Cloud, options: SnsOptions): Sns {
  const topics = new Topics(cloud, options);
  return {
    service: { name: 'sns', sdk: '@aws-sdk/client-sns', operations: topics.operations() },
    createTopic: (definition) => topics.create(definition),
    setTopicPolicy: (arn, policy) => void (topics.topic(arn).definition.policy = policy),
    subscribe: (definition) => topics.subscribe(definition, parseArn(definition.topicArn)?.account ?? ''),
    mails: () => topics.delivery.mails,
    undelivered: () => topics.delivery.undelivered,
  };
}

interface Topic {
  arn: string;
  definition: TopicDefinition;
  subscriptions: Subscription[];
}

class Topics {
  readonly delivery: Delivery;
  private readonly topics = new Map<string, Topic>();

  constructor(
    private readonly cloud: Cloud,
    private readonly options: SnsOptions,
  ) {
    this.delivery = new Delivery(cloud);
  }

  create(definition: TopicDefinition): string {
    if (definition.name.endsWith('.fifo')) throw invalid('embedded AWS has no FIFO topics');
    if (!/^[\w-]{1,256}$/.test(definition.name)) throw invalid('Topic Name');
    const arn = `arn:aws:sns:${definition.region}:${definition.account}:${definition.name}`;
    if (!this.topics.has(arn)) this.topics.set(arn, { arn, definition: { ...definition }, subscriptions: [] });
    return arn;
  }

  topic(arn: string): Topic {
    const topic = this.topics.get(arn);
    if (topic) return topic;
    throw new AwsError('NotFoundException', 'Topic does not exist');
  }

  subscribe(definition: SubscriptionDefinition, owner: string): string {
    const topic = this.topic(definition.topicArn);
    const { protocol, endpoint } = definition;
    if (!isProtocol(protocol)) throw invalid(`embedded AWS delivers to lambda, sqs, email and email-json, not to ${protocol}`);
    assertEndpoint(protocol, endpoint);
    const filterScope = definition.filterScope ?? 'MessageAttributes';
    if (definition.filter) checkFilter(definition.filter, filterScope);
    const known = topic.subscriptions.find((other) => other.protocol === protocol && other.endpoint === endpoint);
    if (known) return known.arn;
    const arn = `${topic.arn}:${this.cloud.random.uuid()}`;
    const { filter, deadLetterArn, raw = false } = definition;
    topic.subscriptions.push({
      arn,
      topicArn: topic.arn,
      owner,
      protocol,
      endpoint,
      raw,
      filter,
      filterScope,
      deadLetterArn,
      pending: false,
    });
    return arn;
  }

  operations(): Record<string, ServiceOperation> {
    return {
      Publish: {
        access: (input) => [this.access('Publish', input.TopicArn ?? input.TargetArn ?? '*')],
        run: (input, context) => this.publish(input, context),
      },
      PublishBatch: this.onTopic('Publish', (topic, input, context) => this.publishBatch(topic, input.PublishBatchRequestEntries, context)),
      Subscribe: {
        access: (input) => [
          {
            ...this.access('Subscribe', input.TopicArn),
            context: { 'sns:Protocol': [input.Protocol], ...(input.Endpoint !== undefined && { 'sns:Endpoint': [input.Endpoint] }) },
          },
        ],
        run: (input, { account }) => ({ SubscriptionArn: this.subscribe(subscriptionOf(input), account) }),
      },
      Unsubscribe: {
        access: (input) => [this.access('Unsubscribe', topicOf(input.SubscriptionArn))],
        run: (input) => this.unsubscribe(input.SubscriptionArn),
      },
      ListSubscriptionsByTopic: this.onTopic('ListSubscriptionsByTopic', (topic, input) => {
        const page = paged(topic.subscriptions, input.NextToken);
        return { ...page.token, Subscriptions: page.items.map(subscriptionEntry) };
      }),
      GetTopicAttributes: this.onTopic('GetTopicAttributes', (topic) => ({ Attributes: attributesOf(topic) })),
      ListTopics: {
        access: () => [{ action: 'sns:ListTopics', resource: '*' }],
        run: (input, { account, region }) => {
          const mine = [...this.topics.values()].filter(({ definition }) => definition.account === account && definition.region === region);
          const page = paged(mine, input.NextToken);
          return { ...page.token, Topics: page.items.map(({ arn }) => ({ TopicArn: arn })) };
        },
      },
    };
  }

  private onTopic(action: string, run: (topic: Topic, input: Input, context: CallContext) => unknown): ServiceOperation {
    return {
      access: (input) => [this.access(action, input.TopicArn)],
      run: (input, context) => run(this.topic(input.TopicArn), input, context),
    };
  }

  private access(action: string, arn: string): AccessRequest {
    const definition = this.topics.get(arn)?.definition;
    return { action: `sns:${action}`, resource: arn, resourcePolicy: definition?.policy, resourceAccount: definition?.account };
  }

  private async publish(input: PublishInput, { caller }: CallContext): Promise<Input> {
    if (input.PhoneNumber !== undefined) throw invalid('embedded AWS sends no text messages');
    const topic = this.topic(input.TopicArn ?? input.TargetArn ?? '');
    checkMessage(input);
    if (topic.definition.kmsKeyArn !== undefined)
      await this.options.useKey(caller, topic.definition.kmsKeyArn, ['kms:GenerateDataKey', 'kms:Decrypt'], 'sns');
    const id = this.cloud.random.uuid();
    for (const subscription of topic.subscriptions) this.deliver(subscription, { id, input });
    return { MessageId: id };
  }

  private deliver(subscription: Subscription, { id, input }: { id: string; input: PublishInput }): void {
    const body = bodyFor(subscription.protocol, input);
    const attributes = input.MessageAttributes ?? {};
    if (subscription.pending) return;
    if (subscription.filter && !passesFilter(subscription.filter, subscription.filterScope, { body, attributes })) return;
    this.delivery.start(subscription, {
      id,
      topicArn: subscription.topicArn,
      subject: input.Subject,
      body,
      attributes,
      published: this.cloud.clock.now(),
    });
  }

  private async publishBatch(topic: Topic, entries: PublishBatchRequestEntry[], context: CallContext): Promise<Input> {
    if (entries.length === 0) throw new AwsError('EmptyBatchRequestException', "The batch request doesn't contain any entries.");
    if (entries.length > 10) throw new AwsError('TooManyEntriesInBatchRequestException', 'The batch request contains more entries than permissible.');
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
      throw new AwsError('BatchEntryIdsNotDistinctException', 'Two or more batch entries in the request have the same Id.');
    if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > LARGEST)
      throw new AwsError('BatchRequestTooLongException', 'The length of all the batch messages put together is more than the limit.');
    const Successful: Input[] = [];
    const Failed: Input[] = [];
    for (const { Id, ...message } of entries) {
      try {
        Successful.push({ Id, ...(await this.publish({ ...message, TopicArn: topic.arn }, context)) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Failed.push({ Id, Code: error.code, Message: error.message, SenderFault: true });
      }
    }
    return { Successful, Failed };
  }

  private unsubscribe(arn: string): void {
    const topic = this.topics.get(topicOf(arn));
    if (!topic) throw new AwsError('NotFoundException', 'Subscription does not exist');
    topic.subscriptions = topic.subscriptions.filter((subscription) => subscription.arn !== arn);
  }
}

function invalid(what: string): AwsError {
  return new AwsError('InvalidParameterException', `Invalid parameter: ${what}`);
}

function isProtocol(protocol: string): protocol is Protocol {
  return ['lambda', 'sqs', 'email', 'email-json'].includes(protocol);
}

function assertEndpoint(protocol: Protocol, endpoint: string): void {
  const fits = protocol.startsWith('email') ? /^[^@\s]+@[^@\s]+$/.test(endpoint) : parseArn(endpoint)?.service === protocol;
  if (!fits) throw invalid(`${protocol} endpoint ${endpoint}`);
}

/** Rules of messages: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
function checkMessage(input: PublishInput): void {
  if (!input.Message) throw invalid('Empty message');
  if (sizeOf(input) > LARGEST) throw invalid('Message too long');
  // ASCII that begins with a letter, number or punctuation mark, without line breaks or control characters, under 100 characters.
  if (input.Subject !== undefined && !/^[!-~][ -~]{0,98}$/.test(input.Subject)) throw invalid('Subject');
  if (input.MessageStructure === 'json') {
    const parts = structured(input.Message);
    if (typeof parts['default'] !== 'string') throw invalid('Message Structure - No default entry in JSON message body');
  }
}

function structured(message: string): Json {
  try {
    const parts: unknown = JSON.parse(message);
    if (isObject(parts)) return parts;
  } catch (error) {
    throw new AwsError(
      'InvalidParameterException',
      `Invalid parameter: Message Structure - JSON message body failed to parse: ${(error as Error).message}`,
    );
  }
  throw invalid('Message Structure - JSON message body failed to parse');
}

function bodyFor(protocol: Protocol, { Message = '', MessageStructure }: PublishInput): string {
  if (MessageStructure !== 'json') return Message;
  const parts = structured(Message);
  return String(parts[protocol] ?? parts['default']);
}

function sizeOf({ Message = '', MessageAttributes = {} }: PublishInput | PublishBatchRequestEntry): number {
  const parts = Object.entries(MessageAttributes).flatMap(([name, { DataType = '', StringValue = '', BinaryValue }]) => [
    name,
    DataType,
    BinaryValue ?? StringValue,
  ]);
  return [Message, ...parts].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}

function subscriptionOf({ TopicArn, Protocol: protocol, Endpoint, Attributes = {} }: Input): SubscriptionDefinition {
  const { FilterPolicy, FilterPolicyScope, RawMessageDelivery, RedrivePolicy, ...others } = Attributes;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`Attributes Reason: Unknown attribute ${unknown}`);
  return {
    topicArn: TopicArn,
    protocol,
    endpoint: Endpoint ?? '',
    raw: RawMessageDelivery === 'true',
    filter: FilterPolicy && JSON.parse(FilterPolicy),
    filterScope: FilterPolicyScope,
    deadLetterArn: RedrivePolicy && JSON.parse(RedrivePolicy).deadLetterTargetArn,
  };
}

function topicOf(subscriptionArn: string): string {
  return subscriptionArn.split(':').slice(0, 6).join(':');
}

function paged<T>(items: T[], token: string | undefined): { items: T[]; token: { NextToken?: string } } {
  const page = pageOf(items, PAGE, token, 'InvalidParameterException');
  return { items: page.items, token: page.next === undefined ? {} : { NextToken: page.next } };
}

function subscriptionEntry({ arn, topicArn, owner, protocol, endpoint, pending }: Subscription): Input {
  return {
    SubscriptionArn: pending ? 'PendingConfirmation' : arn,
    Owner: owner,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: topicArn,
  };
}

function attributesOf({ arn, definition, subscriptions }: Topic): Record<string, string> {
  return {
    TopicArn: arn,
    Owner: definition.account,
    DisplayName: definition.displayName ?? '',
    SubscriptionsConfirmed: String(subscriptions.filter(({ pending }) => !pending).length),
    SubscriptionsPending: String(subscriptions.filter(({ pending }) => pending).length),
    SubscriptionsDeleted: '0',
    ...(definition.policy !== undefined && { Policy: JSON.stringify(definition.policy) }),
    ...(definition.kmsKeyArn !== undefined && { KmsMasterKeyId: definition.kmsKeyArn }),
  };
}
