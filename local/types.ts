/**
 * What the parts of the embedded AWS say to each other. Shapes of inputs and outputs are the AWS SDK's own
 * (PascalCase members, `Date` for timestamps, `Uint8Array` for blobs), because the wire is derived from its schemas.
 */

/** Time as everything in the embedded AWS sees it: virtual in runs and tests, real in `wavelock local`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `work` once `time` (ms since the epoch) is reached; the result cancels it. */
  at(time: number, work: () => void): () => void;
  sleep(milliseconds: number): Promise<void>;
  /** Virtual time stands still until `work` has settled. For work that no timer and no request shows (disk, zip, import). */
  track<T>(work: () => Promise<T>): Promise<T>;
}

/** Seeded chance: the same seed gives the same run. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A version 4 UUID made from the seed. */
  uuid(): string;
}

/** Who calls. `arn` is what IAM judges and what appears in errors. */
export interface Caller {
  account: string;
  region: string;
  /** `arn:aws:sts::A:assumed-role/Name/session`, `arn:aws:iam::A:role/…`, `arn:aws:iam::A:root`, or `lambda.amazonaws.com`-like for a service. */
  arn: string;
  /** The role behind an assumed-role session: its policies decide. */
  roleArn?: string;
  /** Set when an AWS service itself calls (resource policies decide), e.g. `events.amazonaws.com`. */
  service?: string;
  /** `aws:SourceArn` and `aws:SourceAccount`, where a service calls for a resource. */
  sourceArn?: string;
  /** Session policy given to AssumeRole, narrowing the role. */
  sessionPolicy?: string;
  /** Laptop owner's credentials: everything is allowed, as for an administrator of the account. */
  administrator?: boolean;
}

export interface CallContext {
  caller: Caller;
  /** Account and Region whose resources the call addresses (the credentials' account, the signed Region). */
  account: string;
  region: string;
  service: string;
  operation: string;
  requestId: string;
}

/** One thing to be allowed: an action on a resource, with the condition keys that this request sets. */
export interface AccessRequest {
  /** `ssm:SendCommand` */
  action: string;
  /** Full ARN, or `*` for actions without resource types. */
  resource: string;
  /** Values of condition keys, e.g. `{ 'ssm:resourceTag/Wavelock': ['enabled'] }`. */
  context?: Record<string, string[]>;
  /** Resource policy that also takes part (bucket, key, topic, queue, bus, function policy; a role's trust policy). */
  resourcePolicy?: unknown;
  /** Account that owns the resource: a foreign caller then needs both sides. */
  resourceAccount?: string;
}

// Inputs and outputs are the SDK's own and are checked on the wire by its schemas; a precise type a operation would repeat them.
// oxlint-disable-next-line typescript/no-explicit-any
export type Input = any;

export interface ServiceOperation {
  /** What IAM must allow before `run`; an empty list means the action needs no permission (sts:GetCallerIdentity). */
  access(input: Input, context: CallContext): AccessRequest[];
  run(input: Input, context: CallContext): unknown;
}

/** One emulated AWS service: the operations that we lean on. Any other is answered with an error that names it. */
export interface Service {
  /** The SigV4 signing name: `ssm`, `dynamodb`, `states`, `sns`, `events`, `scheduler`, `s3`, `secretsmanager`, `kms`, `sts`, `ec2`, `lambda`, `sqs`, `monitoring`, `logs`, `autoscaling`, `elasticloadbalancing`, `organizations`, `inspector2`. */
  name: string;
  /** The SDK package whose schemas describe the wire: `@aws-sdk/client-ssm`. */
  sdk: string;
  operations: Record<string, ServiceOperation>;
}

/** An error with an AWS code, thrown by operations; the wire gives it the service's own shape and HTTP status. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly statusCode = 400,
    /** Further members of the modelled error shape, e.g. `{ Item }` or `{ CancellationReasons }`. */
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = code;
  }
}

/** The running cloud, as services see each other: every call is judged by IAM, counted and subject to faults. */
export interface Cloud {
  clock: Clock;
  random: Random;
  /** Calls an operation as `caller`, exactly as a request over the wire would, without the bytes. */
  call(caller: Caller, service: string, operation: string, input: Input): Promise<Input>;
  /** Publishes an event on the default bus of a location, as AWS services do (best effort; faults may drop, double or delay it). */
  emit(account: string, region: string, event: { source: string; detailType: string; resources: string[]; detail: unknown }): void;
}

/**
 * Faults that scenarios and simulations ask for. Each service asks at its own seams; an unset fault never happens.
 * Names are those of design section 11.
 */
export interface Faults {
  /** Return an error to answer instead of running the operation (`before`) or after it ran, with its reply lost (`after`). */
  call?(when: 'before' | 'after', context: CallContext, input: Input): AwsError | undefined;
  /** What happens to an event on its way to a bus: delays in milliseconds, one entry a delivery; `[]` drops it. */
  event?(event: { source: string; 'detail-type': string; detail: Record<string, unknown> }): number[];
}

/** What a run used, for the report and for cost. */
export interface Usage {
  /** `ssm:SendCommand` → how often. */
  calls: Record<string, number>;
  stateTransitions: number;
  lambdaInvocations: number;
  lambdaGbSeconds: number;
}
