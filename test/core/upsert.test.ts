import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Advisory, substance } from '../../lambdas/core/advisory.ts';
import {
  EMPTY_INDEX,
  goneFrom,
  judgeNews,
  mergeRecords,
  portionOf,
  returnedTo,
  rowDocument,
  shardsFor,
  shardsOf,
} from '../../lambdas/core/upsert.ts';
import type { Affected } from '../../lambdas/core/advisory.ts';
import type { FeedIndex, IndexEntry } from '../../lambdas/core/upsert.ts';

const URL = 'https://example.com/a';

function advisory(more: Partial<Advisory> = {}): Advisory {
  return Advisory.parse({
    id: 'ELSA-2026-1001',
    source: 'elsa',
    title: 'curl',
    kind: 'security',
    published: '2026-10-01T00:00:00.000Z',
    updated: '2026-10-02T00:00:00.000Z',
    severity: 'moderate',
    cves: ['CVE-2026-1001'],
    versionKind: 'rpm',
    affected: [row('8')],
    references: [URL],
    provenance: { feed: 'oracle-linux-8', url: URL, sha256: '0'.repeat(64), fetchedAt: '2026-11-09T05:00:00.000Z' },
    ...more,
  });
}

function row(release: string, fixedVersion = '7.61-1'): Affected {
  return { os: 'oracle-linux', release, package: 'curl', fixedVersion, kind: 'binary' };
}

const entry = (more: Partial<IndexEntry> = {}): IndexEntry => ({ substance: 's', updated: 'u', seen: 'x', where: ['a'], ...more });
const indexOf = (entries: Record<string, IndexEntry>): FeedIndex => ({ ...EMPTY_INDEX, advisories: new Map(Object.entries(entries)) });
const some = (count: number): FeedIndex => indexOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`A-${index}`, entry()])));

describe('shards', () => {
  it('are one a release, and those of Windows by its releases, other products apart', () => {
    const kb = (release?: string) => ({ kb: 'KB5078142', product: 'x', ...(release === undefined ? {} : { release }) });
    expect(shardsOf(advisory({ affected: [row('9'), row('8'), row('8', '8')] }))).toEqual(['oracle-linux-8', 'oracle-linux-9']);
    expect(shardsOf(advisory({ affected: [], kbs: [kb('2022'), kb('2019'), kb()] }))).toEqual(['windows-2019', 'windows-2022', 'windows-other']);
    expect(shardsOf(advisory({ affected: [] }))).toEqual(['none']);
  });

  it('are loaded for the platforms of a fleet only, whatever their architecture', () => {
    expect(shardsFor(['rhel-9-x86_64', 'rhel-9-aarch64', 'amazon-linux-2-x86_64'])).toEqual(['amazon-linux-2', 'rhel-9']);
    expect(shardsFor(['windows-2022-x86_64'])).toEqual(['windows-2022', 'windows-other']);
    expect(shardsFor([])).toEqual([]);
  });

  it('hold each their own rows, and together all of them', () => {
    const release = fc.constantFrom('7', '8', '9');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(release, fc.stringMatching(/^\d\.\d-\d$/)), { selector: (pair) => pair.join(), minLength: 1 }), (rows) => {
        const whole = advisory({ affected: rows.map(([one, version]) => row(one, version)) });
        const portions = shardsOf(whole).map((shard) => portionOf(whole, shard));
        expect(substance(portions.reduce(mergeRecords))).toBe(substance(whole));
      }),
    );
  });
});

describe('several records of one id', () => {
  it('are one advisory: rows, CVEs and links of both, the graver severity, the earlier date, the newer words', () => {
    const older = advisory({ severity: 'critical', title: 'old', references: ['https://example.com/8'], cvss: 9.8 });
    const newer = advisory({
      affected: [row('9')],
      cves: ['CVE-2026-1000'],
      published: '2026-10-03T00:00:00.000Z',
      updated: '2026-10-04T00:00:00.000Z',
      title: 'new',
      rebootSuggested: false,
    });
    const merged = mergeRecords(newer, older);
    expect(merged).toMatchObject({
      title: 'new',
      severity: 'critical',
      published: older.published,
      updated: newer.updated,
      cves: ['CVE-2026-1000', 'CVE-2026-1001'],
      affected: [row('8'), row('9')],
      references: [URL, 'https://example.com/8'],
      cvss: 9.8,
      rebootSuggested: false,
    });
    expect(Advisory.parse(merged)).toEqual(merged);
    expect(substance(mergeRecords(older, newer))).toBe(substance(merged));
  });

  it('of which one was withdrawn are the other one', () => {
    const withdrawn = advisory({ withdrawn: '2026-11-01T00:00:00.000Z' });
    const standing = advisory({ affected: [row('9')] });
    expect(mergeRecords(withdrawn, standing)).toEqual(standing);
    expect(mergeRecords(standing, withdrawn)).toEqual(standing);
    expect(mergeRecords(withdrawn, withdrawn).withdrawn).toBe(withdrawn.withdrawn);
  });

  it('that are the same say nothing new', () => {
    expect(mergeRecords(advisory(), advisory())).toEqual(advisory());
  });
});

