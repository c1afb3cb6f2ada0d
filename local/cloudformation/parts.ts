import type { Iam } from '../iam/iam.ts';
import type { DynamoDb } from '../services/dynamodb.ts';
import type { Events } from '../services/events.ts';
import type { Kms } from '../services/kms.ts';
import type { Lambda } from '../services/lambda.ts';
import type { Logs } from '../services/logs.ts';
import type { Monitoring } from '../services/monitoring.ts';
import type { S3 } from '../services/s3.ts';
import type { Scheduler } from '../services/scheduler.ts';
import type { SecretsManager } from '../services/secretsmanager.ts';
import type { Sns } from '../services/sns.ts';
import type { Sqs } from '../services/sqs.ts';
import type { Ssm } from '../services/ssm.ts';
import type { States } from '../services/states.ts';
import type { Cloud } from '../types.ts';
import type { Assets } from './assets.ts';

/** What resources are made of: the services' own ways in, past the wire and past IAM, as CloudFormation's role is an administrator. */
export interface Parts {
  cloud: Cloud;
  assets: Assets;
  iam: Iam;
  dynamodb: DynamoDb;
  events: Events;
  kms: Kms;
  lambda: Lambda;
  /** Dead-letter targets of functions, by the function's ARN. */
  functionDeadLetters: Map<string, string>;
  logs: Logs;
  monitoring: Monitoring;
  s3: S3;
  scheduler: Scheduler;
  secretsmanager: SecretsManager;
  sns: Sns;
  sqs: Sqs;
  ssm: Ssm;
  states: States;
}
