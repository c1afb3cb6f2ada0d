import { AwsError, type Caller, type Input, type Service } from '../types.ts';
import { unwrapBody } from './content.ts';
import { createInProcessHandler, type InProcessHandler } from './in-process.ts';
import { jsonProtocol } from './json.ts';
import type { Protocol, WireRequest, WireResponse } from './protocol.ts';
import { queryProtocol } from './query.ts';
import { restProtocol } from './rest.ts';
import { loadSchema, type ProtocolName, type ServiceSchema } from './schema.ts';
import { listen, type Answer, type WireServer } from './server.ts';
import { readScope, type Scope } from './signature.ts';
import { checkValue, misfit, requireMembers, wrongOutput } from './values.ts';

export type { InProcessHandler } from './in-process.ts';
export type { WireRequest, WireResponse } from './protocol.ts';
export type { WireServer } from './server.ts';

export interface WireOptions {
  /** May grow later: services are made with the cloud that they are part of. */
  services: Service[];
  /** The caller behind a request's keys; `undefined` for keys that were never issued. */
  identify(accessKeyId: string, sessionToken: string | undefined): Caller | 'expired' | undefined;
  /** Runs an operation, judged and counted. `caller.region` and `region` are the Region that the request is signed for. */
  invoke(service: string, operation: string, input: Input, caller: Caller, region: string): Promise<Input>;
  /** Ids of requests, as responses carry them. */
  requestId(): string;
  /** Runs the answering of one request, e.g. as an activity of the clock. Default: simply runs it. */
  around?(name: string, work: () => Promise<WireResponse>, port: number | undefined): Promise<WireResponse>;
  /** Told of everything that an operation threw without meaning it as an answer. */
  onFault?(error: unknown, what: string): void;
}

export interface Wire {
  listen(port?: number): Promise<WireServer>;
  inProcessHandler(): InProcessHandler;
  /** Answers one request; never rejects. */
  answer: Answer;
  /** @throws AwsError unless the input fits the operation's schema, for calls that don't come over the wire */
  checkInput(service: string, operation: string, input: Input): void;
  /** @throws Error unless the output fits the operation's schema */
  checkOutput(service: string, operation: string, output: Input): void;
}

const protocols: Record<ProtocolName, (schema: ServiceSchema) => Protocol> = {
  awsJson1_0: jsonProtocol,
  awsJson1_1: jsonProtocol,
  awsQuery: queryProtocol,
  ec2Query: queryProtocol,
  restJson1: restProtocol,
  restXml: restProtocol,
};

/** What services answer to an access key that doesn't exist, each family in its own words. */
const unknownKeys: Record<ProtocolName, [code: string, status: number]> = {
  awsJson1_0: ['UnrecognizedClientException', 400],
  awsJson1_1: ['UnrecognizedClientException', 400],
  awsQuery: ['InvalidClientTokenId', 403],
  ec2Query: ['AuthFailure', 401],
  restJson1: ['UnrecognizedClientException', 403],
  restXml: ['InvalidAccessKeyId', 403],
};

/** … and to those of a session that is over: the services' pages on common errors. */
const expiredKeys: Record<ProtocolName, [code: string, status: number]> = {
  awsJson1_0: ['ExpiredTokenException', 400],
  awsJson1_1: ['ExpiredTokenException', 400],
  awsQuery: ['ExpiredToken', 403],
  ec2Query: ['RequestExpired', 400],
  restJson1: ['ExpiredTokenException', 403],
  restXml: ['ExpiredToken', 400],
};

interface WiredService {
  service: Service;
  schema: ServiceSchema;
  protocol: Protocol;
}

