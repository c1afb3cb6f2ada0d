import { describe, expect, it } from 'vitest';
import { candidateLock, leaveOutFor, nameMatches, provenLock, withoutPackages } from '../../lambdas/core/candidate.ts';
import { lockText, parseLock } from '../../lambdas/core/lock.ts';
import { facts, node, policy } from './plan-world.ts';

const TODAY = '2026-12-09';
const named = (items: { use: string; name: string; version: string }[]) => items.map((item) => `${item.use} ${item.name} ${item.version}`);

describe('candidateLock', () => {
  it('asks for what the policy wants and lets the rest of the upgrade come along at the version seen', () => {
    const { platforms } = candidateLock(policy(), [facts()], TODAY);
    expect(named(platforms[0]?.items ?? [])).toEqual([
      'dependency bash-completion 2.11-3.amzn2023',
      'dependency libnew 1.0-1.amzn2023',
      'update openssl 1:3.0.8-1.amzn2023.0.5',
    ]);
  });

  it('takes the newest version that any test node is offered', () => {
    const newer = facts({ available: [{ ...facts().available[0]!, version: '1:3.0.8-1.amzn2023.0.10' }] });
    const { platforms } = candidateLock(policy(), [newer, facts()], TODAY);
    expect(named(platforms[0]?.items ?? [])).toContain('update openssl 1:3.0.8-1.amzn2023.0.10');
  });

  it('leaves out what a rule names while it holds, with its words', () => {
    const rule = { package: 'openssl*', why: 'certified', owner: 'dba@example.com', until: '2026-12-31' };
    const rules = policy({ patches: { ...policy().patches, leaveOut: [rule] } });
    expect(candidateLock(rules, [facts()], TODAY)).toEqual({
      platforms: [],
      leftOut: [{ platform: 'amazon-linux-2023-x86_64', name: 'openssl', why: 'certified (dba@example.com, until 2026-12-31)' }],
    });
    expect(candidateLock(rules, [facts()], '2027-01-01').platforms).toHaveLength(1);
  });

  it('does not let a package that is left out come along with another', () => {
    const rule = { package: 'lib*', why: 'certified', owner: 'dba@example.com', until: '2026-12-31' };
    const { platforms, leftOut } = candidateLock(policy({ patches: { ...policy().patches, leaveOut: [rule] } }), [facts()], TODAY);
    expect(named(platforms[0]?.items ?? [])).toEqual(['dependency bash-completion 2.11-3.amzn2023', 'update openssl 1:3.0.8-1.amzn2023.0.5']);
    expect(leftOut.map(({ name }) => name)).toEqual(['libnew']);
  });

  it.each([
    ['unrated is a choice of its own', { atLeast: 'critical', unrated: 'include' }, 'unrated', true],
    ['unrated left out', { atLeast: 'low', unrated: 'leave-out' }, 'unrated', false],
    ['at the limit', { atLeast: 'important', unrated: 'leave-out' }, 'important', true],
    ['under the limit', { atLeast: 'important', unrated: 'include' }, 'moderate', false],
  ] as const)('%s', (_title, severity, graded, expected) => {
    const offer = facts({ available: [{ ...facts().available[0]!, severity: graded }] });
    const { platforms } = candidateLock(policy({ patches: { ...policy().patches, severity } }), [offer], TODAY);
    expect(platforms.length > 0).toBe(expected);
  });

  it('is read from the newest snapshot of the archive that a test node looked at', () => {
    const at = (snapshot: string) => facts({ platform: 'ubuntu-24.04-x86_64', snapshot });
    const { platforms } = candidateLock(
      policy(),
      [at('20261209T030000Z'), at('20261209T050000Z'), facts({ platform: 'ubuntu-24.04-x86_64' })],
      TODAY,
    );
    expect(platforms.map((section) => section.snapshot)).toEqual(['20261209T050000Z']);
    expect(candidateLock(policy(), [facts()], TODAY).platforms[0]).not.toHaveProperty('snapshot');
  });

  it('is of the newest release of Amazon Linux 2023 that a test node was offered, as its versions are', () => {
    const at = (releasever: string) => facts({ releasever });
    const { platforms } = candidateLock(policy(), [at('2023.9.20251110'), at('2023.10.20260120'), facts()], TODAY);
    expect(platforms.map(({ releasever }) => releasever)).toEqual(['2023.10.20260120']);
  });

  it('a KB that is offered twice is wanted where one of the two is, in any order', () => {
    const kb = { name: 'KB5071234', arch: '', version: '', advisories: [] };
    const available = [
      { ...kb, kind: 'other' as const, severity: 'unrated' as const },
      { ...kb, kind: 'security' as const, severity: 'critical' as const },
    ];
    for (const offers of [available, available.toReversed()]) {
      const windows = facts({ platform: 'windows-2022-x86_64', dependencies: [], available: offers });
      expect(candidateLock(policy(), [windows], TODAY).platforms[0]?.items).toEqual([{ use: 'kb', name: 'KB5071234', arch: '', version: '' }]);
    }
  });

  it('keeps only wanted KBs on Windows: nothing is pulled in there', () => {
    const windows = facts({
      platform: 'windows-2022-x86_64',
      dependencies: [],
      available: [
        { name: 'KB5071234', arch: '', version: '', kind: 'security', severity: 'critical', advisories: [] },
        { name: 'KB5079999', arch: '', version: '', kind: 'other', severity: 'unrated', advisories: [] },
      ],
    });
    expect(candidateLock(policy(), [windows], TODAY).platforms[0]?.items).toEqual([{ use: 'kb', name: 'KB5071234', arch: '', version: '' }]);
  });
});

