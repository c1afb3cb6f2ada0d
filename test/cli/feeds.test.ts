import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { acceptFeed } from '../../cli/feeds/accept.ts';
import { checkFolder } from '../../cli/feeds/check.ts';
import { checkTable } from '../../cli/feeds/check-table.ts';
import { feedLines, feedTable } from '../../cli/feeds/lines.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { packed, update } from '../feeds/site.ts';
import { vendorFiles } from '../feeds/vendors.ts';
import { command } from './command.ts';
import type { OpenHub } from '../../cli/hub.ts';
import type { FeedRow } from '../../lambdas/aws/record.ts';

const NOW = Date.parse('2026-11-09T06:00:00Z');
const undo: (() => void)[] = [];

afterEach(() => {
  for (const step of undo.splice(0)) step();
});

function folder(files: Record<string, string | Buffer>): string {
  const directory = mkdtempSync(join(tmpdir(), 'wavelock-check-'));
  undo.push(() => rmSync(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

const row = (name: string, more: Partial<FeedRow> = {}): FeedRow => ({
  list: 'all',
  name,
  lastTried: '2026-11-09T05:00:00.000Z',
  lastSuccess: '2026-11-09T05:00:00.000Z',
  newest: '2026-11-08T00:00:00.000Z',
  records: 1_234,
  skipped: 0,
  failures: 0,
  ...more,
});

describe('how feeds are', () => {
  const rows = [
    row('well'),
    row('silent', { stale: true }),
    row('old', { lastSuccess: '2026-11-06T05:00:00.000Z' }),
    row('failing', { failures: 3, reason: 'https://vendor.example answers 404', code: 'refused' }),
    row('never', { lastSuccess: undefined, newest: undefined, records: undefined, failures: 1, reason: 'x' }),
    row('elsewhere', { idle: true, lastSuccess: '2026-01-06T05:00:00.000Z', failures: 9 }),
    row('spotty', { skipped: 2, problems: ['USN-1-1: is no JSON', 'USN-2-1: is no JSON'] }),
  ];

  it('is one word a feed, those first that need a person', () => {
    expect(feedLines(rows, NOW).map(({ feed, state }) => `${feed}: ${state}`)).toEqual([
      'never: never',
      'failing: failing',
      'old: old',
      'silent: stale',
      'spotty: ok',
      'well: ok',
      'elsewhere: not needed',
    ]);
  });

  it('is a table, and under a feed why it is not well', () => {
    const table = feedTable(feedLines(rows, NOW));
    expect(table.slice(0, 5)).toEqual([
      'feed       last success (UTC)  newest record  records  errors  state',
      'never      -                   -                    0       0  never',
      '    x',
      'failing    2026-11-09 05:00    2026-11-08       1,234       0  failing',
      '    3 times in a row: https://vendor.example answers 404',
    ]);
    expect(table).toContain('    USN-1-1: is no JSON');
    expect(table).toContain('    its vendor has published nothing since 2026-11-08, which is longer than usual: it may have moved');
    expect(table).toContain('    nobody has asked since 2026-11-09 05:00: look at the executions of the intake machine');
    for (const line of table) expect(line.length).toBeLessThanOrEqual(100);
    expect(feedTable([])).toEqual(['No feed has been read yet: the first look at the fleet does that.']);
  });

  it('is a paragraph a feed where a terminal is narrower than the table', () => {
    const narrow = feedTable(feedLines(rows, NOW), 50);
    expect(narrow.slice(3, 7)).toEqual([
      'failing: failing',
      '    last success (UTC) 2026-11-09 05:00, newest',
      '    record 2026-11-08, records 1,234, errors 0',
      '    3 times in a row: https://vendor.example',
    ]);
    for (const line of narrow) expect(line.length).toBeLessThanOrEqual(50);
  });

  it('never obeys what vendors wrote', () => {
    const table = feedTable(feedLines([row('a', { failures: 1, reason: 'x\u001b[31m\u202e' })], NOW));
    expect(table.join('')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });
});

describe('a check of a folder', () => {
  it('reads something of every feed that there is, with its counts', async () => {
    const rows = (await checkFolder(folder(vendorFiles()), NOW)) ?? [];
    expect(new Set(rows.map(({ feed }) => feed))).toEqual(new Set(feeds.map(({ name }) => name)));
    expect(rows.filter(({ result }) => result !== 'read')).toEqual([]);
    expect(rows.find(({ file, feed }) => file === 'osv.json' && feed === 'osv-suse')).toMatchObject({
      records: 2,
      skipped: 0,
      newest: '2026-11-05T00:00:00.000Z',
    });
  });

  it('tells what is broken from what no feed reads, and what a policy file could name', async () => {
    const sound = packed(update({ id: 'ALAS2023-2026-1' }));
    const rows = await checkFolder(
      folder({
        'a/cut.xml.gz': sound.subarray(0, 300),
        'a/page.xml': '<?xml version="1.0"?><updates><html/>',
        'b/oval.xml': '<oval_definitions></oval_definitions>',
        'b/own.xml': `<updates>${update({ id: 'CORP-1', collection: 'corp' })}</updates>`,
        'c/cve.json': JSON.stringify({ schema_version: '1.7.0', id: 'UBUNTU-CVE-2026-1', modified: '2026-11-05T00:00:00Z', affected: [] }),
        'c/dsa.json': JSON.stringify({
          schema_version: '1.7.0',
          id: 'DSA-1-1',
          modified: 'long ago',
          affected: [{ package: { ecosystem: 'Debian:12', name: 'x' } }],
        }),
        'd/bomb.xml.gz': gzipSync(Buffer.alloc(40_000_000)),
        'd/empty.json': '',
        'd/page.json': '<!DOCTYPE html><html><body>Please sign in</body></html>',
        'd/wide.json': Buffer.from('\ufeff{"a": 1}', 'utf16le'),
        'README.md': '# for people',
      }),
      NOW,
    );
    expect(rows?.map(({ file, feed, result }) => [file, feed, result])).toEqual([
      ['a/cut.xml.gz', '', 'broken'],
      ['a/page.xml', 'repo-…', 'broken'],
      ['b/oval.xml', '', 'not ours'],
      ['b/own.xml', 'repo-…', 'read'],
      ['c/cve.json', '', 'not ours'],
      ['c/dsa.json', 'osv-debian', 'broken'],
      ['d/bomb.xml.gz', '', 'broken'],
      ['d/empty.json', '', 'broken'],
      ['d/page.json', '', 'broken'],
      ['d/wide.json', '', 'broken'],
    ]);
    const words = (file: string): string => rows?.find((one) => one.file === file)?.note ?? '';
    expect(words('a/page.xml')).toMatch(/^is not well-formed: unclosed tag: updates \(within the first 37 characters\)$/);
    expect(words('d/bomb.xml.gz')).toBe('grows to more than 16 MB when decompressed');
    expect(words('d/page.json')).toBe('is a web page, not data');
    expect(words('d/wide.json')).toContain('UTF-16');
    expect(checkTable(rows ?? [])).toContainEqual(
      expect.stringMatching(/^\| c\/dsa\.json \| osv-debian \| - \| - \| - \| \*\*rejected\*\*: DSA-1-1: has no date/),
    );
  });

  it('never obeys a file’s name', async () => {
    const rows = (await checkFolder(folder({ 'a|b\u001b[31m.json': '{}' }), NOW)) ?? [];
    expect(checkTable(rows).at(-1)).toMatch(/^\| a\\\|b\ufffd\[31m\.json \|/);
  });

  it('is a command with an exit status, for people and for programs', async () => {
    const sound = await command('feeds', '--check', folder({ 'a.xml': `<updates>${update({ id: 'ALAS2023-2026-1' })}</updates>` }));
    expect(sound).toMatchObject({ status: 0, stdout: expect.stringContaining('| a.xml | amazon-linux-2023 | 1 | 0 | 2026-10-20 | read |') });
    const broken = await command(
      'feeds',
      '--json',
      '--check',
      folder({ 'a.json': JSON.stringify({ catalogVersion: '2026.01.01', count: 3, vulnerabilities: [] }) }),
    );
    expect([broken.status, JSON.parse(broken.stdout)]).toEqual([
      1,
      [expect.objectContaining({ feed: 'cisa-kev', result: 'broken', note: expect.stringContaining('has 3 entries and has 0') })],
    ]);
    expect((await command('feeds', '--check', 'no-such-folder')).status).toBe(2);
  });
});

describe('a feed that a person accepts', () => {
  it('has to be failing: of a healthy one there is nothing to accept, and nothing is written', async () => {
    const hub = { record: { feed: () => Promise.resolve(row('osv-debian')) } } as unknown as OpenHub;
    expect(await acceptFeed('osv-debian', 'old releases were archived', hub)).toEqual({
      done: false,
      text: 'osv-debian is well: it was read on 2026-11-09 05:00 UTC, so there is nothing to accept',
    });
  });
});
