import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Allowance } from './allow.ts';

const everyObject = 'Objects are named by their hash or by the rollout that makes them: no name is known at deployment.';

/** Plans, locks, feeds as they were read, reports and evidence: a bucket that outlives the stack. */
export class Store extends Construct {
  readonly bucket: Bucket;
  readonly #key: IKey;

  constructor(scope: Construct, id: string, props: { key: IKey }) {
    super(scope, id);
    this.#key = props.key;
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key,
      bucketKeyEnabled: true,
      enforceSSL: true,
      versioned: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'AbandonedUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        { id: 'PartsOfFeeds', prefix: 'parts/', expiration: Duration.days(7) },
        { id: 'OverwrittenVersions', noncurrentVersionExpiration: Duration.days(400) },
      ],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'CloudTrail data events record who reads and writes, for whoever wants them; a bucket of logs would need the same care.',
    });
  }

  /** Reading objects that are known to be there. */
  opening(): Allowance[] {
    return [
      { actions: ['s3:GetObject'], resources: [this.bucket.arnForObjects('*')], because: everyObject },
      { actions: ['kms:Decrypt'], resources: [this.#key.keyArn] },
    ];
  }

  /**
   * Reading objects that may be missing. With ListBucket, since S3 otherwise answers "access denied" where an object is missing (Amazon
   * S3 API Reference, GetObject), and to be missing is an answer that functions ask for.
   */
  reading(): Allowance[] {
    return [{ actions: ['s3:ListBucket'], resources: [this.bucket.bucketArn] }, ...this.opening()];
  }

  /** Removing what feeds have left; the bucket keeps older versions of it for a year. Plans, reports and evidence are out of reach. */
  forgetting(): Allowance[] {
    return [{ actions: ['s3:DeleteObject'], resources: [this.bucket.arnForObjects('advisories/*')], because: everyObject }];
  }

  /** Writing objects. */
  writing(): Allowance[] {
    return [
      { actions: ['s3:PutObject'], resources: [this.bucket.arnForObjects('*')], because: everyObject },
      { actions: ['kms:GenerateDataKey'], resources: [this.#key.keyArn] },
    ];
  }
}
