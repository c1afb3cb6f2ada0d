import type { Parts } from '../parts.ts';
import { checkResourcePolicy } from '../resource-policy.ts';
import { objectOf, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';

function createKey(resource: Resource, { kms }: Parts): Created {
  for (const [name, only] of [
    ['KeySpec', 'SYMMETRIC_DEFAULT'],
    ['KeyUsage', 'ENCRYPT_DECRYPT'],
  ] as const) {
    const value = optionalText(resource, name) ?? only;
    if (value !== only) throw new Error(`${name} ${value} of ${resource.logicalId} is not known to the embedded AWS`);
  }
  const policy = resource.properties.KeyPolicy === undefined ? undefined : objectOf(resource, 'KeyPolicy');
  if (policy !== undefined) checkResourcePolicy('kms', policy, `policy of key ${resource.logicalId}`);
  const arn = kms.createKey({
    account: resource.stack.account,
    region: resource.stack.region,
    policy,
    description: optionalText(resource, 'Description'),
  });
  if (resource.properties.Enabled === false) kms.setKeyEnabled(arn, false);
  const id = arn.slice(arn.indexOf('key/') + 'key/'.length);
  return { ref: id, attributes: { Arn: arn, KeyId: id } };
}

function createAlias(resource: Resource, { kms }: Parts): Created {
  const name = textOf(resource, 'AliasName');
  const target = textOf(resource, 'TargetKeyId');
  const { account, region } = resource.stack;
  kms.createAlias(name, target.startsWith('arn:') ? target : `arn:aws:kms:${region}:${account}:key/${target}`);
  return { ref: name };
}

/** Customer keys. */
export const kmsTypes: ResourceType[] = [
  {
    type: 'AWS::KMS::Key',
    honours: ['Description', 'Enabled', 'KeyPolicy', 'KeySpec', 'KeyUsage'],
    withoutEffect: {
      EnableKeyRotation: 'keys are not used up here',
      PendingWindowInDays: 'stacks are not deleted here',
      RotationPeriodInDays: 'keys are not used up here',
      Tags: 'no policy here asks for them',
    },
    create: createKey,
  },
  { type: 'AWS::KMS::Alias', honours: ['AliasName', 'TargetKeyId'], withoutEffect: {}, create: createAlias },
];
