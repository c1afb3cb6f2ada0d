import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** Events and notices that nobody could take, kept for two weeks for a person to look at. SQS's own key: no service needs to be let in. */
export class Undelivered extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const reason = 'This is the dead-letter queue itself, and an alarm watches it.';
    Validations.of(this.queue).acknowledge({ id: 'AwsSolutions-SQS3', reason });
  }
}
