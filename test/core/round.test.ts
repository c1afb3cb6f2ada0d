import { describe, expect, it } from 'vitest';
import { admitBatch } from '../../lambdas/core/admit.ts';
import { decideRound } from '../../lambdas/core/round.ts';
import { wave } from './plan-world.ts';
import type { Outcome } from '../../lambdas/core/model.ts';
import type { PlanWave } from '../../lambdas/core/plan.ts';
import type { RoundInput, RunState } from '../../lambdas/core/round.ts';

/** Thursday 10 December 2026, 22:30 UTC. */
const NOW = Date.UTC(2026, 11, 10, 22, 30);
const OPEN = { days: ['thu' as const], from: '22:00', to: '02:00', timezone: 'UTC', lastStart: 0 };
const SHUT = { days: ['sat' as const], from: '01:00', to: '05:00', timezone: 'UTC', lastStart: 0 };

function planWave(count: number): PlanWave {
  const nodes = Array.from({ length: count }, (_unused, index) => ({
    id: `n${index}`,
    location: { account: '111111111111', region: 'eu-central-1' },
    name: `n${index}`,
    os: 'linux' as const,
    platform: 'rhel-9-x86_64',
    exposed: 1,
    cves: [],
    pendingReboot: false,
    variant: '',
  }));
  return { name: 'test', nodes, atOnce: count, failedLimit: 0, unreachableLimit: 0, window: null, expectedSeconds: 0, worstCase: 0 };
}

function runs(outcomes: Record<string, Partial<RunState>>): Map<string, RunState> {
  return new Map(Object.entries(outcomes).map(([id, run]) => [id, { node: id, attempts: 0, verified: false, ...run }]));
}

function input(more: Partial<RoundInput> = {}): RoundInput {
  return {
    phase: 'patch',
    plan: planWave(3),
    rules: wave('test'),
    window: undefined,
    runs: new Map(),
    online: new Set(['n0', 'n1', 'n2']),
    lastPings: new Map(),
    round: 1,
    stopped: undefined,
    accepted: false,
    now: NOW,
    ...more,
  };
}
const nodesOf = (decision: ReturnType<typeof decideRound>) =>
  decision.action === 'run' ? decision.tracks.flat().flatMap((batch) => batch.nodes) : [];

describe('a wave in a maintenance window of Systems Manager', () => {
  const erp = { ssm: 'mw-0123456789abcdef0', location: { account: '111111111111', region: 'eu-central-1' }, lastStart: 0 };
  const read = { name: 'erp', says: 'at(…)', timezone: 'UTC', lasts: 7_200, cutoff: 0 };
  const disabled = { ...erp, read: { closed: 'is disabled', passing: false } };
  const unread = { ...erp, read: { closed: 'could not be read', passing: true } };
  const NAME = 'SSM maintenance window mw-0123456789abcdef0 in 111111111111/eu-central-1';

  it('looks at it again every three hours, or when it opens', () => {
    const opens = (hours: number) => ({ ...erp, read: { ...read, opens: { at: NOW + hours * 3_600_000 } } });
    expect(decideRound(input({ window: opens(100) }))).toMatchObject({ action: 'wait', seconds: 10_800 });
    expect(decideRound(input({ window: opens(2) }))).toMatchObject({ action: 'wait', seconds: 7_200 });
    expect(decideRound(input({ window: opens(-1) })).action).toBe('run');
  });

  it('that is closed whatever the hour lets it be judged, with why; one that was never read is asked again', () => {
    expect(decideRound(input({ window: disabled }))).toEqual({
      action: 'judge',
      silent: [],
      reason: `${NAME} is disabled`,
      closed: `${NAME} is disabled`,
    });
    expect(decideRound(input({ window: erp }))).toMatchObject({ action: 'wait', seconds: 900 });
  });

  it.each([
    [undefined, 'wait'],
    [0, 'wait'],
    [3_599, 'wait'],
    [3_600, 'judge'],
  ] as const)('that cannot be read for %s s: %s', (seconds, action) => {
    const unreadSince = seconds === undefined ? undefined : NOW - seconds * 1_000;
    expect(decideRound(input({ window: unread, unreadSince })).action).toBe(action);
  });

  it('gets no batch while it is closed', () => {
    const track = { purpose: 'patch' as const, rules: wave('test'), total: 3 };
    const batch = { nodes: ['n0'], stopped: undefined, accepted: false, outcomes: new Map(), online: new Set(['n0']), now: NOW };
    expect(admitBatch({ ...batch, track: { ...track, window: disabled } })).toMatchObject({ action: 'end', reason: `${NAME} is disabled` });
    expect(admitBatch({ ...batch, track: { ...track, window: { ...erp, read: { ...read, opens: { at: NOW - 7_200_000 } } } } })).toMatchObject({
      action: 'end',
      reason: 'the window is closed',
    });
    expect(admitBatch({ ...batch, track: { ...track, window: { ...erp, read: { ...read, opens: { at: NOW - 1_000 } } } } })).toMatchObject({
      action: 'send',
    });
  });
});

