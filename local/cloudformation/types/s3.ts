import { listOf, object, text } from '../../json.ts';
import type { BucketDefinition } from '../../services/s3.ts';
import { customerKey } from '../customer-key.ts';
import type { Parts } from '../parts.ts';
import { checkResourcePolicy } from '../resource-policy.ts';
import { objectOf, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';

function kmsKey(resource: Resource): string | undefined {
  if (resource.properties.BucketEncryption === undefined) return undefined;
  const [rule] = listOf(objectOf(resource, 'BucketEncryption').ServerSideEncryptionConfiguration);
  const { SSEAlgorithm, KMSMasterKeyID } = object(
    object(rule, 'ServerSideEncryptionConfiguration').ServerSideEncryptionByDefault,
    'ServerSideEncryptionByDefault',
  );
  if (SSEAlgorithm === 'AES256') return undefined;
  if (SSEAlgorithm !== 'aws:kms')
    throw new Error(`SSEAlgorithm ${JSON.stringify(SSEAlgorithm)} of ${resource.logicalId} is not known to the embedded AWS`);
  return customerKey(resource, text(KMSMasterKeyID, `KMSMasterKeyID of ${resource.logicalId}`));
}

function retention(resource: Resource): BucketDefinition['defaultRetention'] {
  if (resource.properties.ObjectLockConfiguration === undefined) return undefined;
  const { Rule } = objectOf(resource, 'ObjectLockConfiguration');
  if (Rule === undefined) return undefined;
  const { Mode, Days, Years } = object(object(Rule, 'Rule').DefaultRetention, 'DefaultRetention');
  if (Mode !== 'GOVERNANCE' && Mode !== 'COMPLIANCE') throw new Error(`Mode of ${resource.logicalId} must be GOVERNANCE or COMPLIANCE`);
  return { mode: Mode, days: Days === undefined ? Number(Years) * 365 : Number(Days) };
}

function createBucket(resource: Resource, { s3 }: Parts): Created {
  const { account, region } = resource.stack;
  const name = optionalText(resource, 'BucketName') ?? resource.generatedName({ max: 63, lower: true });
  const versioning = resource.properties.VersioningConfiguration === undefined ? undefined : objectOf(resource, 'VersioningConfiguration').Status;
  const objectLock = resource.properties.ObjectLockEnabled === true;
  s3.createBucket({
    account,
    region,
    name,
    // Object Lock turns versioning on (S3 User Guide, "Object Lock considerations").
    versioned: versioning === 'Enabled' || objectLock,
    objectLock,
    defaultRetention: retention(resource),
    kmsKeyArn: kmsKey(resource),
  });
  const attributes = {
    Arn: `arn:aws:s3:::${name}`,
    DomainName: `${name}.s3.amazonaws.com`,
    RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
  };
  return { ref: name, attributes };
}

function setPolicy(resource: Resource, { s3 }: Parts): Created {
  const bucket = textOf(resource, 'Bucket');
  const policy = objectOf(resource, 'PolicyDocument');
  checkResourcePolicy('s3', policy, `policy of bucket ${bucket}`);
  s3.setBucketPolicy(bucket, policy);
  return { ref: bucket };
}

const encryption = 'BucketEncryption.ServerSideEncryptionConfiguration';

/** Buckets and their policies. */
export const s3Types: ResourceType[] = [
  {
    type: 'AWS::S3::Bucket',
    honours: [
      'BucketName',
      `${encryption}.ServerSideEncryptionByDefault.SSEAlgorithm`,
      `${encryption}.ServerSideEncryptionByDefault.KMSMasterKeyID`,
      'ObjectLockEnabled',
      'ObjectLockConfiguration.ObjectLockEnabled',
      'ObjectLockConfiguration.Rule.DefaultRetention',
      'VersioningConfiguration.Status',
    ],
    withoutEffect: {
      [`${encryption}.BucketKeyEnabled`]: 'decides what KMS costs',
      LifecycleConfiguration: 'no run is long enough for objects to be in the way',
      LoggingConfiguration: "calls are kept by IAM's own record",
      OwnershipControls: 'there are no ACLs here',
      PublicAccessBlockConfiguration: 'there are no requests without credentials here',
      Tags: 'no policy here asks for them',
    },
    create: createBucket,
  },
  { type: 'AWS::S3::BucketPolicy', honours: ['Bucket', 'PolicyDocument'], withoutEffect: {}, create: setPolicy },
];
