import { describe, expect, it } from 'vitest';
import { gatherHistory } from '../../cli/run/exposures.ts';
import { writeClosures, writeOpenExposures } from '../../lambdas/aws/exposures.ts';
import { closure, COUNTS, exposed, hours, NOW, open, summary } from '../core/exposures-past.ts';
import { fakeHub } from './timeline-hub.ts';
import type { ExposureCounts } from '../../lambdas/core/exposures/types.ts';

const HOUR = 3_600_000;
const wanted = { from: NOW - 12 * HOUR, planned: NOW - 8 * HOUR, to: NOW, platforms: [] };

function hubWith(tallies: { at: string; counts: ExposureCounts }[]) {
  const { record, store } = fakeHub();
  return { store, record: { ...record, tallies: async (since: string) => tallies.filter(({ at }) => at >= since) } };
}

describe('the history of a run', () => {
  it('compares what was counted last before the plan with what is open at the end', async () => {
    const hub = hubWith([-20, -11, -9, -1].map((hour) => ({ at: hours(hour), counts: { ...COUNTS, exposures: -hour } })));
    await writeOpenExposures(hub.store, summary([open('ALAS-2')]), []);
    await writeClosures(hub.store, [closure({ exposures: [exposed('ALAS-1')] })], { at: hours(-1), run: 'rollout-1' });
    const history = await gatherHistory(hub, wanted);
    expect(history).toMatchObject({
      before: { exposures: 9 },
      after: { exposures: 3 },
      cves: [{ cve: 'CVE-2026-0001' }],
      oldest: { advisory: 'ALAS-2' },
    });
  });

  it('begins with the first count where none came before the plan', async () => {
    const hub = hubWith([-7, -1].map((hour) => ({ at: hours(hour), counts: { ...COUNTS, exposures: -hour } })));
    await writeOpenExposures(hub.store, summary([]), []);
    expect(await gatherHistory(hub, wanted)).toMatchObject({ before: { exposures: 7 }, line: [], cves: [] });
  });

  it('is none where exposures were never reckoned', async () => {
    const counted = hubWith([{ at: hours(-9), counts: COUNTS }]);
    expect(await gatherHistory(counted, wanted)).toBeUndefined();
    const stored = hubWith([]);
    await writeOpenExposures(stored.store, summary([]), []);
    expect(await gatherHistory(stored, wanted)).toBeUndefined();
  });
});
