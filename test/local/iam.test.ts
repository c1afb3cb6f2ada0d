import { describe, expect, it } from 'vitest';
import { createIam, type Iam } from '../../local/iam/iam.ts';
import type { Caller } from '../../local/types.ts';
import {
  account,
  allow,
  ask,
  deny,
  document,
  foreign,
  iamWith,
  noBoundary,
  noIdentity,
  noResource,
  region,
  roleArn,
  table,
  verdict,
  worker,
  type Entry,
} from './iam-world.ts';

describe('actions and resources of identity policies', () => {
  const put = 'dynamodb:PutItem';
  it.each([
    ['nothing granted', [], ask(put, table), noIdentity(put)],
    ['the action itself', [allow(put, table)], ask(put, table), 'allowed'],
    ['another action', [allow('dynamodb:GetItem', table)], ask(put, table), noIdentity(put)],
    ['a wildcard at the end', [allow('dynamodb:Put*', table)], ask(put, table), 'allowed'],
    ['a question mark', [allow('dynamodb:PutIte?', table)], ask(put, table), 'allowed'],
    ['actions have no case', [allow('DynamoDB:putitem', table)], ask(put, table), 'allowed'],
    ['resources have case', [allow(put, table.toLowerCase())], ask(put, table), noIdentity(put)],
    ['a table does not cover its index', [allow(put, table)], ask(put, `${table}/index/one`), noIdentity(put)],
    ['a pattern covers the index', [allow(put, `${table}/index/*`)], ask(put, `${table}/index/one`), 'allowed'],
    ['one of several resources', [allow(put, ['arn:aws:s3:::b', table])], ask(put, table), 'allowed'],
    [
      'a star inside a segment stops at the colon',
      [allow('s3:GetObject', 'arn:aws:s3:e*x::bucket')],
      ask('s3:GetObject', 'arn:aws:s3:eu:x::bucket'),
      noIdentity('s3:GetObject'),
    ],
    ['a star that ends a segment runs on', [allow(put, 'arn:aws:dynamodb:*')], ask(put, table), 'allowed'],
    ['any account, any Region', [allow(put, 'arn:aws:dynamodb:*:*:table/Record')], ask(put, table), 'allowed'],
    [
      'a star inside a key runs over slashes and colons',
      [allow('s3:GetObject', 'arn:aws:s3:::bucket/a*z')],
      ask('s3:GetObject', 'arn:aws:s3:::bucket/a/b:c/z'),
      'allowed',
    ],
    ['a dot is a dot', [allow(put, 'arn:aws:dynamodb:x:1:table/a.b')], ask(put, 'arn:aws:dynamodb:x:1:table/aXb'), noIdentity(put)],
    ['NotAction grants the rest', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], ask(put, table), 'allowed'],
    ['NotAction grants nothing of itself', [{ Effect: 'Allow', NotAction: 'dynamodb:*', Resource: '*' }], ask(put, table), noIdentity(put)],
    ['NotResource grants the rest', [{ Effect: 'Allow', Action: put, NotResource: 'arn:aws:s3:::*' }], ask(put, table), 'allowed'],
    ['NotResource spares what it names', [{ Effect: 'Allow', Action: put, NotResource: table }], ask(put, table), noIdentity(put)],
    ['an explicit deny wins', [allow('*'), deny('dynamodb:*', table)], ask(put, table), 'with an explicit deny in an identity-based policy'],
    ['a deny of something else does nothing', [allow('*'), deny('dynamodb:*', `${table}2`)], ask(put, table), 'allowed'],
  ])('%s', (_name, identity, request, expected) => {
    expect(verdict({ identity }, request)).toBe(expected);
  });
});

