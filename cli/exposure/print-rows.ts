/** Rows as JSON, for both forms of `wavelock exposure`. */

/** One array, a row a line: a large fleet's would not fit into one text. `print` takes a line or more at a time. */
export function printRows(rows: Iterable<object>, print: (text: string) => void): void {
  let separator = '[\n';
  for (const row of rows) {
    print(`${separator}${JSON.stringify(row)}`);
    separator = ',\n';
  }
  print(separator === '[\n' ? '[]\n' : '\n]\n');
}
