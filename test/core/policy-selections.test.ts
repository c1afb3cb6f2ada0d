import { describe, expect, it } from 'vitest';
import type { Node, PolicyFile } from '../../lambdas/core/model.ts';
import { pathText } from '../../lambdas/core/policy/problems.ts';
import { readPolicy } from '../../lambdas/core/policy/read.ts';
import { emptySelections } from '../../lambdas/core/policy/selections.ts';

const OPT_IN = { key: 'Wavelock', value: 'enabled' };

function node(number: number, tags: Record<string, string>): Node {
  return {
    id: `i-0000000${number}`,
    location: { account: '111111111111', region: 'eu-central-1' },
    name: `node-${number}`,
    os: 'linux',
    platformName: 'Ubuntu',
    platformVersion: '24.04',
    agentVersion: '3.3.987.0',
    online: true,
    tags: { Wavelock: 'enabled', ...tags },
  };
}

function policy(nodes: unknown, waves: unknown[]): PolicyFile {
  const monthly = { nodes, plan: { every: 'day', at: '09:00', timezone: 'UTC' }, patches: { kinds: ['security'] }, waves };
  const read = readPolicy({ version: 1, policies: { monthly } }, '2026-12-01');
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

function problems(file: PolicyFile, nodes: Node[]): string[] {
  return emptySelections(file, nodes, OPT_IN).map(({ path, message }) => `${pathText(path)}: ${message}`);
}

describe('a selection that reaches no node', () => {
  const fleet = [node(1, { Environment: 'test' }), node(2, { Environment: 'production' }), node(3, { Environment: 'production' })];
  const test = { name: 'test', nodes: { tags: { Environment: 'test' } } };
  const rest = { name: 'rest', nodes: 'everything-else' };

  it('is none where every wave has nodes', () => {
    expect(problems(policy({ os: 'linux' }, [test, rest]), fleet)).toEqual([]);
  });

  it('may be the whole policy', () => {
    expect(problems(policy({ os: 'windows' }, [test, rest]), fleet)).toEqual(['policies.monthly.nodes: fits none of the 3 nodes']);
  });

  it('may lack the opt-in tag only', () => {
    const shy = fleet.map((one) => ({ ...one, tags: { ...one.tags, Wavelock: 'disabled' } }));
    expect(problems(policy({ os: 'linux' }, [test, rest]), shy)).toEqual([
      'policies.monthly.nodes: fits 3 nodes, but none is tagged Wavelock=enabled',
    ]);
  });

  it('may be one wave, by its tags, by its share or by what earlier waves took', () => {
    const staging = { name: 'staging', nodes: { tags: { Environment: 'staging' } } };
    const share = { name: 'share', nodes: { share: '5%' } };
    const again = { name: 'again', nodes: { tags: { Environment: 'test' } } };
    expect(problems(policy({ os: 'linux' }, [test, staging, share, again, rest]), fleet)).toEqual([
      "policies.monthly.waves[1].nodes: fits none of the policy's 3 nodes",
      'policies.monthly.waves[2].nodes: gets none of the 3 nodes that fit: the share rounds down to none',
      'policies.monthly.waves[3].nodes: gets none of the 1 nodes that fit: they are in earlier waves',
    ]);
  });
});
