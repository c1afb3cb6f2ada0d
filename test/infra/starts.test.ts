import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_SOURCE, ROLLOUT_ENDED, ROLLOUT_WANTED } from '../../lambdas/aws/bus.ts';
import { PolicyFile } from '../../lambdas/core/model.ts';
import {
  demo,
  grantsOf,
  hubAccount,
  observe,
  one,
  openWorld,
  patch,
  policyFile,
  policyPath,
  readable,
  resourcesOf,
  statementsOf,
  synth,
  type Template,
} from './world.ts';

const [first] = policyFile.policies;
const standingIn = PolicyFile.parse({
  ...policyFile,
  policies: [
    { ...first, plan: undefined, startWhen: [{ knownExploited: true }], whileNoFix: { run: 'Corp-MitigateService', withdrawWhen: 'patched' } },
  ],
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
    const {
      EventPattern,
      Targets: [target],
      EventBusName,
    } = Properties as { EventPattern: { [key: string]: unknown }; Targets: { [key: string]: unknown }[]; EventBusName: unknown };
    expect(EventPattern).toEqual({ source: [EVENT_SOURCE], 'detail-type': [detailType], account: [hubAccount] });
    expect(readable(EventBusName)).toMatch(/CommandEvents|Bus/);
    expect(readable(target?.Arn)).toMatch(new RegExp(`^\\$\\{${machine}[0-9A-F]{8}`));
    expect(target).toMatchObject({ DeadLetterConfig: expect.anything(), RetryPolicy: { MaximumEventAgeInSeconds: 7_200 } });
  });

  it('is kept in the queue when a machine could not be started: the queue lets in every rule that has it for a target', async () => {
    for (const context of [observe, patch]) {
      const { hub } = await synth(context);
      const rules = resourcesOf(hub, 'AWS::Events::Rule').filter(([, { Properties }]) =>
        (Properties.Targets as { DeadLetterConfig?: unknown }[]).some(({ DeadLetterConfig }) => DeadLetterConfig !== undefined),
      );
      const statements = resourcesOf(hub, 'AWS::SQS::QueuePolicy').flatMap(
        ([, { Properties }]) => (Properties.PolicyDocument as { Statement: { [key: string]: unknown }[] }).Statement,
      );
      const letIn = statements.filter(({ Effect, Action }) => Effect === 'Allow' && Action === 'sqs:SendMessage');
      const sources = rules.map(([id]) => ({ ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [id, 'Arn'] } } }));
      expect(letIn.map(({ Condition }) => Condition)).toEqual(expect.arrayContaining(sources));
      expect(letIn).toHaveLength(context === patch ? 3 : 1);
      for (const { Principal } of letIn) expect(Principal).toEqual({ Service: 'events.amazonaws.com' });
    }
  });

  it('is started by a role of its own, that may start these two machines and nothing else', async () => {
    const { hub } = await synth(patch);
    const statements = grantsOf(hub, 'StartsRole');
    expect(statements.flatMap(({ actions }) => actions)).toEqual(['states:StartExecution']);
    expect(statements.flatMap(({ resources }) => resources.map(readable)).map((name) => name.replace(/[0-9A-F]{8}\}$/, '}'))).toEqual([
      '${Intake}',
      '${Rollout}',
    ]);
  });

  it('is not there at all in observe: no state, no function, no rule', async () => {
    const { hub } = await synth(observe);
    expect(
      resourcesOf(hub, 'AWS::Events::Rule')
        .map(([id]) => id)
        .filter((id) => id.startsWith('Starts')),
    ).toEqual([]);
    expect(JSON.stringify(hub)).not.toContain('StartRollouts');
    expect(JSON.stringify(hub)).not.toContain('Start rollouts');
  });
});

describe('a document that stands in for a fix', () => {
  it("may be described and sent in every location, to nodes that opted in, and no other document of the user's", async () => {
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
    for (const template of await templates({ ...observe, policy: policyPath() }))
      expect(JSON.stringify(template)).not.toContain('Corp-MitigateService');
  });
});

