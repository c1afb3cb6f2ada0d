import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectNodes } from '../../lambdas/core/selection.ts';
import { node, OPT_IN, policy, wave } from './plan-world.ts';

const fleet = [
  node('t1', { tags: { Wavelock: 'enabled', Environment: 'test' } }),
  node('p1'),
  node('p2', { platform: 'rhel-9-x86_64' }),
  node('p3', { tags: { Wavelock: 'enabled' } }),
  node('off', { tags: { Environment: 'test', Wavelock: 'disabled' } }),
];
const names = (nodes: { name: string }[]) => nodes.map((one) => one.name).toSorted();

describe('selectNodes', () => {
  it('deals each node into the first wave that takes it', () => {
    const { waves } = selectNodes(policy(), fleet, OPT_IN);
    expect(waves.map((one) => [one.wave, names(one.nodes)])).toEqual([
      ['test', ['t1']],
      ['production', ['p1', 'p2', 'p3']],
    ]);
  });

  it('leaves nodes without the opt-in tag out and says that IAM does', () => {
    const { waves, leftOut } = selectNodes(policy({ nodes: { os: 'linux' } }), fleet, OPT_IN);
    expect(waves.flatMap((one) => names(one.nodes))).not.toContain('off');
    expect(leftOut.map(({ node: { name }, why }) => `${name}: ${why}`)).toEqual(['off: not tagged Wavelock=enabled: IAM lets nothing be sent to it']);
  });

  it('takes at least so many of each platform for a share, and the same ones each time', () => {
    const share = policy({ waves: [wave('canary', { nodes: { share: { percent: 1, atLeast: { count: 1, per: 'platform' } } } }), wave('rest')] });
    const first = selectNodes(share, fleet, OPT_IN).waves[0]?.nodes ?? [];
    expect(new Set(first.map((one) => one.scan?.platform)).size).toBe(2);
    expect(names(selectNodes(share, [...fleet].toReversed(), OPT_IN).waves[0]?.nodes ?? [])).toEqual(names(first));
  });

  it('names nodes that are in no wave', () => {
    const { leftOut } = selectNodes(policy({ waves: [wave('test', { nodes: { tags: { Environment: 'test' } } })] }), fleet, OPT_IN);
    expect(leftOut.map(({ why }) => why)).toEqual(['in none of the waves', 'in none of the waves', 'in none of the waves']);
  });

  it('loses no node and deals none twice, whatever the fleet', () => {
    const anyNode = fc.record({ name: fc.string({ minLength: 6, maxLength: 6 }), tested: fc.boolean(), opted: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(anyNode, { selector: (one) => one.name, maxLength: 30 }), fc.integer({ min: 0, max: 100 }), (entries, percent) => {
        const nodes = entries.map((one, index) =>
          node(`n${index}`, { tags: { Wavelock: one.opted ? 'enabled' : 'no', Environment: one.tested ? 'test' : 'prod' } }),
        );
        const rules = policy({
          nodes: {},
          waves: [wave('test', { nodes: { tags: { Environment: 'test' } } }), wave('canary', { nodes: { share: { percent } } }), wave('rest')],
        });
        const { waves, leftOut } = selectNodes(rules, nodes, OPT_IN);
        const dealt = [...waves.flatMap((one) => one.nodes), ...leftOut.map((one) => one.node)].map((one) => one.id);
        expect(dealt.toSorted()).toEqual(nodes.map((one) => one.id).toSorted());
      }),
    );
  });
});
