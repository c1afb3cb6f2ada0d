import { describe, expect, it } from 'vitest';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { oracleLinux8, oracleLinux9 } from '../../lambdas/feeds/oracle.ts';
import { all, failure, packed, pull, repomd, rpm, update } from './site.ts';
import type { Files, Written } from './site.ts';

const PATHS = ['baseos/latest', 'appstream', 'UEKR7'];

function base(path: string, arch = 'x86_64', release = '8'): string {
  return `https://yum.oracle.com/repo/OracleLinux/OL${release}/${path}/${arch}/`;
}

/** Six repositories, all with this updateinfo but for those given by their base. */
function site(bytes: Buffer, more: Record<string, Buffer> = {}, release = '8'): Files {
  const files: Files = {};
  for (const address of PATHS.flatMap((path) => [base(path, 'x86_64', release), base(path, 'aarch64', release)])) {
    const own = more[address] ?? bytes;
    files[`${address}repodata/repomd.xml`] = repomd(own);
    files[`${address}repodata/updateinfo.xml.gz`] = own;
  }
  return files;
}

const nothing = packed(update({ id: 'ELBA-2026-0001', type: 'bugfix', severity: 'N/A', packages: '' }));

async function read(written: Partial<Written>): Promise<Advisory | undefined> {
  const bytes = packed(update({ id: 'ELSA-2026-9151', ...written }));
  const { pulled } = await pull(oracleLinux8, site(nothing, { [base('appstream')]: bytes }));
  const advisories = pulled.kind === 'advisories' ? await all(pulled.advisories) : [];
  return advisories.find((advisory) => advisory.id !== 'ELBA-2026-0001');
}

describe('the Oracle Linux feeds', () => {
  it('read BaseOS, AppStream and the UEK of both architectures without a mirror list', async () => {
    const visit = await pull(oracleLinux9, site(nothing, {}, '9'));
    expect(visit.asked.filter((url) => url.endsWith('repomd.xml'))).toEqual(
      PATHS.flatMap((path) => ['x86_64', 'aarch64'].map((arch) => `${base(path, arch, '9')}repodata/repomd.xml`)),
    );
    expect(visit.pulled).toMatchObject({ kind: 'advisories', complete: true, health: { records: 6 } });
    expect(visit.archived).toHaveLength(7);
  });

  it('turn an erratum into an advisory with a link to its page', async () => {
    const packages = rpm('openssl', '1:1.1.1g-15.el8_3');
    const advisory = await read({ severity: 'IMPORTANT', issued: '2026-04-01', updated: '', packages });
    expect(advisory).toMatchObject({
      id: 'ELSA-2026-9151',
      source: 'elsa',
      severity: 'important',
      severityRaw: 'IMPORTANT',
      published: '2026-04-01T00:00:00.000Z',
      updated: '2026-04-01T00:00:00.000Z',
      references: ['https://linux.oracle.com/errata/ELSA-2026-9151.html'],
      affected: [{ os: 'oracle-linux', release: '8', package: 'openssl', fixedVersion: '1:1.1.1g-15.el8_3' }],
    });
    expect(advisory?.affected[0]).not.toHaveProperty('channel');
  });

  it.each([
    ['MODERATE', 'moderate'],
    ['LOW', 'low'],
    ['CRITICAL', 'critical'],
    ['N/A', 'unrated'],
  ])('take the severity %s for %s', async (severity, expected) => {
    expect(await read({ severity })).toMatchObject({ severity: expected, severityRaw: severity });
  });

  it.each([
    ['2:1.1.1g-15.ksplice1.el8_3', 'ksplice'],
    ['10:3.6.14-8.0.1.el8_3_fips', 'fips'],
    ['1:1.1.1g-15.el8_3', undefined],
  ])('put the build %s into the channel %s', async (evr, channel) => {
    expect((await read({ packages: rpm('openssl', evr) }))?.affected[0]?.channel).toBe(channel);
  });

  it('keep the architectures of an erratum apart that was built again for one of them', async () => {
    const x86 = packed(update({ id: 'ELSA-2026-4803', packages: rpm('rsyslog', '0:8.24.0-57.0.1.el8') }));
    const arm = packed(update({ id: 'ELSA-2026-4803', packages: rpm('rsyslog', '0:8.24.0-57.0.4.el8', 'aarch64') }));
    const { pulled } = await pull(oracleLinux8, site(nothing, { [base('appstream')]: x86, [base('appstream', 'aarch64')]: arm }));
    const both = pulled.kind === 'advisories' ? (await all(pulled.advisories)).filter((advisory) => advisory.id === 'ELSA-2026-4803') : [];
    expect(both.map(({ affected }) => affected.map((row) => `${row.arch} ${row.fixedVersion}`))).toEqual([
      ['x86_64 8.24.0-57.0.1.el8'],
      ['aarch64 8.24.0-57.0.4.el8'],
    ]);
    expect(pulled.health.skipped).toBe(0);
  });

  it('name the stream of a module', async () => {
    const module = '<module name="ruby" stream="3.1" version="8" context="c" arch="x86_64"/>';
    const advisory = await read({ packages: module + rpm('ruby', '0:3.1.2-1.module+el8') });
    expect(advisory?.affected[0]?.module).toBe('ruby:3.1');
  });

  it('cost six requests while nothing changes, and read all when one repository has changed', async () => {
    const { cursor } = (await pull(oracleLinux8, site(nothing))).pulled;
    const same = await pull(oracleLinux8, site(nothing), { cursor });
    expect(same.pulled.kind).toBe('unchanged');
    expect(same.asked).toHaveLength(6);
    const news = packed(update({ id: 'ELSA-2026-1', packages: '' }));
    const changed = await pull(oracleLinux8, site(nothing, { [base('UEKR7')]: news }), { cursor });
    expect(changed.pulled).toMatchObject({ kind: 'advisories', health: { records: 6 } });
  });

  it('refuse ids of others, and a repository without updateinfo', async () => {
    expect((await failure(oracleLinux8, site(packed(update({ id: 'RHSA-2026:1' }))))).code).toBe('bad-records');
    const bare = { ...site(nothing), [`${base('UEKR7')}repodata/repomd.xml`]: '<repomd></repomd>' };
    expect((await failure(oracleLinux8, bare)).code).toBe('bad-repomd');
  });
});
