import type { InvocationRequest } from '@aws-sdk/client-lambda';
import type { CredentialStore } from '../iam/credentials.ts';
import { assumedRoleArn } from '../iam/iam.ts';
import type { Bridge } from '../lambda/http-bridge.ts';
import type { Internet } from '../lambda/internet.ts';
import { createFunctionRuntime, type FunctionRuntime, type InvocationResult } from '../lambda/runtime.ts';
import {
  AwsError,
  type AccessRequest,
  type CallContext,
  type Caller,
  type Cloud,
  type Input,
  type Service,
  type ServiceOperation,
} from '../types.ts';
import { AsyncInvocations, type AsyncSettings, type AsyncTarget } from './lambda-async.ts';
import { configuration, versionOf } from './lambda-configuration.ts';
import { checkAsyncSettings, checkFunction } from './lambda-limits.ts';
import { pageOf } from './listing.ts';
import { parseArn, type Location } from './locations.ts';
import type { MetricValue } from './metrics.ts';

/** Largest event, in bytes: Lambda Developer Guide, "Lambda quotas" (asynchronous: 1 MB). */
const LARGEST_SYNC = 6 * 1024 * 1024;
const LARGEST_ASYNC = 1024 * 1024;

/** A function as a template describes it, with its bundle on disk. */
export interface FunctionDefinition extends Location {
  name: string;
  codeDirectory: string;
  /** The code itself, where it lies in no directory. */
  source?: string;
  /** `index.handler` */
  handler: string;
  /** ARN of the execution role. */
  roleArn: string;
  environment?: Record<string, string>;
  /** MB; AWS's default is 128. */
  memory?: number;
  /** Seconds; AWS's default is 3. */
  timeout?: number;
  description?: string;
  logGroup?: string;
  logFormat?: 'Text' | 'JSON';
  /** Retries, destinations and dead letters of asynchronous invocations. */
  async?: AsyncSettings;
  /** Alias → number of a version. */
  aliases?: Record<string, number>;
}

/** Lets somebody invoke a function, as AWS::Lambda::Permission does. */
export interface Permission {
  functionArn: string;
  /** `events.amazonaws.com`, an account or an ARN. */
  principal: string;
  action?: string;
  sourceArn?: string;
  sourceAccount?: string;
}

export interface Lambda {
  service: Service;
  /** Makes a function; gives its ARN. */
  createFunction(definition: FunctionDefinition): string;
  /** Numbers the function as it is; gives the version's ARN. */
  publishVersion(functionArn: string): string;
  addPermission(permission: Permission): void;
  setAsyncSettings(functionArn: string, settings: AsyncSettings): void;
  functions(): { name: string; arn: string; roleArn: string }[];
}

export interface LambdaOptions {
  /** `AWS_ENDPOINT_URL` of functions. */
  endpoint(): string;
  /** Answers requests to the endpoint without a socket. */
  bridge?(): Bridge | undefined;
  /** Hosts outside that this machine answers to functions; no other resolves. */
  internet?: Internet;
  credentials: Pick<CredentialStore, 'issue'>;
  log(location: Location, group: string, stream: string, line: string): void;
  metric(location: Location, value: MetricValue): void;
  /** Told of every invocation, for usage and cost. `milliseconds` are the clock's. */
  invoked?(invocation: { arn: string; memory: number; milliseconds: number; failed: boolean }): void;
  /** Invocations at once in an account and Region; AWS's default is 1,000, for new accounts less. */
  concurrency?: number;
}

/** Lambda: functions run in this process, with AWS's retries, destinations and resource policies. */
export function createLambda(cloud: Cloud, options: LambdaOptions): Lambda {
  const functions = new Functions(cloud, options);
  return {
    service: { name: 'lambda', sdk: '@aws-sdk/client-lambda', operations: functions.operations() },
    createFunction: (definition) => functions.create(definition),
    publishVersion: (arn) => functions.publish(arn),
    addPermission: (permission) => functions.permit(permission),
    setAsyncSettings(arn, settings) {
      checkAsyncSettings(settings);
      functions.byArn(arn).definition.async = settings;
    },
    functions: () => functions.all().map(({ definition, arn }) => ({ name: definition.name, arn, roleArn: definition.roleArn })),
  };
}

export interface LambdaFunction {
  arn: string;
  definition: FunctionDefinition;
  runtime: FunctionRuntime;
  role: Caller;
  created: number;
  versions: number;
  policy: { Version: string; Statement: Input[] };
}

