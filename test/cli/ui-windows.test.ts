import { describe, expect, it } from 'vitest';
import { outsideWindow, timelineOf } from '../../cli/run/history.ts';
import { createPaint } from '../../cli/ui/paint.ts';
import { planLines } from '../../cli/ui/plan.ts';
import { fakePlan, HOUR, WAVES } from './ui-plan.ts';
import { fakeRun } from './ui-run.ts';
import type { Plan } from '../../lambdas/core/plan.ts';

const erp = { ssm: 'mw-0123456789abcdef0', location: { account: '222222222222', region: 'eu-west-1' }, lastStart: 0 };

function shown(plan: Plan): string {
  return planLines(plan, `plans/${'7'.repeat(64)}`, { paint: createPaint(false), width: 100 })
    .join('\n')
    .replaceAll(/\s+/g, ' ');
}

describe('a maintenance window of Systems Manager in the plan', () => {
  it('stands there as it was read, beside where that is, and only where a wave has it', () => {
    const says = 'cron(0 1 ? * SAT *), Europe/Berlin, 6 h, no start in the last 1 h';
    const read = { name: 'erp-saturday', says, timezone: 'Europe/Berlin', opens: { at: WAVES.canary.opens }, lasts: 21_600, cutoff: 3_600 };
    const text = shown({ ...fakePlan(), windows: { canary: { ...erp, read }, unused: { ...erp, read: { ...read, name: 'unused' } } } });
    expect(text).toContain(`window canary is SSM maintenance window mw-0123456789abcdef0 in 222222222222/eu-west-1, "erp-saturday": ${says}`);
    expect(text).not.toContain('unused');
  });

  it('that is closed is said to be, and never looks like any time', () => {
    const plan = fakePlan();
    const why = 'SSM maintenance window mw-0123456789abcdef0 in 222222222222/eu-west-1 is disabled';
    const waves = plan.waves.map((wave) => (wave.name === 'production' ? { ...wave, window: null, closed: why } : wave));
    const text = shown({ ...plan, waves, windows: { production: { ...erp, read: { closed: 'is disabled', passing: false } } } });
    expect(text).toMatch(/production 42 \d+ \d+ closed/);
    expect(text).toContain(`! production: nothing starts. ${why}`);
    expect(text).not.toContain('any time');
  });
});

describe('a maintenance window that somebody edited on the way', () => {
  const read = { name: 'erp', says: 'at(…)', timezone: 'UTC', lasts: 4 * 3_600, cutoff: 0 };
  const opens = (at: number) => ({ ...erp, read: { ...read, opens: { at } } });
  const closed = { ...erp, read: { closed: 'is disabled', passing: false } };

  /** The test wave of a run, with these readings of its window; the plan has the first one. */
  function run(...windows: (typeof closed | ReturnType<typeof opens>)[]) {
    const { result, extra } = fakeRun('succeeded').ended;
    if (!result || !extra.plan) throw new Error('a run that succeeded has a plan and a result');
    const waves = result.waves.map((wave) => (wave.name === 'test' ? { ...wave, windows } : wave));
    return { result: { ...result, waves }, plan: { ...extra.plan, windows: { test: windows[0] ?? closed } }, to: extra.endedAt };
  }

  it('is held against what it said when nodes were started', () => {
    const late = WAVES.test.opens + 24 * HOUR;
    const moved = run(opens(late), opens(WAVES.test.opens), closed);
    expect(outsideWindow(moved.result, moved.plan)).toBe(0);
    const never = run(opens(late), closed);
    expect(outsideWindow(never.result, never.plan)).toBe(
      never.result.nodes.filter(({ wave, startedAt }) => wave === 'test' && startedAt !== '').length,
    );
    expect(timelineOf(moved.result, moved.plan, moved.to)).toContainEqual({
      wave: 'test',
      what: 'window',
      from: WAVES.test.opens,
      to: WAVES.test.opens + 4 * HOUR,
    });
  });
});
