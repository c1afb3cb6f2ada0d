import type { CopyObjectRequest, DeleteObjectRequest, DeleteObjectsRequest, GetObjectRequest, PutObjectRequest } from '@aws-sdk/client-s3';
import { AwsError, type CallContext, type Cloud, type Input } from '../types.ts';
import type { UseKey } from './kms.ts';
import { checkedSums, etagOf, type Bucket, type ObjectHeaders, type ObjectVersion, type Retention, type S3Store } from './s3-store.ts';

const headerNames = [
  'ContentType',
  'ContentEncoding',
  'ContentDisposition',
  'ContentLanguage',
  'CacheControl',
  'ExpiresString',
  'WebsiteRedirectLocation',
  'StorageClass',
] as const;

/** Bytes of a key: S3 User Guide, "Naming Amazon S3 objects". */
const LONGEST_KEY = 1_024;
/** Keys of one DeleteObjects: its API reference. */
const MOST_DELETED = 1_000;

/** Reading, writing and deleting objects. */
export class S3Objects {
  constructor(
    private readonly cloud: Cloud,
    private readonly store: S3Store,
    private readonly useKey: UseKey,
  ) {}

  async put(bucket: Bucket, input: PutObjectRequest, context: CallContext): Promise<Input> {
    const body = Buffer.from((input.Body as Uint8Array | undefined) ?? []);
    const checksums = checkedSums(input as unknown as Record<string, unknown>, body);
    const version = await this.keep(bucket, { input, body, etag: etagOf(body), checksums }, context);
    return {
      ETag: version.etag,
      ...checksums,
      ...(Object.keys(checksums).length > 0 && { ChecksumType: 'FULL_OBJECT' }),
      ...described(bucket, version),
    };
  }

  /**
   * Stores a body under the key and headers of a put, a copy or an upload in parts (whose conditions come at its end).
   * Nothing happens between the conditions and the write.
   */
  async keep(
    bucket: Bucket,
    { input, conditions, body, etag, checksums }: { input: Input; conditions?: Input; body: Buffer; etag: string; checksums: Record<string, string> },
    { caller }: CallContext,
  ): Promise<ObjectVersion> {
    const kmsKeyArn = input.ServerSideEncryption === 'AES256' ? undefined : (input.SSEKMSKeyId ?? bucket.definition.kmsKeyArn);
    // The parts were encrypted as they came, and are read for the whole: S3 User Guide, "Multipart upload API and permissions".
    const actions = conditions === undefined ? ['kms:GenerateDataKey'] : ['kms:GenerateDataKey', 'kms:Decrypt'];
    if (kmsKeyArn !== undefined) await this.useKey(caller, kmsKeyArn, actions, 's3');
    this.assertWritable(bucket, input.Key, conditions ?? input);
    return this.store.put(bucket, {
      key: input.Key,
      deleteMarker: false,
      body,
      etag,
      headers: Object.fromEntries(headerNames.filter((name) => input[name] !== undefined).map((name) => [name, input[name]])) as ObjectHeaders,
      metadata: { ...input.Metadata },
      checksums,
      tagCount: new URLSearchParams(input.Tagging ?? '').size,
      kmsKeyArn,
      retention: this.retentionOf(bucket, input),
      legalHold: input.ObjectLockLegalHoldStatus === 'ON',
    });
  }

  async get(bucket: Bucket, input: GetObjectRequest, context: CallContext): Promise<Input> {
    const version = this.find(bucket, input);
    const headers = this.head(bucket, version, input);
    if (version.kmsKeyArn !== undefined) await this.useKey(context.caller, version.kmsKeyArn, ['kms:Decrypt'], 's3');
    return { ...headers, Body: rangeOf(version, input.Range).body };
  }

