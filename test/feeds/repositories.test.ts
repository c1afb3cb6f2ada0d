import { gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { NamedRepository, repositoryFeed } from '../../lambdas/feeds/repositories.ts';
import { all, failure, many, packed, pull, reference, repomd, rpm, update } from './site.ts';
import type { Files } from './site.ts';

const BASE = 'https://packages.example.org/epel/9/';
const epel = repositoryFeed({ name: 'epel-9', url: BASE, os: 'rhel', release: '9' });

function site(bytes: Buffer, base = BASE): Files {
  return { [`${base}repodata/repomd.xml`]: repomd(bytes), [`${base}repodata/updateinfo.xml.gz`]: bytes };
}

async function read(body: string): Promise<Advisory[]> {
  const { pulled } = await pull(epel, site(gzipSync(`<updates>${body}</updates>`)));
  return pulled.kind === 'advisories' ? all(pulled.advisories) : [];
}

describe('a repository that a user names', () => {
  it('is a feed of that name, for that platform, from that host only', () => {
    expect(epel).toMatchObject({ name: 'repo-epel-9', source: 'repo-epel-9', hosts: ['packages.example.org'], platforms: ['rhel-9-'] });
  });

  it('is read from its base address, with ids as they are', async () => {
    const visit = await pull(epel, site(packed(update({ id: 'FEDORA-EPEL-2026-0a1b2c3d4e', packages: rpm('chromium', '0:120-1.el9') }))));
    expect(visit.asked).toEqual([`${BASE}repodata/repomd.xml`, `${BASE}repodata/updateinfo.xml.gz`]);
    const [advisory] = visit.pulled.kind === 'advisories' ? await all(visit.pulled.advisories) : [];
    expect(advisory).toMatchObject({
      id: 'FEDORA-EPEL-2026-0a1b2c3d4e',
      source: 'repo-epel-9',
      affected: [{ os: 'rhel', release: '9', package: 'chromium' }],
      references: [],
    });
  });

  it('may have its mirrors in a list on the same host', async () => {
    const list = 'https://packages.example.org/epel/mirrors.list';
    const feed = repositoryFeed({ name: 'team', url: list, os: 'rhel', release: '9' });
    const files = { ...site(packed(...many(1))), [list]: `https://elsewhere.example/\n${BASE}\n` };
    expect((await pull(feed, files)).pulled.kind).toBe('advisories');
    expect((await failure(feed, { ...files, [list]: 'https://elsewhere.example/\n' })).code).toBe('bad-mirror-list');
  });

  it.each([
    { url: 'http://packages.example.org/epel/' },
    { url: 'https://packages.example.org:8443/epel/' },
    { url: 'https://user@packages.example.org/epel/' },
    { url: 'https://packages.example.org/a b' },
    { url: 'file:///etc/' },
    { name: 'a/b' },
    { name: '' },
    { os: 'RHEL' },
  ])('is refused with %j', (wrong) => {
    const named = { name: 'epel-9', url: BASE, os: 'rhel', release: '9', ...wrong };
    expect(NamedRepository.safeParse(named).success).toBe(false);
    expect(() => repositoryFeed(named)).toThrow(/"path"/);
  });
});

describe('what tools write into updateinfo', () => {
  it.each([
    ['<issued date="2026-02-17"/>', '2026-02-17T00:00:00.000Z'],
    ['<issued date="2026-02-17 20:41"/>', '2026-02-17T20:41:00.000Z'],
    ['<issued date="2026-02-17 20:41:05 UTC"/>', '2026-02-17T20:41:05.000Z'],
    ['<issued date="2026-02-17T20:41:05Z"/>', '2026-02-17T20:41:05.000Z'],
    ['<issued date="1771360865"/>', '2026-02-17T20:41:05.000Z'],
    ['<issued>2026-02-17 20:41:05</issued>', '2026-02-17T20:41:05.000Z'],
  ])('the date %s', async (issued, published) => {
    expect((await read(`<update type="security"><id>X-2026-1</id>${issued}</update>`))[0]?.published).toBe(published);
  });

  it.each([
    ['True', true],
    ['1', true],
    ['', true],
    ['False', undefined],
    ['0', undefined],
  ])('a reboot that is suggested with %j', async (text, expected) => {
    const packages = rpm().replace('</package>', `<reboot_suggested>${text}</reboot_suggested></package>`);
    expect((await read(update({ id: 'X-2026-1', packages })))[0]?.rebootSuggested).toBe(expected);
    const outside = `<id>X-2026-1</id><issued date="2026-02-17"/><reboot_suggested>${text}</reboot_suggested>`;
    expect((await read(`<update>${outside}</update>`))[0]?.rebootSuggested).toBe(expected);
  });

  it('no word on reboots as none', async () => {
    expect((await read(update({ id: 'X-2026-1' })))[0]).not.toHaveProperty('rebootSuggested');
  });

  it.each([
    ['recommended', 'bugfix'],
    ['newpackage', 'other'],
    ['', 'other'],
  ])('the type %j as %s', async (type, kind) => {
    expect((await read(update({ id: 'X-2026-1', type })))[0]?.kind).toBe(kind);
  });

  it.each([
    ['High', 'important'],
    ['Negligible', 'low'],
    ['None', 'unrated'],
  ])('the severity %s as %s', async (severity, expected) => {
    expect((await read(update({ id: 'X-2026-1', severity })))[0]?.severity).toBe(expected);
  });

  it('builds for other channels beside the plain ones', async () => {
    const apart = [rpm('gnutls', '0:3.6-8_fips'), rpm('glibc', '2:2.28-1.ksplice1'), rpm('kernel-livepatch-6.1-1', '0:1.0-1')];
    const [advisory] = await read(update({ id: 'X-2026-1', packages: [...apart, rpm('gnutls', '0:3.6-8')].join('') }));
    expect(advisory?.affected.map((row) => row.channel)).toEqual(['fips', 'ksplice', 'livepatch', undefined]);
  });

  it('an update without packages, and one without CVEs', async () => {
    const references = reference('1995162', 'bugzilla', 'https://bugs.example/1');
    const [advisory] = await read(update({ id: 'X-2026-1', packages: '', references }));
    expect(advisory).toMatchObject({ cves: [], affected: [], references: ['https://bugs.example/1'] });
  });
});

describe('compression', () => {
  /** `zstd` of the empty list of updates. */
  const text = '<updates></updates>';
  const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length, 1 | (text.length << 3), 0, 0]), Buffer.from(text)]);

  it('by zstd is read where Node can, and is refused in plain words where it cannot', async () => {
    const can = 'createZstdDecompress' in zlib;
    const error = await failure(epel, site(frame));
    expect(error.code).toBe(can ? 'empty' : 'bad-compression');
    expect(error.message).toMatch(can ? /holds no record/ : /zstd; Node reads that from 22\.15 on and is \d+\./);
  });

  it('by nothing at all is fine', async () => {
    expect((await pull(epel, site(Buffer.from(`<updates>${many(2).join('')}</updates>`)))).pulled.health.records).toBe(2);
  });
});