describe('a function and a runbook that stand in for a fix', () => {
  const forms = PolicyFile.parse({
    ...policyFile,
    policies: [
      { lambda: 'waf-block' },
      { lambda: 'waf-block:7' },
      { lambda: 'waf-other:live' },
      { automation: { document: 'Corp-Isolate', role: 'ops/Corp-IsolateRole' } },
    ].map((whileNoFix, index) => ({
      ...first,
      name: `p${index}`,
      plan: undefined,
      startWhen: [{ knownExploited: true }],
      whileNoFix: { ...whileNoFix, withdrawWhen: 'patched' },
    })),
  });
  const made = async (context: Record<string, string>): Promise<Template[]> => {
    const { app } = await openWorld(context, forms);
    return app.synth().stacks.map((stack) => JSON.parse(readFileSync(stack.templateFullPath, 'utf8')) as Template);
  };
  /** `action on resource`, each once and without the partition: CDK puts statements together. */
  const pairs = (statements: ReturnType<typeof statementsOf>, which: RegExp): string[] =>
    [
      ...new Set(
        statements.flatMap(({ actions, resources }) =>
          actions.flatMap((action) => resources.map((resource) => `${action} on ${readable(resource).replace(/^arn:[^:]+:/, '')}`)),
        ),
      ),
    ]
      .filter((pair) => which.test(pair))
      .toSorted();

  it('functions: exactly the named ones may be seen and called, by the two functions that do, and SendBatch has time for it', async () => {
    const [hub] = await made(demo);
    const on = (action: string) =>
      ['waf-block', 'waf-block:7', 'waf-other:*'].map((name) => `lambda:${action} on lambda:eu-central-1:111111111111:function:${name}`);
    expect(pairs(grantsOf(hub!, 'SendBatchRole'), /^lambda:/)).toEqual([...on('GetFunctionConfiguration'), ...on('InvokeFunction')]);
    expect(pairs(grantsOf(hub!, 'PlanRolloutRole'), /^lambda:/)).toEqual(on('GetFunctionConfiguration'));
    expect(statementsOf(hub!).filter(({ resources }) => resources.map(readable).some((name) => name.includes(':function:waf-')))).toHaveLength(2);
    expect(one(hub!, 'AWS::Lambda::Function', 'SendBatch').Properties.Timeout).toBe(900);
  });

  it('runbooks: exactly the named one may be started in every location, with exactly its role, for Systems Manager only', async () => {
    const all = await made(demo);
    expect(all).toHaveLength(4);
    for (const template of all) {
      const statements = statementsOf(template);
      expect(pairs(statements, /Automation|PassRole|ssm:GetDocument/)).toEqual([
        expect.stringMatching(/^iam:PassRole on iam::\d{12}:role\/ops\/Corp-IsolateRole$/),
        'ssm:DescribeAutomationExecutions on *',
        expect.stringMatching(/^ssm:GetAutomationExecution on .*:automation-execution\/\*$/),
        expect.stringMatching(/^ssm:GetDocument on .*:document\/Corp-Isolate$/),
        expect.stringMatching(/^ssm:StartAutomationExecution on .*:automation-definition\/Corp-Isolate:\*$/),
        expect.stringMatching(/^ssm:StartAutomationExecution on .*:automation-execution\/\*$/),
        expect.stringMatching(/^ssm:StartAutomationExecution on .*:document\/Corp-Isolate$/),
      ]);
      const [pass] = statements.filter(({ actions }) => actions.includes('iam:PassRole'));
      expect(pass?.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ssm.amazonaws.com' } });
      expect(
        sends(template)
          .flatMap(({ resources }) => resources.map(readable))
          .join(' '),
      ).not.toContain('Corp-');
    }
  });

  it('nothing of it where no policy names one, and never in observe', async () => {
    const { hub } = await synth(patch);
    expect(pairs(statementsOf(hub), /Automation|PassRole|ssm:GetDocument|lambda:GetFunction/)).toEqual([]);
    expect(one(hub, 'AWS::Lambda::Function', 'SendBatch').Properties.Timeout).toBe(60);
    for (const template of await made({ ...observe, policy: policyPath() }))
      expect(JSON.stringify(template)).not.toMatch(/Corp-Isolate|waf-|Automation/);
  });
});
