import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  paginateQuery,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand as DocumentQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { TTL_LAG } from '../../local/services/dynamodb-ttl.ts';
import { AwsError } from '../../local/types.ts';
import { ACCOUNT, OTHER_ACCOUNT, REGION, rejection, START } from './base-world.ts';
import { createDynamoWorld, definition, item, TABLE, type DynamoWorld } from './dynamodb-world.ts';

let dynamo: DynamoWorld;
let world: DynamoWorld['world'];
let database: DynamoWorld['database'];
let client: DynamoDBClient;
let get: DynamoWorld['get'];

async function build(virtual = false): Promise<void> {
  dynamo = await createDynamoWorld({ virtual });
  ({ world, database, client, get } = dynamo);
}

beforeEach(() => build());
afterEach(() => world.close());

describe('tables', () => {
  it('are described as AWS does, and belong to their location', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: TABLE }));
    expect(Table).toMatchObject({
      TableArn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/record`,
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [{ IndexName: 'gsi1', IndexStatus: 'ACTIVE' }],
    });
    expect(Table?.CreationDateTime).toBeInstanceOf(Date);
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual([TABLE]);
    const elsewhere = new DynamoDBClient(world.config({ account: OTHER_ACCOUNT }));
    expect((await rejection(elsewhere.send(new DescribeTableCommand({ TableName: TABLE })))).name).toBe('ResourceNotFoundException');
  });

  it('refuse a second of the same name and a wrong definition', async () => {
    await expect(database.createTable(definition)).rejects.toThrow('Table already exists');
    await expect(database.createTable({ ...definition, name: 'x y' })).rejects.toThrow(AwsError);
  });

  it('ask for the permissions that AWS asks for', async () => {
    await client.send(
      new QueryCommand({
        TableName: TABLE,
        IndexName: 'gsi1',
        KeyConditionExpression: 'gsi1pk = :a',
        ExpressionAttributeValues: { ':a': { S: 'a' } },
      }),
    );
    const transact: TransactWriteItem[] = [
      { ConditionCheck: { TableName: TABLE, Key: item('a', '1'), ConditionExpression: 'attribute_not_exists(pk)' } },
      { Put: { TableName: TABLE, Item: item('a', '2') } },
    ];
    await client.send(new TransactWriteItemsCommand({ TransactItems: transact }));
    const arn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/record`;
    expect(world.asked.flatMap(({ access }) => access)).toEqual([
      `dynamodb:Query ${arn}/index/gsi1`,
      `dynamodb:ConditionCheckItem ${arn}`,
      `dynamodb:PutItem ${arn}`,
    ]);
  });

  it('with a customer key need the key, too', async () => {
    await database.createTable({ ...definition, name: 'secret', kmsKeyArn: 'arn:aws:kms:eu-central-1:1:key/k' });
    await client.send(new PutItemCommand({ TableName: 'secret', Item: item('a', '1') }));
    expect(dynamo.usedKeys).toEqual([`arn:aws:iam::${ACCOUNT}:role/Tester arn:aws:kms:eu-central-1:1:key/k kms:Decrypt`]);
    dynamo.deniedKeys.add('arn:aws:kms:eu-central-1:1:key/k');
    expect((await rejection(client.send(new ScanCommand({ TableName: 'secret' })))).name).toBe('AccessDeniedException');
  });
});

