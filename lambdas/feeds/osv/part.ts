/** Reads some hundred records of the bucket, archived in packs before anything is parsed. */
import type { Advisory } from '../../core/advisory.ts';
import { FeedError } from '../feed.ts';
import type { PullContext, Reading } from '../feed.ts';
import { readRecord } from './read.ts';
import type { Distribution } from './record.ts';

export const OSV_HOST = 'osv-vulnerabilities.storage.googleapis.com';

const AT_ONCE = 20;
/** Bytes. Ubuntu's notices of kernels, the largest, are a few hundred KB. */
const MAX_RECORD = 16 * 1024 * 1024;
/** Bytes of records that are held in memory before they are archived and read. */
const PACK = 8 * 1024 * 1024;

interface Fetched {
  id: string;
  url: string;
  bytes: Buffer;
}

/** Address of a file of an ecosystem's folder. */
export function osvUrl(ecosystem: string, file: string): string {
  return `https://${OSV_HOST}/${encodeURIComponent(ecosystem)}/${file}`;
}

/**
 * Yields one reading for each id, in packs. What is archived is NDJSON: one line a record, line breaks inside of a record (which are
 * only white space in JSON) made blanks. `provenance` names the record's own address and the pack's hash.
 * A record that is gone, too large or unreadable is a problem of its own. One that can't be reached ends the part with a `FeedError`:
 * were it passed over, nobody would ask for it again until its vendor changes it.
 */
export async function* readPart(distribution: Distribution, context: PullContext, ids: readonly string[]): AsyncGenerator<Reading<Advisory>> {
  let pack: Fetched[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    for (const answer of await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => fetchRecord(distribution, context, id)))) {
      if ('problem' in answer) yield answer;
      else pack.push(answer);
    }
    if (pack.reduce((size, { bytes }) => size + bytes.length, 0) < PACK) continue;
    yield* readPack(context, pack);
    pack = [];
  }
  yield* readPack(context, pack);
}

async function* readPack(context: PullContext, pack: readonly Fetched[]): AsyncGenerator<Reading<Advisory>> {
  if (pack.length === 0) return;
  const { sha256 } = await context.archive(Buffer.concat(pack.flatMap(({ bytes }) => [oneLine(bytes), LINE_BREAK])));
  for (const { id, url, bytes } of pack) {
    const reading = readRecord(bytes, id, { url: () => url, sha256, now: context.now });
    if ('item' in reading && reading.item.id !== id) yield { record: id, problem: `is the record of ${reading.item.id}` };
    else yield reading;
  }
}

const LINE_BREAK = Buffer.from('\n');

function oneLine(bytes: Buffer): Buffer {
  return bytes.includes(10) || bytes.includes(13) ? Buffer.from(bytes.map((byte) => (byte === 10 || byte === 13 ? 32 : byte))) : bytes;
}

type Missing = { record: string; problem: string };

/** From the distribution's usual folder, else from the next one: SUSE's notices for openSUSE alone are only in openSUSE's. */
async function fetchRecord(distribution: Distribution, context: PullContext, id: string): Promise<Fetched | Missing> {
  if (!distribution.id.test(id)) return { record: id, problem: 'is no id of an advisory' };
  let problem = '';
  for (const ecosystem of foldersOf(distribution, id)) {
    const url = osvUrl(ecosystem, `${id}.json`);
    try {
      const answer = await context.fetch(url, { maxBytes: MAX_RECORD });
      if (answer.kind === 'bytes') return { id, url, bytes: answer.bytes };
      problem = 'is said to be unchanged, though nobody asked';
    } catch (error) {
      if (!(error instanceof FeedError) || error.retryable) throw error;
      problem = error.message;
    }
  }
  return { record: id, problem };
}

function foldersOf({ ecosystems }: Distribution, id: string): readonly string[] {
  const own = ecosystems.find((ecosystem) => id.startsWith(`${ecosystem}-`));
  return own === undefined ? ecosystems : [own, ...ecosystems.filter((ecosystem) => ecosystem !== own)];
}
