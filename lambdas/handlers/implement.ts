/** How a handler is made: parse in, do, parse out, map errors. A handler file declares one task and nothing about Lambda. */
import middy from '@middy/core';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { createDependencies } from '../aws/dependencies.ts';
import { Retryable, Terminal } from '../core/errors.ts';
import { tasks } from '../../statemachines/contracts.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { TaskInput, TaskName, TaskOutput } from '../../statemachines/contracts.ts';

/** Names for "busy" that come as faults of the caller; each service has its own. SendCommand never reaches this: its gateway answers with values. */
const BUSY =
  /^(Throttl(ing|ed)\w*|KMSThrottlingException|RequestThrottled\w*|RequestLimitExceeded|TooManyRequests\w*|ProvisionedThroughputExceededException|SlowDown|TransactionConflictException|TimeoutError)$/;
/** Node.js's codes for "lost on the way", which the SDK hands on as they are. */
const LOST = new Set(['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT']);

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
  const passing = withCauses(error).some(isPassing);
  const text = `${name}: ${message}`;
  return passing ? new Retryable(text, { cause: error }) : new Terminal(text, { cause: error });
}

/** Busy, lost on the way, or broken at AWS's end, which the SDK marks in one way for all services (Smithy, ServiceException.$fault). */
function isPassing(error: Error): boolean {
  const { name, code, $fault, $retryable } = error as Error & { code?: unknown; $fault?: unknown; $retryable?: unknown };
  return BUSY.test(name) || $fault === 'server' || $retryable !== undefined || (typeof code === 'string' && LOST.has(code));
}

/** electrodb wraps the SDK's errors: AWS's name is in the cause. */
function withCauses(error: unknown): Error[] {
  return error instanceof Error ? [error, ...withCauses(error.cause)] : [];
}
