import { describe, expect, it } from 'vitest';
import { advisoryOf, fixedIn, osv, read, rowsOf } from './osv-records.ts';
import type { Json } from './osv-records.ts';

describe('Red Hat', () => {
  it('keeps streams apart: EUS, AUS, TUS and E4S are no fix for the newest minor release', () => {
    const ecosystems = [
      'enterprise_linux:9::appstream',
      'enterprise_linux:10.0',
      'rhel_eus:9.2::appstream',
      'enterprise_linux_eus:10.0::baseos',
      'rhel_aus:8.6::appstream',
      'rhel_tus:8.6::baseos',
      'rhel_e4s:8.6',
      'rhel_els:7',
    ];
    const record = osv(
      'RHSA-2024:4546',
      ecosystems.map((name) => fixedIn(`Red Hat:${name}`, 'git-lfs', '0:2.13.3-3.el8_6.1')),
    );
    expect(rowsOf(record).map((row) => row.replace(' binary git-lfs 2.13.3-3.el8_6.1', ''))).toEqual([
      'rhel 9',
      'rhel 10',
      'rhel 9 eus:9.2',
      'rhel 10 eus:10.0',
      'rhel 8 aus:8.6',
      'rhel 8 tus:8.6',
      'rhel 8 e4s:8.6',
      'rhel 7 els:7',
    ]);
  });

  it('writes the epoch 0, which is dropped; others stay', () => {
    const items = [fixedIn('Red Hat:enterprise_linux:9', 'a', '0:1-1.el9'), fixedIn('Red Hat:enterprise_linux:9', 'b', '1:1-1.el9')];
    expect(rowsOf(osv('RHSA-2026:1', items))).toEqual(['rhel 9 binary a 1-1.el9', 'rhel 9 binary b 1:1-1.el9']);
  });

  it('lists packages once for each repository of a release, which is one row, and debug packages, which are none', () => {
    const names = ['git-lfs', 'git-lfs-debuginfo', 'git-lfs-debugsource', 'git-lfs'];
    const items = names.map((name, index) => fixedIn(`Red Hat:enterprise_linux:9::${index < 2 ? 'appstream' : 'crb'}`, name, '0:3-1.el9'));
    expect(rowsOf(osv('RHSA-2026:1', items))).toEqual(['rhel 9 binary git-lfs 3-1.el9']);
  });

  it('names the stream of a module where its package URL still does', () => {
    const purl = 'pkg:rpm/redhat/ruby?rpmmod=ruby%3A2.5%3A8020020200320121453%3A0ab9f3a2';
    const items = [
      fixedIn('Red Hat:enterprise_linux:8::appstream', 'ruby', '0:2.5.5-106.module+el8.2.0+6+8a', { purl }),
      fixedIn('Red Hat:enterprise_linux:8::appstream', 'rubygems', '0:2.7-1.module+el8.2.0+6+8a', { purl: 'pkg:rpm/redhat/rubygems' }),
    ];
    expect(rowsOf(osv('RHSA-2026:1', items))).toEqual([
      'rhel 8 ruby:2.5 binary ruby 2.5.5-106.module+el8.2.0+6+8a',
      'rhel 8 binary rubygems 2.7-1.module+el8.2.0+6+8a',
    ]);
  });

  it('rates by the link to its own rating, and not by the CVSS vector', () => {
    const record = osv('RHSA-2024:4546', [fixedIn('Red Hat:enterprise_linux:9', 'git-lfs', '0:1-1')], {
      summary: 'Red Hat Security Advisory: git-lfs security update',
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }],
      references: [{ type: 'ARTICLE', url: 'https://access.redhat.com/security/updates/classification/#moderate' }],
    });
    expect(advisoryOf(record)).toMatchObject({ severity: 'moderate', severityRaw: 'moderate', cvss: 7.5 });
    expect(advisoryOf({ ...record, references: [] })).toMatchObject({ severity: 'unrated', cvss: 7.5 });
  });

  it('takes bug fixes and enhancements that close a CVE, and no others', () => {
    const record = osv('RHBA-2026:1', [fixedIn('Red Hat:enterprise_linux:9', 'x', '0:1-1')], { upstream: ['CVE-2026-0001'] });
    expect(advisoryOf(record)).toMatchObject({ kind: 'bugfix', cves: ['CVE-2026-0001'] });
    const without = read({ ...record, id: 'RHEA-2026:1', upstream: [] });
    expect(without).toEqual({ record: 'RHEA-2026:1', problem: 'closes no CVE', outOfScope: true });
  });
});

