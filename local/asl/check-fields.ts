import { isObject } from '../json.ts';
import { expressionProblems, type StatesMember } from './expression-checks.ts';
import { isExpression, unwrapped, type Expressions } from './expressions.ts';
import { MOST_SECONDS } from './limits.ts';

/** Something about a definition that AWS, or this interpreter, refuses. */
export interface Problem {
  /** `SCHEMA_VALIDATION_FAILED`, `MISSING_TRANSITION_TARGET`, … as ValidateStateMachineDefinition has them. */
  code: string;
  message: string;
  /** `/States/Send/Retry[0]` */
  location?: string;
}

/** Gathers every problem of one definition. */
export interface Checker {
  expressions: Expressions;
  problems: Problem[];
}

/** Checks one value of a definition; `at` is its place. */
export type Rule = (checker: Checker, value: unknown, at: string) => void;

export function refuse(checker: Checker, message: string, at: string): void {
  checker.problems.push({ code: 'SCHEMA_VALIDATION_FAILED', message, location: at });
}

/**
 * Checks the fields of an object, and names each that has no rule: an unknown field must not be ignored quietly.
 *
 * @param owner where the fields stand
 */
export function checkFields(checker: Checker, value: unknown, rules: Record<string, Rule>, owner: { at: string; required?: string[] }): void {
  if (!isObject(value)) {
    refuse(checker, 'must be an object', owner.at);
    return;
  }
  for (const [field, inner] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
    if (rule) rule(checker, inner, `${owner.at}/${field}`);
    else refuse(checker, `Field '${field}' is not supported`, owner.at);
  }
  for (const field of owner.required ?? []) {
    if (!Object.hasOwn(value, field)) refuse(checker, `The field '${field}' is required but was missing`, owner.at);
  }
}

export const text: Rule = (checker, value, at) => {
  if (typeof value !== 'string') refuse(checker, 'must be a string', at);
};

export const truth: Rule = (checker, value, at) => {
  if (value !== true) refuse(checker, 'must be true', at);
};

export const anything: Rule = () => {};

export function oneOf(...choices: string[]): Rule {
  return (checker, value, at) => {
    if (!choices.includes(String(value))) refuse(checker, `must be ${choices.join(' or ')}, not ${JSON.stringify(value)}`, at);
  };
}

/** A number in a range; whole unless said otherwise. */
export function amount(least: number, most: number, options: { fraction?: boolean } = {}): Rule {
  return (checker, value, at) => {
    const fits = typeof value === 'number' && value >= least && value <= most && (options.fraction || Number.isInteger(value));
    if (!fits) refuse(checker, `must be a number from ${least} to ${most}, not ${JSON.stringify(value)}`, at);
  };
}

/** A number in a range, or an expression that gives one. */
export function amountOrExpression(least: number, most: number, options: { fraction?: boolean } = {}): Rule {
  const number = amount(least, most, options);
  const expression = template('input', 'context');
  return (checker, value, at) => (typeof value === 'string' && isExpression(value) ? expression : number)(checker, value, at);
}

export const secondsField: Rule = amountOrExpression(1, MOST_SECONDS);

export function listOf(rule: Rule): Rule {
  return (checker, value, at) => {
    if (!Array.isArray(value) || value.length === 0) {
      refuse(checker, 'must be a list that is not empty', at);
      return;
    }
    for (const [index, item] of value.entries()) rule(checker, item, `${at}[${index}]`);
  };
}

/** A value whose texts may be expressions; `readable` is what they may read of `$states`. */
export function template(...readable: StatesMember[]): Rule {
  const members: ReadonlySet<string> = new Set(readable);
  return function check(checker, value, at) {
    if (typeof value === 'string') checkText(checker, value, { at, members });
    else if (Array.isArray(value)) for (const [index, item] of value.entries()) check(checker, item, `${at}[${index}]`);
    else if (isObject(value)) for (const [member, inner] of Object.entries(value)) check(checker, inner, `${at}/${member}`);
  };
}

/** An expression or a text. */
export function textTemplate(...readable: StatesMember[]): Rule {
  const inner = template(...readable);
  return (checker, value, at) => (typeof value === 'string' ? inner : text)(checker, value, at);
}

function checkText(checker: Checker, source: string, place: { at: string; members: ReadonlySet<string> }): void {
  if (!isExpression(source)) {
    const meant = source.trim().startsWith('{%') || source.trim().endsWith('%}');
    if (meant) refuse(checker, 'An expression must start with {% and end with %}, with nothing before or after', place.at);
    return;
  }
  try {
    const tree = checker.expressions.tree(unwrapped(source));
    for (const message of expressionProblems(tree, place.members)) {
      checker.problems.push({ code: 'UNSUPPORTED_JSONATA_EXPRESSION', message, location: place.at });
    }
  } catch (error) {
    const message = isObject(error) ? String(error['message']) : String(error);
    checker.problems.push({ code: 'INVALID_JSONATA_EXPRESSION', message, location: place.at });
  }
}

/**
 * `Assign`: an object whose members are variable names. `states` is reserved; names are identifiers of at most 80 characters.
 * https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
 */
export function assign(...readable: StatesMember[]): Rule {
  const values = template(...readable);
  return (checker, value, at) => {
    if (!isObject(value)) {
      refuse(checker, 'must be an object', at);
      return;
    }
    for (const name of Object.keys(value)) {
      const good = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(name) && name.length <= 80 && name !== 'states';
      if (!good) refuse(checker, `'${name}' is not a name for a variable`, at);
    }
    values(checker, value, at);
  };
}
