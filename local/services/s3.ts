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
import type { UseKey } from './kms.ts';
import { listBuckets, listObjects, listVersions } from './s3-lists.ts';
import { S3Objects } from './s3-objects.ts';
import { etagOf, S3Store, type Bucket, type BucketDefinition } from './s3-store.ts';
import { S3Uploads } from './s3-uploads.ts';

export type { BucketDefinition } from './s3-store.ts';

export interface S3 {
  service: Service;
  /** @throws AwsError for a name that AWS refuses or that is taken in any account */
  createBucket(definition: BucketDefinition): void;
  setBucketPolicy(name: string, policy: unknown): void;
  buckets(): BucketDefinition[];
  /** Puts an object as its owner, past IAM: for assets that a deployment uploads. */
  putObject(bucket: string, key: string, body: Uint8Array): void;
  /** The newest version's bytes, past IAM: for looking inside. */
  readObject(bucket: string, key: string): Buffer | undefined;
  keys(bucket: string): string[];
}

export interface S3Options {
  useKey: UseKey;
  /** Whether the caller may: who may not list a bucket is told 403 instead of 404 about a missing key. */
  allows(caller: Caller, request: AccessRequest, region: string): boolean;
}

/** S3: buckets of all accounts under one roof, versions, conditions, uploads in parts, Object Lock. */
export function createS3(cloud: Cloud, options: S3Options): S3 {
  const store = new S3Store(cloud);
  const operations = new S3Operations(cloud, store, options).all();
  const existing = (name: string): Bucket => {
    const bucket = store.bucket(name);
    if (!bucket) throw noSuchBucket(name);
    return bucket;
  };
  return {
    service: { name: 's3', sdk: '@aws-sdk/client-s3', operations },
    createBucket: (definition) => void store.create(definition),
    setBucketPolicy(name, policy) {
      const bucket = existing(name);
      bucket.definition = { ...bucket.definition, policy };
    },
    buckets: () => store.all().map(({ definition }) => definition),
    putObject(name, key, bytes) {
      const body = Buffer.from(bytes);
      store.put(existing(name), {
        key,
        deleteMarker: false,
        body,
        etag: etagOf(body),
        headers: {},
        metadata: {},
        checksums: {},
        tagCount: 0,
      });
    },
    readObject: (name, key) => store.current(existing(name), key)?.body,
    keys: (name) => store.keys(existing(name)).filter((key) => store.current(existing(name), key)),
  };
}

type Run = (bucket: Bucket, input: Input, context: CallContext) => unknown;
type Actions = (input: Input) => { actions: string[]; context?: Record<string, string[]> };

class S3Operations {
  private readonly objects: S3Objects;
  private readonly uploads: S3Uploads;

  constructor(
    cloud: Cloud,
    private readonly store: S3Store,
    private readonly options: S3Options,
  ) {
    this.objects = new S3Objects(cloud, store, options.useKey);
    this.uploads = new S3Uploads(cloud, this.objects);
  }

