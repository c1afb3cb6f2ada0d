import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import type { Feed, PullContext, Pulled, Reading } from '../../lambdas/feeds/feed.ts';
import { osvFeeds } from '../../lambdas/feeds/osv.ts';
import { bucket, feedOf, fixedIn, list, osv, read } from './osv-records.ts';
import { NOW, all, sha256 } from './site.ts';

const ubuntu = feedOf('osv-ubuntu');
const suse = feedOf('osv-suse');
const LIST = 'Ubuntu/modified_id.csv';

type Files = Record<string, string | Buffer | FeedError>;

async function pull(files: Files, cursor?: string, now = NOW, feed = ubuntu): Promise<Pulled & { asked: string[]; archived: string[] }> {
  const { context, asked, archived } = bucket(files, cursor, now);
  return { ...(await feed.pull(context)), asked, archived: archived.map(String) };
}

async function failure(files: Files, cursor?: string): Promise<FeedError> {
  const error: unknown = await pull(files, cursor).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof FeedError) return error;
  throw new Error('the pull succeeded', { cause: error });
}

function readPart(feed: Feed, context: PullContext, ids: readonly string[]): Promise<Reading<Advisory>[]> {
  if (!feed.pullPart) throw new Error(`${feed.name} has no parts`);
  return all(feed.pullPart(context, ids));
}

function many(count: number, prefix = 'USN'): [string, string][] {
  return Array.from({ length: count }, (_, index) => ['2026-11-01T00:00:00Z', `${prefix}-${index + 1}-1`]);
}

describe('the OSV feeds', () => {
  it('are one for each distribution, for its own platforms', () => {
    expect(osvFeeds.map(({ name, source, platforms }) => `${name} ${source} ${platforms.join('+')}`)).toEqual([
      'osv-ubuntu usn ubuntu-',
      'osv-debian dsa debian-',
      'osv-red-hat rhsa rhel-',
      'osv-rocky-linux rlsa rocky-',
      'osv-almalinux alsa almalinux-',
      'osv-suse suse sles-+opensuse-leap-',
    ]);
  });
});

