import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../local/fleet/types.ts';
import type { Input } from '../../local/types.ts';
import { ACCOUNT, HERE, createWorld, nodes, plain, type World } from './fleet-world.ts';

const windows: Inventory = { platform: 'windows-2022-x86_64', installed: { KB5070000: '' }, available: [] };
const ubuntu: Inventory = { platform: 'ubuntu-24.04-x86_64', installed: { openssl: '3.0.13-0ubuntu3.4' }, available: [] };

async function describeNodes(sim: World, input: Input = {}): Promise<Input[]> {
  const all: Input[] = [];
  let NextToken: string | undefined;
  do {
    const output = await sim.call('DescribeInstanceInformation', { ...input, NextToken });
    all.push(...output.InstanceInformationList);
    NextToken = output.NextToken;
  } while (NextToken !== undefined);
  return all;
}

describe('DescribeInstanceInformation', () => {
  it('shows a node as Systems Manager reports it, activation fields on hybrid nodes only', async () => {
    const sim = createWorld({
      inventories: { plain, ubuntu },
      nodes: [...nodes(1, { name: 'web' }), ...nodes(1, { name: 'plant', hybrid: true, inventory: 'ubuntu' })],
    });
    const [web, plant] = await describeNodes(sim);
    expect(web).toMatchObject({
      PingStatus: 'Online',
      PlatformType: 'Linux',
      PlatformName: 'Amazon Linux',
      PlatformVersion: '2023',
      ResourceType: 'EC2Instance',
      SourceType: 'AWS::EC2::Instance',
    });
    expect(web).not.toHaveProperty('ActivationId');
    expect(web).not.toHaveProperty('Name');
    expect(plant).toMatchObject({
      InstanceId: expect.stringMatching(/^mi-[0-9a-f]{17}$/),
      Name: 'plant',
      PlatformName: 'Ubuntu',
      PlatformVersion: '24.04',
      ResourceType: 'ManagedInstance',
      IamRole: 'HybridNodeRole',
    });
  });

  it('gives ten nodes a page unless asked for 5 to 50', async () => {
    const sim = createWorld({ nodes: nodes(12) });
    expect((await sim.call('DescribeInstanceInformation', {})).InstanceInformationList).toHaveLength(10);
    expect((await sim.call('DescribeInstanceInformation', { MaxResults: 5 })).InstanceInformationList).toHaveLength(5);
    for (const MaxResults of [4, 51]) {
      await expect(sim.call('DescribeInstanceInformation', { MaxResults })).rejects.toMatchObject({ code: 'ValidationException' });
    }
    expect(await describeNodes(sim)).toHaveLength(12);
  });

  it('filters by tag or by anything else, never by both', async () => {
    const sim = createWorld({
      inventories: { plain, windows },
      nodes: [...nodes(2, { tags: { App: 'web' } }), ...nodes(3, { name: 'w{n}', inventory: 'windows' })],
    });
    const by = async (Key: string, ...Values: string[]): Promise<number> => {
      const found = await describeNodes(sim, { Filters: [{ Key, Values }] });
      return found.length;
    };
    expect(await by('tag:App', 'web')).toBe(2);
    expect(await by('tag-key', 'App')).toBe(2);
    expect(await by('PlatformTypes', 'Windows')).toBe(3);
    expect(await by('InstanceIds', sim.host('n1').id, sim.host('w1').id)).toBe(2);
    expect(await by('ResourceType', 'ManagedInstance')).toBe(0);
    await expect(by('Colour', 'red')).rejects.toMatchObject({ code: 'InvalidFilterKey' });
    const both = {
      Filters: [
        { Key: 'tag:App', Values: ['web'] },
        { Key: 'PingStatus', Values: ['Online'] },
      ],
    };
    await expect(sim.call('DescribeInstanceInformation', both)).rejects.toThrow(/can not be combined/);
  });

  it('shows lost nodes as ConnectionLost after two missed heartbeats, with their last ping', async () => {
    const sim = createWorld({ nodes: nodes(2) });
    sim.host('n2').silence();
    await sim.clock.pass(300);
    expect((await describeNodes(sim)).map((node) => node.PingStatus)).toEqual(['Online', 'Online']);
    await sim.clock.pass(300);
    const [there, lost] = await describeNodes(sim);
    expect([there?.PingStatus, lost?.PingStatus]).toEqual(['Online', 'ConnectionLost']);
    expect(sim.clock.now() - there!.LastPingDateTime.getTime()).toBeLessThan(300_000);
    expect(sim.clock.now() - lost!.LastPingDateTime.getTime()).toBeGreaterThanOrEqual(600_000);
  });

  it('leaves stopped and terminated instances out, and those of other places', async () => {
    const sim = createWorld({ nodes: [...nodes(3), ...nodes(1, { name: 'ireland', location: `${ACCOUNT}/eu-west-1` })] });
    sim.host('n1').stop();
    sim.host('n2').terminate();
    expect((await describeNodes(sim)).map((node) => node.InstanceId)).toEqual([sim.host('n3').id]);
    sim.host('n1').start();
    expect(await describeNodes(sim)).toHaveLength(2);
    expect(sim.fleet.instances(ACCOUNT, 'eu-central-1').map(({ state }) => state)).toEqual(['running', 'terminated', 'running']);
  });
});

