/**
 * What is wrong in a file that people wrote: every problem at once, each with its place and, where one is near, a suggestion.
 * Works for any zod schema; the places are paths into the value, which the reader of the file turns into lines and columns.
 */
import { z } from 'zod';
import { branchOf, isObject, keysOf, schemaAt, valueAt, wordsOf } from './schema-tree.ts';
import type { Json, Path } from './schema-tree.ts';

export type { Path } from './schema-tree.ts';

export interface PathProblem {
  path: Path;
  /** Whether the key itself is wrong (unknown, a bad name) or what stands behind it. */
  at: 'key' | 'value';
  message: string;
  hint?: string;
}

/** What a file's author may need to hear besides "unknown key" or "expected …": parts that come later, words that we call otherwise. */
export interface Advice {
  /** About an unknown key; `path` ends with it. `standsIn`: it may stand for required keys, so its object is not called incomplete. */
  key?(path: Path): { message: string; hint?: string; standsIn?: boolean } | undefined;
  /** About a value that was refused. */
  value?(path: Path, value: unknown): { message: string; hint?: string } | undefined;
}

type Issue = z.core.$ZodIssue;
interface Found extends PathProblem {
  missing?: boolean;
  standsIn?: boolean;
}

interface Reading {
  raw: unknown;
  tree: Json;
  advice: Advice;
}

/** The union's own words would be "Invalid input"; this marks that its branches know better. */
const NO_BRANCH = 'fits none of its forms';

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'keys and values',
  null: 'nothing',
};

/** Checks a value that a file held. Never throws: a value that does not fit comes back as its problems. */
export function check<T>(schema: z.ZodType<T>, raw: unknown, advice: Advice = {}): { value: T } | { problems: PathProblem[] } {
  const parsed = schema.safeParse(raw, { error: wording });
  if (parsed.success) return { value: parsed.data };
  const reading = { raw, tree: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), advice };
  const found = parsed.error.issues.flatMap((issue) => explain(issue, [], reading));
  const excused = found.filter((problem) => problem.standsIn).map((problem) => parentOf(problem.path));
  // What an object as a whole lacks may be what its unknown key was meant to give.
  const incomplete = found.filter((problem) => problem.at === 'key').map((problem) => parentOf(problem.path));
  const meant = new Set(found.map((problem) => `${parentOf(problem.path)} ${problem.hint}`));
  const misspelt = ({ path }: Found) => meant.has(`${parentOf(path)} ${youMean(String(path.at(-1)))}`);
  const kept = found
    .filter((problem) => problem.at === 'key' || !incomplete.includes(JSON.stringify(problem.path)))
    .filter((problem) => !problem.missing || !(excused.includes(parentOf(problem.path)) || misspelt(problem)));
  return { problems: kept.map(({ missing: _missing, standsIn: _standsIn, ...problem }) => problem) };
}

/** ``did you mean `atOnce`?`` when one of the words is near, else nothing. */
export function didYouMean(word: string, words: readonly string[]): string | undefined {
  const near = nearest(word, words);
  return near === undefined ? undefined : youMean(near);
}

function youMean(word: string): string {
  return `did you mean \`${word}\`?`;
}

/** The nearest word, if it is near enough to be a slip: one letter in three, or only upper and lower case, or a beginning. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = words.map((known) => ({ known, far: distance(lower, known.toLowerCase()) })).toSorted((a, b) => a.far - b.far);
  const [best] = ranked;
  if (best && best.far <= Math.max(1, Math.floor(lower.length / 3))) return best.known;
  return words.find((known) => known.length >= 3 && lower.startsWith(known.toLowerCase()));
}

/** `policies.monthly.waves[1].atOnce`. Keys that would be ambiguous are quoted. */
export function pathText(path: Path): string {
  return path.map((step, index) => stepText(step, index === 0)).join('');
}

