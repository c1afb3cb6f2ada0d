import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { THROTTLED } from './faults.ts';
import { MAINTENANCE_WINDOW } from '../assembly.ts';
import { evidenceKey } from '../../lambdas/core/keys.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import { FLEET, HERE, ID, THERE } from './fleet.ts';
import {
  admitFirst,
  documentPins,
  layOutRound,
  makePlan,
  nodesLaidOut,
  planNode,
  planWave,
  policy,
  rules,
  seedRollout,
  seedRound,
  seedRuns,
  sendAndWait,
  settle,
} from './rollouts.ts';
import { createWorld, found } from './world.ts';
import { cronSoon, editWindow, ERP, ERP_SURROUNDINGS } from './windows.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld({ fleet: { file: { ...FLEET, surroundings: ERP_SURROUNDINGS } } });
});
afterEach(() => world.mend());
afterAll(() => world.stop());

/** A rollout whose wave is open. */
async function opened(wave = 'test', more: Partial<Plan> = {}): Promise<string> {
  count += 1;
  const rollout = `round-20261109-a000${count}`;
  await seedRollout(world, rollout, more);
  await world.answer('OpenWave', { rollout, wave });
  return rollout;
}

function layOut(rollout: string, wave = 'test', phase: 'patch' | 'verify' = 'patch') {
  return world.answer('LayOutRound', { rollout, wave, phase });
}

const nodesOf = (rollout: string, wave: string) => nodesLaidOut(world, rollout, wave);
const night = { days: ['mon' as const], from: '22:00', to: '23:00', timezone: 'Europe/Berlin', lastStart: 0 };
const atNight = policy({ waves: [rules('test', { window: 'night' }), rules('production')] });

