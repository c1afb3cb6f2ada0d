import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInventoryFile } from '../../cli/exposure/inventory-file.ts';
import { printRows } from '../../cli/exposure/print-rows.ts';
import { problemText } from '../../cli/files/problems.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wavelock-inventory-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Ids, platforms and packages of a file, or what is wrong with it. */
function read(name: string, content: unknown, platform?: string): string[] {
  const file = join(home, name);
  writeFileSync(file, Buffer.isBuffer(content) || typeof content === 'string' ? content : JSON.stringify(content));
  const found = readInventoryFile(file, platform);
  if ('problems' in found) return found.problems.map((problem) => problemText(problem).replace(`${home}/`, ''));
  const nodes = found.nodes.map(({ id, facts, captured }) =>
    [id, facts.platform, ...facts.installed.map((item) => `${item.name} ${item.version}`), ...(captured === undefined ? [] : [captured])].join(', '),
  );
  return [...nodes, ...found.notes];
}

const sudo = {
  Name: 'sudo',
  Version: '1.9.14',
  Release: '1.p3.amzn2023.0.1',
  Architecture: 'x86_64',
  PackageId: 'sudo-1.9.14-1.p3.amzn2023.0.1.src.rpm',
};
const captured = { SchemaVersion: '1.1', CaptureTime: '2026-11-20T03:00:00Z' };
const listed = { TypeName: 'AWS:Application', InstanceId: 'i-1', ...captured, Entries: [sudo] };
const ANSWER = 'amazon-linux-2023-x86_64, sudo 1.9.14-1.p3.amzn2023.0.1';

describe('what Systems Manager’s own tools print', () => {
  it('by list-inventory-entries is one type of one node', () => {
    expect(read('listed.json', listed, 'AL2023')).toEqual([`i-1, ${ANSWER}, 2026-11-20T03:00:00Z`]);
  });

  it('by get-inventory is many nodes, each with its types', () => {
    const content = (TypeName: string, Content: object[]) => ({ [TypeName]: { TypeName, ...captured, Content } });
    const system = { InstanceId: 'i-2', PlatformName: 'Amazon Linux', PlatformVersion: '2023', PlatformType: 'Linux' };
    const Entities = [
      { Id: 'i-1', Data: content('AWS:Application', [sudo]) },
      { Id: 'i-2', Data: { ...content('AWS:Application', [sudo]), ...content('AWS:InstanceInformation', [system]) } },
    ];
    expect(read('got.json', { Entities }, 'Amazon Linux 2')).toEqual([
      'i-1, amazon-linux-2-x86_64, sudo 1.9.14-1.p3.amzn2023.0.1, 2026-11-20T03:00:00Z',
      `i-2, ${ANSWER}, 2026-11-20T03:00:00Z`,
    ]);
  });

  it('by a resource data sync is an entry a line, whose type is told by its fields', () => {
    const line = (resourceId: string, entry: object) =>
      JSON.stringify({ ...entry, resourceId, captureTime: captured.CaptureTime, schemaVersion: '1.1' });
    const text = [line('i-3', sudo), line('i-4', sudo), line('i-3', { PlatformName: 'Amazon Linux', PlatformVersion: '2023' })].join('\n');
    expect(read('synced.json', `${text}\n`, 'AL2023')).toEqual([`i-3, ${ANSWER}, 2026-11-20T03:00:00Z`, `i-4, ${ANSWER}, 2026-11-20T03:00:00Z`]);
    expect(read('one.json', line('i-5', sudo), 'AL2023')).toEqual([`i-5, ${ANSWER}, 2026-11-20T03:00:00Z`]);
  });

  it('of other types is told by its fields as well, where it has no name', () => {
    const debian = { package: 'libssl3', version: '3.0.11-1', arch: 'amd64', status: 'installed', source: 'openssl', sourceVersion: '3.0.11-1' };
    expect(read('own.json', { Entries: [debian] }, 'Debian 12')).toEqual(['own, debian-12-x86_64, libssl3 3.0.11-1']);
    expect(read('kbs.json', { Entries: [{ HotFixId: 'KB5033371', Description: 'Update' }] }, 'Windows Server 2019')).toEqual([
      'kbs, windows-2019-x86_64, KB5033371 ',
    ]);
  });

  it('has the place of what is wrong in it', () => {
    const Entities = [
      { Id: 'i-1', Data: { 'AWS:Application': { TypeName: 'AWS:Application', Content: [{ Name: 'sudo' }] } } },
      { Id: 'i-2', Data: {} },
    ];
    expect(read('got.json', { Entities })).toEqual([
      'got.json:1:93 Entities[0].Data."AWS:Application".Content[0]: has no Version',
      'got.json:1:113 Entities[1]: is of a system that nobody names (say of which system it is: --platform "Amazon Linux 2")',
    ]);
    expect(read('synced.json', '{"resourceId":"i-3","Name":"sudo","Version":"1"}\n{"resourceId":"i-3","Name":"bash"}\n', 'AL2023')).toEqual([
      'synced.json:2:1 has no Version',
    ]);
  });

  it('has texts: the end of a version that is written as a number would be lost', () => {
    expect(read('number.json', { ...listed, Entries: [{ ...sudo, Epoch: 1, Release: 2 }] }, 'AL2023')).toEqual([
      'i-1, amazon-linux-2023-x86_64, sudo 1:1.9.14-2, 2026-11-20T03:00:00Z',
    ]);
    expect(read('number.json', JSON.stringify({ ...listed, Entries: [{ ...sudo, Version: 3.5 }] }).replace('3.5', '3.10'), 'AL2023')).toEqual([
      expect.stringMatching(/^number\.json:1:\d+ Entries\[0\]\.Version: expected a text/),
    ]);
  });

  it('is only a part of the list where there is a token for the next one', () => {
    expect(read('part.json', { ...listed, NextToken: 'AAEB' }, 'AL2023').at(-1)).toMatch(
      /^holds only a part of the list, since NextToken says that there is more/,
    );
    expect(read('whole.json', { ...listed, NextToken: '' }, 'AL2023')).toHaveLength(1);
  });

  it.each([
    ['nothing', []],
    ['packages of another manager', [{ Name: 'sudo', Version: '1.9', PackageId: 'sudo_1.9_amd64.deb' }]],
  ])('that lists %s says nothing of a node', (_what, Entries) => {
    expect(read('none.json', { ...listed, Entries }, 'AL2023').at(-1)).toBe('lists no package of i-1: that nothing is found there means nothing');
  });
});

