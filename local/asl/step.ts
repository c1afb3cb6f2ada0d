import type { Cancellation } from './cancellation.ts';
import type { NumberField, Shaping } from './definition.ts';
import type { StatesError } from './errors.ts';
import type { Execution, World } from './execution.ts';
import { evaluationError, isExpression, unwrapped } from './expressions.ts';
import type { Frame, MapItem } from './frame.ts';
import { payloadText } from './limits.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './values.ts';

/** One execution in its world. */
export interface Run {
  world: World;
  execution: Execution;
}

/** One state on its way through an execution. */
export interface Step extends Run {
  frame: Frame;
  /** Name of the state. */
  name: string;
  cancellation: Cancellation;
  /** How often the state has been retried, for `$states.context`. */
  retries: number;
  /** Milliseconds since the epoch. */
  enteredTime: number;
  /** The state stood here when the execution ended, and is taken up again by a redrive. */
  resumed: boolean;
}

/** Members of `$states` besides `input`, and of its `context` besides those of every state. */
export interface Extras {
  result?: JsonValue;
  errorOutput?: JsonObject;
  token?: string;
  item?: MapItem;
}

/** How a state is left. */
export interface Exit {
  /** Absent at the end of a run of states. */
  next?: string;
  output: JsonValue;
  /** JSON text of `output`. */
  outputText: string;
  assigned?: JsonObject;
}

/**
 * The value of one of a state's fields.
 *
 * @param field its name as AWS names it in errors, e.g. `Choices[0]/Condition`
 * @throws StatesError `States.QueryEvaluationError`
 */
export function evaluate(step: Step, template: JsonValue, field: string, extras: Extras = {}): Promise<JsonValue> {
  return step.world.expressions.evaluate(template, field, bindings(step, extras));
}

function bindings(step: Step, extras: Extras): JsonObject {
  const states: JsonObject = { input: step.frame.input, context: context(step, extras) };
  if (extras.result !== undefined) states['result'] = extras.result;
  if (extras.errorOutput !== undefined) states['errorOutput'] = extras.errorOutput;
  return { ...step.frame.variables.all(), states };
}

/** The context object: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
function context(step: Step, extras: Extras): JsonObject {
  const { execution, frame } = step;
  const item = extras.item ?? frame.item;
  return {
    Execution: {
      Id: execution.arn,
      Input: execution.inputValue,
      Name: execution.name,
      RoleArn: execution.machine.roleArn,
      StartTime: isoTime(execution.startDate),
      RedriveCount: execution.redriveCount,
      ...(execution.redriveDate === undefined ? {} : { RedriveTime: isoTime(execution.redriveDate) }),
    },
    StateMachine: { Id: execution.machineArn, Name: execution.machineName },
    State: { Name: step.name, EnteredTime: isoTime(step.enteredTime), RetryCount: step.retries },
    ...(extras.token === undefined ? {} : { Task: { Token: extras.token } }),
    ...(item === undefined ? {} : { Map: { Item: { Index: item.Index, Value: item.Value } } }),
  };
}

/** `2026-11-23T06:00:00.000Z` */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}

/** The range of a number field, besides being a whole number. */
export interface Range {
  least: number;
  most: number;
  fraction?: boolean;
}

/**
 * The value of a field that holds a number, or an expression that must give one.
 *
 * @throws StatesError `States.QueryEvaluationError` when the expression gives anything else
 */
export async function numberField(step: Step, template: NumberField, field: string, range: Range): Promise<number> {
  const value = await evaluate(step, template, field);
  const fits = typeof value === 'number' && value >= range.least && value <= range.most && (range.fraction || Number.isInteger(value));
  if (fits) return value;
  throw unexpected(template, field, `a number from ${range.least} to ${range.most}`, value);
}

/** The error of an expression whose value doesn't suit its field. */
export function unexpected(template: JsonValue, field: string, wanted: string, value: JsonValue): StatesError {
  const source = typeof template === 'string' && isExpression(template) ? unwrapped(template) : JSON.stringify(template);
  return evaluationError(source, field, `must give ${wanted}, not ${JSON.stringify(value).slice(0, 200)}.`);
}

/**
 * Shapes what a state hands on: Output and Assign are both evaluated from what was there when the state was entered.
 *
 * @param shaping the state, choice rule or catcher
 * @param otherwise the output without an `Output`
 * @param prefix place of the shaping in the state, e.g. `Catch[0]/`
 * @throws StatesError `States.QueryEvaluationError`, `States.DataLimitExceeded`
 */
export async function leave(
  step: Step,
  shaping: Shaping & { Next?: string },
  otherwise: JsonValue,
  { extras = {}, prefix = '' }: { extras?: Extras; prefix?: string } = {},
): Promise<Exit> {
  const output = shaping.Output === undefined ? otherwise : await evaluate(step, shaping.Output, `${prefix}Output`, extras);
  const assigned = shaping.Assign && (await evaluate(step, shaping.Assign, `${prefix}Assign`, extras));
  const exit: Exit = { output, outputText: payloadText(output, step.name) };
  if (shaping.Next !== undefined) exit.next = shaping.Next;
  if (isJsonObject(assigned)) {
    step.frame.variables.check(assigned, step.name);
    exit.assigned = assigned;
  }
  return exit;
}