describe('the list of changes', () => {
  const first = list(
    ['2026-11-20T10:00:00.5Z', 'USN-2-1'],
    ['2026-11-20T09:00:00Z', 'UBUNTU-CVE-2026-1'],
    ['2026-11-01T10:00:00Z', 'USN-1-1'],
    ['2026-10-01T10:00:00Z', 'LSN-1-1'],
  );

  it('is archived, and the first time everything of it is to be read, but tracked CVEs', async () => {
    const pulled = await pull({ [LIST]: first });
    expect(pulled).toMatchObject({
      kind: 'parts',
      parts: [['USN-2-1', 'USN-1-1', 'LSN-1-1']],
      all: ['USN-2-1', 'USN-1-1', 'LSN-1-1'],
      asked: [LIST],
      archived: [first],
      health: { records: 3, skipped: 0, newest: '2026-11-20T10:00:00.500Z', stale: false },
    });
  });

  it('is divided into parts of 200', async () => {
    const pulled = await pull({ [LIST]: list(...many(450)) });
    expect(pulled.kind === 'parts' && pulled.parts.map((part) => part.length)).toEqual([200, 200, 50]);
  });

  it('costs one request with its ETag while it stays the same', async () => {
    const { cursor } = await pull({ [LIST]: first });
    expect(await pull({ [LIST]: first }, cursor)).toMatchObject({ kind: 'unchanged', asked: [LIST], archived: [], health: { records: 3 } });
  });

  it('names what is newer than what was seen before, and all that there is', async () => {
    const { cursor } = await pull({ [LIST]: first });
    const pulled = await pull({ [LIST]: list(['2026-11-21T00:00:00Z', 'USN-1-1'], ['2026-11-20T12:00:00Z', 'USN-3-1']) + first }, cursor);
    expect(pulled).toMatchObject({ kind: 'parts', parts: [['USN-1-1', 'USN-3-1']], all: ['USN-1-1', 'USN-3-1', 'USN-2-1', 'LSN-1-1'] });
  });

  it('may name a record late: half an hour before the newest one is looked at again, but nothing is read twice', async () => {
    const { cursor } = await pull({ [LIST]: first });
    const late = first + list(['2026-11-20T09:45:00Z', 'USN-3-1']);
    const pulled = await pull({ [LIST]: late }, cursor);
    expect(pulled).toMatchObject({ parts: [['USN-3-1']] });
    expect(await pull({ [LIST]: `${late}\n` }, pulled.cursor)).toMatchObject({ kind: 'unchanged' });
  });

  it('reads a record again that changed within that time', async () => {
    const { cursor } = await pull({ [LIST]: first });
    expect(await pull({ [LIST]: list(['2026-11-20T10:00:01Z', 'USN-2-1']) + first }, cursor)).toMatchObject({ parts: [['USN-2-1']] });
  });

  it('is unchanged where only tracked CVEs changed, with the new ETag', async () => {
    const { cursor } = await pull({ [LIST]: first });
    const pulled = await pull({ [LIST]: list(['2026-11-22T00:00:00Z', 'UBUNTU-CVE-2026-2']) + first }, cursor);
    expect(pulled.kind).toBe('unchanged');
    expect(pulled.cursor).not.toBe(cursor);
  });

  it('hands on what there is when a record is gone, though there is nothing to read', async () => {
    const { cursor } = await pull({ [LIST]: list(...many(20)) });
    const pulled = await pull({ [LIST]: list(...many(19)) }, cursor);
    expect(pulled).toMatchObject({ kind: 'parts', parts: [] });
    expect(pulled.kind === 'parts' && pulled.all).toHaveLength(19);
  });

  it('is read whole once a month', async () => {
    const { cursor } = await pull({ [LIST]: first });
    const again = await pull({ [LIST]: `${first}\n` }, cursor, NOW + 30 * 86_400_000);
    expect(again).toMatchObject({ kind: 'parts', parts: [['USN-2-1', 'USN-1-1', 'LSN-1-1']] });
    expect(await pull({ [LIST]: first }, again.cursor, NOW + 31 * 86_400_000)).toMatchObject({ kind: 'unchanged' });
  });

  it('is stale when nothing came for longer than the vendor is ever silent', async () => {
    expect((await pull({ [LIST]: first }, undefined, NOW + 2 * 86_400_000)).health.stale).toBe(true);
  });

  it('never makes an address of an id that is none', async () => {
    const time = '2026-11-20T10:00:00Z';
    const bad = list([time, 'USN-../../x'], [time, 'USN-1-1?x=1'], [time, '\u001b[31m']);
    const pulled = await pull({ [LIST]: list(...many(400)) + bad });
    expect(pulled.health).toMatchObject({ records: 400, skipped: 2 });
    expect(pulled.health.problems[0]).toBe('USN-../../x: is no id of an advisory');
    expect(pulled.kind === 'parts' && pulled.all.every((id) => /^USN-\d+-1$/.test(id))).toBe(true);
  });

  it.each<[string, string | FeedError, string]>([
    ['nothing', '', 'empty'],
    ['a web page', '<!doctype html><title>Sign in</title>', 'web-page'],
    ['other lines', 'id,modified\n'.repeat(10), 'bad-records'],
    ['only records of others', list(['2026-11-20T10:00:00Z', 'UBUNTU-CVE-2026-1']), 'empty'],
    ['half of its records', list(...many(50)), 'shrunk'],
    ['an older state', list(...many(100).map(([, id]): [string, string] => ['2026-10-31T00:00:00Z', id])), 'older'],
    ['no answer', new FeedError('unreachable', 'gone'), 'unreachable'],
  ])('leaves what was there before when it is %s', async (_, file, code) => {
    const { cursor } = await pull({ [LIST]: list(...many(100)) });
    expect((await failure({ [LIST]: file }, cursor)).code).toBe(code);
  });

  it('is read anew after a cursor that cannot be read', async () => {
    expect(await pull({ [LIST]: first }, '{"parser":0}')).toMatchObject({ kind: 'parts', all: { length: 3 } });
  });
});

