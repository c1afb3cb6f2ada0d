import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../local/fleet/plugins.ts';
import type { Input } from '../../local/types.ts';
import { HERE, START, createWorld, nodes, shellDocument, type World, type WorldOptions } from './fleet-world.ts';

/** A step that takes a minute and ends with the code that its node is named for: `fail3` ends with 1. */
const minute: Behaviour = async ({ host, process }) => {
  await process.sleep(60);
  return { code: host.name.startsWith('fail') ? 1 : 0, stdout: `done on ${host.name}` };
};

function world(options: WorldOptions = {}): World {
  const made = createWorld({ behaviours: { 'Doc/One': minute }, ...options });
  made.ssm.createDocument(HERE, {
    name: 'Doc',
    content: shellDocument([{ name: 'One' }], { executionTimeout: { type: 'String', default: '600' }, BatchId: { type: 'String', default: '' } }),
  });
  return made;
}

const ids = ({ fleet }: World): string[] => fleet.hosts.map((host) => host.id);

async function statuses(sim: World, id: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const row of Object.values(await sim.invocations(id))) counts[row.StatusDetails] = (counts[row.StatusDetails] ?? 0) + 1;
  return counts;
}

async function command(sim: World, id: string): Promise<Input> {
  return (await sim.call('ListCommands', { CommandId: id })).Commands[0];
}

describe('a command', () => {
  it('goes from Pending over InProgress to Success, on nodes and as a whole', async () => {
    const sim = world();
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(10);
    expect(await statuses(sim, id)).toEqual({ InProgress: 3 });
    expect(await command(sim, id)).toMatchObject({ Status: 'InProgress', CompletedCount: 0 });
    await sim.clock.pass(60);
    expect(await statuses(sim, id)).toEqual({ Success: 3 });
    expect(await command(sim, id)).toMatchObject({
      Status: 'Success',
      StatusDetails: 'Success',
      TargetCount: 3,
      CompletedCount: 3,
      ErrorCount: 0,
    });
  });

  it('starts with one node and doubles up to MaxConcurrency', async () => {
    const sim = world({ nodes: nodes(50) });
    const id = await sim.send('Doc', ids(sim), { MaxConcurrency: '20' });
    await sim.clock.pass(50);
    const begun = (second: number): number => {
      const before = sim.events.filter(({ time }) => time <= START + second * 1_000);
      return before.filter(({ detail }) => 'instance-id' in detail).length;
    };
    for (const [second, most] of [
      [1.4, 1],
      [2.4, 2],
      [3.4, 4],
      [4.4, 8],
      [5.4, 16],
      [50, 20],
    ] as const) {
      expect(begun(second)).toBeLessThanOrEqual(most);
    }
    expect(begun(10)).toBe(20);
    await sim.clock.pass(300);
    expect(await statuses(sim, id)).toEqual({ Success: 50 });
  });

  it('stops sending after more errors than MaxErrors; what flies may fail too', async () => {
    const sim = world({ nodes: [...nodes(6, { name: 'fail{n}' }), ...nodes(4)] });
    const id = await sim.send('Doc', ids(sim), { MaxConcurrency: '2', MaxErrors: '2' });
    await sim.clock.pass(900);
    expect(await statuses(sim, id)).toEqual({ Failed: 4, Terminated: 6 });
    expect(await command(sim, id)).toMatchObject({ Status: 'Failed', StatusDetails: 'Failed', ErrorCount: 4, CompletedCount: 10 });
  });

  it('counts neither lost nor late nodes as errors', async () => {
    const sim = world({ nodes: [...nodes(2, { name: 'off{n}', online: false }), ...nodes(2)] });
    const id = await sim.send('Doc', ids(sim), { TimeoutSeconds: 60, MaxErrors: '0' });
    await sim.clock.pass(659);
    expect(await statuses(sim, id)).toEqual({ Delayed: 2, Success: 2 });
    await sim.clock.pass(2);
    expect(await statuses(sim, id)).toEqual({ DeliveryTimedOut: 2, Success: 2 });
    expect(await command(sim, id)).toMatchObject({
      Status: 'Failed',
      StatusDetails: 'Incomplete',
      ErrorCount: 0,
      DeliveryTimedOutCount: 2,
    });
  });
});

