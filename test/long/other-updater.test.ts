import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sentence } from '../../cli/report/head.ts';
import { endLines } from '../../cli/ui/end.ts';
import { createPaint } from '../../cli/ui/paint.ts';
import { noticeOf } from '../scenarios/notices.ts';
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

  it('says at the end that production runs what nobody has proven, names the nodes, and asks to find out what updated them', () => {
    const run = { document: told.document, result: told.result, extra: told.extra };
    const end = endLines(run, { paint: createPaint(false), width: 100 })
      .join(' ')
      .replaceAll(/ +/g, ' ');
    expect(end).toContain('anything else: 0; not by Wavelock: newer on 2 nodes');
    expect(end).toContain('! api-a1, plant-berlin-1 run what nobody has proven: find out what updated them');
    expect(sentence(run)).toContain('but 2 nodes run what something else installed and nobody has proven');
    for (const channel of ['email', 'slack'] as const) {
      const notice = noticeOf(told.document, channel, 'done');
      expect(notice?.body).toContain('2 nodes of it run newer versions that something else installed and nobody proved');
      expect(notice?.body).toContain('find out what updated api-a1, plant-berlin-1 beyond what was proven');
    }
  });

  it('names on its nodes the CVEs that only advisories name, as many as people are told', () => {
    const patched = told.document.nodes.filter(({ outcome }) => outcome === 'patched');
    expect(patched.filter(({ cvesClosed }) => cvesClosed.length === 0)).toEqual([]);
    const count = new Set(told.document.nodes.flatMap(({ cvesClosed }) => cvesClosed)).size;
    expect(noticeOf(told.document, 'email', 'done')?.body).toContain(`closed ${count} CVEs`);
    expect(told.document.exposure?.closed.length).toBeGreaterThanOrEqual(count);
  });

  it('does not fail the rollout for it', () => {
    expect(told.document.status).toBe('succeeded');
    const last = told.document.waves.at(-1);
    expect(last?.verdict).toBe('pass');
    expect(last?.outcomes).toEqual({ ahead: 2, patched: (last?.nodes ?? 0) - 2 });
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told, FASTER)).resolves.toBeUndefined());
});
