import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { alas } from '../handlers/knowledge.ts';
import { HERE, ID, PATCHABLE, PLATFORM, THERE } from '../handlers/fleet.ts';
import { CVE } from '../handlers/starts.ts';
import { found } from '../handlers/world.ts';
import { admitStandIn, createStandIns } from './stand-ins.ts';
import type { FunctionEvent } from '../../lambdas/core/triggers/function-answer.ts';
import type { StandInWorld } from './stand-ins.ts';

const WORKS = `
export async function handler(event) {
  console.log(JSON.stringify(event));
  await new Promise((resolve) => setTimeout(resolve, 150_000));
  return { nodes: Object.fromEntries(event.nodes.map(({ id }) => [id, { ok: true }])) };
}
`;
const FAILS = `
export async function handler(event) {
  console.log(JSON.stringify(event));
  const say = ({ name }) => (name === 'test-1' ? { ok: false, reason: 'the rule group is full\\n\\u001b[31m, password=hunter2hunter2' } : { ok: true });
  return { nodes: Object.fromEntries(event.nodes.map((node) => [node.id, say(node)])) };
}
`;

let made: StandInWorld;

beforeAll(async () => {
  made = await createStandIns(
    { works: '{ lambda: waf-block:live }', fails: '{ lambda: waf-broken }', missing: '{ lambda: waf-nowhere }' },
    { 'waf-block.mjs': WORKS, 'waf-broken.mjs': FAILS },
    (folder) => ({
      functions: {
        'waf-block': { code: `${folder}/waf-block.mjs`, timeout: 300, versions: 2, aliases: { live: 2 } },
        'waf-broken': { code: `${folder}/waf-broken.mjs` },
      },
    }),
  );
});
afterAll(() => made.stop());

/** What a function was told, call by call. */
function events(name: string): FunctionEvent[] {
  const lines = made.world.cloud.parts.logs.lines(made.world.hub, `/aws/lambda/${name}`).map(({ message }) => message);
  return lines.flatMap((line) => (line.includes('{"version":1') ? [JSON.parse(line.slice(line.indexOf('{"version":1'))) as FunctionEvent] : []));
}

const told = (action: string) => events('waf-block').filter((event) => event.action === action);
const ids = (all: FunctionEvent[]) => all.flatMap(({ nodes }) => nodes.map(({ id }) => id)).toSorted();
const everybody = PATCHABLE.map((name) => ID[name]).toSorted();

