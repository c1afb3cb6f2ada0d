import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, type Identity } from '../../local/iam/judge.ts';
import { parsePolicy, type Policy } from '../../local/iam/policy.ts';
import type { AccessRequest, Caller } from '../../local/types.ts';

const account = '111111111111';
const caller: Caller = {
  account,
  region: 'eu-central-1',
  arn: `arn:aws:sts::${account}:assumed-role/R/s`,
  roleArn: `arn:aws:iam::${account}:role/R`,
};

const action = fc.constantFrom('s3:GetObject', 's3:PutObject', 'ssm:SendCommand', 'ssm:*', 's3:*', '*');
const resource = fc.constantFrom('arn:aws:s3:::a/1', 'arn:aws:s3:::a/2', 'arn:aws:s3:::a/*', '*');
const condition = fc.constantFrom(
  undefined,
  { StringEquals: { 'aws:PrincipalAccount': account } },
  { StringNotEquals: { 'aws:PrincipalAccount': account } },
  { 'ForAllValues:StringLike': { 'aws:TagKeys': ['k*'] } },
  { Null: { 'aws:TagKeys': 'true' } },
);
const principal = fc.constantFrom('*', { AWS: caller.roleArn }, { AWS: account }, { AWS: '222222222222' }, { Service: 'events.amazonaws.com' });

function statement(effect: 'Allow' | 'Deny', withPrincipal: boolean): fc.Arbitrary<Record<string, unknown>> {
  return fc.record({ action, resource, condition, principal, not: fc.boolean() }).map((parts) => ({
    Effect: effect,
    [parts.not ? 'NotAction' : 'Action']: parts.action,
    Resource: parts.resource,
    ...(parts.condition && { Condition: parts.condition }),
    ...(withPrincipal && { Principal: parts.principal }),
  }));
}

function statements(withPrincipal: boolean): fc.Arbitrary<Array<Record<string, unknown>>> {
  return fc.array(fc.oneof(statement('Allow', withPrincipal), statement('Deny', withPrincipal)), { maxLength: 4 });
}

function policy(entries: Array<Record<string, unknown>>): Policy {
  return parsePolicy({ Version: '2012-10-17', Statement: entries }, 'generated');
}

const request = fc.record({
  action: fc.constantFrom('s3:GetObject', 's3:PutObject', 'ssm:SendCommand', 'kms:Decrypt'),
  resource: fc.constantFrom('arn:aws:s3:::a/1', 'arn:aws:s3:::a/2', '*'),
  context: fc.constantFrom<AccessRequest['context']>(undefined, { 'aws:TagKeys': ['k1'] }, { 'aws:TagKeys': ['k1', 'x'] }),
  resourceAccount: fc.constantFrom(undefined, account, '222222222222'),
});

const world = fc.record({
  own: statements(false),
  resource: fc.option(statements(true), { nil: undefined }),
  boundary: fc.option(statements(false), { nil: undefined }),
  session: fc.option(statements(false), { nil: undefined }),
  service: fc.boolean(),
  request,
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function allowed(of: World): boolean {
  const identity: Identity = { policies: [policy(of.own)], boundary: of.boundary && policy(of.boundary) };
  const asking: Caller = of.service
    ? { ...caller, arn: 'events.amazonaws.com', roleArn: undefined, service: 'events.amazonaws.com' }
    : { ...caller, sessionPolicy: of.session && JSON.stringify({ Version: '2012-10-17', Statement: of.session }) };
  const resourcePolicy = of.resource && { Version: '2012-10-17', Statement: of.resource };
  return judge(asking, { ...of.request, resourcePolicy }, of.service ? { policies: [] } : identity, 'eu-central-1').allowed;
}

describe('judgement over generated policies', () => {
  it('adding a Deny anywhere never allows more', () => {
    fc.assert(
      fc.property(world, statement('Deny', true), fc.constantFrom('own', 'resource', 'boundary', 'session'), (before, extra, where) => {
        fc.pre(where === 'own' || before[where] !== undefined);
        const { Principal: _unused, ...withoutPrincipal } = extra;
        const added = where === 'resource' ? extra : withoutPrincipal;
        const after = { ...before, [where]: [...(before[where] ?? []), added] };
        expect(allowed(after) && !allowed(before)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('a boundary or a session policy never allows more than none', () => {
    fc.assert(
      fc.property(world, fc.constantFrom('boundary', 'session'), (narrowed, where) => {
        expect(allowed(narrowed) && !allowed({ ...narrowed, [where]: undefined })).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('a foreign resource is never allowed by one side alone', () => {
    fc.assert(
      fc.property(world, (of) => {
        const foreign: World = { ...of, service: false, request: { ...of.request, resourceAccount: '222222222222' } };
        expect(allowed({ ...foreign, own: [] })).toBe(false);
        expect(allowed({ ...foreign, resource: undefined })).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
