import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { inActivity } from '../clock.ts';
import type { Json } from '../json.ts';
import { AwsError, type Caller, type Cloud, type Input } from '../types.ts';
import { parseArn } from './locations.ts';

/** What was published, as one subscription gets it. */
export interface Notification {
  id: string;
  topicArn: string;
  subject?: string;
  body: string;
  attributes: Record<string, MessageAttributeValue>;
  /** Milliseconds since the epoch. */
  published: number;
}

export interface Subscription {
  arn: string;
  topicArn: string;
  owner: string;
  protocol: Protocol;
  endpoint: string;
  raw: boolean;
  filter?: Json;
  filterScope: 'MessageAttributes' | 'MessageBody';
  deadLetterArn?: string;
  /** Nothing is delivered until somebody confirms. */
  pending: boolean;
}

export type Protocol = 'lambda' | 'sqs' | 'email' | 'email-json';

/** A mail that SNS sent. */
export interface Mail {
  endpoint: string;
  subject: string;
  message: string;
  topicArn: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A notification that reached nobody. */
export interface Undelivered {
  subscription: string;
  endpoint: string;
  messageId: string;
  reason: string;
  at: number;
}

/** More mails a second to one address set its subscription back to pending: SNS Developer Guide, "Amazon SNS email subscriptions". */
const MAILS_PER_SECOND = 10;

/** Tries for endpoints of AWS: SNS Developer Guide, "Amazon SNS message delivery retries". */
const MOST_TRIES = 100_015;

/** Carries notifications to their endpoints, as the service `sns.amazonaws.com`, with AWS's retries and dead letters. */
export class Delivery {
  readonly mails: Mail[] = [];
  readonly undelivered: Undelivered[] = [];

  constructor(private readonly cloud: Cloud) {}

  /** Hands a notification over in the background. */
  start(subscription: Subscription, notification: Notification): void {
    this.later(0, () => this.attempt(subscription, notification, 1));
  }

  private later(milliseconds: number, work: () => Promise<void>): void {
    const { clock } = this.cloud;
    clock.at(clock.now() + milliseconds, () => void inActivity(clock, 'SNS delivery', work));
  }

  private async attempt(subscription: Subscription, notification: Notification, tries: number): Promise<void> {
    try {
      await this.deliver(subscription, notification);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const temporary = error.statusCode >= 500 || /Throttl|TooManyRequests/.test(error.code);
      if (temporary && tries < MOST_TRIES) this.later(pauseAfter(tries), () => this.attempt(subscription, notification, tries + 1));
      else await this.bury(subscription, notification, error);
    }
  }

  private async deliver(subscription: Subscription, notification: Notification): Promise<void> {
    switch (subscription.protocol) {
      case 'lambda': {
        const Payload = new Uint8Array(Buffer.from(JSON.stringify(lambdaEvent(subscription, notification))));
        await this.cloud.call(this.caller(subscription, subscription.endpoint), 'lambda', 'Invoke', {
          FunctionName: subscription.endpoint,
          InvocationType: 'Event',
          Payload,
        });
        return;
      }
      case 'sqs':
        await this.send(subscription, subscription.endpoint, {
          body: subscription.raw ? notification.body : JSON.stringify(envelope(subscription, notification)),
          attributes: subscription.raw ? notification.attributes : {},
        });
        return;
      default:
        this.mail(subscription, notification);
    }
  }

  private mail(subscription: Subscription, notification: Notification): void {
    const at = this.cloud.clock.now();
    const { endpoint, topicArn } = subscription;
    const recent = this.mails.filter((mail) => mail.endpoint === endpoint && mail.topicArn === topicArn && mail.at > at - 1000);
    if (recent.length >= MAILS_PER_SECOND) {
      subscription.pending = true;
      throw new AwsError('EndpointDisabled', `more than ${MAILS_PER_SECOND} mails a second: the subscription is pending again`);
    }
    const message = subscription.protocol === 'email' ? notification.body : JSON.stringify(envelope(subscription, notification));
    this.mails.push({ endpoint, subject: notification.subject ?? 'AWS Notification Message', message, topicArn, at });
  }

  private async send(subscription: Subscription, queueArn: string, { body, attributes }: { body: string; attributes: Input }): Promise<void> {
    const { account, region, resource } = parseArn(queueArn) ?? { account: '', region: '', resource: '' };
    await this.cloud.call(this.caller(subscription, queueArn), 'sqs', 'SendMessage', {
      QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${resource}`,
      MessageBody: body,
      ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributes }),
    });
  }

  private async bury(subscription: Subscription, notification: Notification, error: AwsError): Promise<void> {
    const lost = {
      subscription: subscription.arn,
      endpoint: subscription.endpoint,
      messageId: notification.id,
      at: this.cloud.clock.now(),
    };
    this.undelivered.push({ ...lost, reason: `${error.code}: ${error.message}` });
    if (subscription.deadLetterArn === undefined) return;
    try {
      await this.send(subscription, subscription.deadLetterArn, {
        body: JSON.stringify(envelope(subscription, notification)),
        attributes: {},
      });
    } catch (second) {
      if (!(second instanceof AwsError)) throw second;
      this.undelivered.push({ ...lost, endpoint: subscription.deadLetterArn, reason: `${second.code}: ${second.message}` });
    }
  }

  private caller({ topicArn }: Subscription, target: string): Caller {
    const service = 'sns.amazonaws.com';
    return {
      account: parseArn(topicArn)?.account ?? '',
      region: parseArn(target)?.region ?? '',
      arn: service,
      service,
      sourceArn: topicArn,
    };
  }
}

/** Milliseconds until the next try: three at once, two after a second, ten backing off to 20 s, then every 20 s. */
function pauseAfter(tries: number): number {
  if (tries < 4) return 0;
  if (tries < 6) return 1000;
  return Math.min(20_000, 1000 * 2 ** (tries - 6));
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function envelope(subscription: Subscription, notification: Notification): Json {
  const region = parseArn(notification.topicArn)?.region ?? '';
  const attributes = attributesOf(notification);
  return {
    Type: 'Notification',
    MessageId: notification.id,
    TopicArn: notification.topicArn,
    ...(notification.subject !== undefined && { Subject: notification.subject }),
    Message: notification.body,
    Timestamp: new Date(notification.published).toISOString(),
    SignatureVersion: '1',
    Signature: 'none',
    SigningCertURL: `https://sns.${region}.amazonaws.com/SimpleNotificationService.pem`,
    UnsubscribeURL: `https://sns.${region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${subscription.arn}`,
    ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributes }),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
function lambdaEvent(subscription: Subscription, notification: Notification): Json {
  const { SigningCertURL, UnsubscribeURL, ...rest } = envelope(subscription, notification);
  const Sns = {
    Subject: null,
    ...rest,
    SigningCertUrl: SigningCertURL,
    UnsubscribeUrl: UnsubscribeURL,
    MessageAttributes: attributesOf(notification),
  };
  return { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: subscription.arn, Sns }] };
}

function attributesOf({ attributes }: Notification): Record<string, { Type?: string; Value?: string }> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: BinaryValue ? Buffer.from(BinaryValue).toString('base64') : StringValue },
    ]),
  );
}
