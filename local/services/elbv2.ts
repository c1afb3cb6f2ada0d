/** Elastic Load Balancing: the target groups that nodes of the fleet file are in, for reading (ELB API reference, version 2015-12-01). */
import { createHash } from 'node:crypto';
import type { Fleet } from '../fleet/fleet.ts';
import type { NodeGroup } from '../fleet/surroundings.ts';
import { AwsError, type CallContext, type Input, type Service } from '../types.ts';
import { pageOf } from './listing.ts';

const PORT = 80;

/** DescribeTargetGroups and DescribeTargetHealth. */
export function createElb(fleet: Fleet): { service: Service } {
  return {
    service: {
      name: 'elasticloadbalancing',
      sdk: '@aws-sdk/client-elastic-load-balancing-v2',
      operations: {
        DescribeTargetGroups: {
          access: () => [{ action: 'elasticloadbalancing:DescribeTargetGroups', resource: '*' }],
          run: (input, context) => describeGroups(input, context, fleet),
        },
        DescribeTargetHealth: {
          access: () => [{ action: 'elasticloadbalancing:DescribeTargetHealth', resource: '*' }],
          run: (input, context) => describeHealth(input, context, fleet),
        },
      },
    },
  };
}

function describeGroups(input: Input, context: CallContext, fleet: Fleet): Input {
  refuse(input, ['LoadBalancerArn', 'Names', 'TargetGroupArns'], 'DescribeTargetGroups');
  const { PageSize = 400, Marker } = input;
  if (PageSize < 1 || PageSize > 400) throw new AwsError('ValidationError', 'PageSize must be between 1 and 400');
  const { items, next } = pageOf(fleet.surroundings.at(context.account, context.region).targetGroups, PageSize, Marker, 'ValidationError');
  const TargetGroups = items.map((group) => ({
    TargetGroupArn: arnOf(group, context),
    TargetGroupName: group.name,
    Protocol: 'HTTP',
    Port: PORT,
    TargetType: 'instance',
    HealthCheckEnabled: true,
    LoadBalancerArns: [],
  }));
  return { TargetGroups, ...(next !== undefined && { NextMarker: next }) };
}

/** A node whose agent is silent doesn't answer health checks either: both are lost with the machine. */
function describeHealth(input: Input, context: CallContext, fleet: Fleet): Input {
  refuse(input, ['Targets', 'Include'], 'DescribeTargetHealth');
  const group = fleet.surroundings
    .at(context.account, context.region)
    .targetGroups.find((candidate) => arnOf(candidate, context) === input.TargetGroupArn);
  if (!group) throw new AwsError('TargetGroupNotFound', 'One or more target groups not found');
  const TargetHealthDescriptions = group.nodes.map(({ id }) => {
    const host = fleet.host(id);
    const up = host?.state === 'running' && host.heartbeat.beats;
    const TargetHealth = up ? { State: 'healthy' } : { State: host?.state === 'running' ? 'unhealthy' : 'unused', Reason: 'Target.Timeout' };
    return { Target: { Id: id, Port: PORT }, HealthCheckPort: String(PORT), TargetHealth };
  });
  return { TargetHealthDescriptions };
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html */
function arnOf({ name }: NodeGroup, { account, region }: CallContext): string {
  const id = createHash('sha256').update(`${account} ${region} ${name}`).digest('hex').slice(0, 16);
  return `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/${name}/${id}`;
}

function refuse(input: Input, members: string[], operation: string): void {
  const used = members.find((member) => input[member] !== undefined);
  if (used !== undefined) throw new AwsError('ValidationError', `The embedded AWS does not know ${used} of elasticloadbalancing:${operation}`);
}
