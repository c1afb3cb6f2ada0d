import { describe, expect, it } from 'vitest';
import { cvesClosedOn } from '../../lambdas/core/exposures/closed-on.ts';
import { nodeKey } from '../../lambdas/core/exposures/types.ts';
import { closure, exposed, hours } from './exposures-past.ts';
import type { Closure } from '../../lambdas/core/exposures/types.ts';

const ROLLOUT = 'monthly-20261209-3f9ca1';

/** By node, of a rollout whose work on `a` and `b` began three hours ago; CVEs are named after their advisories. */
function told(closures: Closure[]): Record<string, string[]> {
  const location = { account: '111111111111', region: 'eu-central-1' };
  const began = new Map(['a', 'b'].map((id) => [nodeKey({ location, id }), hours(-3)]));
  const closed = cvesClosedOn({ closures, rollout: ROLLOUT, began });
  return Object.fromEntries([...closed].map(([key, cves]) => [key.slice(key.lastIndexOf('/') + 1), cves]));
}

const named = (cve: string) => exposed('ALAS-1', { cves: [cve] });

describe('what a rollout has closed on its nodes', () => {
  it('is what its evidence has closed', () => {
    const closures = [
      closure({ nodes: { a: -1, b: -1 }, exposures: [named('CVE-2026-1002'), named('CVE-2026-1001')] }),
      closure({ nodes: { b: -1 }, exposures: [named('CVE-2026-1003')] }),
    ];
    expect(told(closures)).toEqual({ a: ['CVE-2026-1001', 'CVE-2026-1002'], b: ['CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1003'] });
  });

  it('is what the first scan after its work has seen, where that was faster', () => {
    const scans = [-2, -1].map((hour) => closure({ by: 'scan', nodes: { a: hour }, exposures: [named(`CVE-2026-200${-hour}`)] }));
    expect(told(scans)).toEqual({ a: ['CVE-2026-2002'] });
    expect(told([...scans, closure({ nodes: { a: -1 }, exposures: [named('CVE-2026-1001')] })])).toEqual({ a: ['CVE-2026-1001'] });
  });

  it('is nothing that came before, that another rollout did, that nobody worked on, or that ended without a patch', () => {
    const exposures = [named('CVE-2026-1001')];
    const others = [
      closure({ by: 'scan', nodes: { a: -4 }, exposures }),
      closure({ rollout: 'weekly-20261209-3f9ca1', exposures }),
      closure({ nodes: { c: -1 }, exposures }),
      closure({ by: 'advisory', exposures }),
      closure({ exposures: [exposed('ALAS-1', { state: 'unknown' })] }),
    ];
    expect(Object.values(told(others)).flat()).toEqual([]);
  });
});
