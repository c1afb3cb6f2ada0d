/**
 * OpsItems: the tickets of Systems Manager OpsCenter, as far as Wavelock and people around it use them: create, update, get, list. Bounds and
 * errors: SSM API reference, CreateOpsItem, UpdateOpsItem, GetOpsItem, DescribeOpsItems.
 */
import { AwsError, type AccessRequest, type CallContext, type Clock, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';

interface Data {
  Value?: string;
  Type?: string;
}

interface OpsItem {
  id: string;
  title: string;
  description: string;
  source: string;
  status: string;
  priority: number | undefined;
  severity: string | undefined;
  category: string | undefined;
  data: Record<string, Data>;
  created: number;
  createdBy: string;
  modified: number;
  modifiedBy: string;
  version: number;
}

export interface OpsItemDeps {
  clock: Clock;
  random: Random;
  gaps: PageGaps;
}

/** Statuses of an `/aws/issue`; the others of the API belong to change requests (SSM API reference, OpsItem.Status). */
const STATUSES = ['Open', 'InProgress', 'Resolved', 'Closed'];
/** As long as an item with the same text is one of these, creation answers with its id (User Guide, "Reducing duplicate OpsItems"). */
const UNRESOLVED = ['Open', 'InProgress'];
const DEDUP = '/aws/dedup';
/** Keys that AWS gives a meaning to; any other may not begin so (SSM API reference, CreateOpsItem.OperationalData). */
const AWS_KEYS = [DEDUP, '/aws/resources', '/aws/automations'];
const RESERVED = /^\/?(amazon|aws|amzn|ssm)/i;
const UNSUPPORTED = [
  'Notifications',
  'RelatedOpsItems',
  'Tags',
  'AccountId',
  'ActualStartTime',
  'ActualEndTime',
  'PlannedStartTime',
  'PlannedEndTime',
];
const DATA_BYTES = 20 * 1024;

type Items = Map<string, OpsItem>;

/** CreateOpsItem, UpdateOpsItem, GetOpsItem and DescribeOpsItems of every account and Region. */
export function opsItemOperations(deps: OpsItemDeps): Record<string, ServiceOperation> {
  const places = new Map<string, Items>();
  const at = ({ account, region }: CallContext): Items => {
    const key = `${account}/${region}`;
    const items = places.get(key) ?? new Map<string, OpsItem>();
    places.set(key, items);
    return items;
  };
  return {
    CreateOpsItem: {
      // No resource type (Service Authorization Reference, AWS Systems Manager).
      access: () => [{ action: 'ssm:CreateOpsItem', resource: '*' }],
      run: (input, context) => create(input, context, at(context), deps),
    },
    UpdateOpsItem: {
      access: (input, context) => itemAccess('UpdateOpsItem', input, context),
      run: (input, context) => update(input, context, at(context), deps.clock),
    },
    GetOpsItem: {
      access: (input, context) => itemAccess('GetOpsItem', input, context),
      run: (input, context) => ({
        OpsItem: { ...summary(found(at(context), input.OpsItemId)), ...details(found(at(context), input.OpsItemId), context) },
      }),
    },
    DescribeOpsItems: {
      access: () => [{ action: 'ssm:DescribeOpsItems', resource: '*' }],
      run: (input, context) => describe(input, at(context), deps),
    },
  };
}

function create(input: Input, context: CallContext, items: Items, { clock, random }: OpsItemDeps): Input {
  refuseUnsupported('CreateOpsItem', input, UNSUPPORTED);
  checkTexts(input);
  if (/aws|amazon|amzn/i.test(input.Source)) throw invalid(`The source name can't contain aws, amazon or amzn: ${input.Source}`);
  const data: Record<string, Data> = input.OperationalData ?? {};
  checkData(data);
  const twin = [...items.values()].find(
    (item) => UNRESOLVED.includes(item.status) && dedupOf(item.data) !== undefined && dedupOf(item.data) === dedupOf(data),
  );
  if (twin) {
    throw new AwsError('OpsItemAlreadyExistsException', `Similar OpsItem(s) already exists. List of existing OpsItem(s) : [${twin.id}]`, 400, {
      OpsItemId: twin.id,
    });
  }
  const now = clock.now();
  const item: OpsItem = {
    id: `oi-${random.uuid().replaceAll('-', '').slice(0, 12)}`,
    title: input.Title,
    description: input.Description,
    source: input.Source,
    status: 'Open',
    priority: input.Priority,
    severity: input.Severity,
    category: input.Category,
    data,
    created: now,
    createdBy: context.caller.arn,
    modified: now,
    modifiedBy: context.caller.arn,
    version: 1,
  };
  items.set(item.id, item);
  return { OpsItemId: item.id, OpsItemArn: arnOf(item.id, context) };
}

/** Data of keys that are given is added or replaced; other keys stay (SSM API reference, UpdateOpsItem.OperationalData). */
function update(input: Input, context: CallContext, items: Items, clock: Clock): Input {
  refuseUnsupported('UpdateOpsItem', input, [...UNSUPPORTED, 'OperationalDataToDelete', 'OpsItemArn']);
  const item = found(items, input.OpsItemId);
  checkTexts({ ...input, Source: item.source, Title: input.Title ?? item.title, Description: input.Description ?? item.description });
  checkBounds([['status', input.Status, { oneOf: STATUSES }]]);
  checkData(input.OperationalData ?? {});
  Object.assign(item, {
    title: input.Title ?? item.title,
    description: input.Description ?? item.description,
    status: input.Status ?? item.status,
    priority: input.Priority ?? item.priority,
    severity: input.Severity ?? item.severity,
    category: input.Category ?? item.category,
    data: { ...item.data, ...input.OperationalData },
    modified: clock.now(),
    modifiedBy: context.caller.arn,
    version: item.version + 1,
  });
  return {};
}

function describe(input: Input, items: Items, { random, gaps }: OpsItemDeps): Input {
  checkBounds([['maxResults', input.MaxResults, { min: 1, max: 50 }]]);
  const filters: { Key: string; Values: string[]; Operator: string }[] = input.OpsItemFilters ?? [];
  const matching = [...items.values()].filter((item) => filters.every((filter) => fits(item, filter)));
  const newest = matching.toSorted((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1));
  const { items: shown, NextToken } = page(newest, input.MaxResults ?? 50, input.NextToken, { random, gaps });
  return { OpsItemSummaries: shown.map(summary), ...(NextToken === undefined ? {} : { NextToken }) };
}

function fits(item: OpsItem, { Key, Values, Operator }: { Key: string; Values: string[]; Operator: string }): boolean {
  const text = filtered(item, Key);
  if (Operator !== 'Equal' && Operator !== 'Contains')
    throw new AwsError('NotImplemented', `The embedded AWS does not filter OpsItems by ${Operator}`, 501);
  return Values.some((value) => text.some((one) => (Operator === 'Equal' ? one === value : one.includes(value))));
}

function filtered(item: OpsItem, key: string): string[] {
  const texts: Record<string, string[]> = {
    Status: [item.status],
    Source: [item.source],
    Title: [item.title],
    OpsItemId: [item.id],
    OperationalDataKey: Object.keys(item.data),
    OperationalDataValue: Object.values(item.data).flatMap(({ Value }) => Value ?? []),
    OperationalData: Object.entries(item.data).map(([name, { Value }]) => JSON.stringify({ key: name, value: Value })),
  };
  const searched = texts[key];
  if (!searched) throw new AwsError('NotImplemented', `The embedded AWS does not filter OpsItems by ${key}`, 501);
  return searched;
}

function checkTexts(input: Input): void {
  checkBounds([
    ['title', input.Title, { min: 1, max: 1_024 }],
    ['description', input.Description, { min: 1, max: 2_048 }],
    ['source', input.Source, { min: 1, max: 128 }],
    ['category', input.Category, { min: 1, max: 64 }],
    ['severity', input.Severity, { oneOf: ['1', '2', '3', '4'] }],
    ['priority', input.Priority, { min: 1, max: 5 }],
  ]);
}

function checkData(data: Record<string, Data>): void {
  for (const [key, { Value = '', Type }] of Object.entries(data)) {
    if (key.length > 128 || (RESERVED.test(key) && !AWS_KEYS.includes(key))) throw invalid(`"${key}" can't be a key of operational data`);
    if (Buffer.byteLength(Value) > DATA_BYTES) throw invalid(`The value of ${key} is larger than 20 KB`);
    checkBounds([['type', Type, { oneOf: ['SearchableString', 'String'] }]]);
  }
  const dedup = dedupOf(data);
  if (data[DEDUP] !== undefined && (dedup === undefined || dedup.length > 512))
    throw invalid(`${DEDUP} must be {"dedupString": TEXT}, at most 512 characters`);
}

function dedupOf(data: Record<string, Data>): string | undefined {
  const value = data[DEDUP]?.Value;
  const match = value === undefined ? null : /^\{\s*"dedupString"\s*:\s*("(?:[^"\\]|\\.)*")\s*\}$/.exec(value);
  return match?.[1] === undefined ? undefined : String(JSON.parse(match[1]));
}

function found(items: Items, id: string): OpsItem {
  const item = items.get(id);
  if (!item) throw new AwsError('OpsItemNotFoundException', `OpsItem ID ${id} not found.`);
  return item;
}

function summary(item: OpsItem): Input {
  return {
    OpsItemId: item.id,
    Title: item.title,
    Source: item.source,
    Status: item.status,
    Priority: item.priority,
    Severity: item.severity,
    Category: item.category,
    CreatedBy: item.createdBy,
    CreatedTime: new Date(item.created),
    LastModifiedBy: item.modifiedBy,
    LastModifiedTime: new Date(item.modified),
    OperationalData: item.data,
    OpsItemType: '/aws/issue',
  };
}

function details(item: OpsItem, context: CallContext): Input {
  return { Description: item.description, Version: String(item.version), OpsItemArn: arnOf(item.id, context) };
}

function itemAccess(action: string, input: Input, context: CallContext): AccessRequest[] {
  return [{ action: `ssm:${action}`, resource: arnOf(String(input.OpsItemId), context) }];
}

function arnOf(id: string, { account, region }: CallContext): string {
  return `arn:aws:ssm:${region}:${account}:opsitem/${id}`;
}

function invalid(message: string): AwsError {
  return new AwsError('OpsItemInvalidParameterException', message);
}
