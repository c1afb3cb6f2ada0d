/** A deployer's own key (`-c keyArn`): the assembly boots with it, everything is encrypted with it, and without a grant on it IAM refuses. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { createWorld } from '../handlers/world.ts';
import { checkInvariants } from '../scenarios/invariants.ts';
import { found, openScene, platformConfigOf } from '../scenarios/stage.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const KEY = 'arn:aws:kms:eu-central-1:111111111111:key/0a1b2c3d-4e5f-6789-abcd-ef0123456789';
const HUB = { account: '111111111111', region: 'eu-central-1' };
const folder = mkdtempSync(join(tmpdir(), 'wavelock-key-'));
const assembly = join(folder, 'cdk.out');

/** As `cdk synth -c keyArn=…` does it. */
beforeAll(() => {
  const [, ...spokes] = readFleetFile('demo/fleet.yaml').fleet.locations;
  const context = { mode: 'patch', ...HUB, locations: spokes.join(','), policy: 'demo/policy.yaml', keyArn: KEY };
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'infra/app.ts'], {
    env: { ...process.env, CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: JSON.stringify(context) },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a rollout with it', () => {
  let scene: Scene;
  let told: Told;

  beforeAll(async () => {
    scene = await openScene({ ...platformConfigOf('none', 'windows'), assembly });
    told = await scene.run();
  });
  afterAll(() => scene.close());

  it('succeeds like any other, and no key was made', async () => {
    expect(told.document.status).toBe('succeeded');
    expect(scene.cloud.inventory.types['AWS::KMS::Key']).toBeUndefined();
    await checkInvariants(scene, told);
  });

  it('encrypts record, store and messages with it', async () => {
    const { cloud } = scene;
    const administrator = cloud.administrator(HUB.account, HUB.region);
    const { resources } = found(cloud.inventory.stacks[0], 'hub');
    const ref = (type: string, name: RegExp): string =>
      found(
        resources.find((one) => one.type === type && name.test(one.logicalId)),
        type,
      ).ref;
    const { Table } = await cloud.call(administrator, 'dynamodb', 'DescribeTable', { TableName: ref('AWS::DynamoDB::GlobalTable', /./) });
    expect(Table.SSEDescription.KMSMasterKeyArn).toBe(KEY);
    const Bucket = ref('AWS::S3::Bucket', /^Store/);
    const { Contents } = await cloud.call(administrator, 's3', 'ListObjectsV2', { Bucket, Prefix: 'evidence/' });
    expect(Contents.length).toBeGreaterThan(0);
    for (const { Key } of Contents)
      expect(await cloud.call(administrator, 's3', 'HeadObject', { Bucket, Key })).toMatchObject({
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: KEY,
      });
    expect(cloud.deniedCalls()).toEqual([]);
  });
});

describe('without a grant on it', () => {
  it('IAM refuses a function whose role may do everything but use the key', async () => {
    const world = await createWorld({ assembly: withoutGrants(/^PickFeedsRole/) });
    expect((await world.failure('PickFeeds', { scope: 'all', since: '' })).errorMessage).toMatch(
      /PickFeeds.* is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:.* because no identity-based policy allows the kms:Decrypt action/,
    );
    await expect(world.stop()).rejects.toThrow('kms:Decrypt');
  });

  it('IAM refuses everybody where its owner lets in nobody', async () => {
    const world = await createWorld({ assembly });
    world.cloud.parts.kms.setKeyPolicy(KEY, { Version: '2012-10-17', Statement: [] });
    expect((await world.failure('PickFeeds', { scope: 'all', since: '' })).errorMessage).toMatch(
      /kms:Decrypt .* because no resource-based policy allows/,
    );
    await expect(world.stop()).rejects.toThrow('kms:Decrypt');
  });

  /** The assembly with no `kms:` action in the policies of some roles. */
  function withoutGrants(role: RegExp): string {
    const copy = mkdtempSync(join(folder, 'without-'));
    cpSync(assembly, copy, { recursive: true });
    let changed = 0;
    for (const file of readdirSync(copy).filter((name) => name.endsWith('.template.json'))) {
      const template = JSON.parse(readFileSync(join(copy, file), 'utf8')) as {
        Resources: Record<string, { Type: string; Properties: { PolicyDocument: { Statement: { Action: string | string[] }[] } } }>;
      };
      for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
        if (Type !== 'AWS::IAM::Policy' || !role.test(id)) continue;
        const { PolicyDocument } = Properties;
        PolicyDocument.Statement = PolicyDocument.Statement.filter(({ Action }) => ![Action].flat().some((action) => action.startsWith('kms:')));
        changed += 1;
      }
      writeFileSync(join(copy, file), JSON.stringify(template));
    }
    expect(changed).toBe(1);
    return copy;
  }
});
