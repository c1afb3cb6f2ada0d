import { createIam, type Iam } from '../../local/iam/iam.ts';
import type { AccessRequest, Caller } from '../../local/types.ts';

export const account = '111111111111';
export const foreign = '222222222222';
export const roleArn = `arn:aws:iam::${account}:role/app/Worker`;
export const region = 'eu-central-1';
export const worker: Caller = { account, region, arn: `arn:aws:sts::${account}:assumed-role/Worker/session`, roleArn };
export const table = `arn:aws:dynamodb:${region}:${account}:table/Record`;

/** A statement of a policy. */
export type Entry = Record<string, unknown>;

/** A policy document. */
export function document(...statements: Entry[]): unknown {
  return { Version: '2012-10-17', Statement: statements };
}

/** An Allow statement. */
export function allow(action: string | string[], resource: string | string[] = '*', more: Entry = {}): Entry {
  return { Effect: 'Allow', Action: action, Resource: resource, ...more };
}

/** A Deny statement. */
export function deny(action: string, resource = '*', more: Entry = {}): Entry {
  return { Effect: 'Deny', Action: action, Resource: resource, ...more };
}

/** One role and what is attached to it. */
export interface World {
  identity?: Entry[];
  boundary?: Entry[];
  tags?: Record<string, string>;
  trust?: Entry[];
}

/** IAM with this one role in it. */
export function iamWith({ identity = [], boundary, tags, trust = [] }: World): Iam {
  const iam = createIam(() => 0);
  iam.putRole({
    arn: roleArn,
    trust: document(...trust),
    policies: identity.length > 0 ? [{ name: 'Inline', document: document(...identity) }] : [],
    boundary: boundary && { name: 'Boundary', document: document(...boundary) },
    tags,
  });
  return iam;
}

/** `allowed`, or why not, without the sentence before the reason. */
export function verdict(world: World, request: AccessRequest, caller: Caller = worker, service = 'ssm'): string {
  try {
    iamWith(world).authorize(caller, request, { service, region });
    return 'allowed';
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^.*(because|with an explicit)/, '$1') : String(error);
  }
}

/** An access request. */
export function ask(action: string, resource = '*', more: Partial<AccessRequest> = {}): AccessRequest {
  return { action, resource, ...more };
}

/** How AWS says which layer lacks a grant. */
export const noIdentity = (action: string): string => `because no identity-based policy allows the ${action} action`;
export const noResource = (action: string): string => `because no resource-based policy allows the ${action} action`;

export const noBoundary = (action: string): string => `because no permissions boundary allows the ${action} action`;
