import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { ConditionalCheckFailedException, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateScheduleCommand, DeleteScheduleCommand, GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { DescribeExecutionCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetTopicAttributesCommand, ListTopicsCommand, NotFoundException, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { QueueDoesNotExist, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, ParameterNotFound, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError, type Input, type Service } from '../../local/types.ts';
import { createBaseWorld, rejection, type BaseWorld } from './base-world.ts';

type Handlers = Record<string, (input: Input) => unknown>;

/** What the last call of an operation came in with. */
const seen: Record<string, Input> = {};

function service(name: string, sdk: string, handlers: Handlers): Service {
  const operations = Object.entries(handlers).map(([operation, handler]) => [
    operation,
    { access: () => [], run: (input: Input) => handler((seen[operation] = input)) },
  ]);
  return { name, sdk: `@aws-sdk/client-${sdk}`, operations: Object.fromEntries(operations) };
}

function fail(code: string, message: string, members?: Record<string, unknown>): never {
  throw new AwsError(code, message, 400, members);
}

const services = [
  service('ssm', 'ssm', {
    SendCommand: () => ({ Command: { CommandId: 'c-1', RequestedDateTime: new Date(5250), Status: 'Pending', TargetCount: 1 } }),
    GetParameter: () => fail('ParameterNotFound', 'no such parameter'),
    DescribeInstanceInformation: () => ({ InstanceInformationList: [{ PingStatuss: 'Online' }] }),
    ListCommands: () => {
      throw new TypeError('a bug');
    },
  }),
  service('dynamodb', 'dynamodb', {
    PutItem: () =>
      fail('ConditionalCheckFailedException', 'The conditional request failed', {
        Item: { pk: { S: 'a' }, b: { B: new Uint8Array([1, 2]) } },
      }),
    GetItem: () => ({ Item: { b: { B: new Uint8Array([3, 4]) }, l: { L: [{ N: '1' }, { M: { x: { BOOL: false } } }] } } }),
  }),
  service('states', 'sfn', {
    DescribeExecution: (input) => ({
      executionArn: input.executionArn,
      stateMachineArn: 'm',
      status: 'RUNNING',
      startDate: new Date(1000),
    }),
    SendTaskSuccess: () => fail('TaskTimedOut', 'too late'),
  }),
  service('sns', 'sns', {
    Publish: () => ({ MessageId: 'm-1' }),
    ListTopics: () => ({ Topics: [{ TopicArn: 'a&b' }, { TopicArn: '<c>' }] }),
    GetTopicAttributes: (input) =>
      input.TopicArn === 'none' ? fail('NotFoundException', 'Topic does not exist') : { Attributes: { Owner: '1', Policy: '{"a":1}' } },
  }),
  service('ec2', 'ec2', {
    DescribeInstances: (input) =>
      input.InstanceIds?.[0] === 'i-0'
        ? fail('InvalidInstanceID.NotFound', "The instance ID 'i-0' does not exist")
        : {
            Reservations: [
              {
                Instances: [{ InstanceId: 'i-1', State: { Name: 'running', Code: 16 }, Tags: [{ Key: 'a', Value: 'b' }], LaunchTime: new Date(0) }],
              },
            ],
          },
  }),
  service('scheduler', 'scheduler', {
    CreateSchedule: () => ({ ScheduleArn: 'arn:s' }),
    GetSchedule: (input) => ({ Name: input.Name, CreationDate: new Date(7000), FlexibleTimeWindow: { Mode: 'OFF' } }),
    DeleteSchedule: () => fail('ResourceNotFoundException', 'Schedule x does not exist.'),
  }),
  service('lambda', 'lambda', {
    Invoke: (input) => ({
      StatusCode: 200,
      FunctionError: 'Unhandled',
      Payload: Buffer.from(JSON.stringify({ got: JSON.parse(Buffer.from(input.Payload).toString()) })),
    }),
    ListFunctions: () => ({ Functions: [{ FunctionName: 'f', Environment: { Variables: { A: 'b' } } }] }),
  }),
  service('sts', 'sts', {
    AssumeRole: (input) => ({
      Credentials: { AccessKeyId: 'ASIA1', SecretAccessKey: 's', SessionToken: 't', Expiration: new Date(9e12) },
      AssumedRoleUser: { Arn: input.RoleArn, AssumedRoleId: 'x:y' },
    }),
  }),
  service('events', 'eventbridge', {
    PutEvents: (input) => ({ FailedEntryCount: 0, Entries: input.Entries.map(() => ({ EventId: 'e' })) }),
  }),
  service('monitoring', 'cloudwatch', {
    PutMetricData: () => undefined,
    DescribeAlarms: () => ({ MetricAlarms: [{ AlarmName: 'a', StateValue: 'ALARM', StateUpdatedTimestamp: new Date(0) }] }),
  }),
  service('sqs', 'sqs', { ReceiveMessage: () => fail('QueueDoesNotExist', 'The specified queue does not exist.') }),
  service('s3', 's3', {
    GetObject: (input) =>
      input.Key === 'none'
        ? fail('NoSuchKey', 'The specified key does not exist.')
        : { Body: Buffer.from('content'), ContentLength: 7, LastModified: new Date(0), Metadata: { a: 'b' } },
    HeadObject: () => fail('NoSuchKey', 'The specified key does not exist.'),
    PutObject: () => ({ ETag: '"e"' }),
    ListObjectsV2: () => ({
      Name: 'b',
      IsTruncated: false,
      KeyCount: 2,
      Contents: [{ Key: 'a/../b c&d', Size: 1, LastModified: new Date(0) }, { Key: 'e' }],
    }),
  }),
];

describe.each(['in process', 'over loopback'])('the wire, %s', (way) => {
  let world: BaseWorld;
  let config: Input;

  beforeAll(async () => {
    world = createBaseWorld();
    world.add(...services);
    if (way === 'over loopback') await world.overSocket();
    config = world.config();
  });
  afterAll(() => world.close());

  it('speaks AWS JSON 1.1: lists, maps, timestamps with milliseconds', async () => {
    const reply = await new SSMClient(config).send(
      new SendCommandCommand({ DocumentName: 'D', InstanceIds: ['i'], Parameters: { Operation: ['Scan'] } }),
    );
    expect(reply.Command?.RequestedDateTime?.getTime()).toBe(5250);
    expect(seen['SendCommand']).toEqual({ DocumentName: 'D', InstanceIds: ['i'], Parameters: { Operation: ['Scan'] } });
    expect(reply.$metadata.requestId).toMatch(/^[\da-f-]{36}$/);
  });

  it('gives modelled errors their class, status and members', async () => {
    expect(await rejection(new SSMClient(config).send(new GetParameterCommand({ Name: 'x' })))).toBeInstanceOf(ParameterNotFound);
    const refused = await rejection(new DynamoDBClient(config).send(new PutItemCommand({ TableName: 't', Item: {} })));
    expect(refused).toBeInstanceOf(ConditionalCheckFailedException);
    expect(refused.Item).toEqual({ pk: { S: 'a' }, b: { B: new Uint8Array([1, 2]) } });
    expect(await rejection(new SFNClient(config).send(new SendTaskSuccessCommand({ taskToken: 't', output: '{}' })))).toMatchObject({
      name: 'TaskTimedOut',
      message: 'too late',
    });
  });

  it('speaks AWS JSON 1.0: recursive values, bytes', async () => {
    const { Item } = await new DynamoDBClient(config).send(new GetItemCommand({ TableName: 't', Key: { pk: { B: new Uint8Array([9]) } } }));
    expect(Item).toEqual({ b: { B: new Uint8Array([3, 4]) }, l: { L: [{ N: '1' }, { M: { x: { BOOL: false } } }] } });
    expect(seen['GetItem'].Key.pk.B).toEqual(new Uint8Array([9]));
    expect((await new SFNClient(config).send(new DescribeExecutionCommand({ executionArn: 'x' }))).startDate?.getTime()).toBe(1000);
  });

  it('speaks Query: maps with entries, bytes, escapes both ways, codes of errors', async () => {
    const sns = new SNSClient(config);
    const attributes = { a: { DataType: 'String', StringValue: 'b' }, z: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) } };
    expect((await sns.send(new PublishCommand({ TopicArn: 't', Message: 'h&<é\n', MessageAttributes: attributes }))).MessageId).toBe('m-1');
    expect(seen['Publish']).toEqual({ TopicArn: 't', Message: 'h&<é\n', MessageAttributes: attributes });
    expect((await sns.send(new ListTopicsCommand({}))).Topics?.map((topic) => topic.TopicArn)).toEqual(['a&b', '<c>']);
    expect((await sns.send(new GetTopicAttributesCommand({ TopicArn: 't' }))).Attributes).toEqual({ Owner: '1', Policy: '{"a":1}' });
    const missing = await rejection(sns.send(new GetTopicAttributesCommand({ TopicArn: 'none' })));
    expect(missing).toBeInstanceOf(NotFoundException);
    expect(missing.$metadata.httpStatusCode).toBe(404);
    const role = await new STSClient(config).send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::123456789012:role/x', RoleSessionName: 'ss' }));
    expect(role.Credentials?.Expiration?.getTime()).toBe(9e12);
  });

  it('speaks EC2 Query: numbered lists, filters, codes with dots', async () => {
    const ec2 = new EC2Client(config);
    const input = { InstanceIds: ['i-1', 'i-2'], Filters: [{ Name: 'tag:a', Values: ['b', 'c'] }], MaxResults: 5 };
    const { Reservations } = await ec2.send(new DescribeInstancesCommand(input));
    expect(seen['DescribeInstances']).toEqual(input);
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      State: { Code: 16 },
      Tags: [{ Key: 'a', Value: 'b' }],
      LaunchTime: new Date(0),
    });
    expect(await rejection(ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-0'] })))).toMatchObject({
      name: 'InvalidInstanceID.NotFound',
    });
  });

  it('speaks REST JSON: labels, headers, whole payloads, status of errors', async () => {
    const scheduler = new SchedulerClient(config);
    const target = { Arn: 'a', RoleArn: 'r', Input: '{}' };
    await scheduler.send(
      new CreateScheduleCommand({
        Name: 's 1',
        ScheduleExpression: 'rate(1 day)',
        StartDate: new Date(86_400_000),
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: target,
      }),
    );
    expect(seen['CreateSchedule']).toMatchObject({ Name: 's 1', StartDate: new Date(86_400_000), Target: target });
    expect((await scheduler.send(new GetScheduleCommand({ Name: 'x' }))).CreationDate?.getTime()).toBe(7000);
    expect((await rejection(scheduler.send(new DeleteScheduleCommand({ Name: 'x' })))).$metadata.httpStatusCode).toBe(404);
    const lambda = new LambdaClient(config);
    const reply = await lambda.send(
      new InvokeCommand({ FunctionName: 'arn:aws:lambda:us-east-1:1:function:f', InvocationType: 'Event', Payload: '{"a":1}' }),
    );
    expect(reply.FunctionError).toBe('Unhandled');
    expect(reply.Payload?.transformToString()).toBe('{"got":{"a":1}}');
    expect(seen['Invoke']).toMatchObject({ FunctionName: 'arn:aws:lambda:us-east-1:1:function:f', InvocationType: 'Event' });
    expect((await lambda.send(new ListFunctionsCommand({ MaxItems: 3 }))).Functions?.[0]?.Environment?.Variables).toEqual({ A: 'b' });
    expect(seen['ListFunctions']).toEqual({ MaxItems: 3 });
  });

  it('speaks REST XML: metadata, streamed and chunked bodies, odd keys, flat lists', async () => {
    const s3 = new S3Client(config);
    const put = new PutObjectCommand({
      Bucket: 'b',
      Key: 'a/../b c&é',
      Body: Readable.from([Buffer.from('one'), Buffer.from('two')]),
      ContentLength: 6,
      Metadata: { x: 'y' },
    });
    expect((await s3.send(put)).ETag).toBe('"e"');
    expect(seen['PutObject']).toMatchObject({ Bucket: 'b', Key: 'a/../b c&é', Metadata: { x: 'y' } });
    expect(Buffer.from(seen['PutObject'].Body).toString()).toBe('onetwo');
    expect(seen['PutObject'].ChecksumCRC32).toMatch(/^.{6}==$/);
    const object = await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
    expect(await object.Body?.transformToString()).toBe('content');
    expect(object).toMatchObject({ ContentLength: 7, LastModified: new Date(0), Metadata: { a: 'b' } });
    const list = await s3.send(new ListObjectsV2Command({ Bucket: 'b', MaxKeys: 2, Prefix: 'p/' }));
    expect(list.Contents?.map(({ Key }) => Key)).toEqual(['a/../b c&d', 'e']);
    expect(seen['ListObjectsV2']).toEqual({ Bucket: 'b', MaxKeys: 2, Prefix: 'p/' });
    expect((await rejection(s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'none' })))).name).toBe('NoSuchKey');
    expect((await rejection(s3.send(new HeadObjectCommand({ Bucket: 'b', Key: 'none' })))).name).toBe('NotFound');
  });

  it('reads large requests that a client compressed', async () => {
    const data = Array.from({ length: 300 }, (_, index) => ({ MetricName: `metric-with-a-rather-long-name-${index}`, Value: index }));
    await new CloudWatchClient(config).send(new PutMetricDataCommand({ Namespace: 'n', MetricData: data }));
    expect(seen['PutMetricData'].MetricData).toEqual(data);
    expect((await new CloudWatchClient(config).send(new DescribeAlarmsCommand({}))).MetricAlarms?.[0]?.StateUpdatedTimestamp?.getTime()).toBe(0);
    expect(
      (await new EventBridgeClient(config).send(new PutEventsCommand({ Entries: [{ Source: 'a', DetailType: 'b', Detail: '{}' }] })))
        .FailedEntryCount,
    ).toBe(0);
  });

  it('tells clients that came from Query the old code, too', async () => {
    const missing = await rejection(
      new SQSClient(config).send(new ReceiveMessageCommand({ QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/1/q' })),
    );
    expect(missing).toBeInstanceOf(QueueDoesNotExist);
    expect(missing.Code).toBe('AWS.SimpleQueueService.NonExistentQueue');
  });

  it('names what it does not know', async () => {
    const { ListDocumentsCommand } = await import('@aws-sdk/client-ssm');
    const unknown = await rejection(new SSMClient(config).send(new ListDocumentsCommand({})));
    expect(unknown).toMatchObject({ name: 'UnknownOperationException', message: 'embedded AWS does not know ssm:ListDocuments' });
    const { KMSClient, ListKeysCommand } = await import('@aws-sdk/client-kms');
    expect((await rejection(new KMSClient(config).send(new ListKeysCommand({})))).message).toContain('does not know the service kms');
    const { ListBucketsCommand } = await import('@aws-sdk/client-s3');
    expect((await rejection(new S3Client(config).send(new ListBucketsCommand({})))).name).toBe('NotImplemented');
  });

  it('refuses requests of nobody', async () => {
    const strangers = { ...config, credentials: { accessKeyId: 'AKIASTRANGER', secretAccessKey: 's' } };
    expect((await rejection(new SSMClient(strangers).send(new GetParameterCommand({ Name: 'x' })))).name).toBe('UnrecognizedClientException');
    expect((await rejection(new SNSClient(strangers).send(new ListTopicsCommand({})))).name).toBe('InvalidClientTokenId');
    const late = { ...config, credentials: { accessKeyId: 'ASIAEXPIRED', secretAccessKey: 's' } };
    expect((await rejection(new SSMClient(late).send(new GetParameterCommand({ Name: 'x' })))).name).toBe('ExpiredTokenException');
    expect((await rejection(new SNSClient(late).send(new ListTopicsCommand({})))).name).toContain('ExpiredToken');
    expect((await rejection(new S3Client(late).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' })))).name).toBe('ExpiredToken');
    const unsigned = await world.wire.answer({ method: 'POST', url: '/', headers: {}, body: Buffer.alloc(0) });
    expect(unsigned).toMatchObject({ status: 403, headers: { 'x-amzn-errortype': 'MissingAuthenticationToken' } });
  });

  it('holds services to their schemas', async () => {
    const { DescribeInstanceInformationCommand, ListCommandsCommand } = await import('@aws-sdk/client-ssm');
    const ssm = new SSMClient({ ...config, maxAttempts: 1 });
    const wrong = await rejection(ssm.send(new DescribeInstanceInformationCommand({})));
    expect(wrong.message).toContain('DescribeInstanceInformation.InstanceInformationList[0] has no member PingStatuss');
    expect((await rejection(ssm.send(new ListCommandsCommand({})))).message).toBe('embedded AWS failed in ssm:ListCommands: a bug');
  });
});

describe('a request', () => {
  const world = createBaseWorld();
  world.add(...services);
  afterAll(() => world.close());

  async function post(target: string, body: unknown): Promise<{ status: number; body: Input }> {
    const authorization = 'AWS4-HMAC-SHA256 Credential=ASIA111111111111/20261123/eu-central-1/ssm/aws4_request, Signature=0';
    const response = await world.wire.answer({
      method: 'POST',
      url: '/',
      headers: { authorization, 'x-amz-target': target },
      body: Buffer.from(JSON.stringify(body)),
    });
    return { status: response.status, body: JSON.parse(String(response.body)) };
  }

  function presigned(date: string) {
    const query = new URLSearchParams({
      'x-id': 'GetObject',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'ASIA111111111111/20261123/eu-central-1/s3/aws4_request',
      'X-Amz-Date': date,
      'X-Amz-Expires': '900',
    });
    return world.wire.answer({ method: 'GET', url: `/b/k?${query.toString()}`, headers: {}, body: Buffer.alloc(0) });
  }

  it('with members that the operation does not have is refused, where AWS would ignore them', async () => {
    const { status, body } = await post('AmazonSSM.SendCommand', { DocumentName: 'D', instanceIds: ['i'] });
    expect({ status, body }).toEqual({
      status: 400,
      body: { __type: 'SerializationException', message: 'SendCommand has no member instanceIds; did you mean InstanceIds?' },
    });
  });

  it('that cannot be read is the client’s mistake, not a fault of the embedded AWS', async () => {
    const sign = (name: string) => `AWS4-HMAC-SHA256 Credential=ASIA111111111111/20261123/eu-central-1/${name}/aws4_request, Signature=0`;
    const ask = (name: string, url: string, headers: Record<string, string>, body = '') =>
      world.wire.answer({
        method: body === '' ? 'GET' : 'POST',
        url,
        headers: { authorization: sign(name), ...headers },
        body: Buffer.from(body),
      });
    const path = await ask('s3', '/b/%E0%A4%A', {});
    expect([path.status, String(path.body)]).toEqual([400, expect.stringContaining('<Code>InvalidURI</Code>')]);
    const packed = await ask('ssm', '/', { 'x-amz-target': 'AmazonSSM.SendCommand', 'content-encoding': 'gzip' }, 'not packed');
    expect([packed.status, String(packed.body)]).toEqual([400, expect.stringContaining('SerializationException')]);
  });

  it('without a member that the operation needs is refused', async () => {
    expect((await post('AmazonSSM.SendCommand', {})).body).toMatchObject({
      Message: expect.stringContaining("Value at 'SendCommand.DocumentName' failed to satisfy constraint"),
    });
    expect(() => world.wire.checkInput('ssm', 'SendCommand', {})).toThrow(/Value at 'SendCommand.DocumentName'/);
  });

  it('with a value of another type is refused', async () => {
    expect((await post('AmazonSSM.SendCommand', { DocumentName: 5 })).body.message).toBe('SendCommand.DocumentName must be a string, not 5');
    expect((await post('AmazonSSM.SendCommand', { DocumentName: 'D', InstanceIds: 'i' })).body.message).toBe(
      'SendCommand.InstanceIds must be a list, not "i"',
    );
    expect(() => world.wire.checkInput('ssm', 'SendCommand', { DocumentName: 'D', Foo: 1 })).toThrow('SendCommand has no member Foo');
  });

  it('presigned, is the signer’s until it expires', async () => {
    const now = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    expect(Buffer.from((await presigned(now)).body).toString()).toBe('content');
    expect((await presigned('20200101T000000Z')).status).toBe(403);
  });
});

describe('the SDK', () => {
  it('is pinned exactly, because the wire is read from its tables', () => {
    const { dependencies } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('../../package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const loose = Object.entries(dependencies).filter(([name, version]) => /^@(aws-sdk|smithy)\//.test(name) && !/^\d+\.\d+\.\d+$/.test(version));
    expect(loose).toEqual([]);
  });
});
