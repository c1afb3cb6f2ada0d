/** `modified_id.csv`: `<RFC 3339 time>,<id>`, one record of an ecosystem a line. */
import { FeedError } from '../feed.ts';
import type { Distribution } from './record.ts';

/** One record that there is now. */
export interface Listed {
  id: string;
  /** Milliseconds since the epoch. */
  modified: number;
}

export interface OsvList {
  /** The distribution's own advisories, each once with its newest date, the newest first. */
  listed: Listed[];
  /** Lines that would be its own, but have no sound id, and lines that are none. */
  problems: { record: string; problem: string }[];
  /** Newest date of each list, whosever record it is. */
  tops: number[];
}

/** Records of a list: OSV had 55,000 in its largest distribution in autumn 2026. */
const MAX_LINES = 1_000_000;

/** Reads the lists of a distribution's ecosystems as one. Ids of other kinds (`UBUNTU-CVE-…`) are passed over. Throws `FeedError`. */
export function readList(lists: readonly Uint8Array[], distribution: Distribution): OsvList {
  const newest = new Map<string, number>();
  const problems: OsvList['problems'] = [];
  const tops = lists.map((bytes) => {
    let top = 0;
    for (const line of linesOf(bytes)) {
      const entry = readLine(line);
      if (entry === undefined) {
        problems.push({ record: line.slice(0, 100), problem: 'is no line of a time and an id' });
        continue;
      }
      top = Math.max(top, entry.modified);
      if (!distribution.mine.test(entry.id)) continue;
      if (!distribution.id.test(entry.id)) problems.push({ record: entry.id.slice(0, 100), problem: 'is no id of an advisory' });
      else newest.set(entry.id, Math.max(entry.modified, newest.get(entry.id) ?? 0));
    }
    return top;
  });
  const listed = [...newest].map(([id, modified]) => ({ id, modified }));
  return { listed: listed.toSorted((a, b) => b.modified - a.modified || (a.id < b.id ? -1 : 1)), problems, tops };
}

function linesOf(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .split(/\r?\n/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw new FeedError('too-large', `the list of changes has more than ${MAX_LINES} lines`);
  return lines.filter((line) => line !== '');
}

function readLine(line: string): Listed | undefined {
  const [, time = '', id = ''] = /^(\d{4}-\d\d-\d\dT[\d:.]{8,18}Z),(.{1,200})$/.exec(line) ?? [];
  const modified = Date.parse(time);
  return Number.isNaN(modified) ? undefined : { id, modified };
}
