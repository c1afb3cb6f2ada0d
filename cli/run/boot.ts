/** What the terminal says once the embedded AWS stands. */
import { basename } from 'node:path';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { WorldMessage } from './messages.ts';

/** Counts over all stacks; the hub's template names the artefact. `assembly` is only for the message's reader. */
export function bootMessage(cloud: EmbeddedAws, assembly: string, milliseconds: number): WorldMessage {
  const { stacks, types } = cloud.inventory;
  const hub = stacks[0];
  const count = (type: string) => types[type] ?? 0;
  return {
    type: 'booted',
    template: basename(hub?.file ?? assembly),
    sha256: hub?.sha256 ?? '',
    resources: hub?.resources.length ?? 0,
    functions: count('AWS::Lambda::Function'),
    machines: count('AWS::StepFunctions::StateMachine'),
    documents: new Set(
      cloud.inventory.stacks.flatMap((stack) =>
        stack.resources.filter((resource) => resource.type === 'AWS::SSM::Document').map((resource) => resource.ref),
      ),
    ).size,
    roles: count('AWS::IAM::Role'),
    locations: stacks.length,
    milliseconds: Math.round(milliseconds),
  };
}

/** The simulated fleet, by platform. */
export function fleetMessage(cloud: EmbeddedAws): WorldMessage {
  const platforms: Record<string, number> = {};
  for (const host of cloud.fleet.hosts) platforms[host.platform.platform] = (platforms[host.platform.platform] ?? 0) + 1;
  const hybrid = cloud.fleet.hosts.filter((host) => host.id.startsWith('mi-')).length;
  const nodes = cloud.fleet.hosts.length;
  return { type: 'fleet', nodes, ec2: nodes - hybrid, hybrid, platforms };
}
