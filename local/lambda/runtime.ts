import { inActivity, parked } from '../clock.ts';
import type { Clock } from '../types.ts';
import { compileCode, LoadError, type Code } from './code.ts';
import { Environment } from './environment.ts';
import type { Bridge } from './http-bridge.ts';
import type { Internet } from './internet.ts';
import { ranIn, watchStrays } from './strays.ts';

/** Environments of one function at the same time. */
const MOST_ENVIRONMENTS = 2;

/** Largest answer of a synchronous invocation, in bytes: Lambda Developer Guide, "Lambda quotas". */
const LARGEST_ANSWER = 6_291_556;

export interface FunctionSettings {
  clock: Clock;
  name: string;
  arn: string;
  /** Folder of the bundle. */
  codeDirectory: string;
  /** The bundle itself, where it lies in no folder. */
  source?: string;
  /** `index.handler` */
  handler: string;
  memory: number;
  timeoutSeconds: number;
  /** The function's own variables. */
  environment: Record<string, string>;
  /** Variables that Lambda sets: Region, credentials, endpoint. Asked for each new environment, as credentials may be new. */
  platform: () => Record<string, string>;
  logFormat?: 'Text' | 'JSON';
  logGroup: string;
  /** Without one, requests to the embedded AWS take a socket. Asked for each new environment. */
  bridge?: () => Bridge | undefined;
  /** Hosts outside that this machine answers; no other resolves. */
  internet?: Internet;
  /** Gets the lines that the function writes, as it writes them. */
  line: (stream: string, text: string) => void;
}

export interface Invocation {
  /** JSON text of the event. */
  payload: string;
  requestId: string;
  /** ARN that the caller used, with its version or alias. */
  invokedArn: string;
  clientContext?: unknown;
}

export interface InvocationResult {
  /** JSON text: the handler's answer, or `{ errorType, errorMessage, trace }`. */
  payload: string;
  failed: boolean;
  /** Of the embedded AWS's clock. */
  milliseconds: number;
  /** What the function wrote meanwhile. */
  log: string[];
}

export interface FunctionRuntime {
  /** Runs the handler once. It never rejects: failures are results, as Lambda reports them. */
  invoke(invocation: Invocation): Promise<InvocationResult>;
  /** Environments that exist, busy ones included. */
  environments(): number;
}

/**
 * Runs a function's bundle in this process: one environment for each concurrent invocation, kept for the next. Time-outs are the
 * clock's. A function that can't go on and waits for nothing is reported as Lambda's runtime does (`Runtime.NodeJsExit`).
 */
export function createFunctionRuntime(settings: FunctionSettings): FunctionRuntime {
  watchStrays();
  const runtime = new Runtime(settings);
  return { invoke: (invocation) => runtime.invoke(invocation), environments: () => runtime.count };
}

/** What ended an invocation. */
type Ending = { answer: unknown } | { error: ErrorAnswer; killed: boolean };

interface ErrorAnswer {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

class Runtime {
  count = 0;
  private readonly idle: Environment[] = [];
  private readonly waiting: ((environment: Environment) => void)[] = [];
  private readonly streams = new WeakMap<Environment, string>();
  /** Where the lines of a running invocation go besides the log group. */
  private readonly logs = new WeakMap<Environment, string[]>();
  private code: Code | undefined;
  private started = 0;

  constructor(private readonly settings: FunctionSettings) {}

  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const { clock } = this.settings;
    const start = clock.now();
    const log: string[] = [];
    let environment: Environment | undefined;
    let over = false;
    const ending = await this.guarded(invocation, async (end) => {
      try {
        const acquired = await this.acquire();
        // Timed out while it waited: nothing of it may run any more.
        if (over) return this.release(acquired);
        environment = acquired;
        this.logs.set(environment, log);
        environment.requestId = invocation.requestId;
        environment.events = { exited: (status) => end(failure('Runtime.ExitError', exitText(invocation, status))) };
        const handler = environment.handler();
        end({ answer: await handler(JSON.parse(invocation.payload), this.context(environment, invocation)) });
      } catch (error) {
        end({ error: errorAnswer(error), killed: error instanceof LoadError });
      }
    });
    over = true;
    const result = this.finish(ending, invocation, environment);
    return { ...result, milliseconds: clock.now() - start, log };
  }

  /** Starts work and waits for the first of: its end, its time-out, an error that nobody caught, a standstill. */
  private guarded(invocation: Invocation, begin: (end: (ending: Ending) => void) => Promise<void>): Promise<Ending> {
    const { clock, name, timeoutSeconds } = this.settings;
    const ended = new Deferred<Ending>();
    const end = ended.resolve;
    const deadline = clock.now() + timeoutSeconds * 1000;
    const cancel = clock.at(deadline, () => {
      end(failure('Sandbox.Timedout', `RequestId: ${invocation.requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`));
    });
    const fail = (error: unknown): void => end({ error: errorAnswer(error), killed: true });
    const work = (): Promise<Ending> =>
      ranIn({ name, fail }, () => {
        void begin(end);
        return ended.promise.finally(cancel);
      });
    return inActivity(clock, `function ${name} ${invocation.requestId}`, work, {
      failed: fail,
      stalled: () => end(failure('Runtime.NodeJsExit', nodeExit)),
      guards: { from: deadline - Math.min(1000, timeoutSeconds * 100), to: deadline },
    });
  }

