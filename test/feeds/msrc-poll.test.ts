import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import type { Fetch } from '../../lambdas/feeds/fetch.ts';
import { msrc } from '../../lambdas/feeds/msrc.ts';
import { API, LIST, advisories, document, site, vulnerability } from './msrc-site.ts';
import type { Months } from './msrc-site.ts';
import { NOW, failure, pull, sha256 } from './site.ts';
import type { Visit } from './site.ts';

const IN_OCTOBER = '2026-10-13T08:00:00Z';
const OCT = {
  text: document('2026-Oct', [vulnerability('CVE-2026-1000', [{ kb: '5030214' }], { dates: [IN_OCTOBER] })], IN_OCTOBER),
  revised: IN_OCTOBER,
};
const NOV = { text: document('2026-Nov', [vulnerability('CVE-2026-2000', [{ kb: '5031361', supersedes: '5030214' }])]) };

describe('the poll of Microsoft’s months', () => {
  it('reads every month once, asking for JSON, and says what changed only', async () => {
    const accepts = new Set<string | undefined>();
    const files = site({ '2026-Oct': OCT, '2026-Nov': NOV });
    const fetch: Fetch = (url, { accept }) => {
      accepts.add(accept);
      return Promise.resolve({ kind: 'bytes', bytes: Buffer.from(files[url] ?? ''), etag: undefined });
    };
    const visit = await pull(msrc, {}, { fetch });
    expect([...accepts]).toEqual(['application/json']);
    const { pulled, archived } = visit;
    const health = { records: 2, newest: '2026-11-10T08:00:00.000Z', stale: false };
    expect(pulled).toMatchObject({ kind: 'advisories', complete: false, health });
    expect(archived).toHaveLength(3);
    expect(archived.map(sha256)).toContain(pulled.kind === 'advisories' ? pulled.raw.sha256 : '');
  });

  it('costs one request while no month was revised', async () => {
    const files = site({ '2026-Oct': OCT, '2026-Nov': NOV });
    const { cursor } = (await pull(msrc, files)).pulled;
    const visit = await pull(msrc, files, { cursor });
    expect(visit.pulled).toMatchObject({ kind: 'unchanged', cursor, health: { records: 2 } });
    expect(visit.asked).toEqual([LIST]);
  });

  it('reads a month again that was revised, and no other', async () => {
    const { cursor } = (await pull(msrc, site({ '2026-Oct': OCT, '2026-Nov': NOV }))).pulled;
    const revised = { ...NOV, revised: '2026-11-12T08:00:00Z' };
    const visit = await pull(msrc, site({ '2026-Oct': OCT, '2026-Nov': revised }), { cursor });
    expect(visit.asked).toEqual([LIST, `${API}/cvrf/2026-Nov`]);
    expect((await advisories(visit)).map((advisory) => advisory.id)).toEqual(['KB5031361']);
    expect(visit.pulled.health.records).toBe(2);
  });

  it('tells a KB of several months as a whole, whichever of them was revised', async () => {
    const grave = vulnerability('CVE-2026-2000', [{ kb: '5030214', build: '10.0.17763.5000' }], { severity: 'Critical' });
    const again = document('2026-Nov', [grave]);
    const first = site({ '2026-Oct': OCT, '2026-Nov': { text: again } });
    const whole = {
      id: 'KB5030214',
      title: 'KB5030214: 2026-Oct Security Updates',
      cves: ['CVE-2026-1000', 'CVE-2026-2000'],
      severity: 'critical',
      published: '2026-10-13T08:00:00.000Z',
    };
    const visit = await pull(msrc, first);
    expect(await advisories(visit)).toMatchObject([whole]);
    const revised = site({ '2026-Oct': { ...OCT, revised: '2026-11-15T08:00:00Z' }, '2026-Nov': { text: again } });
    const second = await pull(msrc, revised, { cursor: visit.pulled.cursor });
    expect(second.asked).toHaveLength(3);
    expect(await advisories(second)).toMatchObject([whole]);
    expect((await advisories(second))[0]?.kbs).toHaveLength(1);
  });

  it('tells a KB as withdrawn that its only month names no more', async () => {
    const eleven = Array.from({ length: 11 }, (_, index) => vulnerability(`CVE-2026-${2000 + index}`, [{ kb: `${5_031_361 + index}` }]));
    const { cursor } = (await pull(msrc, site({ '2026-Nov': { text: document('2026-Nov', eleven) } }))).pulled;
    const ten = site({ '2026-Nov': { text: document('2026-Nov', eleven.slice(1)), revised: '2026-11-12T08:00:00Z' } });
    const visit = await pull(msrc, ten, { cursor });
    const gone = (await advisories(visit)).find((advisory) => advisory.withdrawn !== undefined);
    expect(gone).toMatchObject({ id: 'KB5031361', withdrawn: new Date(NOW).toISOString(), cves: [], kbs: [] });
    expect(visit.pulled.health).toMatchObject({ records: 10, newest: '2026-11-10T08:00:00.000Z' });
  });

  it('does not tell a KB as withdrawn that another month names still', async () => {
    const others = Array.from({ length: 10 }, (_, index) => vulnerability(`CVE-2026-${3000 + index}`, [{ kb: `${5_040_000 + index}` }]));
    const both = [vulnerability('CVE-2026-2000', [{ kb: '5030214' }]), ...others];
    const { cursor } = (await pull(msrc, site({ '2026-Oct': OCT, '2026-Nov': { text: document('2026-Nov', both) } }))).pulled;
    const moved = site({ '2026-Oct': OCT, '2026-Nov': { text: document('2026-Nov', both.slice(1)), revised: '2026-11-12T08:00:00Z' } });
    const told = (await advisories(await pull(msrc, moved, { cursor }))).find((advisory) => advisory.id === 'KB5030214');
    expect(told).toMatchObject({ cves: ['CVE-2026-1000'] });
    expect(told).not.toHaveProperty('withdrawn');
  });

  it('watches 24 months, and lets older ones stay as they are stored', async () => {
    const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
    const months: Months = {};
    for (let index = 0; index < 26; index += 1) {
      const id = `${2024 + Math.floor((index + 8) / 12)}-${names[(index + 8) % 12]}`;
      months[id] = { text: document(id, [vulnerability(`CVE-2026-${4000 + index}`, [{ kb: `${5_050_000 + index}` }])]) };
    }
    const { '2026-Oct': newest, ...rest } = months;
    const first = await pull(msrc, site(rest));
    expect(first.pulled.health.records).toBe(24);
    expect(first.asked).not.toContain(`${API}/cvrf/2024-Sep`);
    const second = await pull(msrc, site({ ...rest, '2026-Oct': newest ?? OCT }), { cursor: first.pulled.cursor });
    expect((await advisories(second)).map((advisory) => advisory.id)).toEqual(['KB5050025']);
    expect(second.pulled.health.records).toBe(24);
  });

  it('knows months by their names only', async () => {
    const files = site({ '2026-Nov': NOV });
    files[LIST] = JSON.stringify({
      value: [
        { ID: 'Edge Stable Channel', CurrentReleaseDate: '2026-11-19T08:00:00Z' },
        { ID: '../../keys', CurrentReleaseDate: '2026-11-19T08:00:00Z' },
        { ID: '2026-Foo', CurrentReleaseDate: '2026-11-19T08:00:00Z' },
        { ID: '2026-Nov', CurrentReleaseDate: '2026-11-19T08:00:00' },
      ],
    });
    expect((await pull(msrc, files)).asked).toEqual([LIST, `${API}/cvrf/2026-Nov`]);
  });
});

