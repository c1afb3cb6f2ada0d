/** A fleet of 300 machines in four places, in which everything that an assessment looks for is planted, beside decoys that it must not list. */
import { expandEntry } from '../../local/fleet/nodes.ts';
import type { FleetFile, Inventory, NodeEntry, SurroundingsEntry } from '../../local/fleet/types.ts';

export const ACCOUNT = '111111111111';
export const OTHER = '222222222222';
export const LOCATIONS = [`${ACCOUNT}/eu-central-1`, `${ACCOUNT}/eu-west-1`, `${OTHER}/eu-central-1`, `${OTHER}/eu-west-1`];
const SIZE = 300;

/** What was planted → ids. */
export type Planted = Record<
  | 'unmanaged'
  | 'stopped'
  | 'silent'
  | 'neverScanned'
  | 'stale'
  | 'noInventory'
  | 'agentTooOld'
  | 'autoScaling'
  | 'eks'
  | 'unattended'
  | 'dnfAutomatic'
  | 'windowsUpdate'
  | 'association'
  | 'window'
  | 'delayed'
  | 'rejecting'
  | 'frozen'
  | 'withoutRule'
  | 'untagged',
  string[]
>;

export interface PlantedFleet {
  file: FleetFile;
  planted: Planted;
}

const inventories: Record<string, Inventory> = {
  al2023: { platform: 'amazon-linux-2023-x86_64', installed: { openssl: '1:3.0.8-1.amzn2023.0.3', kernel: '6.1.94-99.176.amzn2023' }, available: [] },
  arm: { platform: 'amazon-linux-2023-aarch64', installed: { openssl: '1:3.0.8-1.amzn2023.0.3' }, available: [] },
  ubuntu: { platform: 'ubuntu-24.04-x86_64', installed: { openssl: '3.0.13-0ubuntu3.4', libssl3t64: '3.0.13-0ubuntu3.4' }, available: [] },
  rhel: { platform: 'rhel-9-x86_64', installed: { openssl: '1:3.0.7-27.el9', kernel: '5.14.0-427.13.1.el9_4' }, available: [] },
  windows: { platform: 'windows-2022-x86_64', installed: { KB5034770: '' }, available: [] },
};

const KINDS = ['al2023', 'ubuntu', 'rhel', 'windows'];
const ENVIRONMENTS = ['prod', 'test', 'prod', 'staging', 'Production', 'dev'];
const IMAGES = ['ami-0aaaaaaaaaaaaaaaa', 'ami-0bbbbbbbbbbbbbbbb'];
const OPERATING_SYSTEMS = ['AMAZON_LINUX_2023', 'UBUNTU', 'REDHAT_ENTERPRISE_LINUX', 'WINDOWS'] as const;

/** Defaults that refuse nothing, so that only planted baselines do; schedules that only scan; and those that install. */
const surroundings: SurroundingsEntry[] = [
  {
    baselines: [
      ...OPERATING_SYSTEMS.map((operatingSystem) => ({ name: `open-${operatingSystem}`, operatingSystem, default: true })),
      { name: 'slow', operatingSystem: 'AMAZON_LINUX_2023', patchGroups: ['slow'], approveAfterDays: 14 },
      { name: 'pinned', operatingSystem: 'REDHAT_ENTERPRISE_LINUX', patchGroups: ['pinned'], rejected: ['kernel*'] },
      { name: 'frozen', operatingSystem: 'WINDOWS', patchGroups: ['frozen'], approveUntil: '2026-01-31' },
      { name: 'nothing', operatingSystem: 'AMAZON_LINUX_2023', patchGroups: ['nothing'], classifications: [] },
      // Ubuntu's archives carry no dates: Patch Manager ignores this delay.
      { name: 'ubuntu-week', operatingSystem: 'UBUNTU', patchGroups: ['ubuntu-week'], approveAfterDays: 7 },
    ],
    associations: [
      { name: 'daily-scan', document: 'AWS-RunPatchBaseline', operation: 'Scan', schedule: 'rate(1 day)' },
      { name: 'agent', document: 'AWS-UpdateSSMAgent', schedule: 'rate(14 days)' },
      {
        name: 'patch-policy',
        document: 'AWS-RunPatchBaseline',
        operation: 'Install',
        schedule: 'cron(0 2 ? * SUN *)',
        tags: { PatchPolicy: 'weekly' },
      },
    ],
    maintenanceWindows: [
      { name: 'scan only', schedule: 'cron(0 4 ? * * *)', hours: 2, document: 'AWS-RunPatchBaseline', operation: 'Scan' },
      {
        name: 'ERP Sunday',
        schedule: 'cron(0 3 ? * SUN *)',
        timezone: 'Europe/Berlin',
        hours: 4,
        cutoff: 1,
        document: 'AWS-RunPatchBaseline',
        operation: 'Install',
        tags: { App: 'erp' },
      },
      { name: 'switched off', schedule: 'cron(0 3 ? * SAT *)', hours: 4, enabled: false, document: 'AWS-RunPatchBaseline', operation: 'Install' },
    ],
  },
  { locations: [LOCATIONS[0] ?? ''], calendars: [{ name: 'year-end-freeze', closed: true, changesAfter: 'P14D' }, { name: 'open-season' }] },
];

