import { describe, expect, it } from 'vitest';
import { HOLD_SECONDS, judgeWave } from '../../lambdas/core/judge.ts';
import { amountOf } from '../../lambdas/core/model.ts';
import { wave } from './plan-world.ts';
import type { JudgeInput } from '../../lambdas/core/judge.ts';
import type { Outcome } from '../../lambdas/core/model.ts';

const NOW = Date.UTC(2026, 11, 10);

function input(outcomes: (Outcome | undefined)[], more: Partial<JudgeInput> = {}): JudgeInput {
  const runs = outcomes.map((outcome, index) => ({
    node: `i-${index}`,
    name: `n${index}`,
    platform: 'rhel-9-x86_64',
    outcome,
    reason: `why ${outcome}`,
  }));
  return {
    rules: wave('test'),
    index: 0,
    phase: 'patch',
    runs,
    soakSince: undefined,
    stopped: undefined,
    accepted: false,
    heldSince: undefined,
    now: NOW,
    ...more,
  };
}
const limits = (failed: number, unreachable: number) =>
  wave('test', { promoteWhen: { provenOn: 1, failed: { count: failed }, unreachable: { count: unreachable } } });

describe('amountOf', () => {
  it.each([
    [9.2, 750, 69],
    [8.2, 1500, 123],
    [4.56, 1250, 57],
    [0.29, 100, 0],
    [33.33, 3, 0],
    [100, 7, 7],
  ])('%s percent of %s is %s: rounded down, and never by the inexactness of a decimal', (percent, total, expected) => {
    expect(amountOf({ percent }, total)).toBe(expected);
  });
});