describe('broken answers of Microsoft', () => {
  it.each<[string, string, string]>([
    ['a web page', '<html><body></body></html>', 'web-page'],
    ['XML', '<?xml version="1.0"?><cvrf:cvrfdoc/>', 'bad-json'],
    ['cut off', NOV.text.slice(0, -30), 'bad-json'],
    ['cut off in an entry', NOV.text.slice(0, -400), 'bad-json'],
    ['without products', NOV.text.replace('ProductTree', 'Products'), 'reshaped'],
    ['without dates', NOV.text.replace('2026-11-10T08:00:00Z', 'soon'), 'reshaped'],
    ['without entries', document('2026-Nov', []), 'empty'],
    ['with entries of another form', document('2026-Nov', [{ cve: 'CVE-2026-0001' }]), 'bad-records'],
  ])('a month that is %s', async (_, text, code) => {
    expect((await failure(msrc, site({ '2026-Nov': { text } }))).code).toBe(code);
  });

  it('in one month do not hide the others: the month is said, stays as it was and is read again', async () => {
    const { cursor } = (await pull(msrc, site({ '2026-Oct': OCT, '2026-Nov': NOV }))).pulled;
    const later = '2026-11-20T08:00:00Z';
    const half = site({ '2026-Oct': { ...OCT, revised: later }, '2026-Nov': { text: '<html>', revised: later } });
    const visit = await pull(msrc, half, { cursor });
    expect((await advisories(visit)).map((advisory) => advisory.id)).toEqual(['KB5030214']);
    expect(visit.pulled.health).toMatchObject({ records: 2, skipped: 1, problems: [`${API}/cvrf/2026-Nov is a web page, not data`] });
    const healed = site({ '2026-Oct': { ...OCT, revised: later }, '2026-Nov': { ...NOV, revised: later } });
    expect((await pull(msrc, healed, { cursor: visit.pulled.cursor })).asked).toEqual([LIST, `${API}/cvrf/2026-Nov`]);
  });

  it('end in advisories or in a FeedError, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(NOV.text.length), fc.string({ maxLength: 8 }), fc.nat(60), async (at, put, cut) => {
        const text = NOV.text.slice(0, at) + put + NOV.text.slice(at + cut);
        const outcome = await pull(msrc, site({ '2026-Nov': { text } })).catch((error: unknown) => error);
        if (outcome instanceof FeedError) return;
        const told = await advisories(outcome as Visit);
        expect(told.map((advisory) => Advisory.safeParse(advisory).success)).toEqual(told.map(() => true));
      }),
      { numRuns: 300 },
    );
  });

  it('that lose more than a tenth of a month are not believed', async () => {
    const ten = Array.from({ length: 10 }, (_, index) => vulnerability(`CVE-2026-${2000 + index}`, [{ kb: `${5_031_361 + index}` }]));
    const { cursor } = (await pull(msrc, site({ '2026-Nov': { text: document('2026-Nov', ten) } }))).pulled;
    const less = site({ '2026-Nov': { text: document('2026-Nov', ten.slice(2)), revised: '2026-11-12T08:00:00Z' } });
    expect((await failure(msrc, less, { cursor })).code).toBe('shrunk');
  });

  it.each<[string, string, string]>([
    ['a web page', '<html>', 'web-page'],
    ['another form', '{"items":[]}', 'reshaped'],
    ['no months', '{"value":[]}', 'empty'],
    ['a month of no date', '{"value":[{"ID":"2026-Nov","CurrentReleaseDate":"soon"}]}', 'reshaped'],
  ])('as the list: %s', async (_, text, code) => {
    expect((await failure(msrc, { [LIST]: text })).code).toBe(code);
  });

  it('as the list: one that is older than before, or lost a month', async () => {
    const { cursor } = (await pull(msrc, site({ '2026-Oct': OCT, '2026-Nov': NOV }))).pulled;
    const older = site({ '2026-Oct': OCT, '2026-Nov': { ...NOV, revised: '2026-11-09T08:00:00Z' } });
    expect(await failure(msrc, older, { cursor })).toMatchObject({ code: 'older', retryable: true });
    expect((await failure(msrc, site({ '2026-Oct': OCT }), { cursor })).code).toBe('incomplete');
    expect((await failure(msrc, site({ '2026-Nov': NOV }), { cursor })).code).toBe('incomplete');
  });
});