/** Builds it: the same every time. */
export function plantedFleet(): PlantedFleet {
  const nodes: NodeEntry[] = [];
  const planted = {} as Planted;
  const add = (what: keyof Planted | undefined, name: string, entry: Partial<NodeEntry> = {}): string => {
    const index = nodes.length;
    const location = entry.location ?? LOCATIONS[index % LOCATIONS.length] ?? '';
    const kind = KINDS[Math.floor(index / 4) % KINDS.length] ?? 'al2023';
    const tags = { Environment: ENVIRONMENTS[index % ENVIRONMENTS.length] ?? 'prod', ...entry.tags };
    const node: NodeEntry = { name, inventory: kind, zone: 'a', ...entry, location, tags };
    if (node.hybrid === true) delete node.zone;
    nodes.push(node);
    const [{ id } = { id: '' }] = expandEntry(node);
    if (what !== undefined) planted[what] = [...(planted[what] ?? []), id];
    return id;
  };
  const plant = (what: keyof Planted, count: number, entry: (number: number) => Partial<NodeEntry>): void => {
    for (let number = 1; number <= count; number++) add(what, `${what}-${number}`, entry(number));
  };

  plant('unmanaged', 12, (number) => ({ unmanaged: number % 2 === 0 ? 'no-profile' : 'no-agent' }));
  plant('stopped', 9, () => ({ stopped: true }));
  plant('silent', 8, (number) => ({ online: false, ...(number > 6 && { hybrid: true }) }));
  plant('neverScanned', 10, (number) => ({ scanned: 'never', ...(number > 8 && { hybrid: true }) }));
  plant('stale', 12, (number) => (number <= 7 ? { scanned: `P${8 + number}D` } : { inventoried: `P${20 + number}D` }));
  plant('noInventory', 6, () => ({ inventoried: 'never' }));
  plant('agentTooOld', 9, (number) => ({ agent: ['2.3.1319.0', '3.0.1390.0', '3.1.1044.9'][number % 3] }));
  plant('autoScaling', 20, (number) => ({
    autoScalingGroup: number <= 12 ? 'web-asg' : 'api-asg',
    image: IMAGES[number <= 12 ? 0 : 1],
    location: LOCATIONS[0],
    inventory: 'al2023',
  }));
  plant('eks', 15, (number) => ({ eks: number <= 9 ? 'shop' : 'data', image: IMAGES[1], location: LOCATIONS[2], inventory: 'al2023' }));
  plant('unattended', 8, () => ({ others: ['unattended-upgrades'], inventory: 'ubuntu' }));
  plant('dnfAutomatic', 6, () => ({ others: ['dnf-automatic'], inventory: 'rhel' }));
  plant('windowsUpdate', 5, () => ({ others: ['windows-update'], inventory: 'windows' }));
  plant('association', 7, () => ({ tags: { PatchPolicy: 'weekly' } }));
  plant('window', 6, () => ({ tags: { App: 'erp', Environment: 'prod' }, inventory: 'rhel' }));
  plant('delayed', 9, () => ({ inventory: 'al2023', tags: { 'Patch Group': 'slow' } }));
  plant('rejecting', 6, () => ({ inventory: 'rhel', tags: { PatchGroup: 'pinned' } }));
  plant('frozen', 4, () => ({ inventory: 'windows', tags: { 'Patch Group': 'frozen' } }));
  plant('withoutRule', 3, () => ({ inventory: 'al2023', tags: { PatchGroup: 'nothing' } }));
  plant('untagged', 5, () => ({ hybrid: true, inventory: 'ubuntu', tags: { Environment: '' } }));

  // Decoys: nearly what is looked for.
  for (let number = 1; number <= 4; number++)
    add(undefined, `ubuntu-week-${number}`, { inventory: 'ubuntu', tags: { 'Patch Group': 'ubuntu-week' } });
  for (let number = 1; number <= 4; number++) add(undefined, `just-new-enough-${number}`, { agent: '3.1.1045.0' });
  for (let number = 1; number <= 4; number++) add(undefined, `fresh-enough-${number}`, { scanned: 'P6D', inventoried: 'P6D' });
  // A patch group whose baseline is for another operating system: the default one counts.
  for (let number = 1; number <= 3; number++) add(undefined, `other-os-${number}`, { inventory: 'ubuntu', tags: { 'Patch Group': 'slow' } });
  // In two lists at once.
  const both = add('agentTooOld', 'old-and-unattended', { agent: '2.3.1.0', others: ['unattended-upgrades'], inventory: 'ubuntu' });
  planted.unattended.push(both);
  // One healthy target, and a group of two.
  add(undefined, 'lonely', { targetGroup: 'single', inventory: 'al2023', tags: { Environment: 'prod' } });
  for (const name of ['pair-1', 'pair-2']) add(undefined, name, { targetGroup: 'pair', inventory: 'al2023', location: LOCATIONS[0] });
  add(undefined, 'arm-1', { inventory: 'arm', tags: { Environment: 'prod' }, location: LOCATIONS[1] });
  for (let number = 1; nodes.length < SIZE; number++) add(undefined, `plain-${number}`, { ...(number % 10 === 0 && { hybrid: true }) });
  return {
    file: {
      version: 1,
      locations: LOCATIONS,
      inventories,
      nodes,
      surroundings,
      organization: { '333333333333': 'sandbox', '444444444444': 'archive' },
    },
    planted,
  };
}
