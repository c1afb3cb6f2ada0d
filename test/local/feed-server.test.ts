import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { Feed, Pulled } from '../../lambdas/feeds/feed.ts';
import { createFetch } from '../../lambdas/feeds/fetch.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { createFeedServer } from '../../local/feeds/server.ts';
import type { FeedServer } from '../../local/feeds/server.ts';

const DEMO = join(import.meta.dirname, '../../demo/feeds');
const MIRROR_LIST = '/cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list';
const KEV = '/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json';
const UPDATEINFO = '<?xml version="1.0"?><updates><update><pkglist><collection short="amazon-linux-2023"></collection></pkglist></update></updates>';
const CATALOGUE = '{"catalogVersion": "2026.11.19", "count": 0, "vulnerabilities": []}';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

function folder(files: Record<string, string | Buffer>): string {
  const directory = mkdtempSync(join(tmpdir(), 'wavelock-feeds-'));
  undo.push(() => rmSync(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

async function serve(directory: string): Promise<FeedServer> {
  const server = await createFeedServer(directory);
  undo.push(() => server.close());
  return server;
}

/** A zip of one deflated file: local header, entry, end (APPNOTE.TXT 4.3). Checksums are left at 0, which readers of ours don't look at. */
function zipOf(content: string): Buffer {
  const [name, packed, size] = [Buffer.from('x.json'), deflateRawSync(content), Buffer.byteLength(content)];
  const sizes = [0, packed.length, size];
  const u16 = (...values: number[]): Buffer => Buffer.from(new Uint16Array(values).buffer);
  const u32 = (...values: number[]): Buffer => Buffer.from(new Uint32Array(values).buffer);
  const local = Buffer.concat([u32(0x04034b50), u16(20, 0, 8, 0, 0), u32(...sizes), u16(name.length, 0), name, packed]);
  const entry = Buffer.concat([u32(0x02014b50), u16(20, 20, 0, 8, 0, 0), u32(...sizes), u16(name.length, 0, 0, 0, 0), u32(0, 0), name]);
  return Buffer.concat([local, entry, u32(0x06054b50), u16(0, 0, 1, 1), u32(entry.length, local.length), u16(0)]);
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

function ask(server: FeedServer, path: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(`${server.url}${path}`, { ...options, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    })
      .on('error', reject)
      .end();
  });
}

async function pull(feed: Feed | undefined, server: FeedServer, cursor?: string): Promise<Pulled> {
  if (!feed) throw new Error('no such feed');
  return feed.pull({
    cursor,
    now: Date.parse('2026-11-23T06:00:00Z'),
    fetch: createFetch({ hosts: feed.hosts, baseUrls: server.baseUrls, userAgent: 'test' }),
    archive: (bytes) => Promise.resolve({ key: 'k', sha256: createHash('sha256').update(bytes).digest('hex') }),
  });
}

const byName = (name: string): Feed | undefined => feeds.find((feed) => feed.name === name);

describe('the feed server', () => {
  it("serves a folder that is laid out by host as the vendors' sites would", async () => {
    const server = await serve(
      folder({
        [MIRROR_LIST.slice(1)]: 'https://cdn.amazonlinux.com/x/\n',
        [KEV.slice(1)]: CATALOGUE,
        'cdn.amazonlinux.com/x/a.xml.gz': 'z',
      }),
    );
    expect(String((await ask(server, MIRROR_LIST)).body)).toBe('https://cdn.amazonlinux.com/x/\n');
    const kev = await ask(server, KEV);
    expect([kev.status, kev.headers['content-type'], String(kev.body)]).toEqual([200, 'application/json', CATALOGUE]);
    expect((await ask(server, '/cdn.amazonlinux.com/x/a.xml.gz?x=1')).headers['content-type']).toBe('application/gzip');
    expect(server.ignored()).toEqual([]);
  });

  it('answers 304 to its own ETag, 404 to what is not there, 405 to what changes things, and HEAD without a body', async () => {
    const server = await serve(folder({ [KEV.slice(1)]: CATALOGUE }));
    const etag = String((await ask(server, KEV)).headers['etag']);
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(await ask(server, KEV, { headers: { 'if-none-match': `"x", W/${etag}` } })).toMatchObject({
      status: 304,
      body: Buffer.alloc(0),
    });
    expect((await ask(server, KEV, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
    expect((await ask(server, '/www.cisa.gov/')).status).toBe(404);
    expect((await ask(server, KEV, { method: 'POST' })).status).toBe(405);
    expect(await ask(server, KEV, { method: 'HEAD' })).toMatchObject({ status: 200, headers: { etag }, body: Buffer.alloc(0) });
    expect(server.requests().map((item) => `${item.method} ${item.status}`)).toEqual([
      'GET 200',
      'GET 304',
      'GET 200',
      'GET 404',
      'POST 405',
      'HEAD 200',
    ]);
    expect(server.requests()[0]?.path).toBe(KEV);
  });

  it.each([
    '/../secret',
    '/www.cisa.gov/../../secret',
    '/www.cisa.gov/%2e%2e/%2e%2e/secret',
    '/www.cisa.gov%2f..%2fsecret',
    '/%',
    '//etc/passwd',
    '/secret',
    '/.git/config',
  ])('shows nothing beside its hosts: %s', async (path) => {
    const server = await serve(folder({ [KEV.slice(1)]: CATALOGUE, secret: 'x', '.git/config': 'x' }));
    expect((await ask(server, path)).status).toBe(404);
  });

  it('makes the repository around a single updateinfo, so that checksums hold', async () => {
    const server = await serve(folder({ 'any-name.xml': UPDATEINFO, 'kev.json': CATALOGUE }));
    const base = String((await ask(server, MIRROR_LIST)).body)
      .trim()
      .replace('https://', '/');
    const repomd = String((await ask(server, `${base}repodata/repomd.xml`)).body);
    const updateinfo = (await ask(server, `${base}repodata/updateinfo.xml.gz`)).body;
    expect(String(gunzipSync(updateinfo))).toBe(UPDATEINFO);
    expect(repomd).toContain(`<checksum type="sha256">${createHash('sha256').update(updateinfo).digest('hex')}</checksum>`);
    expect(repomd).toContain(`<open-checksum type="sha256">${createHash('sha256').update(UPDATEINFO).digest('hex')}</open-checksum>`);
    expect(String((await ask(server, KEV)).body)).toBe(CATALOGUE);
  });

  it("serves gzipped updateinfo as it is, and the vendor's own repomd.xml where that is at hand", async () => {
    const location = '<location href="repodata/77-updateinfo.xml.gz"/>';
    const repomd = `<repomd><data type="updateinfo"><checksum type="sha256">0</checksum>${location}</data></repomd>`;
    const packed = gzipSync(UPDATEINFO, { level: 1 });
    const server = await serve(folder({ 'updateinfo.xml.gz': packed, 'repomd.xml': repomd }));
    const base = String((await ask(server, MIRROR_LIST)).body)
      .trim()
      .replace('https://', '/');
    expect(String((await ask(server, `${base}repodata/repomd.xml`)).body)).toBe(repomd);
    expect((await ask(server, `${base}repodata/77-updateinfo.xml.gz`)).body).toEqual(packed);
  });

  it('says which files it cannot place, and why', async () => {
    const other = UPDATEINFO.replace('amazon-linux-2023', 'fedora-43');
    const server = await serve(
      folder({
        'a.xml': UPDATEINFO,
        'b.xml': UPDATEINFO,
        'c.xml': other,
        'd.json': '{}',
        'e.xml.gz': Buffer.from([0x1f, 0x8b, 0]),
        'README.md': '# x',
        '.DS_Store': 'x',
        '.git/config': 'x',
        'f.json': '{"id": ',
        'g.zip': Buffer.from('PK\u0003\u0004 and no more'),
        'old/x.xml': UPDATEINFO,
      }),
    );
    expect(server.ignored()).toEqual([
      { file: 'b.xml', why: 'there is another updateinfo for the same repository' },
      { file: 'c.xml', why: 'its collection belongs to no repository that Wavelock reads by itself' },
      { file: 'd.json', why: expect.stringMatching(/^neither updateinfo, .* nor the news/) },
      { file: 'e.xml.gz', why: 'its compression is damaged, or it is cut off' },
      { file: 'f.json', why: 'is no JSON, or cut off' },
      { file: 'g.zip', why: 'is no zip that can be read' },
      { file: 'old/x.xml', why: 'there is another updateinfo for the same repository' },
    ]);
  });

  it('is the bucket of OSV around records, one a file, in a list or in a zip, the newest first', async () => {
    const record = (id: string, ecosystem: string, modified: string) => ({
      schema_version: '1.7.0',
      id,
      modified,
      affected: [{ package: { ecosystem, name: 'curl' } }],
    });
    const one = JSON.stringify(record('USN-1-1', 'Ubuntu:24.04:LTS', '2026-11-01T00:00:00Z'), null, 2);
    const server = await serve(
      folder({
        'a.json': one,
        'b/c.json': JSON.stringify([
          record('USN-2-1', 'Ubuntu:22.04:LTS', '2026-11-02T00:00:00Z'),
          record('RHSA-2026:1', 'Red Hat:enterprise_linux:9::baseos', '2026-11-03T00:00:00Z'),
        ]),
        'all.zip': zipOf(JSON.stringify(record('SUSE-SU-2026:1-1', 'SUSE:Linux Enterprise Server 15 SP5', '2026-11-04T00:00:00Z'))),
        'none.json': JSON.stringify({ schema_version: '1.7.0', id: 'DSA-1-1', modified: '2026-11-05T00:00:00Z' }),
      }),
    );
    expect(server.ignored()).toEqual([]);
    const bucket = '/osv-vulnerabilities.storage.googleapis.com';
    const list = async (ecosystem: string) => String((await ask(server, `${bucket}/${ecosystem}/modified_id.csv`)).body);
    expect(await list('Ubuntu')).toBe('2026-11-02T00:00:00Z,USN-2-1\n2026-11-01T00:00:00Z,USN-1-1\n');
    expect(await list('Red%20Hat')).toBe('2026-11-03T00:00:00Z,RHSA-2026:1\n');
    expect(await list('SUSE')).toBe('2026-11-04T00:00:00Z,SUSE-SU-2026:1-1\n');
    expect(await list('openSUSE')).toBe('');
    expect(await list('Debian')).toBe('2026-11-05T00:00:00Z,DSA-1-1\n');
    expect(String((await ask(server, `${bucket}/Ubuntu/USN-1-1.json`)).body)).toBe(one);
    expect((await ask(server, `${bucket}/AlmaLinux/modified_id.csv`)).status).toBe(404);
  });

  it("makes what Amazon's extras, Oracle and Microsoft have around their files", async () => {
    const extras = UPDATEINFO.replace('amazon-linux-2023', 'amazon-linux-2---docker');
    const oracle =
      '<updates><update from="el-errata@oss.oracle.com"><id>ELSA-2026-1</id><pkglist><collection short="ol9"><package release="1.el9_4"/></collection></pkglist></update></updates>';
    const month = {
      DocumentTracking: { Identification: { ID: { Value: '2026-Nov' } }, CurrentReleaseDate: '2026-11-10T08:00:00Z' },
      ProductTree: {},
      Vulnerability: [],
    };
    const server = await serve(folder({ 'a.xml': extras, 'b.xml': oracle, 'c.json': JSON.stringify(month) }));
    expect(server.ignored()).toEqual([]);
    expect(JSON.parse(String((await ask(server, '/cdn.amazonlinux.com/2/extras-catalog.json')).body))).toEqual({ topics: [{ n: 'docker' }] });
    expect((await ask(server, '/cdn.amazonlinux.com/2/extras/docker/latest/x86_64/mirror.list')).status).toBe(200);
    const oracleAt = (path: string) => ask(server, `/yum.oracle.com/repo/OracleLinux/OL9/${path}/repodata/updateinfo.xml.gz`);
    expect(String(gunzipSync((await oracleAt('baseos/latest/x86_64')).body))).toBe(oracle);
    expect(String(gunzipSync((await oracleAt('UEKR7/aarch64')).body))).toContain('<updates></updates>');
    const updates = JSON.parse(String((await ask(server, '/api.msrc.microsoft.com/cvrf/v3.0/updates')).body)) as unknown;
    expect(updates).toMatchObject({ value: [{ ID: '2026-Nov', CurrentReleaseDate: '2026-11-10T08:00:00Z' }] });
    expect((await ask(server, '/api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Nov')).status).toBe(200);
  });

  it('sees files that come and change while it runs', async () => {
    const directory = folder({});
    const server = await serve(directory);
    expect((await ask(server, KEV)).status).toBe(404);
    writeFileSync(join(directory, 'kev.json'), CATALOGUE);
    const before = await ask(server, KEV);
    writeFileSync(join(directory, 'kev.json'), CATALOGUE.replace('11.19', '11.20.1'));
    const after = await ask(server, KEV);
    expect([before.status, after.status]).toEqual([200, 200]);
    expect(after.headers['etag']).not.toBe(before.headers['etag']);
  });

  it('answers as a busy site when its folder is gone, and refuses to start without one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wavelock-feeds-'));
    const server = await serve(directory);
    rmSync(directory, { recursive: true });
    expect((await ask(server, KEV)).status).toBe(500);
    await expect(createFeedServer(directory)).rejects.toThrow('ENOENT');
  });
});

/** What the demo's nodes have installed before and after its rollout. */
const INSTALLED: [name: string, before: string, after: string][] = [
  ['openssl', '1:3.0.8-1.amzn2023.0.3', '1:3.0.8-1.amzn2023.0.5'],
  ['openssl-libs', '1:3.0.8-1.amzn2023.0.3', '1:3.0.8-1.amzn2023.0.5'],
  ['curl', '8.3.0-1.amzn2023.0.2', '8.5.0-1.amzn2023.0.4'],
  ['libcurl', '8.3.0-1.amzn2023.0.2', '8.5.0-1.amzn2023.0.4'],
  ['kernel', '6.1.94-99.176.amzn2023', '6.1.112-122.189.amzn2023'],
  ['glibc', '2.34-52.amzn2023.0.8', '2.34-52.amzn2023.0.11'],
  ['sudo', '1.9.14-1.p3.amzn2023.0.1', '1.9.15-1.p5.amzn2023.0.1'],
  ['expat', '2.5.0-1.amzn2023.0.3', '2.5.0-1.amzn2023.0.4'],
  ['nginx', '1:1.24.0-1.amzn2023.0.3', '1:1.24.0-1.amzn2023.0.4'],
  ['vim-minimal', '2:9.0.2153-1.amzn2023.0.1', '2:9.1.404-1.amzn2023.0.1'],
  ['python3', '3.9.16-1.amzn2023.0.8', '3.9.16-1.amzn2023.0.9'],
  ['python3-libs', '3.9.16-1.amzn2023.0.8', '3.9.16-1.amzn2023.0.9'],
  ['systemd', '252.16-1.amzn2023.0.2', '252.23-2.amzn2023'],
  ['systemd-libs', '252.16-1.amzn2023.0.2', '252.23-2.amzn2023'],
  ['bash-completion', '2.11-2.amzn2023.0.2', '2.11-3.amzn2023'],
];

async function demoAdvisories(server: FeedServer): Promise<Advisory[]> {
  const pulled = await pull(byName('amazon-linux-2023'), server);
  expect(pulled.health).toMatchObject({ records: 40, skipped: 0, stale: false });
  const advisories: Advisory[] = [];
  if (pulled.kind === 'advisories') for await (const advisory of pulled.advisories) advisories.push(advisory);
  return advisories;
}

/** What concerns Amazon Linux 2023, Ubuntu 24.04, RHEL 9 and Windows Server 2022. */
const DEMO_FEEDS = [
  'amazon-linux-2023',
  'amazon-linux-2023-livepatch',
  'alas-rss',
  'osv-ubuntu',
  'osv-red-hat',
  'msrc',
  'cisa-kev',
  'epss',
  'end-of-life',
];

describe("the demo's folder", () => {
  it('has every feed of the fleet, read through its whole chain, and the second time nothing has changed', async () => {
    const server = await serve(DEMO);
    expect(server.ignored()).toEqual([]);
    for (const name of DEMO_FEEDS) {
      const { cursor, kind, health } = await pull(byName(name), server);
      expect([name, kind, health.skipped, health.problems]).toEqual([name, expect.not.stringMatching('unchanged'), 0, []]);
      expect((await pull(byName(name), server, cursor)).kind).toBe('unchanged');
    }
    expect(server.requests().filter(({ status }) => status !== 200 && status !== 304)).toEqual([]);
    const asked = server.requests().filter(({ path }) => path.startsWith('/cdn.amazonlinux.com/al2023/core/') || path === KEV);
    expect(asked.map((item) => `${item.status} ${item.path.split('/').at(-1)}`)).toEqual([
      '200 mirror.list',
      '200 repomd.xml',
      '200 updateinfo.xml.gz',
      '200 mirror.list',
      '200 repomd.xml',
      '200 known_exploited_vulnerabilities.json',
      '304 known_exploited_vulnerabilities.json',
    ]);
  });

  it("exposes every package of the demo's nodes before the rollout and none after it", async () => {
    const advisories = await demoAdvisories(await serve(DEMO));
    const match = createMatcher({ advisories });
    for (const arch of ['x86_64', 'aarch64']) {
      const states = (version: 1 | 2) => {
        const installed = INSTALLED.map((item) => ({
          name: item[0],
          arch: item[0] === 'bash-completion' ? 'noarch' : arch,
          version: item[version],
        }));
        return match({ platform: `amazon-linux-2023-${arch}`, certainty: 'exact', installed }, 'all');
      };
      const exposed = new Set(states(1).flatMap((item) => (item.state === 'exposed' ? [item.package] : [])));
      expect([...exposed].toSorted()).toEqual(INSTALLED.map(([name]) => name).toSorted());
      expect(states(2).filter((item) => item.state !== 'fixed')).toEqual([]);
    }
  });

  it('offers exactly the newest fixes as the updates of its nodes', async () => {
    const advisories = await demoAdvisories(await serve(DEMO));
    for (const [name, , after] of INSTALLED) {
      const fixes = advisories.flatMap((advisory) => advisory.affected.filter((row) => row.package === name).map((row) => row.fixedVersion));
      expect(fixes).toContain(after);
    }
  });

  it('knows two of its CVEs as exploited', async () => {
    const server = await serve(DEMO);
    const cves = new Set((await demoAdvisories(server)).flatMap((advisory) => advisory.cves));
    const pulled = await pull(byName('cisa-kev'), server);
    const both: string[] = [];
    if (pulled.kind === 'exploited') for await (const item of pulled.exploited) if (cves.has(item.cve)) both.push(item.cve);
    expect(pulled.health).toMatchObject({ records: 12, stale: false });
    expect(both).toEqual(['CVE-2025-32463', 'CVE-2023-44487']);
  });
});