describe('what is not known is an error that names it, when the policy is read', () => {
  it.each([
    ['operator', { Condition: { DateLessThan: { 'aws:SecureTransport': 'x' } } }, 'the condition operator "DateLessThan"'],
    ['quantified operator', { Condition: { 'ForSomeValue:StringEquals': { 'aws:TagKeys': 'x' } } }, '"ForSomeValue:StringEquals"'],
    ['key', { Condition: { StringEquals: { 'ssm:noSuchKey': 'x' } } }, 'the condition key "ssm:noSuchKey"'],
    ['variable in a value', { Condition: { StringEquals: { 'aws:PrincipalArn': '${no:such}' } } }, 'the policy variable "${no:such}"'],
    ['variable in a resource', { Resource: 'arn:aws:s3:::${no:such}' }, 'the policy variable "${no:such}"'],
    ['element', { NotPrincipal: '*' }, 'the element "NotPrincipal"'],
    ['principal kind', { Principal: { Federated: 'x' } }, 'the kind "Federated"'],
    ['effect', { Effect: 'Maybe' }, 'Effect must be Allow or Deny'],
    ['unresolved function', { Resource: { Ref: 'X' } }, 'unresolved template function'],
  ])('%s', (_name, entry, expected) => {
    const read = (): Iam => iamWith({ identity: [{ ...allow('ssm:SendCommand'), ...entry }] });
    expect(read).toThrow(/Inline of role arn:aws:iam::111111111111:role\/app\/Worker, statement 1: /);
    expect(read).toThrow(expect.objectContaining({ message: expect.stringMatching(new RegExp(escaped(expected), 'i')) }));
  });

  it('names a version that has no policy variables', () => {
    const iam = createIam(() => 0);
    const old = { Version: '2008-10-17', Statement: [] };
    expect(() => iam.putRole({ arn: roleArn, trust: document(), policies: [{ name: 'Old', document: old }] })).toThrow('"2008-10-17"');
  });
});

