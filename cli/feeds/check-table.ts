/** What a check found, as a table of Markdown: it is read in a terminal and stands in docs/feeds.md. */
import { grouped, plain } from '../ui/text.ts';
import type { CheckedFile } from './check.ts';

/** One row a file and feed. */
export function checkTable(rows: readonly CheckedFile[]): string[] {
  const lines = rows.map((row) => [
    row.file,
    row.feed || '-',
    row.result === 'read' ? grouped(row.records) : '-',
    row.result === 'read' ? grouped(row.skipped) : '-',
    row.newest.slice(0, 10) || '-',
    wordsOf(row),
  ]);
  return [['file', 'feed', 'records', 'skipped', 'newest', 'result'], ['---', '---', '---:', '---:', '---', '---'], ...lines].map(
    (cells) => `| ${cells.map(escape).join(' | ')} |`,
  );
}

function wordsOf({ result, note }: CheckedFile): string {
  if (result === 'read') return note === '' ? 'read' : `read; ${note}`;
  return result === 'not ours' ? `not read: ${note}` : `**rejected**: ${note}`;
}

/** A file's name may be anything. */
function escape(cell: string): string {
  return plain(cell).replaceAll('|', '\\|');
}
