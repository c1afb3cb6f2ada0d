import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseLocation } from '../../lambdas/core/model.ts';
import { THROTTLED } from './faults.ts';
import { HERE, ID, nodeRow, THERE } from './fleet.ts';
import { documentPins, seedFacts, seedNodes } from './rollouts.ts';
import { layOutScan } from './scans.ts';
import { createWorld } from './world.ts';
import type { Node } from '../../lambdas/core/model.ts';
import type { World } from './world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  count += 1;
  for (const host of world.cloud.fleet.hosts) host.heartbeat.start();
  await seedNodes(world);
});
afterEach(() => world.mend());
afterAll(() => world.stop());

async function row(id: string, where = HERE): Promise<Node | undefined> {
  return (await world.record.nodes(parseLocation(where))).find((node) => node.id === id);
}

function sorted(...ids: string[]): string[] {
  return ids.toSorted();
}

describe('LayOutScan', () => {
  it('writes down who is there, with names and tags, hybrid nodes too', async () => {
    for (const name of ['test1', 'plant1'] as const) await world.record.dropNode(name === 'test1' ? HERE : THERE, ID[name]);
    await layOutScan(world, `list-${count}`);
    expect(await row(ID.test1)).toMatchObject({
      name: 'test-1',
      os: 'linux',
      online: true,
      platformName: 'Amazon Linux',
      tags: { Wavelock: 'enabled', Environment: 'test' },
      lastPing: expect.any(String),
    });
    expect(await row(ID.plant1, THERE)).toMatchObject({ name: expect.stringContaining('plant-1'), online: true, tags: { Wavelock: 'enabled' } });
    expect(await row(ID.stranger)).toMatchObject({ name: 'stranger' });
  });

  it('asks those that opted in, each batch in one location, with the document of today', async () => {
    const { scan, tracks, files } = await layOutScan(world, `ask-${count}`);
    expect(scan).toBe(`scan-ask-${count}`);
    expect(tracks.length).toBeGreaterThan(1);
    const batches = files.flatMap((file) => file.batches);
    expect(batches.flatMap(({ nodes }) => nodes).toSorted()).toEqual(
      sorted(ID.test1, ID.test2, ID.shop1, ID.shop2, ID.shop3, ID.plant1, ID.plant2, ID.office1),
    );
    const pins = await documentPins(world);
    for (const batch of batches) {
      expect(batch).toMatchObject({
        document: pins[`${batch.location.account}/${batch.location.region}`]?.[`scan-${batch.os}`],
        parameters: {},
        lock: '',
        id: expect.stringMatching(new RegExp(`^${scan}-s1-\\d-\\d$`)),
      });
    }
    for (const file of files) expect(file).toMatchObject({ purpose: 'scan', rules: null, window: null, rollout: '' });
  });

  it('names batches so that their events find back, where EventBridge has named the execution', async () => {
    const { scan, files } = await layOutScan(world, `3f0c1c52-5f0e-4b6e-9a43-0f6f6d3e9c11_9d0c1c52-5f0e-4b6e-9a43-0f6f6d3e9c2${count % 10}`);
    for (const { id } of files.flatMap((file) => file.batches)) expect(id).toMatch(/^[A-Za-z0-9-]{8,80}$/);
    expect(scan).toMatch(/^scan-3f0c1c52-5f0e-4b6e-9a43-0f6f6d3e9c11-9d0c1c52-5f0e-[0-9a-f]{8}$/);
  });

  it('lays out the same when it comes again', async () => {
    const first = await layOutScan(world, `again-${count}`);
    expect(await layOutScan(world, `again-${count}`)).toEqual(first);
  });

  it('keeps facts that are young enough, and asks again for older ones', async () => {
    await seedFacts(world);
    const young = await layOutScan(world, `young-${count}`, 12);
    // Nothing is known of this one yet.
    expect(young.files.flatMap((file) => file.batches.flatMap(({ nodes }) => nodes))).toEqual([ID.office1]);
    expect((await row(ID.test1))?.scan).toMatchObject({ platform: 'amazon-linux-2023-x86_64' });
    await world.pass(12 * 3_600);
    expect((await layOutScan(world, `old-${count}`, 12)).files.flatMap((file) => file.batches.flatMap(({ nodes }) => nodes))).toHaveLength(8);
  });

  it('leaves alone who is offline, and writes that down', async () => {
    world.host(ID.test2).silence();
    await world.pass(1_200);
    const { files } = await layOutScan(world, `offline-${count}`);
    expect(files.flatMap((file) => file.batches.flatMap(({ nodes }) => nodes))).not.toContain(ID.test2);
    expect(await row(ID.test2)).toMatchObject({ online: false });
  });

  it('keeps who holds a node, and what its last scan said', async () => {
    await seedFacts(world);
    const by = { batch: 'other-20261109-a00001-test-p1-0-0', reservedFor: 'other / test', since: '2026-11-09T08:00:00.000Z' };
    await world.record.reserve(HERE, ID.test1, by);
    const before = (await row(ID.test1))?.scan;
    await layOutScan(world, `keep-${count}`);
    expect(await world.record.reservationOf(HERE, ID.test1)).toContain('other / test');
    expect((await row(ID.test1))?.scan).toEqual(before);
  });

  it('counts nodes that nobody lists any more as silent, and forgets them after 30 days', async () => {
    const days = (number: number): string => new Date(world.clock.now() - number * 86_400_000).toISOString();
    const gone = { ...nodeRow('shop1'), id: 'i-00000000000000001' };
    const forgotten = { ...nodeRow('shop1'), id: 'i-00000000000000002' };
    await world.record.saveNode({ ...gone, lastPing: days(29) }, days(29));
    await world.record.saveNode({ ...forgotten, lastPing: days(31) }, days(31));
    await layOutScan(world, `gone-${count}`);
    expect(await row(gone.id)).toMatchObject({ online: false, lastPing: days(29) });
    expect(await row(forgotten.id)).toBeUndefined();
    await world.record.dropNode(HERE, gone.id);
  });

  it('is terminal for input of another form', async () => {
    expect(await world.failure('LayOutScan', { execution: 'x', maxAgeHours: -1 })).toMatchObject({ errorType: 'Terminal' });
  });

  it.each([
    ['ec2:DescribeInstances', 'InternalError', 500],
    ['tagging:GetResources', 'ThrottledException', 400],
    ['tagging:GetResources', 'InternalServiceException', 500],
    ['s3:PutObject', 'InternalError', 500],
  ])('is retryable where %s answers %s, as that service calls it', async (call, code, status) => {
    world.fail({ call, when: 'before', code, status });
    expect(await world.failure('LayOutScan', { execution: `own-${count}`, maxAgeHours: 0 })).toMatchObject({ errorType: 'Retryable' });
    await world.pass(60);
  });

  it.each(['ec2:DescribeInstances', 'tagging:GetResources', 'dynamodb:UpdateItem', 'sts:AssumeRole'])(
    'is retryable while AWS is busy with %s',
    async (call) => {
      const code = call.startsWith('ec2:') ? { code: 'RequestLimitExceeded', status: 503 } : THROTTLED;
      // Sessions are kept for an hour: only a new one asks STS.
      if (call.startsWith('sts:')) await world.pass(3_600);
      world.fail({ call, when: 'before', ...code });
      expect(await world.failure('LayOutScan', { execution: `busy-${count}`, maxAgeHours: 0 })).toMatchObject({ errorType: 'Retryable' });
      world.mend();
      // What went on side by side when the first error ended the function ends before it is called again.
      await world.pass(60);
      expect((await layOutScan(world, `busy-${count}`)).tracks).not.toEqual([]);
    },
  );
});
