import { describe, expect, it } from 'vitest';
import { ADVISORY_LIMIT, Advisory, AdvisoryId, affectedBy, plainText, substance } from '../../lambdas/core/advisory.ts';
import type { Affected } from '../../lambdas/core/advisory.ts';
import type { Package } from '../../lambdas/core/model.ts';

const AL2023 = 'amazon-linux-2023-x86_64';

function row(name: string, fixedVersion: string | null, more: Partial<Affected> = {}): Affected {
  return { os: 'amazon-linux', release: '2023', package: name, arch: 'x86_64', fixedVersion, kind: 'binary', ...more };
}

function advisory(affected: Affected[], more: Partial<Advisory> = {}): Advisory {
  return Advisory.parse({
    id: 'ALAS2023-2026-931',
    source: 'alas',
    title: 'Important update for openssl',
    kind: 'security',
    published: '2026-10-20T19:20:00.000Z',
    updated: '2026-10-21T02:44:00.000Z',
    severity: 'important',
    severityRaw: 'Important',
    cves: ['CVE-2023-3446', 'CVE-2023-5363'],
    versionKind: 'rpm',
    affected,
    references: ['https://alas.aws.amazon.com/AL2023/ALAS2023-2026-931.html'],
    provenance: {
      feed: 'amazon-linux-2023',
      url: 'https://cdn.amazonlinux.com/x/repodata/updateinfo.xml.gz',
      sha256: 'a'.repeat(64),
      fetchedAt: '2026-11-23T06:00:00.000Z',
    },
    ...more,
  });
}

describe('an advisory', () => {
  it.each(['../../etc/passwd', 'ALAS/2023', '..', 'A..B', '', 'SUSE-SU-403 Forbidden-1', 'ALAS\n1', `A${'1'.repeat(200)}`])(
    'never has the id %j',
    (id) => {
      expect(AdvisoryId.safeParse(id).success).toBe(false);
    },
  );

  it.each(['ALAS2023-2025-935', 'ALAS2KERNEL-5.15-2022-001', 'RHSA-2025:1234', 'ALSA-2026:A002', 'USN-7095-1', 'KB5034127'])(
    'may have the id %s',
    (id) => {
      expect(AdvisoryId.safeParse(id).success).toBe(true);
    },
  );

  it('is refused when it would not fit the record', () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => row(`texlive-${index}`, '2021-61.amzn2023'));
    expect(() => advisory(rows)).toThrow(`larger than ${ADVISORY_LIMIT}`);
  });

  it('is refused when it names packages without saying how their versions compare', () => {
    expect(() => advisory([row('openssl', '1-1')], { versionKind: undefined })).toThrow('without versionKind');
  });
});

describe('substance', () => {
  const base = advisory([row('openssl', '1:3.0.8-1.amzn2023.0.5'), row('openssl-libs', '1:3.0.8-1.amzn2023.0.5')]);

  it('is the same in whatever order the vendor lists things, and when only dates, words and links change', () => {
    const revised: Advisory = {
      ...base,
      title: 'Other words',
      updated: '2026-11-01T00:00:00.000Z',
      references: [],
      cves: base.cves.toReversed(),
      affected: base.affected.toReversed(),
      provenance: { ...base.provenance, sha256: 'b'.repeat(64) },
    };
    expect(substance(revised)).toBe(substance(base));
  });

  it.each<[string, Partial<Advisory>]>([
    ['a CVE is added', { cves: [...base.cves, 'CVE-2026-0001'] }],
    ['the severity changes', { severity: 'critical' }],
    ['a fix moves', { affected: [row('openssl', '1:3.0.8-1.amzn2023.0.6')] }],
    ['a fix goes away', { affected: [row('openssl', null)] }],
    ['it becomes another kind', { kind: 'bugfix' }],
  ])('changes when %s', (_, change) => {
    expect(substance({ ...base, ...change })).not.toBe(substance(base));
  });
});

function installed(version: string, name = 'openssl', arch = 'x86_64'): Package[] {
  return [{ name, arch, version }];
}