  /** Headers of an object, after the request's conditions on it: RFC 9110 section 13.2.2. */
  head(bucket: Bucket, version: ObjectVersion, input: GetObjectRequest): Input {
    if (input.IfMatch !== undefined && !matchesTag(input.IfMatch, version)) throw preconditionFailed();
    if (input.IfNoneMatch !== undefined && matchesTag(input.IfNoneMatch, version)) throw new AwsError('NotModified', 'Not Modified', 304);
    const { body, contentRange } = rangeOf(version, input.Range);
    const sums = input.ChecksumMode === 'ENABLED' && contentRange === undefined ? version.checksums : {};
    return {
      ...version.headers,
      ContentType: version.headers.ContentType ?? 'binary/octet-stream',
      AcceptRanges: 'bytes',
      ContentLength: body.length,
      ContentRange: contentRange,
      ETag: version.etag,
      LastModified: wholeSeconds(version.modified),
      Metadata: version.metadata,
      ...(version.tagCount > 0 && { TagCount: version.tagCount }),
      ...sums,
      ...(Object.keys(sums).length > 0 && { ChecksumType: 'FULL_OBJECT' }),
      ...described(bucket, version),
      ...(version.retention && { ObjectLockMode: version.retention.mode, ObjectLockRetainUntilDate: version.retention.until }),
      ...(version.legalHold && { ObjectLockLegalHoldStatus: 'ON' }),
    };
  }

  /** The version that a request means. @throws AwsError NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker */
  find(bucket: Bucket, { Key = '', VersionId }: { Key?: string; VersionId?: string }): ObjectVersion {
    const version = VersionId === undefined ? this.store.current(bucket, Key) : this.store.version(bucket, Key, VersionId);
    if (!version && VersionId !== undefined) throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, { Key, VersionId });
    if (!version) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key });
    if (version.deleteMarker) throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
    return version;
  }

  async copy(
    bucket: Bucket,
    source: { bucket: Bucket; key: string; versionId?: string },
    { input, context }: { input: CopyObjectRequest; context: CallContext },
  ): Promise<Input> {
    const from = this.find(source.bucket, { Key: source.key, VersionId: source.versionId });
    if (from.kmsKeyArn !== undefined) await this.useKey(context.caller, from.kmsKeyArn, ['kms:Decrypt'], 's3');
    const kept = input.MetadataDirective === 'REPLACE' ? {} : { ...from.headers, Metadata: from.metadata };
    const version = await this.keep(
      bucket,
      { input: { ...input, ...kept }, body: from.body, etag: etagOf(from.body), checksums: from.checksums },
      context,
    );
    return {
      CopyObjectResult: { ETag: version.etag, LastModified: version.modified, ...from.checksums },
      CopySourceVersionId: publicId(source.bucket, from),
      ...described(bucket, version),
    };
  }

  delete(bucket: Bucket, { Key = '', VersionId, IfMatch, BypassGovernanceRetention }: DeleteObjectRequest): Input {
    const current = this.store.current(bucket, Key);
    if (IfMatch !== undefined && !(current && matchesTag(IfMatch, current))) throw preconditionFailed();
    if (VersionId !== undefined) return this.deleteVersion(bucket, { key: Key, versionId: VersionId, bypass: BypassGovernanceRetention === true });
    if (!bucket.definition.versioned) {
      if (current) this.store.remove(bucket, current);
      return {};
    }
    const marker = { key: Key, deleteMarker: true, body: Buffer.alloc(0), etag: '', headers: {}, metadata: {}, checksums: {}, tagCount: 0 };
    return { DeleteMarker: true, VersionId: this.store.put(bucket, marker).versionId };
  }

  /** One answer a key, and one key's failure is not the others'. */
  deleteAll(bucket: Bucket, { Delete, BypassGovernanceRetention }: DeleteObjectsRequest): Input {
    const objects = Delete?.Objects ?? [];
    if (objects.length === 0 || objects.length > MOST_DELETED) {
      throw new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
    }
    const Deleted: Input[] = [];
    const Errors: Input[] = [];
    for (const { Key, VersionId, ETag } of objects) {
      try {
        const { DeleteMarker, VersionId: made } = this.delete(bucket, {
          Bucket: '',
          Key,
          VersionId,
          IfMatch: ETag,
          BypassGovernanceRetention,
        });
        Deleted.push({ Key, VersionId, ...(DeleteMarker && VersionId === undefined && { DeleteMarker, DeleteMarkerVersionId: made }) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Errors.push({ Key, VersionId, Code: error.code, Message: error.message });
      }
    }
    return { ...(Delete?.Quiet !== true && { Deleted }), ...(Errors.length > 0 && { Errors }) };
  }

  /** Conditions of a write, and what only buckets with Object Lock take. */
  assertWritable(bucket: Bucket, key: string, input: Input): void {
    if (Buffer.byteLength(key) > LONGEST_KEY) throw new AwsError('KeyTooLongError', 'Your key is too long');
    const current = this.store.current(bucket, key);
    if (input.IfNoneMatch !== undefined && input.IfNoneMatch !== '*') {
      throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501);
    }
    if (input.IfNoneMatch === '*' && current) throw preconditionFailed();
    if (input.IfMatch !== undefined && !current) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
    if (input.IfMatch !== undefined && current && !matchesTag(input.IfMatch, current)) throw preconditionFailed();
    const locks = [input.ObjectLockMode, input.ObjectLockRetainUntilDate, input.ObjectLockLegalHoldStatus].some((value) => value !== undefined);
    if (locks && !bucket.definition.objectLock) throw new AwsError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }

  private deleteVersion(bucket: Bucket, { key, versionId, bypass }: { key: string; versionId: string; bypass: boolean }): Input {
    const version = this.store.version(bucket, key, versionId);
    if (!version) return { VersionId: versionId };
    const retained = version.retention && version.retention.until.getTime() > this.cloud.clock.now();
    if (version.legalHold || (retained && !(bypass && version.retention?.mode === 'GOVERNANCE'))) {
      throw new AwsError('AccessDenied', 'Access Denied because object protected by object lock.', 403);
    }
    this.store.remove(bucket, version);
    return { VersionId: versionId, ...(version.deleteMarker && { DeleteMarker: true }) };
  }

  private retentionOf({ definition: { defaultRetention } }: Bucket, input: Input): Retention | undefined {
    if (input.ObjectLockMode !== undefined) return { mode: input.ObjectLockMode, until: input.ObjectLockRetainUntilDate };
    if (!defaultRetention) return undefined;
    return { mode: defaultRetention.mode, until: new Date(this.cloud.clock.now() + defaultRetention.days * 86_400_000) };
  }
}

