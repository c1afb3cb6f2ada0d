import { describe, expect, it } from 'vitest';
import { demo, each, grantsOf, hubAccount, observe, one, propertiesOf, readable, resourcesOf, statementsOf, synth, type Template } from './world.ts';

const keyArn = `arn:aws:kms:eu-central-1:${hubAccount}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

/** All at once, because a synth takes its time and no wish should get into another's way. */
const wishes = {
  ...demo,
  permissionsBoundary: 'team/Boundary',
  rolePath: '/team/wavelock/',
  tags: 'CostCenter=4711,Owner=ops',
  keyArn,
  subnetIds: 'subnet-01234567,subnet-89abcdef',
  securityGroupIds: 'sg-01234567',
  httpsProxy: 'http://proxy.example.com:3128',
  noProxy: '.internal',
  logRetentionDays: '365',
};

/** Every name that a template gives, where CloudFormation would not make one up. */
function namesIn(templates: Record<string, Template>): string[] {
  const keys = ['Name', 'RoleName', 'LogGroupName', 'TopicName', 'BucketName', 'TableName'];
  return Object.values(templates)
    .flatMap((template) => Object.values(template.Resources))
    .flatMap(({ Properties }) => keys.map((key) => Properties[key]).filter((name) => typeof name === 'string'));
}

const roles = (template: Template) => resourcesOf(template, 'AWS::IAM::Role').map(([, { Properties }]) => Properties);

describe('a permissions boundary', () => {
  it('limits every role, by its name in each account', async () => {
    const { templates } = await synth(wishes);
    for (const [name, template] of Object.entries(templates)) {
      const account = name.includes('222222222222') ? '222222222222' : hubAccount;
      expect(new Set(roles(template).map((role) => role.PermissionsBoundary))).toEqual(new Set([`arn:aws:iam::${account}:policy/team/Boundary`]));
    }
  });
});

describe('a role path', () => {
  it('is every role’s, and hub and spokes find each other under it', async () => {
    const { templates, hub } = await synth(wishes);
    for (const template of Object.values(templates)) {
      expect(new Set(roles(template).map((role) => role.Path))).toEqual(new Set(['/team/wavelock/']));
      expect(JSON.stringify(roles(template))).toContain(`role/team/wavelock/Wavelock-Hub-*`);
    }
    const [assuming] = grantsOf(hub, 'SendBatchRole').filter(({ actions }) => actions.includes('sts:AssumeRole'));
    expect(assuming?.resources[3]).toBe('arn:aws:iam::222222222222:role/team/wavelock/Wavelock-Spoke-eu-west-1');
    expect(JSON.stringify(one(hub, 'AWS::Lambda::Function', 'SendBatch').Properties)).toContain(
      'arn:aws:iam::{account}:role/team/wavelock/Wavelock-Spoke-{region}',
    );
  });
});

describe('tags', () => {
  it('are on what can carry them', async () => {
    const { templates } = await synth(wishes);
    const wanted = [
      { Key: 'CostCenter', Value: '4711' },
      { Key: 'Owner', Value: 'ops' },
    ];
    for (const template of Object.values(templates)) {
      for (const type of ['AWS::IAM::Role', 'AWS::S3::Bucket', 'AWS::SSM::Document', 'AWS::Lambda::Function', 'AWS::SNS::Topic']) {
        const tagged = propertiesOf(template, type);
        expect(tagged).toMatchObject(each(tagged, { Tags: expect.arrayContaining(wanted) }));
      }
    }
  });
});

describe('a customer key', () => {
  it('is used for record, store, logs and topics in place of a new one', async () => {
    const { hub } = await synth(wishes);
    expect(resourcesOf(hub, 'AWS::KMS::Key')).toEqual([]);
    expect(JSON.stringify(one(hub, 'AWS::DynamoDB::GlobalTable').Properties)).toContain(keyArn);
    expect(JSON.stringify(one(hub, 'AWS::S3::Bucket', 'Store').Properties)).toContain(keyArn);
    const groups = propertiesOf(hub, 'AWS::Logs::LogGroup');
    expect(groups).toMatchObject(each(groups, { KmsKeyId: keyArn }));
    const topics = propertiesOf(hub, 'AWS::SNS::Topic');
    expect(topics).toMatchObject(each(topics, { KmsMasterKeyId: keyArn }));
    expect(grantsOf(hub, 'NextWaveRole').find(({ actions }) => actions.includes('kms:Decrypt'))?.resources).toEqual([keyArn]);
  });
});

describe('a VPC', () => {
  it('holds every function, and its roles may make the interfaces', async () => {
    const { hub } = await synth(wishes);
    const functions = propertiesOf(hub, 'AWS::Lambda::Function');
    expect(functions).toMatchObject(
      each(functions, { VpcConfig: { SubnetIds: ['subnet-01234567', 'subnet-89abcdef'], SecurityGroupIds: ['sg-01234567'] } }),
    );
    const allowed = Object.keys(functions).filter((id) =>
      grantsOf(hub, `${id.slice(0, -8)}Role`).some(({ actions }) => actions.includes('ec2:CreateNetworkInterface')),
    );
    expect(allowed).toEqual(Object.keys(functions));
    expect(JSON.stringify((await synth(demo)).hub)).not.toContain('NetworkInterface');
  });
});

describe('a proxy', () => {
  it('is told to every function, and Node is told to heed it', async () => {
    const { hub } = await synth(wishes);
    const functions = propertiesOf(hub, 'AWS::Lambda::Function');
    const variables = { HTTPS_PROXY: 'http://proxy.example.com:3128', NO_PROXY: '.internal', NODE_USE_ENV_PROXY: '1' };
    expect(functions).toMatchObject(each(functions, { Environment: { Variables: variables } }));
  });
});

describe('log retention', () => {
  it('holds for every log group', async () => {
    const { hub } = await synth(wishes);
    expect(new Set(resourcesOf(hub, 'AWS::Logs::LogGroup').map(([, { Properties }]) => Properties.RetentionInDays))).toEqual(new Set([365]));
  });
});

describe('a qualifier', () => {
  it('keeps two installations in one account apart: no name is shared', async () => {
    const [first, second] = await Promise.all([synth(demo), synth({ ...demo, qualifier: 'Blue' })]);
    const names = namesIn(first.templates);
    expect(names.length).toBeGreaterThan(20);
    expect(namesIn(second.templates).filter((name) => names.includes(name))).toEqual([]);
    expect(Object.keys(second.templates).every((name) => name.startsWith('Blue-'))).toBe(true);
    const trusts = statementsOf(second.hub)
      .filter(({ actions }) => actions.includes('sts:AssumeRole'))
      .map(({ Condition }) => JSON.stringify(Condition ?? {}));
    expect(trusts.join()).toContain('role/Blue-Hub-*');
  });
});

const changed = { ...observe, optInTag: 'PatchGroup=yes', intakeSchedule: 'rate(6 hours)', '@aws-cdk/core:bootstrapQualifier': 'corp' };

describe('an opt-in tag', () => {
  it('is the condition of every command', async () => {
    const { hub } = await synth(changed);
    const conditions = grantsOf(hub, 'SpokeRole')
      .filter(({ Condition }) => Condition)
      .map(({ Condition }) => Condition);
    expect(conditions).toEqual([{ StringEquals: { 'ssm:resourceTag/PatchGroup': 'yes' } }]);
    expect(hub.Outputs?.OptIn?.Value).toBe('PatchGroup=yes');
  });
});

describe('an intake schedule', () => {
  it('replaces the nightly one', async () => {
    const { hub } = await synth(changed);
    expect(one(hub, 'AWS::Scheduler::Schedule', 'SchedulesIntake').Properties.ScheduleExpression).toBe('rate(6 hours)');
  });
});

describe('CDK’s own wishes', () => {
  it('a bootstrap with another qualifier is respected', async () => {
    const { hub } = await synth(changed);
    expect(JSON.stringify(one(hub, 'AWS::Lambda::Function', 'PickFeeds').Properties.Code)).toContain(`cdk-corp-assets-${hubAccount}-eu-central-1`);
  });

  it('the region may be another, and need no account', async () => {
    const { hub } = await synth({ region: 'us-west-2' });
    expect(JSON.stringify(one(hub, 'AWS::DynamoDB::GlobalTable').Properties)).toContain('us-west-2');
    expect(
      readable(
        (one(hub, 'AWS::Lambda::Function', 'LayOutScan').Properties.Environment as { Variables: Record<string, unknown> }).Variables.LOCATIONS,
      ),
    ).toBe('${AWS::AccountId}/us-west-2');
  });
});
