import {
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeTagsCommand,
  EC2Client,
  paginateDescribeInstances,
  type Filter,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEc2, type Ec2Instance } from '../../local/services/ec2.ts';
import { ACCOUNT, createBaseWorld, REGION, rejection, type BaseWorld } from './base-world.ts';

let world: BaseWorld;
let client: EC2Client;

function instance(number: number, more: Partial<Ec2Instance> = {}): Ec2Instance {
  return {
    id: `i-${String(number).padStart(17, '0')}`,
    state: 'running',
    tags: { Name: `web-${number}` },
    zone: `${REGION}a`,
    imageId: 'ami-1',
    launched: 1000,
    type: 't3.micro',
    platform: 'linux',
    ...more,
  };
}

const instances = [
  ...Array.from({ length: 12 }, (_, index) => instance(index)),
  instance(12, { state: 'stopped', tags: { Name: 'db-1', Cluster: 'a' }, zone: `${REGION}b` }),
  instance(13, { platform: 'windows', tags: {}, privateIp: '10.0.0.1' }),
];

beforeAll(() => {
  world = createBaseWorld();
  world.add(createEc2({ instances: (account, region) => (account === ACCOUNT && region === REGION ? instances : []) }).service);
  client = new EC2Client(world.config());
});
afterAll(() => world.close());

async function ids(Filters: Filter[]): Promise<number[]> {
  const { Reservations } = await client.send(new DescribeInstancesCommand({ Filters }));
  return (Reservations ?? []).flatMap(({ Instances }) => Instances?.map(({ InstanceId }) => Number(InstanceId?.slice(2))) ?? []);
}

describe('instances', () => {
  it('are described with state, zone, tags and platform', async () => {
    const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [instances[12]!.id, instances[13]!.id] }));
    expect(Reservations?.map(({ Instances }) => Instances?.[0])).toMatchObject([
      {
        State: { Name: 'stopped', Code: 80 },
        Placement: { AvailabilityZone: `${REGION}b` },
        Tags: [
          { Key: 'Name', Value: 'db-1' },
          { Key: 'Cluster', Value: 'a' },
        ],
        LaunchTime: new Date(1000),
        InstanceType: 't3.micro',
      },
      { Platform: 'windows', PrivateIpAddress: '10.0.0.1' },
    ]);
    expect(world.asked.at(-1)?.access).toEqual(['ec2:DescribeInstances *']);
  });

  it.each<[string, Filter[], number[]]>([
    ['tag', [{ Name: 'tag:Name', Values: ['web-1', 'db-*'] }], [1, 12]],
    ['tag key', [{ Name: 'tag-key', Values: ['Cluster'] }], [12]],
    [
      'state and zone',
      [
        { Name: 'instance-state-name', Values: ['running'] },
        { Name: 'availability-zone', Values: [`${REGION}b`] },
      ],
      [],
    ],
    ['one wild letter', [{ Name: 'tag:Name', Values: ['web-1?'] }], [10, 11]],
    ['platform', [{ Name: 'platform', Values: ['windows'] }], [13]],
  ])('are filtered by %s', async (_, filters, expected) => {
    expect(await ids(filters)).toEqual(expected);
  });

  it('come page by page', async () => {
    const pages: number[] = [];
    for await (const page of paginateDescribeInstances({ client, pageSize: 5 }, {})) pages.push(page.Reservations?.length ?? 0);
    expect(pages).toEqual([5, 5, 4]);
  });

  it('that are not there, and filters that nobody knows, are errors', async () => {
    expect((await rejection(client.send(new DescribeInstancesCommand({ InstanceIds: ['i-0123456789abcdef0'] })))).name).toBe(
      'InvalidInstanceID.NotFound',
    );
    expect((await rejection(client.send(new DescribeInstancesCommand({ InstanceIds: ['x'] })))).name).toBe('InvalidInstanceID.Malformed');
    expect((await rejection(ids([{ Name: 'vpc-id', Values: ['v'] }]))).message).toContain("does not know the filter 'vpc-id'");
    expect((await rejection(client.send(new DescribeInstancesCommand({ MaxResults: 4 })))).name).toBe('InvalidParameterValue');
  });

  it('of another location are not seen', async () => {
    const west = new EC2Client(world.config({ region: 'eu-west-1' }));
    expect((await west.send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
  });
});

describe('tags and Regions', () => {
  it('are found by their filters', async () => {
    const { Tags } = await client.send(new DescribeTagsCommand({ Filters: [{ Name: 'key', Values: ['Cluster'] }] }));
    expect(Tags).toEqual([{ ResourceId: instances[12]!.id, ResourceType: 'instance', Key: 'Cluster', Value: 'a' }]);
    const { Regions } = await client.send(new DescribeRegionsCommand({ Filters: [{ Name: 'region-name', Values: ['eu-central-1'] }] }));
    expect(Regions).toEqual([{ RegionName: 'eu-central-1', Endpoint: 'ec2.eu-central-1.amazonaws.com', OptInStatus: 'opt-in-not-required' }]);
    expect((await rejection(client.send(new DescribeRegionsCommand({ RegionNames: ['eu-nowhere-1'] })))).name).toBe('InvalidParameterValue');
  });
});
