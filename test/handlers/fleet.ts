/** The fleet of the handler tests: nine machines in two of the assembly's four locations, and what their repository offers. */
import { nodeId } from '../../local/fleet/nodes.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import type { LockPlatform, Node } from '../../lambdas/core/model.ts';
import type { FleetFile, NodeEntry } from '../../local/fleet/types.ts';

export const HERE = '111111111111/eu-central-1';
export const THERE = '222222222222/eu-west-1';
export const PLATFORM = 'amazon-linux-2023-x86_64';
export const WINDOWS = 'windows-2022-x86_64';
export const KB = 'KB5077470';
export const OPENSSL = '1:3.0.8-1.amzn2023.0.5';
export const CURL = '8.3.0-1.amzn2023.0.3';

const enabled = { Wavelock: 'enabled' };

const entries: NodeEntry[] = [
  { name: 'test-{n}', count: 2, location: HERE, inventory: 'al2023', tags: { ...enabled, Environment: 'test' } },
  { name: 'shop-{n}', count: 3, location: HERE, inventory: 'al2023', tags: { ...enabled, Environment: 'production' } },
  { name: 'plant-{n}', count: 2, hybrid: true, location: THERE, inventory: 'al2023', tags: { ...enabled, Environment: 'production' } },
  { name: 'office-{n}', count: 1, location: HERE, inventory: 'win2022', tags: { ...enabled, Environment: 'office' } },
  { name: 'stranger', location: HERE, inventory: 'al2023', tags: { Environment: 'production' } },
];

/** What nodes have installed and are offered: two security updates and a service. */
export const FLEET: FleetFile = {
  version: 1,
  locations: [HERE, '111111111111/eu-west-1', '222222222222/eu-central-1', THERE],
  inventories: {
    al2023: {
      platform: PLATFORM,
      releasever: '2023.6.20241010',
      installed: {
        openssl: '1:3.0.8-1.amzn2023.0.3',
        curl: '8.3.0-1.amzn2023.0.2',
        kernel: '6.1.94-99.176.amzn2023',
        nginx: '1:1.24.0-1.amzn2023.0.3',
      },
      available: [
        {
          package: 'openssl',
          version: OPENSSL,
          kind: 'security',
          severity: 'important',
          advisories: ['ALAS2023-2026-901'],
          restarts: ['nginx.service'],
        },
        { package: 'curl', version: CURL, kind: 'security', severity: 'low', advisories: ['ALAS2023-2026-902'] },
      ],
      services: ['nginx.service'],
    },
    win2022: {
      platform: WINDOWS,
      installed: { KB5008882: '' },
      available: [{ package: KB, version: '', kind: 'security', severity: 'critical', advisories: [KB], reboot: true }],
      services: ['LanmanServer'],
    },
  },
  nodes: entries,
};

/** The candidate that this fleet is offered, as a plan holds it. */
export const CANDIDATE: LockPlatform[] = [
  {
    platform: PLATFORM,
    releasever: '2023.6.20241010',
    items: [
      { use: 'update', name: 'curl', arch: 'x86_64', version: CURL },
      { use: 'update', name: 'openssl', arch: 'x86_64', version: OPENSSL },
    ],
  },
];

/** Ids by name. */
export const ID = {
  test1: nodeId('test-1', false),
  test2: nodeId('test-2', false),
  shop1: nodeId('shop-1', false),
  shop2: nodeId('shop-2', false),
  shop3: nodeId('shop-3', false),
  plant1: nodeId('plant-1', true),
  plant2: nodeId('plant-2', true),
  office1: nodeId('office-1', false),
  stranger: nodeId('stranger', false),
};

const linux = { os: 'linux', platformName: 'Amazon Linux', platformVersion: '2023' } as const;
const windows = { os: 'windows', platformName: 'Microsoft Windows Server 2022 Datacenter', platformVersion: '10.0.20348' } as const;

/** A node of this fleet as the record holds it before its first scan. */
export function nodeRow(name: keyof typeof ID): Node {
  const location = parseLocation(name.startsWith('plant') ? THERE : HERE);
  const written = name.replace(/(\d)$/, '-$1');
  const environment = name.startsWith('test') ? 'test' : name.startsWith('office') ? 'office' : 'production';
  return {
    id: ID[name],
    location,
    name: written,
    ...(name === 'office1' ? windows : linux),
    agentVersion: '3.3.987.0',
    online: true,
    tags: { ...(name === 'stranger' ? {} : enabled), Environment: environment },
  };
}

/** Names of the Linux nodes that may be patched. */
export const PATCHABLE = ['test1', 'test2', 'shop1', 'shop2', 'shop3', 'plant1', 'plant2'] as const;
