/** Small records, lists and zip files as OSV.dev has them, for the tests of its feeds. */
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import type { Feed, PullContext } from '../../lambdas/feeds/feed.ts';
import type { Fetched } from '../../lambdas/feeds/fetch.ts';
import { osvFeeds } from '../../lambdas/feeds/osv.ts';
import { readRecord } from '../../lambdas/feeds/osv/read.ts';
import type { Reading } from '../../lambdas/feeds/feed.ts';
import { NOW } from './site.ts';

export const BUCKET = 'https://osv-vulnerabilities.storage.googleapis.com';

export interface Json {
  [member: string]: unknown;
}

/** One record with an advisory's ordinary members. */
export function osv(id: string, affected: Json[], more: Json = {}): Json {
  return {
    schema_version: '1.7.0',
    id,
    summary: 'openssl vulnerability',
    details: 'Long.',
    modified: '2026-11-20T10:00:00Z',
    published: '2026-11-19T10:00:00Z',
    affected,
    references: [{ type: 'ADVISORY', url: `https://vendor.example/${id}` }],
    ...more,
  };
}

/** One affected package, fixed in a version, or in none. */
export function fixedIn(ecosystem: string, name: string, version: string | null, more: Json = {}): Json {
  const { purl, ...rest } = more;
  const events = version === null ? [{ introduced: '0' }] : [{ introduced: '0' }, { fixed: version }];
  const named = { ecosystem, name, ...(purl === undefined ? {} : { purl }) };
  return { package: named, ranges: [{ type: 'ECOSYSTEM', events }], versions: [], ...rest };
}

export function read(record: unknown, now = NOW): Reading<Advisory> {
  return readRecord(Buffer.from(JSON.stringify(record)), 'asked', { url: () => `${BUCKET}/x.json`, sha256: '0'.repeat(64), now });
}

/** The advisory of a record that is sound; throws otherwise. */
export function advisoryOf(record: unknown): Advisory {
  const reading = read(record);
  if ('item' in reading) return reading.item;
  throw new Error(`${reading.record}: ${reading.problem}`);
}

/** Rows as short text: `ubuntu 22.04 pro:esm-infra binary libssl3 3.0.2-0ubuntu1.18`, `… nginx 2 to 3`, `… nginx up to 2`. */
export function rowsOf(record: unknown): string[] {
  return advisoryOf(record).affected.map((row) => {
    const until = row.lastAffectedVersion === undefined ? 'no fix' : `up to ${row.lastAffectedVersion}`;
    const from = row.introducedVersion === undefined ? undefined : `${row.introducedVersion} to`;
    const words = [row.os, row.release, row.channel, row.module, row.kind, row.package, from, row.fixedVersion ?? until];
    return words.filter((word) => word !== undefined).join(' ');
  });
}

export function feedOf(name: string): Feed {
  const feed = osvFeeds.find((item) => item.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  return feed;
}

/** `modified_id.csv` of these ids with their times. */
export function list(...entries: [time: string, id: string][]): string {
  return entries.map(([time, id]) => `${time},${id}\n`).join('');
}

export interface Bucket {
  context: PullContext;
  asked: string[];
  archived: Buffer[];
  /** How many requests were open at once, at most. */
  busiest: () => number;
}

/** A bucket with these files by path below its host, which answers with ETags that are the hash of the bytes. */
export function bucket(files: Record<string, string | Buffer | FeedError>, cursor?: string, now = NOW): Bucket {
  const asked: string[] = [];
  const archived: Buffer[] = [];
  let open = 0;
  let busiest = 0;
  const fetch = async (url: string, { etag }: { etag?: string }): Promise<Fetched> => {
    asked.push(url.slice(BUCKET.length + 1));
    open += 1;
    busiest = Math.max(busiest, open);
    await Promise.resolve();
    open -= 1;
    const file = files[url.slice(BUCKET.length + 1)];
    if (file === undefined) throw new FeedError('refused', `${url} answers 404`);
    if (file instanceof FeedError) throw file;
    const bytes = Buffer.from(file);
    const own = sha256(bytes);
    return own === etag ? { kind: 'unchanged' } : { kind: 'bytes', bytes, etag: own };
  };
  const archive = (bytes: Uint8Array): Promise<{ key: string; sha256: string }> => {
    archived.push(Buffer.from(bytes));
    return Promise.resolve({ key: `feeds/${sha256(bytes)}`, sha256: sha256(bytes) });
  };
  return { context: { fetch, cursor, now, archive }, asked, archived, busiest: () => busiest };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Zipped {
  name: string;
  bytes: Buffer;
  /** As the directory says it, where it lies. */
  claimedSize?: number;
  stored?: boolean;
}

/** A zip file (PKWARE's APPNOTE 6.3) of these entries. */
export function zip(entries: readonly Zipped[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, claimedSize = bytes.length, stored = false } of entries) {
    const data = stored ? bytes : deflateRawSync(bytes);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(stored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(claimedSize, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, rest, Buffer.from(name)]));
    files.push(file);
    offset += file.length;
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}
