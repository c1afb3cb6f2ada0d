import { createHook } from 'node:async_hooks';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Score } from '../../lambdas/core/advisory.ts';
import { epss } from '../../lambdas/feeds/epss.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import type { Fetch } from '../../lambdas/feeds/fetch.ts';
import { NOW, all, failure, pull } from './site.ts';
import type { Files } from './site.ts';

const SCORES = 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz';
const COMMENT = '#model_version:v2026.03.14,score_date:2026-11-22T12:55:00Z';
const HEADER = 'cve,epss,percentile';

function site(...lines: string[]): Files {
  return { [SCORES]: gzipSync(`${lines.join('\n')}\n`) };
}

function rows(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `CVE-2026-${10_000 + index},0.5,0.9`);
}

async function read(...lines: string[]): Promise<Score[]> {
  const { pulled } = await pull(epss, site(...lines));
  return pulled.kind === 'scores' ? all(pulled.scores) : [];
}

describe('the EPSS feed', () => {
  it.each<[string, string[], Score]>([
    ['with a comment and Z (2025)', [COMMENT, HEADER, 'CVE-2020-5902,0.9,0.99'], { cve: 'CVE-2020-5902', epss: 0.9, percentile: 0.99 }],
    [
      'with a comment and +0000 (2022)',
      ['#model_version:v2022.01.01,score_date:2022-02-04T00:00:00+0000', HEADER, 'CVE-2020-5902,0.96817,0.99999'],
      { cve: 'CVE-2020-5902', epss: 0.96817, percentile: 0.99999 },
    ],
    ['without a comment (2021-09)', [HEADER, 'CVE-2020-5902,0.65,0.9981063'], { cve: 'CVE-2020-5902', epss: 0.65, percentile: 0.9981063 }],
    ['without percentiles (2021-04)', ['cve,epss', 'CVE-2020-5902,0.65117'], { cve: 'CVE-2020-5902', epss: 0.65117 }],
    [
      'with columns in another order',
      [COMMENT, 'percentile,cve,epss', '0.9,CVE-2020-5902,1e-05'],
      { cve: 'CVE-2020-5902', epss: 0.00001, percentile: 0.9 },
    ],
  ])('reads the layout %s', async (_, lines, score) => {
    expect(await read(...lines)).toEqual([score]);
  });

  it('says which day and how many, archives before it reads, and can be walked again', async () => {
    const { pulled, archived } = await pull(epss, site(COMMENT, HEADER, ...rows(300)));
    expect(archived).toHaveLength(1);
    expect(pulled).toMatchObject({
      kind: 'scores',
      raw: { url: SCORES },
      health: { records: 300, skipped: 0, newest: '2026-11-22T12:55:00.000Z', stale: false, problems: [] },
    });
    const [first, second] = pulled.kind === 'scores' ? [await all(pulled.scores), await all(pulled.scores)] : [];
    expect(first).toHaveLength(300);
    expect(second).toEqual(first);
  });

  it('knows nothing of a CVE without a row', async () => {
    expect((await read(COMMENT, HEADER, ...rows(2))).map((score) => score.cve)).toEqual(['CVE-2026-10000', 'CVE-2026-10001']);
  });

  it('reads what is not compressed, and lines that end as on Windows', async () => {
    const { pulled } = await pull(epss, { [SCORES]: [COMMENT, HEADER, ...rows(3)].join('\r\n') });
    expect(pulled.health.records).toBe(3);
  });

  it('says when the model changed, which moves every score', async () => {
    const { cursor } = (await pull(epss, site(COMMENT, HEADER, ...rows(9)))).pulled;
    const next = site(COMMENT.replace('v2026.03.14', 'v2027.01.01').replace('11-22', '11-23'), HEADER, ...rows(9));
    const { pulled } = await pull(epss, next, { cursor, now: NOW + 86_400_000 });
    expect(pulled.health.problems).toEqual(['the model changed from v2026.03.14 to v2027.01.01: all scores moved']);
    expect(pulled.health.skipped).toBe(0);
    const after = site(COMMENT.replace('v2026.03.14', 'v2027.01.01').replace('11-22', '11-24'), HEADER, ...rows(9));
    expect((await pull(epss, after, { cursor: pulled.cursor, now: NOW + 2 * 86_400_000 })).pulled.health.problems).toEqual([]);
  });

  it('is unchanged by ETag and by content, and stale after two days', async () => {
    const bytes = gzipSync([COMMENT, HEADER, ...rows(2)].join('\n'));
    const fetch: Fetch = (_, { etag }) => Promise.resolve(etag === '"1"' ? { kind: 'unchanged' } : { kind: 'bytes', bytes, etag: '"1"' });
    const { cursor } = (await pull(epss, {}, { fetch })).pulled;
    const again = await pull(epss, {}, { fetch, cursor });
    expect(again.pulled).toMatchObject({ kind: 'unchanged', cursor, health: { records: 2, stale: false } });
    const later = await pull(epss, { [SCORES]: bytes }, { cursor, now: NOW + 3 * 86_400_000 });
    expect(later.pulled).toMatchObject({ kind: 'unchanged', health: { stale: true } });
  });

  it('leaves out single rows that cannot be read', async () => {
    const wrong = ['CVE-2026-10000,0.1,0.1', 'CVE-2026-77777,1.5,0.1'];
    const { pulled } = await pull(epss, site(COMMENT, HEADER, ...rows(300), ...wrong));
    expect(pulled.health).toMatchObject({ records: 300, skipped: 2 });
    expect(pulled.health.problems[0]).toBe('CVE-2026-10000: comes twice; the first one counts');
  });
});

