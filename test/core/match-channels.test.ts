import { describe, expect, it } from 'vitest';
import { advisory, matchAll, node, only, states } from './match-world.ts';

describe('Ubuntu Pro', () => {
  const esm = advisory({ on: 'ubuntu-22.04', rows: [{ package: 'ansible', fixedVersion: '2.10.7-1ubuntu0.1~esm2', channel: 'pro:esm-apps' }] });
  const older = ['ansible 2.10.7-1'];

  it('has the only fix: a node that is not attached needs it', () => {
    expect(only(node('ubuntu-22.04', older, { channels: [] }), esm)).toMatchObject({
      state: 'needs-entitlement',
      why: 'ansible 2.10.7-1 is installed; the fix 2.10.7-1ubuntu0.1~esm2 is in Ubuntu Pro (esm-apps), which this node does not have',
    });
    expect(only(node('ubuntu-22.04', older), esm).why).toContain('which this node is not known to have');
  });

  it('has the fix: an attached node is exposed, and fixed once it is installed', () => {
    expect(only(node('ubuntu-22.04', older, { channels: ['pro:esm-apps'] }), esm).state).toBe('exposed');
    expect(only(node('ubuntu-22.04', ['ansible 2.10.7-1ubuntu0.1~esm2'], { channels: ['pro:esm-apps'] }), esm).state).toBe('fixed');
    expect(only(node('ubuntu-22.04', older, { channels: ['pro:esm-infra'] }), esm).state).toBe('needs-entitlement');
  });

  it('shows itself in a version that only ESM publishes', () => {
    const newer = advisory({ on: 'ubuntu-22.04', rows: [{ package: 'ansible', fixedVersion: '2.10.7-1ubuntu0.1~esm4', channel: 'pro:esm-apps' }] });
    expect(only(node('ubuntu-22.04', ['ansible 2.10.7-1ubuntu0.1~esm2']), newer).state).toBe('exposed');
  });

  it('is not needed for what another advisory closes for everybody', () => {
    const plain = advisory({ id: 'ADV-0', on: 'ubuntu-22.04', rows: [{ package: 'ansible', fixedVersion: '2.10.7-1ubuntu0.1' }] });
    expect(matchAll(node('ubuntu-22.04', older, { channels: [] }), plain, esm).map((match) => [match.advisory, match.state])).toEqual([
      ['ADV-0', 'exposed'],
    ]);
  });

  it('is needed where the plain packages have no fix at all', () => {
    const both = advisory({
      on: 'ubuntu-22.04',
      rows: [
        { package: 'ansible', fixedVersion: null },
        { package: 'ansible', fixedVersion: '2.10.7-1ubuntu0.1~esm2', channel: 'pro:esm-apps' },
      ],
    });
    expect(only(node('ubuntu-22.04', older, { channels: [] }), both).state).toBe('needs-entitlement');
    expect(only(node('ubuntu-22.04', older, { channels: ['pro:esm-apps'] }), both).state).toBe('exposed');
  });
});

