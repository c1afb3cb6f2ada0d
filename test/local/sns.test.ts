import {
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
  type PublishCommandInput,
} from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { createSns, type Sns } from '../../local/services/sns.ts';
import { passesFilter } from '../../local/services/sns-filter.ts';
import { createSqs, type Sqs } from '../../local/services/sqs.ts';
import { AwsError, type Input } from '../../local/types.ts';
import { ACCOUNT, createBaseWorld, HOME, REGION, rejection, START, type BaseWorld } from './base-world.ts';

const FUNCTION = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:f`;
let world: BaseWorld;
let clock: VirtualClock;
let sns: Sns;
let sqs: Sqs;
let client: SNSClient;
let topic: string;
const invoked: Input[] = [];
const failures: AwsError[] = [];
const usedKeys: string[] = [];

beforeEach(() => {
  world = createBaseWorld({ virtual: true });
  clock = world.clock as VirtualClock;
  sns = createSns(world.cloud, { useKey: (_caller, key, actions) => void usedKeys.push(`${key} ${actions.join()}`) });
  sqs = createSqs(world.cloud, { useKey: () => undefined });
  const invoke = {
    access: () => [{ action: 'lambda:InvokeFunction', resource: FUNCTION }],
    run: (input: Input, context: Input) => {
      const failure = failures.shift();
      if (failure) throw failure;
      invoked.push({ ...input, event: JSON.parse(Buffer.from(input.Payload).toString()), caller: context.caller });
      return { StatusCode: 202 };
    },
  };
  world.add(sns.service, sqs.service, { name: 'lambda', sdk: '@aws-sdk/client-lambda', operations: { Invoke: invoke } });
  client = new SNSClient(world.config());
  topic = sns.createTopic({ ...HOME, name: 'notices' });
});

afterEach(async () => {
  for (const list of [invoked, failures, usedKeys]) list.length = 0;
  await world.close();
});

function publish(input: Partial<PublishCommandInput> = {}) {
  return world.settle(client.send(new PublishCommand({ TopicArn: topic, Message: 'hello', ...input })));
}

async function refused(input: Partial<PublishCommandInput>): Promise<string> {
  const error = await rejection(publish(input));
  return `${error.name} ${error.message}`;
}

describe('a published message', () => {
  it('is mailed, with AWS’s subject when it has none', async () => {
    sns.subscribe({ topicArn: topic, protocol: 'email', endpoint: 'ops@example.com' });
    await publish({ Subject: 'Patched: 12 of 12' });
    await publish();
    await clock.run(() => sns.mails().length === 2);
    expect(sns.mails()).toEqual([
      { endpoint: 'ops@example.com', subject: 'Patched: 12 of 12', message: 'hello', topicArn: topic, at: START },
      { endpoint: 'ops@example.com', subject: 'AWS Notification Message', message: 'hello', topicArn: topic, at: START },
    ]);
  });

  it('comes to a function as an event, from the service and for the topic', async () => {
    sns.subscribe({ topicArn: topic, protocol: 'lambda', endpoint: FUNCTION });
    const { MessageId } = await publish({ MessageAttributes: { kind: { DataType: 'String', StringValue: 'k' } } });
    await clock.run(() => invoked.length === 1);
    expect(invoked[0]).toMatchObject({
      FunctionName: FUNCTION,
      InvocationType: 'Event',
      caller: { service: 'sns.amazonaws.com', sourceArn: topic, account: ACCOUNT, region: 'eu-west-1' },
      event: {
        Records: [
          {
            EventSource: 'aws:sns',
            Sns: {
              Type: 'Notification',
              MessageId,
              TopicArn: topic,
              Subject: null,
              Message: 'hello',
              Timestamp: '2026-11-23T00:00:00.000Z',
              MessageAttributes: { kind: { Type: 'String', Value: 'k' } },
            },
          },
        ],
      },
    });
  });

  it('comes to a queue in an envelope, or raw', async () => {
    const wrapped = sqs.createQueue({ ...HOME, name: 'wrapped' }).arn;
    const raw = sqs.createQueue({ ...HOME, name: 'raw' }).arn;
    sns.subscribe({ topicArn: topic, protocol: 'sqs', endpoint: wrapped });
    sns.subscribe({ topicArn: topic, protocol: 'sqs', endpoint: raw, raw: true });
    await publish({ Subject: 's', MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } });
    await clock.run(() => sqs.peek(raw).length === 1);
    expect(JSON.parse(sqs.peek(wrapped)[0]?.body ?? '')).toMatchObject({
      Type: 'Notification',
      Subject: 's',
      Message: 'hello',
      MessageAttributes: { n: { Type: 'Number', Value: '1' } },
    });
    expect(sqs.peek(raw)[0]).toMatchObject({ body: 'hello', attributes: { n: { DataType: 'Number', StringValue: '1' } } });
  });

  it('may be worded for each protocol', async () => {
    sns.subscribe({ topicArn: topic, protocol: 'email', endpoint: 'a@b' });
    sns.subscribe({ topicArn: topic, protocol: 'lambda', endpoint: FUNCTION });
    await publish({ MessageStructure: 'json', Message: JSON.stringify({ default: 'd', email: 'for people' }) });
    await clock.run(() => invoked.length === 1 && sns.mails().length === 1);
    expect([sns.mails()[0]?.message, invoked[0].event.Records[0].Sns.Message]).toEqual(['for people', 'd']);
    expect(await refused({ MessageStructure: 'json', Message: '{"email":"x"}' })).toContain('No default entry');
    expect(await refused({ MessageStructure: 'json', Message: 'x' })).toContain('failed to parse');
  });

  it.each([
    ['with a line break', 'a\nb'],
    ['not in ASCII', 'Grüße'],
    ['of 100 characters', 'x'.repeat(100)],
    ['empty', ''],
    ['that begins with a space', ' a'],
  ])('is refused with a subject %s', async (_, Subject) => {
    expect(await refused({ Subject })).toBe('InvalidParameterException Invalid parameter: Subject');
  });

  it('is refused when it is empty, over 256 KiB, or for a topic that is not there', async () => {
    await publish({ Subject: 'x'.repeat(99), Message: 'x'.repeat(262_144) });
    expect(await refused({ Message: 'x'.repeat(262_145) })).toBe('InvalidParameterException Invalid parameter: Message too long');
    expect(await refused({ Message: 'x'.repeat(262_140), MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } } })).toContain('too long');
    expect(await refused({ Message: '' })).toContain('Empty message');
    expect(await refused({ TopicArn: `${topic}x` })).toBe('NotFoundException Topic does not exist');
  });

  it('in a batch fails alone', async () => {
    const entries = [
      { Id: '1', Message: 'a' },
      { Id: '2', Message: 'b', Subject: 'ü' },
    ];
    const { Successful, Failed } = await world.settle(client.send(new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: entries })));
    expect(Successful?.map(({ Id }) => Id)).toEqual(['1']);
    expect(Failed).toMatchObject([{ Id: '2', Code: 'InvalidParameterException', SenderFault: true }]);
    const eleven = Array.from({ length: 11 }, (_, index) => ({ Id: String(index), Message: 'x' }));
    expect((await rejection(world.settle(client.send(new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: eleven }))))).name).toBe(
      'TooManyEntriesInBatchRequestException',
    );
  });

  it('to an encrypted topic needs the key', async () => {
    const TopicArn = sns.createTopic({ ...HOME, name: 'secret', kmsKeyArn: 'arn:key' });
    await publish({ TopicArn });
    expect(usedKeys).toEqual(['arn:key kms:GenerateDataKey,kms:Decrypt']);
  });
});

describe('delivery', () => {
  it('is tried again while the endpoint is overloaded', async () => {
    sns.subscribe({ topicArn: topic, protocol: 'lambda', endpoint: FUNCTION });
    failures.push(...Array.from({ length: 6 }, () => new AwsError('ServiceException', 'busy', 500)));
    await publish();
    await clock.run(() => invoked.length === 1);
    expect(clock.now()).toBe(START + 1000 + 1000 + 1000);
  });

  it('that is refused is not, and goes to the dead letters', async () => {
    const deadLetterArn = sqs.createQueue({ ...HOME, name: 'dead' }).arn;
    sns.subscribe({ topicArn: topic, protocol: 'lambda', endpoint: FUNCTION, deadLetterArn });
    failures.push(new AwsError('AccessDeniedException', 'not permitted', 403));
    await publish();
    await clock.run(() => sqs.peek(deadLetterArn).length === 1);
    expect(sns.undelivered()).toMatchObject([{ endpoint: FUNCTION, reason: 'AccessDeniedException: not permitted' }]);
    expect(world.asked.at(-1)).toMatchObject({ operation: 'sqs:SendMessage', caller: 'sns.amazonaws.com' });
  });

  it('of more than ten mails a second ends the subscription until somebody confirms it', async () => {
    sns.subscribe({ topicArn: topic, protocol: 'email', endpoint: 'a@b' });
    for (let mail = 0; mail < 12; mail++) await publish();
    await clock.run(() => sns.undelivered().length > 0);
    expect(sns.mails()).toHaveLength(10);
    const { Subscriptions } = await world.settle(client.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic })));
    expect(Subscriptions?.[0]?.SubscriptionArn).toBe('PendingConfirmation');
  });
});

describe('subscriptions', () => {
  it('are made, listed and ended through the API', async () => {
    const { SubscriptionArn } = await world.settle(
      client.send(
        new SubscribeCommand({
          TopicArn: topic,
          Protocol: 'email',
          Endpoint: 'a@b',
          Attributes: { FilterPolicy: '{"kind":["alarm"]}' },
        }),
      ),
    );
    const again = await world.settle(client.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'email', Endpoint: 'a@b' })));
    expect(again.SubscriptionArn).toBe(SubscriptionArn);
    const { Subscriptions } = await world.settle(client.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic })));
    expect(Subscriptions).toEqual([{ SubscriptionArn, Owner: ACCOUNT, Protocol: 'email', Endpoint: 'a@b', TopicArn: topic }]);
    expect((await world.settle(client.send(new GetTopicAttributesCommand({ TopicArn: topic })))).Attributes).toMatchObject({
      SubscriptionsConfirmed: '1',
    });
    await world.settle(client.send(new UnsubscribeCommand({ SubscriptionArn })));
    expect((await world.settle(client.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic })))).Subscriptions).toEqual([]);
    expect((await world.settle(client.send(new ListTopicsCommand({})))).Topics).toEqual([{ TopicArn: topic }]);
    expect(world.asked[0]?.access).toEqual([`sns:Subscribe arn:aws:sns:${REGION}:${ACCOUNT}:notices`]);
  });

  it('to what the embedded AWS can’t reach are refused', () => {
    expect(() => sns.subscribe({ topicArn: topic, protocol: 'https', endpoint: 'https://x' })).toThrow('embedded AWS delivers to lambda, sqs, email');
    expect(() => sns.subscribe({ topicArn: topic, protocol: 'lambda', endpoint: 'x' })).toThrow('lambda endpoint x');
    expect(() => sns.subscribe({ topicArn: topic, protocol: 'email', endpoint: 'a@b', filter: { a: [{ wild: 'x' }] } })).toThrow(
      'Unrecognized match type wild',
    );
    expect(() =>
      sns.subscribe({
        topicArn: topic,
        protocol: 'email',
        endpoint: 'a@b',
        filter: Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [key, ['x']])),
      }),
    ).toThrow('more than 5 keys');
  });

  const attributes = {
    kind: { DataType: 'String', StringValue: 'wave-failed' },
    nodes: { DataType: 'Number', StringValue: '12' },
    tags: { DataType: 'String.Array', StringValue: '["a","b"]' },
  };
  it.each<[string, Input, boolean]>([
    ['an exact value', { kind: ['x', 'wave-failed'] }, true],
    ['another value', { kind: ['x'] }, false],
    ['a prefix', { kind: [{ prefix: 'wave-' }] }, true],
    ['a suffix', { kind: [{ suffix: '-ok' }] }, false],
    ['anything but', { kind: [{ 'anything-but': ['wave-failed'] }] }, false],
    ['anything but a prefix', { kind: [{ 'anything-but': { prefix: 'x' } }] }, true],
    ['any case', { kind: [{ 'equals-ignore-case': 'WAVE-FAILED' }] }, true],
    ['a number in range', { nodes: [{ numeric: ['>=', 10, '<', 20] }] }, true],
    ['a number out of range', { nodes: [{ numeric: ['>', 12] }] }, false],
    ['one of a list', { tags: ['b'] }, true],
    ['presence', { kind: [{ exists: true }], other: [{ exists: false }] }, true],
    ['a missing key', { other: ['x'] }, false],
  ])('pass messages by %s', (_, policy, passes) => {
    expect(passesFilter(policy, 'MessageAttributes', { body: 'x', attributes })).toBe(passes);
  });

  it('pass messages by what stands in their body', () => {
    const message = { body: JSON.stringify({ detail: { status: 'Failed', ids: ['i-1', 'i-2'] } }), attributes: {} };
    expect(passesFilter({ detail: { status: ['Failed'], ids: ['i-2'] } }, 'MessageBody', message)).toBe(true);
    expect(passesFilter({ detail: { status: ['Success'] } }, 'MessageBody', message)).toBe(false);
    expect(passesFilter({ detail: { none: [{ exists: false }] } }, 'MessageBody', message)).toBe(true);
    expect(passesFilter({ a: ['b'] }, 'MessageBody', { body: 'no JSON', attributes: {} })).toBe(false);
  });
});
