import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { allow } from './allow.ts';

/** The deployer's subnets and security groups, for functions that may not leave by AWS's own network. */
export interface Network {
  subnetIds: string[];
  securityGroupIds: string[];
}

/** Puts a function into the deployer's VPC. */
export function joinNetwork(resource: CfnFunction, role: Role, network: Network): void {
  resource.vpcConfig = { subnetIds: network.subnetIds, securityGroupIds: network.securityGroupIds };
  allow(role, {
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
    because: 'Lambda attaches functions to a VPC with these (Lambda Developer Guide, "Required IAM permissions"): no interface exists yet.',
  });
}
