import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { readRecord } from '../../lambdas/feeds/osv/read.ts';
import type { Reading } from '../../lambdas/feeds/feed.ts';
import { readOsvZip } from '../../lambdas/feeds/osv/zip.ts';
import { NOW, all } from './site.ts';

/** Real records of the vendors. They are not part of this repository. */
const samples = join(process.env['WAVELOCK_SAMPLES'] ?? '', 'feeds');

describe.skipIf(!process.env['WAVELOCK_SAMPLES'] || !existsSync(samples))('real OSV records', () => {
  function sample(path: string): Reading<Advisory> {
    return readRecord(readFileSync(join(samples, path)), path, { url: () => 'https://vendor.example/', sha256: '0'.repeat(64), now: NOW });
  }

  function count<Item>(items: readonly Item[], by: (item: Item) => string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const item of items) counts[by(item)] = (counts[by(item)] ?? 0) + 1;
    return counts;
  }

  it('of all of AlmaLinux 8 are advisories, with every package of every build', async () => {
    const readings = await all(readOsvZip(join(samples, 'alma/osv/AlmaLinux-8.zip'), NOW));
    const advisories = readings.flatMap((reading) => ('item' in reading ? [reading.item] : []));
    expect([readings.length, advisories.length]).toEqual([3_237, 3_237]);
    expect(count(advisories, ({ kind }) => kind)).toEqual({ security: 2_040, bugfix: 975, enhancement: 222 });
    const severities = count(advisories, ({ severity }) => severity);
    expect(severities).toEqual({ critical: 15, important: 1_016, moderate: 929, low: 80, unrated: 1_197 });
    const rows = advisories.flatMap(({ affected }) => affected);
    expect(count(rows, ({ release }) => release)).toEqual({ '8': 39_984, '9': 716, '10': 138 });
    expect(rows.filter(({ fixedVersion }) => fixedVersion?.includes(':')).length).toBe(40_838 - 30_885);
    expect(advisories.find(({ id }) => id === 'ALSA-2026:A008')).toMatchObject({ source: 'alsa' });
  });

  it('of AlmaLinux one by one are advisories', () => {
    const names = readdirSync(join(samples, 'alma/osv/samples'));
    expect(names.map((name) => sample(`alma/osv/samples/${name}`)).filter((reading) => !('item' in reading))).toEqual([]);
  });

  it('of Ubuntu: a notice with its binaries in three releases, a livepatch without, and tracked CVEs that are not for patching', () => {
    const notice = sample('ubuntu/osv/USN-5614-1.json');
    expect(notice).toMatchObject({ item: { cves: ['CVE-2021-3782'], severity: 'moderate', severityRaw: 'medium', cvss: 6.6 } });
    const rows = 'item' in notice ? notice.item.affected : [];
    expect(count(rows, ({ release, kind }) => `${release} ${kind}`)).toEqual({ '18.04 binary': 5, '20.04 binary': 5, '22.04 binary': 5 });
    expect(sample('ubuntu/osv/LSN-0108-1.json')).toMatchObject({ item: { affected: [], cves: { length: 7 } } });
    const tracked = readdirSync(join(samples, 'ubuntu/osv')).filter((name) => name.startsWith('UBUNTU-CVE'));
    expect(tracked.map((name) => sample(`ubuntu/osv/${name}`))).toMatchObject(tracked.map(() => ({ outOfScope: true })));
  });

  it('of Debian: advisories with and without revision, and one of testing, which is none', async () => {
    expect(sample('debian/osv/DSA-3029-1.json')).toMatchObject({
      item: { cves: ['CVE-2014-3616'], affected: [{ release: '7', package: 'nginx', kind: 'source', fixedVersion: '1.2.1-2.2+wheezy3' }] },
    });
    const readings = await all(readOsvZip(join(samples, 'debian/osv/all.zip'), NOW));
    expect(readings.map((reading) => ('item' in reading ? reading.item.id : `${reading.record}: ${reading.problem}`))).toEqual([
      'DLA-0001-1',
      'DSA-135',
      'DTSA-1-1: is no advisory of a released fix',
    ]);
  });

  it('of Red Hat: three streams, graded by its own word', () => {
    const reading = sample('redhat/osv/RHSA-2024_4546.json');
    expect(reading).toMatchObject({ item: { id: 'RHSA-2024:4546', severity: 'important', cvss: 7.5, cves: ['CVE-2023-45288'] } });
    const rows = 'item' in reading ? reading.item.affected : [];
    expect(rows.map(({ channel, package: name, fixedVersion }) => `${channel} ${name} ${fixedVersion}`)).toEqual([
      'aus:8.6 git-lfs 2.13.3-3.el8_6.1',
      'e4s:8.6 git-lfs 2.13.3-3.el8_6.1',
      'tus:8.6 git-lfs 2.13.3-3.el8_6.1',
    ]);
  });

  it('of Rocky Linux: plain builds and one of the cloud group', async () => {
    expect(sample('rocky/osv/RLSA-2021_3891.json')).toMatchObject({
      item: {
        severity: 'important',
        cves: { length: 10 },
        affected: [{ package: 'java-11-openjdk', fixedVersion: '1:11.0.13.0.8-1.el8_4' }],
      },
    });
    const firefox = sample('rocky/osv/RLSA-2023_3220.json');
    expect(firefox).toMatchObject({ item: { affected: [{ package: 'firefox', fixedVersion: '102.11.0-2.el8_7' }] } });
    const readings = await all(readOsvZip(join(samples, 'rocky/osv/all.zip'), NOW));
    const channels = readings.map((reading) => 'item' in reading && reading.item.affected.map(({ channel }) => channel ?? 'plain'));
    expect(channels).toEqual([['plain'], ['sig:cloud']]);
  });

  it('of SUSE: one without packages is out of scope', () => {
    const reading = sample('suse/osv/SUSE-FU-2022_0444-1.json');
    expect(reading).toEqual({ record: 'SUSE-FU-2022:0444-1', problem: 'lists no package', outOfScope: true });
  });
});
