/** A small fleet and what it is exposed to, for the tests of what starts by itself. Twelve nodes: two platforms with two test nodes each. */
import type { OpenExposure } from '../../lambdas/core/exposures/types.ts';
import type { Node, Policy } from '../../lambdas/core/model.ts';
import type { TriggerInput } from '../../lambdas/core/triggers/what-starts.ts';

export const AL = 'amazon-linux-2023-x86_64';
export const UBUNTU = 'ubuntu-24.04-x86_64';
export const CVE = 'CVE-2026-31337';
export const ALAS = 'alas ALAS2023-2026-931';
export const USN = 'usn USN-7500-1';
export const OPT_IN = { key: 'Wavelock', value: 'enabled' };
export const NOW = Date.parse('2026-12-21T18:00:00Z');

/** Fingerprints: `a` Amazon Linux, `b` Ubuntu. */
const FINGERPRINTS = { a: AL, b: UBUNTU } as const;

function node(number: number, kind: keyof typeof FINGERPRINTS, tags: Record<string, string>): Node {
  return {
    id: `i-${String(number).padStart(17, '0')}`,
    location: { account: '111111111111', region: 'eu-central-1' },
    name: `${kind}-${number}`,
    os: 'linux',
    platformName: 'Linux',
    platformVersion: '1',
    agentVersion: '3.3.987.0',
    online: true,
    tags: { Wavelock: 'enabled', ...tags },
    scan: {
      at: '2026-12-21T05:00:00Z',
      platform: FINGERPRINTS[kind],
      fingerprint: kind,
      kernel: '6.1',
      pending: '',
      otherUpdaters: [],
      diskFreeMb: 5_000,
    },
  };
}

export const FLEET: Node[] = [
  ...[1, 2].map((number) => node(number, 'a', { Environment: 'test', Service: 'web' })),
  ...[3, 4].map((number) => node(number, 'b', { Environment: 'test', Service: 'api' })),
  ...[5, 6, 7, 8].map((number) => node(number, 'a', { Environment: 'production', Service: 'web', Exposure: 'internet' })),
  ...[9, 10, 11, 12].map((number) => node(number, 'b', { Environment: 'production', Service: 'api' })),
];

/** In these tests the last scan says everything. */
export function fingerprintOf({ scan }: Node): string | undefined {
  return scan?.fingerprint;
}

export function keyOf(name: string): string {
  const found = FLEET.find((one) => one.name === name);
  return `111111111111/eu-central-1/${found?.id}`;
}

const QUIET = { severity: 'important', knownExploited: false, ransomware: false, vendorExploited: false } as const;

export function exposure(more: Partial<OpenExposure> = {}): OpenExposure {
  const [source = 'alas', advisory = ''] = ALAS.split(' ');
  const state = more.state ?? 'exposed';
  return {
    source,
    advisory,
    fingerprint: 'a',
    platform: AL,
    severity: 'important',
    cves: [CVE],
    state,
    packages: [
      {
        package: 'openssl',
        arch: 'x86_64',
        installed: '1:3.0.8-1',
        fixed: state === 'awaiting-vendor' ? null : '1:3.0.8-5',
        state,
        why: 'openssl is older than the fix',
      },
    ],
    published: '2026-12-01T00:00:00Z',
    seen: '2026-12-21T18:00:00Z',
    title: 'openssl security update',
    urgency: QUIET,
    nodes: 6,
    excepted: [],
    ...more,
  };
}

/** The same, listed by CISA. */
export function exploited(more: Partial<OpenExposure> = {}): OpenExposure {
  return exposure({ urgency: { ...QUIET, knownExploited: true, kevDue: '2027-01-11' }, ...more });
}

/** Ubuntu's side of the same CVE. */
export function onUbuntu(more: Partial<OpenExposure> = {}): OpenExposure {
  return exploited({ source: 'usn', advisory: 'USN-7500-1', fingerprint: 'b', platform: UBUNTU, ...more });
}

const NONE = { count: 0 };
const wave = (name: string, nodes: Policy['nodes']): Policy['waves'][number] => {
  return { name, nodes, soak: 3_600, promoteWhen: { provenOn: 1, failed: NONE, unreachable: NONE }, stopWhen: { failed: NONE, unreachable: NONE } };
};

export function zeroDay(more: Partial<Policy> = {}): Policy {
  return {
    name: 'zero-day',
    mode: 'approve',
    nodes: { exposed: true, tags: { Wavelock: 'enabled' } },
    startWhen: [{ knownExploited: true }],
    patches: { onlyWhatClosesIt: true, kinds: ['security', 'other'], severity: { atLeast: 'low', unrated: 'include' }, leaveOut: [] },
    waves: [wave('test', { tags: { Environment: 'test' } }), wave('inside', { everythingElse: true })],
    tell: { security: ['exposed', 'approval', 'closed'] },
    ...more,
  };
}

export function input(more: Partial<TriggerInput> = {}): TriggerInput {
  const taken = new Map<string, Set<string>>();
  return {
    policies: [zeroDay()],
    exposures: [],
    fleet: FLEET,
    fingerprintOf,
    optIn: OPT_IN,
    running: [],
    asked: [],
    taken,
    mitigated: [],
    now: NOW,
    ...more,
  };
}

export const EXPLOITED = new Map([[CVE, { cve: CVE, added: '2026-12-21', due: '2027-01-11', ransomware: false, product: 'OpenSSL' }]]);
