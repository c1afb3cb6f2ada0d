import { AwsError } from '../types.ts';

/**
 * One page of a list; tokens are positions, as opaque to callers as AWS's.
 *
 * @param refusal the service's code for a token that it never gave
 * @throws AwsError for such a token
 */
export function pageOf<T>(
  all: T[],
  limit: number,
  token: string | undefined,
  refusal = 'ValidationException',
): { items: T[]; next: string | undefined } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString() || Number.NaN);
  if (!Number.isInteger(start) || start < 0) throw new AwsError(refusal, 'The token provided is invalid.');
  const end = start + limit;
  return { items: all.slice(start, end), next: end < all.length ? Buffer.from(String(end)).toString('base64url') : undefined };
}
