/** Rows as JSON, for both forms of `wavelock exposure`. */
import { jsonText } from '../ui/text.ts';

/** Characters that are worth a write. */
const CHUNK = 64 * 1024;

/** One array, a row a line: a large fleet's would not fit into one text. `print` takes many lines at a time. */
export function printRows(rows: Iterable<object>, print: (text: string) => void): void {
  let text = '';
  let separator = '[\n';
  for (const row of rows) {
    text += separator + jsonText(row);
    separator = ',\n';
    if (text.length < CHUNK) continue;
    print(text);
    text = '';
  }
  print(separator === '[\n' ? '[]\n' : `${text}\n]\n`);
}
