import { describe, expect, it } from 'vitest';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import { msrc } from '../../lambdas/feeds/msrc.ts';
import { API, PRODUCTS, advisories, document, site, vulnerability } from './msrc-site.ts';
import { pull } from './site.ts';

/** What one month with these entries says, by KB. */
async function read(...vulnerabilities: object[]): Promise<Record<string, Advisory>> {
  const visit = await pull(msrc, site({ '2026-Nov': { text: document('2026-Nov', vulnerabilities) } }));
  return Object.fromEntries((await advisories(visit)).map((advisory) => [advisory.id, advisory]));
}

describe('Microsoft’s updates, turned from CVEs to KBs', () => {
  it('are one advisory a KB, with the month in its title', async () => {
    const { KB5031361: advisory } = await read(
      vulnerability('CVE-2026-2', [{ kb: '5031361', products: ['11571', '11572'], supersedes: '5030214', build: '10.0.17763.4974' }]),
      vulnerability('CVE-2026-1', [{ kb: '5031361', products: ['11571'] }], { severity: 'Critical', score: 9.8 }),
      vulnerability('CVE-2026-0001', [{ kb: '5031361', products: ['11572'] }], { severity: 'Moderate' }),
    );
    expect(Advisory.parse(advisory)).toEqual(advisory);
    expect(advisory).toMatchObject({
      id: 'KB5031361',
      source: 'msrc',
      title: 'KB5031361: 2026-Nov Security Updates',
      kind: 'security',
      severity: 'critical',
      severityRaw: 'Critical',
      cvss: 9.8,
      exploited: false,
      rebootSuggested: true,
      cves: ['CVE-2026-0001'],
      published: '2026-11-10T08:00:00.000Z',
      affected: [],
      references: ['https://support.microsoft.com/help/5031361', 'https://msrc.microsoft.com/update-guide/releaseNote/2026-Nov'],
      provenance: { feed: 'msrc', url: `${API}/cvrf/2026-Nov` },
    });
    const row = { kb: 'KB5031361', release: '2019', supersedes: ['KB5030214'], fixedBuild: '10.0.17763.4974', restart: 'yes' };
    expect(advisory?.kbs).toEqual([
      { product: 'Windows Server 2019', ...row },
      { product: 'Windows Server 2019 (Server Core installation)', ...row },
    ]);
  });

  it('know the releases of servers, and none of what runs on them', async () => {
    const { KB5031361: advisory } = await read(vulnerability('CVE-2026-0001', [{ kb: '5031361', products: Object.keys(PRODUCTS) }]));
    expect(Object.fromEntries((advisory?.kbs ?? []).map((row) => [row.product, row.release]))).toEqual({
      'Windows Server 2016': '2016',
      'Windows Server 2016 (Server Core installation)': '2016',
      'Windows Server 2019': '2019',
      'Windows Server 2019 (Server Core installation)': '2019',
      'Windows Server 2022': '2022',
      'Windows Server 2022, 23H2 Edition (Server Core installation)': undefined,
      'Windows Server 2025': '2025',
      'Windows Server 2012 R2': '2012r2',
      'Windows Server 2012 (Server Core installation)': '2012',
      'Windows Server 2008 R2 for x64-based Systems Service Pack 1': '2008r2',
      'Windows Server 2008 for 32-bit Systems Service Pack 2': undefined,
      'Microsoft SharePoint Enterprise Server 2016': undefined,
      'Microsoft Edge (EdgeHTML-based) on Windows Server 2019': undefined,
    });
  });

  it('take only six or seven digits for a KB, and leave out what has none without calling it an error', async () => {
    const visit = await pull(
      msrc,
      site({
        '2026-Nov': {
          text: document('2026-Nov', [
            vulnerability('CVE-2026-0001', [{ kb: '5031361' }]),
            vulnerability(
              'CVE-2026-0002',
              ['Click to Run', 'Release Notes', '16.0.10399', '50313610', ''].map((kb) => ({ kb })),
            ),
            vulnerability('CVE-2026-0003', [{ kb: '5099999', type: 5 }]),
            { CVE: 'CVE-2026-0004', Remediations: null },
          ]),
        },
      }),
    );
    expect((await advisories(visit)).map((advisory) => advisory.id)).toEqual(['KB5031361']);
    expect(visit.pulled.health).toMatchObject({ records: 1, skipped: 0, problems: [] });
  });

  it.each([
    ['5030214', ['KB5030214']],
    ['5030214, 5030213', ['KB5030213', 'KB5030214']],
    ['5030214;KB5030213', ['KB5030213', 'KB5030214']],
    ['MS16-065', undefined],
    ['5031361', undefined],
    [undefined, undefined],
  ])('read the KBs that one replaces from %j', async (supersedes, expected) => {
    const { KB5031361: advisory } = await read(vulnerability('CVE-2026-0001', [{ kb: '5031361', supersedes }]));
    expect(advisory?.kbs?.[0]?.supersedes).toEqual(expected);
  });

  it.each([
    ['Yes', 'yes', true],
    ['Maybe', 'maybe', true],
    ['No', 'no', false],
    ['', undefined, undefined],
  ])('take a restart of %j for %s, and plan for it: %s', async (restart, word, reboot) => {
    const { KB5031361: advisory } = await read(vulnerability('CVE-2026-0001', [{ kb: '5031361', restart }]));
    expect([advisory?.kbs?.[0]?.restart, advisory?.rebootSuggested]).toEqual([word, reboot]);
  });

  it('are exploited when one of their CVEs is', async () => {
    const { KB5031361: advisory } = await read(
      vulnerability('CVE-2026-0001', [{ kb: '5031361' }]),
      vulnerability('CVE-2026-0002', [{ kb: '5031361' }], { exploited: true }),
    );
    expect(advisory?.exploited).toBe(true);
  });

  it('take the gravest severity of their own products only, and none for unrated', async () => {
    const mixed = {
      ...vulnerability('CVE-2026-0001', [
        { kb: '5031361', products: ['11571'] },
        { kb: '5031362', products: ['10816'] },
      ]),
      Threats: [
        { Description: { Value: 'Low' }, ProductID: ['11571'], Type: 3 },
        { Description: { Value: 'Critical' }, ProductID: ['10816'], Type: 3 },
      ],
    };
    const { KB5031361: low, KB5031362: critical } = await read(mixed);
    expect([low?.severity, critical?.severity]).toEqual(['low', 'critical']);
    const { KB5031361: unrated } = await read({ ...mixed, Threats: null });
    expect(unrated?.severity).toBe('unrated');
    expect(unrated).not.toHaveProperty('severityRaw');
  });

  it('keep the higher build where entries differ', async () => {
    const { KB5031361: advisory } = await read(
      vulnerability('CVE-2026-0001', [{ kb: '5031361', build: '10.0.17763.999' }]),
      vulnerability('CVE-2026-0002', [{ kb: '5031361', build: '10.0.17763.1637' }]),
      vulnerability('CVE-2026-0003', [{ kb: '5031361', build: 'https://aka.ms/x' }]),
    );
    expect(advisory?.kbs?.[0]?.fixedBuild).toBe('10.0.17763.1637');
  });

  it('are published with their month, or later when their CVEs were', async () => {
    const { KB5031361: advisory, KB5031362: outOfBand } = await read(
      vulnerability('CVE-2025-0001', [{ kb: '5031361' }], { dates: ['2025-01-01T08:00:00'] }),
      vulnerability('CVE-2026-0002', [{ kb: '5031362' }], { dates: ['2026-11-18T08:00:00', '2026-11-19T08:00:00Z'] }),
    );
    expect([advisory?.published, outOfBand?.published, outOfBand?.updated]).toEqual([
      '2026-11-10T08:00:00.000Z',
      '2026-11-18T08:00:00.000Z',
      '2026-11-19T08:00:00.000Z',
    ]);
  });

  it('keep products under advisories that have no CVE', async () => {
    const { KB5031361: advisory } = await read(vulnerability('ADV260001', [{ kb: '5031361' }]));
    expect(advisory).toMatchObject({ cves: [], kbs: [{ release: '2019' }] });
  });
});