function stepText(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  const name = /^[^\s.:[\]"]+$/.test(step) ? step : JSON.stringify(step);
  return first ? name : `.${name}`;
}

function explain(issue: Issue, base: Path, reading: Reading): Found[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], issue.keys, reading));
  if (issue.code === 'invalid_key') return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
  const value = valueAt(reading.raw, path);
  if (issue.code === 'invalid_union' && issue.message === NO_BRANCH) return explainUnion(issue.errors, path, reading);
  const advice = value === undefined ? undefined : reading.advice.value?.(path, value);
  if (advice) return [{ path, at: 'value', ...advice }];
  const missing = issue.code === 'custom' ? issue.params?.missing === true : true;
  if (value === undefined && missing) return [{ path, at: 'value', message: 'is missing', missing: true }];
  if (value === null) return [{ path, at: 'value', message: `is empty; ${issue.message}` }];
  const words = issue.code === 'invalid_value' ? wordsOf(reading.tree, path, reading.raw) : [];
  const hint = words.length > 1 && typeof value === 'string' ? didYouMean(value, words.map(String)) : undefined;
  if (words.length > 1) return [{ path, at: 'value', message: mustBe(words), hint }];
  return [{ path, at: 'value', message: issue.message, hint: hintOf(issue, value) }];
}

function explainUnion(branches: Issue[][], path: Path, reading: Reading): Found[] {
  const node = schemaAt(reading.tree, path, reading.raw);
  const chosen = branches[branchOf(node?.anyOf ?? [], valueAt(reading.raw, path))] ?? branches[0] ?? [];
  return chosen.flatMap((issue) => explain(issue, path, reading));
}

function unknownKey(path: Path, unknown: readonly string[], { raw, tree, advice }: Reading): Found {
  const advised = advice.key?.(path);
  if (advised) return { path, at: 'key', ...advised };
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const { here, anywhere } = keysOf(tree, parent, raw);
  if (anywhere.includes(key)) {
    const beside = Object.keys(objectAt(raw, parent)).filter((other) => !unknown.includes(other));
    return { path, at: 'key', message: `does not go together with ${beside.map((other) => `\`${other}\``).join(', ')}` };
  }
  const near = nearest(key, anywhere);
  if (near === undefined) return { path, at: 'key', message: 'unknown key', hint: `known here: ${here.join(', ')}` };
  return { path, at: 'key', message: 'unknown key', hint: youMean(near), standsIn: !here.includes(near) };
}

function hintOf(issue: Issue, value: unknown): string | undefined {
  if (issue.code === 'invalid_value' && typeof value === 'string') return didYouMean(value, issue.values.map(String));
  if (issue.code === 'custom' && typeof issue.params?.hint === 'string') return issue.params.hint;
  return undefined;
}

/** Our words for zod's issues, wherever a schema has none of its own. */
function wording(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[issue.expected] ?? issue.expected}${issue.input === null ? '' : `, not ${kindOf(issue.input)}`}`;
    case 'invalid_value':
      return mustBe(issue.values);
    case 'too_small':
      if (issue.origin === 'array') return 'needs at least one entry';
      return issue.origin === 'string' ? 'is empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'invalid_union':
      return NO_BRANCH;
    default:
      return undefined;
  }
}

function mustBe(words: readonly unknown[]): string {
  return `must be ${words.length > 1 ? 'one of ' : ''}${words.map(String).join(', ')}`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `"${value}"`;
  return isObject(value) ? 'keys and values' : JSON.stringify(value);
}

function objectAt(raw: unknown, path: Path): Record<string, unknown> {
  const value = valueAt(raw, path);
  return isObject(value) ? value : {};
}

function parentOf(path: Path): string {
  return JSON.stringify(path.slice(0, -1));
}

/** Restricted Damerau-Levenshtein distance: insertions, deletions, replacements and swaps of neighbours. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row += 1) {
    rows[row] = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      rows[row]![column] = Math.min(
        cell(row - 1, column) + 1,
        cell(row, column - 1) + 1,
        cell(row - 1, column - 1) + change,
        swapped ? cell(row - 2, column - 2) + 1 : Infinity,
      );
    }
  }
  return cell(a.length, b.length);
}