describe('other builds', () => {
  const plain = { package: 'openssl', fixedVersion: '1:1.1.1k-5.el8_5' };
  const ksplice = { package: 'openssl', fixedVersion: '2:1.1.1k-5.ksplice1.el8_5', channel: 'ksplice' };
  const both = advisory({ on: 'oracle-linux-8', rows: [plain, ksplice] });

  it('of ksplice never fix the plain package, and the plain one never fixes them', () => {
    expect(only(node('oracle-linux-8', ['openssl 1:1.1.1g-15.el8_3'], { channels: ['ksplice'] }), both)).toMatchObject({
      state: 'exposed',
      fixed: plain.fixedVersion,
    });
    expect(only(node('oracle-linux-8', ['openssl 2:1.1.1g-15.ksplice1.el8_3']), both)).toMatchObject({
      state: 'exposed',
      fixed: ksplice.fixedVersion,
    });
    expect(only(node('oracle-linux-8', ['openssl 2:1.1.1k-5.ksplice1.el8_5']), both).state).toBe('fixed');
  });

  it('that an advisory does not speak of are unknown, however high their epoch, unless another advisory closes the same for them', () => {
    const onlyPlain = advisory({ on: 'oracle-linux-8', rows: [plain] });
    const onlyKsplice = advisory({ id: 'ADV-2', on: 'oracle-linux-8', rows: [ksplice] });
    const installed = node('oracle-linux-8', ['openssl 2:1.1.1g-15.ksplice1.el8_3']);
    expect(only(installed, onlyPlain)).toMatchObject({ state: 'unknown' });
    expect(only(installed, onlyPlain).why).toContain('which is a ksplice build');
    expect(matchAll(installed, onlyPlain, onlyKsplice).map((match) => match.advisory)).toEqual(['ADV-2']);
    expect(matchAll(node('oracle-linux-8', ['openssl 1:1.1.1k-5.el8_5']), onlyKsplice)).toEqual([]);
  });

  it.each(['3.6.14-8.el8_3_fips', '10:3.6.14-8.0.1.el8_fips'])('of Oracle for FIPS (%s) are told by their release', (version) => {
    const fips = advisory({
      on: 'oracle-linux-8',
      rows: [
        { package: 'gnutls', fixedVersion: '10:3.6.16-4.0.1.el8_fips', channel: 'fips' },
        { package: 'gnutls', fixedVersion: '3.6.16-4.el8' },
      ],
    });
    expect(only(node('oracle-linux-8', [`gnutls ${version}`]), fips)).toMatchObject({ state: 'exposed', fixed: '10:3.6.16-4.0.1.el8_fips' });
  });

  it('of Ubuntu for FIPS are compared with their own channel, as certified or with updates', () => {
    const rows = [
      { package: 'openssl', fixedVersion: '1.1.1f-1ubuntu2.20' },
      { package: 'openssl', fixedVersion: '1.1.1f-1ubuntu2.fips.2.8', channel: 'pro:fips' },
      { package: 'openssl', fixedVersion: '1.1.1f-1ubuntu2.fips.20', channel: 'pro:fips-updates' },
    ];
    const usn = advisory({ on: 'ubuntu-20.04', rows });
    const installed = ['openssl 1.1.1f-1ubuntu2.fips.2.8'];
    expect(only(node('ubuntu-20.04', installed, { channels: ['pro:fips'] }), usn).state).toBe('fixed');
    expect(only(node('ubuntu-20.04', installed, { channels: ['pro:fips-updates'] }), usn)).toMatchObject({
      state: 'exposed',
      fixed: '1.1.1f-1ubuntu2.fips.20',
    });
    expect(only(node('ubuntu-20.04', ['openssl 1.1.1f-1ubuntu2.20'], { channels: ['pro:fips'] }), usn)).toMatchObject({
      state: 'fixed',
      fixed: '1.1.1f-1ubuntu2.20',
    });
  });

  it.each(['pro:realtime', 'pro:bluefield', 'livepatch', 'sig:cloud'])(
    'of %s are nothing to a plain package, with the channel and without it',
    (channel) => {
      const other = advisory({ on: 'rocky-8', rows: [{ package: 'kernel', fixedVersion: '4.18.0-553.el8', channel }] });
      for (const channels of [[], [channel]]) expect(matchAll(node('rocky-8', ['kernel 4.18.0-425.el8'], { channels }), other)).toEqual([]);
    },
  );

  it('of live patches are judged by their own name, apart from the kernel that they are named after', () => {
    const livepatch = advisory({
      on: 'amazon-linux-2023',
      rows: [{ package: 'kernel-livepatch-6.1.12-19.43', fixedVersion: '1.1-1.amzn2023', channel: 'livepatch' }],
    });
    expect(states(node('amazon-linux-2023', ['kernel-livepatch-6.1.12-19.43 1.0-1.amzn2023', 'kernel 6.1.12-19.43.amzn2023']), livepatch)).toEqual([
      ['kernel-livepatch-6.1.12-19.43', 'exposed'],
    ]);
  });
});

