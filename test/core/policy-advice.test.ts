import { describe, expect, it } from 'vitest';
import { didYouMean, nearest, pathText } from '../../lambdas/core/policy/problems.ts';
import { readPolicy } from '../../lambdas/core/policy/read.ts';

const NOT_BUILT = 'not built yet, so it is refused rather than ignored';

/** A right file with one part more, at a path. */
function withPart(path: string, value: unknown): unknown {
  const raw = {
    version: 1,
    windows: { night: { days: ['mon'], from: '22:00', to: '02:00', timezone: 'UTC' } },
    people: { ops: { email: ['ops@example.com'] } },
    policies: {
      monthly: {
        nodes: { os: 'linux' },
        plan: { every: 'day', at: '09:00', timezone: 'UTC' },
        patches: { kinds: ['security'] },
        waves: [{ name: 'test', nodes: { os: 'linux' }, promoteWhen: {}, stopWhen: {} }],
        tell: { ops: 'everything' },
      },
    },
  };
  const steps = path.split('.');
  let holder: Record<string, unknown> = raw;
  for (const step of steps.slice(0, -1)) holder = Object(holder[step]);
  holder[steps.at(-1) ?? ''] = value;
  return raw;
}

function problemsAt(path: string, value: unknown): string[] {
  const read = readPolicy(withPart(path, value), '2026-12-01');
  if ('policy' in read) return [];
  return read.problems.map(({ path: at, message, hint }) => `${at.join('.')}: ${message}${hint ? ` (${hint})` : ''}`);
}

describe('parts of the file that come later', () => {
  it.each([
    ['locations', { regions: ['eu-central-1'] }],
    ['freezes', [{ changeCalendar: 'year-end-freeze' }]],
    ['deciders', { managers: { roles: [] } }],
    ['defaults', { reboot: 'if-needed' }],
    ['people.ops.teams', { amazonQ: 'x' }],
    ['people.owners', { emailFromTag: 'Owner' }, 'people.owners.emailFromTag'],
    ['people.soc', { email: ['soc@example.com'], opsItems: true }, 'people.soc.opsItems'],
    ['policies.monthly.baseline', 'must-approve'],
    ['policies.monthly.freezes', 'ask'],
    ['policies.monthly.backup', {}],
    ['policies.monthly.tell.ops', ['failed', 'before-24h'], 'policies.monthly.tell.ops.1'],
    ['policies.monthly.waves.0.approval', { by: 'change-managers' }],
    ['policies.monthly.waves.0.keepUp', []],
    ['policies.monthly.waves.0.order', []],
    ['policies.monthly.waves.0.timePerNode', '3h'],
    ['policies.monthly.waves.0.window', { tag: 'Maintenance Window', otherwise: 'night' }],
    ['policies.monthly.waves.0.promoteWhen.alarms', ['web-5xx']],
    ['policies.monthly.waves.0.promoteWhen.targets', 'healthy'],
  ])('%s', (path, value, where = path) => {
    expect(problemsAt(path, value)).toEqual([`${where}: ${NOT_BUILT}`]);
  });

  it('do not hide what is missing elsewhere', () => {
    expect(problemsAt('policies', { zero: { baseline: 'must-approve', waves: [{ nodes: { os: 'linux' } }] } })).toEqual([
      'policies.zero.waves.0.name: is missing',
      `policies.zero.baseline: ${NOT_BUILT}`,
    ]);
  });
});

describe('an unknown key', () => {
  it.each([
    ['policies.monthly.waves.0.atonce', 'unknown key (did you mean `atOnce`?)'],
    ['policies.monthly.waves.0.promotWhen', 'unknown key (did you mean `promoteWhen`?)'],
    ['policies.monthly.patchs', 'unknown key (did you mean `patches`?)'],
    ['polices', 'unknown key (did you mean `policies`?)'],
    ['policies.monthly.waves.0.colour', 'unknown key (known here: name, nodes, window, soak, atOnce, promoteWhen, stopWhen)'],
  ])('%s', (path, problem) => {
    expect(problemsAt(path, {})).toEqual([`${path}: ${problem}`]);
  });

  it.each([
    ['policies.monthly.nodes.platform', 'os: linux or windows'],
    ['policies.monthly.trigger', '`plan` for when the plan is made, `window` for when nodes may start'],
    ['policies.monthly.patches.classification', '`kinds`'],
    ['policies.monthly.patches.exclude', '`leaveOut`, with why, owner and until'],
    ['policies.monthly.waves.0.gate', '`stopWhen` for the brake, `promoteWhen` for the verdict'],
    ['policies.monthly.waves.0.promoteWhen.minProven', '`provenOn`'],
    ['policies.monthly.waves.0.nodes.percent', 'share: 5%'],
    ['windows.night.cutoff', '`lastStart`'],
    ['policies.monthly.on', '`tell`'],
  ])('%s of another tool is translated', (path, words) => {
    expect(problemsAt(path, 'x')).toEqual([`${path}: unknown key (here it is ${words})`]);
  });

  it('that is a required one misspelt is not also missing', () => {
    const plan = { evry: 'day', at: '09:00', timezone: 'UTC' };
    expect(problemsAt('policies.monthly.plan', plan)).toEqual(['policies.monthly.plan.evry: unknown key (did you mean `every`?)']);
  });
});

describe('a suggestion', () => {
  it.each([
    ['atonce', 'atOnce'],
    ['saok', 'soak'],
    ['tuesday', 'tue'],
    ['Europe/Berln', undefined],
    ['x', undefined],
    ['nodes', undefined],
  ])('%s → %s', (word, near) => {
    expect(nearest(word, ['atOnce', 'soak', 'tue', 'window'])).toBe(near);
  });

  it('is a question', () => {
    expect(didYouMean('sunday', ['sunday-night', 'Sunday'])).toBe('did you mean `Sunday`?');
  });
});

describe('a path', () => {
  it('quotes keys that would be ambiguous', () => {
    expect(pathText(['inventories', 'al2023', 'installed', 'glibc.i686'])).toBe('inventories.al2023.installed."glibc.i686"');
    expect(pathText(['waves', 0, 'my name'])).toBe('waves[0]."my name"');
    expect(pathText([])).toBe('');
  });
});
