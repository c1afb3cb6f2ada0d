import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, safeWords, settleCall } from '../../lambdas/core/triggers/function-answer.ts';
import { settleRunbook } from '../../lambdas/core/triggers/runbook.ts';
import { meansOf, meansWords, whereItRuns } from '../../lambdas/core/triggers/stand-in.ts';
import { FLEET, NOW } from './triggers-world.ts';
import type { Node } from '../../lambdas/core/model.ts';
import type { Told } from '../../lambdas/core/triggers/function-answer.ts';
import type { Described } from '../../lambdas/core/triggers/stand-in.ts';

const WHERE = '111111111111/eu-central-1';
const HASH = 'a'.repeat(64);
const FUNCTION = { by: 'lambda', name: 'waf-block', version: '7', hash: 'abc=', seconds: 60, platforms: [], parameters: [] } satisfies Described;
const RUNBOOK = {
  by: 'automation',
  name: 'Corp-Isolate',
  version: '3',
  hash: HASH,
  role: 'arn:aws:iam::1:role/R',
  platforms: [],
  parameters: ['Action', 'InstanceId', 'AutomationAssumeRole'],
} satisfies Described;
const first = FLEET[0]!;
const windows: Node = { ...first, id: 'i-00000000000000099', os: 'windows' };

describe('what a policy names', () => {
  it.each([
    [{ run: 'Corp-X' }, { name: 'Corp-X' }, 'Corp-X'],
    [{ lambda: 'waf-block:live' }, { by: 'lambda', name: 'waf-block:live' }, 'function waf-block:live'],
    [{ automation: { document: 'Corp-Isolate', role: 'R' } }, { by: 'automation', name: 'Corp-Isolate', role: 'R' }, 'runbook Corp-Isolate'],
  ])('%j', (written, means, words) => {
    expect(meansOf({ ...written, withdrawWhen: 'patched' })).toEqual(means);
    expect(meansWords(meansOf({ ...written, withdrawWhen: 'patched' }))).toBe(words);
  });
});

describe('where it can run', () => {
  const on = (nodes: Node[], described: Described) => whereItRuns(nodes, new Map([[WHERE, described]]));

  it('is on nodes of any system, under the version and hash of now', () => {
    const { fleet, leftOut, documents } = on([first, windows], FUNCTION);
    const pin = { by: 'lambda', name: 'waf-block', version: '7', hash: 'abc=', seconds: 60 };
    expect([fleet.length, leftOut, documents]).toEqual([2, [], { [WHERE]: { 'mitigate-linux': pin, 'mitigate-windows': pin } }]);
    expect(on([windows], RUNBOOK).documents[WHERE]).toEqual({
      'mitigate-windows': { by: 'automation', name: 'Corp-Isolate', version: '3', hash: HASH, role: 'arn:aws:iam::1:role/R' },
    });
  });

  it.each<[string, Described, string]>([
    [
      'does not exist',
      { missing: "there is no function x in the hub's own account and Region", everywhere: true },
      "there is no function x in the hub's own account and Region",
    ],
    ['may take longer than is waited', { ...FUNCTION, seconds: 900 }, 'function waf-block may take 900 s, and Wavelock waits for 820 s'],
    [
      'cannot be told what to do',
      { ...RUNBOOK, parameters: ['InstanceId', 'AutomationAssumeRole'] },
      `Corp-Isolate has no parameter Action in ${WHERE}`,
    ],
    ['cannot be told where', { ...RUNBOOK, parameters: ['Action', 'AutomationAssumeRole'] }, `Corp-Isolate has no parameter InstanceId in ${WHERE}`],
    [
      'cannot be told as whom',
      { ...RUNBOOK, parameters: ['Action', 'InstanceId'] },
      `Corp-Isolate has no parameter AutomationAssumeRole in ${WHERE}`,
    ],
  ])('is nowhere where it %s, and people read why', (_title, described, why) => {
    expect(on([first], described)).toEqual({ fleet: [], leftOut: [{ node: first, why }], documents: {} });
  });
});

