/** Small values for tests of decisions: a node, a wave, a policy, facts; each test changes what it is about. */
import type { FleetFacts, Node, Policy, PolicyFile, Wave } from '../../lambdas/core/model.ts';

export const OPT_IN = { key: 'Wavelock', value: 'enabled' };

export function node(name: string, more: Partial<Node> & { platform?: string } = {}): Node {
  const { platform = 'amazon-linux-2023-x86_64', ...fields } = more;
  const id = `i-${Buffer.from(name).toString('hex').padStart(17, '0').slice(-17)}`;
  return {
    id,
    location: { account: '111111111111', region: 'eu-central-1' },
    name,
    os: 'linux',
    platformName: 'Amazon Linux',
    platformVersion: '2023',
    agentVersion: '3.3.987.0',
    online: true,
    tags: { Wavelock: 'enabled' },
    scan: { at: '2026-12-09T05:00:00Z', platform, fingerprint: 'f'.repeat(64), kernel: '6.1', pending: '', otherUpdaters: [], diskFreeMb: 5000 },
    ...fields,
  };
}

export function wave(name: string, more: Partial<Wave> = {}): Wave {
  return {
    name,
    nodes: { everythingElse: true },
    soak: 0,
    promoteWhen: { provenOn: 1, failed: { count: 0 }, unreachable: { count: 0 } },
    stopWhen: { failed: { count: 0 }, unreachable: { count: 0 } },
    ...more,
  };
}

export function policy(more: Partial<Policy> = {}): Policy {
  return {
    name: 'monthly',
    mode: 'auto',
    nodes: { tags: { Wavelock: 'enabled' } },
    plan: { every: 'day', at: '09:00', timezone: 'UTC' },
    patches: { kinds: ['security'], severity: { atLeast: 'low', unrated: 'include' }, leaveOut: [] },
    waves: [wave('test', { nodes: { tags: { Environment: 'test' } } }), wave('production')],
    tell: {},
    ...more,
  };
}

export function policyFile(only: Policy): PolicyFile {
  return { version: 1, mode: 'auto', windows: {}, people: {}, policies: [only] };
}

export function facts(more: Partial<FleetFacts> = {}): FleetFacts {
  return {
    platform: 'amazon-linux-2023-x86_64',
    installed: [{ name: 'openssl', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3' }],
    available: [
      {
        name: 'openssl',
        arch: 'x86_64',
        version: '1:3.0.8-1.amzn2023.0.5',
        kind: 'security',
        severity: 'important',
        advisories: ['ALAS2023-2026-931'],
      },
      { name: 'bash-completion', arch: 'noarch', version: '2.11-3.amzn2023', kind: 'bugfix', severity: 'unrated', advisories: [] },
    ],
    dependencies: [{ name: 'libnew', arch: 'x86_64', version: '1.0-1.amzn2023' }],
    ...more,
  };
}
