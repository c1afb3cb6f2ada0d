/**
 * What our own readers make of a folder of vendors' files: each is put on a site of its own, as its vendor would have it, and read through
 * the whole chain by the feeds that look there. Nothing leaves the machine and nothing is stored.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { feeds } from '../../lambdas/feeds/index.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import { distributions } from '../../lambdas/feeds/osv/distributions.ts';
import { readRecord } from '../../lambdas/feeds/osv/read.ts';
import { readOsvZip } from '../../lambdas/feeds/osv/zip.ts';
import { repositoryFeed } from '../../lambdas/feeds/repositories.ts';
import { tellOrigin } from '../../lambdas/feeds/updateinfo-origin.ts';
import { findUpdateinfo } from '../../lambdas/feeds/updateinfo.ts';
import { filesBelow, isNote, whyUnreadable } from '../../local/feeds/files.ts';
import { recognise } from '../../local/feeds/recognise.ts';
import { repositoryAt } from '../../local/feeds/repository.ts';
import { Sites } from '../../local/feeds/sites.ts';
import { whyForeign } from './foreign.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { Feed, Pulled, Reading } from '../../lambdas/feeds/feed.ts';
import type { Recognised } from '../../local/feeds/recognise.ts';

export interface CheckedFile {
  /** Below the folder. */
  file: string;
  feed: string;
  /** `broken`: of a format that a feed reads, and yet not readable. `not ours`: of a format that none reads. */
  result: 'read' | 'not ours' | 'broken';
  records: number;
  skipped: number;
  /** ISO-8601 UTC, of the newest record. */
  newest: string;
  /** Why, or what is to be known. */
  note: string;
}

const START = 4_096;

/** Checks every file of a folder, those below it too, in alphabetical order. `undefined` where there is none. `now` in milliseconds. */
export async function checkFolder(folder: string, now: number): Promise<CheckedFile[] | undefined> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const files = filesBelow(folder).filter((file) => !isNote(file));
  const rows: CheckedFile[] = [];
  for (const file of files) rows.push(...(await checkFile(folder, file, now)));
  return files.length === 0 ? undefined : rows;
}

async function checkFile(folder: string, file: string, now: number): Promise<CheckedFile[]> {
  try {
    const bytes = readFileSync(join(folder, file));
    const found = bytes.toString('latin1', 0, 4) === 'PK\u0003\u0004' ? await checkZip(join(folder, file), now) : await checkOne(bytes, now);
    return found.map((row) => ({ ...row, file }));
  } catch (error) {
    const why = error instanceof FeedError ? error.message.replaceAll(`${folder}/`, '') : whyUnreadable(error);
    return [{ file, feed: '', result: 'broken', records: 0, skipped: 0, newest: '', note: why }];
  }
}

type Row = Omit<CheckedFile, 'file'>;

const NOTHING = { feed: '', records: 0, skipped: 0, newest: '' };

async function checkOne(bytes: Buffer, now: number): Promise<Row[]> {
  const what = recognise(bytes);
  if (what.is === 'records') return checkRecords(what.records.map((record) => readRecord(record.bytes, record.id, recordContext(now))));
  if (what.is === 'repomd') return [checkRepomd(bytes)];
  if (what.is === 'unknown') {
    const foreign = whyForeign(bytes.toString('utf8', 0, START));
    return [{ ...NOTHING, result: what.damaged && foreign === undefined ? 'broken' : 'not ours', note: foreign ?? what.why }];
  }
  return checkSite(what, now);
}

function recordContext(now: number): Parameters<typeof readRecord>[2] {
  return { url: () => 'https://osv.dev/', sha256: '0'.repeat(64), now };
}

async function checkZip(path: string, now: number): Promise<Row[]> {
  const readings: Reading<Advisory>[] = [];
  for await (const reading of readOsvZip(path, now)) readings.push('item' in reading ? light(reading) : reading);
  return checkRecords(readings);
}

/** Thousands of records: what is counted is kept, the rest let go. */
function light(reading: { item: Advisory; published: string }): { item: Advisory; published: string } {
  return { ...reading, item: { ...reading.item, affected: [], references: [] } };
}

