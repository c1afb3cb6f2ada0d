import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { amazonLinux2023 } from '../../lambdas/feeds/amazon-linux.ts';
import { knownExploited } from '../../lambdas/feeds/kev.ts';
import { readRepomd, readUpdates } from '../../lambdas/feeds/updateinfo.ts';
import { KEV, all, amazon, pull } from './site.ts';

/** Real files of the vendors. They are not part of this repository. */
const samples = join(process.env['WAVELOCK_SAMPLES'] ?? '', 'feeds');

describe.skipIf(!process.env['WAVELOCK_SAMPLES'] || !existsSync(samples))('real files', () => {
  const updateinfo = join(samples, 'amazon/updateinfo');

  it('of all Amazon Linux repositories are read', async () => {
    for (const file of readdirSync(updateinfo)) {
      const updates = await all(readUpdates(readFileSync(join(updateinfo, file)), file));
      const unread = updates.filter((item) => !item.id.startsWith('ALAS') || (item.packages[0]?.version ?? '') === '');
      expect({ file, any: updates.length > 0, unread }).toEqual({ file, any: true, unread: [] });
    }
  });

  it('of Amazon Linux 2023 become advisories', async () => {
    const { pulled } = await pull(amazonLinux2023, amazon(readFileSync(join(updateinfo, 'updateinfo_2023.xml.gz'))));
    const [advisory] = pulled.kind === 'advisories' ? await all(pulled.advisories) : [];
    expect(advisory).toMatchObject({ id: 'ALAS2023-2023-001', severity: 'important', cves: ['CVE-2014-3634', 'CVE-2022-24903'] });
    expect(advisory?.affected).toContainEqual({
      os: 'amazon-linux',
      release: '2023',
      package: 'rsyslog-mmjsonparse',
      arch: 'x86_64',
      fixedVersion: '8.2204.0-3.amzn2023.0.2',
      kind: 'binary',
    });
  });

  it('named repomd.xml announce their updateinfo', () => {
    for (const file of readdirSync(join(samples, 'amazon/repomd'))) {
      expect(readRepomd(readFileSync(join(samples, 'amazon/repomd', file)), file)).toMatchObject({
        href: 'repodata/updateinfo.xml.gz',
        algorithm: 'sha256',
      });
    }
  });

  it("of CISA's catalogue are read to the last entry", async () => {
    const { pulled } = await pull(knownExploited, { [KEV]: readFileSync(join(samples, 'kev/known_exploited_vulnerabilities.json')) });
    expect(pulled.health).toMatchObject({ records: 1_404, skipped: 0, newest: '2025-08-25T00:00:00.000Z' });
    expect(pulled.kind === 'exploited' && (await all(pulled.exploited)).filter((item) => item.ransomware).length).toBeGreaterThan(200);
  });
});
