/** What every entity's model has in common. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export type Options = { client: DynamoDBDocumentClient; table: string };

/** The table's only index: partition and sort key, each from some attributes. */
export function index<const P extends readonly string[], const S extends readonly string[]>(pk: P, sk: S) {
  return { primary: { pk: { field: 'pk', composite: pk }, sk: { field: 'sk', composite: sk } } } as const;
}

export const model = (entity: string) => ({ entity, service: 'wavelock', version: '1' });