describe('SUSE has two lists', () => {
  const files = {
    'SUSE/modified_id.csv': list(['2026-11-20T10:00:00Z', 'SUSE-SU-2026:1-1'], ['2026-11-20T08:00:00Z', 'SUSE-SU-2026:2-1']),
    'openSUSE/modified_id.csv': list(['2026-11-20T11:00:00Z', 'openSUSE-SU-2026:1-1'], ['2026-11-20T10:00:00Z', 'SUSE-SU-2026:1-1']),
  };

  it('of which an id may stand in both', async () => {
    const pulled = await pull(files, undefined, NOW, suse);
    expect(pulled).toMatchObject({ parts: [['openSUSE-SU-2026:1-1', 'SUSE-SU-2026:1-1', 'SUSE-SU-2026:2-1']], health: { records: 3 } });
  });

  it('and fetches the unchanged one too when the other changed, since both together are what there is', async () => {
    const { cursor } = await pull(files, undefined, NOW, suse);
    expect(await pull(files, cursor, NOW, suse)).toMatchObject({ kind: 'unchanged', asked: { length: 2 } });
    const changed = list(['2026-11-20T12:00:00Z', 'SUSE-SU-2026:3-1']) + files['SUSE/modified_id.csv'];
    const pulled = await pull({ ...files, 'SUSE/modified_id.csv': changed }, cursor, NOW, suse);
    expect(pulled).toMatchObject({ parts: [['SUSE-SU-2026:3-1']], all: { length: 4 }, asked: { length: 3 } });
  });
});

describe('one part', () => {
  const record = (id: string): string => JSON.stringify(osv(id, [fixedIn('Ubuntu:22.04:LTS', 'openssl', '3.0.2-0ubuntu1.18')]), null, 2);

  it('is fetched 20 at a time, archived as one pack before it is read, and names the pack', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `USN-${index + 1}-1`);
    const { context, archived, busiest } = bucket(Object.fromEntries(ids.map((id) => [`Ubuntu/${id}.json`, record(id)])));
    const readings = await readPart(ubuntu, context, ids);
    expect(readings.map((reading) => 'item' in reading && reading.item.id)).toEqual(ids);
    expect(busiest()).toBe(20);
    expect(archived).toHaveLength(1);
    const lines = String(archived[0]).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids);
    const [first] = readings;
    expect(first && 'item' in first && first.item.provenance).toEqual({
      feed: 'osv-ubuntu',
      url: 'https://osv-vulnerabilities.storage.googleapis.com/Ubuntu/USN-1-1.json',
      sha256: sha256(archived[0] ?? Buffer.alloc(0)),
      fetchedAt: '2026-11-23T06:00:00.000Z',
    });
  });

  it('reads nothing that could not be archived', async () => {
    const { context } = bucket({ 'Ubuntu/USN-1-1.json': record('USN-1-1') });
    const readings: unknown[] = [];
    const reading = async (): Promise<void> => {
      const full = { ...context, archive: () => Promise.reject(new Error('full')) };
      for await (const item of ubuntu.pullPart?.(full, ['USN-1-1']) ?? []) readings.push(item);
    };
    await expect(reading()).rejects.toThrow('full');
    expect(readings).toEqual([]);
  });

  it('archives large records in several packs, so that memory stays bounded', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `USN-${index + 1}-1`);
    const details = 'x'.repeat(500_000);
    const large = (id: string): string => JSON.stringify(osv(id, [fixedIn('Ubuntu:22.04:LTS', 'x', '1')], { details }));
    const { context, archived } = bucket(Object.fromEntries(ids.map((id) => [`Ubuntu/${id}.json`, large(id)])));
    expect(await readPart(ubuntu, context, ids)).toHaveLength(60);
    expect(archived.map((pack) => pack.length < 12_000_000)).toEqual([true, true, true]);
  });

  it('has a problem of its own for each record that is gone, broken, another one or no id', async () => {
    const { context, asked } = bucket({
      'Ubuntu/USN-1-1.json': record('USN-1-1'),
      'Ubuntu/USN-2-1.json': '<html>',
      'Ubuntu/USN-3-1.json': record('USN-4-1'),
      'Ubuntu/USN-5-1.json': Buffer.from([0x7b, 0xff, 0x7d]),
      'Ubuntu/USN-6-1.json': new FeedError('too-large', 'larger than it may be'),
    });
    const ids = ['USN-1-1', 'USN-2-1', 'USN-3-1', 'USN-5-1', 'USN-6-1', 'USN-7-1', '../USN-8-1'];
    const readings = await readPart(ubuntu, context, ids);
    const problems = readings.flatMap((reading) => ('problem' in reading ? [`${reading.record}: ${reading.problem}`] : []));
    expect(problems.toSorted()).toEqual([
      '../USN-8-1: is no id of an advisory',
      'USN-2-1: is no JSON',
      'USN-3-1: is the record of USN-4-1',
      'USN-5-1: is no JSON',
      'USN-6-1: larger than it may be',
      'USN-7-1: https://osv-vulnerabilities.storage.googleapis.com/Ubuntu/USN-7-1.json answers 404',
    ]);
    expect(asked.some((path) => path.includes('..'))).toBe(false);
  });

  it('ends where a record cannot be reached, since nobody would ask for it again', async () => {
    const busy = new FeedError('throttled', 'answers 429');
    const { context } = bucket({ 'Ubuntu/USN-1-1.json': record('USN-1-1'), 'Ubuntu/USN-2-1.json': busy });
    await expect(readPart(ubuntu, context, ['USN-1-1', 'USN-2-1'])).rejects.toMatchObject({ code: 'throttled', retryable: true });
  });

  it("finds openSUSE's own notices in openSUSE's folder, and those for openSUSE alone there as well", async () => {
    const leap = (id: string): string => JSON.stringify(osv(id, [fixedIn('openSUSE:Leap 15.5', 'x', '1-1')]));
    const { context, asked } = bucket({
      'openSUSE/openSUSE-SU-2026:1-1.json': leap('openSUSE-SU-2026:1-1'),
      'openSUSE/SUSE-SU-2026:1-1.json': leap('SUSE-SU-2026:1-1'),
      'SUSE/SUSE-SU-2026:2-1.json': leap('SUSE-SU-2026:2-1'),
    });
    const readings = await readPart(suse, context, ['openSUSE-SU-2026:1-1', 'SUSE-SU-2026:1-1', 'SUSE-SU-2026:2-1']);
    expect(readings.every((reading) => 'item' in reading)).toBe(true);
    expect(asked).toHaveLength(4);
  });

  it('says of a sound record for another product that it is out of scope', async () => {
    const { context } = bucket({ 'SUSE/SUSE-FU-2022:0444-1.json': JSON.stringify(osv('SUSE-FU-2022:0444-1', [])) });
    expect(await readPart(suse, context, ['SUSE-FU-2022:0444-1'])).toEqual([
      { record: 'SUSE-FU-2022:0444-1', problem: 'lists no package', outOfScope: true },
    ]);
  });
});