describe('LayOutRound', () => {
  it('lays out tracks where the Map reads them, with what SendBatch needs', async () => {
    const rollout = await opened();
    const answer = await layOut(rollout);
    const key = `rounds/${rollout}-test/p1/tracks.json`;
    expect(answer).toEqual({ action: 'run', seconds: 0, tracks: 1, bucket: world.store.bucket, key, reason: '2 nodes to go' });
    expect(await world.store.getJson(key)).toEqual([{ key: `rounds/${rollout}-test/p1/track-0.json`, batches: 1 }]);
    const { lock, locks } = await world.record.wave(rollout, 'test');
    const { urls } = found((locks as { [variant: string]: { urls: { [where: string]: string } } })[''], 'lock');
    expect(await world.store.getJson(`rounds/${rollout}-test/p1/track-0.json`)).toMatchObject({
      purpose: 'patch',
      group: `${rollout}-test`,
      rollout,
      wave: 'test',
      total: 2,
      window: null,
      rules: { name: 'test' },
      batches: [
        {
          id: `${rollout}-test-p1-0-0`,
          os: 'linux',
          nodes: [ID.test1, ID.test2],
          document: found((await documentPins(world))[HERE]?.['patch-linux'], 'pin'),
          parameters: { LockUrl: urls[HERE], LockSha256: lock },
          lock,
        },
      ],
    });
    expect(await world.record.wave(rollout, 'test')).toMatchObject({ rounds: 1, verifyRounds: 0 });
  });

  it('lays out the same nodes when it comes again before anything was admitted', async () => {
    const rollout = await opened();
    expect(await nodesOf(rollout, 'test')).toEqual([[[ID.test1, ID.test2]]]);
    expect(await nodesOf(rollout, 'test')).toEqual([[[ID.test1, ID.test2]]]);
    expect(await world.record.batchesOf(`${rollout}-test`)).toEqual([]);
  });

  it('ramps up: one batch, and only once it has settled the next ones, each location with its own lock', async () => {
    const nodes = (['shop1', 'shop2', 'shop3', 'plant1', 'plant2'] as const).map((name) => planNode(name));
    const rollout = await opened('production', { waves: [planWave('test', []), planWave('production', nodes, { atOnce: 4 })] });
    expect(await nodesOf(rollout, 'production')).toEqual([[[ID.shop1, ID.shop2, ID.shop3]]]);
    await seedRuns(world, `${rollout}-production`, { shop1: 'patched', shop2: 'patched', shop3: 'patched' });
    await world.record.admitBatch({
      group: `${rollout}-production`,
      number: 'p1-0-0',
      purpose: 'patch',
      location: HERE,
      os: 'linux',
      nodes: [ID.shop1],
      document: {},
      parameters: {},
      status: 'settled',
    });
    const { files, batches } = await layOutRound(world, rollout, 'production');
    expect(batches).toEqual([`${rollout}-production-p2-0-0`]);
    expect(files[0]?.batches[0]).toMatchObject({ nodes: [ID.plant1, ID.plant2], parameters: { LockUrl: expect.stringContaining('s3.eu-west-1.') } });
    expect(files[0]?.batches[0]?.document).toEqual((await documentPins(world))[THERE]?.['patch-linux']);
  });

  it('waits for the window, in seconds from now', async () => {
    const rollout = await opened('test', { policy: atNight, windows: { night } });
    const opens = Date.parse('2026-11-09T21:00:00Z');
    expect(await layOut(rollout)).toMatchObject({
      action: 'wait',
      seconds: Math.ceil((opens - world.clock.now()) / 1_000),
      tracks: 0,
      key: '',
      reason: expect.stringContaining('2 nodes to go'),
    });
    expect((await world.record.wave(rollout, 'test')).rounds).toBe(0);
  });

  it('waits for who is silent, sends to the others once a person accepts that, and calls it unreachable when nobody else is left', async () => {
    const rollout = await opened();
    world.host(ID.test2).silence();
    await world.pass(1_200);
    expect(await layOut(rollout)).toMatchObject({ action: 'wait', tracks: 0, reason: '1 of 2 nodes are silent, 0 allowed: looking again' });
    await world.record.setWave(rollout, 'test', { accepted: 'ann: it is switched off' });
    expect(await nodesOf(rollout, 'test')).toEqual([[[ID.test1]]]);
    expect(await world.record.nodeRuns(`${rollout}-test`)).toEqual([]);
    await seedRuns(world, `${rollout}-test`, { test1: 'patched' });
    const commands = world.calls('ssm:SendCommand');
    expect(await layOut(rollout)).toMatchObject({ action: 'judge', reason: '1 nodes have no heartbeat' });
    const silent = (await world.record.nodeRuns(`${rollout}-test`)).find(({ node }) => node === ID.test2);
    expect(silent).toMatchObject({ outcome: 'unreachable', reason: 'no heartbeat: no command was sent' });
    expect(await layOut(rollout)).toMatchObject({ action: 'judge' });
    expect(world.calls('ssm:SendCommand')).toBe(commands);
  });

  it.each([
    ['every node has an outcome', { test1: 'patched', test2: 'already-proven' }],
    ['1 of 2 nodes failed, 0 allowed: nothing more is sent', { test1: 'failed' }],
    ['1 of 2 nodes unreachable, 0 allowed: nothing more is sent', { test1: 'unreachable' }],
  ] as const)('lets the wave be judged: %s', async (reason, outcomes) => {
    const rollout = await opened();
    await seedRuns(world, `${rollout}-test`, outcomes);
    expect(await layOut(rollout)).toMatchObject({ action: 'judge', reason, tracks: 0 });
  });

  it('goes on with what remains once a person has accepted what is unreachable', async () => {
    const rollout = await opened();
    await seedRuns(world, `${rollout}-test`, { test1: 'unreachable' });
    await world.record.setWave(rollout, 'test', { accepted: 'ann: it is switched off' });
    expect(await nodesOf(rollout, 'test')).toEqual([[[ID.test2]]]);
  });

  it('lays out nothing more once a person has stopped the rollout', async () => {
    const rollout = await opened();
    await world.record.setRollout(rollout, { stopped: 'stopped by ann: wrong day' });
    expect(await layOut(rollout)).toMatchObject({ action: 'judge', reason: 'stopped by ann: wrong day' });
    expect(await layOut(rollout, 'test', 'verify')).toMatchObject({ action: 'judge' });
  });

  it('asks a node three times at most; batches that never began do not count', async () => {
    const rollout = await opened();
    const { files } = await layOutRound(world, rollout, 'test');
    const intent = found(files[0]?.batches[0], 'intent');
    const row = {
      purpose: 'patch',
      location: HERE,
      os: 'linux',
      nodes: intent.nodes,
      document: intent.document,
      parameters: intent.parameters,
    } as const;
    const admit = (number: string, status: 'settled' | 'lost' | 'refused') =>
      world.record.admitBatch({ group: `${rollout}-test`, number, ...row, status });
    await admit('p1-0-0', 'settled');
    await admit('p2-0-0', 'lost');
    await admit('p3-0-0', 'refused');
    await admit('p4-0-0', 'settled');
    expect(await layOut(rollout)).toMatchObject({ action: 'run' });
    await admit('p5-0-0', 'settled');
    expect(await layOut(rollout)).toMatchObject({ action: 'judge' });
  });

  it('looks again at every node that may have changed, with the document that changes nothing, whatever the window', async () => {
    const rollout = await opened('test', { policy: atNight, windows: { night } });
    await seedRuns(world, `${rollout}-test`, { test1: 'unknown', test2: 'failed' });
    const { files, batches } = await layOutRound(world, rollout, 'test', 'verify');
    expect(batches).toEqual([`${rollout}-test-v1-0-0`]);
    expect(files[0]).toMatchObject({ purpose: 'verify', batches: [{ nodes: [ID.test1], document: { name: 'Wavelock-Verify-Linux' } }] });
    expect(await world.record.wave(rollout, 'test')).toMatchObject({ rounds: 0, verifyRounds: 1 });
    const [run] = (await world.record.nodeRuns(`${rollout}-test`)).filter(({ node }) => node === ID.test1);
    await world.record.putNodeRun({ ...found(run, 'run'), verifiedAt: new Date(world.clock.now()).toISOString() });
    expect(await layOut(rollout, 'test', 'verify')).toMatchObject({ action: 'judge', reason: 'every node was looked at again' });
  });

  it('sends the hooks and the closing scan that the policy asks for, pinned, with patch commands only', async () => {
    const hooks = { before: { document: 'Corp-Drain', version: '7' }, after: { document: 'Corp-Failback', version: '3' }, within: 900 };
    const rollout = await opened('test', { policy: policy({ hooks, awsCompliance: 'scan' }) });
    const { files } = await layOutRound(world, rollout, 'test');
    const wanted = {
      RunBefore: 'yes',
      BeforeHook: 'Corp-Drain:7',
      RunAfter: 'yes',
      AfterHook: 'Corp-Failback:3',
      HookSeconds: '900',
      ClosingScan: 'yes',
    };
    expect(files[0]?.batches[0]?.parameters).toEqual({ LockUrl: expect.any(String), LockSha256: expect.any(String), ...wanted });
    await seedRuns(world, `${rollout}-test`, { test1: 'patched', test2: 'patched' });
    const verify = await layOutRound(world, rollout, 'test', 'verify');
    expect(Object.keys(verify.files[0]?.batches[0]?.parameters ?? {})).toEqual(['LockUrl', 'LockSha256']);
  });

  it('is terminal where the plan has no document for a node, no such wave, or the wave was not opened', async () => {
    const { documents } = await makePlan(world, 'round-20261109-a99999');
    const rollout = await opened('test', { documents: { ...documents, [HERE]: {} } });
    expect(await world.failure('LayOutRound', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('no patch document or lock'),
    });
    expect(await world.failure('LayOutRound', { rollout, wave: 'canary', phase: 'patch' })).toMatchObject({ errorType: 'Terminal' });
    expect(await world.failure('LayOutRound', { rollout, wave: 'production', phase: 'patch' })).toMatchObject({
      errorType: 'Terminal',
      errorMessage: expect.stringContaining('not opened'),
    });
    expect(await world.failure('LayOutRound', { rollout, wave: 'test' })).toMatchObject({ errorType: 'Terminal' });
  });

  it.each(['ssm:DescribeInstanceInformation', 's3:PutObject', 'dynamodb:Query'])('is retryable while AWS is busy with %s', async (call) => {
    const rollout = await opened();
    world.fail({ call, when: 'before', ...THROTTLED });
    expect(await world.failure('LayOutRound', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    expect(await layOut(rollout)).toMatchObject({ action: 'run' });
  });
});

describe('LayOutRound for two policies that share nodes', () => {
  /** What the wave machine does with one answer: runs the round, or waits. Answers how it went. */
  async function turn(rollout: string): Promise<'sent' | 'skipped' | 'waited'> {
    const { action, seconds, key } = await layOut(rollout);
    if (action === 'wait') {
      await world.pass(seconds);
      return 'waited';
    }
    if (action !== 'run') throw new Error(`neither runs nor waits: ${action}`);
    const tracks = (await world.store.getJson(key)) as { key: string; batches: number }[];
    const answers = await Promise.all(tracks.map((track) => world.answer('AdmitBatch', { track, index: 0 })));
    for (const { action: admitted, batch } of answers) if (admitted === 'send') await sendAndWait(world, batch);
    return answers.some(({ action: admitted }) => admitted === 'send') ? 'sent' : 'skipped';
  }

  it('lets the second one wait without spinning, and go on once the first has given the nodes back', async () => {
    const second = await opened();
    const first = await seedRound(world, 'first-20261109-a00001');
    const held = await admitFirst(world, first);
    const begin = world.clock.now();
    const turns: string[] = [];
    while (world.clock.now() < begin + 7_200_000) turns.push(await turn(second));
    // Once more at once, since refused batches may go the next time; after that one look a quarter of an hour.
    expect(turns.slice(0, 5)).toEqual(['skipped', 'skipped', 'waited', 'skipped', 'waited']);
    expect(turns.length).toBeLessThanOrEqual(2 + 2 * 8);
    expect(turns).not.toContain('sent');
    expect(await world.record.batchesOf(`${second}-test`)).toEqual([]);
    expect((await world.record.wave(second, 'test')).rounds).toBe(1);

    await sendAndWait(world, held);
    await settle(world, held);
    while (turns.at(-1) !== 'sent' && turns.length < 40) turns.push(await turn(second));
    expect(turns.at(-1)).toBe('sent');
    const [batch] = await world.record.batchesOf(`${second}-test`);
    await settle(world, `${batch?.group}-${batch?.number}`);
    expect(await layOut(second)).toMatchObject({ action: 'judge', reason: 'every node has an outcome' });
    expect((await world.record.nodeRuns(`${second}-test`)).map(({ outcome }) => outcome)).toEqual(['already-proven', 'already-proven']);
  });

  it('sends to the nodes that are free, and comes back for the others', async () => {
    const second = await opened();
    const first = await seedRound(world, 'first-20261109-a00002', { waves: [planWave('test', [planNode('test1')]), planWave('production', [])] });
    const held = await admitFirst(world, first);
    expect(await turn(second)).toBe('sent');
    const [batch] = await world.record.batchesOf(`${second}-test`);
    expect(batch?.nodes).toEqual([ID.test2]);
    await settle(world, `${batch?.group}-${batch?.number}`);
    expect([await turn(second), await turn(second), await turn(second)]).toEqual(['skipped', 'skipped', 'waited']);
    await sendAndWait(world, held);
    await settle(world, held);
    expect(await turn(second)).toBe('sent');
  });
});

describe('a wave in a maintenance window of Systems Manager', () => {
  const erp = { ssm: MAINTENANCE_WINDOW.ssm, location: parseLocation(MAINTENANCE_WINDOW.location), lastStart: 0 };
  const inErp = { policy: policy({ waves: [rules('test', { window: 'erp' }), rules('production')] }), windows: { erp } };
  const NAME = `SSM maintenance window ${erp.ssm} in ${HERE}`;

  const edit = (change: object) => editWindow(world, change);
  const soon = (minutes: number) => cronSoon(world, minutes);
  afterEach(async () => edit({ Enabled: true, Schedule: ERP.schedule }));

  it('waits for it as it is now, looks again every three hours, and writes down what it said', async () => {
    const rollout = await opened('test', inErp);
    expect(await layOut(rollout)).toMatchObject({ action: 'wait', seconds: 3 * 3_600, reason: 'waiting for the window: 2 nodes to go' });
    const row = await world.record.wave(rollout, 'test');
    expect(row.window).toMatchObject({
      readings: [{ ssm: erp.ssm, read: { name: 'erp-monday', says: 'cron(0 22 ? * MON *), Europe/Berlin, 4 h, no start in the last 1 h' } }],
    });
  });

  it('that somebody moves while it waits begins at the new time, and the record says so', async () => {
    const rollout = await opened('test', inErp);
    await layOut(rollout);
    await edit({ Schedule: soon(30) });
    const { action, seconds } = await layOut(rollout);
    expect(action).toBe('wait');
    expect(seconds).toBeLessThanOrEqual(30 * 60);
    await world.pass(seconds);
    expect(await layOut(rollout)).toMatchObject({ action: 'run', tracks: 1 });
    expect(await world.record.events(rollout)).toMatchObject([
      { what: 'window', wave: 'test', why: expect.stringContaining(`${NAME} has changed: erp-monday, cron(`) },
    ]);
  });

  it('that somebody closes in its middle gets no further batch, and people are told why', async () => {
    const rollout = await opened('test', inErp);
    await edit({ Schedule: soon(-10) });
    const round = await layOutRound(world, rollout, 'test');
    await edit({ Enabled: false });
    const commands = world.calls('ssm:SendCommand');
    expect(await world.answer('AdmitBatch', { track: found(round.tracks[0], 'track'), index: 0 })).toMatchObject({
      action: 'end',
      reason: `${NAME} is disabled`,
    });
    expect(await layOut(rollout)).toMatchObject({ action: 'judge', reason: `${NAME} is disabled` });
    expect(await world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({
      verdict: 'inconclusive',
      action: 'hold',
      reason: expect.stringContaining(`${NAME} is disabled; 2 of 2 nodes have no outcome`),
    });
    expect(world.published.filter((one) => one.event === 'held').at(-1)?.text).toContain(`${NAME} is disabled`);
    expect(await world.store.getJson(evidenceKey(rollout))).toMatchObject({
      waves: [{ windows: [{ read: { name: 'erp-monday' } }, { read: { closed: 'is disabled' } }] }, { name: 'production' }],
    });
    expect(world.calls('ssm:SendCommand')).toBe(commands);
  });

  it('is not passed over by what a person accepted before it was closed, and opens again as soon as they say', async () => {
    const rollout = await opened('test', inErp);
    await world.record.setWave(rollout, 'test', { accepted: 'ann: one of them is switched off' });
    await edit({ Enabled: false });
    await layOut(rollout);
    expect(await world.answer('JudgeWave', { rollout, wave: 'test', phase: 'patch' })).toMatchObject({ action: 'hold' });
    await world.record.setWave(rollout, 'test', { accepted: 'ann: it is open now', told: 'resumed' });
    await edit({ Enabled: true, Schedule: soon(-10) });
    expect(await layOut(rollout)).toMatchObject({ action: 'run' });
    expect((await world.record.wave(rollout, 'test')).window).not.toHaveProperty('closed');
  });

  it('that cannot be read is closed and asked again, and after an hour people are told', async () => {
    const rollout = await opened('test', inErp);
    await edit({ Schedule: soon(-10) });
    world.fail({ call: 'ssm:GetMaintenanceWindow', when: 'before', ...THROTTLED });
    const reason = expect.stringMatching(/could not be read \(ThrottlingException: .*\): closed until it can be read$/);
    expect(await layOut(rollout)).toMatchObject({ action: 'wait', seconds: 900, reason });
    await world.pass(1_800);
    expect(await layOut(rollout)).toMatchObject({ action: 'wait', seconds: 900, reason });
    await world.pass(1_900);
    expect(await layOut(rollout)).toMatchObject({ action: 'judge', reason: expect.stringContaining('could not be read') });
    world.mend();
    expect(await layOut(rollout)).toMatchObject({ action: 'run' });
  });

  it('that is gone, or that nobody lets us read, is closed', async () => {
    const { account, region } = erp.location;
    const all = world.cloud.fleet.surroundings.at(account, region).maintenanceWindows;
    const [kept] = all.splice(0, 1);
    await world.pass(61);
    expect(await layOut(await opened('test', inErp))).toMatchObject({ action: 'judge', reason: `${NAME} does not exist` });
    all.push(found(kept, 'window'));
    world.fail({ call: 'ssm:GetMaintenanceWindow', when: 'before', code: 'AccessDeniedException', status: 400 });
    expect(await layOut(await opened('test', inErp))).toMatchObject({
      action: 'judge',
      reason: expect.stringContaining(`${NAME} may not be read: `),
    });
  });

  it('does not hold up a second look, which changes nothing', async () => {
    const rollout = await opened('test', inErp);
    await edit({ Enabled: false });
    await seedRuns(world, `${rollout}-test`, { test1: 'patched', test2: 'patched' });
    expect(await layOut(rollout, 'test', 'verify')).toMatchObject({ action: 'run' });
  });
});
