/** What feeds have brought, as StoreFeed leaves it, for tests that begin there. */
import { packLines } from '../../lambdas/aws/lines.ts';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { OPENSSL } from './fleet.ts';
import type { KnownExploited, Lifecycle, Score } from '../../lambdas/core/advisory.ts';
import type { World } from './world.ts';

/** An advisory of Amazon's for openssl on Amazon Linux 2023, but for what a test says. */
export function alas(id: string, more: Partial<Omit<Advisory, 'affected'>> & { package?: string; fixed?: string | null } = {}): Advisory {
  const { package: name = 'openssl', fixed = OPENSSL, ...fields } = more;
  const url = `https://alas.aws.amazon.com/AL2023/${id}.html`;
  return Advisory.parse({
    id,
    source: 'alas',
    title: `${name} update`,
    kind: 'security',
    published: '2026-10-20T19:20:00.000Z',
    updated: '2026-10-21T02:44:00.000Z',
    severity: 'important',
    cves: ['CVE-2026-1001'],
    versionKind: 'rpm',
    affected: [{ os: 'amazon-linux', release: '2023', package: name, fixedVersion: fixed, kind: 'binary' }],
    references: [url],
    provenance: { feed: 'amazon-linux-2023', url, sha256: '0'.repeat(64), fetchedAt: '2026-11-09T05:00:00.000Z' },
    ...fields,
  });
}

export interface Knowledge {
  advisories?: Advisory[];
  exploited?: KnownExploited[];
  scores?: Score[];
  lifecycles?: Lifecycle[];
}

/** Makes this all that is known, instead of what was. */
export async function seedKnowledge(
  { record, store }: World,
  { advisories = [], exploited = [], scores = [], lifecycles = [] }: Knowledge,
): Promise<void> {
  const put = async (name: string, lines: string[]): Promise<Record<string, string>> => {
    const { bytes, hash } = await packLines(lines);
    const key = `advisories/test/${name}-${hash}`;
    await store.putBytes(key, bytes);
    return { [name]: key };
  };
  const json = (items: unknown[]): string[] => items.map((item) => JSON.stringify(item));
  const { index = '' } = await put(
    'index',
    json([advisories.flatMap(({ cves }) => cves), ...advisories.map(({ id, withdrawn }) => ({ id, withdrawn }))]),
  );
  await record.setFeed('amazon-linux-2023', { objects: await put('amazon-linux-2023', json(advisories)), index });
  await record.setFeed('cisa-kev', { objects: await put('exploited', json(exploited)) });
  await record.setFeed('end-of-life', { objects: await put('lifecycles', json(lifecycles)) });
  await record.setFeed('epss', {
    objects: await put(
      'scores',
      scores.map(({ cve, epss, percentile }) => `${cve},${epss},${percentile ?? ''}`),
    ),
  });
}
