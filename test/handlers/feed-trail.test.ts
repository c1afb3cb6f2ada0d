import { describe, expect, it } from 'vitest';
import { Trail } from '../../lambdas/handlers/feed-trail.ts';
import type { Dependencies } from '../../lambdas/aws/dependencies.ts';

describe('the trail of a feed', () => {
  it('takes a list that is nothing but line breaks for no pack of records: looking through it would take all memory', async () => {
    const store = { putBytes: () => Promise.resolve() } as unknown as Dependencies['store'];
    const trail = new Trail('osv-suse', store, new Map());
    const fetch = trail.recording(() => Promise.resolve({ kind: 'bytes', bytes: Buffer.alloc(4_000_000, '\n'), etag: undefined }));
    const lists = await Promise.all(['one', 'other'].map((url) => fetch(url, { maxBytes: 8_000_000 })));
    const before = process.memoryUsage().heapUsed;
    await trail.archive(Buffer.concat(lists.flatMap((list) => (list.kind === 'bytes' ? [list.bytes] : []))));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
    expect((await trail.footprints()).map(({ url, line }) => [url, line])).toEqual([
      ['one', undefined],
      ['other', undefined],
    ]);
  });
});
