/** OSV's bucket for Debian, as the handler tests serve it. */
import type { Site } from './sites.ts';

export const DEBIAN = 'osv-debian';
const BUCKET = 'https://osv-vulnerabilities.storage.googleapis.com/Debian';

export interface Notice {
  id: string;
  fixed?: string;
  modified?: string;
  packageName?: string;
}

/** Address of a record. */
export function recordUrl(id: string): string {
  return `${BUCKET}/${id}.json`;
}

/** One notice of Debian 12, as OSV has it. */
export function record({ id, fixed = '1.2-3+deb12u1', modified = '2026-11-01T00:00:00Z', packageName = 'curl' }: Notice): string {
  return JSON.stringify({
    schema_version: '1.7.0',
    id,
    modified,
    published: '2026-10-30T00:00:00Z',
    upstream: ['CVE-2026-1001'],
    summary: `${packageName} - security update`,
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: packageName, purl: `pkg:deb/debian/${packageName}?arch=source` },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  });
}

/** The list of changes, newest first, and every record. */
export function bucket(...list: Notice[]): Site['files'] {
  const dated = list.map((notice) => ({ modified: '2026-11-01T00:00:00Z', ...notice }));
  const changes = dated.toSorted((a, b) => (a.modified < b.modified ? 1 : -1)).map(({ id, modified }) => `${modified},${id}`);
  return {
    [`${BUCKET}/modified_id.csv`]: `${changes.join('\n')}\n`,
    ...Object.fromEntries(dated.map((notice) => [recordUrl(notice.id), record(notice)])),
  };
}

/** So many notices, `DSA-6001-1` and on. */
export function notices(count: number): Notice[] {
  return Array.from({ length: count }, (_, index) => ({ id: `DSA-${6001 + index}-1` }));
}
