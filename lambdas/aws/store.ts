/** The hub's bucket: plans, layouts, raw feeds, reports and evidence. Objects are written once, under a key that says what they are. */
import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import type { ReadSetting } from './settings.ts';

export interface Store {
  bucket: string;
  putJson(key: string, value: unknown): Promise<void>;
  /** Throws when the object is absent; see `findJson`. */
  getJson(key: string): Promise<unknown>;
  findJson(key: string): Promise<unknown>;
  /** Stores bytes under their own hash: the same bytes are stored once. */
  archive(prefix: string, bytes: Uint8Array): Promise<{ key: string; sha256: string }>;
  putBytes(key: string, bytes: Uint8Array): Promise<void>;
  has(key: string): Promise<boolean>;
  /** `undefined` where there is no such object. */
  findBytes(key: string): Promise<Buffer | undefined>;
  open(key: string): Promise<Readable>;
  /** Only what feeds have left may be removed; what is not there is no error. */
  remove(key: string): Promise<void>;
  /** Every key that begins so, in S3's order. */
  keys(prefix: string): Promise<string[]>;
  /** A document of another bucket, as the policy asset is. */
  getJsonFrom(bucket: string, key: string): Promise<unknown>;
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export function createStore(setting: ReadSetting): Store {
  const s3 = new S3Client({});
  const bucket = () => setting('STORE_BUCKET');

  async function read(Bucket: string, Key: string): Promise<unknown> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return JSON.parse((await Body?.transformToString()) ?? 'null');
  }

  return {
    get bucket() {
      return bucket();
    },
    async putJson(Key, value) {
      await s3.send(new PutObjectCommand({ Bucket: bucket(), Key, Body: JSON.stringify(value), ContentType: 'application/json' }));
    },
    getJson: (key) => read(bucket(), key),
    async findJson(key) {
      try {
        return await read(bucket(), key);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async archive(prefix, bytes) {
      const hash = sha256(bytes);
      const key = `${prefix}/${hash}`;
      await s3.send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: bytes }));
      return { key, sha256: hash };
    },
    async has(Key) {
      try {
        await s3.send(new HeadObjectCommand({ Bucket: bucket(), Key }));
        return true;
      } catch (error) {
        // HeadObject has no body that could name the code (Amazon S3 API Reference, HeadObject).
        if ((error as Error).name === 'NotFound') return false;
        throw error;
      }
    },
    async findBytes(Key) {
      try {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket(), Key }));
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async putBytes(Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket: bucket(), Key, Body }));
    },
    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket(), Key }));
    },
    async open(Key) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket(), Key }));
      return Body as Readable;
    },
    async keys(Prefix) {
      const keys: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket(), Prefix, ContinuationToken }));
        keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return keys;
    },
    getJsonFrom: read,
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof NoSuchKey || (error as Error).name === 'NoSuchKey';
}
