import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyFile } from '../../lambdas/core/model.ts';
import { pathText } from '../../lambdas/core/policy/problems.ts';
import { readPolicy } from '../../lambdas/core/policy/read.ts';

const TODAY = '2026-12-01';

/** A small policy file that is right, with some of its parts replaced. */
function file(parts: { top?: object; policy?: object; wave?: object } = {}): Record<string, unknown> {
  const wave = { name: 'test', nodes: { tags: { Environment: 'test' } }, ...parts.wave };
  const policy = {
    nodes: { tags: { Wavelock: 'enabled' } },
    plan: { every: 'day', at: '09:00', timezone: 'Europe/Berlin' },
    patches: { kinds: ['security'] },
    waves: [wave],
    ...parts.policy,
  };
  return { version: 1, policies: { monthly: policy }, ...parts.top };
}

function policyOf(raw: unknown): PolicyFile {
  const read = readPolicy(raw, TODAY);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

/** `path: message (hint)` of every problem. */
function problemsOf(raw: unknown): string[] {
  const read = readPolicy(raw, TODAY);
  if ('policy' in read) return [];
  return read.problems.map(({ path, message, hint }) => `${pathText(path)}: ${message}${hint === undefined ? '' : ` (${hint})`}`);
}

function firstWave(wave: object): PolicyFile['policies'][number]['waves'][number] {
  return policyOf(file({ wave })).policies[0]!.waves[0]!;
}

describe('defaults', () => {
  it('observe, take every grade, promote nothing that failed, and stop where promotion would', () => {
    const read = policyOf(file());
    expect(read).toMatchObject({ mode: 'observe', windows: {}, people: {} });
    expect(read.policies[0]).toMatchObject({
      name: 'monthly',
      mode: 'observe',
      patches: { severity: { atLeast: 'low', unrated: 'include' }, leaveOut: [] },
      tell: {},
    });
    expect(read.policies[0]?.waves[0]).toEqual({
      name: 'test',
      nodes: { tags: { Environment: 'test' } },
      soak: 0,
      promoteWhen: { provenOn: 1, failed: { count: 0 }, unreachable: { count: 0 } },
      stopWhen: { failed: { count: 0 }, unreachable: { count: 0 } },
    });
  });

  it('stop where promotion would, also when promotion is given', () => {
    const { stopWhen } = firstWave({ promoteWhen: { failed: '2%', unreachable: 3 }, stopWhen: { unreachable: '5%' } });
    expect(stopWhen).toEqual({ failed: { percent: 2 }, unreachable: { percent: 5 } });
  });
});

describe('the mode', () => {
  it.each([
    ['auto', 'approve', 'approve'],
    ['approve', 'auto', 'approve'],
    ['observe', 'auto', 'observe'],
    ['auto', undefined, 'auto'],
    [undefined, 'auto', 'observe'],
  ])('of the file %s and of the policy %s make %s', (top, policy, mode) => {
    expect(policyOf(file({ top: { mode: top }, policy: { mode: policy } })).policies[0]?.mode).toBe(mode);
  });
});

describe('words', () => {
  it.each([
    ['90s', 90],
    ['30m', 1_800],
    ['12h', 43_200],
    ['3d', 259_200],
  ])('%s are %d seconds', (soak, seconds) => {
    expect(firstWave({ soak }).soak).toBe(seconds);
  });

  it.each([
    [10, { count: 10 }],
    ['25%', { percent: 25 }],
    ['0.5%', { percent: 0.5 }],
    ['100%', { percent: 100 }],
  ])('at once %s', (atOnce, amount) => {
    expect(firstWave({ atOnce }).atOnce).toEqual(amount);
  });

  it.each([
    ['everything-else', { everythingElse: true }],
    [{ share: '5%', atLeast: '1 per platform' }, { share: { percent: 5, atLeast: { count: 1, per: 'platform' } } }],
    [
      { os: 'linux', share: '10%' },
      { os: 'linux', share: { percent: 10 } },
    ],
    [
      { ids: ['mi-0123456789abcdef0'], atMost: 2 },
      { ids: ['mi-0123456789abcdef0'], atMost: { count: 2 } },
    ],
    [
      { os: 'windows', atMost: '2 per platform' },
      { os: 'windows', atMost: { count: 2, per: 'platform' } },
    ],
  ])('nodes %j', (nodes, selector) => {
    expect(firstWave({ nodes }).nodes).toEqual(selector);
  });

  it.each([
    [
      { every: 'week', on: 'tue', at: '08:00' },
      { every: 'week', on: 'tue', at: '08:00' },
    ],
    [
      { every: 'month', at: 'patch-tuesday + 1d 09:00' },
      { every: 'month', patchTuesdayPlusDays: 1, at: '09:00' },
    ],
    [
      { every: 'month', at: 'patch-tuesday 00:30' },
      { every: 'month', patchTuesdayPlusDays: 0, at: '00:30' },
    ],
    [
      { every: 'month', at: 'patch-tuesday +20d 09:00' },
      { every: 'month', patchTuesdayPlusDays: 20, at: '09:00' },
    ],
    [{ cron: 'cron(0 9 L * ? *)' }, { cron: '0 9 L * ? *' }],
  ])('plan %j', (plan, expected) => {
    const timezone = 'Europe/Berlin';
    expect(policyOf(file({ policy: { plan: { ...plan, timezone } } })).policies[0]?.plan).toEqual({ ...expected, timezone });
  });

  it('windows by days stand in the order of the week, by cron without cron()', () => {
    const windows = {
      a: { days: ['sun', 'mon'], from: '22:00', to: '24:00', timezone: 'UTC' },
      b: { cron: 'cron(0 1 ? * SAT#2 *)', lasts: '6h', timezone: 'UTC', lastStart: '60m' },
    };
    expect(policyOf(file({ top: { windows } })).windows).toEqual({
      a: { days: ['mon', 'sun'], from: '22:00', to: '24:00', timezone: 'UTC', lastStart: 0 },
      b: { cron: '0 1 ? * SAT#2 *', lasts: 21_600, timezone: 'UTC', lastStart: 3_600 },
    });
  });

  it('everything means every event, a list keeps its events once', () => {
    const people = { ops: { email: ['ops@example.com'] }, soc: { slack: { secret: 'soc' } } };
    const read = policyOf(file({ top: { people }, policy: { tell: { ops: 'everything', soc: ['done', 'failed', 'done'] } } }));
    expect(read.policies[0]?.tell).toEqual({ ops: ['exposed', 'approval', 'passed', 'held', 'failed', 'done', 'closed'], soc: ['failed', 'done'] });
    expect(read.people['soc']).toEqual({ email: [], slack: { secret: 'soc' } });
  });
});

describe('a value that cannot be', () => {
  const at = 'policies.monthly';
  const timezone = 'Europe/Berlin';
  const linux = { os: 'linux' };
  it.each([
    ['a duration', { wave: { soak: '2 days' } }, `${at}.waves[0].soak: expected a duration such as 90s, 30m, 12h or 3d`],
    ['a duration without unit', { wave: { soak: 30 } }, `${at}.waves[0].soak: expected a duration such as 90s, 30m, 12h or 3d`],
    ['a very long duration', { wave: { soak: '91d' } }, `${at}.waves[0].soak: is longer than 90d`],
    ['a share over 100 %', { wave: { atOnce: '120%' } }, `${at}.waves[0].atOnce: is more than 100%`],
    ['a broken share', { wave: { atOnce: '5 %' } }, `${at}.waves[0].atOnce: expected a number of nodes such as 3, or a share such as 5%`],
    ['a fraction of a node', { wave: { atOnce: 0.5 } }, `${at}.waves[0].atOnce: expected a number of nodes such as 3, or a share such as 5%`],
    ['no node at once', { wave: { atOnce: 0 } }, `${at}.waves[0].atOnce: must be more than 0: no node could ever start`],
    ['a share of nothing', { wave: { nodes: { share: '0%' } } }, `${at}.waves[0].nodes.share: must be more than 0% and at most 100%`],
    ['a name', { wave: { name: 'Test Wave' } }, `${at}.waves[0].name: a name here is lower-case letters, digits and hyphens`],
    ['no wave', { policy: { waves: [] } }, `${at}.waves: needs at least one entry`],
    ['no policy', { top: { policies: {} } }, 'policies: has no policy'],
    ['an empty selector', { wave: { nodes: {} } }, `${at}.waves[0].nodes: selects nothing`],
    ['empty tags', { wave: { nodes: { tags: {} } } }, `${at}.waves[0].nodes.tags: is empty; name at least one tag`],
    ['a tag that is no text', { wave: { nodes: { tags: { Wave: 1 } } } }, `${at}.waves[0].nodes.tags.Wave: expected a text; write numbers`],
    ['an id', { wave: { nodes: { ids: ['i-12'] } } }, `${at}.waves[0].nodes.ids[0]: expected the id of a managed node`],
    ['the same id twice', { wave: { nodes: { ids: ['i-12345678', 'i-12345678'] } } }, `${at}.waves[0].nodes.ids[1]: i-12345678 is named twice`],
    ['atLeast alone', { wave: { nodes: { os: 'linux', atLeast: 1 } } }, `${at}.waves[0].nodes.atLeast: stands only beside \`share\``],
    ['the rest as a policy', { policy: { nodes: 'everything-else' } }, `${at}.nodes: everything-else is for the last wave`],
    [
      'a slip of the pen',
      { wave: { nodes: 'everything-esle' } },
      `${at}.waves[0].nodes: must be everything-else (did you mean \`everything-else\`?)`,
    ],
    [
      'a time zone',
      { policy: { plan: { every: 'day', at: '09:00', timezone: 'Europe/Belrin' } } },
      `${at}.plan.timezone: "Europe/Belrin" is not a time zone (did you mean \`Europe/Berlin\`?)`,
    ],
    ['a plan without its day', { policy: { plan: { every: 'week', at: '09:00', timezone } } }, `${at}.plan.on: is missing`],
    ['a rhythm', { policy: { plan: { every: 'year', at: '09:00', timezone } } }, `${at}.plan.every: must be one of day, week, month`],
    ['a monthly time', { policy: { plan: { every: 'month', at: '09:00', timezone } } }, `${at}.plan.at: expected "patch-tuesday 09:00"`],
    [
      'a monthly time too late',
      { policy: { plan: { every: 'month', at: 'patch-tuesday + 21d 09:00', timezone } } },
      `${at}.plan.at: expected "patch-tuesday 09:00"`,
    ],
    [
      'two plans in one',
      { policy: { plan: { cron: '0 9 1 * ? *', at: '09:00', timezone } } },
      `${at}.plan.at: does not go together with \`cron\`, \`timezone\``,
    ],
    ['a cron', { policy: { plan: { cron: '0 9 * * 1', timezone } } }, `${at}.plan.cron: is not an AWS cron: an AWS cron has six fields`],
    ['a cron that never fires', { policy: { plan: { cron: '0 9 30 2 ? *', timezone } } }, `${at}.plan.cron: never fires, from today on`],
    ['a cron of the past', { policy: { plan: { cron: '0 9 1 1 ? 2026', timezone } } }, `${at}.plan.cron: never fires, from today on`],
    [
      'a kind',
      { policy: { patches: { kinds: ['securty'] } } },
      `${at}.patches.kinds[0]: must be one of security, critical, bugfix, enhancement, other (did you mean \`security\`?)`,
    ],
    [
      'a severity word alone',
      { policy: { patches: { kinds: ['security'], severity: 'low' } } },
      `${at}.patches.severity: expected keys and values, not "low"`,
    ],
    ['a version', { top: { version: '1' } }, 'version: must be 1'],
    ['a mode', { top: { mode: 'patch' } }, 'mode: must be one of observe, approve, auto'],
    ['nothing at all', { policy: { patches: null } }, `${at}.patches: is empty; expected keys and values`],
    [
      'provenOn in a later wave',
      {
        policy: {
          waves: [
            { name: 'a', nodes: linux },
            { name: 'b', nodes: { os: 'windows' }, promoteWhen: { provenOn: 2 } },
          ],
        },
      },
      `${at}.waves[1].promoteWhen.provenOn: counts in the first wave only`,
    ],
  ])('%s', (_name, parts, problem) => {
    expect(problemsOf(file(parts))).toEqual([expect.stringContaining(problem)]);
  });
});

describe('a maintenance window of Systems Manager', () => {
  const windowsOf = (erp: object) => file({ top: { windows: { erp } } });
  const ssm = 'mw-0123456789abcdef0';

  it('is named by its id and where it is, and may only be made stricter', () => {
    expect(policyOf(windowsOf({ ssm })).windows).toEqual({ erp: { ssm, lastStart: 0 } });
    expect(policyOf(windowsOf({ ssm, location: '111111111111/eu-west-1', lastStart: '2h' })).windows).toEqual({
      erp: { ssm, location: { account: '111111111111', region: 'eu-west-1' }, lastStart: 7_200 },
    });
  });

  it.each([
    [{ ssm: 'mw-0c50858d01EXAMPLE' }, 'ssm: expected the id of a maintenance window of Systems Manager, such as mw-0123456789abcdef0'],
    [{ ssm: 'erp' }, 'ssm: expected the id of a maintenance window of Systems Manager, such as mw-0123456789abcdef0'],
    [{ ssm, location: 'eu-west-1' }, 'location: expected an account and a Region, such as 111111111111/eu-central-1'],
    [{ ssm, location: 111111111111 }, 'location: expected an account and a Region, such as 111111111111/eu-central-1'],
    [{ ssm, timezone: 'UTC' }, 'timezone: does not go together with `ssm`'],
    [{ ssm, lasts: '4h' }, 'lasts: does not go together with `ssm`'],
    [{ ssm, lastStart: 'soon' }, 'lastStart: expected a duration such as 90s, 30m, 12h or 3d'],
  ])('cannot be %j', (erp, problem) => {
    expect(problemsOf(windowsOf(erp))).toEqual([`windows.erp.${problem}`]);
  });
});

describe('windows', () => {
  const window = { days: ['sat'], from: '01:00', to: '07:00', timezone: 'UTC' };
  it.each([
    [
      'that open and close at the same time',
      { ...window, to: '01:00' },
      'to: is the same time as `from`: the window would never open (for a whole day write',
    ],
    ['whose last start is not inside', { ...window, lastStart: '6h' }, 'lastStart: is not shorter than the window, which is open for 360 min'],
    ['with days that are none', { ...window, days: ['Saturday'] }, 'days[0]: must be one of mon, tue, wed, thu, fri, sat, sun (did you mean `sat`?)'],
    ['with a last start that is no duration', { ...window, lastStart: '1 hour' }, 'lastStart: expected a duration such as'],
    ['with a time that is none', { ...window, from: '25:00' }, 'from: expected a time of day such as "09:30"'],
    ['that are two things at once', { ...window, lasts: '6h' }, 'lasts: does not go together with `days`, `from`, `to`, `timezone`'],
    ['shorter than a minute', { cron: '0 1 * * ? *', lasts: '59s', timezone: 'UTC' }, 'lasts: is shorter than 1m'],
    [
      'that fire again while open',
      { cron: '0 1,3 * * ? *', lasts: '3h', timezone: 'UTC' },
      'lasts: is longer than the 120 min after which the cron fires again',
    ],
    ['that never open', { cron: '0 1 31 6 ? *', lasts: '3h', timezone: 'UTC' }, 'cron: never fires, from today on'],
  ])('%s', (_name, night, problem) => {
    expect(problemsOf(file({ top: { windows: { night } } }))).toEqual([expect.stringContaining(`windows.night.${problem}`)]);
  });

  it('may be as long as the time between two firings', () => {
    const night = { cron: '0 1,3 * * ? *', lasts: '2h', timezone: 'UTC' };
    expect(problemsOf(file({ top: { windows: { night } } }))).toEqual([]);
  });
});

describe('names that must exist or differ', () => {
  it('windows of waves', () => {
    const windows = { weeknights: { days: ['mon'], from: '22:00', to: '02:00', timezone: 'UTC' } };
    expect(problemsOf(file({ top: { windows }, wave: { window: 'weeknight' } }))).toEqual([
      'policies.monthly.waves[0].window: "weeknight" is not defined (did you mean `weeknights`?)',
    ]);
    expect(problemsOf(file({ wave: { window: 'sunday' } }))).toEqual([
      'policies.monthly.waves[0].window: "sunday" is not defined (there is nothing in `windows`)',
    ]);
  });

  it('audiences, whatever else is wrong with them', () => {
    const people = { ops: { email: ['not an address'] } };
    expect(problemsOf(file({ top: { people }, policy: { tell: { ops: ['done'], opps: 'everything' } } }))).toEqual([
      'people.ops.email[0]: expected an e-mail address',
      'policies.monthly.tell.opps: "opps" is not defined (did you mean `ops`?)',
    ]);
  });

  it('waves of one name, and everything-else before the last wave', () => {
    const waves = [
      { name: 'a', nodes: 'everything-else' },
      { name: 'a', nodes: { os: 'linux' } },
    ];
    expect(problemsOf(file({ policy: { waves } }))).toEqual([
      'policies.monthly.waves[0].nodes: everything-else is for the last wave: the waves after it would have no nodes',
      'policies.monthly.waves[1].name: two waves are called a',
    ]);
  });
});

describe('people', () => {
  it.each([
    ['without any way to tell', {}, 'people.ops: has neither email nor slack: nobody would hear anything'],
    [
      'with the webhook itself',
      { slack: { secret: 'https://hooks.slack.com/services/T/B/x' } },
      'people.ops.slack.secret: is an address; store it in Secrets Manager',
    ],
    ['with one address instead of a list', { email: 'ops@example.com' }, 'people.ops.email: expected a list, not "ops@example.com"'],
  ])('%s', (_name, ops, problem) => {
    expect(problemsOf(file({ top: { people: { ops } } }))).toEqual([expect.stringContaining(problem)]);
  });

  it('hear about events that exist', () => {
    const people = { ops: { email: ['ops@example.com'] } };
    expect(problemsOf(file({ top: { people }, policy: { tell: { ops: ['faild'] } } }))).toEqual([
      'policies.monthly.tell.ops[0]: must be one of exposed, approval, passed, held, failed, done, closed (did you mean `failed`?)',
    ]);
    expect(problemsOf(file({ top: { people }, policy: { tell: { ops: 'all' } } }))).toEqual([
      'policies.monthly.tell.ops: expected everything, or a list of exposed, approval, passed, held, failed, done, closed',
    ]);
  });
});

describe('what is left out', () => {
  const entry = { package: 'kernel*', why: 'certified', owner: 'dba@example.com', until: '2026-12-01' };
  const leaveOut = (change: object) => {
    const patches = { kinds: ['security'], leaveOut: [{ ...entry, ...change }] };
    return problemsOf(file({ policy: { patches } }));
  };
  const at = 'policies.monthly.patches.leaveOut[0]';

  it('counts up to and including its last day', () => {
    expect(leaveOut({})).toEqual([]);
    expect(leaveOut({ until: '2026-11-30' })).toEqual([
      `${at}.until: 2026-11-30 is past: this no longer leaves anything out (give it a later end, or take it out)`,
    ]);
  });

  it.each([
    ['reason', { why: undefined }, 'why: is missing'],
    ['reason with words', { why: '  ' }, 'why: is empty'],
    ['owner', { owner: undefined }, 'owner: is missing'],
    ['end', { until: undefined }, 'until: is missing'],
    ['real date', { until: '2027-02-30' }, 'until: expected a date such as 2027-03-31'],
    ['package', { package: '*' }, 'package: leaves out every package'],
    ['choice by chance', { nodes: { share: '5%' } }, 'nodes.share: unknown key (known here: os, tags, ids)'],
  ])('needs a %s', (_name, change, problem) => {
    expect(leaveOut(change)).toEqual([expect.stringContaining(`${at}.${problem}`)]);
  });
});

describe('reading', () => {
  it('never throws, and what it accepts is a policy file of the model', () => {
    const keys = fc.constantFrom('version', 'mode', 'windows', 'people', 'policies', 'nodes', 'waves', 'plan', 'tell', 'cron', '__proto__');
    const leaf = fc.oneof(fc.constantFrom(1, 'auto', 'everything-else', '5%', '1h', null, true), fc.string(), fc.integer());
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(leaf, fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(keys, tie('tree'), { maxKeys: 4 })),
    }));
    const part = fc.dictionary(keys, tree);
    fc.assert(
      fc.property(fc.record({ top: part, wave: part, policy: part }), (parts) => {
        const read = readPolicy(file(parts), TODAY);
        const sound = 'policy' in read ? PolicyFile.safeParse(read.policy).success : read.problems.length > 0;
        expect(sound).toBe(true);
      }),
    );
  });
});
