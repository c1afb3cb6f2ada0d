import { createRequire } from 'node:module';
import { AwsError, type Input } from '../types.ts';
import { readJson, writeJson } from '../wire/json.ts';
import { loadSchema, type OperationSchema } from '../wire/schema.ts';
import type { Location } from './locations.ts';

export const DYNAMODB_SDK = '@aws-sdk/client-dynamodb';

/** An item in DynamoDB's JSON: bytes are base64 text. */
export type JsonItem = Record<string, Record<string, unknown>>;

/** A table as dynalite keeps it: what DescribeTable answers, with timestamps in seconds. */
export interface TableRecord {
  TableName: string;
  KeySchema: { AttributeName: string; KeyType: string }[];
  [member: string]: unknown;
}

type Callback = (error: unknown, value?: Input) => void;

interface KeyValueStore {
  get(key: string, done: Callback): void;
  put(key: string, value: unknown, done: Callback): void;
  del(key: string, done: Callback): void;
}

interface DynaliteStore {
  tableDb: KeyValueStore & { awsAccountId: string; awsRegion: string };
  getItemDb(table: string): KeyValueStore;
  getTable(name: string, done: Callback): void;
}

/** The parts of dynalite 4.0.0 that do the work behind its HTTP server. The package hides nothing, and is pinned. */
interface Dynalite {
  db: {
    create(options: Record<string, number>): DynaliteStore;
    createKey(keyOrItem: JsonItem, table: TableRecord): string;
    checkConditional(data: Input, item: JsonItem | undefined): unknown;
    capacityUnits(item: JsonItem | undefined, isRead: boolean, isConsistent: boolean): number;
  };
  validations: {
    checkTypes(data: Input, types: unknown): Input;
    checkValidations(data: Input, types: unknown, custom: unknown, store: DynaliteStore): void;
  };
}

const require = createRequire(import.meta.url);
const dynalite: Dynalite = { db: require('dynalite/db'), validations: require('dynalite/validations') };

/** Operations that dynalite knows, under its own file names. */
const files: Record<string, string> = {
  PutItem: 'putItem',
  GetItem: 'getItem',
  UpdateItem: 'updateItem',
  DeleteItem: 'deleteItem',
  Query: 'query',
  Scan: 'scan',
  BatchGetItem: 'batchGetItem',
  BatchWriteItem: 'batchWriteItem',
};

/** DynamoDB's storage and expressions for one location: dynalite without its HTTP server, plus whatever needs to see it all at once. */
export class DynamoEngine {
  private readonly store: DynaliteStore;
  private writes: Promise<unknown> = Promise.resolve();
  private transaction: Promise<unknown> = Promise.resolve();

  constructor({ account, region }: Location) {
    this.store = dynalite.db.create({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    this.store.tableDb.awsAccountId = account;
    this.store.tableDb.awsRegion = region;
  }

  /** Keeps a table that is ready at once. `definition` is a CreateTable input, `record` what DescribeTable shall say. */
  async createTable(definition: Input, record: TableRecord): Promise<void> {
    this.validate('createTable', definition);
    await settled((done) => this.store.tableDb.put(record.TableName, record, done));
  }

  table(name: string): Promise<TableRecord> {
    return settled((done) => this.store.getTable(name, done));
  }

  /** Runs a read in DynamoDB's JSON. It waits for a transaction that is being applied, as AWS's isolation promises. */
  async read(operation: string, data: Input): Promise<Input> {
    await this.transaction;
    return this.perform(operation, data);
  }

  /** Runs an operation in DynamoDB's JSON, at once: for writes within `exclusive` and reads within `transact`. */
  async perform(operation: string, data: Input): Promise<Input> {
    const file = files[operation] ?? operation;
    const prepared = this.validate(file, data);
    const action = require(`dynalite/actions/${file}`) as (store: DynaliteStore, data: Input, done: Callback) => void;
    return settled((done) => action(this.store, prepared, done));
  }

  /** One writer at a time, so that a condition still holds when its write is done. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.writes.then(work);
    this.writes = result.catch(() => undefined);
    return result;
  }

  /** Like `exclusive`, and readers wait for it. */
  transact<T>(work: () => Promise<T>): Promise<T> {
    return this.exclusive(() => {
      const result = work();
      this.transaction = result.catch(() => undefined);
      return result;
    });
  }

  /** @throws AwsError ValidationException, with AWS's texts */
  prepare(operation: string, data: Input): Input {
    return this.validate(files[operation] ?? operation, data);
  }

  /** The item as it is stored now. */
  async item(table: string, keyOrItem: JsonItem): Promise<JsonItem | undefined> {
    const record = await this.table(table);
    const key = dynalite.db.createKey(keyOrItem, record);
    try {
      return (await settled((done) => this.store.getItemDb(table).get(key, done))) as JsonItem | undefined;
    } catch (error) {
      if ((error as Error).name === 'NotFoundError') return undefined;
      throw error;
    }
  }

  /** Identity of an item within its location, and its key alone. */
  async identify(table: string, keyOrItem: JsonItem): Promise<{ id: string; key: JsonItem }> {
    const record = await this.table(table);
    const names = record.KeySchema.map(({ AttributeName }) => AttributeName);
    const key = Object.fromEntries(names.map((name) => [name, keyOrItem[name] ?? {}]));
    return { id: `${table}/${dynalite.db.createKey(key, record)}`, key };
  }

  /** Whether the condition of a prepared write holds for an item. */
  holds(prepared: Input, item: JsonItem | undefined): boolean {
    return !dynalite.db.checkConditional(prepared, item);
  }

  /** Write units of an item (1 KB each) or read units (4 KB each, half when eventually consistent). */
  units(item: JsonItem | undefined, isRead: boolean): number {
    return dynalite.db.capacityUnits(item, isRead, true);
  }

  private validate(file: string, data: Input): Input {
    const { types, custom } = require(`dynalite/validations/${file}`) as { types: unknown; custom: unknown };
    try {
      const checked = dynalite.validations.checkTypes(data, types);
      dynalite.validations.checkValidations(checked, types, custom, this.store);
      return checked;
    } catch (error) {
      throw translated(error);
    }
  }
}

function settled(start: (done: Callback) => void): Promise<Input> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(translated(error)) : resolve(value)));
  });
}

/** dynalite's errors carry the body that AWS would send. */
function translated(error: unknown): unknown {
  const { body, statusCode } = error as { body?: Record<string, string>; statusCode?: number };
  if (!body) return error;
  return new AwsError(body['__type']?.split('#').at(-1) ?? 'InternalFailure', body['message'] ?? body['Message'] ?? '', statusCode ?? 400);
}

function schemaOf(operation: string): OperationSchema {
  const schema = loadSchema(DYNAMODB_SDK).operation(operation);
  if (!schema) throw new Error(`the SDK has no DynamoDB operation ${operation}`);
  return schema;
}

/** The SDK's shapes to DynamoDB's JSON, as a copy: dynalite changes what it is given. */
export function toJson(operation: string, input: Input): Input {
  return writeJson(schemaOf(operation).input, input, operation);
}

/** DynamoDB's JSON to the SDK's shapes. */
export function fromJson(operation: string, output: Input): Input {
  return readJson(schemaOf(operation).output, output, operation);
}

/** An item in DynamoDB's JSON to the SDK's shapes, for members of errors. */
export function itemFromJson(item: JsonItem): Input {
  return fromJson('GetItem', { Item: item }).Item;
}
