import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packed, reference, rpm, update } from '../feeds/site.ts';
import { command } from '../cli/command.ts';
import type { Ended } from '../cli/command.ts';
import type { ExposureRow } from '../../cli/exposure/rows.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wavelock-exposure-'));
  mkdirSync(join(home, 'feeds/more'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(name: string, content: unknown): string {
  const path = join(home, name);
  writeFileSync(path, Buffer.isBuffer(content) || typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What the vendors say in these tests: two loose files of one repository, loose scores and a record, and the catalogue as on CISA's site. */
function writeFeeds(): string {
  const al2023 = (id: string, packages: string, cve: string, severity = 'Important') =>
    packed(update({ id, packages, severity, references: reference(cve) }));
  write('feeds/updateinfo.xml.gz', al2023('ALAS2023-2026-931', rpm('openssl', '1:3.0.8-1.amzn2023.0.5'), 'CVE-2023-3446'));
  write('feeds/more/updateinfo-2.xml.gz', al2023('ALAS2023-2026-939', rpm('sudo', '1.9.15-1.p5.amzn2023.0.1'), 'CVE-2025-32463', 'Low'));
  mkdirSync(join(home, 'feeds/www.cisa.gov/sites/default/files/feeds'), { recursive: true });
  write('feeds/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json', {
    title: 'CISA Catalog of Known Exploited Vulnerabilities',
    catalogVersion: '2026.11.20',
    dateReleased: '2026-11-20T12:00:00Z',
    count: 1,
    vulnerabilities: [
      {
        cveID: 'CVE-2025-32463',
        vendorProject: 'Sudo',
        product: 'Sudo',
        vulnerabilityName: 'x',
        dateAdded: '2026-11-18',
        shortDescription: 'x',
        requiredAction: 'x',
        dueDate: '2026-12-09',
        knownRansomwareCampaignUse: 'Unknown',
        notes: '',
      },
    ],
  });
  write('feeds/epss.csv', '#model_version:v2026.03.14,score_date:2026-11-22T12:55:00Z\ncve,epss,percentile\nCVE-2025-32463,0.41500,0.98000\n');
  write('feeds/usn.json', {
    schema_version: '1.7.0',
    id: 'USN-9001-1',
    published: '2026-11-01T00:00:00Z',
    modified: '2026-11-01T00:00:00Z',
    summary: 'expat vulnerability',
    upstream: ['CVE-2026-4444'],
    affected: [
      {
        package: { ecosystem: 'Ubuntu:24.04:LTS', name: 'expat' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.6.1-2ubuntu0.3' }] }],
        ecosystem_specific: { binaries: [{ binary_name: 'libexpat1', binary_version: '2.6.1-2ubuntu0.3' }] },
      },
    ],
  });
  write('feeds/notes.txt', 'not a feed');
  return join(home, 'feeds');
}

const application = (entries: object[]) => ({ TypeName: 'AWS:Application', Entries: entries });
const entry = (Name: string, Version: string, Release: string, Epoch = '') => ({
  Name,
  Version,
  Release,
  Epoch,
  Architecture: 'x86_64',
  PackageId: `${Name}-${Version}-${Release}.src.rpm`,
});
const web = {
  node: { id: 'i-0aa0000000000001a', platformName: 'Amazon Linux', platformVersion: '2023', arch: 'x86_64', tags: { Environment: 'prod' } },
  inventories: [
    application([entry('openssl', '3.0.8', '1.amzn2023.0.3', '1'), entry('sudo', '1.9.14', '1.p3.amzn2023.0.1'), entry('bash', '5.2.15', '1')]),
  ],
};
const NOW = '2026-11-23T06:00:00Z';

async function exposures(...args: string[]): Promise<ExposureRow[]> {
  const ended = await command('exposure', '--feeds', writeFeeds(), '--now', NOW, '--json', ...args);
  expect([ended.status, ended.stderr.replace(/^.*notes\.txt was not read: neither updateinfo.*\n/, '')]).toEqual([0, '']);
  return JSON.parse(ended.stdout) as ExposureRow[];
}

describe('wavelock exposure, offline', () => {
  it('gives a row for each advisory and package, the most urgent first, with what CISA and EPSS say', async () => {
    const rows = await exposures('--inventory', write('web.json', web));
    expect(rows).toEqual([
      {
        node: 'i-0aa0000000000001a',
        advisory: 'ALAS2023-2026-939',
        cves: ['CVE-2025-32463'],
        package: 'sudo',
        installed: '1.9.14-1.p3.amzn2023.0.1',
        fixed: '1.9.15-1.p5.amzn2023.0.1',
        severity: 'low',
        kev: true,
        epss: 0.415,
        due: null,
        state: 'exposed',
        why: 'sudo 1.9.14-1.p3.amzn2023.0.1 is installed, the fix is 1.9.15-1.p5.amzn2023.0.1',
      },
      expect.objectContaining({
        advisory: 'ALAS2023-2026-931',
        package: 'openssl',
        installed: '1:3.0.8-1.amzn2023.0.3',
        kev: false,
        epss: null,
        state: 'exposed',
      }),
    ]);
  });

  it('takes the newest score of each CVE, of files with and without a date', async () => {
    const feeds = writeFeeds();
    write('feeds/a-undated.csv', 'cve,epss,percentile\nCVE-2025-32463,0.9,0.9\nCVE-2023-3446,0.2,0.3\n');
    write('feeds/z-older.csv', '#model_version:v2025.03.14,score_date:2025-09-03T12:55:00Z\ncve,epss,percentile\nCVE-2025-32463,0.8,0.9\n');
    const ended = await command('exposure', '--feeds', feeds, '--now', NOW, '--json', '--inventory', write('web.json', web));
    expect((JSON.parse(ended.stdout) as ExposureRow[]).map((row) => [row.package, row.epss])).toEqual([
      ['sudo', 0.415],
      ['openssl', 0.2],
    ]);
  });

  it('takes several files, and bare documents of one platform', async () => {
    const bare = write(
      'app-7.json',
      application([{ Name: 'libexpat1', Version: '2.6.1-2ubuntu0.1', Architecture: 'x86_64', PackageId: 'libexpat1_2.6.1-2ubuntu0.1_amd64.deb' }]),
    );
    const rows = await exposures('--inventory', write('web.json', web), bare, '--platform', 'Ubuntu 24.04');
    expect(rows.map((row) => [row.node, row.package, row.state])).toEqual([
      ['i-0aa0000000000001a', 'sudo', 'exposed'],
      ['i-0aa0000000000001a', 'openssl', 'exposed'],
      ['app-7', 'libexpat1', 'probable'],
    ]);
  });

  it('has dates by a policy file’s deadlines, by severity and by CISA’s own date, and only on nodes that a rule is about', async () => {
    const deadlines = [
      '  - { when: { knownExploited: true, tags: { Environment: prod } }, fixWithin: 60d, kevDueDate: obey }',
      '  - { when: { severity: [critical, important] }, fixWithin: 14d }',
    ];
    const policy = readFileSync('demo/policy.yaml', 'utf8').replace(/^deadlines:.*\n( .*\n)+/m, `deadlines:\n${deadlines.join('\n')}\n`);
    const rows = await exposures('--inventory', write('web.json', web), '--policy', write('wavelock.yaml', policy));
    expect(rows.map((row) => [row.package, row.due])).toEqual([
      ['sudo', '2026-12-09T23:59:59.000Z'],
      ['openssl', '2026-12-07T06:00:00.000Z'],
    ]);
  });

  it('says the same to people, within 100 columns', async () => {
    const { status, stdout } = await command('exposure', '--feeds', writeFeeds(), '--inventory', write('web.json', web), '--now', NOW);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('2 advisories, 1 known to be exploited, concern 2 packages on i-0aa0000000000001a: 2 exposed.');
    expect(lines).toContain('ALAS2023-2026-939  low  known exploited  EPSS 41.5 %  CVE-2025-32463');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('says when no advisory speaks of a node’s system: nothing found then means nothing', async () => {
    const other = write('other.json', { ...web, node: { ...web.node, platformName: 'Rocky Linux', platformVersion: '9.4' } });
    const { status, stdout, stderr } = await command('exposure', '--feeds', writeFeeds(), '--inventory', other, '--json');
    expect([status, stdout]).toEqual([0, '[]\n']);
    expect(stderr).toContain(`${join(home, 'feeds')}: no advisory in it speaks of rocky-9\n`);
  });

  it('names every problem of every file with its place, and reads nothing', async () => {
    const wrong = write(
      'wrong.json',
      '{\n "node": { "id": 5 },\n "inventories": [\n  { "TypeName": "AWS:Application", "Entries": [ { "Version": "1" } ] },\n  {}\n ]\n}\n',
    );
    const cut = write('cut.json', '{"node": ');
    const bare = write('bare.json', application([]));
    const unknown = write('unknown.json', { ...web, node: { ...web.node, platformName: 'TempleOS' } });
    const absent = join(home, 'absent.json');
    const ended = await command('exposure', '--feeds', join(home, 'nothing'), '--now', 'soon', '--inventory', wrong, cut, bare, unknown, absent);
    expect(ended.status).toBe(2);
    expect(ended.stdout).toBe('');
    expect(ended.stderr.trimEnd().split('\n')).toEqual([
      '--now: "soon" is no ISO date (for example 2026-12-01)',
      `${join(home, 'nothing')}: does not exist (expected a folder of advisories as vendors publish them: docs/feeds.md)`,
      `${wrong}:2:18 node.id: expected a text, not 5`,
      `${wrong}:5:3 inventories[1].TypeName: is missing`,
      `${wrong}:5:3 inventories[1].Entries: is missing`,
      `${wrong}:4:49 inventories[0].Entries[0]: has no Name`,
      expect.stringMatching(/^.*cut\.json:1:\d+ is not JSON: Unexpected end of JSON input$/),
      `${bare}:1:1 is only a list of packages (say of which system it is: --platform "Amazon Linux 2")`,
      expect.stringMatching(/unknown\.json:1:\d+ node\.platformName: "TempleOS 2023" is no system that Wavelock knows \(expected Amazon Linux, /),
      `${absent}: does not exist`,
    ]);
  });

  it('tells nodes apart that are called by their files, and refuses two files of one node', async () => {
    mkdirSync(join(home, 'other'));
    const bare = application([entry('sudo', '1.9.14', '1.p3.amzn2023.0.1')]);
    const rows = await exposures('--platform', 'AL2023', '--inventory', write('list.json', bare), write('other/list.json', bare));
    expect(rows.map((row) => row.node)).toEqual(['list', join(home, 'other/list')].toSorted());
    const twice = await command('exposure', '--feeds', writeFeeds(), '--inventory', write('web.json', web), write('web-2.json', web));
    expect([twice.status, twice.stderr]).toEqual([
      2,
      `${join(home, 'web-2.json')}: is of the same node as ${join(home, 'web.json')}: "i-0aa0000000000001a" (one file a node, with all its inventories)\n`,
    ]);
  });

  it('says when a list is only the first part of one, and when it lists nothing that could be looked at', async () => {
    const part = write('part.json', { ...application([entry('sudo', '1.9.14', '1.p3.amzn2023.0.1')]), InstanceId: 'i-1', NextToken: 'AAEB' });
    const debs = write('debs.json', application([{ Name: 'sudo', Version: '1.9', PackageId: 'sudo_1.9_amd64.deb' }]));
    const { status, stderr } = await command(
      'exposure',
      '--feeds',
      writeFeeds(),
      '--json',
      '--inventory',
      part,
      debs,
      write('none.json', application([])),
      '--platform',
      'AL2023',
    );
    expect(status).toBe(0);
    expect(stderr).toContain(`${part}: holds only a part of the list, since NextToken says that there is more`);
    for (const name of ['debs', 'none'])
      expect(stderr).toContain(`${name}.json: lists no package of ${name}: that nothing is found there means nothing\n`);
    expect(stderr).not.toContain('of i-1');
  });

  it('wants advisories: a folder without any is bad input', async () => {
    const look = (): Promise<Ended> => command('exposure', '--feeds', join(home, 'feeds'), '--inventory', write('web.json', web));
    const empty = await look();
    expect([empty.status, empty.stderr]).toEqual([
      2,
      `${join(home, 'feeds')}: holds no file (expected a folder of advisories as vendors publish them: docs/feeds.md)\n`,
    ]);
    write('feeds/notes.txt', 'not a feed');
    const useless = await look();
    expect([useless.status, useless.stderr]).toEqual([
      2,
      `${join(home, 'feeds')}: holds no advisory (wavelock feeds --check says of each file why)\n`,
    ]);
  });

  it('takes a node’s system from --platform where its file does not say it, and a version as part of the name', async () => {
    const { platformName, platformVersion, ...bare } = web.node;
    const silent = write('silent.json', { ...web, node: { ...bare, id: 'silent' } });
    const named = write('named.json', { ...web, node: { ...bare, id: 'named', platformName: `${platformName} ${platformVersion}` } });
    const rows = await exposures('--inventory', silent, named, '--platform', 'AL2023');
    expect([...new Set(rows.map((row) => row.node))].toSorted()).toEqual(['named', 'silent']);
  });

  it('finds files behind links, in folders that are called after a version, and on a vendor’s host without its lists', async () => {
    const feeds = writeFeeds();
    mkdirSync(join(feeds, 'ubuntu-24.04'));
    renameSync(join(feeds, 'usn.json'), join(feeds, 'ubuntu-24.04/usn.json'));
    renameSync(join(feeds, 'updateinfo.xml.gz'), join(home, 'elsewhere.gz'));
    symlinkSync(join(home, 'elsewhere.gz'), join(feeds, 'link.gz'));
    const bucket = join(feeds, 'osv-vulnerabilities.storage.googleapis.com/Debian');
    mkdirSync(bucket, { recursive: true });
    const dsa = {
      package: { ecosystem: 'Debian:12', name: 'expat' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.5.0-1+deb12u1' }] }],
    };
    writeFileSync(join(bucket, 'DSA-1-1.json'), JSON.stringify({ id: 'DSA-1-1', modified: '2026-11-01T00:00:00Z', affected: [dsa] }));
    const deb = (id: string, platformName: string, Name: string) =>
      write(`${id}.json`, {
        node: { id, platformName },
        inventories: [application([{ Name, Version: '2.5.0-1', PackageId: `${Name}_2.5.0-1_amd64.deb` }])],
      });
    const files = [write('web.json', web), deb('u', 'Ubuntu 24.04.1 LTS', 'libexpat1'), deb('d', 'Debian GNU/Linux 12 (bookworm)', 'expat')];
    const { stdout } = await command('exposure', '--feeds', feeds, '--now', NOW, '--json', '--inventory', ...files);
    expect((JSON.parse(stdout) as ExposureRow[]).map((row) => `${row.node} ${row.advisory}`)).toEqual([
      'i-0aa0000000000001a ALAS2023-2026-939',
      'i-0aa0000000000001a ALAS2023-2026-931',
      'd DSA-1-1',
      'u USN-9001-1',
    ]);
  });

  it('reads one updateinfo that speaks of several repositories', async () => {
    const extras = update({ id: 'ALAS2NGINX1-2026-001', collection: 'amazon-linux-2---nginx1', packages: rpm('nginx', '1:1.22.1-1.amzn2') });
    const core = update({ id: 'ALAS2-2026-2001', collection: 'amazon-linux-2', packages: rpm('bash', '4.2.46-35.amzn2') });
    mkdirSync(join(home, 'mixed'));
    write('mixed/updateinfo.xml.gz', packed(core, extras));
    const bare = write('al2.json', application([entry('bash', '4.2.46', '34.amzn2'), entry('nginx', '1.20.0', '1.amzn2', '1')]));
    const { stdout } = await command('exposure', '--feeds', join(home, 'mixed'), '--json', '--inventory', bare, '--platform', 'Amazon Linux 2');
    expect((JSON.parse(stdout) as ExposureRow[]).map((row) => [row.advisory, row.state])).toEqual([
      ['ALAS2-2026-2001', 'exposed'],
      ['ALAS2NGINX1-2026-001', 'exposed'],
    ]);
  });

  it('reads updateinfo of distributions that no feed asks for it, once with what OSV says of the same advisory', async () => {
    mkdirSync(join(home, 'errata'));
    const rlsa = update({
      id: 'RLSA-2026:1234',
      title: 'Important: openssl security update',
      collection: 'rocky-linux-9-x86-64-baseos-rpms',
      packages: rpm('openssl-libs', '1:3.0.7-25.el9_3'),
    });
    const modular = update({
      id: 'RLSA-2026:99',
      title: 'Moderate: nodejs:18 security update',
      collection: 'rocky-linux-9-x86-64-baseos-rpms',
      packages: rpm('nodejs', '1:18.19.0-1.module+el9.3.0+20'),
    });
    write('errata/rocky.xml.gz', packed(rlsa, modular));
    write('errata/epel.xml.gz', packed(update({ id: 'FEDORA-EPEL-2026-0a1b2c3d4e', collection: 'EPEL-9', packages: rpm('htop', '3.3.0-1.el9') })));
    write('errata/osv.json', {
      id: 'RLSA-2026:1234',
      modified: '2026-11-01T00:00:00Z',
      published: '2026-11-01T00:00:00Z',
      summary: 'Important: openssl security update',
      upstream: ['CVE-2023-3446'],
      affected: [
        {
          package: { ecosystem: 'Rocky Linux:9', name: 'openssl' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1:3.0.7-25.el9_3' }] }],
        },
      ],
    });
    const openssl = { ...entry('openssl-libs', '3.0.7', '24.el9', '1'), PackageId: 'openssl-3.0.7-24.el9.src.rpm' };
    const installed = [openssl, entry('htop', '3.2.2', '1.el9'), entry('nodejs', '18.18.2', '1.module+el9.3.0+18', '1')];
    const node = (id: string, platformName: string) =>
      write(`${id}.json`, { node: { id, platformName, platformVersion: '9.3', arch: 'x86_64' }, inventories: [application(installed)] });
    const files = [node('i-rocky', 'Rocky Linux'), node('i-alma', 'AlmaLinux')];
    const ended = await command('exposure', '--feeds', join(home, 'errata'), '--now', NOW, '--json', '--inventory', ...files);
    expect([ended.status, ended.stderr]).toEqual([0, expect.stringMatching(/^\S+: holds no catalogue .*\n$/)]);
    expect((JSON.parse(ended.stdout) as ExposureRow[]).map((row) => [row.node, row.advisory, row.package, row.fixed, row.state])).toEqual(
      expect.arrayContaining([
        ['i-rocky', 'RLSA-2026:1234', 'openssl-libs', '1:3.0.7-25.el9_3', 'exposed'],
        ['i-rocky', 'RLSA-2026:99', 'nodejs', '1:18.19.0-1.module+el9.3.0+20', 'exposed'],
        ['i-rocky', 'FEDORA-EPEL-2026-0a1b2c3d4e', 'htop', '3.3.0-1.el9', 'exposed'],
        ['i-alma', 'FEDORA-EPEL-2026-0a1b2c3d4e', 'htop', '3.3.0-1.el9', 'exposed'],
      ]),
    );
    expect(JSON.parse(ended.stdout)).toHaveLength(4);
  });

  it('says of an updateinfo that nobody can tell the release of that it was not used, and why', async () => {
    mkdirSync(join(home, 'errata'));
    write(
      'errata/mixed.xml',
      `<updates>${update({ id: 'ALSA-2026:1', collection: 'x', packages: rpm('bash', '5.1-1.el8') + rpm('sudo', '1.9-1.el9') })}</updates>`,
    );
    write('errata/sound.xml', `<updates>${update({ id: 'ALAS2023-2026-1' })}</updates>`);
    const ended = await command('exposure', '--feeds', join(home, 'errata'), '--now', NOW, '--json', '--inventory', write('web.json', web));
    expect(ended.status).toBe(0);
    expect(ended.stderr).toContain('mixed.xml was not read: its ids are of AlmaLinux, and it names no release, and its builds are of several: 8, 9');
  });

  it('has null for what is not known: the build of a Windows node', async () => {
    const month = { ID: '2026-Nov', CurrentReleaseDate: '2026-11-10T08:00:00' };
    mkdirSync(join(home, 'msrc'));
    write('msrc/month.json', {
      DocumentTitle: { Value: 'November 2026 Security Updates' },
      DocumentTracking: {
        Identification: { ID: { Value: month.ID } },
        InitialReleaseDate: month.CurrentReleaseDate,
        CurrentReleaseDate: month.CurrentReleaseDate,
      },
      ProductTree: { FullProductName: [{ ProductID: '11923', Value: 'Windows Server 2022' }] },
      Vulnerability: [
        {
          CVE: 'CVE-2026-5',
          Title: { Value: 'x' },
          Remediations: [{ Type: 2, Description: { Value: '5068787' }, ProductID: ['11923'], FixedBuild: '10.0.20348.4405' }],
        },
      ],
    });
    const node = (id: string, platformVersion: string) => ({
      node: { id, platformName: 'Microsoft Windows Server 2022 Datacenter', platformVersion },
      inventories: [{ TypeName: 'AWS:WindowsUpdate', Entries: [{ HotFixId: 'KB5066782' }] }],
    });
    const files = [node('build', '10.0.20348.4294'), node('no-build', '10.0.20348')].map((one) => write(`${one.node.id}.json`, one));
    const { stdout } = await command('exposure', '--feeds', join(home, 'msrc'), '--json', '--inventory', ...files);
    expect((JSON.parse(stdout) as ExposureRow[]).map((row) => [row.node, row.installed, row.fixed, row.state])).toEqual([
      ['build', '10.0.20348.4294', '10.0.20348.4405', 'exposed'],
      ['no-build', null, '10.0.20348.4405', 'probable'],
    ]);
  });
});
