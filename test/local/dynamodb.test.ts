import {
  BatchGetItemCommand, ConditionalCheckFailedException, DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient, GetItemCommand,
  ListTablesCommand, PutItemCommand, QueryCommand, ScanCommand, TransactionCanceledException, TransactGetItemsCommand,
  TransactWriteItemsCommand, UpdateItemCommand, UpdateTimeToLiveCommand, paginateQuery, type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand as DocumentQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Entity, Service } from 'electrodb';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { createDynamoDb, type DynamoDb } from '../../local/services/dynamodb.ts';
import { TTL_LAG } from '../../local/services/dynamodb-ttl.ts';
import { AwsError } from '../../local/types.ts';
import { ACCOUNT, createBaseWorld, HOME, OTHER_ACCOUNT, REGION, rejection, START, type BaseWorld } from './base-world.ts';

const TABLE = 'record';
const usedKeys: string[] = [];
const denied = new Set<string>();
let world: BaseWorld;
let database: DynamoDb;
let client: DynamoDBClient;

const definition = {
  ...HOME,
  name: TABLE,
  attributes: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
  keys: [{ AttributeName: 'pk', KeyType: 'HASH' as const }, { AttributeName: 'sk', KeyType: 'RANGE' as const }],
  globalIndexes: [
    {
      IndexName: 'gsi1',
      KeySchema: [{ AttributeName: 'gsi1pk', KeyType: 'HASH' as const }, { AttributeName: 'gsi1sk', KeyType: 'RANGE' as const }],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
  timeToLive: 'ttl',
};

async function build(virtual = false): Promise<void> {
  world = createBaseWorld({ virtual });
  database = createDynamoDb(world.cloud, {
    useKey(caller, keyArn, actions) {
      usedKeys.push(`${caller.arn} ${keyArn} ${actions.join()}`);
      if (denied.has(keyArn)) throw new AwsError('AccessDeniedException', `not authorized to perform: ${actions.join()}`);
    },
  });
  world.add(database.service);
  await database.createTable(definition);
  client = new DynamoDBClient(world.config());
}

beforeEach(() => build());
afterEach(async () => {
  usedKeys.length = 0;
  denied.clear();
  await world.close();
});

function item(pk: string, sk: string, more = {}): Record<string, { S: string } | { N: string }> {
  return { pk: { S: pk }, sk: { S: sk }, ...more };
}

async function get(pk: string, sk: string): Promise<unknown> {
  return (await client.send(new GetItemCommand({ TableName: TABLE, Key: item(pk, sk) }))).Item;
}

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
    await client.send(new QueryCommand({ TableName: TABLE, IndexName: 'gsi1', KeyConditionExpression: 'gsi1pk = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } }));
    const transact: TransactWriteItem[] = [
      { ConditionCheck: { TableName: TABLE, Key: item('a', '1'), ConditionExpression: 'attribute_not_exists(pk)' } },
      { Put: { TableName: TABLE, Item: item('a', '2') } },
    ];
    await client.send(new TransactWriteItemsCommand({ TransactItems: transact }));
    const arn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/record`;
    expect(world.asked.flatMap(({ access }) => access)).toEqual([
      `dynamodb:Query ${arn}/index/gsi1`, `dynamodb:ConditionCheckItem ${arn}`, `dynamodb:PutItem ${arn}`,
    ]);
  });

  it('with a customer key need the key, too', async () => {
    await database.createTable({ ...definition, name: 'secret', kmsKeyArn: 'arn:aws:kms:eu-central-1:1:key/k' });
    await client.send(new PutItemCommand({ TableName: 'secret', Item: item('a', '1') }));
    expect(usedKeys).toEqual([`arn:aws:iam::${ACCOUNT}:role/Tester arn:aws:kms:eu-central-1:1:key/k kms:Decrypt`]);
    denied.add('arn:aws:kms:eu-central-1:1:key/k');
    expect((await rejection(client.send(new ScanCommand({ TableName: 'secret' })))).name).toBe('AccessDeniedException');
  });
});

describe('items', () => {
  it('keep every type through the document client', async () => {
    const documents = DynamoDBDocumentClient.from(client);
    const Item = { pk: 'a', sk: '1', n: 1.5, b: new Uint8Array([1, 2, 255]), list: [1, 'x', null], map: { yes: true, no: false }, set: new Set(['p', 'q']), empty: '' };
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
    const update = { TableName: TABLE, Key: item('none', '1'), UpdateExpression: 'SET a = :a', ConditionExpression: 'attribute_exists(pk)', ExpressionAttributeValues: { ':a': { S: 'a' } }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
    expect((await rejection(client.send(new UpdateItemCommand(update)))).Item).toBeUndefined();
  });

  it('are counted up by concurrent conditional writers without a loss', async () => {
    const documents = DynamoDBDocumentClient.from(client);
    const add = () => documents.send(new UpdateCommand({
      TableName: TABLE, Key: { pk: 'counter', sk: '0' }, UpdateExpression: 'SET n = if_not_exists(n, :zero) + :one', ExpressionAttributeValues: { ':zero': 0, ':one': 1 },
    }));
    await Promise.all(Array.from({ length: 25 }, add));
    expect(await get('counter', '0')).toMatchObject({ n: { N: '25' } });
  });

  it('are found page by page, by key and by index, in order', async () => {
    const documents = DynamoDBDocumentClient.from(client);
    const rows = Array.from({ length: 25 }, (_, index) => ({ pk: 'p', sk: String(index).padStart(3, '0'), gsi1pk: 'g', gsi1sk: String(99 - index), odd: index % 2 }));
    await documents.send(new BatchWriteCommand({ RequestItems: { [TABLE]: rows.map((Item) => ({ PutRequest: { Item } })) } }));
    const pages: number[] = [];
    const query = { TableName: TABLE, IndexName: 'gsi1', KeyConditionExpression: 'gsi1pk = :g', FilterExpression: 'odd = :one', ExpressionAttributeValues: { ':g': { S: 'g' }, ':one': { N: '1' } } };
    for await (const page of paginateQuery({ client, pageSize: 10 }, query)) pages.push(page.Count ?? -1);
    expect(pages).toEqual([5, 5, 2]);
    const { Items } = await documents.send(new DocumentQuery({
      TableName: TABLE, KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)', ExpressionAttributeValues: { ':p': 'p', ':s': '01' }, ScanIndexForward: false, Limit: 3, ProjectionExpression: 'sk',
    }));
    expect(Items).toEqual([{ sk: '019' }, { sk: '018' }, { sk: '017' }]);
    const { Responses } = await client.send(new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: [item('p', '001'), item('p', '999')] } } }));
    expect(Responses?.[TABLE]).toHaveLength(1);
  });

  it('tell what they cost', async () => {
    const { ConsumedCapacity } = await client.send(new PutItemCommand({ TableName: TABLE, Item: item('a', '1', { x: { S: 'x'.repeat(3000) } }), ReturnConsumedCapacity: 'TOTAL' }));
    expect(ConsumedCapacity).toMatchObject({ TableName: TABLE, CapacityUnits: 3 });
  });

  it('are refused with AWS’s words when an expression is wrong', async () => {
    const wrong = await rejection(client.send(new UpdateItemCommand({ TableName: TABLE, Key: item('a', '1'), UpdateExpression: 'SET #x = :v', ExpressionAttributeValues: { ':v': { S: 'a' } } })));
    expect(wrong).toMatchObject({ name: 'ValidationException', message: expect.stringContaining('An expression attribute name used in the document path is not defined') });
  });
});

describe('transactions', () => {
  const putNew = (sk: string): TransactWriteItem => ({
    Put: { TableName: TABLE, Item: item('t', sk), ConditionExpression: 'attribute_not_exists(pk)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
  });

  it('do all of it', async () => {
    await client.send(new PutItemCommand({ TableName: TABLE, Item: item('t', 'gone') }));
    const TransactItems: TransactWriteItem[] = [
      putNew('1'),
      { Update: { TableName: TABLE, Key: item('t', '2'), UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': { N: '1' } } } },
      { Delete: { TableName: TABLE, Key: item('t', 'gone') } },
    ];
    const { ConsumedCapacity } = await client.send(new TransactWriteItemsCommand({ TransactItems, ReturnConsumedCapacity: 'TOTAL' }));
    expect(ConsumedCapacity).toEqual([{ TableName: TABLE, CapacityUnits: 6, WriteCapacityUnits: 6 }]);
    const { Responses } = await client.send(new TransactGetItemsCommand({ TransactItems: ['1', '2', 'gone'].map((sk) => ({ Get: { TableName: TABLE, Key: item('t', sk) } })) }));
    expect(Responses).toEqual([{ Item: item('t', '1') }, { Item: item('t', '2', { n: { N: '1' } }) }, {}]);
  });

  it('do nothing when one condition fails, and give a reason for each', async () => {
    await client.send(new PutItemCommand({ TableName: TABLE, Item: item('t', '2', { by: { S: 'other' } }) }));
    const refused = await rejection(client.send(new TransactWriteItemsCommand({ TransactItems: [putNew('1'), putNew('2')] })));
    expect(refused).toBeInstanceOf(TransactionCanceledException);
    expect(refused.message).toBe('Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]');
    expect(refused.CancellationReasons).toEqual([
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: item('t', '2', { by: { S: 'other' } }) },
    ]);
    expect(await get('t', '1')).toBeUndefined();
  });

  it('take back what they did when a later part can’t be done', async () => {
    await client.send(new PutItemCommand({ TableName: TABLE, Item: item('t', 'text', { n: { S: 'five' } }) }));
    const refused = await rejection(client.send(new TransactWriteItemsCommand({
      TransactItems: [putNew('1'), { Update: { TableName: TABLE, Key: item('t', 'text'), UpdateExpression: 'SET n = n + :one', ExpressionAttributeValues: { ':one': { N: '1' } } } }],
    })));
    expect(refused.CancellationReasons.map(({ Code }: { Code: string }) => Code)).toEqual(['None', 'ValidationError']);
    expect(await get('t', '1')).toBeUndefined();
  });

  it('are refused when they touch one item twice or are too many', async () => {
    const twice = [putNew('1'), { Delete: { TableName: TABLE, Key: item('t', '1') } }];
    expect((await rejection(client.send(new TransactWriteItemsCommand({ TransactItems: twice })))).message).toBe('Transaction request cannot include multiple operations on one item');
    const many = Array.from({ length: 101 }, (_, index) => putNew(String(index)));
    expect((await rejection(client.send(new TransactWriteItemsCommand({ TransactItems: many })))).name).toBe('ValidationException');
  });

  it('repeated under their token are done once', async () => {
    const write = new TransactWriteItemsCommand({ TransactItems: [putNew('1')], ClientRequestToken: 'token' });
    await client.send(write);
    await client.send(write);
    const other = new TransactWriteItemsCommand({ TransactItems: [putNew('9')], ClientRequestToken: 'token' });
    expect((await rejection(client.send(other))).name).toBe('IdempotentParameterMismatchException');
  });

  it('never show a part of themselves', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 12 }), async (amounts) => {
      const moves = amounts.map((amount, index) => client.send(new TransactWriteItemsCommand({
        TransactItems: [['from', -amount], ['to', amount]].map(([sk, by]) => ({
          Update: { TableName: TABLE, Key: item(`m${amounts.length}`, String(sk)), UpdateExpression: 'ADD n :by', ExpressionAttributeValues: { ':by': { N: String(by) } } },
        })),
      })).then(() => index));
      const look = () => client.send(new TransactGetItemsCommand({ TransactItems: ['from', 'to'].map((sk) => ({ Get: { TableName: TABLE, Key: item(`m${amounts.length}`, sk) } })) }));
      const seen = await Promise.all([...moves.map(() => look()), look()]);
      await Promise.all(moves);
      for (const { Responses } of seen) expect(Responses?.reduce((sum, { Item }) => sum + Number(Item?.['n']?.N ?? 0), 0)).toBe(0);
    }), { numRuns: 15 });
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
    const prolong = { TableName: TABLE, Key: item('a', '1'), UpdateExpression: 'SET #t = :t', ExpressionAttributeNames: { '#t': 'ttl' }, ExpressionAttributeValues: { ':t': { N: String(soon + 86_400 * 30) } } };
    await world.settle(client.send(new UpdateItemCommand(prolong)));
    await world.settle(clock.sleep(20 * 86_400_000));
    expect(await world.settle(get('a', '1'))).toBeDefined();
    await world.settle(client.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification: { Enabled: false, AttributeName: 'ttl' } })));
    expect((await world.settle(client.send(new DescribeTimeToLiveCommand({ TableName: TABLE })))).TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' });
    await world.settle(clock.sleep(20 * 86_400_000));
    expect(await world.settle(get('a', '1'))).toBeDefined();
  });
});

describe('electrodb', () => {
  it('creates, patches, queries and transacts', async () => {
    const indexes = {
      primary: { pk: { field: 'pk', composite: ['id'] as const }, sk: { field: 'sk', composite: [] as const } },
      byState: { index: 'gsi1', pk: { field: 'gsi1pk', composite: ['state'] as const }, sk: { field: 'gsi1sk', composite: ['id'] as const } },
    };
    const Node = new Entity({
      model: { entity: 'node', version: '1', service: 'wavelock' },
      attributes: { id: { type: 'string', required: true }, state: { type: 'string', required: true }, count: { type: 'number', default: 0 } },
      indexes,
    } as const, { client, table: TABLE });
    const Fleet = new Service({ node: Node });
    await Node.create({ id: 'i-1', state: 'free' }).go();
    await expect(Node.create({ id: 'i-1', state: 'free' }).go()).rejects.toThrow('conditional');
    await Node.patch({ id: 'i-1' }).set({ state: 'held' }).add({ count: 2 }).where(({ state }, { eq }) => eq(state, 'free')).go();
    const { data } = await Node.query.byState({ state: 'held' }).go();
    expect(data).toEqual([{ id: 'i-1', state: 'held', count: 2 }]);
    const outcome = await Fleet.transaction.write(({ node }) => [
      node.create({ id: 'i-2', state: 'free' }).commit(),
      node.create({ id: 'i-1', state: 'free' }).commit({ response: 'all_old' }),
    ]).go();
    expect(outcome.canceled).toBe(true);
    expect(outcome.data.map(({ code }) => code)).toEqual(['None', 'ConditionalCheckFailed']);
    expect(outcome.data[1]?.item).toMatchObject({ id: 'i-1', state: 'held' });
    expect((await Node.get({ id: 'i-2' }).go()).data).toBeNull();
  });
});
