import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOut } from '../../cli/decide.ts';
import { createCallbacks } from '../../lambdas/aws/callbacks.ts';
import { checkInvariants } from '../scenarios/invariants.ts';
import { noticeOf, toldTo } from '../scenarios/notices.ts';
import { configOf, found, openScene } from '../scenarios/stage.ts';
import { commandsSent } from '../scenarios/truth.ts';
import type { Scene, Told } from '../scenarios/stage.ts';
import type { Sent } from '../scenarios/truth.ts';

const PLANTS = [
  'plant-berlin-1',
  'plant-berlin-2',
  'plant-berlin-3',
  'plant-berlin-4',
  'plant-graz-1',
  'plant-graz-2',
  'plant-graz-3',
  'plant-graz-4',
];

let scene: Scene;
let told: Told;

function heldNotices(audience: string): string[] {
  return toldTo(told.document, audience).filter((line) => line.includes(' held '));
}

beforeAll(async () => {
  scene = await openScene(configOf('unreachable'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('plants that never answer', () => {
  it('holds the rollout: silence is neither success nor failure', () => {
    expect(told.document.status).toBe('held');
    expect(told.document.waves.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['test pass', 'canary pass', 'production inconclusive']);
  });

  it('says in the verdict how many were silent, how many might be, and which', () => {
    const production = found(told.document.waves.at(-1), 'wave');
    const silent = found(production.outcomes.unreachable, 'count of silent nodes');
    expect(silent).toBeGreaterThan(2);
    expect(production.reasons.join('\n')).toContain(`${silent} of 42 nodes unreachable, 2 allowed`);
  });

  it('calls exactly the plants unreachable and sends them nothing', async () => {
    const names = new Map(found(told.result, 'result').nodes.map(({ id, name }) => [id, name]));
    const silent = told.document.nodes.filter(({ outcome }) => outcome === 'unreachable');
    expect(silent.length).toBeGreaterThan(2);
    for (const { id, wave } of silent) {
      expect(PLANTS).toContain(names.get(id));
      expect(wave).toBe('production');
    }
    const sent = (await commandsSent(scene.cloud, told.document.rollout)).filter(({ wave }) => wave === 'production').flatMap(({ nodes }) => nodes);
    expect(sent.filter((id) => PLANTS.includes(names.get(id) ?? ''))).toEqual([]);
  });

  it('asks ops once by e-mail and once in Slack, with the commands that go on or end it', () => {
    expect(heldNotices('linux-ops').toSorted()).toEqual(['email held production', 'slack held production']);
    expect(heldNotices('security')).toEqual(['email held production']);
    for (const channel of ['email', 'slack'] as const) {
      const { body } = found(noticeOf(told.document, channel, 'held'), channel);
      expect(body).toMatch(/monthly is HELD after wave "production"/);
      expect(body).toContain(`npx wavelock resume ${told.document.rollout} --why "..."`);
      expect(body).toContain(`npx wavelock abort ${told.document.rollout} --why "..."`);
    }
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});

describe('a held rollout that is aborted', () => {
  let before: Sent[];
  let problem: string | undefined;
  let after: Told;

  beforeAll(async () => {
    const { rollout } = told.document;
    before = await commandsSent(scene.cloud, rollout);
    const row = found(await scene.record.findRollout(rollout), 'rollout');
    const decision = {
      verb: 'abort',
      rollout,
      why: 'the plants are being rebuilt',
      who: 'arn:aws:iam::111111111111:user/ada',
      at: new Date(scene.clock.now()).toISOString(),
    } as const;
    problem = await carryOut(decision, row, scene.record, createCallbacks());
    await scene.play(async () => (await scene.record.findRollout(rollout))?.endedAt !== undefined);
    await scene.observer.look();
    after = await scene.observer.ended();
  });

  it('ends as failed, with who ended it and why', async () => {
    expect(problem).toBeUndefined();
    expect(after.document.status).toBe('failed');
    expect(after.result?.reason).toBe('aborted by arn:aws:iam::111111111111:user/ada: the plants are being rebuilt');
    expect(await scene.record.events(after.document.rollout)).toContainEqual(
      expect.objectContaining({ what: 'abort', who: 'arn:aws:iam::111111111111:user/ada', why: 'the plants are being rebuilt' }),
    );
  });

  it('sends nothing further and lets every node go', async () => {
    expect(await commandsSent(scene.cloud, after.document.rollout)).toEqual(before);
    await checkInvariants(scene, after);
  });

  it('can be decided no more', async () => {
    const row = found(await scene.record.findRollout(after.document.rollout), 'rollout');
    expect(row).toMatchObject({ status: 'failed', endedAt: expect.any(String) });
  });
});
