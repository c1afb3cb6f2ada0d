import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { evidenceKey } from '../../lambdas/core/keys.ts';
import { RolloutResult } from '../../lambdas/core/result.ts';
import { THROTTLED } from './faults.ts';
import { ID } from './fleet.ts';
import { policy, readLock, rules, runRound, seedRollout, seedRound, seedRuns } from './rollouts.ts';
import { createWorld } from './world.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => {
  world.mend();
  world.published.length = 0;
});
afterAll(() => world.stop());

const DAY = 86_400;

/** A rollout whose wave is open, with these outcomes. */
async function opened(outcomes: Parameters<typeof seedRuns>[2], { wave = 'test', ...more }: Partial<Plan> & { wave?: string } = {}): Promise<string> {
  count += 1;
  const rollout = `judge-20261109-a000${count}`;
  await seedRollout(world, rollout, more);
  await world.answer('OpenWave', { rollout, wave });
  await seedRuns(world, `${rollout}-${wave}`, outcomes);
  return rollout;
}

function judge(rollout: string, { wave = 'test', phase = 'patch' }: { wave?: string; phase?: 'patch' | 'verify' } = {}) {
  return world.answer('JudgeWave', { rollout, wave, phase });
}

/** The wave's soak is over, and these nodes have told since how they are. */
async function soaked(rollout: string, seen: string[]): Promise<void> {
  await world.record.setWave(rollout, 'test', { soakSince: new Date(world.clock.now() - DAY * 1_000).toISOString() });
  for (const run of await world.record.nodeRuns(`${rollout}-test`)) {
    if (seen.includes(run.node)) await world.record.putNodeRun({ ...run, verifiedAt: new Date(world.clock.now()).toISOString() });
  }
}

function told(): string[] {
  return world.published.map(({ audience, event }) => `${audience} ${event}`);
}

