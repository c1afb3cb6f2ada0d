import { describe, expect, it } from 'vitest';
import type { AccessRequest, Input } from '../../local/types.ts';
import { ACCOUNT, HERE, REGION, createWorld, nodes, plain, shellDocument, type World } from './fleet-world.ts';

const parameters = {
  BatchId: { type: 'String', allowedPattern: '^[a-z0-9-]{1,64}$' },
  executionTimeout: { type: 'String', default: '1800', allowedPattern: '^[0-9]+$' },
  Mode: { type: 'String', default: 'a', allowedValues: ['a', 'b'] },
};
const good = { BatchId: ['b-1'] };

function world(options: Parameters<typeof createWorld>[0] = {}): World {
  const made = createWorld({ behaviours: { 'Doc/One': async () => ({ code: 0 }) }, ...options });
  made.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ name: 'One' }], parameters) });
  return made;
}

async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'accepted',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

describe('SendCommand refuses', () => {
  const { host, call } = world();
  const id = host('n1').id;
  const send = (input: Input): Promise<string> =>
    refusal(call('SendCommand', { DocumentName: 'Doc', InstanceIds: [id], Parameters: good, ...input }));

  it.each<[string, Input, RegExp]>([
    ['an id of another form', { InstanceIds: ['i-123'] }, /ValidationException: .*at 'instanceIds'.*regular expression/],
    [
      'more than 50 ids',
      { InstanceIds: Array.from({ length: 51 }, (_, index) => `i-${String(index).padStart(17, '0')}`) },
      /at 'instanceIds'.*less than or equal to 50/,
    ],
    ['the same id twice', { InstanceIds: [id, id] }, /^DuplicateInstanceId/],
    ['no id at all', { InstanceIds: [] }, /^InvalidInstanceId: Instances \[\[\]\] not in a valid state/],
    ['a document that does not exist', { DocumentName: 'Other' }, /^InvalidDocument:/],
    ['a version that does not exist', { DocumentVersion: '2' }, /^InvalidDocumentVersion:/],
    ['a version of another form', { DocumentVersion: 'newest' }, /^ValidationException: .*documentVersion/],
    ['a hash of other content', { DocumentHash: 'ab', DocumentHashType: 'Sha256' }, /^InvalidDocument: .*hash/],
    ['a comment of 101 characters', { Comment: 'x'.repeat(101) }, /'comment'.*less than or equal to 100/],
    ['a delivery time-out under 30 seconds', { TimeoutSeconds: 29 }, /'timeoutSeconds'.*greater than or equal to 30/],
    ['a delivery time-out over 30 days', { TimeoutSeconds: 2_592_001 }, /'timeoutSeconds'.*less than or equal to 2592000/],
    ['MaxConcurrency 0', { MaxConcurrency: '0' }, /'maxConcurrency'.*regular expression/],
    ['MaxConcurrency 0%', { MaxConcurrency: '0%' }, /'maxConcurrency'/],
    ['MaxErrors -1', { MaxErrors: '-1' }, /'maxErrors'/],
    ['a parameter that the document does not have', { Parameters: { ...good, Nope: ['1'] } }, /^InvalidParameters: .*Nope/],
    ['a parameter that is missing', { Parameters: {} }, /^InvalidParameters: Parameter "BatchId" requires a value/],
    ['a value that does not fit its pattern', { Parameters: { BatchId: ['$(reboot)'] } }, /^InvalidParameters: .*not matching/],
    ['a value that is not allowed', { Parameters: { ...good, Mode: ['c'] } }, /^InvalidParameters: Parameters provided/],
    ['two values for one text', { Parameters: { BatchId: ['a', 'b'] } }, /^InvalidParameters: .*one value/],
    ['members that do nothing here', { Targets: [{ Key: 'tag:A', Values: ['b'] }] }, /^NotImplemented: .*Targets/],
  ])('%s', async (_, input, expected) => {
    expect(await send(input)).toMatch(expected);
  });

  it('the whole call for one bad id, and names it', async () => {
    const gone = world();
    gone.host('n2').terminate();
    const ids = gone.fleet.hosts.map((node) => node.id);
    const text = await refusal(gone.call('SendCommand', { DocumentName: 'Doc', InstanceIds: ids, Parameters: good }));
    expect(text).toBe(`InvalidInstanceId: Instances [[${gone.host('n2').id}]] not in a valid state for account ${ACCOUNT}`);
    expect((await gone.call('ListCommands', {})).Commands).toEqual([]);
  });

  it('nodes of another Region', async () => {
    const other = world({ nodes: nodes(1, { location: `${ACCOUNT}/eu-west-1` }) });
    expect(await refusal(other.send('Doc', [other.host('n1').id], { Parameters: good }))).toMatch(/^InvalidInstanceId/);
  });

  it('a shell document for Windows', async () => {
    const mixed = world({ inventories: { plain: { ...plain, platform: 'windows-2022-x86_64', installed: {} } } });
    expect(await refusal(mixed.send('Doc', [mixed.host('n1').id], { Parameters: good }))).toMatch(/^UnsupportedPlatformType/);
  });
});

