import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContextError, contextKeys, readContext } from '../../infra/context.ts';

const policy = join(mkdtempSync(join(tmpdir(), 'wavelock-context-')), 'wavelock.yaml');
writeFileSync(policy, '');

function read(context: Record<string, unknown>) {
  return readContext(context, { region: 'eu-central-1', policy: undefined });
}

function problems(context: Record<string, unknown>): string[] {
  try {
    read(context);
  } catch (error) {
    if (error instanceof ContextError) return error.problems;
    throw error;
  }
  return [];
}

describe('an empty context', () => {
  it('observes one account and Region, and limits nothing', () => {
    expect(read({})).toEqual({
      mode: 'observe',
      account: undefined,
      region: 'eu-central-1',
      locations: [],
      policy: undefined,
      qualifier: 'Wavelock',
      optInTag: { key: 'Wavelock', value: 'enabled' },
      permissionsBoundary: undefined,
      rolePath: '/',
      tags: {},
      keyArn: undefined,
      network: undefined,
      proxy: undefined,
      logRetentionDays: 90,
      intakeSchedule: 'cron(0 5 * * ? *)',
      feedsSchedule: 'rate(1 hour)',
      inspector: false,
      nag: false,
    });
  });

  it('takes the policy file that lies there', () => {
    expect(readContext({ mode: 'patch' }, { region: 'eu-central-1', policy }).policy).toBe(policy);
  });
});

describe('a full context', () => {
  it('is taken as it is, whether values are texts, numbers or booleans', () => {
    const settings = read({
      mode: 'patch',
      account: 111111111111,
      region: 'eu-west-1',
      locations: ' 111111111111/eu-central-1 , 222222222222/eu-west-1',
      policy,
      qualifier: 'Blue',
      optInTag: 'Patch/Group=by:wavelock',
      permissionsBoundary: 'arn:aws:iam::111111111111:policy/team/Boundary',
      rolePath: '/team/wavelock/',
      tags: 'CostCenter=4711, Owner=ops=us',
      keyArn: 'arn:aws:kms:eu-west-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab',
      subnetIds: 'subnet-0123456789abcdef0,subnet-01234567',
      securityGroupIds: 'sg-0123456789abcdef0',
      httpsProxy: 'http://proxy.example.com:3128',
      noProxy: '169.254.169.254,.internal',
      logRetentionDays: 30,
      intakeSchedule: 'rate(12 hours)',
      feedsSchedule: 'rate(15 minutes)',
      nag: true,
    });
    expect(settings).toMatchObject({
      mode: 'patch',
      account: '111111111111',
      locations: [
        { account: '111111111111', region: 'eu-central-1' },
        { account: '222222222222', region: 'eu-west-1' },
      ],
      optInTag: { key: 'Patch/Group', value: 'by:wavelock' },
      permissionsBoundary: 'team/Boundary',
      tags: { CostCenter: '4711', Owner: 'ops=us' },
      network: { subnetIds: ['subnet-0123456789abcdef0', 'subnet-01234567'], securityGroupIds: ['sg-0123456789abcdef0'] },
      proxy: { https: 'http://proxy.example.com:3128', no: '169.254.169.254,.internal' },
      logRetentionDays: 30,
      nag: true,
    });
  });

  it('keeps the ARN of a boundary that AWS itself owns', () => {
    expect(read({ permissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess' }).permissionsBoundary).toBe(
      'arn:aws:iam::aws:policy/PowerUserAccess',
    );
  });
});

describe('what is wrong with a context', () => {
  it('is told all at once', () => {
    const found = problems({ mode: 'paint', account: '12', rolePath: 'team', logRetentionDays: '31', tags: 'oops' });
    expect(found).toHaveLength(5);
    expect(() => read({ mode: 'paint', account: '12' })).toThrow(/^The context has 2 problems:\n {2}- /);
  });

  it.each([
    [{ mode: 'recover' }, /"recover" is not built yet/],
    [{ mode: 'patch' }, /needs a policy/],
    [{ policy: 'nowhere.yaml' }, /there is no such file/],
    [{ region: 'Frankfurt' }, /Region like eu-central-1/],
    [{ locations: '222222222222/eu-west-1' }, /without account/],
    [{ account: '111111111111', locations: '222222222222' }, /must be account\/region/],
    [{ account: '111111111111', locations: '222222222222/eu-west-1/x' }, /must be account\/region/],
    [{ account: '111111111111', locations: '111111111111/eu-central-1' }, /is the hub's own/],
    [{ account: '111111111111', locations: '222222222222/eu-west-1,222222222222/eu-west-1' }, /twice/],
    [{ qualifier: 'my-lock' }, /letters and digits/],
    [{ qualifier: 'MuchTooLongName' }, /2 to 12/],
    [{ optInTag: 'Wavelock' }, /key=value/],
    [{ optInTag: 'Wavelock=*' }, /wildcards/],
    [{ permissionsBoundary: 'my boundary' }, /managed policy/],
    [{ tags: 'aws:owner=me' }, /belong to AWS/],
    [{ keyArn: 'alias/mine' }, /not of an alias/],
    [{ keyArn: 'arn:aws:kms:us-east-1:111111111111:key/1234' }, /in us-east-1, but the hub is in eu-central-1/],
    [{ account: '111111111111', keyArn: 'arn:aws:kms:eu-central-1:222222222222:key/1234' }, /in account 222222222222/],
    [{ subnetIds: 'subnet-01234567' }, /belong together/],
    [{ subnetIds: 'vpc-1', securityGroupIds: 'sg-01234567' }, /no subnet id/],
    [{ subnetIds: 'subnet-01234567', securityGroupIds: 'group' }, /no security group id/],
    [{ vpcId: 'vpc-01234567' }, /not needed/],
    [{ httpsProxy: 'proxy:3128' }, /URL/],
    [{ noProxy: 'localhost' }, /without httpsProxy/],
    [{ intakeSchedule: 'daily' }, /cron\(…\) or rate\(…\)/],
    [{ feedsSchedule: 'hourly' }, /cron\(…\) or rate\(…\)/],
    [{ tags: { Owner: 'me' } }, /must be a text/],
    [{ nag: 'maybe' }, /true or false/],
    [{ polcy: 'x.yaml' }, /did you mean "policy"/],
  ])('%j', (context, message) => {
    expect(problems(context)).toEqual([expect.stringMatching(message)]);
  });

  it('is also what AWS would only refuse half-way through a deployment: too many locations for policies and environments', () => {
    const many = Array.from({ length: 81 }, (_, index) => `${222222222200 + index}/eu-west-1`).join(',');
    expect(problems({ account: '111111111111', locations: many })).toEqual([
      expect.stringMatching(/81 entries, but one hub can serve 80/),
      expect.stringMatching(/81 accounts, but one hub can serve 40/),
    ]);
  });

  it('does not mind the keys of CDK and of other tools', () => {
    expect(problems({ '@aws-cdk/core:newStyleStackSynthesis': true, 'aws:cdk:bundling-stacks': ['**'], team: 'x', 'cli-telemetry': false })).toEqual(
      [],
    );
  });

  it('never takes one key of ours for another', () => {
    expect(
      problems(
        Object.fromEntries(
          contextKeys.filter((key) => !['mode', 'locations', 'noProxy', 'subnetIds', 'securityGroupIds'].includes(key)).map((key) => [key, '']),
        ),
      ).toString(),
    ).toBe('');
  });
});
