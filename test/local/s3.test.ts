import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  AbortMultipartUploadCommand,
} from '@aws-sdk/client-s3';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3, type S3 } from '../../local/services/s3.ts';
import { AwsError } from '../../local/types.ts';
import { ACCOUNT, createBaseWorld, HOME, OTHER_ACCOUNT, rejection, type BaseWorld } from './base-world.ts';

const KEY_ARN = 'arn:aws:kms:eu-central-1:111111111111:key/k';
const usedKeys: string[] = [];
let mayList = true;
let world: BaseWorld;
let s3: S3;
let client: S3Client;

beforeAll(async () => {
  world = createBaseWorld();
  s3 = createS3(world.cloud, { useKey: (_caller, _key, actions) => void usedKeys.push(actions.join()), allows: () => mayList });
  world.add(s3.service);
  s3.createBucket({ ...HOME, name: 'plain' });
  s3.createBucket({ ...HOME, name: 'locks', versioned: true, objectLock: true });
  s3.createBucket({ ...HOME, name: 'secret', kmsKeyArn: KEY_ARN });
  s3.createBucket({ account: OTHER_ACCOUNT, region: 'eu-west-1', name: 'elsewhere', policy: { Statement: [] } });
  await world.overSocket();
  client = new S3Client(world.config());
});
afterAll(() => world.close());

