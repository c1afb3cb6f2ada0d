import { describe, expect, it } from 'vitest';
import { concerns, isDue } from '../../lambdas/core/due.ts';
import { platformsOf } from '../../lambdas/core/platform-names.ts';

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
    ['Amazon Linux', '2', ['amazon-linux-2-x86_64']],
    ['SLES', '15.5', ['sles-15.5-x86_64']],
    ['Microsoft Windows Server 2022 Datacenter', '10.0.20348.2762', ['windows-2022-x86_64']],
    ['Microsoft Windows 11 Pro', '10.0.22631', []],
    ['macOS', '15.1', []],
    ['', '', []],
  ])('%s %s: %j', (platformName, platformVersion, expected) => {
    expect(platformsOf([{ platformName, platformVersion }])).toEqual(expected);
  });

  it('gives way to what a scan has found', () => {
    const scan = { at: '', platform: 'rhel-9-aarch64', fingerprint: '', kernel: '', pending: '' as const, otherUpdaters: [], diskFreeMb: 0 };
    const nodes = [
      { platformName: 'Ubuntu', platformVersion: '24.04' },
      { platformName: 'x', platformVersion: '1', scan },
      { platformName: 'macOS', platformVersion: '1' },
    ];
    expect(platformsOf(nodes)).toEqual(['rhel-9-aarch64', 'ubuntu-24.04-x86_64']);
  });
});
