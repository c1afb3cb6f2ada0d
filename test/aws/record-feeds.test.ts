import { describe, expect, it } from 'vitest';
import { createEntities } from '../../lambdas/aws/entities.ts';
import { feedRows } from '../../lambdas/aws/record-feeds.ts';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

type Request = { PutRequest?: { Item: { id: string } }; DeleteRequest?: { Key: { sk: string } } };

/** A table that takes so many items of each batch and leaves the rest, as a partition does that is busy. */
function busyTable(takes: number) {
  const taken: string[] = [];
  const client = {
    send({ input }: { input: { RequestItems: Record<string, Request[]> } }) {
      const requests = input.RequestItems['table'] ?? [];
      taken.push(...requests.slice(0, takes).map(({ PutRequest, DeleteRequest }) => PutRequest?.Item.id ?? DeleteRequest?.Key.sk ?? ''));
      return Promise.resolve({ UnprocessedItems: requests.length > takes ? { table: requests.slice(takes) } : {} });
    },
  };
  const entities = createEntities(client as unknown as DynamoDBDocumentClient, 'table');
  return { rows: feedRows(() => entities), taken };
}

const cves = Array.from({ length: 30 }, (_, index) => `CVE-2026-${1000 + index}`);

describe('scores and known exploited CVEs in the record', () => {
  it('are offered again where DynamoDB takes only some of a batch', async () => {
    const { rows, taken } = busyTable(20);
    await rows.putCves(cves.map((id) => ({ about: 'epss', id, document: { cve: id, epss: 0.5 } })));
    expect(taken.toSorted()).toEqual(cves);
  });

  it('are removed alike', async () => {
    const { rows, taken } = busyTable(20);
    await rows.removeCves('epss', cves);
    expect(taken).toHaveLength(30);
    expect(new Set(taken).size).toBe(30);
  });
});