function put(Bucket: string, Key: string, Body: string | Buffer | Readable, more = {}) {
  return client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

async function text(Bucket: string, Key: string, more = {}): Promise<string | undefined> {
  return (await client.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();
}

describe('objects', () => {
  it('come back with their headers, metadata and checksum', async () => {
    const { ETag } = await put('plain', 'a/b c&é', 'content', {
      ContentType: 'text/plain',
      Metadata: { one: '1' },
      CacheControl: 'no-store',
    });
    expect(ETag).toBe(`"${createHash('md5').update('content').digest('hex')}"`);
    const head = await client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'a/b c&é', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({
      ContentLength: 7,
      ContentType: 'text/plain',
      Metadata: { one: '1' },
      CacheControl: 'no-store',
      ETag,
      ServerSideEncryption: 'AES256',
    });
    expect(head.ChecksumCRC32).toBeDefined();
    expect(await text('plain', 'a/b c&é')).toBe('content');
    expect(s3.readObject('plain', 'a/b c&é')?.toString()).toBe('content');
  });

  it('of any size survive streaming, also those that wait for 100 Continue', async () => {
    const big = Buffer.alloc(3_000_000, 'wavelock ');
    await put('plain', 'big', Readable.from([big.subarray(0, 1_500_000), big.subarray(1_500_000)]), { ContentLength: big.length });
    expect(s3.readObject('plain', 'big')?.equals(big)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        await put('plain', 'any', Buffer.from(bytes));
        const { Body } = await client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'any' }));
        expect(await Body?.transformToByteArray()).toEqual(new Uint8Array(bytes));
      }),
      { numRuns: 20 },
    );
  });

  it('damaged on their way are refused', async () => {
    expect((await rejection(put('plain', 'bad', 'content', { ChecksumCRC32: 'AAAAAA==' }))).name).toBe('BadDigest');
    expect((await rejection(put('plain', 'bad', 'content', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }))).name).toBe('BadDigest');
    expect(s3.readObject('plain', 'bad')).toBeUndefined();
  });

  it('are given in parts', async () => {
    await put('plain', 'range', '0123456789');
    const part = await client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'range', Range: 'bytes=2-4' }));
    expect([await part.Body?.transformToString(), part.ContentRange, part.$metadata.httpStatusCode]).toEqual(['234', 'bytes 2-4/10', 206]);
    expect(await text('plain', 'range', { Range: 'bytes=-3' })).toBe('789');
    expect(await text('plain', 'range', { Range: 'bytes=8-' })).toBe('89');
    expect((await rejection(text('plain', 'range', { Range: 'bytes=10-' }))).name).toBe('InvalidRange');
  });

  it('are created only once under If-None-Match, however many try', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => put('secret', 'once', String(index), { IfNoneMatch: '*' })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await rejection(put('plain', 'a/b c&é', 'x', { IfNoneMatch: '*' }))).toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
  });

  it('are changed only as they were seen under If-Match', async () => {
    const { ETag } = await put('plain', 'seen', 'one');
    await put('plain', 'seen', 'two', { IfMatch: ETag });
    expect((await rejection(put('plain', 'seen', 'three', { IfMatch: ETag }))).name).toBe('PreconditionFailed');
    expect((await rejection(put('plain', 'never', 'x', { IfMatch: ETag }))).name).toBe('NoSuchKey');
    expect((await rejection(text('plain', 'seen', { IfMatch: ETag }))).name).toBe('PreconditionFailed');
    const { ETag: now } = await client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'seen' }));
    expect((await rejection(text('plain', 'seen', { IfNoneMatch: now }))).$metadata.httpStatusCode).toBe(304);
  });

  it('that are not there are named as such to those who may list, and denied to others', async () => {
    expect((await rejection(text('plain', 'none'))).name).toBe('NoSuchKey');
    expect((await rejection(client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'none' })))).name).toBe('NotFound');
    expect((await rejection(text('no-such-bucket', 'none'))).name).toBe('NoSuchBucket');
    mayList = false;
    expect((await rejection(text('plain', 'none'))).name).toBe('AccessDenied');
    mayList = true;
  });

  it('are copied with or without their metadata', async () => {
    await put('plain', 'from', 'body', { Metadata: { kept: 'yes' }, ContentType: 'text/x' });
    await client.send(new CopyObjectCommand({ Bucket: 'plain', Key: 'to', CopySource: '/plain/from' }));
    expect(await client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'to' }))).toMatchObject({
      Metadata: { kept: 'yes' },
      ContentType: 'text/x',
    });
    const replaced = new CopyObjectCommand({
      Bucket: 'plain',
      Key: 'to',
      CopySource: 'plain/from',
      MetadataDirective: 'REPLACE',
      Metadata: { new: 'one' },
    });
    expect((await client.send(replaced)).CopyObjectResult?.ETag).toBe(`"${createHash('md5').update('body').digest('hex')}"`);
    expect((await client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'to' }))).Metadata).toEqual({ new: 'one' });
    expect(world.asked.at(-2)?.access).toEqual(['s3:GetObject arn:aws:s3:::plain/from', 's3:PutObject arn:aws:s3:::plain/to']);
  });

  it('are listed page by page, and by folder', async () => {
    for (const key of ['l/1', 'l/2', 'l/x/1', 'l/x/2', 'l/y/1', 'l/z']) await put('plain', key, key);
    const pages: string[][] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket: 'plain', Prefix: 'l/' }))
      pages.push(page.Contents?.map(({ Key = '' }) => Key) ?? []);
    expect(pages).toEqual([
      ['l/1', 'l/2'],
      ['l/x/1', 'l/x/2'],
      ['l/y/1', 'l/z'],
    ]);
    const folders: string[] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket: 'plain', Prefix: 'l/', Delimiter: '/' })) {
      folders.push(`${page.Contents?.map(({ Key }) => Key).join() ?? ''} ${page.CommonPrefixes?.map(({ Prefix }) => Prefix).join() ?? ''}`);
    }
    expect(folders).toEqual(['l/1,l/2 ', ' l/x/,l/y/', 'l/z ']);
  });

  it('are deleted many at once, present or not', async () => {
    await put('plain', 'd/1', 'x');
    const { Deleted } = await client.send(new DeleteObjectsCommand({ Bucket: 'plain', Delete: { Objects: [{ Key: 'd/1' }, { Key: 'd/2' }] } }));
    expect(Deleted).toEqual([{ Key: 'd/1' }, { Key: 'd/2' }]);
    expect((await rejection(text('plain', 'd/1'))).name).toBe('NoSuchKey');
    const Objects = Array.from({ length: 1_001 }, (_, index) => ({ Key: `d/${index}` }));
    expect((await rejection(client.send(new DeleteObjectsCommand({ Bucket: 'plain', Delete: { Objects } })))).name).toBe('MalformedXML');
  });

  it('have keys of 1,024 bytes at most', async () => {
    expect((await rejection(put('plain', 'ü'.repeat(513), 'x'))).name).toBe('KeyTooLongError');
    await put('plain', 'ü'.repeat(512), 'x');
  });

  it('under a customer key need it', async () => {
    usedKeys.length = 0;
    await put('secret', 's', 'x');
    await text('secret', 's');
    expect(usedKeys).toEqual(['kms:GenerateDataKey', 'kms:Decrypt']);
    expect(await client.send(new HeadObjectCommand({ Bucket: 'secret', Key: 's' }))).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: KEY_ARN,
    });
  });
});