class Functions {
  private readonly functions = new Map<string, LambdaFunction>();
  private readonly asynchronous: AsyncInvocations;
  private readonly running = new Map<string, number>();

  constructor(
    private readonly cloud: Cloud,
    private readonly options: LambdaOptions,
  ) {
    this.asynchronous = new AsyncInvocations(cloud);
  }

  create(definition: FunctionDefinition): string {
    checkFunction(definition);
    const { account, region, name, roleArn } = definition;
    const arn = `arn:aws:lambda:${region}:${account}:function:${name}`;
    if (this.functions.has(arn)) throw new AwsError('ResourceConflictException', `Function already exist: ${name}`, 409);
    const role = { account, region, arn: assumedRoleArn(roleArn, name), roleArn };
    const policy = { Version: '2012-10-17', Statement: [] };
    this.functions.set(arn, {
      arn,
      definition: { ...definition },
      role,
      policy,
      versions: 0,
      created: this.cloud.clock.now(),
      runtime: this.runtime(definition, arn, role),
    });
    return arn;
  }

  all(): LambdaFunction[] {
    return [...this.functions.values()];
  }

  /** By ARN, with or without a version. */
  byArn(arn: string): LambdaFunction {
    const found = this.functions.get(arn) ?? this.functions.get(arn.split(':').slice(0, 7).join(':'));
    if (found) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
  }

  publish(arn: string): string {
    const found = this.byArn(arn);
    return `${found.arn}:${++found.versions}`;
  }

  permit({ functionArn, principal, action = 'lambda:InvokeFunction', sourceArn, sourceAccount }: Permission): void {
    const { policy } = this.byArn(functionArn);
    const conditions = {
      ...(sourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
      ...(sourceAccount !== undefined && { StringEquals: { 'AWS:SourceAccount': sourceAccount } }),
    };
    policy.Statement.push({
      Sid: `permission-${policy.Statement.length + 1}`,
      Effect: 'Allow',
      Principal: principal === '*' ? '*' : principal.endsWith('.amazonaws.com') ? { Service: principal } : { AWS: principal },
      Action: action,
      Resource: functionArn,
      ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
    });
  }

  operations(): Record<string, ServiceOperation> {
    return {
      Invoke: this.onFunction('InvokeFunction', (found, input, context) => this.invoke(found, input, context)),
      GetFunction: this.onFunction('GetFunction', (found) => ({
        Configuration: configuration(found, '$LATEST'),
        Code: { RepositoryType: 'S3', Location: `https://awslambda-${found.definition.region}-tasks.s3.amazonaws.com/` },
      })),
      GetFunctionConfiguration: this.onFunction('GetFunctionConfiguration', (found, input, context) =>
        configuration(found, versionOf(found, this.addressed(input, context)) ?? '$LATEST'),
      ),
      GetPolicy: this.onFunction('GetPolicy', ({ policy, arn }) => {
        if (policy.Statement.length > 0) return { Policy: JSON.stringify({ ...policy, Id: 'default' }), RevisionId: String(policy.Statement.length) };
        throw new AwsError('ResourceNotFoundException', `The resource you requested does not exist: no policy is associated with ${arn}`, 404);
      }),
      ListFunctions: {
        access: () => [{ action: 'lambda:ListFunctions', resource: '*' }],
        run: (input, { account, region }) => {
          const mine = this.all().filter(({ definition }) => definition.account === account && definition.region === region);
          const { items, next } = pageOf(mine, Math.min(input.MaxItems ?? 50, 50), input.Marker, 'InvalidParameterValueException');
          return { Functions: items.map((found) => configuration(found, '$LATEST')), ...(next !== undefined && { NextMarker: next }) };
        },
      },
    };
  }

  private onFunction(action: string, run: (found: LambdaFunction, input: Input, context: CallContext) => unknown): ServiceOperation {
    return {
      access: (input, context) => [this.access(action, this.addressed(input, context))],
      run: (input, context) => run(this.find(this.addressed(input, context)), input, context),
    };
  }

  private access(action: string, arn: string): AccessRequest {
    const found = this.functions.get(arn.split(':').slice(0, 7).join(':'));
    return { action: `lambda:${action}`, resource: arn, resourcePolicy: found?.policy, resourceAccount: parseArn(arn)?.account };
  }

  /** Full ARN of what `FunctionName` (a name, a partial ARN or an ARN) and `Qualifier` mean. */
  private addressed({ FunctionName, Qualifier }: Input, { account, region }: CallContext): string {
    const name: string = FunctionName;
    const partial = /^(?:(\d{12}):)?(?:function:)?([\w-]+(?::[\w$-]+)?)$/.exec(name);
    const arn = partial ? `arn:aws:lambda:${region}:${partial[1] ?? account}:function:${partial[2]}` : name;
    return Qualifier === undefined || arn.endsWith(`:${Qualifier}`) ? arn : `${arn}:${Qualifier}`;
  }

  private find(arn: string): LambdaFunction {
    const found = this.byArn(arn);
    if (versionOf(found, arn) !== undefined) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
  }

  private async invoke(found: LambdaFunction, input: InvocationRequest, context: CallContext): Promise<Input> {
    const payload = Buffer.from(input.Payload ?? []).toString('utf8') || '{}';
    const asynchronous = input.InvocationType === 'Event';
    const most = asynchronous ? LARGEST_ASYNC : LARGEST_SYNC;
    if (Buffer.byteLength(payload) > most)
      throw new AwsError('RequestTooLargeException', `Request must be smaller than ${most} bytes for the InvokeFunction operation`, 413);
    assertJson(payload);
    if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
    const event = { payload, requestId: this.cloud.random.uuid(), invokedArn: this.addressed(input, context) };
    if (asynchronous) {
      this.asynchronous.accept(this.target(found), event);
      return { StatusCode: 202 };
    }
    const result = await this.run(found, { ...event, clientContext: clientContext(input.ClientContext) });
    return {
      StatusCode: 200,
      ExecutedVersion: versionOf(found, event.invokedArn),
      Payload: new Uint8Array(Buffer.from(result.payload)),
      ...(result.failed && { FunctionError: 'Unhandled' }),
      ...(input.LogType === 'Tail' && { LogResult: Buffer.from(result.log.join('\n')).subarray(-4096).toString('base64') }),
    };
  }

  /** @throws AwsError TooManyRequestsException when as many run as the account may have */
  private async run(
    found: LambdaFunction,
    event: { payload: string; requestId: string; invokedArn: string; clientContext?: unknown },
  ): Promise<InvocationResult> {
    const { account, region, memory = 128 } = found.definition;
    const place = `${account}/${region}`;
    const running = this.running.get(place) ?? 0;
    if (running >= (this.options.concurrency ?? 1000)) {
      this.count(found, 'Throttles');
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, { Reason: 'ConcurrentInvocationLimitExceeded', Type: 'User' });
    }
    this.running.set(place, running + 1);
    const result = await found.runtime.invoke(event).finally(() => this.running.set(place, (this.running.get(place) ?? 1) - 1));
    this.count(found, 'Invocations');
    this.count(found, 'Errors', result.failed ? 1 : 0);
    this.count(found, 'Duration', result.milliseconds);
    this.options.invoked?.({ arn: found.arn, memory, milliseconds: result.milliseconds, failed: result.failed });
    return result;
  }

