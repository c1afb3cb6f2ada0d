/**
 * Reads YAML 1.2 with the place of every key and value. What YAML allows and people's slips abuse is refused here: duplicate keys, keys
 * that are no texts, aliases that blow up, several documents in a file.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { Lexer, LineCounter, Parser, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { pathText } from '../../lambdas/core/policy/problems.ts';
import type { Path, PathProblem } from '../../lambdas/core/policy/problems.ts';
import { whyUnreadable } from '../../local/feeds/files.ts';
import { fail, failIfAny, fileProblem, InputErrors } from './problems.ts';
import type { Problem } from './problems.ts';

/** A file, read: its value, and where each part of it stands. */
export interface Source {
  file: string;
  text: string;
  /** Of the file's bytes, hexadecimal. */
  sha256: string;
  /** Plain JSON values. */
  value: unknown;
  /** Slips that leave the value readable (duplicate keys): to be shown together with what the checks find. */
  problems: Problem[];
  /** Problems, with their places, of what keys that stand twice hide: `check` is asked about the value with each earlier one in its stead. */
  hidden(check: (value: unknown) => readonly PathProblem[]): Problem[];
  /** Gives problems of the value their places. */
  place(problems: readonly PathProblem[]): Problem[];
}

/** A fleet of 10,000 nodes written one by one has about 3 MB. */
const MAX_BYTES = 16 * 1024 * 1024;
/** More uses of aliases than this are an attack or an accident (the `yaml` package's own limit, ToJSOptions.maxAliasCount). */
const MAX_ALIASES = 100;

/** Far more than our files need, far less than what exhausts the stack: there V8 ends the process instead of throwing. */
const MAX_DEPTH = 100;
/** One slip makes the parser stumble over much that follows. */
const MAX_COMPLAINTS = 5;
/** Of a key that stands more often, these first values and the last are checked; and of what is wrong there, so much is told for each. */
const MAX_HIDDEN = 5;
const MAX_HIDDEN_PROBLEMS = 100;

interface Parsed {
  file: string;
  document: Document.Parsed;
  lines: LineCounter;
}

/** Throws `InputErrors` where there is no file, no text, or no YAML. */
export function readYaml(file: string): Source {
  const bytes = readBytes(file);
  const text = decode(file, bytes);
  const parsed = parse(file, text);
  return {
    file,
    text,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    value: valueOf(parsed),
    problems: slips(parsed.document.contents, [], parsed),
    hidden: (check) => hidden(parsed, text, check),
    place: (problems) => placed(parsed, problems),
  };
}

function placed(parsed: Parsed, problems: readonly PathProblem[]): Problem[] {
  return problems.map(({ path, at, ...rest }) => ({ file: parsed.file, ...placeOf(parsed, path, at), path: pathText(path), ...rest }));
}

function readBytes(file: string): Buffer {
  const tooLarge = (bytes: number): boolean => bytes > MAX_BYTES && fail([fileProblem(file, `is larger than ${MAX_BYTES / 1024 / 1024} MB`)]);
  try {
    // Before it is in memory, where that can be told: a pipe has no size.
    tooLarge(statSync(file).size);
    const bytes = readFileSync(file);
    tooLarge(bytes.length);
    return bytes;
  } catch (error) {
    if (error instanceof InputErrors) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTDIR') fail([fileProblem(file, 'does not exist')]);
    if (code === 'EISDIR') fail([fileProblem(file, 'is a folder, not a file')]);
    return fail([fileProblem(file, whyUnreadable(error))]);
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail([fileProblem(file, 'is not UTF-8 text')]);
  }
}

function parse(file: string, text: string): Parsed {
  const lines = new LineCounter();
  if (isDeep(text)) fail([fileProblem(file, `is nested more than ${MAX_DEPTH} levels deep`)]);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  const complaints = [...document.errors, ...document.warnings].slice(0, MAX_COMPLAINTS);
  failIfAny(complaints.map(({ pos, ...complaint }) => ({ file, ...lineAndColumn(lines, pos[0]), path: '', message: wording(complaint) })));
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    fail([fileProblem(file, 'is empty')]);
  }
  return { file, document, lines };
}

/** Looks at nesting without recursion, which composing a document uses. */
function isDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH) return true;
  }
  return false;
}

function wording({ code, message }: { code: string; message: string }): string {
  return code === 'MULTIPLE_DOCS' ? 'another document begins here; the file may hold one only' : `is not YAML: ${message}`;
}

