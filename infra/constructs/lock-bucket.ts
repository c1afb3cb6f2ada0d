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
    const nodes = { StringEquals: { 'aws:PrincipalAccount': Stack.of(this).account }, Bool: { 'aws:SecureTransport': 'true' } };
    this.#allow('NodesOfThisAccount', 's3:GetObject', this.bucket.arnForObjects('*'), nodes);
    // The agent's aws:downloadContent lists the path first; whether it goes on when that is refused differs between its versions
    // (amazon-ssm-agent, s3resource.go), so it may list what it may read.
    this.#allow('NodesOfThisAccountFind', 's3:ListBucket', this.bucket.bucketArn, { ...nodes, StringLike: { 's3:prefix': 'locks/*' } });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Holds lists of package versions, no secrets; CloudTrail data events record who reads them, for whoever switches them on.',
    });
  }

  #allow(sid: string, action: string, resource: string, conditions: Record<string, Record<string, string>>): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({ sid, effect: Effect.ALLOW, principals: [new AnyPrincipal()], actions: [action], resources: [resource], conditions }),
    );
  }
}
