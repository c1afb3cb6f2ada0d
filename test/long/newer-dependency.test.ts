import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../scenarios/invariants.ts';
import { platformConfigOf, openScene } from '../scenarios/stage.ts';
import { snapshot } from '../scenarios/truth.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const UNPROVEN = '1.43.0-6.el9';

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(platformConfigOf('newer-dependency', 'rhel'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('the repository moved on between test and production', () => {
  it('has the nodes refuse: they say what would have come along', () => {
    const refused = told.document.nodes.filter(({ outcome }) => outcome === 'failed');
    expect(refused.length).toBeGreaterThan(0);
    for (const { platform, reason, packages } of refused) {
      expect(platform).toBe('rhel-9-x86_64');
      expect(reason).toContain('refused: the install would have pulled in something unproven');
      expect(reason).toContain(`libnghttp2 ${UNPROVEN}`);
      expect(packages).toEqual([]);
    }
  });

  it('installs the unproven dependency on no machine at all', () => {
    const holding = scene.cloud.fleet.hosts.filter((host) =>
      host.packages.list().some(({ name, version }) => name === 'libnghttp2' && version === UNPROVEN),
    );
    expect(holding.map(({ name }) => name)).toEqual([]);
    expect(told.document.nodes.flatMap(({ packages }) => packages).filter(({ name }) => name === 'libnghttp2')).toEqual([]);
  });

  it('leaves a node that refused as it was', () => {
    const refused = told.document.nodes.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id);
    const after = snapshot(scene.cloud);
    for (const id of refused) {
      expect(after.get(id)).toEqual(scene.before.get(id));
    }
  });

  it('fails the wave that met it, and what comes after is not touched', () => {
    expect(told.document.status).toBe('failed');
    expect(told.document.waves.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['test pass', 'canary fail', 'production not-run']);
    expect(told.document.aws.commands.filter(({ wave }) => wave === 'production')).toEqual([]);
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});
