import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupName } from '../../lambdas/core/names.ts';
import { checkInvariants } from '../scenarios/invariants.ts';
import { platformConfigOf, openScene } from '../scenarios/stage.ts';
import { commandsSent } from '../scenarios/truth.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(platformConfigOf('lost-event', 'amazon-linux'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('no event arrives at all', () => {
  it('completes by looking: every wave passes and every node is patched', () => {
    expect(told.document.status).toBe('succeeded');
    const { waves } = told.document;
    expect(waves.map(({ name, verdict, outcomes, nodes }) => [name, verdict, outcomes.patched === nodes])).toEqual([
      ['test', 'pass', true],
      ['canary', 'pass', true],
      ['production', 'pass', true],
    ]);
  });

  it('really had none: the function behind the rule never ran', () => {
    const group = scene.cloud.inventory.stacks[0]?.resources.find(
      ({ type, logicalId }) => type === 'AWS::Logs::LogGroup' && logicalId.startsWith('OnCommandEventLogs'),
    );
    expect(group).toBeDefined();
    const [hub] = scene.cloud.inventory.stacks;
    expect(hub && group && scene.cloud.parts.logs.lines(hub, group.ref)).toEqual([]);
  });

  it('sends nothing twice and says in each wave that events got lost', async () => {
    const sent = await commandsSent(scene.cloud, told.document.rollout);
    const patched = sent.filter(({ document }) => document.startsWith('Wavelock-Patch')).flatMap(({ nodes }) => nodes);
    expect(new Set(patched).size).toBe(patched.length);
    const waves = told.extra.notes
      .filter(({ text }) => text.endsWith('never came: found by looking, nothing was sent twice'))
      .map(({ wave }) => wave);
    expect(new Set(waves)).toEqual(new Set(['test', 'canary', 'production']));
  });

  it('counts each lost event once, however often it has looked at a wave', async () => {
    for (const { name } of told.document.waves) {
      const batches = await scene.record.batchesOf(groupName(told.document.rollout, name));
      const counts = told.extra.notes
        .filter(({ wave, text }) => wave === name && text.includes('never came'))
        .map(({ text }) => Number(/the events of (\d+) batches/.exec(text)?.[1] ?? 1));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(batches.filter(({ purpose }) => purpose !== 'scan').length);
    }
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});
