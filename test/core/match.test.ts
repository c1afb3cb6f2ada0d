import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import { advisory, matchAll, node, only, packages, states } from './match-world.ts';

const AL2023 = 'amazon-linux-2023';
const FIX = '1:3.0.8-1.amzn2023.0.5';
const openssl = advisory({
  on: AL2023,
  rows: [
    { package: 'openssl', fixedVersion: FIX, arch: 'x86_64' },
    { package: 'openssl-libs', fixedVersion: FIX, arch: 'x86_64' },
    { package: 'openssl', fixedVersion: FIX, arch: 'aarch64' },
  ],
});

describe('the packages that an advisory speaks of', () => {
  it.each([
    ['1:3.0.8-1.amzn2023.0.3', 'exposed'],
    ['3.1.0-1', 'exposed'], // without epoch
    ['1:3.0.8-1.amzn2023.0.5', 'fixed'],
    ['1:3.0.8-1.amzn2023.0.9', 'fixed'],
    ['', 'unknown'],
    ['1.0 (unknown)', 'unknown'],
  ])('version %j is %s', (version, state) => {
    const installed = [{ name: 'openssl', arch: 'x86_64', version }];
    expect(only(node(AL2023, installed), openssl)).toMatchObject({
      advisory: 'ADV-1',
      package: 'openssl',
      arch: 'x86_64',
      installed: version,
      fixed: FIX,
      state,
    });
  });

  it('say in one sentence why', () => {
    expect(only(node(AL2023, ['openssl 1:3.0.8-1.amzn2023.0.3']), openssl).why).toBe(
      'openssl 1:3.0.8-1.amzn2023.0.3 is installed, the fix is 1:3.0.8-1.amzn2023.0.5',
    );
  });

  it.each(['amazon-linux-2', 'rhel-9', 'windows-2022'])('are none on %s', (release) => {
    expect(matchAll(node(release, ['openssl 1']), openssl)).toEqual([]);
  });

  it('are none where nothing of it is installed, or only for an architecture that it does not name', () => {
    expect(matchAll(node(AL2023, ['curl 1:1-1', 'openssl.i686 1:1-1']), openssl)).toEqual([]);
  });

  it('include those that moved between noarch and the own architecture', () => {
    const data = advisory({
      on: AL2023,
      rows: [
        { package: 'vim-data', fixedVersion: '2:9.1', arch: 'noarch' },
        { package: 'vim-common', fixedVersion: '2:9.1', arch: 'x86_64' },
      ],
    });
    expect(states(node(AL2023, ['vim-data 2:9.0', 'vim-common.noarch 2:9.0']), data)).toEqual([
      ['vim-common', 'exposed'],
      ['vim-data', 'exposed'],
    ]);
  });

  it('await their vendor where there is no fix, whatever version is installed', () => {
    const unfixed = advisory({ on: AL2023, rows: [{ package: 'openssl', fixedVersion: null }] });
    expect(only(node(AL2023, ['openssl 9:9-9']), unfixed)).toMatchObject({ fixed: null, state: 'awaiting-vendor' });
  });

  it('have to reach the highest fix where several fit', () => {
    const twice = advisory({
      on: AL2023,
      rows: [
        { package: 'openssl', fixedVersion: '1:3.0.8-9' },
        { package: 'openssl', fixedVersion: '1:3.0.8-2' },
      ],
    });
    expect(only(node(AL2023, ['openssl 1:3.0.8-5']), twice)).toMatchObject({ fixed: '1:3.0.8-9', state: 'exposed' });
  });

  it('are unknown where one of several fixes cannot be read', () => {
    const odd = advisory({
      on: 'debian-12',
      rows: [
        { package: 'curl', fixedVersion: '7.88-1', kind: 'source' },
        { package: 'curl', fixedVersion: 'x:1', kind: 'source' },
      ],
    });
    expect(only(node('debian-12', ['curl 7.88-9']), odd)).toMatchObject({ fixed: 'x:1', state: 'unknown' });
    expect(only(node('debian-12', ['curl 7.88-9']), { ...odd, affected: odd.affected.toReversed() })).toMatchObject({
      fixed: 'x:1',
      state: 'unknown',
    });
  });
});

describe('what is open', () => {
  const older = advisory({ id: 'ADV-0', on: AL2023, rows: [{ package: 'openssl', fixedVersion: '1:3.0.8-1.amzn2023.0.2' }] });

  it('leaves out what is fixed, and keeps each advisory apart', () => {
    const match = createMatcher({ advisories: [older, openssl] });
    const facts = node(AL2023, ['openssl 1:3.0.8-1.amzn2023.0.3']);
    expect(match(facts).map((item) => item.advisory)).toEqual(['ADV-1']);
    expect(match(facts, 'all').map((item) => [item.advisory, item.state])).toEqual([
      ['ADV-0', 'fixed'],
      ['ADV-1', 'exposed'],
    ]);
  });

  it('holds nothing of an advisory that was taken back', () => {
    const withdrawn = { ...openssl, withdrawn: '2026-11-01T00:00:00.000Z' };
    expect(matchAll(node(AL2023, ['openssl 1:1-1']), withdrawn)).toEqual([]);
  });

  it('holds unrated advisories as it holds graded ones', () => {
    const unrated = { ...openssl, severity: 'unrated' as const, kind: 'bugfix' as const };
    expect(states(node(AL2023, ['openssl 1:1-1']), unrated)).toEqual([['openssl', 'exposed']]);
  });
});

