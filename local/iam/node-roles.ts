import type { Fleet } from '../fleet/fleet.ts';
import type { Iam } from './iam.ts';
import { awsManagedPolicy } from './managed-policies.ts';

const MANAGED_NODE = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore';

/**
 * The roles that machines of a fleet have: the least that AWS asks of a managed node (User Guide, "Configure instance permissions required
 * for Systems Manager"). No template makes them: they are the fleet's owner's. With them a node fetches the documents that ours name.
 */
export function putNodeRoles(iam: Iam, fleet: Fleet): void {
  for (const { caller, hybrid } of fleet.hosts) {
    if (caller.roleArn === undefined || iam.role(caller.roleArn)) continue;
    const Service = hybrid ? 'ssm.amazonaws.com' : 'ec2.amazonaws.com';
    iam.putRole({
      arn: caller.roleArn,
      trust: { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' } },
      policies: [{ name: 'AmazonSSMManagedInstanceCore', document: awsManagedPolicy(MANAGED_NODE), awsManaged: true }],
    });
  }
}
