import { describe, expect, it } from 'vitest';
import { pathText } from '../../lambdas/core/policy/problems.ts';
import { readPolicy } from '../../lambdas/core/policy/read.ts';
import type { Policy } from '../../lambdas/core/model.ts';

const TODAY = '2026-12-01';
const test = { name: 'test', nodes: { os: 'linux' }, soak: '1h' };
const rest = { name: 'rest', nodes: 'everything-else', soak: '30m' };

/** A policy that starts by itself, with some of its parts replaced. */
function zeroDay(parts: object = {}): Record<string, unknown> {
  const windows = {
    sunday: { days: ['sun'], from: '01:00', to: '07:00', timezone: 'UTC' },
    nightly: { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '22:00', to: '02:00', timezone: 'UTC' },
    once: { cron: '0 1 10 12 ? 2026', lasts: '3h', timezone: 'UTC' },
  };
  const policy = { startWhen: [{ knownExploited: true }], nodes: { exposed: true }, patches: 'only-what-closes-it', waves: [test, rest], ...parts };
  return { version: 1, mode: 'auto', windows, people: { security: { email: ['soc@example.com'] } }, policies: { zero: policy } };
}

/** Without a key that `zeroDay` gives. */
function without(key: string, parts: object = {}): Record<string, unknown> {
  const raw = zeroDay(parts) as { policies: { zero: Record<string, unknown> } };
  const { [key]: _gone, ...policy } = raw.policies.zero;
  return { ...raw, policies: { zero: policy } };
}

function policyOf(raw: unknown): Policy {
  const read = readPolicy(raw, TODAY);
  if ('problems' in read || !read.policy.policies[0]) throw new Error(JSON.stringify(read));
  return read.policy.policies[0];
}

function problemsOf(raw: unknown): string[] {
  const read = readPolicy(raw, TODAY);
  return 'policy' in read
    ? []
    : read.problems.map(({ path, message, hint }) => `${pathText(path)}: ${message}${hint === undefined ? '' : ` (${hint})`}`);
}

describe('a policy that starts by itself', () => {
  it('needs no plan, and takes every update that closes what started it', () => {
    const policy = policyOf(zeroDay());
    expect(policy.plan).toBeUndefined();
    expect(policy.startWhen).toEqual([{ knownExploited: true }]);
    expect(policy.nodes).toEqual({ exposed: true });
    expect(policy.patches).toEqual({
      onlyWhatClosesIt: true,
      kinds: ['security', 'critical', 'bugfix', 'enhancement', 'other'],
      severity: { atLeast: 'low', unrated: 'include' },
      leaveOut: [],
    });
  });

  it('never has fewer gates: every wave gets its verdict and its brake', () => {
    const none = { failed: { count: 0 }, unreachable: { count: 0 } };
    for (const wave of policyOf(zeroDay()).waves) expect(wave).toMatchObject({ promoteWhen: none, stopWhen: none });
  });

  it('reads conditions as people write them', () => {
    const startWhen = [{ vendorSays: 'exploited' }, { epss: '> 0.9', severity: 'critical', tags: { Exposure: 'internet' } }];
    expect(policyOf(zeroDay({ startWhen })).startWhen).toEqual([
      { vendorSays: 'exploited' },
      { epssAbove: 0.9, severity: ['critical'], tags: { Exposure: 'internet' } },
    ]);
  });

  it('keeps what it may do without a fix, and within which time', () => {
    const policy = policyOf(zeroDay({ whileNoFix: { run: 'Corp-MitigateService' }, finishWithin: '48h', windows: 'ignore' }));
    expect(policy).toMatchObject({ whileNoFix: { run: 'Corp-MitigateService', withdrawWhen: 'patched' }, finishWithin: 172_800, windows: 'ignore' });
  });

  it('may have a plan as well, when it patches what it always patches', () => {
    const plan = { every: 'day', at: '09:00', timezone: 'UTC' };
    expect(problemsOf(zeroDay({ plan, nodes: { os: 'linux' }, patches: { kinds: ['security'] } }))).toEqual([]);
  });
});