describe('KBs that close the same', () => {
  const rollup = { kb: '5031419', products: ['10483'], subtype: 'Monthly Rollup' };
  const only = { kb: '5031407', products: ['10483'], subtype: 'Security Only' };

  /** What a server of this release, with these KBs, is still exposed to. */
  function open(told: Record<string, Advisory>, release: string, ...kbs: string[]): string[] {
    const match = createMatcher({ advisories: Object.values(told) });
    const installed = kbs.map((name) => ({ name, version: '', arch: '' }));
    return match({ platform: `windows-${release}-x86_64`, certainty: 'exact', installed }).map((found) => found.advisory);
  }

  it('are either: a Monthly Rollup or the Security Only update', async () => {
    const both = await read(vulnerability('CVE-2026-0001', [rollup, only]));
    expect(open(both, '2012r2', 'KB5000000')).toEqual(['KB5031407', 'KB5031419']);
    expect(open(both, '2012r2', 'KB5031419')).toEqual([]);
    expect(open(both, '2012r2', 'KB5031407')).toEqual([]);
  });

  it('only where one closes all that the other does', async () => {
    const more = await read(vulnerability('CVE-2026-0001', [rollup, only]), vulnerability('CVE-2026-0002', [rollup]));
    expect(open(more, '2012r2', 'KB5031407')).toEqual(['KB5031419']);
  });

  it('are what replaces them: cumulative updates', async () => {
    const chain = await read(
      vulnerability('CVE-2026-0001', [{ kb: '5031361' }]),
      vulnerability('CVE-2026-0002', [{ kb: '5032196', supersedes: '5031361' }]),
    );
    expect(open(chain, '2019', 'KB5032196')).toEqual([]);
    expect(open(chain, '2019', 'KB5031361')).toEqual(['KB5032196']);
  });

  it('but no server waits for a hotpatch, which is for enrolled machines only', async () => {
    const hot = await read(
      vulnerability('CVE-2026-0001', [
        { kb: '5041160', products: ['11923'] },
        { kb: '5041161', products: ['11923'], subtype: 'Security HotPatch Update' },
      ]),
    );
    expect(hot['KB5041161']?.kbs).toEqual([{ kb: 'KB5041161', product: 'Windows Server 2022', restart: 'yes' }]);
    expect(open(hot, '2022', 'KB5000000')).toEqual(['KB5041160']);
    expect(open(hot, '2022', 'KB5041160')).toEqual([]);
  });
});
