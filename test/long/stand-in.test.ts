import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alas } from '../handlers/knowledge.ts';
import { HERE, ID, OPENSSL, PATCHABLE, THERE } from '../handlers/fleet.ts';
import { CVE } from '../handlers/starts.ts';
import { found } from '../handlers/world.ts';
import { createStandIns } from './stand-ins.ts';
import type { Command, World } from '../handlers/world.ts';
import type { StandInWorld } from './stand-ins.ts';

const DOCUMENT = 'Corp-MitigateService';

let made: StandInWorld;
let world: World;
let starts: StandInWorld['starts'];

beforeAll(async () => {
  const parameters = { Action: ['apply', 'withdraw'] };
  made = await createStandIns({ works: `{ run: ${DOCUMENT} }`, fails: '{ run: Corp-Broken }', missing: '{ run: Corp-Nowhere }' }, {}, () => ({
    documents: { [DOCUMENT]: { parameters }, 'Corp-Broken': { parameters, failsOn: ['test-1'] } },
  }));
  ({ world, starts } = made);
});
afterAll(() => made.stop());

async function sent(): Promise<Command[]> {
  return (await world.commands()).filter(({ document }) => document === DOCUMENT || document.includes('Patch'));
}

/** What stands in on the machines themselves. */
function standing(): { [name: string]: string | undefined } {
  return Object.fromEntries(PATCHABLE.map((name) => [name, world.host(ID[name]).ran.get(DOCUMENT)?.Action]));
}

const everywhere = (action: string) => Object.fromEntries(PATCHABLE.map((name) => [name, action]));

describe('a document that stands in as long as there is no fix', () => {
  it('runs in waves on the exposed nodes, in every location, and on no other', async () => {
    await starts.know([alas('ALAS2023-2026-901', { fixed: null })]);
    expect(await starts.start()).toEqual({ started: 1, told: 1 });
    const rollout = await made.ended('stand-in mitigate');
    expect(rollout).toMatchObject({ status: 'succeeded', reason: 'every wave passed' });
    expect(standing()).toEqual(everywhere('apply'));
    expect(world.host(ID.stranger).ran.size + world.host(ID.office1).ran.size).toBe(0);
    const commands = await sent();
    expect(new Set(commands.map(({ document, version }) => `${document} ${version}`))).toEqual(new Set([`${DOCUMENT} 1`]));
    expect(commands.flatMap(({ nodes }) => nodes).toSorted()).toEqual(PATCHABLE.map((name) => ID[name]).toSorted());
    for (const { parameters, batch } of commands) expect([parameters, batch.startsWith(rollout.id)]).toEqual([{ Action: ['apply'] }, true]);
  });

  it('goes to production after the test nodes have it, and their soak is over', async () => {
    const [run] = await world.record.runs('stand-in mitigate');
    const waves = new Map((await world.record.waves(found(run, 'run').rollout)).map((wave) => [wave.name, wave]));
    const [test, production] = [found(waves.get('test'), 'wave'), found(waves.get('production'), 'wave')];
    expect([test.verdict, production.verdict]).toEqual(['pass', 'pass']);
    expect(Date.parse(production.startedAt ?? '') - Date.parse(test.startedAt ?? '')).toBeGreaterThanOrEqual(600_000);
  });

  it('is written down for each node: that is what it will be withdrawn by', async () => {
    const rows = await world.record.mitigations('stand-in');
    expect(rows.map(({ node }) => node).toSorted()).toEqual(
      PATCHABLE.map((name) => `${name.startsWith('plant') ? THERE : HERE}/${ID[name]}`).toSorted(),
    );
    for (const row of rows) expect(row).toEqual(expect.objectContaining({ document: DOCUMENT, advisories: ['alas ALAS2023-2026-901'] }));
    expect(rows.filter(({ withdrawnAt }) => withdrawnAt !== undefined)).toEqual([]);
  });

  it('closes nothing: nodes stay exposed, the ticket stays open, and nothing starts again', async () => {
    expect((await world.record.ticket('stand-in', CVE))?.resolvedAt).toBeUndefined();
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
  });

  it('tells people what was done, and that it is no fix', () => {
    const subjects = starts.heard('stand-in').map(({ subject }) => subject);
    expect(subjects).toEqual([expect.stringContaining('no fix yet'), expect.stringContaining('[Wavelock] MITIGATE CVE-2026-1001')]);
    const done = world.published.filter(({ event, audience }) => event === 'done' && audience === 'security');
    expect(done).toMatchObject([
      { subject: '[Wavelock] DONE: stand-in, 7 mitigated, 0 need a person', text: expect.stringContaining('what stands in for the fix is there') },
    ]);
  });

  it('is taken back when the fix is there, from the nodes that have it, and then all is closed', async () => {
    await starts.know([alas('ALAS2023-2026-901')]);
    expect(await starts.start()).toEqual({ started: 1, told: 0 });
    expect(await made.ended('stand-in')).toMatchObject({ status: 'succeeded' });
    expect(standing()).toEqual(everywhere('apply'));
    for (const name of PATCHABLE) expect(world.host(ID[name]).packages.get('openssl', 'x86_64')?.version).toBe(OPENSSL);

    expect(await made.ended('stand-in withdraw')).toMatchObject({ status: 'succeeded' });
    expect(standing()).toEqual(everywhere('withdraw'));
    for (const row of await world.record.mitigations('stand-in')) expect(row.withdrawnAt).toBeDefined();
    expect((await world.record.ticket('stand-in', CVE))?.resolvedAt).toBeDefined();
    expect(
      starts
        .heard('stand-in')
        .map(({ subject }) => subject)
        .slice(2),
    ).toEqual([
      expect.stringContaining('patching begins'),
      expect.stringContaining('[Wavelock] CLOSED CVE-2026-1001'),
      expect.stringMatching(/^\[Wavelock\] WITHDRAW CVE-2026-1001.*: 7 nodes, it begins$/),
    ]);
    const closed = starts.heard('stand-in').find(({ event }) => event === 'closed');
    expect(closed?.text).toContain('what stood in for the fix is still on 7 nodes: it is taken back next');
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
  });
});

describe('a document that does not work', () => {
  beforeAll(() => made.startOthers());

  it('stops in the first wave: no node of production gets it', async () => {
    expect(await made.ended('broken mitigate')).toMatchObject({ status: 'failed', reason: expect.stringContaining('1 of 2 nodes failed') });
    const ran = (await world.commands()).filter(({ document }) => document === 'Corp-Broken').flatMap(({ nodes }) => nodes);
    expect(ran.toSorted()).toEqual([ID.test1, ID.test2].toSorted());
    expect((await world.record.mitigations('broken')).map(({ node }) => node)).toEqual([`${HERE}/${ID.test2}`]);
    const told = world.published.filter(({ event, text }) => event === 'failed' && text.includes('broken'));
    expect(told).toMatchObject([
      { subject: '[Wavelock] FAILED at test: broken stopped, production not touched', text: expect.stringContaining('the document failed there') },
    ]);
  });

  it('runs nowhere where it does not exist, and people hear why', async () => {
    const rollout = await made.ended('nowhere mitigate');
    expect(rollout).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^it can run on none of the nodes: there is no document Corp-Nowhere in \d{12}\//),
    });
    expect(world.published.filter(({ event, text }) => event === 'failed' && text.includes(rollout.id))).toHaveLength(1);
  });

  it('is not tried again by itself', async () => {
    expect(await starts.start()).toEqual({ started: 0, told: 0 });
  });
});
