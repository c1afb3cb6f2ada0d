import validate from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { patchTasks } from '../../statemachines/contracts.ts';
import { loadMachine, substitutionsOf, withoutTasks } from '../../statemachines/splice.ts';
import { walk } from '../../local/asl/walk.ts';
import type { Definition } from '../../statemachines/splice.ts';

const machine = (States: Definition['States'], StartAt = 'Look'): Definition => ({
  Comment: 'in: {}. out: {}',
  QueryLanguage: 'JSONata',
  TimeoutSeconds: 60,
  StartAt,
  States,
});
const calls = (name: string) => ({ Type: 'Task', Arguments: { FunctionName: `\${${name}}` } });

describe('a mode in which nothing may be patched', () => {
  const observing = loadMachine('intake', patchTasks);

  it('has an intake that starts nothing, and is otherwise the same', () => {
    expect(substitutionsOf(loadMachine('intake')).filter((name) => !substitutionsOf(observing).includes(name))).toEqual(['StartRollouts']);
    expect(Object.keys(loadMachine('intake').States).filter((name) => !(name in observing.States))).toEqual(['Start rollouts']);
    expect(validate(observing).isValid).toBe(true);
  });

  it('has an intake that ends with what it has counted', async () => {
    const counted = { nodes: 1, reporting: 1, exposed: 0 };
    const script = {
      'Lay out scan': [{ scan: 's', tracks: 0, bucket: 'b', key: 'k' }],
      'Pick feeds': [{ feeds: [], due: 0 }],
      'Close intake': [counted],
    };
    const walked = await walk(observing, script, { input: { maxAgeHours: 0 } });
    expect(walked.path.at(-1)).toBe('Close intake');
    expect(walked.error).toBeUndefined();
  });
});

describe('leaving tasks out', () => {
  it('leads on to what came after them, however many they are', () => {
    const states = {
      Look: { Type: 'Pass', Next: 'A' },
      A: { ...calls('A'), Next: 'B' },
      B: { ...calls('B'), Next: 'Done' },
      Done: { Type: 'Succeed' },
    };
    expect(withoutTasks(machine(states), ['A', 'B']).States).toEqual({ Look: { Type: 'Pass', Next: 'Done' }, Done: { Type: 'Succeed' } });
  });

  it('ends where they would have ended', () => {
    const states = { Look: { Type: 'Pass', Next: 'A' }, A: { ...calls('A'), End: true } };
    expect(withoutTasks(machine(states), ['A']).States).toEqual({ Look: { Type: 'Pass', End: true } });
  });

  it('refuses a choice that would have to end the machine', () => {
    const states = { Look: { Type: 'Choice', Choices: [{ Next: 'A' }] }, A: { ...calls('A'), End: true } };
    expect(() => withoutTasks(machine(states), ['A'])).toThrow('Look leads to A, after which nothing comes');
  });
});
