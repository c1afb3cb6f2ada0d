import { describe, expect, it } from 'vitest';
import { checkResourcePolicy } from '../../local/cloudformation/resource-policy.ts';
import { readTemplate } from '../../local/cloudformation/template.ts';
import { createIam, type Iam } from '../../local/iam/iam.ts';
import type { Json } from '../../local/json.ts';
import { checkAsyncSettings, checkFunction } from '../../local/services/lambda-limits.ts';
import { pageOf } from '../../local/services/listing.ts';
import { refuseMembers } from '../../local/services/refused-members.ts';
import { createTagging } from '../../local/services/tagging.ts';
import type { CallContext } from '../../local/types.ts';
import type { FunctionDefinition } from '../../local/services/lambda.ts';

/** What AWS refuses at a deployment, so that a template which is too much for AWS doesn't boot here. */

const arn = 'arn:aws:iam::111111111111:role/R';
const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }] };

function policy(more: Json = {}): Json {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...more }] };
}

/** A policy with so many characters. */
function long(characters: number): Json {
  const empty = policy({ Resource: 'arn:aws:s3:::' });
  return policy({ Resource: `arn:aws:s3:::${'x'.repeat(characters - JSON.stringify(empty).length)}` });
}

function iamWith(policies: (Json | string)[]): Iam {
  const iam = createIam(() => 0);
  iam.putRole({ arn, trust, policies: policies.map((document, index) => ({ name: `P${index}`, document })) });
  return iam;
}

describe('a role', () => {
  it('takes inline policies of 10,240 characters together, white space not counted', () => {
    const iam = iamWith([long(5_120), long(5_119)]);
    expect(() => iam.attach(arn, { name: 'More', document: policy() })).toThrow('Maximum policy size of 10240 bytes exceeded for role');
    expect(iam.role(arn)?.policies).toHaveLength(2);
    expect(() => iamWith([JSON.stringify(long(10_240), null, 2)])).not.toThrow();
    expect(() => iamWith([long(10_241)])).toThrow('Maximum policy size');
  });

  it('takes managed policies of 6,144 characters each, which do not count as inline', () => {
    const iam = iamWith([long(10_240)]);
    expect(() => iam.putManagedPolicy('arn:aws:iam::111111111111:policy/M', long(6_145))).toThrow('Cannot exceed quota for PolicySize: 6144');
    iam.attach(arn, { name: 'M', document: long(6_144), managed: true });
    expect(() => {
      for (let count = 2; count <= 21; count += 1) iam.attach(arn, { name: `M${count}`, document: policy(), managed: true });
    }).toThrow('Cannot exceed quota for PoliciesPerRole: 20');
  });

  it('has a trust policy of 2,048 characters at most', () => {
    const accounts = Array.from({ length: 60 }, (_, index) => `arn:aws:iam::${111111111111 + index}:root`);
    const wide = { ...trust, Statement: [{ ...trust.Statement[0], Principal: { AWS: accounts } }] };
    expect(() => createIam(() => 0).putRole({ arn, trust: wide, policies: [] })).toThrow('Cannot exceed quota for ACLSizePerRole: 2048');
  });

  it('has one policy of a name: a second one would take the place of the first', () => {
    expect(() => iamWith([policy()]).attach(arn, { name: 'P0', document: policy() })).toThrow('has a policy P0 already');
  });
});

describe('a policy of a role is refused', () => {
  it.each<[string, Json, string]>([
    ['without resources', policy({ Resource: undefined }), 'must contain resources'],
    ['with a principal', policy({ Principal: '*' }), 'must not specify a principal'],
    ['with a Sid that is no word', policy({ Sid: 'read-only' }), 'the Sid "read-only" may hold letters and numbers only'],
    [
      'with a Sid that comes twice',
      { ...policy(), Statement: [1, 2].map(() => ({ ...trust.Statement[0], Principal: undefined, Resource: '*', Sid: 'S' })) },
      'used by two',
    ],
    ['with a character that IAM does not take', policy({ Resource: 'arn:aws:s3:::caf\u0142' }), 'characters that IAM refuses'],
  ])('%s', (_what, document, message) => {
    expect(() => iamWith([document])).toThrow(message);
  });

  it('and so is a trust policy that names a resource, or nobody', () => {
    const put = (more: Json): void =>
      createIam(() => 0).putRole({ arn, trust: { ...trust, Statement: [{ ...trust.Statement[0], ...more }] }, policies: [] });
    expect(() => put({ Resource: '*' })).toThrow('has the prohibited field Resource');
    expect(() => put({ Principal: undefined })).toThrow('lacks the required field Principal');
  });
});

describe("a resource's policy is refused", () => {
  const open = policy({ Principal: '*' });
  const statements = Array.from({ length: 21 }, () => (open.Statement as Json[])[0]);
  it.each<[string, Parameters<typeof checkResourcePolicy>[0], Json, string]>([
    ['without a principal', 's3', policy(), 'lacks the required field Principal'],
    ['without resources', 'sns', policy({ Principal: '*', Resource: undefined }), 'must contain resources'],
    ['that is too long', 'sqs', policy({ Principal: '*', Resource: 'x'.repeat(8_192) }), 'bytes, 8192 are allowed'],
    ['of a queue with too many statements', 'sqs', { ...open, Statement: statements }, 'has 21 statements, 20 are allowed'],
    [
      'of a queue with too many actions',
      'sqs',
      policy({ Principal: '*', Action: Array.from({ length: 8 }, (_, index) => `sqs:${index}`) }),
      'has 8 actions',
    ],
  ])('%s', (_what, service, document, message) => {
    expect(() => checkResourcePolicy(service, document, 'it')).toThrow(message);
  });
});

