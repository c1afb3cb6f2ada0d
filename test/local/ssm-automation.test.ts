import { describe, expect, it } from 'vitest';
import type { AccessRequest, Input } from '../../local/types.ts';
import { ACCOUNT, createWorld, REGION, type World } from './fleet-world.ts';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Corp-IsolateRole`;
const TOKEN = '01234567-89ab-8def-a123-456789abcdef';

function world(options: Parameters<typeof createWorld>[0] = {}): World {
  const automations = {
    'Corp-Isolate': {
      version: 2,
      parameters: { Action: ['apply', 'withdraw'] },
      role: 'Corp-IsolateRole',
      seconds: 30,
      failsOn: ['n2'],
      hangsOn: ['n3'],
    },
  };
  return createWorld({ automations, documents: { 'Corp-Command': {} }, assumes: (arn) => arn === ROLE, ...options });
}

function order({ host }: World, names: string[], more: Input = {}): Input {
  return {
    DocumentName: 'Corp-Isolate',
    Parameters: { Action: ['apply'], AutomationAssumeRole: [ROLE] },
    TargetParameterName: 'InstanceId',
    Targets: [{ Key: 'ParameterValues', Values: names.map((name) => host(name).id) }],
    MaxConcurrency: '50',
    MaxErrors: '50',
    ...more,
  };
}

async function start(made: World, names: string[], more: Input = {}): Promise<string> {
  return (await made.call('StartAutomationExecution', order(made, names, more))).AutomationExecutionId;
}

/** Status by node. */
async function parts({ call, fleet }: World, execution: string): Promise<Record<string, string>> {
  const { AutomationExecutionMetadataList } = await call('DescribeAutomationExecutions', {
    Filters: [{ Key: 'ParentExecutionId', Values: [execution] }],
  });
  return Object.fromEntries(AutomationExecutionMetadataList.map((one: Input) => [fleet.host(one.Target)?.name, one.AutomationExecutionStatus]));
}

async function whole({ call }: World, AutomationExecutionId: string): Promise<Input> {
  return (await call('GetAutomationExecution', { AutomationExecutionId })).AutomationExecution;
}

describe('an automation with targets', () => {
  it('has one execution below it for each, which does its work on the node', async () => {
    const made = world();
    const id = await start(made, ['n1', 'n2']);
    await made.clock.pass(10);
    expect(await parts(made, id)).toEqual({ n1: 'InProgress', n2: 'InProgress' });
    expect(made.host('n1').ran.size).toBe(0);
    await made.clock.pass(30);
    expect(await parts(made, id)).toEqual({ n1: 'Success', n2: 'Failed' });
    expect(made.host('n1').ran.get('Corp-Isolate')).toEqual({ Action: 'apply', AutomationAssumeRole: ROLE, InstanceId: made.host('n1').id });
    expect(made.host('n2').ran.size).toBe(0);
    expect(await whole(made, id)).toMatchObject({ AutomationExecutionStatus: 'Success', DocumentVersion: '2', Parameters: { Action: ['apply'] } });
    const { AutomationExecutionMetadataList: listed } = await made.call('DescribeAutomationExecutions', {
      Filters: [{ Key: 'DocumentNamePrefix', Values: ['Corp-'] }],
    });
    expect(listed).toMatchObject([{ AutomationExecutionId: id, TargetParameterName: 'InstanceId', Targets: [{ Key: 'ParameterValues' }] }]);
  });

  it('says why one of them failed, and whose it is', async () => {
    const made = world();
    const id = await start(made, ['n2']);
    await made.clock.pass(60);
    const {
      AutomationExecutionMetadataList: [part],
    } = await made.call('DescribeAutomationExecutions', { Filters: [{ Key: 'ParentExecutionId', Values: [id] }] });
    expect(part).toMatchObject({ ParentAutomationExecutionId: id, FailureMessage: expect.stringContaining('not in a state for it') });
    expect(await whole(made, part.AutomationExecutionId)).toMatchObject({ Parameters: { InstanceId: [made.host('n2').id] } });
  });

  it('does not end where one of them does not', async () => {
    const made = world();
    const id = await start(made, ['n1', 'n3']);
    await made.clock.pass(90_000);
    expect(await parts(made, id)).toEqual({ n1: 'Success', n3: 'InProgress' });
    expect(await whole(made, id)).toMatchObject({ AutomationExecutionStatus: 'InProgress' });
  });

  it('runs so many at once, and begins no more once too many have failed', async () => {
    const made = world();
    const id = await start(made, ['n2', 'n1'], { MaxConcurrency: '1', MaxErrors: '0' });
    await made.clock.pass(10);
    expect(await parts(made, id)).toEqual({ n2: 'InProgress' });
    await made.clock.pass(60);
    expect(await parts(made, id)).toEqual({ n2: 'Failed' });
    expect(await whole(made, id)).toMatchObject({ AutomationExecutionStatus: 'Failed' });
  });

  it('fails on a node that this location does not have', async () => {
    const made = world();
    const id = await start(made, [], { Targets: [{ Key: 'ParameterValues', Values: ['i-00000000000000000'] }] });
    await made.clock.pass(5);
    const {
      AutomationExecutionMetadataList: [part],
    } = await made.call('DescribeAutomationExecutions', { Filters: [{ Key: 'ParentExecutionId', Values: [id] }] });
    expect(part).toMatchObject({ AutomationExecutionStatus: 'Failed', FailureMessage: expect.stringContaining('Invalid id') });
  });

  it('is known to reads a moment later only', async () => {
    const made = world();
    const id = await start(made, ['n1']);
    await expect(whole(made, id)).rejects.toMatchObject({ code: 'AutomationExecutionNotFoundException' });
    expect((await made.call('DescribeAutomationExecutions', {})).AutomationExecutionMetadataList).toEqual([]);
    await made.clock.pass(3);
    expect(await whole(made, id)).toMatchObject({ AutomationExecutionId: id });
  });
});

describe('StartAutomationExecution with a client token', () => {
  it('starts once, however often it comes, and no other request under the same token', async () => {
    const made = world();
    const id = await start(made, ['n1'], { ClientToken: TOKEN });
    expect(await start(made, ['n1'], { ClientToken: TOKEN })).toBe(id);
    await expect(start(made, ['n2'], { ClientToken: TOKEN.toUpperCase() })).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' });
    await made.clock.pass(5);
    expect((await made.call('DescribeAutomationExecutions', {})).AutomationExecutionMetadataList).toHaveLength(1);
  });
});

describe('StartAutomationExecution refuses', () => {
  const made = world();
  it.each<[string, Input, string, RegExp]>([
    ['a runbook that does not exist', { DocumentName: 'Corp-Other' }, 'AutomationDefinitionNotFoundException', /Corp-Other/],
    ['a Command document', { DocumentName: 'Corp-Command' }, 'AutomationDefinitionNotFoundException', /Corp-Command/],
    ['a version that does not exist', { DocumentVersion: '3' }, 'AutomationDefinitionVersionNotFoundException', /Version 3/],
    [
      'a parameter that it does not have',
      { Parameters: { Action: ['apply'], Nope: ['x'] } },
      'InvalidAutomationExecutionParametersException',
      /Nope/,
    ],
    ['a parameter that is missing', { Parameters: {} }, 'InvalidAutomationExecutionParametersException', /Action/],
    ['a value that is not allowed', { Parameters: { Action: ['destroy'] } }, 'InvalidAutomationExecutionParametersException', /invalid/],
    [
      'a role that Systems Manager may not assume',
      { Parameters: { Action: ['apply'], AutomationAssumeRole: [`${ROLE}2`] } },
      'InvalidAutomationExecutionParametersException',
      /unable to be assumed/,
    ],
    ['a target parameter that it does not have', { TargetParameterName: 'Node' }, 'InvalidAutomationExecutionParametersException', /Node/],
    ['targets without a parameter for them', { TargetParameterName: undefined }, 'InvalidAutomationExecutionParametersException', /together/],
    ['no target at all', { Targets: [{ Key: 'ParameterValues', Values: [] }] }, 'InvalidTarget', /no values/],
    [
      'more than 50 values',
      { Targets: [{ Key: 'ParameterValues', Values: Array.from({ length: 51 }, (_, index) => `i-${index}`) }] },
      'ValidationException',
      /targets\.values.*50/,
    ],
    ['a token that is no UUID', { ClientToken: 'once' }, 'ValidationException', /clientToken/],
    ['targets by tag', { Targets: [{ Key: 'tag:Name', Values: ['a'] }] }, 'NotImplemented', /ParameterValues/],
    ['tags', { Tags: [{ Key: 'a', Value: 'b' }] }, 'NotImplemented', /Tags/],
  ])('%s', async (_title, more, code, message) => {
    await expect(start(made, ['n1'], more)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('what IAM is asked', () => {
  it('is the definition in its version, the document, the execution to be, and the role that is handed over', () => {
    const made = world();
    const access = made.ssm.service.operations.StartAutomationExecution!.access(order(made, ['n1'], { DocumentVersion: '2' }), {
      caller: { account: ACCOUNT, region: REGION, arn: 'x' },
      account: ACCOUNT,
      region: REGION,
      service: 'ssm',
      operation: 'StartAutomationExecution',
      requestId: 'r',
    });
    const ssm = `arn:aws:ssm:${REGION}:${ACCOUNT}`;
    expect(access.map(({ action, resource }: AccessRequest) => [action, resource])).toEqual([
      ['ssm:StartAutomationExecution', `${ssm}:automation-definition/Corp-Isolate:2`],
      ['ssm:StartAutomationExecution', `${ssm}:document/Corp-Isolate`],
      ['ssm:StartAutomationExecution', expect.stringMatching(/:automation-execution\/[0-9-]{36}$/)],
      ['iam:PassRole', ROLE],
    ]);
    expect(access.at(-1)?.context).toEqual({ 'iam:PassedToService': ['ssm.amazonaws.com'] });
  });
});

describe('a runbook among documents', () => {
  it('is described with its type, its parameters and the hash of its content', async () => {
    const { call } = world();
    const { Document } = await call('DescribeDocument', { Name: 'Corp-Isolate' });
    expect(Document).toMatchObject({
      DocumentType: 'Automation',
      SchemaVersion: '0.3',
      DocumentVersion: '2',
      Hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(Document.Parameters.map(({ Name }: Input) => Name)).toEqual(['Action', 'InstanceId', 'AutomationAssumeRole']);
    const { Content } = await call('GetDocument', { Name: 'Corp-Isolate', DocumentVersion: '1' });
    expect(JSON.parse(Content)).toMatchObject({ schemaVersion: '0.3', assumeRole: '{{ AutomationAssumeRole }}' });
    await expect(call('DescribeDocument', { Name: 'Corp-Isolate', DocumentVersion: '9' })).rejects.toMatchObject({ code: 'InvalidDocumentVersion' });
    await expect(call('SendCommand', { DocumentName: 'Corp-Isolate', InstanceIds: [] })).rejects.toMatchObject({ code: 'InvalidDocument' });
  });
});
