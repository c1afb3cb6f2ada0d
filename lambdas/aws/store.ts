/** The hub's bucket: plans, layouts, raw feeds, reports and evidence. Objects are written once, under a key that says what they are. */
import { createHash } from 'node:crypto';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
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
  open(key: string): Promise<Readable>;
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
        if (error instanceof NoSuchKey || (error as Error).name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async archive(prefix, bytes) {
      const hash = sha256(bytes);
      const key = `${prefix}/${hash}`;
      await s3.send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: bytes }));
      return { key, sha256: hash };
    },
    async open(Key) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket(), Key }));
      return Body as Readable;
    },
    getJsonFrom: read,
  };
}