describe('a template is refused', () => {
  const resources = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, index) => [`R${index}`, { Type: 'T' }]));

  it('with more than 500 resources, or 200 outputs', () => {
    expect(() => readTemplate({ Resources: resources(500) })).not.toThrow();
    expect(() => readTemplate({ Resources: resources(501) })).toThrow('Number of resources, 501, is greater than maximum allowed, 500');
    expect(() => readTemplate({ Resources: {}, Outputs: resources(201) })).toThrow('Number of outputs, 201');
  });

  it('when a resource depends on one that is not there', () => {
    const Resources = { A: { Type: 'T', DependsOn: ['B', 'Gone'] }, B: { Type: 'T' } };
    expect(() => readTemplate({ Resources })).toThrow('Unresolved resource dependencies [Gone] in the Resources block of the template');
  });
});

describe('a function', () => {
  const definition = (more: Partial<FunctionDefinition>): FunctionDefinition => ({
    account: '111111111111',
    region: 'eu-central-1',
    name: 'f',
    codeDirectory: '',
    handler: 'index.handler',
    roleArn: arn,
    ...more,
  });

  it.each<[string, Partial<FunctionDefinition>, string]>([
    ['a variable that Lambda sets itself', { environment: { AWS_REGION: 'x' } }, 'Reserved keys used in this request: AWS_REGION'],
    ['a name that is no variable', { environment: { A: 'x' } }, 'A is no name for a variable'],
    ['variables over 4 KB', { environment: { LONG: 'x'.repeat(4_090) } }, 'exceeded the 4KB limit'],
    ['half a second', { timeout: 1.5 }, 'a function has 1 to 900 seconds'],
    ['a long description', { description: 'x'.repeat(257) }, 'at most 256 characters'],
  ])('has not %s', (_what, more, message) => {
    expect(() => checkFunction(definition(more))).toThrow(message);
  });

  it('has variables of 4,096 characters, quotes and brackets included', () => {
    const room = 4_096 - JSON.stringify({ LONG: '' }).length;
    expect(() => checkFunction(definition({ environment: { LONG: 'x'.repeat(room) } }))).not.toThrow();
    expect(() => checkFunction(definition({ environment: { LONG: 'x'.repeat(room + 1) } }))).toThrow('4KB');
  });

  it('retries twice at most, for six hours at most', () => {
    expect(() => checkAsyncSettings({ maxRetries: 3 })).toThrow('must be 0, 1 or 2');
    expect(() => checkAsyncSettings({ maxAge: 30 })).toThrow('must be from 60 to 21600');
    expect(() => checkAsyncSettings({ maxRetries: 0, maxAge: 60 })).not.toThrow();
  });
});

describe('a request', () => {
  it('that asks for what is not done here is refused, with the names', () => {
    expect(() => refuseMembers('s3:GetObject', { Bucket: 'b', SSECustomerKey: 'x', IfModifiedSince: new Date(0) })).toThrow(
      'The embedded AWS does not know SSECustomerKey, IfModifiedSince of s3:GetObject',
    );
    expect(() => refuseMembers('ec2:DescribeInstances', { DryRun: true })).toThrow('DryRun');
    expect(() => refuseMembers('ec2:DescribeInstances', { DryRun: false })).not.toThrow();
    expect(() => refuseMembers('s3:GetObject', { Bucket: 'b', Key: 'k', ChecksumMode: 'ENABLED' })).not.toThrow();
  });

  it('with a token that was never given is refused, not answered with an empty page', () => {
    const { next } = pageOf([1, 2, 3], 2, undefined);
    expect(pageOf([1, 2, 3], 2, next)).toEqual({ items: [3], next: undefined });
    for (const token of ['made up', '', Buffer.from('-1').toString('base64url')]) {
      expect(() => pageOf([1, 2, 3], 2, token, 'InvalidNextToken')).toThrow('The token provided is invalid.');
    }
  });

  it('for tagged nodes is held to its filters', () => {
    const tags = [{ Stage: 'test' }, { Stage: 'prod', Team: 'a' }, {}];
    const { service } = createTagging({ hybridTags: () => tags.map((own, index) => ({ id: `mi-${index}`, tags: own as Record<string, string> })) });
    const ask = (TagFilters?: unknown): unknown => {
      const input = { ResourceTypeFilters: ['ssm:managed-instance'], TagFilters };
      const answer = service.operations['GetResources']?.run(input, { account: '1', region: 'r' } as CallContext);
      return (answer as { ResourceTagMappingList: { ResourceARN: string }[] }).ResourceTagMappingList.map(({ ResourceARN }) => ResourceARN.slice(-4));
    };
    expect(ask()).toEqual(['mi-0', 'mi-1']);
    expect(ask([{ Key: 'Stage', Values: ['prod', 'stage'] }])).toEqual(['mi-1']);
    expect(ask([{ Key: 'Stage' }, { Key: 'Team' }])).toEqual(['mi-1']);
  });
});
