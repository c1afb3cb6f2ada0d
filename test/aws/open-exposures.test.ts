import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readCountedNodes, readExposureHead, readOpenExposures, writeOpenExposures } from '../../lambdas/aws/exposures.ts';
import { EXPOSURES_KEY } from '../../lambdas/core/keys.ts';
import { reconcile } from '../../lambdas/core/exposures/reconcile.ts';
import { summarise } from '../../lambdas/core/exposures/summary.ts';
import { found, here, input, judged } from '../core/exposures-world.ts';
import type { Store } from '../../lambdas/aws/store.ts';
import type { CountedNode } from '../../lambdas/core/exposures/types.ts';

const given = input({
  nodes: [judged('a', 'p1'), judged('b', 'p2')],
  found: new Map([
    ['p1', here(found('ALSA-1'), found('ALSA-2'))],
    ['p2', here(found('ALSA-2'))],
  ]),
});
const summary = summarise({
  ...given,
  fleet: given.nodes.map(({ node }) => node),
  reconciled: reconcile(given),
  titleOf: (key) => `about ${key}`,
  vendorExploited: () => false,
});
const node: CountedNode = { id: 'i-0123456789abcdef0', location: '111111111111/eu-central-1', name: 'a', os: 'linux', online: true, tags: {} };

function memory(): { objects: Map<string, Buffer>; store: Store } {
  const objects = new Map<string, Buffer>();
  const store = {
    findBytes: async (key: string) => objects.get(key),
    putBytes: async (key: string, bytes: Uint8Array) => void objects.set(key, Buffer.from(bytes)),
  };
  return { objects, store: store as unknown as Store };
}

describe('what is open, in the store', () => {
  it('is read as it was written, an exposure a line', async () => {
    const { objects, store } = memory();
    expect([await readOpenExposures(store), await readExposureHead(store), await readCountedNodes(store)]).toEqual([undefined, undefined, []]);
    await writeOpenExposures(store, summary, [node]);
    expect(await readOpenExposures(store)).toEqual(summary);
    expect(await readCountedNodes(store)).toEqual([node]);
    expect(
      gunzipSync(objects.get(EXPOSURES_KEY) ?? '')
        .toString()
        .trimEnd()
        .split('\n'),
    ).toHaveLength(1 + summary.exposures.length);
  });

  it('is read only as far as somebody wants it', async () => {
    const { store } = memory();
    await writeOpenExposures(store, summary, []);
    const { exposures, ...head } = summary;
    expect(await readExposureHead(store)).toEqual(head);
    expect((await readOpenExposures(store, ({ advisory }) => advisory === 'ALSA-1'))?.exposures).toEqual(
      exposures.filter(({ advisory }) => advisory === 'ALSA-1'),
    );
  });
});
