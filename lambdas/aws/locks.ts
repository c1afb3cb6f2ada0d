/** Lock files where nodes can read them: one bucket a location, the key is the hash. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Terminal } from '../core/errors.ts';
import type { Location } from '../core/model.ts';
import type { Spokes } from './spokes.ts';

export interface Locks {
  /** Puts the text into the location's lock bucket and answers the URL that aws:downloadContent takes. Writing it again changes nothing. */
  publish(location: Location, sha256: string, text: string): Promise<string>;
}

export function createLocks(spokes: Spokes): Locks {
  const s3 = spokes.clients((config) => new S3Client(config));
  return {
    async publish(location, sha256, text) {
      const { lockBucket } = await spokes.config(location);
      if (!lockBucket) throw new Terminal(`the spoke in ${location.account}/${location.region} has no lock bucket: it was deployed in observe mode`);
      const Key = `locks/${sha256}.lock`;
      await s3(location).send(new PutObjectCommand({ Bucket: lockBucket, Key, Body: text, ContentType: 'text/plain' }));
      return `https://s3.${location.region}.amazonaws.com/${lockBucket}/${Key}`;
    },
  };
}
