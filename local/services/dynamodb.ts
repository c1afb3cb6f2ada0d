import type { AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement, LocalSecondaryIndex } from '@aws-sdk/client-dynamodb';
import { AwsError, type AccessRequest, type CallContext, type Cloud, type Input, type Service, type ServiceOperation } from '../types.ts';
import { DynamoEngine, DYNAMODB_SDK, fromJson, itemFromJson, toJson, type TableRecord } from './dynamodb-engine.ts';
import { Transactions } from './dynamodb-transactions.ts';
import { Expiry } from './dynamodb-ttl.ts';
import type { UseKey } from './kms.ts';
import { keyOf, locationOf, parseArn, type Location } from './locations.ts';

/** A table as a template describes it. */
export interface TableDefinition extends Location {
  name: string;
  attributes: AttributeDefinition[];
  keys: KeySchemaElement[];
  globalIndexes?: GlobalSecondaryIndex[];
  localIndexes?: LocalSecondaryIndex[];
  /** The attribute with the time (seconds since the epoch) after which an item may be deleted. */
  timeToLive?: string;
  /** ARN of the customer key that encrypts the table. */
  kmsKeyArn?: string;
  deletionProtection?: boolean;
  resourcePolicy?: unknown;
}

export interface DynamoDb {
  service: Service;
  /** Makes a table, ready at once; gives its ARN. @throws AwsError for a definition that AWS refuses, or a name that is taken */
  createTable(definition: TableDefinition): Promise<string>;
  tables(): { name: string; arn: string; account: string; region: string }[];
}

interface Table {
  definition: TableDefinition;
  arn: string;
  engine: DynamoEngine;
  transactions: Transactions;
  expiry?: Expiry;
}

export interface DynamoDbOptions {
  useKey: UseKey;
}

/** DynamoDB on dynalite's engine, with transactions, TTL on the cloud's clock and returned items on failed conditions. */
export function createDynamoDb(cloud: Cloud, options: DynamoDbOptions): DynamoDb {
  const database = new Database(cloud, options.useKey);
  const operations: Record<string, ServiceOperation> = {
    ...Object.fromEntries(['GetItem', 'Query', 'Scan'].map((name) => [name, database.reading(name)])),
    ...Object.fromEntries(['PutItem', 'UpdateItem', 'DeleteItem'].map((name) => [name, database.writing(name)])),
    BatchGetItem: database.batch('BatchGetItem'),
    BatchWriteItem: database.batch('BatchWriteItem'),
    TransactGetItems: database.transaction('TransactGetItems'),
    TransactWriteItems: database.transaction('TransactWriteItems'),
    DescribeTable: database.describing('DescribeTable', (table) => database.describe(table)),
    DescribeTimeToLive: database.describing('DescribeTimeToLive', describeTimeToLive),
    UpdateTimeToLive: database.describing('UpdateTimeToLive', (table, input) => database.setTimeToLive(table, input)),
    ListTables: {
      access: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
      run: (input, context) => database.list(input, locationOf(context)),
    },
  };
  return {
    service: { name: 'dynamodb', sdk: DYNAMODB_SDK, operations },
    createTable: (definition) => database.create(definition),
    tables: () => database.all().map(({ definition: { name, account, region }, arn }) => ({ name, arn, account, region })),
  };
}

class Database {
  private readonly tables = new Map<string, Table>();
  private readonly places = new Map<string, { engine: DynamoEngine; transactions: Transactions }>();

  constructor(
    private readonly cloud: Cloud,
    private readonly useKey: UseKey,
  ) {}

  all(): Table[] {
    return [...this.tables.values()];
  }

  async create(definition: TableDefinition): Promise<string> {
    const id = keyOf(definition, definition.name);
    if (this.tables.has(id)) throw new AwsError('ResourceInUseException', `Table already exists: ${definition.name}`);
    const place = this.place(definition);
    const arn = `arn:aws:dynamodb:${definition.region}:${definition.account}:table/${definition.name}`;
    await place.engine.createTable(createInput(definition), this.record(definition, arn));
    this.tables.set(id, { definition, arn, ...place, expiry: this.expiryOf(place.engine, definition) });
    return arn;
  }

