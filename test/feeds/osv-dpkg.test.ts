import { describe, expect, it } from 'vitest';
import { advisoryOf, fixedIn, osv, rowsOf } from './osv-records.ts';
import type { Json } from './osv-records.ts';

const UBUNTU = 'Ubuntu:22.04:LTS';

function binaries(...names: string[]): Json {
  return { ecosystem_specific: { binaries: names.map((name) => ({ binary_name: name, binary_version: '3.0.2-0ubuntu1.18' })) } };
}

function cvesMap(...cves: [id: string, priority: string][]): Json {
  const listed = cves.map(([id, score]) => ({ id, severity: [{ type: 'Ubuntu', score }] }));
  return { database_specific: { cves_map: { ecosystem: UBUNTU, cves: listed } } };
}

describe('Ubuntu', () => {
  it('lists binaries with their own versions, so that stock inventory is enough', () => {
    const item = { ...fixedIn(UBUNTU, 'openssl', '3.0.2-0ubuntu1.18', binaries('libssl3', 'libssl3-dbgsym', 'openssl')) };
    expect(rowsOf(osv('USN-1-1', [item]))).toEqual([
      'ubuntu 22.04 binary libssl3 3.0.2-0ubuntu1.18',
      'ubuntu 22.04 binary openssl 3.0.2-0ubuntu1.18',
    ]);
  });

  it('once wrote binaries as an object from name to version, and has none in old records', () => {
    const objects = { ecosystem_specific: { binaries: [{ libssl3: '3.0.2-0ubuntu1.18', openssl: '3.0.2-0ubuntu1.18' }, 7] } };
    const items = [fixedIn(UBUNTU, 'openssl', '3.0.2-0ubuntu1.18', objects), fixedIn('Ubuntu:14.04:LTS', 'openssl', '1.0.1')];
    expect(rowsOf(osv('USN-1-1', items))).toEqual([
      'ubuntu 22.04 binary libssl3 3.0.2-0ubuntu1.18',
      'ubuntu 22.04 binary openssl 3.0.2-0ubuntu1.18',
      'ubuntu 14.04 source openssl 1.0.1',
    ]);
  });

  it('does not take the versions beside binaries for a fix where there is none', () => {
    expect(rowsOf(osv('USN-1-1', [fixedIn(UBUNTU, 'openssl', null, binaries('openssl'))]))).toEqual(['ubuntu 22.04 binary openssl no fix']);
  });

  it('has the priority of the gravest of its CVEs', () => {
    const item = fixedIn(UBUNTU, 'x', '1', cvesMap(['CVE-2026-0001', 'low'], ['CVE-2026-0002', 'high'], ['CVE-2026-0003', 'medium']));
    expect(advisoryOf(osv('USN-1-1', [item]))).toMatchObject({ severity: 'important', severityRaw: 'high' });
  });

  it('is unrated where no CVE has a priority, and low where all are negligible', () => {
    expect(advisoryOf(osv('USN-1-1', [fixedIn(UBUNTU, 'x', '1')]))).toMatchObject({ severity: 'unrated' });
    const negligible = fixedIn(UBUNTU, 'x', '1', { ecosystem_specific: { ubuntu_priority: 'negligible' } });
    expect(advisoryOf(osv('USN-1-1', [negligible]))).toMatchObject({ severity: 'low', severityRaw: 'negligible' });
  });

  it.each([
    ['Ubuntu:25.10', 'questing', undefined, 'ubuntu 25.10'],
    ['Ubuntu:Pro:18.04:LTS', 'esm-infra/bionic', undefined, 'ubuntu 18.04 pro:esm-infra'],
    ['Ubuntu:Pro:16.04:LTS', 'esm-apps/xenial', undefined, 'ubuntu 16.04 pro:esm-apps'],
    ['Ubuntu:Pro:14.04:LTS', 'esm-infra-legacy/trusty', undefined, 'ubuntu 14.04 pro:esm-infra-legacy'],
    ['Ubuntu:Pro:22.04:LTS', 'jammy', 'Available with Ubuntu Pro (Infra-only): https://ubuntu.com/pro', 'ubuntu 22.04 pro:esm-infra'],
    ['Ubuntu:Pro:22.04:LTS', 'jammy', 'Available with Ubuntu Pro: https://ubuntu.com/pro', 'ubuntu 22.04 pro:esm-apps'],
    ['Ubuntu:Pro:FIPS:20.04:LTS', 'fips/focal', undefined, 'ubuntu 20.04 pro:fips'],
    ['Ubuntu:Pro:FIPS-updates:20.04:LTS', 'fips-updates/focal', undefined, 'ubuntu 20.04 pro:fips-updates'],
    ['Ubuntu:Pro:FIPS-preview:22.04:LTS', 'fips-preview/jammy', undefined, 'ubuntu 22.04 pro:fips-preview'],
    ['Ubuntu:Pro:Realtime:22.04:LTS', 'realtime/jammy', undefined, 'ubuntu 22.04 pro:realtime'],
    ['Ubuntu:Pro:22.04:LTS:Realtime:Kernel', 'realtime/jammy', undefined, 'ubuntu 22.04 pro:realtime'],
    ['Ubuntu:Nvidia-BlueField:22.04:LTS', 'bluefield/jammy', undefined, 'ubuntu 22.04 pro:bluefield'],
    ['Ubuntu:22.04:LTS:for:NVIDIA:BlueField', 'bluefield/jammy', undefined, 'ubuntu 22.04 pro:bluefield'],
  ])('never mixes builds: %s from %s is its own channel', (ecosystem, distro, availability, place) => {
    const purl = `pkg:deb/ubuntu/x@1?arch=source&distro=${distro}`;
    const item = fixedIn(ecosystem, 'x', '1', { purl, ...(availability ? { ecosystem_specific: { availability } } : {}) });
    expect(rowsOf(osv('USN-1-1', [item]))).toEqual([`${place} source x 1`]);
  });

  it('leaves out builds that nobody has heard of, before they pass for plain ones', () => {
    const names = ['Ubuntu:22.04:LTS:for:Something', 'Ubuntu:Quantum:22.04:LTS', UBUNTU];
    const items = names.map((name, index) => fixedIn(name, 'x', `${index + 1}`));
    expect(rowsOf(osv('USN-1-1', items))).toEqual(['ubuntu 22.04 source x 3']);
  });

  it('names kernels by their ABI, so the source and the images are what can be compared', () => {
    const version = { binary_version: '6.8.0-1019.21' };
    const names = ['linux-aws-headers-6.8.0-1019', ...['headers', 'image', 'image-unsigned'].map((part) => `linux-${part}-6.8.0-1019-aws`)];
    const item = fixedIn('Ubuntu:24.04:LTS', 'linux-aws', '6.8.0-1019.21', {
      ecosystem_specific: { binaries: names.map((binary_name) => ({ binary_name, ...version })) },
    });
    expect(rowsOf(osv('USN-1-1', [item]))).toEqual([
      'ubuntu 24.04 source linux-aws 6.8.0-1019.21',
      'ubuntu 24.04 binary linux-image-6.8.0-1019-aws 6.8.0-1019.21',
      'ubuntu 24.04 binary linux-image-unsigned-6.8.0-1019-aws 6.8.0-1019.21',
    ]);
  });

  it('takes the meta packages of a kernel where a notice lists them: every node that follows the kernel has one', () => {
    const names = [
      'linux-image-6.8.0-1019-aws',
      'linux-image-aws',
      'linux-image-generic-hwe-22.04',
      'linux-aws',
      'linux-headers-aws',
      'linux-libc-dev',
    ];
    const item = fixedIn('Ubuntu:24.04:LTS', 'linux-aws', '6.8.0-1019.21', {
      ecosystem_specific: { binaries: names.map((binary_name) => ({ binary_name, binary_version: '6.8.0-1019.21' })) },
    });
    expect(rowsOf(osv('USN-1-1', [item])).map((row) => row.split(' ').slice(2, 4).join(' '))).toEqual([
      'source linux-aws',
      'binary linux-image-6.8.0-1019-aws',
      'binary linux-image-aws',
      'binary linux-image-generic-hwe-22.04',
      'binary linux-aws',
    ]);
  });

  it('keeps other packages whose names begin with linux', () => {
    const item = fixedIn(UBUNTU, 'linux-firmware', '3.0.2-0ubuntu1.18', binaries('linux-firmware'));
    expect(rowsOf(osv('USN-1-1', [item]))).toEqual(['ubuntu 22.04 binary linux-firmware 3.0.2-0ubuntu1.18']);
  });

  it('reports livepatches without a version to compare: they expose nobody and fix no package', () => {
    const item = fixedIn('Ubuntu:Pro:22.04:LTS', 'linux-aws', '5.15.0-1076.83', {
      ecosystem_specific: { availability: 'Livepatch subscription required', module_name_regex: 'lkp_Ubuntu_5_15_0[_|\\d]+_aws_(\\d+)' },
    });
    const record = osv('LSN-0108-1', [item], { related: ['CVE-2024-26800', 'UBUNTU-CVE-2024-26800'] });
    expect(advisoryOf(record)).toMatchObject({ id: 'LSN-0108-1', cves: ['CVE-2024-26800'], affected: [] });
  });

  it('replaces its first notice only where that one broke something', () => {
    const item = fixedIn(UBUNTU, 'x', '1');
    expect(advisoryOf(osv('USN-100-2', [item], { summary: 'x vulnerabilities' }))).not.toHaveProperty('supersedes');
    expect(advisoryOf(osv('USN-100-2', [item], { summary: 'x regression' })).supersedes).toEqual(['USN-100-1']);
  });

  it('names every binary of a large source, and falls back to sources only where a notice lists more than any vendor has', () => {
    const listing = (count: number) =>
      fixedIn(UBUNTU, 'texlive-extra', '2021', binaries(...Array.from({ length: count }, (_, index) => `texlive-${index}`)));
    expect(rowsOf(osv('USN-1-1', [listing(6_000)]))).toHaveLength(6_000);
    expect(rowsOf(osv('USN-1-1', [listing(20_001)]))).toEqual(['ubuntu 22.04 source texlive-extra 2021']);
  });
});

describe('Debian', () => {
  it('names source packages only, and the oldest advisories have no revision', () => {
    const record = osv('DSA-135', [fixedIn('Debian:3.0', 'libapache-mod-ssl', '2.8.9-2')]);
    expect(rowsOf(record)).toEqual(['debian 3.0 source libapache-mod-ssl 2.8.9-2']);
  });

  it('is unrated: it does not grade its advisories', () => {
    const record = osv('DLA-4000-1', [fixedIn('Debian:11', 'nginx', '1')]);
    expect(advisoryOf(record)).toMatchObject({ severity: 'unrated', source: 'dsa', versionKind: 'deb' });
  });

  it('writes words and a zero in place of versions', () => {
    const items = [
      fixedIn('Debian:11', 'a', '0'),
      fixedIn('Debian:11', 'b', '<not-affected>'),
      fixedIn('Debian:11', 'c', '<end-of-life>'),
      fixedIn('Debian:11', 'd', '<unfixed>'),
      fixedIn('Debian:12', 'e', '2.4.62-1~deb12u1'),
    ];
    expect(rowsOf(osv('DSA-1-1', items))).toEqual(['debian 11 source c no fix', 'debian 11 source d no fix', 'debian 12 source e 2.4.62-1~deb12u1']);
  });
});
