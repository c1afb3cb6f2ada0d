/**
 * The entries of a zip, as OSV packs an ecosystem's records (`all.zip`): a few thousand small files, stored or deflated, below 4 GB.
 * APPNOTE.TXT 6.3 (PKWARE), sections 4.3.12 and 4.3.16.
 */
import { inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const LARGEST_COMMENT = 65_535;
/** Bytes of one entry, and of all; a user's folder may hold anything. */
const MAX_ENTRY = 64 * 1024 * 1024;
const MAX_ALL = 1024 * 1024 * 1024;

/** Contents of the files in it, in their order; `undefined` for what is damaged, too large, or packed in a newer way. */
export function readZip(zip: Buffer): Buffer[] | undefined {
  const end = findEnd(zip);
  if (end === undefined) return undefined;
  const files: Buffer[] = [];
  let at = zip.readUInt32LE(end + 16);
  let total = 0;
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const entry = readEntry(zip, at);
    if (!entry) return undefined;
    at = entry.next;
    total += entry.bytes.length;
    if (total > MAX_ALL) return undefined;
    if (!entry.folder) files.push(entry.bytes);
  }
  return files;
}

function findEnd(zip: Buffer): number | undefined {
  const first = Math.max(0, zip.length - END_SIZE - LARGEST_COMMENT);
  for (let at = zip.length - END_SIZE; at >= first; at -= 1) if (zip.readUInt32LE(at) === END) return at;
  return undefined;
}

function readEntry(zip: Buffer, at: number): { bytes: Buffer; folder: boolean; next: number } | undefined {
  if (at + ENTRY_SIZE > zip.length || zip.readUInt32LE(at) !== ENTRY) return undefined;
  const method = zip.readUInt16LE(at + 10);
  const [packed, size] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
  const nameLength = zip.readUInt16LE(at + 28);
  const next = at + ENTRY_SIZE + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  const local = zip.readUInt32LE(at + 42);
  if (local + LOCAL_SIZE > zip.length || size > MAX_ENTRY) return undefined;
  const start = local + LOCAL_SIZE + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const bytes = unpack(zip.subarray(start, start + packed), method, size);
  const folder = zip.toString('utf8', at + ENTRY_SIZE, at + ENTRY_SIZE + nameLength).endsWith('/');
  return bytes && { bytes, folder, next };
}

function unpack(packed: Buffer, method: number, size: number): Buffer | undefined {
  if (method === 0) return packed;
  if (method !== 8) return undefined;
  try {
    return inflateRawSync(packed, { maxOutputLength: size });
  } catch {
    return undefined; // The whole zip is then said to be unreadable.
  }
}
