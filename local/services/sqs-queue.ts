import { createHash } from 'node:crypto';
import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { parked } from '../clock.ts';
import type { Cloud } from '../types.ts';
import type { Location } from './locations.ts';

/** A standard queue as a template describes it; times in seconds, defaults are AWS's. */
export interface QueueDefinition extends Location {
  name: string;
  visibilityTimeout?: number;
  retention?: number;
  delay?: number;
  receiveWait?: number;
  redrive?: { deadLetterArn: string; maxReceives: number };
  policy?: unknown;
  /** ARN of the customer key that encrypts messages. */
  kmsKeyArn?: string;
}

export interface NewMessage {
  body: string;
  attributes?: Record<string, MessageAttributeValue>;
  delay?: number;
  sender: string;
}

interface StoredMessage {
  id: string;
  body: string;
  attributes: Record<string, MessageAttributeValue>;
  sender: string;
  sent: number;
  /** Invisible until then: delayed, or being worked on by a receiver. */
  visible: number;
  receives: number;
  firstReceived?: number;
  receipt?: string;
}

const DAY = 86_400_000;

/** Messages of one queue. */
export class Queue {
  readonly arn: string;
  readonly created: number;
  private messages: StoredMessage[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly definition: QueueDefinition,
    private readonly cloud: Cloud,
    private readonly deadLetters: (arn: string) => Queue | undefined,
  ) {
    this.arn = `arn:aws:sqs:${definition.region}:${definition.account}:${definition.name}`;
    this.created = cloud.clock.now();
  }

  send({ body, attributes = {}, delay = this.definition.delay ?? 0, sender }: NewMessage): StoredMessage {
    const now = this.cloud.clock.now();
    const message = { id: this.cloud.random.uuid(), body, attributes, sender, sent: now, visible: now + delay * 1000, receives: 0 };
    this.add(message);
    return message;
  }

  /** Takes visible messages, waiting up to `wait` seconds for the first. They stay invisible to others for `hide` seconds. */
  async receive({ most, wait, hide }: { most: number; wait: number; hide: number }): Promise<StoredMessage[]> {
    const deadline = this.cloud.clock.now() + wait * 1000;
    for (;;) {
      const taken = this.take(most, hide);
      if (taken.length > 0 || this.cloud.clock.now() >= deadline) return taken;
      await this.change(deadline);
    }
  }

  /** Removes a message; an old receipt of a message that was received again removes nothing, as on AWS. */
  delete(receipt: string): void {
    this.messages = this.messages.filter((message) => message.receipt !== receipt);
  }

  /** Hides a received message for `seconds` from now; false when the receipt is unknown or its time is over. */
  hide(receipt: string, seconds: number): boolean {
    const now = this.cloud.clock.now();
    const message = this.messages.find((candidate) => candidate.receipt === receipt && candidate.visible > now);
    if (!message) return false;
    message.visible = now + seconds * 1000;
    this.wake();
    return true;
  }

  purge(): void {
    this.messages = [];
  }

  counts(): { visible: number; hidden: number; delayed: number } {
    this.expire();
    const now = this.cloud.clock.now();
    const visible = this.messages.filter((message) => message.visible <= now).length;
    const delayed = this.messages.filter((message) => message.visible > now && message.receives === 0).length;
    return { visible, delayed, hidden: this.messages.length - visible - delayed };
  }

  /** Everything in the queue, without receiving it: for looking inside. */
  peek(): { id: string; body: string; attributes: Record<string, MessageAttributeValue>; sent: number; receives: number }[] {
    this.expire();
    return this.messages.map(({ id, body, attributes, sent, receives }) => ({ id, body, attributes, sent, receives }));
  }

  private add(message: StoredMessage): void {
    this.messages.push(message);
    this.wake();
  }

  private take(most: number, hide: number): StoredMessage[] {
    this.expire();
    const now = this.cloud.clock.now();
    const taken: StoredMessage[] = [];
    for (const message of this.messages.filter(({ visible }) => visible <= now)) {
      if (taken.length >= most) break;
      if (this.buried(message)) continue;
      message.receives++;
      message.firstReceived ??= now;
      message.visible = now + hide * 1000;
      message.receipt = this.cloud.random.uuid();
      taken.push({ ...message });
    }
    return taken;
  }

  /** A message that was received too often goes to the dead-letter queue, keeping its age. */
  private buried(message: StoredMessage): boolean {
    const { redrive } = this.definition;
    const target = redrive && message.receives >= redrive.maxReceives ? this.deadLetters(redrive.deadLetterArn) : undefined;
    if (!target) return false;
    this.messages = this.messages.filter((other) => other !== message);
    target.add({ ...message, visible: this.cloud.clock.now(), receipt: undefined });
    return true;
  }

  private expire(): void {
    const oldest = this.cloud.clock.now() - (this.definition.retention === undefined ? 4 * DAY : this.definition.retention * 1000);
    if (this.messages.some(({ sent }) => sent < oldest)) this.messages = this.messages.filter(({ sent }) => sent >= oldest);
  }

  private wake(): void {
    // Who is woken takes itself off the list; a Set goes on behind it.
    for (const wake of this.waiting) wake();
  }

  /** Until a message arrives, or one becomes visible again, or the deadline is there. */
  private change(deadline: number): Promise<void> {
    const next = Math.min(deadline, ...this.messages.map(({ visible }) => visible));
    const changed = new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        this.waiting.delete(done);
        resolve();
      };
      const cancel = this.cloud.clock.at(next, done);
      this.waiting.add(done);
    });
    return parked(this.cloud.clock, changed);
  }
}

/** A message as ReceiveMessage gives it. */
export function received(message: StoredMessage, wanted: { attributes: string[]; system: string[] }): Message {
  const system: Record<string, string> = {
    SenderId: message.sender,
    SentTimestamp: String(message.sent),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceived ?? message.sent),
  };
  const chosen = choose(message.attributes, wanted.attributes);
  const chosenSystem = choose(system, wanted.system);
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    Body: message.body,
    MD5OfBody: md5(message.body),
    ...(Object.keys(chosen).length > 0 && { MessageAttributes: chosen, MD5OfMessageAttributes: md5OfAttributes(chosen) }),
    ...(Object.keys(chosenSystem).length > 0 && { Attributes: chosenSystem }),
  };
}

/** By name, by prefix (`bar.*`), or `All` (`.*`): SQS API reference, ReceiveMessage, MessageAttributeNames. */
function choose<T>(values: Record<string, T>, names: string[]): Record<string, T> {
  const wants = (name: string): boolean =>
    names.some((wanted) => wanted === 'All' || wanted === name || (wanted.endsWith('.*') && name.startsWith(wanted.slice(0, -2))));
  return Object.fromEntries(Object.entries(values).filter(([name]) => wants(name)));
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/**
 * Digest of message attributes, in the order of their names:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export function md5OfAttributes(attributes: Record<string, MessageAttributeValue>): string {
  const hash = createHash('md5');
  const add = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const [name, { DataType = '', StringValue, BinaryValue }] of Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    hash.update(Buffer.from([BinaryValue ? 2 : 1]));
    add(BinaryValue ?? Buffer.from(StringValue ?? ''));
  }
  return hash.digest('hex');
}
