import { describe, expect, it } from 'vitest';
import { concerns, isDue } from '../../lambdas/core/due.ts';
import { osRelease, platformsOf } from '../../lambdas/core/platform-names.ts';

const NOW = Date.parse('2026-11-09T06:00:00Z');
const HOUR = 3_600_000;
const ago = (hours: number): string => new Date(NOW - hours * HOUR).toISOString();

describe('whom a feed concerns', () => {
  it.each([
    [[], [], true],
    [['ubuntu'], ['ubuntu-24.04-x86_64'], true],
    [['ubuntu-'], ['ubuntu-24.04-x86_64'], true],
    [['amazon-linux-2'], ['amazon-linux-2023-x86_64'], false],
    [['amazon-linux-2-'], ['amazon-linux-2-aarch64'], true],
    [['rhel-9-'], ['rhel-8-x86_64', 'rhel-9-aarch64'], true],
    [['rhel-'], [], false],
  ])('%j and a fleet of %j: %s', (platforms, fleet, expected) => {
    expect(concerns({ platforms }, fleet)).toBe(expected);
  });
});

describe('when a feed is read', () => {
  const feed = { everyHours: 6 };
  const quick = { scope: 'feeds', since: NOW, now: NOW } as const;

  it('has its time a little early, since schedules are never on the second', () => {
    expect(isDue(feed, { lastTried: ago(5.5) }, quick)).toBe(true);
    expect(isDue(feed, { lastTried: ago(5) }, quick)).toBe(false);
    expect(isDue(feed, undefined, quick)).toBe(true);
  });

  it('is always its time on a whole look at the fleet, once', () => {
    expect(isDue(feed, { lastTried: ago(0.1) }, { ...quick, scope: 'all' })).toBe(true);
    expect(isDue(feed, { lastTried: ago(0.1) }, { ...quick, scope: 'all', since: NOW - HOUR })).toBe(false);
  });

  it('is its time when another feed has heard of something new, until that was answered', () => {
    expect(isDue(feed, { lastTried: ago(0), wanted: ago(0) }, quick)).toBe(true);
    expect(isDue(feed, { lastTried: ago(0), wanted: ago(0), answered: ago(0) }, quick)).toBe(false);
    expect(isDue(feed, { lastTried: ago(0), wanted: ago(0), answered: ago(1) }, quick)).toBe(true);
  });
});

describe('the platform of a node that was never scanned', () => {
  it.each([
    ['Amazon Linux', '2023', 'amazon-linux-2023'],
    ['Amazon Linux', '2', 'amazon-linux-2'],
    ['Amazon Linux AMI', '2018.03', 'amazon-linux-1'],
    ['Ubuntu', '22.04', 'ubuntu-22.04'],
    ['Debian GNU/Linux', '12', 'debian-12'],
    ['Red Hat Enterprise Linux Server', '7.9', 'rhel-7'],
    ['Red Hat Enterprise Linux', '9.4', 'rhel-9'],
    ['Rocky Linux', '9.4', 'rocky-9'],
    ['AlmaLinux', '8.10', 'almalinux-8'],
    ['Oracle Linux Server', '8.9', 'oracle-linux-8'],
    ['CentOS Stream', '9', 'centos-9'],
    ['SLES', '15.5', 'sles-15.5'],
    ['SUSE Linux Enterprise Server', '15.6', 'sles-15.6'],
    ['openSUSE Leap', '15.6', 'opensuse-leap-15.6'],
    ['Microsoft Windows Server 2019 Datacenter', '10.0.17763', 'windows-2019'],
    ['Microsoft Windows Server 2022 Datacenter', '10.0.20348.2762', 'windows-2022'],
    ['Microsoft Windows 11 Pro', '10.0.22631', undefined],
    ['macOS', '15.1', undefined],
    ['Ubuntu', '', undefined],
    ['', '', undefined],
  ])('%s %s: %s', (name, version, expected) => {
    expect(osRelease(name, version)).toBe(expected);
  });

  it('gives way to what a scan has found', () => {
    const scan = { at: '', platform: 'rhel-9-aarch64', fingerprint: '', kernel: '', pending: '' as const, otherUpdaters: [], diskFreeMb: 0 };
    const nodes = [{ platformName: 'Ubuntu', platformVersion: '24.04' }, { platformName: 'x', platformVersion: '1', scan }, { platformName: 'macOS', platformVersion: '1' }];
    expect(platformsOf(nodes)).toEqual(['rhel-9-aarch64', 'ubuntu-24.04-x86_64']);
  });
});
