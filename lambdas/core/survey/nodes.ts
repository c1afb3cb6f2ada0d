/** Surveyed machines as the rest of Wavelock knows nodes, and which of them a first policy would take. */
import type { Node } from '../model.ts';
import type { Machine } from './machines.ts';
import { isPatched } from './platforms.ts';
import type { Updater } from './updaters.ts';

/** The tag without which nothing is ever sent to a node (context `optInTag` of the stack; this is its default). */
export const OPT_IN = { key: 'Wavelock', value: 'enabled' };

/** What a scan would say, as far as Systems Manager tells; free disk space is known to nobody yet. */
export function nodeOf(machine: Machine, updaters: readonly Updater[] = []): Node | undefined {
  const { node, platform } = machine;
  if (!node || platform === undefined) return undefined;
  return {
    id: machine.id,
    location: machine.location,
    name: machine.name,
    os: machine.os,
    platformName: node.platformName,
    platformVersion: node.platformVersion,
    agentVersion: node.agentVersion,
    online: node.online,
    ...(node.lastPing !== undefined && { lastPing: node.lastPing }),
    ...(machine.zone ? { zone: machine.zone } : {}),
    tags: machine.tags,
    scan: {
      at: machine.software?.captured ?? '',
      platform,
      fingerprint: machine.software?.list ?? '',
      kernel: '',
      pending: (machine.patch?.pendingReboot ?? 0) > 0 ? 'reboot' : '',
      otherUpdaters: updaters.map(({ by }) => by),
      diskFreeMb: 0,
    },
  };
}

/** Why a first policy leaves a machine out; `undefined` where it takes it. */
export function leftOutBecause(machine: Machine): string | undefined {
  if (!machine.node) return machine.running ? 'not managed' : 'stopped';
  if (machine.owner) return 'replaced by its group: patch the image';
  if (machine.platform === undefined) return `${machine.node.platformName || 'its operating system'} is not known to Wavelock`;
  return isPatched(machine.platform) ? undefined : `Wavelock does not patch ${machine.platform}`;
}
