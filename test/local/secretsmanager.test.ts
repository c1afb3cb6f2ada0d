import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecretsManager, type SecretsManager } from '../../local/services/secretsmanager.ts';
import { ACCOUNT, createBaseWorld, HOME, REGION, rejection, type BaseWorld } from './base-world.ts';

let world: BaseWorld;
let secrets: SecretsManager;
let client: SecretsManagerClient;
const usedKeys: string[] = [];

beforeEach(() => {
  world = createBaseWorld();
  secrets = createSecretsManager(world.cloud, { useKey: (_caller, _key, actions) => void usedKeys.push(actions.join()) });
  world.add(secrets.service);
  client = new SecretsManagerClient(world.config());
});
afterEach(async () => {
  usedKeys.length = 0;
  await world.close();
});

function read(SecretId: string, more = {}) {
  return client.send(new GetSecretValueCommand({ SecretId, ...more }));
}

describe('a secret', () => {
  it('is found by name, by ARN and by the ARN without its last part', async () => {
    const arn = secrets.createSecret({ ...HOME, name: 'slack', value: 'hook', tags: { team: 'a' } });
    expect(arn).toMatch(new RegExp(`^arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:slack-[\\da-f]{6}$`));
    for (const id of ['slack', arn, arn.slice(0, -7)]) expect((await read(id)).SecretString).toBe('hook');
    expect(world.asked.at(-1)?.access).toEqual([`secretsmanager:GetSecretValue ${arn}`]);
    expect(await client.send(new DescribeSecretCommand({ SecretId: 'slack' }))).toMatchObject({
      ARN: arn,
      Tags: [{ Key: 'team', Value: 'a' }],
    });
  });

  it('keeps its previous value', async () => {
    const { VersionId } = await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'one' }));
    await client.send(new PutSecretValueCommand({ SecretId: 's', SecretBinary: new Uint8Array([2]) }));
    expect(await read('s')).toMatchObject({ SecretBinary: new Uint8Array([2]), VersionStages: ['AWSCURRENT'] });
    expect(await read('s', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'one', VersionId });
    await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'three' }));
    expect((await rejection(read('s', { VersionId, VersionStage: 'AWSPREVIOUS' }))).name).toBe('ResourceNotFoundException');
  });

  it('takes a value once per token', async () => {
    secrets.createSecret({ ...HOME, name: 's' });
    const token = '11111111-1111-4111-8111-111111111111';
    const put = (SecretString: string) => client.send(new PutSecretValueCommand({ SecretId: 's', SecretString, ClientRequestToken: token }));
    expect((await put('a')).VersionId).toBe((await put('a')).VersionId);
    expect((await rejection(put('b'))).name).toBe('ResourceExistsException');
  });

  it('that has no value, or is not there, is named so', async () => {
    secrets.createSecret({ ...HOME, name: 'empty' });
    expect((await rejection(read('empty'))).message).toBe("Secrets Manager can't find the specified secret value for staging label: AWSCURRENT");
    expect((await rejection(read('none'))).message).toBe("Secrets Manager can't find the specified secret.");
    expect(() => secrets.createSecret({ ...HOME, name: 'empty' })).toThrow('already exists');
    await expect(client.send(new CreateSecretCommand({ Name: 'big', SecretString: 'x'.repeat(65_537) }))).rejects.toThrow('65536');
  });

  it('under a customer key needs it', async () => {
    const arn = secrets.createSecret({ ...HOME, name: 's', value: 'v', kmsKeyArn: 'arn:key' });
    await read(arn);
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: 'w' }));
    expect(usedKeys).toEqual(['kms:Decrypt', 'kms:GenerateDataKey,kms:Decrypt']);
  });
});
