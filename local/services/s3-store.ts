import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError, type Cloud } from '../types.ts';
import type { Location } from './locations.ts';

/** A bucket as a template describes it. Names are unique across all accounts and Regions. */
export interface BucketDefinition extends Location {
  name: string;
  versioned?: boolean;
  /** Object Lock; needs versioning. */
  objectLock?: boolean;
  /** Retention of every new object: days in a mode. */
  defaultRetention?: { mode: 'GOVERNANCE' | 'COMPLIANCE'; days: number };
  policy?: unknown;
  /** ARN of the customer key that encrypts new objects; without one, S3's own keys do. */
  kmsKeyArn?: string;
}

export interface Retention {
  mode: string;
  until: Date;
}

/** Headers that S3 keeps with an object and gives back, under the SDK's names. */
export interface ObjectHeaders {
  ContentType?: string;
  ContentEncoding?: string;
  ContentDisposition?: string;
  ContentLanguage?: string;
  CacheControl?: string;
  ExpiresString?: string;
  WebsiteRedirectLocation?: string;
  StorageClass?: string;
}

/** One version of an object; a delete marker has no body. */
export interface ObjectVersion {
  key: string;
  /** `null` in buckets that never had versioning. */
  versionId: string;
  deleteMarker: boolean;
  body: Buffer;
  etag: string;
  modified: Date;
  headers: ObjectHeaders;
  metadata: Record<string, string>;
  /** As `ChecksumCRC32` → base64. */
  checksums: Record<string, string>;
  tagCount: number;
  kmsKeyArn?: string;
  retention?: Retention;
  legalHold?: boolean;
}

export interface Bucket {
  definition: BucketDefinition;
  arn: string;
  created: Date;
  /** Newest version first. */
  objects: Map<string, ObjectVersion[]>;
}

/** All buckets and their objects. */
export class S3Store {
  private readonly buckets = new Map<string, Bucket>();
  private readonly sorted = new WeakMap<Bucket, string[]>();

  constructor(private readonly cloud: Cloud) {}

  create(definition: BucketDefinition): Bucket {
    // Rules of names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    if (!/^(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(definition.name) || definition.name.includes('..')) {
      throw new AwsError('InvalidBucketName', `The specified bucket is not valid: ${definition.name}`);
    }
    if (this.buckets.has(definition.name))
      throw new AwsError('BucketAlreadyExists', `The requested bucket name is not available: ${definition.name}`, 409);
    if (definition.objectLock && !definition.versioned) throw new AwsError('InvalidBucketState', 'Object Lock needs versioning', 409);
    const bucket = { definition, arn: `arn:aws:s3:::${definition.name}`, created: new Date(this.cloud.clock.now()), objects: new Map() };
    this.buckets.set(definition.name, bucket);
    return bucket;
  }

  all(): Bucket[] {
    return [...this.buckets.values()];
  }

  bucket(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  /** The newest version, unless it is a delete marker. */
  current(bucket: Bucket, key: string): ObjectVersion | undefined {
    const newest = bucket.objects.get(key)?.[0];
    return newest?.deleteMarker ? undefined : newest;
  }

  version(bucket: Bucket, key: string, versionId: string): ObjectVersion | undefined {
    return bucket.objects.get(key)?.find((version) => version.versionId === versionId);
  }

  /** Adds a version, or replaces the only one where the bucket keeps none. */
  put(bucket: Bucket, version: Omit<ObjectVersion, 'versionId' | 'modified'>): ObjectVersion {
    const versionId = bucket.definition.versioned ? this.cloud.random.uuid().replaceAll('-', '') : 'null';
    const added = { ...version, versionId, modified: new Date(this.cloud.clock.now()) };
    const older = bucket.objects.get(version.key);
    if (!older) this.sorted.delete(bucket);
    bucket.objects.set(version.key, bucket.definition.versioned ? [added, ...(older ?? [])] : [added]);
    return added;
  }

  /** Takes a version away for good. */
  remove(bucket: Bucket, version: ObjectVersion): void {
    const rest = (bucket.objects.get(version.key) ?? []).filter((other) => other !== version);
    if (rest.length > 0) bucket.objects.set(version.key, rest);
    else {
      bucket.objects.delete(version.key);
      this.sorted.delete(bucket);
    }
  }

  /** All keys, in S3's order (bytes of UTF-8). */
  keys(bucket: Bucket): string[] {
    let keys = this.sorted.get(bucket);
    if (!keys) {
      keys = [...bucket.objects.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      this.sorted.set(bucket, keys);
    }
    return keys;
  }
}

/** An ETag as S3 makes it of what was put at once; with quotes, as it stands in headers. */
export function etagOf(body: Uint8Array): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

const digests: Record<string, (body: Uint8Array) => Buffer> = {
  ChecksumCRC32: (body) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return sum;
  },
  ChecksumSHA1: (body) => createHash('sha1').update(body).digest(),
  ChecksumSHA256: (body) => createHash('sha256').update(body).digest(),
};

/**
 * The checksums that came with a body, under the SDK's names. CRC32 (the SDK's default), SHA-1, SHA-256 and Content-MD5 are verified;
 * other algorithms are kept as they were sent. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 *
 * @throws AwsError BadDigest when one doesn't fit the body
 */
export function checkedSums(input: Record<string, unknown>, body: Uint8Array): Record<string, string> {
  const sent = Object.entries(input).filter(
    (entry): entry is [string, string] => /^Checksum(CRC|SHA|MD5|XX)/.test(entry[0]) && typeof entry[1] === 'string',
  );
  for (const [name, sum] of sent) {
    const digest = digests[name];
    if (digest && digest(body).toString('base64') !== sum) {
      throw new AwsError('BadDigest', `The ${name.replace('Checksum', '')} you specified did not match the calculated checksum.`);
    }
  }
  const md5 = input['ContentMD5'];
  if (md5 !== undefined && createHash('md5').update(body).digest('base64') !== md5) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  return Object.fromEntries(sent);
}
