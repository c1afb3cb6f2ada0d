import { describe, expect, it } from 'vitest';
import { hooksToSee, judgeHooks } from '../../lambdas/core/hooks.ts';
import type { SeenHook, WantedHook } from '../../lambdas/core/hooks.ts';
import type { Os } from '../../lambdas/core/model.ts';
import type { Plan } from '../../lambdas/core/plan.ts';

const here = { account: '111111111111', region: 'eu-central-1' };
const there = { account: '222222222222', region: 'eu-west-1' };
const hook = { document: 'Corp-Drain', version: '7' };

function plan(hooks: object | undefined, doing?: Plan['doing']): Parameters<typeof hooksToSee>[0] {
  const node = (location: typeof here, os: Os) => ({ location, os });
  const waves = [{ nodes: [node(here, 'linux'), node(here, 'windows')] }, { nodes: [node(there, 'linux'), node(here, 'linux')] }];
  return { policy: { hooks }, waves, ...(doing && { doing }) } as unknown as Parameters<typeof hooksToSee>[0];
}

function seen(answer: SeenHook, more: Partial<WantedHook> = {}): WantedHook & { seen: SeenHook } {
  return { which: 'before', hook, location: here, nodes: [{ os: 'linux' }, { os: 'linux' }, { os: 'windows' }], ...more, seen: answer };
}

describe('hooks that a plan would run', () => {
  it('are looked at in every location that has nodes, each once', () => {
    const wanted = hooksToSee(plan({ before: hook, after: { document: 'Corp-Failback', version: '3' }, within: 600 }));
    expect(wanted.map(({ which, location, nodes }) => `${which} ${location.region} ${nodes.map(({ os }) => os).join()}`)).toEqual([
      'before eu-central-1 linux,windows,linux',
      'after eu-central-1 linux,windows,linux',
      'before eu-west-1 linux',
      'after eu-west-1 linux',
    ]);
  });

  it('are none without hooks, and where something else runs instead of a patch', () => {
    expect(hooksToSee(plan(undefined))).toEqual([]);
    expect(hooksToSee(plan({ before: hook, within: 600 }, 'mitigate'))).toEqual([]);
  });

  it('refuse a plan where no node could run one, and say which, where and why', () => {
    const { refused, unseen } = judgeHooks([
      seen({ missing: 'there is no such document' }, { location: there }),
      seen({ platforms: ['linux', 'windows'] }),
    ]);
    expect(refused).toBe('hooks.before: Corp-Drain:7 in 222222222222/eu-west-1: there is no such document: nothing is sent');
    expect(unseen).toEqual([]);
  });

  it('refuse a plan with nodes of a system that the document is not for', () => {
    expect(judgeHooks([seen({ platforms: ['linux'] })]).refused).toBe(
      'hooks.before: Corp-Drain:7 in 111111111111/eu-central-1 does not run on Windows, which 1 of the 3 nodes there have: nothing is sent',
    );
    expect(judgeHooks([seen({ platforms: ['windows'] }, { which: 'after' })]).refused).toContain(
      'hooks.after: Corp-Drain:7 in 111111111111/eu-central-1 does not run on Linux, which 2 of the 3',
    );
  });

  it('stop nothing where nobody may look, and say so', () => {
    const { refused, unseen } = judgeHooks([seen({ unseen: "the spoke's role may not describe it" })]);
    expect(refused).toBeUndefined();
    expect(unseen).toEqual([
      "hooks.before: Corp-Drain:7 in 111111111111/eu-central-1 could not be looked at (the spoke's role may not describe it): whether nodes can run it only they will tell",
    ]);
  });

  it('name three reasons, and how many more there are', () => {
    const gone = seen({ missing: 'there is no such document' });
    expect(judgeHooks([gone, gone, gone, gone, gone]).refused).toMatch(/there is no such document; and 2 more: nothing is sent$/);
  });
});
