/** One page of a list; tokens are positions, as opaque to callers as AWS's. */
export function pageOf<T>(all: T[], limit: number, token: string | undefined): { items: T[]; next: string | undefined } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString());
  const end = start + limit;
  return { items: all.slice(start, end), next: end < all.length ? Buffer.from(String(end)).toString('base64url') : undefined };
}