describe('tags of managed nodes', () => {
  it('are there for hybrid nodes only', async () => {
    const sim = createWorld({ nodes: [...nodes(1, { hybrid: true, tags: { Wavelock: 'enabled' } }), ...nodes(1, { name: 'ec2' })] });
    const { id } = sim.host('n1');
    await sim.call('AddTagsToResource', { ResourceType: 'ManagedInstance', ResourceId: id, Tags: [{ Key: 'App', Value: 'press' }] });
    const { TagList } = await sim.call('ListTagsForResource', { ResourceType: 'ManagedInstance', ResourceId: id });
    expect(TagList).toEqual([
      { Key: 'Wavelock', Value: 'enabled' },
      { Key: 'App', Value: 'press' },
    ]);
    expect(sim.fleet.hybridTags(ACCOUNT, 'eu-central-1')).toEqual([{ id, tags: { Wavelock: 'enabled', App: 'press' } }]);
    const instance = { ResourceType: 'ManagedInstance', ResourceId: sim.host('ec2').id };
    await expect(sim.call('ListTagsForResource', instance)).rejects.toMatchObject({ code: 'InvalidResourceId' });
    const reserved = { ResourceType: 'ManagedInstance', ResourceId: id, Tags: [{ Key: 'aws:x', Value: '' }] };
    await expect(sim.call('AddTagsToResource', reserved)).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it("of EC2 instances are EC2's, with the name", () => {
    const sim = createWorld({ nodes: nodes(1, { tags: { App: 'web' }, zone: 'b' }) });
    expect(sim.fleet.instances(ACCOUNT, 'eu-central-1')).toMatchObject([
      {
        id: sim.host('n1').id,
        tags: { Name: 'n1', App: 'web' },
        zone: 'eu-central-1b',
        state: 'running',
      },
    ]);
  });
});

describe('inventory', () => {
  it('has version, release and epoch of rpm packages apart, of dpkg in one', async () => {
    const sim = createWorld({ inventories: { plain, ubuntu }, nodes: [...nodes(1), ...nodes(1, { name: 'u1', inventory: 'ubuntu' })] });
    const list = async (name: string): Promise<Input> =>
      sim.call('ListInventoryEntries', { InstanceId: sim.host(name).id, TypeName: 'AWS:Application' });
    expect(await list('n1')).toMatchObject({
      SchemaVersion: '1.1',
      CaptureTime: '2026-12-09T04:59:00Z',
      Entries: [{ Name: 'openssl', Version: '3.0.8', Release: '1.amzn2023.0.3', Epoch: '1', Architecture: 'x86_64' }],
    });
    expect((await list('u1')).Entries).toMatchObject([{ Name: 'openssl', Version: '3.0.13-0ubuntu3.4', Architecture: 'amd64' }]);
  });

  it('is as old as its last gathering', async () => {
    const sim = createWorld({ nodes: nodes(1) });
    const version = async (): Promise<string> => {
      const { Entities } = await sim.call('GetInventory', { Filters: [{ Key: 'AWS:Application.Name', Values: ['openssl'] }] });
      return Entities[0].Data['AWS:Application'].Content[0].Version;
    };
    expect(await version()).toBe('3.0.8');
    sim.host('n1').packages.put('openssl', '1:3.2.0-1');
    await sim.clock.pass(1_799);
    expect(await version()).toBe('3.0.8');
    await sim.clock.pass(2);
    expect(await version()).toBe('3.2.0');
  });

  it('lists the updates of Windows nodes', async () => {
    const sim = createWorld({ inventories: { plain: windows }, nodes: nodes(1) });
    const { Entries } = await sim.call('ListInventoryEntries', { InstanceId: sim.host('n1').id, TypeName: 'AWS:WindowsUpdate' });
    expect(Entries).toMatchObject([{ HotFixId: 'KB5070000' }]);
  });
});

describe('parameters', () => {
  it('keep versions and refuse to be overwritten by accident', async () => {
    const sim = createWorld();
    sim.ssm.createParameter(HERE, { name: '/wavelock/policy', value: 'one' });
    const get = async (): Promise<Input> => (await sim.call('GetParameter', { Name: '/wavelock/policy' })).Parameter;
    expect(await get()).toMatchObject({
      Value: 'one',
      Version: 1,
      Type: 'String',
      ARN: `arn:aws:ssm:eu-central-1:${ACCOUNT}:parameter/wavelock/policy`,
    });
    await expect(sim.call('PutParameter', { Name: '/wavelock/policy', Value: 'two' })).rejects.toMatchObject({
      code: 'ParameterAlreadyExists',
    });
    await sim.call('PutParameter', { Name: '/wavelock/policy', Value: 'two', Overwrite: true });
    expect(await get()).toMatchObject({ Value: 'two', Version: 2 });
    await expect(sim.call('GetParameter', { Name: '/none' })).rejects.toMatchObject({ code: 'ParameterNotFound' });
    await expect(sim.call('PutParameter', { Name: '/big', Value: 'x'.repeat(4_097) })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });
});
