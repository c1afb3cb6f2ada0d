import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { DecryptRequest, EncryptRequest, GenerateDataKeyRequest } from '@aws-sdk/client-kms';
import {
  AwsError,
  type AccessRequest,
  type CallContext,
  type Caller,
  type Cloud,
  type Random,
  type Service,
  type ServiceOperation,
} from '../types.ts';
import { locationOf, parseArn, type Location } from './locations.ts';

/**
 * Throws unless the caller may use a customer key through a service that keeps something under it (`dynamodb`, `s3`, `sns` …).
 * Services ask it; the cloud judges it with `Kms.keyAccess`.
 */
export type UseKey = (caller: Caller, keyArn: string, actions: string[], viaService: string) => Promise<void> | void;

export interface KeyDefinition extends Location {
  /** Of a key that is known already, outside: its ARN must come out as it is written there. Default: a new one. */
  id?: string;
  /** Key policy; without one, AWS's default: the account's own IAM policies decide. */
  policy?: unknown;
  description?: string;
  /** Names as `alias/name`. */
  aliases?: string[];
}

export interface Kms {
  service: Service;
  /** Makes a symmetric key; gives its ARN. */
  createKey(definition: KeyDefinition): string;
  createAlias(name: string, keyArn: string): void;
  setKeyPolicy(keyArn: string, policy: unknown): void;
  /** A disabled key fails every use, as an owner may do by mistake. */
  setKeyEnabled(keyArn: string, enabled: boolean): void;
  /** What IAM has to judge when `caller` uses a key through a service. @throws AwsError for a key that doesn't exist or is disabled */
  keyAccess(caller: Caller, keyArn: string, actions: string[], viaService: string): AccessRequest[];
}

interface Key {
  id: string;
  arn: string;
  location: Location;
  policy: unknown;
  description: string;
  created: Date;
  enabled: boolean;
}

type Encryption = Record<string, string> | undefined;

/** KMS with symmetric keys: enough to encrypt, decrypt, and to be refused. */
export function createKms(cloud: Cloud): Kms {
  const keys = new KeyRing(cloud);

  function operation<I extends { KeyId?: string; EncryptionContext?: Encryption }>(
    name: string,
    run: (key: Key, input: I) => unknown,
    find: (keys: KeyRing, input: I, context: CallContext) => Key = findByInput,
  ): ServiceOperation {
    return {
      access: (input: I, context) => {
        const key = find(keys, input, context);
        return [keys.access(`kms:${name}`, key, { caller: context.caller, encryption: input.EncryptionContext })];
      },
      run: (input: I, context) => run(usable(find(keys, input, context), name), input),
    };
  }

  const operations: Record<string, ServiceOperation> = {
    Encrypt: operation<EncryptRequest>('Encrypt', (key, input) => ({
      CiphertextBlob: seal(key.arn, input.Plaintext ?? new Uint8Array(), { encryption: input.EncryptionContext, random: cloud.random }),
      KeyId: key.arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })),
    Decrypt: operation<DecryptRequest>(
      'Decrypt',
      (key, input) => ({
        Plaintext: open(key.arn, input.CiphertextBlob ?? new Uint8Array(), input.EncryptionContext),
        KeyId: key.arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      }),
      findByCiphertext,
    ),
    GenerateDataKey: operation<GenerateDataKeyRequest>('GenerateDataKey', (key, input) => dataKey(key, input, cloud.random)),
    GenerateDataKeyWithoutPlaintext: operation<GenerateDataKeyRequest>('GenerateDataKeyWithoutPlaintext', (key, input) => {
      const { CiphertextBlob, KeyId } = dataKey(key, input, cloud.random);
      return { CiphertextBlob, KeyId };
    }),
    DescribeKey: operation('DescribeKey', (key) => ({ KeyMetadata: metadata(key) })),
  };
  return {
    service: { name: 'kms', sdk: '@aws-sdk/client-kms', operations },
    createKey: (definition) => keys.create(definition),
    createAlias: (name, keyArn) => keys.alias(name, keys.byArn(keyArn)),
    setKeyPolicy: (keyArn, policy) => void (keys.byArn(keyArn).policy = policy),
    setKeyEnabled: (keyArn, enabled) => void (keys.byArn(keyArn).enabled = enabled),
    keyAccess: (caller, keyArn, actions, viaService) => {
      const key = usable(keys.byArn(keyArn), actions.join());
      return actions.map((action) => keys.access(action, key, { caller, viaService }));
    },
  };
}

class KeyRing {
  private readonly keys = new Map<string, Key>();
  private readonly aliases = new Map<string, Key>();

  constructor(private readonly cloud: Cloud) {}

  create({ account, region, policy, description = '', aliases = [], id = this.cloud.random.uuid() }: KeyDefinition): string {
    const arn = `arn:aws:kms:${region}:${account}:key/${id}`;
    if (this.keys.has(arn)) throw new AwsError('AlreadyExistsException', `Key '${arn}' already exists`);
    const key = {
      id,
      arn,
      location: { account, region },
      policy: policy ?? defaultPolicy(account),
      description,
      created: new Date(this.cloud.clock.now()),
      enabled: true,
    };
    this.keys.set(arn, key);
    for (const alias of aliases) this.alias(alias, key);
    return arn;
  }

