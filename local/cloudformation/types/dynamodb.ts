import { listOf, object, text, type Json } from '../../json.ts';
import type { TableDefinition } from '../../services/dynamodb.ts';
import { customerKey } from '../customer-key.ts';
import type { Parts } from '../parts.ts';
import { checkResourcePolicy } from '../resource-policy.ts';
import { objectOf, objectsOf, optionalText, type Created, type Resource, type ResourceType } from '../resource-type.ts';

function oneOf<T extends string>(value: unknown, choices: readonly T[], what: string): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new Error(`${what} must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}`);
  return found;
}

function keySchema(value: unknown): TableDefinition['keys'] {
  return listOf(value).map((entry) => {
    const key = object(entry, 'KeySchema');
    return { AttributeName: text(key.AttributeName, 'AttributeName'), KeyType: oneOf(key.KeyType, ['HASH', 'RANGE'] as const, 'KeyType') };
  });
}

function index(source: Json): NonNullable<TableDefinition['globalIndexes']>[number] {
  const projection = object(source.Projection, 'Projection');
  return {
    IndexName: text(source.IndexName, 'IndexName'),
    KeySchema: keySchema(source.KeySchema),
    Projection: {
      ProjectionType: oneOf(projection.ProjectionType, ['ALL', 'KEYS_ONLY', 'INCLUDE'] as const, 'ProjectionType'),
      ...(projection.NonKeyAttributes !== undefined && {
        NonKeyAttributes: listOf(projection.NonKeyAttributes).map((name) => text(name, 'NonKeyAttributes')),
      }),
    },
  };
}

function timeToLive(resource: Resource): string | undefined {
  if (resource.properties.TimeToLiveSpecification === undefined) return undefined;
  const { AttributeName, Enabled } = objectOf(resource, 'TimeToLiveSpecification');
  return Enabled === true || Enabled === 'true' ? text(AttributeName, 'AttributeName') : undefined;
}

/** Settings that a global table keeps with its replica, a plain one with itself. */
interface OwnSettings {
  kmsKeyArn: string | undefined;
  deletionProtection: boolean;
  resourcePolicy: unknown;
}

function ownSettings(source: Json, resource: Resource): OwnSettings {
  const key = source.SSESpecification === undefined ? undefined : object(source.SSESpecification, 'SSESpecification').KMSMasterKeyId;
  return {
    kmsKeyArn: key === undefined ? undefined : customerKey(resource, text(key, 'KMSMasterKeyId')),
    deletionProtection: source.DeletionProtectionEnabled === true,
    resourcePolicy: source.ResourcePolicy === undefined ? undefined : object(source.ResourcePolicy, 'ResourcePolicy').PolicyDocument,
  };
}

/** @throws Error when the table has replicas in other Regions: those would have to be kept alike */
function replica(resource: Resource): Json {
  const replicas = objectsOf(resource, 'Replicas');
  const [own] = replicas;
  if (!own || replicas.length > 1 || own.Region !== resource.stack.region) {
    throw new Error(`Replicas of ${resource.logicalId} in other Regions are not known to the embedded AWS`);
  }
  return own;
}

async function createTable(resource: Resource, own: OwnSettings, { dynamodb }: Parts): Promise<Created> {
  const { account, region } = resource.stack;
  const name = optionalText(resource, 'TableName') ?? resource.generatedName({ max: 255 });
  const billing = resource.properties.BillingMode;
  if (billing !== 'PAY_PER_REQUEST')
    throw new Error(`BillingMode ${JSON.stringify(billing)} of ${resource.logicalId} is not known to the embedded AWS`);
  if (own.resourcePolicy !== undefined) checkResourcePolicy('dynamodb', own.resourcePolicy, `policy of table ${resource.logicalId}`);
  const arn = await dynamodb.createTable({
    account,
    region,
    name,
    attributes: objectsOf(resource, 'AttributeDefinitions').map((attribute) => ({
      AttributeName: text(attribute.AttributeName, 'AttributeName'),
      AttributeType: oneOf(attribute.AttributeType, ['S', 'N', 'B'] as const, 'AttributeType'),
    })),
    keys: keySchema(resource.properties.KeySchema),
    ...(resource.properties.GlobalSecondaryIndexes !== undefined && { globalIndexes: objectsOf(resource, 'GlobalSecondaryIndexes').map(index) }),
    ...(resource.properties.LocalSecondaryIndexes !== undefined && { localIndexes: objectsOf(resource, 'LocalSecondaryIndexes').map(index) }),
    timeToLive: timeToLive(resource),
    ...own,
  });
  return { ref: name, attributes: { Arn: arn } };
}

const indexPaths = ['IndexName', 'KeySchema', 'Projection.ProjectionType', 'Projection.NonKeyAttributes'];
const shape = [
  'AttributeDefinitions',
  'BillingMode',
  'KeySchema',
  'TableName',
  'TimeToLiveSpecification.AttributeName',
  'TimeToLiveSpecification.Enabled',
  ...['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'].flatMap((list) => indexPaths.map((path) => `${list}.${path}`)),
];
const ownPaths = ['DeletionProtectionEnabled', 'ResourcePolicy.PolicyDocument'];
const ownWithoutEffect = {
  PointInTimeRecoverySpecification: 'nothing is restored here',
  ContributorInsightsSpecification: 'there are no CloudWatch metrics of tables here',
  TableClass: 'decides the price only',
  Tags: 'no policy here asks for them',
};

const replicaWithoutEffect = { 'GlobalSecondaryIndexes.IndexName': 'repeats an index that the table defines' };

/** Tables: CDK's Table and TableV2 (a global table with one replica). */
export const dynamodbTypes: ResourceType[] = [
  {
    type: 'AWS::DynamoDB::GlobalTable',
    honours: [...shape, 'SSESpecification', ...['Region', 'SSESpecification.KMSMasterKeyId', ...ownPaths].map((path) => `Replicas.${path}`)],
    withoutEffect: Object.fromEntries(
      Object.entries({ ...ownWithoutEffect, ...replicaWithoutEffect }).map(([path, why]) => [`Replicas.${path}`, why]),
    ),
    create: (resource, parts) => createTable(resource, ownSettings(replica(resource), resource), parts),
  },
  {
    type: 'AWS::DynamoDB::Table',
    honours: [...shape, 'SSESpecification.KMSMasterKeyId', ...ownPaths],
    withoutEffect: { 'SSESpecification.SSEEnabled': 'data is in memory', 'SSESpecification.SSEType': 'there is one type', ...ownWithoutEffect },
    create: (resource, parts) => createTable(resource, ownSettings(resource.properties, resource), parts),
  },
];