describe('news', () => {
  it.each([
    [undefined, { substance: 'a', updated: '1' }, 'new'],
    [entry({ substance: 'a', updated: '1' }), { substance: 'b', updated: '1' }, 'changed'],
    [entry({ substance: 'a', updated: '1' }), { substance: 'a', updated: '2' }, 'reissued'],
    [entry({ substance: 'a', updated: '1' }), { substance: 'a', updated: '1' }, 'same'],
  ] as const)('%j then %j is %s', (before, now, news) => {
    expect(judgeNews(before, now)).toBe(news);
  });
});

describe('what is gone', () => {
  const reading = (present: string[], more: object = {}) => ({ present: new Set(present), skipped: 0, problems: [], ...more });
  const but = (count: number, ...missing: number[]) =>
    Array.from({ length: count }, (_, index) => `A-${index}`).filter((_, index) => !missing.includes(index));

  it('is what a complete reading does not have any more, up to a tenth', () => {
    expect(goneFrom(some(20), reading(but(20, 3)))).toEqual({ gone: ['A-3'], tooMany: false });
    expect(goneFrom(some(20), reading(but(20, 3, 4)))).toMatchObject({ tooMany: false });
    expect(goneFrom(some(20), reading(but(20, 3, 4, 5)))).toMatchObject({ tooMany: true });
    expect(goneFrom(some(1), reading([]))).toEqual({ gone: ['A-0'], tooMany: true });
    expect(goneFrom(EMPTY_INDEX, reading(['A-1']))).toEqual({ gone: [], tooMany: false });
  });

  it('is not what was withdrawn before', () => {
    const index = indexOf({ 'A-0': entry({ withdrawn: 'then' }), 'A-1': entry() });
    expect(goneFrom(index, reading(['A-1']))).toEqual({ gone: [], tooMany: false });
  });

  it('is not what could not be read; where not all of that is known by name, nothing is gone', () => {
    expect(goneFrom(some(20), reading(but(20, 3), { skipped: 1, problems: ['A-3: is no JSON'] }))).toEqual({ gone: [], tooMany: false });
    expect(goneFrom(some(20), reading(but(20, 3), { skipped: 1, problems: ['A-33: is no JSON'] }))).toEqual({ gone: ['A-3'], tooMany: false });
    expect(goneFrom(some(20), reading(but(20, 3), { skipped: 2, problems: ['A-4: is no JSON'] }))).toEqual({ gone: [], tooMany: false });
    expect(goneFrom(some(20), reading(but(20, 3), { skipped: 1, problems: ['a record without id: is no JSON'] }))).toEqual({
      gone: [],
      tooMany: false,
    });
  });

  it('is taken back when it is there again, unless the vendor had withdrawn it', () => {
    const index = indexOf({ 'A-0': entry({ withdrawn: 'then', vanished: true }), 'A-1': entry({ withdrawn: 'then' }), 'A-2': entry() });
    expect(returnedTo(index, new Set(['A-0', 'A-1', 'A-2']))).toEqual(['A-0']);
    expect(returnedTo(index, new Set())).toEqual([]);
  });

  it('never takes a word of the language for an id', () => {
    expect(goneFrom(some(2), reading(['A-0', 'A-1', 'constructor', '__proto__']))).toEqual({ gone: [], tooMany: false });
    expect(some(1).advisories.get('constructor')).toBeUndefined();
  });
});

describe('the row of an advisory', () => {
  it('is the advisory, but for what an item cannot hold', () => {
    expect(rowDocument(advisory())).toEqual({ document: advisory() });
    const rows = Array.from({ length: 9_000 }, (_, index) => ({ ...row('8'), package: `package-with-a-long-name-${index}` }));
    const large = { ...advisory(), affected: rows };
    expect(rowDocument(large)).toEqual({ document: { ...advisory(), affected: [] }, where: ['oracle-linux-8'] });
    expect(Advisory.safeParse(rowDocument(large).document).success).toBe(true);
  });
});