describe('versions', () => {
  it('stay behind new ones and behind delete markers', async () => {
    const first = await put('locks', 'v', 'one');
    const second = await put('locks', 'v', 'two');
    expect(await text('locks', 'v', { VersionId: first.VersionId })).toBe('one');
    const { DeleteMarker, VersionId: marker } = await client.send(new DeleteObjectCommand({ Bucket: 'locks', Key: 'v' }));
    expect(DeleteMarker).toBe(true);
    expect((await rejection(text('locks', 'v'))).name).toBe('NoSuchKey');
    const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: 'locks', Prefix: 'v' }));
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual([second.VersionId, first.VersionId]);
    expect(DeleteMarkers).toMatchObject([{ VersionId: marker, IsLatest: true }]);
    await client.send(new DeleteObjectCommand({ Bucket: 'locks', Key: 'v', VersionId: marker }));
    expect(await text('locks', 'v')).toBe('two');
    expect((await rejection(text('locks', 'v', { VersionId: 'none' }))).name).toBe('NoSuchVersion');
  });

  it('under Object Lock outlive their deletion until the time is over', async () => {
    const until = new Date(Date.now() + 3_600_000);
    const { VersionId } = await put('locks', 'kept', 'x', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until });
    const locked = await rejection(
      client.send(new DeleteObjectCommand({ Bucket: 'locks', Key: 'kept', VersionId, BypassGovernanceRetention: true })),
    );
    expect(locked.name).toBe('AccessDenied');
    const short = await put('locks', 'short', 'x', {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(Date.now() - 1000),
    });
    await client.send(new DeleteObjectCommand({ Bucket: 'locks', Key: 'short', VersionId: short.VersionId }));
    expect((await rejection(put('plain', 'x', 'x', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until }))).message).toContain(
      'missing Object Lock',
    );
  });
});

describe('uploads in parts', () => {
  const five = Buffer.alloc(5 * 1024 * 1024, 'a');

  it('become one object', async () => {
    const target = { Bucket: 'plain', Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType: 'application/gzip' }));
    const Parts = [];
    for (const [index, Body] of [five, Buffer.from('end')].entries()) {
      Parts.push({
        PartNumber: index + 1,
        ETag: (await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: index + 1, Body }))).ETag,
      });
    }
    expect((await client.send(new ListPartsCommand({ ...target, UploadId }))).Parts?.map(({ Size }) => Size)).toEqual([five.length, 3]);
    const { ETag } = await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
    expect(ETag).toMatch(/^"[\da-f]{32}-2"$/);
    expect(s3.readObject('plain', 'parts')?.length).toBe(five.length + 3);
    expect((await client.send(new HeadObjectCommand(target))).ContentType).toBe('application/gzip');
    expect((await rejection(client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } })))).name).toBe(
      'NoSuchUpload',
    );
  });

  it('under a customer key are read with it when they become one', async () => {
    const target = { Bucket: 'secret', Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: Buffer.from('end') }));
    usedKeys.length = 0;
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }));
    expect(usedKeys).toEqual(['kms:GenerateDataKey,kms:Decrypt']);
  });

  it('are refused when a part is missing, too small or out of order, and may be given up', async () => {
    const target = { Bucket: 'plain', Key: 'broken' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const tags: (string | undefined)[] = [];
    for (const PartNumber of [1, 2]) tags.push((await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: 'small' }))).ETag);
    const complete = (...numbers: number[]) => {
      const Parts = numbers.map((PartNumber) => ({ PartNumber, ETag: tags[PartNumber - 1] ?? '"0"' }));
      return rejection(client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } })));
    };
    expect((await complete(1, 2)).name).toBe('EntityTooSmall');
    expect((await complete(2, 1)).name).toBe('InvalidPartOrder');
    expect((await complete(3)).name).toBe('InvalidPart');
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    expect((await complete(1)).name).toBe('NoSuchUpload');
  });
});

describe('buckets', () => {
  it('are known by name everywhere, and served in their own Region', async () => {
    const wrong = await rejection(text('elsewhere', 'x'));
    expect([wrong.name, wrong.$metadata.httpStatusCode, wrong.Endpoint]).toEqual(['PermanentRedirect', 301, 'elsewhere.s3.eu-west-1.amazonaws.com']);
    const west = new S3Client(world.config({ region: 'eu-west-1' }));
    expect((await west.send(new HeadBucketCommand({ Bucket: 'elsewhere' }))).BucketRegion).toBe('eu-west-1');
    expect((await west.send(new GetBucketLocationCommand({ Bucket: 'elsewhere' }))).LocationConstraint).toBe('eu-west-1');
    expect((await rejection(west.send(new HeadBucketCommand({ Bucket: 'elsewhere', ExpectedBucketOwner: ACCOUNT })))).$metadata.httpStatusCode).toBe(
      403,
    );
    expect(() => s3.createBucket({ ...HOME, name: 'elsewhere' })).toThrow(AwsError);
    expect(() => s3.createBucket({ ...HOME, name: 'No_Bucket' })).toThrow('not valid');
  });

  it('belong to one account', async () => {
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['plain', 'locks', 'secret']);
    const first = await client.send(new ListBucketsCommand({ MaxBuckets: 2 }));
    const rest = await client.send(new ListBucketsCommand({ MaxBuckets: 2, ContinuationToken: first.ContinuationToken }));
    expect([first.Buckets?.length, rest.Buckets?.map(({ Name }) => Name), rest.ContinuationToken]).toEqual([2, ['secret'], undefined]);
    expect((await client.send(new GetBucketVersioningCommand({ Bucket: 'locks' }))).Status).toBe('Enabled');
    expect((await client.send(new GetBucketVersioningCommand({ Bucket: 'plain' }))).Status).toBeUndefined();
  });
});
