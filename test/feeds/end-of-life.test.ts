import { describe, expect, it } from 'vitest';
import type { Lifecycle } from '../../lambdas/core/advisory.ts';
import { endOfLife } from '../../lambdas/feeds/end-of-life.ts';
import { all, failure, pull } from './site.ts';
import type { Files } from './site.ts';

const FULL = 'https://endoflife.date/api/v1/products/full';

interface Release {
  [member: string]: unknown;
}

function release(name: string, eolFrom: string | null, more: Release = {}): Release {
  return { name, codename: null, isLts: true, isEoas: false, eoasFrom: null, isEol: false, eolFrom, isEoes: null, eoesFrom: null, ...more };
}

function products(list: Record<string, unknown[]>, more: Release = {}): string {
  const result = Object.entries(list).map(([name, releases]) => ({ name, label: name, category: 'os', releases }));
  return JSON.stringify({ schema_version: '1.2.0', generated_at: '2026-11-22T00:10:00+00:00', total: result.length, result, ...more });
}

async function read(list: Record<string, unknown[]>): Promise<Lifecycle[]> {
  const { pulled } = await pull(endOfLife, { [FULL]: products(list) });
  return pulled.kind === 'lifecycles' ? all(pulled.lifecycles) : [];
}

describe('the feed of ends of life', () => {
  it('asks once, and picks our products under the names of our platforms', async () => {
    const visit = await pull(endOfLife, {
      [FULL]: products({
        'amazon-linux': [release('2023', '2029-06-30'), release('2', '2026-06-30')],
        nodejs: [release('20', '2026-04-30')],
        'rocky-linux': [release('9', '2032-05-31')],
        opensuse: [release('15.6', '2026-04-30')],
        'windows-server': [release('2012-r2', '2023-10-10', { isEol: true, eoesFrom: '2026-10-13' }), release('2022', '2031-10-14')],
      }),
    });
    expect(visit.asked).toEqual([FULL]);
    const { pulled } = visit;
    const health = { records: 6, newest: '2026-11-22T00:10:00.000Z', skipped: 0 };
    expect(pulled).toMatchObject({ kind: 'lifecycles', raw: { url: FULL }, health });
    expect(pulled.kind === 'lifecycles' && (await all(pulled.lifecycles))).toEqual([
      { os: 'amazon-linux', release: '2023', eol: '2029-06-30' },
      { os: 'amazon-linux', release: '2', eol: '2026-06-30' },
      { os: 'opensuse-leap', release: '15.6', eol: '2026-04-30' },
      { os: 'rocky', release: '9', eol: '2032-05-31' },
      { os: 'windows', release: '2012r2', eol: '2023-10-10', extended: '2026-10-13' },
      { os: 'windows', release: '2022', eol: '2031-10-14' },
    ]);
  });

  it('says which of our products the list does not have', async () => {
    const { pulled } = await pull(endOfLife, { [FULL]: products({ ubuntu: [release('24.04', '2029-04-25')] }) });
    expect(pulled.health.problems).toContain('rhel is not in the list');
    expect(pulled.health).toMatchObject({ records: 1, skipped: 0 });
  });

  it('takes a release whose end nobody has set yet for alive', async () => {
    expect(await read({ sles: [release('15.7', null)] })).toEqual([{ os: 'sles', release: '15.7', eol: null }]);
  });

  it('takes Debian for looked after until its free long-term support ends, and other extended support for paid', async () => {
    const extended = (name: string, eol: string, eoes: string | null): Release => release(name, eol, { isEol: true, eoesFrom: eoes });
    const list = {
      debian: [extended('12', '2026-06-10', '2028-06-30'), extended('10', '2022-09-10', '2024-06-30'), extended('7', '2016-04-25', null)],
      ubuntu: [extended('20.04', '2025-05-31', '2030-04-02')],
      rhel: [extended('7', '2024-06-30', '2029-05-31')],
      sles: [extended('15.5', '2024-12-31', '2027-12-31')],
      'oracle-linux': [extended('7', '2024-12-31', '2028-06-30')],
    };
    expect(await read(list)).toEqual([
      { os: 'debian', release: '12', eol: '2028-06-30' },
      { os: 'debian', release: '10', eol: '2024-06-30' },
      { os: 'debian', release: '7', eol: '2016-04-25' },
      { os: 'oracle-linux', release: '7', eol: '2024-12-31', extended: '2028-06-30' },
      { os: 'rhel', release: '7', eol: '2024-06-30', extended: '2029-05-31' },
      { os: 'sles', release: '15.5', eol: '2024-12-31', extended: '2027-12-31' },
      { os: 'ubuntu', release: '20.04', eol: '2025-05-31', extended: '2030-04-02' },
    ]);
  });

  it('reads CentOS Stream as CentOS, and CentOS 8 as the dead CentOS 8', async () => {
    const list = { 'centos-stream': [release('9', '2027-05-31'), release('8', '2024-05-31')], centos: [release('8', '2021-12-31')] };
    expect(await read(list)).toEqual([
      { os: 'centos', release: '8', eol: '2021-12-31' },
      { os: 'centos', release: '9', eol: '2027-05-31' },
    ]);
  });

  it('is unchanged while the file is the same', async () => {
    const files: Files = { [FULL]: products({ debian: [release('12', '2028-06-30')] }) };
    const { cursor } = (await pull(endOfLife, files)).pulled;
    expect((await pull(endOfLife, files, { cursor })).pulled).toMatchObject({ kind: 'unchanged', health: { records: 1 } });
  });

  it('leaves out single releases that cannot be read', async () => {
    const sound = Array.from({ length: 300 }, (_, index) => release(`1.${index}`, '2028-06-30'));
    const { pulled } = await pull(endOfLife, {
      [FULL]: products({ debian: [...sound, release('9', null, { isEol: true }), release('../8', '2028-06-30'), {}] }),
    });
    expect(pulled.health).toMatchObject({ records: 300, skipped: 3 });
    expect(pulled.health.problems.slice(-3)).toEqual([
      'debian 9: has ended, but nobody says when',
      expect.stringMatching(/^debian \.\.\/8: release /),
      'debian: a release lacks name',
    ]);
  });
});

describe('a broken list is a plain error', () => {
  const one = { debian: [release('12', '2028-06-30')] };
  it.each<[string, string, string]>([
    ['a web page', '<html><body></body></html>', 'web-page'],
    ['cut off', products(one).slice(0, -20), 'bad-json'],
    ['another form', '[]', 'reshaped'],
    ['fewer products than it says', products(one, { total: 400 }), 'incomplete'],
    ['of no date', products(one, { generated_at: 'today' }), 'reshaped'],
    ['none of our products', products({ nodejs: [release('20', '2026-04-30')] }), 'empty'],
    ['releases that are none', products({ debian: ['x'] }), 'bad-records'],
    ['releases that are no list', products({ debian: [] }).replace('"releases":[]', '"releases":{}'), 'empty'],
  ])('%s', async (_, text, code) => {
    expect((await failure(endOfLife, { [FULL]: text })).code).toBe(code);
  });

  it('a list that lost more than a tenth', async () => {
    const releases = Array.from({ length: 100 }, (_, index) => release(`1.${index}`, '2028-06-30'));
    const many = (count: number): string => products({ debian: releases.slice(0, count) });
    const { cursor } = (await pull(endOfLife, { [FULL]: many(100) })).pulled;
    expect((await failure(endOfLife, { [FULL]: many(89) }, { cursor })).code).toBe('shrunk');
  });
});
