import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../scenarios/invariants.ts';
import { configOf, openScene } from '../scenarios/stage.ts';
import type { FleetFile, NodeEntry } from '../../local/fleet/types.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const NODES = 500;

/** Five hundred machines of the demo's four inventories, everywhere; one in twenty is a test machine. */
function manyNodes(demo: FleetFile): FleetFile {
  const inventories = Object.keys(demo.inventories).slice(0, 4);
  const nodes = demo.locations.flatMap((location, where) =>
    inventories.flatMap((inventory, kind): NodeEntry[] => {
      const cell = where * inventories.length + kind;
      const total =
        Math.floor(NODES / (demo.locations.length * inventories.length)) + (cell < NODES % (demo.locations.length * inventories.length) ? 1 : 0);
      const tags = { Wavelock: 'enabled', App: 'many', Service: inventory };
      const hybrid = where === 1 && kind === 1;
      return [
        { name: `t${cell}-{n}`, count: 2, location, inventory, hybrid, tags: { ...tags, Environment: 'test' } },
        { name: `p${cell}-{n}`, count: total - 2, location, inventory, hybrid, tags: { ...tags, Environment: 'production' } },
      ];
    }),
  );
  return { ...demo, nodes };
}

let scene: Scene;
let told: Told;

beforeAll(async () => {
  const config = configOf('none');
  scene = await openScene({ ...config, fleet: manyNodes(config.fleet) });
  told = await scene.run();
});
afterAll(() => scene.close());

describe('a fleet of 500 nodes', () => {
  it('gives the same document as a small one: every node with its outcome', () => {
    expect(told.document.nodes).toHaveLength(NODES);
    expect(told.document.status).toBe('succeeded');
    expect(new Set(told.document.nodes.map(({ outcome }) => outcome))).toEqual(new Set(['patched']));
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});
