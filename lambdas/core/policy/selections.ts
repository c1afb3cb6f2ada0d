/** The policy held against a real fleet: selections that reach no node are slips, and a wave without nodes would prove nothing. */
import { matches, selectNodes } from '../selection.ts';
import type { Node, Policy, PolicyFile } from '../model.ts';
import type { PathProblem } from './problems.ts';

/** Policies and waves that reach none of these nodes. `optIn` is the tag without which nothing is sent to a node. */
export function emptySelections(file: PolicyFile, nodes: Node[], optIn: { key: string; value: string }): PathProblem[] {
  return file.policies.flatMap((policy) => emptyInPolicy(policy, nodes, optIn));
}

function emptyInPolicy(policy: Policy, nodes: Node[], optIn: { key: string; value: string }): PathProblem[] {
  const path = ['policies', policy.name, 'nodes'];
  const named = nodes.filter((node) => matches(policy.nodes, node));
  if (named.length === 0) return [{ path, at: 'key', message: `fits none of the ${nodes.length} nodes` }];
  const { waves } = selectNodes(policy, nodes, optIn);
  if (named.every((node) => node.tags[optIn.key] !== optIn.value)) {
    return [{ path, at: 'key', message: `fits ${named.length} nodes, but none is tagged ${optIn.key}=${optIn.value}` }];
  }
  return waves.flatMap((wave, index) => {
    if (wave.nodes.length > 0) return [];
    const selector = policy.waves[index]?.nodes ?? {};
    const fitting = named.filter((node) => matches(selector, node)).length;
    const none = `fits none of the policy's ${named.length} nodes`;
    const message = fitting === 0 ? none : `gets none of the ${fitting} nodes that fit: ${reason(selector)}`;
    return [{ path: ['policies', policy.name, 'waves', index, 'nodes'], at: 'key' as const, message }];
  });
}

function reason(selector: Policy['nodes']): string {
  return selector.share && !selector.share.atLeast ? 'the share rounds down to none' : 'they are in earlier waves';
}
