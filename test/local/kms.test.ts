import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKms, type Kms } from '../../local/services/kms.ts';
import { ACCOUNT, createBaseWorld, HOME, rejection, type BaseWorld } from './base-world.ts';

let world: BaseWorld;
let kms: Kms;
let key: string;
let client: KMSClient;

beforeEach(() => {
  world = createBaseWorld();
  kms = createKms(world.cloud);
  key = kms.createKey({ ...HOME, description: 'for secrets', aliases: ['alias/wavelock'] });
  world.add(kms.service);
  client = new KMSClient(world.config());
});
afterEach(() => world.close());

describe('a key', () => {
  it('gives back what it took, under the same encryption context only', async () => {
    const Plaintext = new Uint8Array(Buffer.from('secret'));
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: 'alias/wavelock', Plaintext, EncryptionContext: { a: '1', b: '2' } }));
    const decrypted = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { b: '2', a: '1' } }));
    expect(decrypted).toMatchObject({ KeyId: key });
    expect(Buffer.from(decrypted.Plaintext ?? []).toString()).toBe('secret');
    expect((await rejection(client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { a: '1' } })))).name).toBe(
      'InvalidCiphertextException',
    );
    expect((await rejection(client.send(new DecryptCommand({ CiphertextBlob: new Uint8Array([1, 2, 3]) })))).name).toBe('InvalidCiphertextException');
    const other = kms.createKey(HOME);
    expect((await rejection(client.send(new DecryptCommand({ CiphertextBlob, KeyId: other })))).name).toBe('IncorrectKeyException');
  });

  it('makes data keys', async () => {
    const { Plaintext, CiphertextBlob } = await client.send(new GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256' }));
    expect(Plaintext).toHaveLength(32);
    expect((await client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(Plaintext);
    expect(await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId: key, NumberOfBytes: 16 }))).not.toHaveProperty('Plaintext');
  });

  it('is described, and useless while it is disabled', async () => {
    kms.setKeyEnabled(key, false);
    expect((await client.send(new DescribeKeyCommand({ KeyId: key }))).KeyMetadata).toMatchObject({
      Arn: key,
      Description: 'for secrets',
      KeyState: 'Disabled',
      Enabled: false,
    });
    expect((await rejection(client.send(new GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256' })))).name).toBe('DisabledException');
    expect(() => kms.keyAccess({ ...HOME, arn: 'x' }, key, ['kms:Decrypt'], 's3')).toThrow('is disabled');
    expect((await rejection(client.send(new DescribeKeyCommand({ KeyId: 'alias/none' })))).name).toBe('NotFoundException');
  });

  it('is judged by its policy, the caller and the service in between', () => {
    const [access] = kms.keyAccess({ ...HOME, arn: 'x' }, key, ['kms:Decrypt'], 's3');
    expect(access).toMatchObject({
      action: 'kms:Decrypt',
      resource: key,
      resourceAccount: ACCOUNT,
      resourcePolicy: { Statement: [{ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*' }] },
      context: { 'kms:ViaService': ['s3.eu-central-1.amazonaws.com'], 'kms:CallerAccount': [ACCOUNT] },
    });
    kms.setKeyPolicy(key, { Statement: [] });
    expect(kms.keyAccess({ ...HOME, arn: 'x' }, key, ['kms:Decrypt'], 's3')[0]?.resourcePolicy).toEqual({ Statement: [] });
  });
});