describe('a function that stands in as long as there is no fix', () => {
  it('is called in waves for the exposed nodes of every location, once for each batch, and for no other', async () => {
    const { starts, world } = made;
    await starts.know([alas('ALAS2023-2026-901', { fixed: null })]);
    expect(await starts.start()).toEqual({ started: 1, told: 1 });
    const rollout = await made.ended('stand-in mitigate');
    expect(rollout).toMatchObject({ status: 'succeeded', reason: 'every wave passed' });
    const calls = told('apply');
    expect(ids(calls)).toEqual(everybody);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
    expect(world.calls('lambda:Invoke')).toBeGreaterThanOrEqual(calls.length);
    const [first] = calls;
    expect(first).toMatchObject({
      version: 1,
      policy: 'stand-in',
      rollout: rollout.id,
      wave: 'test',
      cves: [CVE],
      advisories: ['ALAS2023-2026-901'],
    });
    expect(first?.id.startsWith(`${rollout.id}-test-p1-`)).toBe(true);
    expect(found(first, 'call').nodes[0]).toEqual({
      id: expect.stringMatching(/^i-/),
      name: expect.stringMatching(/^test-/),
      account: '111111111111',
      region: 'eu-central-1',
      os: 'linux',
      platform: PLATFORM,
    });
    expect(new Set(calls.flatMap(({ nodes }) => nodes.map(({ account, region }) => `${account}/${region}`)))).toEqual(new Set([HERE, THERE]));
  });

  it('comes to production after the test nodes have it, and their soak is over', async () => {
    expect(
      told('apply')
        .map(({ wave }) => wave)
        .toSorted()
        .at(-1),
    ).toBe('test');
    const [run] = await made.world.record.runs('stand-in mitigate');
    const waves = new Map((await made.world.record.waves(found(run, 'run').rollout)).map((wave) => [wave.name, wave]));
    const [test, production] = [found(waves.get('test'), 'wave'), found(waves.get('production'), 'wave')];
    expect([test.verdict, production.verdict]).toEqual(['pass', 'pass']);
    expect(Date.parse(production.startedAt ?? '') - Date.parse(test.startedAt ?? '')).toBeGreaterThanOrEqual(600_000 + 150_000);
  });

  it('is written down for each node under the name that people gave it, with its version and code in the plan', async () => {
    const rows = await made.world.record.mitigations('stand-in');
    expect(rows.map(({ node }) => node).toSorted()).toEqual(
      PATCHABLE.map((name) => `${name.startsWith('plant') ? THERE : HERE}/${ID[name]}`).toSorted(),
    );
    for (const row of rows) expect(row).toMatchObject({ document: 'waf-block:live', by: 'lambda', advisories: ['alas ALAS2023-2026-901'] });
    const { planKey } = await made.world.record.rollout(found(rows[0], 'row').rollout);
    const pin = { name: 'waf-block', version: '2', hash: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/), by: 'lambda', seconds: 300 };
    expect(await made.world.store.getJson(planKey ?? '')).toMatchObject({
      documents: { [HERE]: { 'mitigate-linux': pin }, [THERE]: { 'mitigate-linux': pin } },
    });
  });

  it('closes nothing, and people hear what runs and that it is no fix', async () => {
    expect((await made.world.record.ticket('stand-in', CVE))?.resolvedAt).toBeUndefined();
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
    const [noFix, mitigate] = made.starts.heard('stand-in');
    expect(noFix?.text).toContain('function waf-block:live stands in');
    expect(mitigate?.text).toContain('wants to run function waf-block there');
    const done = made.world.published.filter(({ event, audience }) => event === 'done' && audience === 'security');
    expect(done).toMatchObject([{ subject: '[Wavelock] DONE: stand-in, 7 mitigated, 0 need a person' }]);
  });

  it('takes it back when the fix is there, and then all is closed', async () => {
    await made.starts.know([alas('ALAS2023-2026-901')]);
    expect(await made.starts.start()).toEqual({ started: 1, told: 0 });
    expect(await made.ended('stand-in')).toMatchObject({ status: 'succeeded' });
    expect(told('withdraw')).toEqual([]);
    expect(await made.ended('stand-in withdraw')).toMatchObject({ status: 'succeeded' });
    expect(ids(told('withdraw'))).toEqual(everybody);
    expect(told('withdraw')[0]).toMatchObject({ cves: [CVE], advisories: ['ALAS2023-2026-901'] });
    for (const row of await made.world.record.mitigations('stand-in')) expect(row.withdrawnAt).toBeDefined();
    expect((await made.world.record.ticket('stand-in', CVE))?.resolvedAt).toBeDefined();
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
  });
});

