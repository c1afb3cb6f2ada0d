import type { AccessRequest, Caller } from '../types.ts';
import type { Lookup } from './match.ts';

/**
 * Condition keys. A policy that names a key which nothing here sets would be judged wrongly without a word (a Deny would never
 * apply), so an unknown key is an error when the policy is read.
 */

/** Keys of every request (IAM User Guide, "AWS global condition context keys"). */
const globalKeys = [
  'aws:CalledVia',
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:PrincipalIsAWSService',
  'aws:PrincipalServiceName',
  'aws:PrincipalType',
  'aws:RequestedRegion',
  'aws:ResourceAccount',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:ViaAWSService',
];

/** Keys that the services set in `AccessRequest.context`, by service; `/` or `:` at the end stands for every name after it. */
const serviceKeys = [
  'aws:PrincipalTag/',
  'aws:RequestTag/',
  'aws:ResourceTag/',
  'aws:TagKeys',
  'cloudwatch:namespace',
  'dynamodb:EnclosingOperation',
  'dynamodb:LeadingKeys',
  'ec2:Region',
  'events:detail-type',
  'events:eventBusInvocation',
  'events:source',
  'iam:PassedToService',
  'kms:CallerAccount',
  'kms:EncryptionContext:',
  'kms:EncryptionContextKeys',
  'kms:KeySpec',
  'kms:ViaService',
  's3:delimiter',
  's3:if-match',
  's3:if-none-match',
  's3:max-keys',
  's3:object-lock-legal-hold',
  's3:object-lock-mode',
  's3:prefix',
  's3:ResourceAccount',
  's3:VersionId',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-storage-class',
  'secretsmanager:Name',
  'secretsmanager:ResourceTag/',
  'secretsmanager:SecretId',
  'secretsmanager:VersionId',
  'secretsmanager:VersionStage',
  'sns:Endpoint',
  'sns:Protocol',
  'ssm:DocumentType',
  'ssm:resourceTag/',
  'sts:ExternalId',
  'sts:RoleSessionName',
  'sts:SourceIdentity',
];

const known = new Set([...globalKeys, ...serviceKeys].map((key) => key.toLowerCase()));

/** Whether some request here can carry this condition key; names of keys have no case (IAM User Guide, "Condition keys"). */
export function isKnownKey(key: string): boolean {
  const name = key.toLowerCase();
  const family = name.replace(/^([^/:]+:[^/:]+[/:]).*$/, '$1');
  return known.has(name) || known.has(family);
}

/** A key that a service sets and this file doesn't list could never be used by a policy: found at its first request. */
function checked(context: Record<string, string[]>): Record<string, string[]> {
  const stranger = Object.keys(context).find((key) => !isKnownKey(key));
  if (stranger !== undefined) throw new Error(`A service sets the condition key "${stranger}", which local/iam/keys.ts doesn't list`);
  return context;
}

/** The role's or user's own facts, as condition keys show them. */
export interface Principal {
  tags?: Record<string, string>;
}

function principalKeys(caller: Caller, principal: Principal): Record<string, string[] | undefined> {
  if (caller.service !== undefined) {
    return { 'aws:PrincipalIsAWSService': ['true'], 'aws:PrincipalServiceName': [caller.service] };
  }
  const keys: Record<string, string[]> = {
    'aws:PrincipalAccount': [caller.account],
    'aws:PrincipalArn': [caller.roleArn ?? caller.arn],
    'aws:PrincipalIsAWSService': ['false'],
    'aws:PrincipalType': [principalType(caller)],
  };
  for (const [tag, value] of Object.entries(principal.tags ?? {})) keys[`aws:PrincipalTag/${tag}`] = [value];
  return keys;
}

function principalType(caller: Caller): string {
  if (caller.arn.endsWith(':root')) return 'Account';
  return caller.roleArn === undefined && !caller.arn.includes(':assumed-role/') ? 'User' : 'AssumedRole';
}

/** Keys of the resource for which a service acts; S3's ARNs carry no account, then the caller's stands. */
function sourceKeys(caller: Caller): Record<string, string[]> {
  if (caller.sourceArn === undefined) return {};
  const account = caller.sourceArn.split(':')[4];
  return { 'aws:SourceArn': [caller.sourceArn], 'aws:SourceAccount': [account || caller.account] };
}

/**
 * What a request answers when a policy asks for a condition key.
 *
 * @param caller who calls; a service caller has no principal ARN and no principal account, as on AWS
 * @param request action and resource with the keys that its service sets
 * @param region the Region that is addressed (`aws:RequestedRegion`)
 * @param principal tags of the calling role
 */
export function requestKeys(caller: Caller, request: AccessRequest, region: string, principal: Principal): Lookup {
  const values: Record<string, string[] | undefined> = {
    ...principalKeys(caller, principal),
    ...sourceKeys(caller),
    'aws:RequestedRegion': [region],
    'aws:ResourceAccount': [request.resourceAccount ?? caller.account],
    'aws:SecureTransport': ['true'],
    'aws:ViaAWSService': ['false'],
    ...checked(request.context ?? {}),
  };
  const byName = new Map<string, string[]>();
  for (const [key, value] of Object.entries(values)) {
    if (value && value.length > 0) byName.set(key.toLowerCase(), value);
  }
  return (key) => byName.get(key.toLowerCase());
}
