import { listOf, object, text, type Json } from '../../json.ts';
import { customerKey } from '../customer-key.ts';
import type { Parts } from '../parts.ts';
import { checkResourcePolicy } from '../resource-policy.ts';
import { objectOf, objectsOf, optionalNumber, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';

function deadLetterArn(redrive: unknown): string | undefined {
  return redrive === undefined ? undefined : text(object(redrive, 'RedrivePolicy').deadLetterTargetArn, 'deadLetterTargetArn');
}

function createTopic(resource: Resource, { sns }: Parts): Created {
  const name = optionalText(resource, 'TopicName') ?? resource.generatedName({ max: 256 });
  const topicArn = sns.createTopic({
    account: resource.stack.account,
    region: resource.stack.region,
    name,
    displayName: optionalText(resource, 'DisplayName'),
    kmsKeyArn: customerKey(resource, optionalText(resource, 'KmsMasterKeyId')),
  });
  for (const { Protocol, Endpoint } of objectsOf(resource, 'Subscription')) {
    sns.subscribe({ topicArn, protocol: text(Protocol, 'Protocol'), endpoint: text(Endpoint, 'Endpoint') });
  }
  return { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: name } };
}

function filterScope(resource: Resource): 'MessageAttributes' | 'MessageBody' | undefined {
  const scope = optionalText(resource, 'FilterPolicyScope');
  if (scope === undefined || scope === 'MessageAttributes' || scope === 'MessageBody') return scope;
  throw new Error(`FilterPolicyScope ${scope} of ${resource.logicalId} is not known to the embedded AWS`);
}

function subscribe(resource: Resource, { sns }: Parts): Created {
  const filter: Json | undefined = resource.properties.FilterPolicy === undefined ? undefined : objectOf(resource, 'FilterPolicy');
  const arn = sns.subscribe({
    topicArn: textOf(resource, 'TopicArn'),
    protocol: textOf(resource, 'Protocol'),
    endpoint: textOf(resource, 'Endpoint'),
    raw: resource.properties.RawMessageDelivery === true,
    filter,
    filterScope: filterScope(resource),
    deadLetterArn: deadLetterArn(resource.properties.RedrivePolicy),
  });
  return { ref: arn, attributes: { Arn: arn } };
}

function setTopicPolicy(resource: Resource, { sns }: Parts): Created {
  const policy = objectOf(resource, 'PolicyDocument');
  checkResourcePolicy('sns', policy, `policy of topics ${resource.logicalId}`);
  for (const topic of listOf(resource.properties.Topics)) sns.setTopicPolicy(text(topic, 'Topics'), policy);
  return { ref: resource.logicalId, attributes: { Id: resource.logicalId } };
}

function createQueue(resource: Resource, { sqs }: Parts): Created {
  const name = optionalText(resource, 'QueueName') ?? resource.generatedName({ max: 80 });
  const { RedrivePolicy } = resource.properties;
  const target = deadLetterArn(RedrivePolicy);
  const { arn, url } = sqs.createQueue({
    account: resource.stack.account,
    region: resource.stack.region,
    name,
    visibilityTimeout: optionalNumber(resource, 'VisibilityTimeout'),
    retention: optionalNumber(resource, 'MessageRetentionPeriod'),
    delay: optionalNumber(resource, 'DelaySeconds'),
    receiveWait: optionalNumber(resource, 'ReceiveMessageWaitTimeSeconds'),
    redrive:
      target === undefined ? undefined : { deadLetterArn: target, maxReceives: Number(object(RedrivePolicy, 'RedrivePolicy').maxReceiveCount) },
    kmsKeyArn: customerKey(resource, optionalText(resource, 'KmsMasterKeyId')),
  });
  return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } };
}

function setQueuePolicy(resource: Resource, { sqs }: Parts): Created {
  const policy = objectOf(resource, 'PolicyDocument');
  checkResourcePolicy('sqs', policy, `policy of queues ${resource.logicalId}`);
  for (const queue of listOf(resource.properties.Queues)) {
    const [account, name] = text(queue, 'Queues').split('/').slice(-2);
    sqs.setQueuePolicy(`arn:aws:sqs:${resource.stack.region}:${account}:${name}`, policy);
  }
  return { ref: resource.logicalId, attributes: { Id: resource.logicalId } };
}

function createSecret(resource: Resource, { secretsmanager }: Parts): Created {
  const name = optionalText(resource, 'Name') ?? resource.generatedName({ max: 512 });
  const arn = secretsmanager.createSecret({
    account: resource.stack.account,
    region: resource.stack.region,
    name,
    value: optionalText(resource, 'SecretString'),
    description: optionalText(resource, 'Description'),
    kmsKeyArn: customerKey(resource, optionalText(resource, 'KmsKeyId')),
  });
  return { ref: arn, attributes: { Id: arn } };
}

const notJudged = { Tags: 'no policy here asks for them' };

/** Topics, queues, and the secrets that messages to other services need. */
export const messagingTypes: ResourceType[] = [
  {
    type: 'AWS::SNS::Topic',
    honours: ['DisplayName', 'KmsMasterKeyId', 'Subscription.Endpoint', 'Subscription.Protocol', 'TopicName'],
    withoutEffect: { TracingConfig: 'there are no traces here', ...notJudged },
    create: createTopic,
  },
  {
    type: 'AWS::SNS::Subscription',
    honours: ['Endpoint', 'FilterPolicy', 'FilterPolicyScope', 'Protocol', 'RawMessageDelivery', 'RedrivePolicy.deadLetterTargetArn', 'TopicArn'],
    withoutEffect: { Region: "the topic's ARN says it" },
    create: subscribe,
  },
  { type: 'AWS::SNS::TopicPolicy', honours: ['PolicyDocument', 'Topics'], withoutEffect: {}, create: setTopicPolicy },
  {
    type: 'AWS::SQS::Queue',
    honours: [
      'DelaySeconds',
      'KmsMasterKeyId',
      'MessageRetentionPeriod',
      'QueueName',
      'ReceiveMessageWaitTimeSeconds',
      'RedrivePolicy.deadLetterTargetArn',
      'RedrivePolicy.maxReceiveCount',
      'VisibilityTimeout',
    ],
    withoutEffect: {
      KmsDataKeyReusePeriodSeconds: 'decides what KMS costs',
      RedriveAllowPolicy: 'queues of one owner send to each other',
      SqsManagedSseEnabled: "SQS's own keys ask nobody for permission",
      ...notJudged,
    },
    create: createQueue,
  },
  { type: 'AWS::SQS::QueuePolicy', honours: ['PolicyDocument', 'Queues'], withoutEffect: {}, create: setQueuePolicy },
  {
    type: 'AWS::SecretsManager::Secret',
    honours: ['Description', 'KmsKeyId', 'Name', 'SecretString'],
    withoutEffect: notJudged,
    create: createSecret,
  },
];
