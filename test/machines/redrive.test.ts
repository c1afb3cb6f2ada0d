import { describe, expect, it } from 'vitest';
import { loadMachine } from '../../statemachines/splice.ts';
import { machineArn, TestWorld, thrown } from '../local/asl-world.ts';

/** The rollout as deployed, over functions of the test and children that do nothing. */
function openWorld(functions: ConstructorParameters<typeof TestWorld>[0] & object): TestWorld {
  const world = new TestWorld(functions);
  const text = JSON.stringify(loadMachine('rollout'));
  const named = text.replaceAll(/\$\{(Intake|Wave)Machine\}/g, (_all, name: string) => machineArn(name)).replaceAll(/\$\{(\w+)\}/g, '$1');
  const { States } = JSON.parse(named) as { States: Record<string, unknown> };
  for (const name of ['Intake', 'Wave']) world.define(name, { Done: { Type: 'Pass', End: true } });
  world.define('rollout', States);
  return world;
}

const input = { policy: 'monthly', scheduledFor: '2026-12-09T08:00:00Z' };

describe('a redriven rollout', () => {
  it('goes on where a fault has ended it, with a child of a new name, and plans nothing again', async () => {
    let broken = true;
    const called: string[] = [];
    const tell = (name: string, answer: unknown) => () => {
      called.push(name);
      return answer;
    };
    const waves = [{ action: 'wave', wave: 'test', reason: '' }, ...Array.from({ length: 2 }, () => ({ action: 'close', wave: '', reason: '' }))];
    const world = openWorld({
      functions: {
        PlanRollout: tell('PlanRollout', { action: 'run', rollout: 'monthly-1', reason: '' }),
        NextWave: () => tell('NextWave', waves.shift())(),
        CloseRollout: () => {
          called.push('CloseRollout');
          if (broken) throw thrown('Terminal', 'the bucket is gone');
          return { status: 'succeeded', reason: '' };
        },
      },
    });
    const failed = await world.runToEnd('rollout', input);
    expect(failed).toMatchObject({ status: 'FAILED', error: 'Terminal' });
    expect(called).toEqual(['PlanRollout', 'NextWave', 'NextWave', 'CloseRollout']);

    broken = false;
    await world.api('RedriveExecution', { executionArn: failed.arn });
    await world.until(() => world.execution(failed.arn).status !== 'RUNNING');
    expect(world.execution(failed.arn).status).toBe('SUCCEEDED');
    expect(called.slice(4)).toEqual(['CloseRollout']);
  });

  it('starts a wave anew that a fault has ended, under another name', async () => {
    const waves = [
      { action: 'wave', wave: 'test', reason: '' },
      { action: 'close', wave: '', reason: '' },
    ];
    let broken = true;
    const world = openWorld({
      functions: {
        PlanRollout: () => ({ action: 'run', rollout: 'monthly-1', reason: '' }),
        NextWave: () => waves.shift(),
        CloseRollout: () => ({ status: 'succeeded', reason: '' }),
        OpenWave: () => {
          if (broken) throw thrown('Terminal', 'no document');
          return {};
        },
      },
    });
    world.define('Wave', {
      Open: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: { FunctionName: 'OpenWave', Payload: {} }, End: true },
    });
    const failed = await world.runToEnd('rollout', input);
    expect(failed.status).toBe('FAILED');

    broken = false;
    await world.api('RedriveExecution', { executionArn: failed.arn });
    await world.until(() => world.execution(failed.arn).status !== 'RUNNING');
    expect(world.execution(failed.arn).status).toBe('SUCCEEDED');
    expect(world.executionsOf('Wave').map(({ name, status }) => [name, status])).toEqual([
      ['monthly-1-test-0', 'FAILED'],
      ['monthly-1-test-1', 'SUCCEEDED'],
    ]);
  });
});