describe('leaveOutFor', () => {
  it('keeps rules for some nodes apart from those for all', () => {
    const rule = { package: 'kernel*', nodes: { tags: { App: 'rac' } }, why: 'w', owner: 'o', until: '2026-12-31' };
    expect(leaveOutFor([rule], TODAY)).toEqual([]);
    expect(leaveOutFor([rule], TODAY, node('a', { tags: { App: 'rac' } }))).toEqual([rule]);
    expect(leaveOutFor([rule], TODAY, node('b'))).toEqual([]);
  });
});

describe('nameMatches', () => {
  it.each([
    ['kernel*', 'kernel-core', true],
    ['kernel', 'kernel-core', false],
    ['g++', 'g++', true],
    ['lib.so', 'libxso', false],
  ])('%s against %s is %s', (pattern, name, expected) => {
    expect(nameMatches(pattern, name)).toBe(expected);
  });
});

describe('provenLock', () => {
  const candidate = candidateLock(policy(), [facts()], TODAY).platforms;
  const openssl = candidate[0]!.items.find((item) => item.name === 'openssl')!;
  const proof = (name: string) => ({ platform: 'amazon-linux-2023-x86_64', node: name, proven: [openssl] });

  it('holds only what enough nodes proved, and names what it drops', () => {
    expect(provenLock(candidate, [proof('a'), proof('b')], 2)).toEqual({ platforms: [{ ...candidate[0], items: [openssl] }], dropped: [] });
    expect(provenLock(candidate, [proof('a')], 2)).toEqual({
      platforms: [],
      dropped: [{ platform: 'amazon-linux-2023-x86_64', name: 'openssl', why: 'proven on 1 of 2 nodes needed' }],
    });
  });

  it('is read from the same snapshot and release as the candidate', () => {
    const section = { ...candidate[0]!, releasever: '2023.6.1', snapshot: '20261209T050000Z' };
    expect(provenLock([section], [proof('a')], 1).platforms).toEqual([{ ...section, items: [openssl] }]);
  });

  it('does not take one platform’s proof for another', () => {
    expect(provenLock(candidate, [{ ...proof('a'), platform: 'rhel-9-x86_64' }], 1).platforms).toEqual([]);
  });
});

describe('lockText', () => {
  it('is the same for the same content in any order, and reads back', () => {
    const platforms = candidateLock(policy(), [facts()], TODAY).platforms;
    const shuffled = platforms.map((section) => ({ ...section, items: section.items.toReversed() }));
    expect(lockText(shuffled)).toBe(lockText(platforms));
    expect(parseLock(lockText(platforms))).toEqual(platforms);
  });

  it('says which release and which snapshot of the archive its versions are from', () => {
    const [section] = candidateLock(policy(), [facts()], TODAY).platforms;
    const text = lockText([{ ...section!, releasever: '2023.6.1', snapshot: '20261209T050000Z' }]);
    expect(text.split('\n').slice(1, 4)).toEqual(['platform amazon-linux-2023-x86_64', 'releasever 2023.6.1', 'snapshot 20261209T050000Z']);
    expect(parseLock(text)).toEqual([{ ...section, releasever: '2023.6.1', snapshot: '20261209T050000Z' }]);
    expect(() => parseLock(text.replace('20261209T050000Z', 'yesterday'))).toThrow('snapshot');
  });

  it('refuses lines that it does not know', () => {
    expect(() => parseLock('wavelock-lock 1\nplatform amazon-linux-2023-x86_64\nremove openssl x86_64 1\n')).toThrow('unknown line');
    expect(() => parseLock('something else\n')).toThrow('not a lock');
  });

  it('leaves packages out by pattern for nodes with rules of their own', () => {
    const platforms = candidateLock(policy(), [facts()], TODAY).platforms;
    expect(withoutPackages(platforms, ['openssl*'])[0]?.items.map((item) => item.name)).toEqual(['bash-completion', 'libnew']);
    expect(withoutPackages(platforms, [])).toBe(platforms);
  });
});