  private target(found: LambdaFunction): AsyncTarget {
    return {
      arn: found.arn,
      settings: found.definition.async ?? {},
      role: found.role,
      invoke: (event) => this.run(found, event),
      count: (metric) => this.count(found, metric),
    };
  }

  private count({ definition }: LambdaFunction, name: string, value = 1): void {
    this.options.metric(definition, { namespace: 'AWS/Lambda', name, dimensions: { FunctionName: definition.name }, value });
  }

  private runtime(definition: FunctionDefinition, arn: string, role: Caller): FunctionRuntime {
    const { name, codeDirectory, source, handler, memory = 128, timeout = 3, environment = {}, logFormat, region } = definition;
    const logGroup = definition.logGroup ?? `/aws/lambda/${name}`;
    return createFunctionRuntime({
      clock: this.cloud.clock,
      name,
      arn,
      codeDirectory,
      source,
      handler,
      memory,
      environment,
      logGroup,
      logFormat,
      timeoutSeconds: timeout,
      bridge: () => this.options.bridge?.(),
      internet: this.options.internet,
      platform: () => {
        const keys = this.options.credentials.issue(role);
        return {
          AWS_REGION: region,
          AWS_DEFAULT_REGION: region,
          AWS_ENDPOINT_URL: this.options.endpoint(),
          AWS_ACCESS_KEY_ID: keys.accessKeyId,
          AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
          AWS_SESSION_TOKEN: keys.sessionToken,
        };
      },
      line: (stream, text) => this.options.log(definition, logGroup, stream, text),
    });
  }
}

function assertJson(payload: string): void {
  try {
    JSON.parse(payload);
  } catch (error) {
    throw new AwsError('InvalidRequestContentException', `Could not parse request body into json: ${(error as Error).message}`);
  }
}

function clientContext(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
}
