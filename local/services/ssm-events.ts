/**
 * Events of Run Command, in the documented shape (User Guide, "EventBridge event patterns and types for Systems Manager": EC2 Command
 * Status-change Notification, EC2 Command Invocation Status-change Notification). They carry no details, exit code or output.
 */
import type { Fleet } from '../fleet/fleet.ts';
import type { Cloud } from '../types.ts';
import type { Command, Invocation } from './ssm-state.ts';

/** The command's status has changed: the event carries its parameters, and every target as a resource. */
export function emitCommand(cloud: Cloud, fleet: Fleet, command: Command): void {
  const detail = {
    'command-id': command.id,
    'document-name': command.documentName,
    'expire-after': new Date(command.expires).toISOString(),
    parameters: command.parameters,
    'requested-date-time': new Date(command.requested).toISOString(),
    status: command.status,
  };
  emit(cloud, fleet, command, {
    detailType: 'EC2 Command Status-change Notification',
    resources: command.invocations.map(({ host }) => host.arn),
    detail,
  });
}

/** The status of one node's part has changed. */
export function emitInvocation(cloud: Cloud, fleet: Fleet, command: Command, { host, view }: Invocation): void {
  const detail = {
    'command-id': command.id,
    'document-name': command.documentName,
    'instance-id': host.id,
    'requested-date-time': new Date(command.requested).toISOString(),
    status: view.status,
  };
  emit(cloud, fleet, command, { detailType: 'EC2 Command Invocation Status-change Notification', resources: [host.arn], detail });
}

function emit(
  cloud: Cloud,
  fleet: Fleet,
  { account, region }: Command,
  event: { detailType: string; resources: string[]; detail: { status: string; 'document-name': string } },
): void {
  if (!fleet.losesEvent(event)) cloud.emit(account, region, { source: 'aws.ssm', ...event });
}
