import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alas } from '../handlers/knowledge.ts';
import { HERE, ID, PATCHABLE, PLATFORM, THERE } from '../handlers/fleet.ts';
import { CVE } from '../handlers/starts.ts';
import { found } from '../handlers/world.ts';
import { createStandIns } from './stand-ins.ts';
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
    expect(first).toMatchObject({ version: 1, policy: 'stand-in', rollout: rollout.id, wave: 'test', cves: [CVE], advisories: ['ALAS2023-2026-901'] });
    expect(first?.id.startsWith(`${rollout.id}-test-p1-`)).toBe(true);
    expect(found(first, 'call').nodes[0]).toEqual({ id: expect.stringMatching(/^i-/), name: expect.stringMatching(/^test-/), account: '111111111111', region: 'eu-central-1', os: 'linux', platform: PLATFORM });
    expect(new Set(calls.flatMap(({ nodes }) => nodes.map(({ account, region }) => `${account}/${region}`)))).toEqual(new Set([HERE, THERE]));
  });

  it('comes to production after the test nodes have it, and their soak is over', async () => {
    expect(told('apply').map(({ wave }) => wave).toSorted().at(-1)).toBe('test');
    const [run] = await made.world.record.runs('stand-in mitigate');
    const waves = new Map((await made.world.record.waves(found(run, 'run').rollout)).map((wave) => [wave.name, wave]));
    const [test, production] = [found(waves.get('test'), 'wave'), found(waves.get('production'), 'wave')];
    expect([test.verdict, production.verdict]).toEqual(['pass', 'pass']);
    expect(Date.parse(production.startedAt ?? '') - Date.parse(test.startedAt ?? '')).toBeGreaterThanOrEqual(600_000 + 150_000);
  });

  it('is written down for each node under the name that people gave it, with its version and code in the plan', async () => {
    const rows = await made.world.record.mitigations('stand-in');
    expect(rows.map(({ node }) => node).toSorted()).toEqual(PATCHABLE.map((name) => `${name.startsWith('plant') ? THERE : HERE}/${ID[name]}`).toSorted());
    for (const row of rows) expect(row).toMatchObject({ document: 'waf-block:live', by: 'lambda', advisories: ['alas ALAS2023-2026-901'] });
    const { planKey } = await made.world.record.rollout(found(rows[0], 'row').rollout);
    const pin = { name: 'waf-block', version: '2', hash: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/), by: 'lambda', seconds: 300 };
    expect(await made.world.store.getJson(planKey ?? '')).toMatchObject({ documents: { [HERE]: { 'mitigate-linux': pin }, [THERE]: { 'mitigate-linux': pin } } });
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
    expect(rollout).toMatchObject({ status: 'failed', reason: 'it can run on none of the nodes: there is no function waf-nowhere in the hub\'s own account and Region' });
    expect(made.world.published.filter(({ event, text }) => event === 'failed' && text.includes(rollout.id))).toHaveLength(1);
  });

  it('is not tried again by itself', async () => {
    expect(await made.starts.start()).toEqual({ started: 0, told: 0 });
  });
});