describe('a function that fails', () => {
  beforeAll(() => made.startOthers());

  it('stops in the first wave: it is not called for production, and people read its own words', async () => {
    expect(await made.ended('broken mitigate')).toMatchObject({ status: 'failed', reason: expect.stringContaining('1 of 2 nodes failed') });
    expect(ids(events('waf-broken'))).toEqual([ID.test1, ID.test2].toSorted());
    expect((await made.world.record.mitigations('broken')).map(({ node }) => node)).toEqual([`${HERE}/${ID.test2}`]);
    const [failed] = made.world.published.filter(({ event, text }) => event === 'failed' && text.includes('broken'));
    expect(failed?.subject).toBe('[Wavelock] FAILED at test: broken stopped, production not touched');
    expect(failed?.text).toMatch(/function waf-broken: the rule group is full \[31m, password=\*\*\*/);
    expect(failed?.text).not.toContain('hunter2');
  });

  it('is called for nobody where it does not exist, and people hear why', async () => {
    const rollout = await made.ended('nowhere mitigate');
    expect(rollout).toMatchObject({
      status: 'failed',
      reason: "it can run on none of the nodes: there is no function waf-nowhere in the hub's own account and Region",
    });
    expect(made.world.published.filter(({ event, text }) => event === 'failed' && text.includes(rollout.id))).toHaveLength(1);
  });

  it('is not tried again by itself', async () => {
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
  });
});

describe('a call for a batch', () => {
  const begin = async (name: string, more = {}) => admitStandIn(made, { ...(await pinned()), ...more }, name);
  /** The function as a plan would name it now. */
  async function pinned() {
    const { world } = made;
    const { CodeSha256: hash } = await world.cloud.call(world.administrator, 'lambda', 'GetFunctionConfiguration', { FunctionName: 'waf-broken' });
    return { name: 'waf-broken', version: '$LATEST', hash: String(hash), by: 'lambda' as const, seconds: 3 };
  }
  const outcomes = async (rollout: string) =>
    Object.fromEntries((await made.world.record.nodeRuns(`${rollout}-test`)).map(({ node, outcome, reason }) => [node, `${outcome}: ${reason}`]));
  const holders = () => Promise.all([ID.test1, ID.test2].map((id) => made.world.record.reservationOf(HERE, id)));
  let before = 0;

  beforeAll(() => (before = events('waf-broken').length));
  afterEach(() => {
    made.world.mend();
    made.world.host(ID.test2).tags.Wavelock = 'enabled';
    before = events('waf-broken').length;
  });

  it("settles each node by the function's own word, and frees them", async () => {
    const { rollout, batch } = await begin('told');
    await made.world.park('SendBatch', { batch, taskToken: 'token' });
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next', reason: 'every node has an outcome' });
    expect(await outcomes(rollout)).toEqual({
      [ID.test1]: expect.stringMatching(/^failed: function waf-broken: the rule group is full/),
      [ID.test2]: 'mitigated: function waf-broken stands in until there is a fix',
    });
    expect(await holders()).toEqual(['nobody', 'nobody']);
  });

  it('is not made where the code is another than the plan names: the rollout stops, and says why', async () => {
    const { rollout, batch } = await begin('drifted', { hash: 'another' });
    const why = 'function waf-broken was changed since the plan: its version $LATEST has other code';
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({ errorMessage: expect.stringContaining(why) });
    expect(events('waf-broken')).toHaveLength(before);
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect(await holders()).toEqual(['nobody', 'nobody']);
    expect(await made.world.answer('LayOutRound', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({ action: 'judge', reason: why });
    expect(await made.world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({
      verdict: 'fail',
      action: 'end',
      reason: why,
    });
  });

  it('is not made for a node that has lost its opt-in tag since the plan', async () => {
    const { batch } = await begin('strange');
    made.world.host(ID.test2).tags.Wavelock = 'no';
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
      errorMessage: expect.stringContaining(`${ID.test2} does not carry the opt-in tag`),
    });
    expect(events('waf-broken')).toHaveLength(before);
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
  });

  it('whose answer is lost is not made again: its nodes are unknown once no answer can come any more, never mitigated', async () => {
    const { rollout, batch } = await begin('lost');
    made.world.fail({ call: 'lambda:Invoke', when: 'after', code: 'ServiceException', status: 500, times: 1 });
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
      errorMessage: expect.stringContaining('unclear whether'),
    });
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'wait', reason: '2 of 2 nodes still at work' });
    await made.world.pass(60);
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    const unknown = 'unknown: function waf-broken was called and its answer never came';
    expect(await outcomes(rollout)).toEqual({ [ID.test1]: unknown, [ID.test2]: unknown });
    expect(events('waf-broken')).toHaveLength(before + 1);
    expect(await made.world.record.mitigations('lost')).toEqual([]);
    expect(await made.world.answer('JudgeWave', { rollout, wave: 'test', phase: 'verify' })).toMatchObject({
      verdict: 'inconclusive',
      action: 'hold',
    });
  });

  it('that takes longer than the plan says is given up, not made again, and unknown', async () => {
    const { world } = made;
    const { CodeSha256 } = await world.cloud.call(world.administrator, 'lambda', 'GetFunctionConfiguration', { FunctionName: 'waf-block:2' });
    const calls = told('apply').length;
    const { rollout, batch } = await begin('slow', { name: 'waf-block', version: '2', hash: CodeSha256, seconds: 1 });
    expect(await world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
      errorMessage: expect.stringMatching(/unclear whether .* was sent: AbortError/),
    });
    await world.pass(60);
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect(new Set(Object.values(await outcomes(rollout)))).toEqual(new Set(['unknown: function waf-block was called and its answer never came']));
    expect(told('apply')).toHaveLength(calls + 1);
  });

  it('that Lambda refuses has not begun: the nodes are free and are laid out again', async () => {
    const { rollout, batch } = await begin('busy');
    made.world.fail({ call: 'lambda:Invoke', when: 'before', code: 'TooManyRequestsException', status: 429, skip: 1, times: 1 });
    expect(await made.world.failure('SendBatch', { batch, taskToken: 'token' })).toMatchObject({
      errorMessage: expect.stringContaining('TooManyRequestsException'),
    });
    expect(await made.world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect([await holders(), await outcomes(rollout), events('waf-broken').length]).toEqual([['nobody', 'nobody'], {}, before]);
    expect(await made.world.answer('LayOutRound', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({ action: 'run' });
  });

  it('is made once, however often it is asked for', async () => {
    const { batch } = await begin('twice');
    await made.world.settled(Promise.all(['left', 'right'].map((taskToken) => made.world.park('SendBatch', { batch, taskToken }))));
    expect(events('waf-broken')).toHaveLength(before + 1);
  });
});
