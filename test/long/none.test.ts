import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../scenarios/invariants.ts';
import { platformConfigOf, openScene } from '../scenarios/stage.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

let scene: Scene;
let told: Told;

beforeAll(async () => {
  scene = await openScene(platformConfigOf('none', 'windows'));
  told = await scene.run();
});
afterAll(() => scene.close());

describe('a month in which nothing goes wrong', () => {
  it('patches every node of the plan', () => {
    expect(told.document.status).toBe('succeeded');
    expect(told.document.waves.map(({ outcomes, nodes }) => outcomes.patched === nodes && nodes > 0)).toEqual([true, true, true]);
  });

  it('has nothing to note', () => {
    expect(told.extra.notes).toEqual([]);
    expect(told.document.notices.map(({ event }) => event)).not.toContain('held');
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});
