/** A folder with something from every vendor, as the local feed server takes it; for tests of all feeds together. */
import { gzipSync } from 'node:zlib';
import { update } from './site.ts';

/** Amazon Linux 2 ended with some sixty extras. */
const TOPICS = Array.from({ length: 60 }, (_, index) => `topic-${index + 1}`);

/** Contents by file name. */
export function vendorFiles(): Record<string, string | Buffer> {
  const amazon: [string, string][] = [
    ['amazon-linux-2023', 'ALAS2023-2026-901'],
    ['amazon-linux-2023---kernel-livepatch', 'ALAS2023LIVEPATCH-2026-001'],
    ['amazon-linux-2', 'ALAS2-2026-2601'],
    ...TOPICS.map((topic, index): [string, string] => [`amazon-linux-2---${topic}`, `ALAS2${topic.toUpperCase()}-2026-${index + 1}`]),
  ];
  return {
    ...Object.fromEntries(amazon.map(([collection, id]) => [`${collection}.xml`, updates(update({ id, collection }))])),
    'oracle-8.xml': updates(oracle('8')),
    'oracle-9.xml': updates(oracle('9')),
    'al2.rss': rss('AL2', 'ALAS2-2026-2601'),
    'al2023.rss': rss('AL2023', 'ALAS2023-2026-901'),
    'osv.json': JSON.stringify([
      osv('USN-8911-1', 'Ubuntu:24.04:LTS', '2.6.1-2ubuntu0.3'),
      osv('DSA-6001-1', 'Debian:12', '2.5.0-1+deb12u2'),
      osv('RHSA-2026:9754', 'Red Hat:enterprise_linux:9::baseos', '0:2.5.0-2.el9_4.1'),
      osv('RLSA-2026:9754', 'Rocky Linux:9', '0:2.5.0-2.el9_4.1'),
      osv('ALSA-2026:9754', 'AlmaLinux:9', '2.5.0-2.el9_4.1'),
      osv('SUSE-SU-2026:1001-1', 'SUSE:Linux Enterprise Server 15 SP5', '2.7.1-150400.3.6.1'),
      osv('openSUSE-SU-2026:1001-1', 'openSUSE:Leap 15.5', '2.7.1-150400.3.6.1'),
    ]),
    'month.json': JSON.stringify(month('2026-Nov')),
    'kev.json': JSON.stringify({
      catalogVersion: '2026.11.01',
      count: 1,
      vulnerabilities: [
        {
          cveID: 'CVE-2026-1001',
          vendorProject: 'X',
          product: 'Y',
          dateAdded: '2026-10-01',
          dueDate: '2026-10-22',
          knownRansomwareCampaignUse: 'Known',
        },
      ],
    }),
    'epss.csv.gz': gzipSync(
      '#model_version:v2025.03.14,score_date:2026-11-08T12:55:00Z\ncve,epss,percentile\nCVE-2023-3446,0.1,0.9\nCVE-2099-0001,0.2,0.8\n',
    ),
    'eol.json': JSON.stringify({
      generated_at: '2026-11-08T00:00:00Z',
      total: 1,
      result: [{ name: 'ubuntu', releases: [{ name: '24.04', isEol: false, eolFrom: '2029-05-31' }] }],
    }),
  };
}

function updates(...texts: string[]): string {
  return `<?xml version="1.0" ?>\n<updates>${texts.join('\n')}</updates>\n`;
}

function oracle(release: string): string {
  const rpm = `<package name="expat" version="2.5.0" release="2.el${release}" epoch="0" arch="x86_64"><filename>x.rpm</filename></package>`;
  return update({ id: `ELSA-2026-${release}001`, collection: `ol${release}`, packages: rpm }).replace(
    'author="linux-security@amazon.com"',
    'from="el-errata@oss.oracle.com"',
  );
}

function rss(release: string, id: string): string {
  const page = `https://alas.aws.amazon.com/${release}/${id}.html`;
  return `<rss version="2.0"><channel><link>https://alas.aws.amazon.com</link><item><title>${id}</title><pubDate>Thu, 05 Nov 2026 00:10:00 GMT</pubDate><guid>${page}</guid><link>${page}</link></item></channel></rss>`;
}

function osv(id: string, ecosystem: string, fixed: string): object {
  const dates = { modified: '2026-11-05T00:00:00Z', published: '2026-11-05T00:00:00Z' };
  const affected = [
    {
      package: { ecosystem, name: 'expat' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      ecosystem_specific: { binaries: [{ expat: fixed }] },
    },
  ];
  return { schema_version: '1.7.0', id, ...dates, upstream: ['CVE-2024-45490'], summary: 'Moderate: expat security update', affected };
}

function month(id: string): object {
  const date = '2026-11-05T08:00:00Z';
  const fix = {
    Type: 2,
    Description: { Value: '5078142' },
    SubType: 'Security Update',
    FixedBuild: '10.0.20348.2966',
    RestartRequired: { Value: 'Yes' },
    ProductID: ['1'],
  };
  return {
    DocumentTitle: { Value: 'November 2026 Security Updates' },
    DocumentTracking: { Identification: { ID: { Value: id } }, InitialReleaseDate: date, CurrentReleaseDate: date },
    ProductTree: { FullProductName: [{ ProductID: '1', Value: 'Windows Server 2022' }] },
    Vulnerability: [
      {
        CVE: 'CVE-2024-49112',
        Threats: [{ Type: 3, Description: { Value: 'Critical' }, ProductID: ['1'] }],
        Remediations: [fix],
        RevisionHistory: [{ Date: date }],
      },
    ],
  };
}
