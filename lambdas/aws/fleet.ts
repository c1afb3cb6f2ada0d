/** Who is there: nodes of a location as Systems Manager, EC2 and the tagging API describe them. */
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { NodeId } from '../core/model.ts';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import type { Location, Node } from '../core/model.ts';
import type { Spokes } from './spokes.ts';

export interface FleetGateway {
  /** Every managed node of a location, without scan facts. Stopped EC2 instances are not listed by SSM. */
  nodes(location: Location): Promise<Node[]>;
  /** Ids of a location that have a heartbeat now, and since when the others are silent (ms). */
  pings(location: Location, ids: string[]): Promise<Map<string, { online: boolean; lastPing: number | undefined }>>;
  /** Those of these nodes that carry a tag now, asked anew. */
  carrying(location: Location, ids: string[], tag: { key: string; value: string }): Promise<Set<string>>;
}

interface Ec2Facts {
  zone: string | undefined;
  tags: Record<string, string>;
}

/** DescribeInstanceInformation's own page limit (SSM API reference, MaxResults 5-50); InstanceIds filter takes 100 values. */
const PAGE = 50;

export function createFleetGateway(spokes: Spokes): FleetGateway {
  const ssm = spokes.clients((config) => new SSMClient(config));
  const ec2 = spokes.clients((config) => new EC2Client(config));
  const tagging = spokes.clients((config) => new ResourceGroupsTaggingAPIClient(config));
  return {
    async nodes(location) {
      const [information, instances, hybridTags] = await Promise.all([
        describe(ssm(location), undefined),
        ec2Facts(ec2(location)),
        managedInstanceTags(tagging(location)),
      ]);
      return information.flatMap((entry) => nodeOf(location, entry, instances, hybridTags) ?? []);
    },
    async pings(location, ids) {
      const found = new Map<string, { online: boolean; lastPing: number | undefined }>();
      for (let start = 0; start < ids.length; start += PAGE) {
        for (const entry of await describe(ssm(location), ids.slice(start, start + PAGE))) {
          if (entry.InstanceId) found.set(entry.InstanceId, { online: entry.PingStatus === 'Online', lastPing: entry.LastPingDateTime?.getTime() });
        }
      }
      return found;
    },
    async carrying(location, ids, { key, value }) {
      const hybrid = ids.filter((id) => id.startsWith('mi-'));
      const [instances, tagged] = await Promise.all([
        hybrid.length < ids.length
          ? ec2Facts(
              ec2(location),
              ids.filter((id) => id.startsWith('i-')),
            )
          : new Map<string, Ec2Facts>(),
        hybrid.length > 0 ? managedInstanceTags(tagging(location)) : new Map<string, Record<string, string>>(),
      ]);
      return new Set(ids.filter((id) => (instances.get(id)?.tags ?? tagged.get(id) ?? {})[key] === value));
    },
  };
}

async function describe(ssm: SSMClient, ids: string[] | undefined): Promise<InstanceInformation[]> {
  const all: InstanceInformation[] = [];
  let NextToken: string | undefined;
  do {
    const Filters = ids && [{ Key: 'InstanceIds', Values: ids }];
    const page = await ssm.send(new DescribeInstanceInformationCommand({ MaxResults: PAGE, NextToken, Filters }));
    all.push(...(page.InstanceInformationList ?? []));
    NextToken = page.NextToken || undefined;
  } while (NextToken);
  return all;
}

/** Of all instances, or of these: by filter, because an id that EC2 has forgotten would fail the whole call. */
async function ec2Facts(ec2: EC2Client, ids?: string[]): Promise<Map<string, Ec2Facts>> {
  const facts = new Map<string, Ec2Facts>();
  let NextToken: string | undefined;
  do {
    const page = await ec2.send(
      new DescribeInstancesCommand({ MaxResults: 1000, NextToken, ...(ids ? { Filters: [{ Name: 'instance-id', Values: ids }] } : {}) }),
    );
    for (const instance of (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? [])) {
      if (!instance.InstanceId) continue;
      const tags = Object.fromEntries((instance.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
      facts.set(instance.InstanceId, { zone: instance.Placement?.AvailabilityZone, tags });
    }
    NextToken = page.NextToken || undefined;
  } while (NextToken);
  return facts;
}

/** Tags of `mi-*` nodes: one call for a hundred nodes instead of ListTagsForResource for each. */
async function managedInstanceTags(tagging: ResourceGroupsTaggingAPIClient): Promise<Map<string, Record<string, string>>> {
  const tags = new Map<string, Record<string, string>>();
  let PaginationToken: string | undefined;
  do {
    const page = await tagging.send(
      new GetResourcesCommand({ ResourceTypeFilters: ['ssm:managed-instance'], ResourcesPerPage: 100, PaginationToken }),
    );
    for (const { ResourceARN = '', Tags = [] } of page.ResourceTagMappingList ?? []) {
      tags.set(ResourceARN.slice(ResourceARN.lastIndexOf('/') + 1), Object.fromEntries(Tags.map((tag) => [tag.Key ?? '', tag.Value ?? ''])));
    }
    PaginationToken = page.PaginationToken || undefined;
  } while (PaginationToken);
  return tags;
}

function nodeOf(
  location: Location,
  entry: InstanceInformation,
  instances: Map<string, Ec2Facts>,
  hybridTags: Map<string, Record<string, string>>,
): Node | undefined {
  const id = entry.InstanceId ?? '';
  // MacOS has no document of ours, and an id that SendCommand would refuse must not reach a batch.
  if (!NodeId.safeParse(id).success || (entry.PlatformType !== 'Linux' && entry.PlatformType !== 'Windows')) return undefined;
  const ec2 = instances.get(id);
  const tags = ec2?.tags ?? hybridTags.get(id) ?? {};
  return {
    id,
    location,
    name: tags.Name ?? entry.Name ?? entry.ComputerName ?? id,
    os: entry.PlatformType === 'Windows' ? 'windows' : 'linux',
    platformName: entry.PlatformName ?? '',
    platformVersion: entry.PlatformVersion ?? '',
    agentVersion: entry.AgentVersion ?? '',
    online: entry.PingStatus === 'Online',
    ...(entry.LastPingDateTime ? { lastPing: entry.LastPingDateTime.toISOString() } : {}),
    ...(ec2?.zone ? { zone: ec2.zone } : {}),
    tags,
  };
}