  all(): Record<string, ServiceOperation> {
    const { objects, uploads, store } = this;
    return {
      PutObject: this.onObject(putActions, (bucket, input, context) => objects.put(bucket, input, context)),
      GetObject: this.onObject(getActions, (bucket, input, context) => this.discreet(bucket, context, () => objects.get(bucket, input, context))),
      HeadObject: this.onObject(getActions, (bucket, input, context) =>
        this.discreet(bucket, context, async () => objects.head(bucket, objects.find(bucket, input), input)),
      ),
      DeleteObject: this.onObject(deleteActions, (bucket, input) => objects.delete(bucket, input)),
      DeleteObjects: this.deleteObjects(),
      CopyObject: this.copyObject(),
      CreateMultipartUpload: this.onObject(putActions, (bucket, input) => uploads.create(bucket, input)),
      UploadPart: this.onObject(putActions, (bucket, input) => uploads.part(bucket, input)),
      CompleteMultipartUpload: this.onObject(putActions, (bucket, input, context) => uploads.complete(bucket, input, context)),
      AbortMultipartUpload: this.onObject(only('s3:AbortMultipartUpload'), (bucket, input) => uploads.abort(bucket, input)),
      ListParts: this.onObject(only('s3:ListMultipartUploadParts'), (bucket, input) => uploads.list(bucket, input)),
      ListObjectsV2: this.onBucket(listActions('s3:ListBucket'), (bucket, input) => listObjects(store, bucket, input)),
      ListObjectVersions: this.onBucket(listActions('s3:ListBucketVersions'), (bucket, input) => listVersions(store, bucket, input)),
      HeadBucket: this.onBucket(only('s3:ListBucket'), (bucket) => ({ BucketRegion: bucket.definition.region })),
      GetBucketVersioning: this.onBucket(only('s3:GetBucketVersioning'), (bucket) => (bucket.definition.versioned ? { Status: 'Enabled' } : {})),
      // The oldest Region answers nothing: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
      GetBucketLocation: this.onBucket(only('s3:GetBucketLocation'), ({ definition: { region } }) =>
        region === 'us-east-1' ? {} : { LocationConstraint: region },
      ),
      ListBuckets: {
        access: () => [{ action: 's3:ListAllMyBuckets', resource: '*' }],
        run: (input, { account }) => listBuckets(store, input, account),
      },
    };
  }

  private onObject(actions: Actions, run: Run): ServiceOperation {
    return this.operation((input) => `/${input.Key}`, actions, run);
  }

  private onBucket(actions: Actions, run: Run): ServiceOperation {
    return this.operation(() => '', actions, run);
  }

  private operation(suffix: (input: Input) => string, actionsOf: Actions, run: Run): ServiceOperation {
    return {
      access: (input, context) => {
        const { actions, context: conditions } = actionsOf(input);
        return actions.map((action) => this.access(action, input.Bucket, { suffix: suffix(input), context, conditions }));
      },
      run: (input, context) => run(this.owned(input.Bucket, input.ExpectedBucketOwner), input, context),
    };
  }

