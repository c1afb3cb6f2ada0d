import type { Kms } from '../services/kms.ts';
import type { StackSource } from './assembly.ts';

const KEY_ARN = /arn:aws:kms:([a-z0-9-]+):(\d{12}):key\/([0-9A-Za-z-]+)/g;

/**
 * Creates the keys that templates name by ARN but don't contain: a deployer's own, which CloudFormation expects to be there. Only those of
 * accounts that have a stack here; nobody here owns others. They have the policy that Wavelock asks of such a key's owner (docs/deploy.md):
 * the account's own statement, and those for logs and alarms.
 */
export function createOutsideKeys(stacks: readonly StackSource[], kms: Kms): void {
  const accounts = new Set(stacks.map(({ account }) => account));
  const named = stacks.flatMap(({ template }) => [...JSON.stringify(template).matchAll(KEY_ARN)]);
  const keys = new Map(named.map(([arn, region = '', account = '', id = '']) => [arn, { region, account, id }]));
  for (const key of keys.values()) {
    if (accounts.has(key.account)) kms.createKey({ ...key, policy: ownersPolicy(key), description: 'named by a template, and not made by one' });
  }
}

function ownersPolicy({ account, region }: { account: string; region: string }): unknown {
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Account', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
      {
        Sid: 'CloudWatchLogs',
        Effect: 'Allow',
        Principal: { Service: `logs.${region}.amazonaws.com` },
        Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
        Resource: '*',
        Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:${region}:${account}:log-group:*` } },
      },
      {
        Sid: 'AlarmsToTopic',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      },
    ],
  };
}
