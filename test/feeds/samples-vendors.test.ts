import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { alasRss } from '../../lambdas/feeds/alas-rss.ts';
import { amazonLinux2Extras } from '../../lambdas/feeds/amazon-linux-extras.ts';
import { amazonLinux2, amazonLinux2023, amazonLinux2023Livepatch } from '../../lambdas/feeds/amazon-linux.ts';
import { endOfLife } from '../../lambdas/feeds/end-of-life.ts';
import { epss } from '../../lambdas/feeds/epss.ts';
import { msrc } from '../../lambdas/feeds/msrc.ts';
import { readMonth } from '../../lambdas/feeds/msrc-month.ts';
import { repositoryFeed } from '../../lambdas/feeds/repositories.ts';
import { readRepomd, readUpdates } from '../../lambdas/feeds/updateinfo.ts';
import { MIRROR_LIST, NOW, all, amazon, failure, pull, repomd } from './site.ts';
import type { Files, Visit } from './site.ts';

/** Real files of the vendors. They are not part of this repository. All numbers below were counted by other means. */
const samples = join(process.env['WAVELOCK_SAMPLES'] ?? '', 'feeds');
const CDN = 'https://cdn.amazonlinux.com/';

function sample(path: string): Buffer {
  return readFileSync(join(samples, path));
}

async function advisories({ pulled }: Visit): Promise<Advisory[]> {
  return pulled.kind === 'advisories' ? all(pulled.advisories) : [];
}

/** A repository whose mirror list is at `list`, with this updateinfo. */
function repository(list: string, path: string): Files {
  const [base, bytes] = [`${CDN}guid/`, sample(path)];
  return { [`${CDN}${list}`]: base, [`${base}repodata/repomd.xml`]: repomd(bytes), [`${base}repodata/updateinfo.xml.gz`]: bytes };
}