describe('how a function ended on a node', () => {
  const facts = { what: 'function waf-block', action: 'apply', expiresAt: NOW + 60_000, now: NOW };
  const answer = (value: unknown, failed = false): Told =>
    readAnswer({ failed, payload: typeof value === 'string' ? value : JSON.stringify(value) }, ['a', 'b']);
  const settle = (told: Told | undefined, more: Partial<typeof facts> = {}) => settleCall('a', { ...facts, told, ...more });
  const unsaid = { state: 'done', outcome: 'unknown', reason: 'function waf-block answered and did not say how it went here' };

  it.each<[string, unknown, string, string]>([
    ['it says so', { nodes: { a: { ok: true } } }, 'mitigated', 'function waf-block stands in until there is a fix'],
    ['it says that it failed, and why', { nodes: { a: { ok: false, reason: 'no capacity' } } }, 'failed', 'function waf-block: no capacity'],
    ['it says that it failed', { nodes: { a: { ok: false } } }, 'failed', 'function waf-block says that it failed here'],
    ['it names others only', { nodes: { b: { ok: true } } }, 'unknown', unsaid.reason],
    ['it says something else', { nodes: { a: 'yes' } }, 'unknown', unsaid.reason],
    ['it is nearly right', { nodes: { a: { ok: 'true' } } }, 'unknown', unsaid.reason],
    ['it says nothing', null, 'unknown', unsaid.reason],
    ['it is no JSON', '<html>', 'unknown', unsaid.reason],
    ['a list', [{ ok: true }], 'unknown', unsaid.reason],
  ])('%s', (_title, value, outcome, reason) => {
    expect(settle(answer(value))).toEqual({ state: 'done', outcome, reason });
  });

  it('took it back, where it was asked to', () => {
    expect(settle(answer({ nodes: { a: { ok: true } } }), { action: 'withdraw' })).toEqual({
      state: 'done',
      outcome: 'withdrawn',
      reason: 'function waf-block took back what stood in for the fix',
    });
  });

  it.each([
    [{ errorType: 'Error', errorMessage: 'no such web ACL', trace: ['secret'] }, 'function waf-block failed: no such web ACL'],
    [{ errorType: 'Error', errorMessage: 'a\u0000b\u202Ec\nd' }, 'function waf-block failed: a bc d'],
    [{ nodes: { a: { ok: true } } }, 'function waf-block failed: it gave no reason'],
    ['', 'function waf-block failed: it gave no reason'],
  ])('failed as a whole: %j', (value, reason) => {
    expect(settle(answer(value, true))).toEqual({ state: 'done', outcome: 'failed', reason });
  });

  it('is waited for as long as an answer can come, and unknown after that', () => {
    expect(settle(undefined)).toEqual({ state: 'open' });
    expect(settle(undefined, { now: facts.expiresAt })).toEqual({
      state: 'done',
      outcome: 'unknown',
      reason: 'function waf-block was called and its answer never came',
    });
  });

  it('is mitigated by nothing but its own word for this very node', () => {
    const json = fc.jsonValue();
    fc.assert(
      fc.property(
        fc.oneof(json, fc.record({ nodes: fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), json) })),
        fc.boolean(),
        (value, failed) => {
          const settled = settle(answer(value, failed));
          const said = (value as { nodes?: { a?: { ok?: unknown } } } | null)?.nodes?.a?.ok === true;
          expect(settled.state === 'done' && settled.outcome === 'mitigated').toBe(!failed && said);
        },
      ),
    );
  });

  it.each([
    ['AKIAIOSFODNN7EXAMPLE was refused', '*** was refused'],
    ['password=hunter2hunter2, and more', 'password=***, and more'],
    ['Authorization: Bearer abcdefgh', 'Authorization: ***'],
    ['{"token": "abcdefgh"}', '{"token": "***"}'],
    ['eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl is old', '*** is old'],
    ['x'.repeat(300), `${'x'.repeat(199)}…`],
    ['bearer abcdefgh was refused', 'bearer *** was refused'],
    ['the token expired yesterday: no password for it', 'the token expired yesterday: no password for it'],
  ])('keeps %s to itself where it looks like a secret', (text, safe) => {
    expect(safeWords(text)).toBe(safe);
  });
});

describe('how a runbook ended on a node', () => {
  const times = { sentAt: NOW, expiresAt: NOW + 3_600_000, now: NOW + 300_000 };
  const about = { what: 'runbook Corp-Isolate', action: 'apply' };
  const settle = (
    own: string | undefined,
    { whole = 'InProgress', message = '', now = times.now }: { whole?: string; message?: string; now?: number } = {},
  ) =>
    settleRunbook(
      'a',
      { ...about, whole: { status: whole, message }, parts: new Map(own === undefined ? [] : [['a', { status: own, message }]]) },
      { ...times, now },
    );

  it.each([
    ['Success', 'mitigated', 'runbook Corp-Isolate stands in until there is a fix'],
    ['Failed', 'failed', 'runbook Corp-Isolate ended as Failed: Step isolate failed'],
    ['TimedOut', 'failed', 'runbook Corp-Isolate ended as TimedOut: Step isolate failed'],
    ['Cancelled', 'failed', 'runbook Corp-Isolate ended as Cancelled: Step isolate failed'],
    ['CompletedWithSuccess', 'failed', 'runbook Corp-Isolate ended as CompletedWithSuccess: Step isolate failed'],
    ['Exited', 'failed', 'runbook Corp-Isolate ended as Exited: Step isolate failed'],
  ])('%s', (status, outcome, reason) => {
    expect(settle(status, { message: 'Step isolate failed' })).toEqual({ state: 'done', outcome, reason });
  });

  it.each(['Pending', 'InProgress', 'Waiting', 'PendingApproval', 'SomethingNew'])(
    'is open while it is %s, and unknown when its time is over: nobody else may have the node',
    (status) => {
      expect(settle(status)).toEqual({ state: 'open' });
      expect(settle(status, { now: times.expiresAt })).toEqual({
        state: 'done',
        outcome: 'unknown',
        reason: `runbook Corp-Isolate was still ${status} there when its time was over`,
        atWork: true,
      });
    },
  );

  it('is open where it is listed nowhere yet, and unknown in the end', () => {
    expect(settle(undefined)).toEqual({ state: 'open' });
    expect(settle(undefined, { whole: 'Success' })).toEqual({ state: 'open' });
    expect(settle(undefined, { whole: 'Success', now: times.expiresAt })).toMatchObject({ outcome: 'unknown', atWork: true });
  });

  it('failed where it was refused as a whole, once lists have had time to tell', () => {
    expect(settle(undefined, { whole: 'Failed', message: 'no such role', now: NOW + 60_000 })).toEqual({ state: 'open' });
    expect(settle(undefined, { whole: 'Failed', message: 'no such role' })).toEqual({
      state: 'done',
      outcome: 'failed',
      reason: 'runbook Corp-Isolate ended as Failed: no such role',
    });
  });
});