describe('what cannot be', () => {
  const plan = { every: 'day', at: '09:00', timezone: 'UTC' };
  const soon = 'does not go together with `plan`: a plan by the calendar has no advisory that it is about';
  it.each([
    ['no start at all', without('startWhen', { nodes: { os: 'linux' }, patches: { kinds: ['security'] } }), ['policies.zero.plan: is missing']],
    ['no condition', zeroDay({ startWhen: [] }), ['policies.zero.startWhen: needs at least one entry']],
    [
      'an empty condition',
      zeroDay({ startWhen: [{}] }),
      ['policies.zero.startWhen[0]: says nothing: name at least one of knownExploited, vendorSays, severity, epss, epssPercentile, tags'],
    ],
    [
      'conditions that every advisory meets',
      zeroDay({ startWhen: [{ tags: { Tier: 'web' } }, { knownExploited: false }] }),
      [0, 1].map(
        (index) =>
          `policies.zero.startWhen[${index}]: would start for every advisory; name knownExploited, vendorSays, severity, epss or epssPercentile as well`,
      ),
    ],
    [
      'a slip',
      zeroDay({ startWhen: [{ knownExploted: true }] }),
      ['policies.zero.startWhen[0].knownExploted: unknown key (did you mean `knownExploited`?)'],
    ],
    [
      'another slip',
      zeroDay({ patches: 'only-what-close-it' }),
      ['policies.zero.patches: must be only-what-closes-it (did you mean `only-what-closes-it`?)'],
    ],
    [
      'words that need a start',
      without('startWhen', { plan, whileNoFix: { run: 'Corp-X' }, finishWithin: '48h' }),
      ['whileNoFix', 'finishWithin', 'nodes.exposed', 'patches'].map(
        (key) => `policies.zero.${key}: stands only beside \`startWhen\`, which says what it is about`,
      ),
    ],
    ['words that a calendar cannot mean', zeroDay({ plan }), [`policies.zero.nodes.exposed: ${soon}`, `policies.zero.patches: ${soon}`]],
    [
      'a window where windows are ignored',
      zeroDay({ windows: 'ignore', waves: [{ ...test, window: 'nightly' }, rest] }),
      ['policies.zero.waves[0].window: does not go together with `windows: ignore`'],
    ],
    [
      'a document of AWS, which knows no Action',
      zeroDay({ whileNoFix: { run: 'AWS-RunShellScript' } }),
      [expect.stringContaining('policies.zero.whileNoFix.run: expected the name of an SSM document of yours')],
    ],
    [
      'a promise about a window that others may change',
      { ...zeroDay({ finishWithin: '48h', waves: [{ ...test, window: 'erp' }, rest] }), windows: { erp: { ssm: 'mw-0123456789abcdef0' } } },
      [
        'policies.zero.finishWithin: cannot be promised: when erp opens is said in Systems Manager, and anybody may change it there (leave it out, or write the times of that window here)',
      ],
    ],
    ['freezes', zeroDay({ freezes: 'ask' }), ['policies.zero.freezes: not built yet, so it is refused rather than ignored']],
    [
      'a missing plan beside another mistake',
      without('startWhen', { nodes: { os: 'linux' }, patches: { kinds: ['securty'] } }),
      [expect.stringContaining('kinds[0]'), 'policies.zero.plan: is missing'],
    ],
  ])('%s', (_what, raw, problems) => {
    expect(problemsOf(raw)).toEqual(problems);
  });
});