function escaped(text: string): string {
  return text.replace(/[$.{}()"]/g, '\\$&');
}

describe('boundary and session policy only narrow', () => {
  const send = ask('ssm:SendCommand');
  it.each([
    ['boundary allows too', { identity: [allow('ssm:*')], boundary: [allow('*')] }, undefined, 'allowed'],
    ['boundary does not', { identity: [allow('ssm:*')], boundary: [allow('s3:*')] }, undefined, noBoundary('ssm:SendCommand')],
    [
      'boundary denies',
      { identity: [allow('ssm:*')], boundary: [allow('*'), deny('ssm:*')] },
      undefined,
      'with an explicit deny in a permissions boundary',
    ],
    ['boundary alone grants nothing', { boundary: [allow('*')] }, undefined, noIdentity('ssm:SendCommand')],
    ['session allows too', { identity: [allow('ssm:*')] }, [allow('ssm:Send*')], 'allowed'],
    ['session does not', { identity: [allow('ssm:*')] }, [allow('s3:*')], 'because no session policy allows the ssm:SendCommand action'],
    ['session denies', { identity: [allow('ssm:*')] }, [allow('*'), deny('ssm:*')], 'with an explicit deny in a session policy'],
    ['session alone grants nothing', {}, [allow('*')], noIdentity('ssm:SendCommand')],
  ])('%s', (_name, world, session, expected) => {
    const caller = session ? { ...worker, sessionPolicy: JSON.stringify(document(...session)) } : worker;
    expect(verdict(world, send, caller)).toBe(expected);
  });
});

function root(of: string): unknown {
  return { AWS: `arn:aws:iam::${of}:root` };
}

describe('resource policies', () => {
  const get = 's3:GetObject';
  const object = 'arn:aws:s3:::bucket/key';
  const granting = (Principal: unknown, more: Entry = {}): unknown => document(allow(get, 'arn:aws:s3:::bucket/*', { Principal, ...more }));
  const stranger: Caller = {
    account: foreign,
    region,
    arn: `arn:aws:sts::${foreign}:assumed-role/Other/x`,
    roleArn: `arn:aws:iam::${foreign}:role/Other`,
  };

  it.each([
    ['everyone, within the account', granting('*'), {}, 'allowed'],
    ['everyone under a condition that holds', granting('*', { Condition: { StringEquals: { 'aws:PrincipalAccount': account } } }), {}, 'allowed'],
    [
      'everyone under a condition that fails',
      granting('*', { Condition: { StringEquals: { 'aws:PrincipalAccount': foreign } } }),
      {},
      noIdentity(get),
    ],
    ['AWS: * is everyone too', granting({ AWS: '*' }), {}, 'allowed'],
    ['the role', granting({ AWS: roleArn }), {}, 'allowed'],
    ['the session', granting({ AWS: worker.arn }), {}, 'allowed'],
    ['another role', granting({ AWS: `${roleArn}2` }), {}, noIdentity(get)],
    ['the account only delegates', granting(root(account)), {}, noIdentity(get)],
    ['the account, and the role may', granting(root(account)), { identity: [allow(get)] }, 'allowed'],
    ['an account by its number', granting({ AWS: account }), { identity: [allow(get)] }, 'allowed'],
    ['no resource policy, the role may', undefined, { identity: [allow(get)] }, 'allowed'],
    [
      'its deny wins over the role',
      document({ ...deny(get, object), Principal: '*' }),
      { identity: [allow('*')] },
      'with an explicit deny in a resource-based policy',
    ],
    ['the role is still limited by its boundary', granting({ AWS: roleArn }), { boundary: [allow('ssm:*')] }, noBoundary(get)],
    ['the session is not limited by the boundary', granting({ AWS: worker.arn }), { boundary: [allow('ssm:*')] }, 'allowed'],
    ['everyone is not limited by the boundary', granting('*'), { boundary: [allow('ssm:*')] }, 'allowed'],
    [
      'deny without transport security does not hit',
      document(allow(get, '*', { Principal: '*' }), { ...deny('s3:*'), Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      {},
      'allowed',
    ],
  ])('same account: %s', (_name, resourcePolicy, world, expected) => {
    expect(verdict(world, ask(get, object, { resourcePolicy }))).toBe(expected);
  });

  it.each([
    ['both sides', granting({ AWS: roleArn }), [allow(get)], 'allowed'],
    ['both sides, through the account', granting(root(account)), [allow(get)], 'allowed'],
    ['both sides, through everyone', granting('*'), [allow(get)], 'allowed'],
    ['only the resource', granting({ AWS: roleArn }), [], noIdentity(get)],
    ['only the caller', undefined, [allow('*')], noResource(get)],
    ['a policy for another account', granting(root('333333333333')), [allow('*')], noResource(get)],
  ])('other account needs %s', (_name, resourcePolicy, identity, expected) => {
    expect(verdict({ identity }, ask(get, object, { resourcePolicy, resourceAccount: foreign }))).toBe(expected);
  });

  it('a policy that grows is read again', () => {
    const policy = { Version: '2012-10-17', Statement: [] as Entry[] };
    expect(verdict({}, ask(get, object, { resourcePolicy: policy }))).toBe(noIdentity(get));
    policy.Statement.push(allow(get, '*', { Principal: '*' }));
    expect(verdict({}, ask(get, object, { resourcePolicy: policy }))).toBe('allowed');
  });

  it('an administrator is an administrator of one account only', () => {
    const owner: Caller = { ...worker, roleArn: undefined, administrator: true };
    expect(verdict({}, ask(get, object), owner)).toBe('allowed');
    expect(verdict({}, ask(get, object, { resourceAccount: foreign }), owner)).toBe(noResource(get));
    expect(verdict({}, ask('kms:Decrypt', 'key', { resourcePolicy: document() }), owner)).toBe(noResource('kms:Decrypt'));
  });

  it('a role that does not exist has no permissions', () => {
    expect(verdict({ identity: [allow('*')] }, ask(get, object), stranger)).toBe(noIdentity(get));
  });

  describe('AWS services', () => {
    const events: Caller = {
      account,
      region,
      arn: 'events.amazonaws.com',
      service: 'events.amazonaws.com',
      sourceArn: `arn:aws:events:${region}:${account}:rule/R`,
    };
    const invoke = 'lambda:InvokeFunction';
    const fn = `arn:aws:lambda:${region}:${account}:function:F`;
    const permission = (more: Entry = {}, Service = 'events.amazonaws.com'): unknown =>
      document(allow(invoke, fn, { Principal: { Service }, ...more }));
    it.each([
      ['are allowed by name', permission(), 'allowed'],
      ['are not another service', permission({}, 's3.amazonaws.com'), noResource(invoke)],
      ['are held to the source', permission({ Condition: { ArnLike: { 'AWS:SourceArn': events.sourceArn } } }), 'allowed'],
      ['are refused for another source', permission({ Condition: { ArnLike: { 'AWS:SourceArn': `${events.sourceArn}2` } } }), noResource(invoke)],
      ['are held to the account', permission({ Condition: { StringEquals: { 'aws:SourceAccount': account } } }), 'allowed'],
      ['are refused for another account', permission({ Condition: { StringEquals: { 'aws:SourceAccount': foreign } } }), noResource(invoke)],
      [
        'have no principal account',
        document(allow(invoke, '*', { Principal: '*', Condition: { StringEquals: { 'aws:PrincipalAccount': account } } })),
        noResource(invoke),
      ],
      ['are told by a key', permission({ Condition: { Bool: { 'aws:PrincipalIsAWSService': 'true' } } }), 'allowed'],
      ['have no identity policies', undefined, noResource(invoke)],
    ])('%s', (_name, resourcePolicy, expected) => {
      expect(verdict({ identity: [allow('*')] }, ask(invoke, fn, { resourcePolicy }), events)).toBe(expected);
    });
  });
});

function everything(Principal: unknown): unknown {
  return document(allow('kms:*', '*', { Principal }));
}

function trusting(Principal: unknown): unknown {
  return document({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal });
}

describe('policies that must allow: keys and trust', () => {
  const key = `arn:aws:kms:${region}:${account}:key/1`;
  it.each([
    [
      'the key delegates to the account and the role may',
      everything({ AWS: `arn:aws:iam::${account}:root` }),
      [allow('kms:Decrypt', key)],
      'allowed',
    ],
    ['the key delegates, but the role may not', everything({ AWS: `arn:aws:iam::${account}:root` }), [], noIdentity('kms:Decrypt')],
    ['the key names the role', everything({ AWS: roleArn }), [], 'allowed'],
    ['the role alone is not enough', everything({ AWS: `arn:aws:iam::${foreign}:root` }), [allow('*')], noResource('kms:Decrypt')],
  ])('%s', (_name, resourcePolicy, identity, expected) => {
    expect(verdict({ identity }, ask('kms:Decrypt', key, { resourcePolicy }))).toBe(expected);
  });

  const other = `arn:aws:iam::${account}:role/Other`;
  const noTrust = 'because no role trust policy allows the sts:AssumeRole action';
  it.each([
    ['trusted by name', trusting({ AWS: roleArn }), [], 'allowed'],
    ['trusted through the account, and allowed', trusting({ AWS: account }), [allow('sts:AssumeRole', other)], 'allowed'],
    ['trusted through the account only', trusting({ AWS: account }), [], noIdentity('sts:AssumeRole')],
    ['allowed but not trusted', trusting({ Service: 'lambda.amazonaws.com' }), [allow('*')], noTrust],
    [
      'denied by the trust policy',
      document({ Effect: 'Deny', Action: 'sts:AssumeRole', Principal: '*' }),
      [allow('*')],
      'with an explicit deny in the role trust policy',
    ],
  ])('assuming a role: %s', (_name, resourcePolicy, identity, expected) => {
    expect(verdict({ identity }, ask('sts:AssumeRole', other, { resourcePolicy }))).toBe(expected);
  });

  it('a service gets a session only of a role that trusts it', () => {
    const iam = iamWith({
      trust: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': account } },
        },
      ],
    });
    const session = { name: 'night', region, sourceArn: `arn:aws:scheduler:${region}:${account}:schedule-group/default` };
    expect(iam.serviceSession('scheduler.amazonaws.com', roleArn, session)).toEqual({
      account,
      region,
      arn: `arn:aws:sts::${account}:assumed-role/Worker/night`,
      roleArn,
    });
    expect(() => iam.serviceSession('events.amazonaws.com', roleArn, session)).toThrow(noTrust);
    expect(() =>
      iam.serviceSession('scheduler.amazonaws.com', roleArn, { ...session, sourceArn: session.sourceArn.replaceAll(account, foreign) }),
    ).toThrow(noTrust);
    expect(() => iam.serviceSession('scheduler.amazonaws.com', `${roleArn}2`, session)).toThrow('does not exist');
  });
});

describe('refusals', () => {
  it.each([
    ['ssm', 'AccessDeniedException', 400],
    ['lambda', 'AccessDeniedException', 403],
    ['s3', 'AccessDenied', 403],
    ['sns', 'AuthorizationError', 403],
    ['sqs', 'AccessDenied', 403],
    ['sts', 'AccessDenied', 403],
    ['ec2', 'UnauthorizedOperation', 403],
    ['dynamodb', 'AccessDeniedException', 400],
  ])('%s answers %s with status %d', (service, code, statusCode) => {
    const refused = (): void => iamWith({}).authorize(worker, ask('x:Y'), { service, region });
    expect(refused).toThrow(expect.objectContaining({ code, statusCode }));
  });

  it('reads as AWS writes it', () => {
    const request = ask('ssm:SendCommand', 'arn:aws:ec2:x:1:instance/i-1');
    expect(() => iamWith({}).authorize(worker, request, { service: 'ssm', region })).toThrow(
      'User: arn:aws:sts::111111111111:assumed-role/Worker/session is not authorized to perform: ssm:SendCommand ' +
        'on resource: arn:aws:ec2:x:1:instance/i-1 because no identity-based policy allows the ssm:SendCommand action',
    );
  });

  it('are kept for whoever looks inside', () => {
    const iam = iamWith({});
    expect(() => iam.authorize(worker, ask('ssm:SendCommand'), { service: 'ssm', region })).toThrow('not authorized');
    expect(iam.denied()).toMatchObject([{ caller: worker.arn, service: 'ssm', action: 'ssm:SendCommand', resource: '*' }]);
  });
});

describe('unused grants', () => {
  it('lists by role, statement and action what no call needed, and forgets what one did', () => {
    const iam = iamWith({
      identity: [allow(['ssm:SendCommand', 'ssm:Get*'], '*', { Sid: 'Send' }), allow('s3:GetObject', 'arn:aws:s3:::b/*'), deny('iam:*')],
    });
    iam.authorize(worker, ask('ssm:GetCommandInvocation'), { service: 'ssm', region });
    expect(iam.unused().map(({ statement, action }) => [statement, action])).toEqual([
      ['Send', 'ssm:SendCommand'],
      ['statement 2', 's3:GetObject'],
    ]);
    expect(iam.unused()[1]).toMatchObject({ role: roleArn, policy: 'Inline', resources: ['arn:aws:s3:::b/*'] });
  });

  it('a refused call uses nothing', () => {
    const iam = iamWith({ identity: [allow('ssm:SendCommand')], boundary: [allow('s3:*')] });
    expect(() => iam.authorize(worker, ask('ssm:SendCommand'), { service: 'ssm', region })).toThrow('not authorized');
    expect(iam.unused()).toHaveLength(1);
  });

  it('leaves out what a policy of AWS grants: nobody here can narrow it', () => {
    const iam = createIam(() => 0);
    iam.putRole({ arn: roleArn, trust: document(), policies: [{ name: 'AWS', document: document(allow('ssm:*')), awsManaged: true }] });
    expect(iam.unused()).toEqual([]);
  });

  it('leaves out what only AWS itself needs', () => {
    const iam = iamWith({ identity: [allow(['xray:PutTraceSegments', 'logs:CreateLogDelivery'])] });
    expect(iam.unused()).toEqual([]);
  });
});

describe('roles that change', () => {
  it('a removed role loses its permissions at once', () => {
    const iam = iamWith({ identity: [allow('*')] });
    iam.removeRole(roleArn);
    expect(() => iam.authorize(worker, ask('ssm:SendCommand'), { service: 'ssm', region })).toThrow('no identity-based policy');
  });

  it('a policy that is attached later counts', () => {
    const iam = iamWith({});
    iam.attach(roleArn, { name: 'Later', document: document(allow('ssm:*')) });
    expect(iam.allows(worker, ask('ssm:SendCommand'), region)).toBe(true);
    expect(() => iam.attach(`${roleArn}2`, { name: 'Later', document: document() })).toThrow('does not exist');
  });
});