describe('decideRound', () => {
  it('runs who is online and has no outcome', () => {
    const rules = wave('test', { stopWhen: { failed: { count: 0 }, unreachable: { count: 1 } } });
    const decision = decideRound(input({ rules, runs: runs({ n0: { outcome: 'patched' } }), online: new Set(['n0', 'n1']) }));
    expect(nodesOf(decision)).toEqual(['n1']);
  });

  it('waits for the window, to the second', () => {
    expect(decideRound(input({ window: SHUT }))).toMatchObject({ action: 'wait', seconds: (Date.UTC(2026, 11, 12, 1) - NOW) / 1000 });
    expect(decideRound(input({ window: OPEN })).action).toBe('run');
  });

  it('judges once everybody has an outcome, and does not wait for a window then', () => {
    const done = runs({ n0: { outcome: 'patched' }, n1: { outcome: 'patched' }, n2: { outcome: 'unreachable' } });
    const rules = wave('test', { stopWhen: { failed: { count: 0 }, unreachable: { count: 1 } } });
    expect(decideRound(input({ runs: done, window: SHUT, rules })).action).toBe('judge');
  });

  it('calls nodes without a heartbeat silent, once nobody else is left', () => {
    const decision = decideRound(input({ online: new Set(), runs: runs({ n0: { outcome: 'patched' } }) }));
    expect(decision).toMatchObject({ action: 'judge', silent: ['n1', 'n2'] });
  });

  it('gives a node up after three sends', () => {
    const tried = runs({ n0: { attempts: 3 }, n1: { outcome: 'patched' }, n2: { outcome: 'patched' } });
    expect(decideRound(input({ runs: tried })).action).toBe('judge');
  });

  it.each([
    ['failed', { n0: { outcome: 'failed' } }, '1 of 3 nodes failed, 0 allowed: nothing more is sent'],
    ['unreachable', { n0: { outcome: 'unreachable' } }, '1 of 3 nodes unreachable, 0 allowed: nothing more is sent'],
  ] as const)('brakes over the limit of %s', (_what, states, reason) => {
    expect(decideRound(input({ runs: runs(states) }))).toMatchObject({ action: 'judge', reason });
  });

  describe('the brake, of nodes that are silent before anything was sent to them', () => {
    const one = wave('test', { stopWhen: { failed: { count: 0 }, unreachable: { count: 1 } } });
    const online = new Set(['n0']);
    const ago = (seconds: number) => NOW - seconds * 1_000;

    it('is not touched within the limit: the others get theirs', () => {
      expect(nodesOf(decideRound(input({ rules: one, online: new Set(['n0', 'n1']) })))).toEqual(['n0', 'n1']);
    });

    it('holds over the limit, and writes down who is silent: nothing is sent', () => {
      expect(decideRound(input({ rules: one, online }))).toEqual({
        action: 'judge',
        silent: ['n1', 'n2'],
        reason: '2 of 3 nodes unreachable, 1 allowed: nothing more is sent',
      });
    });

    it('counts them with those that have ended as unreachable', () => {
      const gone = runs({ n1: { outcome: 'unreachable' } });
      expect(decideRound(input({ rules: one, online, runs: gone }))).toMatchObject({ action: 'judge', silent: ['n2'] });
    });

    it('waits for whoever may only be rebooting, and sends nothing meanwhile', () => {
      const lastPings = new Map([
        ['n1', ago(600)],
        ['n2', ago(86_400)],
      ]);
      expect(decideRound(input({ rules: one, online, lastPings }))).toEqual({
        action: 'wait',
        seconds: 300,
        silent: [],
        reason: '2 of 3 nodes are silent, 1 allowed: looking again',
      });
      const late = new Map([...lastPings, ['n1', ago(1_790)]]);
      expect(decideRound(input({ rules: one, online, lastPings: late }))).toMatchObject({ action: 'wait', seconds: 11 });
      const over = new Map([...lastPings, ['n1', ago(1_801)]]);
      expect(decideRound(input({ rules: one, online, lastPings: over }))).toMatchObject({ action: 'judge', silent: ['n1', 'n2'] });
    });

    it('forgets a node that has come back', () => {
      expect(nodesOf(decideRound(input({ rules: one, online: new Set(['n0', 'n1']), lastPings: new Map([['n2', ago(86_400)]]) })))).toEqual([
        'n0',
        'n1',
      ]);
    });

    it('does not write down as unreachable who may still come back', () => {
      const none = wave('test', { stopWhen: { failed: { count: 0 }, unreachable: { count: 0 } } });
      const lastPings = new Map([['n1', ago(60)]]);
      expect(decideRound(input({ rules: none, online, lastPings }))).toMatchObject({ action: 'judge', silent: ['n2'] });
    });

    it('is only asked where the window is open, and not any more where a person has accepted it', () => {
      expect(decideRound(input({ rules: one, online, window: SHUT }))).toMatchObject({ action: 'wait', silent: [] });
      expect(nodesOf(decideRound(input({ rules: one, online, accepted: true })))).toEqual(['n0']);
    });
  });

  it('goes on over silence, but not over failures, once a person resumed it', () => {
    expect(decideRound(input({ runs: runs({ n0: { outcome: 'unreachable' } }), accepted: true })).action).toBe('run');
    expect(decideRound(input({ runs: runs({ n0: { outcome: 'failed' } }), accepted: true })).action).toBe('judge');
  });

  it('sends nothing once a person stopped it', () => {
    expect(decideRound(input({ stopped: 'aborted by ana' }))).toEqual({ action: 'judge', silent: [], reason: 'aborted by ana' });
  });

  it('looks again at whoever may have got worse, at all of them together, outside the window too', () => {
    const states = runs({ n0: { outcome: 'patched' }, n1: { outcome: 'failed' }, n2: { outcome: 'unknown' } });
    expect(nodesOf(decideRound(input({ phase: 'verify', runs: states, window: SHUT })))).toEqual(['n0', 'n2']);
    const seen = runs({ n0: { outcome: 'patched', verified: true }, n1: { outcome: 'failed' }, n2: { outcome: 'unknown', attempts: 3 } });
    expect(decideRound(input({ phase: 'verify', runs: seen })).action).toBe('judge');
  });
});

