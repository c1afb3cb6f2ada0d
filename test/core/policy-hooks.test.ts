import { describe, expect, it } from 'vitest';
import { executionSeconds, hookPath, patchParameters } from '../../lambdas/core/hooks.ts';
import { pathText } from '../../lambdas/core/policy/problems.ts';
import { readPolicy } from '../../lambdas/core/policy/read.ts';
import type { Policy } from '../../lambdas/core/model.ts';

function read(more: object) {
  const monthly = {
    nodes: { tags: { Wavelock: 'enabled' } },
    plan: { every: 'day', at: '09:00', timezone: 'Europe/Berlin' },
    patches: { kinds: ['security'] },
    waves: [{ name: 'test', nodes: { tags: { Environment: 'test' } } }],
    ...more,
  };
  return readPolicy({ version: 1, policies: { monthly } }, '2026-12-01');
}

function policyOf(more: object): Policy {
  const answer = read(more);
  if ('problems' in answer) throw new Error(JSON.stringify(answer.problems));
  return answer.policy.policies[0]!;
}

function problemsOf(more: object): string[] {
  const answer = read(more);
  return 'policy' in answer ? [] : answer.problems.map(({ path, message }) => `${pathText(path)}: ${message}`);
}

const drain = { document: 'Corp-DrainSqlAg', version: '7' };
const failback = { document: 'arn:aws:ssm:eu-central-1:111122223333:document/Corp-Failback', version: 12 };
const VERSION = 'expected the number of a version, such as "7": whatever is newest one day may be another document the next';

describe('hooks', () => {
  it('pin name and version, and may take half an hour each', () => {
    expect(policyOf({ hooks: { before: drain, after: failback } }).hooks).toEqual({
      before: drain,
      after: { ...failback, version: '12' },
      within: 1_800,
    });
    expect(policyOf({ hooks: { after: drain, within: '2h' } }).hooks).toEqual({ after: drain, within: 7_200 });
    expect(policyOf({}).hooks).toBeUndefined();
  });

  it.each<[string, object, string[]]>([
    ['the newest version', { before: { ...drain, version: '$LATEST' } }, [`policies.monthly.hooks.before.version: ${VERSION}`]],
    ['the default version', { before: { ...drain, version: '$DEFAULT' } }, [`policies.monthly.hooks.before.version: ${VERSION}`]],
    ['no version', { before: { document: 'Corp-Drain' } }, ['policies.monthly.hooks.before.version: is missing']],
    ['version 0', { before: { ...drain, version: 0 } }, [`policies.monthly.hooks.before.version: ${VERSION}`]],
    [
      'a name with a version in it',
      { after: { ...drain, document: 'Corp-Drain:7' } },
      [expect.stringContaining('hooks.after.document: expected the name or the ARN')],
    ],
    [
      'a name that a shell would read',
      { after: { ...drain, document: "x'; reboot" } },
      [expect.stringContaining('hooks.after.document: expected the name or the ARN')],
    ],
    ['neither of them', {}, ['policies.monthly.hooks: names neither before nor after']],
    ['a time that no window has', { before: drain, within: '12h' }, ['policies.monthly.hooks.within: is not between 1m and 4h']],
    ['a word that does not exist', { before: drain, during: drain }, ['policies.monthly.hooks.during: unknown key']],
  ])('are refused with %s', (_, hooks, problems) => {
    expect(problemsOf({ hooks })).toEqual(problems);
  });
});

describe('awsCompliance', () => {
  it('is scan or leave', () => {
    expect(policyOf({ awsCompliance: 'scan' }).awsCompliance).toBe('scan');
    expect(problemsOf({ awsCompliance: 'install' })).toEqual([expect.stringMatching(/^policies\.monthly\.awsCompliance: /)]);
  });
});

describe('what a patch command is sent with', () => {
  const hooks = { before: drain, after: { document: 'Corp-Failback', version: '3' }, within: 900 };

  it('is nothing beside the lock for a policy that wants nothing', () => {
    expect(patchParameters({})).toEqual({});
    expect(patchParameters({ awsCompliance: 'leave' })).toEqual({});
  });

  it('names each hook that there is', () => {
    expect(patchParameters({ hooks })).toEqual({
      RunBefore: 'yes',
      BeforeHook: 'Corp-DrainSqlAg:7',
      RunAfter: 'yes',
      AfterHook: 'Corp-Failback:3',
      HookSeconds: '900',
    });
    expect(patchParameters({ hooks: { after: drain, within: 60 }, awsCompliance: 'scan' })).toEqual({
      RunAfter: 'yes',
      AfterHook: 'Corp-DrainSqlAg:7',
      HookSeconds: '60',
      ClosingScan: 'yes',
    });
    expect(hookPath({ ...failback, version: '12' })).toBe('arn:aws:ssm:eu-central-1:111122223333:document/Corp-Failback:12');
  });

  it('leaves time for them before the command expires', () => {
    const seconds = (parameters: Record<string, string>) => executionSeconds({ purpose: 'patch', os: 'linux', parameters });
    expect([seconds({}), seconds(patchParameters({ hooks })), seconds(patchParameters({ awsCompliance: 'scan' }))]).toEqual([7_200, 9_000, 9_000]);
  });
});
