import type { Filter } from '@aws-sdk/client-ec2';
import { AwsError, type CallContext, type Input, type Service, type ServiceOperation } from '../types.ts';

/** An instance, as EC2 knows it. */
export interface Ec2Instance {
  /** `i-0123456789abcdef0` */
  id: string;
  state: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';
  tags: Record<string, string>;
  /** `eu-central-1a` */
  zone: string;
  imageId: string;
  /** Milliseconds since the epoch. */
  launched: number;
  /** `t3.micro` */
  type: string;
  platform: 'linux' | 'windows';
  privateIp?: string;
  architecture?: 'x86_64' | 'arm64';
  /** ARN of the instance profile. */
  profileArn?: string;
}

/** Where the instances are: the fleet. */
export interface Ec2Hosts {
  instances(account: string, region: string): Ec2Instance[];
}

/** Codes of states: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const stateCodes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 };

/** Regions that need no opting in, of which the embedded AWS has all. */
const regions = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-central-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-north-1',
  'ap-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-southeast-1',
  'ap-southeast-2',
];

/** EC2's reading side: instances, tags, Regions. */
export function createEc2(hosts: Ec2Hosts): { service: Service } {
  return {
    service: {
      name: 'ec2',
      sdk: '@aws-sdk/client-ec2',
      operations: {
        DescribeInstances: reading('DescribeInstances', (input, context) =>
          describeInstances(hosts.instances(context.account, context.region), input, context),
        ),
        DescribeTags: reading('DescribeTags', (input, { account, region }) => describeTags(hosts.instances(account, region), input)),
        DescribeRegions: reading('DescribeRegions', (input) => ({ Regions: describeRegions(input) })),
      },
    },
  };
}

function reading(name: string, run: ServiceOperation['run']): ServiceOperation {
  return { access: (_input, { region }) => [{ action: `ec2:${name}`, resource: '*', context: { 'ec2:Region': [region] } }], run };
}

function describeInstances(all: Ec2Instance[], input: Input, { account }: CallContext): Input {
  const { InstanceIds = [], Filters = [], MaxResults, NextToken } = input;
  if (InstanceIds.length > 0 && MaxResults !== undefined) {
    throw new AwsError('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults');
  }
  for (const id of InstanceIds) {
    if (!/^i-[\da-f]{8,17}$/.test(id)) throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    if (!all.some((instance) => instance.id === id)) throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  }
  const named = InstanceIds.length > 0 ? all.filter(({ id }) => InstanceIds.includes(id)) : all;
  const { items, token } = paged(
    named.filter((instance) => passes(Filters, (name) => instanceValues(instance, name))),
    MaxResults,
    NextToken,
  );
  const Reservations = items.map((instance) => ({
    ReservationId: `r-${instance.id.slice(2)}`,
    OwnerId: account,
    Instances: [entry(instance)],
  }));
  return { Reservations, ...token };
}

function entry(instance: Ec2Instance): Input {
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    InstanceType: instance.type,
    LaunchTime: new Date(instance.launched),
    State: { Name: instance.state, Code: stateCodes[instance.state] },
    Placement: { AvailabilityZone: instance.zone },
    Tags: Object.entries(instance.tags).map(([Key, Value]) => ({ Key, Value })),
    PlatformDetails: instance.platform === 'windows' ? 'Windows' : 'Linux/UNIX',
    ...(instance.platform === 'windows' && { Platform: 'windows' }),
    ...(instance.privateIp !== undefined && { PrivateIpAddress: instance.privateIp }),
    ...(instance.architecture !== undefined && { Architecture: instance.architecture }),
    ...(instance.profileArn !== undefined && { IamInstanceProfile: { Arn: instance.profileArn } }),
  };
}

/** Values that a filter is held against. @throws AwsError for a filter that the embedded EC2 doesn't know */
function instanceValues(instance: Ec2Instance, filter: string): string[] {
  if (filter.startsWith('tag:')) return [instance.tags[filter.slice(4)]].filter((value) => value !== undefined);
  const values: Record<string, string[]> = {
    'tag-key': Object.keys(instance.tags),
    'instance-id': [instance.id],
    'instance-state-name': [instance.state],
    'instance-state-code': [String(stateCodes[instance.state])],
    'instance-type': [instance.type],
    'image-id': [instance.imageId],
    'availability-zone': [instance.zone],
    platform: instance.platform === 'windows' ? ['windows'] : [],
  };
  const found = values[filter];
  if (!found) throw new AwsError('InvalidParameterValue', `embedded AWS does not know the filter '${filter}' of DescribeInstances`);
  return found;
}

/** All filters must hold, each with any of its values; `*` and `?` are wild: EC2 User Guide, "Filtering your resources". */
function passes(filters: Filter[], valuesOf: (name: string) => string[]): boolean {
  return filters.every(({ Name = '', Values = [] }) => {
    const values = valuesOf(Name);
    return Values.some((wanted) => values.some((value) => wildcard(wanted).test(value)));
  });
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}

function describeTags(all: Ec2Instance[], { Filters = [], MaxResults, NextToken }: Input): Input {
  const tags = all.flatMap(({ id, tags: own }) =>
    Object.entries(own).map(([Key, Value]) => ({ ResourceId: id, ResourceType: 'instance', Key, Value })),
  );
  const known: Record<string, keyof (typeof tags)[number]> = {
    'resource-id': 'ResourceId',
    'resource-type': 'ResourceType',
    key: 'Key',
    value: 'Value',
  };
  const found = tags.filter((tag) =>
    passes(Filters, (name) => {
      if (name.startsWith('tag:')) return tag.Key === name.slice(4) ? [tag.Value] : [];
      const member = known[name];
      if (!member) throw new AwsError('InvalidParameterValue', `embedded AWS does not know the filter '${name}' of DescribeTags`);
      return [tag[member]];
    }),
  );
  const { items, token } = paged(found, MaxResults, NextToken);
  return { Tags: items, ...token };
}

function describeRegions({ RegionNames = [], Filters = [] }: Input): Input[] {
  const unknown = RegionNames.find((name: string) => !regions.includes(name));
  if (unknown !== undefined) throw new AwsError('InvalidParameterValue', `Invalid region provided: ${unknown}`);
  const entries = regions.map((name) => ({ RegionName: name, Endpoint: `ec2.${name}.amazonaws.com`, OptInStatus: 'opt-in-not-required' }));
  const values = (region: (typeof entries)[number], filter: string): string[] => {
    const value = { 'region-name': region.RegionName, endpoint: region.Endpoint, 'opt-in-status': region.OptInStatus }[filter];
    if (value === undefined) throw new AwsError('InvalidParameterValue', `embedded AWS does not know the filter '${filter}' of DescribeRegions`);
    return [value];
  };
  return entries.filter(
    (region) => (RegionNames.length === 0 || RegionNames.includes(region.RegionName)) && passes(Filters, (name) => values(region, name)),
  );
}

/** Pages of 5 to 1,000: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
function paged<T>(items: T[], most: number | undefined, token: string | undefined): { items: T[]; token: { NextToken?: string } } {
  if (most !== undefined && (most < 5 || most > 1000))
    throw new AwsError('InvalidParameterValue', `Value ( ${most} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000`);
  const from = token === undefined ? 0 : Number(Buffer.from(token, 'base64').toString());
  if (!Number.isInteger(from)) throw new AwsError('InvalidNextToken', 'The token is invalid');
  const to = from + (most ?? 1000);
  return { items: items.slice(from, to), token: to < items.length ? { NextToken: Buffer.from(String(to)).toString('base64') } : {} };
}