describe('admitBatch', () => {
  const track = { purpose: 'patch' as const, rules: wave('test'), window: OPEN, total: 3 };
  const base = {
    track,
    nodes: ['n0', 'n1'],
    stopped: undefined,
    accepted: false,
    outcomes: new Map<string, Outcome>(),
    online: new Set(['n0', 'n1']),
    now: NOW,
  };

  it('sends to whoever is online and due', () => {
    expect(admitBatch({ ...base, outcomes: new Map([['n0', 'patched' as const]]) })).toMatchObject({ action: 'send', nodes: ['n1'] });
  });

  it.each([
    ['a closed window', { track: { ...track, window: SHUT } }, 'the window is closed'],
    ['a person', { stopped: 'aborted by ana' }, 'aborted by ana'],
    ['the brake', { outcomes: new Map([['n2', 'failed' as const]]) }, '1 of 3 nodes failed, 0 allowed: nothing more is sent'],
  ])('ends the track for %s', (_what, change, reason) => {
    expect(admitBatch({ ...base, ...change })).toEqual({ action: 'end', nodes: [], reason });
  });

  it('skips a batch that nobody is there for', () => {
    expect(admitBatch({ ...base, online: new Set() }).action).toBe('skip');
  });

  it('asks a document that stands in for a fix all that a patch is asked', () => {
    const mitigating = { ...base, track: { ...track, purpose: 'mitigate' as const } };
    expect(admitBatch({ ...mitigating, outcomes: new Map([['n0', 'mitigated' as const]]) })).toMatchObject({ action: 'send', nodes: ['n1'] });
    expect(admitBatch({ ...mitigating, track: { ...mitigating.track, window: SHUT } })).toMatchObject({
      action: 'end',
      reason: 'the window is closed',
    });
    expect(admitBatch({ ...mitigating, outcomes: new Map([['n2', 'failed' as const]]) })).toMatchObject({ action: 'end' });
  });

  it('asks scans nothing but who is online', () => {
    expect(admitBatch({ ...base, track: { purpose: 'scan', rules: null, window: null, total: 2 } }).action).toBe('send');
  });
});