describe('the text of an inventory', () => {
  const text = JSON.stringify(
    { node: { id: 'i-1', platformName: 'Amazon Linux', platformVersion: '2023', arch: null, tags: null }, inventories: [{ ...listed }] },
    null,
    2,
  ).replaceAll('\n', '\r\n');

  it.each([
    ['UTF-8 with CRLF', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16 as PowerShell writes it', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16, the other way round', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
    ['gzipped', gzipSync(text)],
  ])('may be %s', (_what, bytes) => {
    expect(read('any.json', bytes)).toEqual([`i-1, ${ANSWER}, 2026-11-20T03:00:00Z`]);
  });

  it('is refused where it decompresses without end', () => {
    expect(read('bomb.json.gz', Buffer.concat(Array<Buffer>(257).fill(gzipSync(Buffer.alloc(1024 * 1024)))))).toEqual([
      'bomb.json.gz: decompresses to more than 256 MB',
    ]);
  });

  it('never says when it was gathered in words that are no date', () => {
    const whole = { node: { id: 'i-1', platformName: 'Amazon Linux', platformVersion: '2023' } };
    const odd = { ...listed, CaptureTime: '\u001b[31mred' };
    expect(read('odd.json', { ...whole, inventories: [odd] })).toEqual([`i-1, ${ANSWER}`]);
    expect(read('two.json', { ...whole, inventories: [odd, listed] })).toEqual([`i-1, ${ANSWER}, 2026-11-20T03:00:00Z`]);
  });

  it('is told apart from the system: an architecture that is none is named', () => {
    const node = { id: 'i-1', platformName: 'Amazon Linux', platformVersion: '2023', arch: 'x86 64' };
    expect(read('arch.json', { node, inventories: [listed] })).toEqual([
      expect.stringMatching(/^arch\.json:1:\d+ node\.arch: "x86 64" is no architecture \(expected one such as x86_64\)$/),
    ]);
  });

  it('is refused where it is cut off, empty, or none', () => {
    expect(read('cut.json.gz', gzipSync(text).subarray(0, 60))).toEqual(['cut.json.gz: cannot be decompressed: unexpected end of file']);
    expect(read('empty.json', '')).toEqual(['empty.json: is empty']);
    expect(read('list.json', Buffer.from('\uFEFFName Version', 'utf16le'))).toEqual([expect.stringMatching(/^list\.json: is not JSON: /)]);
    expect(read('half.json', '{"node": ')).toEqual([expect.stringMatching(/^half\.json:1:\d+ is not JSON: Unexpected end of JSON input$/)]);
  });
});

describe('rows as JSON', () => {
  it.each([0, 1, 5_000])('are one list, whatever their number (%d), in few writes', (count) => {
    const rows = Array.from({ length: count }, (_none, index) => ({ node: `i-${index}`, why: 'bash 1-1 is installed, the fix is 1-2' }));
    const written: string[] = [];
    printRows(rows, (text) => void written.push(text));
    expect(JSON.parse(written.join(''))).toEqual(rows);
    expect(written.join('').split('\n')).toHaveLength(count === 0 ? 2 : count + 3);
    expect(written.length).toBeLessThan(10);
  });
});
