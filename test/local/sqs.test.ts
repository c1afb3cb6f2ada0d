import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  type ReceiveMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { createSqs, type Sqs } from '../../local/services/sqs.ts';
import { ACCOUNT, createBaseWorld, HOME, REGION, rejection, START, type BaseWorld } from './base-world.ts';

let world: BaseWorld;
let clock: VirtualClock;
let sqs: Sqs;
let client: SQSClient;
let url: string;
let dead: string;
const usedKeys: string[] = [];

beforeEach(() => {
  world = createBaseWorld({ virtual: true });
  clock = world.clock as VirtualClock;
  sqs = createSqs(world.cloud, { useKey: (_caller, _key, actions) => void usedKeys.push(actions.join()) });
  world.add(sqs.service);
  client = new SQSClient(world.config());
  dead = sqs.createQueue({ ...HOME, name: 'dead' }).arn;
  url = sqs.createQueue({ ...HOME, name: 'work', redrive: { deadLetterArn: dead, maxReceives: 2 } }).url;
});
afterEach(async () => {
  usedKeys.length = 0;
  await world.close();
});

function send(MessageBody: string, more = {}) {
  return world.settle(client.send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...more })));
}

async function receive(more: Partial<ReceiveMessageCommandInput> = {}) {
  return (await world.settle(client.send(new ReceiveMessageCommand({ QueueUrl: url, ...more })))).Messages ?? [];
}

describe('messages', () => {
  it('are received with their attributes, once while somebody works on them, and deleted', async () => {
    const attributes = { kind: { DataType: 'String', StringValue: 'k' }, raw: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) } };
    const sent = await send('hello', { MessageAttributes: attributes });
    const [message] = await receive({ MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] });
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'hello',
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(START) },
    });
    expect(message?.MessageAttributes).toEqual(attributes);
    expect(await receive()).toEqual([]);
    await world.settle(client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle })));
    await world.settle(clock.sleep(60_000));
    expect(await receive()).toEqual([]);
  });

  it('come back when their receiver is silent, and then go to the dead letters', async () => {
    await send('poison');
    for (let round = 0; round < 2; round++) {
      expect(await receive()).toHaveLength(1);
      await world.settle(clock.sleep(30_000));
    }
    expect(await receive()).toEqual([]);
    expect(sqs.peek(dead)).toMatchObject([{ body: 'poison', receives: 2 }]);
  });

  it('stay hidden for as long as their receiver asks', async () => {
    await send('slow');
    const [message] = await receive();
    const hide = (VisibilityTimeout: number) =>
      world.settle(client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout })));
    await hide(300);
    await world.settle(clock.sleep(299_000));
    expect(await receive()).toEqual([]);
    await hide(0);
    expect(await receive()).toHaveLength(1);
    expect(
      (await rejection(world.settle(client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: 'none', VisibilityTimeout: 1 })))))
        .name,
    ).toBe('MessageNotInflight');
  });

  it('are waited for, on the clock', async () => {
    clock.at(START + 7000, () => void client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'late' })));
    expect(await receive({ WaitTimeSeconds: 20 })).toMatchObject([{ Body: 'late' }]);
    expect(clock.now()).toBe(START + 7000);
    expect(await receive({ WaitTimeSeconds: 5 })).toEqual([]);
    expect(clock.now()).toBe(START + 12_000);
  });

  it('may be delayed', async () => {
    await send('later', { DelaySeconds: 10 });
    expect(await receive()).toEqual([]);
    expect(await receive({ WaitTimeSeconds: 20 })).toHaveLength(1);
    expect(clock.now()).toBe(START + 10_000);
  });

  it('are forgotten after the time that a queue keeps them', async () => {
    await send('old');
    await world.settle(clock.sleep(4 * 86_400_000 + 1));
    expect(await receive()).toEqual([]);
  });

  it('travel in batches of ten', async () => {
    const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: String(index), MessageBody: `m${index}` }));
    const { Successful } = await world.settle(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })));
    expect(Successful).toHaveLength(10);
    const messages = await receive({ MaxNumberOfMessages: 10 });
    expect(messages.map(({ Body }) => Body)).toEqual(Entries.map(({ MessageBody }) => MessageBody));
    const receipts = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await world.settle(client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: receipts })));
    expect(sqs.queues()[1]?.counts).toEqual({ visible: 0, hidden: 0, delayed: 0 });
    const eleven = [...Entries, { Id: '10', MessageBody: 'x' }];
    expect((await rejection(world.settle(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: eleven }))))).name).toBe(
      'TooManyEntriesInBatchRequest',
    );
    expect((await rejection(receive({ MaxNumberOfMessages: 11 }))).name).toBe('InvalidParameterValue');
  });

  it('are refused when they are too long, or hold what XML can’t', async () => {
    expect((await rejection(send('x'.repeat(1_048_577)))).message).toContain('shorter than 1048576');
    expect((await rejection(send('\u0001'))).name).toBe('InvalidMessageContents');
  });
});