describe('items', () => {
  it('keep every type through the document client', async () => {
    const documents = DynamoDBDocumentClient.from(client);
    const Item = {
      pk: 'a',
      sk: '1',
      n: 1.5,
      b: new Uint8Array([1, 2, 255]),
      list: [1, 'x', null],
      map: { yes: true, no: false },
      set: new Set(['p', 'q']),
      empty: '',
    };
    await documents.send(new PutCommand({ TableName: TABLE, Item }));
    const { Item: read } = await documents.send(new GetCommand({ TableName: TABLE, Key: { pk: 'a', sk: '1' } }));
    expect({ ...read, b: new Uint8Array(read?.['b']) }).toEqual(Item);
  });

  it('come back when a condition on them fails, if asked for', async () => {
    await client.send(new PutItemCommand({ TableName: TABLE, Item: item('a', '1', { owner: { S: 'me' } }) }));
    const again = { TableName: TABLE, Item: item('a', '1'), ConditionExpression: 'attribute_not_exists(pk)' };
    const silent = await rejection(client.send(new PutItemCommand(again)));
    expect(silent).toBeInstanceOf(ConditionalCheckFailedException);
    expect(silent).toMatchObject({ message: 'The conditional request failed', Item: undefined });
    const telling = await rejection(client.send(new PutItemCommand({ ...again, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })));
    expect(telling.Item).toEqual(item('a', '1', { owner: { S: 'me' } }));
    const update = {
      TableName: TABLE,
      Key: item('none', '1'),
      UpdateExpression: 'SET a = :a',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':a': { S: 'a' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    expect((await rejection(client.send(new UpdateItemCommand(update)))).Item).toBeUndefined();
  });

  it('are counted up by concurrent conditional writers without a loss', async () => {
    const documents = DynamoDBDocumentClient.from(client);
    const add = () =>
      documents.send(
        new UpdateCommand({
          TableName: TABLE,
          Key: { pk: 'counter', sk: '0' },
          UpdateExpression: 'SET n = if_not_exists(n, :zero) + :one',
          ExpressionAttributeValues: { ':zero': 0, ':one': 1 },
        }),
      );
    await Promise.all(Array.from({ length: 25 }, add));
    expect(await get('counter', '0')).toMatchObject({ n: { N: '25' } });
  });

  it('are found page by page, by key and by index, in order', async () => {
    const documents = DynamoDBDocumentClient.from(client);
    const rows = Array.from({ length: 25 }, (_, index) => ({
      pk: 'p',
      sk: String(index).padStart(3, '0'),
      gsi1pk: 'g',
      gsi1sk: String(99 - index),
      odd: index % 2,
    }));
    await documents.send(new BatchWriteCommand({ RequestItems: { [TABLE]: rows.map((Item) => ({ PutRequest: { Item } })) } }));
    const pages: number[] = [];
    const query = {
      TableName: TABLE,
      IndexName: 'gsi1',
      KeyConditionExpression: 'gsi1pk = :g',
      FilterExpression: 'odd = :one',
      ExpressionAttributeValues: { ':g': { S: 'g' }, ':one': { N: '1' } },
    };
    for await (const page of paginateQuery({ client, pageSize: 10 }, query)) pages.push(page.Count ?? -1);
    expect(pages).toEqual([5, 5, 2]);
    const { Items } = await documents.send(
      new DocumentQuery({
        TableName: TABLE,
        KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
        ExpressionAttributeValues: { ':p': 'p', ':s': '01' },
        ScanIndexForward: false,
        Limit: 3,
        ProjectionExpression: 'sk',
      }),
    );
    expect(Items).toEqual([{ sk: '019' }, { sk: '018' }, { sk: '017' }]);
    const { Responses } = await client.send(new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: [item('p', '001'), item('p', '999')] } } }));
    expect(Responses?.[TABLE]).toHaveLength(1);
  });

  it('tell what they cost', async () => {
    const { ConsumedCapacity } = await client.send(
      new PutItemCommand({ TableName: TABLE, Item: item('a', '1', { x: { S: 'x'.repeat(3000) } }), ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect(ConsumedCapacity).toMatchObject({ TableName: TABLE, CapacityUnits: 3 });
  });

  it('are refused with AWS’s words when an expression is wrong', async () => {
    const wrong = await rejection(
      client.send(
        new UpdateItemCommand({
          TableName: TABLE,
          Key: item('a', '1'),
          UpdateExpression: 'SET #x = :v',
          ExpressionAttributeValues: { ':v': { S: 'a' } },
        }),
      ),
    );
    expect(wrong).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('An expression attribute name used in the document path is not defined'),
    });
  });
});

describe('items that expire', () => {
  beforeEach(async () => {
    await world.close();
    await build(true);
  });

  it('stay readable for hours, and then go without a reader', async () => {
    const clock = world.clock as VirtualClock;
    const soon = START / 1000 + 3600;
    await world.settle(client.send(new PutItemCommand({ TableName: TABLE, Item: item('a', 'soon', { ttl: { N: String(soon) } }) })));
    await world.settle(client.send(new PutItemCommand({ TableName: TABLE, Item: item('a', 'later', { ttl: { N: String(soon + 5 * 86_400) } }) })));
    await world.settle(client.send(new PutItemCommand({ TableName: TABLE, Item: item('a', 'ever') })));
    await clock.run(() => clock.now() >= soon * 1000 + TTL_LAG);
    await world.settle(clock.sleep(1000));
    const { Items } = await world.settle(client.send(new ScanCommand({ TableName: TABLE, ProjectionExpression: 'sk' })));
    expect(Items?.map(({ sk }) => sk?.S)).toEqual(['ever', 'later']);
    expect(clock.now()).toBe(START + 3_600_000 + TTL_LAG + 1000);
    await world.settle(clock.sleep(5 * 86_400_000 + TTL_LAG));
    expect(await world.settle(get('a', 'later'))).toBeUndefined();
  });

  it('are spared when an update gave them time in between, and when time to live is off', async () => {
    const clock = world.clock as VirtualClock;
    const soon = START / 1000 + 60;
    await world.settle(client.send(new PutItemCommand({ TableName: TABLE, Item: item('a', '1', { ttl: { N: String(soon) } }) })));
    const prolong = {
      TableName: TABLE,
      Key: item('a', '1'),
      UpdateExpression: 'SET #t = :t',
      ExpressionAttributeNames: { '#t': 'ttl' },
      ExpressionAttributeValues: { ':t': { N: String(soon + 86_400 * 30) } },
    };
    await world.settle(client.send(new UpdateItemCommand(prolong)));
    await world.settle(clock.sleep(20 * 86_400_000));
    expect(await world.settle(get('a', '1'))).toBeDefined();
    await world.settle(
      client.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification: { Enabled: false, AttributeName: 'ttl' } })),
    );
    expect((await world.settle(client.send(new DescribeTimeToLiveCommand({ TableName: TABLE })))).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'DISABLED',
    });
    await world.settle(clock.sleep(20 * 86_400_000));
    expect(await world.settle(get('a', '1'))).toBeDefined();
  });
});
