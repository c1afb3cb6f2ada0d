import { AwsError } from '../types.ts';
import { parseJson, isJsonObject } from './values.ts';

/** Page sizes of Step Functions' lists: API reference, `maxResults`. */
const DEFAULT_RESULTS = 100;
const MOST_RESULTS = 1_000;

export interface PageRequest {
  maxResults?: number | undefined;
  nextToken?: string | undefined;
}

export interface Page<T> {
  items: T[];
  nextToken?: string;
}

/**
 * One page of a list that only grows: the token remembers the last entry, so that new entries don't move the pages.
 *
 * @param entries in the order of the answer, each with a key of its own
 * @param query what the list is of; a token of another list is refused
 * @throws AwsError `ValidationException` for a size over 1,000, `InvalidToken`
 */
export function page<T>(entries: Array<{ key: number; value: T }>, query: string, { maxResults = 0, nextToken }: PageRequest): Page<T> {
  if (maxResults < 0 || maxResults > MOST_RESULTS) {
    const problem = `Value '${maxResults}' at 'maxResults' failed to satisfy constraint`;
    throw new AwsError('ValidationException', `1 validation error detected: ${problem}: Member must be between 0 and ${MOST_RESULTS}`);
  }
  const size = maxResults === 0 ? DEFAULT_RESULTS : maxResults;
  const start = nextToken === undefined ? 0 : entries.findIndex(({ key }) => key === lastKey(nextToken, query)) + 1;
  if (nextToken !== undefined && start === 0) throw invalidToken();
  const shown = entries.slice(start, start + size);
  const last = shown.at(-1);
  const items = shown.map(({ value }) => value);
  if (!last || start + size >= entries.length) return { items };
  return { items, nextToken: Buffer.from(JSON.stringify({ query, last: last.key })).toString('base64url') };
}

function lastKey(token: string, query: string): number {
  const content = parseJson(Buffer.from(token, 'base64url').toString('utf8'));
  if (!isJsonObject(content) || content['query'] !== query || typeof content['last'] !== 'number') throw invalidToken();
  return content['last'];
}

function invalidToken(): AwsError {
  return new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
}
