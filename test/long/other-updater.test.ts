import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../scenarios/invariants.ts';
import { platformConfigOf, found, openScene } from '../scenarios/stage.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const FASTER = ['api-a1', 'plant-berlin-1'];

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(platformConfigOf('other-updater', 'ubuntu'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('another updater was faster', () => {
  it('calls the nodes ahead, never patched, and says what is newer than proven', () => {
    const names = new Map(found(told.result, 'result').nodes.map(({ id, name }) => [id, name]));
    const ahead = told.document.nodes.filter(({ outcome }) => outcome === 'ahead');
    expect(ahead.map(({ id }) => names.get(id) ?? '').toSorted()).toEqual(FASTER);
    for (const { wave, reason } of ahead) {
      expect(wave).toBe('production');
      expect(reason).toContain('3.0.13-0ubuntu3.6');
    }
  });

  it('does not count what somebody else installed as its own doing', () => {
    const ahead = told.document.nodes.filter(({ outcome }) => outcome === 'ahead');
    expect(ahead.flatMap(({ packages }) => packages.filter(({ to }) => to === '3.0.13-0ubuntu3.6'))).toEqual([]);
  });

  it('leaves the newer versions on the machines: nothing is rolled back', () => {
    for (const name of FASTER) {
      const host = found(
        scene.cloud.fleet.hosts.find((one) => one.name === name),
        name,
      );
      expect(host.packages.get('libssl3t64', 'amd64')?.version).toBe('3.0.13-0ubuntu3.6');
    }
  });

  it('does not fail the rollout for it', () => {
    expect(told.document.status).toBe('succeeded');
    const last = told.document.waves.at(-1);
    expect(last?.verdict).toBe('pass');
    expect(last?.outcomes).toEqual({ ahead: 2, patched: (last?.nodes ?? 0) - 2 });
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told, FASTER)).resolves.toBeUndefined());
});
