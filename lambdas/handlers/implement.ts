/** How a handler is made: parse in, do, parse out, map errors. A handler file declares one task and nothing about Lambda. */
import middy from '@middy/core';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { createDependencies } from '../aws/dependencies.ts';
import { Retryable, Terminal } from '../core/errors.ts';
import { tasks } from '../../statemachines/contracts.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { TaskInput, TaskName, TaskOutput } from '../../statemachines/contracts.ts';

/** AWS's and Node's names for "busy, or lost on the way". SendCommand never reaches this: its gateway answers with values. */
const PASSING = new Set([
  'ThrottlingException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'InternalServerError',
  'InternalFailure',
  'SlowDown',
  'TimeoutError',
  'ECONNRESET',
  'KMSThrottlingException',
  'TransactionConflictException',
]);

const dependencies: Dependencies = createDependencies(process.env);

/** Implements an ASL task by its contract. Tasks that park answer through their token: what `work` returns is not their output. */
export function implement<T extends TaskName>(task: T, work: (input: TaskInput<T>, deps: Dependencies) => Promise<TaskOutput<T> | void>) {
  const contract = tasks[task];
  return shell(async (event) => {
    const input = contract.in.parse(event) as TaskInput<T>;
    const output = await work(input, dependencies);
    return contract.parks ? {} : contract.out.parse(output);
  });
}

/** Implements a reaction to an event or topic; its own code parses what came. */
export function react(work: (event: unknown, deps: Dependencies) => Promise<void>) {
  return shell(async (event) => {
    await work(event, dependencies);
    return {};
  });
}

function shell(run: (event: unknown) => Promise<unknown>) {
  return middy()
    .use(injectLambdaContext(dependencies.log))
    .use(logMetrics(dependencies.metrics, { throwOnEmptyMetrics: false }))
    .onError((request) => {
      throw classify(request.error);
    })
    .handler(async (event: unknown) => run(event));
}

/** Unknown becomes Terminal once, here at the edge, keeping its cause: ASL retries only `Retryable`. */
export function classify(error: unknown): Retryable | Terminal {
  if (error instanceof Retryable || error instanceof Terminal) return error;
  const { name, message } = error as Error;
  const passing = withCauses(error).some((one) => PASSING.has(one.name) || (one as { $retryable?: unknown }).$retryable !== undefined);
  const text = `${name}: ${message}`;
  return passing ? new Retryable(text, { cause: error }) : new Terminal(text, { cause: error });
}

/** electrodb wraps the SDK's errors: AWS's name is in the cause. */
function withCauses(error: unknown): Error[] {
  return error instanceof Error ? [error, ...withCauses(error.cause)] : [];
}
