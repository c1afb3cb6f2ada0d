import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_SOURCE, ROLLOUT_ENDED, ROLLOUT_WANTED } from '../../lambdas/aws/bus.ts';
import { PolicyFile } from '../../lambdas/core/model.ts';
import { demo, grantsOf, hubAccount, observe, one, openWorld, patch, policyFile, policyPath, readable, resourcesOf, statementsOf, synth, type Template } from './world.ts';

const [first] = policyFile.policies;
const standingIn = PolicyFile.parse({
  ...policyFile,
  policies: [{ ...first, plan: undefined, startWhen: [{ knownExploited: true }], whileNoFix: { run: 'Corp-MitigateService', withdrawWhen: 'patched' } }],
});

/** Templates of the demo's four locations with such a policy. */
async function templates(context: Record<string, string>): Promise<Template[]> {
  const { app } = await openWorld(context, standingIn);
  return app.synth().stacks.map((stack) => JSON.parse(readFileSync(stack.templateFullPath, 'utf8')) as Template);
}

const sends = (template: Template) => statementsOf(template).filter(({ actions }) => actions.includes('ssm:SendCommand'));

describe('what starts by itself', () => {
  it.each([
    ['StartsRolloutWanted', ROLLOUT_WANTED, 'Rollout'],
    ['StartsRolloutEnded', ROLLOUT_ENDED, 'Intake'],
  ])('%s: events of this account alone start the machine', async (rule, detailType, machine) => {
    const { hub } = await synth(patch);
    const { Properties } = one(hub, 'AWS::Events::Rule', rule);
    const { EventPattern, Targets: [target], EventBusName } = Properties as { EventPattern: { [key: string]: unknown }; Targets: { [key: string]: unknown }[]; EventBusName: unknown };
    expect(EventPattern).toEqual({ source: [EVENT_SOURCE], 'detail-type': [detailType], account: [hubAccount] });
    expect(readable(EventBusName)).toMatch(/CommandEvents|Bus/);
    expect(readable(target?.Arn)).toMatch(new RegExp(`^\\$\\{${machine}[0-9A-F]{8}`));
    expect(target).toMatchObject({ DeadLetterConfig: expect.anything(), RetryPolicy: { MaximumEventAgeInSeconds: 7_200 } });
  });

  it('is started by a role of its own, that may start these two machines and nothing else', async () => {
    const { hub } = await synth(patch);
    const statements = grantsOf(hub, 'StartsRole');
    expect(statements.flatMap(({ actions }) => actions)).toEqual(['states:StartExecution']);
    expect(statements.flatMap(({ resources }) => resources.map(readable)).map((name) => name.replace(/[0-9A-F]{8}\}$/, '}'))).toEqual(['${Intake}', '${Rollout}']);
  });

  it('is not there at all in observe: no state, no function, no rule', async () => {
    const { hub } = await synth(observe);
    expect(resourcesOf(hub, 'AWS::Events::Rule').map(([id]) => id).filter((id) => id.startsWith('Starts'))).toEqual([]);
    expect(JSON.stringify(hub)).not.toContain('StartRollouts');
    expect(JSON.stringify(hub)).not.toContain('Start rollouts');
  });
});

describe('a document that stands in for a fix', () => {
  it('may be described and sent in every location, to nodes that opted in, and no other document of the user\'s', async () => {
    const all = await templates(demo);
    expect(all).toHaveLength(4);
    for (const template of all) {
      const [documents, nodes] = sends(template);
      const named = documents!.resources.map(readable).filter((resource) => !resource.includes('Wavelock'));
      expect(named).toEqual([expect.stringMatching(/^arn:.*:ssm:.*:document\/Corp-MitigateService$/)]);
      expect(nodes?.Condition).toEqual({ StringEquals: { 'ssm:resourceTag/Wavelock': 'enabled' } });
      expect(sends(template)).toHaveLength(2);
    }
  });

  it('may not be sent where no policy names one, and never in observe', async () => {
    const { hub } = await synth(patch);
    const [plain] = sends(hub);
    expect(plain!.resources.map(readable).filter((resource) => !resource.includes('Wavelock'))).toEqual([]);
    for (const template of await templates({ ...observe, policy: policyPath() })) expect(JSON.stringify(template)).not.toContain('Corp-MitigateService');
  });
});
