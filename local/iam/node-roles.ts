import { parseLocation } from '../../lambdas/core/model.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Iam } from './iam.ts';
import { awsManagedPolicy } from './managed-policies.ts';

const MANAGED_NODE = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore';

/**
 * The roles that machines of a fleet have: the least that AWS asks of a managed node (User Guide, "Configure instance permissions required
 * for Systems Manager"). No template makes them: they are the fleet's owner's. With them a node fetches the documents that ours name. The roles
 * of its runbooks as well, in each account: they may nothing, as what a runbook does is simulated.
 */
export function putNodeRoles(iam: Iam, fleet: Fleet): void {
  for (const { caller, hybrid } of fleet.hosts) {
    if (caller.roleArn === undefined || iam.role(caller.roleArn)) continue;
    const Service = hybrid ? 'ssm.amazonaws.com' : 'ec2.amazonaws.com';
    iam.putRole({
      arn: caller.roleArn,
      trust: trusting(Service),
      policies: [{ name: 'AmazonSSMManagedInstanceCore', document: awsManagedPolicy(MANAGED_NODE), managed: true, awsManaged: true }],
    });
  }
  for (const account of new Set(fleet.locations.map((location) => parseLocation(location).account))) {
    for (const { role } of fleet.runbooks)
      iam.putRole({ arn: `arn:aws:iam::${account}:role/${role}`, trust: trusting('ssm.amazonaws.com'), policies: [] });
  }
}

function trusting(Service: string): object {
  return { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' } };
}