  reading(operation: string): ServiceOperation {
    return {
      access: (input, context) => [
        this.access(`dynamodb:${operation}`, input.TableName, { context, index: input.IndexName, keys: input.Key && [input.Key] }),
      ],
      run: (input, context) =>
        this.tracked(async () => {
          const table = this.find(input.TableName, context);
          await this.unlock([table], context);
          return fromJson(operation, await table.engine.read(operation, toJson(operation, withName(input, table))));
        }),
    };
  }

  writing(operation: string): ServiceOperation {
    return {
      access: (input, context) => [this.access(`dynamodb:${operation}`, input.TableName, { context, keys: [input.Key ?? input.Item] })],
      run: (input, context) =>
        this.tracked(async () => {
          const table = this.find(input.TableName, context);
          await this.unlock([table], context);
          const { ReturnValuesOnConditionCheckFailure: onFailure, ...data } = toJson(operation, withName(input, table));
          const output = await table.engine.exclusive(() => this.write(table, operation, { data, returnOld: onFailure === 'ALL_OLD' }));
          this.noteExpiry(table, data);
          return fromJson(operation, output);
        }),
    };
  }

  batch(operation: 'BatchGetItem' | 'BatchWriteItem'): ServiceOperation {
    const isRead = operation === 'BatchGetItem';
    return {
      access: (input, context) =>
        Object.entries<Input>(input.RequestItems).map(([name, requests]) =>
          this.access(`dynamodb:${operation}`, name, { context, keys: isRead ? requests.Keys : requests.map(keyOfRequest) }),
        ),
      run: (input, context) =>
        this.tracked(async () => {
          const requests = Object.entries(input.RequestItems).map(([name, request]) => ({ table: this.find(name, context), request }));
          const { engine } = onePlace(requests.map(({ table }) => table));
          await this.unlock(
            requests.map(({ table }) => table),
            context,
          );
          const data = toJson(operation, {
            ...input,
            RequestItems: Object.fromEntries(requests.map(({ table, request }) => [table.definition.name, request])),
          });
          if (isRead) return fromJson(operation, await engine.read(operation, data));
          const output = await engine.exclusive(() => engine.perform(operation, structuredClone(data)));
          for (const { table } of requests)
            for (const { PutRequest } of data.RequestItems[table.definition.name]) this.noteExpiry(table, PutRequest ?? {});
          return fromJson(operation, output);
        }),
    };
  }

  transaction(operation: 'TransactGetItems' | 'TransactWriteItems'): ServiceOperation {
    return {
      access: (input, context) =>
        actionsOf(input).map(({ kind, settings }) => {
          const request = this.access(`dynamodb:${permissions[kind]}`, settings.TableName, {
            context,
            keys: [settings.Key ?? settings.Item],
          });
          return { ...request, context: { ...request.context, 'dynamodb:EnclosingOperation': [operation] } };
        }),
      run: (input, context) =>
        this.tracked(async () => {
          const actions = actionsOf(input).map(({ kind, settings }) => ({ kind, settings, table: this.find(settings.TableName, context) }));
          const { transactions } = onePlace(actions.map(({ table }) => table));
          await this.unlock(
            actions.map(({ table }) => table),
            context,
          );
          const named = { ...input, TransactItems: actions.map(({ kind, settings, table }) => ({ [kind]: withName(settings, table) })) };
          if (operation === 'TransactGetItems') return fromJson(operation, await transactions.get(named));
          const output = await transactions.write(named);
          for (const { settings, table } of actions) this.noteExpiry(table, settings);
          return fromJson(operation, output);
        }),
    };
  }

