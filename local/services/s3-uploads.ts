import { createHash } from 'node:crypto';
import type { CompleteMultipartUploadRequest, CreateMultipartUploadRequest, ListPartsRequest, UploadPartRequest } from '@aws-sdk/client-s3';
import { AwsError, type CallContext, type Cloud, type Input } from '../types.ts';
import { described, type S3Objects } from './s3-objects.ts';
import { checkedSums, etagOf, type Bucket } from './s3-store.ts';

/** Every part but the last has at least 5 MiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const SMALLEST_PART = 5 * 1024 * 1024;

interface Part {
  body: Buffer;
  etag: string;
  modified: Date;
}

interface Upload {
  bucket: Bucket;
  input: CreateMultipartUploadRequest;
  parts: Map<number, Part>;
}

/** Uploads in parts. Their objects carry no whole-object checksum, as theirs would be made of the parts' (`-N`). */
export class S3Uploads {
  private readonly uploads = new Map<string, Upload>();

  constructor(
    private readonly cloud: Cloud,
    private readonly objects: S3Objects,
  ) {}

  create(bucket: Bucket, input: CreateMultipartUploadRequest): Input {
    this.objects.assertWritable(bucket, input.Key ?? '', input);
    const UploadId = this.cloud.random.uuid().replaceAll('-', '');
    this.uploads.set(UploadId, { bucket, input, parts: new Map() });
    return { Bucket: bucket.definition.name, Key: input.Key, UploadId };
  }

  part(bucket: Bucket, input: UploadPartRequest): Input {
    const upload = this.find(bucket, input);
    const body = Buffer.from((input.Body as Uint8Array | undefined) ?? []);
    const checksums = checkedSums(input as unknown as Record<string, unknown>, body);
    const number = input.PartNumber ?? 0;
    if (number < 1 || number > 10_000) throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    const etag = etagOf(body);
    upload.parts.set(number, { body, etag, modified: new Date(this.cloud.clock.now()) });
    return { ETag: etag, ServerSideEncryption: 'AES256', ...checksums };
  }

  async complete(bucket: Bucket, input: CompleteMultipartUploadRequest, context: CallContext): Promise<Input> {
    const upload = this.find(bucket, input);
    const parts = chosenParts(upload, input);
    const body = Buffer.concat(parts.map((part) => part.body));
    const etag = `"${createHash('md5')
      .update(Buffer.concat(parts.map((part) => Buffer.from(part.etag.slice(1, -1), 'hex'))))
      .digest('hex')}-${parts.length}"`;
    const version = await this.objects.keep(bucket, { input: upload.input, conditions: input, body, etag, checksums: {} }, context);
    this.uploads.delete(input.UploadId ?? '');
    const Location = `https://${bucket.definition.name}.s3.${bucket.definition.region}.amazonaws.com/${version.key}`;
    return { Location, Bucket: bucket.definition.name, Key: version.key, ETag: etag, ...described(bucket, version) };
  }

  abort(bucket: Bucket, input: { UploadId?: string; Key?: string }): Input {
    this.find(bucket, input);
    this.uploads.delete(input.UploadId ?? '');
    return {};
  }

  list(bucket: Bucket, input: ListPartsRequest): Input {
    const after = Number(input.PartNumberMarker ?? 0);
    const rest = [...this.find(bucket, input).parts].toSorted(([a], [b]) => a - b).filter(([number]) => number > after);
    const page = rest.slice(0, input.MaxParts ?? 1000);
    const IsTruncated = rest.length > page.length;
    return {
      Bucket: bucket.definition.name,
      Key: input.Key,
      UploadId: input.UploadId,
      IsTruncated,
      ...(IsTruncated && { NextPartNumberMarker: String(page.at(-1)?.[0]) }),
      Parts: page.map(([PartNumber, { etag, modified, body }]) => ({ PartNumber, ETag: etag, LastModified: modified, Size: body.length })),
    };
  }

  private find(bucket: Bucket, { UploadId = '', Key }: { UploadId?: string; Key?: string }): Upload {
    const upload = this.uploads.get(UploadId);
    if (upload && upload.bucket === bucket && upload.input.Key === Key) return upload;
    throw new AwsError(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
    );
  }
}

function chosenParts(upload: Upload, { MultipartUpload }: CompleteMultipartUploadRequest): Part[] {
  const wanted = MultipartUpload?.Parts ?? [];
  if (wanted.length === 0)
    throw new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
  const ordered = wanted.every(({ PartNumber = 0 }, index) => PartNumber > (wanted[index - 1]?.PartNumber ?? 0));
  if (!ordered) throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order. Parts must be ordered by part number.');
  return wanted.map(({ PartNumber = 0, ETag = '' }, index) => {
    const part = upload.parts.get(PartNumber);
    if (!part || part.etag !== `"${ETag.replace(/^"|"$/g, '')}"`)
      throw new AwsError('InvalidPart', 'One or more of the specified parts could not be found.');
    if (index < wanted.length - 1 && part.body.length < SMALLEST_PART) {
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    }
    return part;
  });
}