  alias(name: string, key: Key): void {
    this.aliases.set(`arn:aws:kms:${key.location.region}:${key.location.account}:${name}`, key);
  }

  byArn(arn: string): Key {
    const key = this.keys.get(arn) ?? this.aliases.get(arn);
    if (key) return key;
    throw new AwsError('NotFoundException', parseArn(arn) ? `Key '${arn}' does not exist` : `Invalid keyId ${arn}`);
  }

  /** By id, ARN, alias or alias ARN; the short forms mean the caller's own account and Region. */
  byId(id: string, { account, region }: Location): Key {
    if (parseArn(id)) return this.byArn(id);
    return this.byArn(`arn:aws:kms:${region}:${account}:${id.startsWith('alias/') ? id : `key/${id}`}`);
  }

  access(
    action: string,
    key: Key,
    { caller, encryption, viaService }: { caller: Caller; encryption?: Encryption; viaService?: string },
  ): AccessRequest {
    const context: Record<string, string[]> = { 'kms:CallerAccount': [caller.account], 'kms:KeySpec': ['SYMMETRIC_DEFAULT'] };
    for (const [name, value] of Object.entries(encryption ?? {})) context[`kms:EncryptionContext:${name}`] = [value];
    if (encryption) context['kms:EncryptionContextKeys'] = Object.keys(encryption);
    if (viaService !== undefined) context['kms:ViaService'] = [`${viaService}.${key.location.region}.amazonaws.com`];
    return { action, resource: key.arn, resourcePolicy: key.policy, resourceAccount: key.location.account, context };
  }
}

/** What a key made by CloudFormation without a policy, or by the API, gets: KMS Developer Guide, "Default key policy". */
function defaultPolicy(account: string): unknown {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  };
}

function findByInput(keys: KeyRing, input: { KeyId?: string }, context: CallContext): Key {
  return keys.byId(input.KeyId ?? '', locationOf(context));
}

function findByCiphertext(keys: KeyRing, input: DecryptRequest, context: CallContext): Key {
  const key = keys.byArn(unpack(input.CiphertextBlob ?? new Uint8Array()).arn);
  if (input.KeyId === undefined || keys.byId(input.KeyId, locationOf(context)) === key) return key;
  throw new AwsError('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.');
}

function usable(key: Key, operation: string): Key {
  if (key.enabled || operation === 'DescribeKey') return key;
  throw new AwsError('DisabledException', `${key.arn} is disabled.`);
}

function metadata(key: Key): Record<string, unknown> {
  return {
    AWSAccountId: key.location.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.created,
    Enabled: key.enabled,
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.enabled ? 'Enabled' : 'Disabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  };
}

function dataKey(key: Key, input: GenerateDataKeyRequest, random: Random): { Plaintext: Uint8Array; CiphertextBlob: Uint8Array; KeyId: string } {
  const length = input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32);
  const Plaintext = bytes(random, length);
  return { Plaintext, CiphertextBlob: seal(key.arn, Plaintext, { encryption: input.EncryptionContext, random }), KeyId: key.arn };
}

function bytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random.next() * 256));
}

/** Keys never leave KMS, so nobody can tell that these are made from their names. */
function material(arn: string): Buffer {
  return createHash('sha256').update(`embedded AWS ${arn}`).digest();
}

/** The encryption context is authenticated, in any order of its entries. */
function associated(encryption: Encryption): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(encryption ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

/** A ciphertext knows its key: length and ARN, then nonce (12 bytes), tag (16 bytes) and data. */
function seal(arn: string, plaintext: Uint8Array, { encryption, random }: { encryption: Encryption; random: Random }): Uint8Array {
  const nonce = bytes(random, 12);
  const cipher = createCipheriv('aes-256-gcm', material(arn), nonce).setAAD(associated(encryption));
  const data = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return new Uint8Array(Buffer.concat([Buffer.from([arn.length]), Buffer.from(arn), nonce, cipher.getAuthTag(), data]));
}

function unpack(blob: Uint8Array): { arn: string; nonce: Buffer; tag: Buffer; data: Buffer } {
  const buffer = Buffer.from(blob);
  const start = 1 + (buffer[0] ?? 0);
  const arn = buffer.toString('latin1', 1, start);
  if (!arn.startsWith('arn:aws:kms:')) throw new AwsError('InvalidCiphertextException', '');
  return {
    arn,
    nonce: buffer.subarray(start, start + 12),
    tag: buffer.subarray(start + 12, start + 28),
    data: buffer.subarray(start + 28),
  };
}

function open(arn: string, blob: Uint8Array, encryption: Encryption): Uint8Array {
  const { nonce, tag, data } = unpack(blob);
  try {
    const decipher = createDecipheriv('aes-256-gcm', material(arn), nonce).setAAD(associated(encryption)).setAuthTag(tag);
    return new Uint8Array(Buffer.concat([decipher.update(data), decipher.final()]));
  } catch (error) {
    throw new AwsError('InvalidCiphertextException', (error as Error).message);
  }
}