  describing(operation: string, answer: (table: Table, input: Input) => unknown): ServiceOperation {
    return {
      access: (input, context) => [this.access(`dynamodb:${operation}`, input.TableName, { context })],
      run: (input, context) => this.tracked(async () => answer(this.find(input.TableName, context), input)),
    };
  }

  async describe(table: Table): Promise<Input> {
    return fromJson('DescribeTable', { Table: await table.engine.table(table.definition.name) });
  }

  /** AWS needs up to an hour, and allows one change an hour; here it holds at once. */
  setTimeToLive(table: Table, { TimeToLiveSpecification: wanted }: Input): Input {
    const enabled = table.expiry !== undefined;
    if (wanted.Enabled === enabled) throw new AwsError('ValidationException', `TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`);
    table.expiry?.stop();
    table.definition = { ...table.definition, timeToLive: wanted.Enabled ? wanted.AttributeName : undefined };
    table.expiry = this.expiryOf(table.engine, table.definition);
    table.expiry?.written('unknown');
    return { TimeToLiveSpecification: wanted };
  }

  list(input: Input, { account, region }: Location): Input {
    const names = this.all()
      .map(({ definition }) => definition)
      .filter((table) => table.account === account && table.region === region)
      .map(({ name }) => name);
    const rest = names.toSorted().filter((name) => name > (input.ExclusiveStartTableName ?? ''));
    const page = rest.slice(0, input.Limit ?? 100);
    return { TableNames: page, ...(rest.length > page.length && { LastEvaluatedTableName: page.at(-1) }) };
  }

  private tracked<T>(work: () => Promise<T>): Promise<T> {
    return this.cloud.clock.track(work);
  }

  private async write(table: Table, operation: string, { data, returnOld }: { data: Input; returnOld: boolean }): Promise<Input> {
    try {
      return await table.engine.perform(operation, structuredClone(data));
    } catch (error) {
      if (!returnOld || !(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException') throw error;
      const old = await table.engine.item(table.definition.name, data.Key ?? data.Item);
      throw new AwsError(error.code, error.message, error.statusCode, old ? { Item: itemFromJson(old) } : {});
    }
  }

  private noteExpiry(table: Table, data: Input): void {
    const attribute = table.expiry?.attribute;
    if (attribute === undefined) return;
    if (data.Item) return table.expiry?.written(Number(data.Item[attribute]?.N) || undefined);
    const names = [data.UpdateExpression ?? '', ...Object.values(data.ExpressionAttributeNames ?? {})];
    if (names.some((text) => String(text).includes(attribute))) table.expiry?.written('unknown');
  }

  /** The caller needs the table's key, too: DynamoDB Developer Guide, "DynamoDB encryption at rest", authorizing use of the key. */
  private async unlock(tables: Table[], { caller }: CallContext): Promise<void> {
    for (const { kmsKeyArn } of new Set(tables.map(({ definition }) => definition))) {
      if (kmsKeyArn !== undefined) await this.useKey(caller, kmsKeyArn, ['kms:Decrypt'], 'dynamodb');
    }
  }

  private find(nameOrArn: string, context: CallContext): Table {
    const place = placeOf(nameOrArn, context);
    const table = this.tables.get(keyOf(place, place.name));
    if (table) return table;
    throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
  }

  private access(
    action: string,
    nameOrArn: string,
    { context, index, keys }: { context: CallContext; index?: string; keys?: Input[] },
  ): AccessRequest {
    const place = placeOf(nameOrArn, context);
    const table = this.tables.get(keyOf(place, place.name));
    const arn = `arn:aws:dynamodb:${place.region}:${place.account}:table/${place.name}`;
    const hash = table?.definition.keys.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
    const leading = (keys ?? []).map((key) => Object.values<unknown>(key?.[hash] ?? {})[0]).filter((value) => typeof value === 'string');
    return {
      action,
      resource: index === undefined ? arn : `${arn}/index/${index}`,
      resourceAccount: place.account,
      resourcePolicy: table?.definition.resourcePolicy,
      ...(leading.length > 0 && { context: { 'dynamodb:LeadingKeys': leading } }),
    };
  }

  private place(location: Location): { engine: DynamoEngine; transactions: Transactions } {
    const id = keyOf(location, '');
    const known = this.places.get(id);
    if (known) return known;
    const engine = new DynamoEngine(location);
    const place = { engine, transactions: new Transactions(engine, this.cloud.clock) };
    this.places.set(id, place);
    return place;
  }

  private expiryOf(engine: DynamoEngine, { name, timeToLive }: TableDefinition): Expiry | undefined {
    return timeToLive === undefined ? undefined : new Expiry(engine, name, timeToLive, this.cloud.clock);
  }

  private record(definition: TableDefinition, arn: string): TableRecord {
    const index = ({ IndexName, KeySchema, Projection }: GlobalSecondaryIndex): Input => ({
      IndexName,
      KeySchema,
      Projection,
      IndexArn: `${arn}/index/${IndexName}`,
      IndexSizeBytes: 0,
      ItemCount: 0,
    });
    return {
      TableName: definition.name,
      TableArn: arn,
      TableId: this.cloud.random.uuid(),
      TableStatus: 'ACTIVE',
      AttributeDefinitions: definition.attributes,
      KeySchema: definition.keys as TableRecord['KeySchema'],
      CreationDateTime: this.cloud.clock.now() / 1000,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: this.cloud.clock.now() / 1000 },
      ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 },
      ItemCount: 0,
      TableSizeBytes: 0,
      DeletionProtectionEnabled: definition.deletionProtection === true,
      ...(definition.globalIndexes && {
        GlobalSecondaryIndexes: definition.globalIndexes.map((each) => ({ ...index(each), IndexStatus: 'ACTIVE' })),
      }),
      ...(definition.localIndexes && { LocalSecondaryIndexes: definition.localIndexes.map(index) }),
      ...(definition.kmsKeyArn && { SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: definition.kmsKeyArn } }),
    };
  }
}