describe('broken scores are a plain error', () => {
  it.each<[string, Files, string]>([
    ['a web page', { [SCORES]: '<html><head></head></html>' }, 'web-page'],
    ['nothing', { [SCORES]: '' }, 'empty'],
    ['a header only', site(COMMENT, HEADER), 'empty'],
    ['a cut-off file', { [SCORES]: gzipSync([COMMENT, HEADER, ...rows(5_000)].join('\n')).subarray(0, 5_000) }, 'bad-compression'],
    ['another table', site('id;score', 'CVE-2026-10000;0.5'), 'reshaped'],
    ['a date that is none', site(COMMENT.replace('11-22', '13-42'), HEADER, ...rows(1)), 'reshaped'],
    ['one endless line', { [SCORES]: gzipSync(`${HEADER}\n${'x'.repeat(1_000_000)}`) }, 'reshaped'],
    ['a bomb', { [SCORES]: gzipSync(Buffer.concat([Buffer.from(`${HEADER}\n`), Buffer.alloc(40_000_000, '\n')])) }, 'too-large'],
    ['scores that are none', site(COMMENT, HEADER, 'CVE-2026-10000,high,0.9'), 'bad-records'],
    ['CVEs that are none', site(COMMENT, HEADER, '../CVE-2026-10000,0.5,0.9'), 'bad-records'],
    ['negative scores', site(COMMENT, HEADER, 'CVE-2026-10000,-0.5,0.9'), 'bad-records'],
    ['rows without percentile', site(COMMENT, HEADER, 'CVE-2026-10000,0.5'), 'bad-records'],
  ])('%s', async (_, files, code) => {
    expect((await failure(epss, files)).code).toBe(code);
  });

  it('a flood of empty lines, which takes no step of its own for each', async () => {
    // Each such step makes promises, which takes minutes where something watches them, as tracing does.
    let promises = 0;
    const hook = createHook({ init: (_, type) => (promises += type === 'PROMISE' ? 1 : 0) }).enable();
    try {
      expect((await failure(epss, { [SCORES]: gzipSync(`${HEADER}\n${'\n'.repeat(1_000_000)}`) })).code).toBe('empty');
    } finally {
      hook.disable();
    }
    expect(promises).toBeLessThan(1_000);
  });

  it('an older day than was there before, and a tenth fewer rows', async () => {
    const { cursor } = (await pull(epss, site(COMMENT, HEADER, ...rows(100)))).pulled;
    const older = site(COMMENT.replace('11-22', '11-21'), HEADER, ...rows(100));
    expect(await failure(epss, older, { cursor })).toMatchObject({ code: 'older', retryable: true });
    expect((await failure(epss, site(COMMENT.replace('12:55', '13:55'), HEADER, ...rows(89)), { cursor })).code).toBe('shrunk');
  });

  it('or else scores, whatever comes', async () => {
    const text = [COMMENT, HEADER, ...rows(120)].join('\n');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.string({ maxLength: 8 }), fc.nat(30), async (at, put, cut) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        const outcome = await pull(epss, { [SCORES]: changed }).catch((error: unknown) => error);
        if (outcome instanceof FeedError) return;
        const { pulled } = outcome as { pulled: { kind: string; scores: AsyncIterable<Score>; health: { records: number } } };
        const scores = await all(pulled.scores);
        expect(scores).toHaveLength(pulled.health.records);
        expect(scores.every((score) => score.epss >= 0 && score.epss <= 1)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