/** One row a distribution. */
function checkRecords(readings: readonly Reading<Advisory>[]): Row[] {
  const rows = new Map<string, Row>();
  const out: string[] = [];
  for (const reading of readings) {
    if ('problem' in reading && reading.outOfScope) out.push(reading.problem);
    const id = 'item' in reading ? reading.item.id : reading.record;
    const feed = distributions.find(({ mine }) => mine.test(id))?.feed ?? 'osv';
    const row = rows.get(feed) ?? { ...NOTHING, feed, result: 'read', note: '' };
    rows.set(feed, count(row, reading));
  }
  const told = [...rows.values()].filter(({ records, skipped }) => records + skipped > 0);
  const [note = 'holds no record'] = out;
  if (told.length === 0)
    return [{ ...NOTHING, result: 'not ours', note: readings.length === 1 ? note : `${readings.length} records, none of a released fix` }];
  return told.map((row, index) => ({
    ...row,
    result: row.records === 0 ? 'broken' : 'read',
    note: index === 0 && out.length > 0 ? `${out.length} out of scope: ${note}` : row.note,
  }));
}

function count(row: Row, reading: Reading<Advisory>): Row {
  if ('item' in reading) return { ...row, records: row.records + 1, newest: reading.published > row.newest ? reading.published : row.newest };
  return reading.outOfScope ? row : { ...row, skipped: row.skipped + 1, note: row.note || `${reading.record}: ${reading.problem}` };
}

function checkRepomd(bytes: Buffer): Row {
  const file = findUpdateinfo(bytes, 'repomd.xml');
  return {
    ...NOTHING,
    feed: 'updateinfo',
    result: 'read',
    note: file === undefined ? 'announces no updateinfo' : `announces updateinfo by ${file.algorithm}`,
  };
}

/** Every feed that looks at a site which this file makes. */
async function checkSite(what: Exclude<Recognised, { is: 'unknown' }>, now: number): Promise<Row[]> {
  const sites = new Sites(() => false, undefined);
  const why = sites.add(what);
  const made = sites.finish();
  if (why !== undefined) return what.is === 'updateinfo' ? [await checkRepository(what, now)] : [{ ...NOTHING, result: 'broken', note: why }];
  const rows: Row[] = [];
  for (const feed of feeds.filter(({ hosts }) => [...made.keys()].some((path) => hosts.some((host) => path.startsWith(`/${host}/`))))) {
    const row = await checkFeed(feed, made, now);
    if (row) rows.push(row);
  }
  return rows.length > 0 ? rows : [{ ...NOTHING, result: 'broken', note: 'no feed could read it' }];
}

/** A repository that no feed reads by itself is one that a policy file may name; offline it is used where its content says whose it is. */
async function checkRepository(what: { bytes: Buffer; text: string }, now: number): Promise<Row> {
  const [url, files] = repositoryAt('https://repository.example/', what);
  const feed = repositoryFeed({ name: 'name', url, os: 'linux', release: '1' });
  const row = await checkFeed(feed, new Map(files), now);
  if (row?.result !== 'read') return row ? { ...row, feed: 'repo-…' } : { ...NOTHING, result: 'broken', note: 'no feed could read it' };
  const { origins, problems } = await tellOrigin(what.bytes, 'updateinfo');
  const known = origins.map(({ words }) => `offline as ${words}`);
  return {
    ...row,
    feed: 'repo-…',
    note: ['as a repository that the policy file names', ...known, ...problems.map((problem) => `not used offline: ${problem}`)].join('; '),
  };
}

/** `undefined` where the feed looks for something else on the same host. */
async function checkFeed(feed: Feed, made: ReadonlyMap<string, Buffer>, now: number): Promise<Row | undefined> {
  try {
    const { health } = await feed.pull({
      cursor: undefined,
      now,
      fetch: (url) => {
        const bytes = made.get(decodeURIComponent(url.replace('https:/', '')));
        if (!bytes) return Promise.reject(new FeedError('refused', `${url} is not there`));
        return Promise.resolve({ kind: 'bytes', bytes, etag: undefined });
      },
      archive: (bytes) => Promise.resolve({ key: 'none', sha256: createHash('sha256').update(bytes).digest('hex') }),
    });
    // A file that does not say of when it is counts as of today, which is no news about the file.
    const newest = health.newest === new Date(now).toISOString() ? '' : health.newest;
    return { feed: feed.name, result: 'read', ...counted({ ...health, newest }) };
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    // On which address of the vendor's site it was put is no news about the file.
    const note = error.message.replace(/^https:\/\/\S+?:? (?=\S)/, '');
    return error.code === 'refused' ? undefined : { ...NOTHING, feed: feed.name, result: 'broken', note };
  }
}

/** Lists that only other files of the vendor would have are no problem of this one. */
function counted({ records, newest, problems, skipped }: Pulled['health']): Pick<Row, 'records' | 'newest' | 'skipped' | 'note'> {
  const own = problems.filter((problem) => !problem.includes(' is not there') && !problem.endsWith('is not in the list'));
  const missing = problems.filter((problem) => problem.includes(' is not there')).length;
  return { records, newest, skipped: Math.max(0, skipped - missing), note: own[0] ?? '' };
}
