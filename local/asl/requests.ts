import { AwsError, type CallContext } from '../types.ts';
import type { Engine } from './engine.ts';
import type { Execution, Machine } from './execution.ts';
import { PAYLOAD_LIMIT } from './limits.ts';
import type { MapRun } from './map-run.ts';
import { statesArn } from './resources.ts';
import { byteLength, parseJson, type JsonValue } from './values.ts';

/** Names of machines and executions: API reference, StartExecution, `name`. */
const LONGEST_NAME = 80;
const forbiddenInNames = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\ud800-\udfff]/u;
/** API model: `Error` and `Cause`. */
const LONGEST_ERROR = 256;
const LONGEST_CAUSE = 32_768;

type Kind = 'stateMachine' | 'execution' | 'mapRun';

/** @throws AwsError `InvalidName` */
export function checkName(name: string): void {
  if (name.length === 0 || name.length > LONGEST_NAME || forbiddenInNames.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

/** A text that a request can't do without. @throws AwsError `ValidationException` */
export function required(value: unknown, member: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw refused(`Value at '${member}' failed to satisfy constraint: Member must not be null`);
}

/** An `error` and `cause` given by a caller, as far as they are given. @throws AwsError `ValidationException` when they are too long */
export function givenFailure({ error, cause }: { error?: string; cause?: string }): { error?: string; cause?: string } {
  checkLength(error, 'error', LONGEST_ERROR);
  checkLength(cause, 'cause', LONGEST_CAUSE);
  return { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
}

function checkLength(value: string | undefined, member: string, most: number): void {
  if (value !== undefined && value.length > most) throw tooLong(member, most);
}

/** A JSON text of a request. @throws AwsError `ValidationException` over 256 KiB, `code` when it is no JSON */
export function jsonText(source: string, member: string, code: 'InvalidExecutionInput' | 'InvalidOutput'): JsonValue {
  if (byteLength(source) > PAYLOAD_LIMIT) throw tooLong(member, PAYLOAD_LIMIT);
  const value = parseJson(source);
  if (value === undefined)
    throw new AwsError(code, `Invalid ${member === 'input' ? 'State Machine Execution Input' : 'Output'}: '${source.slice(0, 100)}' is not JSON`);
  return value;
}

/** @throws AwsError `ValidationException` unless the value is one of the API's, or not given */
export function checkChoice(value: string | undefined, member: string, choices: string[]): void {
  if (value === undefined || choices.includes(value)) return;
  throw refused(`Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${choices.join(', ')}]`);
}

function tooLong(member: string, most: number): AwsError {
  return refused(`Value at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${most}`);
}

function refused(problem: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: ${problem}`);
}

/** Whether an ARN names a thing of this kind in the account and Region that the call addresses. */
function isHere(arn: string, kind: Kind, context: CallContext): boolean {
  const parts = statesArn(arn);
  if (parts?.kind !== kind) throw new AwsError('InvalidArn', `Invalid Arn: '${arn}'`);
  return parts.account === context.account && parts.region === context.region;
}

/** @throws AwsError `InvalidArn`, `StateMachineDoesNotExist` */
export function machineOf(engine: Engine, arn: unknown, context: CallContext): Machine {
  const wanted = required(arn, 'stateMachineArn');
  const machine = isHere(wanted, 'stateMachine', context) ? engine.machines.get(wanted) : undefined;
  if (!machine) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${wanted}'`);
  return machine;
}

/** @throws AwsError `InvalidArn`, `ExecutionDoesNotExist` */
export function executionOf(engine: Engine, arn: unknown, context: CallContext): Execution {
  const wanted = required(arn, 'executionArn');
  const execution = isHere(wanted, 'execution', context) ? engine.executions.get(wanted) : undefined;
  if (!execution) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${wanted}'`);
  return execution;
}

/** @throws AwsError `InvalidArn`, `ResourceNotFound` (wording: https://github.com/floci-io/floci/pull/2694, measured) */
export function mapRunOf(engine: Engine, arn: unknown, context: CallContext): MapRun {
  const wanted = required(arn, 'mapRunArn');
  const mapRun = isHere(wanted, 'mapRun', context) ? engine.mapRuns.get(wanted) : undefined;
  if (!mapRun) throw new AwsError('ResourceNotFound', `Resource not found: '${wanted}'`, 400, { resourceName: wanted });
  return mapRun;
}
