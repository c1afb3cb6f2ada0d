import { describe, expect, it } from 'vitest';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import { factsFromScan } from '../../lambdas/core/match/scan.ts';
import { AWAIT_DAYS } from '../../lambdas/core/exposures/awaited.ts';
import { lookAt, worldOf } from '../../lambdas/core/exposures/found.ts';
import { readOwnAdvisory } from '../../lambdas/core/exposures/own.ts';
import { factsAfter, isVerified } from '../../lambdas/core/exposures/proved.ts';
import { iso, NOTHING_KNOWN, NOW } from './exposures-world.ts';
import { advisory as written, node } from './match-world.ts';
import { facts } from './plan-world.ts';
import type { KnownExploited } from '../../lambdas/core/advisory.ts';
import type { FoundHere } from '../../lambdas/core/exposures/found.ts';
import type { OwnAdvisory } from '../../lambdas/core/exposures/own.ts';
import type { FleetFacts } from '../../lambdas/core/model.ts';

function alas(id: string, more: { package?: string; fixed?: string | null; cves?: string[]; withdrawn?: string } = {}): Advisory {
  const { package: name = 'openssl', fixed = '1:3.0.8-1.amzn2023.0.5', cves = ['CVE-2026-0001'], withdrawn } = more;
  const url = 'https://alas.aws.amazon.com/';
  return Advisory.parse({
    id,
    source: 'alas',
    title: `${name} update`,
    kind: 'security',
    severity: 'important',
    cves,
    published: '2026-12-01T00:00:00.000Z',
    updated: '2026-12-01T00:00:00.000Z',
    versionKind: 'rpm',
    affected: [{ os: 'amazon-linux', release: '2023', package: name, fixedVersion: fixed, kind: 'binary' }],
    references: [],
    provenance: { feed: 'amazon-linux-2023', url, sha256: '0'.repeat(64), fetchedAt: '2026-12-09T05:00:00.000Z' },
    ...(withdrawn === undefined ? {} : { withdrawn }),
  });
}

interface Known {
  advisories?: Advisory[];
  own?: OwnAdvisory[];
  listed?: KnownExploited[];
  now?: number;
}

function look(list: Partial<FleetFacts>, { advisories = [], own = [], listed = [], now = NOW }: Known = {}): FoundHere {
  const scanned = facts({ available: [], ...list });
  const intelligence = { ...NOTHING_KNOWN, exploited: new Map(listed.map((entry) => [entry.cve, entry])) };
  return lookAt(factsFromScan(scanned), scanned.available, worldOf(createMatcher({ advisories }), advisories, { own, intelligence, now }));
}

const words = (here: FoundHere): string[] =>
  here.found.map(({ source, advisory, state, packages }) => `${source} ${advisory} ${state} ${packages.map((item) => item.package).join('+')}`);
const listed = (product: string, more: Partial<KnownExploited> = {}): KnownExploited => ({
  cve: 'CVE-2026-31337',
  added: '2026-12-08',
  due: '2026-12-29',
  ransomware: false,
  product,
  ...more,
});
const own = (more: Partial<OwnAdvisory> = {}): OwnAdvisory => ({
  cve: 'CVE-2026-31337',
  packages: ['openssl'],
  title: 'heard on the list',
  severity: 'critical',
  added: iso(-1),
  ...more,
});

