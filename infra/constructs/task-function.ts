import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function, Runtime, Tracing, type CfnFunction, type Code, type IVersion } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeTracing, allow, type Allowance } from './allow.ts';
import { joinNetwork, type Network } from './network.ts';

/** What all functions of a hub have in common. */
export interface FunctionPlatform {
  /** Holds `index.js`, which exports a handler for each function under its name. */
  code: Code;
  key: IKey;
  logRetentionDays: RetentionDays;
  network: Network | undefined;
  /** In every function's environment: proxy and Powertools settings. */
  environment: Record<string, string>;
}

/** What one function has for itself. */
export interface TaskFunctionProps {
  platform: FunctionPlatform;
  memoryMb: number;
  timeoutSeconds: number;
  environment: Record<string, string>;
  allowances: Allowance[];
  /** Where events go that it could not handle; only for functions that are called asynchronously. */
  undelivered?: IQueue;
}

/**
 * One function with its own role, log group and version. The construct's id is the function's name: `JudgeWave`.
 * State machines call versions, so that a running rollout keeps the code that it began with; old versions stay after an update.
 */
export class TaskFunction extends Construct {
  readonly function: Function;
  readonly version: IVersion;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: TaskFunctionProps) {
    super(scope, id);
    const { platform } = props;
    // An explicit group: `logRetention` and `fn.logGroup` would bring in a custom resource.
    const logGroup = new LogGroup(this, 'Logs', {
      retention: platform.logRetentionDays,
      encryptionKey: platform.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    allow(this.role, { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }, ...props.allowances);
    this.function = new Function(this, 'Default', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: `index.${id}`,
      code: platform.code,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      tracing: Tracing.ACTIVE,
      role: this.role,
      logGroup,
      environment: { ...platform.environment, ...props.environment },
      deadLetterQueue: props.undelivered,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    const resource = this.function.node.defaultChild as CfnFunction;
    if (platform.network) joinNetwork(resource, this.role, platform.network);
    acknowledgeTracing(this.role);
    Validations.of(this.function).acknowledge({
      id: 'Annotation::@aws-cdk/aws-lambda:addPermissionsToVersionOrAlias',
      reason: 'Topics and rules call the function itself; state machines call versions, through their own role.',
    });
    this.version = this.function.currentVersion;
  }
}