describe('lines of RHEL', () => {
  const main = { package: 'git', fixedVersion: '2.43.5-1.el9_4' };
  const eus = { package: 'git', fixedVersion: '2.39.5-1.el9_2', channel: 'eus:9.2' };
  const both = advisory({ on: 'rhel-9', rows: [main, eus] });

  it('count for nodes that follow them, and only for those', () => {
    expect(only(node('rhel-9', ['git 2.39.5-1.el9_2'], { channels: ['eus:9.2'] }), both)).toMatchObject({ state: 'fixed', fixed: eus.fixedVersion });
    expect(only(node('rhel-9', ['git 2.39.3-1.el9_2'], { channels: ['eus:9.2'] }), both)).toMatchObject({
      state: 'exposed',
      fixed: eus.fixedVersion,
    });
    expect(only(node('rhel-9', ['git 2.39.5-1.el9_2'], { channels: [] }), both)).toMatchObject({ state: 'exposed', fixed: main.fixedVersion });
  });

  it('lock a node out of what only the newest minor release fixes', () => {
    const onlyMain = advisory({ on: 'rhel-9', rows: [main] });
    expect(only(node('rhel-9', ['git 2.39.3-1.el9_2'], { channels: ['eus:9.2'] }), onlyMain)).toMatchObject({
      state: 'locked',
      why: 'git 2.39.3-1.el9_2 is installed; a fix exists (2.43.5-1.el9_4), but the node is locked to EUS 9.2',
    });
    const onlyEus = advisory({ id: 'ADV-2', on: 'rhel-9', rows: [eus] });
    expect(
      matchAll(node('rhel-9', ['git 2.39.5-1.el9_2'], { channels: ['eus:9.2'] }), onlyMain, onlyEus).map((match) => [match.advisory, match.state]),
    ).toEqual([['ADV-2', 'fixed']]);
  });

  it('still have what was fixed before they branched off', () => {
    const early = advisory({ on: 'rhel-9', rows: [{ package: 'git', fixedVersion: '2.31.1-3.el9_1' }] });
    expect(only(node('rhel-9', ['git 2.31.1-2.el9'], { channels: ['eus:9.2'] }), early).state).toBe('exposed');
  });

  it('have the only fix: a node of that minor release needs the subscription, others are not concerned', () => {
    const onlyEus = advisory({ on: 'rhel-9', rows: [eus] });
    const older = 'git 2.39.3-1.el9_2';
    expect(states(node('rhel-9', [older, 'redhat-release 9.2-0.13.el9'], { channels: [] }), onlyEus)).toEqual([['git', 'needs-entitlement']]);
    expect(matchAll(node('rhel-9', [older, 'redhat-release 9.4-0.5.el9'], { channels: [] }), onlyEus)).toEqual([]);
    const closedByMain = advisory({ id: 'ADV-2', on: 'rhel-9', rows: [main] });
    expect(matchAll(node('rhel-9', [older], { channels: [] }), onlyEus, closedByMain).map((match) => match.advisory)).toEqual(['ADV-2']);
  });
});

describe('longer support of SUSE', () => {
  it('has the only fix: only a node that has it is exposed', () => {
    const ltss = advisory({ on: 'sles-15.3', rows: [{ package: 'libopenssl1_1', fixedVersion: '1.1.1d-150200.11.60.1', channel: 'ltss' }] });
    const older = ['libopenssl1_1 1.1.1d-11.20.1'];
    expect(only(node('sles-15.3', older, { channels: ['ltss'] }), ltss).state).toBe('exposed');
    expect(only(node('sles-15.3', older, { channels: [] }), ltss)).toMatchObject({ state: 'needs-entitlement' });
  });
});