describe('JudgeWave', () => {
  it('ends a wave that passed and tells whoever asked for it', async () => {
    const rollout = await opened({ test1: 'patched', test2: 'already-proven' });
    const answer = await judge(rollout);
    expect(answer).toMatchObject({ verdict: 'pass', action: 'end', seconds: 0 });
    expect(await world.record.wave(rollout, 'test')).toMatchObject({
      verdict: 'pass',
      reasons: [answer.reason],
      endedAt: expect.any(String),
      told: 'passed',
    });
    expect(told()).toEqual(['linux-ops passed']);
    expect(await world.record.events(rollout)).toMatchObject([{ what: 'passed', wave: 'test', who: 'wavelock', why: answer.reason }]);
  });

  it('says the same and tells nobody again when it comes twice', async () => {
    const rollout = await opened({ test1: 'failed', test2: 'patched' });
    const first = await judge(rollout);
    const wave = await world.record.wave(rollout, 'test');
    expect(told()).toEqual(['linux-ops failed', 'security failed']);
    expect(await judge(rollout)).toEqual(first);
    expect(await world.record.wave(rollout, 'test')).toEqual(wave);
    expect(told()).toHaveLength(2);
  });

  it('soaks after a pass without telling anybody, and ends after the second look', async () => {
    const soaking = policy({ waves: [rules('test', { soak: DAY }), rules('production')] });
    const rollout = await opened({ test1: 'patched', test2: 'patched' }, { policy: soaking });
    expect(await judge(rollout)).toMatchObject({ verdict: 'pass', action: 'soak', seconds: DAY });
    expect(told()).toEqual([]);
    expect((await world.record.wave(rollout, 'test')).endedAt).toBeUndefined();
    await soaked(rollout, [ID.test1, ID.test2]);
    expect(await judge(rollout, { phase: 'verify' })).toMatchObject({ verdict: 'pass', action: 'end' });
    expect(told()).toEqual(['linux-ops passed']);
  });

  it('soaks what a second look has cleared up, too', async () => {
    const soaking = policy({ waves: [rules('test', { soak: DAY }), rules('production')] });
    const rollout = await opened({ test1: 'patched', test2: 'patched' }, { policy: soaking });
    expect(await judge(rollout, { phase: 'verify' })).toMatchObject({ verdict: 'pass', action: 'soak', seconds: DAY });
  });

  it('takes a node that the soak has silenced for no pass', async () => {
    const soaking = policy({ waves: [rules('test', { soak: DAY }), rules('production')] });
    const rollout = await opened({ test1: 'patched', test2: 'patched' }, { policy: soaking });
    await soaked(rollout, [ID.test1]);
    expect(await judge(rollout, { phase: 'verify' })).toMatchObject({
      verdict: 'inconclusive',
      action: 'hold',
      reason: '1 of 2 nodes have not answered since the soak, 0 allowed: test-2',
    });
  });

  it('quarantines the lock of a wave that failed', async () => {
    const rollout = await opened({ test1: 'failed', test2: 'patched' });
    const answer = await judge(rollout);
    expect(answer).toMatchObject({ verdict: 'fail', action: 'end', reason: expect.stringContaining('1 of 2 nodes failed, 0 allowed') });
    const { lock } = await world.record.wave(rollout, 'test');
    expect(await readLock(world, lock)).toMatchObject({ state: 'quarantined', rollout, reason: '1 of 2 nodes failed, 0 allowed' });
    const [mail] = world.published;
    expect(mail).toMatchObject({ wave: 'test', subject: expect.stringContaining('FAILED at test') });
    expect(mail?.text).toContain('production: no command was sent to any of its 5 nodes');
  });

  it('leaves the lock of a wave that passed or is in doubt as it was', async () => {
    const passed = await opened({ test1: 'patched', test2: 'patched' });
    await judge(passed);
    expect(await readLock(world, (await world.record.wave(passed, 'test')).lock)).toMatchObject({ state: 'candidate' });
  });

  it('holds in doubt, tells once and leaves a snapshot that people can read meanwhile', async () => {
    const rollout = await opened({ test1: 'patched', test2: 'unreachable' });
    expect(await judge(rollout)).toMatchObject({ verdict: 'inconclusive', action: 'hold', seconds: 30 * DAY });
    expect(told()).toEqual(['linux-ops held', 'security held']);
    const snapshot = RolloutResult.parse(await world.store.getJson(evidenceKey(rollout)));
    expect(snapshot).toMatchObject({ status: 'held', reason: expect.stringContaining('wave test: 1 of 2 nodes unreachable') });
    expect(snapshot.nodes.find(({ id }) => id === ID.test2)).toMatchObject({ outcome: 'unreachable' });
    expect(snapshot.nodes.filter(({ outcome }) => outcome === 'skipped')).toHaveLength(5);
    await judge(rollout);
    expect(told()).toHaveLength(2);
  });

  it('counts a hold from its beginning and ends it, not passed, when nobody answered for 30 days', async () => {
    const rollout = await opened({ test1: 'patched', test2: 'unreachable' });
    const since = (days: number): string => new Date(world.clock.now() - days * DAY * 1_000).toISOString();
    await world.record.setWave(rollout, 'test', { heldSince: since(10) });
    expect(await judge(rollout)).toMatchObject({ action: 'hold', seconds: 20 * DAY });
    await world.record.setWave(rollout, 'test', { heldSince: since(30) });
    expect(await judge(rollout)).toMatchObject({
      verdict: 'inconclusive',
      action: 'end',
      reason: expect.stringContaining('nobody answered for 30 days'),
    });
    expect(told()).toEqual(['linux-ops held', 'security held', 'linux-ops failed', 'security failed']);
  });

  it('asks nodes before people where an outcome is unknown', async () => {
    const rollout = await opened({ test1: 'patched', test2: 'unknown' });
    expect(await judge(rollout)).toMatchObject({ verdict: 'inconclusive', action: 'verify' });
    expect(told()).toEqual([]);
    expect(await judge(rollout, { phase: 'verify' })).toMatchObject({ action: 'hold' });
  });

  it('passes what a person accepted, and never a failure', async () => {
    const doubtful = await opened({ test1: 'patched', test2: 'unreachable' });
    await world.record.setWave(doubtful, 'test', { accepted: 'ann: that machine is switched off' });
    expect(await judge(doubtful)).toMatchObject({ verdict: 'pass', action: 'end' });
    const failed = await opened({ test1: 'patched', test2: 'failed' });
    await world.record.setWave(failed, 'test', { accepted: 'ann: never mind' });
    expect(await judge(failed)).toMatchObject({ verdict: 'fail' });
  });

  it('never passes on silence', async () => {
    const rollout = await opened({});
    expect(await judge(rollout)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('no outcome') });
  });

  it('fails a wave whose rollout was stopped, with the words of whoever stopped it', async () => {
    const rollout = await opened({ test1: 'patched', test2: 'patched' });
    await world.record.setRollout(rollout, { stopped: 'stopped by ann: wrong day' });
    expect(await judge(rollout)).toMatchObject({ verdict: 'fail', action: 'end', reason: 'stopped by ann: wrong day' });
  });

  it('leaves the news of the last wave to the end of the rollout', async () => {
    const waves = { shop1: 'patched', shop2: 'patched', shop3: 'patched', plant1: 'patched', plant2: 'patched' } as const;
    const rollout = await opened(waves, { wave: 'production' });
    expect(await judge(rollout, { wave: 'production' })).toMatchObject({ verdict: 'pass', action: 'end' });
    expect(told()).toEqual([]);
  });

  it('tells how many nodes of production a command was sent to', async () => {
    const round = await seedRound(world, 'judge-20261109-b00001', {}, 'production');
    await runRound(world, round);
    await seedRuns(world, round.group, { shop1: 'failed' });
    await judge(round.rollout, { wave: 'production' });
    expect(world.published[0]).toMatchObject({ subject: expect.stringContaining('PRODUCTION AFFECTED') });
    expect(world.published[0]?.text).toContain('3 of 5 nodes got a command');
  });

  it('tells again when it is unknown whether the last one got through, and loses no verdict', async () => {
    const rollout = await opened({ test1: 'failed', test2: 'patched' });
    world.fail({ call: 'sns:Publish', when: 'before', ...THROTTLED });
    expect(await world.failure('JudgeWave', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({ errorType: 'Retryable' });
    expect(await world.record.wave(rollout, 'test')).toMatchObject({ verdict: 'fail' });
    world.mend();
    expect(await judge(rollout)).toMatchObject({ verdict: 'fail' });
    expect(told()).toEqual(['linux-ops failed', 'security failed']);
  });

  it('is terminal for a wave that the plan does not have, one that was not opened, and input of another form', async () => {
    const rollout = await opened({});
    expect(await world.failure('JudgeWave', { rollout, wave: 'canary', phase: 'patch' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no wave canary'),
    });
    expect(await world.failure('JudgeWave', { rollout, wave: 'production', phase: 'patch' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('was not opened'),
    });
    expect(await world.failure('JudgeWave', { rollout, wave: 'test', phase: 'later' })).toMatchObject({ errorType: 'Terminal' });
  });
});
