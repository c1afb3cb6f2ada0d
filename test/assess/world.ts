/** Somebody's accounts: the embedded AWS with nothing deployed in it, on a port, in real time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { createRealClock } from '../../local/clock.ts';
import { createCloud, type EmbeddedAws } from '../../local/cloud.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import type { Faults } from '../../local/types.ts';

/** Name of the roles that look. */
export const ROLE = 'WavelockAssess';

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

export interface AccountsWorld {
  aws: EmbeddedAws;
  /** An empty folder that is removed at the end. */
  folder: string;
  /** Makes a role with exactly this policy; `trusted`: the account whose principals may assume it. Answers its ARN. */
  role(account: string, policy: unknown, trusted?: string): string;
  /** Keys of a session of a role, for somebody in its own account. */
  keys(role: string): Promise<Keys>;
  /** What a shell would have to set for these keys. */
  environment(keys: Keys, region?: string): Record<string, string>;
  close(): Promise<void>;
}

/** Opens the accounts of a fleet file. */
export async function openAccounts(file: FleetFile, faults: Faults = {}): Promise<AccountsWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-assess-'));
  const assembly = mkdtempSync(join(tmpdir(), 'wavelock-empty-'));
  writeFileSync(join(assembly, 'manifest.json'), JSON.stringify({ version: '38.0.1', artifacts: {} }));
  const aws = await createCloud({ assembly, clock: createRealClock(), seed: 1, fleet: { file }, faults });
  return {
    aws,
    folder,
    role(account, policy, trusted = account) {
      const arn = `arn:aws:iam::${account}:role/${ROLE}`;
      const trust = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${trusted}:root` }, Action: 'sts:AssumeRole' }],
      };
      aws.parts.iam.putRole({ arn, trust, policies: [{ name: 'Assess', document: policy }] });
      return arn;
    },
    async keys(role) {
      const account = role.split(':')[4] ?? '';
      const sts = new STSClient({ region: 'eu-central-1', endpoint: aws.endpoint, credentials: aws.credentials(account) });
      const { Credentials: given } = await sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'test' }));
      sts.destroy();
      return { accessKeyId: given?.AccessKeyId ?? '', secretAccessKey: given?.SecretAccessKey ?? '', sessionToken: given?.SessionToken ?? '' };
    },
    environment: (keys, region = 'eu-central-1') => ({
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
    }),
    async close() {
      await aws.stop();
      for (const path of [folder, assembly]) rmSync(path, { recursive: true, force: true });
    },
  };
}
