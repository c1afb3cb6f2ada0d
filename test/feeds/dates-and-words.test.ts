import { describe, expect, it } from 'vitest';
import { epss } from '../../lambdas/feeds/epss.ts';
import { msrc } from '../../lambdas/feeds/msrc.ts';
import { advisories, document, site, vulnerability } from './msrc-site.ts';
import { NOW, pull } from './site.ts';

const SCORES = 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz';

describe('days and words as vendors write them', () => {
  it.each(['2026-11-22T12:55:00Z', '2026-11-22T12:55:00+0000', '2026-11-22T12:55:00+00:00', '2026-11-22T12:55:00.000Z'])(
    'scores are of the day that they say: %s',
    async (date) => {
      const { pulled } = await pull(epss, {
        [SCORES]: `#model_version:v2026.03.14,score_date:${date}\ncve,epss,percentile\nCVE-2020-5902,0.9,0.99\n`,
      });
      expect(pulled.health.newest).toBe('2026-11-22T12:55:00.000Z');
    },
  );

  it('a KB that Microsoft dates in the future is published now: no deadline starts late', async () => {
    const text = document('2026-Nov', [vulnerability('CVE-2026-0001', [{ kb: '5031361' }], { dates: ['2027-01-01T08:00:00'] })]);
    const [advisory] = await advisories(await pull(msrc, site({ '2026-Nov': { text } })));
    expect([advisory?.published, advisory?.updated]).toEqual(Array.from({ length: 2 }, () => new Date(NOW).toISOString()));
  });

  it('a KB is as grave as the gravest of what is said of its products, whichever comes first', async () => {
    const words = ['Moderate', 'Critical', 'Low'];
    for (const order of [words, words.toReversed()]) {
      const threats = order.map((word) => ({ Description: { Value: word }, ProductID: ['11571'], Type: 3 }));
      const text = document('2026-Nov', [{ ...vulnerability('CVE-2026-0001', [{ kb: '5031361' }]), Threats: threats }]);
      const [advisory] = await advisories(await pull(msrc, site({ '2026-Nov': { text } })));
      expect(advisory?.severity).toBe('critical');
    }
  });
});