describe.skipIf(!process.env['WAVELOCK_SAMPLES'] || !existsSync(samples))('real files of', () => {
  const updateinfo = 'amazon/updateinfo/';

  it('all Amazon Linux repositories: updates, packages and CVEs', async () => {
    const counts: Record<string, number[]> = {};
    for (const file of readdirSync(join(samples, updateinfo))) {
      for (const update of await all(readUpdates(sample(updateinfo + file), file))) {
        counts[update.id] = [update.packages.length, update.references.filter((item) => item.type === 'cve').length];
      }
    }
    expect(counts).toEqual({
      'ALAS-2011-1': [1, 1],
      'ALAS2-2018-939': [1, 2],
      'ALAS2022-2021-001': [2, 4],
      'ALAS2023-2023-001': [61, 2],
      'ALAS2023LIVEPATCH-2023-001': [1, 1],
      'ALAS2023NVIDIA-2025-001': [6, 1],
      'ALAS2KERNEL-5.15-2022-001': [31, 13],
    });
  });

  it('Amazon Linux 2 and 2023 as advisories, without debug information', async () => {
    const [core] = await advisories(await pull(amazonLinux2023, amazon(sample(`${updateinfo}updateinfo_2023.xml.gz`))));
    expect([core?.id, core?.affected.length]).toEqual(['ALAS2023-2023-001', 31]);
    const site = repository('2/core/latest/x86_64/mirror.list', `${updateinfo}updateinfo_2.xml.gz`);
    const [old] = await advisories(await pull(amazonLinux2, site));
    expect([old?.id, old?.severity, old?.affected[0]?.fixedVersion]).toEqual(['ALAS2-2018-939', 'critical', '4.9.76-38.79.amzn2']);
  });

  it('kernel livepatches, in their channel', async () => {
    const list = 'al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list';
    const visit = await pull(amazonLinux2023Livepatch, repository(list, `${updateinfo}updateinfo_2023_kernel-livepatch.xml.gz`));
    expect((await advisories(visit)).map(({ id, affected }) => [id, affected.map((row) => `${row.package} ${row.channel}`)])).toEqual([
      ['ALAS2023LIVEPATCH-2023-001', ['kernel-livepatch-6.1.12-19.43 livepatch']],
    ]);
  });

  it('the extra kernel 5.15, in its channel but for the livepatches', async () => {
    const files = {
      [`${CDN}2/extras-catalog.json`]: '{"topics":[{"n":"kernel-5.15"}]}',
      ...repository('2/extras/kernel-5.15/latest/x86_64/mirror.list', `${updateinfo}updateinfo_2_kernel-5.15.xml.gz`),
    };
    const [advisory] = await advisories(await pull(amazonLinux2Extras, files));
    const channels = (advisory?.affected ?? []).map((row) => row.channel);
    expect(channels.filter((channel) => channel === 'extras:kernel-5.15')).toHaveLength(17);
    expect(channels.filter((channel) => channel === 'livepatch')).toHaveLength(2);
    const kernel = { name: 'kernel', version: '5.10.1-1.amzn2', arch: 'x86_64' };
    const match = createMatcher({ advisories: advisory ? [advisory] : [] });
    expect(match({ platform: 'amazon-linux-2-x86_64', certainty: 'exact', installed: [kernel] }, 'all')).toEqual([]);
  });

  it('named repomd.xml announce their updateinfo', () => {
    for (const file of readdirSync(join(samples, 'amazon/repomd'))) {
      expect(readRepomd(sample(`amazon/repomd/${file}`), file)).toMatchObject({ href: 'repodata/updateinfo.xml.gz', algorithm: 'sha256' });
    }
  });

  it('the mirror list of Amazon Linux 1, whose mirrors are refused: they are on other hosts and without TLS', async () => {
    const list = { [MIRROR_LIST]: sample('amazon/mirror.list.al1.txt') };
    expect(await failure(amazonLinux2023, { ...amazon(Buffer.from('')), ...list })).toMatchObject({ code: 'bad-mirror-list' });
  });

  it('the ALAS news of Amazon Linux 2, all 97 of 2018', async () => {
    const url = 'https://alas.aws.amazon.com/AL2/alas.rss';
    const { pulled } = await pull(alasRss, { [url]: sample('amazon/alas-rss/AL2-alas-2018.rss') });
    expect(pulled).toMatchObject({ kind: 'trigger', health: { records: 97, newest: '2018-11-15T00:10:00.000Z' } });
    expect(pulled.cursor).toContain('"ALAS2-2018-1106"');
  });

  it('Rocky, two updates without packages, read like every other repository', async () => {
    const bytes = sample('rocky/updateinfo/updateinfo__test__1.xml');
    const base = 'https://dl.rockylinux.example/8/';
    const feed = repositoryFeed({ name: 'rocky-8', url: base, os: 'rocky', release: '8' });
    const site = { [`${base}repodata/repomd.xml`]: repomd(bytes), [`${base}repodata/updateinfo.xml.gz`]: bytes };
    const read = await advisories(await pull(feed, site));
    expect(read.map(({ id, severity, published, cves, affected }) => [id, severity, published, cves.length, affected.length])).toEqual([
      ['RLSA-2022:1821', 'moderate', '2022-05-10T08:02:50.000Z', 5, 0],
      ['RLSA-2022:7593', 'moderate', '2022-11-08T06:23:47.000Z', 1, 0],
    ]);
  });

  it.each(['elsa-plain.xml', 'elsa-ksplice.xml', 'elsa-per-arch.xml'])('Oracle: %s is OVAL and refused as such', async (file) => {
    await expect(all(readUpdates(sample(`oracle/${file}`), file))).rejects.toMatchObject({
      code: 'reshaped',
      message: `${file} starts with oval_definitions, not updates`,
    });
  });

  it.each<[string, number, string]>([
    ['epss_scores-2021-04-14.csv.gz', 2, new Date(NOW).toISOString()],
    ['epss_scores-2021-09-01.csv.gz', 2, new Date(NOW).toISOString()],
    ['epss_scores-2022-02-04.csv.gz', 2, '2022-02-04T00:00:00.000Z'],
    ['epss_scores-2023-03-07.csv.gz', 2, '2023-03-07T00:00:00.000Z'],
    ['claircore-2024-10-25.csv', 29, '2024-10-25T00:00:00.000Z'],
    ['vunnel-2025-02-20.csv', 5, '2025-02-20T00:00:00.000Z'],
  ])('EPSS: %s has %i rows', async (file, records, newest) => {
    const { pulled } = await pull(epss, { 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz': sample(`epss/${file}`) });
    expect(pulled.health).toMatchObject({ records, newest, skipped: 0 });
    const scores = pulled.kind === 'scores' ? await all(pulled.scores) : [];
    expect(scores.filter((score) => score.percentile !== undefined)).toHaveLength(file.includes('2021-04') ? 0 : records);
  });

  it('endoflife.date: 42 releases of Ubuntu, and no Windows that is a server', async () => {
    const site = { 'https://endoflife.date/api/v1/products/full': sample('endoflife/products-full.sample.json') };
    const { pulled } = await pull(endOfLife, site);
    expect(pulled.health).toMatchObject({ records: 42, skipped: 0, newest: '2025-07-02T00:53:29.000Z' });
    const releases = pulled.kind === 'lifecycles' ? await all(pulled.lifecycles) : [];
    expect(releases).toContainEqual({ os: 'ubuntu', release: '22.04', eol: '2027-04-01', extended: '2032-04-09' });
    expect(releases).toContainEqual({ os: 'ubuntu', release: '23.10', eol: '2024-07-12' });
  });
});

describe.skipIf(!process.env['WAVELOCK_SAMPLES'] || !existsSync(samples))('Microsoft’s December 2020', () => {
  const url = 'https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2020-Dec';

  it('has 59 entries, of which 13 have no KB', () => {
    const month = readMonth(sample('microsoft/cvrf-json/2020-Dec.json'), '2020-Dec', { url, now: NOW });
    expect([month.entries, month.informational, month.updates.size, month.problems]).toEqual([59, 13, 43, []]);
    expect([...month.updates.values()].reduce((sum, { fixes }) => sum + fixes.size, 0)).toBe(123);
  });

  it('becomes 43 advisories, one a KB', async () => {
    const list = JSON.stringify({ value: [{ ID: '2020-Dec', CurrentReleaseDate: '2020-12-15T08:00:00Z' }] });
    const files = { 'https://api.msrc.microsoft.com/cvrf/v3.0/updates': list, [url]: sample('microsoft/cvrf-json/2020-Dec.json') };
    const visit = await pull(msrc, files);
    expect(visit.pulled.health).toMatchObject({ records: 43, skipped: 0, newest: '2020-12-08T08:00:00.000Z' });
    const read = new Map((await advisories(visit)).map((advisory) => [advisory.id, advisory]));
    expect(read.size).toBe(43);
    expect(read.get('KB4592440')).toMatchObject({
      title: 'KB4592440: December 2020 Security Updates',
      severity: 'critical',
      exploited: false,
      rebootSuggested: true,
    });
    expect(read.get('KB4592440')?.cves).toHaveLength(21);
    expect(read.get('KB4592440')?.kbs).toHaveLength(9);
    const row = { kb: 'KB4592440', release: '2019', supersedes: ['KB4586793'], restart: 'yes' };
    expect(read.get('KB4592440')?.kbs?.filter(({ release }) => release !== undefined)).toEqual([
      { product: 'Windows Server 2019', ...row },
      { product: 'Windows Server 2019 (Server Core installation)', ...row },
    ]);
    const servers = [...read.values()].flatMap(({ kbs }) => (kbs ?? []).filter(({ release }) => release !== undefined));
    expect(servers.map(({ kb, release }) => `${kb} ${release}`).toSorted()).toEqual(
      [
        'KB4592440 2019',
        'KB4592468 2012',
        'KB4592471 2008r2',
        'KB4592484 2012r2',
        'KB4592495 2012r2',
        'KB4592497 2012',
        'KB4592503 2008r2',
        'KB4593226 2016',
      ].flatMap((server) => [server, server]),
    );
    // Monthly Rollup and Security Only fix the same six CVEs that December, so that either closes the other's advisory.
    expect(read.get('KB4592484')?.cves).toHaveLength(6);
    expect(read.get('KB4592495')?.cves).toEqual(read.get('KB4592484')?.cves);
    const kbs = [{ kb: 'KB4486753', supersedes: ['KB4486717'], restart: 'maybe' }];
    expect(read.get('KB4486753')).toMatchObject({ severity: 'critical', kbs });
  });
});
