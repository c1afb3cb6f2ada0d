/** Amazon EC2 Auto Scaling: the groups that nodes of the fleet file belong to, for reading (Auto Scaling API reference). */
import type { NodeGroup, Surroundings } from '../fleet/surroundings.ts';
import type { Ec2Instance } from '../fleet/types.ts';
import { AwsError, type CallContext, type Input, type Service } from '../types.ts';
import { pageOf } from './listing.ts';

/** The fleet, as far as Auto Scaling knows it. */
export interface ScalingHosts {
  surroundings: Surroundings;
  instances(account: string, region: string): Ec2Instance[];
}

/** DescribeAutoScalingGroups. Pages of 1 to 100, 50 unless asked. */
export function createAutoScaling(hosts: ScalingHosts): { service: Service } {
  return {
    service: {
      name: 'autoscaling',
      sdk: '@aws-sdk/client-auto-scaling',
      operations: {
        DescribeAutoScalingGroups: {
          access: () => [{ action: 'autoscaling:DescribeAutoScalingGroups', resource: '*' }],
          run: (input, context) => describeGroups(input, context, hosts),
        },
      },
    },
  };
}

function describeGroups(input: Input, context: CallContext, hosts: ScalingHosts): Input {
  const { AutoScalingGroupNames = [], MaxRecords = 50, NextToken } = input;
  const unknown = ['Filters', 'IncludeInstances'].find((member) => input[member] !== undefined);
  if (unknown !== undefined)
    throw new AwsError('ValidationError', `The embedded AWS does not know ${unknown} of autoscaling:DescribeAutoScalingGroups`);
  if (MaxRecords < 1 || MaxRecords > 100) throw new AwsError('ValidationError', 'MaxRecords must be between 1 and 100');
  const instances = new Map(hosts.instances(context.account, context.region).map((instance) => [instance.id, instance]));
  const groups = hosts.surroundings
    .at(context.account, context.region)
    .scalingGroups.filter(({ name }) => AutoScalingGroupNames.length === 0 || AutoScalingGroupNames.includes(name));
  const { items, next } = pageOf(groups, MaxRecords, NextToken, 'InvalidNextToken');
  return { AutoScalingGroups: items.map((group) => view(group, instances, context)), ...(next !== undefined && { NextToken: next }) };
}

function view({ name, nodes }: NodeGroup, instances: Map<string, Ec2Instance>, { account, region }: CallContext): Input {
  const running = nodes.flatMap(({ id }) => instances.get(id) ?? []).filter(({ state }) => state === 'running');
  const cluster = nodes.find((node) => node.eks !== undefined)?.eks;
  const tags = cluster === undefined ? {} : { 'eks:cluster-name': cluster, [`kubernetes.io/cluster/${cluster}`]: 'owned' };
  return {
    AutoScalingGroupName: name,
    AutoScalingGroupARN: `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:${name}:autoScalingGroupName/${name}`,
    MinSize: running.length,
    MaxSize: running.length,
    DesiredCapacity: running.length,
    DefaultCooldown: 300,
    AvailabilityZones: [...new Set(running.map(({ zone }) => zone))],
    HealthCheckType: 'EC2',
    CreatedTime: new Date(0),
    Instances: running.map(({ id, zone, imageId, type }) => ({
      InstanceId: id,
      InstanceType: type,
      AvailabilityZone: zone,
      LifecycleState: 'InService',
      HealthStatus: 'Healthy',
      ImageId: imageId,
      ProtectedFromScaleIn: false,
    })),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ ResourceId: name, ResourceType: 'auto-scaling-group', Key, Value, PropagateAtLaunch: true })),
  };
}