describe('Rocky Linux', () => {
  it('keeps builds of special interest groups apart from plain ones', () => {
    const purl = 'pkg:rpm/rocky-linux/kernel?epoch=0&distro=';
    const kernel = (distro: string): Json => fixedIn('Rocky Linux:8', 'kernel', '0:4.18.0-425.10.1.el8_7', { purl: purl + distro });
    const cloud = osv('RXSA-2023:0101', [kernel('rocky-linux-8-sig-cloud')]);
    expect(rowsOf(cloud)).toEqual(['rocky 8 sig:cloud source kernel 4.18.0-425.10.1.el8_7']);
    expect(rowsOf(osv('RLSA-2023:0101', [kernel('rocky-linux-8-4-legacy'), kernel('rocky-linux-8-aarch64')]))).toEqual([
      'rocky 8 source kernel 4.18.0-425.10.1.el8_7',
    ]);
  });
});

describe('AlmaLinux', () => {
  it('has ids with letters, ahead of Red Hat', () => {
    expect(advisoryOf(osv('ALSA-2026:A002', [fixedIn('AlmaLinux:9', 'x', '1-1')])).id).toBe('ALSA-2026:A002');
  });

  it('grades in its title, where a module is no grade', () => {
    const item = fixedIn('AlmaLinux:8', 'perl', '4:5.24.4-404.module_el8.1.0+6002+6b9e3c5f');
    const graded = advisoryOf(osv('ALSA-2026:1', [item], { summary: 'Low: perl security update' }));
    expect(graded).toMatchObject({ severity: 'low', severityRaw: 'Low' });
    const module = advisoryOf(osv('ALBA-2019:3337', [item], { summary: 'perl:5.24 bug fix and enhancement update' }));
    expect(module).toMatchObject({ severity: 'unrated', kind: 'bugfix' });
    expect(module).not.toHaveProperty('severityRaw');
  });

  it('names binaries, and lists one for each build of a module: all of them stay', () => {
    const items = ['2.5.9-107.module_el8.4.0+2515+1', '2.6.7-107.module_el8.4.0+2516+1', '2.5.9-107.module_el8.4.0+2515+1'].map((version) =>
      fixedIn('AlmaLinux:8', 'ruby', version),
    );
    expect(rowsOf(osv('ALSA-2026:1', items))).toEqual([
      'almalinux 8 binary ruby 2.5.9-107.module_el8.4.0+2515+1',
      'almalinux 8 binary ruby 2.6.7-107.module_el8.4.0+2516+1',
    ]);
  });

  it('may speak of two releases under one id', () => {
    expect(rowsOf(osv('ALSA-2026:1', [fixedIn('AlmaLinux:8', 'x', '1-1.el8'), fixedIn('AlmaLinux:10', 'x', '1-1.el10')]))).toEqual([
      'almalinux 8 binary x 1-1.el8',
      'almalinux 10 binary x 1-1.el10',
    ]);
  });
});

