import { describe, expect, it } from 'vitest';
import { tasks } from '../../statemachines/contracts.ts';
import { loadMachine, spliceTrack, statesOf, substitutionsOf, type Definition } from '../../statemachines/splice.ts';
import { patch, resourcesOf, synth } from './world.ts';

const track: Definition = {
  Comment: 'runs',
  QueryLanguage: 'JSONata',
  TimeoutSeconds: 60,
  StartAt: 'Run',
  States: {
    Run: { Type: 'Task', Arguments: { FunctionName: '${Run}' } },
  },
};
const outer: Definition = {
  ...track,
  StartAt: 'All',
  States: { All: { Type: 'Map', ItemProcessor: '%%track%%', Label: 'All' }, Done: { Type: 'Succeed' } },
};

describe('splicing', () => {
  it('puts the track’s states into the Map as Standard executions of their own', () => {
    const spliced = spliceTrack(outer, track);
    expect(spliced.States.All).toEqual({
      Type: 'Map',
      Label: 'All',
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, StartAt: 'Run', States: track.States },
    });
    expect(spliced.States.Done).toBe(outer.States.Done);
  });

  it('leaves its input as it was', () => {
    const before = structuredClone(outer);
    spliceTrack(outer, track);
    expect(outer).toEqual(before);
  });

  it('finds states and substitutions inside Maps', () => {
    const spliced = spliceTrack(outer, track);
    expect([...statesOf(spliced)].map(({ Type }) => Type)).toEqual(['Map', 'Task', 'Succeed']);
    expect(substitutionsOf(spliced)).toEqual(['Run']);
  });
});

describe('the machines together', () => {
  const machines = ['intake', 'feed', 'rollout', 'wave'] as const;

  it('use every task of the contracts, and nothing that is not one', () => {
    const used = new Set(machines.flatMap((name) => substitutionsOf(loadMachine(name))));
    expect([...used].toSorted()).toEqual([...Object.keys(tasks), 'FeedMachine', 'IntakeMachine', 'WaveMachine'].toSorted());
  });

  it('are deployed whole: no mark and no substitution stays open', async () => {
    const { hub } = await synth(patch);
    const deployed = resourcesOf(hub, 'AWS::StepFunctions::StateMachine');
    expect(deployed).toHaveLength(machines.length);
    for (const [, { Properties }] of deployed) {
      const text = String(Properties.DefinitionString);
      expect(text).not.toContain('%%');
      expect(substitutionsOf(JSON.parse(text) as Definition)).toEqual(Object.keys(Properties.DefinitionSubstitutions as object).toSorted());
    }
  });

  it('say of a name that nothing has where it stands', async () => {
    const { Machine } = await import('../../infra/constructs/machine.ts');
    const { App, Stack } = await import('aws-cdk-lib/core');
    const stack = new Stack(new App(), 'Stack');
    const props = { name: 'wave', functions: new Map(), machines: new Map() } as unknown as ConstructorParameters<typeof Machine>[2];
    expect(() => new Machine(stack, 'Wave', props)).toThrow(
      'statemachines/wave.asl.json uses ${AdmitBatch}, but this hub has no function and no machine of that name',
    );
  });
});
