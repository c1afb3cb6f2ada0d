import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from './invariants.ts';
import { noticeOf, toldTo } from './notices.ts';
import { configOf, found, openScene } from './stage.ts';
import { commandsSent } from './truth.ts';
import type { Scene, Told } from './stage.ts';

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(configOf('demo'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('an ordinary month', () => {
  it('patches 58 nodes in three waves, each after a pass of the one before', () => {
    const { status, waves, nodes, virtualSeconds } = told.document;
    expect(status).toBe('succeeded');
    expect(waves.map(({ name, verdict, nodes: count }) => [name, verdict, count])).toEqual([
      ['test', 'pass', 12],
      ['canary', 'pass', 4],
      ['production', 'pass', 42],
    ]);
    expect(nodes.filter(({ outcome }) => outcome === 'patched')).toHaveLength(57);
    expect(new Set(nodes.map(({ platform }) => platform))).toEqual(
      new Set(['amazon-linux-2023-x86_64', 'rhel-9-x86_64', 'ubuntu-24.04-x86_64', 'windows-2022-x86_64']),
    );
    expect(new Set(nodes.map(({ location }) => `${location.account}/${location.region}`)).size).toBe(4);
    expect(nodes.some(({ rebooted }) => rebooted)).toBe(true);
    expect(virtualSeconds).toBeGreaterThan(3 * 86_400);
  });

  it('stores the advisories of every feed of the fleet and says which CVEs were closed', () => {
    const { stored, bySource } = told.document.advisories;
    expect(Object.keys(bySource).toSorted()).toEqual([
      'amazon-linux-2023',
      'amazon-linux-2023-livepatch',
      'cisa-kev',
      'msrc',
      'osv-red-hat',
      'osv-ubuntu',
    ]);
    expect(stored).toBe(Object.values(bySource).reduce((sum, count) => sum + count, 0));
    expect(stored).toBeGreaterThan(40);
    expect(told.document.nodes.flatMap(({ cvesClosed }) => cvesClosed)).toContainEqual(expect.stringMatching(/^CVE-\d{4}-\d+$/));
  });

  it('finds the batch whose event got lost, sends nothing twice, and tells it', async () => {
    const sent = await commandsSent(scene.cloud, told.document.rollout);
    const patched = sent.filter(({ document }) => document.startsWith('Wavelock-Patch')).flatMap(({ nodes }) => nodes);
    expect(new Set(patched).size).toBe(patched.length);
    expect(told.extra.notes).toContainEqual(
      expect.objectContaining({
        wave: 'test',
        text: expect.stringMatching(/^the event of batch \S+ never came: found by looking, nothing was sent twice$/),
      }),
    );
  });

  it('counts the silent node as unreachable, sends it nothing, and tells it', async () => {
    const silent = 'mi-0a1b2c3d4e5f60718';
    expect(told.document.nodes.find(({ id }) => id === silent)).toMatchObject({
      outcome: 'unreachable',
      packages: [],
      reason: expect.stringContaining('no command was sent'),
    });
    const sent = await commandsSent(scene.cloud, told.document.rollout);
    expect(sent.filter(({ wave, nodes }) => wave === 'production' && nodes.includes(silent))).toEqual([]);
    expect(told.extra.notes).toContainEqual(
      expect.objectContaining({ wave: 'production', text: expect.stringContaining('plant-graz-2 unreachable') }),
    );
  });

  it('installs on canary and production only what two test nodes had proven', () => {
    const proof = found(told.result, 'result').proof;
    expect(proof.items).toBeGreaterThan(50);
    expect(proof.proven).toBe(proof.items);
  });

  it('tells ops every pass and the end, and security the end alone', () => {
    expect(toldTo(told.document, 'linux-ops').toSorted()).toEqual([
      'email done production',
      'email passed canary',
      'email passed test',
      'slack done production',
      'slack passed canary',
      'slack passed test',
    ]);
    expect(toldTo(told.document, 'security')).toEqual(['email done production']);
    expect(noticeOf(told.document, 'email', 'done')?.body).toContain('patched 57, unreachable 1');
  });

  it('says what it cost, from list prices and what was really used', () => {
    const { aws } = told.document;
    expect(aws.calls['ssm:SendCommand']).toBe(aws.commands.length);
    expect(aws.stateTransitions).toBeGreaterThan(100);
    expect(aws.lambdaInvocations).toBe(aws.calls['lambda:Invoke']);
    expect(told.extra.cost.reduce((sum, line) => sum + line.usd, 0)).toBeCloseTo(aws.costUsd, 2);
    expect(aws.costUsd).toBeGreaterThan(0);
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});