describe('one matcher for many nodes', () => {
  it('answers for each node as if it were the only one', () => {
    const match = createMatcher({ advisories: [openssl] });
    const version = fc.constantFrom('1:3.0.8-1.amzn2023.0.3', FIX, '1:3.1-1', 'bad version');
    const facts = fc.tuple(version, fc.constantFrom<'exact' | 'probable'>('exact', 'probable'), fc.constantFrom('2023.6.20241010', undefined));
    fc.assert(
      fc.property(facts, ([installed, certainty, releasever]) => {
        const one = node(AL2023, [{ name: 'openssl', arch: 'x86_64', version: installed }], {
          certainty,
          ...(releasever === undefined ? {} : { releasever }),
        });
        expect(match(one, 'all')).toEqual(createMatcher({ advisories: [openssl] })(one, 'all'));
      }),
    );
  });

  it('finds open exactly what is not fixed among all answers, in whatever order advisories come', () => {
    const name = fc.constantFrom('kernel', 'kernel-core', 'openssl', 'nodejs');
    const version = fc.constantFrom(
      '1.0-1.el8',
      '1.0-2.el8',
      '1.0-2.el8_4',
      '1.1-1.el8',
      '1.1-3.el9',
      '1.1-1.module_el8.6.0+1+a',
      '1.1-2.module_el8.5.0+2+b',
      '2:0.9-1.el8',
      'bad version',
    );
    const fix = fc.option(version.filter((text) => !text.includes(' ')));
    const channel = fc.constantFrom(undefined, undefined, undefined, 'ksplice', 'eus:8.6', 'ltss');
    const row = fc.record({ package: name, fixedVersion: fix, channel, arch: fc.constantFrom(undefined, 'x86_64', 'aarch64') });
    const written = fc.array(fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 3 }), cve: fc.integer({ min: 1000, max: 1003 }) }), {
      maxLength: 8,
    });
    const installed = fc.array(fc.record({ name, version, arch: fc.constant('x86_64') }), { maxLength: 5 });
    const running = fc.constantFrom(undefined, '1.0-1.el8.x86_64');
    const channels = fc.constantFrom(undefined, [], ['eus:8.6']);
    fc.assert(
      fc.property(written, installed, running, channels, (texts, list, kernel, has) => {
        const advisories = texts.map(({ rows, cve }, index) => advisory({ on: 'rhel-8', id: `ADV-${index}`, cves: [`CVE-2026-${cve}`], rows }));
        const facts = node('rhel-8', list, { ...(kernel === undefined ? {} : { kernel }), ...(has === undefined ? {} : { channels: has }) });
        const all = matchAll(facts, ...advisories);
        expect(createMatcher({ advisories: advisories.toReversed() })(facts)).toEqual(all.filter((match) => match.state !== 'fixed'));
      }),
      { numRuns: 400 },
    );
  });

  it('does not wait for a vendor whose fix is installed, from a channel that the node is not known to have', () => {
    const one = advisory({
      on: 'rhel-8',
      rows: [
        { package: 'openssl', fixedVersion: '1.0-1.el8', channel: 'ltss' },
        { package: 'openssl', fixedVersion: null },
      ],
    });
    const facts = node('rhel-8', [{ name: 'openssl', version: '1.0-1.el8', arch: 'x86_64' }]);
    expect(createMatcher({ advisories: [one] })(facts)).toEqual([]);
    expect(matchAll(facts, one).map(({ state }) => state)).toEqual(['fixed']);
  });

  it('never calls fixed what is older than the fix', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', '.', '-', ':', '~', '^'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(text, text, (installed, fixedVersion) => {
        const one = advisory({ on: AL2023, rows: [{ package: 'x', fixedVersion }] });
        const { state } = only(node(AL2023, [{ name: 'x', arch: 'x86_64', version: installed }]), one);
        const sign = compareVersions('rpm', installed, fixedVersion);
        expect(state).toBe(sign === undefined ? 'unknown' : sign < 0 ? 'exposed' : 'fixed');
      }),
    );
  });
});

describe('Amazon Linux 2023', () => {
  const facts = (releasever: string) => node(AL2023, packages(['openssl 1:3.0.8-1.amzn2023.0.3']), { releasever });

  it('says that a fix exists and the node is locked to an older release than the one that has it', () => {
    const dated = { ...openssl, affected: openssl.affected.map((row) => ({ ...row, releasever: '2023.6.20241010' })) };
    expect(only(facts('2023.5.20240903'), dated)).toMatchObject({
      state: 'locked',
      why: 'openssl 1:3.0.8-1.amzn2023.0.3 is installed; a fix exists (1:3.0.8-1.amzn2023.0.5, first in 2023.6.20241010), but the node is locked to 2023.5.20240903',
    });
    expect(only(facts('2023.6.20241010'), dated).state).toBe('exposed');
    expect(only(facts('2023.10.20250101'), dated).state).toBe('exposed');
  });

  it('goes by the date of the advisory where that does not say in which release the fix came', () => {
    expect(only(facts('2023.5.20240903'), openssl)).toMatchObject({ state: 'locked' });
    expect(only(facts('2023.9.20261020'), openssl)).toMatchObject({ state: 'exposed' });
  });
});
