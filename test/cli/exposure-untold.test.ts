import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { offlineExposure } from '../../cli/exposure/offline.ts';
import { packed, reference, rpm, update } from '../feeds/site.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wavelock-untold-'));
  mkdirSync(join(home, 'feeds'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

function write(name: string, content: unknown): string {
  const path = join(home, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.isBuffer(content) || typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What the command prints and answers about these inventories; the test's own folder is left out. */
async function look(inventory: string[], json = true): Promise<{ status: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (said.out += String(text)) !== '');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (said.err += String(text)) !== '');
  const status = await offlineExposure({ inventory, feeds: join(home, 'feeds'), json, platform: 'AL2023', now: '2026-11-23T06:00:00Z' });
  vi.restoreAllMocks();
  return { status, out: said.out.replaceAll(/\s+/g, ' ').trim(), err: said.err.replaceAll(`${home}/`, '') };
}

const list = (TypeName: string, ...Entries: object[]) => ({ TypeName, Entries });
const deb = (Name: string, Version: string) => ({ Name, Version, Architecture: 'amd64', PackageId: `${Name}_${Version}_amd64.deb` });
const own = (name: string, source: string) => ({ package: name, version: '1-1', arch: 'amd64', status: 'installed', source, sourceVersion: '1-1' });

function debian(id: string, ...inventories: object[]): string {
  return write(`${id}.json`, { node: { id, platformName: 'Debian GNU/Linux', platformVersion: '12', arch: 'x86_64' }, inventories });
}

function dsa(number: number, name: string): void {
  const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2-1' }] }];
  const affected = [{ package: { ecosystem: 'Debian:12', name }, ranges }];
  const dates = { modified: '2026-11-01T00:00:00Z', published: '2026-11-01T00:00:00Z' };
  write(`feeds/dsa-${number}.json`, { id: `DSA-${number}-1`, ...dates, upstream: ['CVE-2026-0001'], affected });
}

function catalogue(catalogVersion = '2026.11.20'): void {
  const entry = { cveID: 'CVE-2020-0001', vendorProject: 'X', product: 'X', dateAdded: '2026-11-18', dueDate: '2026-12-09' };
  const words = { vulnerabilityName: 'x', shortDescription: 'x', requiredAction: 'x', knownRansomwareCampaignUse: 'Unknown', notes: '' };
  const vulnerabilities = [{ ...entry, ...words }];
  write('feeds/kev.json', { title: 'CISA', catalogVersion, dateReleased: '2026-11-20T12:00:00Z', count: 1, vulnerabilities });
}

describe('a list that names no source packages', () => {
  beforeEach(() => {
    catalogue();
    dsa(5001, 'openssl');
    dsa(5002, 'glibc');
    dsa(5003, 'sudo');
  });

  it('is said to be one, once a release, beside the rows of what could be told', async () => {
    const stock = [debian('d-1', list('AWS:Application', deb('libssl3', '1-1'))), debian('d-2', list('AWS:Application', deb('sudo', '1-1')))];
    const { status, out, err } = await look(stock);
    expect(JSON.parse(out)).toMatchObject([{ node: 'd-2', package: 'sudo', state: 'probable' }]);
    expect([status, err.split('\n').filter((line) => line.includes('nobody can tell'))]).toEqual([0, [expect.stringContaining('debian-12')]]);
    expect(err).toContain('up to 3 advisories name source packages only');
    expect(err).toContain('d-1, d-2');
    expect(err).toContain('Custom:DpkgSource');
  });

  it('never looks clear in the table', async () => {
    const { out } = await look([debian('d-1', list('AWS:Application', deb('libssl3', '1-1')))], false);
    expect(out).toContain('No exposure on d-1 that these advisories know of, as far as can be told');
    expect(out).toContain('3 advisories name source packages only, and its list names none: whether they concern it, nobody can tell');
  });

  it('is nothing to a node that names them', async () => {
    const { out, err } = await look([debian('d-1', list('Custom:DpkgSource', own('libssl3', 'openssl')))]);
    expect([JSON.parse(out), err]).toMatchObject([[{ package: 'libssl3', state: 'exposed' }], '']);
  });
});

const openssl = { Name: 'openssl', Version: '3.0.8', Release: '1', Epoch: '1', Architecture: 'x86_64', PackageId: 'openssl-3.0.8-1.src.rpm' };
const web = (): string => write('web.json', list('AWS:Application', openssl));
const alas = (id = 'ALAS2023-2026-931', more: object = {}): Buffer =>
  packed(update({ id, packages: rpm('openssl', '1:3.0.8-5'), references: reference('CVE-2026-0001'), ...more }));

describe('a folder without CISA’s catalogue', () => {
  it('says that nobody knows what is exploited', async () => {
    write('feeds/updateinfo.xml.gz', alas());
    const { out, err } = await look([web()]);
    expect(JSON.parse(out)).toMatchObject([{ package: 'openssl', kev: false }]);
    expect(err).toBe(
      'feeds: holds no catalogue of what is known to be exploited (CISA’s, known_exploited_vulnerabilities.json): "kev": false means that it is not known\n',
    );
    const table = await look([web()], false);
    expect(table.out).toContain('1 advisory, of which nobody knows whether it is exploited, concerns 1 package');
    catalogue();
    expect(await look([web()])).toMatchObject({ err: '' });
    expect((await look([web()], false)).out).toContain('1 advisory, none known to be exploited, concerns 1 package');
  });
});

describe('a file of a feed that is refused', () => {
  beforeEach(() => write('feeds/updateinfo.xml.gz', alas()));

  it('is named, and no address that was never asked', async () => {
    catalogue('1');
    write('feeds/more/scores.csv', '#model_version:v1,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,NaN,2\n');
    write('feeds/more/latin.xml', Buffer.concat([Buffer.from('<updates>\xe9', 'latin1'), Buffer.from('</updates>')]));
    const { status, err } = await look([web()]);
    expect(status).toBe(0);
    expect(err).toMatch(/^feeds: kev\.json was not read: has another form: catalogVersion /m);
    expect(err).toMatch(/^feeds: more\/scores\.csv was not read: 1 of 1 records cannot be read, the first: CVE-2026-0001,NaN,2: /m);
    expect(err).toMatch(/^feeds: more\/latin\.xml was not read: is not UTF-8/m);
    expect(err).not.toContain('https://');
  });

  it('is one of the first five, and the others are counted', async () => {
    catalogue();
    for (let number = 1; number <= 7; number++) write(`feeds/more/${number}.json`, '<html></html>');
    const { err } = await look([web()]);
    expect(err.split('\n')).toEqual([
      ...[1, 2, 3, 4, 5].map((number) => `feeds: more/${number}.json was not read: is a web page, not data`),
      'feeds: and 2 more files or records were not read; `wavelock feeds --check feeds` says why',
      '',
    ]);
  });

  it('is named where it lies as on its vendor’s site', async () => {
    const site = 'feeds/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json';
    write(site, '<html></html>');
    expect((await look([web()])).err).toContain(`${site.replace('feeds/', 'feeds: ')} was not read: `);
    truncateSync(write(site, ''), 501 * 1024 * 1024);
    expect((await look([web()])).err).toContain(`${site.replace('feeds/', 'feeds: ')} was not read: is larger than 32 MB`);
  });

  it('is refused by its size before it is read', async () => {
    catalogue();
    truncateSync(write('feeds/huge.xml', ''), 3 * 1024 ** 3);
    expect((await look([web()])).err).toBe('feeds: huge.xml was not read: is larger than 500 MB\n');
  });

  it('is named for the records of it that could not be read, though the others were', async () => {
    catalogue();
    const rows = Array.from({ length: 300 }, (_row, index) => `CVE-2025-${10_000 + index},0.1,0.2`);
    write('feeds/scores.csv', `#model_version:v1,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\n${rows.join('\n')}\nCVE-2026-0001,2,2\n`);
    expect((await look([web()])).err).toMatch(/^feeds: scores\.csv was not read: CVE-2026-0001,2,2: /);
  });
});

describe('an inventory that is none', () => {
  beforeEach(() => write('feeds/updateinfo.xml.gz', alas()));

  it('because it is too large is refused by its size, in one line', async () => {
    for (const gigabytes of [1, 3]) {
      truncateSync(write('huge.json', ''), gigabytes * 1024 ** 3);
      expect(await look([join(home, 'huge.json')])).toEqual({
        status: 2,
        out: '',
        err: 'huge.json: is larger than 256 MB (several files may be given)\n',
      });
    }
  });

  it('is said to be no JSON, and where, however large', async () => {
    const text = `{"a": "${'x'.repeat(17 * 1024 * 1024)}",\n  b}`;
    const { status, err } = await look([write('large.json', text)]);
    expect([status, err]).toEqual([2, expect.stringMatching(/^large\.json:2:3 is not JSON: /)]);
  });

  it('and gzipped is said to be so', async () => {
    expect((await look([write('zeros.json', gzipSync(Buffer.alloc(20 * 1024 * 1024)))])).err).toMatch(
      /^zeros\.json: is gzipped, and what is in it is not JSON: /,
    );
    expect((await look([write('twice.json.gz', gzipSync(gzipSync('{}')))])).err).toMatch(
      /^twice\.json\.gz: is gzipped, and what is in it is not JSON: /,
    );
    const lines = gzipSync(Buffer.alloc(200 * 1024 * 1024, '\n'));
    expect((await look([write('lines.json.gz', lines)])).err).toBe('lines.json.gz: is gzipped, and what is in it is empty\n');
  });
});
