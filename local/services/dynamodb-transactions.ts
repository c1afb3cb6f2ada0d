import { AwsError, type Clock, type Input } from '../types.ts';
import { itemFromJson, toJson, type DynamoEngine, type JsonItem } from './dynamodb-engine.ts';

/** A repeated token within this time gets the first answer: DynamoDB API reference, TransactWriteItems, ClientRequestToken. */
const TOKEN_LIFE = 10 * 60_000;

/** Most actions in one transaction: DynamoDB API reference, TransactWriteItems. */
const MOST_ACTIONS = 100;

/** The operation whose rules an action of a transaction follows; a condition check is a delete that is never done. */
const operations = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'DeleteItem' } as const;

type Kind = keyof typeof operations;

interface Action {
  kind: Kind;
  data: Input;
  table: string;
  key: JsonItem;
  old: JsonItem | undefined;
  returnOld: boolean;
}

interface Reason {
  Code: string;
  Message?: string;
  Item?: Input;
}

/** TransactWriteItems and TransactGetItems, which dynalite lacks, for the engine of one location. */
export class Transactions {
  private readonly tokens = new Map<string, { input: string; until: number }>();

  constructor(
    private readonly engine: DynamoEngine,
    private readonly clock: Clock,
  ) {}

  /** @throws AwsError TransactionCanceledException with one reason an action, when any can't be done; nothing is done then */
  async write(input: Input): Promise<Input> {
    const request = toJson('TransactWriteItems', input) as { TransactItems: Record<string, Input>[]; ClientRequestToken?: string };
    assertCount(request.TransactItems.length);
    return this.engine.transact(async () => {
      if (this.isRepeated(request)) return {};
      const actions = await this.read(request.TransactItems);
      const reasons = actions.map((action) => this.judge(action));
      cancelIf(reasons);
      await this.apply(actions);
      this.remember(request);
      return consumed(
        input,
        actions.map((action) => ({ table: action.table, units: this.units(action) })),
        'WriteCapacityUnits',
      );
    });
  }

  /** Reads several items as they are between transactions. */
  get(input: Input): Promise<Input> {
    const { TransactItems } = toJson('TransactGetItems', input) as { TransactItems: { Get: Input }[] };
    assertCount(TransactItems.length);
    return this.engine.transact(async () => {
      const items: (JsonItem | undefined)[] = [];
      for (const { Get } of TransactItems) items.push((await this.engine.perform('GetItem', { ...Get, ConsistentRead: true })).Item);
      const used = TransactItems.map(({ Get }, index) => ({
        table: Get.TableName as string,
        units: 2 * this.engine.units(items[index], true),
      }));
      return { Responses: items.map((item) => (item ? { Item: item } : {})), ...consumed(input, used, 'ReadCapacityUnits') };
    });
  }

  private async read(items: Record<string, Input>[]): Promise<Action[]> {
    const seen = new Set<string>();
    const actions: Action[] = [];
    for (const item of items) {
      const [[kind, settings] = []] = Object.entries(item) as [Kind, Input][];
      if (!kind || Object.keys(item).length !== 1) throw invalid('Each TransactItem must hold exactly one of ConditionCheck, Put, Update and Delete');
      const { ReturnValuesOnConditionCheckFailure, ...data } = settings;
      this.engine.prepare(operations[kind], structuredClone(data));
      const { id, key } = await this.engine.identify(data.TableName, kind === 'Put' ? data.Item : data.Key);
      if (seen.has(id)) throw invalid('Transaction request cannot include multiple operations on one item');
      seen.add(id);
      const old = await this.engine.item(data.TableName, key);
      actions.push({ kind, data, table: data.TableName, key, old, returnOld: ReturnValuesOnConditionCheckFailure === 'ALL_OLD' });
    }
    return actions;
  }

  private judge({ kind, data, old, returnOld }: Action): Reason {
    const prepared = this.engine.prepare(operations[kind], structuredClone(data));
    if (this.engine.holds(prepared, old)) return { Code: 'None' };
    const reason = { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' };
    return returnOld && old ? { ...reason, Item: itemFromJson(old) } : reason;
  }

  /** Does all or nothing: what an update's own rules refuse is only found by doing it, so what was done before is taken back. */
  private async apply(actions: Action[]): Promise<void> {
    const done: Action[] = [];
    for (const action of actions) {
      try {
        if (action.kind !== 'ConditionCheck') await this.engine.perform(operations[action.kind], structuredClone(action.data));
        done.push(action);
      } catch (error) {
        await this.takeBack(done);
        if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
        cancelIf(actions.map((other) => (other === action ? { Code: 'ValidationError', Message: error.message } : { Code: 'None' })));
      }
    }
  }

  private async takeBack(done: Action[]): Promise<void> {
    for (const { kind, table, key, old } of done.toReversed()) {
      if (kind === 'ConditionCheck') continue;
      if (old) await this.engine.perform('PutItem', { TableName: table, Item: old });
      else await this.engine.perform('DeleteItem', { TableName: table, Key: key });
    }
  }

  /** Transactions cost twice: DynamoDB Developer Guide, "Transactional APIs", capacity. */
  private units(action: Action): number {
    return 2 * this.engine.units(action.kind === 'Put' ? action.data.Item : action.old, false);
  }

  private isRepeated({ ClientRequestToken: token, ...request }: { ClientRequestToken?: string }): boolean {
    const known = token === undefined ? undefined : this.tokens.get(token);
    if (!known || known.until <= this.clock.now()) return false;
    if (known.input === JSON.stringify(request)) return true;
    throw new AwsError('IdempotentParameterMismatchException', 'The request uses the same client token as a previous, but non-identical request.');
  }

  private remember({ ClientRequestToken: token, ...request }: { ClientRequestToken?: string }): void {
    const now = this.clock.now();
    for (const [old, { until }] of this.tokens) if (until <= now) this.tokens.delete(old);
    if (token !== undefined) this.tokens.set(token, { input: JSON.stringify(request), until: now + TOKEN_LIFE });
  }
}

function assertCount(count: number): void {
  if (count >= 1 && count <= MOST_ACTIONS) return;
  throw invalid(`Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and ${MOST_ACTIONS}`);
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

function cancelIf(reasons: Reason[]): void {
  if (reasons.every(({ Code }) => Code === 'None')) return;
  const codes = reasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  throw new AwsError('TransactionCanceledException', message, 400, { CancellationReasons: reasons });
}

function consumed(input: Input, used: { table: string; units: number }[], kind: 'ReadCapacityUnits' | 'WriteCapacityUnits'): Input {
  if (!['TOTAL', 'INDEXES'].includes(input.ReturnConsumedCapacity)) return {};
  const tables = new Map<string, number>();
  for (const { table, units } of used) tables.set(table, (tables.get(table) ?? 0) + units);
  return { ConsumedCapacity: [...tables].map(([TableName, units]) => ({ TableName, CapacityUnits: units, [kind]: units })) };
}
