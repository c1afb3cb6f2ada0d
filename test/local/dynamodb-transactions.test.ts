import {
  PutItemCommand,
  TransactionCanceledException,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { Entity, Service } from 'electrodb';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from './base-world.ts';
import { createDynamoWorld, item, TABLE, type DynamoWorld } from './dynamodb-world.ts';

let client: DynamoDBClient;
let get: DynamoWorld['get'];
let close: () => Promise<void>;

beforeEach(async () => {
  const dynamo = await createDynamoWorld();
  ({ client, get } = dynamo);
  close = () => dynamo.world.close();
});
afterEach(() => close());

function putNew(sk: string): TransactWriteItem {
  const Item = item('t', sk);
  return {
    Put: { TableName: TABLE, Item, ConditionExpression: 'attribute_not_exists(pk)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
  };
}

describe('transactions', () => {
  it('do all of it', async () => {
    await client.send(new PutItemCommand({ TableName: TABLE, Item: item('t', 'gone') }));
    const TransactItems: TransactWriteItem[] = [
      putNew('1'),
      {
        Update: {
          TableName: TABLE,
          Key: item('t', '2'),
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        },
      },
      { Delete: { TableName: TABLE, Key: item('t', 'gone') } },
    ];
    const { ConsumedCapacity } = await client.send(new TransactWriteItemsCommand({ TransactItems, ReturnConsumedCapacity: 'TOTAL' }));
    expect(ConsumedCapacity).toEqual([{ TableName: TABLE, CapacityUnits: 6, WriteCapacityUnits: 6 }]);
    const { Responses } = await client.send(
      new TransactGetItemsCommand({ TransactItems: ['1', '2', 'gone'].map((sk) => ({ Get: { TableName: TABLE, Key: item('t', sk) } })) }),
    );
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
    const refused = await rejection(
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            putNew('1'),
            {
              Update: {
                TableName: TABLE,
                Key: item('t', 'text'),
                UpdateExpression: 'SET n = n + :one',
                ExpressionAttributeValues: { ':one': { N: '1' } },
              },
            },
          ],
        }),
      ),
    );
    expect(refused.CancellationReasons.map(({ Code }: { Code: string }) => Code)).toEqual(['None', 'ValidationError']);
    expect(await get('t', '1')).toBeUndefined();
  });

  it('are refused when they touch one item twice or are too many', async () => {
    const twice = [putNew('1'), { Delete: { TableName: TABLE, Key: item('t', '1') } }];
    expect((await rejection(client.send(new TransactWriteItemsCommand({ TransactItems: twice })))).message).toBe(
      'Transaction request cannot include multiple operations on one item',
    );
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

  it('lose to a plain write or win over it, and never both', async () => {
    for (let round = 0; round < 20; round++) {
      const sk = `race-${round}`;
      const plain = new PutItemCommand({ TableName: TABLE, Item: item('t', sk), ConditionExpression: 'attribute_not_exists(pk)' });
      const outcomes = await Promise.allSettled([
        client.send(new TransactWriteItemsCommand({ TransactItems: [sk, `${sk}-1`, `${sk}-2`, `${sk}-3`].map(putNew) })),
        client.send(plain),
      ]);
      const names = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : 'done'));
      expect(['TransactionCanceledException done', 'done ConditionalCheckFailedException']).toContain(names.join(' '));
    }
  });

  it('never show a part of themselves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 12 }), async (amounts) => {
        const moves = amounts.map((amount, index) =>
          client
            .send(
              new TransactWriteItemsCommand({
                TransactItems: [
                  ['from', -amount],
                  ['to', amount],
                ].map(([sk, by]) => ({
                  Update: {
                    TableName: TABLE,
                    Key: item(`m${amounts.length}`, String(sk)),
                    UpdateExpression: 'ADD n :by',
                    ExpressionAttributeValues: { ':by': { N: String(by) } },
                  },
                })),
              }),
            )
            .then(() => index),
        );
        const look = () =>
          client.send(
            new TransactGetItemsCommand({
              TransactItems: ['from', 'to'].map((sk) => ({ Get: { TableName: TABLE, Key: item(`m${amounts.length}`, sk) } })),
            }),
          );
        const seen = await Promise.all([...moves.map(() => look()), look()]);
        await Promise.all(moves);
        for (const { Responses } of seen) expect(Responses?.reduce((sum, { Item }) => sum + Number(Item?.['n']?.N ?? 0), 0)).toBe(0);
      }),
      { numRuns: 15 },
    );
  });
});

describe('electrodb', () => {
  it('creates, patches, queries and transacts', async () => {
    const indexes = {
      primary: { pk: { field: 'pk', composite: ['id'] as const }, sk: { field: 'sk', composite: [] as const } },
      byState: {
        index: 'gsi1',
        pk: { field: 'gsi1pk', composite: ['state'] as const },
        sk: { field: 'gsi1sk', composite: ['id'] as const },
      },
    };
    const Node = new Entity(
      {
        model: { entity: 'node', version: '1', service: 'wavelock' },
        attributes: {
          id: { type: 'string', required: true },
          state: { type: 'string', required: true },
          count: { type: 'number', default: 0 },
        },
        indexes,
      } as const,
      { client, table: TABLE },
    );
    const Fleet = new Service({ node: Node });
    await Node.create({ id: 'i-1', state: 'free' }).go();
    await expect(Node.create({ id: 'i-1', state: 'free' }).go()).rejects.toThrow('conditional');
    await Node.patch({ id: 'i-1' })
      .set({ state: 'held' })
      .add({ count: 2 })
      .where(({ state }, { eq }) => eq(state, 'free'))
      .go();
    const { data } = await Node.query.byState({ state: 'held' }).go();
    expect(data).toEqual([{ id: 'i-1', state: 'held', count: 2 }]);
    const outcome = await Fleet.transaction
      .write(({ node }) => [
        node.create({ id: 'i-2', state: 'free' }).commit(),
        node.create({ id: 'i-1', state: 'free' }).commit({ response: 'all_old' }),
      ])
      .go();
    expect(outcome.canceled).toBe(true);
    expect(outcome.data.map(({ code }) => code)).toEqual(['None', 'ConditionalCheckFailed']);
    expect(outcome.data[1]?.item).toMatchObject({ id: 'i-1', state: 'held' });
    expect((await Node.get({ id: 'i-2' }).go()).data).toBeNull();
  });
});