describe('delivery', () => {
  it('waits for a node that is away, up to TimeoutSeconds', async () => {
    const sim = world({ nodes: nodes(2) });
    sim.host('n1').stop();
    sim.host('n2').stop();
    const id = await sim.send('Doc', ids(sim), { TimeoutSeconds: 300 });
    await sim.clock.pass(30);
    expect(await statuses(sim, id)).toEqual({ Pending: 2 });
    await sim.clock.pass(60);
    sim.host('n1').start();
    await sim.clock.pass(240);
    sim.host('n2').start();
    await sim.clock.pass(120);
    expect(await statuses(sim, id)).toEqual({ Success: 1, Delayed: 1 });
    await sim.clock.pass(900);
    expect(await statuses(sim, id)).toEqual({ Success: 1, DeliveryTimedOut: 1 });
  });

  it('can be late', async () => {
    const sim = world({ nodes: nodes(1) });
    sim.host('n1').faults.deliverySeconds = 120;
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(100);
    expect(await statuses(sim, id)).toEqual({ Delayed: 1 });
    await sim.clock.pass(90);
    expect(await statuses(sim, id)).toEqual({ Success: 1 });
  });

  it('ends as Undeliverable where the node is gone before its turn', async () => {
    const sim = world({ nodes: nodes(2) });
    const id = await sim.send('Doc', ids(sim), { MaxConcurrency: '1' });
    await sim.clock.pass(10);
    sim.host('n2').terminate();
    await sim.clock.pass(90);
    expect(await statuses(sim, id)).toEqual({ Success: 1, Undeliverable: 1 });
    expect(await command(sim, id)).toMatchObject({ Status: 'Success', CompletedCount: 2 });
  });
});

describe('a node that took the command', () => {
  it('and died stays InProgress to ExpiresAfter', async () => {
    const sim = world({ nodes: nodes(2) });
    const id = await sim.send('Doc', ids(sim), { TimeoutSeconds: 60 });
    await sim.clock.pass(20);
    sim.host('n1').terminate();
    await sim.clock.pass(630);
    expect(await statuses(sim, id)).toEqual({ InProgress: 1, Success: 1 });
    await sim.clock.pass(20);
    expect(await statuses(sim, id)).toEqual({ DeliveryTimedOut: 1, Success: 1 });
  });

  it('and never answers stays InProgress, online as it is', async () => {
    const sim = world({ nodes: nodes(1) });
    sim.host('n1').faults.stuck = true;
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(3_000);
    expect(await statuses(sim, id)).toEqual({ InProgress: 1 });
    const { InstanceInformationList } = await sim.call('DescribeInstanceInformation', {});
    expect(InstanceInformationList[0].PingStatus).toBe('Online');
  });

  it('works on after ExpiresAfter, and its late report changes nothing', async () => {
    const sim = world({
      nodes: nodes(1),
      behaviours: {
        'Doc/One': async ({ host, process }) => {
          await process.sleep(1_000);
          host.files.set('/done', 'yes');
          return { code: 0 };
        },
      },
    });
    const id = await sim.send('Doc', ids(sim), { TimeoutSeconds: 30 });
    await sim.clock.pass(700);
    expect(await statuses(sim, id)).toEqual({ DeliveryTimedOut: 1 });
    await sim.clock.pass(400);
    expect(sim.host('n1').files.get('/done')).toBe('yes');
    expect(await statuses(sim, id)).toEqual({ DeliveryTimedOut: 1 });
  });

  it('and was rebooted from outside reports Failed when it is back', async () => {
    const sim = world({ nodes: nodes(1) });
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(20);
    sim.host('n1').stop();
    await sim.clock.pass(100);
    expect(await statuses(sim, id)).toEqual({ InProgress: 1 });
    sim.host('n1').start();
    await sim.clock.pass(1);
    expect(await statuses(sim, id)).toEqual({ Failed: 1 });
  });
});

