import { isObject, listOf, object, reason, scalar, type Json } from '../json.ts';
import { functionName } from './template.ts';

/**
 * CloudFormation's intrinsic functions. Facts: AWS CloudFormation Template Reference, "Intrinsic function reference" and "Pseudo
 * parameters reference".
 */

/** What a template's functions can see. */
export interface Scope {
  /** A parameter's or resource's Ref; pseudo parameters. @throws Error when there is none */
  ref(name: string): unknown;
  /** @throws Error when the resource or its attribute isn't there */
  attribute(logicalId: string, name: string): unknown;
  /** @throws Error when there is no such condition */
  condition(name: string): boolean;
  mappings: Json;
  /** Value of an export of another stack in the same account and Region. @throws Error when there is none */
  imported(name: string): unknown;
}

/** Stands for `AWS::NoValue`: the property that has it isn't there. */
export const noValue = Symbol('AWS::NoValue');

type Fn = (argument: unknown, scope: Scope) => unknown;

function pair(argument: unknown, name: string): [unknown, unknown] {
  const parts = listOf(argument);
  if (parts.length !== 2) throw new Error(`${name} takes two arguments`);
  return [parts[0], parts[1]];
}

function getAtt(argument: unknown, scope: Scope): unknown {
  const [id = '', ...attribute] = Array.isArray(argument)
    ? argument.map((part) => scalar(resolve(part, scope), 'Fn::GetAtt'))
    : scalar(argument, 'Fn::GetAtt').split('.');
  return scope.attribute(id, attribute.join('.'));
}

function join(argument: unknown, scope: Scope): string {
  const [separator, list] = pair(argument, 'Fn::Join');
  return listOf(resolve(list, scope))
    .map((part) => scalar(part, 'each value of Fn::Join'))
    .join(scalar(separator, 'separator of Fn::Join'));
}

function sub(argument: unknown, scope: Scope): string {
  const [source, own] = listOf(argument);
  const named = isObject(own) ? own : {};
  return scalar(source, 'Fn::Sub').replace(/\$\{([^}]*)\}/g, (_all, inner: string) => {
    if (inner.startsWith('!')) return `\${${inner.slice(1)}}`;
    const name = inner.trim();
    if (name in named) return scalar(resolve(named[name], scope), `\${${name}} of Fn::Sub`);
    const [id = '', ...attribute] = name.split('.');
    return scalar(attribute.length > 0 ? scope.attribute(id, attribute.join('.')) : scope.ref(id), `\${${name}} of Fn::Sub`);
  });
}

function select(argument: unknown, scope: Scope): unknown {
  const [index, source] = pair(argument, 'Fn::Select');
  const list = listOf(resolve(source, scope));
  const position = Number(scalar(resolve(index, scope), 'index of Fn::Select'));
  if (!(position in list)) throw new Error(`Fn::Select has no value at ${position}`);
  return list[position];
}

function split(argument: unknown, scope: Scope): string[] {
  const [separator, source] = pair(argument, 'Fn::Split');
  return scalar(resolve(source, scope), 'Fn::Split').split(scalar(separator, 'separator of Fn::Split'));
}

function choose(argument: unknown, scope: Scope): unknown {
  const [name, yes, no, ...more] = listOf(argument);
  if (no === undefined || more.length > 0) throw new Error('Fn::If takes three arguments');
  return resolve(scope.condition(scalar(name, 'condition of Fn::If')) ? yes : no, scope);
}

function findInMap(argument: unknown, scope: Scope): unknown {
  const keys = listOf(resolve(argument, scope)).map((key) => scalar(key, 'Fn::FindInMap'));
  let found: unknown = scope.mappings;
  for (const key of keys) found = isObject(found) ? found[key] : undefined;
  if (keys.length !== 3 || found === undefined) throw new Error(`Fn::FindInMap finds nothing at ${keys.join('.')}`);
  return found;
}

/** Functions of conditions answer true or false; `Condition` names another one. */
const tests: Record<string, (argument: unknown, scope: Scope) => boolean> = {
  'Fn::Equals': (argument, scope) => {
    const [one, other] = pair(argument, 'Fn::Equals').map((side) => JSON.stringify(resolve(side, scope)));
    return one === other;
  },
  'Fn::And': (argument, scope) => listOf(argument).every((each) => holds(each, scope)),
  'Fn::Or': (argument, scope) => listOf(argument).some((each) => holds(each, scope)),
  'Fn::Not': (argument, scope) => !holds(listOf(argument)[0], scope),
  Condition: (argument, scope) => scope.condition(scalar(argument, 'Condition')),
};

/** Whether a condition holds. @throws Error that names a function which conditions don't know */
export function holds(value: unknown, scope: Scope): boolean {
  const [name, argument] = Object.entries(object(value, 'a condition'))[0] ?? [];
  const test = name === undefined ? undefined : tests[name];
  if (!test) throw new Error(`The condition function "${name}" is not known to the embedded AWS`);
  return test(argument, scope);
}

const functions: Record<string, Fn> = {
  Ref: (argument, scope) => (argument === 'AWS::NoValue' ? noValue : scope.ref(scalar(argument, 'Ref'))),
  'Fn::GetAtt': getAtt,
  'Fn::Join': join,
  'Fn::Sub': sub,
  'Fn::Select': select,
  'Fn::Split': split,
  'Fn::If': choose,
  'Fn::FindInMap': findInMap,
  'Fn::ImportValue': (argument, scope) => scope.imported(scalar(resolve(argument, scope), 'Fn::ImportValue')),
};

function call(name: string, argument: unknown, scope: Scope): unknown {
  const fn = functions[name];
  if (!fn) throw new Error(`The function "${name}" is not known to the embedded AWS`);
  return fn(argument, scope);
}

function resolveObject(value: Json, scope: Scope): unknown {
  const name = functionName(value);
  if (name !== undefined) return call(name, value[name], scope);
  const entries: Array<[string, unknown]> = [];
  for (const [key, part] of Object.entries(value)) {
    try {
      const resolved = resolve(part, scope);
      if (resolved !== noValue) entries.push([key, resolved]);
    } catch (error) {
      throw new Error(`${key}: ${reason(error)}`, { cause: error });
    }
  }
  return Object.fromEntries(entries);
}

/**
 * A template value with every function called.
 *
 * @returns `noValue` when the value is (or chooses) `AWS::NoValue`
 * @throws Error that leads from the property to what can't be resolved
 */
export function resolve(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((part) => resolve(part, scope)).filter((part) => part !== noValue);
  if (isObject(value)) return resolveObject(value, scope);
  if (typeof value === 'string' && value.includes('{{resolve:')) throw new Error(`The dynamic reference "${value}" is not known to the embedded AWS`);
  return value;
}
