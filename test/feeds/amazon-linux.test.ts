import { describe, expect, it } from 'vitest';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import { amazonLinux2, amazonLinux2023, amazonLinux2023Livepatch, canonicalAlasId } from '../../lambdas/feeds/amazon-linux.ts';
import { BASE, MIRROR_LIST, NOW, UPDATEINFO, all, amazon, many, packed, pull, reference, repomd, rpm, sha256, update } from './site.ts';
import type { Visit, Written } from './site.ts';

async function advisories({ pulled }: Visit): Promise<Advisory[]> {
  return pulled.kind === 'advisories' ? all(pulled.advisories) : [];
}

async function read(written: Partial<Written>): Promise<Advisory | undefined> {
  const bytes = packed(update({ id: 'ALAS2023-2026-931', ...written }));
  return (await advisories(await pull(amazonLinux2023, amazon(bytes))))[0];
}

describe('the Amazon Linux feed', () => {
  it('walks from the mirror list over repomd.xml to updateinfo, and archives it before it reads it', async () => {
    const bytes = packed(update({ id: 'ALAS2023-2026-931' }));
    const visit = await pull(amazonLinux2023, amazon(bytes));
    expect(visit.asked).toEqual([MIRROR_LIST, `${BASE}repodata/repomd.xml`, UPDATEINFO]);
    expect(visit.archived).toEqual([bytes]);
    expect(visit.pulled).toMatchObject({
      kind: 'advisories',
      raw: { key: `feeds/${sha256(bytes)}`, sha256: sha256(bytes), url: UPDATEINFO },
      health: { records: 1, newest: '2026-10-20T19:20:00.000Z', skipped: 0, problems: [] },
    });
  });

  it('turns an update into an advisory', async () => {
    const references =
      reference('CVE-2023-5363') + reference('CVE-2023-3446') + reference('RHSA-2023:1', 'redhat', 'https://access.redhat.com/errata/RHSA-2023:1');
    const packages =
      rpm('openssl') + rpm('openssl', '1:3.0.8-1.amzn2023.0.5', 'aarch64') + rpm('curl', '0:8.5.0-1', 'x86_64') + rpm('wget', '1.21-2', 'noarch');
    const advisory = await read({ references, packages, title: 'Important &lt;b&gt;update&lt;/b&gt;\n for openssl' });
    expect(Advisory.parse(advisory)).toEqual(advisory);
    expect(advisory).toMatchObject({
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
      references: ['https://alas.aws.amazon.com/AL2023/ALAS2023-2026-931.html', 'https://access.redhat.com/errata/RHSA-2023:1'],
      provenance: { feed: 'amazon-linux-2023', url: UPDATEINFO, fetchedAt: '2026-11-23T06:00:00.000Z' },
    });
    expect(advisory?.affected.map((row) => `${row.os} ${row.release} ${row.package} ${row.arch} ${row.fixedVersion}`)).toEqual([
      'amazon-linux 2023 openssl x86_64 1:3.0.8-1.amzn2023.0.5',
      'amazon-linux 2023 openssl aarch64 1:3.0.8-1.amzn2023.0.5',
      'amazon-linux 2023 curl x86_64 8.5.0-1',
      'amazon-linux 2023 wget noarch 1.21-2',
    ]);
  });

  it.each([
    ['critical', 'critical'],
    ['Important', 'important'],
    ['medium', 'moderate'],
    ['Medium', 'moderate'],
    ['LOW', 'low'],
    ['', 'unrated'],
    ['grave', 'unrated'],
  ])('takes the severity %j for %s', async (severity, expected) => {
    expect((await read({ severity }))?.severity).toBe(expected);
  });

  it.each([
    ['bugfix', 'bugfix'],
    ['enhancement', 'enhancement'],
    ['newpackage', 'other'],
  ])('takes the type %s for the kind %s', async (type, kind) => {
    expect((await read({ type }))?.kind).toBe(kind);
  });

  it('reads dates without seconds as UTC, takes an absent update for the issue, and cuts the future to now', async () => {
    const advisory = await read({ issued: '2026-01-14 02:10', updated: '' });
    expect([advisory?.published, advisory?.updated]).toEqual(['2026-01-14T02:10:00.000Z', '2026-01-14T02:10:00.000Z']);
    expect((await read({ issued: '2031-01-01 00:00:00' }))?.published).toBe(new Date(NOW).toISOString());
  });

  it('leaves out debug information, sources and packages of other collections', async () => {
    const packages =
      rpm('vim-debuginfo') + rpm('vim-debugsource') + rpm('kernel-debuginfo-common-x86_64') + rpm('vim', '2:9-1', 'src') + rpm('debugedit');
    expect((await read({ packages }))?.affected.map((row) => row.package)).toEqual(['debugedit']);
    expect((await read({ collection: 'amazon-linux-2023---nvidia' }))?.affected).toEqual([]);
  });

  it('answers "unchanged" while the checksum in repomd.xml is the same, without fetching updateinfo', async () => {
    const files = amazon(packed(...many(3)));
    const { cursor } = (await pull(amazonLinux2023, files)).pulled;
    const visit = await pull(amazonLinux2023, files, { cursor });
    expect(visit.pulled).toMatchObject({ kind: 'unchanged', cursor, health: { records: 3, newest: '2026-10-20T19:20:00.000Z' } });
    expect(visit.asked).not.toContain(UPDATEINFO);
    const changed = await pull(amazonLinux2023, amazon(packed(...many(4))), { cursor });
    expect(changed.pulled).toMatchObject({ kind: 'advisories', health: { records: 4 } });
  });

  it.each(['', 'nonsense', '{}', '{"parser":0,"checksum":"x","records":1,"skipped":0,"newest":""}'])(
    'reads everything anew with the cursor %j',
    async (cursor) => {
      expect((await pull(amazonLinux2023, amazon(packed(...many(1))), { cursor })).pulled.kind).toBe('advisories');
    },
  );

  it('can be walked more than once, and yields the same', async () => {
    const visit = await pull(amazonLinux2023, amazon(packed(...many(5))));
    expect(await advisories(visit)).toEqual(await advisories(visit));
    expect(await advisories(visit)).toHaveLength(5);
  });

  it('is stale when nothing new came for two weeks', async () => {
    const fresh = packed(update({ id: 'ALAS2023-2026-1', issued: '2026-11-17 00:00:00' }));
    expect((await pull(amazonLinux2023, amazon(fresh))).pulled.health.stale).toBe(false);
    expect((await pull(amazonLinux2023, amazon(packed(...many(1))))).pulled.health.stale).toBe(true);
  });

  it('leaves out single records that cannot be read, and says which and why', async () => {
    const broken = [update({ id: '../../etc/passwd' }), update({ id: 'ALAS2023-2026-1001', title: 'again' })];
    const visit = await pull(amazonLinux2023, amazon(packed(...many(300), ...broken)));
    expect(visit.pulled.health).toMatchObject({ records: 300, skipped: 2 });
    expect(visit.pulled.health.problems).toEqual([
      '../../etc/passwd: is no id of this vendor',
      'ALAS2023-2026-1001: comes twice; the first one counts',
    ]);
    const read300 = await advisories(visit);
    expect(read300).toHaveLength(300);
    expect(read300[0]?.title).toBe('Update ALAS2023-2026-1001');
  });

  it('finds updateinfo wherever in the site repomd.xml says that it is, under SHA-512 too', async () => {
    const bytes = packed(...many(1));
    const moved = `https://cdn.amazonlinux.com/al2023/blobstore/abc/updateinfo.xml.gz`;
    const files = amazon(bytes, {
      [`${BASE}repodata/repomd.xml`]: repomd(bytes, '../../../../../al2023/blobstore/abc/updateinfo.xml.gz', 'sha512'),
      [moved]: bytes,
    });
    expect((await pull(amazonLinux2023, files)).asked.at(-1)).toBe(moved);
  });
});

