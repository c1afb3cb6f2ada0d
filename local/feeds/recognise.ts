/** What a loose file is, told by its content: its name says nothing. */
import { gunzipSync } from 'node:zlib';
import { isZip, MAX_TEXT, readWithin } from './files.ts';
import { readZip } from './zip.ts';

/** One loose file, or one entry of a zip. */
export type Recognised =
  | { is: 'updateinfo'; bytes: Buffer; text: string }
  | { is: 'repomd'; bytes: Buffer }
  | { is: 'kev' | 'scores' | 'lifecycles'; bytes: Buffer }
  | { is: 'news'; bytes: Buffer; text: string }
  | { is: 'month'; bytes: Buffer; month: unknown }
  | { is: 'records'; records: OsvRecord[] }
  /** `damaged`: it would be something, if it were whole. */
  | { is: 'unknown'; why: string; damaged?: true };

/** As much of an OSV record as its place needs. */
export interface OsvRecord {
  id: string;
  modified: string;
  ecosystems: string[];
  bytes: Buffer;
}

const MIB = 1024 * 1024;
/** Bytes that Node reads at once, at most. */
const MAX_ZIP = 2048 * MIB - 1;
/** As `lambdas/feeds/bytes.ts` has it: what grows more is made to. */
const MAX_RATIO = 200;
const RATIO_APPLIES_FROM = 16 * MIB;
const START = 64 * 1024;

const UNKNOWN = "neither updateinfo, CISA's catalogue, OSV records, a month of MSRC, EPSS scores, end-of-life dates nor the news of Amazon Linux";

/** Looks into a file on disk; what is too large is not read. A zip is as large as it is. Throws what `fs` throws. */
export function recogniseFile(path: string): Recognised {
  const read = readWithin(path, isZip(path) ? MAX_ZIP : MAX_TEXT);
  return 'why' in read ? { is: 'unknown', why: read.why, damaged: true } : recognise(read);
}

/** Looks into the file. Never throws: what is damaged is unknown. */
export function recognise(bytes: Buffer): Recognised {
  try {
    return look(bytes);
  } catch (error) {
    // V8's JSON recurses: a few thousand levels are too many for writing, more for reading.
    if (error instanceof RangeError) return { is: 'unknown', why: 'is nested too deeply', damaged: true };
    throw error;
  }
}

function look(bytes: Buffer): Recognised {
  if (bytes.subarray(0, 4).equals(Buffer.from([0x50, 0x4b, 3, 4]))) return recogniseZip(bytes);
  const read = readText(bytes);
  if ('why' in read) return { is: 'unknown', why: read.why, damaged: true };
  const { text } = read;
  const start = text.slice(0, START);
  if (/^[^<{]*<(!doctype\s+html|html|head|body)\b/i.test(start)) return { is: 'unknown', why: 'is a web page, not data', damaged: true };
  if (/<updates[\s>]/.test(start)) return { is: 'updateinfo', bytes, text };
  if (/<repomd[\s>]/.test(start)) return { is: 'repomd', bytes };
  if (/<rss[\s>]/.test(start) && start.includes('//alas.aws.amazon.com')) return { is: 'news', bytes, text };
  if (/^(#model_version[^\n]*\n)?cve,epss\b/.test(start)) return { is: 'scores', bytes };
  return /^\s*[[{]/.test(start) ? recogniseJson(bytes, text) : { is: 'unknown', why: UNKNOWN };
}

function recogniseJson(bytes: Buffer, text: string): Recognised {
  const value = parse(text);
  if (isObject(value)) {
    if ('catalogVersion' in value) return { is: 'kev', bytes };
    if ('generated_at' in value && Array.isArray(value['result'])) return { is: 'lifecycles', bytes };
    if ('ProductTree' in value && 'Vulnerability' in value) return { is: 'month', bytes, month: value };
    const record = osvRecord(value, bytes);
    return record ? { is: 'records', records: [record] } : { is: 'unknown', why: UNKNOWN };
  }
  if (!Array.isArray(value)) return { is: 'unknown', why: 'is no JSON, or cut off', damaged: true };
  const records = value.flatMap((item) => osvRecord(item, Buffer.from(JSON.stringify(item))) ?? []);
  if (records.length > 0 && records.length === value.length) return { is: 'records', records };
  return { is: 'unknown', why: UNKNOWN };
}

function recogniseZip(bytes: Buffer): Recognised {
  const entries = readZip(bytes);
  if (!entries) return { is: 'unknown', why: 'is no zip that can be read', damaged: true };
  const records = entries.flatMap((entry) => osvRecord(parse(entry.toString('utf8')), entry) ?? []);
  return records.length > 0 ? { is: 'records', records } : { is: 'unknown', why: 'holds no OSV record' };
}

/** An OSV record has an id and a date of change, and says whom it affects, if only that it is nobody. */
function osvRecord(value: unknown, bytes: Buffer): OsvRecord | undefined {
  if (!isObject(value) || typeof value['id'] !== 'string' || typeof value['modified'] !== 'string') return undefined;
  const affected = Array.isArray(value['affected']) ? value['affected'] : [];
  if (!('affected' in value) && !('schema_version' in value)) return undefined;
  const ecosystems = affected.flatMap((item: unknown) => {
    const found = isObject(item) && isObject(item['package']) ? item['package']['ecosystem'] : undefined;
    return typeof found === 'string' ? [found.split(':', 1)[0] ?? ''] : [];
  });
  return { id: value['id'], modified: value['modified'], ecosystems: [...new Set(ecosystems)], bytes };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Said as "is no JSON" by whoever asked.
  }
}

function readText(bytes: Buffer): { text: string } | { why: string } {
  if (bytes.length === 0) return { why: 'is empty' };
  if (['fffe', 'feff'].includes(bytes.toString('hex', 0, 2))) return { why: 'is written in UTF-16; vendors write UTF-8' };
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const most = isPacked ? Math.min(MAX_TEXT, Math.max(RATIO_APPLIES_FROM, bytes.length * MAX_RATIO)) : MAX_TEXT;
  if (bytes.length > most) return { why: `is larger than ${most / MIB} MB` };
  try {
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: most }) : bytes;
    return { text: plain.toString('utf8').replace(/^\uFEFF/, '') };
  } catch (error) {
    const isTooLarge = error instanceof RangeError || (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE');
    return { why: isTooLarge ? `grows to more than ${Math.floor(most / MIB)} MB when decompressed` : 'its compression is damaged, or it is cut off' };
  }
}
