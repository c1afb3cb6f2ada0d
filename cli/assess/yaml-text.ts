/** Texts from outside as YAML that cannot be broken out of. The files keep comments and columns, so they are written by hand. */
import { jsonText, plain } from '../ui/text.ts';

/** What YAML 1.1 and 1.2 both read as this very text, without quotes. */
const BARE = /^(?![.\d-]+$)[A-Za-z0-9][A-Za-z0-9._/-]*$/;
/** Words that some YAML reads as something else than a text. */
const WORDS = /^(y|n|yes|no|on|off|true|false|null|nan|inf|[0-9]+e[0-9]+|0[xo].*)$/i;
/** Dates and numbers with colons or dots. */
const NUMBERS = /^\d[\d._:-]*$/;

/** A key or a value: bare where that is safe, else in double quotes with JSON's escapes, which are YAML's too (YAML 1.2, 7.3.1). */
export function scalar(text: string): string {
  return BARE.test(text) && !WORDS.test(text) && !NUMBERS.test(text) ? text : jsonText(text);
}

/** `{ a: b, c: d }` of finished values; `undefined` ones are left out. */
export function flow(entries: Record<string, string | undefined>): string {
  const given = Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [`${scalar(key)}: ${value}`]));
  return given.length === 0 ? '{}' : `{ ${given.join(', ')} }`;
}

/** `[a, b]` of texts. */
export function list(texts: readonly string[]): string {
  return `[${texts.map(scalar).join(', ')}]`;
}

/** Texts → texts. */
export function map(entries: Record<string, string>): string {
  return flow(Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, scalar(value)])));
}

/** Lines of comment: one line each, whatever stands in them. */
export function comment(lines: readonly string[], indent = ''): string[] {
  return lines.map((line) => `${indent}# ${plain(line)}`.trimEnd());
}