  private deleteObjects(): ServiceOperation {
    return {
      access: (input, context) =>
        input.Delete.Objects.map(({ Key, VersionId }: Input) =>
          this.access(VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', input.Bucket, { suffix: `/${Key}`, context }),
        ),
      run: (input) => this.objects.deleteAll(this.owned(input.Bucket, input.ExpectedBucketOwner), input),
    };
  }

  private copyObject(): ServiceOperation {
    return {
      access: (input, context) => {
        const source = sourceOf(input.CopySource);
        const read = source.versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
        return [
          this.access(read, source.bucket, { suffix: `/${source.key}`, context }),
          ...putActions(input).actions.map((action) => this.access(action, input.Bucket, { suffix: `/${input.Key}`, context })),
        ];
      },
      run: (input, context) => {
        const source = sourceOf(input.CopySource);
        const bucket = this.owned(source.bucket, input.ExpectedSourceBucketOwner);
        return this.objects.copy(this.owned(input.Bucket, input.ExpectedBucketOwner), { ...source, bucket }, { input, context });
      },
    };
  }

  /** @throws AwsError for a bucket of another Region, before anybody's permission is looked at */
  private access(
    action: string,
    name: string,
    { suffix, context, conditions }: { suffix: string; context: CallContext; conditions?: Record<string, string[]> },
  ): AccessRequest {
    const bucket = this.store.bucket(name);
    if (bucket && bucket.definition.region !== context.region) throw redirect(bucket.definition);
    return {
      action,
      resource: `arn:aws:s3:::${name}${suffix}`,
      resourcePolicy: bucket?.definition.policy,
      resourceAccount: bucket?.definition.account,
      context: { ...conditions, ...(bucket && { 's3:ResourceAccount': [bucket.definition.account] }) },
    };
  }

  private owned(name: string, expectedOwner: string | undefined): Bucket {
    const bucket = this.store.bucket(name);
    if (!bucket) throw noSuchBucket(name);
    if (expectedOwner !== undefined && expectedOwner !== bucket.definition.account) throw new AwsError('AccessDenied', 'Access Denied', 403);
    return bucket;
  }

  /**
   * Who may not list a bucket doesn't learn what isn't there:
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, permissions
   */
  private async discreet(bucket: Bucket, context: CallContext, work: () => Promise<Input>): Promise<Input> {
    try {
      return await work();
    } catch (error) {
      const missing = error instanceof AwsError && error.code === 'NoSuchKey';
      const list = this.access('s3:ListBucket', bucket.definition.name, { suffix: '', context });
      if (!missing || this.options.allows(context.caller, list, context.region)) throw error;
      const what = `User: ${context.caller.arn} is not authorized to perform: s3:ListBucket on resource: "${bucket.arn}"`;
      throw new AwsError('AccessDenied', `${what} because no identity-based policy allows the s3:ListBucket action`, 403);
    }
  }
}

function noSuchBucket(name: string): AwsError {
  return new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
}

function redirect({ name, region }: BucketDefinition): AwsError {
  const what = 'The bucket you are attempting to access must be addressed using the specified endpoint.';
  const message = `${what} Please send all future requests to this endpoint.`;
  return new AwsError('PermanentRedirect', message, 301, { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name, Region: region });
}

function only(action: string): Actions {
  return () => ({ actions: [action] });
}

function listActions(action: string): Actions {
  return ({ Prefix, Delimiter, MaxKeys }) => ({
    actions: [action],
    context: {
      's3:prefix': [Prefix ?? ''],
      ...(Delimiter !== undefined && { 's3:delimiter': [Delimiter] }),
      ...(MaxKeys !== undefined && { 's3:max-keys': [String(MaxKeys)] }),
    },
  });
}

function getActions({ VersionId }: Input): ReturnType<Actions> {
  return VersionId === undefined ? { actions: ['s3:GetObject'] } : { actions: ['s3:GetObjectVersion'], context: { 's3:VersionId': [VersionId] } };
}

function deleteActions({ VersionId, BypassGovernanceRetention }: Input): ReturnType<Actions> {
  const actions = [VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'];
  return { actions: BypassGovernanceRetention ? [...actions, 's3:BypassGovernanceRetention'] : actions };
}

/** Condition keys and further actions of writes: Service Authorization Reference, "Amazon S3". */
function putActions(input: Input): ReturnType<Actions> {
  const conditions: [string, unknown][] = [
    ['s3:x-amz-server-side-encryption', input.ServerSideEncryption],
    ['s3:x-amz-server-side-encryption-aws-kms-key-id', input.SSEKMSKeyId],
    ['s3:x-amz-storage-class', input.StorageClass],
    ['s3:if-none-match', input.IfNoneMatch],
    ['s3:if-match', input.IfMatch],
    ['s3:object-lock-mode', input.ObjectLockMode],
    ['s3:object-lock-legal-hold', input.ObjectLockLegalHoldStatus],
  ];
  return {
    actions: [
      's3:PutObject',
      ...(input.Tagging === undefined ? [] : ['s3:PutObjectTagging']),
      ...(input.ObjectLockMode === undefined ? [] : ['s3:PutObjectRetention']),
      ...(input.ObjectLockLegalHoldStatus === undefined ? [] : ['s3:PutObjectLegalHold']),
    ],
    context: Object.fromEntries(conditions.filter(([, value]) => value !== undefined).map(([key, value]) => [key, [String(value)]])),
  };
}

/** `bucket/key?versionId=…`, with or without a leading slash, encoded as in a URL. */
function sourceOf(text: string): { bucket: string; key: string; versionId?: string } {
  const [path = '', query = ''] = text.replace(/^\//, '').split('?');
  const [bucket = '', ...key] = path.split('/');
  return { bucket, key: decodeURIComponent(key.join('/')), versionId: new URLSearchParams(query).get('versionId') ?? undefined };
}