describe('links in an update', () => {
  it('are left out when they are none, and the fix is not', async () => {
    const references = reference('x', 'other', 'javascript:alert(1)') + reference('y', 'other', 'https://example.org/y');
    expect((await read({ references }))?.references).toEqual(['https://alas.aws.amazon.com/AL2023/ALAS2023-2026-931.html', 'https://example.org/y']);
  });
});

describe('livepatches', () => {
  const LIST = 'https://cdn.amazonlinux.com/al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list';
  const SITE = 'https://cdn.amazonlinux.com/al2023/kernel-livepatch/guids/cafe/x86_64/';

  async function livepatch(): Promise<Advisory | undefined> {
    const bytes = packed(
      update({
        id: 'ALAS2023LIVEPATCH-2026-001',
        collection: 'amazon-linux-2023---kernel-livepatch',
        packages: rpm('kernel-livepatch-6.1.12-19.43', '0:1.0-1.amzn2023'),
      }),
    );
    const files = { [LIST]: SITE, [`${SITE}repodata/repomd.xml`]: repomd(bytes), [`${SITE}repodata/updateinfo.xml.gz`]: bytes };
    return (await advisories(await pull(amazonLinux2023Livepatch, files)))[0];
  }

  it('come from a repository of their own, in a channel', async () => {
    const advisory = await livepatch();
    expect(advisory).toMatchObject({
      id: 'ALAS2023LIVEPATCH-2026-001',
      source: 'alas',
      affected: [{ package: 'kernel-livepatch-6.1.12-19.43', channel: 'livepatch', fixedVersion: '1.0-1.amzn2023' }],
      provenance: { feed: 'amazon-linux-2023-livepatch' },
    });
  });

  it('in the core repository keep their channel, and the kernel beside them has none', async () => {
    const packages = rpm('kernel', '0:6.1.12-19.43.amzn2023') + rpm('kernel-livepatch-6.1.12-19.43', '0:1.0-0.amzn2023');
    const advisory = await read({ packages });
    expect(advisory?.affected.map((row) => [row.package, row.channel])).toEqual([
      ['kernel', undefined],
      ['kernel-livepatch-6.1.12-19.43', 'livepatch'],
    ]);
  });

  it('are never compared with the kernel', async () => {
    const advisory = await livepatch();
    const kernel = { name: 'kernel', version: '6.1.10-1.amzn2023', arch: 'x86_64' };
    const match = createMatcher({ advisories: advisory ? [advisory] : [] });
    expect(match({ platform: 'amazon-linux-2023-x86_64', certainty: 'exact', installed: [kernel] }, 'all')).toEqual([]);
  });
});

