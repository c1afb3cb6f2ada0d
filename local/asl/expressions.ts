import jsonata from 'jsonata';
import { isObject } from '../json.ts';
import type { Clock, Random } from '../types.ts';
import { StatesError } from './errors.ts';
import { registerFunctions } from './functions.ts';
import { isJsonObject, plainJson, type JsonObject, type JsonValue } from './values.ts';

/** Evaluates the JSONata of one world: its clock, its seed, each expression compiled once. */
export interface Expressions {
  /**
   * The syntax tree of an expression.
   *
   * @param source the text between `{%` and `%}`
   * @throws Error with jsonata's message when it doesn't parse
   */
  tree(source: string): unknown;
  /**
   * The value of a field: every text in it that is an expression is evaluated, the rest stays as it is.
   *
   * @param field its name, e.g. `Output`, for the error: AWS names the place as `Output/a/b[0]`
   * @param bindings variables and `states`
   * @throws StatesError `States.QueryEvaluationError`, which names expression and place
   */
  evaluate(template: JsonValue, field: string, bindings: JsonObject): Promise<JsonValue>;
}

/** Whether a text of a definition is an expression: `{% … %}` and nothing around it. */
export function isExpression(source: string): boolean {
  return source.startsWith('{%') && source.endsWith('%}') && source.length >= 4;
}

/** The expression inside its delimiters. */
export function unwrapped(source: string): string {
  return source.slice(2, -2).trim();
}

/**
 * JSONata as Step Functions speaks it (2.0.6 without `$eval`: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
 * Evaluation is made of promises that no timer shows, so it holds virtual time through `clock.track`.
 */
export function createExpressions(clock: Clock, random: Random): Expressions {
  const compiled = new Map<string, jsonata.Expression>();
  // Most templates hold few expressions or none, and are evaluated often: the answer is remembered for each.
  const constants = new WeakMap<object, boolean>();

  function compile(source: string): jsonata.Expression {
    const known = compiled.get(source);
    if (known) return known;
    const expression = jsonata(source);
    registerFunctions(expression, clock, random);
    compiled.set(source, expression);
    return expression;
  }

  function isConstant(template: JsonValue): boolean {
    if (typeof template === 'string') return !isExpression(template);
    if (typeof template !== 'object' || template === null) return true;
    const known = constants.get(template);
    if (known !== undefined) return known;
    const constant = Object.values(template).every(isConstant);
    constants.set(template, constant);
    return constant;
  }

  async function valueOf(source: string, field: string, bindings: JsonObject): Promise<JsonValue> {
    let result: unknown;
    try {
      result = await compile(source).evaluate(undefined, bindings);
    } catch (thrown) {
      throw evaluationError(source, field, `threw an error during evaluation. ${jsonataMessage(thrown)}`);
    }
    const value = plainJson(result);
    if (value === undefined) throw evaluationError(source, field, 'returned nothing (undefined).');
    return value;
  }

  async function resolve(template: JsonValue, field: string, bindings: JsonObject): Promise<JsonValue> {
    if (isConstant(template)) return template;
    if (typeof template === 'string') return valueOf(unwrapped(template), field, bindings);
    if (Array.isArray(template)) {
      const list: JsonValue[] = [];
      for (const [index, item] of template.entries()) list.push(await resolve(item, `${field}[${index}]`, bindings));
      return list;
    }
    if (!isJsonObject(template)) return template;
    const object: JsonObject = {};
    for (const [member, inner] of Object.entries(template)) object[member] = await resolve(inner, `${field}/${member}`, bindings);
    return object;
  }

  return {
    tree: (source) => compile(source).ast(),
    async evaluate(template, field, bindings) {
      if (isConstant(template)) return template;
      return clock.track(async function evaluation() {
        return resolve(template, field, bindings);
      });
    },
  };
}

/**
 * The error of a field's expression, in AWS's words: https://github.com/floci-io/floci/issues/2665 (measured).
 */
export function evaluationError(source: string, field: string, problem: string): StatesError {
  const cause = `The JSONata expression '${source}' specified for the field '${field}' ${problem}`;
  return new StatesError({ error: 'States.QueryEvaluationError', cause }, { location: field, inState: true });
}

function jsonataMessage(thrown: unknown): string {
  if (!isObject(thrown)) return String(thrown);
  const { code, message } = thrown;
  return typeof code === 'string' ? `${code}: ${String(message)}` : String(message);
}
