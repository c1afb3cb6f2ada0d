/** Plain text for terminals: cutting, wrapping and counting. Widths are characters; nothing here knows about colour. */
import { plain } from '../files/plain.ts';

export { plain };

/** The widest line that is ever written, in characters. */
export const WIDEST = 100;

/**
 * A value as JSON on one line, or on several with `indent`: with escapes for what a terminal would obey and JSON would let through (C1 control
 * characters, DEL, marks of the direction of writing). To a program it says the same.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(OBEYED_IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Line breaks are JSON's own here: those of a text are escapes already. */
const OBEYED_IN_JSON = /(?!\n)[\p{Cc}\p{Bidi_Control}\u200b\u2028\u2029\u2060\ufeff]/gu;

/** Cuts to at most `width` characters, with an ellipsis where something was cut. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Breaks at spaces into lines of at most `width` characters; words that are longer are cut in pieces. An empty text is one empty line. */
export function wrap(text: string, width: number): string[] {
  return filled(
    text.split(' ').flatMap((part) => pieces(part, width)),
    width,
  );
}

/** The same for text that is printed once and copied from: an ARN, id or address is never cut, and stands out where a line is too short for it. */
export function wrapWhole(text: string, width: number): string[] {
  return filled(text.split(' '), width);
}

function filled(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/**
 * Text of several lines that has a layout of its own (a message, the problems of a file): lines that fit keep their columns, others are
 * wrapped under their own indent.
 */
export function layout(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const kept = line
      .split(/( +)/)
      .map((part) => (part.startsWith(' ') ? part : plain(part)))
      .join('');
    const indent = /^ */.exec(kept)?.[0] ?? '';
    if (kept.length <= width) return [kept.trimEnd()];
    return wrap(kept.trim().replaceAll(/ +/g, ' '), Math.max(20, width - indent.length)).map((part) => indent + part);
  });
}

/** A label and its text, wrapped under the text's beginning: `  cost     17 commands …`. `column` is where the text begins. */
export function labelled(label: string, text: string, { width, column }: { width: number; column: number }): string[] {
  return wrap(text, width - column).map((line, index) => `${index === 0 ? `  ${label}`.padEnd(column) : ' '.repeat(column)}${line}`);
}

/** `1 node`, `3,412 advisories`. The plural is the word with an s where it is not given. */
export function amount(number: number, word: string, words = `${word}s`): string {
  return `${grouped(number)} ${number === 1 ? word : words}`;
}

/** `3,412`. */
export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}

/** `db-04, app-09 and 12 more`: at most `most` names. */
export function some(names: string[], most = 5): string {
  const shown = names.slice(0, most).map(plain).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** A hash without the folder and the ending of the object that it names. */
export function wholeHash(text: string): string {
  return text.replace(/^.*\//, '').replace(/\.json$/, '');
}

/** First and last characters of a hash: `3f9c..e1`. */
export function shortHash(hash: string): string {
  const bare = wholeHash(hash);
  return bare.length > 10 ? `${bare.slice(0, 4)}..${bare.slice(-2)}` : bare;
}

/** Milliseconds of real time: `0.9 s`. */
export function realTime(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** USD to the tenth of a cent: `0.005 USD`. */
export function usd(value: number): string {
  return value > 0 && value < 0.001 ? 'under 0.001 USD' : `${value.toFixed(3)} USD`;
}

/** Text as one word of a command to be copied: quoted where a shell would not take it as one (POSIX, Shell Command Language, 2.2.2). */
export function shellWord(text: string): string {
  const shown = plain(text);
  return /^[\w.:@/-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}

function pieces(word: string, width: number): string[] {
  if (word.length <= width) return [word];
  const parts: string[] = [];
  for (let start = 0; start < word.length; start += width) parts.push(word.slice(start, start + width));
  return parts;
}