describe('SUSE', () => {
  const update = (product: string, version = '1.1.1l-150500.17.25.1'): Json =>
    fixedIn(product, 'openssl-1_1', version, { ecosystem_specific: { binaries: [{ libopenssl1_1: version, 'openssl-1_1': version }] } });

  it('lists binaries as an object from name to version, the same ones beside each source', () => {
    const first = update('SUSE:Linux Enterprise Module for Basesystem 15 SP5');
    const second = { ...first, package: { ecosystem: 'SUSE:Linux Enterprise Module for Basesystem 15 SP5', name: 'openssl-extra' } };
    expect(rowsOf(osv('SUSE-SU-2026:1-1', [first, second]))).toEqual([
      'sles 15.5 binary libopenssl1_1 1.1.1l-150500.17.25.1',
      'sles 15.5 binary openssl-1_1 1.1.1l-150500.17.25.1',
    ]);
  });

  it.each([
    ['SUSE:Linux Enterprise Server 15 SP5', 'sles 15.5'],
    ['SUSE:Linux Enterprise Server 15', 'sles 15'],
    ['SUSE:Linux Enterprise Server 16.0', 'sles 16.0'],
    ['SUSE:Linux Enterprise Module for Python 3 15 SP5', 'sles 15.5'],
    ['SUSE:Linux Enterprise Workstation Extension 15 SP5', 'sles 15.5'],
    ['SUSE:Linux Enterprise Server 12', 'sles 12'],
    ['SUSE:Linux Enterprise Server 12 SP5-LTSS', 'sles 12.5 ltss'],
    ['SUSE:Linux Enterprise Server 15-LTSS', 'sles 15 ltss'],
    ['SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5', 'sles 12.5 ltss:extended-security'],
    ['SUSE:Linux Enterprise Server 12 SP2-BCL', 'sles 12.2 bcl'],
    ['SUSE:Linux Enterprise Server for SAP Applications 15 SP4', 'sles 15.4 sap'],
    ['SUSE:Linux Enterprise Live Patching 15 SP5', 'sles 15.5 livepatch'],
    ['openSUSE:Leap 15.5', 'opensuse-leap 15.5'],
  ])('names products as os-release does: %s is %s', (product, place) => {
    expect(rowsOf(osv('SUSE-SU-2026:1-1', [update(product)]))[0]).toBe(`${place} binary libopenssl1_1 1.1.1l-150500.17.25.1`);
  });

  it.each([
    'SUSE:Linux Enterprise Desktop 15 SP5',
    'SUSE:Linux Enterprise Micro 5.5',
    'SUSE:Linux Enterprise High Performance Computing 15 SP4-LTSS',
    'SUSE:Manager Server 4.3',
    'openSUSE:Leap Micro 5.5',
    'openSUSE:Tumbleweed',
  ])('leaves %s out', (product) => {
    expect(read(osv('SUSE-SU-2026:1-1', [update(product)]))).toMatchObject({ outOfScope: true });
  });

  it('means all service packs of SLE 12 by one of its modules', () => {
    const rows = rowsOf(osv('SUSE-SU-2026:1-1', [update('SUSE:Linux Enterprise Module for Web and Scripting 12')]));
    const releases = rows.filter((row) => row.includes('libopenssl1_1')).map((row) => row.split(' ')[1]);
    expect(releases).toEqual(['12', '12.1', '12.2', '12.3', '12.4', '12.5']);
  });

  it('says nothing new for extended services while everybody has the fix', () => {
    const products = ['SUSE:Linux Enterprise Server for SAP Applications 15 SP5', 'SUSE:Linux Enterprise Module for Basesystem 15 SP5'];
    expect(
      rowsOf(
        osv(
          'SUSE-SU-2026:1-1',
          products.map((product) => update(product)),
        ),
      ),
    ).toEqual(['sles 15.5 binary libopenssl1_1 1.1.1l-150500.17.25.1', 'sles 15.5 binary openssl-1_1 1.1.1l-150500.17.25.1']);
  });

  it('tells security, recommended and feature updates by their ids', () => {
    const kindOf = (id: string): string => advisoryOf(osv(id, [update('openSUSE:Leap 15.5')])).kind;
    const ids = ['SUSE-SU-2026:1-1', 'SUSE-RU-2026:1-1', 'SUSE-FU-2026:1-1', 'openSUSE-SU-2026:1-1'];
    expect(ids.map(kindOf)).toEqual(['security', 'bugfix', 'enhancement', 'security']);
  });
});