/** Puts services on the wire: any AWS SDK or CLI can call them. A service's tables are loaded when it is first called. */
export function createWire(options: WireOptions): Wire {
  const wired = new Map<string, WiredService>();

  function serviceOf(name: string): WiredService {
    const known = wired.get(name);
    if (known) return known;
    const service = options.services.find((candidate) => candidate.name === name);
    if (!service) throw new AwsError('UnknownOperationException', `embedded AWS does not know the service ${name || 'of an unsigned request'}`);
    const schema = loadSchema(service.sdk);
    const added = { service, schema, protocol: protocols[schema.protocol](schema) };
    wired.set(name, added);
    return added;
  }

  const exchange = new Exchange(options, serviceOf);
  const answer: Answer = (request, port) => exchange.answer(request, port);
  return {
    answer,
    listen: (port) => listen(answer, port),
    inProcessHandler: () => createInProcessHandler(answer),
    checkInput(service, operation, input) {
      const shape = operationOf(serviceOf(service), operation).input;
      if (shape.kind === 'unit') return;
      checkValue(shape, input ?? {}, operation, misfit);
      requireMembers(shape, input ?? {}, operation);
    },
    checkOutput(service, operation, output) {
      const shape = operationOf(serviceOf(service), operation).output;
      if (shape.kind !== 'unit') checkValue(shape, output ?? {}, operation, wrongOutput);
    },
  };
}

function operationOf({ service, schema }: WiredService, name: string): { input: ServiceShape; output: ServiceShape } {
  const operation = service.operations[name] && schema.operation(name);
  if (!operation) throw unknownOperation(service.name, name);
  return operation;
}

type ServiceShape = Parameters<typeof checkValue>[0];

/** The answer to whatever the embedded AWS doesn't do: it names it, so that nobody takes it for an AWS fault. */
function unknownOperation(service: string, operation: string): AwsError {
  return service === 's3'
    ? new AwsError('NotImplemented', `embedded AWS does not know ${service}:${operation}`, 501)
    : new AwsError('UnknownOperationException', `embedded AWS does not know ${service}:${operation}`);
}

class Exchange {
  constructor(
    private readonly options: WireOptions,
    private readonly serviceOf: (name: string) => WiredService,
  ) {}

  async answer(request: WireRequest, port: number | undefined): Promise<WireResponse> {
    const requestId = this.options.requestId();
    const work = (): Promise<WireResponse> => this.respond(request, requestId);
    const response = await (this.options.around?.(`${request.method} ${request.url}`, work, port) ?? work());
    const { headers } = response;
    // Clients compare this date with their own clock: with virtual time it has to be virtual, too.
    return {
      ...response,
      headers: { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId, date: new Date().toUTCString(), ...headers },
    };
  }

  private async respond(request: WireRequest, requestId: string): Promise<WireResponse> {
    let wired: WiredService | undefined;
    let what = `${request.method} ${request.url}`;
    try {
      const scope = readScope(request, Date.now());
      wired = this.serviceOf(scope.service);
      const { operation, input } = wired.protocol.read(unwrapBody(request, scope.service));
      what = `${scope.service}:${operation.name}`;
      if (!wired.service.operations[operation.name]) throw unknownOperation(scope.service, operation.name);
      const caller = { ...this.callerOf(scope, wired.schema.protocol), region: scope.region };
      const output = await this.options.invoke(scope.service, operation.name, input, caller, scope.region);
      return wired.protocol.write(operation, output, requestId);
    } catch (error) {
      return this.failure(error, what, { wired, request, requestId });
    }
  }

  private callerOf(scope: Scope, protocol: ProtocolName): Caller {
    const caller = this.options.identify(scope.accessKeyId, scope.sessionToken);
    if (caller !== undefined && caller !== 'expired') return caller;
    const [code, status] = (caller === 'expired' ? expiredKeys : unknownKeys)[protocol];
    throw new AwsError(code, `The security token included in the request is ${caller === 'expired' ? 'expired' : 'invalid.'}`, status);
  }

  private failure(error: unknown, what: string, exchange: { wired?: WiredService; request: WireRequest; requestId: string }): WireResponse {
    const { wired, request, requestId } = exchange;
    const known = error instanceof AwsError ? error : this.internal(error, what);
    if (wired) return wired.protocol.fail(known, requestId, request);
    const body = JSON.stringify({ __type: known.code, message: known.message });
    return { status: known.statusCode, headers: { 'content-type': 'application/json', 'x-amzn-errortype': known.code }, body };
  }

  /** A fault of the embedded AWS itself: told, and answered as AWS answers its own. */
  private internal(error: unknown, what: string): AwsError {
    this.options.onFault?.(error, what);
    return new AwsError('InternalFailure', `embedded AWS failed in ${what}: ${error instanceof Error ? error.message : String(error)}`, 500);
  }
}