describe('any record', () => {
  it('is a reading, whatever it holds', () => {
    const key = fc.constantFrom('package', 'ecosystem', 'name', 'ranges', 'events', 'fixed', 'binaries', 'cves_map', 'cves', 'severity');
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, fc.string(), fc.integer(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      object: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    }));
    const id = fc.constantFrom('USN-1-1', 'DSA-1-1', 'RHSA-2026:1', 'RLSA-2026:1', 'ALSA-2026:1', 'SUSE-SU-2026:1-1');
    const rpm = ['Red Hat:enterprise_linux:9', 'Rocky Linux:9', 'AlmaLinux:9', 'SUSE:Linux Enterprise Server 15 SP5'];
    const ecosystem = fc.constantFrom('Ubuntu:22.04:LTS', 'Debian:12', ...rpm);
    const item = fc.record({ name: fc.string(), fixed: fc.string(), ecosystem, specific: tree, purl: fc.string() });
    fc.assert(
      fc.property(id, item, tree, (usual, { name, fixed, ecosystem: where, specific, purl }, other) => {
        const affected = fixedIn(where, name, fixed, { purl, ecosystem_specific: { binaries: specific }, database_specific: specific });
        for (const record of [osv(usual, [affected]), osv(usual, [affected], { references: other, severity: other }), other]) {
          const reading = read(record);
          expect('item' in reading || reading.problem !== '').toBe(true);
        }
      }),
    );
  });
});