describe('the packages that an advisory speaks of', () => {
  const fix = '1:3.0.8-1.amzn2023.0.5';
  const openssl = advisory([row('openssl', fix), row('openssl-libs', fix), row('openssl', fix, { arch: 'aarch64' })]);

  it.each([
    ['1:3.0.8-1.amzn2023.0.3', 'exposed'],
    ['3.1.0-1', 'exposed'], // without epoch
    ['1:3.0.8-1.amzn2023.0.5', 'fixed'],
    ['1:3.0.8-1.amzn2023.0.9', 'fixed'],
    ['', 'unknown'],
    ['1.0 (unknown)', 'unknown'],
  ])('version %j is %s', (version, state) => {
    expect(affectedBy(openssl, AL2023, installed(version))).toEqual([
      { package: 'openssl', arch: 'x86_64', installed: version, fixed: '1:3.0.8-1.amzn2023.0.5', state },
    ]);
  });

  it.each(['amazon-linux-2-x86_64', 'rhel-9-x86_64', 'windows-2022-x86_64'])('are none on %s', (platform) => {
    expect(affectedBy(openssl, platform, installed('1'))).toEqual([]);
  });

  it('are none where nothing of it is installed, or only for an architecture that it does not name', () => {
    expect(affectedBy(openssl, AL2023, installed('1:1-1', 'curl'))).toEqual([]);
    expect(affectedBy(openssl, AL2023, installed('1:1-1', 'openssl', 'i686'))).toEqual([]);
  });

  it('include those that moved between noarch and the own architecture', () => {
    const data = advisory([row('vim-data', '2:9.1', { arch: 'noarch' }), row('vim-common', '2:9.1')]);
    const states = affectedBy(data, AL2023, [...installed('2:9.0', 'vim-data'), ...installed('2:9.0', 'vim-common', 'noarch')]);
    expect(states.map((item) => [item.package, item.state])).toEqual([
      ['vim-common', 'exposed'],
      ['vim-data', 'exposed'],
    ]);
  });

  it('are exposed where the vendor has no fix, and where several fixes fit, the highest counts', () => {
    expect(affectedBy(advisory([row('openssl', null)]), AL2023, installed('9:9-9'))[0]).toMatchObject({ fixed: null, state: 'exposed' });
    const twice = advisory([row('openssl', '1:3.0.8-9'), row('openssl', '1:3.0.8-2')]);
    expect(affectedBy(twice, AL2023, installed('1:3.0.8-5'))[0]).toMatchObject({ fixed: '1:3.0.8-9', state: 'exposed' });
  });

  it('are unknown where only the source package is named: a binary may have a version of its own', () => {
    const source = advisory([row('openssl', '3.0.11-1', { kind: 'source', arch: undefined })], { versionKind: 'deb' });
    const library = [{ name: 'libssl3', arch: 'amd64', version: '3.0.13-1', source: 'openssl' }];
    expect(affectedBy(source, AL2023, library)).toEqual([
      { package: 'libssl3', arch: 'amd64', installed: '3.0.13-1', fixed: '3.0.11-1', state: 'unknown' },
    ]);
  });
});

function kernels(...versions: string[]): Package[] {
  return versions.map((version) => ({ name: 'kernel', arch: 'x86_64', version }));
}

describe('kernels', () => {
  const kernel = advisory([row('kernel', '6.1.112-122.189.amzn2023'), row('perf', '6.1.112-122.189.amzn2023')]);
  const states = (...versions: string[]) => affectedBy(kernel, AL2023, kernels(...versions)).map((item) => [item.installed, item.state]);

  it('are fixed when the newest installed one is, whatever else is still there', () => {
    expect(states('6.1.94-99.176.amzn2023', '6.1.112-122.189.amzn2023')).toEqual([['6.1.112-122.189.amzn2023', 'fixed']]);
    expect(states('6.1.112-122.189.amzn2023', '6.1.94-99.176.amzn2023')).toEqual([['6.1.112-122.189.amzn2023', 'fixed']]);
  });

  it('are exposed when the newest installed one is older than the fix', () => {
    expect(states('6.1.90-1', '6.1.94-99.176.amzn2023')).toEqual([['6.1.94-99.176.amzn2023', 'exposed']]);
  });

  it('of another stream are not spoken of', () => {
    expect(states('5.10.223-211.872.amzn2')).toEqual([]);
    expect(states('6.12.8-1', '6.1.94-99.176.amzn2023')).toEqual([['6.1.94-99.176.amzn2023', 'exposed']]);
    expect(affectedBy(kernel, AL2023, [{ name: 'perf', arch: 'x86_64', version: '5.10.1-1' }])).toEqual([]);
  });

  it('that are unreadable are unknown, beside those that are read', () => {
    expect(states('', '6.1.112-122.189.amzn2023')).toEqual([
      ['', 'unknown'],
      ['6.1.112-122.189.amzn2023', 'fixed'],
    ]);
  });

  it('are judged apart from live patches, which are named after them', () => {
    const livepatch = advisory([row('kernel-livepatch-6.1.12-19.43', '1.1-1.amzn2023')]);
    const found = affectedBy(livepatch, AL2023, [{ name: 'kernel-livepatch-6.1.12-19.43', arch: 'x86_64', version: '1.0-1.amzn2023' }]);
    expect(found.map((item) => item.state)).toEqual(['exposed']);
  });
});

describe("a vendor's text", () => {
  it.each([
    ['  two\n\tlines ', 'two lines'],
    ['<b>bold</b> <script src="x">y</script>', 'bold y'],
    ['a\u0000b\u001b[31mred', 'a b [31mred'],
    ['left\u202Eright\u200B', 'leftright'],
    ['kernel < 6.1 and > 5', 'kernel < 6.1 and > 5'],
  ])('%j becomes %j', (text, plain) => {
    expect(plainText(text, 80)).toBe(plain);
  });

  it('is cut to its limit', () => {
    expect(plainText('x'.repeat(100), 10)).toBe('xxxxxxxxx…');
  });
});
