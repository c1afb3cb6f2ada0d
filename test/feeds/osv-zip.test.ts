import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOsvZip } from '../../lambdas/feeds/osv/zip.ts';
import { fixedIn, osv, zip } from './osv-records.ts';
import type { Zipped } from './osv-records.ts';
import { NOW, all, sha256 } from './site.ts';

const folder = mkdtempSync(join(tmpdir(), 'osv-zip-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(bytes: Buffer): string {
  const path = join(folder, `${sha256(bytes).slice(0, 16)}.zip`);
  writeFileSync(path, bytes);
  return path;
}

function entry(id: string, name = `all/${id}.json`): Zipped {
  return { name, bytes: Buffer.from(JSON.stringify(osv(id, [fixedIn('AlmaLinux:9', 'bind', '32:9.16.23-1.el9')]))) };
}

async function code(bytes: Buffer): Promise<unknown> {
  return all(readOsvZip(file(bytes), NOW)).then(
    () => 'sound',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

describe('all.zip', () => {
  it('yields the advisory of each record, packed or not, with the hash of the zip', async () => {
    const bytes = zip([entry('ALSA-2026:1'), { ...entry('ALSA-2026:A002'), stored: true }]);
    const readings = await all(readOsvZip(file(bytes), NOW));
    expect(readings.map((reading) => 'item' in reading && [reading.item.id, reading.item.provenance])).toEqual(
      ['ALSA-2026:1', 'ALSA-2026:A002'].map((id) => [
        id,
        {
          feed: 'osv-almalinux',
          url: 'https://osv-vulnerabilities.storage.googleapis.com/AlmaLinux/all.zip',
          sha256: sha256(bytes),
          fetchedAt: '2026-11-23T06:00:00.000Z',
        },
      ]),
    );
  });

  it('counts the id within a record, whatever its file is called, and yields one id of two releases twice', async () => {
    const bytes = zip([entry('ALSA-2026:1', 'almalinux8/ALSA-2026:1.json'), entry('ALSA-2026:1', 'almalinux9/other.json')]);
    const readings = await all(readOsvZip(file(bytes), NOW));
    expect(readings.map((reading) => 'item' in reading && reading.item.id)).toEqual(['ALSA-2026:1', 'ALSA-2026:1']);
  });

  it('does not open tracked CVEs, folders and other files', async () => {
    const garbage = Buffer.from('no JSON');
    const names = ['all/', 'all/UBUNTU-CVE-2026-0001.json', 'all/DEBIAN-CVE-2026-0001.json', 'LICENSE'];
    expect(await all(readOsvZip(file(zip(names.map((name) => ({ name, bytes: garbage })))), NOW))).toEqual([]);
  });

  it('names by their files the records that cannot be read', async () => {
    const bytes = zip([{ name: 'all/USN-1-1.json', bytes: Buffer.from('{') }, entry('DTSA-1-1')]);
    expect(await all(readOsvZip(file(bytes), NOW))).toEqual([
      { record: 'USN-1-1', problem: 'is no JSON' },
      { record: 'DTSA-1-1', problem: 'is no advisory of a released fix', outOfScope: true },
    ]);
  });

  it('may be larger than the windows that it is read in', async () => {
    const noise = Array.from({ length: 60_000 }, (_, index) => sha256(Buffer.from(String(index)))).join('');
    const large = Buffer.from(JSON.stringify(osv('ALSA-2026:2', [fixedIn('AlmaLinux:9', 'x', '1-1')], { details: noise })));
    const others = Array.from({ length: 2_000 }, (_, index) => entry(`ALSA-2026:${index + 3}`));
    const bytes = zip([entry('ALSA-2026:1'), { name: 'all/ALSA-2026:2.json', bytes: large }, ...others]);
    const readings = await all(readOsvZip(file(bytes), NOW));
    expect(readings.filter((reading) => 'item' in reading)).toHaveLength(2_002);
  });

  const good = zip([entry('ALSA-2026:1')]);
  const plain = zip([{ ...entry('ALSA-2026:1'), stored: true }]);
  const name = 'all/USN-1-1.json';

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'bad-compression'],
    ['a web page', Buffer.from('<!doctype html>'.repeat(100)), 'bad-compression'],
    ['cut off', good.subarray(0, good.length - 30), 'bad-compression'],
    ['damaged', Buffer.concat([good.subarray(0, 60), Buffer.from([good[60] === 0 ? 1 : 0]), good.subarray(61)]), 'bad-compression'],
    ['changed by one letter', Buffer.from(plain.toString('latin1').replace('openssl', 'opensSl'), 'latin1'), 'bad-compression'],
    ['full of paths that lead out', zip([entry('ALSA-2026:1', '../../etc/x.json')]), 'bad-compression'],
    ['a bomb', zip([{ name, bytes: Buffer.alloc(8_000_000) }]), 'too-large'],
    ['a record beyond all measure', zip([{ name, bytes: Buffer.alloc(1_000), claimedSize: 17 * 1024 * 1024 }]), 'too-large'],
    ['lying about the size of a record', zip([{ name, bytes: Buffer.alloc(500_000), claimedSize: 10 }]), 'bad-compression'],
  ])('is refused when it is %s', async (_, bytes, expected) => {
    expect(await code(bytes)).toBe(expected);
  });

  it('is refused when it is not there', async () => {
    await expect(all(readOsvZip(join(folder, 'none.zip'), NOW))).rejects.toThrow('ENOENT');
  });
});
