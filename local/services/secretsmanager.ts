import type { CreateSecretRequest, GetSecretValueRequest, PutSecretValueRequest } from '@aws-sdk/client-secrets-manager';
import {
  AwsError,
  type AccessRequest,
  type CallContext,
  type Caller,
  type Cloud,
  type Input,
  type Service,
  type ServiceOperation,
} from '../types.ts';
import type { UseKey } from './kms.ts';
import { keyOf, locationOf, parseArn, type Location } from './locations.ts';

export interface SecretDefinition extends Location {
  name: string;
  /** Its first value; a secret may have none. */
  value?: string | Uint8Array;
  description?: string;
  kmsKeyArn?: string;
  policy?: unknown;
  tags?: Record<string, string>;
}

export interface SecretsManager {
  service: Service;
  /** Makes a secret; gives its ARN, which ends in six characters of chance. */
  createSecret(definition: SecretDefinition): string;
  setSecretPolicy(arn: string, policy: unknown): void;
  /** Puts a value, past IAM: for tests and for people who set up a demo. */
  putValue(arn: string, value: string): void;
}

interface Version {
  id: string;
  value: string | Uint8Array;
  created: Date;
  stages: Set<string>;
}

interface Secret {
  arn: string;
  definition: SecretDefinition;
  created: Date;
  versions: Version[];
}

export interface SecretsManagerOptions {
  useKey: UseKey;
}

/** Secrets Manager: values in versions, with the stages AWSCURRENT and AWSPREVIOUS. */
export function createSecretsManager(cloud: Cloud, options: SecretsManagerOptions): SecretsManager {
  const secrets = new Secrets(cloud, options);
  return {
    service: { name: 'secretsmanager', sdk: '@aws-sdk/client-secrets-manager', operations: secrets.operations() },
    createSecret: (definition) => secrets.create(definition).arn,
    setSecretPolicy: (arn, policy) => void (secrets.byArn(arn).definition.policy = policy),
    putValue: (arn, value) => void secrets.put(secrets.byArn(arn), value),
  };
}

class Secrets {
  private readonly secrets = new Map<string, Secret>();

  constructor(
    private readonly cloud: Cloud,
    private readonly options: SecretsManagerOptions,
  ) {}

  create(definition: SecretDefinition): Secret {
    const id = keyOf(definition, definition.name);
    if (this.secrets.has(id))
      throw new AwsError('ResourceExistsException', `The operation failed because the secret ${definition.name} already exists.`);
    const suffix = this.cloud.random.uuid().slice(0, 6);
    const arn = `arn:aws:secretsmanager:${definition.region}:${definition.account}:secret:${definition.name}-${suffix}`;
    const secret = { arn, definition: { ...definition }, created: new Date(this.cloud.clock.now()), versions: [] };
    this.secrets.set(id, secret);
    if (definition.value !== undefined) this.put(secret, definition.value);
    return secret;
  }

  byArn(arn: string): Secret {
    const secret = [...this.secrets.values()].find((candidate) => candidate.arn === arn);
    if (secret) return secret;
    throw missing();
  }

  /** A new current version; what was current becomes the previous one. */
  put(
    secret: Secret,
    value: string | Uint8Array,
    { id = this.cloud.random.uuid(), stages = ['AWSCURRENT'] }: { id?: string; stages?: string[] } = {},
  ): Version {
    if (Buffer.byteLength(value) > 65_536) throw new AwsError('InvalidParameterException', 'The secret value is longer than 65536 bytes');
    const known = secret.versions.find((version) => version.id === id);
    if (known) {
      if (Buffer.compare(Buffer.from(known.value), Buffer.from(value)) === 0) return known;
      throw new AwsError('ResourceExistsException', `You can't modify an existing version, you can only create a new version. Version ID: ${id}`);
    }
    const current = secret.versions.find((version) => version.stages.has('AWSCURRENT'));
    if (stages.includes('AWSCURRENT') && current) {
      for (const version of secret.versions) version.stages.delete('AWSPREVIOUS');
      current.stages.add('AWSPREVIOUS');
    }
    for (const version of secret.versions) for (const stage of stages) version.stages.delete(stage);
    const added = { id, value, created: new Date(this.cloud.clock.now()), stages: new Set(stages) };
    secret.versions.push(added);
    return added;
  }

  operations(): Record<string, ServiceOperation> {
    return {
      GetSecretValue: this.onSecret('GetSecretValue', (secret, input, context) => this.get(secret, input, context.caller)),
      DescribeSecret: this.onSecret('DescribeSecret', describe),
      PutSecretValue: this.onSecret('PutSecretValue', (secret, input, context) => this.putValue(secret, input, context.caller)),
      CreateSecret: {
        access: (input: CreateSecretRequest, context) => {
          const { account, region } = locationOf(context);
          return [
            {
              action: 'secretsmanager:CreateSecret',
              resource: `arn:aws:secretsmanager:${region}:${account}:secret:${input.Name}-??????`,
              context: { 'secretsmanager:Name': [input.Name ?? ''] },
            },
          ];
        },
        run: (input: CreateSecretRequest, context) => this.createFor(input, context),
      },
    };
  }

