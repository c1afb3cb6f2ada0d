import type { Resource } from './resource-type.ts';

/**
 * ARN of the customer key that a template names by ARN, id or alias; `undefined` for none and for AWS's own keys (`alias/aws/sns`), which
 * every principal of the account may use through their service.
 */
export function customerKey({ stack }: Resource, named: string | undefined): string | undefined {
  if (named === undefined || named.includes('alias/aws/')) return undefined;
  if (named.startsWith('arn:')) return named;
  return `arn:aws:kms:${stack.region}:${stack.account}:${named.startsWith('alias/') ? named : `key/${named}`}`;
}
