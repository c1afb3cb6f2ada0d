import type { ResourceType } from './resource-type.ts';
import { dynamodbTypes } from './types/dynamodb.ts';
import { eventTypes } from './types/events.ts';
import { iamTypes } from './types/iam.ts';
import { kmsTypes } from './types/kms.ts';
import { lambdaTypes } from './types/lambda.ts';
import { messagingTypes } from './types/messaging.ts';
import { observabilityTypes } from './types/observability.ts';
import { s3Types } from './types/s3.ts';
import { ssmTypes } from './types/ssm.ts';
import { statesTypes } from './types/states.ts';

const all: ResourceType[] = [
  ...dynamodbTypes,
  ...eventTypes,
  ...iamTypes,
  ...kmsTypes,
  ...lambdaTypes,
  ...messagingTypes,
  ...observabilityTypes,
  ...s3Types,
  ...ssmTypes,
  ...statesTypes,
];

/** Every type of resources that templates may hold, by name. Any other is an error. */
export const resourceTypes: ReadonlyMap<string, ResourceType> = new Map(all.map((type) => [type.type, type]));