  private onSecret(action: string, run: (secret: Secret, input: Input, context: CallContext) => unknown): ServiceOperation {
    return {
      access: (input, context) => [this.access(`secretsmanager:${action}`, input, context)],
      run: (input, context) => {
        const secret = this.find(input.SecretId, context);
        if (!secret) throw missing();
        return run(secret, input, context);
      },
    };
  }

  private access(action: string, input: Input, context: CallContext): AccessRequest {
    const secret = this.find(input.SecretId, context);
    const tags = Object.entries(secret?.definition.tags ?? {});
    return {
      action,
      resource:
        secret?.arn ??
        (parseArn(input.SecretId) ? input.SecretId : `arn:aws:secretsmanager:${context.region}:${context.account}:secret:${input.SecretId}`),
      resourcePolicy: secret?.definition.policy,
      resourceAccount: secret?.definition.account,
      context: {
        'secretsmanager:SecretId': [secret?.arn ?? input.SecretId],
        ...(input.VersionId !== undefined && { 'secretsmanager:VersionId': [input.VersionId] }),
        ...(action.endsWith('GetSecretValue') && { 'secretsmanager:VersionStage': [input.VersionStage ?? 'AWSCURRENT'] }),
        ...Object.fromEntries(
          tags.flatMap(([key, value]) => [
            [`secretsmanager:ResourceTag/${key}`, [value]],
            [`aws:ResourceTag/${key}`, [value]],
          ]),
        ),
      },
    };
  }

  /** By name, ARN, or ARN without its last six characters. */
  private find(id: string, context: CallContext): Secret | undefined {
    const arn = parseArn(id);
    if (!arn) return this.secrets.get(keyOf(locationOf(context), id));
    return [...this.secrets.values()].find((secret) => secret.arn === id || secret.arn.slice(0, -7) === id);
  }

  private async get(secret: Secret, { VersionId, VersionStage }: GetSecretValueRequest, caller: Caller): Promise<Input> {
    const stage = VersionStage ?? (VersionId === undefined ? 'AWSCURRENT' : undefined);
    const version = secret.versions.find(
      ({ id, stages }) => (VersionId === undefined || id === VersionId) && (stage === undefined || stages.has(stage)),
    );
    if (!version)
      throw new AwsError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for ${VersionId ? `VersionId: ${VersionId}` : `staging label: ${stage}`}`,
      );
    await this.unlock(secret, caller, ['kms:Decrypt']);
    const content = typeof version.value === 'string' ? { SecretString: version.value } : { SecretBinary: version.value };
    return {
      ARN: secret.arn,
      Name: secret.definition.name,
      VersionId: version.id,
      VersionStages: [...version.stages],
      CreatedDate: version.created,
      ...content,
    };
  }

  private async putValue(secret: Secret, input: PutSecretValueRequest, caller: Caller): Promise<Input> {
    const value = input.SecretString ?? input.SecretBinary;
    if (value === undefined) throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    await this.unlock(secret, caller, ['kms:GenerateDataKey', 'kms:Decrypt']);
    const version = this.put(secret, value, { id: input.ClientRequestToken, stages: input.VersionStages });
    return { ARN: secret.arn, Name: secret.definition.name, VersionId: version.id, VersionStages: [...version.stages] };
  }

  private async createFor(input: CreateSecretRequest, context: CallContext): Promise<Input> {
    if (input.KmsKeyId !== undefined)
      await this.options.useKey(context.caller, input.KmsKeyId, ['kms:GenerateDataKey', 'kms:Decrypt'], 'secretsmanager');
    const secret = this.create({
      ...locationOf(context),
      name: input.Name ?? '',
      description: input.Description,
      kmsKeyArn: input.KmsKeyId,
      tags: Object.fromEntries((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    });
    const value = input.SecretString ?? input.SecretBinary;
    const version = value === undefined ? undefined : this.put(secret, value, { id: input.ClientRequestToken });
    return { ARN: secret.arn, Name: secret.definition.name, VersionId: version?.id };
  }

  private async unlock({ definition: { kmsKeyArn } }: Secret, caller: Caller, actions: string[]): Promise<void> {
    if (kmsKeyArn !== undefined) await this.options.useKey(caller, kmsKeyArn, actions, 'secretsmanager');
  }
}

function missing(): AwsError {
  return new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}

function describe({ arn, definition, created, versions }: Secret): Input {
  return {
    ARN: arn,
    Name: definition.name,
    Description: definition.description,
    KmsKeyId: definition.kmsKeyArn,
    RotationEnabled: false,
    CreatedDate: created,
    LastChangedDate: versions.at(-1)?.created ?? created,
    Tags: Object.entries(definition.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    VersionIdsToStages: Object.fromEntries(versions.filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]])),
  };
}
