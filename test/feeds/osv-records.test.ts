import { describe, expect, it } from 'vitest';
import { cvssScore } from '../../lambdas/feeds/osv/cvss.ts';
import { advisoryOf, fixedIn, osv, read, rowsOf } from './osv-records.ts';
import type { Json } from './osv-records.ts';

const UBUNTU = 'Ubuntu:22.04:LTS';
const SLES = 'SUSE:Linux Enterprise Server 12';
const OPENSHIFT = 'Red Hat:openshift:4.15::el9';

function cvesMap(...cves: [id: string, priority: string][]): Json {
  const listed = cves.map(([id, score]) => ({ id, severity: [{ type: 'Ubuntu', score }] }));
  return { database_specific: { cves_map: { ecosystem: UBUNTU, cves: listed } } };
}

describe('what all OSV records have in common', () => {
  it('becomes an advisory with its source, dates in UTC, page and provenance', () => {
    const record = osv('RLSA-2026:1', [fixedIn('Rocky Linux:9', 'bcel', '0:6.4.1-9.el9_1')], {
      summary: 'Important: bcel security update',
      related: ['CVE-2022-42920'],
    });
    expect(advisoryOf(record)).toEqual({
      id: 'RLSA-2026:1',
      source: 'rlsa',
      title: 'Important: bcel security update',
      kind: 'security',
      published: '2026-11-19T10:00:00.000Z',
      updated: '2026-11-20T10:00:00.000Z',
      severity: 'important',
      severityRaw: 'Important',
      cves: ['CVE-2022-42920'],
      versionKind: 'rpm',
      affected: [{ os: 'rocky', release: '9', package: 'bcel', kind: 'source', fixedVersion: '6.4.1-9.el9_1' }],
      references: ['https://vendor.example/RLSA-2026:1'],
      provenance: {
        feed: 'osv-rocky-linux',
        url: 'https://osv-vulnerabilities.storage.googleapis.com/x.json',
        sha256: '0'.repeat(64),
        fetchedAt: '2026-11-23T06:00:00.000Z',
      },
    });
  });

  it('takes CVEs from upstream, related, aliases and the map of CVEs, without their distribution, each once and sorted', () => {
    const affected = [fixedIn(UBUNTU, 'openssl', '1', cvesMap(['CVE-2026-0004', 'low']))];
    const record = osv('USN-1-1', affected, {
      upstream: ['UBUNTU-CVE-2026-0003', 'CVE-2026-0003'],
      related: ['DEBIAN-CVE-2026-0002', 'GO-2024-2687', 'CVE-20-1'],
      aliases: ['CVE-2026-0001', 'GHSA-xxxx'],
    });
    expect(advisoryOf(record).cves).toEqual(['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003', 'CVE-2026-0004']);
  });

  it('may name no CVE at all', () => {
    expect(advisoryOf(osv('DSA-3029-1', [fixedIn('Debian:7', 'nginx', '1.2.1-2.2+wheezy3')])).cves).toEqual([]);
  });

  it('has no fix where a range has no end', () => {
    expect(rowsOf(osv('DSA-1-1', [fixedIn('Debian:12', 'nginx', null)]))).toEqual(['debian 12 source nginx no fix']);
  });

  it.each<[string, Json[], string[]]>([
    ['again after a fix', [{ introduced: '0' }, { fixed: '1' }, { introduced: '2' }], ['1', '2 to no fix']],
    ['again, and fixed again', [{ introduced: '0' }, { fixed: '1' }, { introduced: '2' }, { fixed: '10' }], ['1', '2 to 10']],
    ['in whatever order it is said', [{ fixed: '10' }, { introduced: '2' }, { fixed: '1' }, { introduced: '0' }], ['1', '2 to 10']],
    ['from a version on', [{ introduced: '2.0-1' }, { fixed: '3.0-1' }], ['2.0-1 to 3.0-1']],
    ['up to a version', [{ introduced: '0' }, { last_affected: '1.5' }], ['up to 1.5']],
    ['in one version', [{ last_affected: '1.5' }, { introduced: '1.5' }], ['1.5 to up to 1.5']],
    ['to the end from where it was fixed before', [{ introduced: '0' }, { introduced: '1' }, { fixed: '1' }], ['1', '1 to no fix']],
    ['until a fix, without a beginning', [{ fixed: '3' }], ['3']],
    ['to no end where the tracker writes a word', [{ introduced: '0' }, { fixed: '<unfixed>' }], ['no fix']],
    ['as listed where a version is none', [{ introduced: '0' }, { fixed: 'x:3' }, { introduced: '2' }], ['x:3', '2 to no fix']],
    ['with a limit that nobody reads', [{ introduced: '0' }, { limit: '2' }], ['no fix']],
    ['not at all', [], []],
  ])('is affected %s', (_, events, stretches) => {
    const nginx = { ...fixedIn('Debian:12', 'nginx', null), ranges: [{ type: 'ECOSYSTEM', events }] };
    const [, ...rows] = rowsOf(osv('DSA-1-1', [fixedIn('Debian:12', 'apache2', '1'), nginx]));
    expect(rows).toEqual(stretches.map((text) => `debian 12 source nginx ${text}`));
  });

  it('gives bounds to the binaries only where their versions are those of the source', () => {
    const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '2-1' }, { fixed: '3-1' }] }];
    const sles = 'SUSE:Linux Enterprise Server 15 SP5';
    const binaries = { ecosystem_specific: { binaries: [{ same: '3-1', other: '7-1' }] } };
    expect(rowsOf(osv('SUSE-SU-2026:1-1', [{ ...fixedIn(sles, 'src', null, binaries), ranges }]))).toEqual([
      'sles 15.5 binary same 2-1 to 3-1',
      'sles 15.5 binary other 7-1',
    ]);
    const listed = {
      ecosystem_specific: {
        binaries: [
          { binary_name: 'same', binary_version: '3-1' },
          { binary_name: 'other', binary_version: '7-1' },
        ],
      },
    };
    expect(rowsOf(osv('USN-1-1', [{ ...fixedIn(UBUNTU, 'src', null, listed), ranges }]))).toEqual([
      'ubuntu 22.04 binary same 2-1 to 3-1',
      'ubuntu 22.04 binary other 7-1',
    ]);
    const last = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { last_affected: '3-1' }] }];
    expect(rowsOf(osv('USN-1-1', [{ ...fixedIn(UBUNTU, 'src', null, listed), ranges: last }]))[0]).toBe('ubuntu 22.04 binary same no fix');
  });

  it('is passed over where its ranges are commits and no versions', () => {
    const commits = { ...fixedIn('Debian:12', 'nginx', null), ranges: [{ type: 'GIT', repo: 'https://x', events: [{ introduced: '0' }] }] };
    expect(rowsOf(osv('DSA-1-1', [commits, fixedIn('Debian:12', 'apache2', '2')]))).toEqual(['debian 12 source apache2 2']);
  });

  it('stays when its vendor took it back, and says so', () => {
    const record = osv('DSA-1-1', [fixedIn('Debian:12', 'nginx', '1')], { withdrawn: '2026-11-21T00:00:00Z' });
    expect(advisoryOf(record).withdrawn).toBe('2026-11-21T00:00:00.000Z');
  });

  it('is not published in the future', () => {
    const record = osv('DSA-1-1', [fixedIn('Debian:12', 'nginx', '1')], { published: '2027-01-01T00:00:00Z' });
    expect(advisoryOf(record).published).toBe('2026-11-23T06:00:00.000Z');
  });

  it('has safe words and safe links', () => {
    const references = [
      { type: 'WEB', url: 'javascript:alert(1)' },
      { type: 'WEB', url: 'https://a.example/b c' },
      { type: 'REPORT', url: 'https://bugs.example/1' },
      { type: 'ADVISORY', url: 'https://vendor.example/advisory' },
    ];
    const summary = 'nginx\u001b[31m <script>x</script>\nmore';
    const advisory = advisoryOf(osv('DSA-1-1', [fixedIn('Debian:12', 'nginx', '1')], { summary, references }));
    expect(advisory.title).toBe('nginx [31m x more');
    expect(advisory.references).toEqual(['https://vendor.example/advisory', 'https://bugs.example/1']);
  });

  it('has the highest CVSS base score of its vectors', () => {
    const vectors = ['CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 'nonsense'];
    const severity = vectors.map((score) => ({ type: 'CVSS_V3', score }));
    const record = osv('RLSA-2026:1', [fixedIn('Rocky Linux:9', 'x', '1-1')], { severity });
    expect(advisoryOf(record)).toMatchObject({ cvss: 9.8, severity: 'unrated' });
  });

  it.each([
    ['an id that is a path', osv('USN-../../etc', [fixedIn(UBUNTU, 'x', '1')]), 'is no id of an advisory'],
    ['an id that an error page wrote', osv('SUSE-SU-403 Forbidden-1', [fixedIn(SLES, 'x', '1')]), 'is no id of an advisory'],
    ['no date', osv('USN-1-1', [fixedIn(UBUNTU, 'x', '1')], { modified: 'yesterday' }), 'has no date, but "yesterday"'],
    ['a package name that is none', osv('USN-1-1', [fixedIn(UBUNTU, '../x', '1')]), /^affected\.0\.package /],
    ['no object', 7, /^is no OSV record/],
    ['ranges of another form', osv('USN-1-1', [{ ...fixedIn(UBUNTU, 'x', '1'), ranges: [{}] }]), /^is no OSV record: affected\.0/],
  ])('is a problem with %s', (_, record, problem) => {
    const reading = read(record);
    expect(reading).toMatchObject({ problem: expect.stringMatching(problem) as unknown });
    expect(reading).not.toHaveProperty('outOfScope');
  });

  it.each([
    ['lists no package, as SUSE publishes them', osv('SUSE-FU-2022:0444-1', []), 'lists no package'],
    ['is a tracked CVE', osv('UBUNTU-CVE-2021-3782', [fixedIn(UBUNTU, 'wayland', '1')]), 'is no advisory of a released fix'],
    ['is of testing', osv('DTSA-1-1', [fixedIn('Debian:4.0', 'kismet', '1')]), 'is no advisory of a released fix'],
    ['is for another product', osv('RHSA-2026:1', [fixedIn(OPENSHIFT, 'x', '0:1-1')]), 'lists only packages of other products'],
  ])('is out of scope, and not broken, where it %s', (_, record, problem) => {
    expect(read(record)).toMatchObject({ problem, outOfScope: true });
  });
});

describe('CVSS 3 base scores', () => {
  it.each([
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
    ['CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H', 9.9],
    ['CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:H', 7.3],
    ['CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', 1.6],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
  ])('%s is %d', (vector, score) => {
    expect(cvssScore(vector)).toBe(score);
  });

  it.each([
    '',
    'CVSS:4.0/AV:N/AC:L',
    'CVSS:3.1/AV:N',
    'CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:Z/C:H/I:H/A:H',
  ])('"%s" is none', (vector) => {
    expect(cvssScore(vector)).toBeUndefined();
  });
});