describe('CancelCommand', () => {
  it('cancels what waits at once and what runs when the agent hears of it', async () => {
    const sim = world({ nodes: [...nodes(1), ...nodes(1, { name: 'off{n}', online: false })] });
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(10);
    await sim.call('CancelCommand', { CommandId: id });
    expect(await statuses(sim, id)).toEqual({ Cancelled: 1, Cancelling: 1 });
    await sim.clock.pass(5);
    expect(await statuses(sim, id)).toEqual({ Cancelled: 2 });
    expect(await command(sim, id)).toMatchObject({ Status: 'Cancelled' });
  });

  it('touches only the nodes it names', async () => {
    const sim = world({ nodes: nodes(2) });
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(10);
    await sim.call('CancelCommand', { CommandId: id, InstanceIds: [sim.host('n1').id] });
    await sim.clock.pass(60);
    expect(await statuses(sim, id)).toEqual({ Cancelled: 1, Success: 1 });
  });

  it('does not change what has ended, and knows no other command', async () => {
    const sim = world({ nodes: nodes(1) });
    const id = await sim.send('Doc', ids(sim));
    await sim.clock.pass(100);
    await sim.call('CancelCommand', { CommandId: id });
    expect(await statuses(sim, id)).toEqual({ Success: 1 });
    await expect(sim.call('CancelCommand', { CommandId: '0'.repeat(36) })).rejects.toThrow(/command ID isn't valid/);
  });
});

describe('events', () => {
  it('tell each change in the documented shape, the command with its parameters', async () => {
    const sim = world({ nodes: nodes(1, { hybrid: true }) });
    const id = await sim.send('Doc', ids(sim), { Parameters: { BatchId: ['b-7'] }, TimeoutSeconds: 60 });
    await sim.clock.pass(100);
    const node = sim.host('n1');
    expect(sim.events.map(({ detailType, detail }) => `${detailType}: ${String(detail.status)}`)).toEqual([
      'EC2 Command Status-change Notification: InProgress',
      'EC2 Command Invocation Status-change Notification: InProgress',
      'EC2 Command Invocation Status-change Notification: Success',
      'EC2 Command Status-change Notification: Success',
    ]);
    expect(sim.events.at(-1)).toEqual({
      time: expect.any(Number),
      source: 'aws.ssm',
      detailType: 'EC2 Command Status-change Notification',
      resources: [`arn:aws:ssm:eu-central-1:111111111111:managed-instance/${node.id}`],
      detail: {
        'command-id': id,
        'document-name': 'Doc',
        'expire-after': '2026-12-09T05:10:00.000Z',
        parameters: { BatchId: ['b-7'] },
        'requested-date-time': '2026-12-09T04:59:00.000Z',
        status: 'Success',
      },
    });
    expect(sim.events[2]!.detail).toEqual({
      'command-id': id,
      'document-name': 'Doc',
      'instance-id': node.id,
      'requested-date-time': '2026-12-09T04:59:00.000Z',
      status: 'Success',
    });
  });

  it('can be lost: all of them', async () => {
    const sim = world({ nodes: nodes(1), scenario: { title: 't', faults: [{ events: { lose: 'all' } }] } });
    await sim.send('Doc', ids(sim));
    await sim.clock.pass(100);
    expect(sim.events).toEqual([]);
  });

  it('can be lost: the end of one patch command', async () => {
    const sim = world({
      nodes: nodes(1),
      scenario: { title: 't', faults: [{ events: { lose: 1 } }] },
      behaviours: { 'Doc/One': minute, 'Wavelock-Patch-Linux/One': minute },
    });
    sim.ssm.createDocument(HERE, { name: 'Wavelock-Patch-Linux', content: shellDocument([{ name: 'One' }]) });
    for (const document of ['Doc', 'Wavelock-Patch-Linux', 'Wavelock-Patch-Linux']) {
      await sim.send(document, ids(sim));
      await sim.clock.pass(100);
    }
    const commands = sim.events.filter(({ detailType }) => detailType === 'EC2 Command Status-change Notification');
    const ends = commands.filter(({ detail }) => detail.status === 'Success');
    expect(ends.map(({ detail }) => detail['document-name'])).toEqual(['Doc', 'Wavelock-Patch-Linux']);
  });
});
