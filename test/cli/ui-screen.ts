/** Streams for the tests of the terminal: one that keeps what is written, and what a terminal would make of it. */
import { Writable } from 'node:stream';
import tty from 'node:tty';

export interface FakeStream {
  stream: NodeJS.WriteStream;
  text: () => string;
}

/** A stream that passes for a terminal of `columns` characters and 100 lines. */
export function fakeStream(columns = 100): FakeStream {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString('utf8'));
      done();
    },
  });
  // `tty.WriteStream` needs a real terminal to open; its prototype only adds what a view reads.
  const stream = Object.assign(Object.create(tty.WriteStream.prototype) as NodeJS.WriteStream, {
    columns,
    rows: 100,
    isTTY: true,
    write: sink.write.bind(sink),
  });
  return { stream, text: () => chunks.join('') };
}

/** A control sequence (ECMA-48, 5.4) or any one character. */
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[([?\\d;]*)([A-Za-z])|[^]`, 'g');

/** The lines that stand on a terminal after all this was written: cursor up, erase line and column, as log-update uses them. */
export function screen(text: string): string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  for (const [token, parameter, command] of text.matchAll(SEQUENCE)) {
    if (command === 'A') row = Math.max(0, row - Number(parameter === '' ? 1 : parameter));
    else if (command === 'K') lines[row] = '';
    else if (command === 'G') column = Number(parameter === '' ? 1 : parameter) - 1;
    else if (command !== undefined) continue;
    else if (token === '\n') {
      row += 1;
      column = 0;
      lines[row] ??= '';
    } else {
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + 1);
      column += 1;
    }
  }
  return lines.map((line) => line.trimEnd());
}
