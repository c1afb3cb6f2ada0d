import { expect, it } from 'vitest';
import { offersOf } from '../../cli/assess/exposure.ts';
import { alas } from '../handlers/knowledge.ts';
import type { JudgedList } from '../../lambdas/core/survey/exposure.ts';

it('what one update closes is as grave as the gravest of it, whichever comes first', () => {
  const advisories = [
    { ...alas('ALAS2023-2026-904'), severity: 'moderate' as const },
    { ...alas('ALAS2023-2026-939'), severity: 'important' as const },
    { ...alas('ALAS2023-2026-950'), severity: 'unrated' as const },
  ];
  const matches = advisories.map(({ id, source }, index) => ({
    source,
    advisory: id,
    package: 'sudo',
    arch: 'x86_64',
    installed: '1.9.13-1',
    fixed: `1.9.15-${index + 1}`,
    state: 'exposed' as const,
    why: '',
  }));
  const judged = { platform: 'amazon-linux-2023-x86_64', list: 'a', nodes: ['i-1'], matches } as unknown as JudgedList;
  const byKey = new Map(advisories.map((advisory) => [`${advisory.source} ${advisory.id}`, advisory]));
  for (const order of [matches, matches.toReversed()])
    expect(offersOf({ ...judged, matches: order }, byKey)).toMatchObject([{ package: 'sudo', version: '1.9.15-3', severity: 'important' }]);
});