describe('SendCommand', () => {
  it('answers with the command as AWS shows it: unset texts are empty', async () => {
    const { call, host } = world();
    const { Command } = await call('SendCommand', { DocumentName: 'Doc', InstanceIds: [host('n1').id], Parameters: good, Comment: 'r/w/1' });
    expect(Command).toMatchObject({
      DocumentName: 'Doc',
      DocumentVersion: '',
      Comment: 'r/w/1',
      Parameters: good,
      InstanceIds: [host('n1').id],
      Targets: [],
      Status: 'Pending',
      StatusDetails: 'Pending',
      MaxConcurrency: '50',
      MaxErrors: '0',
      OutputS3BucketName: '',
      ServiceRole: '',
    });
    expect(Command).toMatchObject({ TargetCount: 1, CompletedCount: 0, ErrorCount: 0, DeliveryTimedOutCount: 0 });
    expect(Command.CommandId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('expires after TimeoutSeconds and the executionTimeout parameter, else 3,600', async () => {
    const { call, host, ssm, clock } = world({
      behaviours: { 'Doc/One': async () => ({ code: 0 }), 'Plain/One': async () => ({ code: 0 }) },
    });
    ssm.createDocument(HERE, { name: 'Plain', content: shellDocument([{ name: 'One' }]) });
    const expiry = async (input: Input): Promise<number> => {
      const { Command } = await call('SendCommand', { InstanceIds: [host('n1').id], ...input });
      return (Command.ExpiresAfter.getTime() - clock.now()) / 1_000;
    };
    expect(await expiry({ DocumentName: 'Doc', TimeoutSeconds: 600, Parameters: { ...good, executionTimeout: ['7200'] } })).toBe(7_800);
    expect(await expiry({ DocumentName: 'Doc', TimeoutSeconds: 600, Parameters: good })).toBe(2_400);
    expect(await expiry({ DocumentName: 'Plain', TimeoutSeconds: 600 })).toBe(4_200);
    expect(await expiry({ DocumentName: 'Plain' })).toBe(7_200);
  });

  it('runs the document again when it is sent again: there is no client token', async () => {
    const { send, host } = world();
    const twice = [await send('Doc', [host('n1').id], { Parameters: good }), await send('Doc', [host('n1').id], { Parameters: good })];
    expect(new Set(twice).size).toBe(2);
  });

  it('accepts a pinned version and hash, also after the document moved on', async () => {
    const { ssm, call, host } = world();
    const { Document } = await call('DescribeDocument', { Name: 'Doc' });
    expect(Document).toMatchObject({
      HashType: 'Sha256',
      DocumentVersion: '1',
      LatestVersion: '1',
      DefaultVersion: '1',
      PlatformTypes: ['Linux'],
    });
    ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ name: 'One', timeoutSeconds: 60 }], parameters) });
    const pinned = {
      DocumentName: 'Doc',
      InstanceIds: [host('n1').id],
      Parameters: good,
      DocumentVersion: '1',
      DocumentHash: Document.Hash,
      DocumentHashType: 'Sha256',
    };
    expect((await call('SendCommand', pinned)).Command.DocumentVersion).toBe('1');
    expect(await refusal(call('SendCommand', { ...pinned, DocumentVersion: '$DEFAULT' }))).toMatch(/^InvalidDocument: .*hash/);
    expect((await call('GetDocument', { Name: 'Doc', DocumentVersion: '$LATEST' })).DocumentVersion).toBe('2');
  });

  it('asks IAM for the document and for each node with its tags', () => {
    const { ssm, fleet } = world({ nodes: [...nodes(1, { tags: { Wavelock: 'enabled' } }), ...nodes(1, { name: 'h{n}', hybrid: true })] });
    const [ec2, hybrid] = fleet.hosts;
    const caller = { ...HERE, arn: 'arn:aws:iam::111111111111:role/x' };
    const context = { caller, ...HERE, service: 'ssm', operation: 'SendCommand', requestId: 'r' };
    const asked = ssm.service.operations.SendCommand!.access({ DocumentName: 'Doc', InstanceIds: [ec2!.id, hybrid!.id] }, context);
    expect(asked.map(({ action, resource }: AccessRequest) => `${action} ${resource}`)).toEqual([
      `ssm:SendCommand arn:aws:ssm:${REGION}:${ACCOUNT}:document/Doc`,
      `ssm:SendCommand arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${ec2!.id}`,
      `ssm:SendCommand arn:aws:ssm:${REGION}:${ACCOUNT}:managed-instance/${hybrid!.id}`,
    ]);
    expect(asked[1]!.context).toMatchObject({ 'ssm:resourceTag/Wavelock': ['enabled'], 'aws:ResourceTag/Wavelock': ['enabled'] });
    expect(asked[2]!.context).toEqual({});
  });

  it('sends the same version of a document that was stored twice unchanged', async () => {
    const { ssm, call } = world();
    ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ name: 'One' }], parameters) });
    expect((await call('DescribeDocument', { Name: 'Doc' })).Document).toMatchObject({ LatestVersion: '1', DefaultVersion: '1' });
  });

  it('can not be created with a step that nothing simulates', () => {
    const { ssm } = world();
    expect(() => ssm.createDocument(HERE, { name: 'Odd', content: shellDocument([{ name: 'Mystery' }]) })).toThrow(
      /does not know what its step Mystery does/,
    );
  });
});
