/** A million rows take seconds to read. */
import { expect, it } from 'vitest';
import { epss } from '../../lambdas/feeds/epss.ts';
import { failure } from '../feeds/site.ts';

it('more scores than there can be CVEs are refused', async () => {
  const rows = Array.from({ length: 1_000_001 }, (_, index) => `CVE-2026-${10_000 + index},0.5`);
  const files = { 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz': ['cve,epss', ...rows].join('\n') };
  expect((await failure(epss, files)).code).toBe('too-large');
});