describe('what is found on a fingerprint', () => {
  it('is one entry for each advisory that concerns it, with every package', () => {
    const installed = [
      { name: 'openssl', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3' },
      { name: 'openssl', arch: 'i686', version: '1:3.0.8-1.amzn2023.0.3' },
      { name: 'curl', arch: 'x86_64', version: '8.3.0-1.amzn2023.0.3' },
    ];
    const advisories = [
      alas('ALAS2023-2026-1'),
      alas('ALAS2023-2026-2', { package: 'curl', fixed: '8.3.0-1.amzn2023.0.3' }),
      alas('ALAS2023-2026-3', { package: 'zlib' }),
    ];
    const here = look({ installed }, { advisories });
    expect(words(here)).toEqual(['alas ALAS2023-2026-1 exposed openssl+openssl']);
    expect(here.found[0]).toMatchObject({
      title: 'openssl update',
      severity: 'important',
      cves: ['CVE-2026-0001'],
      published: '2026-12-01T00:00:00.000Z',
      exploited: false,
    });
  });

  it('has nothing of what its vendor took back', () => {
    expect(words(look({}, { advisories: [alas('ALAS2023-2026-1', { withdrawn: '2026-12-08T00:00:00.000Z' })] }))).toEqual([]);
  });

  it("believes the node's own package manager, in the advisory's words where they are known", () => {
    const update = { name: 'bash', arch: 'x86_64', version: '5.2-2', kind: 'security' as const, severity: 'low' as const };
    const available = [{ ...update, advisories: ['ALAS2023-2026-7', 'ALAS2023-2026-8'] }];
    const installed = [{ name: 'bash', arch: 'x86_64', version: '5.2-1' }];
    const here = look({ available, installed }, { advisories: [alas('ALAS2023-2026-7', { package: 'bash-doc' })] });
    expect(words(here)).toEqual(['alas ALAS2023-2026-7 exposed bash', 'repository ALAS2023-2026-8 exposed bash']);
    expect(here.found[1]).toMatchObject({
      severity: 'low',
      packages: [{ installed: '5.2-1', fixed: '5.2-2', why: "the node's own repository offers the fix" }],
    });
    expect(here.found[1]).not.toHaveProperty('published');
  });

  it('takes no id from a node that is none', () => {
    const available = [
      { name: 'bash', arch: 'x86_64', version: '2', kind: 'security' as const, severity: 'low' as const, advisories: ['../../etc', 'a'.repeat(200)] },
    ];
    expect(look({ available })).toMatchObject({ found: [], unnamed: ['bash'] });
  });

  it("counts security updates without an advisory's name, unless something else speaks of the package", () => {
    const update = { arch: 'x86_64', version: '9', kind: 'security' as const, severity: 'unrated' as const, advisories: [] };
    const available = [
      { ...update, name: 'openssl' },
      { ...update, name: 'vim' },
      { ...update, name: 'nano', kind: 'bugfix' as const },
    ];
    expect(look({ available }, { advisories: [alas('ALAS2023-2026-1')] }).unnamed).toEqual(['vim']);
  });
});

describe('what CISA lists and no vendor has named', () => {
  it.each([
    ['OpenSSL OpenSSL', ['kev CVE-2026-31337 awaiting-vendor openssl']],
    ['Linux Kernel', ['kev CVE-2026-31337 awaiting-vendor kernel']],
    ['Apache Struts', []],
    ['Microsoft Windows', []],
  ])('%s is awaited where it is installed', (product, expected) => {
    const installed = [
      { name: 'openssl', arch: 'x86_64', version: '3' },
      { name: 'kernel', arch: 'x86_64', version: '6.1.1-1' },
      { name: 'kernel-tools', arch: 'x86_64', version: '6.1.1-1' },
    ];
    expect(words(look({ installed }, { listed: [listed(product)] }))).toEqual(expected);
  });

  it('is Windows itself on Windows', () => {
    const windows = { platform: 'windows-2022-x86_64', installed: [{ name: 'KB5008882', arch: '', version: '' }] };
    expect(words(look(windows, { listed: [listed('Microsoft Windows Kernel')] }))).toEqual(['kev CVE-2026-31337 awaiting-vendor Windows']);
    expect(words(look(windows, { listed: [listed('OpenSSL OpenSSL')] }))).toEqual([]);
  });

  it('is left to the vendor once it has spoken of this release, even to say that all is fixed', () => {
    const advisories = [alas('ALAS2023-2026-1', { cves: ['CVE-2026-31337'], fixed: '1:3.0.8-1.amzn2023.0.3' })];
    expect(words(look({}, { advisories, listed: [listed('OpenSSL OpenSSL')] }))).toEqual([]);
  });

  it('is forgotten after a while, and old CVEs are not asked for: nobody publishes that a release was never affected', () => {
    const late = NOW + AWAIT_DAYS * 86_400_000;
    expect(words(look({}, { listed: [listed('OpenSSL OpenSSL')], now: late }))).toEqual([]);
    expect(words(look({}, { listed: [listed('OpenSSL OpenSSL', { cve: 'CVE-2014-0160' })] }))).toEqual([]);
  });
});

describe('what people announce', () => {
  it("concerns packages by their name or their source's, on the platforms that are named", () => {
    const installed = [{ name: 'openssl-libs', arch: 'x86_64', version: '3', source: 'openssl' }];
    expect(words(look({ installed }, { own: [own()] }))).toEqual(['person CVE-2026-31337 awaiting-vendor openssl-libs']);
    expect(words(look({ installed }, { own: [own({ platforms: ['amazon-linux'] })] }))).toHaveLength(1);
    expect(words(look({ installed }, { own: [own({ platforms: ['amazon-linux-2'] })] }))).toEqual([]);
    expect(words(look({ installed }, { own: [own({ packages: ['curl'] })] }))).toEqual([]);
  });

  it('is one entry where CISA lists the same, and none where the vendor has spoken or it was withdrawn', () => {
    expect(words(look({}, { own: [own()], listed: [listed('OpenSSL OpenSSL')] }))).toEqual(['person CVE-2026-31337 awaiting-vendor openssl']);
    expect(words(look({}, { own: [own()], advisories: [alas('ALAS2023-2026-1', { cves: ['CVE-2026-31337'] })] }))).toEqual([
      'alas ALAS2023-2026-1 exposed openssl',
    ]);
    expect(words(look({}, { own: [own({ withdrawn: iso(0) })] }))).toEqual([]);
  });

  it('is read from a command line with every problem at once', () => {
    expect(
      readOwnAdvisory(
        {
          cve: 'CVE-2026-31337',
          packages: 'openssl, openssl-libs,openssl',
          platform: 'ubuntu-24.04',
          severity: 'critical',
          why: ' all over the news ',
        },
        iso(0),
      ),
    ).toEqual({
      advisory: {
        cve: 'CVE-2026-31337',
        packages: ['openssl', 'openssl-libs'],
        platforms: ['ubuntu-24.04'],
        title: 'all over the news',
        severity: 'critical',
        added: iso(0),
      },
    });
    expect(readOwnAdvisory({ cve: '31337', packages: 'a/b', platform: 'Ubuntu', severity: 'high', why: ' ' }, iso(0))).toEqual({
      problems: [
        '"31337" is no CVE: expected one such as CVE-2026-31337',
        '--packages: "a/b" is no name of a package',
        '--platform: "Ubuntu" is none: expected one of amazon-linux, ubuntu, debian, rhel, rocky, almalinux, oracle-linux, centos, sles, opensuse-leap, windows, alone or with a release, such as ubuntu-24.04',
        '--severity: "high" must be one of critical, important, moderate, low, unrated',
        '--why is empty: the record must say why',
      ],
    });
  });
});

describe('a list of packages after a rollout', () => {
  const before: FleetFacts = facts({
    kernel: '6.1.94-99.176.amzn2023.x86_64',
    installed: [
      { name: 'kernel', arch: 'x86_64', version: '6.1.94-99.176.amzn2023' },
      { name: 'openssl', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3' },
      { name: 'openssl-libs', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3', source: 'openssl' },
      { name: 'odd', arch: 'x86_64', version: '2-1', source: 'odd-src', sourceVersion: '1-1' },
    ],
  });
  const openssl = { name: 'openssl', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.5' };
  const versions = ({ installed }: FleetFacts): string[] => installed.map((item) => `${item.name} ${item.version}`);

  it('has the new version instead of the old one, and is offered it no more', () => {
    const after = factsAfter(before, [openssl, { ...openssl, name: 'openssl-libs' }], false);
    expect(versions(after)).toEqual([
      'kernel 6.1.94-99.176.amzn2023',
      'odd 2-1',
      'openssl 1:3.0.8-1.amzn2023.0.5',
      'openssl-libs 1:3.0.8-1.amzn2023.0.5',
    ]);
    expect(after.installed.at(-1)).toMatchObject({ source: 'openssl' });
    expect(after.available.map((update) => update.name)).toEqual(['bash-completion']);
    expect(after.kernel).toBe(before.kernel);
  });

  it('keeps the old kernel beside the new one, and does not know which runs after a reboot', () => {
    const after = factsAfter(before, [{ name: 'kernel', arch: 'x86_64', version: '6.1.112-122.189.amzn2023' }], true);
    expect(versions(after).slice(0, 2)).toEqual(['kernel 6.1.112-122.189.amzn2023', 'kernel 6.1.94-99.176.amzn2023']);
    expect(after).not.toHaveProperty('kernel');
  });

  it("leaves out what can't be told: a package whose source has a version of its own", () => {
    expect(versions(factsAfter(before, [{ name: 'odd', arch: 'x86_64', version: '3-1' }], false))).toContain('odd 2-1');
  });

  it('is the same again when the same changes come again, and takes in new packages and KBs', () => {
    const once = factsAfter(before, [openssl, { name: 'libnew', arch: 'x86_64', version: '1.0-1.amzn2023' }], false);
    expect(factsAfter(once, [openssl, { name: 'libnew', arch: 'x86_64', version: '1.0-1.amzn2023' }], false)).toEqual(once);
    expect(versions(once)).toContain('libnew 1.0-1.amzn2023');
    expect(once.dependencies).toEqual([]);
    const windows = facts({
      platform: 'windows-2022-x86_64',
      installed: [],
      available: [{ name: 'KB5077470', arch: '', version: '', kind: 'security', severity: 'critical', advisories: [] }],
    });
    const patched = factsAfter(windows, [{ name: 'KB5077470', arch: '', version: '' }], true);
    expect(patched).toMatchObject({ installed: [{ name: 'KB5077470' }], available: [] });
  });

  it('is believed only of nodes that were looked at after the install', () => {
    expect(
      (
        [
          'patched',
          'already-proven',
          'ahead',
          'restart-pending',
          'reboot-pending',
          'failed',
          'unknown',
          'unreachable',
          'skipped',
          'rolled-back',
        ] as const
      ).filter(isVerified),
    ).toEqual(['patched', 'already-proven', 'ahead', 'restart-pending', 'reboot-pending']);
  });
});

describe('nodes whose lists name no sources', () => {
  const debian = (installed: string[], more: Known = {}, stock = true): FoundHere => {
    const { advisories = [], own: people = [], now = NOW } = more;
    const list = node('debian-12', installed, stock ? { certainty: 'probable' } : {});
    return lookAt(list, [], worldOf(createMatcher({ advisories }), advisories, { own: people, intelligence: NOTHING_KNOWN, now }));
  };
  const dsa = written({ id: 'DSA-5001-1', source: 'dsa', on: 'debian-12', rows: [{ package: 'openssl', kind: 'source', fixedVersion: '9' }] });

  it('say of how many advisories nobody can tell whether they concern them, what people announced among them', () => {
    const people = [own({ packages: ['glibc'] })];
    expect(debian(['libssl3 1'], { advisories: [dsa], own: people })).toMatchObject({ found: [], untold: 2 });
    expect(debian(['libssl3 1'], { own: [own({ packages: ['glibc', 'libssl3'] })] }).untold).toBeUndefined();
    expect(debian(['libssl3 1'], { own: [own({ packages: ['glibc'], platforms: ['ubuntu'] })] }).untold).toBeUndefined();
    expect(debian(['openssl 1'], { advisories: [dsa] }).untold).toBeUndefined();
    expect(debian(['libssl3 1'], { advisories: [dsa], own: people }, false).untold).toBeUndefined();
  });
});
