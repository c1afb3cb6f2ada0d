import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAdvisory, isCveId } from '../../lambdas/core/advisory-check.ts';
import { Advisory, CveId } from '../../lambdas/core/advisory.ts';

const row = { os: 'amazon-linux', release: '2023', package: 'openssl', arch: 'x86_64', fixedVersion: '1:3.0.8-1', kind: 'binary' };
const sound = {
  id: 'ALAS2023-2026-901',
  source: 'alas',
  title: 'Update of openssl',
  kind: 'security',
  published: '2026-10-20T19:20:00.000Z',
  updated: '2026-10-31T02:44:00.000Z',
  severity: 'important',
  severityRaw: 'Important',
  cves: ['CVE-2026-1001', 'CVE-2026-1002'],
  versionKind: 'rpm',
  affected: [
    row,
    { ...row, arch: 'aarch64' },
    { ...row, module: 'ruby:3.1', channel: 'extras:kernel-5.15', releasever: '2023.6.20241010' },
    { ...row, introducedVersion: '1:3.0.0-1', lastAffectedVersion: '1:3.0.7-9' },
  ],
  rebootSuggested: true,
  references: ['https://example.com/a', 'http://example.com/b'],
  provenance: { feed: 'amazon-linux-2023', url: 'https://example.com/', sha256: '0'.repeat(64), fetchedAt: '2026-11-09T05:00:00.000Z' },
};

/** What a text may wrongly be. That it is a text is held by its type. */
const texts = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom(
    '',
    ' ',
    'a b',
    'A..B',
    '../x',
    'x'.repeat(41),
    'x'.repeat(301),
    'CVE-2026-1',
    'CVE-2026-1\n',
    'line\nbreak',
    '\u0085',
    'ü',
    '"',
    '\ud800',
    'https://a b',
    'deb',
    'low',
    'none',
    '0',
    '2026-02-29T00:00:00.000Z',
    '2024-02-29T00:00:00.000Z',
    '2026-04-31T00:00:00.000Z',
    '2026-01-01',
    '2026-01-01T24:00:00.000Z',
    '1999-01-01T00:00:00.000Z',
  ),
);

/** Every place of the sound one that holds a text, and some that it has not. */
const places: string[][] = [
  ...Object.entries(sound).flatMap(([key, value]) => (typeof value === 'string' ? [[key]] : [])),
  ['cves', '0'],
  ['references', '1'],
  ['provenance', 'feed'],
  ['provenance', 'url'],
  ['provenance', 'sha256'],
  ['provenance', 'fetchedAt'],
  ...['0', '1', '2', '3'].flatMap((index) =>
    Object.keys({ ...row, channel: 1, module: 1, releasever: 1, introducedVersion: 1, lastAffectedVersion: 1 }).map((key) => [
      'affected',
      index,
      key,
    ]),
  ),
  ['other'],
  ['withdrawn'],
];

function changed(value: unknown, [key = '', ...rest]: string[], put: unknown): unknown {
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = rest.length === 0 ? put : changed(copy[key], rest, put);
  return copy;
}

describe('the quick look at an advisory', () => {
  it('takes the sound one as it is', () => {
    const checked = checkAdvisory(sound as Advisory);
    expect(checked).toEqual({ success: true, data: sound });
    expect(checked.data).toBe(sound);
    expect(Advisory.parse(sound)).toEqual(sound);
  });

  it('takes nothing that the schema would refuse, and refuses nothing that it would take', () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), texts, (place, put) => {
        const value = changed(sound, place, put);
        const wanted = Advisory.safeParse(value);
        const found = checkAdvisory(structuredClone(value) as Advisory);
        expect(found.success, JSON.stringify([place, put])).toBe(wanted.success);
        if (wanted.success) expect(found.data).toEqual(wanted.data);
        else expect(found.error?.issues).toEqual(wanted.error.issues);
      }),
      { numRuns: 4_000 },
    );
  });

  it.each([
    ['cves', 5_001, 'CVE-2026-1001'],
    ['references', 101, 'https://example.com/'],
    ['affected', 100_001, row],
  ])('counts %s as the schema does', (field, count, item) => {
    const value = { ...sound, [field]: Array.from({ length: count }, () => item) } as Advisory;
    expect(checkAdvisory(value).success).toBe(false);
    expect(checkAdvisory({ ...value, [field]: [item] }).success).toBe(true);
  });

  it('knows CVE ids as the schema does', () => {
    for (const id of ['CVE-2026-1001', 'CVE-2026-100', 'CVE-2026-1001\n', 'cve-2026-1001', 'CVE-2026-12345678901234567890'])
      expect(isCveId(id)).toBe(CveId.safeParse(id).success);
  });
});