/** The permission that each action of a transaction needs: DynamoDB Developer Guide, "Using IAM with DynamoDB transactions". */
const permissions: Record<string, string> = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

function actionsOf(input: Input): { kind: string; settings: Input }[] {
  return input.TransactItems.flatMap((item: Input) => Object.entries(item).map(([kind, settings]) => ({ kind, settings })));
}

/** The engine of all tables of one request, which AWS serves within one account and Region only. */
function onePlace(tables: Table[]): Table {
  const [first] = tables;
  if (!first) throw new AwsError('ValidationException', 'The request must name at least one item');
  if (tables.every(({ engine }) => engine === first.engine)) return first;
  throw new AwsError('ValidationException', 'All tables of a request must be in one account and Region');
}

function keyOfRequest(request: Input): Input {
  return request.PutRequest?.Item ?? request.DeleteRequest?.Key;
}

/** Tables may be named by ARN, also those of others. */
function placeOf(nameOrArn: string, context: CallContext): Location & { name: string } {
  const arn = parseArn(nameOrArn);
  return { ...(arn ?? locationOf(context)), name: arn ? arn.resource.replace(/^table\//, '') : nameOrArn };
}

function withName(input: Input, table: Table): Input {
  return { ...input, TableName: table.definition.name };
}

function createInput(definition: TableDefinition): Input {
  return structuredClone({
    TableName: definition.name,
    AttributeDefinitions: definition.attributes,
    KeySchema: definition.keys,
    BillingMode: 'PAY_PER_REQUEST',
    ...(definition.globalIndexes && { GlobalSecondaryIndexes: definition.globalIndexes }),
    ...(definition.localIndexes && { LocalSecondaryIndexes: definition.localIndexes }),
  });
}

function describeTimeToLive({ definition: { timeToLive } }: Table): Input {
  return {
    TimeToLiveDescription: timeToLive ? { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive } : { TimeToLiveStatus: 'DISABLED' },
  };
}
