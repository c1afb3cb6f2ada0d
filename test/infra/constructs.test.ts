import { App, Stack } from 'aws-cdk-lib/core';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { Hub, Spoke, type HubProps, type Installation } from '../../infra/index.ts';
import { functionsDirectory } from './world.ts';

const installation: Installation = {
  qualifier: 'Corp',
  rolePath: '/',
  hub: { account: '111111111111', region: 'eu-west-1' },
  hubStack: 'Security',
};
const optInTag = { key: 'Wavelock', value: 'enabled' };
const hubProps: HubProps = {
  installation,
  settings: {
    mode: 'observe',
    optInTag,
    keyArn: undefined,
    network: undefined,
    proxy: undefined,
    logRetentionDays: RetentionDays.ONE_MONTH,
    intakeSchedule: 'rate(1 day)',
    feedsSchedule: 'rate(1 hour)',
    inspector: false,
  },
  places: [installation.hub],
  functionsDirectory: functionsDirectory(),
  policy: undefined,
};

describe('in an app of one’s own', () => {
  it('hub and spoke are constructs beside others, under names of that app', () => {
    const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'Security', { env: installation.hub });
    const hub = new Hub(stack, 'Patching', hubProps);
    const documents = [{ purpose: 'scan', os: 'linux', content: { schemaVersion: '2.2' } }] as const;
    const spoke = new Spoke(stack, 'Here', { installation, mode: 'observe', optInTag, inspector: false, documents: [...documents], standIns: [] });
    expect([hub.node.path, spoke.node.path]).toEqual(['Security/Patching', 'Security/Here']);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::SSM::Document', { Name: 'Corp-Scan-Linux' });
    template.hasResourceProperties('AWS::Events::EventBus', { Name: 'Corp' });
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 2);
  });

  it('a hub in another stack than its spokes were told is refused, since they would not trust it', () => {
    const stack = new Stack(new App(), 'Elsewhere', { env: installation.hub });
    expect(() => new Hub(stack, 'Patching', hubProps)).toThrow('installation.hubStack must be its name');
  });
});
