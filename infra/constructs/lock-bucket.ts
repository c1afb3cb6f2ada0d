import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/**
 * Locks, where the nodes of one location can read them.
 *
 * Nodes' roles stay untouched: a principal `*` limited to the account grants by itself, while naming the account as principal would only
 * let its roles be granted (IAM User Guide, "Policy evaluation logic"). S3 doesn't take that for public, since it allows fixed principals
 * only (Amazon S3 User Guide, "The meaning of public"). SSE-S3, because a customer key would ask every node's role for kms:Decrypt.
 */
export class LockBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      versioned: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'AbandonedUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        { id: 'OverwrittenVersions', noncurrentVersionExpiration: Duration.days(90) },
      ],
    });
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NodesOfThisAccount',
        effect: Effect.ALLOW,
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        resources: [this.bucket.arnForObjects('*')],
        conditions: { StringEquals: { 'aws:PrincipalAccount': Stack.of(this).account }, Bool: { 'aws:SecureTransport': 'true' } },
      }),
    );
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Holds lists of package versions, no secrets; CloudTrail data events record who reads them, for whoever switches them on.',
    });
  }
}
