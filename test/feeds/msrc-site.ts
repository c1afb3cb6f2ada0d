/** Microsoft's Security Update API in small, for the tests of its feed. */
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { all } from './site.ts';
import type { Files, Visit } from './site.ts';

export const API = 'https://api.msrc.microsoft.com/cvrf/v3.0';
export const LIST = `${API}/updates`;

export const PRODUCTS: Record<string, string> = {
  '10816': 'Windows Server 2016',
  '10855': 'Windows Server 2016  (Server Core installation)',
  '11571': 'Windows Server 2019',
  '11572': 'Windows Server 2019  (Server Core installation)',
  '11923': 'Windows Server 2022',
  '12244': 'Windows Server 2022, 23H2 Edition (Server Core installation)',
  '12436': 'Windows Server 2025',
  '10483': 'Windows Server 2012 R2',
  '10379': 'Windows Server 2012 (Server Core installation)',
  '10051': 'Windows Server 2008 R2 for x64-based Systems Service Pack 1',
  '9312': 'Windows Server 2008 for 32-bit Systems Service Pack 2',
  '10950': 'Microsoft SharePoint Enterprise Server 2016',
  '10724-11571': 'Microsoft Edge (EdgeHTML-based) on Windows Server 2019',
};

interface Fix {
  kb: string;
  products?: string[];
  subtype?: string;
  supersedes?: string;
  build?: string;
  restart?: string;
  type?: number;
}

interface More {
  severity?: string;
  exploited?: boolean;
  score?: number;
  /** Of its revisions. */
  dates?: string[];
}

/** One CVE of a month, as the API writes it. */
export function vulnerability(cve: string, fixes: Fix[], more: More = {}): object {
  const { severity = 'Important', exploited = false, score = 7.8, dates = ['2026-11-10T08:00:00'] } = more;
  const products = fixes.flatMap((fix) => fix.products ?? ['11571']);
  const said = `Publicly Disclosed:No;Exploited:${exploited ? 'Yes' : 'No'};Latest Software Release:Exploitation Less Likely`;
  return {
    Title: { Value: 'Something' },
    CVE: cve,
    Threats: [
      { Description: { Value: 'Elevation of Privilege' }, ProductID: [], Type: 0, DateSpecified: false },
      { Description: { Value: said }, Type: 1 },
      { Description: { Value: severity }, ProductID: products, Type: 3 },
    ],
    CVSSScoreSets: [{ BaseScore: score, TemporalScore: 6.8, Vector: 'CVSS:3.1/AV:L', ProductID: products }],
    Remediations: fixes.map((fix) => ({
      Description: { Value: fix.kb },
      URL: `https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB${fix.kb}`,
      Supercedence: fix.supersedes,
      FixedBuild: fix.build,
      ProductID: fix.products ?? ['11571'],
      Type: fix.type ?? 2,
      RestartRequired: { Value: fix.restart ?? 'Yes' },
      SubType: fix.subtype ?? 'Security Update',
    })),
    RevisionHistory: dates.map((each, index) => ({ Number: `${index + 1}.0`, Date: each })),
  };
}

/** One month's document. */
export function document(month: string, vulnerabilities: object[], initial = '2026-11-10T08:00:00Z'): string {
  return JSON.stringify({
    DocumentTitle: { Value: `${month} Security Updates` },
    DocumentTracking: { Identification: { ID: { Value: month } }, InitialReleaseDate: initial, CurrentReleaseDate: '2026-11-20T08:00:00Z' },
    ProductTree: { FullProductName: Object.entries(PRODUCTS).map(([ProductID, Value]) => ({ ProductID, Value })) },
    Vulnerability: vulnerabilities,
  });
}

export type Months = Record<string, { revised?: string; text: string }>;

/** The API with these months. */
export function site(months: Months): Files {
  const value = Object.entries(months).map(([ID, { revised = '2026-11-10T08:00:00Z' }]) => ({
    ID,
    Alias: ID,
    DocumentTitle: `${ID} Security Updates`,
    InitialReleaseDate: revised,
    CurrentReleaseDate: revised,
    CvrfUrl: `${API}/document/${ID}`,
  }));
  const files: Files = { [LIST]: JSON.stringify({ '@odata.context': 'x', value }) };
  for (const [id, { text }] of Object.entries(months)) files[`${API}/cvrf/${id}`] = text;
  return files;
}

/** All that a pull told. */
export async function advisories({ pulled }: Visit): Promise<Advisory[]> {
  return pulled.kind === 'advisories' ? all(pulled.advisories) : [];
}
