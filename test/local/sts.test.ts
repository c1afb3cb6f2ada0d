import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient, type AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { createCredentialStore, type CredentialStore } from '../../local/iam/credentials.ts';
import { createRandom } from '../../local/random.ts';
import { createSts } from '../../local/services/sts.ts';
import type { AccessRequest, CallContext, Caller, Service } from '../../local/types.ts';
import { ACCOUNT, createBaseWorld, OTHER_ACCOUNT, REGION, rejection, START, type BaseWorld } from './base-world.ts';

const ROLE = `arn:aws:iam::${OTHER_ACCOUNT}:role/path/Spoke`;
const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' }],
};
let world: BaseWorld;
let clock: VirtualClock;
let credentials: CredentialStore;
let service: Service;
let client: STSClient;

beforeEach(() => {
  world = createBaseWorld({ virtual: true });
  clock = world.clock as VirtualClock;
  credentials = createCredentialStore(createRandom(7), () => clock.now());
  ({ service } = createSts(world.cloud, {
    credentials,
    role: (arn) => (arn === ROLE ? { arn, trust, maxSessionDuration: 7200 } : undefined),
  }));
  world.add(service);
  client = new STSClient(world.config());
});
afterEach(() => world.close());

function assume(more: Partial<AssumeRoleCommandInput> = {}) {
  return world.settle(client.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'wavelock', ...more })));
}

describe('an assumed role', () => {
  it('is a session with keys of its own, until its time is over', async () => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ssm:Get*', Resource: '*' }] });
    const { Credentials, AssumedRoleUser } = await assume({ Policy });
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/Spoke/wavelock`);
    expect(Credentials?.Expiration).toEqual(new Date(START + 3_600_000));
    const session = (): Caller | 'expired' | undefined => credentials.identify(Credentials?.AccessKeyId ?? '', Credentials?.SessionToken);
    expect(session()).toEqual({
      account: OTHER_ACCOUNT,
      region: REGION,
      arn: AssumedRoleUser?.Arn,
      roleArn: ROLE,
      sessionPolicy: Policy,
    });
    await world.settle(clock.sleep(3_600_000));
    expect(session()).toBe('expired');
    await world.settle(clock.sleep(86_400_000));
    for (let count = 0; count < 1_000; count += 1) credentials.issue({ account: ACCOUNT, region: REGION, arn: ROLE }, START);
    expect(session()).toBeUndefined();
  });

  it('is judged by its trust policy, with what the request says about itself', () => {
    const input = { RoleArn: ROLE, RoleSessionName: 's', ExternalId: 'x', Tags: [{ Key: 'team', Value: 'a' }] };
    const access = service.operations['AssumeRole']?.access(input, { caller: { account: ACCOUNT } } as CallContext) as AccessRequest[];
    expect(access.map(({ action }) => action)).toEqual(['sts:AssumeRole', 'sts:TagSession']);
    expect(access[0]).toEqual({
      action: 'sts:AssumeRole',
      resource: ROLE,
      resourcePolicy: trust,
      resourceAccount: OTHER_ACCOUNT,
      context: { 'sts:RoleSessionName': ['s'], 'sts:ExternalId': ['x'], 'aws:RequestTag/team': ['a'], 'aws:TagKeys': ['team'] },
    });
  });

  it('with a source identity needs the permission to set one', () => {
    const input = { RoleArn: ROLE, RoleSessionName: 's', SourceIdentity: 'ann' };
    const access = service.operations['AssumeRole']?.access(input, { caller: { account: ACCOUNT } } as CallContext) as AccessRequest[];
    expect(access.map(({ action }) => action)).toEqual(['sts:AssumeRole', 'sts:SetSourceIdentity']);
    expect(access[1]?.resourcePolicy).toEqual(trust);
  });

  it.each([
    ['without a version', '{"Statement":[]}', 'MalformedPolicyDocument'],
    ['without resources', '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}', 'MalformedPolicyDocument'],
    ['that is too long', 'x'.repeat(2_049), 'PackedPolicyTooLarge'],
  ])('takes no session policy %s', async (_what, Policy, code) => {
    expect((await rejection(assume({ Policy }))).name).toContain(code);
  });

  it('that does not exist is refused as one that may not be assumed', async () => {
    const refused = await rejection(assume({ RoleArn: `${ROLE}x` }));
    expect([refused.name, refused.message]).toEqual([
      'AccessDenied',
      `User: arn:aws:iam::${ACCOUNT}:role/Tester is not authorized to perform: sts:AssumeRole on resource: ${ROLE}x`,
    ]);
  });

  it.each([
    [899, 'between 900'],
    [7201, 'MaxSessionDuration'],
  ])('does not last %i seconds', async (DurationSeconds, problem) => {
    expect((await rejection(assume({ DurationSeconds }))).message).toContain(problem);
  });

  it('lasts an hour at most when another role assumes it', async () => {
    const role: Caller = { account: ACCOUNT, region: REGION, arn: 'arn:aws:sts::1:assumed-role/a/b', roleArn: 'arn:aws:iam::1:role/a' };
    const chained = world.cloud.call(role, 'sts', 'AssumeRole', { RoleArn: ROLE, RoleSessionName: 'wavelock', DurationSeconds: 3601 });
    expect((await rejection(chained)).message).toContain('role chaining');
  });

  it('needs a proper name', async () => {
    expect((await rejection(assume({ RoleSessionName: 'a b' }))).name).toBe('ValidationError');
  });
});

describe('GetCallerIdentity', () => {
  it('tells everybody who they are, with no permission at all', async () => {
    expect(await world.settle(client.send(new GetCallerIdentityCommand({})))).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:iam::${ACCOUNT}:role/Tester`,
    });
    expect(world.asked.at(-1)?.access).toEqual([]);
  });
});
