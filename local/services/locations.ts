import type { CallContext } from '../types.ts';

/** An account and a Region: where a resource lives. */
export interface Location {
  account: string;
  region: string;
}

/** Key of a resource in a map of all locations. */
export function keyOf({ account, region }: Location, name: string): string {
  return `${account}/${region}/${name}`;
}

/** The location that a call addresses. */
export function locationOf({ account, region }: CallContext): Location {
  return { account, region };
}

/**
 * Account, Region and resource part of an ARN; `undefined` for anything else.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function parseArn(text: string): (Location & { service: string; resource: string }) | undefined {
  const match = /^arn:aws[\w-]*:([^:]+):([^:]*):([^:]*):(.+)$/s.exec(text);
  if (!match) return undefined;
  const [, service = '', region = '', account = '', resource = ''] = match;
  return { service, region, account, resource };
}
