import type { ListBucketsRequest, ListObjectsV2Request, ListObjectVersionsRequest } from '@aws-sdk/client-s3';
import { AwsError, type Input } from '../types.ts';
import { pageOf } from './listing.ts';
import type { Bucket, ObjectVersion, S3Store } from './s3-store.ts';

/** Most keys in one page: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
const LARGEST_PAGE = 1000;

/** Keys (and, with a delimiter, their common prefixes) page by page, in the order of their bytes. */
export function listObjects(store: S3Store, bucket: Bucket, input: ListObjectsV2Request): Input {
  const { Prefix = '', Delimiter, MaxKeys = LARGEST_PAGE, StartAfter, ContinuationToken } = input;
  const after = ContinuationToken === undefined ? (StartAfter ?? '') : decodeToken(ContinuationToken);
  const most = Math.min(MaxKeys, LARGEST_PAGE);
  const contents: ObjectVersion[] = [];
  const prefixes = new Set<string>();
  let last = '';
  let truncated = false;
  for (const key of store.keys(bucket)) {
    const version = store.current(bucket, key);
    if (!version || !key.startsWith(Prefix) || !isAfter(key, after)) continue;
    const group = groupOf(key, Prefix, Delimiter);
    // A page that ended with a group has told of all its keys.
    if (group !== undefined && (prefixes.has(group) || group === after)) continue;
    if (contents.length + prefixes.size >= most) {
      // Who asks for no key at all is told that there are none, and could not go on from anywhere.
      truncated = most > 0;
      break;
    }
    last = group ?? key;
    if (group === undefined) contents.push(version);
    else prefixes.add(group);
  }
  return {
    Name: bucket.definition.name,
    Prefix,
    Delimiter,
    StartAfter,
    ContinuationToken,
    MaxKeys,
    KeyCount: contents.length + prefixes.size,
    IsTruncated: truncated,
    ...(truncated && { NextContinuationToken: Buffer.from(last).toString('base64') }),
    ...(contents.length > 0 && { Contents: contents.map(entry) }),
    ...(prefixes.size > 0 && { CommonPrefixes: [...prefixes].map((each) => ({ Prefix: each })) }),
  };
}

function isAfter(key: string, after: string): boolean {
  return after === '' || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0;
}

function groupOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
  return at < 0 || !delimiter ? undefined : key.slice(0, at + delimiter.length);
}

function decodeToken(token: string): string {
  const key = Buffer.from(token, 'base64').toString('utf8');
  if (Buffer.from(key).toString('base64') === token) return key;
  throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
}

function entry(version: ObjectVersion): Input {
  return { Key: version.key, LastModified: version.modified, ETag: version.etag, Size: version.body.length, StorageClass: 'STANDARD' };
}

/** Buckets of an account, all at once unless a page is asked for: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export function listBuckets(
  store: S3Store,
  { MaxBuckets, Prefix = '', BucketRegion, ContinuationToken }: ListBucketsRequest,
  account: string,
): Input {
  const mine = store
    .all()
    .filter(
      ({ definition: { account: owner, name, region } }) => owner === account && name.startsWith(Prefix) && (BucketRegion ?? region) === region,
    );
  const { items, next } = pageOf(mine, MaxBuckets ?? mine.length, ContinuationToken, 'InvalidArgument');
  return {
    Buckets: items.map(({ definition, created }) => ({ Name: definition.name, BucketRegion: definition.region, CreationDate: created })),
    Owner: { ID: account },
    ...(next !== undefined && { ContinuationToken: next }),
  };
}

/** Every version and delete marker; newest first within a key. */
export function listVersions(store: S3Store, bucket: Bucket, input: ListObjectVersionsRequest): Input {
  const { Prefix = '', KeyMarker = '', VersionIdMarker, MaxKeys = LARGEST_PAGE } = input;
  const all = store
    .keys(bucket)
    .filter((key) => key.startsWith(Prefix))
    .flatMap((key) => bucket.objects.get(key) ?? []);
  const marked = VersionIdMarker === undefined ? -1 : all.findIndex(({ key, versionId }) => key === KeyMarker && versionId === VersionIdMarker);
  const rest = marked >= 0 ? all.slice(marked + 1) : all.filter(({ key }) => isAfter(key, KeyMarker));
  const page = rest.slice(0, Math.min(MaxKeys, LARGEST_PAGE));
  const last = page.at(-1);
  const truncated = rest.length > page.length;
  const isLatest = (version: ObjectVersion): boolean => bucket.objects.get(version.key)?.[0] === version;
  const versions = page.filter(({ deleteMarker }) => !deleteMarker);
  const markers = page.filter(({ deleteMarker }) => deleteMarker);
  return {
    Name: bucket.definition.name,
    Prefix,
    MaxKeys,
    IsTruncated: truncated,
    ...(truncated && { NextKeyMarker: last?.key, NextVersionIdMarker: last?.versionId }),
    ...(versions.length > 0 && {
      Versions: versions.map((version) => ({ ...entry(version), VersionId: version.versionId, IsLatest: isLatest(version) })),
    }),
    ...(markers.length > 0 && {
      DeleteMarkers: markers.map((marker) => ({
        Key: marker.key,
        VersionId: marker.versionId,
        IsLatest: isLatest(marker),
        LastModified: marker.modified,
      })),
    }),
  };
}
