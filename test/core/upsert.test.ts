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

function merge(...records: Advisory[]): Advisory {
  const [first, ...others] = records;
  if (!first) throw new Error('nothing to merge');
  return mergeRecords([first, ...others]);
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
        expect(substance(merge(...portions))).toBe(substance(whole));
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
    const merged = merge(newer, older);
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
    expect(substance(merge(older, newer))).toBe(substance(merged));
  });

  it('of which one was withdrawn are the other one', () => {
    const withdrawn = advisory({ withdrawn: '2026-11-01T00:00:00.000Z' });
    const standing = advisory({ affected: [row('9')] });
    expect(merge(withdrawn, standing)).toEqual(standing);
    expect(merge(standing, withdrawn)).toEqual(standing);
    expect(merge(withdrawn, withdrawn).withdrawn).toBe(withdrawn.withdrawn);
  });

  it('that are the same say nothing new', () => {
    expect(merge(advisory(), advisory())).toEqual(advisory());
  });
});

describe('revisions of one id', () => {
  const [then, later] = ['2026-10-03T00:00:00.000Z', '2026-11-05T00:00:00.000Z'];
  const old = advisory({ updated: then, affected: [row('8', '5-1')], severity: 'critical', cves: ['CVE-2026-1000'] });

  it('are the newest one, package by package', () => {
    const corrected = advisory({ updated: later, affected: [row('8', '3-1')] });
    expect(merge(corrected, old)).toEqual(corrected);
    expect(merge(old, corrected)).toEqual(corrected);
    const both = { ...old, affected: [row('8', '5-1'), { ...row('8', '5-1'), package: 'libcurl' }, { ...row('8', '5-1'), arch: 'i686' }] };
    expect(merge(corrected, both).affected).toEqual([...both.affected.slice(1), row('8', '3-1')]);
  });

  it('keep all that the newest one says of a package: a module has several builds', () => {
    const corrected = advisory({ updated: later, affected: [row('8', '3-1'), row('8', '4-1')] });
    expect(merge(corrected, old).affected).toEqual(corrected.affected);
  });

  it('are withdrawn where the newest one is, and stand again where a newer one does', () => {
    const withdrawn = advisory({ updated: later, withdrawn: later, affected: [row('9')] });
    expect(merge(old, withdrawn)).toMatchObject({ withdrawn: later, affected: [row('9')] });
    const again = advisory({ updated: '2026-11-06T00:00:00.000Z', affected: [row('8', '6-1')] });
    expect(merge(again, withdrawn, old)).toEqual(again);
  });

  it('leave parts in other feeds alone that one feed no longer has', () => {
    const elsewhere = { ...old, provenance: { ...old.provenance, feed: 'oracle-linux-9' }, affected: [row('9')] };
    const gone = advisory({ updated: later, withdrawn: later });
    expect(merge(gone, elsewhere)).toEqual(elsewhere);
    expect(merge(gone, { ...elsewhere, affected: [row('8', '5-1')] }).withdrawn).toBe(later);
  });

  it('come to the same in whatever order they are read', () => {
    const date = fc.constantFrom(then, later, '2026-11-06T00:00:00.000Z');
    const fields = fc.record({
      updated: date,
      published: date,
      severity: fc.constantFrom('critical' as const, 'low' as const),
      title: fc.constantFrom('a', 'b'),
      affected: fc.array(
        fc.tuple(fc.constantFrom('8', '9'), fc.constantFrom('1-1', '2-1')).map((pair) => row(...pair)),
        { maxLength: 3 },
      ),
      feed: fc.constantFrom('one', 'two'),
      withdrawn: fc.boolean(),
    });
    const written = fields.map(({ feed, withdrawn, ...more }) => {
      const provenance = { ...advisory().provenance, feed };
      return advisory({ ...more, provenance, ...(withdrawn ? { withdrawn: more.updated } : {}) });
    });
    const orders = fc
      .array(written, { minLength: 2, maxLength: 5 })
      .chain((records) => fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })));
    fc.assert(
      fc.property(orders, ([one, other]) => {
        expect(merge(...other)).toEqual(merge(...one));
      }),
    );
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
