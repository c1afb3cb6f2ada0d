import { AwsError } from '../types.ts';
import type { FunctionDefinition } from './lambda.ts';
import type { AsyncSettings } from './lambda-async.ts';

/**
 * Characters of a function's variables, names, values, quotes, commas and brackets included
 * (https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-configuration.html).
 */
const LONGEST_ENVIRONMENT = 4_096;

/** Variables that Lambda alone sets: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
const reserved = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

/** Bounds of CreateFunction (Lambda API reference). @throws AwsError InvalidParameterValueException */
export function checkFunction({ name, environment = {}, memory = 128, timeout = 3, description = '' }: FunctionDefinition): void {
  if (!/^[\w-]{1,64}$/.test(name)) throw invalid(`${name} is no name for a function`);
  if (!isWhole(timeout, 1, 900) || !isWhole(memory, 128, 10_240)) throw invalid(`${name}: a function has 1 to 900 seconds and 128 to 10,240 MB`);
  if (description.length > 256) throw invalid(`${name}: a description has at most 256 characters`);
  checkEnvironment(environment);
}

function checkEnvironment(environment: Record<string, string>): void {
  const names = Object.keys(environment);
  const odd = names.find((name) => !/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name) && !reserved.has(name));
  if (odd !== undefined) throw invalid(`${odd} is no name for a variable: it must match [a-zA-Z]([a-zA-Z0-9_])+`);
  const taken = names.filter((name) => reserved.has(name));
  if (taken.length > 0) {
    const what =
      'Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys';
    throw invalid(`${what} that are currently not supported for modification. Reserved keys used in this request: ${taken.join(', ')}`);
  }
  const measured = JSON.stringify(environment);
  if (measured.length <= LONGEST_ENVIRONMENT) return;
  const what =
    'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.';
  throw invalid(`${what} String measured: ${measured}`);
}

/** Bounds of PutFunctionEventInvokeConfig (Lambda API reference). @throws AwsError InvalidParameterValueException */
export function checkAsyncSettings({ maxRetries = 2, maxAge = 21_600 }: AsyncSettings): void {
  if (!isWhole(maxRetries, 0, 2)) throw invalid(`MaximumRetryAttempts must be 0, 1 or 2, not ${maxRetries}`);
  if (!isWhole(maxAge, 60, 21_600)) throw invalid(`MaximumEventAgeInSeconds must be from 60 to 21600, not ${maxAge}`);
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
