import { describe, expect, it } from 'vitest';
import { readOrigin, tellOrigin } from '../../lambdas/feeds/updateinfo-origin.ts';
import { NOW, packed, rpm, update } from './site.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';

const RAW = { key: '', sha256: '0'.repeat(64), url: 'https://repository.example/' };

interface Told {
  words: string[];
  problems: string[];
}

async function told(...updates: string[]): Promise<Told> {
  const { origins, problems } = await tellOrigin(packed(...updates), 'updateinfo.xml.gz');
  return { words: origins.map(({ words }) => words), problems };
}

async function advisories(...updates: string[]): Promise<Advisory[]> {
  const bytes = packed(...updates);
  const list: Advisory[] = [];
  const { origins } = await tellOrigin(bytes, 'x');
  for (const origin of origins) for await (const reading of readOrigin(bytes, origin, RAW, NOW)) if ('item' in reading) list.push(reading.item);
  return list;
}

/** An update that says of which release it is, as Rocky's and Fedora's do. */
function of(release: string, text: string): string {
  return text.replace('<issued', `<release>${release}</release><issued`);
}

const rocky = (packages: string, collection = 'x') => update({ id: 'RLSA-2026:1234', collection, packages });

describe('whose an updateinfo is', () => {
  it.each<[string, string, string]>([
    ['Rocky by its release', of('Rocky Linux 8', rocky('')), 'Rocky Linux 8'],
    ['Rocky by its collection', rocky('', 'rocky-linux-9-x86-64-baseos-rpms'), 'Rocky Linux 9'],
    ['Rocky by the marks of its builds', rocky(rpm('openssl', '1:3.0.7-24.el9') + rpm('nodejs', '1:18.1-1.module+el9.1.0+13')), 'Rocky Linux 9'],
    ['a special interest group of Rocky', update({ id: 'RXSA-2026:1', packages: rpm('kernel', '4.18-1.el8_7.cloud') }), 'Rocky Linux 8'],
    [
      'AlmaLinux by its collection',
      update({ id: 'ALSA-2026:A002', collection: 'almalinux-9-for-x86_64-appstream-rpms__9_4_default', packages: '' }),
      'AlmaLinux 9',
    ],
    ['AlmaLinux by the marks of its builds', update({ id: 'ALBA-2026:12', packages: rpm('ruby', '2.5.9-107.module_el8.4.0+2399') }), 'AlmaLinux 8'],
    ['what names 9 and holds a build of 8 too', of('Rocky Linux 9', rocky(rpm('a', '1-1.el9_2') + rpm('b', '1-1.el8'))), 'Rocky Linux 9'],
    ['EPEL by its release', of('Fedora EPEL 9', update({ id: 'FEDORA-EPEL-2026-0a1b2c3d4e', packages: rpm('htop', '3.3.0-1.el9') })), 'EPEL 9'],
    ['EPEL by its collection', update({ id: 'FEDORA-EPEL-2026-0a1b2c3d4e', collection: 'EPEL-8', packages: '' }), 'EPEL 8'],
    ['Amazon Linux AMI', update({ id: 'ALAS-2011-1', collection: 'amazon-linux-ami' }), 'Amazon Linux 2018.03'],
    ['Amazon Linux 2022', update({ id: 'ALAS2022-2021-001', collection: 'amazon-linux-2022' }), 'Amazon Linux 2022'],
    ['NVIDIA for Amazon Linux 2023', update({ id: 'ALAS2023NVIDIA-2025-001', collection: 'amazon-linux-2023---nvidia' }), 'Amazon Linux 2023'],
  ])('is told: %s', async (_, text, words) => {
    expect(await told(text)).toEqual({ words: [words], problems: [] });
  });

  it.each<[string, string[], string]>([
    ['it names no release', [rocky('')], 'its ids are of Rocky Linux, and nothing in it says of which release'],
    ['its builds say nothing', [rocky(rpm('a', '1-1'))], 'its ids are of Rocky Linux, and nothing in it says of which release'],
    [
      'its builds are of several releases',
      [rocky(rpm('a', '1-1.el8') + rpm('b', '1-1.el9'))],
      'its ids are of Rocky Linux, and it names no release, and its builds are of several: 8, 9',
    ],
    [
      'it names several releases',
      [of('Rocky Linux 8', rocky('')), of('Rocky Linux 9', rocky(''))],
      'its ids are of Rocky Linux, and it names several releases: 8, 9',
    ],
    [
      'it names one, and its builds are of another',
      [of('Rocky Linux 8', rocky(rpm('a', '1-1.el9')))],
      'its ids are of Rocky Linux, and it names release 8, and its builds are of 9',
    ],
    [
      'its ids are nobody’s',
      [update({ id: 'CORP-1' }), update({ id: '../x' })],
      '2 updates have ids of no repository that is known, the first "CORP-1"',
    ],
    [
      'it is EPEL Next',
      [of('Fedora EPEL 9 Next', update({ id: 'FEDORA-EPEL-NEXT-2026-0a1b2c3d4e' }))],
      '1 updates have ids of no repository that is known, the first "FEDORA-EPEL-NEXT-2026-0a1b2c3d4e"',
    ],
    [
      'its repository is one that is not known',
      [update({ id: 'ALAS2023X-2026-1', collection: 'amazon-linux-2023---other' })],
      'its ids are of Amazon Linux, and nothing in it says of which release',
    ],
  ])('is not guessed where %s', async (_, texts, problem) => {
    expect(await told(...texts)).toEqual({ words: [], problems: [problem] });
  });

  it('is told of each vendor that a file is put together from', async () => {
    const alma = update({ id: 'ALSA-2026:1', packages: rpm('a', '1-1.el8') });
    expect(await told(of('Rocky Linux 9', rocky('')), alma, update({ id: 'CORP-1' }))).toEqual({
      words: ['Rocky Linux 9', 'AlmaLinux 8'],
      problems: ['1 updates have ids of no repository that is known, the first "CORP-1"'],
    });
    expect((await advisories(of('Rocky Linux 9', rocky('')), alma)).map(({ id, source }) => `${source} ${id}`)).toEqual([
      'rlsa RLSA-2026:1234',
      'alsa ALSA-2026:1',
    ]);
  });
});

