import { isObject, listOf, object, parseObject, reason, text, type Json } from '../json.ts';

/**
 * Event patterns of EventBridge rules. Facts: EventBridge User Guide, "Creating event patterns" and "Comparison operators for use in
 * event patterns"; behaviour on arrays and missing fields as in AWS's own matcher, https://github.com/aws/event-ruler.
 */

/** Whether an event matches. */
export type EventPattern = (event: Json) => boolean;

type Test = (value: unknown) => boolean;

/** A value that is there, is not an object, and for lists: any of its elements. */
function leaves(value: unknown): unknown[] {
  return listOf(value).filter((leaf) => leaf !== undefined && !isObject(leaf) && !Array.isArray(leaf));
}

function wildcard(pattern: string): Test {
  const source = pattern
    .split('*')
    .map((piece) => piece.replace(/\\(.)/g, '$1').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*');
  const expression = new RegExp(`^${source}$`, 's');
  return (value) => typeof value === 'string' && expression.test(value);
}

const onText =
  (test: (value: string) => boolean): Test =>
  (value) =>
    typeof value === 'string' && test(value);

function ignoringCase(wanted: unknown): Test {
  const lower = text(wanted, 'equals-ignore-case').toLowerCase();
  return onText((value) => value.toLowerCase() === lower);
}

/** `{ "prefix": "a" }` or `{ "prefix": { "equals-ignore-case": "a" } }`; the same with suffix. */
function edge(wanted: unknown, meets: (value: string, edgeText: string) => boolean): Test {
  if (!isObject(wanted)) {
    const exact = text(wanted, 'prefix or suffix');
    return onText((value) => meets(value, exact));
  }
  const lower = text(wanted['equals-ignore-case'], 'equals-ignore-case').toLowerCase();
  return onText((value) => meets(value.toLowerCase(), lower));
}

const comparisons: Record<string, (value: number, wanted: number) => boolean> = {
  '<': (value, wanted) => value < wanted,
  '<=': (value, wanted) => value <= wanted,
  '=': (value, wanted) => value === wanted,
  '>=': (value, wanted) => value >= wanted,
  '>': (value, wanted) => value > wanted,
};

function numeric(wanted: unknown): Test {
  const parts = listOf(wanted);
  const tests: Array<(value: number) => boolean> = [];
  for (let index = 0; index < parts.length; index += 2) {
    const compare = comparisons[String(parts[index])];
    const bound = parts[index + 1];
    if (!compare || typeof bound !== 'number') throw new Error(`numeric ${JSON.stringify(wanted)} is not understood`);
    tests.push((value) => compare(value, bound));
  }
  if (tests.length === 0) throw new Error('numeric needs a comparison');
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function anythingBut(wanted: unknown): Test {
  const [operator, operand] = isObject(wanted) ? (Object.entries(wanted)[0] ?? []) : [];
  if (operator === undefined) {
    const excluded = listOf(wanted);
    return (value) => !excluded.includes(value);
  }
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
    throw new Error(`anything-but with "${operator}" is not known to the embedded AWS`);
  }
  const tests = listOf(operand).map((one) => operators[operator]!(one));
  return (value) => !tests.some((test) => test(value));
}

const operators: Record<string, (wanted: unknown) => Test> = {
  prefix: (wanted) => edge(wanted, (value, start) => value.startsWith(start)),
  suffix: (wanted) => edge(wanted, (value, end) => value.endsWith(end)),
  'equals-ignore-case': ignoringCase,
  wildcard: (wanted) => wildcard(text(wanted, 'wildcard')),
  numeric,
  'anything-but': anythingBut,
};

/** One entry of a field's list: a value, or an operator in an object of its own. */
function entry(wanted: unknown): Test {
  if (!isObject(wanted)) return (value) => value === wanted;
  const [name, operand, ...more] = Object.entries(wanted).flat();
  const operator = operators[String(name)];
  if (!operator || more.length > 0) throw new Error(`the comparison ${JSON.stringify(wanted)} is not known to the embedded AWS`);
  return operator(operand);
}

/** A field's list: any of its entries may hold for any of the field's values; `exists` speaks of the field itself. */
function field(wanted: unknown[]): Test {
  if (wanted.length === 0) throw new Error('an empty list matches nothing');
  const exists = wanted.filter((one): one is Json => isObject(one) && 'exists' in one).map((one) => one.exists === true);
  const tests = wanted.filter((one) => !isObject(one) || !('exists' in one)).map(entry);
  return (value) => {
    const found = leaves(value);
    return exists.includes(found.length > 0) || found.some((leaf) => tests.some((test) => test(leaf)));
  };
}

function level(pattern: Json): Test {
  const parts = Object.entries(pattern).map(([key, wanted]): Test => {
    try {
      return part(key, wanted);
    } catch (error) {
      throw new Error(`${key}: ${reason(error)}`, { cause: error });
    }
  });
  const whole: Test = (value) => {
    // A pattern below a list matches when it matches one of the list's objects as a whole.
    if (Array.isArray(value)) return value.some(whole);
    return parts.every((test) => test(isObject(value) ? value : {}));
  };
  return whole;
}

function part(key: string, wanted: unknown): Test {
  if (key === '$or') {
    const choices = listOf(wanted).map((choice) => level(object(choice, '$or')));
    return (value) => choices.some((choice) => choice(value));
  }
  if (Array.isArray(wanted)) {
    const test = field(wanted);
    return (value) => test(object(value, 'event')[key]);
  }
  const below = level(object(wanted, 'must be a list or an object, and'));
  return (value) => below(object(value, 'event')[key]);
}

/**
 * Reads an event pattern (object or JSON text).
 *
 * @throws Error that names field and comparison which is not understood
 */
export function readEventPattern(pattern: unknown): EventPattern {
  const test = level(typeof pattern === 'string' ? parseObject(pattern, 'EventPattern') : object(pattern, 'EventPattern'));
  return (event) => test(event);
}