describe('queues', () => {
  it('tell about themselves', async () => {
    await send('a');
    await send('b');
    await receive();
    const all = await world.settle(client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] })));
    expect(all.Attributes).toMatchObject({
      QueueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:work`,
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      VisibilityTimeout: '30',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 2 }),
    });
    expect((await world.settle(client.send(new GetQueueUrlCommand({ QueueName: 'work' })))).QueueUrl).toBe(url);
    expect((await world.settle(client.send(new ListQueuesCommand({ QueueNamePrefix: 'w' })))).QueueUrls).toEqual([url]);
    await world.settle(client.send(new PurgeQueueCommand({ QueueUrl: url })));
    expect(await receive({ VisibilityTimeout: 0 })).toEqual([]);
    expect(world.asked[0]?.access).toEqual([`sqs:SendMessage arn:aws:sqs:${REGION}:${ACCOUNT}:work`]);
  });

  it('that are not there are named so, and FIFO ones are not to be had', async () => {
    const missing = rejection(world.settle(client.send(new GetQueueAttributesCommand({ QueueUrl: `${url}x` }))));
    expect((await missing).name).toBe('QueueDoesNotExist');
    expect(() => sqs.createQueue({ ...HOME, name: 'q.fifo' })).toThrow('no FIFO queues');
  });

  it('with a customer key need it on both ends', async () => {
    url = sqs.createQueue({ ...HOME, name: 'secret', kmsKeyArn: 'arn:key' }).url;
    await send('x');
    await receive();
    expect(usedKeys).toEqual(['kms:GenerateDataKey,kms:Decrypt', 'kms:Decrypt']);
  });
});

describe('what SQS refuses', () => {
  it.each([
    ['a delay', { DelaySeconds: 901 }, 'Must be between 0 and 900'],
    ['half a second', { DelaySeconds: 0.5 }, 'Must be between 0 and 900'],
  ])('of a message: %s', async (_what, more, reason) => {
    expect((await rejection(send('m', more))).message).toContain(reason);
  });

  it('of a receiver: a wait or a hiding that is too long', async () => {
    expect((await rejection(receive({ WaitTimeSeconds: 21 }))).message).toContain('Must be between 0 and 20');
    expect((await rejection(receive({ VisibilityTimeout: 43_201 }))).message).toContain('Must be between 0 and 43200');
  });

  it('of a queue: times out of bounds, and letters without a count', () => {
    const make = (more: object) => () => sqs.createQueue({ ...HOME, name: 'other', ...more });
    expect(make({ retention: 59 })).toThrow('MessageRetentionPeriod is invalid. Reason: Must be between 60 and 1209600');
    expect(make({ redrive: { deadLetterArn: dead, maxReceives: Number.NaN } })).toThrow('maxReceiveCount must be between 1 and 1000');
    expect(sqs.queues()).toHaveLength(2);
  });

  it('lists queues page by page', async () => {
    const first = await world.settle(client.send(new ListQueuesCommand({ MaxResults: 1 })));
    const second = await world.settle(client.send(new ListQueuesCommand({ MaxResults: 1, NextToken: first.NextToken })));
    expect([first.QueueUrls, second.QueueUrls].flat().map((each) => each?.split('/').at(-1))).toEqual(['dead', 'work']);
    expect(second.NextToken).toBeUndefined();
  });
});