describe('what is read of it', () => {
  it('is of the vendor’s own source and release, with modules where it names them', async () => {
    const [advisory] = await advisories(
      of(
        'Rocky Linux 8',
        rocky(rpm('ruby', '2.7.8-139.module+el8.8.0+1')).replace(
          '<name>x</name>',
          '<name>x</name><module name="ruby" stream="2.7" version="8080" context="63b34585" arch="x86_64"/>',
        ),
      ),
    );
    expect(advisory).toMatchObject({
      source: 'rlsa',
      provenance: { feed: 'updateinfo of Rocky Linux 8' },
      references: ['https://errata.rockylinux.org/RLSA-2026:1234'],
    });
    expect(advisory?.affected).toEqual([
      { os: 'rocky', release: '8', package: 'ruby', arch: 'x86_64', kind: 'binary', fixedVersion: '2.7.8-139.module+el8.8.0+1', module: 'ruby:2.7' },
    ]);
  });

  it('is of EPEL for every system that EPEL is for', async () => {
    const [advisory] = await advisories(of('Fedora EPEL 9', update({ id: 'FEDORA-EPEL-2026-0a1b2c3d4e', packages: rpm('htop', '3.3.0-1.el9') })));
    expect(advisory?.affected.map(({ os, release, package: name }) => `${os} ${release} ${name}`)).toEqual(
      ['rhel', 'rocky', 'almalinux', 'oracle-linux', 'centos'].map((os) => `${os} 9 htop`),
    );
  });

  it('has the id that the vendor writes everywhere else', async () => {
    const ids = await advisories(update({ id: 'ALAS-2011-1', collection: 'amazon-linux-ami' }));
    const nvidia = await advisories(update({ id: 'ALASNVIDIA-2025-001', collection: 'amazon-linux-2023---nvidia' }));
    expect([...ids, ...nvidia].map(({ id, affected }) => `${id} ${affected[0]?.release}`)).toEqual([
      'ALAS-2011-1 2018.03',
      'ALAS2023NVIDIA-2025-001 2023',
    ]);
  });
});
