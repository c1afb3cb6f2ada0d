/** What runs: EC2's instances, Systems Manager's nodes, and the groups that they are in. */
import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { DescribeTargetGroupsCommand, DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeInstanceInformationCommand, ListTagsForResourceCommand } from '@aws-sdk/client-ssm';
import type { Instance } from '@aws-sdk/client-ec2';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import type { SeenInstance, SeenNode, SeenScalingGroup, SeenTargetGroup } from '../../core/survey/model.ts';
import type { Clients } from './clients.ts';
import { atMost, pages, type Look } from './look.ts';

/** Largest pages: EC2 1,000, Systems Manager 50, Auto Scaling 100, ELB 400 (their API references). */
const INSTANCES = 1000;
const NODES = 50;
const GROUPS = 100;
const TARGET_GROUPS = 400;
/** Calls for single nodes or groups that run at the same time. */
const AT_ONCE = 4;

type Tag = { Key?: string | undefined; Value?: string | undefined };

function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** EC2's instances without terminated ones; at most a page more than `most`. */
export function readInstances({ ec2 }: Clients, look: Look, most: number): Promise<SeenInstance[] | undefined> {
  return look.see('ec2:DescribeInstances', async () => {
    const found = await pages(
      async (NextToken) => {
        const page = await ec2.send(new DescribeInstancesCommand({ NextToken, MaxResults: INSTANCES }));
        return { items: page.Reservations?.flatMap(({ Instances = [] }) => Instances), next: page.NextToken };
      },
      (items) => items.length > most,
    );
    return found.filter(({ State }) => State?.Name !== 'terminated' && State?.Name !== 'shutting-down').map(instanceOf);
  });
}

function instanceOf(instance: Instance): SeenInstance {
  const profile = instance.IamInstanceProfile?.Arn;
  return {
    id: instance.InstanceId ?? '',
    state: instance.State?.Name ?? '',
    imageId: instance.ImageId ?? '',
    architecture: instance.Architecture ?? '',
    launched: instance.LaunchTime?.toISOString() ?? '',
    zone: instance.Placement?.AvailabilityZone ?? '',
    // EC2 answers `windows`, the SDK's type says `Windows`.
    os: /^windows$/i.test(instance.Platform ?? '') ? 'windows' : 'linux',
    ...(profile !== undefined && { profile }),
    tags: tagsOf(instance.Tags),
  };
}

/** Managed nodes; hybrid ones with their tags. At most a page more than `most`. */
export async function readNodes({ ssm }: Clients, look: Look, most: number): Promise<SeenNode[] | undefined> {
  const found = await look.see('ssm:DescribeInstanceInformation', () =>
    pages(
      async (NextToken) => {
        const page = await ssm.send(new DescribeInstanceInformationCommand({ NextToken, MaxResults: NODES }));
        return { items: page.InstanceInformationList, next: page.NextToken };
      },
      (items) => items.length > most,
    ),
  );
  if (!found) return undefined;
  const nodes = found.map(nodeOf);
  const hybrid = nodes.filter(({ id }) => id.startsWith('mi-'));
  // Without the permission each of these calls would fail in the same way.
  const [first, ...others] = hybrid;
  if (first && (await readTags(first, { ssm }, look)))
    await atMost(
      AT_ONCE,
      others.map((node) => () => readTags(node, { ssm }, look)),
    );
  return nodes;
}

/** Tags of `mi-*` nodes belong to Systems Manager, and come one node a call (SSM API reference, ListTagsForResource). */
async function readTags(node: SeenNode, { ssm }: Pick<Clients, 'ssm'>, look: Look): Promise<boolean> {
  const tags = await look.see('ssm:ListTagsForResource', async () => {
    const { TagList } = await ssm.send(new ListTagsForResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: node.id }));
    return tagsOf(TagList);
  });
  if (tags) node.tags = tags;
  return tags !== undefined;
}

function nodeOf(entry: InstanceInformation): SeenNode {
  const lastPing = entry.LastPingDateTime?.toISOString();
  return {
    id: entry.InstanceId ?? '',
    name: entry.Name ?? entry.ComputerName ?? '',
    online: entry.PingStatus === 'Online',
    ...(lastPing !== undefined && { lastPing }),
    agentVersion: entry.AgentVersion ?? '',
    platformType: entry.PlatformType ?? '',
    platformName: entry.PlatformName ?? '',
    platformVersion: entry.PlatformVersion ?? '',
  };
}

/** Auto Scaling groups with their instances. */
export function readScalingGroups({ scaling }: Clients, look: Look): Promise<SeenScalingGroup[] | undefined> {
  return look.see('autoscaling:DescribeAutoScalingGroups', async () => {
    const groups = await pages(async (NextToken) => {
      const page = await scaling.send(new DescribeAutoScalingGroupsCommand({ NextToken, MaxRecords: GROUPS }));
      return { items: page.AutoScalingGroups, next: page.NextToken };
    });
    return groups.map((group) => ({
      name: group.AutoScalingGroupName ?? '',
      instances: (group.Instances ?? []).flatMap(({ InstanceId }) => InstanceId ?? []),
      tags: tagsOf(group.Tags),
    }));
  });
}

/** Target groups of instances, with the health of each. */
export async function readTargetGroups({ balancing }: Clients, look: Look): Promise<SeenTargetGroup[] | undefined> {
  const groups = await look.see('elasticloadbalancing:DescribeTargetGroups', () =>
    pages(async (Marker) => {
      const page = await balancing.send(new DescribeTargetGroupsCommand({ Marker, PageSize: TARGET_GROUPS }));
      return { items: page.TargetGroups, next: page.NextMarker };
    }),
  );
  if (!groups) return undefined;
  const ofInstances = groups.filter(({ TargetType }) => TargetType === 'instance');
  const read = await atMost(
    AT_ONCE,
    ofInstances.map(({ TargetGroupName = '', TargetGroupArn }) => async () => {
      const health = await look.see('elasticloadbalancing:DescribeTargetHealth', () =>
        balancing.send(new DescribeTargetHealthCommand({ TargetGroupArn })),
      );
      if (!health) return [];
      const targets = (health.TargetHealthDescriptions ?? []).map(({ Target, TargetHealth }) => ({
        id: Target?.Id ?? '',
        healthy: TargetHealth?.State === 'healthy',
      }));
      return [{ name: TargetGroupName, targets }];
    }),
  );
  return read.flat();
}