describe('extras of Amazon Linux 2', () => {
  const kernel = advisory({
    on: 'amazon-linux-2',
    rows: [{ package: 'kernel', fixedVersion: '5.15.25-14.106.amzn2', arch: 'x86_64', channel: 'extras:kernel-5.15' }],
  });
  const nginx = advisory({ on: 'amazon-linux-2', rows: [{ package: 'nginx', fixedVersion: '1:1.22.1-1.amzn2.0.2', channel: 'extras:nginx1' }] });

  it('never match a 5.10 or 4.14 kernel with an advisory of 5.15', () => {
    for (const version of ['5.10.102-99.473.amzn2', '4.14.268-205.500.amzn2'])
      expect(matchAll(node('amazon-linux-2', [`kernel ${version}`]), kernel)).toEqual([]);
  });

  it('are told by the series of the installed kernel where topics are not known', () => {
    expect(only(node('amazon-linux-2', ['kernel 5.15.19-10.104.amzn2']), kernel).state).toBe('exposed');
    expect(only(node('amazon-linux-2', ['kernel 5.15.19-10.104.amzn2'], { channels: ['extras:kernel-5.15'] }), kernel).state).toBe('exposed');
  });

  it('are told by the version in their name, or by the core repository not having the package, where topics are not known', () => {
    const extra = (name: string, fixedVersion: string, topic: string) =>
      advisory({ on: 'amazon-linux-2', rows: [{ package: name, fixedVersion, channel: `extras:${topic}` }] });
    const core = advisory({
      id: 'ADV-0',
      on: 'amazon-linux-2',
      rows: [
        { package: 'vim', fixedVersion: '2:8.0-1', channel: undefined },
        { package: 'php', fixedVersion: '5.4.16-46' },
      ],
      cves: [],
    });
    const found = (installed: string, fix: ReturnType<typeof extra>) =>
      matchAll(node('amazon-linux-2', [installed]), core, fix).flatMap((match) => (match.advisory === 'ADV-1' ? [match.state] : []));
    expect(found('nginx 1:1.20.0-1.amzn2', nginx)).toEqual(['exposed']);
    expect(found('docker 20.10.25-1.amzn2', extra('docker', '25.0.3-1.amzn2', 'docker'))).toEqual(['exposed']);
    expect(found('php 8.2.9-1.amzn2', extra('php', '8.2.15-1.amzn2', 'php8.2'))).toEqual(['exposed']);
    expect(found('php 8.1.9-1.amzn2', extra('php', '8.2.15-1.amzn2', 'php8.2'))).toEqual([]);
    expect(found('vim 2:8.0-1.amzn2', extra('vim', '2:9.0-1.amzn2', 'vim'))).toEqual([]);
  });

  it('need their topic to be enabled, and are nothing to a package of another series', () => {
    expect(only(node('amazon-linux-2', ['nginx 1:1.22.0-1.amzn2'], { channels: ['extras:nginx1'] }), nginx).state).toBe('exposed');
    expect(only(node('amazon-linux-2', ['nginx 1:1.22.0-1.amzn2'], { channels: [] }), nginx)).toMatchObject({ state: 'needs-entitlement' });
    expect(only(node('amazon-linux-2', ['nginx 1:1.22.0-1.amzn2'], { channels: [] }), nginx).why).toContain('the extras topic nginx1');
    expect(matchAll(node('amazon-linux-2', ['nginx 1:1.18.0-1.amzn2'], { channels: [] }), nginx)).toEqual([]);
  });

  it('are not closed by what the core repository fixes in versions of its own', () => {
    const core = advisory({ on: 'amazon-linux-2', rows: [{ package: 'php', fixedVersion: '5.4.16-46.amzn2.0.6' }] });
    const extras = advisory({
      id: 'ADV-2',
      on: 'amazon-linux-2',
      rows: [{ package: 'php', fixedVersion: '8.0.30-1.amzn2', channel: 'extras:php8.0' }],
    });
    const old = node('amazon-linux-2', ['php 8.0.20-1.amzn2'], { channels: [] });
    expect(matchAll(old, core, extras).map((match) => [match.advisory, match.state])).toEqual([
      ['ADV-1', 'fixed'],
      ['ADV-2', 'needs-entitlement'],
    ]);
    const same = advisory({ id: 'ADV-3', on: 'amazon-linux-2', rows: [{ package: 'php', fixedVersion: '8.0.25-1.amzn2' }] });
    expect(matchAll(old, same, extras).map((match) => [match.advisory, match.state])).toEqual([['ADV-3', 'exposed']]);
  });
});
