import { describe, expect, it } from 'vitest';
import { ADVISORY_LIMIT, Advisory, AdvisoryId, plainText, substance } from '../../lambdas/core/advisory.ts';
import type { Affected, Kb } from '../../lambdas/core/advisory.ts';

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

  it('may be larger than what any vendor has published, and is refused far above that', () => {
    const rows = (count: number, name: string) => Array.from({ length: count }, (_, index) => row(`${name}-${index}`, '2021-61.amzn2023'));
    expect(advisory(rows(12_400, 'texlive-collection-latexrecommended')).affected).toHaveLength(12_400);
    expect(() => advisory(rows(90_000, 'x'.repeat(190)))).toThrow(`larger than ${ADVISORY_LIMIT}`);
    expect(() => advisory(rows(100_001, 'x'))).toThrow('affected');
  });

  it('cannot reach the limit with as many rows as are not measured', () => {
    const widest = {
      os: `a${'z'.repeat(39)}`,
      release: 'z'.repeat(20),
      arch: 'z'.repeat(20),
      package: 'z'.repeat(200),
      fixedVersion: '"'.repeat(256),
      kind: 'binary' as const,
    };
    const more = {
      channel: `${'z'.repeat(20)}:${'Z'.repeat(60)}`,
      module: `${'z'.repeat(60)}:${'z'.repeat(60)}`,
      releasever: '2023.10000000.20230101',
    };
    const rows = Array.from({ length: 9_999 }, () => ({ ...widest, ...more }));
    const kbs = Array.from({ length: 2_000 }, () => ({
      kb: 'KB5034127',
      product: '\ud800'.repeat(200),
      supersedes: Array.from({ length: 20 }, () => 'KB5034127'),
    }));
    const cves = Array.from({ length: 5_000 }, () => `CVE-2026-${'1'.repeat(19)}`);
    const references = Array.from({ length: 100 }, () => `https://${'"'.repeat(500)}`);
    expect(JSON.stringify(advisory(rows, { kbs, cves, references })).length).toBeLessThan(ADVISORY_LIMIT);
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
    ['its vendor takes it back', { withdrawn: '2026-11-01T00:00:00.000Z' }],
    ['its vendor says that it is exploited', { exploited: true }],
    ['a fix turns out to be of a channel', { affected: base.affected.map((item) => ({ ...item, channel: 'livepatch' })) }],
    ['a fix turns out to be in a later release', { affected: base.affected.map((item) => ({ ...item, releasever: '2023.6.20241010' })) }],
    ['a KB is added', { kbs: [{ kb: 'KB5031361', product: 'Windows Server 2019' }] }],
  ])('changes when %s', (_, change) => {
    expect(substance({ ...base, ...change })).not.toBe(substance(base));
  });

  it('changes with what a KB replaces, and not with the order in which that is listed', () => {
    const kb = (more: Partial<Kb>) => substance({ ...base, kbs: [{ kb: 'KB5031361', product: 'Windows Server 2019', ...more }] });
    expect(kb({ supersedes: ['KB5030214'] })).not.toBe(kb({}));
    expect(kb({ release: '2019' })).not.toBe(kb({}));
    expect(kb({ supersedes: ['KB5030214', 'KB5029247'] })).toBe(kb({ supersedes: ['KB5029247', 'KB5030214'] }));
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