/** What every answer about a version says. */
export function described(bucket: Bucket, version: ObjectVersion): Input {
  return {
    VersionId: publicId(bucket, version),
    ...(version.kmsKeyArn ? { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: version.kmsKeyArn } : { ServerSideEncryption: 'AES256' }),
  };
}

function publicId(bucket: Bucket, version: ObjectVersion): string | undefined {
  return bucket.definition.versioned ? version.versionId : undefined;
}

/** `Last-Modified` has no fractions of seconds. */
function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function matchesTag(condition: string, { etag }: ObjectVersion): boolean {
  return condition.split(',').some((tag) => tag.trim() === '*' || `"${tag.trim().replace(/^"|"$/g, '')}"` === etag);
}

export function preconditionFailed(): AwsError {
  return new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
}

/** One range of bytes, as RFC 9110 section 14.1.2 writes it; S3 takes no more than one. */
function rangeOf({ body }: ObjectVersion, range: string | undefined): { body: Buffer; contentRange?: string } {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return { body };
  const [, first = '', last = ''] = match;
  const from = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
  const to = first === '' || last === '' ? body.length - 1 : Math.min(Number(last), body.length - 1);
  if (from > to) throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
  return { body: body.subarray(from, to + 1), contentRange: `bytes ${from}-${to}/${body.length}` };
}