describe('judgeWave', () => {
  it('says that the brake has stopped it where the verdict alone would not', () => {
    const none = { failed: { count: 0 }, unreachable: { count: 0 } };
    const rules = { ...limits(1, 1), stopWhen: none };
    expect(judgeWave(input(['patched', 'unreachable', undefined], { rules })).reasons).toEqual([
      '1 of 3 nodes unreachable, 0 allowed: nothing more is sent',
      '1 of 3 nodes have no outcome: n2',
    ]);
    expect(judgeWave(input(['patched', 'failed', undefined], { rules })).reasons[0]).toBe('1 of 3 nodes failed, 0 allowed: nothing more is sent');
    expect(judgeWave(input(['patched', 'unreachable', 'patched'], { rules })).verdict).toBe('pass');
    expect(judgeWave(input(['patched', 'unreachable', undefined])).reasons[0]).toBe('1 of 3 nodes unreachable, 0 allowed');
  });

  it.each([
    ['every node patched', input(['patched', 'patched']), 'pass', 'end'],
    ['a pass soaks first', input(['patched'], { rules: wave('test', { soak: 60 }) }), 'pass', 'soak'],
    [
      'a pass after the soak ends',
      input(['patched'], { phase: 'verify', soakSince: NOW - 90_000, rules: wave('test', { soak: 60 }) }),
      'pass',
      'end',
    ],
    [
      'a pass that a second look was needed for soaks like any other',
      input(['patched'], { phase: 'verify', rules: wave('test', { soak: 60 }) }),
      'pass',
      'soak',
    ],
    [
      'what a person accepted soaks as well',
      input(['patched', 'unreachable'], { phase: 'verify', accepted: true, rules: wave('test', { soak: 60 }) }),
      'pass',
      'soak',
    ],
    [
      'what is left of a soak that a fault cut short',
      input(['patched'], { soakSince: NOW - 90_000, rules: wave('test', { soak: 300 }) }),
      'pass',
      'soak',
    ],
    [
      'a soak that a fault outlasted is looked at first',
      input(['patched'], { soakSince: NOW - 90_000, rules: wave('test', { soak: 60 }) }),
      'pass',
      'verify',
    ],
    ['one failed, none allowed', input(['patched', 'failed']), 'fail', 'end'],
    ['one failed of one allowed', input(['patched', 'failed'], { rules: limits(1, 0) }), 'pass', 'end'],
    ['silence is no pass', input(['patched', 'unreachable']), 'inconclusive', 'hold'],
    ['silence within the limit', input(['patched', 'unreachable'], { rules: limits(0, 1) }), 'pass', 'end'],
    ['unknown asks the node first', input(['patched', 'unknown']), 'inconclusive', 'verify'],
    ['still unknown asks people', input(['patched', 'unknown'], { phase: 'verify' }), 'inconclusive', 'hold'],
    ['no outcome at all', input(['patched', undefined]), 'inconclusive', 'hold'],
    ['failure outweighs silence', input(['failed', 'unreachable']), 'fail', 'end'],
    ['ahead is not failed', input(['patched', 'ahead']), 'pass', 'end'],
    ['nothing proven in the first wave', input(['ahead']), 'inconclusive', 'hold'],
    ['nothing needs proof later', input(['ahead'], { index: 1 }), 'pass', 'end'],
    ['an empty wave', input([], { index: 1 }), 'pass', 'end'],
    [
      'what a person accepted was not that its window is closed',
      input(['patched', undefined], { accepted: true, closed: 'it is disabled' }),
      'inconclusive',
      'hold',
    ],
    ['a closed window that nobody waits for', input(['patched'], { closed: 'it is disabled' }), 'pass', 'end'],
    ['a person stopped it', input(['patched'], { stopped: 'aborted by ana' }), 'fail', 'end'],
    ['a person accepted the doubt', input(['patched', 'unreachable'], { accepted: true }), 'pass', 'end'],
    ['acceptance does not cover failures', input(['failed'], { accepted: true }), 'fail', 'end'],
  ] as const)('%s', (_title, given, verdict, action) => {
    expect(judgeWave(given)).toMatchObject({ verdict, action });
  });

  describe('after the soak', () => {
    const soaked = (unseen: number, more: Partial<JudgeInput> = {}) => {
      const given = input(['patched', 'patched', 'restart-pending'], { phase: 'verify', soakSince: NOW - 90_000, ...more });
      return judgeWave({ ...given, runs: given.runs.map((run, index) => ({ ...run, seen: index >= unseen })) });
    };

    it('takes silence for no pass: a node that was patched and is not there any more is a doubt', () => {
      expect(soaked(0).verdict).toBe('pass');
      expect(soaked(1)).toMatchObject({ verdict: 'inconclusive', action: 'hold' });
      expect(soaked(2).reasons).toEqual(['2 of 3 nodes have not answered since the soak, 0 allowed: n0, n1']);
    });

    it('allows as much silence as the wave does, with whoever was unreachable before', () => {
      expect(soaked(1, { rules: limits(0, 1) }).verdict).toBe('pass');
      const given = input(['patched', 'unreachable'], { phase: 'verify', soakSince: NOW - 90_000, rules: limits(0, 1) });
      expect(judgeWave({ ...given, runs: given.runs.map((run) => ({ ...run, seen: false })) }).verdict).toBe('inconclusive');
    });

    it('passes what a person accepted', () => {
      expect(soaked(1, { accepted: true }).verdict).toBe('pass');
    });
  });

  it('waits for what is left of a soak, and not for a moment that clocks disagree about', () => {
    const cut = (seconds: number) => judgeWave(input(['patched'], { soakSince: NOW - seconds * 1_000, rules: wave('test', { soak: 3_600 }) }));
    expect(cut(600)).toMatchObject({ action: 'soak', seconds: 3_000 });
    expect(cut(3_599)).toMatchObject({ action: 'verify', seconds: 0 });
  });

  it('says first that a window is closed', () => {
    expect(judgeWave(input(['patched', undefined], { closed: 'it is disabled' })).reasons[0]).toBe('it is disabled');
  });

  it('groups nodes by reason and names five at most', () => {
    const { reasons } = judgeWave(input(Array.from({ length: 7 }, () => 'failed' as const)));
    expect(reasons).toEqual(['7 of 7 nodes failed, 0 allowed', 'n0, n1, n2, n3, n4 and 2 more: why failed']);
  });

  it('asks for proof on each platform', () => {
    const two = wave('test', { promoteWhen: { provenOn: 2, failed: { count: 0 }, unreachable: { count: 0 } } });
    expect(judgeWave(input(['patched'], { rules: two })).reasons).toEqual(['rhel-9-x86_64: proven on 1 of 2 nodes needed']);
  });

  it('ends a hold that nobody answered, without promotion', () => {
    const held = judgeWave(input(['unreachable'], { heldSince: NOW - HOLD_SECONDS * 1000 }));
    expect(held).toMatchObject({ verdict: 'inconclusive', action: 'end' });
    expect(judgeWave(input(['unreachable'], { heldSince: NOW - 1000 })).seconds).toBe(HOLD_SECONDS - 1);
  });

  it('tells of thousands of different reasons the most frequent, so that a verdict always fits an item of the record', () => {
    const runs = input(Array.from({ length: 5_000 }, (): Outcome => 'failed')).runs.map((run, index) => ({
      ...run,
      reason: index < 4_000 ? 'disk full' : `line ${index} ${'x'.repeat(180)}`,
    }));
    const { verdict, reasons } = judgeWave({ ...input([]), runs });
    expect(verdict).toBe('fail');
    expect(reasons).toHaveLength(22);
    expect(reasons[1]).toMatch(/and 3995 more: disk full$/);
    expect(reasons.at(-1)).toBe('and 981 more nodes for 981 other reasons');
    expect(JSON.stringify(reasons).length).toBeLessThan(20_000);
  });

  it('rounds percentages down', () => {
    const percent = wave('production', { promoteWhen: { provenOn: 1, failed: { percent: 2 }, unreachable: { percent: 5 } } });
    const outcomes = Array.from({ length: 42 }, (_unused, index): Outcome => (index < 2 ? 'unreachable' : 'patched'));
    expect(judgeWave(input(outcomes, { rules: percent })).verdict).toBe('pass');
    expect(judgeWave(input([...outcomes.slice(0, 41), 'unreachable'], { rules: percent })).verdict).toBe('inconclusive');
    expect(judgeWave(input([...outcomes.slice(0, 41), 'failed'], { rules: percent })).verdict).toBe('fail');
  });
});
