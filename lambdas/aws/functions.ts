/** A Lambda function of the user's, in the hub's own account and Region: what it is now, and the one call for a batch. */
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CALL_SECONDS } from '../core/triggers/stand-in.ts';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { Pin } from '../core/pin.ts';
import type { FunctionEvent } from '../core/triggers/function-answer.ts';
import type { Described } from '../core/triggers/stand-in.ts';

export type CallResult =
  /** It ran to its end: `failed` where Lambda says that it ended in an error, with `payload` saying which. */
  | { called: true; failed: boolean; payload: string }
  /** Lambda refused before anything began. */
  | { called: false; refused: string }
  /** The answer was lost or came too late: it may have run, and may run still. */
  | { called: 'unclear'; reason: string };

export interface Functions {
  /** A function by `name`, `name:version` or `name:alias`, as it stands now: an alias is resolved to its version. */
  describe(name: string): Promise<Described>;
  /** SHA-256 of the code that a pin would run now; nothing where it is gone. */
  codeOf(pin: Pin): Promise<string | undefined>;
  /** Runs the pinned version once, and waits for its answer for as long as the function may take, and a little longer. */
  call(pin: Pin, event: FunctionEvent): Promise<CallResult>;
}

/**
 * Errors that prove that the function was not run (Lambda API reference, Invoke: the others, ServiceException above all, may come after it
 * was).
 */
const REFUSALS = new Set([
  'AccessDeniedException',
  'InvalidParameterValueException',
  'InvalidRequestContentException',
  'RequestTooLargeException',
  'ResourceConflictException',
  'ResourceNotFoundException',
  'ResourceNotReadyException',
  'TooManyRequestsException',
  'UnsupportedMediaTypeException',
]);

/** Clients are made when they are first needed: few rollouts call a function, and building a client costs more than most calls. */
export function createFunctions(): Functions {
  let made: LambdaClient | undefined;
  const lambda = (): LambdaClient => (made ??= new LambdaClient({}));
  return {
    describe: (name) => describe(lambda(), name),
    async codeOf({ name, version }) {
      const found = await configurationOf(lambda(), qualified(name, version));
      return 'missing' in found ? undefined : found.CodeSha256;
    },
    // The SDK repeats lost replies and 5xx answers by itself; a repeated call runs the function again.
    call: (pin, event) => call(new LambdaClient({ maxAttempts: 1 }), pin, event),
  };
}

/** `$LATEST` goes without: what IAM is asked about is then the function's own ARN (Lambda Developer Guide, "Resources and conditions"). */
function qualified(name: string, version: string | undefined): { FunctionName: string; Qualifier?: string } {
  return { FunctionName: name, ...(version === undefined || version === '$LATEST' ? {} : { Qualifier: version }) };
}

async function describe(lambda: LambdaClient, written: string): Promise<Described> {
  const [name = '', qualifier] = written.split(':');
  const found = await configurationOf(lambda, qualified(name, qualifier));
  if ('missing' in found) return { missing: `${found.missing} function ${written} in the hub's own account and Region`, everywhere: true };
  const { CodeSha256: hash, Version: version, Timeout: seconds } = found;
  if (hash === undefined || version === undefined) return { missing: `function ${written} has no hash or version`, everywhere: true };
  // 3 seconds are Lambda's own where nothing is set (Lambda API reference, CreateFunction.Timeout).
  return { by: 'lambda', name, version, hash, seconds: seconds ?? 3, platforms: ['linux', 'windows'], parameters: [] };
}

/** The configuration, or why there is none to be had in the words that begin "… function NAME". */
async function configurationOf(
  lambda: LambdaClient,
  which: { FunctionName: string; Qualifier?: string },
): Promise<FunctionConfiguration | { missing: string }> {
  try {
    return await lambda.send(new GetFunctionConfigurationCommand(which));
  } catch (error) {
    const { name } = error as Error;
    if (name === 'ResourceNotFoundException') return { missing: 'there is no' };
    if (name === 'AccessDeniedException') return { missing: 'Wavelock may not use' };
    throw error;
  }
}

async function call(lambda: LambdaClient, { name, version, seconds = 3 }: Pin, event: FunctionEvent): Promise<CallResult> {
  const gone = new AbortController();
  const patience = setTimeout(() => gone.abort(), (seconds + CALL_SECONDS.patience) * 1_000);
  try {
    const Payload = new TextEncoder().encode(JSON.stringify(event));
    const answer = await lambda.send(new InvokeCommand({ ...qualified(name, version), InvocationType: 'RequestResponse', Payload }), {
      abortSignal: gone.signal,
    });
    return { called: true, failed: answer.FunctionError !== undefined, payload: new TextDecoder().decode(answer.Payload) };
  } catch (error) {
    const { name: code, message } = error as Error;
    return REFUSALS.has(code) ? { called: false, refused: `${code}: ${message}` } : { called: 'unclear', reason: `${code}: ${message}` };
  } finally {
    clearTimeout(patience);
  }
}
