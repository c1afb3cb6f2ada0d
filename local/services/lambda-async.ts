import { AwsError, type Caller, type Cloud, type Input } from '../types.ts';
import { parseArn } from './locations.ts';

/** Waits before the second and the third try of an event whose invocation failed: Lambda Developer Guide, "Asynchronous invocation". */
const PAUSES = [60_000, 120_000];

/** Oldest event that is still tried: same page; 6 hours unless the function says less. */
const OLDEST = 6 * 3_600_000;

export interface AsyncSettings {
  /** 0 to 2. */
  maxRetries?: number;
  /** Seconds, 60 to 21,600. */
  maxAge?: number;
  /** ARN of a queue, topic, function, event bus or bucket. */
  onFailure?: string;
  onSuccess?: string;
  /** ARN of a queue or topic. */
  deadLetterArn?: string;
}

export interface AsyncResult {
  payload: string;
  failed: boolean;
}

/** One function, as its asynchronous invocations need it. */
export interface AsyncTarget {
  arn: string;
  settings: AsyncSettings;
  /** The session of the function's role, which sends to destinations. */
  role: Caller;
  invoke(event: { payload: string; requestId: string; invokedArn: string }): Promise<AsyncResult>;
  /** Counts a metric of `AWS/Lambda` for the function. */
  count(metric: string): void;
}

interface Event {
  payload: string;
  requestId: string;
  invokedArn: string;
  accepted: number;
  tries: number;
}

/** Lambda's own queue for events: tries three times, then tells the destinations. */
export class AsyncInvocations {
  constructor(private readonly cloud: Cloud) {}

  /** Accepts an event; it is invoked in the background. */
  accept(target: AsyncTarget, event: { payload: string; requestId: string; invokedArn: string }): void {
    this.later(0, target, { ...event, accepted: this.cloud.clock.now(), tries: 0 });
  }

  private later(milliseconds: number, target: AsyncTarget, event: Event): void {
    const { clock } = this.cloud;
    clock.at(clock.now() + milliseconds, () => void this.attempt(target, event));
  }

  private async attempt(target: AsyncTarget, event: Event): Promise<void> {
    const { maxRetries = PAUSES.length, maxAge } = target.settings;
    const age = this.cloud.clock.now() - event.accepted;
    if (age > (maxAge === undefined ? OLDEST : maxAge * 1000)) return this.finish(target, event, { condition: 'EventAgeExceeded' });
    const tried = { ...event, tries: event.tries + 1 };
    let result: AsyncResult;
    try {
      result = await target.invoke(tried);
    } catch (error) {
      // Throttled: Lambda keeps the event and backs off from 1 second to 5 minutes.
      if (!(error instanceof AwsError) || error.code !== 'TooManyRequestsException') throw error;
      return this.later(Math.min(300_000, 1000 * 2 ** event.tries), target, { ...event, tries: event.tries });
    }
    if (!result.failed) return this.finish(target, tried, { condition: 'Success', result });
    const pause = PAUSES[tried.tries - 1];
    if (tried.tries <= maxRetries && pause !== undefined) return this.later(pause, target, tried);
    return this.finish(target, tried, { condition: 'RetriesExhausted', result });
  }

  private async finish(target: AsyncTarget, event: Event, { condition, result }: { condition: string; result?: AsyncResult }): Promise<void> {
    const { onSuccess, onFailure, deadLetterArn } = target.settings;
    const destination = condition === 'Success' ? onSuccess : onFailure;
    if (destination !== undefined) {
      await this.send(target, destination, {
        body: JSON.stringify(this.record(target, event, { condition, result })),
        metric: 'DestinationDeliveryFailures',
      });
    }
    if (condition === 'Success' || deadLetterArn === undefined) return;
    const problem = result ? (JSON.parse(result.payload) as { errorMessage?: string }).errorMessage : condition;
    const attributes = {
      RequestID: event.requestId,
      ErrorCode: result ? '200' : '429',
      ErrorMessage: (problem ?? '').slice(0, 1024) || condition,
    };
    await this.send(target, deadLetterArn, { body: event.payload, attributes, metric: 'DeadLetterErrors' });
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
  private record(target: AsyncTarget, event: Event, { condition, result }: { condition: string; result?: AsyncResult }): Input {
    return {
      version: '1.0',
      timestamp: new Date(this.cloud.clock.now()).toISOString(),
      requestContext: { requestId: event.requestId, functionArn: `${target.arn}:$LATEST`, condition, approximateInvokeCount: event.tries },
      requestPayload: JSON.parse(event.payload),
      ...(result && {
        responseContext: { statusCode: 200, executedVersion: '$LATEST', ...(result.failed && { functionError: 'Unhandled' }) },
        responsePayload: JSON.parse(result.payload),
      }),
    };
  }

  /** Sends with the function's own permissions; a failure is only counted, as on AWS. */
  private async send(
    target: AsyncTarget,
    arn: string,
    { body, attributes = {}, metric }: { body: string; attributes?: Record<string, string>; metric: string },
  ): Promise<void> {
    const { service = '', account, region = '', resource = '' } = parseArn(arn) ?? {};
    const caller = { ...target.role, region };
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: name === 'ErrorCode' ? 'Number' : 'String', StringValue }]),
    );
    const calls: Record<string, () => Promise<unknown>> = {
      sqs: () =>
        this.cloud.call(caller, 'sqs', 'SendMessage', {
          QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${resource}`,
          MessageBody: body,
          MessageAttributes,
        }),
      sns: () => this.cloud.call(caller, 'sns', 'Publish', { TopicArn: arn, Message: body, MessageAttributes }),
      lambda: () =>
        this.cloud.call(caller, 'lambda', 'Invoke', {
          FunctionName: arn,
          InvocationType: 'Event',
          Payload: new Uint8Array(Buffer.from(body)),
        }),
      events: () =>
        this.cloud.call(caller, 'events', 'PutEvents', {
          Entries: [
            {
              EventBusName: arn,
              Source: 'lambda',
              DetailType: `Lambda Function Invocation Result - ${body.includes('"Success"') ? 'Success' : 'Failure'}`,
              Resources: [target.arn],
              Detail: body,
            },
          ],
        }),
    };
    try {
      const call = calls[service];
      if (!call) throw new AwsError('InvalidParameterValueException', `embedded AWS sends no invocation records to ${arn}`);
      await call();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      target.count(metric);
    }
  }
}