function valueOf({ file, document }: Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // Aliases without anchor, in a circle, or too many.
    if (error instanceof ReferenceError) fail([fileProblem(file, `has aliases that cannot be followed: ${error.message}`)]);
    // A file that asks for YAML 1.1 (`%YAML 1.1`) may merge what cannot be merged.
    return fail([fileProblem(file, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)]);
  }
}

/** Keys that stand twice or are no texts. */
function slips(node: unknown, path: Path, parsed: Parsed): Problem[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => slips(item, [...path, index], parsed));
  if (!isMap(node)) return [];
  const seen = new Map<string, number>();
  return node.items.flatMap(({ key, value }) => {
    const name = keyText(key);
    const place = lineAndColumn(parsed.lines, isNode(key) ? key.range?.[0] : undefined);
    const problem = (message: string): Problem => ({ file: parsed.file, ...place, path: pathText([...path, name ?? '?']), message });
    if (name === undefined || name === '__proto__') return [problem('cannot be a key here')];
    const before = seen.get(name);
    seen.set(name, place.line);
    const deeper = slips(value, [...path, name], parsed);
    return before === undefined ? deeper : [problem(`is there twice, first in line ${before}`), ...deeper];
  });
}

interface Copies {
  path: Path;
  count: number;
}

function hidden(parsed: Parsed, text: string, check: (value: unknown) => readonly PathProblem[]): Problem[] {
  const copies = keepCopy(parsed.document.contents, [], undefined);
  const most = copies.reduce((sofar, { count }) => Math.max(sofar, Math.min(MAX_HIDDEN, count - 1)), 0);
  return Array.from({ length: most }, (_, copy) => copy).flatMap((copy) => {
    const reading = parse(parsed.file, text);
    keepCopy(reading.document.contents, [], copy);
    const shown = new Set(copies.filter(({ count }) => copy < count - 1).map((one) => pathText(one.path)));
    // What stands beside it is checked with the last value, which counts.
    const isHidden = ({ path }: PathProblem): boolean => path.some((_step, depth) => shown.has(pathText(path.slice(0, depth + 1))));
    return placed(reading, check(valueOf(reading)).filter(isHidden).slice(0, MAX_HIDDEN_PROBLEMS));
  });
}

/** The keys that stand twice or more. With `copy`, a number from 0, only that value of each is left, or the last where there are fewer. */
function keepCopy(node: unknown, path: Path, copy: number | undefined): Copies[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => keepCopy(item, [...path, index], copy));
  if (!isMap(node)) return [];
  const pairs = new Map<unknown, Pair[]>();
  for (const pair of node.items) {
    const key = keyText(pair.key) ?? pair.key;
    const same = pairs.get(key);
    if (same) same.push(pair);
    else pairs.set(key, [pair]);
  }
  if (copy !== undefined) node.items = [...pairs.values()].flatMap((same) => same[Math.min(copy, same.length - 1)] ?? []);
  return [...pairs].flatMap(([key, same]) => {
    const here = [...path, typeof key === 'string' ? key : '?'];
    const deeper = same.flatMap(({ value }) => keepCopy(value, here, copy));
    return same.length > 1 && typeof key === 'string' ? [{ path: here, count: same.length }, ...deeper] : deeper;
  });
}

/** Where a key or value stands; for one that is missing, where its parent stands. Of a key that stands twice the last one counts. */
function placeOf({ document, lines }: Parsed, path: Path, part: 'key' | 'value'): { line: number; column: number } {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, step] of path.entries()) {
    const holder = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(holder) ? holder.items.findLast((item) => keyText(item.key) === String(step)) : undefined;
    const item = isSeq(holder) && typeof step === 'number' ? holder.items[step] : undefined;
    const next = pair ? pair.value : item;
    if (pair === undefined && item === undefined) break;
    const last = depth === path.length - 1;
    offset = startOf(last && part === 'value' ? (next ?? pair?.key) : (pair?.key ?? next)) ?? offset;
    node = next;
  }
  return lineAndColumn(lines, offset);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node satisfies Node).range?.[0] : undefined;
}

function lineAndColumn(lines: LineCounter, offset = 0): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  // A file without a line break has no lines for the counter.
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function keyText(key: unknown): string | undefined {
  const value = isScalar(key) ? key.value : key;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
