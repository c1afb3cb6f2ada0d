import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { format } from 'node:util';

/** What a function writes, cut into lines. */
export interface Output {
  stdout: Writable;
  stderr: Writable;
  console: Console;
  /** Writes out what has no line end yet. */
  flush(): void;
}

const levels = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

export interface OutputSettings {
  /** Lambda's log format: what `console` adds to a message. Direct writes to stdout stay as they are. */
  format: 'Text' | 'JSON';
  requestId: () => string;
  /** Milliseconds since the epoch. */
  now: () => number;
  line: (text: string) => void;
}

/**
 * Standard streams and console of one environment. `console` marks messages as Lambda's runtime does:
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
export function createOutput(settings: OutputSettings): Output {
  const streams = [lineStream(settings.line), lineStream(settings.line)] as const;
  const [stdout, stderr] = streams.map(({ stream }) => stream) as [Writable, Writable];
  // `require('console')` gives the console with its class: Powertools makes its own from it.
  const own = Object.assign(new Console({ stdout, stderr }), { Console });
  for (const [method, level] of Object.entries(levels)) {
    const write = (...values: unknown[]): void => settings.line(marked(settings, level, values));
    Object.assign(own, { [method]: write });
  }
  return {
    stdout,
    stderr,
    console: own,
    flush: () => {
      for (const { flush } of streams) flush();
    },
  };
}

function marked({ format: kind, requestId, now }: OutputSettings, level: string, values: unknown[]): string {
  const timestamp = new Date(now()).toISOString();
  const [first] = values;
  if (kind === 'Text') return `${timestamp}\t${requestId()}\t${level}\t${format(...values)}`;
  const message = values.length === 1 && typeof first === 'object' && !(first instanceof Error) ? first : format(...values);
  return JSON.stringify({ timestamp, level, requestId: requestId(), message });
}

function lineStream(line: (text: string) => void): { stream: Writable; flush: () => void } {
  let rest = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) line(text);
      done();
    },
  });
  return {
    stream,
    flush: () => {
      if (rest !== '') line(rest);
      rest = '';
    },
  };
}