describe('what stands in for a fix', () => {
  const at = 'policies.zero.whileNoFix';
  const standIn = (whileNoFix: unknown) => zeroDay({ whileNoFix });

  it.each([
    ['a document', { run: 'Corp-X' }],
    ['a function', { lambda: 'waf-block' }],
    ['a version of a function', { lambda: 'waf-block:7' }],
    ['an alias of a function', { lambda: 'waf-block:live' }],
    ['a runbook with its role', { automation: { document: 'Corp-Isolate', role: 'ops/Corp-IsolateRole' } }],
  ])('may be %s', (_what, whileNoFix) => {
    expect(policyOf(standIn(whileNoFix)).whileNoFix).toEqual({ ...whileNoFix, withdrawWhen: 'patched' });
  });

  it.each([
    ['nothing at all', {}, [`${at}: names nothing that could stand in (name \`run\`, \`lambda\` or \`automation\`)`]],
    [
      'two at once, of which one is wrong too',
      { run: 'AWS-RunShellScript', lambda: 'waf-block' },
      [
        expect.stringContaining(`${at}.run: expected the name of an SSM document of yours`),
        `${at}: has \`run\` and \`lambda\`: a node carries one thing that stands in, and that is what is taken back (let one of them start the others)`,
      ],
    ],
    [
      'all three',
      { run: 'Corp-X', lambda: 'waf-block', automation: { document: 'Corp-Isolate', role: 'R' } },
      [expect.stringContaining('has `run` and `lambda` and `automation`: a node carries one thing')],
    ],
    ['a slip', { lamda: 'waf-block' }, [`${at}.lamda: unknown key (did you mean \`lambda\`?)`]],
    [
      'the ARN of a function',
      { lambda: 'arn:aws:lambda:eu-central-1:111111111111:function:x' },
      [`${at}.lambda: is an ARN; write the name alone: the function is that of the hub's account and Region`],
    ],
    [
      'a function that can have no such name',
      { lambda: 'waf block' },
      [expect.stringContaining(`${at}.lambda: expected the name of a Lambda function`)],
    ],
    ['a runbook without role', { automation: { document: 'Corp-Isolate' } }, [`${at}.automation.role: is missing`]],
    [
      'only the name of a runbook',
      { automation: 'Corp-Isolate' },
      [`${at}.automation: expected a runbook and its role: { document: Corp-Isolate, role: Corp-IsolateRole }`],
    ],
    [
      'a runbook of AWS',
      { automation: { document: 'AWS-StopEC2Instance', role: 'R' } },
      [expect.stringContaining(`${at}.automation.document: expected the name of an Automation runbook of yours`)],
    ],
    [
      'the ARN of a role',
      { automation: { document: 'Corp-Isolate', role: 'arn:aws:iam::1:role/R' } },
      [`${at}.automation.role: is an ARN; write the name alone: each account has such a role`],
    ],
    [
      'two slips',
      { lambda: '', automation: { document: 'X', rol: 'R' } },
      [
        expect.stringContaining('.lambda: expected'),
        expect.stringContaining('.automation.document: expected'),
        expect.stringContaining('.automation.rol: unknown key'),
        expect.stringContaining('has `lambda` and `automation`'),
      ],
    ],
  ])('cannot be %s', (_what, whileNoFix, problems) => {
    const found = problemsOf(standIn(whileNoFix));
    expect(found).toHaveLength(problems.length);
    expect(found).toEqual(expect.arrayContaining(problems));
  });
});

describe('finishWithin', () => {
  const hint = '(leave the windows out with `windows: ignore`, or give it more time)';
  const at = 'policies.zero.finishWithin: cannot be kept:';
  const nightly = [
    { ...test, window: 'nightly' },
    { ...rest, window: 'nightly' },
  ];
  const sunday = [test, { ...rest, window: 'sunday' }];
  const once = [test, { ...rest, window: 'once' }];

  it.each([
    ['soaks that are longer', { finishWithin: '1h' }, [`${at} the waves soak for 1 h 30, and that leaves no time to patch`]],
    ['soaks that leave no time', { finishWithin: '90m' }, [`${at} the waves soak for 1 h 30, and that leaves no time to patch`]],
    ['soaks that fit', { finishWithin: '48h' }, []],
    ['a window once a week', { finishWithin: '48h', waves: sunday }, [`${at} soaks and the waiting for windows can take 6 d 19 h ${hint}`]],
    ['a window once a week, and a week', { finishWithin: '7d', waves: sunday }, []],
    ['windows every night', { finishWithin: '48h', waves: nightly }, []],
    [
      'windows every night, and less than a day',
      { finishWithin: '20h', waves: nightly },
      [`${at} soaks and the waiting for windows can take 21 h 30 ${hint}`],
    ],
    ['a window that never opens again', { finishWithin: '48h', waves: once }, [`${at} a window never opens again ${hint}`]],
    [
      'no time at all',
      { finishWithin: '10m' },
      ['policies.zero.finishWithin: is shorter than 30m: no batch is patched in that time', expect.stringContaining('leaves no time')],
    ],
  ])('%s', (_what, parts, problems) => {
    expect(problemsOf(zeroDay(parts))).toEqual(problems);
  });
});
