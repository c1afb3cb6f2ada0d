import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { AwsError } from '../types.ts';
import { isObject, listOf, type Json } from '../json.ts';

/** What a filter sees: attribute values, or the parts of a JSON body. */
type Values = unknown[];

/**
 * Whether a message passes a subscription's filter policy. Every key must match, one of its conditions is enough; conditions are
 * exact values, `prefix`, `suffix`, `anything-but`, `equals-ignore-case`, `numeric`, `exists`.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export function passesFilter(
  policy: Json,
  scope: 'MessageAttributes' | 'MessageBody',
  message: { body: string; attributes: Record<string, MessageAttributeValue> },
): boolean {
  if (scope === 'MessageAttributes') {
    const values = Object.fromEntries(Object.entries(message.attributes).map(([name, value]) => [name, attributeValues(value)]));
    return Object.entries(policy).every(([key, conditions]) => matchesAny(listOf(conditions), values[key]));
  }
  const body = jsonOf(message.body);
  return isObject(body) && passesBody(policy, body);
}

/** @throws AwsError InvalidParameter for a policy that SNS refuses: over 5 keys, over 150 combinations, unknown conditions */
export function checkFilter(policy: Json, scope: string): void {
  const keys = scope === 'MessageBody' ? leaves(policy) : Object.entries(policy).map(([key, value]): [string, unknown] => [key, value]);
  if (keys.length > 5) throw invalid('Filter policy can not have more than 5 keys');
  if (keys.reduce((product, [, conditions]) => product * listOf(conditions).length, 1) > 150) throw invalid('Filter policy is too complex');
  for (const [key, conditions] of keys) {
    if (!Array.isArray(conditions)) throw invalid(`"${key}" must be an object or an array`);
    for (const condition of conditions) matchesCondition(condition, []);
  }
}

function invalid(problem: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: FilterPolicy: ${problem}`);
}

function leaves(policy: Json): [string, unknown][] {
  return Object.entries(policy).flatMap(([key, value]): [string, unknown][] => (isObject(value) ? leaves(value) : [[key, value]]));
}

function passesBody(policy: Json, body: Json): boolean {
  return Object.entries(policy).every(([key, conditions]) => {
    const value = body[key];
    if (isObject(conditions)) return listOf(value).some((each) => isObject(each) && passesBody(conditions, each));
    return matchesAny(listOf(conditions), value === undefined ? undefined : listOf(value));
  });
}

function attributeValues({ DataType = '', StringValue = '' }: MessageAttributeValue): Values {
  if (DataType.startsWith('Number')) return [Number(StringValue)];
  return DataType.startsWith('String.Array') ? listOf(jsonOf(StringValue)) : [StringValue];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A body that isn't JSON passes no filter, and is nobody's mistake.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function matchesAny(conditions: unknown[], values: Values | undefined): boolean {
  return conditions.some((condition) => {
    if (isObject(condition) && 'exists' in condition) return condition['exists'] === (values !== undefined);
    return values !== undefined && matchesCondition(condition, values);
  });
}

function matchesCondition(condition: unknown, values: Values): boolean {
  if (!isObject(condition)) return values.includes(condition);
  const [[kind, wanted] = ['', undefined]] = Object.entries(condition);
  const texts = values.filter((value): value is string => typeof value === 'string');
  switch (kind) {
    case 'exists':
      return true;
    case 'prefix':
      return texts.some((text) => text.startsWith(String(wanted)));
    case 'suffix':
      return texts.some((text) => text.endsWith(String(wanted)));
    case 'equals-ignore-case':
      return texts.some((text) => text.toLowerCase() === String(wanted).toLowerCase());
    case 'anything-but':
      return values.some((value) => !listOf(wanted).some((unwanted) => matchesCondition(unwanted, [value])));
    case 'numeric':
      return values.some((value) => typeof value === 'number' && inRange(value, listOf(wanted)));
    default:
      throw invalid(`Unrecognized match type ${kind}`);
  }
}

/** `['>=', 0, '<', 10]` */
function inRange(value: number, bounds: unknown[]): boolean {
  for (let index = 0; index < bounds.length; index += 2) {
    const bound = Number(bounds[index + 1]);
    const holds = { '=': value === bound, '<': value < bound, '<=': value <= bound, '>': value > bound, '>=': value >= bound }[String(bounds[index])];
    if (holds === undefined) throw invalid(`Unrecognized numeric range operator: ${String(bounds[index])}`);
    if (!holds) return false;
  }
  return true;
}
