import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectInvariants } from './invariants.ts';
import { configOf, found, openScene } from './stage.ts';
import type { Scene, Told } from './stage.ts';

const UNPROVEN = '1.43.0-6.el9';

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(configOf('newer-dependency'));
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
    for (const host of scene.cloud.fleet.hosts) {
      const held = host.packages.list().filter(({ name, version }) => name === 'libnghttp2' && version === UNPROVEN);
      expect(held, host.name).toEqual([]);
    }
    expect(told.document.nodes.flatMap(({ packages }) => packages).filter(({ name }) => name === 'libnghttp2')).toEqual([]);
  });

  it('leaves a node that refused as it was', () => {
    const refused = told.document.nodes.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id);
    for (const id of refused) {
      const host = found(scene.cloud.fleet.host(id), id);
      expect(new Map(host.packages.list().map(({ name, arch, version }) => [`${name} ${arch}`, version])), host.name).toEqual(scene.before.get(id));
    }
  });

  it('fails the wave that met it, and what comes after is not touched', () => {
    expect(told.document.status).toBe('failed');
    expect(told.document.waves.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['test pass', 'canary fail', 'production not-run']);
    expect(told.document.aws.commands.filter(({ wave }) => wave === 'production')).toEqual([]);
  });

  it('keeps what must hold after every run', () => expectInvariants(scene, told));
});
