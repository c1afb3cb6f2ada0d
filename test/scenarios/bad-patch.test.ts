import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from './invariants.ts';
import { noticeOf, toldTo } from './notices.ts';
import { configOf, found, openScene } from './stage.ts';
import { changesOf, commandsSent, snapshot } from './truth.ts';
import type { Scene, Told } from './stage.ts';

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(configOf('bad-patch'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('a patch that breaks a service', () => {
  it('fails the rollout at the test group, and the execution with it', () => {
    const { status, waves } = told.document;
    expect(status).toBe('failed');
    expect(waves.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['test fail', 'canary not-run', 'production not-run']);
    const execution = scene.cloud.parts.states.executions().find((one) => one.error === 'RolloutStopped');
    expect(execution?.status).toBe('FAILED');
    expect(execution?.cause).toContain('nginx.service did not come back');
  });

  it('sends no patch command to a canary or production node, and changes nothing there', async () => {
    const sent = await commandsSent(scene.cloud, told.document.rollout);
    const patches = sent.filter(({ document }) => document.startsWith('Wavelock-Patch'));
    expect(new Set(patches.map(({ wave }) => wave))).toEqual(new Set(['test']));
    expect(told.document.aws.commands.filter(({ document, wave }) => document.startsWith('Wavelock-Patch') && wave !== 'test')).toEqual([]);
    const test = told.document.nodes.filter(({ wave }) => wave === 'test').map(({ id }) => id);
    const touched = patches.flatMap(({ nodes }) => nodes);
    expect(touched.filter((id) => !test.includes(id))).toEqual([]);
    const after = snapshot(scene.cloud);
    const others = scene.cloud.fleet.hosts.filter(({ id }) => !test.includes(id));
    expect(others.flatMap(({ id }) => changesOf(id, scene.before, after))).toEqual([]);
    expect(new Set(told.document.nodes.filter(({ wave }) => wave !== 'test').map(({ outcome }) => outcome))).toEqual(new Set(['skipped']));
  });

  it('tells ops once by e-mail and once in Slack what stopped, where, why, and that production was not touched', () => {
    expect(toldTo(told.document, 'linux-ops')).toEqual(['email failed test', 'slack failed test']);
    expect(toldTo(told.document, 'security')).toEqual(['email failed test']);
    const email = found(noticeOf(told.document, 'email', 'failed'), 'e-mail');
    const slack = found(noticeOf(told.document, 'slack', 'failed'), 'Slack message');
    expect(email.subject).toBe('[Wavelock] FAILED at test: monthly stopped, production not touched');
    for (const { body } of [email, slack]) {
      const [first] = body.split('\n');
      expect(first).toContain('monthly stopped at wave "test". Production was not touched; nothing more will be sent.');
      expect(body).toMatch(/web-t\d: nginx\.service did not come back/);
      expect(body).toContain('canary: no command was sent to any of its 4 nodes');
      expect(body).toContain('production: no command was sent to any of its 42 nodes');
      expect(body).toMatch(/Needed from you:\*? find out what broke before the next plan/);
    }
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});
