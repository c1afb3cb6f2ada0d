/** Managed nodes: DescribeInstanceInformation, and the tags of hybrid nodes (SSM API reference, both). */
import type { Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { AwsError, type AccessRequest, type CallContext, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';
import { hostAt, tagContext } from './ssm-send.ts';

export interface NodeDeps {
  fleet: Fleet;
  random: Random;
  gaps: PageGaps;
}

interface StringFilter {
  Key: string;
  Values: string[];
}

/** What the newest agent is called here: nodes with another version show `IsLatestVersion: false`. */
const LATEST_AGENT = '3.3.987.0';

const FILTERS: Record<string, (host: Host) => string> = {
  AgentVersion: (host) => host.agentVersion,
  InstanceIds: (host) => host.id,
  PingStatus: (host) => host.heartbeat.status(),
  PlatformTypes: (host) => platformType(host),
  ResourceType: (host) => resourceType(host),
};

/** DescribeInstanceInformation, ListTagsForResource and AddTagsToResource. */
export function nodeOperations(deps: NodeDeps): Record<string, ServiceOperation> {
  return {
    DescribeInstanceInformation: {
      access: () => [{ action: 'ssm:DescribeInstanceInformation', resource: '*' }],
      run: (input, context) => describe(input, context, deps),
    },
    ListTagsForResource: {
      access: (input, context) => tagAccess('ListTagsForResource', input, context, deps),
      run(input, context) {
        const { tags } = hybridNode(input, context, deps);
        return { TagList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
      },
    },
    AddTagsToResource: {
      access: (input, context) => tagAccess('AddTagsToResource', input, context, deps),
      run(input, context) {
        addTags(hybridNode(input, context, deps), input.Tags ?? []);
        return {};
      },
    },
  };
}

/** Stopped and terminated instances are not managed nodes any more; lost ones are. */
function describe(input: Input, context: CallContext, deps: NodeDeps): Input {
  refuseUnsupported('DescribeInstanceInformation', input, ['InstanceInformationFilterList']);
  checkBounds([['maxResults', input.MaxResults, { min: 5, max: 50 }]]);
  const filters: StringFilter[] = input.Filters ?? [];
  checkFilters(filters);
  const hosts = deps.fleet
    .at(context.account, context.region)
    .filter((host) => host.state === 'running')
    .filter((host) => filters.every((filter) => fits(host, filter)));
  const { items, NextToken } = page(hosts, input.MaxResults ?? 10, input.NextToken, deps);
  return { InstanceInformationList: items.map(informationOf), ...(NextToken === undefined ? {} : { NextToken }) };
}

function checkFilters(filters: StringFilter[]): void {
  for (const { Key, Values } of filters) {
    checkBounds([
      ['filters.key', Key, { min: 1 }],
      ['filters.values', Values, { min: 1, max: 100 }],
    ]);
    if (!isTagFilter(Key) && !FILTERS[Key]) {
      throw new AwsError(
        'InvalidFilterKey',
        `The filter key ${Key} isn't valid; there are ${Object.keys(FILTERS).join(', ')}, tag-key and tag:NAME.`,
      );
    }
  }
  const tags = filters.filter(({ Key }) => isTagFilter(Key)).length;
  if (tags > 0 && tags < filters.length) throw new AwsError('ValidationException', 'Tag filters can not be combined with other filters.');
}

function isTagFilter(key: string): boolean {
  return key === 'tag-key' || key.startsWith('tag:');
}

function fits(host: Host, { Key, Values }: StringFilter): boolean {
  if (Key === 'tag-key') return Values.some((key) => host.tags[key] !== undefined);
  const value = Key.startsWith('tag:') ? host.tags[Key.slice(4)] : FILTERS[Key]?.(host);
  return value !== undefined && Values.includes(value);
}

/** Name, ActivationId, IamRole and RegistrationDate are those of an activation: only hybrid nodes have them. */
function informationOf(host: Host): Input {
  const common = {
    InstanceId: host.id,
    PingStatus: host.heartbeat.status(),
    LastPingDateTime: new Date(host.heartbeat.lastPing()),
    AgentVersion: host.agentVersion,
    IsLatestVersion: host.agentVersion === LATEST_AGENT,
    PlatformType: platformType(host),
    PlatformName: host.platform.platformName,
    PlatformVersion: host.platform.platformVersion,
    ResourceType: resourceType(host),
    IPAddress: host.address,
    ComputerName: host.computerName,
    SourceId: host.id,
    SourceType: host.hybrid ? 'AWS::SSM::ManagedInstance' : 'AWS::EC2::Instance',
  };
  if (!host.hybrid) return common;
  return { ...common, Name: host.name, ActivationId: host.activationId, IamRole: host.roleName, RegistrationDate: new Date(host.launched) };
}

function platformType(host: Host): string {
  return host.platform.os === 'windows' ? 'Windows' : 'Linux';
}

function resourceType(host: Host): string {
  return host.hybrid ? 'ManagedInstance' : 'EC2Instance';
}

function tagAccess(action: string, input: Input, context: CallContext, { fleet }: NodeDeps): AccessRequest[] {
  const resource = `arn:aws:ssm:${context.region}:${context.account}:managed-instance/${String(input.ResourceId)}`;
  const host = hostAt(fleet, String(input.ResourceId), context);
  return [{ action: `ssm:${action}`, resource, context: tagContext(host?.tags ?? {}) }];
}

/** Only hybrid nodes have tags in Systems Manager; those of EC2 instances are EC2's. */
function hybridNode(input: Input, context: CallContext, { fleet }: NodeDeps): Host {
  if (input.ResourceType !== 'ManagedInstance') {
    throw new AwsError('InvalidResourceType', `The embedded AWS has tags of ManagedInstance only, not of ${input.ResourceType}.`);
  }
  const host = /^mi-\w{17}$/.test(input.ResourceId) ? hostAt(fleet, input.ResourceId, context) : undefined;
  if (!host) {
    throw new AwsError('InvalidResourceId', `The resource ID ${input.ResourceId} isn't valid. Verify that you entered the correct ID and try again.`);
  }
  return host;
}

/** At most 50 tags a resource; keys of 1 to 128 characters, values of up to 256 (SSM API reference, AddTagsToResource and Tag). */
function addTags(host: Host, tags: Array<{ Key: string; Value: string }>): void {
  for (const { Key, Value } of tags) {
    checkBounds([
      ['tags.key', Key, { min: 1, max: 128, pattern: /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u }],
      ['tags.value', Value, { max: 256 }],
    ]);
  }
  const all = { ...host.tags, ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(all).length > 50) throw new AwsError('TooManyTagsError', 'A resource can have 50 tags.');
  host.tags = all;
}
