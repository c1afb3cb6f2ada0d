import { describe, expect, it } from 'vitest';
import { walk } from '../../local/asl/walk.ts';
import { loadMachine } from '../../statemachines/splice.ts';
import { feedCases, intakeCases } from './paths-intake.ts';
import { cases, rolloutCases } from './paths-rollout.ts';
import type { State } from '../../statemachines/splice.ts';

const all = [...cases, ...rolloutCases, ...intakeCases, ...feedCases];
const walked = new Set<string>();

describe('paths', () => {
  it.each(all.map((one) => [`${one.machine}: ${one.title}`, one] as const))('%s', async (_title, { machine, input, script, path, error }) => {
    const result = await walk(loadMachine(machine), script, { input });
    expect(result.path.join(' › ')).toBe(path);
    expect(result.error).toBe(error);
    const steps = result.path;
    for (const [index, state] of steps.entries()) if (index > 0) walked.add(`${steps[index - 1]} → ${state}`);
  });

  /** `More batches?` falls through to its Default only if an index is neither below nor at the end: arithmetic forbids it. */
  const IMPOSSIBLE = new Set(['More batches? → Track failed']);

  it.each(['intake', 'feed', 'rollout', 'wave', 'track'] as const)('every edge of %s is walked', (machine) => {
    const missing = edgesOf(withInner(loadMachine(machine).States)).filter((edge) => !walked.has(edge) && !IMPOSSIBLE.has(edge));
    expect(missing).toEqual([]);
  });
});

/** A machine's states with those inside of its Maps. */
function withInner(states: Record<string, State>): [string, State][] {
  return Object.entries(states).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(typeof state.ItemProcessor === 'object' ? withInner(state.ItemProcessor.States) : []),
  ]);
}

/** Edges from state to state; a Map's own edge is walked through its children, from their last state. */
function edgesOf(states: [string, State][]): string[] {
  return states.flatMap(([name, state]) => {
    if (state.Type === 'Map') return [];
    const targets = [
      state.Next,
      state.Default,
      ...((state.Choices ?? []) as { Next: string }[]).map((one) => one.Next),
      ...((state.Catch ?? []) as { Next: string }[]).map((one) => one.Next),
    ];
    return [...new Set(targets.filter((target): target is string => typeof target === 'string'))].map((target) => `${name} → ${target}`);
  });
}
