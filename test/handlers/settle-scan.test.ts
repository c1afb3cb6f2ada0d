import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../lambdas/aws/store.ts';
import { fingerprintText } from '../../lambdas/core/facts.ts';
import { factsKey } from '../../lambdas/core/keys.ts';
import { FleetFacts, parseLocation } from '../../lambdas/core/model.ts';
import { scanSteps } from '../../local/fleet/steps-scan.ts';
import { THROTTLED } from './faults.ts';
import { CURL, FLEET, HERE, ID, OPENSSL, PLATFORM } from './fleet.ts';
import { seedNodes, settle } from './rollouts.ts';
import { layOutScan, runScan } from './scans.ts';
import { createWorld, found } from './world.ts';
import type { Node } from '../../lambdas/core/model.ts';
import type { Behaviours } from '../../local/fleet/plugins.ts';
import type { Scan } from './scans.ts';
import type { World } from './world.ts';

let world: World;
let scans = 0;
/** What the packages step of `test-2` prints in place of its list. */
let printed: string | undefined;

/** The scan of this fleet, but for what a test lets one machine print. */
const behaviours: Behaviours = Object.fromEntries(
  Object.entries(scanSteps).map(([name, step]) => [
    name,
    (context) =>
      printed !== undefined && name.endsWith('/Packages') && context.host.id === ID.test2
        ? Promise.resolve({ code: 0, stdout: printed })
        : step(context),
  ]),
);

beforeAll(async () => {
  world = await createWorld({ fleet: { file: FLEET, behaviours } });
});
beforeEach(async () => {
  printed = undefined;
  for (const host of world.cloud.fleet.hosts) host.heartbeat.start();
  await seedNodes(world);
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function row(id: string): Promise<Node> {
  return found(
    (await world.record.nodes(parseLocation(HERE))).find((node) => node.id === id),
    `node ${id}`,
  );
}

/** Lays out a scan of everybody, with a name of its own. */
function laidOut(): Promise<Scan> {
  scans += 1;
  return layOutScan(world, `settle-${scans}`);
}

/** Scans everybody; answers the batches, settled. */
async function scanned(): Promise<string[]> {
  const batches = await runScan(world, await laidOut());
  for (const batch of batches) await settle(world, batch);
  return batches;
}

describe('SettleBatch after a scan', () => {
  it('stores the list behind each fingerprint, and what each node says of itself', async () => {
    const batches = await scanned();
    const { scan } = await row(ID.test1);
    expect(scan).toMatchObject({
      platform: PLATFORM,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      kernel: expect.stringContaining('6.1.94'),
      pending: '',
      otherUpdaters: [],
    });
    const facts = FleetFacts.parse(await world.store.getJson(factsKey(found(scan, 'scan').fingerprint)));
    expect(sha256(fingerprintText(facts))).toBe(scan?.fingerprint);
    expect(facts.available.map(({ name, version }) => `${name} ${version}`).toSorted()).toEqual([`curl ${CURL}`, `openssl ${OPENSSL}`]);
    for (const batch of batches) expect(await world.record.batch(batch)).toMatchObject({ purpose: 'scan', status: 'settled' });
  });

  it('fetches a list once, not for each node that has it, and not again', async () => {
    await scanned();
    const before = world.calls('ssm:GetCommandInvocation');
    await scanned();
    expect(world.calls('ssm:GetCommandInvocation')).toBe(before);
    world.host(ID.test1).packages.put('openssl', OPENSSL);
    world.host(ID.test2).packages.put('openssl', OPENSSL);
    await scanned();
    expect(world.calls('ssm:GetCommandInvocation') - before).toBe(1);
    expect((await row(ID.test1)).scan?.fingerprint).toBe((await row(ID.test2)).scan?.fingerprint);
  });

  it('leaves the same behind when it comes again', async () => {
    const [batch = ''] = await scanned();
    const before = [await row(ID.test1), await world.record.batch(batch)];
    await world.pass(600);
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next', reason: 'settled before' });
    expect([await row(ID.test1), await world.record.batch(batch)]).toEqual(before);
  });

  it.each([
    ['cut off', 'H4sIAAAAAAAAA0vMSQ'],
    ['another list', Buffer.from('P\tx\n').toString('base64')],
    ['nothing', ''],
  ])('believes no list that does not hash to its fingerprint: %s', async (_what, text) => {
    world.host(ID.test2).packages.put('jq', `1.7.${scans}`);
    printed = text;
    await scanned();
    expect((await row(ID.test2)).scan).toBeUndefined();
    expect((await row(ID.test1)).scan).toBeDefined();
    expect(world.log('SettleBatch').findLast((line) => line.includes('could not be read'))).toContain(ID.test2);
  });

  it('waits ten minutes for a node that takes no command, then cancels and goes on without it', async () => {
    const { tracks, files } = await laidOut();
    const [silent = '', other = '', ...more] = found(files[0]?.batches[0], 'batch').nodes;
    const { batch } = await world.answer('AdmitBatch', { track: found(tracks[0], 'track'), index: 0 });
    world.host(silent).silence();
    await world.park('SendBatch', { batch, taskToken: 'token' });
    await world.pass(300);
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'wait', reason: `1 of ${2 + more.length} nodes still at work` });
    expect((await row(other)).scan).toBeDefined();
    const before = world.calls('ssm:CancelCommand');
    await world.pass(310);
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect(world.calls('ssm:CancelCommand') - before).toBe(1);
    expect((await row(silent)).scan).toBeUndefined();
  });

  it('keeps the older facts of a node whose list cannot be had, and goes on with the others', async () => {
    world.host(ID.test2).packages.put('jq', `1.6.${scans}`);
    const [batch = ''] = await runScan(world, await laidOut());
    world.fail({ call: 'ssm:GetCommandInvocation', when: 'before', code: 'InvalidPluginName', status: 400 });
    expect(await world.answer('SettleBatch', { batch })).toMatchObject({ action: 'next' });
    expect((await world.record.batch(batch))?.status).toBe('settled');
  });

  it('is retryable while SSM is busy', async () => {
    world.host(ID.test2).packages.put('jq', `1.7.${scans}`);
    const [batch = ''] = await runScan(world, await laidOut());
    world.fail({ call: 'ssm:GetCommandInvocation', when: 'before', ...THROTTLED });
    expect(await world.failure('SettleBatch', { batch })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    await settle(world, batch);
    expect((await row(ID.test2)).scan).toBeDefined();
  });
});