describe('the Amazon Linux 2 feed', () => {
  it('reads the core repository, whose directory has no slash at its end', async () => {
    const list = 'https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list';
    const site = 'https://cdn.amazonlinux.com/2/core/2.0/x86_64/221a4af09d96ac4e34202cc7bdfa2524';
    const packages = rpm('kernel', '0:4.14.1-1.amzn2');
    const bytes = packed(update({ id: 'ALAS2-2026-939', severity: 'critical', collection: 'amazon-linux-2', packages }));
    const files = { [list]: site, [`${site}/repodata/repomd.xml`]: repomd(bytes), [`${site}/repodata/updateinfo.xml.gz`]: bytes };
    const visit = await pull(amazonLinux2, files);
    expect(visit.pulled.health.records).toBe(1);
    expect((await advisories(visit))[0]).toMatchObject({
      id: 'ALAS2-2026-939',
      severity: 'critical',
      affected: [{ os: 'amazon-linux', release: '2', package: 'kernel' }],
      references: ['https://alas.aws.amazon.com/AL2/ALAS2-2026-939.html'],
    });
  });
});

describe('ids of Amazon Linux', () => {
  it.each([
    ['ALAS-2023-126', '2023', 'ALAS2023-2023-126'],
    ['ALAS2023-2023-126', '2023', 'ALAS2023-2023-126'],
    ['ALASKERNEL-5.15-2022-001', '2', 'ALAS2KERNEL-5.15-2022-001'],
    ['ALAS2KERNEL-5.15-2022-001', '2', 'ALAS2KERNEL-5.15-2022-001'],
    ['ALASLIVEPATCH-2023-001', '2023', 'ALAS2023LIVEPATCH-2023-001'],
    ['ALAS2R3.4-2021-001', '2', 'ALAS2R3.4-2021-001'],
    ['ALAS2HTTPD_MODULES-2023-001', '2', 'ALAS2HTTPD_MODULES-2023-001'],
    ['RHSA-2023:1', '2023', undefined],
    ['ALAS-x', '2023', undefined],
    ['../ALAS-2023-126', '2023', undefined],
  ])('%s of release %s is %s wherever it is read', (id, release, canonical) => {
    expect(canonicalAlasId(id, release)).toBe(canonical);
  });
});
