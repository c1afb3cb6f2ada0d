import { describe, expect, it } from 'vitest';
import { askInspector, readInventories } from '../../lambdas/handlers/second-look.ts';
import { HERE, nodeRow, THERE } from './fleet.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import type { Dependencies } from '../../lambdas/aws/dependencies.ts';
import type { NodeStanding } from '../../lambdas/aws/record-exposures.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 9, 9);

/** Nodes without a scan; `read`: when their inventory was read, where they have one. */
function standings(count: number, read?: string): NodeStanding[] {
  return Array.from({ length: count }, (_, index) => ({
    node: { ...nodeRow('test1'), id: `i-${read === undefined ? 'a' : 'b'}${String(index).padStart(16, '0')}`, online: true },
    judged: undefined,
    evidence: undefined,
    inventory: read === undefined ? undefined : { at: read, read, platform: 'amazon-linux-2023-x86_64', fingerprint: 'x' },
  }));
}

/** Whom one intake asks, of whom nobody answers. */
async function asked(due: NodeStanding[], now: number): Promise<Set<string>> {
  const ids = new Set<string>();
  const inventory = { read: (_: unknown, id: string) => Promise.resolve(void ids.add(id)) };
  await readInventories(due, { inventory, now: () => now } as unknown as Dependencies);
  return ids;
}

describe('nodes that only SSM Inventory knows', () => {
  it('that never had an answer do not keep those waiting whose answer has grown old', async () => {
    const old = standings(40, new Date(NOW - 48 * HOUR).toISOString());
    const ids = await asked([...standings(500), ...old], NOW);
    expect(ids.size).toBe(150);
    expect(old.filter(({ node }) => ids.has(node.id))).toHaveLength(40);
  });

  it('have their turn sooner or later, however many there are and whenever intakes run', async () => {
    const silent = standings(400);
    const ids = new Set<string>();
    for (let day = 0; day < 30; day += 1) for (const id of await asked(silent, NOW + day * 24 * HOUR)) ids.add(id);
    expect(ids.size).toBe(400);
  });
});

describe('Amazon Inspector', () => {
  it('that is slow does not take the time of the intake: who is left is asked the next time', async () => {
    let now = NOW;
    const looked: string[] = [];
    const deps = {
      setting: (name: string) => (name === 'INSPECTOR' ? 'true' : [HERE, THERE].map(parseLocation)),
      store: { findBytes: () => Promise.resolve(undefined), putBytes: () => Promise.resolve() },
      inspector: {
        look: ({ region }: { region: string }) => {
          looked.push(region);
          now += 400_000;
          return Promise.resolve({ location: HERE, at: '', complete: true, nodes: {} });
        },
      },
      now: () => now,
      log: { warn: () => undefined },
    };
    await askInspector(deps as unknown as Dependencies);
    expect(looked).toEqual([parseLocation(HERE).region]);
  });
});
