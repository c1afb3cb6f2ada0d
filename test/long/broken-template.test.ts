import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, editedAssembly, openScene } from '../scenarios/stage.ts';
import { commandsSent, snapshot } from '../scenarios/truth.ts';
import type { Scene } from '../scenarios/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-broken-'));
let scene: Scene | undefined;

afterEach(async () => {
  await scene?.close();
  scene = undefined;
  rmSync(folder, { recursive: true, force: true });
});

type Json = { [key: string]: unknown };
type Resource = { Type: string; Properties: Json };

/** Changes the resources of a kind, in every template. */
function breakResources(type: string, change: (properties: Json, id: string) => void): string {
  return editedAssembly(folder, /\.template\.json$/, (text) => {
    const template = JSON.parse(text) as { Resources: { [id: string]: Resource } };
    for (const [id, resource] of Object.entries(template.Resources)) if (resource.Type === type) change(resource.Properties, id);
    return JSON.stringify(template, null, 1);
  });
}

/** A text of a template: plain, or joined with references. */
function inText(value: unknown, edit: (text: string) => string): unknown {
  if (typeof value === 'string') return edit(value);
  if (Array.isArray(value)) return value.map((part) => inText(part, edit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inText(part, edit)]));
}

async function open(assembly: string, scenario: string): Promise<Scene> {
  return (scene = await openScene({ ...configOf(scenario), assembly }));
}

describe('one broken piece of the template', () => {
  it('an IAM statement: the run fails, and the refused call is named', async () => {
    const assembly = breakResources('AWS::IAM::Policy', (properties, id) => {
      if (!id.startsWith('JudgeWaveRole')) return;
      const document = properties.PolicyDocument as { Statement: { Action: string | string[] }[] };
      document.Statement = document.Statement.filter(({ Action }) => ![Action].flat().includes('sns:Publish'));
    });
    const broken = await open(assembly, 'bad-patch');
    await expect(broken.run()).rejects.toThrow(/WaveFailed|RolloutFailed/);
    const [denied] = broken.cloud.deniedCalls();
    expect(denied).toMatchObject({ service: 'sns', action: 'sns:Publish' });
    expect(denied?.caller).toContain('JudgeWave');
    expect(denied?.message).toContain('is not authorized to perform: sns:Publish');
  });

  it('the opt-in condition on another tag: nothing is sent to any node', async () => {
    const assembly = breakResources('AWS::IAM::Policy', (properties, id) => {
      if (!id.startsWith('SpokeRole')) return;
      Object.assign(
        properties,
        inText(properties, (text) => text.replace('enabled', 'disabled')),
      );
    });
    const broken = await open(assembly, 'none');
    const told = await broken.run();
    expect(broken.cloud.deniedCalls().map(({ action }) => action)).toContain('ssm:SendCommand');
    expect(broken.messages).toContainEqual(expect.objectContaining({ type: 'coverage', reporting: 0 }));
    expect(await commandsSent(broken.cloud, told.document.rollout)).toEqual([]);
    expect(snapshot(broken.cloud)).toEqual(broken.before);
  });

  it('a substitution of a state machine: the stack does not boot, and the name is said', async () => {
    const assembly = breakResources('AWS::StepFunctions::StateMachine', (properties, id) => {
      if (!id.startsWith('Wave')) return;
      const substitutions = properties.DefinitionSubstitutions as Json | undefined;
      if (substitutions) delete substitutions.JudgeWave;
      else properties.DefinitionString = inText(properties.DefinitionString, (text) => text.replaceAll('JudgeWave', 'JugdeWave'));
    });
    await expect(open(assembly, 'none')).rejects.toThrow(/JudgeWave|JugdeWave/);
  });

  it('an event pattern: no event comes, and every batch is found by looking instead', async () => {
    const assembly = breakResources('AWS::Events::Rule', (properties, id) => {
      if (!id.startsWith('SpokeForwarding')) return;
      Object.assign(
        properties,
        inText(properties, (text) => text.replace('EC2 Command Status-change', 'EC2 Command Invocation Status-change')),
      );
    });
    const broken = await open(assembly, 'bad-patch');
    const told = await broken.run();
    expect(told.document.status).toBe('failed');
    expect(told.extra.notes).toContainEqual(
      expect.objectContaining({ wave: 'test', text: expect.stringMatching(/never came: found by looking, nothing was sent twice$/) }),
    );
  });
});
