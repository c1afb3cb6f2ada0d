import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partsKey } from '../../lambdas/core/keys.ts';
import { readLines } from '../../lambdas/aws/lines.ts';
import { bucket, DEBIAN, record, recordUrl } from './osv.ts';
import { createSite } from './sites.ts';
import { createWorld } from './world.ts';
import type { Site } from './sites.ts';
import type { World } from './world.ts';

let world: World;
let site: Site;

beforeAll(async () => {
  site = await createSite();
  world = await createWorld({ internet: { '*': site.url } });
});
afterEach(() => {
  world.mend();
  site.status = undefined;
});
afterAll(async () => {
  await site.close();
  await world.stop();
});

function read(records: string[], part = 0, replay = false) {
  return world.answer('PullPart', { feed: DEBIAN, run: '1', part, records, replay });
}

async function left(part = 0): Promise<{ [name: string]: unknown }[]> {
  const lines: { [name: string]: unknown }[] = [];
  for await (const line of readLines(await world.store.open(partsKey(DEBIAN, '1', `${part}.gz`))))
    lines.push(JSON.parse(line) as { [name: string]: unknown });
  return lines;
}

describe('PullPart', () => {
  it('leaves what it has read: advisories, what could not be read, and where each record came from', async () => {
    site.files = { ...bucket({ id: 'DSA-6001-1' }, { id: 'DSA-6002-1' }), [recordUrl('DSA-6002-1')]: 'not json' };
    expect(await read(['DSA-6001-1', 'DSA-6002-1', 'DSA-6003-1'])).toEqual({ read: 1, skipped: 2 });
    const lines = await left();
    expect(lines.flatMap(({ advisory }) => advisory ?? [])).toMatchObject([
      { id: 'DSA-6001-1', affected: [{ os: 'debian', release: '12', package: 'curl' }] },
    ]);
    expect(lines.filter(({ problem }) => problem !== undefined).map(({ record: id }) => id)).toEqual(['DSA-6003-1', 'DSA-6002-1']);
    const [footprint] = lines.flatMap((line) => line.footprint ?? []) as { url: string; sha256: string; line: number }[];
    expect(footprint).toMatchObject({ url: recordUrl('DSA-6001-1'), line: 0 });
    const pack = await world.store.findBytes(`raw/${DEBIAN}/${footprint?.sha256}`);
    expect(String(pack).split('\n')[0]).toBe(record({ id: 'DSA-6001-1' }));
  });

  it('leaves the same when it comes twice', async () => {
    site.files = bucket({ id: 'DSA-6001-1' });
    await read(['DSA-6001-1'], 1);
    const before = await left(1);
    await read(['DSA-6001-1'], 1);
    expect(await left(1)).toEqual(before);
  });

  it('leaves nothing where the site cannot be reached, and is retryable', async () => {
    site.status = 503;
    const input = { feed: DEBIAN, run: '1', part: 7, records: ['DSA-6001-1'], replay: false };
    expect(await world.failure('PullPart', input)).toMatchObject({ errorType: 'Retryable' });
    expect(await world.store.has(partsKey(DEBIAN, '1', '7.gz'))).toBe(false);
  });

  it('is terminal for a feed that is not read in parts, and for input of another form', async () => {
    expect(await world.failure('PullPart', { feed: 'cisa-kev', run: '1', part: 0, records: [], replay: false })).toMatchObject({
      errorType: 'Terminal',
    });
    expect(await world.failure('PullPart', { feed: 'nobody', run: '1', part: 0, records: [], replay: false })).toMatchObject({
      errorType: 'Terminal',
    });
    expect(await world.failure('PullPart', {})).toMatchObject({ errorType: 'Terminal' });
  });
});