  private finish(ending: Ending, invocation: Invocation, environment: Environment | undefined): { payload: string; failed: boolean } {
    const outcome = 'answer' in ending ? answered(ending.answer) : ending;
    if (environment && 'error' in outcome) {
      environment.flush();
      const timestamp = new Date(this.settings.clock.now()).toISOString();
      this.logLine(environment, `${timestamp}\t${invocation.requestId}\tERROR\tInvoke Error\t${JSON.stringify(outcome.error)}`);
    }
    environment?.flush();
    if (environment && 'error' in outcome && outcome.killed) this.discard(environment);
    else if (environment) this.release(environment);
    return 'error' in outcome ? { payload: JSON.stringify(outcome.error), failed: true } : { payload: outcome.payload, failed: false };
  }

  /**
   * An environment that is free, a new one, or the next to become free. Lambda starts a new one for each concurrent invocation; here they
   * share this process's one thread, so that more of them would only evaluate and warm up the same code again.
   */
  private async acquire(): Promise<Environment> {
    const free = this.idle.pop();
    if (free) return free;
    if (this.count < MOST_ENVIRONMENTS) return this.start();
    const next = new Deferred<Environment>();
    this.waiting.push(next.resolve);
    return parked(this.settings.clock, next.promise);
  }

  private release(environment: Environment): void {
    const next = this.waiting.shift();
    if (next) next(environment);
    else this.idle.push(environment);
  }

  private start(): Environment {
    const { codeDirectory, handler, source, logFormat = 'Text', clock } = this.settings;
    this.code ??= compileCode(codeDirectory, handler, source);
    const day = new Date(clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
    const stream = `${day}/[$LATEST]${String(++this.started).padStart(8, '0')}`;
    const environment: Environment = new Environment({
      code: this.code,
      variables: this.variables(stream),
      logFormat,
      bridge: this.settings.bridge?.(),
      internet: this.settings.internet,
      now: () => clock.now(),
      line: (text) => this.logLine(environment, text),
    });
    this.streams.set(environment, stream);
    this.count++;
    return environment;
  }

  private discard(environment: Environment): void {
    environment.kill();
    this.count--;
    this.waiting.shift()?.(this.start());
  }

  private logLine(environment: Environment, text: string): void {
    this.logs.get(environment)?.push(text);
    this.settings.line(this.streams.get(environment) ?? '', text);
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
  private variables(stream: string): Record<string, string> {
    const { name, memory, handler, logGroup, environment, platform } = this.settings;
    return {
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
      AWS_LAMBDA_LOG_GROUP_NAME: logGroup,
      AWS_LAMBDA_LOG_STREAM_NAME: stream,
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: '/var/task',
      _HANDLER: handler,
      TZ: ':UTC',
      LANG: 'en_US.UTF-8',
      // On Lambda the SDK runs on a newer Node than here and has nothing to warn of.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
      ...platform(),
    };
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
  private context(environment: Environment, { requestId, invokedArn, clientContext }: Invocation): object {
    const { clock, name, memory, timeoutSeconds, logGroup } = this.settings;
    const deadline = clock.now() + timeoutSeconds * 1000;
    return {
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: invokedArn,
      memoryLimitInMB: String(memory),
      awsRequestId: requestId,
      logGroupName: logGroup,
      logStreamName: this.streams.get(environment),
      callbackWaitsForEmptyEventLoop: true,
      ...(clientContext !== undefined && { clientContext }),
      getRemainingTimeInMillis: () => Math.max(0, deadline - clock.now()),
    };
  }
}

class Deferred<T> {
  resolve!: (value: T) => void;
  readonly promise = new Promise<T>((resolve) => {
    this.resolve = resolve;
  });
}

const nodeExit =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled.';

function failure(errorType: string, errorMessage: string): Ending {
  return { error: { errorType, errorMessage }, killed: true };
}

function exitText({ requestId }: Invocation, status: number): string {
  const what = status === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: exit status ${status}`;
  return `RequestId: ${requestId} Error: ${what}`;
}

/** Errors as Lambda's runtime for Node.js reports them: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message, trace: traceOf(error) };
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

/** Without the frames of the embedded AWS: the same failure has the same trace on every machine. */
function traceOf({ stack = '' }: Error): string[] {
  return stack.split('\n').filter((line) => !/^\s+at (?:.*\()?(?:file:\/\/)?\/(?!var\/task\/)/.test(line));
}

function answered(answer: unknown): { payload: string } | { error: ErrorAnswer; killed: boolean } {
  let payload: string;
  try {
    payload = JSON.stringify(answer) ?? 'null';
  } catch (error) {
    return {
      error: { errorType: 'Runtime.MarshalError', errorMessage: `Unable to stringify response body: ${String(error)}` },
      killed: false,
    };
  }
  if (Buffer.byteLength(payload) <= LARGEST_ANSWER) return { payload };
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${LARGEST_ANSWER} bytes).`;
  return { error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage }, killed: false };
}
