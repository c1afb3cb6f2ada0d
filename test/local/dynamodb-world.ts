import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { createDynamoDb, type DynamoDb, type TableDefinition } from '../../local/services/dynamodb.ts';
import { AwsError } from '../../local/types.ts';
import { createBaseWorld, HOME, type BaseWorld } from './base-world.ts';

export const TABLE = 'record';

/** A table with one index and an attribute for expiry. */
export const definition: TableDefinition = {
  ...HOME,
  name: TABLE,
  attributes: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
  keys: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  globalIndexes: [
    {
      IndexName: 'gsi1',
      KeySchema: [
        { AttributeName: 'gsi1pk', KeyType: 'HASH' },
        { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  timeToLive: 'ttl',
};

export interface DynamoWorld {
  world: BaseWorld;
  database: DynamoDb;
  client: DynamoDBClient;
  /** Uses of customer keys, as `caller key actions`. */
  usedKeys: string[];
  /** Keys that nobody may use. */
  deniedKeys: Set<string>;
  get: (pk: string, sk: string) => Promise<unknown>;
}

/** A world with a table. */
export async function createDynamoWorld({ virtual = false } = {}): Promise<DynamoWorld> {
  const world = createBaseWorld({ virtual });
  const usedKeys: string[] = [];
  const deniedKeys = new Set<string>();
  const database = createDynamoDb(world.cloud, {
    useKey(caller, keyArn, actions) {
      usedKeys.push(`${caller.arn} ${keyArn} ${actions.join()}`);
      if (deniedKeys.has(keyArn)) throw new AwsError('AccessDeniedException', `not authorized to perform: ${actions.join()}`);
    },
  });
  world.add(database.service);
  await database.createTable(definition);
  const client = new DynamoDBClient(world.config());
  const get = async (pk: string, sk: string): Promise<unknown> =>
    (await client.send(new GetItemCommand({ TableName: TABLE, Key: item(pk, sk) }))).Item;
  return { world, database, client, usedKeys, deniedKeys, get };
}

/** A key, or a whole item, in DynamoDB's JSON. */
export function item(pk: string, sk: string, more = {}): Record<string, { S: string } | { N: string }> {
  return { pk: { S: pk }, sk: { S: sk }, ...more };
}
